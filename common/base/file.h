/*
 * file.h - files and pipes: whole reads and writes, and output files that appear complete or not at all.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Open a file for reading; `-` is standard input, by a descriptor of its own.  -1 with errno. */
int file_open(const char *path);

/* Read up to n octets, continuing after short reads and EINTR; less only at the end. -1 with errno. */
ssize_t file_read(int fd, void *, size_t n);

/*
 * One read of up to n octets, waiting until fd has some or stop_fd (-1: none) is readable: then 0, as at the end.
 * For threads that read what may never come and must end all the same.  -1 with errno.
 */
ssize_t file_read_some(int fd, int stop_fd, void *, size_t n);

/* Append the whole file, opened as by file_open, of at most `most` octets (EFBIG).  -1 with errno. */
int file_load(const char *path, size_t most, struct buf *);

/* Write all n octets. -1 with errno (EPIPE when the reader has gone). */
int file_write(int fd, const void *, size_t n);

/* Exactly n octets from that place of a file.  false with errno; 0 in it: there are fewer. */
bool file_read_at(int fd, void *to, size_t n, uint64_t at);

/*
 * Octets of a file into a pipe, n from that place on, without reading them.  The pipe holds the file's own memory until
 * they are read.  1: done.  0: it is no pipe, or cannot be done, and nothing was written.  -1 with errno; 0 in it: the
 * file ends before.
 */
int file_hand_on(int from, uint64_t at, int to, size_t n);

/* Ask for a 1 MiB pipe (F_SETPIPE_SZ); nothing happens when fd is no pipe or the kernel refuses. */
void file_widen_pipe(int fd);

/*
 * Whoever reads a pipe as a flow stream says so to its other end, where it can be asked, for as long as the process
 * lives or has the pipe open: a lock on the pipe that excludes nobody.  Of anything else it is never so.
 */
void file_claim_pipe(int fd);
bool file_is_claimed(int fd);

bool file_is_regular(int fd);

/* Is the file at path still the one that was looked at, and as it was? */
bool file_unchanged(const char *path, const struct stat *);

/* Is an open file the one at path? */
bool file_is_named(int fd, const char *path);

/* Give a file the mode, the times and, where that is allowed, the owner of another.  -1 with errno. */
int file_like(int fd, const struct stat *);

/*
 * An output file, written without a name where the file system can (else under a temporary one beside the final one),
 * so that nothing is left of it if its writer is killed.
 * commit: fsync, link, rename, fsync the directory.  keep_incomplete: rename to PATH.incomplete, which *told says, if
 * it has a status.  discard: remove.  After any of them, and an open that failed, the struct is done: discard does
 * nothing.  A path that exists and is no regular file (/dev/full, a FIFO) is written directly and never renamed.
 * Through a symbolic link the file that it names is replaced, and not the link; a link to nothing is refused.  What
 * replaces a file of ours is open to nobody whom that was closed to, and of its group where that can be.  All: -1 with
 * err.
 */
struct outfile {
	char *path, *tmp;
	int fd;
	unsigned mode; /* but for the umask */
	bool direct;
	off_t paced; /* octets that are on their way to the disk */
};
int outfile_open(struct outfile *, const char *path, struct err *);

/* From time to time: what was written starts on its way to the disk, so that commit need not wait for all of it. */
void outfile_pace(struct outfile *);
int outfile_commit(struct outfile *, struct err *);
int outfile_keep_incomplete(struct outfile *, struct err *told, struct err *);
void outfile_discard(struct outfile *);

/* Such a file of n octets, at once.  -1 with err. */
int outfile_put(const char *path, const void *, size_t n, struct err *);

/*
 * What is behind a path's last slash; borrowed.  And the directory that this is in: "." where there is no slash; owned.
 */
const char *file_name(const char *path);
char *file_directory(const char *path);

/* How long a name is without the suffix; 0: it does not end so, or is nothing else. */
size_t file_stem(const char *name, const char *suffix);

/* Make a file's name durable, as far as the directory it is in allows.  -1 with errno. */
int file_sync_directory(const char *path);

/* A temporary file in dir (NULL: TMPDIR or /tmp), unlinked already. -1 with err. */
int file_temp(const char *dir, struct err *);

#endif
