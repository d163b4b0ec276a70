/*
 * gather.c - in two steps, both by column: the records wanted of each batch, one batch after the other, then
 * these in order.  Appending record by record costs a column lookup for each cell.
 */
#include "ops/gather.h"

struct gather {
	struct batch *const *src;
	size_t n_src;
	struct batch *part, *out;
	uint32_t *first; /* of each source, its records' place in part */
	uint32_t *idx, *order;
	bool (*fn)(void *ctx, struct batch *);
	void *ctx;
};

static bool
hand_out(struct gather *g)
{
	bool more = true;

	if (g->out->n > 0) {
		batch_close(g->out);
		more = g->fn(g->ctx, g->out);
	}
	batch_reset(g->out);
	return more;
}

/* Where records cannot stand in one batch (a column's type differs): as they come, cut where they differ. */
static bool
one_by_one(struct gather *g, const struct ref *r, size_t n)
{
	batch_reset(g->out);
	for (size_t i = 0; i < n; i++) {
		struct batch *from = g->src[r[i].chunk];

		if (batch_append(g->out, from, &r[i].rec, 1) == 0)
			continue;
		if (!hand_out(g))
			return false;
		(void)batch_append(g->out, from, &r[i].rec, 1);
	}
	return hand_out(g);
}

static bool
gather_window(struct gather *g, const struct ref *r, size_t n)
{
	memset(g->first, 0, (g->n_src + 1) * sizeof(*g->first));
	for (size_t i = 0; i < n; i++)
		g->first[r[i].chunk + 1]++;
	for (size_t s = 0; s < g->n_src; s++)
		g->first[s + 1] += g->first[s];
	for (size_t i = 0; i < n; i++) {
		g->order[i] = g->first[r[i].chunk]++;
		g->idx[g->order[i]] = r[i].rec;
	}
	batch_reset(g->part);
	for (size_t s = 0, at = 0; s < g->n_src; s++) {
		size_t m = g->first[s] - at;

		if (m > 0 && batch_append(g->part, g->src[s], g->idx + at, m) < 0)
			return one_by_one(g, r, n);
		at = g->first[s];
	}
	batch_close(g->part);
	batch_reset(g->out);
	(void)batch_append(g->out, g->part, g->order, n);
	return hand_out(g);
}

/* Fewer records at a time where they are long, so that a batch stays within its octets. */
static size_t
window(struct batch *const *src, size_t n_src, size_t most)
{
	size_t octets = 0, records = 1, n;

	for (size_t s = 0; s < n_src; s++) {
		octets += src[s] ? batch_octets(src[s]) : 0;
		records += src[s] ? src[s]->n : 0;
	}
	n = BATCH_OCTETS / (octets / records + 1) + 1;
	return n < most ? n : most;
}

bool
gather_refs(struct batch *const *src, size_t n_src, const struct ref *r, size_t n, size_t most,
    bool (*fn)(void *ctx, struct batch *), void *ctx)
{
	struct gather g = { .src = src, .n_src = n_src, .fn = fn, .ctx = ctx };
	size_t step = window(src, n_src, most ? most : BATCH_RECORDS);
	bool more = true;

	g.part = batch_new();
	g.out = batch_new();
	g.first = mem_alloc((n_src + 2) * sizeof(*g.first));
	g.idx = mem_alloc((step + 1) * sizeof(*g.idx));
	g.order = mem_alloc((step + 1) * sizeof(*g.order));
	for (size_t i = 0; i < n && more; i += step)
		more = gather_window(&g, r + i, n - i < step ? n - i : step);
	batch_free(g.part);
	batch_free(g.out);
	mem_free(g.first);
	mem_free(g.idx);
	mem_free(g.order);
	return more;
}
