#include "text/cell_put.h"

#include <math.h>

#include "base/digits.h"
#include "base/time.h"

enum { DAY_S = 86400 };

#define DAY_NS ((uint64_t)DAY_S * (uint64_t)NS_PER_S)

/*
 * One loop for each type: the text of every record that has a value goes to its place.  EXPR writes at `d` the
 * value `v` and gives its length.
 */
#define PUT(name, T, EXPR) \
	static void name(struct cell *c, const uint32_t *rec, unsigned n, char *at[]) \
	{ \
		const T *values = c->col.data; \
		const uint64_t *present = c->col.present; \
		const struct after after = { c->after, c->after_n }; \
\
		values += rec[0]; \
		if (is_dense(present, rec, n)) { \
			for (unsigned i = 0; i < n; i++) { \
				char *d = at[i]; \
				T v = values[i]; \
\
				put_after(after, d + (EXPR), &at[i]); \
			} \
			return; \
		} \
		for (unsigned i = 0; i < n; i++) { \
			char *d = at[i]; \
			T v = values[rec[i] - rec[0]]; \
			size_t len = 0; \
\
			if (bits_has(present, rec[i])) \
				len = EXPR; \
			put_after(after, d + len, &at[i]); \
		} \
	}

static size_t
put_bool(char *d, uint8_t v)
{
	memcpy(d, v ? "true" : "false", 5);
	return v ? 4 : 5;
}

static size_t
put_double(const struct cell *c, char *d, double v)
{
	if (c->form != CELL_ISO && !isfinite(v)) {
		memcpy(d, "null", 4);
		return 4;
	}
	return fmt_double(d, v);
}

/* Decimals of a second, `digits` of them unless the value is finer than its column says. */
static size_t
put_fraction(char *d, uint32_t ns, unsigned digits)
{
	if (digits < 3 && ns != 0)
		digits = 3;
	if (digits < 6 && ns % 1000000 != 0)
		digits = 6;
	if (digits < 9 && ns % 1000 != 0)
		digits = 9;
	if (digits == 0)
		return 0;
	d[0] = '.';
	put_digits_8(d + 1, ns / 10);
	d[9] = (char)('0' + ns % 10);
	return digits + 1;
}

/*
 * The day, where people with this zone are, that the instant is in; its arithmetic is modulo 2^64.  The first and
 * the last one there can be are each other's neighbours there.
 */
static void
set_day(struct cell *c, int64_t ns)
{
	char text[FMT_MAX];
	int64_t s = floor_div(ns, NS_PER_S), day_s, end_s;
	struct tz_span zone = tz_at(c->tz, s);
	size_t n = fmt_time(text, ns, 0, c->tz);

	memcpy(c->date, text, 11);
	c->zone_len = (unsigned)(n - 19);
	memcpy(c->zone, text + 19, c->zone_len);
	day_s = floor_div(s + zone.offset_s, DAY_S) * DAY_S - zone.offset_s;
	end_s = zone.until_s < day_s + DAY_S ? zone.until_s : day_s + DAY_S;
	c->day_wraps = ns < INT64_MIN + (int64_t)DAY_NS || ns > INT64_MAX - (int64_t)DAY_NS;
	c->day_ns = (uint64_t)day_s * (uint64_t)NS_PER_S;
	c->from_ns = zone.from_s > day_s ? (uint64_t)zone.from_s * (uint64_t)NS_PER_S : c->day_ns;
	c->span_ns = (uint64_t)end_s * (uint64_t)NS_PER_S - c->from_ns;
}

/* hh:mm:ss of a second of the day: three numbers in the octets where their digits will be. */
static inline void
put_clock(char *d, uint32_t s)
{
	uint32_t hour = s / 3600, minute = s / 60 - hour * 60, second = s % 60;
	uint64_t x = hour | (uint64_t)minute << 24 | (uint64_t)second << 48;
	uint64_t tens = (x * 103 >> 10) & UINT64_C(0x000f00000f00000f);

	x = tens | (x - tens * 10) << 8 | UINT64_C(0x30303a30303a3030);
	memcpy(d, &x, 8);
}

/*
 * 2026-11-23T21:45:49.123Z.  The date is that of the record before in most cases.  unit: ns of the last of
 * `digits` decimals; constants both, so that nothing is divided.
 */
