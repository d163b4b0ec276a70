/*
 * num.c - writing numbers.
 */
#include "base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"

static const uint64_t power10[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
	1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000,
	1000000000000000 };

size_t
fmt_u64(char *dst, uint64_t v)
{
	return put_uint(dst, v);
}

size_t
fmt_i64(char *dst, int64_t v)
{
	if (v >= 0)
		return fmt_u64(dst, (uint64_t)v);
	*dst = '-';
	return 1 + fmt_u64(dst + 1, -(uint64_t)v);
}

size_t
fmt_hex(char *dst, const uint8_t *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		dst[2 * i] = digit[p[i] >> 4];
		dst[2 * i + 1] = digit[p[i] & 15];
	}
	return 2 * n;
}

/* WHOLE.FRACTION of v / 10^decimals, with at least `keep` decimals. */
static size_t
put_decimal(char *dst, uint64_t v, unsigned decimals, unsigned keep)
{
	uint64_t fraction = v % power10[decimals];
	size_t n = fmt_u64(dst, v / power10[decimals]);

	while (decimals > keep && fraction % 10 == 0) {
		fraction /= 10;
		decimals--;
	}
	if (decimals == 0)
		return n;
	dst[n++] = '.';
	for (unsigned i = decimals; i > 0; i--) {
		dst[n + i - 1] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	return n + decimals;
}

static size_t
put_special(char *dst, double v)
{
	const char *text = isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
	size_t n = strlen(text);

	memcpy(dst, text, n);
	return n;
}

/*
 * A decimal of at most 15 digits that reads back as v is the shortest one up to trailing zeros, and
 * m / 10^d is that decimal correctly rounded while m and 10^d are exact; so most values that people
 * meet take one division.  The rest tries the precisions that can be needed (17 always suffices).
 */
size_t
fmt_double(char *dst, double v)
{
	char text[FMT_MAX];
	int n = 0;

	if (!isfinite(v))
		return put_special(dst, v);
	if (v > -1e15 && v < 1e15 && (v == 0 || v >= 1e-4 || v <= -1e-4)) {
		double a = fabs(v);
		size_t sign = signbit(v) ? 1 : 0;

		*dst = '-';
		for (unsigned d = 0; d <= 9; d += 3) {
			double m = rint(a * (double)power10[d]);

			if (m < 1e15 && m / (double)power10[d] == a)
				return sign + put_decimal(dst + sign, (uint64_t)m, d, 0);
		}
	}
	for (int precision = 15; precision <= 17; precision++) {
		n = snprintf(text, sizeof(text), "%.*g", precision, v);
		if (strtod(text, NULL) == v)
			break;
	}
	memcpy(dst, text, (size_t)n);
	return (size_t)n;
}

/*
 * Scaling errs by less than 2^-10 here, so away from a tie the rounded product is the correctly
 * rounded decimal; ties and large values are left to printf.
 */
size_t
fmt_fixed(char *dst, double v, unsigned decimals)
{
	char text[FMT_MAX];
	int n;

	if (!isfinite(v))
		return put_special(dst, v);
	if (decimals > 20)
		decimals = 20;
	if (decimals <= 15) {
		double a = fabs(v) * (double)power10[decimals];

		if (a < 0x1p43 && fabs(a - floor(a) - 0.5) > 0.01) {
			size_t sign = signbit(v) ? 1 : 0;

			*dst = '-';
			return sign +
			       put_decimal(dst + sign, (uint64_t)rint(a), decimals, decimals);
		}
	}
	if (fabs(v) < 1e40)
		n = snprintf(text, sizeof(text), "%.*f", (int)decimals, v);
	else
		n = snprintf(text, sizeof(text), "%.*e", (int)decimals, v);
	memcpy(dst, text, (size_t)n);
	return (size_t)n;
}

/* Drop zeros at the end of a fraction, and its point. */
static size_t
trim_fraction(const char *text, size_t n)
{
	if (memchr(text, '.', n) == NULL)
		return n;
	while (text[n - 1] == '0')
		n--;
	return text[n - 1] == '.' ? n - 1 : n;
}

size_t
fmt_scaled(char *dst, double v)
{
	static const char unit[] = "KMGTPE";
	double a = fabs(v);
	unsigned i = 0;
	size_t n;

	if (!isfinite(v))
		return put_special(dst, v);
	if (a < 999.95 || (a < 1000 && a == floor(a)))
		return trim_fraction(dst, fmt_fixed(dst, v, a < 10 ? 3 : a < 100 ? 2 : 1));
	v /= 1000;
	/* 999,950 would print as 1000.0K */
	while (fabs(v) >= 999.95 && unit[i + 1] != '\0') {
		v /= 1000;
		i++;
	}
	n = fmt_fixed(dst, v, 1);
	dst[n] = unit[i];
	return n + 1;
}

static size_t
put_sign(char **dst, int64_t v, uint64_t *magnitude)
{
	*magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
	if (v >= 0)
		return 0;
	*(*dst)++ = '-';
	return 1;
}

size_t
fmt_duration(char *dst, int64_t ns)
{
	uint64_t a;
	size_t sign = put_sign(&dst, ns, &a);

	return sign + put_decimal(dst, a, 9, 3);
}

/* BIG and two digits of SMALL: 3m20s. */
static size_t
put_two(char *dst, uint64_t big, char big_unit, uint64_t small, char small_unit)
{
	size_t n = fmt_u64(dst, big);

	dst[n++] = big_unit;
	dst[n++] = (char)('0' + small / 10);
	dst[n++] = (char)('0' + small % 10);
	dst[n++] = small_unit;
	return n;
}

size_t
fmt_duration_human(char *dst, int64_t ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 } };
	uint64_t a, tenths, rest;
	size_t sign = put_sign(&dst, ns, &a), n;

	for (size_t i = 0; a > 0 && i < sizeof(units) / sizeof(*units); i++) {
		tenths = (a * 10 + units[i].ns / 2) / units[i].ns;
		if (a >= units[i].ns * 1000 || tenths >= 10000)
			continue;
		n = put_decimal(dst, tenths, 1, 0);
		memcpy(dst + n, units[i].unit, 2);
		return sign + n + 2;
	}
	tenths = (a + 50000000) / 100000000;
	if (tenths < 600) {
		n = put_decimal(dst, tenths, 1, 0);
		dst[n] = 's';
		return sign + n + 1;
	}
	rest = (a + 500000000) / 1000000000;
	if (rest < 3600)
		return sign + put_two(dst, rest / 60, 'm', rest % 60, 's');
	rest = (rest + 30) / 60;
	if (rest < 1440)
		return sign + put_two(dst, rest / 60, 'h', rest % 60, 'm');
	rest = (rest + 30) / 60;
	return sign + put_two(dst, rest / 24, 'd', rest % 24, 'h');
}
