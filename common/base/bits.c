/*
 * bits.c - bitmaps of records: ranges and indexes.
 */
#include "base/bits.h"

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
