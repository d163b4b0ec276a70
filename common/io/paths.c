/*
 * paths.c - operands to files: directories become their flow files in time order.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "io/io.h"
#include "io/paths.h"
#include "io/places.h"
#include "stream/stream.h"

struct identity {
	dev_t dev;
	ino_t ino; /* 0: not known */
};

/* A flow file of a directory, with when its first records began; or a directory that cannot be read. */
struct found {
	char *path;
	int64_t start_ns;
	uint64_t octets;
	struct identity id;
};

struct finds {
	struct found *file;
	size_t n, cap;
	struct identity *dir; /* directories seen */
	size_t n_dirs;
	bool live;
	struct err *err; /* why a directory could not be read to its end */
};

bool
paths_is_flow(const char *path, int64_t *start_ns)
{
	struct stream_slot *slot;
	struct stream_reader *r;
	struct err err = { 0 };
	int64_t max_end;
	uint8_t head[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	*start_ns = INT64_MAX;
	if (fd < 0)
		return errno != ENOENT;
	n = file_is_regular(fd) ? pread(fd, head, sizeof(head), 0) : 0;
	if (n < 0 || !stream_recognise(head, (size_t)n)) {
		close(fd);
		return n < 0 || file_stem(path, ".flow") > 0 || file_stem(path, ".flow.part") > 0;
	}
	r = stream_open(fd, STREAM_LIVE, head, (size_t)n);
	slot = slot_new();
	if (stream_next(r, slot, &err) == STREAM_BATCH)
		slot_times(slot, start_ns, &max_end);
	slot_free(slot);
	stream_close(r);
	return true;
}

char *
paths_join(const char *dir, const char *name)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s%s%s", dir, dir[0] != 0 && dir[strlen(dir) - 1] == '/' ? "" : "/", name);
	buf_cstr(&b);
	return b.data;
}

/* What the programs that write stores have not finished: .NAME.part. */
static bool
is_part(const char *name)
{
	char *whole = places_name_of_part(name);

	mem_free(whole);
	return whole != NULL;
}

static void
add_file(struct finds *f, const struct found *file)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 64;
		f->file = mem_resize(f->file, f->cap, sizeof(*f->file));
	}
	f->file[f->n++] = *file;
}

static bool
is_same(const struct identity *a, const struct identity *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/* Symbolic links may lead to a directory twice, or back to where they are. */
static bool
was_here(struct finds *f, const struct stat *st)
{
	const struct identity id = { st->st_dev, st->st_ino };

	for (size_t i = 0; i < f->n_dirs; i++)
		if (is_same(&f->dir[i], &id))
			return true;
	f->dir = mem_resize(f->dir, f->n_dirs + 1, sizeof(*f->dir));
	f->dir[f->n_dirs++] = id;
	return false;
}

static void scan_directory(struct finds *, DIR *, const char *dir, unsigned depth);

static void
see_entry(struct finds *f, const char *dir, const char *name, unsigned depth)
{
	struct found file = { .path = paths_join(dir, name), .start_ns = INT64_MAX };
	struct stat st = { 0 };
	DIR *below = NULL;

	if (stat(file.path, &st) != 0) /* gone since it was listed, or a file that fails */
		st.st_mode = errno == ENOENT ? 0 : S_IFREG;
	file.id = (struct identity){ st.st_dev, st.st_ino };
	file.octets = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	if (S_ISDIR(st.st_mode)) {
		if (name[0] == '.' || depth == PATHS_DEPTH || was_here(f, &st)) {
			mem_free(file.path);
			return;
		}
		below = opendir(file.path);
		if (below != NULL)
			scan_directory(f, below, file.path, depth + 1);
		/* One that cannot be read is a file that cannot: whoever opens it tells the reason, and goes on. */
		if (below == NULL && errno != ENOENT)
			add_file(f, &file);
		else
			mem_free(file.path);
	} else if (S_ISREG(st.st_mode) && paths_is_flow(file.path, &file.start_ns)) {
		add_file(f, &file);
	} else {
		mem_free(file.path);
	}
}

/* Those that are parts, or those that are not. */
static void
look_through(struct finds *f, DIR *d, const char *dir, unsigned depth, bool parts)
{
	struct dirent *de;

	while (errno = 0, (de = readdir(d)) != NULL)
		if (parts ? is_part(de->d_name) : de->d_name[0] != '.')
			see_entry(f, dir, de->d_name, depth);
	/* Nobody knows which files it did not name: what the others hold would be a believable total. */
	if (errno != 0 && f->err->status == 0)
		(void)err_system(f->err, "%s", dir);
}

static void
scan_directory(struct finds *f, DIR *d, const char *dir, unsigned depth)
{
	/* Parts before the rest: one that is renamed meanwhile has one of its names at either look. */
	if (f->live) {
		look_through(f, d, dir, depth, true);
		rewinddir(d);
	}
	look_through(f, d, dir, depth, false);
	closedir(d);
}

/* A file that links lead to as well is read once, under the least of its names. */
static int
by_identity(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->id.ino != y->id.ino)
		return x->id.ino < y->id.ino ? -1 : 1;
	if (x->id.dev != y->id.dev)
		return x->id.dev < y->id.dev ? -1 : 1;
	return strcmp(x->path, y->path);
}

