/*
 * bits.c - bitmaps of records: ranges and indexes.
 */
#include "base/bits.h"

#include "base/clones.h"

/* Without an instruction for it: pairs, fours and octets are added up, of many words at once. */
CLONES static size_t
count_words(const uint64_t *w, size_t words)
{
	const uint64_t pairs = UINT64_C(0x5555555555555555), fours = UINT64_C(0x3333333333333333),
		       octets = UINT64_C(0x0f0f0f0f0f0f0f0f);
	size_t sum = 0;

	for (size_t i = 0; i < words; i++) {
		uint64_t v = w[i];

		v -= v >> 1 & pairs;
		v = (v & fours) + (v >> 2 & fours);
		v = (v + (v >> 4)) & octets;
		v += v >> 8;
		v += v >> 16;
		sum += (v + (v >> 32)) & 127;
	}
	return sum;
}

size_t
bits_count(const uint64_t *w, size_t n)
{
	return count_words(w, bits_words(n));
}

void
bits_set_words(uint64_t *w, size_t first, size_t n)
{
	size_t end = first + n, i = first / 64;
	uint64_t mask = ~UINT64_C(0) << (first % 64);

	if (n == 0)
		return;
	for (; (i + 1) * 64 <= end; i++) {
		w[i] |= mask;
		mask = ~UINT64_C(0);
	}
	if (i * 64 < end)
		w[i] |= mask & bits_tail(end);
}

size_t
bits_indexes(const uint64_t *w, size_t n, uint32_t *idx)
{
	uint32_t *out = idx;

	for (size_t i = 0; i < bits_words(n); i++) {
		uint32_t base = (uint32_t)(i * 64);
		uint64_t m = w[i];

		if (m == ~UINT64_C(0)) {
			for (uint32_t k = 0; k < 64; k++)
				out[k] = base + k;
			out += 64;
			continue;
		}
		for (; m; m &= m - 1)
			*out++ = base + (uint32_t)__builtin_ctzll(m);
	}
	return (size_t)(out - idx);
}
