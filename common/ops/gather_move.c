/*
 * gather_move.c - values from chunks to the blocks of the output, into order there.
 */
#include "base/ordered.h"
#include "ops/gather_plan.h"

/* FEW_BLOCKS: made record by record at a time.  LINE: of the caches.  AHEAD: chunks. */
enum { FEW_BLOCKS = 16, LINE = 64, AHEAD = 2 };

/* Record by record --------------------------------------------------------------------------- */

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

/* Windows -------------------------------------------------------------------------------------- */

struct cell16 {
	uint64_t w[2];
};

/* Of a chunk how many records are in the window. */
static size_t
window_records(const struct gather *g, size_t chunk)
{
	const uint32_t *before = g->before + chunk * (g->all + 1) + g->first;

	return before[g->blocks] - before[0];
}

#define RESOLVE(T) \
	do { \
		T *to = out; \
		const T *v = p->data; \
		for (size_t k = 0; k < n; k++) \
			to[k] = v[codes[k]]; \
	} while (0)

static void
resolve(const struct packed *p, const uint16_t *codes, size_t n, void *out)
{
	switch (p->store) {
	case 1: RESOLVE(uint8_t); break;
	case 2: RESOLVE(uint16_t); break;
	case 4: RESOLVE(uint32_t); break;
	case 8: RESOLVE(uint64_t); break;
	default: RESOLVE(struct cell16); break;
	}
}

static void
resolve_chunk(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	struct slice s = gather_slice(g, i, g->first);

	(void)worker;
	s.n = window_records(g, i);
	for (size_t k = 0; k < g->n_cols; k++) {
		struct wide *w = &g->col[k];
		const struct packed *p = w->from[i];

		if (p != NULL && gather_resolves(p))
			resolve(p, p->codes + s.first, s.n, w->cells + s.place * w->cell);
	}
}

size_t
gather_window(struct gather *g)
{
	size_t begin, place = 0;

	if (g->by_record) {
		make_blocks(g);
		return g->n_made;
	}
	g->first += g->blocks;
	begin = g->first << g->shift;
	if (begin >= g->in.n)
		return 0;
	g->n = g->in.n - begin < g->room ? g->in.n - begin : g->room;
	g->blocks = (g->n + g->step - 1) >> g->shift;
	for (size_t i = 0; i < g->in.n_chunks; i++) {
		g->place[i] = (uint32_t)place;
		place += window_records(g, i);
	}
	ordered_each(g->in.threads, g->in.n_chunks, resolve_chunk, g);
	return g->blocks;
}

/* Blocks to batches ----------------------------------------------------------------------------- */

