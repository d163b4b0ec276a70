/*
 * order.h - the order of records by several fields: 64-bit keys whose unsigned order is that of the
 * values, compared in full only where keys are equal and do not say all.
 *
 * Missing comes last whichever way the order goes, NaN just before it.
 */
#ifndef OPS_ORDER_H
#define OPS_ORDER_H

#include "ops/sort.h"

enum { SORT_KEYS_MAX = 64 };
enum order_class { ORDER_VALUE, ORDER_NAN, ORDER_MISSING };

/* The columns of one chunk (a batch of at most 64 Ki records) that the keys read; NULL: none. */
struct order_columns {
	const struct column *col[SORT_KEYS_MAX];
};
void order_bind(struct order_columns *, const struct sort_key *, size_t n_keys, struct batch *);

/* A record in 32 bits: which chunk, which record of it. */
enum { ORDER_RECORD_BITS = 16, ORDER_CHUNKS_MAX = 1 << 16 };
static inline uint32_t
order_id(size_t chunk, size_t rec)
{
	return (uint32_t)(chunk << ORDER_RECORD_BITS | rec);
}
static inline uint32_t
order_chunk(uint32_t id)
{
	return id >> ORDER_RECORD_BITS;
}
static inline uint32_t
order_record(uint32_t id)
{
	return id & ((1 << ORDER_RECORD_BITS) - 1);
}

struct order {
	const struct sort_key *keys;
	size_t n_keys, n_chunks;
	const struct order_columns *chunk;
	/* Of each chunk, how many records stand in those before; n_chunks + 1. */
	const size_t *first;
	unsigned threads;
	enum type type[SORT_KEYS_MAX]; /* of all chunks; TYPE_NONE: they differ */
	bool narrow[SORT_KEYS_MAX]; /* addresses: all IPv4 */
};

/* Which types the keys have over all chunks.  Everything is borrowed. */
void order_init(struct order *, const struct sort_key *, size_t n_keys,
    const struct order_columns *, const size_t *first, size_t n_chunks, unsigned threads);

/* Class and order-mapped key (of ORDER_VALUE) of one record; descending keys are complemented. */
enum order_class order_key(
    const struct sort_key *, const struct column *, enum type, size_t rec, uint64_t *key);

/* The same of records 0..n.  true: all have a value. */
bool order_keys(const struct sort_key *, const struct column *, enum type, size_t n, uint64_t *key,
    uint8_t *class);

/* Do equal keys of this type mean equal values? */
bool order_exact(enum type);

/* Full comparison from key `level` on: negative when a comes first; 0 equal. */
int order_compare(const struct sort_key *, size_t n_keys, size_t level,
    const struct order_columns *a, size_t rec_a, const struct order_columns *b, size_t rec_b);

/*
 * All records of all chunks in order, stable: what chunk[0] has first.  Beside their ids there is the memory that
 * sorting took, for who puts them together: touching new memory costs as much as moving the records.
 */
struct sorted {
	uint32_t *ids;
	uint32_t *room; /* for as many again */
	void *spare;
	size_t size; /* of the spare octets; of ids and room together */
};
void order_sort(const struct order *, struct sorted *);
void sorted_free(struct sorted *); /* empty too */

#endif
