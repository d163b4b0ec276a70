/*
 * test_group.c - grouping compared with a naive aggregator, a record at a time, on random records:
 * every type of key, missing values, both families, types that differ between batches, dictionaries,
 * partial selections, several tables merged, and tables that spill.  Keys go by codes and by their octets,
 * values by sums and by rows: which of them is a matter of ranges, zone maps and memory, so there is all of that.
 */
#include <stdlib.h>

#include "flow/zone.h"
#include "group_lines.h"
#include "ops/cell.h"

/* The naive aggregator ------------------------------------------------------------------------- */

struct test_key {
	int field;
	int p4, p6;
	int64_t bin;
};
enum { RANK = 100 };
struct test_value {
	enum group_fn fn;
	int field; /* of a percentile p: the field + p * RANK */
};
struct scenario {
	const char *keys, *values;
	struct test_key k[4];
	unsigned n_keys;
	struct test_value v[12];
	unsigned n_values;
};

static double
number(const struct tv *v)
{
	return v->type == TYPE_FLOAT64 ? v->d : (double)v->i;
}

static int
compare(const struct tv *a, const struct tv *b)
{
	if (a->type == TYPE_IP)
		return memcmp(a->ip.b, b->ip.b, 16);
	if (type_is_var(a->type))
		return strcmp(a->s, b->s);
	return (number(a) > number(b)) - (number(a) < number(b));
}

static void
key_text(struct buf *b, const struct scenario *s, const struct rec *r)
{
	for (unsigned k = 0; k < s->n_keys; k++) {
		struct tv v = r->v[s->k[k].field];

		if (v.type == TYPE_IP && s->k[k].p4 >= 0)
			addr_mask(
			    &v.ip, (unsigned)(addr_is_v4(&v.ip) ? 96 + s->k[k].p4 : s->k[k].p6));
		if (v.type != TYPE_NONE && s->k[k].bin > 1)
			v.i -= (v.i % s->k[k].bin + s->k[k].bin) % s->k[k].bin;
		text_of(b, &v);
		buf_putc(b, ' ');
	}
}

struct keyed {
	char *key;
	const struct rec *r;
};

static int
compare_keyed(const void *a, const void *b)
{
	return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

static int64_t
time_of(const struct rec *r, bool last)
{
	const struct tv *v = &r->v[last ? F_END : F_START];

	return v->type ? v->i : last ? INT64_MIN : INT64_MAX;
}

static struct tv
naive_choice(const struct keyed *g, size_t n, const struct test_value *v)
{
	const struct rec *best = NULL;
	bool last = v->fn == FN_LAST || v->fn == FN_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct rec *r = g[i].r;
		int order = 0;

		if (r->v[v->field].type == TYPE_NONE)
			continue;
		if (best != NULL && (v->fn == FN_FIRST || v->fn == FN_LAST))
			order = (time_of(r, last) > time_of(best, last)) -
				(time_of(r, last) < time_of(best, last));
		if (best != NULL && order == 0)
			order = compare(&r->v[v->field], &best->v[v->field]);
		if (best == NULL || (last ? order > 0 : order < 0))
			best = r;
	}
	return best ? best->v[v->field] : (struct tv){ 0 };
}

static struct tv
naive_sum(const struct keyed *g, size_t n, const struct test_value *v)
{
	struct tv sum = { 0 };
	size_t count = 0;
	double total = 0;
	int64_t whole = 0, bits = 0;
	enum type type = TYPE_NONE;

	for (size_t i = 0; i < n; i++) {
		const struct tv *x = &g[i].r->v[v->field];

		if (x->type == TYPE_NONE)
			continue;
		count++;
		total += number(x);
		whole += x->i;
		bits |= x->i;
		type = x->type;
	}
	for (size_t i = 0; v->field == F_PACKETS && i < N_BATCHES * BATCH_N; i++)
		if (recs[i].selected && recs[i].v[v->field].type == TYPE_FLOAT64)
			type = TYPE_FLOAT64; /* one type for the whole column */
	if (count == 0)
		return sum;
	sum.type = type;
	sum.i = v->fn == FN_OR ? bits : whole;
	sum.d = total;
	if (v->fn == FN_MEAN) {
		sum.type = TYPE_FLOAT64;
		sum.d = total / (double)count;
	}
	return sum;
}

