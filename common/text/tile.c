#include "text/tile.h"

#include "base/clones.h"
#include "base/digits.h"

CLONES static void
lengths(const uint32_t v[CELL_TILE], uint32_t len[CELL_TILE])
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		int32_t n = (int32_t)v[i];

		len[i] =
		    1U + (n > 9) + (n > 99) + (n > 999) + (n > 9999) + (n > 99999) + (n > 999999);
	}
}

CLONES static void
halves(const uint32_t v[CELL_TILE], uint32_t high[CELL_TILE], uint32_t low[CELL_TILE])
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		uint32_t q = v[i] / 10000;

		high[i] = digits_4(q);
		low[i] = digits_4(v[i] - q * 10000);
	}
}

/* The same of numbers below 10000. */
CLONES static void
low_half(const uint32_t v[CELL_TILE], uint32_t high[CELL_TILE], uint32_t low[CELL_TILE])
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		high[i] = 0;
		low[i] = digits_4(v[i]);
	}
}

CLONES static void
join_halves(const uint32_t high[CELL_TILE], const uint32_t low[CELL_TILE], uint64_t after,
    struct tile_words *t)
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		uint64_t x = (uint64_t)low[i] << 32 | high[i] | UINT64_C(0x3030303030303030);
		uint64_t len = t->len[i];

		t->word[i] = x >> (64 - 8 * len) | after << 8 * len;
	}
}

void
tile_numbers(const uint32_t v[CELL_TILE], uint64_t all, char after, struct tile_words *t)
{
	uint32_t high[CELL_TILE], low[CELL_TILE];

	lengths(v, t->len);
	if (all < 1 << 13)
		low_half(v, high, low);
	else
		halves(v, high, low);
	join_halves(high, low, (uint8_t)after, t);
}

/* Two digits of v < 100. */
static inline uint32_t
digits_2(uint32_t v)
{
	uint32_t tens = v * 103 >> 10;

	return tens | (v - tens * 10) << 8;
}

CLONES static bool
milliseconds(const uint64_t in_day_ns[CELL_TILE], uint32_t ms[CELL_TILE])
{
	uint64_t rest = 0;

	for (unsigned i = 0; i < CELL_TILE; i++) {
		uint64_t v = in_day_ns[i] / 1000000;

		rest |= in_day_ns[i] - v * 1000000;
		ms[i] = (uint32_t)v;
	}
	return rest == 0;
}

CLONES static void
clocks(const uint32_t ms[CELL_TILE], uint64_t clock[CELL_TILE], uint32_t fraction[CELL_TILE])
{
	uint32_t a[CELL_TILE], b[CELL_TILE];

	for (unsigned i = 0; i < CELL_TILE; i++) {
		uint32_t s = ms[i] / 1000, f = ms[i] - s * 1000;
		uint32_t hour = s / 3600, minute = s / 60, second = s - minute * 60;
		uint32_t hundreds = f * 41 >> 12, m;

		minute -= hour * 60;
		m = digits_2(minute);
		a[i] = digits_2(hour) | (uint32_t)':' << 16 | m << 24 | 0x30003030;
		b[i] = m >> 8 | (uint32_t)':' << 8 | digits_2(second) << 16 | 0x30300030;
		fraction[i] = '.' | hundreds << 8 | digits_2(f - hundreds * 100) << 16 | 0x30303000;
	}
	for (unsigned i = 0; i < CELL_TILE; i++)
		clock[i] = (uint64_t)b[i] << 32 | a[i];
}

bool
tile_clocks(
    const uint64_t in_day_ns[CELL_TILE], uint64_t clock[CELL_TILE], uint32_t fraction[CELL_TILE])
{
	uint32_t ms[CELL_TILE];

	if (!milliseconds(in_day_ns, ms))
		return false;
	clocks(ms, clock, fraction);
	return true;
}
