#include "text/cell.h"

#include <math.h>

#include "base/time.h"

enum { DAY_S = 86400, DICT_MIN_SHARE = 4 };

/*
 * One loop for each type: the text of every record that has a value goes to its place in the stage.
 * EXPR writes at `d` the value `v` and gives its length.
 */
#define FILL(name, T, EXPR) \
	static void name(struct cell *c, const uint32_t *rec, unsigned n) \
	{ \
		const T *values = c->col.data; \
		for (unsigned i = 0; i < n; i++) { \
			char *d = c->stage + i * CELL_STRIDE; \
			T v = values[rec[i]]; \
			c->len[i] = cell_has(c, rec[i]) ? (uint8_t)(EXPR) : 0; \
		} \
	}

static size_t
put_two(char *d, unsigned v)
{
	d[0] = (char)('0' + v / 10);
	d[1] = (char)('0' + v % 10);
	return 2;
}

/* Ports, protocols and small counters: no call, no division by a variable. */
static inline size_t
put_u32(char *d, uint32_t v)
{
	if (v < 10) {
		*d = (char)('0' + v);
		return 1;
	}
	return fmt_u64(d, v);
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
	for (unsigned i = 9; i > 0; i--) {
		if (i <= digits)
			d[i] = (char)('0' + ns % 10);
		ns /= 10;
	}
	return digits + 1;
}

/* Floor division, for instants before 1970. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* 2026-11-23T21:45:49.123Z; day and second are cached, as records come in about that order. */
static size_t
put_time(struct cell *c, char *d, int64_t ns)
{
	int64_t s = floor_div(ns, NS_PER_S);
	uint32_t fraction = (uint32_t)(ns - s * NS_PER_S);
	size_t len;

	s += c->tz_s;
	if (s != c->second) {
		int64_t day = floor_div(s, DAY_S);
		unsigned in_day = (unsigned)(s - day * DAY_S);

		if (day != c->day) {
			char text[FMT_MAX];

			(void)fmt_time(text, ns, 0, c->tz_s);
			memcpy(c->clock, text, 11);
			c->day = day;
		}
		put_two(c->clock + 11, in_day / 3600);
		c->clock[13] = ':';
		put_two(c->clock + 14, in_day / 60 % 60);
		c->clock[16] = ':';
		put_two(c->clock + 17, in_day % 60);
		c->second = s;
	}
	memcpy(d, c->clock, 19);
	len = 19 + put_fraction(d + 19, fraction, scale_digits(c->col.scale));
	memcpy(d + len, c->zone, 8);
	return len + c->zone_len;
}

/* Seconds with the column's decimals. */
static size_t
put_duration(const struct cell *c, char *d, int64_t ns)
{
	uint64_t abs = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	size_t len = 0;

	if (ns < 0)
		d[len++] = '-';
	len += fmt_u64(d + len, abs / (uint64_t)NS_PER_S);
	return len + put_fraction(
			 d + len, (uint32_t)(abs % (uint64_t)NS_PER_S), scale_digits(c->col.scale));
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

static struct addr
addr_at(const struct column *col, size_t rec)
{
	struct addr a;

	if (col->width == 4)
		return addr_v4(((const uint32_t *)col->data)[rec]);
	memcpy(a.b, (const uint8_t *)col->data + rec * 16, 16);
	return a;
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
		  (c->pair.present == NULL || bits_get(c->pair.present, rec));
	if (zero_v4) {
		logical = addr_at(&c->pair, rec);
		zero_v4 = !addr_is_v4(&logical);
	}
	return zero_v4 == (c->family == CELL_ZERO_V4);
}

static void
fill_family(struct cell *c, const uint32_t *rec, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char *d = c->stage + i * CELL_STRIDE;
		struct addr a = addr_at(&c->col, rec[i]);

		c->len[i] = 0;
		if (!cell_has(c, rec[i]) || !family_shown(c, &a, rec[i]))
			continue;
		c->len[i] = (uint8_t)(c->family == CELL_V4 || c->family == CELL_ZERO_V4
					  ? fmt_ip4(d, addr_u32(&a))
					  : fmt_ip6(d, &a));
	}
}

FILL(fill_u8, uint8_t, put_u32(d, v))
FILL(fill_u16, uint16_t, put_u32(d, v))
FILL(fill_u32, uint32_t, put_u32(d, v))
FILL(fill_u64, uint64_t, fmt_u64(d, v))
FILL(fill_i8, int8_t, fmt_i64(d, v))
FILL(fill_i16, int16_t, fmt_i64(d, v))
FILL(fill_i32, int32_t, fmt_i64(d, v))
FILL(fill_i64, int64_t, fmt_i64(d, v))
FILL(fill_float, float, put_double(c, d, (double)v))
FILL(fill_double, double, put_double(c, d, v))
FILL(fill_bool, uint8_t, put_bool(d, v))
FILL(fill_time, int64_t, put_time(c, d, v))
FILL(fill_duration, int64_t, put_duration(c, d, v))
FILL(fill_units, int64_t, fmt_i64(d, floor_div(v, c->unit)))
FILL(fill_ip4, uint32_t, fmt_ip4(d, v))
FILL(fill_ip16, struct octets16, put_addr(d, v))
FILL(fill_mac, uint64_t, fmt_mac(d, v))

