/*
 * store.c - finding the flow files of a directory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "name.h"
#include "store.h"

/* DEPTH_MAX is how deep programs read a directory (io/paths.c); st_blocks count 512 octets everywhere. */
enum { DEPTH_MAX = 16, BLOCK = 512, MESSAGES_MAX = 20 };
enum { LOCK_TRIES = 40, LOCK_PAUSE_NS = 50000000 };

int
store_open(struct store *s, const char *path, int64_t now_ns)
{
	struct stat st;

	*s = (struct store){ .path = path,
		.now_ns = now_ns,
		.limit = { .burst = MESSAGES_MAX, .interval_s = UINT_MAX } };
	s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st) != 0)
		return -1;
	s->dev = st.st_dev;
	s->dirs = mem_zero(1, sizeof *s->dirs);
	s->n_dirs = s->dirs_cap = 1;
	return 0;
}

void
store_close(struct store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->dirs);
	mem_free(s->files);
	buf_free(&s->names);
	buf_free(&s->text);
}

/*
 * The lock is on the directory itself, so nothing is left behind.  Where directories cannot be locked
 * (NFS) two may work at once: slower, no worse.
 */
bool
store_lock(struct store *s)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };

	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		if (flock(s->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int
store_enter(const struct store *s, size_t dir)
{
	size_t chain[DEPTH_MAX + 1], n = 0;
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t d = dir; d != 0; d = s->dirs[d].parent)
		chain[n++] = d;
	while (fd >= 0 && n > 0) {
		const char *name = s->names.data + s->dirs[chain[--n]].name;
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int error = errno;

		close(fd);
		errno = error;
		fd = next;
	}
	return fd;
}

/* Paths, for people ------------------------------------------------------------------------------ */

static void
put_dir(struct store *s, size_t dir)
{
	if (dir == 0) {
		size_t n = strlen(s->path);

		buf_put(&s->text, s->path, n > 1 && s->path[n - 1] == '/' ? n - 1 : n);
		return;
	}
	put_dir(s, s->dirs[dir].parent);
	buf_printf(&s->text, "/%s", s->names.data + s->dirs[dir].name);
}

static const char *
path_of(struct store *s, size_t dir, const char *name)
{
	s->text.len = 0;
	put_dir(s, dir);
	if (name != NULL)
		buf_printf(&s->text, "/%s", name);
	return buf_cstr(&s->text);
}

const char *
store_path(struct store *s, const struct store_file *f)
{
	return path_of(s, f->dir, s->names.data + f->name);
}

void
store_complain(struct store *s, size_t dir, const char *name, const char *what, int error)
{
	s->failures++;
	diag_limited(&s->limit, path_of(s, dir, name), "%s%s", what, strerror(error));
}

/* Scanning --------------------------------------------------------------------------------------- */

static size_t
add_name(struct store *s, const char *name)
{
	size_t at = s->names.len;

	buf_put(&s->names, name, strlen(name) + 1);
	return at;
}

static void
add_dir(struct store *s, size_t parent, const char *name)
{
	unsigned depth = s->dirs[parent].depth + 1;

	if (depth > DEPTH_MAX) {
		s->failures++;
		diag_limited(&s->limit, path_of(s, parent, name),
		    "directories nested deeper than %d are not looked at", DEPTH_MAX);
		return;
	}
	if (s->n_dirs == s->dirs_cap) {
		s->dirs_cap *= 2;
		s->dirs = mem_resize(s->dirs, s->dirs_cap, sizeof *s->dirs);
	}
	s->dirs[s->n_dirs++] =
	    (struct store_dir){ .parent = parent, .name = add_name(s, name), .depth = depth };
}

/*
 * A name of flowrecv's tells when the records were received, also after the file was copied; one that
 * lies in the future is not believed.  Other files tell it by when they were written last.
 */
static int64_t
time_of(const struct store *s, const char *name, const struct stat *st, bool *named)
{
	int64_t ns;

	*named = name_time(name, &ns);
	if (*named && ns <= s->now_ns)
		return ns;
	if (__builtin_mul_overflow((int64_t)st->st_mtim.tv_sec, NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)st->st_mtim.tv_nsec, &ns))
		return st->st_mtim.tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static void
add_file(struct store *s, size_t dir, int fd, const char *name, const struct stat *st)
{
	bool named;
	int64_t time_ns = time_of(s, name, st, &named);
	enum store_result is = STORE_FOREIGN;

	/* Files named as flowrecv names them are not opened before their turn: a store may have very many. */
	if (st->st_size >= STORE_MAGIC)
		is = named ? STORE_DONE : store_recognise(fd, name, st->st_dev, st->st_ino);
	if (is == STORE_FAILED)
		store_complain(s, dir, name, "cannot read: ", errno);
	if (is != STORE_DONE)
		return;
	if (s->n_files == s->files_cap) {
		s->files_cap = s->files_cap > 0 ? s->files_cap * 2 : 1024;
		s->files = mem_resize(s->files, s->files_cap, sizeof *s->files);
	}
	s->files[s->n_files++] = (struct store_file){ .time_ns = time_ns,
		.octets = (uint64_t)st->st_blocks * BLOCK,
		.dir = dir,
		.name = add_name(s, name),
		.dev = st->st_dev,
		.ino = st->st_ino };
}

static void
take_entry(struct store *s, size_t dir, int fd, const char *name)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			store_complain(s, dir, name, "", errno);
	} else if (S_ISDIR(st.st_mode)) {
		add_dir(s, dir, name);
	} else if (S_ISREG(st.st_mode) && name_is_flow(name)) {
		add_file(s, dir, fd, name, &st);
	}
}

