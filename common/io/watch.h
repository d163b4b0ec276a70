/*
 * watch.h - what changes in directories, without asking all the time: private to io/.
 *
 * The kernel tells (inotify(7)).  Where it does not, because it has no more watches to give or
 * because others change the directory on another machine, the caller looks by itself at every
 * return of watch_wait, and has it wait for 0.2 s only.
 */
#ifndef IO_WATCH_H
#define IO_WATCH_H

#include <limits.h>
#include <stdbool.h>

enum watch_kind {
	WATCH_CONTENT, /* an entry was written to */
	WATCH_ENTRIES, /* entries came, went or were renamed, or the directory itself */
	WATCH_LOST, /* too many to tell: anything may have changed anywhere */
};

struct watch_change {
	int directory; /* as watch_add said */
	enum watch_kind kind;
	char name[NAME_MAX + 1]; /* of the entry; empty: the directory itself */
};

struct watch;
struct watch *watch_new(void);
void watch_free(struct watch *);

/* Watch a directory.  Its number, the same for the same directory; -1: look at it by yourself. */
int watch_add(struct watch *, const char *path);

/*
 * Wait for a change.  false: stop_fd is readable, or nobody reads any more what is written to out_fd,
 * a pipe (-1: none).
 */
enum watch_time {
	WATCH_NOT, /* do not wait */
	WATCH_SHORT, /* 0.2 s: there are directories to look at */
	WATCH_LONG,
};
bool watch_wait(struct watch *, int stop_fd, int out_fd, enum watch_time);

/* The next change that the kernel told; false: there is none. */
bool watch_next(struct watch *, struct watch_change *);

#endif
