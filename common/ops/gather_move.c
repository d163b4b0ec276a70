/*
 * gather_move.c - values from chunks to the window, block by block, and into order there.
 */
#include "base/ordered.h"
#include "ops/gather_plan.h"

enum { FEW_BLOCKS = 16 }; /* made record by record at a time */

/* Chunks to blocks ------------------------------------------------------------------------------ */

/* Of a chunk the slots in block `block` of the output. */
static const uint32_t *
slots_of(const struct gather *g, size_t chunk, size_t block, size_t *n)
{
	const uint32_t *slice = g->slice + chunk * (g->all + 1) + block;

	*n = slice[1] - slice[0];
	return g->slot + g->in.first[chunk] + slice[0];
}

/* In each block of the window chunks stand one behind the other. */
static void
find_places(struct gather *g)
{
	for (size_t block = 0; block < g->blocks; block++) {
		size_t at = block << g->shift, n;

		for (size_t i = 0; i < g->in.n_chunks; i++) {
			(void)slots_of(g, i, (g->begin >> g->shift) + block, &n);
			g->place[i * g->blocks + block] = (uint32_t)at;
			at += n;
		}
	}
}

struct cell16 {
	uint64_t w[2];
};

#define FETCH(T, AT) \
	do { \
		T *t = to; \
		const T *v = from; \
		for (size_t k = 0; k < n; k++) \
			t[k] = v[AT]; \
	} while (0)
#define FETCH_CELLS(AT) \
	switch (cell) { \
	case 1: FETCH(uint8_t, AT); break; \
	case 2: FETCH(uint16_t, AT); break; \
	case 4: FETCH(uint32_t, AT); break; \
	case 8: FETCH(uint64_t, AT); break; \
	default: FETCH(struct cell16, AT); break; \
	}

static void
fetch_cells(const struct packed *p, void *to, unsigned cell, const uint32_t *slot, size_t n)
{
	const void *from = p->data;

	if (p->form == PACKED_DICT)
		FETCH_CELLS(p->codes[slot_rec(slot[k])])
	else
		FETCH_CELLS(slot_rec(slot[k]))
}

static void
scatter_chunk(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	const uint32_t *place = g->place + i * g->blocks;
	size_t first = g->begin >> g->shift;

	(void)worker;
	for (size_t k = 0; k < g->n_cols; k++) {
		struct wide *w = &g->col[k];
		const struct packed *p = w->from[i];
		unsigned cell = p == NULL ? 0 : gather_cell(p);

		for (size_t block = 0; block < g->blocks && cell > 0; block++) {
			size_t n;
			const uint32_t *slot = slots_of(g, i, first + block, &n);

			fetch_cells(p, w->data + place[block] * w->cell, cell, slot, n);
		}
	}
}

/* One record; false: not in this batch, as a column's type differs. */
static bool
put_record(struct batch *out, const struct chunk *c, size_t rec)
{
	int col[c->n_cols + 1];
	size_t at;

	for (size_t k = 0; k < c->n_cols; k++) {
		const struct packed *p = &c->col[k];

		col[k] = batch_column(out, &p->id, (enum type)p->type, p->width, p->flags);
		if (col[k] < 0)
			return false;
	}
	at = batch_extend(out, 1);
	for (size_t k = 0; k < c->n_cols; k++) {
		packed_put(&c->col[k], rec, out, (unsigned)col[k], at);
		batch_precision(out, (unsigned)col[k], c->col[k].scale);
	}
	return true;
}

void
gather_drop_made(struct gather *g)
{
	for (size_t i = 0; i < g->n_made; i++)
		batch_free(g->made[i]);
	g->n_made = 0;
}

/* Where records cannot all stand in one batch: as they come, cut where they differ. */
static void
make_blocks(struct gather *g)
{
	gather_drop_made(g);
	if (g->made == NULL)
		g->made = mem_zero(FEW_BLOCKS, sizeof(*g->made));
	while (g->next < g->in.n && g->n_made < FEW_BLOCKS) {
		struct batch *out = batch_new();

		for (; g->next < g->in.n && out->n < g->step; g->next++) {
			uint32_t id = g->in.order[g->next];

			if (!put_record(out, &g->in.chunk[order_chunk(id)], order_record(id)))
				break;
		}
		batch_close(out);
		g->made[g->n_made++] = out;
	}
}

size_t
gather_window(struct gather *g)
{
	if (g->by_record) {
		make_blocks(g);
		return g->n_made;
	}
	g->begin += g->n;
	g->n = g->in.n - g->begin < g->room ? g->in.n - g->begin : g->room;
	g->blocks = (g->n + g->step - 1) >> g->shift;
	if (g->n == 0)
		return 0;
	find_places(g);
	ordered_each(g->in.threads, g->in.n_chunks, scatter_chunk, g);
	return g->blocks;
}

/* Blocks to batches ----------------------------------------------------------------------------- */

/* To the places of records, from their cells. */
#define SPREAD(TO, FROM) \
	do { \
		TO *to = out; \
		const FROM *v = cells; \
		for (size_t k = 0; k < n; k++) \
			to[slot_within(slot[k])] = (TO)v[k]; \
	} while (0)
