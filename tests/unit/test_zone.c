/*
 * test_zone.c - least and most of random columns of every type and presence, with the quick ways there are, and as
 * one cell after the other says.
 */
#include <math.h>

#include "flow/zone.h"
#include "random_batch.h"
#include "tap.h"

enum { ROUNDS = 40, RECORDS_MAX = 20000 };

static bool
has_value(const struct column *c, size_t i)
{
	if (c->present != NULL && !bits_get(c->present, i))
		return false;
	if (c->type == TYPE_FLOAT32)
		return !isnan(((const float *)c->data)[i]);
	return c->type != TYPE_FLOAT64 || !isnan(((const double *)c->data)[i]);
}

static bool
zone_is_right(struct column *c, size_t n)
{
	uint64_t least = UINT64_MAX, most = 0;
	size_t values = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t key;

		if (!has_value(c, i))
			continue;
		key = column_zone_key(c, i);
		least = key < least ? key : least;
		most = key > most ? key : most;
		values++;
	}
	column_zone(c, n);
	if (values == 0)
		return !(c->flags & COLUMN_ZONE);
	return c->flags & COLUMN_ZONE && c->min == least && c->max == most;
}

int
main(void)
{
	unsigned sparse = 0, dense = 0, wrong = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t s = seed;
		struct batch *b =
		    random_batch(seed, 1 + rnd_below(&s, seed % 2 ? 70 : RECORDS_MAX));

		for (unsigned i = 0; i < b->n_cols; i++) {
			struct column c = *batch_plain(b, i);

			sparse += c.present != NULL;
			dense += c.present == NULL;
			wrong += !zone_is_right(&c, b->n);
		}
		batch_free(b);
	}
	is_u64(wrong, 0, "least and most are those of the cells that are present");
	ok(sparse > ROUNDS && dense > ROUNDS, "columns with and without gaps were asked");
	return done_testing();
}