/* To the places of records, from their cells. */
#define SPREAD(TO, FROM) \
	do { \
		TO *to = out; \
		const FROM *v = cells; \
		for (size_t k = 0; k < n; k++) \
			to[within[k]] = (TO)v[k]; \
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
spread_times(const struct packed *p, void *out, const void *cells, const uint16_t *within, size_t n)
{
	const uint32_t *v = cells;
	uint64_t *to = out, base = p->base, unit = p->unit;

	for (size_t k = 0; k < n; k++)
		to[within[k]] = base + unit * v[k];
}

static void
spread_constant(const struct packed *p, unsigned width, void *out, const uint16_t *within, size_t n)
{
	struct addr a = addr_v4((uint32_t)p->base);

	for (size_t k = 0; k < n; k++)
		memcpy((uint8_t *)out + within[k] * width,
		    width == 16 ? (const void *)&a : &p->base, width);
}

/* Where one chunk has IPv4 addresses only, and another has not. */
static void
spread_mapped(void *out, const void *cells, const uint16_t *within, size_t n)
{
	const uint32_t *v = cells;

	for (size_t k = 0; k < n; k++) {
		struct addr a = addr_v4(v[k]);

		memcpy((uint8_t *)out + within[k] * sizeof(a.b), a.b, sizeof(a.b));
	}
}

static void
spread_cells(const struct packed *p, unsigned width, void *out, const void *cells,
    const uint16_t *within, size_t n)
{
	if (p->form == PACKED_CONST) {
		spread_constant(p, width, out, within, n);
	} else if (width == 16 && p->store == 4) {
		spread_mapped(out, cells, within, n);
	} else if (p->form == PACKED_TIME) {
		spread_times(p, out, cells, within, n);
	} else if (p->type == TYPE_INT) {
		SPREAD_CELLS(int)
	} else {
		SPREAD_CELLS(uint)
	}
}

/* Where the cells of a slice stand; NULL: they are all the same. */
static const uint8_t *
cells_of(const struct wide *w, const struct packed *p, const struct slice *s)
{
	if (p->form == PACKED_CONST)
		return NULL;
	if (gather_resolves(p))
		return w->cells + s->place * w->cell + s->cell * p->store;
	return (const uint8_t *)p->data + s->first * p->store;
}

/* Stretches are too short for the processor to foresee where the next one begins. */
static void
fetch_ahead(const struct gather *g, const struct wide *w, const struct slice *slice, size_t i)
{
	const struct packed *p;
	const uint8_t *cells;

	if (i + 2 * AHEAD < g->in.n_chunks && (p = w->from[i + 2 * AHEAD]) != NULL) {
		__builtin_prefetch(p);
		__builtin_prefetch((const char *)p + LINE);
	}
	if (i + AHEAD >= g->in.n_chunks || (p = w->from[i + AHEAD]) == NULL)
		return;
	cells = cells_of(w, p, &slice[i + AHEAD]);
	for (size_t o = 0; cells != NULL && o < slice[i + AHEAD].n * p->store; o += LINE)
		__builtin_prefetch(cells + o);
}

/* Of one chunk's records in a block those that have a value. */
static void
spread_presence(const struct packed *p, uint64_t *bits, const struct slice *s)
{
	for (size_t k = 0; k < s->n; k++) {
		size_t to = s->within[k];
		bool has = p->present == NULL || bits_get(p->present, s->first + k);

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
    size_t block, size_t n, const struct slice *slice)
{
	struct column *c = &out->col[col];

	batch_precision(out, col, w->scale);
	if (w->width == 0) {
		block_octets(g, w, out, col, block << g->shift, n);
		return;
	}
	if (w->constant) {
		batch_fill(out, col, 0, n, w->value);
		batch_mark(out, col, 0, n);
		return;
	}
	if (!w->partial)
		batch_mark(out, col, 0, n);
	for (size_t i = 0; i < g->in.n_chunks; i++) {
		const struct packed *p = w->from[i];

		fetch_ahead(g, w, slice, i);
		if (p == NULL || slice[i].n == 0)
			continue;
		spread_cells(
		    p, w->width, c->data, cells_of(w, p, &slice[i]), slice[i].within, slice[i].n);
		if (w->partial)
			spread_presence(p, c->bits, &slice[i]);
	}
}

void
gather_block(const struct gather *g, size_t i, struct batch *out)
{
	size_t left = g->n - (i << g->shift), n = left < g->step ? left : g->step;
	struct slice *slice;

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
	slice = mem_alloc((g->in.n_chunks + 1) * sizeof(*slice));
	for (size_t k = 0; k < g->in.n_chunks; k++)
		slice[k] = gather_slice(g, k, g->first + i);
	for (size_t k = 0; k < g->n_cols; k++)
		block_column(g, &g->col[k], out, (unsigned)k, g->first + i, n, slice);
	mem_free(slice);
	batch_close(out);
	if (g->sort_column >= 0 && !(out->col[g->sort_column].flags & COLUMN_EMPTY)) {
		out->sort_column = (uint16_t)(g->sort_column + 1);
		out->sort_descending = !g->in.keys->ascending;
	}
}
