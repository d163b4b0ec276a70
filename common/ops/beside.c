/*
 * beside.c - the sets of several tables looked at beside each other, which is less work than putting them together: a member
 * counts where no table before has it, and a percentile is looked for among the members of all.
 */
#include "base/ordered.h"
#include "ops/group_table.h"
#include "ops/rank.h"

enum { CHUNK = 256, PLACES = 1 << 16, ROWS = 64 };

struct beside {
	struct group_table **g;
	unsigned n;
	uint32_t *const *to; /* of every table but the first: the first's row of each of its rows */
	uint32_t **of; /* and back: its row + 1 of each row of the first, 0 none */
	uint64_t *wanted; /* rows of the first that are to be counted; NULL all */
};

size_t
group_members_beside(struct group_table *const *g, unsigned n)
{
	size_t members = 0;

	for (unsigned t = 0; t < n; t++)
		for (unsigned i = 0; i < g[t]->values.n; i++) {
			const struct distinct *set = &g[t]->values.v[i].set;

			if (set->interned)
				return 0;
			members += set->n;
		}
	return n > 1 ? members : 0;
}

/* A table's row + 1 that is the first's row. */
static uint32_t
row_of(const struct beside *s, unsigned t, uint32_t row)
{
	return t == 0 ? row + 1 : s->of[t][row];
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

/* Counts ------------------------------------------------------------------------------------------- */

/* One value's members: those of table t in places that are piece p of its set. */
struct counting {
	const struct beside *s;
	unsigned value;
	struct {
		unsigned table;
		size_t at;
	} * piece;
	size_t n, cap;
};

static bool
before_has(const struct counting *c, unsigned table, struct member m, uint32_t row)
{
	for (unsigned t = 0; t < table; t++) {
		uint32_t in = row_of(c->s, t, row);

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
	size_t n = distinct_members(&s->g[table]->values.v[c->value].set, at, end, m), n_wanted = 0;

	for (size_t k = 0; k < n; k++) {
		uint32_t in = s->to[table][m[k].row];

		if (s->wanted != NULL && !bits_get(s->wanted, in))
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
	unsigned table = c->piece[i].table;
	size_t at = c->piece[i].at, cap = c->s->g[table]->values.v[c->value].set.cap, end;

	(void)worker;
	end = cap - at < PLACES ? cap : at + PLACES;
	for (; at < end; at += CHUNK)
		count_chunk(c, table, at, end - at < CHUNK ? end : at + CHUNK);
}

/* The first's count is that of its own members so far. */
static void
count_value(const struct beside *s, unsigned value)
{
	struct counting c = { .s = s, .value = value };

	for (unsigned t = 1; t < s->n; t++)
		for (size_t at = 0; at < s->g[t]->values.v[value].set.cap; at += PLACES) {
			if (c.n == c.cap) {
				c.cap = c.cap ? 2 * c.cap : CHUNK;
				c.piece = mem_resize(c.piece, c.cap, sizeof(*c.piece));
			}
			c.piece[c.n].table = t;
			c.piece[c.n++].at = at;
		}
	ordered_each(s->n, c.n, count_piece, &c);
	mem_free(c.piece);
}

/* Percentiles -------------------------------------------------------------------------------------- */

struct ranking {
	const struct beside *s;
	unsigned value, home; /* whose sets have the members */
	unsigned rank; /* of 10,000 */
	struct {
		size_t *off, *order;
	} * by_row; /* of each table */
	struct ranking_room {
		void *members;
		size_t octets;
	} * room; /* of each worker */
};

static void
order_table(void *ctx, size_t t, unsigned worker)
{
	struct ranking *r = ctx;
	const struct group_table *g = r->s->g[t];

	(void)worker;
	distinct_by_row(
	    &g->values.v[r->home].set, g->rows.n_rows, &r->by_row[t].off, &r->by_row[t].order);
}

/* Of a row of the first table, where its members stand in table t: how many. */
static size_t
places_of(const struct ranking *r, unsigned t, uint32_t row, const size_t **place)
{
	uint32_t in = row_of(r->s, t, row);

	if (in == 0)
		return 0;
	*place = r->by_row[t].order + r->by_row[t].off[in - 1];
	return r->by_row[t].off[in] - r->by_row[t].off[in - 1];
}

static size_t
members_of(const struct ranking *r, uint32_t row)
{
	const size_t *place;
	size_t n = 0;

	for (unsigned t = 0; t < r->s->n; t++)
		n += places_of(r, t, row, &place);
	return n;
}

/* The members of a row, in one table after the other. */
struct walk {
	const struct ranking *r;
	uint32_t row;
	unsigned t; /* the next table */
	const size_t *place; /* in the one before it */
	size_t left;
};

static inline bool
next_member(struct walk *w, struct distinct_item *item)
{
	const struct group_table *g;

	while (w->left == 0) {
		if (w->t == w->r->s->n)
			return false;
		w->left = places_of(w->r, w->t++, w->row, &w->place);
	}
	g = w->r->s->g[w->t - 1];
	(void)distinct_at(&g->values.v[w->r->home].set, *w->place++, &g->intern, item);
	w->left--;
	return true;
}

static void *
room_for(struct ranking_room *room, size_t octets)
{
	if (octets > room->octets) {
		mem_free(room->members);
		room->octets = octets + octets / 2;
		room->members = mem_alloc(room->octets);
	}
	return room->members;
}

/* The value of n members of a row where all are numbers of one type. */
static bool
rank_numbers(struct ranking *r, uint32_t row, size_t n, struct ranking_room *room, struct cell *c)
{
	struct ranked *number = room_for(room, n * sizeof(*number));
	struct walk w = { .r = r, .row = row };
	struct distinct_item item;
	unsigned __int128 all = 0;

	for (size_t i = 0; next_member(&w, &item); i++) {
		if (i == 0)
			c->type = item.cell.type;
		if (item.cell.type != c->type || !cell_to_key(&item.cell, &number[i].key))
			return false;
		number[i].count = item.count;
		all += item.count;
	}
	*c = cell_of_key(rank_key(number, n, rank_want(all, r->rank)), (enum type)c->type);
	return true;
}

static void
rank_members(struct ranking *r, uint32_t row, size_t n, struct ranking_room *room, struct cell *c)
{
	struct distinct_item *item = room_for(room, n * sizeof(*item));
	struct walk w = { .r = r, .row = row };
	unsigned __int128 all = 0;

	for (size_t i = 0; next_member(&w, &item[i]); i++)
		all += item[i].count;
	*c = *rank_item(item, n, rank_want(all, r->rank), &r->s->g[0]->intern);
}

static void
rank_rows(void *ctx, size_t piece, unsigned worker)
{
	struct ranking *r = ctx;
	struct group_table *g = r->s->g[0];
	size_t row = piece * ROWS, end = row + ROWS < g->rows.n_rows ? row + ROWS : g->rows.n_rows;

	for (; row < end; row++) {
		size_t n = members_of(r, (uint32_t)row);
		struct cell c;

		if (n == 0)
			continue;
		if (!rank_numbers(r, (uint32_t)row, n, &r->room[worker], &c))
			rank_members(r, (uint32_t)row, n, &r->room[worker], &c);
		memcpy(table_slots(&g->rows, (uint32_t)row) + g->values.v[r->value].off, &c,
		    sizeof(c));
	}
}

static void
rank_value(const struct beside *s, unsigned value)
{
	struct ranking r = { .s = s,
		.value = value,
		.home = s->g[0]->values.v[value].home,
		.rank = s->g[0]->spec->values[value].rank };

	r.by_row = mem_zero(s->n, sizeof(*r.by_row));
	r.room = mem_zero(s->n, sizeof(*r.room));
	ordered_each(s->n, s->n, order_table, &r);
	ordered_each(s->n, (s->g[0]->rows.n_rows + ROWS - 1) / ROWS, rank_rows, &r);
	for (unsigned t = 0; t < s->n; t++) {
		mem_free(r.by_row[t].off);
		mem_free(r.by_row[t].order);
		mem_free(r.room[t].members);
	}
	mem_free(r.by_row);
	mem_free(r.room);
}

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
		else if (fn == FN_PERCENTILE)
			rank_value(&s, i);
	}
	mem_free(s.wanted);
	forget_rows(&s);
}