#define SPREAD_FROM(TO, SIGN) \
	switch (p->store) { \
	case 1: SPREAD(TO, SIGN##8_t); break; \
	case 2: SPREAD(TO, SIGN##16_t); break; \
	case 4: SPREAD(TO, SIGN##32_t); break; \
	default: SPREAD(TO, SIGN##64_t); break; \
	}
#define SPREAD_CELLS(SIGN) \
	switch (width) { \
	case 1: SPREAD(uint8_t, uint8_t); break; \
	case 2: SPREAD_FROM(SIGN##16_t, SIGN); break; \
	case 4: SPREAD_FROM(SIGN##32_t, SIGN); break; \
	case 8: SPREAD_FROM(SIGN##64_t, SIGN); break; \
	default: SPREAD(struct cell16, struct cell16); break; \
	}

static void
spread_times(const struct packed *p, void *out, const void *cells, const uint32_t *slot, size_t n)
{
	const uint32_t *v = cells;
	uint64_t *to = out;

	for (size_t k = 0; k < n; k++)
		to[slot_within(slot[k])] = p->base + p->unit * v[k];
}

static void
spread_constant(const struct packed *p, unsigned width, void *out, const uint32_t *slot, size_t n)
{
	struct addr a = addr_v4((uint32_t)p->base);

	for (size_t k = 0; k < n; k++)
		memcpy((uint8_t *)out + slot_within(slot[k]) * width,
		    width == 16 ? (const void *)&a : &p->base, width);
}

/* Where one chunk has IPv4 addresses only, and another has not. */
static void
spread_mapped(void *out, const void *cells, const uint32_t *slot, size_t n)
{
	const uint32_t *v = cells;

	for (size_t k = 0; k < n; k++) {
		struct addr a = addr_v4(v[k]);

		memcpy((uint8_t *)out + slot_within(slot[k]) * 16, a.b, 16);
	}
}

static void
spread_cells(const struct packed *p, unsigned width, void *out, const void *cells,
    const uint32_t *slot, size_t n)
{
	if (p->form == PACKED_CONST) {
		spread_constant(p, width, out, slot, n);
	} else if (width == 16 && p->store == 4) {
		spread_mapped(out, cells, slot, n);
	} else if (p->form == PACKED_TIME) {
		spread_times(p, out, cells, slot, n);
	} else if (p->type == TYPE_INT) {
		SPREAD_CELLS(int)
	} else {
		SPREAD_CELLS(uint)
	}
}

/* Of one chunk's records in a block those that have a value. */
static void
spread_presence(const struct packed *p, uint64_t *bits, const uint32_t *slot, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		size_t to = slot_within(slot[k]);
		bool has = p->present == NULL || bits_get(p->present, slot_rec(slot[k]));

		bits[to / 64] |= (uint64_t)has << to % 64;
	}
}

/* Octets are fetched from where they are, in order. */
static void
block_octets(const struct gather *g, const struct wide *w, struct batch *out, unsigned col,
    size_t first, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		uint32_t id = g->in.order[first + k];
		const struct packed *p = w->from[order_chunk(id)];

		if (p != NULL)
			packed_put(p, order_record(id), out, col, k);
	}
}

static void
block_column(const struct gather *g, const struct wide *w, struct batch *out, unsigned col,
    size_t block, size_t n)
{
	size_t at = block << g->shift, records;
	struct column *c = &out->col[col];

	batch_precision(out, col, w->scale);
	if (w->width == 0) {
		block_octets(g, w, out, col, g->begin + at, n);
		return;
	}
	if (w->constant) {
		batch_fill(out, col, 0, n, w->value);
		batch_mark(out, col, 0, n);
		return;
	}
	if (!w->partial)
		batch_mark(out, col, 0, n);
	for (size_t i = 0; i < g->in.n_chunks; i++, at += records) {
		const struct packed *p = w->from[i];
		const uint32_t *slot = slots_of(g, i, (g->begin >> g->shift) + block, &records);

		if (p == NULL || records == 0)
			continue;
		spread_cells(p, w->width, c->data, w->data + at * w->cell, slot, records);
		if (w->partial)
			spread_presence(p, c->bits, slot, records);
	}
}

void
gather_block(const struct gather *g, size_t i, struct batch *out)
{
	size_t left = g->n - (i << g->shift), n = left < g->step ? left : g->step;

	batch_reset(out);
	if (g->by_record) {
		(void)batch_append(out, g->made[i], NULL, g->made[i]->n);
		batch_close(out);
		return;
	}
	for (size_t k = 0; k < g->n_cols; k++)
		(void)batch_column(out, &g->col[k].id, (enum type)g->col[k].type, g->col[k].width,
		    g->col[k].flags);
	batch_extend(out, n);
	for (size_t k = 0; k < g->n_cols; k++)
		block_column(g, &g->col[k], out, (unsigned)k, i, n);
	batch_close(out);
	if (g->sort_column >= 0 && !(out->col[g->sort_column].flags & COLUMN_EMPTY)) {
		out->sort_column = (uint16_t)(g->sort_column + 1);
		out->sort_descending = !g->in.keys->ascending;
	}
}
