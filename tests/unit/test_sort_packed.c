/*
 * test_sort_packed.c - random batches, through a stream so that they come as dictionaries, planes and constants,
 * sorted every way there is and compared cell by cell with a naive sort: in memory, from runs on disk, a few of many,
 * on one thread and on eight, of blocks large enough to be packed and small ones that are joined.
 */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/ordered.h"
#include "ops/sort.h"
#include "random_batch.h"
#include "stored.h"
#include "stream/stream.h"
#include "tap.h"

enum { BATCHES = 9, ROUNDS = 8, KEYS_MAX = 3 };

static const struct field_id number_id = { .pen = PEN_NAMED, .named = "number" };

struct world {
	struct batch *b[BATCHES];
	size_t first[BATCHES + 1]; /* number of each one's first record */
	const struct random_column *key[KEYS_MAX];
	bool ascending[KEYS_MAX];
	unsigned n_keys;
	uint32_t *want;
	size_t n, limit;
};
static struct world w; /* qsort has no context */

static const struct column *
column_of(size_t number, const struct field_id *id, size_t *rec)
{
	size_t i = 0;
	int col;

	while (number >= w.first[i + 1])
		i++;
	*rec = number - w.first[i];
	col = batch_find(w.b[i], id);
	return col < 0 ? NULL : batch_plain(w.b[i], (unsigned)col);
}

static double
float_at(const struct column *c, size_t rec)
{
	return c->width == 4 ? (double)((const float *)c->data)[rec]
			     : ((const double *)c->data)[rec];
}

static unsigned
class_of(const struct column *c, size_t rec)
{
	if (c == NULL || (c->present != NULL && !bits_get(c->present, rec)))
		return 2;
	if (c->type != TYPE_FLOAT32 && c->type != TYPE_FLOAT64)
		return 0;
	return isnan(float_at(c, rec)) ? 1U : 0U;
}

static int
compare_octets(const struct column *a, size_t i, const struct column *b, size_t j)
{
	size_t n = a->off[i + 1] - a->off[i], m = b->off[j + 1] - b->off[j];
	int order = n && m ? memcmp((const uint8_t *)a->data + a->off[i],
				 (const uint8_t *)b->data + b->off[j], n < m ? n : m)
			   : 0;

	return order ? order : (n > m) - (n < m);
}

static struct addr
address_at(const struct column *c, size_t rec)
{
	struct addr a;

	if (c->width == 4)
		return addr_v4(((const uint32_t *)c->data)[rec]);
	memcpy(a.b, (const uint8_t *)c->data + rec * 16, 16);
	return a;
}

static int
compare_cells(const struct column *a, size_t i, const struct column *b, size_t j)
{
	struct addr x, y;

	switch ((enum type)a->type) {
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST: return compare_octets(a, i, b, j);
	case TYPE_IP:
		x = address_at(a, i);
		y = address_at(b, j);
		return memcmp(x.b, y.b, 16);
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		return (float_at(a, i) > float_at(b, j)) - (float_at(a, i) < float_at(b, j));
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DURATION:
		return (column_int(a, i) > column_int(b, j)) -
		       (column_int(a, i) < column_int(b, j));
	default:
		return (column_uint(a, i) > column_uint(b, j)) -
		       (column_uint(a, i) < column_uint(b, j));
	}
}

static int
compare_records(const void *p, const void *q)
{
	uint32_t x = *(const uint32_t *)p, y = *(const uint32_t *)q;

	for (unsigned k = 0; k < w.n_keys; k++) {
		size_t i, j;
		const struct column *a = column_of(x, &w.key[k]->id, &i);
		const struct column *b = column_of(y, &w.key[k]->id, &j);
		unsigned ca = class_of(a, i), cb = class_of(b, j);
		int order = ca == 0 && cb == 0 ? compare_cells(a, i, b, j) : 0;

		if (ca != cb)
			return ca < cb ? -1 : 1;
		if (order != 0)
			return w.ascending[k] ? order : -order;
	}
	return (x > y) - (x < y);
}

