/*
 * group_table.h - the inside of a group_table, shared by the files that make one up.
 */
#ifndef OPS_GROUP_TABLE_H
#define OPS_GROUP_TABLE_H

#include "ops/keys.h"
#include "ops/loose.h"
#include "ops/spill.h"
#include "ops/tally.h"
#include "ops/values.h"

/* TALLY_SHARE: arrays take at most such a part of a table's share. */
enum { PARTITIONS = LOOSE_PARTS, PAIRS_MAX = 6, TALLY_SHARE = 4 };

struct group_table {
	const struct group_spec *spec;
	struct layout layout;
	struct key_pair pair[PAIRS_MAX];
	unsigned n_pairs;
	struct table rows;
	struct values values;
	struct intern intern;
	struct tally tally; /* held back from the rows */
	struct loose loose; /* not looked for; may_loose: while most keys are new */
	bool may_loose, is_loose;
	size_t seen, seen_rows; /* records added by keys, and rows, when that was last looked at */
	uint64_t share; /* octets of memory this table may use, with the one below */
	struct group_table *v6; /* family.c: of records with an IPv6 address, if those are apart */

	struct spill spill;
	struct buf part[PARTITIONS]; /* rows on their way to disk */
	unsigned n_spills;
	struct spill loose_spill; /* loose rows of the layout now, by their partition */
	unsigned n_loose_spills;
	struct err err; /* status set: rows were lost with the temporary file */
	uint64_t n_groups; /* handed out, or left out */

	uint8_t *keys; /* TABLE_CHUNK of them */
	uint64_t *fresh; /* values of as many loose rows, each behind what is in front; or NULL */
	uint32_t *idx, *code; /* selected records of a batch, and their codes */
	size_t idx_cap;
};

/* add.c: add selected records; v4: all their addresses are IPv4 though a column is of both. */
void group_put(struct group_table *, struct batch *, const uint64_t *sel, bool v4);

/* finish.c: as group_finish, of tables that stand for themselves, on at most so many threads. */
int group_finish_all(struct group_table **, unsigned n, unsigned threads,
    const struct group_top *top, bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *err);

/* finish.c: empty a table that nobody will finish. */
void group_forget(struct group_table *);

/* add.c: give the rows what is held back from them. */
void group_settle(struct group_table *);

/* The same of these codes only: what is held of others is forgotten. */
void group_settle_only(struct group_table *, const uint32_t *code, size_t n);

/* absorb.c: know what another table has learnt of values' types and times' precision. */
void group_learn(struct group_table *, const struct group_table *);

/* Of its values only.  Are they held as the same types? */
void group_join_facts(struct group_table *, const struct group_table *);
bool group_same_types(const struct group_table *, const struct group_table *);

/* Add rows list[0..n) (NULL: by number) of another table; to[row]: where each went, unless NULL. */
void group_absorb(struct group_table *, const struct group_table *src, const uint32_t *list,
    size_t n, uint32_t *to);

/* Add the loose rows of a partition of another table, or its own: those in memory, or on disk.  -1: err. */
void group_absorb_loose(struct group_table *, const struct group_table *src, unsigned part);
int group_absorb_spilled(
    struct group_table *, const struct group_table *src, unsigned part, struct err *err);

/* absorb.c: put loose rows into the table, and have no more of them.  What is on disk may fail: g->err. */
void group_fold(struct group_table *);

/* Has it loose rows: on disk, or anywhere? */
static inline bool
group_has_spilled_loose(const struct group_table *g)
{
	return g->loose_spill.size > 0;
}

static inline bool
group_has_loose(const struct group_table *g)
{
	return g->loose.n_rows > 0 || group_has_spilled_loose(g);
}

/* Do the same keys have the same octets in both? */
bool group_keys_alike(const struct layout *, const struct layout *);

/* Octets in use. */
size_t group_memory(const struct group_table *);

/* Make the layout hold want's keys too, rebuilding the table if it changes. */
void group_relayout(struct group_table *, const struct layout *want);

/*
 * Forget all rows but loose ones, keep what was learnt of types; rewind: and keep the memory, for as many rows again.
 */
void group_clear(struct group_table *);
void group_rewind(struct group_table *);

/* A key in another layout: the same value in each slot. */
void group_rekey(const struct layout *to, struct intern *to_in, const struct layout *from,
    const struct intern *from_in, const uint8_t *key, uint8_t *out);

/* spilled.c: write all rows to the partitions' chains.  flush: and nothing stays in buffers.  -1: err. */
int group_spill(struct group_table *, bool flush, struct err *);

/* spilled.c: write the loose rows in memory as they are, to their partitions' chains.  -1: err. */
int group_spill_loose(struct group_table *, struct err *);

/* Add the rows that src spilled in a partition.  -1: err. */
int group_unspill(
    struct group_table *, const struct group_table *src, unsigned partition, struct err *);

/*
 * beside.c: write what is asked of the sets, counts and percentiles, into the rows of the first of n tables, before
 * they are handed out.  It has the rows of all, to[t][row] of table t's, but only its own members.  Where rows may be
 * left out their counts may be less.
 */
void group_close_sets(
    struct group_table **, unsigned n, uint32_t *const *to, const struct group_top *top);

/* How many members several tables' sets have; 0 also: they do not mean the same beside each other. */
size_t group_members_beside(struct group_table *const *, unsigned n);

/*
 * emit.c: hand out rows as batches, which are fn's to free; false: fn said stop.  top: rows that are not among
 * those may be left out; NULL all.
 */
bool group_emit(struct group_table *, const struct group_top *top,
    bool (*fn)(void *ctx, struct batch *), void *ctx);

/*
 * top.c: settle a table that has no rows yet, those only that may be among the first, and count the others.  false: not
 * done.
 */
bool group_settle_first(struct group_table *, const struct group_top *);

/* top.c: the rows that may be among the first, n of them, the caller's to free; NULL: all may. */
uint32_t *group_candidates(struct group_table *, const struct group_top *, size_t *n);

/*
 * top.c: of each of n tables the rows of all groups that may be among the first when they are put together; the
 * array and its lists are the caller's to free.  NULL: it is all rows, or cannot be told.
 */
struct group_rows {
	uint32_t *list;
	size_t n;
};
struct group_rows *group_leaders(struct group_table **, unsigned n, const struct group_top *);

/*
 * top.c: bits of the rows that the first of n tables has for all (group_close_sets), whose sets may be among the
 * biggest when they are put together; the caller's to free.  NULL: all may.
 */
uint64_t *group_wanted(
    struct group_table **, unsigned n, const struct group_top *, uint32_t *const *to);

/* biflow.c */
unsigned biflow_pairs(const struct group_spec *, struct key_pair *, struct err *);

/* Put each packed key's sides in canonical order; dir[i] says whether they changed places. */
void biflow_order(const struct group_table *, uint8_t *keys, size_t n, uint8_t *dir);

/* Turn the rows whose initiator is the key's second side.  The index is void after. */
void biflow_orient(struct group_table *);

#endif
