#include "expr/ranges.h"

#include <stdlib.h>

struct range
prefix_keys(const struct addr *a, unsigned plen)
{
	u128 rest = plen == 0 ? ~(u128)0 : plen == 128 ? 0 : ~(u128)0 >> plen;
	u128 lo = addr_key(a) & ~rest;

	return (struct range){ lo, lo | rest };
}

void
ranges_add(struct ranges *s, u128 lo, u128 hi)
{
	if (lo > hi)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 8;
		s->r = mem_resize(s->r, s->cap, sizeof(*s->r));
	}
	s->r[s->n++] = (struct range){ lo, hi };
}

static int
by_low(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

void
ranges_normalise(struct ranges *s)
{
	size_t out = 0, sorted = 1;

	if (s->n == 0)
		return;
	while (sorted < s->n && s->r[sorted - 1].lo <= s->r[sorted].lo)
		sorted++;
	if (sorted < s->n)
		qsort(s->r, s->n, sizeof(*s->r), by_low);
	for (size_t i = 1; i < s->n; i++) {
		struct range *last = &s->r[out];

		if (last->hi != ~(u128)0 && s->r[i].lo > last->hi + 1)
			s->r[++out] = s->r[i];
		else if (s->r[i].hi > last->hi)
			last->hi = s->r[i].hi;
	}
	s->n = out + 1;
}

void
ranges_complement(struct ranges *s, u128 max)
{
	struct ranges c = { 0 };
	u128 next = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->r[i].lo > next)
			ranges_add(&c, next, s->r[i].lo - 1);
		if (s->r[i].hi >= max)
			goto done;
		next = s->r[i].hi + 1;
	}
	ranges_add(&c, next, max);
done:
	ranges_free(s);
	*s = c;
}

void
ranges_free(struct ranges *s)
{
	mem_free(s->r);
	*s = (struct ranges){ 0 };
}

void
ranges_keep(struct ranges *s, struct arena *a)
{
	struct range *r = arena_alloc(a, s->n * sizeof(*r) + 1);

	if (s->n > 0)
		memcpy(r, s->r, s->n * sizeof(*r));
	mem_free(s->r);
	s->r = r;
	s->cap = 0;
}

enum verdict
ranges_zone(const struct ranges *s, u128 lo, u128 hi)
{
	size_t from = 0, to = s->n;

	while (from < to) { /* the first range that ends at lo or behind */
		size_t mid = from + (to - from) / 2;

		if (s->r[mid].hi < lo)
			from = mid + 1;
		else
			to = mid;
	}
	if (from == s->n || s->r[from].lo > hi)
		return NONE;
	return s->r[from].lo <= lo && s->r[from].hi >= hi ? ALL : SOME;
}