static inline size_t
put_time(struct cell *c, char *d, int64_t ns, unsigned digits, uint32_t unit)
{
	const uint32_t per_s = (uint32_t)NS_PER_S / unit;
	uint64_t in_day = (uint64_t)ns - c->day_ns, units, fraction;
	uint32_t s;
	size_t len = 19;

	if ((uint64_t)ns - c->from_ns >= c->span_ns || c->day_wraps) {
		set_day(c, ns);
		in_day = (uint64_t)ns - c->day_ns;
	}
	units = in_day / unit;
	s = (uint32_t)(units / per_s);
	fraction = units - (uint64_t)s * per_s;
	memcpy(d, c->date, 16);
	put_clock(d + 11, s);
	if (units * unit != in_day) {
		len += put_fraction(d + len, (uint32_t)(in_day % (uint64_t)NS_PER_S), digits);
	} else if (digits == 9) {
		len += put_fraction(d + len, (uint32_t)fraction, 9);
	} else if (digits > 0) {
		uint64_t x = digits_8((uint32_t)fraction) | UINT64_C(0x3030303030303030);

		x >>= 64 - 8 * digits;
		d[len] = '.';
		memcpy(d + len + 1, &x, 8);
		len += 1 + digits;
	}
	memcpy(d + len, c->zone, 8);
	return len + c->zone_len;
}

/* Times that many records in a row share: of when a datagram came. */
static inline size_t
put_time_again(struct cell *c, char *d, int64_t ns, unsigned digits, uint32_t unit)
{
	if (ns != c->again_ns || c->again_len == 0) {
		c->again_len = (unsigned)put_time(c, c->again, ns, digits, unit);
		c->again_ns = ns;
	}
	memcpy(d, c->again, sizeof(c->again));
	return c->again_len;
}

/* Seconds with the column's decimals. */
static size_t
put_duration(const struct cell *c, char *d, int64_t ns)
{
	uint64_t abs = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	size_t len = 0;

	if (ns < 0)
		d[len++] = '-';
	len += put_uint(d + len, abs / (uint64_t)NS_PER_S);
	return len + put_fraction(
			 d + len, (uint32_t)(abs % (uint64_t)NS_PER_S), scale_digits(c->col.scale));
}

