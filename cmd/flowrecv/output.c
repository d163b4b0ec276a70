/*
 * output.c - one stream being written.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "merge.h"

/* Merging copies the file, so it waits until a 16th of the file is small blocks. */
enum { MERGE_SHARE = 16 };

/* A part that is another file each time that it is locked is somebody else's. */
enum { PART_TRIES = 16 };

struct output {
	int fd;
	bool is_pipe; /* or any other thing that is no regular file */
	char *path, *part; /* part NULL: not a file of ours */
	struct stream_writer *writer;
	char *history; /* NULL: none */
	off_t octets; /* of a file: whole blocks */
	uint64_t small_octets;
	bool own; /* its name was free, and nobody else's file of it is replaced */
	bool cut; /* the last blocks could not be put */
	bool indexed; /* again, from what was written */
	bool finished; /* the end mark is written, or is not to be */
};

char *
output_part(const char *path)
{
	const char *name = file_name(path);
	struct buf b = { .len = 0 };

	buf_put(&b, path, (size_t)(name - path));
	buf_printf(&b, ".%s.part", name);
	buf_cstr(&b);
	return b.data;
}

static struct output *
output_new(int fd, const char *path, char *part, const char *history)
{
	struct output *o = mem_zero(1, sizeof *o);

	o->fd = fd;
	o->is_pipe = !file_is_regular(fd);
	o->path = mem_string(path != NULL ? path : "");
	o->part = part;
	o->history = history != NULL ? mem_string(history) : NULL;
	o->writer = stream_create(fd, history);
	return o;
}

/* The part of path, locked.  -1 with errno. */
static int
create_part(const char *part, int flags)
{
	for (unsigned tries = 0; tries < PART_TRIES; tries++) {
		int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
		bool taken;

		if (fd < 0)
			return -1;
		/* Somebody who repairs what others left may have taken it between the two calls. */
		taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
		/* Or have finished, merged or repaired it before he let go. */
		if (!taken && file_is_named(fd, part))
			return fd;
		close(fd);
		if (taken)
			break;
	}
	errno = EEXIST;
	return -1;
}

struct output *
output_create(const char *path, const char *history, struct err *err)
{
	char *part = output_part(path);
	struct stat st;
	int fd = -1;

	errno = EEXIST;
	if (lstat(path, &st) != 0)
		fd = create_part(part, O_EXCL);
	if (fd >= 0) {
		struct output *o = output_new(fd, path, part, history);

		o->own = true;
		return o;
	}
	err_system(err, "%s", path);
	mem_free(part);
	return NULL;
}

