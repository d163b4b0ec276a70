/*
 * naming.h - what the files of a directory are called: DIR[/PARTITION][/SUBDIR]/NAME.flow.
 *
 * Names come from strftime patterns and the beginning of the period in UTC.  A name that is taken is
 * never used again: the next one is NAME_2.flow.
 */
#ifndef FLOWRECV_NAMING_H
#define FLOWRECV_NAMING_H

#include <sys/types.h>

#include "output.h"

struct naming {
	const char *dir;
	/* What DIR is to the sandbox, whatever has its name later; ino 0: there is none. */
	dev_t dev;
	ino_t ino;
	const char *subdir, *pattern; /* strftime; subdir NULL: none */
};

/* Is it a pattern that names files (subdir: directories) below a directory, and never hidden or outside? */
bool naming_check(const char *pattern, bool subdir);

/* Create the file for a period; directories are made.  partition "": none.  NULL with err. */
struct output *naming_create(const struct naming *, const char *partition, int64_t period_ns,
    const char *history, struct err *);

/*
 * Finish what collectors that died left in the directory (output_repair).  said is called with each file and
 * what came of it: err NULL: it was repaired.
 */
void naming_repair(const struct naming *, struct encoder *, const char *history,
    void (*said)(void *ctx, const char *path, const struct err *), void *ctx);

#endif
