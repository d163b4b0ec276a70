#include "stream/radix.h"

/*
 * Eight bits a pass from the lowest, passes that would change nothing left out.  Several times faster than qsort on
 * the thousands of addresses of a block.
 */
struct radix_item *
radix_sort(struct radix_item *o, struct radix_item *spare, size_t n)
{
	enum { DIGIT = 8, DIGITS = 64 / DIGIT, VALUES = 1 << DIGIT };
	uint32_t count[DIGITS][VALUES] = { 0 };
	uint64_t bits = 0;
	unsigned digits = 0;

	for (size_t k = 0; k < n; k++)
		bits |= o[k].key;
	for (; bits != 0; bits >>= DIGIT)
		digits++;
	for (size_t k = 0; k < n; k++)
		for (unsigned d = 0; d < digits; d++)
			count[d][o[k].key >> DIGIT * d & (VALUES - 1)]++;
	for (unsigned d = 0; d < digits; d++) {
		struct radix_item *swap = o;
		uint32_t at = 0;

		if (count[d][o[0].key >> DIGIT * d & (VALUES - 1)] == n)
			continue;
		for (unsigned v = 0; v < VALUES; v++) {
			uint32_t c = count[d][v];

			count[d][v] = at;
			at += c;
		}
		for (size_t k = 0; k < n; k++)
			spare[count[d][o[k].key >> DIGIT * d & (VALUES - 1)]++] = o[k];
		o = spare;
		spare = swap;
	}
	return o;
}
