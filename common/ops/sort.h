/*
 * sort.h - ordering records by a field: stable, bounded memory, missing last both ways.
 *
 * A sort of a few (limit > 0) keeps only those; otherwise runs that outgrow memory go to temporary
 * files and are merged.
 */
#ifndef OPS_SORT_H
#define OPS_SORT_H

#include "flow/batch.h"

struct sort_key {
	struct field field;
	bool ascending; /* default descending: biggest first */
};

/* FIELD[:asc|:desc], comma separated. */
int sort_keys_parse(struct sort_key **, size_t *n, const char *text, struct err *);
void sort_keys_add(struct sort_key **, size_t *n, const struct field *, bool ascending);
void sort_keys_free(struct sort_key *, size_t n);

struct sorter;
/* keys are borrowed.  limit 0 or UINT64_MAX: all.  memory 0: 1 GiB. */
struct sorter *sort_new(
    const struct sort_key *, size_t n, uint64_t limit, uint64_t memory, const char *tmpdir);
void sort_free(struct sorter *);

/* Take the selected records (NULL: all) of a batch; copies.  -1: err. */
int sort_add(struct sorter *, struct batch *, const uint64_t *sel, struct err *);

/* How many runs went to disk. */
unsigned sort_runs(const struct sorter *);

/* Hand out everything in order, in batches; fn returns false to stop.  -1: err. */
int sort_finish(struct sorter *, bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *);

#endif