static struct tv
naive_distinct(const struct keyed *g, size_t n, const struct test_value *v)
{
	char **text = mem_alloc((n + 1) * sizeof(*text));
	size_t m = 0, distinct = 0;

	for (size_t i = 0; i < n; i++) {
		struct buf b = { 0 };

		if (g[i].r->v[v->field].type == TYPE_NONE)
			continue;
		text_of(&b, &g[i].r->v[v->field]);
		text[m++] = mem_string(buf_cstr(&b));
		buf_free(&b);
	}
	qsort(text, m, sizeof(*text), compare_text);
	for (size_t i = 0; i < m; i++)
		distinct += i == 0 || strcmp(text[i], text[i - 1]) != 0;
	for (size_t i = 0; i < m; i++)
		mem_free(text[i]);
	mem_free(text);
	return (struct tv){ .type = TYPE_UINT, .i = (int64_t)distinct };
}

static int
compare_values(const void *a, const void *b)
{
	return compare(a, b);
}

static struct tv
naive_rank(const struct keyed *g, size_t n, const struct test_value *v)
{
	struct tv *x = mem_alloc((n + 1) * sizeof(*x)), found = { 0 };
	size_t m = 0, percent = (size_t)(v->field / RANK);

	for (size_t i = 0; i < n; i++)
		if (g[i].r->v[v->field % RANK].type != TYPE_NONE)
			x[m++] = g[i].r->v[v->field % RANK];
	qsort(x, m, sizeof(*x), compare_values);
	if (m > 0)
		found = x[(m * percent + 99) / 100 - 1];
	mem_free(x);
	return found;
}

static struct tv
naive_value(const struct keyed *g, size_t n, const struct test_value *v)
{
	struct tv flows = { .type = TYPE_UINT };

	switch (v->fn) {
	case FN_FLOWS:
		for (size_t i = 0; i < n; i++)
			flows.i += g[i].r->v[F_FLOWS].type ? g[i].r->v[F_FLOWS].i : 1;
		return flows;
	case FN_RECORDS: flows.i = (int64_t)n; return flows;
	case FN_SUM:
	case FN_OR:
	case FN_MEAN: return naive_sum(g, n, v);
	case FN_DISTINCT: return naive_distinct(g, n, v);
	case FN_PERCENTILE: return naive_rank(g, n, v);
	default: return naive_choice(g, n, v);
	}
}

static void
naive(struct lines *l, const struct scenario *s, bool partial)
{
	struct keyed *k = mem_alloc(sizeof(*k) * N_BATCHES * BATCH_N);
	size_t n = 0;
	struct buf b = { 0 };

	for (size_t i = 0; i < N_BATCHES * BATCH_N; i++) {
		if (partial && !recs[i].selected)
			continue;
		b.len = 0;
		key_text(&b, s, &recs[i]);
		k[n++] = (struct keyed){ mem_string(buf_cstr(&b)), &recs[i] };
	}
	qsort(k, n, sizeof(*k), compare_keyed);
	for (size_t i = 0; i < n;) {
		size_t m = 1;

		while (i + m < n && strcmp(k[i + m].key, k[i].key) == 0)
			m++;
		b.len = 0;
		buf_puts(&b, k[i].key);
		for (unsigned v = 0; v < s->n_values; v++) {
			struct tv value = naive_value(k + i, m, &s->v[v]);

			text_of(&b, &value);
			buf_putc(&b, ' ');
		}
		add_line(l, &b);
		i += m;
	}
	for (size_t i = 0; i < n; i++)
		mem_free(k[i].key);
	mem_free(k);
	buf_free(&b);
	qsort(l->line, l->n, sizeof(*l->line), compare_text);
}

/* The real one ---------------------------------------------------------------------------------- */

static unsigned
group(struct lines *l, const struct group_spec *spec, unsigned tables, bool partial)
{
	struct group_table *t[4];
	struct err err = { 0 };
	unsigned spills = 0;

	l->spec = spec;
	for (unsigned i = 0; i < tables; i++)
		t[i] = group_new(spec, tables);
	for (unsigned i = 0; i < N_BATCHES; i++)
		ok(group_add(t[(i * 7 + 3) % tables], batches[i], partial ? sels[i] : NULL, &err) ==
			0,
		    "a batch is added");
	for (unsigned i = 0; i < tables; i++)
		spills += group_spills(t[i]);
	ok(group_finish(t, tables, NULL, take, l, &err) == 0, "groups are handed out");
	for (unsigned i = 0; i < tables; i++)
		group_free(t[i]);
	qsort(l->line, l->n, sizeof(*l->line), compare_text);
	return spills;
}

#define KEY(F) \
	{ \
		F, -1, -1, 0 \
	}
