/*
 * distinct.h - exact sets of values, one for each row of a table, that may count how often each was added.
 *
 * All of them are one hash table of (row, value) members.  While the values are numbers of one type that
 * fit into 32 bits (ports, IPv4 addresses, most counters), a member takes 8 octets, else 16: addresses
 * beyond IPv4 and values of variable length are interned.  Counts take 8 more where they are asked for.
 *
 * Where few rows have many members that are mostly small numbers (percentiles of octets by protocol), those stand in
 * an array instead, each at its own place.
 */
#ifndef OPS_DISTINCT_H
#define OPS_DISTINCT_H

#include <stdbool.h>

#include "ops/cell.h"

struct member {
	uint64_t v;
	uint32_t row;
	uint32_t kind; /* 0: empty; type, with MEMBER_INTERNED */
};

struct distinct {
	uint32_t type; /* of all narrow and low members; 0: none yet */
	bool wide, counted;
	bool interned; /* a member is: it means something beside its own table only */
	/* Row + 1 above, value below, 0 empty; counted: a second word behind each, its count. */
	uint64_t *narrow;
	struct member *member; /* instead, when wide */
	uint64_t *count; /* wide and counted: of each place */
	size_t cap, n; /* places, and members, of that table */
	/*
	 * How often each value below 2^DISTINCT_LOW_BITS was added to each of the first rows: they are not in the
	 * table.
	 */
	uint64_t *low;
	uint32_t low_rows;
	size_t n_low; /* of these, members */
};

enum { DISTINCT_LOW_BITS = 16 };

struct distinct_item {
	uint32_t row;
	struct cell cell;
	uint64_t count; /* 1 unless counted */
};

/* Add a value, count times, to the set of a row; true when it is new there. */
bool distinct_add(
    struct distinct *, uint32_t row, const struct cell *, uint64_t count, struct intern *);

/* Add numbers of one type, n <= 256 at a time; counts: NULL once each; fresh[i] says which were new. */
void distinct_add_words(struct distinct *, const uint32_t *rows, const uint64_t *v,
    const uint64_t *counts, enum type, size_t n, bool *fresh);

/* How many members all sets have, and places, of which a part is empty: first those of the array. */
static inline size_t
distinct_count(const struct distinct *d)
{
	return d->n_low + d->n;
}

static inline size_t
distinct_low_places(const struct distinct *d)
{
	return (size_t)d->low_rows << DISTINCT_LOW_BITS;
}

static inline size_t
distinct_places(const struct distinct *d)
{
	return distinct_low_places(d) + d->cap;
}

/* What stands at a place; false: nothing. */
bool distinct_at(
    const struct distinct *, size_t place, const struct intern *, struct distinct_item *);

/* The members of places [at, end), n of them, n <= end - at, and how often each was added (NULL: is not asked for). */
size_t distinct_members(
    const struct distinct *, size_t at, size_t end, struct member *, uint64_t *count);

/* Is it a member?  Not of interned ones.  distinct_expect: it will be asked soon. */
bool distinct_has(const struct distinct *, const struct member *);
void distinct_expect(const struct distinct *, const struct member *);

/*
 * Places ordered by row: order[off[row] .. off[row + 1]).  off has n_rows + 1; both are the caller's to free.
 */
void distinct_by_row(const struct distinct *, size_t n_rows, size_t **off, size_t **order);

/* The members in lots, as lot[row] says (below n_lots): those of lot l are member[off[l] .. off[l + 1]). */
struct distinct_lots {
	size_t *off;
	struct member *member;
	uint64_t *count; /* NULL: 1 each */
};
void distinct_divide(
    const struct distinct *, const uint8_t *lot, unsigned n_lots, struct distinct_lots *);
void distinct_lots_free(struct distinct_lots *);

/* A member as a cell. */
struct cell distinct_cell(const struct member *, const struct intern *);

/* Is it a number that words can stand for? */
static inline bool
distinct_is_word(const struct member *m)
{
	return m->kind < TYPE_STRING;
}

size_t distinct_memory(const struct distinct *);
void distinct_free(struct distinct *); /* and make it empty again; whether it counts stays */
void distinct_clear(struct distinct *); /* make it empty, and keep the memory */

#endif
