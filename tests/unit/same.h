/*
 * same.h - batches beside what they were made of.
 */
#ifndef TESTS_SAME_H
#define TESTS_SAME_H

#include <stdbool.h>
#include <string.h>

#include "flow/value.h"

static inline bool
same_cell(const struct column *x, const struct column *y, size_t i)
{
	if (x->width == 0) {
		size_t n = x->off[i + 1] - x->off[i];

		return n == y->off[i + 1] - y->off[i] &&
		       memcmp((uint8_t *)x->data + x->off[i], (uint8_t *)y->data + y->off[i], n) ==
			   0;
	}
	return x->width == y->width && memcmp((uint8_t *)x->data + i * x->width,
					   (uint8_t *)y->data + i * x->width, x->width) == 0;
}

static inline bool
same_value(const struct value *x, const struct value *y)
{
	if (x->type != y->type)
		return false;
	switch (x->type) {
	case TYPE_NONE: return true;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: return x->f == y->f || (__builtin_isnan(x->f) && __builtin_isnan(y->f));
	case TYPE_IP: return memcmp(&x->ip, &y->ip, sizeof(x->ip)) == 0;
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST:
		return x->s.n == y->s.n && (x->s.n == 0 || memcmp(x->s.p, y->s.p, x->s.n) == 0);
	default: return x->u == y->u;
	}
}

/* Every column and cell of x in y, y read back. */
static inline bool
same_batch(struct batch *x, struct batch *y)
{
	if (x->n != y->n)
		return false;
	for (unsigned k = 0; k < x->n_cols; k++) {
		const struct column *cx = &x->col[k], *cy;
		int at = batch_find(y, &cx->id);

		if (cx->flags & COLUMN_EMPTY) {
			if (at >= 0)
				return false;
			continue;
		}
		if (at < 0)
			return false;
		cy = batch_plain(y, (unsigned)at);
		if (cx->type != cy->type)
			return false;
		for (size_t i = 0; i < x->n; i++) {
			bool px = cx->present == NULL || bits_get(cx->present, i);
			bool py = cy->present == NULL || bits_get(cy->present, i);

			if (px != py || (px && !same_cell(cx, cy, i)))
				return false;
		}
	}
	return y->err.status == 0;
}

/* Does y have records idx of x, n of them? */
static inline bool
same_records(struct batch *x, struct batch *y, const uint32_t *idx, size_t n)
{
	struct batch *some = batch_new();
	bool same;

	batch_append(some, x, idx, n);
	batch_close(some);
	for (unsigned i = 0; i < some->n_cols;
	     i++) /* a column that none of them has is there all the same */
		some->col[i].flags &= (uint16_t)~COLUMN_EMPTY;
	same = same_batch(some, y);
	batch_free(some);
	return same;
}

#endif
