/*
 * dice.h - random numbers that are the same on every machine.
 *
 * Integers only: libm and fused multiply-add differ between machines, so logarithms and powers are
 * fixed point from tables.  Numbers called `fix` are base-2 logarithms in units of 2^-16.
 */
#ifndef FLOWGEN_DICE_H
#define FLOWGEN_DICE_H

#include <stdint.h>

/* xoshiro256** (Blackman, Vigna; public domain 2018), seeded by splitmix64. */
struct dice {
	uint64_t s[4];
};

#define FIX(x) ((int32_t)((x)*65536))

void dice_init(void); /* the tables; once, first */
void dice_seed(struct dice *, uint64_t seed);
uint64_t dice_mix(uint64_t); /* splitmix64's output function: a hash of one number */

/* log2 of v >= 1. */
uint32_t dice_log2(uint64_t v);

static inline uint64_t
rotl(uint64_t x, unsigned k)
{
	return x << k | x >> (64 - k);
}

static inline uint64_t
dice_u64(struct dice *d)
{
	uint64_t *s = d->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Uniform in 0..n-1; the bias of n / 2^32 is of no matter here. */
static inline uint32_t
dice_below(struct dice *d, uint32_t n)
{
	return (uint32_t)((dice_u64(d) >> 32) * n >> 32);
}

/* True once in n. */
static inline int
dice_one_in(struct dice *d, uint32_t n)
{
	return dice_below(d, n) == 0;
}

/* A rank 0..n-1 by Zipf's law (exponent 1): P(k) = log2((k+2)/(k+1)) / log2(n+1). */
uint32_t dice_zipf(struct dice *, uint32_t n, uint32_t log2_n1);

/* Lognormal: 2^(mu + sigma z), z nearly normal. */
uint64_t dice_lognormal(struct dice *, int32_t mu, int32_t sigma);

/* Pareto with exponent 1.2 from `least` up, at most least * 2^20. */
uint64_t dice_pareto(struct dice *, uint64_t least);

#endif
