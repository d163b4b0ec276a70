/*
 * finish.c - the groups of several tables put together and handed out.
 *
 * Few groups are put into the first table.  Many, and those on disk, are finished by partitions of their
 * keys' hash: each partition's groups are in no other, so that several are put together at the same time,
 * each in a table of its own that is forgotten when they were handed out.
 */
#include "base/ordered.h"
#include "ops/group_table.h"

/* FEW groups are not worth threads. */
enum { FEW = 1 << 16, MEMBERS_A_ROW = 4 };

/* Partitions ------------------------------------------------------------------------------------- */

/* The rows of a table and the members of its sets by partition. */
struct parts {
	uint32_t *list, off[PARTITIONS + 1];
	uint32_t *to; /* by row: where it went */
	struct distinct_lots set[GROUP_VALUES_MAX];
};

struct finish {
	struct group_table **g;
	unsigned n, threads; /* threads <= n */
	const struct group_top *top;
	bool (*fn)(void *ctx, struct batch *);
	void *ctx;
	struct err *err;
	bool spilled;

	struct parts *parts; /* of each table, unless spilled */
	struct group_table **made; /* one a worker */
	unsigned next, n_pieces;
	int rc;
};

/* What is produced, worked on and consumed: a table to be divided, or a partition to be handed out. */
struct piece {
	unsigned number;
	struct batch **batch;
	size_t n;
	struct err err;
};

static void
divide(struct finish *f, unsigned table)
{
	struct group_table *g = f->g[table];
	struct parts *p = &f->parts[table];
	uint32_t n, at[PARTITIONS];
	uint8_t *part;

	group_relayout(g, &f->made[0]->layout); /* may make rows of loose ones */
	n = (uint32_t)g->rows.n_rows;
	part = mem_alloc(n + 1);
	p->list = mem_alloc((n + 1) * sizeof(*p->list));
	for (uint32_t row = 0; row < n; row++) {
		uint32_t hash;

		table_hashes(&g->rows, table_row(&g->rows, row), 0, 1, &hash);
		part[row] = (uint8_t)(hash >> LOOSE_SHIFT);
		p->off[part[row] + 1]++;
	}
	for (unsigned i = 0; i < PARTITIONS; i++) {
		p->off[i + 1] += p->off[i];
		at[i] = p->off[i];
	}
	for (uint32_t row = 0; row < n; row++)
		p->list[at[part[row]]++] = row;
	p->to = mem_alloc((n + 1) * sizeof(*p->to));
	for (unsigned i = 0; i < g->values.n; i++)
		if (values_has_set(&g->values, i))
			distinct_divide(&g->values.v[i].set, part, PARTITIONS, &p->set[i]);
	mem_free(part);
}

static void
free_parts(struct finish *f)
{
	for (unsigned t = 0; t < f->n; t++) {
		mem_free(f->parts[t].list);
		mem_free(f->parts[t].to);
		for (unsigned i = 0; i < GROUP_VALUES_MAX; i++)
			distinct_lots_free(&f->parts[t].set[i]);
	}
	mem_free(f->parts);
}

static void
absorb_item(struct group_table *g, const struct group_table *src, unsigned i,
    const struct distinct_item *item, uint32_t row)
{
	struct cell c = cell_move(&item->cell, &src->intern, &g->intern);

	values_member(&g->values, i, &g->rows, &g->intern, row, &c, item->count);
}

/* Members of one kind that are numbers go together. */
static void
absorb_lot(struct group_table *g, const struct group_table *src, unsigned i, const struct parts *p,
    size_t at, size_t end)
{
	const struct member *m = p->set[i].member;
	const uint64_t *count = p->set[i].count;

	while (at < end) {
		uint32_t rows[TABLE_CHUNK];
		uint64_t v[TABLE_CHUNK];
		struct distinct_item item = { .count = count ? count[at] : 1 };
		size_t n = 0;

		for (; at + n < end && n < TABLE_CHUNK && m[at + n].kind == m[at].kind; n++) {
			rows[n] = p->to[m[at + n].row];
			v[n] = m[at + n].v;
		}
		if (distinct_is_word(&m[at])) {
			values_members(&g->values, i, &g->rows, rows, v, count ? count + at : NULL,
			    (enum type)m[at].kind, n);
			at += n;
			continue;
		}
		item.cell = distinct_cell(&m[at], &src->intern);
		absorb_item(g, src, i, &item, rows[0]);
		at++;
	}
}

