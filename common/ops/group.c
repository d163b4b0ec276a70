#include "ops/group.h"

#include "ops/group_table.h"

struct group_table *
group_new(const struct group_spec *spec, unsigned tables)
{
	struct group_table *g = mem_zero(1, sizeof(*g));
	struct layout empty = { .n = (unsigned)spec->n_keys }, none = { 0 };

	g->spec = spec;
	g->may_loose = true;
	g->share = spec->memory / tables;
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
	tally_free(&g->tally);
	loose_free(&g->loose);
	spill_free(&g->spill);
	spill_free(&g->loose_spill);
	for (unsigned p = 0; p < PARTITIONS; p++)
		buf_free(&g->part[p]);
	mem_free(g->keys);
	mem_free(g->fresh);
	mem_free(g->idx);
	mem_free(g->code);
	group_free(g->v6);
	mem_free(g);
}

void
group_clear(struct group_table *g)
{
	table_free(&g->rows);
	table_init(&g->rows, g->layout.len, g->values.n_slots);
	for (unsigned i = 0; i < g->values.n; i++)
		distinct_free(&g->values.v[i].set);
	mem_free(g->values.interval);
	g->values.interval = NULL;
	g->values.interval_cap = 0;
	intern_free(&g->intern);
}

void
group_rewind(struct group_table *g)
{
	table_clear(&g->rows);
	for (unsigned i = 0; i < g->values.n; i++)
		distinct_clear(&g->values.v[i].set);
	if (g->values.interval_cap > 0)
		memset(g->values.interval, 0, g->values.interval_cap * sizeof(*g->values.interval));
	intern_free(&g->intern);
}

size_t
group_memory(const struct group_table *g)
{
	size_t sum = table_memory(&g->rows) + intern_memory(&g->intern) + tally_memory(&g->tally) +
		     loose_memory(&g->loose);

	for (unsigned i = 0; i < g->values.n; i++)
		sum += distinct_memory(&g->values.v[i].set);
	sum += g->values.interval_cap * sizeof(*g->values.interval);
	return sum;
}

void
group_rekey(const struct layout *to, struct intern *to_in, const struct layout *from,
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
	group_fold(g);
	table_init(&rows, joined.len, g->values.n_slots);
	g->keys = mem_resize(g->keys, TABLE_CHUNK, joined.len);
	for (size_t first = 0; first < g->rows.n_rows; first += TABLE_CHUNK) {
		size_t n = g->rows.n_rows - first;

		n = n < TABLE_CHUNK ? n : TABLE_CHUNK;
		for (size_t i = 0; i < n; i++)
			group_rekey(&joined, &g->intern, &g->layout, &g->intern,
			    table_row(&g->rows, (uint32_t)(first + i)), g->keys + i * joined.len);
		table_find(&rows, g->keys, n, made);
		for (size_t i = 0; i < n; i++)
			memcpy(table_tail(&rows, made[i]),
			    table_tail(&g->rows, (uint32_t)(first + i)),
			    g->values.n_slots * 8 + sizeof(uint32_t));
	}
	table_free(&g->rows);
	g->rows = rows;
	g->layout = joined;
}
