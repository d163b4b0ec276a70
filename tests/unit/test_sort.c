/*
 * test_sort.c - sorting compared with a naive stable sort of rows: every type, missing values, both
 * families, types that differ between batches, several keys, a few of many, and runs on disk.
 */
#include <math.h>
#include <stdlib.h>

#include "naive_records.h"
#include "ops/sort.h"
#include "tap.h"

enum { N_RECORDS = N_BATCHES * BATCH_N, MEMORY = 1 << 30 };

struct naive_key {
	int field;
	bool ascending;
};
struct scenario {
	const char *text;
	struct naive_key k[3];
	unsigned n;
};

static const struct scenario *comparing;

static unsigned
class_of(const struct tv *v)
{
	if (v->type == TYPE_NONE)
		return 2;
	return v->type == TYPE_FLOAT64 && isnan(v->d);
}

static double
number(const struct tv *v)
{
	return v->type == TYPE_FLOAT64 ? v->d : (double)v->i;
}

static bool
numeric(enum type t)
{
	return t == TYPE_UINT || t == TYPE_INT || t == TYPE_FLOAT64 || t == TYPE_TIME;
}

static int
compare_values(const struct tv *a, const struct tv *b)
{
	if (a->type != b->type && !(numeric(a->type) && numeric(b->type)))
		return (a->type > b->type) - (a->type < b->type);
	if (a->type == TYPE_IP)
		return memcmp(a->ip.b, b->ip.b, 16);
	if (type_is_var(a->type))
		return strcmp(a->s, b->s);
	if (a->type == b->type && a->type != TYPE_FLOAT64)
		return (a->i > b->i) - (a->i < b->i);
	return (number(a) > number(b)) - (number(a) < number(b));
}

static int
compare_records(const void *x, const void *y)
{
	const struct rec *a = &recs[*(const uint32_t *)x], *b = &recs[*(const uint32_t *)y];

	for (unsigned k = 0; k < comparing->n; k++) {
		const struct tv *va = &a->v[comparing->k[k].field],
				*vb = &b->v[comparing->k[k].field];
		int order = (int)class_of(va) - (int)class_of(vb);

		if (order != 0)
			return order;
		if (class_of(va) == 0)
			order = compare_values(va, vb);
		if (order != 0)
			return comparing->k[k].ascending ? order : -order;
	}
	return a < b ? -1 : a > b;
}

struct got {
	uint64_t number[N_RECORDS];
	size_t n;
	bool whole; /* every value of every record is as it was */
};

static bool
same_value(const struct tv *a, const struct tv *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool same;

	text_of(&x, a);
	text_of(&y, b);
	same = a->type == b->type && strcmp(buf_cstr(&x), buf_cstr(&y)) == 0;
	buf_free(&x);
	buf_free(&y);
	return same;
}

static bool
take(void *ctx, struct batch *b)
{
	struct got *g = ctx;
	struct field_id id = { .pen = PEN_NAMED, .named = "n" };
	const struct column *c = batch_plain(b, (unsigned)batch_find(b, &id));

	for (size_t i = 0; i < b->n; i++) {
		uint64_t number = ((const uint64_t *)c->data)[i];

		g->number[g->n++] = number;
		for (unsigned f = 0; f < N_FIELDS; f += 3) {
			int col = batch_find(b, &fields[f].id);
			struct tv v = { 0 };

			if (col >= 0)
				v = column_value(batch_plain(b, (unsigned)col), i);
			g->whole = g->whole && same_value(&v, &recs[number].v[f]);
		}
	}
	return true;
}

static unsigned
sort(struct got *g, const char *text, uint64_t limit, uint64_t memory, bool partial)
{
	struct sort_key *keys;
	size_t n;
	struct err err = { 0 };
	struct sorter *s;
	unsigned runs;

	g->n = 0;
	g->whole = true;
	ok(sort_keys_parse(&keys, &n, text, &err) == 0, "-O %s is understood%s", text, err.text);
	s = sort_new(keys, n, limit ? limit : UINT64_MAX, memory ? memory : MEMORY, NULL);
	for (unsigned i = 0; i < N_BATCHES; i++)
		if (sort_add(s, batches[i], partial ? sels[i] : NULL, &err) < 0)
			ok(false, "a batch is added: %s", err.text);
	runs = sort_runs(s);
	ok(sort_finish(s, take, g, &err) == 0, "the order is handed out%s", err.text);
	sort_free(s);
	sort_keys_free(keys);
	return runs;
}

#define UP(F) \
	{ \
		F, true \
	}
#define DOWN(F) \
	{ \
		F, false \
	}
