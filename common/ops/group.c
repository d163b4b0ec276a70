#include "ops/group.h"

#include "ops/group_table.h"

struct group_table *
group_new(const struct group_spec *spec, unsigned tables)
{
	struct group_table *g = mem_zero(1, sizeof(*g));
	uint64_t memory = spec->memory ? spec->memory : UINT64_C(2) << 30;
	struct layout empty = { .n = (unsigned)spec->n_keys }, none = { 0 };

	g->spec = spec;
	g->share = memory / (tables ? tables : 1);
	if (spec->biflow)
		g->n_pairs = biflow_pairs(spec, g->pair, NULL);
	values_init(&g->values, spec);
	(void)layout_join(&g->layout, &none, &empty, g->pair, g->n_pairs);
	table_init(&g->rows, g->layout.len, g->values.n_slots);
	g->keys = mem_alloc(TABLE_CHUNK * g->layout.len);
	return g;
}

void
group_free(struct group_table *g)
{
	if (g == NULL)
		return;
	table_free(&g->rows);
	values_free(&g->values);
	intern_free(&g->intern);
	sums_free(&g->sums);
	spill_free(&g->spill);
	for (unsigned p = 0; p < PARTITIONS; p++)
		buf_free(&g->part[p]);
	mem_free(g->keys);
	mem_free(g->idx);
	mem_free(g->code);
	mem_free(g);
}

void
group_clear(struct group_table *g)
{
	table_free(&g->rows);
	table_init(&g->rows, g->layout.len, g->values.n_slots);
	for (unsigned i = 0; i < g->values.n; i++)
		distinct_free(&g->values.v[i].set);
	intern_free(&g->intern);
}

size_t
group_memory(const struct group_table *g)
{
	size_t sum = table_memory(&g->rows) + intern_memory(&g->intern) + sums_memory(&g->sums);

	for (unsigned i = 0; i < g->values.n; i++)
		sum += distinct_memory(&g->values.v[i].set);
	return sum;
}

/* A key in another layout: the same value in each slot. */
static void
rekey(const struct layout *to, struct intern *to_in, const struct layout *from,
    const struct intern *from_in, const uint8_t *key, uint8_t *out)
{
	memset(out, 0, to->len);
	for (unsigned k = 0; k < to->n; k++) {
		struct cell c = keys_get(from, k, key);

		c = cell_move(&c, from_in, to_in);
		keys_set(to, k, out, &c);
	}
}

/*
 * Rows keep their numbers: distinct sets refer to them.  Different keys stay different, so each row
 * is found to be new, in order.
 */
void
group_relayout(struct group_table *g, const struct layout *want)
{
	struct layout joined;
	struct table rows;
	uint32_t made[TABLE_CHUNK];

	if (!layout_join(&joined, &g->layout, want, g->pair, g->n_pairs)) {
		g->layout = joined;
		return;
	}
	table_init(&rows, joined.len, g->values.n_slots);
	g->keys = mem_resize(g->keys, TABLE_CHUNK, joined.len);
	for (size_t first = 0; first < g->rows.n_rows; first += TABLE_CHUNK) {
		size_t n = g->rows.n_rows - first;

		n = n < TABLE_CHUNK ? n : TABLE_CHUNK;
		for (size_t i = 0; i < n; i++)
			rekey(&joined, &g->intern, &g->layout, &g->intern,
			    table_row(&g->rows, (uint32_t)(first + i)), g->keys + i * joined.len);
		table_find(&rows, g->keys, n, made);
		for (size_t i = 0; i < n; i++)
			memcpy(table_slots(&rows, made[i]),
			    table_slots(&g->rows, (uint32_t)(first + i)), g->values.n_slots * 8);
	}
	table_free(&g->rows);
	g->rows = rows;
	g->layout = joined;
}

/* Do keys of one layout have the same octets in the other? */
static bool
keys_alike(const struct layout *a, const struct layout *b)
{
	for (unsigned k = 0; k < a->n; k++) {
		const struct slot *x = &a->slot[k], *y = &b->slot[k];

		if (x->kind != y->kind || x->type != y->type || x->width != y->width ||
		    x->kind > SLOT_IP16)
			return false;
	}
	return true;
}

/* Finishing ------------------------------------------------------------------------------------- */

