/*
 * output.c - where blocks go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "merge.h"
#include "output.h"
#include "stream/stream.h"

/*
 * A block of fewer records is not worth compressing while the file is open: it is written plain and merged
 * later.  Merging copies the file, so it waits until a 16th of the file is such blocks.
 */
enum { SMALL_RECORDS = 8192, MERGE_SHARE = 16, NAME_TRIES = 10000 };

struct output {
	struct output_opts opts;
	struct encoder *plain, *packed;
	struct buf block;
	/* The stream being written. */
	int fd;
	bool is_pipe; /* or any other thing that is no regular file */
	bool named; /* a file of ours: part and path are set */
	char *path, *part;
	struct stream_writer *writer;
	uint64_t octets, small_octets;
};

struct output *
output_new(const struct output_opts *opts)
{
	struct output *o = mem_zero(1, sizeof *o);

	o->opts = *opts;
	o->plain = encoder_new(PROFILE_PIPE, 0);
	o->packed = encoder_new(opts->fast ? PROFILE_FAST : PROFILE_FILE, opts->level);
	o->fd = -1;
	return o;
}

static void
forget(struct output *o)
{
	stream_abandon(o->writer);
	o->writer = NULL;
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	o->fd = -1;
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	forget(o);
	encoder_free(o->plain);
	encoder_free(o->packed);
	buf_free(&o->block);
	mem_free(o->path);
	mem_free(o->part);
	mem_free(o);
}

bool
output_begun(const struct output *o)
{
	return o->writer != NULL;
}

const char *
output_path(const struct output *o)
{
	return o->path != NULL ? o->path : "";
}

bool
output_is_pipe(const struct output *o)
{
	return o->is_pipe;
}

/* DIR/.NAME.part of DIR/NAME. */
static char *
part_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t dir = slash != NULL ? (size_t)(slash + 1 - path) : 0;
	struct buf b = { .len = 0 };

	buf_put(&b, path, dir);
	buf_printf(&b, ".%s.part", path + dir);
	buf_cstr(&b);
	return b.data;
}

/*
 * Create the part of a path.  In a directory nothing that is there is touched, be it a finished file
 * or the part of a collector that died or that runs beside us: false with EEXIST.
 */
static bool
create(struct output *o, const char *path, bool replace)
{
	struct stat st;
	char *part = part_of(path);

	if (!replace && lstat(path, &st) == 0) {
		mem_free(part);
		errno = EEXIST;
		return false;
	}
	o->fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL), 0666);
	if (o->fd < 0) {
		int e = errno;

		mem_free(part);
		errno = e;
		return false;
	}
	mem_free(o->path);
	mem_free(o->part);
	o->path = mem_string(path);
	o->part = part;
	return true;
}

/* A new file of the directory: NAME.flow, or NAME_2.flow ... where that is taken. */
static int
create_in_dir(struct output *o, int64_t time_ns, struct err *err)
{
	time_t s = (time_t)(time_ns / NS_PER_S);
	struct buf path = { .len = 0 };
	char name[200];
	struct tm tm;
	size_t n, stem;
	int rc = -1;

	gmtime_r(&s, &tm);
	n = strftime(name, sizeof name, o->opts.pattern, &tm);
	if (n == 0 || name[0] == '.' || memchr(name, '/', n) != NULL)
		return err_usage(err, "'%s' gives no file name", o->opts.pattern);
	stem = n > 5 && strcmp(name + n - 5, ".flow") == 0 ? n - 5 : n;
	for (unsigned i = 1; i < NAME_TRIES; i++) {
		path.len = 0;
		buf_printf(&path, "%s/%.*s", o->opts.path, (int)stem, name);
		if (i > 1)
			buf_printf(&path, "_%u", i);
		buf_puts(&path, ".flow");
		if (create(o, buf_cstr(&path), false)) {
			rc = 0;
			break;
		}
		if (errno != EEXIST)
			break;
	}
	if (rc != 0)
		err_set(err, "%s: %s", buf_cstr(&path), strerror(errno));
	buf_free(&path);
	return rc;
}

static int
open_output(struct output *o, int64_t time_ns, struct err *err)
{
	const char *path = o->opts.path;
	struct stat st;

	o->named = false;
	if (o->opts.dir) {
		o->named = true;
		return create_in_dir(o, time_ns, err);
	}
	if (path == NULL) {
		o->fd = STDOUT_FILENO;
		return 0;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		o->named = true;
		create(o, path, true);
	}
	return o->fd < 0 ? err_set(err, "%s: %s", path, strerror(errno)) : 0;
}

int
output_begin(struct output *o, int64_t time_ns, struct err *err)
{
	if (open_output(o, time_ns, err) != 0)
		return -1;
	o->is_pipe = !file_is_regular(o->fd);
	o->writer = stream_create(o->fd, o->opts.history);
	o->octets = o->small_octets = 0;
	return 0;
}

/* Say where it went wrong, and where what was good is. */
static int
blame(const struct output *o, struct err *err)
{
	struct err why = *err;
	int e = errno;

	*err = (struct err){ .status = 0 };
	if (o->named)
		err_set(err, "%s: %s; what was written is in %s", o->path, why.text, o->part);
	else
		err_set(err, "%s: %s", o->opts.path != NULL ? o->opts.path : "standard output",
		    why.text);
	errno = e;
	return -1;
}

int
output_batch(struct output *o, struct batch *b, bool last, struct err *err)
{
	bool small = o->named && !last && b->n < SMALL_RECORDS && !b->options;
	struct encoder *encoder = o->is_pipe || small ? o->plain : o->packed;

	if (b->n == 0)
		return 0;
	o->block.len = 0;
	if (block_encode(encoder, b, &o->block, err) != 0)
		return blame(o, err);
	o->octets += o->block.len;
	if (small)
		o->small_octets += o->block.len;
	return stream_put(o->writer, o->block.data, o->block.len, err) != 0 ? blame(o, err) : 0;
}

static int
sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == path   ? mem_string("/")
		    : slash != NULL ? mem_string_n(path, (size_t)(slash - path))
				    : mem_string(".");
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	mem_free(dir);
	return rc;
}

/* The part becomes NAME, or NAME.incomplete. */
static int
put_in_place(struct output *o, bool complete, struct err *err)
{
	struct buf to = { .len = 0 };
	int rc;

	buf_puts(&to, o->path);
	if (!complete)
		buf_puts(&to, ".incomplete");
	rc = rename(o->part, buf_cstr(&to));
	if (rc == 0)
		rc = sync_directory(o->path);
	if (rc != 0)
		err_set(err, "%s", strerror(errno));
	buf_free(&to);
	return rc;
}

int
output_end(struct output *o, bool complete, struct err *err)
{
	struct err unmerged = { .status = 0 };
	int rc = 0;

	if (o->writer == NULL)
		return 0;
	if (complete)
		rc = stream_finish(o->writer, err);
	else
		rc = stream_put(o->writer, NULL, 0, err);
	/* A file that cannot be merged, on a full disk say, is whole as it is, only larger. */
	if (rc == 0 && o->named &&
	    (o->small_octets <= o->octets / MERGE_SHARE ||
		merge_small(o->part, o->packed, o->opts.history, complete, &unmerged) != 0) &&
	    fsync(o->fd) != 0)
		rc = err_set(err, "%s", strerror(errno));
	if (rc == 0 && o->named)
		rc = put_in_place(o, complete, err);
	if (rc != 0)
		blame(o, err);
	forget(o);
	return rc;
}
