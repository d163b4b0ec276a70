/*
 * column.h - how columns of batches are made and filled: private to batch.c, append.c and resolve.c.
 */
#ifndef FLOW_COLUMN_H
#define FLOW_COLUMN_H

#include "flow/batch.h"

/* dst[first + k] = src[idx[k]] (NULL: src[k]) where both are fixed and of one type; no address becomes narrower. */
void column_convert(
    struct column *dst, size_t first, const struct column *src, const uint32_t *idx, size_t n);

/* A column behind all that there are, computed ones too: zeroed, plain. */
struct column *column_append(struct batch *);

/* Offsets of records up to rec: those not put are empty. */
void column_fill_offsets(struct column *, size_t rec);

/* Room for n octets more.  Room for none is room too: an empty value is somewhere. */
void column_reserve_octets(struct column *, size_t n);

#endif
