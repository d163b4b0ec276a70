/*
 * plane.h - tests of numbers that are stored as planes, without putting the numbers together.
 *
 * Ranges are asked of the planes themselves, octet by octet: what is compared is narrow, and many at a time.
 * Everything else is put together in stretches that stay in the first cache.
 */
#ifndef EXPR_PLANE_H
#define EXPR_PLANE_H

#include "expr/kernel.h"
#include "flow/planes.h"

/* What a test asks of the sums of planes (S of planes.h): ranges of them. */
enum { SUMS_FEW = 4 };
struct sums {
	unsigned n;
	uint64_t lo[SUMS_FEW], hi[SUMS_FEW];
};

/* out = which of n sums are in one of the ranges; mask as kernel_run. */
void sums_run(
    const struct sums *, const struct planes *, size_t n, const uint64_t *mask, uint64_t *out);

/* kernel_run on numbers of bd's width. */
void plane_run(
    const struct bound *, const struct planes *, size_t n, const uint64_t *mask, uint64_t *out);

/* out = hit[code], of codes. */
void plane_codes(
    const uint8_t *hit, const struct planes *, size_t n, const uint64_t *mask, uint64_t *out);

#endif
