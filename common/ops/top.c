/*
 * top.c - which rows may be among the first by a value: the others are not made into records at all, nor put together
 * when they are those of several tables.
 */
#include <stdlib.h>

#include "ops/group_table.h"

/* MOST are worth while, with those that are equal to the last. */
enum { MOST = 1 << 16, ROOM = 64 };

struct candidate {
	uint64_t v;
	uint32_t row; /* or code */
};

struct candidates {
	struct candidate *c;
	size_t n, cap, wanted;
	uint64_t least; /* one below this is none */
};

static int
biggest_first(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->v < y->v) - (x->v > y->v);
}

/* Leave the first `wanted`, and those equal to the last of them: what is equal is ordered by its keys. */
static void
prune(struct candidates *s)
{
	size_t n = s->n;

	if (n <= s->wanted)
		return;
	qsort(s->c, n, sizeof(*s->c), biggest_first);
	s->least = s->c[s->wanted - 1].v;
	s->n = s->wanted;
	while (s->n < n && s->c[s->n].v == s->least)
		s->n++;
}

/* False: too many are equal. */
static bool
add(struct candidates *s, uint64_t v, uint32_t row)
{
	if (v < s->least)
		return true;
	if (s->n == s->cap) {
		prune(s);
		if (v < s->least)
			return true;
		if (s->n > 2 * (size_t)MOST)
			return false;
		if (s->n > s->cap / 2) {
			s->cap *= 2;
			s->c = mem_resize(s->c, s->cap, sizeof(*s->c));
		}
	}
	s->c[s->n++] = (struct candidate){ v, row };
	return true;
}

/* A value that is one unsigned number in its first slot. */
static bool
is_plain(const struct group_table *g, size_t i)
{
	enum group_fn fn = g->spec->values[i].fn;

	if (values_is_count(fn))
		return true;
	return (fn == FN_SUM || fn == FN_OR || fn == FN_MAX || fn == FN_MIN ||
		   fn == FN_PERCENTILE) &&
	       g->values.v[i].type == TYPE_UINT && !g->values.v[i].mixed;
}

static struct candidates
candidates_of(const struct group_top *top)
{
	struct candidates s = { .wanted = (size_t)top->n, .cap = (size_t)top->n * 2 + ROOM };

	s.c = mem_alloc(s.cap * sizeof(*s.c));
	return s;
}

/* The numbers of those that are left, n of them.  NULL: too many were equal, or fewer than wanted had a value. */
static uint32_t *
list_candidates(struct candidates *s, bool few, size_t *n)
{
	uint32_t *list = NULL;

	prune(s);
	if (few && s->n >= s->wanted) {
		*n = s->n;
		list = mem_alloc((s->n + 1) * sizeof(*list));
		for (size_t i = 0; i < s->n; i++)
			list[i] = s->c[i].row;
	}
	mem_free(s->c);
	return list;
}

uint32_t *
group_candidates(struct group_table *g, const struct group_top *top, size_t *n)
{
	bool all = values_is_count(g->spec->values[top->value].fn), few = true;
	struct candidates s;

	if (top->n == 0 || top->n > MOST || top->n * 2 > g->rows.n_rows || !is_plain(g, top->value))
		return NULL;
	s = candidates_of(top);
	for (uint32_t row = 0; row < g->rows.n_rows && few; row++) {
		uint64_t *slots = table_slots(&g->rows, row);

		if (all || (*slots_have(slots) >> top->value & 1))
			few = add(&s, slots[g->values.v[top->value].off], row);
	}
	return list_candidates(&s, few, n);
}

bool
group_settle_first(struct group_table *g, const struct group_top *top)
{
	uint32_t code[TABLE_CHUNK], at = 0, *list;
	uint64_t v[TABLE_CHUNK];
	size_t n, all = 0, chosen;
	struct candidates s;
	bool few = true;

	if (g->tally.coding.space == 0 || !(g->tally.have >> top->value & 1) || top->n == 0 ||
	    top->n > MOST || !is_plain(g, top->value))
		return false;
	s = candidates_of(top);
	for (; few && (n = tally_codes(&g->tally, &at, code, TABLE_CHUNK)) > 0; all += n) {
		tally_values(&g->tally, (unsigned)top->value, code, v, n);
		for (size_t i = 0; i < n && few; i++)
			few = add(&s, v[i], code[i]);
	}
	list = list_candidates(&s, few, &chosen);
	if (list == NULL)
		return false;
	group_settle_only(g, list, chosen);
	g->n_groups += all - chosen;
	mem_free(list);
	return true;
}

/* Several tables ----------------------------------------------------------------------------------- */

