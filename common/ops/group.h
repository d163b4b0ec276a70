/*
 * group.h - grouping records by keys and aggregating values.
 *
 * One table per thread; tables are merged at the end.  Memory is bounded: a table that outgrows
 * its share spills partitions to a temporary file and finishes them one at a time.
 */
#ifndef OPS_GROUP_H
#define OPS_GROUP_H

#include "base/tz.h"
#include "flow/batch.h"

struct group_key {
	struct field field;
	int prefix4, prefix6; /* address masked by these; -1 none */
	/* Rounded down to a multiple of ns, numbers too; times by a zone's clocks; ns 0: not. */
	struct tz_bins bin;
	struct field_id as; /* identity of the result column */
};

/*
 * FIRST and LAST are the value of the record that started first or ended last; of equal ones the
 * smaller or the greater, so that the order of records does not matter.  RECORDS counts records.
 * PERCENTILE is exact, by nearest rank: the least value that at least so many of 100 records do not exceed.
 */
enum group_fn {
	FN_FLOWS,
	FN_RECORDS,
	FN_SUM,
	FN_OR,
	FN_MIN,
	FN_MAX,
	FN_MEAN,
	FN_DISTINCT,
	FN_FIRST,
	FN_LAST,
	FN_PERCENTILE,
	FN_COUNT
};

enum { GROUP_KEYS_MAX = 32, GROUP_VALUES_MAX = 15 };

struct group_value {
	enum group_fn fn;
	unsigned rank; /* PERCENTILE: of 10,000 */
	struct field field;
	/* Sum keeps the field's identity, flows is deltaFlowCount, others are named. */
	struct field_id as;
	/* MIN, MAX, SUM of what is computed: where an aggregate has it already, as min_start or sum_duration. */
	struct field_id made;
	struct field_id reverse; /* biflow: the identity of the other direction's flows or sum */
};

struct group_spec {
	struct group_key *keys;
	size_t n_keys;
	struct group_value *values;
	size_t n_values;
	/* -b: both directions of a conversation are one group; reverse values beside. */
	bool biflow;
	uint64_t memory; /* octets for all tables together */
	const char *tmpdir;
	bool scale; /* multiply counters by sampling */
	struct arena names; /* of named result columns */
};

/*
 * -k srcip/24,end/5m and -v flows,bytes,distinct(dstip). EXIT_USAGE errors with a suggestion.  Each adds
 * to what is there.  A bare field among the values combines as its element says: counters are summed,
 * flags ored, start is the least and end the greatest.  `count` counts records.
 */
int group_spec_keys(struct group_spec *, const char *text, struct err *);
int group_spec_values(struct group_spec *, const char *text, struct err *);

/*
 * After both: can this be done?  (biflow needs both sides' addresses.)  A least or greatest that would
 * share its key's identity is named instead.  -1: err.
 */
int group_spec_check(struct group_spec *, struct err *);

/* Bins of times are those of a zone's clocks; without this of UTC. */
void group_spec_zone(struct group_spec *, const struct tz *);

void group_spec_free(struct group_spec *);

/* One of `tables` that share spec->memory.  The spec must outlive it. */
struct group_table;
struct group_table *group_new(const struct group_spec *, unsigned tables);
void group_free(struct group_table *);

/* Add the selected records (NULL: all).  -1: err (a full temporary disk). */
int group_add(struct group_table *, struct batch *, const uint64_t *sel, struct err *);

/* How often a table went to disk. */
unsigned group_spills(const struct group_table *);

/*
 * Groups that are not among the first n by a value, the biggest first, may be left out; and not even be counted, unless
 * that is asked for.
 */
struct group_top {
	size_t value; /* index in the spec's */
	uint64_t n;
	bool counted;
};

/*
 * Merge the tables (n of them; all are emptied), on as many threads if there is much to merge, and hand the
 * groups out as batches of at most BATCH_RECORDS, valid during the call, in no particular order, on the calling
 * thread; fn returns false to stop.  top: NULL all.  -1: err.
 */
int group_finish(struct group_table **, unsigned n, const struct group_top *top,
    bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *err);

/* After group_finish: how many groups there were, those left out too (group_top: if they were to be counted). */
uint64_t group_count(struct group_table *const *, unsigned n);

/*
 * After group_finish: what may mislead about the groups that were handed out, as texts to tell; how many.  That one
 * adds up counters of several sampling intervals and was not scaled; that a sum reached the greatest number; that
 * records whose interval is not known were to be scaled.
 */
enum { GROUP_DOUBTS = 3 };
unsigned group_doubts(struct group_table *const *, unsigned n, const char *text[GROUP_DOUBTS]);

#endif
