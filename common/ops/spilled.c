/*
 * spilled.c - groups that outgrew memory, on disk by partitions of their keys' hash.
 *
 * A row on disk: u64 octets behind it, the keys as cells, the aggregates, and for each distinct value u64 members and
 * the members as cells, each with a u64 count if counts are kept.  A group always falls into one partition, however its
 * keys were laid out in memory, so partitions are finished one at a time.
 *
 * Loose rows are on disk what they are in memory, a quarter of the octets of others, by the partitions that they have
 * there: as long as the layout stays what it is.
 */
#include "base/hash.h"
#include "ops/group_table.h"

/*
 * Octets of a partition that go to disk at once: at most, at least; of all partitions a small part of a table's share.
 */
enum { PART_MOST = 1 << 16, PART_LEAST = 1 << 13, PARTS_OF_SHARE = 4 };

struct set_order {
	size_t *off, *order;
};

static void
save_row(const struct group_table *g, uint32_t row, const struct set_order *sets, struct buf *key,
    struct buf *rest)
{
	const uint8_t *packed = table_row(&g->rows, row);

	key->len = rest->len = 0;
	for (unsigned k = 0; k < g->layout.n; k++) {
		struct cell c = keys_get(&g->layout, k, packed);

		cell_save(key, &c, &g->intern);
	}
	values_save(&g->values, &g->rows, row, &g->intern, rest);
	for (unsigned i = 0; i < g->values.n; i++) {
		const struct set_order *s = &sets[i];
		uint64_t n;

		if (!values_has_set(&g->values, i))
			continue;
		n = s->off[row + 1] - s->off[row];
		buf_put(rest, &n, 8);
		for (size_t m = s->off[row]; m < s->off[row + 1]; m++) {
			struct distinct_item item;

			(void)distinct_at(&g->values.v[i].set, s->order[m], &g->intern, &item);
			cell_save(rest, &item.cell, &g->intern);
			if (g->values.v[i].set.counted)
				buf_put(rest, &item.count, 8);
		}
	}
}

static int
flush_part(struct group_table *g, unsigned p, struct err *err)
{
	struct buf *b = &g->part[p];

	if (b->len > 0 && spill_write(&g->spill, p, b->data, b->len, g->spec->tmpdir, err) < 0)
		return -1;
	b->len = 0;
	return 0;
}

static size_t
part_octets(const struct group_table *g)
{
	uint64_t n = g->share / PARTS_OF_SHARE / PARTITIONS;

	return n < PART_LEAST ? PART_LEAST : n > PART_MOST ? PART_MOST : (size_t)n;
}

static int
write_rows(struct group_table *g, const struct set_order *sets, struct err *err)
{
	struct buf key = { 0 }, rest = { 0 };
	size_t full = part_octets(g);
	int rc = 0;

	for (uint32_t row = 0; row < g->rows.n_rows && rc == 0; row++) {
		uint64_t len;
		unsigned p;

		save_row(g, row, sets, &key, &rest);
		len = key.len + rest.len;
		p = (unsigned)(hash_octets(~hash_seed(), key.data, key.len) % PARTITIONS);
		buf_put(&g->part[p], &len, 8);
		buf_put(&g->part[p], key.data, key.len);
		buf_put(&g->part[p], rest.data, rest.len);
		if (g->part[p].len >= full)
			rc = flush_part(g, p, err);
	}
	buf_free(&key);
	buf_free(&rest);
	return rc;
}

int
group_spill(struct group_table *g, bool flush, struct err *err)
{
	struct set_order sets[GROUP_VALUES_MAX] = { 0 };
	int rc;

	for (unsigned i = 0; i < g->values.n; i++)
		if (values_has_set(&g->values, i))
			distinct_by_row(
			    &g->values.v[i].set, g->rows.n_rows, &sets[i].off, &sets[i].order);
	rc = write_rows(g, sets, err);
	for (unsigned i = 0; i < g->values.n; i++) {
		mem_free(sets[i].off);
		mem_free(sets[i].order);
	}
	for (unsigned p = 0; flush && p < PARTITIONS && rc == 0; p++) {
		rc = flush_part(g, p, err);
		buf_free(&g->part[p]);
	}
	g->n_spills++;
	group_clear(g);
	return rc;
}

static void
load_sets(struct group_table *g, uint32_t row, struct cursor *cur)
{
	for (unsigned i = 0; i < g->values.n; i++) {
		size_t n;

		if (!values_has_set(&g->values, i))
			continue;
		n = cur_le(cur, 8);
		for (size_t m = 0; m < n && !cur->bad; m++) {
			struct cell c = cell_load(cur, &g->intern);
			uint64_t count = g->values.v[i].set.counted ? cur_le(cur, 8) : 1;

			if (!cur->bad)
				values_member(&g->values, i, &g->rows, &g->intern, row, &c, count);
		}
	}
}

static void
load_row(struct group_table *g, struct cursor *cur)
{
	uint64_t slots[1 + GROUP_VALUES_MAX * (FIRST_SLOTS + 1) + BIFLOW_SLOTS];
	struct row_source src;
	uint32_t row;

	memset(g->keys, 0, g->layout.len);
	for (unsigned k = 0; k < g->layout.n; k++) {
		struct cell c = cell_load(cur, &g->intern);

		keys_set(&g->layout, k, g->keys, &c);
	}
	values_load(&g->values, cur, &g->intern, slots, &src);
	values_meet_sampling(&g->values, &g->rows, src.sampling);
	table_find(&g->rows, g->keys, 1, &row);
	values_merge(&g->values, &g->rows, &g->intern, row, &src);
	load_sets(g, row, cur);
}

int
group_unspill(struct group_table *g, const struct group_table *src, unsigned p, struct err *err)
{
	struct buf extent = { 0 };
	int rc = 0;

	for (size_t i = 0; i < spill_extents(&src->spill, p) && rc == 0; i++) {
		struct cursor cur;

		rc = spill_read(&src->spill, p, i, &extent, err);
		if (rc < 0)
			break;
		cur = cur_over(extent.data, extent.len);
		while (cur_left(&cur) > 0 && !cur.bad) {
			struct cursor row = cur_sub(&cur, cur_le(&cur, 8));

			if (!row.bad)
				load_row(g, &row);
		}
		if (cur.bad)
			rc = err_set(err, "temporary file: damaged");
	}
	buf_free(&extent);
	return rc;
}

int
group_spill_loose(struct group_table *g, struct err *err)
{
	const uint8_t *rows;
	size_t n;

	for (unsigned p = 0; p < LOOSE_PARTS; p++)
		for (size_t c = 0; (n = loose_rows(&g->loose, p, c, &rows)) > 0; c++)
			if (spill_write(&g->loose_spill, p, rows, n * g->loose.stride,
				g->spec->tmpdir, err) < 0)
				return -1;
	g->n_loose_spills++;
	loose_clear(&g->loose);
	return 0;
}