struct output *
output_open(const char *path, const char *history, struct err *err)
{
	char *part = NULL;
	struct stat st;
	int fd = STDOUT_FILENO;

	if (path != NULL && stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
	} else if (path != NULL) {
		part = output_part(path);
		fd = create_part(part, 0);
		if (fd >= 0 && ftruncate(fd, 0) != 0) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		return output_new(fd, path, part, history);
	if (errno == EEXIST)
		err_set(err, "%s: another collector is writing it", path);
	else
		err_system(err, "%s", path);
	mem_free(part);
	return NULL;
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	stream_abandon(o->writer);
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	mem_free(o->path);
	mem_free(o->part);
	mem_free(o->history);
	mem_free(o);
}

void
output_discard(struct output *o)
{
	if (o->part != NULL)
		unlink(o->part);
	output_free(o);
}

const char *
output_path(const struct output *o)
{
	return o->path;
}

uint64_t
output_octets(const struct output *o)
{
	return (uint64_t)o->octets;
}

bool
output_is_cut(const struct output *o)
{
	return o->cut;
}

bool
output_is_pipe(const struct output *o)
{
	return o->is_pipe;
}

static int
blame(const struct output *o, struct err *err)
{
	struct err why = *err;

	*err = (struct err){ .status = 0 };
	err_set(err, "%s: %s", o->path[0] != '\0' ? o->path : "standard output", why.text);
	err->error = why.error;
	return -1;
}

/* Say where it went wrong, and where what was good stays. */
static int
blame_end(const struct output *o, struct err *err)
{
	struct err why = *err;

	if (o->part == NULL)
		return blame(o, err);
	*err = (struct err){ .status = 0 };
	if (access(o->part, F_OK) == 0)
		err_set(err, "%s: %s; what was written is in %s", o->path, why.text, o->part);
	else
		err_set(
		    err, "%s: %s; %s is gone with what was written", o->path, why.text, o->part);
	err->error = why.error;
	return -1;
}

/* What was written of blocks that are not whole goes. */
static void
undo(const struct output *o)
{
	if (!o->is_pipe && ftruncate(o->fd, o->octets) == 0)
		(void)lseek(o->fd, o->octets, SEEK_SET);
}

int
output_put(
    struct output *o, struct buf *blocks, const struct buf *notes, bool small, struct err *err)
{
	o->cut = stream_put_noted(o->writer, blocks->data, blocks->len, notes, err) != 0;
	if (o->cut) {
		undo(o);
		return blame(o, err);
	}
	if (!o->is_pipe)
		o->octets = lseek(o->fd, 0, SEEK_CUR);
	if (small)
		o->small_octets += blocks->len;
	return 0;
}

static int
finish_stream(struct output *o, bool complete, struct err *err)
{
	int rc;

	if (o->finished)
		return 0;
	rc = complete ? stream_finish(o->writer, err) : stream_put(o->writer, NULL, 0, err);
	if (rc != 0)
		undo(o);
	o->finished = rc == 0;
	return rc;
}

static bool
is_to_merge(const struct output *o)
{
	return o->small_octets > (uint64_t)o->octets / MERGE_SHARE;
}

void
output_index(struct output *o)
{
	if (o->part != NULL)
		stream_index(o->writer);
}

/*
 * The index of a file that stays as it is, made of what was written unless it was as the file grew; one that cannot be
 * made is not missed.
 */
static void
add_index(struct output *o)
{
	struct err ignored = { .status = 0 };
	int fd;

	if (o->part == NULL || o->finished || o->indexed || is_to_merge(o) ||
	    stream_indexes(o->writer))
		return;
	o->indexed = true;
	fd = open(o->part, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (stream_index_back(o->writer, fd, &ignored) != 0)
		undo(o);
	else
		o->octets = lseek(o->fd, 0, SEEK_CUR);
}

/* A file that cannot be merged, on a full disk say, is whole as it is, only larger. */
static int
settle(struct output *o, struct encoder *encoder, bool complete, struct err *err)
{
	struct err unmerged = { .status = 0 };
	uint64_t records;
	int fd = -1;

	if (is_to_merge(o))
		fd = merge_small(o->part, encoder, o->history, complete ? MERGE_FINISH : MERGE_CUT,
		    &records, &unmerged);
	if (fd >= 0) {
		close(o->fd);
		o->fd = fd;
		o->small_octets = 0;
		return 0;
	}
	return fsync(o->fd) == 0 ? 0 : err_system(err, NULL);
}

/* DIR/NAME of DIR/.NAME.part; number 2...: DIR/STEM_N.flow. */
static char *
whole_of(const char *part, unsigned number)
{
	const char *name = file_name(part);
	size_t dir = (size_t)(name - part), n = strlen(name) - strlen(".") - strlen(".part");
	struct buf b = { .len = 0 };

	buf_put(&b, part, dir);
	if (number < 2) {
		buf_put(&b, name + 1, n);
	} else {
		bool flow = n > 5 && memcmp(name + 1 + n - 5, ".flow", 5) == 0;

		buf_put(&b, name + 1, flow ? n - 5 : n);
		buf_printf(&b, "_%u%s", number, flow ? ".flow" : "");
	}
	buf_cstr(&b);
	return b.data;
}

/* Is the name free?  Its part is taken, so that nobody else uses it meanwhile. */
static bool
reserve(const char *path)
{
	char *part = output_part(path);
	int fd = access(path, F_OK) == 0 ? -1 : create_part(part, O_EXCL);

	if (fd >= 0)
		close(fd);
	mem_free(part);
	return fd >= 0;
}

/* Give the finished part a name that is free; its own is, if nothing has it. */
static int
name_whole(const char *part, bool other, char **path, struct err *err)
{
	for (unsigned i = other ? 2 : 1; i < OUTPUT_NAMES; i++) {
		char *name = whole_of(part, i), *reserved = output_part(name);
		bool is_free = i == 1 ? access(name, F_OK) != 0 : reserve(name);
		int rc = is_free ? rename(part, name) : 0;

		if (rc != 0)
			err_system(err, "%s", name);
		if (is_free && i > 1)
			unlink(reserved);
		mem_free(reserved);
		if (is_free && rc == 0) {
			(void)file_sync_directory(name);
			*path = name;
			return 1;
		}
		mem_free(name);
		if (rc != 0)
			return -1;
	}
	return err_set(err, "%s: %s", part, strerror(EEXIST));
}

/* rename(2) that replaces nothing; where the file system has no such thing, nothing that is there by now. */
static int
rename_free(const char *from, const char *to)
{
	int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	if (rc == 0 || (errno != EINVAL && errno != ENOSYS))
		return rc;
	if (access(to, F_OK) != 0)
		return rename(from, to);
	errno = EEXIST;
	return -1;
}

/* Somebody put a file of that name there meanwhile. */
static int
name_other(struct output *o, struct err *err)
{
	char *path = NULL;

	if (name_whole(o->part, true, &path, err) != 1)
		return -1;
	mem_free(o->path);
	o->path = path;
	return 0;
}

/*
 * NAME.incomplete, which an output keeps as its path.  One that is there is of a collector that ended in the same
 * period: what it has is not to be had again, so ours is NAME_2.flow.incomplete.
 */
static int
name_incomplete(struct output *o, struct err *err)
{
	for (unsigned i = 1; i < OUTPUT_NAMES; i++) {
		char *name = whole_of(o->part, i);
		struct buf to = { .len = 0 };
		int rc;

		buf_printf(&to, "%s.incomplete", name);
		mem_free(name);
		rc = o->own ? rename_free(o->part, buf_cstr(&to)) : rename(o->part, buf_cstr(&to));
		if (rc == 0) {
			mem_free(o->path);
			o->path = mem_string(to.data);
		}
		buf_free(&to);
		if (rc == 0 || errno != EEXIST)
			return rc == 0 ? 0 : err_system(err, NULL);
	}
	errno = EEXIST;
	return err_system(err, NULL);
}

/*
 * The part becomes NAME, or NAME.incomplete.  Whether the directory is on disk yet does not matter: after a crash the
 * part is found and repaired.
 */
static int
put_in_place(struct output *o, bool complete, struct err *err)
{
	int rc;

	if (!complete)
		rc = name_incomplete(o, err);
	else if ((rc = o->own ? rename_free(o->part, o->path) : rename(o->part, o->path)) != 0)
		rc = o->own && errno == EEXIST ? name_other(o, err) : err_system(err, NULL);
	if (rc == 0)
		(void)file_sync_directory(o->path);
	return rc;
}

int
output_end(struct output *o, struct encoder *encoder, bool complete, struct err *err)
{
	int rc;

	if (complete)
		add_index(o);
	rc = finish_stream(o, complete, err);
	if (rc == 0 && o->part != NULL)
		rc = settle(o, encoder, complete, err);
	if (rc == 0 && o->part != NULL)
		rc = put_in_place(o, complete, err);
	return rc == 0 ? 0 : blame_end(o, err);
}

/* Repair ----------------------------------------------------------------------------------------- */

/* Is it a part of ours: empty, or the beginning of a flow stream? */
static bool
is_ours(int fd)
{
	uint8_t head[8];
	ssize_t n = pread(fd, head, sizeof head, 0);

	return n == 0 || (n == sizeof head && stream_recognise(head, sizeof head));
}

int
output_repair(const char *part, bool other, struct encoder *encoder, const char *history,
    char **path, struct err *err)
{
	int fd = open(part, O_RDWR | O_CLOEXEC | O_NOFOLLOW), merged, rc = -1;
	uint64_t records = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_system(err, "%s", part);
	if (!file_is_regular(fd) || flock(fd, LOCK_EX | LOCK_NB) != 0 || !file_is_named(fd, part) ||
	    !is_ours(fd)) {
		close(fd);
		return 0;
	}
	merged = merge_small(part, encoder, history, MERGE_CUT | MERGE_FINISH, &records, err);
	if (merged >= 0 && records == 0)
		rc = unlink(part) == 0 ? 0 : err_system(err, "%s", part);
	else if (merged >= 0)
		rc = name_whole(part, other, path, err);
	if (merged >= 0)
		close(merged);
	close(fd);
	return rc;
}
