/*
 * loose.h - rows that nobody looked for, by partition of their keys' hash.
 *
 * Where most records have a key of their own, looking for it in a large table is a cache miss that mostly
 * finds nothing.  Such records become rows as they come, several of one key maybe, each among those of its
 * partition; partitions are small enough to be put together in cache, on all threads, when all have come.
 * Memory that nobody used yet costs more than all else here, so a row is a key and 32 bits a value.
 */
#ifndef OPS_LOOSE_H
#define OPS_LOOSE_H

#include <stddef.h>
#include <stdint.h>

/* LOOSE_SHIFT: the hash's upper bits say which partition.  AHEAD: octets behind a row that are fetched meanwhile. */
enum { LOOSE_PARTS = 256, LOOSE_SHIFT = 24, AHEAD = 64 };

struct loose_part {
	uint8_t **chunk;
	uint8_t *next; /* row */
	size_t n_chunks, left; /* rows there is room for in the last chunk */
};

struct loose {
	uint32_t have; /* its user's: what all rows have in front of their slots */
	size_t stride; /* octets a row */
	size_t n_rows, per_chunk;
	struct loose_part part[LOOSE_PARTS];
	uint8_t **slab; /* what chunks are cut from */
	size_t n_slabs, used, cut; /* of them in use, and chunks cut from the last of those */
};

/* Room for more rows in a partition that has none left. */
void loose_more(struct loose *, size_t stride, struct loose_part *);

/* A row to be written for a key of this hash; stride is the same for all rows. */
static inline uint8_t *
loose_row(struct loose *l, size_t stride, uint32_t hash)
{
	struct loose_part *p = &l->part[hash >> LOOSE_SHIFT];

	if (p->left == 0)
		loose_more(l, stride, p);
	l->n_rows++;
	p->left--;
	p->next += stride;
	__builtin_prefetch((const void *)((uintptr_t)p->next + AHEAD), 1);
	return p->next - stride;
}

/* Chunk i of a partition: its rows, stride apart; 0: there is no such chunk. */
size_t loose_rows(const struct loose *, unsigned part, size_t i, const uint8_t **rows);

size_t loose_memory(const struct loose *); /* in use */
size_t loose_idle(const struct loose *); /* kept beside */
void loose_clear(struct loose *); /* make it empty, and keep the memory for more of the same */
void loose_trim(struct loose *); /* keep none that is not in use */
void loose_free(struct loose *); /* and make it empty again */

#endif
