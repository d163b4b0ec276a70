/*
 * num.h - numbers, sizes and durations as text.
 *
 * fmt_* write at most FMT_MAX octets to dst, no NUL, and return how many: several times faster than
 * snprintf, and free of locale.  parse_* take text with its length, accept exactly what they
 * say, and return false on anything else, overflow included.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FMT_MAX = 64 };

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

size_t fmt_u64(char *dst, uint64_t);
size_t fmt_i64(char *dst, int64_t);
size_t fmt_hex(char *dst, const uint8_t *, size_t n); /* 2 * n digits, lower case; n unbounded */
size_t fmt_double(char *dst, double); /* shortest text that reads back the same; nan inf -inf */
size_t fmt_fixed(char *dst, double, unsigned decimals);
size_t fmt_scaled(char *dst, double); /* for people: 1.5 K M G T P E (decimal); < 1000 plain */
size_t fmt_duration(char *dst, int64_t ns); /* seconds with 3..9 decimals as needed: 1.500 */
size_t fmt_duration_human(char *dst, int64_t ns); /* 250ms, 1.5s, 3m20s, 2h05m, 3d04h */

bool parse_u64(const char *, size_t, uint64_t *); /* decimal, or 0x hex */
bool parse_i64(const char *, size_t, int64_t *);
bool parse_double(const char *, size_t, double *); /* decimal, fraction, exponent; nan inf */
bool parse_hex(const char *, size_t, uint8_t *dst); /* an even number of digits */

/* Number with an optional unit K M G T P E (decimal; k too) or Ki Mi Gi Ti Pi Ei (binary), optional fraction. */
bool parse_scaled(const char *, size_t, double *);
bool parse_scaled_u64(const char *, size_t, uint64_t *); /* whole ones, exactly */

/* The same for sizes in octets, whole and not negative; units of either case, and a trailing B or b, are accepted. */
bool parse_size(const char *, size_t, uint64_t *octets);

/* Duration with unit ns us ms s m h d w, fraction allowed, combinations too (1h30m). No unit: seconds
 * when `bare` is true, else refused. */
bool parse_duration(const char *, size_t, bool bare, int64_t *ns);

/* What the noun behind such a number ends with. */
static inline const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* 10^n, n <= 19. */
static inline uint64_t
pow10_u64(unsigned n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* Rounded down, as instants before 1970 want it; b > 0. */
static inline int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

#endif
