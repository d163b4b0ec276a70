/*
 * test_distinct.c - sets against a plain list of their members: few rows and many, numbers small, large and of two
 * types, addresses, added one by one and together, counted or not; and what each way of looking at them says.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "ops/distinct.h"
#include "random_batch.h"
#include "tap.h"

enum { ADDED = 120000, LOTS = 3, MANY = 40, WORDS = 256 };

static const struct kind {
	const char *name;
	uint32_t rows;
	unsigned small; /* of 16 values so many are below 65,536 */
	unsigned bits; /* of the others */
	bool types, addresses; /* at the end there are some of another type, of IPv6 */
	bool low; /* an array has the small ones */
} kinds[] = {
	{ "small numbers of few rows", 3, 16, 0, false, false, true },
	{ "numbers of few rows, most of them small", 8, 12, 30, false, false, true },
	{ "and some beyond 32 bits", 8, 12, 40, false, false, true },
	{ "and some of another type", 2, 15, 20, true, false, true },
	{ "and addresses", 2, 15, 20, false, true, true },
	{ "numbers of few rows, most of them large", 3, 4, 30, false, false, false },
	{ "small numbers of many rows", MANY, 16, 0, false, false, false },
};

struct model {
	struct added {
		uint32_t row;
		uint64_t type, v, w;
		uint64_t count;
	} * item;
	size_t n;
};

static int
compare(const void *a, const void *b)
{
	const struct added *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->v != y->v)
		return x->v < y->v ? -1 : 1;
	return (x->w > y->w) - (x->w < y->w);
}

/* In order, each once. */
static void
join(struct model *m)
{
	size_t n = 0;

	qsort(m->item, m->n, sizeof(*m->item), compare);
	for (size_t i = 0; i < m->n; i++)
		if (n > 0 && compare(&m->item[n - 1], &m->item[i]) == 0)
			m->item[n - 1].count += m->item[i].count;
		else
			m->item[n++] = m->item[i];
	m->n = n;
}

static struct cell
some_cell(const struct kind *k, uint64_t *s, bool late)
{
	struct cell c = { .type = TYPE_UINT };

	c.v = rnd_below(s, 16) < k->small ? rnd_below(s, 1 << 16) : rnd(s) >> (64 - k->bits);
	if (late && k->types && rnd_below(s, 2))
		c.type = TYPE_DURATION;
	if (late && k->addresses && rnd_below(s, 2)) {
		c = (struct cell){ rnd_below(s, 50), rnd_below(s, 50), TYPE_IP };
		if (rnd_below(s, 2)) { /* IPv4: ten octets of 0, two of ff */
			struct addr a = addr_v4((uint32_t)c.v);

			memcpy(&c.v, a.b, sizeof(a.b));
		}
	}
	return c;
}

static void
note(struct model *m, uint32_t row, const struct cell *c, uint64_t count)
{
	m->item[m->n++] = (struct added){ row, c->type, c->v, c->w, count };
}

/* Values of one type together. */
static size_t
add_some_words(struct distinct *d, const struct kind *k, uint64_t *s, struct model *m)
{
	uint32_t row[WORDS];
	uint64_t v[WORDS], count[WORDS];
	bool fresh[WORDS], counted = rnd_below(s, 2);
	size_t n = 1 + rnd_below(s, WORDS), n_fresh = 0, before = distinct_count(d);

	for (size_t i = 0; i < n; i++) {
		struct cell c = some_cell(k, s, false);

		row[i] = (uint32_t)rnd_below(s, k->rows);
		v[i] = c.v;
		count[i] = counted ? 1 + rnd_below(s, 9) : 1;
		note(m, row[i], &c, count[i]);
	}
	distinct_add_words(d, row, v, counted ? count : NULL, TYPE_UINT, n, fresh);
	for (size_t i = 0; i < n; i++)
		n_fresh += fresh[i];
	return n_fresh == distinct_count(d) - before ? 0 : 1;
}

static unsigned
fill(struct distinct *d, const struct kind *k, uint64_t *s, struct intern *in, struct model *m)
{
	unsigned wrong = 0;

	for (m->n = 0; m->n < ADDED;) {
		struct cell c = some_cell(k, s, m->n > ADDED / 2);
		uint64_t count = 1 + rnd_below(s, 3);
		uint32_t row = (uint32_t)rnd_below(s, k->rows);
		size_t before = distinct_count(d);
		bool fresh;

		if (rnd_below(s, 100) == 0) {
			wrong += (unsigned)add_some_words(d, k, s, m);
			continue;
		}
		fresh = distinct_add(d, row, &c, count, in);
		wrong += distinct_count(d) - before != fresh;
		note(m, row, &c, count);
	}
	join(m);
	return wrong;
}

static unsigned
differ(const struct distinct *d, const struct added *want, uint32_t row, const struct cell *c,
    uint64_t count)
{
	return want->row != row || want->type != c->type || want->v != c->v || want->w != c->w ||
	       (d->counted ? want->count : 1) != count;
}