/* Files from the first one on have side files perhaps: they count with them. */
static void
add_sides(struct store *s, size_t first, int fd)
{
	struct stat st;

	for (size_t i = first; i < s->n_files; i++) {
		struct store_file *f = &s->files[i];

		for (unsigned k = 0; name_side(&s->text, s->names.data + f->name, k); k++)
			if (fstatat(fd, s->text.data, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			    S_ISREG(st.st_mode))
				f->octets += (uint64_t)st.st_blocks * BLOCK;
	}
}

static void
scan_dir(struct store *s, size_t dir)
{
	size_t first = s->n_files;
	int fd = store_enter(s, dir);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool sides = false;

	if (list == NULL) {
		/* gone since it was seen, or exchanged for something else */
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			store_complain(s, dir, NULL, "", errno);
		if (fd >= 0)
			close(fd);
		return;
	}
	while (errno = 0, (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] != '.')
			take_entry(s, dir, fd, entry->d_name);
		else
			sides = sides || name_is_side(entry->d_name);
	}
	if (errno != 0)
		store_complain(s, dir, NULL, "", errno);
	if (sides)
		add_sides(s, first, fd);
	closedir(list);
}

static int
by_age(const void *a, const void *b, void *names)
{
	const struct store_file *x = a, *y = b;
	const char *name = names;
	int order = strcmp(name + x->name, name + y->name);

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return order != 0 ? order : (x->dir > y->dir) - (x->dir < y->dir);
}

/* What only has the name of the newest file must not take the protection away from the one that is. */
static void
drop_false_newest(struct store *s)
{
	while (s->n_files > 0) {
		const struct store_file *f = &s->files[s->n_files - 1];
		enum store_result is = store_delete(s, f, true);

		if (is == STORE_DONE || is == STORE_FAILED)
			break;
		s->n_files--;
	}
}

void
store_verify(struct store *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_files; i++)
		if (!store_is_none(s, &s->files[i]))
			s->files[n++] = s->files[i];
	s->n_files = n;
}

void
store_scan(struct store *s)
{
	/* the list grows while it is gone through */
	for (size_t dir = 0; dir < s->n_dirs; dir++)
		scan_dir(s, dir);
	if (s->n_files > 1)
		qsort_r(s->files, s->n_files, sizeof *s->files, by_age, s->names.data);
	drop_false_newest(s);
}
