/*
 * rank.h - which of many values, each of them so many times, stands at a rank.
 */
#ifndef OPS_RANK_H
#define OPS_RANK_H

#include "ops/distinct.h"

struct ranked {
	uint64_t key; /* unsigned order is that of the values */
	uint64_t count;
};

/* How many values do not exceed the one looked for, at least: `rank` of 10,000 of them, rounded up (nearest rank). */
static inline uint64_t
rank_want(unsigned __int128 all, unsigned rank)
{
	uint64_t want = (uint64_t)((all * rank + 9999) / 10000);

	return want > 0 ? want : 1;
}

/*
 * Bins of keys, in their order: numbers below 32 have one each, larger ones share it with those of their highest bit
 * and the five below.  Keys with the top bit, as of signed numbers that are not negative, begin anew.
 */
enum { RANK_HALF = 59 * 32, RANK_BINS = 2 * RANK_HALF };

static inline unsigned
rank_bin(uint64_t key)
{
	uint64_t low = key & INT64_MAX;
	unsigned half = key >> 63 ? RANK_HALF : 0, top;

	if (low < 32)
		return half + (unsigned)low;
	top = 63 - (unsigned)__builtin_clzll(low);
	return half + (top - 4) * 32 + (unsigned)(low >> (top - 5) & 31);
}

/* The least key that at least `want` > 0 do not exceed, of n > 0 items with so many among them.  Items are lost. */
uint64_t rank_key(struct ranked *, size_t n, uint64_t want);

/* The same of members of any type, several of which may have one value.  Items change places. */
const struct cell *rank_item(
    struct distinct_item *, size_t n, uint64_t want, const struct intern *);

#endif