static const struct scenario scenarios[] = {
	{ "bytes", { DOWN(F_BYTES) }, 1 },
	{ "bytes:asc", { UP(F_BYTES) }, 1 },
	{ "srcip:asc,start", { UP(F_SRCIP), DOWN(F_START) }, 2 },
	{ "interfaceName:asc,dstip,srcport:asc", { UP(F_NAME), DOWN(F_DSTIP), UP(F_SRCPORT) }, 3 },
	{ "absoluteError,dstport:asc", { DOWN(F_REAL), UP(F_DSTPORT) }, 2 },
	{ "mibObjectValueInteger:asc", { UP(F_SMALL) }, 1 },
	{ "packets:desc,4242.17:asc", { DOWN(F_PACKETS), UP(F_MIXED) }, 2 },
	{ "4242.17", { DOWN(F_MIXED) }, 1 },
	{ "end:asc,srcmac", { UP(F_END), DOWN(F_MAC) }, 2 },
};

static void
test_scenario(const struct scenario *s, struct got *g)
{
	static const struct {
		uint64_t limit, memory;
		bool partial, runs;
	} ways[] = { { 0, 0, false, false }, { 0, 0, true, false }, { 0, 100000, false, true },
		{ 0, 150000, true, true }, { 10, 0, false, false }, { 500, 60000, true, true } };
	uint32_t *want = mem_alloc(N_RECORDS * sizeof(*want));

	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		size_t n = 0, same = 0;
		unsigned runs = sort(g, s->text, ways[w].limit, ways[w].memory, ways[w].partial);

		for (uint32_t i = 0; i < N_RECORDS; i++)
			if (!ways[w].partial || recs[i].selected)
				want[n++] = i;
		comparing = s;
		qsort(want, n, sizeof(*want), compare_records);
		n = ways[w].limit && ways[w].limit < n ? ways[w].limit : n;
		while (same < n && same < g->n && g->number[same] == want[same])
			same++;
		ok(g->n == n && same == n, "-O %s, %s: %zu records, %zu in order, %u runs", s->text,
		    ways[w].partial ? "some" : "all", g->n, same, runs);
		ok(g->whole, "every value is as it was");
		ok((runs > 0) == ways[w].runs, "%u runs went to disk", runs);
	}
	mem_free(want);
}

/* A run of each record, which are far more than are merged at once. */
static void
test_many_runs(const struct scenario *s, struct got *g, uint64_t limit)
{
	uint32_t *want = mem_alloc(N_RECORDS * sizeof(*want));
	uint64_t sel[BATCH_N / 64 + 1];
	struct sort_key *keys;
	size_t n, same = 0;
	struct err err = { 0 };
	struct sorter *sorter;

	g->n = 0;
	g->whole = true;
	ok(sort_keys_parse(&keys, &n, s->text, &err) == 0, "-O %s is understood", s->text);
	sorter = sort_new(keys, n, limit ? limit : UINT64_MAX, 1, NULL);
	for (uint32_t i = 0; i < N_RECORDS; i++) {
		want[i] = i;
		memset(sel, 0, sizeof(sel));
		sel[i % BATCH_N / 64] = UINT64_C(1) << i % BATCH_N % 64;
		if (sort_add(sorter, batches[i / BATCH_N], sel, &err) < 0)
			abort();
	}
	ok(sort_runs(sorter) > N_RECORDS / 2, "%u runs went to disk", sort_runs(sorter));
	ok(sort_finish(sorter, take, g, &err) == 0, "the order is handed out%s", err.text);
	comparing = s;
	qsort(want, N_RECORDS, sizeof(*want), compare_records);
	n = limit ? limit : N_RECORDS;
	while (same < n && same < g->n && g->number[same] == want[same])
		same++;
	ok(g->n == n && same == n && g->whole, "%zu records, %zu in order", g->n, same);
	sort_free(sorter);
	sort_keys_free(keys);
	mem_free(want);
}

/* Enough records that a sort of a few looks again, and leaves out those behind its bar. */
static void
test_few(struct got *g)
{
	struct sort_key *keys;
	size_t n, same = 0;
	struct err err = { 0 };
	struct sorter *s;
	static const struct scenario few = { "start,bytes", { DOWN(F_START), DOWN(F_BYTES) }, 2 };
	uint32_t *want = mem_alloc(N_RECORDS * sizeof(*want));

	g->n = 0;
	ok(sort_keys_parse(&keys, &n, few.text, &err) == 0, "-O %s is understood", few.text);
	s = sort_new(keys, n, 40, MEMORY, NULL);
	for (unsigned round = 0; round < 20; round++)
		for (unsigned i = 0; i < N_BATCHES; i++)
			if (sort_add(s, batches[i], NULL, &err) < 0)
				ok(false, "a batch is added: %s", err.text);
	ok(sort_finish(s, take, g, &err) == 0 && g->n == 40, "the first 40 are handed out");
	for (uint32_t i = 0; i < N_RECORDS; i++)
		want[i] = i;
	comparing = &few;
	qsort(want, N_RECORDS, sizeof(*want), compare_records);
	while (same < 40 &&
	       compare_values(
		   &recs[g->number[same]].v[F_BYTES], &recs[want[same / 20]].v[F_BYTES]) == 0 &&
	       compare_values(
		   &recs[g->number[same]].v[F_START], &recs[want[same / 20]].v[F_START]) == 0)
		same++;
	is_u64(same, 40, "each of the first two comes 20 times, once a round");
	sort_free(s);
	sort_keys_free(keys);
	mem_free(want);
}

