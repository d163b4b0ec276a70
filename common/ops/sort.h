/*
 * sort.h - ordering records by a field: stable, bounded memory, missing last both ways.
 *
 * Either sort_add and sort_finish, or in parallel: sort_choose and sort_prepare on any thread, sort_take in the order
 * of the records, then window by window of the result sort_block on any thread.  A sort of a few (limit) keeps only
 * those; otherwise runs that outgrow memory go to temporary files and are merged.
 */
#ifndef OPS_SORT_H
#define OPS_SORT_H

#include "flow/batch.h"

struct sort_key {
	struct field field;
	bool ascending; /* default descending: biggest first */
};

/*
 * FIELD[:asc|:desc], comma separated; first and last are start and end, or what flowagg made of them.  -1: err.  The
 * keys are to be freed in any case.
 */
int sort_keys_parse(struct sort_key **, size_t *n, const char *text, struct err *);
void sort_keys_add(struct sort_key **, size_t *n, const struct field *, bool ascending);
void sort_keys_free(struct sort_key *);

struct sorter;
/* keys are borrowed.  limit UINT64_MAX: all. */
struct sorter *sort_new(
    const struct sort_key *, size_t n, uint64_t limit, uint64_t memory, const char *tmpdir);
void sort_free(struct sorter *);

/* Before the first record: threads to sort with (else one), and the fields that are all that is wanted (borrowed). */
void sort_threads(struct sorter *, unsigned threads);
void sort_only(struct sorter *, const struct field_list *);

/* Take the selected records (NULL: all) of a batch; copies.  -1: err. */
int sort_add(struct sorter *, struct batch *, const uint64_t *sel, struct err *);

/*
 * The same in two steps: copies on any thread, and taken in order on one.  NULL: there is nothing to take.  What
 * is not taken is dropped (takes NULL).  Before them, of n selected records those are left that may be among the
 * `limit` first, and their number is returned: the batch need not be read for the others, but is prepared without them,
 * as its columns are the result's no less.
 */
struct sort_part;
size_t sort_choose(struct sorter *, struct batch *, uint64_t *sel, size_t n);
struct sort_part *sort_prepare(struct sorter *, struct batch *, const uint64_t *sel);
int sort_take(struct sorter *, struct sort_part *, struct err *);
void sort_drop(struct sort_part *);

/* How many runs went to disk. */
unsigned sort_runs(const struct sorter *);

/* Hand out everything in order, in batches that are valid during the call; fn returns false to stop.  -1: err. */
int sort_finish(struct sorter *, bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *);

/*
 * Or by windows: all is in; the next window has so many blocks, 0 at the end, which are made into batches (reset
 * first) on any thread.  -1: err.
 */
int sort_order(struct sorter *, struct err *);
int sort_window(struct sorter *, size_t *blocks, struct err *);
void sort_block(const struct sorter *, size_t i, struct batch *);

#endif
