#include "ops/gather.h"

#include "base/ordered.h"

enum { STRETCH = 1 << 16, FEW_BLOCKS = 16, ALIGN = 64 };

/* A column of the output. */
struct wide {
	struct field_id id;
	uint8_t type, width, scale, store; /* store: octets a value here */
	uint16_t flags; /* COLUMN_SCOPE */
	bool partial; /* some records have none */
	bool constant; /* all have this one */
	uint64_t value;
	size_t chunks, longest; /* that have it; octets */
	const struct packed **from; /* of each chunk; NULL: it has none */

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
	uint8_t *window; /* what columns have in it */
	size_t window_size;
	uint32_t *place; /* of each chunk and block, where its next record goes */
	uint16_t *within; /* of each record of the window, its place in its block */
	struct scratch {
		uint32_t *rec, *to;
	} * scratch;

	struct batch **made; /* conflict: the blocks of the window */
	size_t n_made, next;
};

/* Columns --------------------------------------------------------------------------------------- */

static struct wide *
find_wide(struct gather *g, const struct packed *p, size_t *hint)
{
	for (size_t k = 0; k < g->n_cols; k++) {
		size_t i = (*hint + k) % g->n_cols;
		struct wide *w = &g->col[i];

		if (w->id.id != p->id.id || !field_id_equal(&w->id, &p->id) || w->flags != p->flags)
			continue;
		*hint = i + 1;
		return w;
	}
	if (g->n_cols == g->cap_cols) {
		g->cap_cols = g->cap_cols ? 2 * g->cap_cols : 32;
		g->col = mem_resize(g->col, g->cap_cols, sizeof(*g->col));
	}
	g->col[g->n_cols] =
	    (struct wide){ .id = p->id, .type = p->type, .scale = p->scale, .flags = p->flags };
	g->col[g->n_cols].from = mem_zero(g->in.n_chunks + 1, sizeof(*g->col->from));
	return &g->col[g->n_cols++];
}

static void
add_column(struct gather *g, size_t chunk, const struct packed *p, size_t *hint)
{
	struct wide *w = find_wide(g, p, hint);
	unsigned store = p->form == PACKED_TIME || p->form == PACKED_CONST ? p->width : p->store;
	bool same = p->form == PACKED_CONST && (w->chunks == 0 || w->value == p->base);

	if (w->type != p->type) {
		g->conflict = true;
		return;
	}
	w->constant = (w->chunks == 0 || w->constant) && same;
	w->value = p->base;
	w->from[chunk] = p;
	w->chunks++;
	w->store = store > w->store ? (uint8_t)store : w->store;
	w->width = p->width > w->width ? p->width : w->width;
	w->scale = p->scale < w->scale ? p->scale : w->scale;
	w->longest = p->longest > w->longest ? p->longest : w->longest;
	w->partial = w->partial || p->present != NULL;
}

