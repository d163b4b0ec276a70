/*
 * beside.c - sets beside each other: a member counts where no table before has it, and a percentile is looked for
 * among the members of all (percentile.c).
 */
#include "ops/beside.h"

#include "base/ordered.h"

enum { CHUNK = 256, PLACES = 1 << 16 };

size_t
group_members_beside(struct group_table *const *g, unsigned n)
{
	size_t members = 0;

	for (unsigned t = 0; t < n; t++)
		for (unsigned i = 0; i < g[t]->values.n; i++) {
			const struct distinct *set = &g[t]->values.v[i].set;

			if (set->interned)
				return 0;
			members += distinct_count(set);
		}
	return n > 1 ? members : 0;
}

static void
find_rows(struct beside *s)
{
	s->of = mem_zero(s->n, sizeof(*s->of));
	for (unsigned t = 1; t < s->n; t++) {
		s->of[t] = mem_zero(s->g[0]->rows.n_rows + 1, sizeof(**s->of));
		for (uint32_t row = 0; row < s->g[t]->rows.n_rows; row++)
			s->of[t][s->to[t][row]] = row + 1;
	}
}

static void
forget_rows(struct beside *s)
{
	for (unsigned t = 0; t < s->n; t++)
		mem_free(s->of[t]);
	mem_free(s->of);
}

struct beside_pieces
beside_cut(const struct beside *s, unsigned first, unsigned value)
{
	struct beside_pieces p = { 0 };
	size_t cap = 0;

	for (unsigned t = first; t < s->n; t++)
		cap += distinct_places(&s->g[t]->values.v[value].set) / PLACES + 1;
	p.piece = mem_alloc(cap * sizeof(*p.piece));
	for (unsigned t = first; t < s->n; t++) {
		size_t places = distinct_places(&s->g[t]->values.v[value].set);

		for (size_t at = 0; at < places; at += PLACES)
			p.piece[p.n++] = (struct beside_piece){ t, at,
				places - at < PLACES ? places : at + PLACES };
	}
	return p;
}

/* Counts ------------------------------------------------------------------------------------------- */

struct counting {
	const struct beside *s;
	unsigned value;
	struct beside_pieces pieces;
};

static bool
before_has(const struct counting *c, unsigned table, struct member m, uint32_t row)
{
	for (unsigned t = 0; t < table; t++) {
		uint32_t in = beside_row_of(c->s, t, row);

		if (in == 0)
			continue;
		m.row = in - 1;
		if (distinct_has(&c->s->g[t]->values.v[c->value].set, &m))
			return true;
	}
	return false;
}

static void
count_chunk(const struct counting *c, unsigned table, size_t at, size_t end)
{
	const struct beside *s = c->s;
	const struct distinct *first = &s->g[0]->values.v[c->value].set;
	struct member m[CHUNK];
	uint32_t row[CHUNK];
	size_t n = distinct_members(&s->g[table]->values.v[c->value].set, at, end, m, NULL),
	       n_wanted = 0;

	for (size_t k = 0; k < n; k++) {
		uint32_t in = beside_first_row(s, table, m[k].row);

		if (!bits_has(s->wanted, in))
			continue;
		row[n_wanted] = in;
		m[n_wanted] = m[k];
		m[n_wanted].row = in;
		distinct_expect(first, &m[n_wanted++]);
	}
	for (size_t k = 0; k < n_wanted; k++)
		if (!before_has(c, table, m[k], row[k]))
			__atomic_fetch_add(
			    table_slots(&s->g[0]->rows, row[k]) + s->g[0]->values.v[c->value].off,
			    1, __ATOMIC_RELAXED);
}

static void
count_piece(void *ctx, size_t i, unsigned worker)
{
	const struct counting *c = ctx;
	const struct beside_piece *p = &c->pieces.piece[i];

	(void)worker;
	for (size_t at = p->at; at < p->end; at += CHUNK)
		count_chunk(c, p->table, at, p->end - at < CHUNK ? p->end : at + CHUNK);
}

/* The first's count is that of its own members so far. */
static void
count_value(const struct beside *s, unsigned value)
{
	struct counting c = { .s = s, .value = value, .pieces = beside_cut(s, 1, value) };

	ordered_each(s->n, c.pieces.n, count_piece, &c);
	mem_free(c.pieces.piece);
}

/* All of them ---------------------------------------------------------------------------------------- */

void
group_close_sets(
    struct group_table **g, unsigned n, uint32_t *const *to, const struct group_top *top)
{
	struct beside s = { .g = g, .n = n, .to = to, .wanted = group_wanted(g, n, top, to) };

	find_rows(&s);
	for (unsigned i = 0; i < g[0]->values.n; i++) {
		enum group_fn fn = g[0]->spec->values[i].fn;

		if (fn == FN_DISTINCT && n > 1)
			count_value(&s, i);
		else if (fn == FN_PERCENTILE && g[0]->values.v[i].home == i)
			beside_rank(&s, i);
	}
	mem_free(s.wanted);
	forget_rows(&s);
}
