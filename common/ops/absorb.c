/*
 * absorb.c - what one table has, and has learnt, added to another: rows, and loose rows in memory and on disk.
 */
#include <assert.h>

#include "ops/group_table.h"

void
group_join_facts(struct group_table *g, const struct group_table *src)
{
	for (unsigned i = 0; i < g->values.n; i++) {
		struct value_state *v = &g->values.v[i];
		const struct value_state *s = &src->values.v[i];

		values_raise(&g->values, i, &g->rows, (enum type)s->type);
		v->mixed = v->mixed || s->mixed;
		v->scale = v->scale < s->scale ? v->scale : s->scale;
		v->width = v->width > s->width ? v->width : s->width;
	}
}

bool
group_same_types(const struct group_table *g, const struct group_table *src)
{
	for (unsigned i = 0; i < g->values.n; i++)
		if (g->values.v[i].type != src->values.v[i].type)
			return false;
	return true;
}

void
group_learn(struct group_table *g, const struct group_table *src)
{
	if (!group_same_types(g, src)) {
		group_settle(g);
		group_fold(g);
	}
	group_join_facts(g, src);
	for (unsigned k = 0; k < g->layout.n; k++) {
		struct slot *to = &g->layout.slot[k];
		const struct slot *from = &src->layout.slot[k];

		if (to->type == from->type && from->scale < to->scale)
			to->scale = from->scale;
	}
}

bool
group_keys_alike(const struct layout *a, const struct layout *b)
{
	if (a->masked != b->masked)
		return false;
	for (unsigned k = 0; k < a->n; k++) {
		const struct slot *x = &a->slot[k], *y = &b->slot[k];

		if (x->kind != y->kind || x->type != y->type || x->width != y->width ||
		    x->kind > SLOT_IP16)
			return false;
	}
	return true;
}

/* Are values counts or sums of unsigned words in both, so that slots are added to slots? */
static bool
values_alike(const struct group_table *g, const struct group_table *src)
{
	const struct values *a = &g->values, *b = &src->values;

	if (g->spec->biflow || a->sampling == SAMPLING_MIXED || b->sampling != a->sampling)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		enum group_fn fn = g->spec->values[i].fn;

		if (fn != FN_FLOWS && fn != FN_RECORDS &&
		    (fn != FN_SUM || a->v[i].type != b->v[i].type ||
			(a->v[i].type != TYPE_UINT && a->v[i].type != TYPE_NONE)))
			return false;
	}
	return true;
}

static void
merge_slots(struct group_table *g, const struct group_table *src, uint32_t to,
    const uint64_t *slots, uint32_t sampling)
{
	struct row_source row = { .slots = slots,
		.intern = &src->intern,
		.have = *slots_had(slots),
		.sampling = sampling };

	for (unsigned k = 0; k < g->values.n; k++)
		row.type[k] = src->values.v[k].type;
	values_merge(&g->values, &g->rows, &g->intern, to, &row);
}

static void
add_slots(struct group_table *g, uint32_t to, const uint64_t *slots)
{
	uint64_t *sum = table_slots(&g->rows, to);

	*slots_have(sum) |= *slots_had(slots);
	for (unsigned s = 0; s < g->values.n_slots; s++)
		sum[s] = sum_unsigned(sum[s], slots[s]);
}

void
group_absorb(struct group_table *g, const struct group_table *src, const uint32_t *list, size_t n,
    uint32_t *to)
{
	bool keys = group_keys_alike(&g->layout, &src->layout), values;
	uint32_t from[TABLE_CHUNK], made[TABLE_CHUNK];

	values_meet_sampling(&g->values, &g->rows, src->values.sampling);
	values = values_alike(g, src);
	for (size_t first = 0; first < n; first += TABLE_CHUNK) {
		size_t m = n - first < TABLE_CHUNK ? n - first : TABLE_CHUNK;

		for (size_t i = 0; i < m; i++) {
			from[i] = list ? list[first + i] : (uint32_t)(first + i);
			__builtin_prefetch(table_row(&src->rows, from[i]));
		}
		for (size_t i = 0; i < m; i++) {
			const uint8_t *key = table_row(&src->rows, from[i]);
			uint8_t *out = g->keys + i * g->layout.len;

			if (keys)
				table_copy_key(out, key, g->layout.len);
			else
				group_rekey(
				    &g->layout, &g->intern, &src->layout, &src->intern, key, out);
		}
		table_find(&g->rows, g->keys, m, made);
		for (size_t i = 0; i < m; i++) {
			if (to != NULL)
				to[from[i]] = made[i];
			if (values)
				add_slots(g, made[i], table_slots(&src->rows, from[i]));
			else
				merge_slots(g, src, made[i], table_slots(&src->rows, from[i]),
				    values_sampling(&src->values, from[i]));
		}
	}
}

