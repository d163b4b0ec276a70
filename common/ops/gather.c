/*
 * gather.c - the plan: which columns the output has, how long its blocks are, and where each chunk's records go.
 */
#include "base/ordered.h"
#include "ops/gather_plan.h"

/*
 * LARGEST: octets of a block, whatever their distribution; the encoder divides it.  SLICES: of chunks in blocks that
 * are noted, for each record: 8 octets.
 */
enum { SLICES = 2 };
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
	bool same = p->form == PACKED_CONST && (w->chunks == 0 || w->value == p->base);

	if (w->type != p->type) { /* of one identity */
		g->by_record = true;
		return;
	}
	w->constant = (w->chunks == 0 || w->constant) && same;
	w->value = p->base;
	w->from[chunk] = p;
	w->chunks++;
	w->width = p->width > w->width ? p->width : w->width;
	if (gather_resolves(p))
		w->cell = p->store > w->cell ? p->store : w->cell;
	w->scale = p->scale < w->scale ? p->scale : w->scale;
	w->longest = p->longest > w->longest ? p->longest : w->longest;
	w->partial = w->partial || p->present != NULL;
}

static void
find_columns(struct gather *g)
{
	size_t with_records = 0, first = 0;

	for (unsigned i = 0; g->in.columns != NULL && i < g->in.columns->n_cols; i++) {
		const struct column *c = &g->in.columns->col[i];
		struct packed p = { .id = c->id,
			.type = c->type,
			.scale = c->scale,
			.flags = c->flags & COLUMN_SCOPE };

		find_wide(g, &p, &first)->width = c->width;
	}
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

/* Blocks of fewer records where they are long, so that a batch stays within its octets, or near. */
static void
set_step(struct gather *g)
{
	size_t octets = 0, longest = 1, records = 1, most = g->in.most, row; /* of a record */

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
	g->all = (g->in.n + g->step - 1) >> g->shift;
	if (g->in.n_chunks * (g->all + 1) > SLICES * records) /* mostly without a record */
		g->by_record = true;
}

/* How many records a window has, and where each column's cells stand in it. */
static void
reserve_window(struct gather *g)
{
	size_t row = 0, at = 0;
	uint8_t *window = g->in.window;

	g->place = mem_zero(g->in.n_chunks + 1, sizeof(*g->place));
	for (size_t k = 0; k < g->n_cols; k++)
		row += g->col[k].cell;
	g->room = g->in.n;
	if (row == 0)
		return;
	if (g->room > g->in.memory / row)
		g->room = g->in.memory / row / g->step * g->step;
	if (g->room == 0)
		g->room = g->step < g->in.n ? g->step : g->in.n;
	if (window == NULL || g->room * row > g->in.memory) {
		g->window_size = g->room * row;
		window = g->window = mem_table(g->window_size);
	}
	for (size_t width = CHUNK_CELL_MAX; width > 0; width /= 2) { /* so that all are aligned */
		for (size_t k = 0; k < g->n_cols; k++) {
			if (g->col[k].cell != width)
				continue;
			g->col[k].cells = window + at;
			at += g->room * width;
		}
	}
}

/* Of a block of the output the ids of its records. */
static const uint32_t *
ids_of(const struct gather *g, size_t block, size_t *n)
{
	size_t begin = block << g->shift;

	*n = g->in.n - begin < g->step ? g->in.n - begin : g->step;
	return g->in.order + begin;
}

/* How many records of each chunk a block has: they stand where those before the next block will. */
static void
count_block(void *ctx, size_t block, unsigned worker)
{
	struct gather *g = ctx;
	size_t n, stride = g->all + 1;
	const uint32_t *id = ids_of(g, block, &n);
	uint32_t *count = g->scratch[worker];

	memset(count, 0, g->in.n_chunks * sizeof(*count));
	for (size_t k = 0; k < n; k++)
		count[order_chunk(id[k])]++;
	for (size_t i = 0; i < g->in.n_chunks; i++)
		g->before[i * stride + block + 1] = count[i];
}

/*
 * To each chunk's records those of a block, in order: in 16 bits each the number in the chunk, the place in the block.
 */
static void
deal_block(void *ctx, size_t block, unsigned worker)
{
	struct gather *g = ctx;
	size_t n, stride = g->all + 1;
	const uint32_t *id = ids_of(g, block, &n);
	uint32_t **next = g->scratch[worker];

	for (size_t i = 0; i < g->in.n_chunks; i++)
		next[i] = g->record + g->in.first[i] + g->before[i * stride + block];
	for (size_t k = 0; k < n; k++)
		*next[order_chunk(id[k])]++ = (uint32_t)(order_record(id[k]) | k << 16);
}

/* Are these records each behind the one before it? */
static bool
are_beside(const uint16_t *rec, size_t n)
{
	size_t k = 1;

	while (k < n && rec[k] == rec[k - 1] + 1)
		k++;
	return k >= n;
}

/* A chunk's records beside each other as they were dealt, of them only their places in the blocks are kept. */
static void
arrange_chunk(void *ctx, size_t i, unsigned worker)
{
	struct gather *g = ctx;
	uint32_t *record = g->record + g->in.first[i];
	uint16_t *rec = g->scratch[worker], *within = rec + BATCH_RECORDS;
	size_t n = g->before[i * (g->all + 1) + g->all];

	for (size_t k = 0; k < n; k++) {
		rec[k] = (uint16_t)record[k];
		within[k] = (uint16_t)(record[k] >> 16);
	}
	memcpy(record, within, n * sizeof(*within));
	if (are_beside(rec, n))
		g->begin[i] = n ? rec[0] : 0;
	else
		chunk_arrange(&g->in.chunk[i], rec, n, within + BATCH_RECORDS);
}

static void
arrange_chunks(struct gather *g)
{
	size_t all = g->in.first[g->in.n_chunks];
	size_t room = BATCH_RECORDS * (2 * sizeof(uint16_t) + CHUNK_CELL_MAX);

	if (room < g->in.n_chunks * sizeof(uint32_t *))
		room = g->in.n_chunks * sizeof(uint32_t *);
	g->record = g->in.record ? g->in.record : mem_alloc((all + 1) * sizeof(*g->record));
	g->before = mem_zero(g->in.n_chunks * (g->all + 1) + 1, sizeof(*g->before));
	g->begin = mem_zero(g->in.n_chunks + 1, sizeof(*g->begin));
	g->scratch = mem_zero(g->in.threads, sizeof(*g->scratch));
	for (unsigned t = 0; t < g->in.threads; t++)
		g->scratch[t] = mem_alloc(room);
	ordered_each(g->in.threads, g->all, count_block, g);
	for (size_t i = 0; i < g->in.n_chunks; i++)
		for (size_t block = 0; block < g->all; block++)
			g->before[i * (g->all + 1) + block + 1] +=
			    g->before[i * (g->all + 1) + block];
	ordered_each(g->in.threads, g->all, deal_block, g);
	ordered_each(g->in.threads, g->in.n_chunks, arrange_chunk, g);
	for (unsigned t = 0; t < g->in.threads; t++)
		mem_free(g->scratch[t]);
	mem_free((void *)g->scratch);
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
	arrange_chunks(g);
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
	if (g->in.record == NULL)
		mem_free(g->record);
	if (g->window != NULL)
		mem_free_table(g->window, g->window_size);
	gather_drop_made(g);
	mem_free(g->made);
	mem_free(g->place);
	mem_free(g->begin);
	mem_free(g->before);
	mem_free(g->col);
	mem_free(g);
}