static void
find_columns(struct gather *g)
{
	size_t with_records = 0;

	for (size_t i = 0; i < g->in.n_chunks; i++) {
		const struct chunk *c = &g->in.chunk[i];
		size_t hint = 0;

		with_records += c->n > 0;
		for (size_t k = 0; k < c->n_cols && c->n > 0; k++)
			add_column(g, i, &c->col[k], &hint);
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

/* Blocks of fewer records where they are long, so that a batch stays within its octets, or near. */
static void
set_step(struct gather *g)
{
	size_t octets = 0, longest = 1, records = 1, most = g->in.most, row;

	for (size_t i = 0; i < g->in.n_chunks; i++) {
		const struct chunk *c = &g->in.chunk[i];

		records += c->n;
		for (size_t k = 0; k < c->n_cols; k++)
			octets += c->col[k].width ? c->n * c->col[k].width : c->col[k].octets;
	}
	for (size_t k = 0; k < g->n_cols; k++)
		longest += g->col[k].longest;
	row = octets / records + 1;
	while (most > 1 && (most * row > BATCH_OCTETS || most * longest > BATCH_OCTETS * (size_t)8))
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

	g->rank = g->in.rank ? g->in.rank : mem_alloc((all + 1) * sizeof(*g->rank));
	if (g->in.n < all)
		memset(g->rank, 0xff, all * sizeof(*g->rank));
	ordered_each(g->in.threads, (g->in.n + STRETCH - 1) / STRETCH, rank_stretch, g);
}

/* Octets of the window that a column has. */
static size_t
column_room(const struct gather *g, const struct wide *w)
{
	size_t octets = w->width == 0 ? 0 : g->room * (size_t)(w->constant ? 0 : w->store);

	octets += w->partial && w->width > 0 ? g->room : 0;
	return (octets + ALIGN - 1) / ALIGN * ALIGN;
}

static void
reserve_window(struct gather *g)
{
	size_t at = g->room * sizeof(*g->within);
	uint8_t *window = g->in.window;

	at = (at + ALIGN - 1) / ALIGN * ALIGN;
	for (size_t k = 0; k < g->n_cols; k++)
		at += column_room(g, &g->col[k]);
	if (window == NULL || at > g->in.memory) {
		window = g->window = mem_table(at);
		g->window_size = at;
	}
	g->within = (uint16_t *)(void *)window;
	at = (g->room * sizeof(*g->within) + ALIGN - 1) / ALIGN * ALIGN;
	for (size_t k = 0; k < g->n_cols; k++) {
		struct wide *w = &g->col[k];

		w->data = window + at;
		if (w->partial && w->width > 0)
			w->has = window + at + g->room * w->store;
		at += column_room(g, w);
	}
	g->place = mem_alloc((g->in.n_chunks * (g->room >> g->shift) + 1) * sizeof(*g->place));
	g->scratch = mem_zero(g->in.threads, sizeof(*g->scratch));
	for (unsigned t = 0; t < g->in.threads; t++) {
		g->scratch[t].rec = mem_alloc((BATCH_RECORDS + 1) * sizeof(uint32_t));
		g->scratch[t].to = mem_alloc((BATCH_RECORDS + 1) * sizeof(uint32_t));
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
	for (size_t k = 0; k < g->n_cols; k++)
		mem_free((void *)g->col[k].from);
	for (unsigned t = 0; g->scratch != NULL && t < g->in.threads; t++) {
		mem_free(g->scratch[t].rec);
		mem_free(g->scratch[t].to);
	}
	if (g->in.rank == NULL)
		mem_free(g->rank);
	if (g->window != NULL)
		mem_free_table(g->window, g->window_size);
	free_made(g);
	mem_free(g->made);
	mem_free(g->scratch);
	mem_free(g->place);
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

struct cell16 {
	uint64_t w[2];
};

/* To the places of records, from where they are in a chunk. */
#define SCATTER(TO, FROM, AT) \
	do { \
		TO *to = w->data; \
		const FROM *v = p->data; \
		for (size_t k = 0; k < n; k++) \
			to[s->to[k]] = (TO)v[AT]; \
	} while (0)
#define SCATTER_FROM(TO, SIGN, AT) \
	switch (p->store) { \
	case 1: SCATTER(TO, SIGN##8_t, AT); break; \
	case 2: SCATTER(TO, SIGN##16_t, AT); break; \
	case 4: SCATTER(TO, SIGN##32_t, AT); break; \
	default: SCATTER(TO, SIGN##64_t, AT); break; \
	}
#define SCATTER_CELLS(SIGN, AT) \
	switch (w->store) { \
	case 1: SCATTER_FROM(SIGN##8_t, SIGN, AT); break; \
	case 2: SCATTER_FROM(SIGN##16_t, SIGN, AT); break; \
	case 4: SCATTER_FROM(SIGN##32_t, SIGN, AT); break; \
	case 8: SCATTER_FROM(SIGN##64_t, SIGN, AT); break; \
	default: SCATTER(struct cell16, struct cell16, AT); break; \
	}

static void
scatter_constant(struct wide *w, const struct scratch *s, uint64_t v, size_t n)
{
	for (size_t k = 0; k < n; k++)
		memcpy((uint8_t *)w->data + s->to[k] * (size_t)w->store, &v, w->store);
}

static void
scatter_times(struct wide *w, const struct scratch *s, const struct packed *p, size_t n)
{
	const uint32_t *v = p->data;
	uint64_t *to = w->data, base = p->base, unit = p->unit;

	for (size_t k = 0; k < n; k++)
		to[s->to[k]] = base + unit * v[s->rec[k]];
}

/* Where one chunk has IPv4 addresses only, and another has not. */
static void
scatter_mapped(struct wide *w, const struct scratch *s, const struct packed *p, size_t n)
{
	const uint32_t *v = p->data;

	for (size_t k = 0; k < n; k++) {
		struct addr a = addr_v4(p->form == PACKED_CONST	 ? (uint32_t)p->base
					: p->form == PACKED_DICT ? v[p->codes[s->rec[k]]]
								 : v[s->rec[k]]);

		memcpy((uint8_t *)w->data + s->to[k] * (size_t)16, a.b, 16);
	}
}

static void
scatter_column(struct wide *w, const struct scratch *s, const struct packed *p, size_t n)
{
	if (w->store == 16 && (p->form == PACKED_CONST || p->store == 4)) {
		scatter_mapped(w, s, p, n);
	} else if (p->form == PACKED_CONST) {
		scatter_constant(w, s, p->base, n);
	} else if (p->form == PACKED_TIME) {
		scatter_times(w, s, p, n);
	} else if (w->type == TYPE_INT) {
		if (p->form == PACKED_DICT)
			SCATTER_CELLS(int, p->codes[s->rec[k]])
		else
			SCATTER_CELLS(int, s->rec[k])
	} else if (p->form == PACKED_DICT) {
		SCATTER_CELLS(uint, p->codes[s->rec[k]])
	} else {
		SCATTER_CELLS(uint, s->rec[k])
	}
}

static void
scatter_presence(struct wide *w, const struct scratch *s, const struct packed *p, size_t n)
{
	for (size_t k = 0; k < n; k++)
		w->has[s->to[k]] =
		    p != NULL && (p->present == NULL || bits_get(p->present, s->rec[k]));
}

static void
scatter_chunk(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	struct scratch *s = &g->scratch[worker];
	const uint32_t *rank = g->rank + g->in.first[i];
	size_t records = g->in.first[i + 1] - g->in.first[i], n = 0;
	uint32_t *place = g->place + i * g->blocks;

	for (size_t k = 0; k < records; k++) { /* without a branch that could go either way */
		s->rec[n] = (uint32_t)k;
		n += rank[k] - g->begin < g->n;
	}
	for (size_t k = 0; k < n; k++) {
		size_t r = rank[s->rec[k]] - g->begin;

		s->to[k] = place[r >> g->shift]++;
		g->within[s->to[k]] = (uint16_t)(r & (g->step - 1));
	}
	for (size_t k = 0; k < g->n_cols && n > 0; k++) {
		struct wide *w = &g->col[k];
		const struct packed *p = w->from[i];

		if (w->width == 0 || w->constant)
			continue;
		if (p != NULL)
			scatter_column(w, s, p, n);
		if (w->partial)
			scatter_presence(w, s, p, n);
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

/* Where records cannot all stand in one batch: as they come, cut where they differ. */
static void
make_blocks(struct gather *g)
{
	free_made(g);
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

static void
block_presence(struct batch *out, unsigned col, const uint8_t *has, const uint16_t *at, size_t n)
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
		const struct packed *p = w->from[order_chunk(id)];

		if (p != NULL)
			packed_put(p, order_record(id), out, col, k);
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
		batch_fill(out, col, 0, n, w->value);
	else
		spread_cells(
		    w, out->col[col].data, (const uint8_t *)w->data + at * w->store, within, n);
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
