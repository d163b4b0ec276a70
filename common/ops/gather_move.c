/*
 * gather_move.c - values from chunks to the blocks of the output, into order there.
 */
#include "base/ordered.h"
#include "flow/cells.h"
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

/* Of a chunk how many records are in the window. */
static size_t
window_records(const struct gather *g, size_t chunk)
{
	const uint32_t *before = g->before + chunk * (g->all + 1) + g->first;

	return before[g->blocks] - before[0];
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
			cells_by_code(w->cells + s.place * w->cell, p->data, p->store,
			    p->codes + s.first, s.n);
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

/* What making a block takes: its slices, the values of one column as they stand there, and which comes where. */
struct desk {
	struct slice *slice; /* of each chunk */
	void *values;
	uint16_t *from; /* of each record of the output, the number of its value */
};

static struct desk *
desk_new(const struct gather *g, size_t block, size_t n)
{
	struct desk *d = mem_alloc(sizeof(*d));
	size_t at = 0;

	d->slice = mem_alloc((g->in.n_chunks + 1) * sizeof(*d->slice));
	d->values = mem_alloc(n * CHUNK_CELL_MAX);
	d->from = mem_alloc(n * sizeof(*d->from));
	for (size_t i = 0; i < g->in.n_chunks; i++) {
		struct slice s = gather_slice(g, i, block);

		for (size_t k = 0; k < s.n; k++)
			d->from[s.within[k]] = (uint16_t)at++;
		d->slice[i] = s;
	}
	return d;
}

static void
desk_free(struct desk *d)
{
	mem_free(d->slice);
	mem_free(d->values);
	mem_free(d->from);
	mem_free(d);
}

static void
widen_times(const struct packed *p, uint64_t *out, const uint32_t *cells, size_t n)
{
	uint64_t base = p->base, unit = p->unit;

	for (size_t k = 0; k < n; k++)
		out[k] = base + unit * cells[k];
}

static void
repeat_constant(const struct packed *p, unsigned width, uint8_t *out, size_t n)
{
	struct addr a = addr_v4((uint32_t)p->base);

	for (size_t k = 0; k < n; k++)
		memcpy(out + k * width, width == 16 ? (const void *)&a : &p->base, width);
}

/* Where one chunk has IPv4 addresses only, and another has not. */
static void
map_addresses(struct addr *out, const uint32_t *cells, size_t n)
{
	for (size_t k = 0; k < n; k++)
		out[k] = addr_v4(cells[k]);
}

/* Cells as values of the output's width, one behind the other. */
static void
widen(const struct packed *p, unsigned width, void *out, const void *cells, size_t n)
{
	if (p->form == PACKED_CONST)
		repeat_constant(p, width, out, n);
	else if (p->form == PACKED_TIME)
		widen_times(p, out, cells, n);
	else if (width == 16 && p->store < width)
		map_addresses(out, cells, n);
	else
		cells_convert(out, width, cells, p->store, p->type == TYPE_INT, NULL, n);
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

/* Those of a block's records that have a value. */
static void
block_presence(
    const struct gather *g, const struct wide *w, const struct desk *d, uint64_t *bits, size_t n)
{
	uint8_t *has = d->values;

	for (size_t i = 0; i < g->in.n_chunks; i++) {
		const struct packed *p = w->from[i];
		const struct slice *s = &d->slice[i];

		for (size_t k = 0; k < s->n; k++)
			*has++ = p != NULL && bits_has(p->present, s->first + k);
	}
	has = d->values;
	for (size_t k = 0; k < n; k++)
		bits[k / 64] |= (uint64_t)has[d->from[k]] << k % 64;
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
block_column(const struct gather *g, const struct wide *w, const struct desk *d, struct batch *out,
    unsigned col, size_t block, size_t n)
{
	struct column *c = &out->col[col];
	uint8_t *values = d->values;

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
	for (size_t i = 0; i < g->in.n_chunks; i++) {
		const struct packed *p = w->from[i];
		const struct slice *s = &d->slice[i];

		fetch_ahead(g, w, d->slice, i);
		if (p == NULL)
			memset(values, 0, s->n * w->width);
		else if (s->n > 0)
			widen(p, w->width, values, cells_of(w, p, s), s->n);
		values += s->n * w->width;
	}
	cells_by_code(c->data, d->values, w->width, d->from, n);
	if (w->partial)
		block_presence(g, w, d, c->bits, n);
	else
		batch_mark(out, col, 0, n);
}

void
gather_block(const struct gather *g, size_t i, struct batch *out)
{
	size_t left = g->n - (i << g->shift), n = left < g->step ? left : g->step;
	struct desk *d;

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
	d = desk_new(g, g->first + i, n);
	for (size_t k = 0; k < g->n_cols; k++)
		block_column(g, &g->col[k], d, out, (unsigned)k, g->first + i, n);
	desk_free(d);
	batch_close(out);
	if (g->sort_column >= 0 && !(out->col[g->sort_column].flags & COLUMN_EMPTY)) {
		out->sort_column = (uint16_t)(g->sort_column + 1);
		out->sort_descending = !g->in.keys->ascending;
	}
}
