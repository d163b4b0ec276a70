/*
 * test_group.c - grouping compared with a naive aggregator, a record at a time, on random records:
 * every type of key, missing values, both families, types that differ between batches, dictionaries,
 * partial selections, several tables merged, and tables that spill.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "ops/group.h"
#include "tap.h"

enum {
	F_SRCIP,
	F_DSTIP,
	F_SRCPORT,
	F_DSTPORT,
	F_PROTO,
	F_FLAGS,
	F_BYTES,
	F_PACKETS,
	F_FLOWS,
	F_START,
	F_END,
	F_NAME,
	F_MIXED,
	F_REAL,
	F_SMALL,
	F_MAC,
	F_YES,
	N_FIELDS
};
enum { N_BATCHES = 12, BATCH_N = 700 };

static const struct {
	struct field_id id;
	enum type type;
	unsigned width;
} fields[N_FIELDS] = { { { .id = 8 }, TYPE_IP, 4 }, { { .id = 12 }, TYPE_IP, 4 },
	{ { .id = 7 }, TYPE_UINT, 2 }, { { .id = 11 }, TYPE_UINT, 2 },
	{ { .id = 4 }, TYPE_UINT, 1 }, { { .id = 6 }, TYPE_UINT, 2 }, { { .id = 1 }, TYPE_UINT, 8 },
	{ { .id = 2 }, TYPE_UINT, 4 }, { { .id = 3 }, TYPE_UINT, 4 },
	{ { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, 8 },
	{ { .pen = PEN_OWN, .id = OWN_END }, TYPE_TIME, 8 }, { { .id = 82 }, TYPE_STRING, 0 },
	{ { .pen = 4242, .id = 17 }, TYPE_BYTES, 0 }, { { .id = 320 }, TYPE_FLOAT64, 8 },
	{ { .id = 434 }, TYPE_INT, 4 }, { { .id = 56 }, TYPE_MAC, 8 },
	{ { .id = 276 }, TYPE_BOOL, 1 } };

/* A value of one field; TYPE_NONE: missing. */
struct tv {
	enum type type;
	int64_t i;
	double d;
	struct addr ip;
	char s[8];
};
struct rec {
	struct tv v[N_FIELDS];
	bool selected;
};

static struct rec recs[N_BATCHES * BATCH_N];
static struct batch *batches[N_BATCHES];
static uint64_t *sels[N_BATCHES];

static uint64_t seed = 20261123;

static uint64_t
rnd(uint64_t below)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

static struct addr
random_addr(bool v6)
{
	struct addr a = addr_v4(UINT32_C(0x0a000000) + (uint32_t)rnd(40) * 77);

	if (v6 && rnd(3) == 0) {
		memset(a.b, 0, sizeof(a.b));
		a.b[0] = 0x20;
		a.b[7] = (uint8_t)rnd(3);
		a.b[15] = (uint8_t)rnd(5);
	}
	return a;
}

static struct tv
random_value(unsigned f, enum type type, bool v6)
{
	struct tv v = { .type = type };

	switch (f) {
	case F_SRCIP:
	case F_DSTIP: v.ip = random_addr(v6); break;
	case F_SRCPORT:
	case F_DSTPORT: v.i = (int64_t)rnd(12) * 5000; break;
	case F_PROTO: v.i = rnd(2) ? 6 : 17; break;
	case F_FLAGS: v.i = (int64_t)(UINT64_C(1) << rnd(9)); break;
	case F_START: v.i = INT64_C(1700000000000000000) + (int64_t)rnd(50) * 7000000000; break;
	case F_END: v.i = INT64_C(1700000000000000000) + (int64_t)rnd(90) * 7000000000; break;
	case F_SMALL: v.i = (int64_t)rnd(7) - 3; break;
	case F_REAL: v.d = ((double)rnd(9) - 4) / 4; break;
	case F_YES: v.i = (int64_t)rnd(2); break;
	default: v.i = (int64_t)rnd(200); break;
	}
	if (type_is_var(type))
		snprintf(v.s, sizeof(v.s), "%s%u", rnd(5) ? "eth" : "", (unsigned)rnd(6));
	if (type_is_var(type) && rnd(9) == 0)
		v.s[0] = '\0';
	return v;
}

static void
put(struct batch *b, unsigned col, size_t i, const struct tv *v)
{
	if (v->type == TYPE_NONE)
		return;
	if (v->type == TYPE_IP)
		batch_put_ip(b, col, i, &v->ip);
	else if (type_is_var(v->type))
		batch_put_octets(b, col, i, v->s, strlen(v->s));
	else if (v->type == TYPE_FLOAT64)
		batch_put_double(b, col, i, v->d);
	else
		batch_put_uint(b, col, i, (uint64_t)v->i);
}

/* What a reader gives for a string column: a dictionary and codes beside. */
static void
add_dictionary(struct batch *b, struct column *c)
{
	uint32_t *off = arena_alloc(&b->names, (b->n + 1) * 4);
	uint16_t *codes = arena_alloc(&b->names, b->n * 2);

	for (size_t i = 0; i < b->n; i++) {
		off[i] = c->off[i];
		codes[i] = (uint16_t)i;
	}
	off[b->n] = c->off[b->n];
	c->dict_n = (uint32_t)b->n;
	c->dict_data = c->data;
	c->dict_off = off;
	c->codes = codes;
}