/* Is the value of a group the sum of what the tables have of it, and are keys alike in all? */
static bool
is_sum(struct group_table **g, unsigned n, size_t value)
{
	enum group_fn fn = g[0]->spec->values[value].fn;

	if (g[0]->spec->biflow || (fn != FN_FLOWS && fn != FN_RECORDS && fn != FN_SUM))
		return false;
	for (unsigned t = 1; t < n; t++)
		group_relayout(g[0], &g[t]->layout);
	for (unsigned t = 0; t < n; t++) {
		if (t > 0)
			group_relayout(g[t], &g[0]->layout);
		if (group_has_loose(g[t]) || !is_plain(g[t], value) ||
		    !group_keys_alike(&g[0]->layout, &g[t]->layout))
			return false;
		for (unsigned i = 0; i < g[t]->values.n; i++)
			if (values_has_set(&g[t]->values, i))
				return false;
	}
	return true;
}

static uint64_t
value_of(const struct group_table *g, size_t value, uint32_t row)
{
	return table_slots(&g->rows, row)[g->values.v[value].off];
}

/*
 * The value of the last that is wanted, in the table where it is the greatest: all groups that are wanted have as much.
 */
static bool
find_bar(struct group_table **g, unsigned n, const struct group_top *top, uint64_t *bar)
{
	*bar = 0;
	for (unsigned t = 0; t < n; t++) {
		size_t m;
		uint32_t *list = group_candidates(g[t], top, &m);
		uint64_t least = UINT64_MAX;

		if (list == NULL)
			return false;
		for (size_t i = 0; i < m; i++) {
			uint64_t v = value_of(g[t], top->value, list[i]);

			least = v < least ? v : least;
		}
		mem_free(list);
		if (least == 0)
			return false;
		*bar = least > *bar ? least : *bar;
	}
	return true;
}

/* The keys of rows that have an n-th of the bar.  false: of too many. */
static bool
find_keys(struct group_table **g, unsigned n, size_t value, uint64_t bar, struct table *keys)
{
	uint64_t part = bar / n + (bar % n != 0);
	uint32_t made;

	for (unsigned t = 0; t < n; t++)
		for (uint32_t row = 0; row < g[t]->rows.n_rows; row++) {
			if (value_of(g[t], value, row) < part)
				continue;
			if (keys->n_rows == MOST)
				return false;
			table_find(keys, table_row(&g[t]->rows, row), 1, &made);
		}
	return true;
}

static void
find_rows(const struct group_table *g, const struct table *keys, struct group_rows *r)
{
	r->list = mem_alloc((keys->n_rows + 1) * sizeof(*r->list));
	r->n = 0;
	for (uint32_t k = 0; k < keys->n_rows; k++) {
		uint32_t row;

		table_seek(&g->rows, table_row(keys, k), 1, &row);
		if (row != TABLE_NONE)
			r->list[r->n++] = row;
	}
}

/*
 * A group that is among the first has the bar or more, so that one of n tables has an n-th of it: only those need to be
 * looked for in the others.
 */
struct group_rows *
group_leaders(struct group_table **g, unsigned n, const struct group_top *top)
{
	struct group_rows *rows = NULL;
	struct table keys;
	uint64_t bar;

	if (!is_sum(g, n, top->value) || !find_bar(g, n, top, &bar))
		return NULL;
	table_init(&keys, g[0]->layout.len, 1);
	if (find_keys(g, n, top->value, bar, &keys)) {
		rows = mem_zero(n, sizeof(*rows));
		for (unsigned t = 0; t < n; t++)
			find_rows(g[t], &keys, &rows[t]);
	}
	table_free(&keys);
	return rows;
}

/* A set of several tables has as many members as one of theirs, and no more than all of them together. */
uint64_t *
group_wanted(struct group_table **g, unsigned n, const struct group_top *top, uint32_t *const *to)
{
	size_t n_rows = g[0]->rows.n_rows;
	uint64_t *most, *wanted, bar;

	if (top == NULL || n == 1 || g[0]->spec->values[top->value].fn != FN_DISTINCT ||
	    !find_bar(g, n, top, &bar))
		return NULL;
	most = mem_alloc((n_rows + 1) * sizeof(*most));
	for (uint32_t row = 0; row < n_rows; row++)
		most[row] = value_of(g[0], top->value, row);
	for (unsigned t = 1; t < n; t++)
		for (uint32_t row = 0; row < g[t]->rows.n_rows; row++)
			most[to[t][row]] += value_of(g[t], top->value, row);
	wanted = mem_zero(bits_words(n_rows) + 1, sizeof(*wanted));
	for (uint32_t row = 0; row < n_rows; row++)
		if (most[row] >= bar)
			bits_set(wanted, row);
	mem_free(most);
	return wanted;
}
