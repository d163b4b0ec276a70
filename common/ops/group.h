/*
 * group.h - grouping records by keys and aggregating values.
 *
 * One table per thread; tables are merged at the end.  Memory is bounded: a table that outgrows
 * its share spills partitions to a temporary file and finishes them one at a time.
 */
#ifndef OPS_GROUP_H
#define OPS_GROUP_H

#include "flow/batch.h"

struct group_key {
	struct field field;
	int prefix4, prefix6; /* address masked by these; -1 none */
	int64_t bin_ns;	      /* time rounded down to a multiple; 0 none */
	struct field_id as;   /* identity of the result column */
};

enum group_fn { FN_FLOWS, FN_SUM, FN_MIN, FN_MAX, FN_MEAN, FN_DISTINCT, FN_FIRST, FN_LAST, FN_COUNT };

struct group_value {
	enum group_fn fn;
	struct field field;
	struct field_id as; /* sum keeps the field's identity, flows is deltaFlowCount, others are named */
};

struct group_spec {
	struct group_key *keys;
	size_t n_keys;
	struct group_value *values;
	size_t n_values;
	bool biflow; /* -b: both directions of a conversation are one group; reverse values beside */
	uint64_t memory; /* octets for all tables together */
	const char *tmpdir;
	bool scale; /* multiply counters by sampling */
};

/* -k srcip/24,end/5m and -v flows,bytes,distinct(dstip). EXIT_USAGE errors with a suggestion. */
int group_spec_keys(struct group_spec *, const char *text, struct err *);
int group_spec_values(struct group_spec *, const char *text, struct err *);
void group_spec_free(struct group_spec *);

struct group_table;
struct group_table *group_new(const struct group_spec *, unsigned tables);
void group_free(struct group_table *);

/* Add the selected records (NULL: all).  -1: err (a full temporary disk). */
int group_add(struct group_table *, struct batch *, const uint64_t *sel, struct err *);

/*
 * Merge the tables (n of them; all are emptied) and hand the groups out as batches of at most
 * BATCH_RECORDS, in no particular order; fn returns false to stop.  -1: err.
 */
int group_finish(struct group_table **, unsigned n, bool (*fn)(void *ctx, struct batch *), void *ctx,
    struct err *);

/* Did groups mix sampling intervals (and spec->scale was off)? */
bool group_mixed_sampling(struct group_table *const *, unsigned n);

#endif
