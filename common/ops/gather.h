/*
 * gather.h - records of many chunks put together in a given order, by column.
 *
 * Fetching a record at a time misses the caches once a value.  So each chunk's columns are first arranged, in place
 * and within the caches, by the block of the output that their records go to; of a block's column each chunk then
 * has a stretch, which is read as it stands and put into order in the block, where all of the column is near.  As
 * dictionaries of all chunks are not near, codes become values chunk by chunk, of a window of the output at a time.
 * Records whose columns differ in type, or whose blocks would be many and tiny, are fetched one by one.
 */
#ifndef OPS_GATHER_H
#define OPS_GATHER_H

#include "ops/chunk.h"
#include "ops/order.h"

struct gather_input {
	/* Whose records have other numbers from here, unless they stand in order. */
	struct chunk *chunk;
	/* Of each chunk, how many records stand in those before; n_chunks + 1. */
	const size_t *first;
	size_t n_chunks;
	const uint32_t *order; /* ids of the records wanted, in order */
	size_t n;
	uint32_t *record; /* room for a number of each record, of the caller's; NULL: own */
	/* Room for a window, of the caller's; NULL: own; or where it is too small for one block. */
	void *window;
	size_t memory; /* of a window */
	size_t most; /* records of a block, a power of 2; fewer where they are long */
	unsigned threads;
	/* The first one's order is declared, if the column itself has it. */
	const struct sort_key *keys;
	size_t n_keys;
	/* What the output has first, with these precisions or coarser ones; NULL: nothing. */
	const struct batch *columns;
};

struct gather;
struct gather *gather_new(const struct gather_input *); /* what it points to is borrowed */
void gather_free(struct gather *);

/* Go on to the next window: how many blocks there are in it; 0 at the end. */
size_t gather_window(struct gather *);

/* Block i of the window into a batch, which is reset; any thread. */
void gather_block(const struct gather *, size_t i, struct batch *out);

#endif
