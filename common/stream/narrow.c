/*
 * narrow.c - few of a block's records: the batch shrinks to them, and later columns are decoded for them alone.
 */
#include "stream/block.h"

#include "flow/cells.h"

void *
narrow_cells(struct stream_slot *s, const void *from, unsigned width)
{
	size_t n = s->batch.n;
	void *to = arena_alloc(&s->batch.arena, n * width + SLACK);

	cells_by_index(to, from, width, s->idx, n);
	return to;
}

uint64_t *
narrow_bits(struct stream_slot *s, const uint64_t *bits)
{
	size_t n = s->batch.n;
	uint64_t *to = arena_zero(&s->batch.arena, (bits_words(n) + 1) * 8);

	for (size_t j = 0; j < n; j++)
		to[j / 64] |= (uint64_t)bits_get(bits, s->idx[j]) << (j % 64);
	return to;
}

void
narrow_octets(struct stream_slot *s, void **data, uint32_t **off)
{
	const uint32_t *from = *off;
	const uint8_t *octets = *data;
	size_t n = s->batch.n, len = 0;
	uint32_t *ends = arena_alloc(&s->batch.arena, (n + 1) * sizeof(*ends));
	uint8_t *to;

	for (size_t j = 0; j < n; j++) {
		ends[j] = (uint32_t)len;
		len += from[s->idx[j] + 1] - from[s->idx[j]];
	}
	ends[n] = (uint32_t)len;
	to = arena_alloc(&s->batch.arena, len + SLACK);
	for (size_t j = 0; j < n; j++)
		memcpy(to + ends[j], octets + from[s->idx[j]], ends[j + 1] - ends[j]);
	*data = to;
	*off = ends;
}

static void
narrow_column(struct stream_slot *s, struct column *c)
{
	c->planes = NULL;
	if (c->present != NULL)
		c->present = narrow_bits(s, c->present);
	if (c->codes != NULL)
		c->codes = narrow_cells(s, c->codes, sizeof(*c->codes));
	if (c->form != COLUMN_PLAIN)
		return;
	if (c->width == 0)
		narrow_octets(s, &c->data, &c->off);
	else
		c->data = narrow_cells(s, c->data, c->width);
}

void
slot_reduce(struct stream_slot *s, const uint64_t *sel, size_t n)
{
	struct batch *b = &s->batch;

	s->idx = arena_alloc(&b->arena, n * sizeof(*s->idx));
	(void)bits_indexes(sel, b->n, s->idx);
	b->n = n;
	b->n_all = b->n_cols; /* computed ones are computed again */
	for (unsigned i = 0; i < b->n_cols; i++)
		narrow_column(s, &b->col[i]);
}

bool
slot_narrow(struct stream_slot *s, const uint64_t *sel, size_t n)
{
	if (s->idx != NULL || n == 0 || n > s->batch.n / NARROW_SHARE)
		return false;
	slot_reduce(s, sel, n);
	return true;
}

bool
slot_is_narrow(const struct stream_slot *s)
{
	return s->idx != NULL;
}