static cell_fill_fn *
fill_int(unsigned width, bool is_signed)
{
	switch (width) {
	case 1: return is_signed ? fill_i8 : fill_u8;
	case 2: return is_signed ? fill_i16 : fill_u16;
	case 4: return is_signed ? fill_i32 : fill_u32;
	default: return is_signed ? fill_i64 : fill_u64;
	}
}

static cell_fill_fn *
fill_of(const struct cell *c)
{
	switch ((enum type)c->col.type) {
	case TYPE_UINT: return fill_int(c->col.width, false);
	case TYPE_INT: return fill_int(c->col.width, true);
	case TYPE_FLOAT32: return fill_float;
	case TYPE_FLOAT64: return fill_double;
	case TYPE_BOOL: return fill_bool;
	case TYPE_TIME: return c->form == CELL_WIRE ? fill_units : fill_time;
	case TYPE_DURATION: return c->form == CELL_WIRE ? fill_units : fill_duration;
	case TYPE_IP: return c->col.width == 4 ? fill_ip4 : fill_ip16;
	case TYPE_MAC: return fill_mac;
	default: return NULL;
	}
}

/* Constant columns: the first slot holds the text of every record. */
static void
fill_constant(struct cell *c, const uint32_t *rec, unsigned n)
{
	(void)c, (void)rec, (void)n;
}

static bool
is_constant(const struct column *col)
{
	return (col->flags & (COLUMN_ZONE | COLUMN_TRUNCATED)) == COLUMN_ZONE &&
	       col->min == col->max && col->present == NULL && col->width > 0 &&
	       col->type != TYPE_FLOAT32 && col->type != TYPE_FLOAT64;
}

static void
make_constant(struct cell *c)
{
	const uint32_t first = 0;

	c->fill(c, &first, 1);
	for (unsigned i = 0; i < CELL_TILE; i++) {
		c->at[i] = c->stage;
		c->len[i] = c->len[0];
	}
	c->fill = fill_constant;
}

/* Dictionaries: the text of an entry, formatted once. */
static void
fill_dict(struct cell *c, const uint32_t *rec, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned code = c->col.codes[rec[i]];

		c->at[i] = c->dict + (size_t)code * CELL_STRIDE;
		c->len[i] = cell_has(c, rec[i]) ? c->dict_len[code] : 0;
	}
}

static void
make_dict(struct cell *c)
{
	struct column col = c->col;
	uint32_t rec[CELL_TILE];

	c->dict = mem_zero(col.dict_n, CELL_STRIDE);
	c->dict_len = mem_alloc(col.dict_n);
	c->col.data = col.dict_data;
	c->col.present = NULL;
	for (uint32_t base = 0; base < col.dict_n; base += CELL_TILE) {
		unsigned n = col.dict_n - base < CELL_TILE ? col.dict_n - base : CELL_TILE;

		for (unsigned i = 0; i < n; i++)
			rec[i] = base + i;
		c->fill(c, rec, n);
		memcpy(c->dict + (size_t)base * CELL_STRIDE, c->stage, (size_t)n * CELL_STRIDE);
		memcpy(c->dict_len + base, c->len, n);
	}
	c->col = col;
	c->fill = fill_dict;
}

static void
stage_own(struct cell *c)
{
	for (unsigned i = 0; i < CELL_TILE; i++)
		c->at[i] = c->stage + i * CELL_STRIDE;
}

void
cell_none(struct cell *c)
{
	memset(c, 0, sizeof(*c));
	stage_own(c);
}

static void
set_zone(struct cell *c)
{
	char text[FMT_MAX];
	size_t n = fmt_time(text, 0, 0, c->tz_s);

	c->zone_len = (unsigned)(n - 19);
	memcpy(c->zone, text + 19, c->zone_len);
	c->day = c->second = INT64_MIN;
}

void
cell_bind(struct cell *c, struct batch *b, unsigned i, enum cell_form form, int tz_s, int64_t unit)
{
	const struct column *dict;

	cell_none(c);
	c->form = form;
	c->tz_s = tz_s;
	c->unit = unit ? unit : 1;
	c->variable = type_is_var((enum type)b->col[i].type);
	set_zone(c);
	dict = c->variable ? NULL : batch_dict(b, i);
	if (dict != NULL && dict->dict_n > 0 && dict->dict_n <= b->n / DICT_MIN_SHARE + 1) {
		(void)batch_present(b, i);
		c->col = b->col[i];
		c->fill = fill_of(c);
		make_dict(c);
		return;
	}
	c->col = *batch_plain(b, i);
	c->fill = fill_of(c);
	if (c->fill != NULL && b->n > 0 && is_constant(&c->col))
		make_constant(c);
}

void
cell_bind_family(struct cell *c, struct batch *b, unsigned i, enum cell_family family, int logical)
{
	cell_none(c);
	c->form = CELL_WIRE;
	c->family = family;
	c->col = *batch_plain(b, i);
	c->fill = fill_family;
	if (logical >= 0)
		c->pair = *batch_plain(b, (unsigned)logical);
}

void
cell_free(struct cell *c)
{
	mem_free(c->dict);
	mem_free(c->dict_len);
	c->dict = NULL;
	c->dict_len = NULL;
}
