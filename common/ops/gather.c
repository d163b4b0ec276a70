#include "ops/gather.h"

#include "base/ordered.h"

enum { STRETCH = 1 << 16, FEW_BLOCKS = 16 };

/* A column of the output. */
struct wide {
	struct field_id id;
	uint8_t type, width, scale, store; /* store: octets a value here */
	uint16_t flags; /* COLUMN_SCOPE */
	bool partial; /* some records have none */
	bool constant; /* all have this one */
	uint64_t value;
	size_t chunks; /* that have it */
	int32_t *at; /* which column of each chunk; -1: none */

	/* Of the window: by block, within it as the chunks have them. */
	void *data;
	uint8_t *has; /* partial: a value? */
};

struct gather {
	struct gather_input in;
	struct wide *col;
	size_t n_cols, cap_cols;
	bool conflict; /* one identity, two types: not by column */
	int sort_column; /* of the output; -1 none */

	size_t step, shift; /* records of a block: 1 << shift */
	size_t begin, n, blocks; /* the window */
	size_t room; /* records of a window at the most */
	uint32_t *rank; /* of each record of each chunk, its place in order */
	uint32_t *place; /* of each chunk and block, where its next record goes */
	uint16_t *within; /* of each record of the window, its place in its block */
	struct scratch {
		uint32_t *rec, *to;
		void *cells;
	} * scratch;

	struct batch **made; /* conflict: the blocks of the window */
	size_t n_made, next;
};

/* Columns --------------------------------------------------------------------------------------- */

static struct wide *
find_wide(struct gather *g, const struct column *c, size_t *hint)
{
	for (size_t k = 0; k < g->n_cols; k++) {
		size_t i = (*hint + k) % g->n_cols;
		struct wide *w = &g->col[i];

		if (w->id.id != c->id.id || !field_id_equal(&w->id, &c->id) ||
		    ((w->flags ^ c->flags) & COLUMN_SCOPE))
			continue;
		*hint = i + 1;
		return w;
	}
	if (g->n_cols == g->cap_cols) {
		g->cap_cols = g->cap_cols ? 2 * g->cap_cols : 32;
		g->col = mem_resize(g->col, g->cap_cols, sizeof(*g->col));
	}
	g->col[g->n_cols] = (struct wide){ .id = c->id,
		.type = c->type,
		.width = c->width,
		.store = c->width,
		.scale = c->scale,
		.flags = c->flags & COLUMN_SCOPE };
	g->col[g->n_cols].at = mem_alloc(g->in.n_chunks * sizeof(*g->col->at));
	memset(g->col[g->n_cols].at, 0xff, g->in.n_chunks * sizeof(*g->col->at));
	return &g->col[g->n_cols++];
}

static void
add_column(struct gather *g, size_t chunk, unsigned i, size_t *hint)
{
	struct column *c = &g->in.chunk[chunk].b->col[i];
	unsigned width = g->in.chunk[chunk].width[i];
	struct wide *w = find_wide(g, c, hint);
	bool same = (c->flags & COLUMN_ZONE) && c->min == c->max && c->width <= 8 && c->width > 0;
	uint64_t value = 0;

	if (w->type != c->type) {
		g->conflict = true;
		return;
	}
	same = same && c->type != TYPE_FLOAT32 && c->type != TYPE_FLOAT64;
	if (same && c->type == TYPE_INT)
		value = (uint64_t)column_int(c, 0);
	else if (same)
		value = column_uint(c, 0);
	w->constant = (w->chunks == 0 || w->constant) && same && c->present == NULL &&
		      (w->chunks == 0 || w->value == value);
	w->value = value;
	w->at[chunk] = (int32_t)i;
	w->chunks++;
	w->store = c->width > w->store ? c->width : w->store;
	w->width = width > w->width ? (uint8_t)width : w->width;
	w->scale = c->scale < w->scale ? c->scale : w->scale;
	w->partial = w->partial || c->present != NULL;
}

static void
find_columns(struct gather *g)
{
	size_t with_records = 0;

	for (size_t i = 0; i < g->in.n_chunks; i++) {
		const struct batch *b = g->in.chunk[i].b;
		size_t hint = 0;

		if (b == NULL || b->n == 0)
			continue;
		with_records++;
		for (unsigned k = 0; k < b->n_cols; k++)
			if (!(b->col[k].flags & COLUMN_EMPTY))
				add_column(g, i, k, &hint);
	}
	for (size_t k = 0; k < g->n_cols; k++) {
		struct wide *w = &g->col[k];

		w->partial = w->partial || w->chunks < with_records;
		w->constant = w->constant && !w->partial && w->type != TYPE_IP;
	}
	if (g->n_cols > BATCH_COLUMNS_MAX)
		g->conflict = true;
}

