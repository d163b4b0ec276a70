/*
 * csv_number.c - a column's cells as numbers and times: their octets are collected first, then all are worked out side
 * by side.
 */
#include "base/bits.h"
#include "base/clones.h"
#include "base/digits.h"
#include "base/time.h"
#include "text/csv_rows.h"

/* What the cells end with. */
CLONES_OF_BITS static void
collect(struct csv_digits *d, const struct csv_cells *c, unsigned n)
{
	const char *buf = c->buf;
	const uint32_t *begin = c->begin, *end = c->end;
	const uint32_t skip = c->skip;
	const size_t begin_step = c->begin_step, step = c->step;

	for (unsigned i = 0; i < n; i++) {
		d->high[i] = load_4(buf + *end - 8);
		d->low[i] = load_4(buf + *end - 4);
		d->len[i] = *end - *begin - skip;
		begin += begin_step;
		end += step;
	}
}

/* The last n of four octets, 1 to 4, as values of digits, 0 for the others. */
static inline uint32_t
last_of(uint32_t octets, uint32_t n)
{
	return (octets ^ UINT32_C(0x30303030)) & UINT32_MAX << ((32 - 8 * n) & 31);
}

static inline uint32_t
not_digits(uint32_t x)
{
	return ((x + UINT32_C(0x76767676)) | x) & UINT32_C(0x80808080);
}

/* The number that four digits are. */
static inline uint32_t
value_4(uint32_t x)
{
	x = (x << 3) + (x << 1) + (x >> 8); /* pairs, in even octets */
	return (x & UINT32_C(0x00ff00ff)) * (100 << 16 | 1) >> 16;
}

/* All of a tile, whether there are so many or not: numbers of up to four digits, of up to eight. */
CLONES static void
work_out_4(struct csv_digits *d, uint32_t most)
{
	for (unsigned i = 0; i < CSV_TILE; i++) {
		uint32_t low = last_of(d->low[i], d->len[i]), value = value_4(low);

		d->value[i] = value;
		d->good[i] = (d->len[i] - 1 < 4) & (not_digits(low) == 0) & (value <= most);
	}
}

CLONES static void
work_out_8(struct csv_digits *d, uint32_t most)
{
	for (unsigned i = 0; i < CSV_TILE; i++) {
		uint32_t len = d->len[i], few = len < 4 ? len : 4;
		uint32_t low = last_of(d->low[i], few);
		uint32_t high = last_of(d->high[i], len - 4) & -(uint32_t)(len > 4);
		uint32_t value = value_4(high) * 10000 + value_4(low);

		d->value[i] = value;
		d->good[i] =
		    (len - 1 < 8) & ((not_digits(low) | not_digits(high)) == 0) & (value <= most);
	}
}

#define PUT(T) \
	CLONES static void put_##T(T *to, const uint32_t *value, unsigned n) \
	{ \
		for (unsigned i = 0; i < n; i++) \
			to[i] = (T)value[i]; \
	}

PUT(uint8_t)
PUT(uint16_t)
PUT(uint64_t)

static void
put(void *to, unsigned width, const uint32_t *value, unsigned n)
{
	switch (width) {
	case 1: put_uint8_t(to, value, n); break;
	case 2: put_uint16_t(to, value, n); break;
	case 4: memcpy(to, value, n * sizeof(*value)); break;
	default: put_uint64_t(to, value, n);
	}
}

/* 9 to 16 digits, which only the wider columns have. */
static bool
read_long(const char *end, size_t n, uint64_t *v)
{
	uint32_t low, high;

	if (n - 9 >= 8 || !read_small(end, 8, &low) || !read_small(end - 8, n - 8, &high))
		return false;
	*v = (uint64_t)high * DIGITS_8 + low;
	return true;
}

static uint64_t
read_longs(
    const struct csv_digits *d, const struct csv_cells *c, unsigned width, void *to, uint64_t rest)
{
	uint64_t good = 0;

	for (; rest != 0; rest &= rest - 1) {
		unsigned i = (unsigned)__builtin_ctzll(rest);
		uint64_t v = 0;

		if (d->len[i] <= 8 || !read_long(c->buf + csv_cell_end(c, i), d->len[i], &v) ||
		    (width == 4 && v > UINT32_MAX))
			continue;
		memcpy((char *)to + (size_t)i * width, &v, width);
		good |= UINT64_C(1) << i;
	}
	return good;
}