static bool
identify(const char *path, struct identity *id)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	*id = (struct identity){ st.st_dev, st.st_ino };
	return true;
}

/*
 * Two that were one file when each was found are one only if they are so now: files are renamed meanwhile, and one
 * that takes another's place may have the number of one that is gone.  Of two names that one is left of, that is kept.
 */
static bool
is_again(struct found *last, struct found *this)
{
	struct identity a, b;
	struct found swap = *last;

	if (this->id.ino == 0 || !is_same(&last->id, &this->id))
		return false;
	if (!identify(this->path, &b))
		return true;
	if (identify(last->path, &a))
		return is_same(&a, &b);
	*last = *this;
	*this = swap;
	return true;
}

static void
once_each(struct finds *f)
{
	size_t n = 0;

	if (f->n > 0)
		qsort(f->file, f->n, sizeof(*f->file), by_identity);
	for (size_t i = 0; i < f->n; i++) {
		if (n > 0 && is_again(&f->file[n - 1], &f->file[i]))
			mem_free(f->file[i].path);
		else
			f->file[n++] = f->file[i];
	}
	f->n = n;
}

static int
by_time(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

static void
add_path(struct io_paths *p, char *path, bool listed)
{
	p->path = mem_resize(p->path, p->n + 1, sizeof(*p->path));
	p->listed = mem_resize(p->listed, p->n + 1, sizeof(*p->listed));
	p->listed[p->n] = listed;
	p->path[p->n++] = path;
}

/* An operand that is no directory; one that is not there is left to who opens it. */
static void
add_named(struct io_paths *p, const char *path, const struct stat *st)
{
	bool regular = st != NULL && S_ISREG(st->st_mode);

	p->octets += regular ? (uint64_t)st->st_size : 0;
	p->others |= !regular;
	p->waits |= st != NULL && !regular;
	add_path(p, mem_string(path), false);
}

static int
add_directory(struct io_paths *p, const char *dir, bool live, struct err *err)
{
	struct finds f = { .live = live, .err = err };
	DIR *d = opendir(dir);
	struct stat st;
	int r = 0;

	if (d == NULL)
		return err_system(err, "%s", dir);
	if (fstat(dirfd(d), &st) == 0)
		(void)was_here(&f, &st);
	scan_directory(&f, d, dir, 0);
	once_each(&f);
	if (err->status != 0)
		r = -1;
	else if (f.n == 0)
		r = err_set(err, "%s: no flow files in this directory", dir);
	if (f.n > 0)
		qsort(f.file, f.n, sizeof(*f.file), by_time);
	for (size_t i = 0; i < f.n; i++) {
		p->octets += f.file[i].octets;
		add_path(p, f.file[i].path, true);
	}
	mem_free(f.file);
	mem_free(f.dir);
	return r;
}

int
io_paths_expand(struct io_paths *p, char *const *operands, int n, bool live, struct err *err)
{
	static char *standard[] = { "-" };

	*p = (struct io_paths){ 0 };
	if (n == 0) {
		operands = standard;
		n = 1;
	}
	for (int i = 0; i < n; i++) {
		bool is_standard = strcmp(operands[i], "-") == 0;
		struct stat st;
		bool there = (is_standard ? fstat(STDIN_FILENO, &st) : stat(operands[i], &st)) == 0;

		if (operands[i][0] == '\0')
			return err_set(err, "the name of an input is empty");
		if (is_standard || !there || !S_ISDIR(st.st_mode))
			add_named(p, operands[i], there ? &st : NULL);
		else if (add_directory(p, operands[i], live, err) != 0)
			return -1;
	}
	return 0;
}

bool
io_paths_renamed(struct io_paths *p, size_t i)
{
	const char *base = file_name(p->path[i]);
	char *name = p->listed[i] ? places_name_of_part(base) : NULL;
	struct buf whole = { 0 };
	size_t k = 0;

	if (name == NULL)
		return false;
	buf_put(&whole, p->path[i], (size_t)(base - p->path[i]));
	buf_puts(&whole, name);
	mem_free(name);
	mem_free(p->path[i]);
	(void)buf_cstr(&whole);
	p->path[i] = whole.data;
	while (k < p->n && (k == i || strcmp(p->path[k], p->path[i]) != 0))
		k++;
	if (k == p->n)
		return true;
	mem_free(p->path[i]);
	p->n--;
	memmove(p->path + i, p->path + i + 1, (p->n - i) * sizeof(*p->path));
	memmove(p->listed + i, p->listed + i + 1, (p->n - i) * sizeof(*p->listed));
	return true;
}

void
io_paths_free(struct io_paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		mem_free(p->path[i]);
	mem_free(p->path);
	mem_free(p->listed);
	*p = (struct io_paths){ 0 };
}