/* The order is a column's own where every record that has a value of the key has it there. */
static void
find_order(struct gather *g)
{
	const struct sort_key *k = g->in.keys;

	g->sort_column = -1;
	if (g->in.n_keys == 0 || g->conflict || k->field.derived != DERIVED_NONE)
		return;
	for (size_t i = 0; i < g->n_cols; i++) {
		for (unsigned a = 0; a < k->field.n; a++) {
			if (!field_id_equal(&g->col[i].id, &k->field.id[a]))
				continue;
			if (a > 0 || g->sort_column >= 0) {
				g->sort_column = -1;
				return;
			}
			g->sort_column = (int)i;
		}
	}
}

/* Octets of a record in the window. */
static size_t
row_octets(const struct gather *g)
{
	size_t octets = sizeof(*g->within);

	for (size_t k = 0; k < g->n_cols; k++)
		if (!g->col[k].constant)
			octets += g->col[k].store + (size_t)g->col[k].partial;
	return octets;
}

/* Blocks of fewer records where they are long, so that a batch stays within its octets. */
static void
set_step(struct gather *g)
{
	size_t octets = 0, records = 1, most = g->in.most, row;

	for (size_t i = 0; i < g->in.n_chunks; i++) {
		octets += g->in.chunk[i].b ? batch_octets(g->in.chunk[i].b) : 0;
		records += g->in.chunk[i].b ? g->in.chunk[i].b->n : 0;
	}
	row = octets / records + 1;
	while (most > 1 && most * row > BATCH_OCTETS)
		most /= 2;
	for (g->shift = 0; (size_t)2 << g->shift <= most;)
		g->shift++;
	g->step = (size_t)1 << g->shift;
	row = row_octets(g);
	g->room = g->in.memory / row / g->step * g->step;
	if (g->room < g->step)
		g->room = g->step;
	if (g->room > g->in.n)
		g->room = (g->in.n + g->step - 1) / g->step * g->step;
}

static void
rank_stretch(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	size_t end = (i + 1) * STRETCH < g->in.n ? (i + 1) * STRETCH : g->in.n;

	(void)worker;
	for (size_t r = i * STRETCH; r < end; r++) {
		uint32_t id = g->in.order[r];

		g->rank[g->in.first[order_chunk(id)] + order_record(id)] = (uint32_t)r;
	}
}

/* Records that are not wanted have no rank. */
static void
find_ranks(struct gather *g)
{
	size_t all = g->in.first[g->in.n_chunks];

	g->rank = mem_table((all + 1) * sizeof(*g->rank));
	if (g->in.n < all)
		memset(g->rank, 0xff, all * sizeof(*g->rank));
	ordered_each(g->in.threads, (g->in.n + STRETCH - 1) / STRETCH, rank_stretch, g);
}

static void
reserve_window(struct gather *g)
{
	g->place =
	    mem_alloc((g->in.n_chunks * (g->room >> g->shift) + 1) * sizeof(*g->place));
	g->within = mem_alloc(g->room * sizeof(*g->within));
	for (size_t k = 0; k < g->n_cols; k++) {
		struct wide *w = &g->col[k];

		if (w->width > 0 && !w->constant)
			w->data = mem_table(g->room * w->store);
		if (w->partial && w->width > 0)
			w->has = mem_alloc(g->room);
	}
	g->scratch = mem_zero(g->in.threads, sizeof(*g->scratch));
	for (unsigned t = 0; t < g->in.threads; t++) {
		g->scratch[t].rec = mem_alloc(BATCH_RECORDS * sizeof(uint32_t));
		g->scratch[t].to = mem_alloc(BATCH_RECORDS * sizeof(uint32_t));
		g->scratch[t].cells = mem_alloc(BATCH_RECORDS * 16);
	}
}

struct gather *
gather_new(const struct gather_input *in)
{
	struct gather *g = mem_zero(1, sizeof(*g));

	g->in = *in;
	g->in.threads = in->threads ? in->threads : 1;
	find_columns(g);
	find_order(g);
	set_step(g);
	if (g->conflict)
		return g;
	find_ranks(g);
	reserve_window(g);
	return g;
}

static void
free_made(struct gather *g)
{
	for (size_t i = 0; i < g->n_made; i++)
		batch_free(g->made[i]);
	g->n_made = 0;
}

