/*
 * gather.c - the plan: which columns the output has, how long its blocks are, and where each chunk's records go.
 */
#include "base/ordered.h"
#include "ops/gather_plan.h"

/*
 * LARGEST: octets of a block, whatever their distribution; the encoder divides it.  SLICES: of chunks in blocks that
 * are noted, for each record: 8 octets.
 */
enum { STRETCH = 1 << 16, ALIGN = 64, SLICES = 2 };
static const size_t LARGEST = (size_t)1 << 31;

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
	unsigned cell = gather_cell(p);
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
	gather_drop_made(g);
	mem_free(g->made);
	mem_free(g->scratch);
	mem_free(g->place);
	mem_free(g->slice);
	mem_free(g->col);
	mem_free(g);
}
