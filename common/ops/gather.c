#include "ops/gather.h"

#include "base/ordered.h"

/*
 * LARGEST: octets of a block, whatever their distribution; the encoder divides it.  SLICES: of chunks in blocks that
 * are noted, for each record: 8 octets.
 */
enum { STRETCH = 1 << 16, FEW_BLOCKS = 16, ALIGN = 64, SLICES = 2 };
static const size_t LARGEST = (size_t)1 << 31;

/* A column of the output. */
struct wide {
	struct field_id id;
	uint8_t type, width, scale;
	uint8_t cell; /* octets of a cell in the window: what the widest of the chunks needs */
	uint16_t flags; /* COLUMN_SCOPE */
	bool partial; /* some records have none */
	bool constant; /* all have this one */
	uint64_t value;
	size_t chunks, longest; /* that have it; octets */
	const struct packed **from; /* of each chunk; NULL: it has none */
	uint8_t *data; /* the window: by block, in it by chunk, cells as a chunk has them */
};

struct gather {
	struct gather_input in;
	struct wide *col;
	size_t n_cols, cap_cols;
	bool by_record; /* not by column */
	int sort_column; /* of the output; -1 none */

	size_t step, shift; /* records of a block: 1 << shift */
	size_t all; /* blocks of the output */
	size_t begin, n, blocks; /* the window */
	size_t room; /* records of a window at the most */
	uint32_t *slot; /* of each chunk its records by block of the output, see slot_rec() */
	uint32_t *slice; /* of each chunk and block, where those begin: chunks times all + 1 */
	uint32_t *place; /* of each chunk and block of the window, where its first record goes */
	uint32_t **scratch; /* of each worker, room for the slots of a chunk */
	uint8_t *window; /* what columns have in it */
	size_t window_size;

	struct batch **made; /* by_record: the blocks of the window */
	size_t n_made, next;
};

/* A record's number in its chunk, and its place in its block: 16 bits each. */
static inline uint32_t
slot_of(size_t rec, size_t within)
{
	return (uint32_t)(rec | within << 16);
}

static inline size_t
slot_rec(uint32_t slot)
{
	return slot & 0xffff;
}

static inline size_t
slot_within(uint32_t slot)
{
	return slot >> 16;
}

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

/* Octets of a cell of a chunk's column: none where every record has the same, or all are fetched from where they are. */
static unsigned
cell_octets(const struct packed *p)
{
	return p->form == PACKED_CONST || p->width == 0 ? 0 : p->store;
}

static void
add_column(struct gather *g, size_t chunk, const struct packed *p, size_t *hint)
{
	struct wide *w = find_wide(g, p, hint);
	unsigned cell = cell_octets(p);
	bool same = p->form == PACKED_CONST && (w->chunks == 0 || w->value == p->base);

	if (w->type != p->type) { /* of one identity */
		g->by_record = true;
		return;
	}
	w->constant = (w->chunks == 0 || w->constant) && same;
	w->value = p->base;
	w->from[chunk] = p;
	w->chunks++;
	w->cell = cell > w->cell ? (uint8_t)cell : w->cell;
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
		g->by_record = true;
}

/* The order is a column's own where every record that has a value of the key has it there. */
static void
find_order(struct gather *g)
{
	const struct sort_key *k = g->in.keys;

	g->sort_column = -1;
	if (g->in.n_keys == 0 || g->by_record || k->field.derived != DERIVED_NONE)
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
	size_t octets = 0;

	for (size_t k = 0; k < g->n_cols; k++)
		octets += g->col[k].cell;
	return octets ? octets : 1;
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
	while (most > 1 &&
	       (most * row > BATCH_OCTETS || (octets > LARGEST && most * longest > LARGEST)))
		most /= 2;
	for (g->shift = 0; (size_t)2 << g->shift <= most;)
		g->shift++;
	g->step = (size_t)1 << g->shift;
	row = row_octets(g);
	g->room = g->in.memory / row / g->step * g->step;
	if (g->room < g->step)
		g->room = g->step;
	g->all = (g->in.n + g->step - 1) >> g->shift;
	if (g->in.n_chunks * (g->all + 1) > SLICES * records) /* mostly without a record */
		g->by_record = true;
	if (g->room > g->in.n)
		g->room = g->all << g->shift;
}