static inline size_t
put_int(char *d, int64_t v)
{
	size_t sign = v < 0;

	*d = '-';
	return sign + put_uint(d + sign, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

struct octets16 {
	uint8_t b[16];
};

static size_t
put_addr(char *d, struct octets16 v)
{
	struct addr a;

	memcpy(a.b, v.b, 16);
	return fmt_ip(d, &a);
}

/*
 * Two elements share a pair's columns (batch.h's rule of addresses).  The logical column shows as the
 * element of its family.  The IPv6 element's own column is that of a record with both, except that
 * 0.0.0.0 beside an IPv6 address is the IPv4 element, sent as zero.
 */
static bool
family_shown(const struct cell *c, const struct addr *a, size_t rec)
{
	struct addr logical;
	bool zero_v4;

	if (c->family == CELL_V4)
		return addr_is_v4(a);
	if (c->family == CELL_V6)
		return !addr_is_v4(a);
	zero_v4 = addr_is_v4(a) && addr_u32(a) == 0 && c->pair.data != NULL &&
		  bits_has(c->pair.present, rec);
	if (zero_v4) {
		logical = column_ip(&c->pair, rec);
		zero_v4 = !addr_is_v4(&logical);
	}
	return zero_v4 == (c->family == CELL_ZERO_V4);
}

static void
put_family(struct cell *c, const uint32_t *rec, unsigned n, char *at[])
{
	const struct after after = { c->after, c->after_n };

	for (unsigned i = 0; i < n; i++) {
		struct addr a = column_ip(&c->col, rec[i]);
		size_t len = 0;

		if (cell_has(c, rec[i]) && family_shown(c, &a, rec[i]))
			len = c->family == CELL_V4 || c->family == CELL_ZERO_V4
				  ? fmt_ip4(at[i], addr_u32(&a))
				  : fmt_ip6(at[i], &a);
		put_after(after, at[i] + len, &at[i]);
	}
}

PUT(put_u8, uint8_t, put_octet(d, v))
PUT(put_u16, uint16_t, put_small(d, v))
PUT(put_u32, uint32_t, put_uint(d, v))
PUT(put_u64, uint64_t, put_uint(d, v))
PUT(put_i8, int8_t, put_int(d, v))
PUT(put_i16, int16_t, put_int(d, v))
PUT(put_i32, int32_t, put_int(d, v))
PUT(put_i64, int64_t, put_int(d, v))
PUT(put_floats, float, put_double(c, d, (double)v))
PUT(put_doubles, double, put_double(c, d, v))
PUT(put_bools, uint8_t, put_bool(d, v))
PUT(put_times_s, int64_t, put_time(c, d, v, 0, 1000000000))
PUT(put_each_time_ms, int64_t, put_time(c, d, v, 3, 1000000))
PUT(put_times_us, int64_t, put_time_again(c, d, v, 6, 1000))
PUT(put_times_ns, int64_t, put_time_again(c, d, v, 9, 1))
PUT(put_durations, int64_t, put_duration(c, d, v))
PUT(put_units, int64_t, put_int(d, floor_div(v, c->unit)))
PUT(put_ip4s, uint32_t, fmt_ip4(d, v))
PUT(put_ip16s, struct octets16, put_addr(d, v))
PUT(put_macs, uint64_t, fmt_mac(d, v))

/* The values of a tile's records; behind the last one there is the first one's. */
#define GATHER(T, PUT) \
	do { \
		const T *values = (const T *)c->col.data + rec[0]; \
\
		if (n == CELL_TILE && rec[n - 1] - rec[0] == n - 1) { \
			for (unsigned i = 0; i < CELL_TILE; i++) \
				PUT(i, values[i]); \
			break; \
		} \
		for (unsigned i = 0; i < CELL_TILE; i++) \
			PUT(i, values[rec[i < n ? i : 0] - rec[0]]); \
	} while (0)

/* Numbers that fit, as nearly all do. */
#define WORDS(name, T) \
	static bool name( \
	    const struct cell *c, const uint32_t *rec, unsigned n, struct tile_words *t) \
	{ \
		uint32_t v[CELL_TILE]; \
		T all = 0; \
\
		GATHER(T, NUMBER); \
		if (!tile_takes(all)) \
			return false; \
		tile_numbers(v, all, c->after, c->after_n, t); \
		words_missing(c, rec, n, t); \
		return true; \
	}
#define NUMBER(I, V) (v[I] = (uint32_t)(V), all |= (V))
#define TIME(I, V) \
	(in_day[I] = (uint64_t)(V)-day_ns, \
	    most = (uint64_t)(V)-from_ns > most ? (uint64_t)(V)-from_ns : most)

WORDS(words_u8, uint8_t)
WORDS(words_u16, uint16_t)
WORDS(words_u32, uint32_t)
WORDS(words_u64, uint64_t)

static void
put_times_ms(struct cell *c, const uint32_t *rec, unsigned n, char *at[])
{
	const uint64_t day_ns = c->day_ns, from_ns = c->from_ns;
	const unsigned len = 23 + c->zone_len + c->after_n;
	uint64_t in_day[CELL_TILE], most = 0, clock[CELL_TILE];
	uint32_t fraction[CELL_TILE];
	char behind[8];

	if (n >= TILE_LEAST)
		GATHER(int64_t, TIME);
	if (n < TILE_LEAST || most >= c->span_ns || c->day_wraps || c->col.present != NULL ||
	    !tile_clocks(in_day, clock, fraction)) {
		put_each_time_ms(c, rec, n, at);
		return;
	}
	memcpy(behind, c->zone, 8);
	behind[c->zone_len] = c->after;
	for (unsigned i = 0; i < n; i++) {
		uint64_t end = fraction[i] | (uint64_t)load_4(behind) << 32;
		char *d = at[i];

		memcpy(d, c->date, 16);
		memcpy(d + 11, &clock[i], 8);
		memcpy(d + 19, &end, 8);
		if (len > 27)
			memcpy(d + 27, behind + 4, 4);
		at[i] = d + len;
	}
}

static bool
words_none(const struct cell *c, const uint32_t *rec, unsigned n, struct tile_words *t)
{
	(void)rec;
	(void)n;
	tile_repeat(t, (uint8_t)c->after, c->after_n);
	return true;
}

/* Nothing but what stands behind every text. */
static void
put_none(struct cell *c, const uint32_t *rec, unsigned n, char *at[])
{
	const struct after after = { c->after, c->after_n };

	(void)rec;
	for (unsigned i = 0; i < n; i++)
		put_after(after, at[i], &at[i]);
}

struct put {
	cell_put_fn *fn;
	unsigned most;
};

static struct put
put_integers(unsigned width, bool is_signed)
{
	switch (width) {
	case 1: return is_signed ? (struct put){ put_i8, 4 } : (struct put){ put_u8, 3 };
	case 2: return is_signed ? (struct put){ put_i16, 6 } : (struct put){ put_u16, 5 };
	case 4: return is_signed ? (struct put){ put_i32, 11 } : (struct put){ put_u32, 10 };
	default: return is_signed ? (struct put){ put_i64, 20 } : (struct put){ put_u64, 20 };
	}
}

static cell_words_fn *
words_of(const struct column *c)
{
	if (c->type != TYPE_UINT)
		return NULL;
	switch (c->width) {
	case 1: return words_u8;
	case 2: return words_u16;
	case 4: return words_u32;
	default: return words_u64;
	}
}

static struct put
put_times(unsigned digits)
{
	switch (digits) {
	case 0: return (struct put){ put_times_s, 35 };
	case 3: return (struct put){ put_times_ms, 35 };
	case 6: return (struct put){ put_times_us, 35 };
	default: return (struct put){ put_times_ns, 35 };
	}
}

static struct put
put_of(const struct cell *c)
{
	const struct column *col = &c->col;
	bool wire = c->form == CELL_WIRE;

	switch ((enum type)col->type) {
	case TYPE_UINT: return put_integers(col->width, false);
	case TYPE_INT: return put_integers(col->width, true);
	case TYPE_FLOAT32: return (struct put){ put_floats, 32 };
	case TYPE_FLOAT64: return (struct put){ put_doubles, 32 };
	case TYPE_BOOL: return (struct put){ put_bools, 5 };
	case TYPE_TIME:
		return wire ? (struct put){ put_units, 20 } : put_times(scale_digits(col->scale));
	case TYPE_DURATION: return (struct put){ wire ? put_units : put_durations, 24 };
	case TYPE_IP:
		return col->width == 4 ? (struct put){ put_ip4s, 15 }
				       : (struct put){ put_ip16s, 39 };
	case TYPE_MAC: return (struct put){ put_macs, 17 };
	default: return (struct put){ put_none, 0 };
	}
}

static void
set_put(struct cell *c)
{
	struct put put = put_of(c);

	c->put = put.fn;
	c->words = words_of(&c->col);
	c->values = c->variable ? NULL : c->col.data;
	c->step = c->values != NULL ? c->col.width : 0;
	c->most = put.most + c->after_n;
}

void
cell_stage(struct cell *c, const uint32_t *rec, unsigned n)
{
	char *at[CELL_TILE];
	struct tile_words t;

	for (unsigned i = 0; i < n; i++)
		at[i] = c->stage + i * CELL_STRIDE;
	cell_fetch(c, rec[0]);
	if (cell_words(c, rec, n, &t))
		tile_place(&t, 1, n, at);
	else
		cell_put(c, rec, n, at);
	for (unsigned i = 0; i < n; i++)
		c->len[i] = (uint8_t)(at[i] - c->stage - i * CELL_STRIDE);
}

void
cell_none(struct cell *c, const char *after)
{
	memset(c, 0, offsetof(struct cell, stage));
	if (after != NULL)
		c->after = *after;
	c->most = c->after_n = after != NULL;
	c->put = put_none;
	c->words = words_none;
}

void
cell_bind(struct cell *c, struct batch *b, unsigned i, enum cell_form form, const struct tz *tz,
    int64_t unit, const char *after)
{
	const struct column *dict;

	cell_none(c, after);
	c->form = form;
	c->tz = tz;
	c->unit = unit ? unit : 1;
	c->variable = type_is_var((enum type)b->col[i].type);
	set_day(c, 0);
	dict = c->variable ? NULL : batch_dict(b, i);
	if (dict != NULL && made_pays(dict, b->n)) {
		(void)batch_present(b, i);
		c->col = b->col[i];
		set_put(c);
		made_of_entries(c);
		return;
	}
	c->col = *batch_plain(b, i);
	set_put(c);
	if (!c->variable && b->n > 0)
		made_of_constant(c);
}

void
cell_bind_family(struct cell *c, struct batch *b, unsigned i, enum cell_family family, int logical)
{
	cell_none(c, NULL);
	c->form = CELL_WIRE;
	c->family = family;
	c->col = *batch_plain(b, i);
	c->put = put_family;
	c->words = NULL;
	c->most = CELL_STRIDE;
	if (logical >= 0)
		c->pair = *batch_plain(b, (unsigned)logical);
}

void
cell_free(struct cell *c)
{
	made_free(c);
}