/* The members of another table's sets, whose rows are there: to[row]. */
static void
absorb_sets(struct group_table *g, struct group_table *src, uint32_t *to)
{
	uint8_t *lot = mem_zero(src->rows.n_rows + 1, 1); /* one for all */
	struct parts p = { .to = to };

	for (unsigned i = 0; i < g->values.n; i++) {
		if (!values_has_set(&src->values, i))
			continue;
		distinct_divide(&src->values.v[i].set, lot, 1, &p.set[i]);
		distinct_free(&src->values.v[i].set);
		absorb_lot(g, src, i, &p, 0, p.set[i].off[1]);
		distinct_lots_free(&p.set[i]);
	}
	mem_free(lot);
}

static int
absorb_part(struct group_table *g, const struct finish *f, unsigned part, struct err *err)
{
	int rc = 0;

	for (unsigned t = 0; t < f->n && rc == 0; t++) {
		const struct parts *p = &f->parts[t];

		group_absorb(
		    g, f->g[t], p->list + p->off[part], p->off[part + 1] - p->off[part], p->to);
		for (unsigned i = 0; i < g->values.n; i++)
			if (p->set[i].off != NULL)
				absorb_lot(
				    g, f->g[t], i, p, p->set[i].off[part], p->set[i].off[part + 1]);
		group_absorb_loose(g, f->g[t], part);
		rc = group_absorb_spilled(g, f->g[t], part, err);
	}
	return rc;
}

/* Running ------------------------------------------------------------------------------------------ */

static enum ordered_next
next_piece(void *ctx, void *item)
{
	struct finish *f = ctx;
	struct piece *p = item;

	if (f->next == f->n_pieces)
		return ORDERED_END;
	*p = (struct piece){ .number = f->next++ };
	return ORDERED_ITEM;
}

static void
divide_piece(void *ctx, void *item, unsigned worker)
{
	struct piece *p = item;

	(void)worker;
	divide(ctx, p->number);
}

static bool
pass_piece(void *ctx, void *item)
{
	(void)ctx;
	(void)item;
	return true;
}

static bool
keep_batch(void *ctx, struct batch *b)
{
	struct piece *p = ctx;

	p->batch = mem_resize(p->batch, p->n + 1, sizeof(*p->batch));
	p->batch[p->n++] = b;
	return true;
}

/* Put a partition together and make its batches. */
static void
finish_piece(void *ctx, void *item, unsigned worker)
{
	struct finish *f = ctx;
	struct piece *p = item;
	struct group_table *g = f->made[worker];
	int rc = 0;

	for (unsigned t = 0; t < f->n && f->spilled && rc == 0; t++)
		rc = group_unspill(g, f->g[t], p->number, &p->err);
	if (!f->spilled)
		rc = absorb_part(g, f, p->number, &p->err);
	if (rc == 0)
		group_close_sets(&g, 1, NULL, NULL);
	if (rc == 0)
		(void)group_emit(g, f->top, keep_batch, p);
	group_rewind(g);
}

static bool
hand_out(void *ctx, void *item)
{
	struct finish *f = ctx;
	struct piece *p = item;
	bool more = true;

	if (p->err.status != 0) {
		*f->err = p->err;
		f->rc = -1;
	}
	for (size_t i = 0; i < p->n; i++) {
		more = more && f->rc == 0 && f->fn(f->ctx, p->batch[i]);
		batch_free(p->batch[i]);
	}
	mem_free(p->batch);
	*p = (struct piece){ 0 };
	return more && f->rc == 0;
}