static void
rank_stretch(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	size_t end = (i + 1) * STRETCH < g->in.n ? (i + 1) * STRETCH : g->in.n;

	(void)worker;
	for (size_t r = i * STRETCH; r < end; r++) {
		uint32_t id = g->in.order[r];

		g->slot[g->in.first[order_chunk(id)] + order_record(id)] = (uint32_t)r;
	}
}

/* Ranks of a chunk's records to slots, by block. */
static void
deal_chunk(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	uint32_t *slot = g->slot + g->in.first[i], *to = g->scratch[worker];
	uint32_t *next = g->slice + i * (g->all + 1) + 1, begin = 0;
	size_t n = g->in.first[i + 1] - g->in.first[i];

	for (size_t k = 0; k < n; k++)
		if (slot[k] < g->in.n)
			next[slot[k] >> g->shift]++;
	for (size_t block = 0; block < g->all; block++) {
		uint32_t records = next[block];

		next[block] = begin;
		begin += records;
	}
	for (size_t k = 0; k < n; k++)
		if (slot[k] < g->in.n)
			to[next[slot[k] >> g->shift]++] = slot_of(k, slot[k] & (g->step - 1));
	/* Where each block's slots end is where the next one's begin. */
	memcpy(slot, to, begin * sizeof(*slot));
}

/* Where each chunk's records go.  Those that are not wanted have no rank. */
static void
find_slots(struct gather *g)
{
	size_t all = g->in.first[g->in.n_chunks];

	g->slot = g->in.rank ? g->in.rank : mem_alloc((all + 1) * sizeof(*g->slot));
	g->slice = mem_zero(g->in.n_chunks * (g->all + 1) + 1, sizeof(*g->slice));
	g->scratch = mem_zero(g->in.threads, sizeof(*g->scratch));
	for (unsigned t = 0; t < g->in.threads; t++)
		g->scratch[t] = mem_alloc(BATCH_RECORDS * sizeof(*g->scratch[t]));
	if (g->in.n < all)
		memset(g->slot, 0xff, all * sizeof(*g->slot));
	ordered_each(g->in.threads, (g->in.n + STRETCH - 1) / STRETCH, rank_stretch, g);
	ordered_each(g->in.threads, g->in.n_chunks, deal_chunk, g);
}

/* Octets of the window that a column has. */
static size_t
column_room(const struct gather *g, const struct wide *w)
{
	size_t records = g->room < g->in.n ? g->room : g->in.n;

	return (records * w->cell + ALIGN - 1) / ALIGN * ALIGN;
}

static void
reserve_window(struct gather *g)
{
	size_t at = 0;
	uint8_t *window = g->in.window;

	for (size_t k = 0; k < g->n_cols; k++)
		at += column_room(g, &g->col[k]);
	if (window == NULL || at > g->in.memory) {
		window = g->window = mem_table(at + ALIGN);
		g->window_size = at + ALIGN;
	}
	for (size_t k = 0; k < g->n_cols; k++) {
		g->col[k].data = window;
		window += column_room(g, &g->col[k]);
	}
	g->place = mem_alloc((g->in.n_chunks * (g->room >> g->shift) + 1) * sizeof(*g->place));
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
	if (g->by_record)
		return g;
	find_slots(g);
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
	for (unsigned t = 0; g->scratch != NULL && t < g->in.threads; t++)
		mem_free(g->scratch[t]);
	if (g->in.rank == NULL)
		mem_free(g->slot);
	if (g->window != NULL)
		mem_free_table(g->window, g->window_size);
	free_made(g);
	mem_free(g->made);
	mem_free(g->scratch);
	mem_free(g->place);
	mem_free(g->slice);
	mem_free(g->col);
	mem_free(g);
}

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
		unsigned cell = p == NULL ? 0 : cell_octets(p);

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
