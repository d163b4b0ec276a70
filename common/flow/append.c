/*
 * append.c - records of one batch behind those of another, column by column, from cells of one width to those of
 * another.
 */
#include "flow/cells.h"
#include "flow/column.h"

void
column_convert(
    struct column *dst, size_t first, const struct column *src, const uint32_t *idx, size_t n)
{
	uint8_t *to = (uint8_t *)dst->data + first * dst->width;

	if (dst->type != TYPE_IP || dst->width == src->width) {
		cells_convert(to, dst->width, src->data, src->width, dst->type == TYPE_INT, idx, n);
		return;
	}
	for (size_t k = 0; k < n; k++) {
		struct addr a = addr_v4(((const uint32_t *)src->data)[idx ? idx[k] : k]);

		memcpy(to + k * sizeof(a), a.b, sizeof(a));
	}
}

static void
append_presence(struct batch *b, unsigned col, size_t first, const struct column *src,
    const uint32_t *idx, size_t n)
{
	struct column *dst = &b->col[col];

	if (src->present == NULL) {
		batch_mark(b, col, first, n);
		return;
	}
	for (size_t k = 0; k < n; k++) {
		size_t rec = first + k, from = idx ? idx[k] : k;

		dst->bits[rec / 64] |= (uint64_t)bits_get(src->present, from) << (rec % 64);
	}
}

/* Returns the octets appended. */
static size_t
append_octets(
    struct column *dst, size_t first, const struct column *src, const uint32_t *idx, size_t n)
{
	const uint8_t *octets = src->data;
	size_t before = dst->data_len;

	if (n == 0)
		return 0;
	column_fill_offsets(dst, first);
	dst->n_filled = first;
	for (size_t k = 0; k < n; k++) {
		size_t from = idx ? idx[k] : k, len = src->off[from + 1] - src->off[from];

		dst->off[dst->n_filled++] = (uint32_t)dst->data_len;
		column_reserve_octets(dst, len);
		if (len > 0)
			memcpy((uint8_t *)dst->data + dst->data_len, octets + src->off[from], len);
		dst->data_len += len;
	}
	return dst->data_len - before;
}

/* The width that the cells of these records need: narrower than the column's for unsigned numbers only. */
static unsigned
needed_width(const struct column *c, const uint32_t *idx, size_t n)
{
	return c->type == TYPE_UINT ? cells_needed(c->data, c->width, idx, n) : c->width;
}

/* The columns of dst that those of src go to, -1 for those left out; widths narrow or the columns' own. */
static int
find_targets(struct batch *dst, struct batch *src, const uint32_t *idx, size_t n, const bool *takes,
    bool narrow, int *to)
{
	for (unsigned i = 0; i < src->n_cols; i++) {
		const struct column *c = &src->col[i];

		to[i] = -1;
		if ((c->flags & COLUMN_EMPTY) || (takes != NULL && !takes[i]))
			continue;
		if (narrow)
			c = batch_plain(src, i);
		to[i] = batch_column(dst, &c->id, (enum type)c->type,
		    narrow ? needed_width(c, idx, n) : c->width, c->flags);
		if (to[i] < 0)
			return -1;
	}
	return 0;
}

static int
append_columns(struct batch *dst, struct batch *src, const uint32_t *idx, size_t n,
    const bool *takes, bool narrow)
{
	unsigned stored = src->n_cols;
	int to[stored + 1];
	size_t first;

	if (find_targets(dst, src, idx, n, takes, narrow, to) != 0)
		return -1;
	first = batch_extend(dst, n);
	for (unsigned i = 0; i < stored; i++) {
		const struct column *from;
		struct column *c;

		if (to[i] < 0)
			continue;
		from = batch_plain(src, i);
		c = &dst->col[to[i]];
		if (c->width == 0)
			dst->octets += append_octets(c, first, from, idx, n);
		else
			column_convert(c, first, from, idx, n);
		append_presence(dst, (unsigned)to[i], first, from, idx, n);
		batch_precision(dst, (unsigned)to[i], from->scale);
	}
	return 0;
}

int
batch_append(struct batch *dst, struct batch *src, const uint32_t *idx, size_t n)
{
	return append_columns(dst, src, idx, n, NULL, false);
}

int
batch_keep(struct batch *dst, struct batch *src, const uint32_t *idx, size_t n, const bool *takes)
{
	return append_columns(dst, src, idx, n, takes, true);
}
