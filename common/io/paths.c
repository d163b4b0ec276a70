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
#include "stream/stream.h"

/* A flow file of a directory, with when its first records began. */
struct found {
	char *path;
	int64_t start_ns;
};
struct finds {
	struct found *file;
	size_t n, cap;
	bool live;
};

static bool
has_flow_name(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".flow") == 0;
}

bool
paths_is_flow(const char *path, int64_t *start_ns)
{
	struct stream_slot *slot;
	struct stream_reader *r;
	struct err err = { 0 };
	int64_t max_end;
	uint8_t head[8];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*start_ns = INT64_MAX;
	if (fd < 0)
		return errno != ENOENT;
	if (!file_is_regular(fd) || pread(fd, head, sizeof(head), 0) != 8 ||
	    !stream_recognise(head, 8)) {
		close(fd);
		return has_flow_name(path);
	}
	r = stream_open(fd, STREAM_LIVE, NULL, 0);
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

static int
scan_directory(struct finds *f, const char *dir, unsigned depth, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int r = 0;

	if (d == NULL)
		return err_set(err, "%s: %s", dir, strerror(errno));
	while (r == 0 && (de = readdir(d)) != NULL) {
		struct stat st;
		char *path;
		int64_t start;

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0 ||
		    (de->d_name[0] == '.' && !f->live))
			continue;
		path = paths_join(dir, de->d_name);
		if (stat(path, &st) != 0) /* gone since it was listed, or a file that fails */
			st.st_mode = errno == ENOENT ? 0 : S_IFREG;
		if (S_ISDIR(st.st_mode) && depth < PATHS_DEPTH) {
			r = scan_directory(f, path, depth + 1, err);
		} else if (S_ISREG(st.st_mode) && paths_is_flow(path, &start)) {
			if (f->n == f->cap) {
				f->cap = f->cap ? f->cap * 2 : 64;
				f->file = mem_resize(f->file, f->cap, sizeof(*f->file));
			}
			f->file[f->n++] = (struct found){ path, start };
			continue;
		}
		mem_free(path);
	}
	closedir(d);
	return r;
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
add_path(struct io_paths *p, char *path)
{
	p->path = mem_resize(p->path, p->n + 1, sizeof(*p->path));
	p->path[p->n++] = path;
}

static int
add_directory(struct io_paths *p, const char *dir, bool live, struct err *err)
{
	struct finds f = { .live = live };
	int r = scan_directory(&f, dir, 0, err);

	if (r == 0 && f.n == 0)
		r = err_set(err, "%s: no flow files in this directory", dir);
	if (f.n > 0)
		qsort(f.file, f.n, sizeof(*f.file), by_time);
	for (size_t i = 0; i < f.n; i++)
		add_path(p, f.file[i].path);
	mem_free(f.file);
	return r;
}

int
io_paths_expand(struct io_paths *p, char *const *operands, int n, bool live, struct err *err)
{
	*p = (struct io_paths){ 0 };
	if (n == 0)
		add_path(p, mem_string("-"));
	for (int i = 0; i < n; i++) {
		struct stat st;

		if (strcmp(operands[i], "-") != 0 && stat(operands[i], &st) == 0 &&
		    S_ISDIR(st.st_mode)) {
			if (add_directory(p, operands[i], live, err) != 0)
				return -1;
		} else {
			add_path(p, mem_string(operands[i]));
		}
	}
	return 0;
}

void
io_paths_free(struct io_paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		mem_free(p->path[i]);
	mem_free(p->path);
	*p = (struct io_paths){ 0 };
}
