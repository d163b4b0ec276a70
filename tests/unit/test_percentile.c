/*
 * test_percentile.c - percentiles of few groups with many values and of more than a few, of numbers of every type, and
 * of numbers whose type differs between tables: as the sorted values say.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ops/group.h"
#include "random_batch.h"
#include "tap.h"

enum { TABLES = 3, RECORDS = 100000 }; /* of each table */

static const struct kind {
	const char *name, *values;
	struct field_id id;
	enum type type, other; /* the last table's */
	unsigned width;
	unsigned bits; /* of the numbers */
	int64_t least;
} kinds[] = {
	{ "small", "p50_bytes,p95(bytes),p1(bytes),p99.99(bytes)", { .id = 1 }, TYPE_UINT,
	    TYPE_UINT, 8, 20, 0 },
	{ "short", "p50_bytes,p95(bytes),p1(bytes),p99.99(bytes)", { .id = 1 }, TYPE_UINT,
	    TYPE_UINT, 8, 16, 10000 },
	{ "large", "p50_bytes,p95(bytes),p1(bytes),p99.99(bytes)", { .id = 1 }, TYPE_UINT,
	    TYPE_UINT, 8, 64, 0 },
	{ "signed", "p50(mibObjectValueInteger),p2.5(mibObjectValueInteger)", { .id = 434 },
	    TYPE_INT, TYPE_INT, 4, 20, -300000 },
	{ "time", "p50(start),p90(start)", { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME,
	    TYPE_TIME, 8, 50, -1000000 },
	{ "real", "p50(absoluteError),p5(absoluteError)", { .id = 320 }, TYPE_FLOAT64, TYPE_FLOAT64,
	    8, 30, -500000000 },
	{ "mixed", "p50_packets,p95_packets", { .id = 2 }, TYPE_UINT, TYPE_FLOAT64, 8, 30, 0 },
	{ "short and mixed", "p50_packets,p95_packets", { .id = 2 }, TYPE_UINT, TYPE_FLOAT64, 8, 16,
	    0 },
};

static const struct field_id key_id = { .id = 7 };

struct value {
	unsigned group;
	long double v;
};

static int
compare(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return (x->v > y->v) - (x->v < y->v);
}

static long double
number(const struct column *c, size_t i)
{
	switch (c->type) {
	case TYPE_FLOAT64: return ((const double *)c->data)[i];
	case TYPE_INT:
		return c->width == 4 ? ((const int32_t *)c->data)[i]
				     : (long double)((const int64_t *)c->data)[i];
	case TYPE_TIME: return (long double)((const int64_t *)c->data)[i];
	default: return (long double)((const uint64_t *)c->data)[i];
	}
}

/* Every ninth record has no value, and group 0 has none at all. */
static struct batch *
some_records(const struct kind *k, enum type type, unsigned groups, uint64_t *s)
{
	struct batch *b = batch_new();
	int key = batch_column(b, &key_id, TYPE_UINT, 2, 0);
	int col = batch_column(b, &k->id, type, k->width, 0);

	batch_extend(b, RECORDS);
	for (size_t i = 0; i < RECORDS; i++) {
		uint64_t group = rnd_below(s, groups + 1), v = rnd(s) >> (64 - k->bits);

		batch_put_uint(b, (unsigned)key, i, group);
		if (group == 0 || rnd_below(s, 9) == 0)
			continue;
		if (type == TYPE_FLOAT64)
			batch_put_double(b, (unsigned)col, i, (double)((int64_t)v + k->least) / 8);
		else
			batch_put_uint(b, (unsigned)col, i, v + (uint64_t)k->least);
	}
	batch_close(b);
	return b;
}

/* The values of all, in order. */
static size_t
naive_values(struct batch *const *b, unsigned n_batches, const struct kind *k, struct value *to)
{
	size_t n = 0;

	for (unsigned t = 0; t < n_batches; t++) {
		const struct column *key = batch_plain(b[t], (unsigned)batch_find(b[t], &key_id));
		const struct column *c = batch_plain(b[t], (unsigned)batch_find(b[t], &k->id));

		for (size_t i = 0; i < b[t]->n; i++)
			if (c->present == NULL || bits_get(c->present, i))
				to[n++] = (struct value){ ((const uint16_t *)key->data)[i],
					number(c, i) };
	}
	qsort(to, n, sizeof(*to), compare);
	return n;
}

struct checking {
	const struct group_spec *spec;
	const struct value *value;
	size_t n, groups;
	unsigned wrong;
};

/* Where a group's values are. */
static size_t
values_of(const struct checking *c, unsigned group, size_t *first)
{
	size_t at = 0, end;

	while (at < c->n && c->value[at].group < group)
		at++;
	for (end = at; end < c->n && c->value[end].group == group; end++)
		continue;
	*first = at;
	return end - at;
}

static bool
check(void *ctx, struct batch *b)
{
	struct checking *c = ctx;
	const struct column *key = batch_plain(b, (unsigned)batch_find(b, &key_id));

	for (size_t i = 0; i < b->n; i++) {
		size_t first, n = values_of(c, ((const uint16_t *)key->data)[i], &first);

		for (size_t v = 0; v < c->spec->n_values; v++) {
			int at = batch_find(b, &c->spec->values[v].as);
			const struct column *col = at < 0 ? NULL : batch_plain(b, (unsigned)at);
			bool has =
			    col != NULL && (col->present == NULL || bits_get(col->present, i));
			size_t rank = (n * c->spec->values[v].rank + 9999) / 10000;

			c->wrong += has != (n > 0) ||
				    (has && number(col, i) != c->value[first + rank - 1].v);
		}
	}
	c->groups += b->n;
	return true;
}

static void
test_tables(const struct kind *k, struct checking *c, struct batch *const *b, unsigned tables)
{
	struct group_table *t[TABLES];
	struct err err = { 0 };

	c->groups = c->wrong = 0;
	for (unsigned i = 0; i < tables; i++)
		t[i] = group_new(c->spec, tables);
	for (unsigned i = 0; i < TABLES; i++)
		(void)group_add(t[i % tables], b[i], NULL, &err);
	ok(group_finish(t, tables, NULL, check, c, &err) == 0,
	    "%zu groups of %s numbers in %u tables", c->groups, k->name, tables);
	is_u64(c->wrong, 0, "have the percentiles of sorted ones");
	for (unsigned i = 0; i < tables; i++)
		group_free(t[i]);
}

static void
test_kind(const struct kind *k, unsigned groups)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct batch *b[TABLES];
	struct value *value = mem_alloc(TABLES * RECORDS * sizeof(*value));
	struct checking c = { .spec = &spec, .value = value };
	struct err err = { 0 };
	uint64_t s = groups;

	ok(group_spec_keys(&spec, "srcport", &err) == 0 &&
		group_spec_values(&spec, k->values, &err) == 0,
	    "-v %s", k->values);
	for (unsigned i = 0; i < TABLES; i++)
		b[i] = some_records(k, i + 1 == TABLES ? k->other : k->type, groups, &s);
	c.n = naive_values(b, TABLES, k, value);
	for (unsigned tables = 1; tables <= TABLES; tables += 2) {
		test_tables(k, &c, b, tables);
		is_u64(c.groups, groups + 1, "as many as there are");
	}
	for (unsigned i = 0; i < TABLES; i++)
		batch_free(b[i]);
	mem_free(value);
	group_spec_free(&spec);
}

int
main(void)
{
	static const unsigned groups[] = { 1, 40, 200 };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
			test_kind(&kinds[k], groups[g]);
	return done_testing();
}