void
gather_free(struct gather *g)
{
	if (g == NULL)
		return;
	for (size_t k = 0; k < g->n_cols; k++) {
		if (g->col[k].data != NULL)
			mem_free_table(g->col[k].data, g->room * g->col[k].store);
		mem_free(g->col[k].has);
		mem_free(g->col[k].at);
	}
	for (unsigned t = 0; g->scratch != NULL && t < g->in.threads; t++) {
		mem_free(g->scratch[t].rec);
		mem_free(g->scratch[t].to);
		mem_free(g->scratch[t].cells);
	}
	if (g->rank != NULL)
		mem_free_table(g->rank, (g->in.first[g->in.n_chunks] + 1) * sizeof(*g->rank));
	free_made(g);
	mem_free(g->made);
	mem_free(g->scratch);
	mem_free(g->place);
	mem_free(g->within);
	mem_free(g->col);
	mem_free(g);
}

/* Chunks to blocks ------------------------------------------------------------------------------ */

static void
count_chunk(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	const uint32_t *rank = g->rank + g->in.first[i];
	size_t n = g->in.first[i + 1] - g->in.first[i];
	uint32_t *count = g->place + i * g->blocks;

	(void)worker;
	memset(count, 0, g->blocks * sizeof(*count));
	for (size_t k = 0; k < n; k++)
		if (rank[k] - g->begin < g->n)
			count[(rank[k] - g->begin) >> g->shift]++;
}

/* Counts to places. */
static void
find_places(struct gather *g)
{
	for (size_t block = 0; block < g->blocks; block++) {
		uint32_t at = (uint32_t)(block << g->shift);

		for (size_t i = 0; i < g->in.n_chunks; i++) {
			uint32_t *p = &g->place[i * g->blocks + block], n = *p;

			*p = at;
			at += n;
		}
	}
}

#define SCATTER(T) \
	do { \
		T *to = w->data; \
		const T *from = cells; \
		for (size_t k = 0; k < n; k++) \
			to[s->to[k]] = from[s->rec[k]]; \
	} while (0)

struct cell16 {
	uint64_t w[2];
};

static void
scatter_cells(struct wide *w, const struct scratch *s, const void *cells, size_t n)
{
	switch (w->store) {
	case 1: SCATTER(uint8_t); break;
	case 2: SCATTER(uint16_t); break;
	case 4: SCATTER(uint32_t); break;
	case 8: SCATTER(uint64_t); break;
	default: SCATTER(struct cell16); break;
	}
}

static void
scatter_presence(struct wide *w, const struct scratch *s, const struct column *c, size_t n)
{
	for (size_t k = 0; k < n; k++)
		w->has[s->to[k]] =
		    c != NULL && (c->present == NULL || bits_get(c->present, s->rec[k]));
}

#define WIDEN(TO, FROM) \
	do { \
		TO *to = s->cells; \
		const FROM *v = c->data; \
		for (size_t k = 0; k < records; k++) \
			to[k] = (TO)v[k]; \
	} while (0)

/* Cells of the width that the window has. */
static const void *
widened(const struct wide *w, const struct scratch *s, const struct column *c, size_t records)
{
	if (c->width == w->store)
		return c->data;
	if (w->type == TYPE_IP) {
		for (size_t k = 0; k < records; k++) {
			struct addr a = addr_v4(((const uint32_t *)c->data)[k]);

			memcpy((uint8_t *)s->cells + k * 16, a.b, 16);
		}
		return s->cells;
	}
	for (size_t k = 0; k < records; k++) {
		uint64_t v = w->type == TYPE_INT ? (uint64_t)column_int(c, k) : column_uint(c, k);

		memcpy((uint8_t *)s->cells + k * w->store, &v, w->store); /* little-endian */
	}
	return s->cells;
}

static void
scatter_chunk(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	struct scratch *s = &g->scratch[worker];
	const uint32_t *rank = g->rank + g->in.first[i];
	size_t records = g->in.first[i + 1] - g->in.first[i], n = 0;
	uint32_t *place = g->place + i * g->blocks;

	for (size_t k = 0; k < records; k++) {
		size_t r = rank[k] - g->begin;

		if (r >= g->n)
			continue;
		s->rec[n] = (uint32_t)k;
		s->to[n] = place[r >> g->shift]++;
		g->within[s->to[n++]] = (uint16_t)(r & (g->step - 1));
	}
	for (size_t k = 0; k < g->n_cols && n > 0; k++) {
		struct wide *w = &g->col[k];
		const struct column *c = w->at[i] < 0 ? NULL : &g->in.chunk[i].b->col[w->at[i]];

		if (w->width == 0 || w->constant)
			continue;
		if (c != NULL)
			scatter_cells(w, s, widened(w, s, c, records), n);
		if (w->partial)
			scatter_presence(w, s, c, n);
	}
}

