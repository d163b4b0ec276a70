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
	uint8_t cell; /* octets of a cell in the window: what the widest of the chunks needs */
	uint16_t flags; /* COLUMN_SCOPE */
	bool partial; /* some records have none */
	bool constant; /* all have this one */
	uint64_t value;
	size_t chunks, longest; /* that have it; octets */
	const struct packed **from; /* of each chunk; NULL: it has none */
	uint8_t *data; /* the window: by block, in it by chunk, cells as a chunk has them */
};

struct gather {
	struct gather_input in;
	struct wide *col;
	size_t n_cols, cap_cols;
	bool by_record; /* not by column */
	int sort_column; /* of the output; -1 none */

	size_t step, shift; /* records of a block: 1 << shift */
	size_t all; /* blocks of the output */
	size_t begin, n, blocks; /* the window */
	size_t room; /* records of a window at the most */
	uint32_t *slot; /* of each chunk its records by block of the output, see slot_rec() */
	uint32_t *slice; /* of each chunk and block, where those begin: chunks times all + 1 */
	uint32_t *place; /* of each chunk and block of the window, where its first record goes */
	uint32_t **scratch; /* of each worker, room for the slots of a chunk */
	uint8_t *window; /* what columns have in it */
	size_t window_size;

	struct batch **made; /* by_record: the blocks of the window */
	size_t n_made, next;
};

/* A record's number in its chunk, and its place in its block: 16 bits each. */
static inline uint32_t
slot_of(size_t rec, size_t within)
{
	return (uint32_t)(rec | within << 16);
}

static inline size_t
slot_rec(uint32_t slot)
{
	return slot & 0xffff;
}

static inline size_t
slot_within(uint32_t slot)
{
	return slot >> 16;
}

/* Octets of a cell of a chunk's column: none where every record has the same, or all are fetched from where they are. */
static inline unsigned
gather_cell(const struct packed *p)
{
	return p->form == PACKED_CONST || p->width == 0 ? 0 : p->store;
}

/* gather_move.c: forget the blocks that were made record by record. */
void gather_drop_made(struct gather *);

#endif
