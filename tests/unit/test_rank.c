/*
 * test_rank.c - which value stands at a rank: keys of every spread and number, with counts, as sorting them says; and
 * numbers of every type as keys, in order and back.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ops/rank.h"
#include "random_batch.h"
#include "tap.h"

enum { ROUNDS = 300, MOST = 5000 };

static int
by_key(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static uint64_t
naive_key(const struct ranked *item, size_t n, uint64_t want)
{
	struct ranked *sorted = mem_alloc(n * sizeof(*sorted));
	uint64_t below = 0, key;
	size_t i = 0;

	memcpy(sorted, item, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_key);
	while (i + 1 < n && (below += sorted[i].count) < want)
		i++;
	key = sorted[i].key;
	mem_free(sorted);
	return key;
}

/* Keys that differ in their low bits, in their high ones, in all, in few places, or not at all. */
static uint64_t
some_key(uint64_t *s, unsigned how)
{
	switch (how) {
	case 0: return rnd_below(s, 1000);
	case 1: return rnd(s) << 40;
	case 2: return rnd(s);
	case 3: return rnd_below(s, 3) << 33 | 7;
	case 4: return 42;
	default: return UINT64_MAX - rnd_below(s, 100000);
	}
}

static void
test_keys(void)
{
	unsigned wrong = 0, wrong_items = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t s = seed, all = 0, want, key;
		size_t n = 1 + rnd_below(&s, seed % 3 ? MOST : 70);
		struct ranked *item = mem_alloc(n * sizeof(*item)),
			      *copy = mem_alloc(n * sizeof(*copy));
		struct distinct_item *cell = mem_zero(n, sizeof(*cell));

		for (size_t i = 0; i < n; i++) {
			item[i].key = some_key(&s, (unsigned)(seed % 6));
			item[i].count = seed % 2 ? 1 : 1 + rnd_below(&s, 50);
			cell[i].cell = (struct cell){ .v = item[i].key, .type = TYPE_UINT };
			cell[i].count = item[i].count;
			all += item[i].count;
		}
		for (unsigned rank = 0; rank <= 10000; rank += 1250) {
			want = rank_want(all, rank);
			key = naive_key(item, n, want);
			memcpy(copy, item, n * sizeof(*item));
			wrong += rank_key(copy, n, want) != key;
			wrong_items += rank_item(cell, n, want, NULL)->v != key;
		}
		mem_free(item);
		mem_free(copy);
		mem_free(cell);
	}
	is_u64(wrong, 0, "numbers: the key at a rank is that of the sorted ones");
	is_u64(wrong_items, 0, "whatever can be compared: so is the value");
}

static struct cell
number(enum type t, uint64_t v)
{
	return (struct cell){ .v = v, .type = t };
}

static void
test_numbers(void)
{
	const struct cell up[] = { number(TYPE_UINT, 0), number(TYPE_UINT, 1),
		number(TYPE_UINT, UINT64_MAX), number(TYPE_INT, (uint64_t)INT64_MIN),
		number(TYPE_INT, (uint64_t)-1), number(TYPE_INT, 0), number(TYPE_INT, INT64_MAX),
		number(TYPE_TIME, (uint64_t)-5), number(TYPE_TIME, 5),
		number(TYPE_FLOAT64, cell_double_bits(-INFINITY)),
		number(TYPE_FLOAT64, cell_double_bits(-1.5)),
		number(TYPE_FLOAT64, cell_double_bits(-0.0)),
		number(TYPE_FLOAT64, cell_double_bits(1e-300)),
		number(TYPE_FLOAT64, cell_double_bits(INFINITY)),
		number(TYPE_FLOAT64, cell_double_bits(NAN)) };
	const struct cell address = { .type = TYPE_IP };
	uint64_t key, last = 0;

	for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
		struct cell back;

		ok(cell_to_key(&up[i], &key), "number %zu has a key", i);
		back = cell_of_key(key, (enum type)up[i].type);
		ok(back.v == up[i].v && back.w == 0 && back.type == up[i].type,
		    "number %zu comes back from its key", i);
		if (i > 0 && up[i].type == up[i - 1].type)
			ok(key > last && cell_compare(&up[i - 1], NULL, &up[i], NULL) < 0,
			    "number %zu is above the one before", i);
		last = key;
	}
	ok(!cell_to_key(&address, &key), "an address has none");
}

int
main(void)
{
	test_keys();
	test_numbers();
	return done_testing();
}