uint64_t
csv_read_numbers(
    struct csv_digits *d, const struct csv_cells *c, unsigned width, void *to, unsigned n)
{
	uint64_t good;

	collect(d, c, n);
	if (width == 1)
		work_out_4(d, UINT8_MAX);
	else
		work_out_8(d, width == 2 ? UINT16_MAX : UINT32_MAX);
	good = bits_pack(d->good) & bits_tail(n);
	put(to, width, d->value, n);
	if (width >= 4)
		good |= read_longs(d, c, width, to, ~good & bits_tail(n));
	return good;
}

/* Times -------------------------------------------------------------------------------------- */

/* Cells of the form 2026-11-23T21:45:49[.123]Z of the known date; returns the most decimals there are. */
CLONES_OF_BITS static uint32_t
collect_times(
    struct csv_digits *d, const struct csv_cells *c, const struct csv_column *col, unsigned n)
{
	const struct csv_cells cells = *c;
	const uint64_t date[2] = { col->date[0], col->date[1] };
	uint32_t most = 0;

	for (unsigned i = 0; i < n; i++) {
		const char *p = cells.buf + csv_cell_begin(&cells, i);
		const char *end = cells.buf + csv_cell_end(&cells, i);
		uint32_t len = (uint32_t)(end - p), decimals = len > 21 ? len - 21 : 0;
		bool known = ((load_8(p) ^ date[0]) | (load_8(p + 3) ^ date[1])) == 0;
		bool usual = known & (len - 20 <= 9) & (len != 21) & (end[-1] == 'Z') &
			     ((decimals == 0) | (p[19] == '.'));

		decimals = usual ? decimals : 0;
		most = decimals > most ? decimals : most;
		d->clock[0][i] = load_4(p + 11);
		d->clock[1][i] = load_4(p + 15);
		d->high[i] = load_4(end - 9);
		d->low[i] = load_4(end - 5);
		d->len[i] = decimals;
		d->usual[i] = usual;
	}
	return most;
}

/* Seconds of a tile's clocks. */
CLONES static void
work_out_clocks(struct csv_digits *d)
{
	for (unsigned i = 0; i < CSV_TILE; i++) {
		uint32_t a = d->clock[0][i] ^ UINT32_C(0x303a3030);
		uint32_t b = d->clock[1][i] ^ UINT32_C(0x30303a30);
		uint32_t h = (a & 255) * 10 + (a >> 8 & 255);
		uint32_t m = (a >> 24) * 10 + (b & 255);
		uint32_t s = (b >> 16 & 255) * 10 + (b >> 24);
		uint32_t other = not_digits(a) | not_digits(b) | (a & UINT32_C(0x00ff0000)) |
				 (b & UINT32_C(0x0000ff00));

		d->clock[0][i] = h * 3600 + m * 60 + s;
		d->usual[i] &= (other == 0) & (h < 24) & (m < 60) & (s < 60);
		d->good[i] = (d->good[i] | (d->len[i] == 0)) & d->usual[i];
	}
}

/* The precision that so many decimals are. */
static unsigned
scale_of(uint32_t decimals)
{
	return decimals == 0 ? 9 : decimals <= 3 ? 6 : decimals <= 6 ? 3 : 0;
}

uint64_t
csv_read_times(struct csv_digits *d, const struct csv_cells *c, struct csv_column *col, int64_t *to,
    unsigned n)
{
	static const uint32_t unit[] = { 0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100,
		10 };
	uint32_t most = collect_times(d, c, col, n);
	uint64_t good;

	if (most <= 4)
		work_out_4(d, UINT32_MAX);
	else
		work_out_8(d, UINT32_MAX);
	work_out_clocks(d);
	good = bits_pack(d->good) & bits_tail(n);
	for (unsigned i = 0; i < n; i++)
		to[i] = (int64_t)((uint64_t)col->day_ns +
				  (uint64_t)d->clock[0][i] * (uint64_t)NS_PER_S +
				  d->value[i] * unit[d->len[i]]);
	if (good != 0 && scale_of(most) < col->scale)
		col->scale = scale_of(most);
	return good;
}