static const struct scenario scenarios[] = {
	{ "srcip", "flows,packets,bytes", { KEY(F_SRCIP) }, 1,
	    { { FN_FLOWS, 0 }, { FN_SUM, F_PACKETS }, { FN_SUM, F_BYTES } }, 3 },
	{ "srcip,dstip,srcport,dstport", "bytes,flags,count",
	    { KEY(F_SRCIP), KEY(F_DSTIP), KEY(F_SRCPORT), KEY(F_DSTPORT) }, 4,
	    { { FN_SUM, F_BYTES }, { FN_OR, F_FLAGS }, { FN_RECORDS, 0 } }, 3 },
	{ "srcip/24", "distinct(dstip),distinct_dstport,distinct(interfaceName),distinct(4242.17)",
	    { { F_SRCIP, 24, 64, 0 } }, 1,
	    { { FN_DISTINCT, F_DSTIP }, { FN_DISTINCT, F_DSTPORT }, { FN_DISTINCT, F_NAME },
		{ FN_DISTINCT, F_MIXED } },
	    4 },
	{ "dstip/28:60,proto", "min(srcip),max_srcip,min(bytes),max(bytes)",
	    { { F_DSTIP, 28, 60, 0 }, KEY(F_PROTO) }, 2,
	    { { FN_MIN, F_SRCIP }, { FN_MAX, F_SRCIP }, { FN_MIN, F_BYTES }, { FN_MAX, F_BYTES } },
	    4 },
	{ "end/1m", "first,last,mean(bytes),mean(packets)", { { F_END, -1, -1, 60000000000 } }, 1,
	    { { FN_MIN, F_START }, { FN_MAX, F_END }, { FN_MEAN, F_BYTES },
		{ FN_MEAN, F_PACKETS } },
	    4 },
	{ "interfaceName",
	    "first(bytes),last(srcip),first(interfaceName),last(interfaceName),sum(packets)",
	    { KEY(F_NAME) }, 1,
	    { { FN_FIRST, F_BYTES }, { FN_LAST, F_SRCIP }, { FN_FIRST, F_NAME },
		{ FN_LAST, F_NAME }, { FN_SUM, F_PACKETS } },
	    5 },
	{ "4242.17,interfaceName", "flows,max(interfaceName),distinct_srcip",
	    { KEY(F_MIXED), KEY(F_NAME) }, 2,
	    { { FN_FLOWS, 0 }, { FN_MAX, F_NAME }, { FN_DISTINCT, F_SRCIP } }, 3 },
	{ "absoluteError,dataRecordsReliability",
	    "flows,sum(mibObjectValueInteger),min(absoluteError)", { KEY(F_REAL), KEY(F_YES) }, 2,
	    { { FN_FLOWS, 0 }, { FN_SUM, F_SMALL }, { FN_MIN, F_REAL } }, 3 },
	{ "mibObjectValueInteger/2,srcmac,dstport/1K",
	    "flows,max(mibObjectValueInteger),distinct(srcmac)",
	    { { F_SMALL, -1, -1, 2 }, KEY(F_MAC), { F_DSTPORT, -1, -1, 1000 } }, 3,
	    { { FN_FLOWS, 0 }, { FN_MAX, F_SMALL }, { FN_DISTINCT, F_MAC } }, 3 },
	{ NULL, "flows,bytes,count", { KEY(0) }, 0,
	    { { FN_FLOWS, 0 }, { FN_SUM, F_BYTES }, { FN_RECORDS, 0 } }, 3 },
	{ "dstport,proto", "flows,count,bytes", { KEY(F_DSTPORT), KEY(F_PROTO) }, 2,
	    { { FN_FLOWS, 0 }, { FN_RECORDS, 0 }, { FN_SUM, F_BYTES } }, 3 },
	{ "end/1m,proto", "bytes,flows", { { F_END, -1, -1, 60000000000 }, KEY(F_PROTO) }, 2,
	    { { FN_SUM, F_BYTES }, { FN_FLOWS, 0 } }, 2 },
	{ "start/10s", "count", { { F_START, -1, -1, 10000000000 } }, 1, { { FN_RECORDS, 0 } }, 1 },
	{ "srcip", "count,bytes", { KEY(F_SRCIP) }, 1, { { FN_RECORDS, 0 }, { FN_SUM, F_BYTES } },
	    2 },
	{ "mibObjectValueInteger,dataRecordsReliability,proto", "count,bytes",
	    { KEY(F_SMALL), KEY(F_YES), KEY(F_PROTO) }, 3,
	    { { FN_RECORDS, 0 }, { FN_SUM, F_BYTES } }, 2 },
	{ "srcip,dstip,srcmac", "count", { KEY(F_SRCIP), KEY(F_DSTIP), KEY(F_MAC) }, 3,
	    { { FN_RECORDS, 0 } }, 1 },
	{ "proto", "p50(bytes),p95_bytes,p1(mibObjectValueInteger),p99(start)", { KEY(F_PROTO) }, 1,
	    { { FN_PERCENTILE, F_BYTES + 50 * RANK }, { FN_PERCENTILE, F_BYTES + 95 * RANK },
		{ FN_PERCENTILE, F_SMALL + 1 * RANK }, { FN_PERCENTILE, F_START + 99 * RANK } },
	    4 },
	{ "srcip,interfaceName", "p90(packets),p50(absoluteError),distinct(bytes)",
	    { KEY(F_SRCIP), KEY(F_NAME) }, 2,
	    { { FN_PERCENTILE, F_PACKETS + 90 * RANK }, { FN_PERCENTILE, F_REAL + 50 * RANK },
		{ FN_DISTINCT, F_BYTES } },
	    3 },
};