static void
test_none(struct got *g)
{
	struct sort_key *keys;
	struct err err = { 0 };
	struct sorter *s;
	size_t n;

	g->n = 0;
	ok(sort_keys_parse(&keys, &n, "bytes", &err) == 0, "-O bytes is understood");
	s = sort_new(keys, n, 0, MEMORY, NULL);
	for (unsigned i = 0; i < N_BATCHES; i++)
		if (sort_add(s, batches[i], NULL, &err) < 0)
			ok(false, "a batch is added: %s", err.text);
	ok(sort_finish(s, take, g, &err) == 0 && g->n == 0, "of none none are handed out");
	sort_free(s);
	sort_keys_free(keys);
}

static bool
note_most(void *ctx, struct batch *b)
{
	size_t *most = ctx;

	*most = b->n > *most ? b->n : *most;
	return true;
}

/* One long value among many records says nothing of the others: blocks stay as large as they were. */
static void
test_long_value(void)
{
	enum { LONG = 16 << 20, PARTS = 3 };
	struct field_id id = { .id = 82 };
	char *text = mem_zero(LONG, 1);
	struct sort_key *keys;
	struct err err = { 0 };
	struct sorter *s;
	size_t n, most = 0;

	memset(text, 'x', LONG);
	ok(sort_keys_parse(&keys, &n, "bytes", &err) == 0, "-O bytes is understood");
	s = sort_new(keys, n, UINT64_MAX, MEMORY, NULL);
	for (unsigned part = 0; part < PARTS; part++) {
		struct batch *b = batch_new();
		unsigned bytes =
		    (unsigned)batch_column(b, &(struct field_id){ .id = 1 }, TYPE_UINT, 8, 0);
		unsigned name = (unsigned)batch_column(b, &id, TYPE_STRING, 0, 0);

		batch_extend(b, BATCH_RECORDS);
		for (size_t i = 0; i < BATCH_RECORDS; i++)
			batch_put_uint(b, bytes, i, i * 7919 % 65537 * PARTS + part);
		if (part == 1)
			batch_put_octets(b, name, 5, text, LONG);
		batch_close(b);
		ok(sort_add(s, b, NULL, &err) == 0, "part %u is added", part);
		batch_free(b);
	}
	ok(sort_finish(s, note_most, &most, &err) == 0, "they are handed out");
	is_u64(most, BATCH_RECORDS, "in blocks of the usual size");
	sort_free(s);
	sort_keys_free(keys);
	mem_free(text);
}

enum { TEXT = 1000 };

/* A text that tells of its record. */
static void
text_of_record(char *text, uint64_t record)
{
	for (unsigned i = 0; i < TEXT; i++)
		text[i] = (char)('a' + (record * 7 + i) % 26);
}

static bool
note_texts(void *ctx, struct batch *b)
{
	struct field_id record = { .id = 1 }, name = { .id = 82 };
	const uint64_t *v = batch_plain(b, (unsigned)batch_find(b, &record))->data;
	const struct column *c = batch_plain(b, (unsigned)batch_find(b, &name));
	size_t *good = ctx;
	char text[TEXT];

	for (size_t i = 0; i < b->n; i++) {
		text_of_record(text, v[i]);
		*good += c->off[i + 1] - c->off[i] == TEXT &&
			 memcmp((const char *)c->data + c->off[i], text, TEXT) == 0;
	}
	return true;
}

