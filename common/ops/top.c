/*
 * top.c - which rows may be among the first by a value: the others are not made into records at all.
 */
#include <stdlib.h>

#include "ops/group_table.h"

/* MOST are worth while, with those that are equal to the last. */
enum { MOST = 1 << 16, ROOM = 64 };

struct candidate {
	uint64_t v;
	uint32_t row;
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

	if (fn == FN_FLOWS || fn == FN_RECORDS || fn == FN_DISTINCT)
		return true;
	return (fn == FN_SUM || fn == FN_OR || fn == FN_MAX || fn == FN_MIN ||
		   fn == FN_PERCENTILE) &&
	       g->values.v[i].type == TYPE_UINT && !g->values.v[i].mixed;
}

uint32_t *
group_candidates(struct group_table *g, const struct group_top *top, size_t *n)
{
	struct candidates s = { .wanted = (size_t)top->n };
	bool distinct = g->spec->values[top->value].fn == FN_DISTINCT;
	uint32_t *list = NULL;
	bool few = true;

	if (top->n == 0 || top->n > MOST || top->n * 2 > g->rows.n_rows || !is_plain(g, top->value))
		return NULL;
	s.cap = s.wanted * 2 + ROOM;
	s.c = mem_alloc(s.cap * sizeof(*s.c));
	for (uint32_t row = 0; row < g->rows.n_rows && few; row++) {
		uint64_t *slots = table_slots(&g->rows, row);

		if (distinct || (*slots_have(slots) >> top->value & 1))
			few = add(&s, slots[g->values.v[top->value].off], row);
	}
	prune(&s);
	/* Fewer than wanted: those without a value come behind them. */
	if (few && s.n >= s.wanted) {
		*n = s.n;
		list = mem_alloc((s.n + 1) * sizeof(*list));
		for (size_t i = 0; i < s.n; i++)
			list[i] = s.c[i].row;
	}
	mem_free(s.c);
	return list;
}