static void
test_scenario(const struct scenario *s)
{
	static const struct {
		unsigned tables;
		uint64_t memory;
		bool small;
	} ways[] = { { 1, 1 << 30, false }, { 3, 1 << 30, false }, { 1, 40000, true },
		{ 2, 100000, true } };
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct err err = { 0 };

	ok((s->keys == NULL || group_spec_keys(&spec, s->keys, &err) == 0) &&
		group_spec_values(&spec, s->values, &err) == 0 &&
		group_spec_check(&spec, &err) == 0,
	    "%s: %s is understood%s", s->keys ? s->keys : "no key", s->values, err.text);
	for (unsigned partial = 0; partial < 2; partial++) {
		struct lines want = { 0 };

		naive(&want, s, partial);
		for (unsigned w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
			struct lines got = { 0 };
			unsigned spills;

			spec.memory = ways[w].memory;
			spills = group(&got, &spec, ways[w].tables, partial);
			ok(ways[w].small ? spills > 0 || want.n < 400 : spills == 0,
			    "%u tables went to disk %u times", ways[w].tables, spills);
			ok(same_lines(&got, &want), "-k %s -v %s by %u tables%s%s: %zu groups",
			    s->keys ? s->keys : "", s->values, ways[w].tables,
			    partial ? ", some records" : "", spills ? ", spilled" : "", want.n);
			free_lines(&got);
		}
		free_lines(&want);
	}
	group_spec_free(&spec);
}

/* More names than the first table of them holds, each seen again. */
static void
test_many_names(void)
{
	enum { NAMES = 5000 };
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines got = { .spec = &spec };
	struct err err = { 0 };
	struct batch *b = batch_new();
	int col = batch_column(b, &fields[F_NAME].id, TYPE_STRING, 0, 0);
	struct group_table *t;
	size_t wrong = 0;

	if (group_spec_keys(&spec, "interfaceName", &err) != 0 ||
	    group_spec_values(&spec, "count", &err) != 0)
		abort();
	batch_extend(b, 3 * NAMES);
	for (unsigned i = 0; i < 3 * NAMES; i++) {
		char name[8];
		int len = snprintf(name, sizeof(name), "%u", i % NAMES);

		batch_put_octets(b, (unsigned)col, i, name, (size_t)len);
	}
	batch_close(b);
	t = group_new(&spec, 1);
	ok(group_add(t, b, NULL, &err) == 0, "many names are added");
	ok(group_finish(&t, 1, NULL, take, &got, &err) == 0, "and handed out");
	for (size_t i = 0; i < got.n; i++)
		wrong += last_value(got.line[i]) != 3;
	ok(got.n == NAMES && wrong == 0, "%d names are as many groups", NAMES);
	group_free(t);
	free_lines(&got);
	batch_free(b);
	group_spec_free(&spec);
}

/* Numbers beyond what whole bins can be counted in are bins of their own. */
static void
test_real_bins(void)
{
	static const double cases[][2] = { { 25, 20 }, { -25, -30 }, { -30, -30 }, { 1e300, 1e300 },
		{ -1e300, -1e300 } };
	struct group_key key = { .bin.ns = 10 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bin = cell_floor(cell_double_bits(cases[i][0]), &key, TYPE_FLOAT64);

		ok(bin == cell_double_bits(cases[i][1]), "the bin of %g in tens is %g", cases[i][0],
		    cases[i][1]);
	}
}

int
main(void)
{
	make_batches();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		test_scenario(&scenarios[i]);
	test_many_names();
	test_real_bins();
	free_batches();
	return done_testing();
}
