/*
 * beside.h - the sets of several tables looked at beside each other, which is less work than putting them together:
 * private to beside.c and percentile.c.
 */
#ifndef OPS_BESIDE_H
#define OPS_BESIDE_H

#include "ops/group_table.h"

struct beside {
	struct group_table **g;
	unsigned n;
	uint32_t *const *to; /* of every table but the first: the first's row of each of its rows */
	uint32_t **of; /* and back: its row + 1 of each row of the first, 0 none */
	uint64_t *wanted; /* rows of the first that are to be counted; NULL all */
};

/* A table's row + 1 that is the first's row. */
static inline uint32_t
beside_row_of(const struct beside *s, unsigned t, uint32_t row)
{
	return t == 0 ? row + 1 : s->of[t][row];
}

/* The first's row that is a table's. */
static inline uint32_t
beside_first_row(const struct beside *s, unsigned t, uint32_t row)
{
	return t == 0 ? row : s->to[t][row];
}

/* Places of one value's sets, in pieces that threads share. */
struct beside_pieces {
	struct beside_piece {
		unsigned table;
		size_t at, end;
	} * piece;
	size_t n;
};

/* Those of the tables from `first` on; the pieces are the caller's to free. */
struct beside_pieces beside_cut(const struct beside *, unsigned first, unsigned value);

/* percentile.c: of every row of the first table the percentiles that are found in the sets of value `home`. */
void beside_rank(const struct beside *, unsigned home);

#endif
