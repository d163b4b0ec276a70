/*
 * bits.h - bitmaps of records: bit i of word i/64 is record i.
 *
 * Bits behind the last record are zero in every bitmap that leaves a function.
 */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline size_t
bits_words(size_t n)
{
	return (n + 63) / 64;
}

static inline bool
bits_get(const uint64_t *w, size_t i)
{
	return w[i / 64] >> (i % 64) & 1;
}

/* The same of a bitmap that is NULL where all bits are set: which records have a value, or are selected. */
static inline bool
bits_has(const uint64_t *w, size_t i)
{
	return w == NULL || bits_get(w, i);
}

static inline void
bits_set(uint64_t *w, size_t i)
{
	w[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void
bits_clear(uint64_t *w, size_t i)
{
	w[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* The valid bits of the last word of n records. */
static inline uint64_t
bits_tail(size_t n)
{
	return n % 64 ? (UINT64_C(1) << (n % 64)) - 1 : ~UINT64_C(0);
}

/* Set all n bits, clear those behind. */
static inline void
bits_fill(uint64_t *w, size_t n)
{
	if (n == 0)
		return;
	memset(w, 0xff, bits_words(n) * 8);
	w[(n - 1) / 64] &= bits_tail(n);
}

/* How many of n bits are set. */
size_t bits_count(const uint64_t *, size_t n);

/* The slow path of bits_set_range: more than a word. */
void bits_set_words(uint64_t *, size_t first, size_t n);

static inline void
bits_set_range(uint64_t *w, size_t first, size_t n)
{
	if (n - 1 < 64 - first % 64) /* 1 to 64 of them, in one word */
		w[first / 64] |= ~UINT64_C(0) >> (64 - n) << (first % 64);
	else
		bits_set_words(w, first, n);
}

/* The set bits of n as ascending indexes; idx has room for n (or the count). Returns the count. */
size_t bits_indexes(const uint64_t *, size_t n, uint32_t *idx);

/* 64 octets of 0 or 1 as a word: the one thing that compilers do not see by themselves. */
static inline uint64_t
bits_pack(const uint8_t *t)
{
#ifdef __SSE2__
	uint64_t word = 0;

	for (unsigned i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(t + 16 * i));

		word |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_slli_epi16(v, 7)) << (16 * i);
	}
	return word;
#else
	uint64_t word = 0, octets;

	for (unsigned i = 0; i < 8; i++) {
		memcpy(&octets, t + 8 * i, 8);
		word |= octets * UINT64_C(0x0102040810204080) >> 56 << (8 * i);
	}
	return word;
#endif
}

#endif
