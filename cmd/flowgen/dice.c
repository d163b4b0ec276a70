#include "dice.h"

enum { FRACTION_BITS = 16, TABLE = 256 };

/* 2^(hi/256) and 2^(lo/65536) in units of 2^-31; log2(1 + k/256) in units of 2^-16. */
static uint64_t exp_hi[TABLE], exp_lo[TABLE];
static uint32_t log_table[TABLE + 1];

/* 2^(2^-k) in units of 2^-32, k = 1..16. */
static const uint64_t roots[FRACTION_BITS] = { 0x16a09e668, 0x1306fe0a3, 0x1172b83c8, 0x10b5586d0,
	0x1059b0d31, 0x102c9a3e7, 0x10163daa0, 0x100b1afa6, 0x10058c86e, 0x1002c605e, 0x100162f39,
	0x1000b175f, 0x100058ba0, 0x10002c5cc, 0x1000162e5, 0x10000b172 };

/* 2^(fraction / 65536) in units of 2^-31, from the roots of its bits. */
static uint64_t
power_of_fraction(uint32_t fraction)
{
	uint64_t v = UINT64_C(1) << 31;

	for (unsigned k = 0; k < FRACTION_BITS; k++) {
		if (fraction >> (FRACTION_BITS - 1 - k) & 1)
			v = v * (roots[k] >> 1) >> 31;
	}
	return v;
}

void
dice_init(void)
{
	for (uint32_t i = 0; i < TABLE; i++) {
		exp_hi[i] = power_of_fraction(i << 8);
		exp_lo[i] = power_of_fraction(i);
	}
	for (uint32_t k = 0, x = 0; k <= TABLE; k++) {
		uint64_t want = (UINT64_C(1) << 31) + ((uint64_t)k << 23);

		while (x < 65536 && (exp_hi[x >> 8] * exp_lo[x & 255] >> 31) < want)
			x++;
		log_table[k] = x;
	}
}

uint64_t
dice_mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void
dice_seed(struct dice *d, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++)
		d->s[i] = dice_mix(seed += UINT64_C(0x9e3779b97f4a7c15));
}

/* 2^fix, rounded down; fix < 48 * 65536. */
static uint64_t
dice_exp2(uint32_t fix)
{
	unsigned whole = fix >> 16;
	uint64_t v = exp_hi[fix >> 8 & 255] * exp_lo[fix & 255] >> 31;

	return whole < 31 ? v >> (31 - whole) : v << (whole - 31);
}

uint32_t
dice_log2(uint64_t v)
{
	unsigned whole = 63 - (unsigned)__builtin_clzll(v);
	uint64_t rest = v << (63 - whole) << 1; /* the bits behind the first, from the top */
	uint32_t k = (uint32_t)(rest >> 56), step = (uint32_t)(rest >> 40 & 0xffff);

	return (whole << 16) + log_table[k] + ((log_table[k + 1] - log_table[k]) * step >> 16);
}

uint32_t
dice_zipf(struct dice *d, uint32_t n, uint32_t log2_n1)
{
	uint64_t rank = dice_exp2((uint32_t)((dice_u64(d) >> 32) * log2_n1 >> 32));

	return rank > n ? n - 1 : (uint32_t)rank - 1;
}

/* The sum of four uniform numbers has the variance 4/12; sqrt(3) makes it 1. */
uint64_t
dice_lognormal(struct dice *d, int32_t mu, int32_t sigma)
{
	uint64_t u = dice_u64(d);
	int64_t sum =
	    (int64_t)((u & 0xffff) + (u >> 16 & 0xffff) + (u >> 32 & 0xffff) + (u >> 48)) - 131070;
	int64_t fix = mu + ((sum * 113512 / 65536) * sigma) / 65536;

	return fix <= 0 ? 1 : dice_exp2((uint32_t)fix);
}

uint64_t
dice_pareto(struct dice *d, uint64_t least)
{
	uint64_t u = (dice_u64(d) >> 32) + 1;
	uint32_t e = ((32u << 16) - dice_log2(u)) * 5 / 6; /* -log2(u) / 1.2 */

	e = e > 20u << 16 ? 20u << 16 : e;
	return least * dice_exp2(e + (8u << 16)) >> 8;
}
