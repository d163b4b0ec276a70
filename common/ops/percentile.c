/*
 * percentile.c - percentiles of the members of several tables' sets: row by row where there are many rows, else all
 * rows at once.
 */
#include "base/ordered.h"
#include "ops/beside.h"
#include "ops/rank.h"

enum {
	ROWS = 64, /* that one worker takes at once; no more than these are few */
	CHUNK = 256, /* members */
};

/* Row by row --------------------------------------------------------------------------------------- */

struct ranking {
	const struct beside *s;
	unsigned home; /* the value whose sets have the members */
	unsigned value,
	    rank; /* what is looked for, of 10,000: one of the values of that home after the other */
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
	uint32_t in = beside_row_of(r->s, t, row);

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

/* Few rows ----------------------------------------------------------------------------------------- */

/*
 * Few rows with many numbers each: counts by bins of keys tell in which one the rank lies, and only the numbers of that
 * one are put beside each other.  Threads share the sets by places, so that one row does not keep all but one waiting.
 */
struct sifting {
	const struct ranking *r;
	struct beside_pieces pieces;
	size_t rows;
	struct sieve {
		uint64_t *count; /* of row i's bins: at i * RANK_BINS */
		struct sifted {
			struct ranked *number; /* of the row's bin */
			size_t n, cap;
		} * row;
		enum type type; /* of all numbers so far */
		bool other; /* or they are not all numbers of one type */
	} * sieve; /* of each worker */
	struct sought {
		unsigned bin;
		uint64_t want; /* in that bin; 0: there is no number */
	} * row;
};

/* So many members of a piece, as numbers of rows of the first table. */
struct some {
	struct ranked number[CHUNK];
	uint32_t row[CHUNK];
	size_t n;
};

/* Those from *at on, which moves behind them.  false: there are none, or some are no numbers like the others. */
static bool
next_some(const struct sifting *f, const struct beside_piece *p, size_t *at, struct sieve *sieve,
    struct some *some)
{
	const struct group_table *g = f->r->s->g[p->table];
	size_t end = p->end - *at < CHUNK ? p->end : *at + CHUNK;
	struct member member[CHUNK];
	uint64_t count[CHUNK];
	bool other = false;

	if (sieve->other || *at == p->end)
		return false;
	some->n = distinct_members(&g->values.v[f->r->home].set, *at, end, member, count);
	*at = end;
	if (some->n > 0 && sieve->type == TYPE_NONE)
		sieve->type = (enum type)distinct_cell(&member[0], &g->intern).type;
	for (size_t k = 0; k < some->n; k++) {
		other |= member[k].kind != sieve->type;
		some->number[k].key = cell_word_key(member[k].v, sieve->type);
		some->number[k].count = count[k];
		some->row[k] = beside_first_row(f->r->s, p->table, member[k].row);
	}
	sieve->other = other || (some->n > 0 && !cell_numeric(sieve->type));
	return !sieve->other;
}

/* All numbers of a piece, some at a time, to fn. */
static void
walk_piece(const struct sifting *f, size_t i, struct sieve *sieve,
    void (*fn)(const struct sifting *, struct sieve *, const struct some *))
{
	const struct beside_piece *p = &f->pieces.piece[i];
	size_t at = p->at;
	struct some some;

	while (next_some(f, p, &at, sieve, &some))
		fn(f, sieve, &some);
}

static void
count_some(const struct sifting *f, struct sieve *sieve, const struct some *some)
{
	(void)f;
	for (size_t k = 0; k < some->n; k++)
		sieve->count[some->row[k] * RANK_BINS + rank_bin(some->number[k].key)] +=
		    some->number[k].count;
}

static void
count_bins(void *ctx, size_t i, unsigned worker)
{
	const struct sifting *f = ctx;

	walk_piece(f, i, &f->sieve[worker], count_some);
}

static void
keep_number(struct sifted *s, const struct ranked *number)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : CHUNK;
		s->number = mem_resize(s->number, s->cap, sizeof(*s->number));
	}
	s->number[s->n++] = *number;
}

static void
keep_some(const struct sifting *f, struct sieve *sieve, const struct some *some)
{
	for (size_t k = 0; k < some->n; k++)
		if (rank_bin(some->number[k].key) == f->row[some->row[k]].bin)
			keep_number(&sieve->row[some->row[k]], &some->number[k]);
}

static void
keep_bins(void *ctx, size_t i, unsigned worker)
{
	const struct sifting *f = ctx;

	walk_piece(f, i, &f->sieve[worker], keep_some);
}

/* All workers' counts into the first's.  false: the members are not numbers of one type. */
static bool
join_counts(struct sifting *f)
{
	struct sieve *first = &f->sieve[0];

	for (unsigned w = 0; w < f->r->s->n; w++) {
		const struct sieve *s = &f->sieve[w];

		if (first->type == TYPE_NONE)
			first->type = s->type;
		if (s->other || (s->type != TYPE_NONE && s->type != first->type))
			return false;
		for (size_t k = 0; w > 0 && k < f->rows * RANK_BINS; k++)
			first->count[k] += s->count[k];
	}
	return true;
}

