/*
 * digits.h - decimal digits eight at a time, in the octets of one integer.
 *
 * For loops that format or read columns of numbers: no branch, no table, no call.  All write whole words
 * to dst (up to 8 octets behind the text they return the length of), and read whole words.
 * The first digit is the lowest octet: like all of this toolkit's memory, the machine is little-endian.
 */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DIGITS_8 = 100000000 }; /* numbers of eight digits are below it */

static inline uint64_t
load_8(const void *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline uint32_t
load_4(const void *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* Four digits of v < 10000, leading zeros too, as values 0..9. */
static inline uint32_t
digits_4(uint32_t v)
{
	uint32_t q = v * 5243 >> 19, x = q | (v - q * 100) << 16;

	q = (x * 103 >> 10) & 0x000f000f;
	return q | (x - q * 10) << 8;
}

/* Eight digits of v < DIGITS_8, leading zeros too, as values 0..9. */
static inline uint64_t
digits_8(uint32_t v)
{
	/* Halves of four digits, quarters of two, digits: a division by a constant is a multiplication. */
	uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32;
	uint64_t q = (x * 5243 >> 19) & UINT64_C(0x0000007f0000007f);

	x = q | (x - q * 100) << 16;
	q = (x * 103 >> 10) & UINT64_C(0x000f000f000f000f);
	return q | (x - q * 10) << 8;
}

/* v < DIGITS_8 with all eight digits. */
static inline void
put_digits_8(char *dst, uint32_t v)
{
	uint64_t x = digits_8(v) | UINT64_C(0x3030303030303030);

	memcpy(dst, &x, 8);
}

/* v < DIGITS_8. */
static inline size_t
put_small(char *dst, uint32_t v)
{
	uint64_t x = digits_8(v);
	unsigned skip = (unsigned)__builtin_ctzll(x | UINT64_C(1) << 56) & 0x38;

	x = (x | UINT64_C(0x3030303030303030)) >> skip;
	memcpy(dst, &x, 8);
	return 8 - skip / 8;
}

/* v < 256. */
static inline size_t
put_octet(char *dst, uint32_t v)
{
	uint32_t hundreds = v * 41 >> 12, tens = v * 205 >> 11;
	uint32_t x = hundreds | (tens - hundreds * 10) << 8 | (v - tens * 10) << 16;
	unsigned skip = (unsigned)__builtin_ctz(x | 1U << 16) & 0x18;

	x = (x | 0x303030) >> skip;
	memcpy(dst, &x, 4);
	return 3 - skip / 8;
}

/* Any v: up to 20 digits. */
static inline size_t
put_uint(char *dst, uint64_t v)
{
	uint64_t high;
	size_t n;

	if (v < DIGITS_8)
		return put_small(dst, (uint32_t)v);
	high = v / DIGITS_8;
	if (high < DIGITS_8) {
		n = put_small(dst, (uint32_t)high);
	} else {
		n = put_small(dst, (uint32_t)(high / DIGITS_8));
		put_digits_8(dst + n, (uint32_t)(high % DIGITS_8));
		n += 8;
	}
	put_digits_8(dst + n, (uint32_t)(v % DIGITS_8));
	return n + 8;
}

/* Is each octet of x a value 0..9? */
static inline bool
are_digits(uint64_t x)
{
	return (((x + UINT64_C(0x7676767676767676)) | x) & UINT64_C(0x8080808080808080)) == 0;
}

/* The number that eight digit values are. */
static inline uint32_t
digits_value(uint64_t x)
{
	x = x * 10 + (x >> 8); /* pairs, in even octets */
	x = ((x & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
		(x >> 16 & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001)) >>
	    32;
	return (uint32_t)x;
}

/*
 * The number whose 1..8 digits end before `end`; the 8 octets there can be read whatever they are.  false: a
 * character that is no digit.
 */
static inline bool
read_small(const char *end, size_t n, uint32_t *v)
{
	unsigned other = (unsigned)(8 - n) * 8;
	uint64_t x = (load_8(end - 8) ^ UINT64_C(0x3030303030303030)) >> other << other;

	*v = digits_value(x);
	return are_digits(x);
}

#endif
