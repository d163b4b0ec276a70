/*
 * test_group.c - grouping compared with a naive aggregator, a record at a time, on random records:
 * every type of key, missing values, both families, types that differ between batches, dictionaries,
 * partial selections, several tables merged, and tables that spill.  Keys go by codes and by their octets,
 * values by sums and by rows: which of them is a matter of ranges, zone maps and memory, so there is all of that.
 */
#include <stdlib.h>

#include "flow/zone.h"
#include "naive_records.h"
#include "ops/group_table.h"
#include "stored.h"
#include "tap.h"

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

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
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

/* Lines, one a group. */
struct lines {
	char **line;
	size_t n;
	const struct scenario *s;
	const struct group_spec *spec;
};

static void
add_line(struct lines *l, struct buf *b)
{
	if ((l->n & (l->n - 1)) == 0)
		l->line = mem_resize(l->line, l->n ? 2 * l->n : 1, sizeof(*l->line));
	l->line[l->n++] = mem_string(buf_cstr(b));
	b->len = 0;
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

static void
free_lines(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		mem_free(l->line[i]);
	mem_free(l->line);
	l->line = NULL;
	l->n = 0;
}

/* The real one ---------------------------------------------------------------------------------- */

static void
cell_text(struct buf *out, struct batch *b, const struct field_id *id, size_t i)
{
	int col = batch_find(b, id);
	struct tv v = { 0 };

	if (col >= 0)
		v = column_value(batch_plain(b, (unsigned)col), i);
	text_of(out, &v);
	buf_putc(out, ' ');
}

static bool
take(void *ctx, struct batch *b)
{
	struct lines *l = ctx;
	struct buf line = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; k < l->spec->n_keys; k++)
			cell_text(&line, b, &l->spec->keys[k].as, i);
		for (size_t v = 0; v < l->spec->n_values; v++)
			cell_text(&line, b, &l->spec->values[v].as, i);
		add_line(l, &line);
	}
	buf_free(&line);
	return true;
}

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