/* One cell as it was? */
static bool
same_cell(const struct column *c, size_t i, size_t number)
{
	size_t j;
	const struct column *was = column_of(number, &c->id, &j);

	if (class_of(c, i) != class_of(was, j))
		return false;
	return class_of(c, i) != 0 || (c->type == was->type && compare_cells(c, i, was, j) == 0);
}

struct got {
	size_t n, in_order, wrong_cells, missing_columns;
};

static bool
take(void *ctx, struct batch *b)
{
	struct got *g = ctx;
	int at = batch_find(b, &number_id);
	const struct column *numbers = at < 0 ? NULL : batch_plain(b, (unsigned)at);

	for (size_t i = 0; i < b->n; i++) {
		size_t number = numbers == NULL ? 0 : (size_t)column_uint(numbers, i);

		g->in_order += g->n < w.n && number == w.want[g->n];
		g->n++;
		for (unsigned k = 0; k < b->n_cols; k++)
			g->wrong_cells +=
			    number >= w.first[BATCHES] || !same_cell(batch_plain(b, k), i, number);
		for (unsigned k = 0; k < RANDOM_COLUMNS; k++) {
			size_t j;
			const struct column *was = column_of(number, &random_columns[k].id, &j);

			g->missing_columns +=
			    class_of(was, j) != 2 && batch_find(b, &random_columns[k].id) < 0;
		}
	}
	return true;
}

struct parallel {
	struct sorter *s;
	struct stream_slot *slot[BATCHES];
	struct sort_part *part[BATCHES];
	bool miscounted[BATCHES];
	struct batch **out;
	struct got *got;
};

static void
prepare(void *ctx, size_t i, unsigned worker)
{
	struct parallel *p = ctx;
	struct batch *b = slot_batch(p->slot[i]);
	uint64_t *sel = mem_zero(bits_words(b->n), sizeof(*sel));
	size_t n = b->n;

	(void)worker;
	bits_fill(sel, n);
	n = sort_choose(p->s, b, sel, n);
	p->miscounted[i] = n != bits_count(sel, b->n);
	if (slot_narrow(p->slot[i], sel, n))
		bits_fill(sel, n);
	p->part[i] = sort_prepare(p->s, b, sel);
	mem_free(sel);
}

static void
make(void *ctx, size_t i, unsigned worker)
{
	struct parallel *p = ctx;

	(void)worker;
	p->out[i] = batch_new();
	sort_block(p->s, i, p->out[i]);
}

static void
sort_parallel(struct parallel *p, struct err *err)
{
	size_t blocks;

	ordered_each(8, BATCHES, prepare, p);
	for (size_t i = 0; i < BATCHES; i++)
		if (p->miscounted[i] || sort_take(p->s, p->part[i], err) != 0)
			ok(false, "a part is taken: %s", err->text);
	if (sort_order(p->s, err) != 0)
		ok(false, "all is sorted: %s", err->text);
	while (sort_window(p->s, &blocks, err) == 0 && blocks > 0) {
		p->out = mem_alloc(blocks * sizeof(*p->out));
		ordered_each(8, blocks, make, p);
		for (size_t i = 0; i < blocks; i++) {
			take(p->got, p->out[i]);
			batch_free(p->out[i]);
		}
		mem_free((void *)p->out);
	}
}

static void
sort_alone(struct parallel *p, struct err *err)
{
	for (size_t i = 0; i < BATCHES; i++)
		if (sort_add(p->s, slot_batch(p->slot[i]), NULL, err) != 0)
			ok(false, "a batch is added: %s", err->text);
	if (sort_finish(p->s, take, p->got, err) != 0)
		ok(false, "the order is handed out: %s", err->text);
}

static void
sort_once(uint64_t seed, const struct sort_key *keys, bool parallel, uint64_t memory,
    enum block_profile profile)
{
	struct err err = { 0 };
	struct got got = { 0 };
	struct stream_reader *in =
	    stream_open(stored_stream(w.b, BATCHES, profile, true), 0, NULL, 0);
	struct parallel p = { .got = &got };
	unsigned runs;

