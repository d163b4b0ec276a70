#include "recompress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "stream/stream.h"
#include "text/escape.h"

/* What a file holds, and what it was when that was looked at. */
struct looked {
	struct stat st;
	uint64_t records, options, segments;
};

/* Read a stream to its end mark, every section too.  -1: err. */
static int
look(const char *path, struct looked *l, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is not waited for */
	struct stream_slot *slot;
	struct stream_reader *r;
	enum stream_status status = STREAM_FAILED;

	*l = (struct looked){ 0 };
	if (fd < 0 || fstat(fd, &l->st) != 0) {
		(void)err_system(err, NULL);
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	if (!S_ISREG(l->st.st_mode)) {
		(void)close(fd);
		return err_set(err, "no regular file: only those can be replaced");
	}
	slot = slot_new();
	r = stream_open(fd, 0, NULL, 0);
	while ((status = stream_next(r, slot, err)) == STREAM_BATCH)
		if (slot_check(slot, err) != 0)
			break;
	l->records = stream_totals(r)->records;
	l->options = stream_totals(r)->options;
	l->segments = stream_totals(r)->segments;
	slot_free(slot);
	stream_close(r);
	return status == STREAM_END ? 0 : -1;
}

/* The new file beside the old one; its name begins with a dot, so that directory readers pass over it. */
static char *
name_beside(const char *path)
{
	const char *name = file_name(path);
	struct buf b = { 0 };

	buf_put(&b, path, (size_t)(name - path));
	buf_printf(&b, ".%s.recompress", name);
	(void)buf_cstr(&b);
	return b.data;
}

static int
encode(const char *path, const char *beside, const struct io_opts *given, const struct looked *old,
    char *const *argv, struct err *err)
{
	struct io_opts opts = *given;
	struct io_result result;
	char *paths[] = { (char *)(uintptr_t)path };
	int status;

	opts.in_format = IO_FLOW;
	opts.out_format = IO_FLOW;
	opts.out_path = beside;
	opts.fast = false;
	opts.warn = NULL; /* what is wrong with the file was seen when it was verified */
	opts.level = given->level ? given->level : RECOMPRESS_LEVEL;
	opts.same_order = old->segments == 1;
	status = io_filter(&opts, paths, 1, argv, NULL, NULL, &result, err);
	if (status != 0 && err->status == 0)
		return err_set(err, "not read to its end");
	return status == 0 ? 0 : -1;
}

/* Nobody sees anything but the old file or the new one, with the owner, mode and times of the old. */
static int
take_place(const char *path, const char *beside, const struct looked *old, struct err *err)
{
	int fd, rc;

	if (!file_unchanged(path, &old->st))
		return err_set(err, "changed in the meantime: left as it is");
	fd = open(beside, O_RDONLY | O_CLOEXEC);
	rc = fd >= 0 && file_like(fd, &old->st) == 0 ? rename(beside, path) : -1;
	if (rc != 0)
		(void)err_system(err, NULL);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

static void
tell(struct buf *out, const char *path, uint64_t before, uint64_t after, uint64_t records)
{
	(void)escape_terminal(out, path, strlen(path), SIZE_MAX);
	if (after >= before) {
		buf_puts(out, ": left as it is, it would not become smaller\n");
		return;
	}
	buf_printf(out, ": %" PRIu64 " to %" PRIu64 " octets, %.1f %% less, %" PRIu64 " records\n",
	    before, after, 100.0 * (double)(before - after) / (double)before, records);
}

static int
replace(const char *name, const char *path, const char *beside, const struct io_opts *opts,
    char *const *argv, struct buf *out, struct err *err)
{
	struct looked old, new;

	if (look(path, &old, err) != 0)
		return -1;
	if (old.st.st_nlink > 1)
		return err_set(err,
		    "has other names (hard links), which would keep the old file: left as it is");
	if (encode(path, beside, opts, &old, argv, err) != 0 || look(beside, &new, err) != 0)
		return -1;
	if (new.records != old.records || new.options != old.options)
		return err_set(err, "%" PRIu64 " records became %" PRIu64 ": left as it is",
		    old.records + old.options, new.records + new.options);
	if (new.st.st_size < old.st.st_size && take_place(path, beside, &old, err) != 0)
		return -1;
	tell(out, name, (uint64_t)old.st.st_size, (uint64_t) new.st.st_size, old.records);
	return 0;
}

int
recompress_file(const char *path, const struct io_opts *opts, char *const *argv, struct buf *out,
    struct err *err)
{
	char *real = realpath(path, NULL), *beside, *incomplete;
	const char *name;
	int rc = -1;

	if (real == NULL)
		return err_system(err, NULL);
	name = file_name(real);
	if (name[0] == '.' && file_stem(name, ".part") > 0) {
		free(real);
		return err_set(err, "still being written");
	}
	beside = name_beside(real);
	incomplete = mem_alloc(strlen(beside) + sizeof(".incomplete"));
	(void)strcpy(incomplete, beside);
	(void)strcat(incomplete, ".incomplete");
	/* One that was left.  A link would be followed, and then be what takes the place. */
	(void)unlink(beside);
	rc = replace(path, real, beside, opts, argv, out, err);
	(void)unlink(beside);
	(void)unlink(incomplete);
	mem_free(incomplete);
	mem_free(beside);
	free(real);
	return rc;
}
