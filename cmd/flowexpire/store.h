/*
 * store.h - the flow files in and below a directory, oldest first, and deleting them.
 *
 * Whatever is looked at or deleted is named relative to its directory's descriptor, and directories
 * are entered from the store's own, one step at a time, without following symbolic links: whoever
 * exchanges a directory or a file while we work leads us nowhere else.  The one surprising rule: files
 * of flowrecv's own names are not opened until something is to be deleted, so that looking over a
 * large store reads nothing.
 *
 * What fails with a file or directory is said here, with its path, counted in `failures`, and does
 * not stop the rest.
 */
#ifndef FLOWEXPIRE_STORE_H
#define FLOWEXPIRE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/die.h"

struct store_dir {
	size_t parent, name; /* index; offset in names.  The store itself is 0. */
	unsigned depth;
	bool thinned; /* something in it was deleted */
};

/* time_ns: when its records were received, by its name; else when it was written last. */
struct store_file {
	int64_t time_ns;
	uint64_t octets; /* on the disk, side files included */
	size_t dir, name;
	dev_t dev;
	ino_t ino;
};

struct store {
	const char *path;
	int fd;
	dev_t dev;
	struct store_dir *dirs;
	size_t n_dirs, dirs_cap;
	struct store_file *files; /* oldest first once scanned; the last one is never deleted */
	size_t n_files, files_cap;
	struct buf names, text;
	int64_t now_ns;
	bool verbose; /* say what only has the name of a flow file, too; to be set */
	struct diag_limit limit;
	uint64_t failures;
};

/* Open a directory.  The path is borrowed.  -1 with errno; close it all the same. */
int store_open(struct store *, const char *path, int64_t now_ns);
void store_close(struct store *);

/* Keep others who expire the store out until it is closed; false: one is still at work after 2 s. */
bool store_lock(struct store *);

/* Find the flow files. */
void store_scan(struct store *);

/* Open the files that were taken for what they are by their names, and drop those that are none. */
void store_verify(struct store *);

/* Path of a file, for people; valid until the next call. */
const char *store_path(struct store *, const struct store_file *);

enum store_result {
	STORE_DONE, /* deleted, or would have been */
	STORE_GONE, /* it is no longer there, or another one is */
	STORE_FOREIGN, /* no flow file */
	STORE_FAILED,
};

/* Delete a flow file and its side files; dry: only see whether it would be. */
enum store_result store_delete(struct store *, const struct store_file *, bool dry);

/* Remove the directories that deleting left empty. */
void store_prune(struct store *);

/* Between store.c and delete.c -------------------------------------------------------------------- */

enum { STORE_MAGIC = 8 }; /* octets that tell a flow file; a shorter one is none */

/* Open a directory; the caller closes it, soon: it may be moved out of the store.  -1 with errno. */
int store_enter(const struct store *, size_t dir);

/* Is the file of that name still the same, and a flow file by its content?  Failed: errno. */
enum store_result store_recognise(int dir_fd, const char *name, dev_t, ino_t);

/* Is there no flow file where this one was seen?  What cannot be read may be one. */
bool store_is_none(struct store *, const struct store_file *);

/* Say what failed; name NULL: with the directory. */
void store_complain(struct store *, size_t dir, const char *name, const char *what, int error);

#endif
