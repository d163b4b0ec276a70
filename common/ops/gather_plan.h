/*
 * gather_plan.h - what a gather knows before it moves a value: columns, blocks, and where each record goes.
 * Private to gather.c and gather_move.c.
 */
#ifndef OPS_GATHER_PLAN_H
#define OPS_GATHER_PLAN_H

#include "ops/gather.h"

/* A column of the output. */
struct wide {
	struct field_id id;
	uint8_t type, width, scale;
	uint16_t flags; /* COLUMN_SCOPE */
	bool partial; /* some records have none */
	bool constant; /* all have this one */
	uint64_t value;
	size_t chunks, longest; /* that have it; octets */
	const struct packed **from; /* of each chunk; NULL: it has none */

	/* Where chunks have dictionaries: the window's cells, one chunk's behind the other's. */
	uint8_t *cells;
	uint8_t cell; /* octets of the widest chunk's; 0 no dictionaries */
};

struct gather {
	struct gather_input in;
	struct wide *col;
	size_t n_cols, cap_cols;
	bool by_record; /* not by column */
	int sort_column; /* of the output; -1 none */

	size_t step, shift; /* records of a block: 1 << shift */
	size_t all; /* blocks of the output */

	/* Chunks, arranged by block. */
	uint32_t *record; /* of each: see deal_block(), from arrange_chunk() on half of it */
	uint32_t *begin; /* the number of the first record wanted */
	uint32_t *before; /* of each block too, how many records stand before its own: all + 1 */
	void **scratch; /* of each worker */

	/* The window. */
	size_t first, n, blocks; /* block; records */
	size_t room; /* records at the most */
	uint32_t *place; /* of each chunk, how many cells stand before its own */
	void *window; /* NULL: it is the caller's */
	size_t window_size;

	struct batch **made; /* by_record: its blocks */
	size_t n_made, next;
};

/* Of a chunk its records in one block of the output: they stand side by side. */
struct slice {
	size_t first, n;
	const uint16_t *within; /* the place of each in the block */
	size_t place,
	    cell; /* of the window: of the chunk's first cell; of the slice's among those */
};

static inline struct slice
gather_slice(const struct gather *g, size_t chunk, size_t block)
{
	const uint32_t *before = g->before + chunk * (g->all + 1);
	const uint16_t *within = (const uint16_t *)(const void *)(g->record + g->in.first[chunk]);

	return (struct slice){ .first = g->begin[chunk] + before[block],
		.n = before[block + 1] - before[block],
		.within = within + before[block],
		.place = g->place[chunk],
		.cell = before[block] - before[g->first] };
}

/* Has this chunk cells of the window? */
static inline bool
gather_resolves(const struct packed *p)
{
	return p->form == PACKED_DICT && p->width > 0;
}

/* gather_move.c: forget the blocks that were made record by record. */
void gather_drop_made(struct gather *);

#endif