/* A loose row's values, 32 bits each, with what is in front of them, as those of other rows. */
static const uint64_t *
widen_loose(const struct group_table *g, const uint32_t *v, uint64_t row[1 + GROUP_VALUES_MAX])
{
	assert(g->values.n_slots <= GROUP_VALUES_MAX); /* counts and sums take one each */
	*slots_have(row + 1) = g->loose.have;
	for (unsigned s = 0; s < g->values.n_slots; s++)
		row[1 + s] = v[s];
	return row + 1;
}

/* n loose rows of another table, or of the same. */
static void
absorb_stretch(struct group_table *g, const struct group_table *src, const uint8_t *row, size_t n)
{
	size_t len = src->layout.len, stride = src->loose.stride;
	uint64_t wide[1 + GROUP_VALUES_MAX];
	uint32_t to[TABLE_CHUNK];
	bool values;

	values_meet_sampling(&g->values, &g->rows, src->values.sampling);
	values = values_alike(g, src);
	for (size_t first = 0; first < n; first += TABLE_CHUNK) {
		size_t m = n - first < TABLE_CHUNK ? n - first : TABLE_CHUNK;

		for (size_t i = 0; i < m; i++)
			table_copy_key(g->keys + i * len, row + i * stride, len);
		table_find(&g->rows, g->keys, m, to);
		for (size_t i = 0; i < m; i++, row += stride) {
			const uint64_t *slots =
			    widen_loose(src, (const uint32_t *)(const void *)(row + len), wide);

			if (values)
				add_slots(g, to[i], slots);
			else
				merge_slots(g, src, to[i], slots, src->values.sampling);
		}
	}
}

void
group_absorb_loose(struct group_table *g, const struct group_table *src, unsigned part)
{
	const uint8_t *rows;
	size_t n;

	for (size_t c = 0; (n = loose_rows(&src->loose, part, c, &rows)) > 0; c++)
		absorb_stretch(g, src, rows, n);
}

int
group_absorb_spilled(
    struct group_table *g, const struct group_table *src, unsigned part, struct err *err)
{
	struct buf extent = { 0 };
	int rc = 0;

	for (size_t i = 0; i < spill_extents(&src->loose_spill, part) && rc == 0; i++) {
		rc = spill_read(&src->loose_spill, part, i, &extent, err);
		if (rc == 0)
			absorb_stretch(
			    g, src, (const uint8_t *)extent.data, extent.len / src->loose.stride);
	}
	buf_free(&extent);
	return rc;
}

/* Those that are on disk may be too many for memory again: then rows go to disk as they are in no layout. */
void
group_fold(struct group_table *g)
{
	int rc = 0;

	if (!group_has_loose(g))
		return;
	for (unsigned p = 0; p < LOOSE_PARTS; p++)
		group_absorb_loose(g, g, p);
	loose_clear(&g->loose);
	loose_trim(&g->loose);
	for (unsigned p = 0; p < LOOSE_PARTS && rc == 0; p++) {
		rc = group_absorb_spilled(g, g, p, &g->err);
		if (rc == 0 && group_has_spilled_loose(g) && group_memory(g) > g->share)
			rc = group_spill(g, false, &g->err);
	}
	spill_free(&g->loose_spill);
	loose_free(&g->loose);
	g->is_loose = g->may_loose = false;
}
