/*
 * random_batch.h - random batches of every type, width, presence and family, from a seed.
 *
 * What they hold is what exporters and programs could: known elements, unknown ones, repeated ones, named
 * columns with odd names, NaN, extremes, empty strings, start after end, values that many records in a row have.
 */
#ifndef TESTS_RANDOM_BATCH_H
#define TESTS_RANDOM_BATCH_H

#include "flow/batch.h"

static inline uint64_t
rnd(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t
rnd_below(uint64_t *state, uint64_t n)
{
	return n ? rnd(state) % n : 0;
}

/* Columns a random batch may have. */
static const struct random_column {
	struct field_id id;
	enum type type;
	unsigned width, scale;
} random_columns[] = {
	{ { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, 8, 6 },
	{ { .pen = PEN_OWN, .id = OWN_END }, TYPE_TIME, 8, 6 },
	{ { .pen = PEN_OWN, .id = OWN_RECEIVED }, TYPE_TIME, 8, 0 },
	{ { .id = 323 }, TYPE_TIME, 8, 6 },
	{ { .id = 8 }, TYPE_IP, 4, 0 },
	{ { .id = 12 }, TYPE_IP, 16, 0 },
	{ { .id = 28 }, TYPE_IP, 16, 0 },
	{ { .id = 7 }, TYPE_UINT, 2, 0 },
	{ { .id = 11 }, TYPE_UINT, 2, 0 },
	{ { .id = 4 }, TYPE_UINT, 1, 0 },
	{ { .id = 1 }, TYPE_UINT, 8, 0 },
	{ { .id = 2 }, TYPE_UINT, 8, 0 },
	{ { .id = 10 }, TYPE_UINT, 4, 0 },
	{ { .id = 10, .instance = 1 }, TYPE_UINT, 4, 0 },
	{ { .id = 434 }, TYPE_INT, 4, 0 },
	{ { .id = 276 }, TYPE_BOOL, 1, 0 },
	{ { .id = 320 }, TYPE_FLOAT64, 8, 0 },
	{ { .pen = PEN_NAMED, .named = "mean_bytes" }, TYPE_FLOAT64, 8, 0 },
	{ { .pen = PEN_NAMED, .named = "odd, name \"x\" \xc3\xa9" }, TYPE_FLOAT32, 4, 0 },
	{ { .pen = PEN_NAMED, .named = "max_duration" }, TYPE_DURATION, 8, 3 },
	{ { .pen = PEN_NAMED, .named = "small" }, TYPE_INT, 1, 0 },
	{ { .id = 56 }, TYPE_MAC, 8, 0 },
	{ { .id = 82 }, TYPE_STRING, 0, 0 },
	{ { .id = 371 }, TYPE_STRING, 0, 0 },
	{ { .id = 70 }, TYPE_BYTES, 0, 0 },
	{ { .pen = 4242, .id = 17 }, TYPE_BYTES, 0, 0 },
	{ { .pen = PEN_REVERSE, .id = 1 }, TYPE_UINT, 8, 0 },
	{ { .pen = PEN_V9, .id = 40001 }, TYPE_BYTES, 0, 0 },
};
enum { RANDOM_COLUMNS = sizeof(random_columns) / sizeof(random_columns[0]) };

static inline uint64_t
random_number(uint64_t *s, unsigned how)
{
	switch (how) {
	case 0: return rnd_below(s, 7);
	case 1: return rnd_below(s, 100000);
	case 2: return rnd(s);
	case 3: return 42;
	case 4: return rnd_below(s, 3) ? rnd_below(s, 50) : UINT64_MAX;
	default: return rnd_below(s, 20) ? 0 : UINT64_C(1) << rnd_below(s, 64);
	}
}

/* Are some times finer than their column says?  Text loses what is. */
static bool random_finer;

static inline void
random_time(uint64_t *s, struct batch *b, unsigned col, size_t rec, unsigned how, unsigned scale)
{
	static const int64_t unit[] = { 1, 1000, 1000000, 1000000000 };
	int64_t u = unit[scale / 3], t = INT64_C(1700000000000000000) / u;

	if (how == 4 && rnd_below(s, 20) == 0)
		t = rnd_below(s, 2) ? INT64_MAX / u : INT64_MIN / u;
	else if (how != 3)
		t += (int64_t)rnd_below(
		    s, (how == 0 ? 4 : 86400) * (UINT64_C(1000000000) / (uint64_t)u));
	t *= u;
	if (random_finer && how < 2 && u > 1 && rnd_below(s, 500) == 0)
		t += (int64_t)rnd_below(s, rnd_below(s, 2) ? 8 : (uint64_t)u);
	batch_put_uint(b, col, rec, (uint64_t)t);
	batch_precision(b, col, scale);
}

static inline void
random_octets(uint64_t *s, struct batch *b, unsigned col, size_t rec, unsigned how, bool text)
{
	uint8_t octets[300];
	size_t n = how == 3 ? 4 : how == 0 ? rnd_below(s, 3) : rnd_below(s, how == 2 ? 300 : 12);

	for (size_t i = 0; i < n; i++)
		octets[i] = (uint8_t)(how == 0 || how == 3 ? 'a' + rnd_below(s, 2) : rnd(s));
	/* Strings never end in NUL (element.h). */
	if (text && n > 0 && octets[n - 1] == 0)
		octets[n - 1] = '!';
	batch_put_octets(b, col, rec, octets, n);
}

static inline void
random_cell(uint64_t *s, struct batch *b, unsigned col, size_t rec, unsigned how,
    const struct random_column *rc)
{
	struct addr a = addr_v4(how == 5 ? (uint32_t)rnd_below(s, 1000) << 9
					 : (uint32_t)random_number(s, how == 2 ? 2 : 0));
	union {
		uint64_t u;
		double f;
	} x;

	switch (rc->type) {
	case TYPE_IP:
		if (b->col[col].width == 4 && how == 3)
			a = addr_v4(0x0a000001); /* the same everywhere */
		else if (b->col[col].width == 16 && rnd_below(s, 2))
			a.b[0] = 0x20, a.b[10] = 0, a.b[7] = (uint8_t)rnd_below(s, 5);
		batch_put_ip(b, col, rec, &a);
		break;
	case TYPE_TIME:
	case TYPE_DURATION: random_time(s, b, col, rec, how, rc->scale); break;
	case TYPE_STRING: random_octets(s, b, col, rec, how, true); break;
	case TYPE_BYTES:
	case TYPE_LIST: random_octets(s, b, col, rec, how, false); break;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		x.u = rnd(s);
		if (how < 2)
			x.f = (double)rnd_below(s, 1000) / 8;
		else if (how == 4 && rnd_below(s, 4) == 0)
			x.f = __builtin_nan("");
		if (__builtin_isnan(x.f))
			x.f = __builtin_nan(""); /* payloads are not kept by text */
		batch_put_double(b, col, rec, x.f);
		break;
	case TYPE_BOOL: batch_put_uint(b, col, rec, rnd(s) & 1); break;
	case TYPE_MAC: batch_put_uint(b, col, rec, random_number(s, how) & 0xffffffffffff); break;
	default: batch_put_uint(b, col, rec, random_number(s, how)); break;
	}
}

/* What a column that follows from an address is made from: the same for the same address. */
static inline uint64_t
random_from(const struct batch *b, int ip, size_t rec, uint64_t seed)
{
	const struct column *c = &b->col[ip];
	uint64_t key[2] = { 0 };

	memcpy(key, (const uint8_t *)c->data + rec * c->width, c->width);
	return seed ^ key[0] * 31 ^ key[1];
}

/* Integers are not always as wide as they may be; addresses are all IPv4 in some. */
static inline unsigned
random_width(uint64_t *s, const struct random_column *rc)
{
	unsigned width = rc->width;

	while ((rc->type == TYPE_UINT || rc->type == TYPE_INT) && width > 1 && rnd_below(s, 3) == 0)
		width /= 2;
	if (width == 16 && rnd_below(s, 4) == 0)
		width = 4;
	return width;
}

/* A closed batch of n records.  most: columns at the most (0: any). */
static inline struct batch *
random_batch(uint64_t seed, size_t n)
{
	uint64_t s = seed;
	struct batch *b = batch_new();
	size_t first;
	int ip = -1; /* an address that every record has */

	for (unsigned k = 0; k < RANDOM_COLUMNS; k++)
		if (rnd_below(&s, 3))
			batch_column(b, &random_columns[k].id, random_columns[k].type,
			    random_width(&s, &random_columns[k]), 0);
	first = batch_extend(b, n);
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct random_column *rc = random_columns;
		unsigned how = (unsigned)rnd_below(&s, 6), presence = (unsigned)rnd_below(&s, 4);

		bool follows = ip >= 0 && rnd_below(&s, 3) == 0;
		bool repeats = !follows && rnd_below(&s, 4) == 0; /* eight records in a row */
		uint64_t last = rnd(&s);

		while (!field_id_equal(&rc->id, &b->col[i].id))
			rc++;
		for (size_t rec = first; rec < n; rec++) {
			uint64_t from = follows ? random_from(b, ip, rec, seed + i) : last;

			if (!follows && ((presence == 0 && rnd_below(&s, 2)) ||
					    (presence == 1 && rnd_below(&s, 50))))
				continue;
			if (repeats && rnd_below(&s, 8) == 0)
				last = rnd(&s);
			random_cell(follows || repeats ? &from : &s, b, i, rec, how, rc);
		}
		if (rc->type == TYPE_IP && presence > 1)
			ip = (int)i;
	}
	batch_close(b);
	return b;
}

/* Of records of few kinds: what a column has follows from one of three things, as in others, or from nothing. */
static inline struct batch *
random_kinds(uint64_t seed, size_t n)
{
	struct batch *b = batch_new();
	uint64_t s = seed, kinds[4] = { 1, 1 + rnd_below(&s, 3), 1 + rnd_below(&s, 40), n };
	const struct random_column *of[RANDOM_COLUMNS];
	unsigned how[RANDOM_COLUMNS], by[RANDOM_COLUMNS];

	for (unsigned k = 0; k < RANDOM_COLUMNS; k++) {
		const struct random_column *rc = &random_columns[k];

		if (rnd_below(&s, 4) == 0)
			continue;
		how[b->n_cols] = (unsigned)rnd_below(&s, 6);
		by[b->n_cols] = (unsigned)rnd_below(&s, 16) < 14 ? (unsigned)rnd_below(&s, 3) : 3;
		of[b->n_cols] = rc;
		(void)batch_column(b, &rc->id, rc->type, random_width(&s, rc), 0);
	}
	batch_extend(b, n);
	for (size_t rec = 0; rec < n; rec++) {
		uint64_t kind[4] = { 0, rnd_below(&s, kinds[1]), rnd_below(&s, kinds[2]), rec };

		for (unsigned i = 0; i < b->n_cols; i++) {
			uint64_t state = (seed * 31 + i) * 1000003 + kind[by[i]];

			random_cell(&state, b, i, rec, how[i], of[i]);
		}
	}
	batch_close(b);
	return b;
}

#endif