	p.s = sort_new(keys, w.n_keys, w.limit ? w.limit : UINT64_MAX, memory, NULL);
	sort_threads(p.s, parallel ? 8 : 1);
	for (size_t i = 0; i < BATCHES; i++) {
		p.slot[i] = slot_new();
		if (stream_next(in, p.slot[i], &err) != STREAM_BATCH)
			ok(false, "a block is read: %s", err.text);
	}
	if (parallel)
		sort_parallel(&p, &err);
	else
		sort_alone(&p, &err);
	runs = sort_runs(p.s);
	ok(got.n == w.n && got.in_order == w.n && got.wrong_cells + got.missing_columns == 0,
	    "seed %llu, %u keys, first %s%s, limit %zu, %u runs, %s: %zu of %zu in order, %zu "
	    "cells "
	    "wrong, %zu lost",
	    (unsigned long long)seed, w.n_keys, keys[0].field.name, keys[0].ascending ? " up" : "",
	    w.limit, runs, parallel ? "8 threads" : "1 thread", got.in_order, w.n, got.wrong_cells,
	    got.missing_columns);
	sort_free(p.s);
	for (size_t i = 0; i < BATCHES; i++)
		slot_free(p.slot[i]);
	stream_close(in);
}

static void
make_world(uint64_t seed, uint64_t *s)
{
	static const size_t sizes[] = { 1, 300, 3000, 9000, 12000 };

	w.first[0] = 0;
	for (size_t i = 0; i < BATCHES; i++) {
		size_t n = sizes[rnd_below(s, sizeof(sizes) / sizeof(sizes[0]))];
		int col;

		w.b[i] = seed % 3 ? random_batch(seed * 100 + i / 2, n)
				  : random_kinds(seed * 100 + i / 2, n);
		col = batch_column(w.b[i], &number_id, TYPE_UINT, 8, 0);
		for (size_t k = 0; k < n; k++)
			batch_put_uint(w.b[i], (unsigned)col, k, w.first[i] + k);
		batch_close(w.b[i]);
		w.first[i + 1] = w.first[i] + n;
	}
	w.want = mem_alloc(w.first[BATCHES] * sizeof(*w.want));
	for (uint32_t i = 0; i < w.first[BATCHES]; i++)
		w.want[i] = i;
}

static void
test_seed(uint64_t seed)
{
	uint64_t s = seed;
	struct sort_key *keys = NULL;
	size_t n_keys = 0;

	make_world(seed, &s);
	w.n_keys = 1 + (unsigned)rnd_below(&s, KEYS_MAX);
	for (unsigned k = 0; k < w.n_keys; k++) {
		struct field f;

		w.key[k] = &random_columns[rnd_below(&s, RANDOM_COLUMNS)];
		w.ascending[k] = rnd_below(&s, 2);
		field_of_id(&f, &w.key[k]->id);
		sort_keys_add(&keys, &n_keys, &f, w.ascending[k]);
	}
	qsort(w.want, w.first[BATCHES], sizeof(*w.want), compare_records);
	for (unsigned way = 0; way < 6; way++) {
		static const size_t limits[] = { 0, 0, 1, 37, 4000, 0 };
		enum block_profile profile = way % 3 == 0   ? PROFILE_FILE
					     : way % 3 == 1 ? PROFILE_FAST
							    : PROFILE_PIPE;

		w.limit = limits[way];
		w.n = w.limit && w.limit < w.first[BATCHES] ? w.limit : w.first[BATCHES];
		sort_once(
		    seed, keys, way % 2 == 1, way == 5 || way == 1 ? 1 << 20 : 1 << 30, profile);
		sort_once(seed, keys, way % 2 == 0, way == 5 ? 1 << 18 : 1 << 30, profile);
	}
	sort_keys_free(keys);
	mem_free(w.want);
	for (size_t i = 0; i < BATCHES; i++)
		batch_free(w.b[i]);
}

int
main(void)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		test_seed(seed);
	return done_testing();
}