/* Records that take more room than what is asked for at once. */
static void
test_large(void)
{
	enum { PARTS = 5, RECORDS = 10000 };
	struct field_id record = { .id = 1 }, name = { .id = 82 };
	struct sort_key *keys;
	struct err err = { 0 };
	struct sorter *s;
	size_t n, good = 0;
	char text[TEXT];

	ok(sort_keys_parse(&keys, &n, "bytes", &err) == 0, "-O bytes is understood");
	s = sort_new(keys, n, UINT64_MAX, MEMORY, NULL);
	for (unsigned part = 0; part < PARTS; part++) {
		struct batch *b = batch_new();
		unsigned bytes = (unsigned)batch_column(b, &record, TYPE_UINT, 8, 0);
		unsigned texts = (unsigned)batch_column(b, &name, TYPE_STRING, 0, 0);

		batch_extend(b, RECORDS);
		for (size_t i = 0; i < RECORDS; i++) {
			text_of_record(text, i * PARTS + part);
			batch_put_uint(b, bytes, i, i * PARTS + part);
			batch_put_octets(b, texts, i, text, TEXT);
		}
		batch_close(b);
		if (sort_add(s, b, NULL, &err) < 0)
			ok(false, "a part is added: %s", err.text);
		batch_free(b);
	}
	ok(sort_finish(s, note_texts, &good, &err) == 0, "50 MB are handed out");
	is_u64(good, PARTS * RECORDS, "every record has its text");
	sort_free(s);
	sort_keys_free(keys);
}

static bool
note_columns(void *ctx, struct batch *b)
{
	struct buf *text = ctx;

	for (unsigned i = 0; i < b->n_cols; i++)
		buf_printf(text, "%u:%u ", b->col[i].id.id, b->col[i].scale);
	return false;
}

/* 2000 records of `bytes` more and less, behind a column of their own. */
static struct batch *
batch_with(unsigned column, unsigned scale, uint64_t bytes)
{
	struct batch *b = batch_new();
	unsigned own = (unsigned)batch_column(
		     b, &(struct field_id){ .id = (uint16_t)column }, TYPE_UINT, 2, 0),
		 start = (unsigned)batch_column(
		     b, &(struct field_id){ .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, 8, 0),
		 size = (unsigned)batch_column(b, &(struct field_id){ .id = 1 }, TYPE_UINT, 8, 0);

	batch_extend(b, 2000);
	batch_precision(b, start, scale);
	for (size_t i = 0; i < 2000; i++) {
		batch_put_uint(b, own, i, i);
		batch_put_uint(b, start, i, UINT64_C(1700000000000000000));
		batch_put_uint(b, size, i, bytes + i);
	}
	batch_close(b);
	return b;
}

/* Which records are left out early, or late, is chance where several threads look: columns tell nothing of it. */
static void
test_columns_of_few(void)
{
	static const uint64_t bytes[][3] = { { 9000, 5000, 1 }, { 5000, 9000, 1 },
		{ 1, 5000, 9000 } };
	static const uint64_t limits[] = { UINT64_MAX, 1, 2500 };
	struct err err = { 0 };
	struct sort_key *keys;
	size_t n;

	ok(sort_keys_parse(&keys, &n, "bytes", &err) == 0, "-O bytes is understood");
	for (unsigned way = 0; way < 9; way++) {
		struct sorter *s = sort_new(keys, n, limits[way / 3], MEMORY, NULL);
		struct buf text = { 0 };

		for (unsigned i = 0; i < 3; i++) {
			struct batch *b = batch_with(7 + 4 * i, 6 - 3 * i, bytes[way % 3][i]);

			if (sort_add(s, b, NULL, &err) < 0)
				ok(false, "a batch is added: %s", err.text);
			batch_free(b);
		}
		ok(sort_finish(s, note_columns, &text, &err) == 0, "they are handed out");
		is_str(buf_cstr(&text), "7:0 1:0 1:0 11:0 15:0 ",
		    "columns and precision of all, in the order of the input: way %u", way);
		sort_free(s);
		buf_free(&text);
	}
	sort_keys_free(keys);
}

static void
test_errors(void)
{
	struct sort_key *keys;
	size_t n;
	struct err err = { 0 };

	ok(sort_keys_parse(&keys, &n, "bytes:up", &err) < 0 && err.status == EXIT_USAGE,
	    "another order than asc and desc is refused: %s", err.text);
	sort_keys_free(keys);
	err = (struct err){ 0 };
	ok(sort_keys_parse(&keys, &n, "bytess", &err) < 0, "an unknown field is refused: %s",
	    err.text);
	sort_keys_free(keys);
}

int
main(void)
{
	static struct got g;

	make_batches();
	for (unsigned i = 0; i < N_BATCHES; i++) {
		struct field_id id = { .pen = PEN_NAMED, .named = "n" };
		int col = batch_column(batches[i], &id, TYPE_UINT, 8, 0);

		for (size_t k = 0; k < BATCH_N; k++)
			batch_put_uint(batches[i], (unsigned)col, k, i * BATCH_N + k);
		batch_close(batches[i]);
	}
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		test_scenario(&scenarios[i], &g);
	test_many_runs(&scenarios[2], &g, 0);
	test_many_runs(&scenarios[7], &g, 0);
	test_many_runs(&scenarios[0], &g, 100);
	test_none(&g);
	test_few(&g);
	test_long_value();
	test_large();
	test_columns_of_few();
	test_errors();
	free_batches();
	return done_testing();
}
