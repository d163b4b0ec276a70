/*
 * naive_records.h - random records kept twice: as batches, and as plain rows for naive programs to
 * compare with.  Every type, missing values, both families, a field whose type differs between batches,
 * widths that differ, dictionaries, zone maps, selections.
 */
#ifndef TESTS_NAIVE_RECORDS_H
#define TESTS_NAIVE_RECORDS_H

#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "flow/batch.h"
#include "flow/zone.h"

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

static uint64_t rnd_state = 20261123;

static uint64_t
rnd(uint64_t below)
{
	uint64_t z = (rnd_state += UINT64_C(0x9e3779b97f4a7c15));

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
		a.b[4 * rnd(3)] = 0x80; /* beyond 2^63 in either half, or not */
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

static const uint8_t *
octets_of(const struct column *c, const void *data, const uint32_t *off, size_t i, size_t *n)
{
	*n = c->width ? c->width : off[i + 1] - off[i];
	return (const uint8_t *)data + (c->width ? i * c->width : off[i]);
}

/* What a reader gives where values repeat: a dictionary and codes beside. */
static void
add_dictionary(struct batch *b, struct column *c)
{
	size_t room = c->width ? b->n * c->width : c->off[b->n];
	uint8_t *data = arena_alloc(&b->names, room + 1);
	uint32_t *off = arena_alloc(&b->names, (b->n + 1) * 4), n = 0, k;
	uint16_t *codes = arena_alloc(&b->names, b->n * 2);
	size_t len = 0, a, m;

	off[0] = 0;
	for (size_t i = 0; i < b->n && c->data != NULL; i++) {
		const uint8_t *p = octets_of(c, c->data, c->off, i, &a), *q;

		for (k = 0; k < n; k++) {
			q = octets_of(c, data, off, k, &m);
			if (m == a && memcmp(p, q, a) == 0)
				break;
		}
		codes[i] = (uint16_t)k;
		if (k < n)
			continue;
		memcpy(data + len, p, a);
		len += a;
		off[++n] = (uint32_t)len;
	}
	if (c->data == NULL)
		return;
	c->dict_n = n;
	c->dict_data = data;
	c->dict_off = c->width ? NULL : off;
	c->codes = codes;
}

static void
make_batch(unsigned which, struct rec *r)
{
	struct batch *b = batch_new();
	bool v6 = which % 5 == 2 || which % 5 == 3, sparse = which % 3 == 1;

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
		if (b->col[c].width != 8)
			add_dictionary(b, &b->col[c]);
	for (unsigned c = 0; c < b->n_cols && which % 4 > 1; c++)
		column_zone(&b->col[c], b->n);
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
		if (c->off[i + 1] > c->off[i])
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

static inline void
make_batches(void)
{
	for (unsigned i = 0; i < N_BATCHES; i++)
		make_batch(i, recs + (size_t)i * BATCH_N);
}

static inline void
free_batches(void)
{
	for (unsigned i = 0; i < N_BATCHES; i++) {
		batch_free(batches[i]);
		mem_free(sels[i]);
	}
}

#endif
