/*
 * runs.h - sorted runs on disk and what merging makes of them: a sort of more than memory holds.
 */
#ifndef OPS_RUNS_H
#define OPS_RUNS_H

#include "ops/gather.h"

/* Records of a piece, so that merging many runs holds little of each. */
enum { RUN_RECORDS = 8192 };

struct runs;
struct runs *runs_new(const struct sort_key *, size_t n_keys, const char *tmpdir);
void runs_free(struct runs *); /* takes NULL */

/* A run begins, whose first key has this type; its records in order, piece by piece.  -1: err. */
void runs_begin(struct runs *, enum type);
int runs_write(struct runs *, struct batch *, struct err *);

unsigned runs_count(const struct runs *);

/* Columns that all of the result has; borrowed.  NULL: those of the records at hand. */
void runs_columns(struct runs *, const struct batch *);

/*
 * All are written: merge them, earlier runs first where records are equal, in about so much memory: of more than that
 * suffices for runs become fewer first, on disk.  -1: err.
 */
int runs_merge(struct runs *, uint64_t limit, uint64_t memory, unsigned threads, struct err *);

/* The next window of the result: its blocks, 0 at the end.  -1: err. */
int runs_window(struct runs *, size_t *blocks, struct err *);
const struct gather *runs_gather(const struct runs *);

#endif
