/*
 * sum.h - counters that stay at the greatest number instead of beginning at 0 again.
 *
 * Exporters may claim any number, and sampling multiplies it: a sum that wrapped would be small and believable.
 */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <stdint.h>

static inline uint64_t
sum_unsigned(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;

	return sum | -(uint64_t)(sum < a);
}

static inline void
sum_up(uint64_t *sum, uint64_t more)
{
	*sum = sum_unsigned(*sum, more);
}

static inline uint32_t
sum_u32(uint32_t a, uint64_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

/* What is at either end may be beyond it: nothing that is added brings it back. */
static inline uint64_t
sum_signed(uint64_t a, uint64_t b)
{
	int64_t sum;

	if (a == (uint64_t)INT64_MAX || b == (uint64_t)INT64_MAX)
		return (uint64_t)INT64_MAX;
	if (a == (uint64_t)INT64_MIN || b == (uint64_t)INT64_MIN)
		return (uint64_t)INT64_MIN;
	if (__builtin_add_overflow((int64_t)a, (int64_t)b, &sum))
		sum = (int64_t)a < 0 ? INT64_MIN : INT64_MAX;
	return (uint64_t)sum;
}

static inline uint64_t
product_unsigned(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

#endif
