/*
 * finish.h - outputs are ended on a thread of their own: end mark, merging, fsync, rename take their time.
 */
#ifndef FLOWRECV_FINISH_H
#define FLOWRECV_FINISH_H

#include "output.h"

struct finisher_opts {
	enum block_profile profile;
	int level;
	bool retry; /* a full disk is waited for */
	void (*said)(void *ctx, const char *subject, const char *what, const struct err *);
	void (*finished)(void *ctx, const char *path); /* a complete file */
	void *ctx;
};

struct finisher;
/* NULL with err: no thread. */
struct finisher *finisher_new(const struct finisher_opts *, struct err *);

/*
 * End and free an output, in order with those before it.  That one cannot be ended is said, but of the last ones,
 * after which the finisher is closed.
 */
void finisher_take(struct finisher *, struct output *, bool complete, bool last);

/*
 * Wait until all are ended, and free the finisher.  -1 with err: one could not be ended, of several the
 * first.
 */
int finisher_close(struct finisher *, struct err *);

#endif
