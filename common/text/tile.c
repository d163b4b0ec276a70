#include "text/tile.h"

#include "base/clones.h"
#include "base/digits.h"

/* Two digits of v < 100. */
static inline uint32_t
digits_2(uint32_t v)
{
	uint32_t tens = v * 103 >> 10;

	return tens | (v - tens * 10) << 8;
}

/* Three digits of v < 1000. */
static inline uint32_t
digits_3(uint32_t v)
{
	uint32_t hundreds = v * 41 >> 12;

	return hundreds | digits_2(v - hundreds * 100) << 8;
}

static inline uint32_t
length(uint32_t v)
{
	int32_t n = (int32_t)v;

	return 1U + (n > 9) + (n > 99) + (n > 999) + (n > 9999) + (n > 99999) + (n > 999999);
}

CLONES static void
lengths(const uint32_t v[CELL_TILE], uint32_t len[CELL_TILE])
{
	for (unsigned i = 0; i < CELL_TILE; i++)
		len[i] = length(v[i]);
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

CLONES static void
join_halves(const uint32_t high[CELL_TILE], const uint32_t low[CELL_TILE], uint64_t after,
    uint32_t after_n, struct tile_words *t)
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		uint64_t x = (uint64_t)low[i] << 32 | high[i] | UINT64_C(0x3030303030303030);
		uint64_t len = t->len[i];

		t->word[i] = x >> (64 - 8 * len) | after << 8 * len;
		t->len[i] += after_n;
	}
}

/* Numbers of up to three digits: half a word holds them. */
CLONES static void
short_numbers(const uint32_t v[CELL_TILE], uint32_t after, uint32_t after_n, struct tile_words *t)
{
	uint32_t half[CELL_TILE];

	for (unsigned i = 0; i < CELL_TILE; i++) {
		uint32_t x = digits_3(v[i]) | 0x303030;
		uint32_t len = 1U + ((int32_t)v[i] > 9) + ((int32_t)v[i] > 99);

		half[i] = x >> (24 - 8 * len) | after << 8 * len;
		t->len[i] = len + after_n;
	}
	for (unsigned i = 0; i < CELL_TILE; i++)
		t->word[i] = half[i];
}

void
tile_numbers(
    const uint32_t v[CELL_TILE], uint64_t all, char after, unsigned after_n, struct tile_words *t)
{
	uint32_t high[CELL_TILE], low[CELL_TILE];

	t->most = length((uint32_t)all) + after_n;
	if (all < 1000) {
		short_numbers(v, (uint8_t)after, after_n, t);
		return;
	}
	lengths(v, t->len);
	halves(v, high, low);
	join_halves(high, low, (uint8_t)after, after_n, t);
}

void
tile_repeat(struct tile_words *t, uint64_t word, uint32_t len)
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		t->word[i] = word;
		t->len[i] = len;
	}
	t->most = len;
}

CLONES static void
join_words(struct tile_words *a, const struct tile_words *b)
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		a->word[i] |= b->word[i] << 8 * a->len[i];
		a->len[i] += b->len[i];
	}
}

bool
tile_join(struct tile_words *a, const struct tile_words *b)
{
	if (a->most + b->most > 8 || b->most == 0)
		return false;
	join_words(a, b);
	a->most += b->most;
	return true;
}

static inline void
place(const struct tile_words *t, unsigned words, unsigned n, char *at[])
{
	for (unsigned i = 0; i < n; i++) {
		char *d = at[i];

		for (unsigned k = 0; k < words; k++) {
			memcpy(d, &t[k].word[i], 8);
			d += t[k].len[i];
		}
		at[i] = d;
	}
}

void
tile_place(const struct tile_words *t, unsigned words, unsigned n, char *at[])
{
	switch (words) {
	case 1: place(t, 1, n, at); break;
	case 2: place(t, 2, n, at); break;
	case 3: place(t, 3, n, at); break;
	case TILE_RUN: place(t, TILE_RUN, n, at); break;
	}
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
		uint32_t m;

		minute -= hour * 60;
		m = digits_2(minute);
		a[i] = digits_2(hour) | (uint32_t)':' << 16 | m << 24 | 0x30003030;
		b[i] = m >> 8 | (uint32_t)':' << 8 | digits_2(second) << 16 | 0x30300030;
		fraction[i] = '.' | digits_3(f) << 8 | 0x30303000;
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