/* All places, as distinct_at has them. */
static unsigned
check_places(const struct distinct *d, const struct intern *in, const struct model *m)
{
	struct model got = { .item = mem_zero(m->n + 1, sizeof(*got.item)) };
	unsigned wrong = 0;

	for (size_t i = 0; i < distinct_places(d); i++) {
		struct distinct_item item;

		if (!distinct_at(d, i, in, &item))
			continue;
		if (got.n > m->n)
			return 1;
		note(&got, item.row, &item.cell, item.count);
	}
	wrong += got.n != m->n || distinct_count(d) != m->n;
	join(&got);
	for (size_t i = 0; i < got.n && wrong == 0; i++) {
		struct cell c = { got.item[i].v, got.item[i].w, got.item[i].type };

		wrong += differ(d, &m->item[i], got.item[i].row, &c, got.item[i].count);
	}
	mem_free(got.item);
	return wrong;
}

/* Members of places, those that are numbers looked for again; no neighbours that are not there. */
static unsigned
check_members(const struct distinct *d, const struct intern *in, const struct model *m)
{
	struct member some[100];
	uint64_t count[100];
	size_t places = distinct_places(d), all = 0;
	unsigned wrong = 0;

	for (size_t at = 0, end; at < places; at = end) {
		size_t n;

		end = places - at < 100 ? places : at + 100;
		n = distinct_members(d, at, end, some, count);
		all += n;
		for (size_t i = 0; i < n; i++) {
			struct cell c = distinct_cell(&some[i], in);
			struct added want = { some[i].row, c.type, c.v, c.w, 0 }, *there;

			there = bsearch(&want, m->item, m->n, sizeof(want), compare);
			wrong += there == NULL || differ(d, there, some[i].row, &c, count[i]);
			if (some[i].kind != TYPE_UINT)
				continue;
			distinct_expect(d, &some[i]);
			wrong += !distinct_has(d, &some[i]);
			some[i].v = want.v = want.v ^ 1;
			there = bsearch(&want, m->item, m->n, sizeof(want), compare);
			wrong += distinct_has(d, &some[i]) != (there != NULL);
		}
	}
	return wrong + (all != m->n);
}

static unsigned
check_rows(
    const struct distinct *d, const struct kind *k, const struct intern *in, const struct model *m)
{
	size_t *off, *order, at = 0;
	unsigned wrong = 0;

	distinct_by_row(d, k->rows, &off, &order);
	for (uint32_t row = 0; row < k->rows; row++) {
		size_t n = 0;

		for (; at < m->n && m->item[at].row == row; at++)
			n++;
		wrong += off[row + 1] - off[row] != n;
		for (size_t i = off[row]; i < off[row + 1]; i++) {
			struct distinct_item item;

			wrong += !distinct_at(d, order[i], in, &item) || item.row != row;
		}
	}
	mem_free(off);
	mem_free(order);
	return wrong;
}

static unsigned
check_lots(const struct distinct *d, const struct kind *k, const struct model *m)
{
	uint8_t lot[MANY];
	struct distinct_lots lots;
	size_t want[LOTS] = { 0 };
	unsigned wrong = 0;

	for (uint32_t row = 0; row < k->rows; row++)
		lot[row] = (uint8_t)(row % LOTS);
	for (size_t i = 0; i < m->n; i++)
		want[m->item[i].row % LOTS]++;
	distinct_divide(d, lot, LOTS, &lots);
	wrong += d->counted != (lots.count != NULL);
	for (unsigned l = 0; l < LOTS; l++) {
		wrong += lots.off[l + 1] - lots.off[l] != want[l];
		for (size_t i = lots.off[l]; i < lots.off[l + 1]; i++)
			wrong += lots.member[i].row % LOTS != l;
	}
	distinct_lots_free(&lots);
	return wrong;
}

static void
test_kind(const struct kind *k, bool counted)
{
	struct distinct d = { .counted = counted };
	struct intern in = { 0 };
	struct model m = { .item = mem_zero(ADDED + WORDS, sizeof(*m.item)) };
	const char *how = counted ? "counted" : "not counted";
	uint64_t s = 7;

	/* The second time in the memory of the first. */
	for (int again = 0; again < 2; again++) {
		ok(fill(&d, k, &s, &in, &m) == 0, "%s, %s: what is new is told", k->name, how);
		ok((d.low != NULL) == k->low, "%s, %s: an array has small ones: %s", k->name, how,
		    k->low ? "yes" : "no");
		ok(distinct_memory(&d) >= distinct_places(&d) * sizeof(uint64_t),
		    "%s, %s: memory is that of all places", k->name, how);
		ok(check_places(&d, &in, &m) == 0, "%s, %s: each has its place", k->name, how);
		ok(check_members(&d, &in, &m) == 0, "%s, %s: each is found", k->name, how);
		ok(check_rows(&d, k, &in, &m) == 0, "%s, %s: rows have their own", k->name, how);
		ok(check_lots(&d, k, &m) == 0, "%s, %s: lots have their own", k->name, how);
		distinct_clear(&d);
		ok(distinct_count(&d) == 0, "%s, %s: cleared", k->name, how);
	}
	ok(distinct_memory(&d) > 0, "%s, %s: and kept the memory", k->name, how);
	distinct_free(&d);
	ok(distinct_memory(&d) == 0 && d.counted == counted, "%s, %s: freed", k->name, how);
	intern_free(&in);
	mem_free(m.item);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		for (int counted = 0; counted < 2; counted++)
			test_kind(&kinds[i], counted);
	return done_testing();
}