static void
run(struct finish *f, unsigned pieces, void (*work)(void *ctx, void *item, unsigned worker),
    bool (*consume)(void *ctx, void *item))
{
	struct ordered o = { .threads = f->threads,
		.item_size = sizeof(struct piece),
		.n_items = f->threads + 2,
		.ctx = f,
		.produce = next_piece,
		.work = work,
		.consume = consume };
	struct piece *ring = mem_zero(o.n_items, sizeof(*ring));

	o.items = ring;
	f->next = 0;
	f->n_pieces = pieces;
	ordered_run(&o, NULL);
	/* Those that were worked on when it was stopped. */
	for (unsigned i = 0; i < o.n_items; i++) {
		for (size_t k = 0; k < ring[i].n; k++)
			batch_free(ring[i].batch[k]);
		mem_free(ring[i].batch);
	}
	mem_free(ring);
}

/* A table that knows what all have learnt of types and layout. */
static struct group_table *
make_table(const struct finish *f)
{
	struct group_table *g = group_new(f->g[0]->spec, f->n);

	for (unsigned t = 0; t < f->n; t++) {
		group_relayout(g, &f->g[t]->layout);
		group_join_facts(g, f->g[t]);
	}
	return g;
}

static void
make_tables(struct finish *f)
{
	f->made = mem_zero(f->n, sizeof(struct group_table *));
	for (unsigned i = 0; i < f->n; i++)
		f->made[i] = make_table(f);
}

static void
free_tables(struct finish *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		f->g[i]->n_groups += f->made[i]->n_groups;
		f->g[i]->values.doubts |= f->made[i]->values.doubts;
		group_free(f->made[i]);
	}
	mem_free(f->made);
}

/*
 * Many rows are, unless what is to be done is mostly to their sets.  Interned keys have numbers of their own in each
 * table, and so other hashes.
 */
static bool
by_partitions(struct finish *f)
{
	const struct layout *l = &f->g[0]->layout;
	bool loose = false;
	size_t rows = 0;

	for (unsigned i = 0; i < f->n; i++) {
		rows += f->g[i]->rows.n_rows;
		loose = loose || group_has_loose(f->g[i]);
	}
	if (!loose &&
	    (f->n == 1 || rows < FEW || group_members_beside(f->g, f->n) / MEMBERS_A_ROW > rows))
		return false;
	for (unsigned i = 1; i < f->n; i++)
		group_relayout(f->g[0], &f->g[i]->layout);
	return group_keys_alike(l, l);
}

static bool
free_after(void *ctx, struct batch *b)
{
	struct finish *f = ctx;
	bool more = f->fn(f->ctx, b);

	batch_free(b);
	return more;
}

/* All rows into the first table; sets too, where they do not stay beside each other. */
static void
finish_here(struct finish *f)
{
	bool beside = group_members_beside(f->g, f->n) > 0;
	uint32_t **to = mem_zero(f->n, sizeof(*to));
	struct group_table *g = f->g[0];

	for (unsigned i = 1; i < f->n; i++) {
		struct group_table *src = f->g[i];

		group_fold(src);
		to[i] = mem_alloc((src->rows.n_rows + 1) * sizeof(**to));
		group_relayout(g, &src->layout);
		group_join_facts(g, src);
		group_absorb(g, src, NULL, src->rows.n_rows, to[i]);
		if (beside)
			continue;
		absorb_sets(g, src, to[i]);
		group_clear(src);
	}
	group_close_sets(f->g, beside ? f->n : 1, to, f->top);
	(void)group_emit(g, f->top, free_after, f);
	for (unsigned i = 1; i < f->n; i++)
		mem_free(to[i]);
	mem_free(to);
}

static void
finish_parts(struct finish *f)
{
	make_tables(f);
	if (!f->spilled) {
		f->parts = mem_zero(f->n, sizeof(*f->parts));
		run(f, f->n, divide_piece, pass_piece);
	}
	run(f, PARTITIONS, finish_piece, hand_out);
	if (!f->spilled)
		free_parts(f);
	free_tables(f);
}

