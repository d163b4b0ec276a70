/*
 * order.h - the order of records by several fields: 64-bit keys whose unsigned order is that of the
 * values, compared in full only where keys are equal and do not say all.
 *
 * Missing comes last whichever way the order goes, NaN just before it.
 */
#ifndef OPS_ORDER_H
#define OPS_ORDER_H

#include "ops/sort.h"

/* A record: which batch, which record of it; key is scratch of sorting. */
struct ref {
	uint64_t key;
	uint32_t chunk, rec;
};

enum { SORT_KEYS_MAX = 64 };
enum order_class { ORDER_VALUE, ORDER_NAN, ORDER_MISSING };

/* The columns of one batch that the keys read; NULL: none. */
struct order_columns {
	const struct column *col[SORT_KEYS_MAX];
};
void order_bind(struct order_columns *, const struct sort_key *, size_t n_keys, struct batch *);

struct order {
	const struct sort_key *keys;
	size_t n_keys;
	const struct order_columns *chunk;
	enum type type[SORT_KEYS_MAX]; /* of all chunks; TYPE_NONE: they differ */
};

/* Which types the keys have over all chunks. */
void order_init(struct order *, const struct sort_key *, size_t n_keys,
    const struct order_columns *, size_t n_chunks);

/* Class and order-mapped key (of ORDER_VALUE) of one record; descending keys are complemented. */
enum order_class order_key(
    const struct sort_key *, const struct column *, enum type, size_t rec, uint64_t *key);

/* Do equal keys of this type mean equal values? */
bool order_exact(enum type);

/* Full comparison from key `level` on: negative when a comes first; 0 equal. */
int order_compare(const struct sort_key *, size_t n_keys, size_t level,
    const struct order_columns *a, size_t rec_a, const struct order_columns *b, size_t rec_b);

/* Sort, stable. */
void order_sort(const struct order *, struct ref *, size_t n);

#endif