static void
seek_bin(const struct sifting *f, struct sought *row, const uint64_t *count)
{
	unsigned __int128 all = 0;

	for (unsigned k = 0; k < RANK_BINS; k++)
		all += count[k];
	if (all == 0)
		return;
	row->want = rank_want(all, f->r->rank);
	while (count[row->bin] < row->want)
		row->want -= count[row->bin++];
}

/* The number of a row, of those that the workers kept. */
static void
rank_sifted(struct sifting *f, size_t row)
{
	struct sifted *all = &f->sieve[0].row[row];
	const struct ranking *r = f->r;
	struct group_table *g = r->s->g[0];
	struct cell c;

	for (unsigned w = 1; w < r->s->n; w++)
		for (size_t k = 0; k < f->sieve[w].row[row].n; k++)
			keep_number(all, &f->sieve[w].row[row].number[k]);
	c = cell_of_key(rank_key(all->number, all->n, f->row[row].want), f->sieve[0].type);
	memcpy(table_slots(&g->rows, (uint32_t)row) + g->values.v[r->value].off, &c, sizeof(c));
}

/* Are there few rows, and many members to each? */
static bool
are_few(const struct ranking *r)
{
	size_t rows = r->s->g[0]->rows.n_rows, members = 0;

	for (unsigned t = 0; t < r->s->n; t++)
		members += distinct_count(&r->s->g[t]->values.v[r->home].set);
	return rows <= ROWS && members / RANK_BINS >= rows;
}

/* The next value of the same sets, and its rank; false: there is none. */
static bool
next_value(struct ranking *r, unsigned *next)
{
	const struct group_table *g = r->s->g[0];

	for (; *next < g->values.n; ++*next)
		if (g->spec->values[*next].fn == FN_PERCENTILE &&
		    g->values.v[*next].home == r->home) {
			r->value = (*next)++;
			r->rank = g->spec->values[r->value].rank;
			return true;
		}
	return false;
}

/* What is asked, of numbers that have been counted. */
static void
find_rank(struct sifting *f)
{
	memset(f->row, 0, f->rows * sizeof(*f->row));
	for (size_t i = 0; i < f->rows; i++)
		seek_bin(f, &f->row[i], f->sieve[0].count + i * RANK_BINS);
	for (unsigned w = 0; w < f->r->s->n; w++)
		for (size_t i = 0; i < f->rows; i++)
			f->sieve[w].row[i].n = 0;
	ordered_each(f->r->s->n, f->pieces.n, keep_bins, f);
	for (size_t i = 0; i < f->rows; i++)
		if (f->row[i].want > 0)
			rank_sifted(f, i);
}

/* false: not all are numbers of one type. */
static bool
rank_few(struct ranking *r)
{
	struct sifting f = {
		.r = r, .pieces = beside_cut(r->s, 0, r->home), .rows = r->s->g[0]->rows.n_rows
	};
	unsigned next = r->home;
	bool numbers;

	f.sieve = mem_zero(r->s->n, sizeof(*f.sieve));
	f.row = mem_zero(f.rows, sizeof(*f.row));
	for (unsigned w = 0; w < r->s->n; w++) {
		f.sieve[w].count = mem_zero(f.rows * RANK_BINS, sizeof(*f.sieve[w].count));
		f.sieve[w].row = mem_zero(f.rows, sizeof(*f.sieve[w].row));
	}
	ordered_each(r->s->n, f.pieces.n, count_bins, &f);
	numbers = join_counts(&f);
	while (numbers && next_value(r, &next))
		find_rank(&f);
	for (unsigned w = 0; w < r->s->n; w++) {
		for (size_t i = 0; i < f.rows; i++)
			mem_free(f.sieve[w].row[i].number);
		mem_free(f.sieve[w].row);
		mem_free(f.sieve[w].count);
	}
	mem_free(f.sieve);
	mem_free(f.row);
	mem_free(f.pieces.piece);
	return numbers;
}

/* All of them -------------------------------------------------------------------------------------- */

static void
rank_many(struct ranking *r)
{
	const struct beside *s = r->s;
	unsigned next = r->home;

	r->by_row = mem_zero(s->n, sizeof(*r->by_row));
	r->room = mem_zero(s->n, sizeof(*r->room));
	ordered_each(s->n, s->n, order_table, r);
	while (next_value(r, &next))
		ordered_each(s->n, (s->g[0]->rows.n_rows + ROWS - 1) / ROWS, rank_rows, r);
	for (unsigned t = 0; t < s->n; t++) {
		mem_free(r->by_row[t].off);
		mem_free(r->by_row[t].order);
		mem_free(r->room[t].members);
	}
	mem_free(r->by_row);
	mem_free(r->room);
}

void
beside_rank(const struct beside *s, unsigned home)
{
	struct ranking r = { .s = s, .home = home };

	if (!are_few(&r) || !rank_few(&r))
		rank_many(&r);
}