/* Only rows that may be among the first.  false: they are not few. */
static bool
finish_first(struct finish *f)
{
	struct group_rows *rows = f->n == 1 || f->top == NULL || f->top->counted
				      ? NULL
				      : group_leaders(f->g, f->n, f->top);
	struct group_table *made;

	if (rows == NULL)
		return false;
	made = make_table(f);
	for (unsigned t = 0; t < f->n; t++) {
		group_absorb(made, f->g[t], rows[t].list, rows[t].n, NULL);
		mem_free(rows[t].list);
	}
	mem_free(rows);
	(void)group_emit(made, f->top, free_after, f);
	f->g[0]->values.doubts |= made->values.doubts;
	group_free(made);
	return true;
}

/* Nothing but what one table holds back? */
static bool
only_held(struct group_table *const *g, unsigned n, const struct group_table *one)
{
	for (unsigned i = 0; i < n; i++)
		if (g[i]->rows.n_rows > 0 || group_has_loose(g[i]) || g[i]->n_spills > 0 ||
		    (g[i] != one && g[i]->tally.coding.space > 0))
			return false;
	return true;
}

/*
 * What tables hold back is put together before it is settled, where it means the same; where that is all there is,
 * groups that are not wanted never become rows.
 */
static void
settle_all(struct group_table **g, unsigned n, const struct group_top *top)
{
	struct group_table *one = NULL;

	for (unsigned i = 0; i < n; i++) {
		if (g[i]->tally.coding.space == 0)
			continue;
		if (one == NULL) {
			one = g[i];
			continue;
		}
		if (g[i]->values.sampling != one->values.sampling || !group_same_types(one, g[i]))
			continue;
		group_relayout(one, &g[i]->layout);
		group_join_facts(one, g[i]);
		(void)tally_join(&one->tally, &g[i]->tally, one->share / TALLY_SHARE);
	}
	if (top != NULL && one != NULL && only_held(g, n, one) && group_settle_first(one, top))
		return;
	for (unsigned i = 0; i < n; i++)
		group_settle(g[i]);
}

/* Do keys have the same octets in all tables? */
static bool
all_alike(struct group_table *const *g, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!group_keys_alike(&g[0]->layout, &g[i]->layout))
			return false;
	return true;
}

/* Leave out tables without rows, if one alone has any. */
static void
leave_rows(struct finish *f)
{
	struct group_table **one = f->g;

	for (unsigned i = 0; i < f->n; i++) {
		if (group_has_loose(f->g[i]))
			return;
		if (f->g[i]->rows.n_rows == 0)
			continue;
		if ((*one)->rows.n_rows > 0 && one != &f->g[i])
			return;
		one = &f->g[i];
	}
	f->g = one;
	f->n = 1;
}

void
group_forget(struct group_table *g)
{
	tally_free(&g->tally);
	group_clear(g);
	loose_free(&g->loose);
	spill_free(&g->spill);
	spill_free(&g->loose_spill);
	g->n_spills = g->n_loose_spills = 0;
}

int
group_finish_all(struct group_table **g, unsigned n, unsigned threads, const struct group_top *top,
    bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *err)
{
	struct finish f = { .g = g, .n = n, .top = top, .fn = fn, .ctx = ctx, .err = err };

	settle_all(g, n, top);
	for (unsigned i = 0; i < n; i++)
		f.spilled = f.spilled || g[i]->n_spills > 0 ||
			    (group_has_spilled_loose(g[i]) && !all_alike(g, n));
	if (!f.spilled)
		leave_rows(&f);
	f.threads = threads < f.n ? threads : f.n;
	for (unsigned i = 0; i < n && f.spilled && f.rc == 0; i++) {
		group_fold(g[i]);
		f.rc = group_spill(g[i], true, err);
	}
	for (unsigned i = 0; i < n && f.rc == 0; i++) {
		if (g[i]->err.status == 0)
			continue;
		*err = g[i]->err;
		f.rc = -1;
	}
	if (f.rc == 0 && (f.spilled || !finish_first(&f))) {
		if (f.spilled || by_partitions(&f))
			finish_parts(&f);
		else
			finish_here(&f);
	}
	for (unsigned i = 0; i < n; i++)
		group_forget(g[i]);
	return f.rc;
}
