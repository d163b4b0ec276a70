/*
 * kernel.h - a test made ready for columns of one type and width, and the loops over such columns.
 *
 * Kernels are dense: they read the slots of missing records too, and the caller removes those.
 * They are plain C that compilers vectorise: 64 comparisons into octets, octets into a word.
 */
#ifndef EXPR_KERNEL_H
#define EXPR_KERNEL_H

#include "expr/plan.h"

enum how {
	HOW_NONE, /* no value of this width passes */
	HOW_ALL, /* every value does */
	HOW_RANGE, /* (v - lo) <= span, modulo the width; up to HOW_FEW of them */
	HOW_TABLE, /* a bit for each value of 1 or 2 octets */
	HOW_SEARCH, /* sorted ranges */
	HOW_FLOAT, /* sorted ranges of order-mapped doubles */
	HOW_PREFIX, /* IP 16 wide: the bits of pmask are those of pvalue */
	HOW_WIDE, /* IP 16 wide: sorted ranges */
	HOW_MASK,
	HOW_OCTETS,
};
enum { HOW_FEW = 4 };

struct bound {
	const struct test *test;
	enum how how;
	unsigned width;
	uint64_t lo[HOW_FEW], span[HOW_FEW], bias;
	size_t n;
	uint8_t *table;
	void *los, *his; /* n of the width each */
	/* search: bits of hashes that values in the ranges have; NULL: all may be */
	uint64_t *sieve;
	unsigned coarse, bits; /* of the value >> coarse; log2 of the bits that there are */
	uint64_t mix[2]; /* multipliers */
	uint64_t pmask[2], pvalue[2];
};

void bound_make(struct bound *, const struct test *, unsigned width, struct arena *);

/* The values that a width can hold, as keys of the type: the least, and how many less one. */
void bound_domain(enum type, unsigned width, u128 *least, u128 *span);

/*
 * out = which of n values pass, all words written; words where mask (NULL: all ones) is zero are
 * skipped and zero.  off: offsets of values of variable length.
 */
void kernel_run(const struct bound *, const void *data, const uint32_t *off, size_t n,
    const uint64_t *mask, uint64_t *out);

/* out = hit[codes[i]]. */
void kernel_codes(
    const uint8_t *hit, const uint16_t *codes, size_t n, const uint64_t *mask, uint64_t *out);

#endif