/* Where records cannot stand in one batch (a column's type differs): as they come, cut where they differ. */
static void
make_blocks(struct gather *g)
{
	free_made(g);
	if (g->made == NULL)
		g->made = mem_zero(FEW_BLOCKS, sizeof(*g->made));
	while (g->next < g->in.n && g->n_made < FEW_BLOCKS) {
		struct batch *out = batch_new();

		for (; g->next < g->in.n && out->n < g->step; g->next++) {
			uint32_t id = g->in.order[g->next], rec = order_record(id);
			const struct chunk *from = &g->in.chunk[order_chunk(id)];

			for (unsigned k = 0; k < from->b->n_cols; k++)
				if (!(from->b->col[k].flags & COLUMN_EMPTY))
					(void)batch_column(out, &from->b->col[k].id,
					    (enum type)from->b->col[k].type, from->width[k],
					    from->b->col[k].flags);
			if (batch_append(out, from->b, &rec, 1) != 0)
				break;
		}
		batch_close(out);
		g->made[g->n_made++] = out;
	}
}

size_t
gather_window(struct gather *g)
{
	if (g->conflict) {
		make_blocks(g);
		return g->n_made;
	}
	g->begin += g->n;
	g->n = g->in.n - g->begin < g->room ? g->in.n - g->begin : g->room;
	g->blocks = (g->n + g->step - 1) >> g->shift;
	if (g->n == 0)
		return 0;
	ordered_each(g->in.threads, g->in.n_chunks, count_chunk, g);
	find_places(g);
	ordered_each(g->in.threads, g->in.n_chunks, scatter_chunk, g);
	return g->blocks;
}

/* Blocks to batches ----------------------------------------------------------------------------- */

#define SPREAD(TO, FROM) \
	do { \
		TO *to = out; \
		const FROM *v = cells; \
		for (size_t k = 0; k < n; k++) \
			to[at[k]] = (TO)v[k]; \
	} while (0)
#define SPREAD_FROM(TO) \
	switch (w->store) { \
	case 1: SPREAD(TO, uint8_t); break; \
	case 2: SPREAD(TO, uint16_t); break; \
	case 4: SPREAD(TO, uint32_t); break; \
	default: SPREAD(TO, uint64_t); break; \
	}

static void
spread_cells(const struct wide *w, void *out, const void *cells, const uint16_t *at, size_t n)
{
	switch (w->width) {
	case 1: SPREAD(uint8_t, uint8_t); break;
	case 2: SPREAD_FROM(uint16_t); break;
	case 4: SPREAD_FROM(uint32_t); break;
	case 8: SPREAD_FROM(uint64_t); break;
	default: SPREAD(struct cell16, struct cell16); break;
	}
}

#define FILL(T) \
	do { \
		T *to = out; \
		for (size_t k = 0; k < n; k++) \
			to[k] = (T)v; \
	} while (0)

static void
fill_cells(void *out, unsigned width, uint64_t v, size_t n)
{
	switch (width) {
	case 1: FILL(uint8_t); break;
	case 2: FILL(uint16_t); break;
	case 4: FILL(uint32_t); break;
	default: FILL(uint64_t); break;
	}
}

static void
block_presence(
    struct batch *out, unsigned col, const uint8_t *has, const uint16_t *at, size_t n)
{
	for (size_t k = 0; k < n; k++)
		out->col[col].bits[at[k] / 64] |= (uint64_t)has[k] << at[k] % 64;
}

/* Octets are fetched from where they are, in order. */
static void
block_octets(const struct gather *g, const struct wide *w, struct batch *out, unsigned col,
    size_t first, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		uint32_t id = g->in.order[first + k];
		size_t rec = order_record(id);
		const struct column *c;

		if (w->at[order_chunk(id)] < 0)
			continue;
		c = &g->in.chunk[order_chunk(id)].b->col[w->at[order_chunk(id)]];
		if (c->present == NULL || bits_get(c->present, rec))
			batch_put_octets(out, col, k, (const uint8_t *)c->data + c->off[rec],
			    c->off[rec + 1] - c->off[rec]);
	}
}

static void
block_column(const struct gather *g, const struct wide *w, struct batch *out, unsigned col,
    size_t block, size_t n)
{
	size_t at = block << g->shift;
	const uint16_t *within = g->within + at;

	batch_precision(out, col, w->scale);
	if (w->width == 0) {
		block_octets(g, w, out, col, g->begin + at, n);
		return;
	}
	if (w->constant)
		fill_cells(out->col[col].data, w->width, w->value, n);
	else
		spread_cells(w, out->col[col].data, (const uint8_t *)w->data + at * w->store,
		    within, n);
	if (w->partial)
		block_presence(out, col, w->has + at, within, n);
	else
		batch_mark(out, col, 0, n);
}

void
gather_block(const struct gather *g, size_t i, struct batch *out)
{
	size_t left = g->n - (i << g->shift), n = left < g->step ? left : g->step;

	batch_reset(out);
	if (g->conflict) {
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