static void
join_facts(struct group_table *g, const struct group_table *src)
{
	for (unsigned i = 0; i < g->values.n; i++) {
		struct value_state *v = &g->values.v[i];
		const struct value_state *s = &src->values.v[i];

		v->mixed = v->mixed || s->mixed;
		v->scale = v->scale < s->scale ? v->scale : s->scale;
		v->width = v->width > s->width ? v->width : s->width;
	}
}

static void
absorb_sets(struct group_table *g, const struct group_table *src, const uint32_t *to)
{
	for (unsigned i = 0; i < g->values.n; i++) {
		const struct distinct *set = &src->values.v[i].set;

		for (size_t m = 0; m < set->cap; m++) {
			struct cell c;
			uint32_t row;

			if (set->member[m].kind == 0)
				continue;
			row = to[set->member[m].row];
			c = distinct_cell(&set->member[m], &src->intern);
			c = cell_move(&c, &src->intern, &g->intern);
			table_slots(&g->rows, row)[g->values.v[i].off] +=
			    distinct_add(&g->values.v[i].set, row, &c, &g->intern);
		}
	}
}

void
group_absorb(struct group_table *g, struct group_table *src)
{
	size_t n_rows = src->rows.n_rows;
	uint32_t *to = mem_alloc((n_rows + 1) * sizeof(*to));
	bool alike;

	group_relayout(g, &src->layout);
	alike = keys_alike(&g->layout, &src->layout);
	join_facts(g, src);
	for (size_t first = 0; first < n_rows; first += TABLE_CHUNK) {
		size_t n = n_rows - first < TABLE_CHUNK ? n_rows - first : TABLE_CHUNK;

		for (size_t i = 0; i < n; i++) {
			const uint8_t *key = table_row(&src->rows, (uint32_t)(first + i));
			uint8_t *out = g->keys + i * g->layout.len;

			if (alike)
				memcpy(out, key, g->layout.len);
			else
				rekey(&g->layout, &g->intern, &src->layout, &src->intern, key, out);
		}
		table_find(&g->rows, g->keys, n, to + first);
		for (size_t i = 0; i < n; i++) {
			struct row_source row = { .slots = table_slots(
						      &src->rows, (uint32_t)(first + i)),
				.intern = &src->intern };

			row.sampling = values_sampling(&src->values, row.slots);
			for (unsigned k = 0; k < g->values.n; k++)
				row.type[k] = src->values.v[k].type;
			values_merge(&g->values, &g->rows, &g->intern, to[first + i], &row);
		}
	}
	absorb_sets(g, src, to);
	mem_free(to);
	group_clear(src);
}

static int
finish_spilled(struct group_table **g, unsigned n, bool (*fn)(void *ctx, struct batch *), void *ctx,
    struct err *err)
{
	for (unsigned i = 0; i < n; i++)
		if (group_spill(g[i], true, err) < 0)
			return -1;
	for (unsigned i = 1; i < n; i++) {
		group_relayout(g[0], &g[i]->layout);
		join_facts(g[0], g[i]);
	}
	for (unsigned p = 0; p < PARTITIONS; p++) {
		for (unsigned i = 0; i < n; i++)
			if (group_unspill(g[0], g[i], p, err) < 0)
				return -1;
		if (!group_emit(g[0], fn, ctx))
			break;
		group_clear(g[0]);
	}
	return 0;
}

int
group_finish(struct group_table **g, unsigned n, bool (*fn)(void *ctx, struct batch *), void *ctx,
    struct err *err)
{
	bool spilled = false;
	int rc = 0;

	for (unsigned i = 0; i < n; i++) {
		group_settle(g[i]);
		spilled = spilled || g[i]->n_spills > 0;
	}
	if (spilled) {
		rc = finish_spilled(g, n, fn, ctx, err);
	} else {
		for (unsigned i = 1; i < n; i++)
			group_absorb(g[0], g[i]);
		(void)group_emit(g[0], fn, ctx);
	}
	for (unsigned i = 0; i < n; i++) {
		group_clear(g[i]);
		spill_free(&g[i]->spill);
		g[i]->n_spills = 0;
	}
	return rc;
}

unsigned
group_spills(const struct group_table *g)
{
	return g->n_spills;
}

bool
group_mixed_sampling(struct group_table *const *g, unsigned n)
{
	bool mixed = false;

	for (unsigned i = 0; i < n; i++)
		mixed = mixed || (g[i]->values.mixed_sampling && !g[i]->spec->scale);
	return mixed;
}
