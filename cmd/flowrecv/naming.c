#include "naming.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"

enum { NAME_LEN = 256, DEPTH = 16 /* as flowexpire */ };

/* strftime in UTC; false: too long, or nothing. */
static bool
format(char *dst, const char *pattern, int64_t time_ns)
{
	time_t s = (time_t)(time_ns / NS_PER_S);
	struct tm tm;

	return gmtime_r(&s, &tm) != NULL && strftime(dst, NAME_LEN, pattern, &tm) > 0;
}

static bool
is_good(const char *name, bool subdir)
{
	const char *p = name;

	if (name[0] == '/' || (!subdir && strchr(name, '/') != NULL))
		return false;
	/* No component is empty or hidden, so none is `.` or `..`. */
	for (; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (*p == '\0' || *p == '/' || *p == '.')
			return false;
	}
	return true;
}

/* Of every day of a year: names of months and days of the week differ in length. */
bool
naming_check(const char *pattern, bool subdir)
{
	enum { DAYS = 366 };
	char name[NAME_LEN];

	for (int day = 0; day < DAYS; day++)
		if (!format(name, pattern, day * 86400 * NS_PER_S) || !is_good(name, subdir))
			return false;
	return true;
}

/* The directory of a path and those above it, as far as they are missing below the first n octets. */
static int
make_directories(char *path, size_t n)
{
	for (char *slash = strchr(path + n, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		int rc;

		*slash = '\0';
		rc = mkdir(path, 0777);
		*slash = '/';
		if (rc != 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static void
put_directory(struct buf *b, const char *name)
{
	if (name[0] != '\0')
		buf_printf(b, "%s/", name);
}

/* DIR/...NAME.flow, or the first of NAME_2.flow ... that is free. */
static struct output *
create_free(struct buf *dir, const char *name, const char *history, struct err *err)
{
	size_t head = dir->len, stem = strlen(name);
	struct output *o = NULL;
	bool taken = true;

	if (stem > 5 && strcmp(name + stem - 5, ".flow") == 0)
		stem -= 5;
	for (unsigned i = 1; i < OUTPUT_NAMES && taken; i++) {
		*err = (struct err){ .status = 0 };
		dir->len = head;
		buf_put(dir, name, stem);
		if (i > 1)
			buf_printf(dir, "_%u", i);
		buf_puts(dir, ".flow");
		o = output_create(buf_cstr(dir), history, err);
		taken = o == NULL && err->error == EEXIST;
	}
	dir->len = head;
	return o;
}

/* The sandbox is of directories that were there when it was made, not of names. */
static bool
is_closed(const struct naming *n)
{
	struct stat st;

	return n->ino != 0 && stat(n->dir, &st) == 0 &&
	       (st.st_dev != n->dev || st.st_ino != n->ino);
}

struct output *
naming_create(const struct naming *n, const char *partition, int64_t period_ns, const char *history,
    struct err *err)
{
	char name[NAME_LEN], subdir[NAME_LEN] = "";
	struct buf dir = { .len = 0 };
	struct output *o = NULL;
	size_t root;

	if (!format(name, n->pattern, period_ns) ||
	    (n->subdir != NULL && !format(subdir, n->subdir, period_ns))) {
		err_set(err, "'%s' gives no file name", n->pattern);
		return NULL;
	}
	buf_printf(&dir, "%s/", n->dir);
	root = dir.len;
	put_directory(&dir, partition);
	put_directory(&dir, subdir);
	/* A directory that is empty yet may be removed in between, by flowexpire say. */
	for (unsigned tries = 0; tries < 3 && o == NULL; tries++) {
		*err = (struct err){ .status = 0 };
		buf_cstr(&dir);
		if (make_directories(dir.data, root) != 0) {
			err_system(err, "%s", buf_cstr(&dir));
			break;
		}
		o = create_free(&dir, name, history, err);
		if (o == NULL && err->error != ENOENT)
			break;
	}
	if (o == NULL && err->error == EACCES && is_closed(n)) {
		*err = (struct err){ .status = 0 };
		err_set(err,
		    "%s: replaced by another directory, which the sandbox keeps closed: restart "
		    "the collector",
		    n->dir);
		err->error = EACCES;
	}
	buf_free(&dir);
	return o;
}

/* Repair ----------------------------------------------------------------------------------------- */

struct repair {
	struct encoder *encoder;
	const char *history;
	void (*said)(void *ctx, const char *path, const struct err *);
	void *ctx;
};

static void
repair_part(const struct repair *r, const char *part)
{
	struct err err = { .status = 0 };
	char *path = NULL;

	switch (output_repair(part, false, r->encoder, r->history, &path, &err)) {
	case 1: r->said(r->ctx, path, NULL); break;
	case -1: r->said(r->ctx, part, &err); break;
	default: break;
	}
	mem_free(path);
}

/* Parts of files, and copies of parts that were never completed. */
static void
repair_entry(const struct repair *r, const char *dir, const char *name)
{
	struct buf path = { .len = 0 };

	buf_printf(&path, "%s/%s", dir, name);
	if (file_stem(name, ".part") > 0) {
		repair_part(r, buf_cstr(&path));
	} else if (file_stem(name, ".part.merged") > 0) {
		char *part = mem_string_n(path.data, path.len - strlen(".merged"));

		/* While its part is there it may be in the making: the part's repair replaces it. */
		if (access(part, F_OK) != 0)
			unlink(buf_cstr(&path));
		mem_free(part);
	}
	buf_free(&path);
}

static void
repair_directory(const struct repair *r, const char *dir, unsigned depth)
{
	DIR *d = opendir(dir);
	struct err err = { .status = 0 };
	const struct dirent *e;

	if (d == NULL) {
		err_system(&err, NULL);
		r->said(r->ctx, dir, &err);
		return;
	}
	while (errno = 0, (e = readdir(d)) != NULL) {
		struct buf path = { .len = 0 };
		struct stat st;

		if (e->d_name[0] == '.') {
			repair_entry(r, dir, e->d_name);
			continue;
		}
		buf_printf(&path, "%s/%s", dir, e->d_name);
		if (depth < DEPTH && lstat(buf_cstr(&path), &st) == 0 && S_ISDIR(st.st_mode))
			repair_directory(r, buf_cstr(&path), depth + 1);
		buf_free(&path);
	}
	if (errno != 0) {
		err_system(&err, NULL);
		r->said(r->ctx, dir, &err);
	}
	closedir(d);
}

void
naming_repair(const struct naming *n, struct encoder *encoder, const char *history,
    void (*said)(void *ctx, const char *path, const struct err *), void *ctx)
{
	struct repair r = { encoder, history, said, ctx };

	repair_directory(&r, n->dir, 0);
}