static bool
same_lines(const struct lines *a, const struct lines *b)
{
	for (size_t i = 0; i < a->n || i < b->n; i++)
		if (i >= a->n || i >= b->n || strcmp(a->line[i], b->line[i]) != 0) {
			printf("# line %zu of %zu and %zu\n# got:  %s\n# want: %s\n", i, a->n, b->n,
			    i < a->n ? a->line[i] : "", i < b->n ? b->line[i] : "");
			return false;
		}
	return true;
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
	} ways[] = { { 1, 0 }, { 3, 0 }, { 1, 40000 }, { 2, 100000 } };
	struct group_spec spec = { 0 };
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
			ok(ways[w].memory ? spills > 0 || want.n < 400 : spills == 0,
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

/* Many groups ----------------------------------------------------------------------------------- */

enum { MANY = 30000, N_MANY = 8 };

static struct batch *
many_records(bool v6)
{
	struct batch *b = batch_new();
	int src = batch_column(b, &fields[F_SRCIP].id, TYPE_IP, 4, 0);
	int dst = batch_column(b, &fields[F_DSTIP].id, TYPE_IP, 4, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, 2, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct addr a = addr_v4((uint32_t)rnd(300000)), d = random_addr(v6);

		batch_put_ip(b, (unsigned)src, i, &a);
		batch_put_ip(b, (unsigned)dst, i, &d);
		batch_put_uint(b, (unsigned)port, i, rnd(10));
		if (!v6 || rnd(5) > 0)
			batch_put_uint(b, (unsigned)bytes, i, rnd(1000) << rnd(40));
	}
	batch_close(b);
	return b;
}

/* The groups of n tables, which are freed, as lines in order. */
static void
finish_tables(struct lines *l, struct group_table **t, unsigned n)
{
	struct err err = { 0 };

	ok(group_finish(t, n, NULL, take, l, &err) == 0, "groups of %u tables are handed out", n);
	ok(group_count(t, n) == l->n, "and counted");
	for (unsigned i = 0; i < n; i++)
		group_free(t[i]);
	qsort(l->line, l->n, sizeof(*l->line), compare_text);
}

static void
group_many(struct lines *l, struct batch **b, const struct group_spec *spec, unsigned tables)
{
	struct group_table *t[N_MANY];
	struct err err = { 0 };

	l->spec = spec;
	for (unsigned i = 0; i < tables; i++)
		t[i] = group_new(spec, tables);
	for (unsigned i = 0; i < N_MANY; i++)
		ok(group_add(t[i % tables], b[i], NULL, &err) == 0, "many records are added");
	finish_tables(l, t, tables);
}

/*
 * So many that several tables are put together by partitions, and that one table ceases to look for keys: both
 * come to the same.  v6: a batch with IPv6 addresses, and records without octets.
 */
static void
test_many(const char *keys, const char *values, unsigned v6)
{
	struct group_spec spec = { 0 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct err err = { 0 };

	ok(group_spec_keys(&spec, keys, &err) == 0 && group_spec_values(&spec, values, &err) == 0,
	    "-k %s -v %s is understood", keys, values);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = many_records(i == v6);
	group_many(&want, b, &spec, 1);
	for (unsigned tables = 2; tables <= N_MANY; tables *= 4) {
		group_many(&got, b, &spec, tables);
		ok(same_lines(&got, &want), "-k %s -v %s by %u tables: %zu groups", keys, values,
		    tables, want.n);
		free_lines(&got);
	}
	/* In little memory. */
	spec.memory = 4 << 20;
	group_many(&got, b, &spec, 2);
	ok(same_lines(&got, &want), "-k %s -v %s in little memory", keys, values);
	free_lines(&got);
	free_lines(&want);
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/*
 * Few addresses, so that files have dictionaries of them: of IPv4, of IPv6 alone, of both; octets above nothing and
 * not, below 2^32 and not, that some records miss.  lies: the last port is beyond what its zone map will say.
 */
static struct batch *
few_addresses(unsigned kind, bool lies)
{
	static const uint64_t range[] = { 100000, 3, UINT64_C(1) << 40, 1 };
	struct batch *b = batch_new();
	unsigned width = kind % 3 == 0 ? 4 : 16;
	int src = batch_column(b, &fields[F_SRCIP].id, TYPE_IP, width, 0);
	int dst = batch_column(b, &fields[F_DSTIP].id, TYPE_IP, 4, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, 2, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct addr a = addr_v4((uint32_t)(rnd(1500) * 2 + i % 2) + 10000 * kind),
			    d = addr_v4((uint32_t)rnd(1000));

		if (kind % 3 == 1 || (kind % 3 == 2 && rnd(2) > 0))
			a.b[0] = 0x20;
		if (kind % 4 != 0 || rnd(9) > 0)
			batch_put_ip(b, (unsigned)src, i, &a);
		batch_put_ip(b, (unsigned)dst, i, &d);
		batch_put_uint(b, (unsigned)port, i, lies && i + 1 == MANY ? 5000 : rnd(10));
		if (kind != 5 || rnd(5) > 0)
			batch_put_uint(b, (unsigned)bytes, i,
			    !(kind & 2) + rnd(kind == 7 && i % 2 == 0 ? 100000 : range[kind % 4]));
	}
	batch_close(b);
	return b;
}

/* A zone map of ports that says less than there is. */
static void
tell_less(struct batch *b)
{
	struct column *c = &b->col[batch_find(b, &fields[F_DSTPORT].id)];

	c->max = 9;
}

/* Batches as a file has them. */
struct reading {
	struct stream_reader *r;
	struct stream_slot *slot[N_MANY];
	struct batch *b[N_MANY];
};

static void
store_and_read(struct reading *in, struct batch **b, enum block_profile profile)
{
	struct err err = { 0 };

	in->r = stream_open(stored_stream(b, N_MANY, profile, true), 0, NULL, 0);
	for (unsigned i = 0; i < N_MANY; i++) {
		in->slot[i] = slot_new();
		ok(stream_next(in->r, in->slot[i], &err) == STREAM_BATCH, "a batch is read");
		in->b[i] = slot_batch(in->slot[i]);
	}
}

static void
end_reading(struct reading *in)
{
	for (unsigned i = 0; i < N_MANY; i++)
		slot_free(in->slot[i]);
	stream_close(in->r);
}

/* Batches of a file come to what they came to before they were stored. */
static void
test_stored(
    const char *keys, const char *values, enum block_profile profile, unsigned tables, bool lies)
{
	struct group_spec spec = { 0 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct reading in;
	struct err err = { 0 };

	ok(group_spec_keys(&spec, keys, &err) == 0 && group_spec_values(&spec, values, &err) == 0,
	    "-k %s -v %s is understood", keys, values);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = few_addresses(i, lies);
	group_many(&want, b, &spec, 1);
	store_and_read(&in, b, profile);
	for (unsigned i = 0; i < N_MANY && lies; i++)
		tell_less(in.b[i]);
	group_many(&got, in.b, &spec, tables);
	ok(same_lines(&got, &want), "-k %s -v %s of stored batches, %u tables: %zu groups", keys,
	    values, tables, want.n);
	free_lines(&got);
	free_lines(&want);
	end_reading(&in);
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* Octets as other writers could store them. */
enum { IN_UNITS, FROM_OTHERS, NARROW, N_STORED };

static void
store_otherwise(struct batch *b, unsigned how, struct planes *other)
{
	unsigned col = (unsigned)batch_find(b, &fields[F_BYTES].id);
	struct planes *p = (struct planes *)(uintptr_t)batch_planes(b, col);

	if (p == NULL || batch_entries(b, col) != NULL) /* codes */
		return;
	*other = *p;
	switch (how) {
	case IN_UNITS: p->unit = 1000000; break;
	case FROM_OTHERS: p->from = other; break;
	default: b->col[col].width = 4; p->base = UINT32_MAX - 1;
	}
}

/* They come to what they come to without planes. */
static void
test_stored_otherwise(const char *keys, unsigned how)
{
	struct group_spec spec = { 0 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct reading in;
	struct planes other[N_MANY];
	struct err err = { 0 };

	ok(group_spec_keys(&spec, keys, &err) == 0 && group_spec_values(&spec, "bytes", &err) == 0,
	    "-k %s", keys);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = few_addresses(i, false);
	store_and_read(&in, b, PROFILE_FAST);
	for (unsigned i = 0; i < N_MANY; i++)
		store_otherwise(in.b[i], how, &other[i]);
	group_many(&got, in.b, &spec, 1);
	for (unsigned i = 0; i < N_MANY; i++) {
		batch_reset(b[i]);
		ok(batch_append(b[i], in.b[i], NULL, in.b[i]->n) == 0, "and copied");
		batch_close(b[i]);
	}
	group_many(&want, b, &spec, 1);
	ok(same_lines(&got, &want), "-k %s of octets stored otherwise (%u): %zu groups", keys, how,
	    want.n);
	free_lines(&got);
	free_lines(&want);
	end_reading(&in);
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* Stored records of IPv6 alone are in a table of their own though codes take the place of their keys. */
static void
test_apart(void)
{
	struct group_spec spec = { 0 };
	struct batch *b[N_MANY];
	struct reading in;
	struct err err = { 0 };
	struct group_table *t;

	ok(group_spec_keys(&spec, "srcip", &err) == 0 &&
		group_spec_values(&spec, "bytes", &err) == 0,
	    "sources");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = few_addresses(i, false);
	store_and_read(&in, b, PROFILE_FILE);
	t = group_new(&spec, 1);
	for (unsigned i = 0; i < 2; i++)
		ok(group_add(t, in.b[i], NULL, &err) == 0 && (t->v6 != NULL) == (i == 1), "IPv%d",
		    i == 0 ? 4 : 6);
	group_settle(t);
	group_settle(t->v6);
	ok(t->rows.n_rows > 2900 && t->v6->rows.n_rows > 2900 && t->rows.key_len < 16,
	    "each in its table, of keys no longer than they are");
	group_free(t);
	end_reading(&in);
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* A zone map that lies costs time, and nothing else. */
static void
test_lies(void)
{
	struct group_spec spec = { 0 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct err err = { 0 };

	ok(group_spec_keys(&spec, "dstport", &err) == 0 &&
		group_spec_values(&spec, "count", &err) == 0,
	    "ports are counted");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = many_records(false);
	group_many(&want, b, &spec, 1);
	for (unsigned i = 0; i < N_MANY; i++) {
		struct column *c = &b[i]->col[batch_find(b[i], &fields[F_DSTPORT].id)];

		c->flags |= COLUMN_ZONE;
		c->min = i % 2 ? 3 : 1 << 20;
		c->max = c->min + i;
	}
	group_many(&got, b, &spec, 1);
	ok(same_lines(&got, &want), "zone maps that lie change nothing");
	free_lines(&got);
	free_lines(&want);
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* The first ten by the last value: those of all tables, whoever of them has most of a group. */
static uint64_t
last_value(const char *line)
{
	const char *at = line + strlen(line);

	while (at > line && at[-1] == ' ')
		at--;
	while (at > line && at[-1] != ' ')
		at--;
	return strtoull(at, NULL, 10);
}

static int
by_last(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	uint64_t v = last_value(*x), w = last_value(*y);

	return v != w ? (v < w) - (v > w) : strcmp(*x, *y);
}

/* Keep the first n lines, and those equal to the last of them. */
static void
keep_first(struct lines *l, size_t n)
{
	size_t kept = 0;

	qsort(l->line, l->n, sizeof(*l->line), by_last);
	while (kept < l->n && (kept < n || last_value(l->line[kept]) == last_value(l->line[n - 1])))
		kept++;
	for (size_t i = kept; i < l->n; i++)
		free(l->line[i]);
	l->n = kept;
}

static void
test_first(const char *keys, const char *values, size_t n)
{
	struct group_spec spec = { 0 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct err err = { 0 };
	size_t all;

	ok(group_spec_keys(&spec, keys, &err) == 0 && group_spec_values(&spec, values, &err) == 0,
	    "-k %s -v %s is understood", keys, values);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = many_records(i == 5);
	group_many(&want, b, &spec, 1);
	all = want.n;
	keep_first(&want, n);
	for (unsigned tables = 1; tables <= N_MANY; tables++) {
		struct group_top top = { spec.n_values - 1, n, .counted = tables % 2 == 0 };
		struct group_table *t[N_MANY];
		size_t handed;

		got.spec = &spec;
		for (unsigned i = 0; i < tables; i++)
			t[i] = group_new(&spec, tables);
		for (unsigned i = 0; i < N_MANY; i++)
			ok(group_add(t[i % tables], b[i], NULL, &err) == 0, "records are added");
		ok(group_finish(t, tables, &top, take, &got, &err) == 0, "groups are handed out");
		ok(!top.counted || group_count(t, tables) == all, "and all counted");
		for (unsigned i = 0; i < tables; i++)
			group_free(t[i]);
		handed = got.n;
		keep_first(&got, n);
		ok(same_lines(&got, &want), "-k %s -v %s: the first %zu by %u tables, of %zu", keys,
		    values, n, tables, handed);
		free_lines(&got);
	}
	free_lines(&want);
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* Codes that grow ------------------------------------------------------------------------------- */

enum { GROW_N = 20000, GROW_PROTOS = 9 };

/* The i-th batch has other protocols than the one before, and its ports and ends lie elsewhere, lower or higher. */
static struct batch *
growing_records(unsigned i, uint64_t (*octets)[N_MANY][70])
{
	static const uint8_t protos[GROW_PROTOS] = { 17, 6, 89, 1, 112, 58, 47, 2, 200 };
	struct batch *b = batch_new();
	int end = batch_column(b, &fields[F_END].id, TYPE_TIME, 8, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, 2, 0);
	int proto = batch_column(b, &fields[F_PROTO].id, TYPE_UINT, 1, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, GROW_N);
	for (size_t k = 0; k < GROW_N; k++) {
		unsigned p = (unsigned)((i * 5 + rnd(2 + i % 3)) % GROW_PROTOS);
		uint64_t minute = (i * 3) % N_MANY, at = rnd(60) == 0 ? 69 : i * 7 + rnd(10);
		uint64_t n = rnd(100000);

		batch_put_uint(b, (unsigned)end, k, (minute * 60 + rnd(60)) * UINT64_C(1000000000));
		batch_put_uint(b, (unsigned)port, k, 65000 - 900 * at);
		batch_put_uint(b, (unsigned)proto, k, protos[p]);
		batch_put_uint(b, (unsigned)bytes, k, n);
		octets[protos[p]][minute][at] += n;
	}
	batch_close(b);
	column_zone(&b->col[end], b->n);
	column_zone(&b->col[port], b->n);
	column_zone(&b->col[proto], b->n);
	return b;
}

/* What is held in arrays is held on when a later batch, or another table, needs more codes, or others. */
static void
test_growing(const char *keys, bool ports, bool times)
{
	static uint64_t octets[256][N_MANY][70];
	struct group_spec spec = { 0 };
	struct batch *b[N_MANY];
	struct err err = { 0 };

	memset(octets, 0, sizeof(octets));
	ok(group_spec_keys(&spec, keys, &err) == 0 && group_spec_values(&spec, "bytes", &err) == 0,
	    "-k %s is understood", keys);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = growing_records(i, octets);
	for (unsigned tables = 1; tables <= N_MANY; tables++) {
		struct group_table *t[N_MANY];
		struct lines got = { .spec = &spec };
		uint64_t sum = 0, all = 0;
		size_t groups = 0;
		bool held = true;

		for (unsigned i = 0; i < tables; i++)
			t[i] = group_new(&spec, tables);
		for (unsigned i = 0; i < N_MANY; i++)
			if (group_add(t[i % tables], b[i], NULL, &err) != 0)
				abort();
		for (unsigned i = 0; i < tables; i++)
			held &= t[i]->rows.n_rows == 0 && t[i]->tally.coding.space > 0;
		ok(held, "-k %s: %u tables hold all in arrays", keys, tables);
		finish_tables(&got, t, tables);
		for (size_t i = 0; i < got.n; i++)
			sum += last_value(got.line[i]) * (1 + last_value(got.line[i]) % 7);
		for (unsigned p = 0; p < 256; p++) {
			uint64_t by[N_MANY][70] = { 0 };

			for (unsigned m = 0; m < N_MANY; m++)
				for (unsigned a = 0; a < 70; a++)
					by[times ? m : 0][ports ? a : 0] += octets[p][m][a];
			for (unsigned m = 0; m < N_MANY; m++)
				for (unsigned a = 0; a < 70; a++) {
					all += by[m][a] * (1 + by[m][a] % 7);
					groups += by[m][a] > 0;
				}
		}
		ok(got.n == groups && sum == all, "-k %s by %u tables: %zu groups", keys, tables,
		    groups);
		free_lines(&got);
	}
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* As many_records, of two addresses and a port that takes more octets from batch `wide` on. */
static struct batch *
pair_records(bool wide)
{
	struct batch *b = batch_new();
	int src = batch_column(b, &fields[F_SRCIP].id, TYPE_IP, 4, 0);
	int dst = batch_column(b, &fields[F_DSTIP].id, TYPE_IP, 4, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, wide ? 4 : 2, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct addr from = addr_v4((uint32_t)rnd(1000)), to = addr_v4((uint32_t)rnd(1000));

		batch_put_ip(b, (unsigned)src, i, &from);
		batch_put_ip(b, (unsigned)dst, i, &to);
		batch_put_uint(b, (unsigned)port, i, rnd(3) << (wide ? 20 : 0));
		batch_put_uint(
		    b, (unsigned)bytes, i, rnd(100) == 0 ? UINT64_C(1) << 40 : rnd(1000));
	}
	batch_close(b);
	return b;
}

enum { AGAIN = 12 };

/* All batches several times over, most of them to the first table. */
static void
add_again(struct group_table **t, unsigned tables, struct batch **b)
{
	struct err err = { 0 };

	for (unsigned k = 0; k < AGAIN * N_MANY; k++) {
		unsigned i = k * N_MANY / (AGAIN * N_MANY);

		if (group_add(t[i < 5 || k % 2 ? 0 : k % tables], b[i], NULL, &err) != 0)
			abort();
	}
}

/*
 * Records that nobody looked for go to disk as they are, and come back as the same groups; of a layout that has changed
 * meanwhile too, and beside another table that has not gone to disk or knows another layout.
 */
static void
test_loose_on_disk(unsigned wide)
{
	struct group_spec spec = { 0 };
	struct lines want = { 0 };
	struct batch *b[N_MANY];
	struct err err = { 0 };

	ok(group_spec_keys(&spec, "srcip,dstip,dstport", &err) == 0 &&
		group_spec_values(&spec, "bytes,count", &err) == 0,
	    "pairs of addresses are counted");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = pair_records(i >= wide);
	for (unsigned tables = 0; tables <= 3; tables++) {
		unsigned n = tables > 0 ? tables : 1, on_disk = 0, rows = 0;
		struct lines got = { .spec = &spec };
		struct group_table *t[3];

		spec.memory = tables * (UINT64_C(33) << 20); /* first as much as it takes */
		for (unsigned i = 0; i < n; i++)
			t[i] = group_new(&spec, n);
		add_again(t, n, b);
		for (unsigned i = 0; i < n; i++) {
			on_disk += t[i]->n_loose_spills;
			rows += t[i]->n_spills;
		}
		ok((on_disk > 0) == (tables > 0),
		    "%u tables went to disk %u times with loose rows, %u with others", tables,
		    on_disk, rows);
		finish_tables(&got, t, n);
		if (tables == 0) {
			want = got;
			continue;
		}
		ok(same_lines(&got, &want), "%zu groups, the layout changes at %u", want.n, wide);
		free_lines(&got);
	}
	free_lines(&want);
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* Loose rows beside a table whose keys cannot be put together by their octets: none is lost. */
static void
test_loose_beside_strings(void)
{
	struct batch *few = batch_new();
	int name = batch_column(few, &fields[F_NAME].id, TYPE_STRING, 0, 0);
	struct group_spec spec = { 0 };
	struct err err = { 0 };
	struct batch *b[N_MANY];

	ok(group_spec_keys(&spec, "srcip,dstip,dstport,interfaceName", &err) == 0 &&
		group_spec_values(&spec, "count", &err) == 0,
	    "a string is a key too");
	batch_extend(few, 1);
	batch_put_octets(few, (unsigned)name, 0, "eth0", 4);
	batch_close(few);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = pair_records(false);
	for (unsigned other = 0; other < 2; other++) {
		struct group_table *t[2] = { group_new(&spec, 2), group_new(&spec, 2) };
		struct lines got = { .spec = &spec };
		uint64_t sum = 0;

		if (group_add(t[other], few, NULL, &err) != 0)
			abort();
		for (unsigned i = 0; i < N_MANY; i++)
			if (group_add(t[!other], b[i], NULL, &err) != 0)
				abort();
		ok(t[!other]->loose.n_rows > 0, "table %u has loose rows", !other);
		finish_tables(&got, t, 2);
		for (size_t i = 0; i < got.n; i++)
			sum += last_value(got.line[i]);
		ok(sum == N_MANY * MANY + 1, "and no record is lost");
		free_lines(&got);
	}
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	batch_free(few);
	group_spec_free(&spec);
}

/* Keys as far apart as numbers can be are no range. */
static void
test_far_apart(uint64_t first, uint64_t second)
{
	struct group_spec spec = { 0 };
	struct batch *b[2];
	struct err err = { 0 };

	ok(group_spec_keys(&spec, "bytes", &err) == 0 &&
		group_spec_values(&spec, "count", &err) == 0,
	    "octets are a key");
	for (unsigned i = 0; i < 2; i++) {
		int col;

		b[i] = batch_new();
		col = batch_column(b[i], &fields[F_BYTES].id, TYPE_UINT, 8, 0);
		batch_extend(b[i], MANY);
		for (size_t k = 0; k < MANY; k++)
			batch_put_uint(b[i], (unsigned)col, k, i ? second : first);
		batch_close(b[i]);
		column_zone(&b[i]->col[col], MANY);
	}
	for (unsigned tables = 1; tables <= 2; tables++) {
		struct group_table *t[2];
		struct lines got = { .spec = &spec };

		for (unsigned i = 0; i < tables; i++)
			t[i] = group_new(&spec, tables);
		for (unsigned i = 0; i < 2; i++)
			ok(group_add(t[i % tables], b[i], NULL, &err) == 0, "they are added");
		finish_tables(&got, t, tables);
		ok(got.n == 2 && last_value(got.line[0]) == MANY && last_value(got.line[1]) == MANY,
		    "%" PRIu64 " and %" PRIu64 " by %u tables", first, second, tables);
		free_lines(&got);
	}
	for (unsigned i = 0; i < 2; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* How often groups of many IPv4 addresses, and of one IPv6 address or none, go to disk in so much memory. */
static unsigned
spills_in(uint64_t memory, bool v6)
{
	struct group_spec spec = { 0 };
	struct lines got = { .spec = &spec };
	struct err err = { 0 };
	struct group_table *t;
	unsigned spills;

	if (group_spec_keys(&spec, "srcip,dstport", &err) != 0 ||
	    group_spec_values(&spec, "max(bytes)", &err) != 0)
		abort();
	spec.memory = memory;
	rnd_state = 7;
	t = group_new(&spec, 1);
	for (unsigned i = 0; i < 3; i++) {
		struct batch *b = many_records(false), *other = batch_new();
		int src = batch_column(other, &fields[F_SRCIP].id, TYPE_IP, 4, 0);

		if (group_add(t, b, NULL, &err) != 0)
			abort();
		batch_extend(other, 1);
		batch_put_ip(other, (unsigned)src, 0,
		    &(struct addr){ .b = { [0] = v6 ? 0x20 : 0, [10] = 0xff, [11] = 0xff } });
		batch_close(other);
		if (group_add(t, other, NULL, &err) != 0)
			abort();
		batch_free(other);
		batch_free(b);
	}
	spills = group_spills(t);
	ok(group_finish(&t, 1, NULL, take, &got, &err) == 0, "groups in %" PRIu64 " octets",
	    memory);
	group_free(t);
	free_lines(&got);
	group_spec_free(&spec);
	return spills;
}

/* An IPv6 address among many of IPv4 takes no memory from them. */
static void
test_families_share(void)
{
	uint64_t memory = 1 << 20;

	while (spills_in(memory, false) > 0)
		memory += memory / 8;
	ok(memory > 1 << 20 && spills_in(memory + memory / 8, true) == 0,
	    "one IPv6 address does not send IPv4 to disk: %" PRIu64 " octets", memory);
}

int
main(void)
{
	make_batches();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		test_scenario(&scenarios[i]);
	test_many("srcip,dstport", "count,bytes", N_MANY);
	test_many("srcip,dstip", "bytes", 7);
	test_many("srcip,dstip", "distinct(dstport),p50(bytes),flows", 2);
	test_many("srcip,dstport", "min(bytes),mean(bytes),max(dstip)", 4);
	test_first("srcip/24", "flows,bytes", 10);
	test_first("srcip/24", "bytes,count", 100);
	test_first("srcip/20", "max(dstport),bytes", 7);
	test_first("dstport,srcip/16", "mean(bytes),count", 3);
	test_first("srcip/24", "distinct(dstip)", 10);
	test_first("srcip", "bytes", 10);
	test_first("dstport", "bytes,flows", 10);
	test_first("dstport", "count,flows", 3);
	test_first("dstport,proto", "count,bytes", 20);
	test_first("dstport,proto", "flows", 1000000);
	test_first("proto", "bytes", 1);
	test_first("dstip,dstport", "count,flows", 10);
	test_first("srcip,dstip", "flows,bytes", 30);
	test_growing("dstport,proto", true, false);
	test_growing("end/1m,proto", false, true);
	test_growing("proto", false, false);
	test_growing("proto,end/1m", false, true);
	test_loose_on_disk(N_MANY);
	test_loose_on_disk(6);
	test_loose_beside_strings();
	test_far_apart(UINT64_MAX, 0);
	test_far_apart(UINT64_MAX, 1);
	test_far_apart(0, UINT64_MAX);
	test_far_apart(UINT64_MAX - 2, 1);
	test_families_share();
	test_lies();
	test_apart();
	for (unsigned how = 0; how < N_STORED; how++) {
		test_stored_otherwise("dstip", how);
		test_stored_otherwise("dstport", how);
	}
	for (unsigned tables = 1; tables <= 2; tables++) {
		enum block_profile profile = tables == 1 ? PROFILE_FILE : PROFILE_FAST;

		test_stored("srcip", "bytes", profile, tables, false);
		test_stored("srcip", "bytes,count", profile, tables, false);
		test_stored("dstip", "bytes", profile, tables, false);
		test_stored("dstport", "bytes,sum(dstport)", profile, tables, false);
		test_stored("srcip,dstip", "bytes", profile, tables, false);
		test_stored("srcip/24,dstport", "bytes,max(bytes)", profile, tables, false);
		test_stored("dstip", "p50(bytes),bytes", profile, tables, false);
		test_stored("dstport", "bytes", profile, tables, true);
		test_stored("dstport", "bytes,count", profile, tables, true);
	}
	free_batches();
	return done_testing();
}