static void
make_batch(unsigned which, struct rec *r)
{
	struct batch *b = batch_new();
	bool v6 = which % 4 == 2, sparse = which % 3 == 1;

	batch_extend(b, BATCH_N);
	sels[which] = mem_zero(bits_words(BATCH_N), 8);
	for (unsigned f = 0; f < N_FIELDS; f++) {
		enum type type = fields[f].type;
		unsigned width = fields[f].width;
		int col;

		if (f == F_MIXED && which % 3 != 0) {
			type = which % 3 == 1 ? TYPE_UINT : TYPE_STRING;
			width = which % 3 == 1 ? 4 : 0;
		}
		if (f == F_FLOWS && which % 2 == 0)
			continue;
		if (which == 5 && (f == F_DSTPORT || f == F_NAME))
			continue;
		if (f == F_PACKETS && which == 7) {
			type = TYPE_FLOAT64;
			width = 8;
		}
		if (f == F_BYTES && which % 5 == 1)
			width = 4;
		col = batch_column(b, &fields[f].id, type, width, 0);
		for (size_t i = 0; i < BATCH_N; i++) {
			if (sparse && rnd(8) == 0)
				continue;
			r[i].v[f] = random_value(f, type, v6);
			if (type == TYPE_FLOAT64 && f == F_PACKETS)
				r[i].v[f].d = (double)r[i].v[f].i + 0.5;
			put(b, (unsigned)col, i, &r[i].v[f]);
		}
		if (type == TYPE_TIME)
			batch_precision(b, (unsigned)col, 6);
	}
	batch_close(b);
	for (unsigned c = 0; c < b->n_cols && which % 2; c++)
		if (b->col[c].width == 0)
			add_dictionary(b, &b->col[c]);
	for (size_t i = 0; i < BATCH_N; i++) {
		r[i].selected = which % 4 == 0 || rnd(3) > 0;
		if (r[i].selected)
			bits_set(sels[which], i);
	}
	batches[which] = b;
}

/* Values as text: the same value, the same text. */
static void
text_of(struct buf *b, const struct tv *v)
{
	switch (v->type) {
	case TYPE_NONE: buf_puts(b, "-"); return;
	case TYPE_IP:
		for (unsigned i = 0; i < 16; i++)
			buf_printf(b, "%02x", v->ip.b[i]);
		return;
	case TYPE_FLOAT64: buf_printf(b, "f%.9g", v->d + 0.0); return;
	default: break;
	}
	if (type_is_var(v->type))
		buf_printf(b, "%d'%s'", (int)v->type, v->s);
	else
		buf_printf(b, "%" PRId64, v->i);
}

static struct tv
column_value(const struct column *c, size_t i)
{
	struct tv v = { .type = (enum type)c->type };
	uint64_t u = 0;

	if (c->present != NULL && !bits_get(c->present, i))
		return (struct tv){ 0 };
	if (c->width == 0) {
		memcpy(v.s, (const char *)c->data + c->off[i], c->off[i + 1] - c->off[i]);
		return v;
	}
	if (c->type == TYPE_IP && c->width == 4)
		v.ip = addr_v4(((const uint32_t *)c->data)[i]);
	else if (c->type == TYPE_IP)
		memcpy(v.ip.b, (const uint8_t *)c->data + i * 16, 16);
	else if (c->type == TYPE_FLOAT64)
		v.d = ((const double *)c->data)[i];
	else
		memcpy(&u, (const uint8_t *)c->data + i * c->width, c->width);
	v.i = (int64_t)u;
	if (c->type == TYPE_INT && c->width < 8)
		v.i = (int64_t)(u << (64 - 8 * c->width)) >> (64 - 8 * c->width);
	return v;
}

/* The naive aggregator ------------------------------------------------------------------------- */

struct test_key {
	int field;
	int p4, p6;
	int64_t bin;
};
struct test_value {
	enum group_fn fn;
	int field;
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
	l->line = mem_resize(l->line, l->n + 1, sizeof(*l->line));
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
	ok(group_finish(t, tables, take, l, &err) == 0, "groups are handed out");
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

	ok(group_spec_keys(&spec, s->keys, &err) == 0 &&
		group_spec_values(&spec, s->values, &err) == 0 &&
		group_spec_check(&spec, &err) == 0,
	    "%s: %s is understood%s", s->keys, s->values, err.text);
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
			    s->keys, s->values, ways[w].tables, partial ? ", some records" : "",
			    spills ? ", spilled" : "", want.n);
			free_lines(&got);
		}
		free_lines(&want);
	}
	group_spec_free(&spec);
}

int
main(void)
{
	for (unsigned i = 0; i < N_BATCHES; i++)
		make_batch(i, recs + (size_t)i * BATCH_N);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		test_scenario(&scenarios[i]);
	for (unsigned i = 0; i < N_BATCHES; i++) {
		batch_free(batches[i]);
		mem_free(sels[i]);
	}
	return done_testing();
}
