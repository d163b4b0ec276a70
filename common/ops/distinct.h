/*
 * distinct.h - exact sets of values, one for each row of a table.
 *
 * All of them are one hash table of (row, value) members, 16 octets each; addresses beyond IPv4 and
 * values of variable length are interned.
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
	struct member *member;
	size_t cap, n;
};

/* Add a value to the set of a row; true when it is new there. */
bool distinct_add(struct distinct *, uint32_t row, const struct cell *, struct intern *);

/* Add numbers of one type, n <= 256 at a time; fresh[i] says which were new. */
void distinct_add_words(
    struct distinct *, const uint32_t *rows, const uint64_t *v, enum type, size_t n, bool *fresh);

/* The value of a member as a cell. */
struct cell distinct_cell(const struct member *, const struct intern *);

/*
 * Members ordered by row: positions order[off[row] .. off[row + 1]) of member[].  off has n_rows + 1;
 * both are the caller's to free.
 */
void distinct_by_row(const struct distinct *, size_t n_rows, size_t **off, size_t **order);

size_t distinct_memory(const struct distinct *);
void distinct_free(struct distinct *); /* and make it empty again */

#endif
