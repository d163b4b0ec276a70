/*
 * table.h - a hash table of rows: a key of fixed length, 32 bits beside it, and 64-bit slots.
 *
 * Rows are numbered from 0 in the order they were made and stand still.  They are found by an index of
 * 32-bit entries with open addressing: the row's number + 1 in as many low bits as the index is long, as
 * much of the hash as fits above.  Millions of groups are a matter of cache misses and of fresh memory, so
 * both are kept small, and lookups come many at a time, prefetched, so that their misses overlap.
 */
#ifndef OPS_TABLE_H
#define OPS_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"

enum { TABLE_CHUNK = 256 };

struct table {
	size_t key_len; /* a multiple of 4; least room is taken by 4 more than one of 8 */
	size_t tail,
	    stride; /* octets in front of a row's 32 bits, so that its slots are aligned; and of all */
	struct hash_factors factors;
	uint32_t *index; /* 1 << index_bits; 0 empty */
	unsigned index_bits;
	size_t n_rows;
	uint8_t **chunk; /* of rows, 1 << row_shift each */
	size_t n_chunks;
	unsigned row_shift;
};

void table_init(struct table *, size_t key_len, size_t n_slots);
void table_free(struct table *);
void table_clear(struct table *); /* forget the rows, keep the memory */
size_t table_memory(const struct table *);

/*
 * Find or make the rows of n keys (n <= TABLE_CHUNK, key_len octets each): a new row has its key and
 * zeros.
 */
void table_find(struct table *, const void *keys, size_t n, uint32_t *rows);

/* Find only: TABLE_NONE where there is no such row. */
#define TABLE_NONE UINT32_MAX
void table_seek(const struct table *, const void *keys, size_t n, uint32_t *rows);

/* The hashes of n keys, stride octets apart: of tables with equal keys they are the same. */
void table_hashes(const struct table *, const void *keys, size_t stride, size_t n, uint32_t *hash);

/* Copy a key of a table's length. */
static inline void
table_copy_key(void *to, const void *from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; len >= 8; len -= 8, t += 8, f += 8)
		memcpy(t, f, 8);
	if (len > 0)
		memcpy(t, f, 4);
}

static inline uint8_t *
table_row(const struct table *t, uint32_t row)
{
	return t->chunk[row >> t->row_shift] +
	       (row & ((UINT32_C(1) << t->row_shift) - 1)) * t->stride;
}

/* All behind the key: 32 bits and the slots. */
static inline uint8_t *
table_tail(const struct table *t, uint32_t row)
{
	return table_row(t, row) + t->tail;
}

static inline uint64_t *
table_slots(const struct table *t, uint32_t row)
{
	return (uint64_t *)(void *)(table_tail(t, row) + sizeof(uint32_t));
}

/* The 32 bits in front of a row's slots. */
static inline uint32_t *
slots_have(uint64_t *slots)
{
	return (uint32_t *)(void *)slots - 1;
}

static inline const uint32_t *
slots_had(const uint64_t *slots)
{
	return (const uint32_t *)(const void *)slots - 1;
}

#endif
