/*
 * num_parse.c - reading numbers, sizes and durations.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit, 16 when it is none. */
static unsigned
hex_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

static bool
parse_hex_u64(const char *s, size_t n, uint64_t *v)
{
	uint64_t r = 0;

	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned d = hex_value(s[i]);

		if (d > 15 || r >> 60 != 0)
			return false;
		r = r << 4 | d;
	}
	*v = r;
	return true;
}

bool
parse_u64(const char *s, size_t n, uint64_t *v)
{
	uint64_t r = 0;

	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return parse_hex_u64(s + 2, n - 2, v);
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(s[i]) || __builtin_mul_overflow(r, UINT64_C(10), &r) ||
		    __builtin_add_overflow(r, (uint64_t)(s[i] - '0'), &r))
			return false;
	}
	*v = r;
	return true;
}

bool
parse_i64(const char *s, size_t n, int64_t *v)
{
	bool negative = n > 0 && s[0] == '-';
	uint64_t u;

	if (!parse_u64(s + negative, n - negative, &u) || u > (uint64_t)INT64_MAX + negative)
		return false;
	*v = (int64_t)(negative ? -u : u);
	return true;
}

bool
parse_hex(const char *s, size_t n, uint8_t *dst)
{
	if (n % 2 != 0)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		unsigned high = hex_value(s[i]), low = hex_value(s[i + 1]);

		if (high > 15 || low > 15)
			return false;
		dst[i / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* DIGITS[.DIGITS] without sign: value = whole + fraction / 10^decimals, `used` octets of text. */
struct decimal {
	uint64_t whole, fraction; /* fraction keeps 18 decimals */
	unsigned decimals;
	bool cut; /* a digit other than 0 behind the 18th */
	size_t used;
};

static bool
decimal_read(const char *s, size_t n, struct decimal *d)
{
	size_t i = 0, digits = 0;

	*d = (struct decimal){ 0 };
	for (; i < n && is_digit(s[i]); i++, digits++)
		if (__builtin_mul_overflow(d->whole, UINT64_C(10), &d->whole) ||
		    __builtin_add_overflow(d->whole, (uint64_t)(s[i] - '0'), &d->whole))
			return false;
	if (i < n && s[i] == '.') {
		for (i++; i < n && is_digit(s[i]); i++, digits++) {
			if (d->decimals == 18) {
				d->cut |= s[i] != '0';
				continue;
			}
			d->fraction = d->fraction * 10 + (uint64_t)(s[i] - '0');
			d->decimals++;
		}
	}
	d->used = i;
	return digits > 0;
}

/* d * unit, the part below one in *rest (true when there is any); false on overflow. */
static bool
decimal_times(const struct decimal *d, uint64_t unit, uint64_t *v, bool *rest)
{
	unsigned __int128 fraction = (unsigned __int128)d->fraction * unit;
	uint64_t power = pow10_u64(d->decimals);

	*rest = fraction % power != 0 || d->cut;
	return !__builtin_mul_overflow(d->whole, unit, v) &&
	       !__builtin_add_overflow(*v, (uint64_t)(fraction / power), v);
}

/* [-]DIGITS[.DIGITS][e[+-]DIGITS], at least one digit before the exponent. */
static bool
is_number(const char *s, size_t n)
{
	size_t i = n > 0 && s[0] == '-', digits = 0, exponent = 0;

	for (; i < n && is_digit(s[i]); i++)
		digits++;
	if (i < n && s[i] == '.')
		for (i++; i < n && is_digit(s[i]); i++)
			digits++;
	if (digits == 0)
		return false;
	if (i == n)
		return true;
	if (s[i] != 'e' && s[i] != 'E')
		return false;
	i++;
	if (i < n && (s[i] == '+' || s[i] == '-'))
		i++;
	for (; i < n && is_digit(s[i]); i++)
		exponent++;
	return exponent > 0 && i == n;
}

static bool
parse_with_strtod(const char *s, size_t n, double *v)
{
	char stack[64], *text = n < sizeof(stack) ? stack : mem_alloc(n + 1);

	memcpy(text, s, n);
	text[n] = '\0';
	*v = strtod(text, NULL);
	if (text != stack)
		mem_free(text);
	return isfinite(*v);
}

/*
 * Up to 15 digits and a small power of ten are exact in a double, and one division of exact operands
 * is correctly rounded; the rest is strtod's.
 */
bool
parse_double(const char *s, size_t n, double *v)
{
	static const double power[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15 };
	bool negative = n > 0 && s[0] == '-';
	const char *digits = s + negative;
	size_t left = n - negative;
	struct decimal d;

	if (left == 3 && memcmp(digits, "inf", 3) == 0) {
		*v = negative ? -(double)INFINITY : (double)INFINITY;
		return true;
	}
	if (n == 3 && memcmp(s, "nan", 3) == 0) {
		*v = (double)NAN;
		return true;
	}
	if (left <= 16 && decimal_read(digits, left, &d) && d.used == left && d.decimals <= 15) {
		uint64_t scale = (uint64_t)power[d.decimals], m;

		if (!__builtin_mul_overflow(d.whole, scale, &m) && m + d.fraction < UINT64_C(1)
											<< 53) {
			*v = (double)(m + d.fraction) / power[d.decimals];
			*v = negative ? -*v : *v;
			return true;
		}
	}
	return is_number(s, n) && parse_with_strtod(s, n, v);
}

/*
 * Take a unit off the end: K M G T P E, with i for powers of 1024.  `any_case` also takes lower case;
 * k always stands for K.
 */
static uint64_t
take_unit(const char *s, size_t *n, bool any_case)
{
	static const char letters[] = "KMGTPE";
	uint64_t base = 1000, unit = 1;
	size_t len = *n;
	const char *at;
	char c;

	if (len > 0 && s[len - 1] == 'i') {
		base = 1024;
		len--;
	}
	if (len == 0)
		return 1;
	c = s[len - 1];
	if (c == 'k' || (any_case && c >= 'a' && c <= 'z'))
		c = (char)(c - 'a' + 'A');
	at = memchr(letters, c, sizeof(letters) - 1);
	if (at == NULL)
		return 1;
	for (const char *p = letters; p <= at; p++)
		unit *= base;
	*n = len - 1;
	return unit;
}

/* The whole number that DIGITS[.DIGITS] of a unit are; false: they are none that 64 bits hold. */
static bool
whole_of_unit(const char *s, size_t n, uint64_t unit, uint64_t *v)
{
	struct decimal d;
	bool rest;

	return decimal_read(s, n, &d) && d.used == n && decimal_times(&d, unit, v, &rest) && !rest;
}

bool
parse_scaled(const char *s, size_t n, double *v)
{
	bool negative = n > 0 && s[0] == '-';
	uint64_t unit = take_unit(s, &n, false), whole;
	double r;

	/* 523.541 has no double of its own, a thousand of it has. */
	if (n > negative && whole_of_unit(s + negative, n - negative, unit, &whole)) {
		*v = negative ? -(double)whole : (double)whole;
		return true;
	}
	if (!parse_double(s, n, &r) || !isfinite(r) || !isfinite(r * (double)unit))
		return false;
	*v = r * (double)unit;
	return true;
}

bool
parse_scaled_u64(const char *s, size_t n, uint64_t *v)
{
	uint64_t unit = take_unit(s, &n, false), whole;

	if (!whole_of_unit(s, n, unit, &whole))
		return false;
	*v = whole;
	return true;
}

bool
parse_size(const char *s, size_t n, uint64_t *octets)
{
	uint64_t unit, v;

	if (n > 0 && (s[n - 1] == 'B' || s[n - 1] == 'b'))
		n--;
	unit = take_unit(s, &n, true);
	if (!whole_of_unit(s, n, unit, &v))
		return false;
	*octets = v;
	return true;
}

/* A unit of time at s; its length in *len. 0 when there is none. */
static uint64_t
time_unit(const char *s, size_t n, size_t *len)
{
	static const struct {
		char name[3];
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
		{ "m", UINT64_C(60000000000) }, { "h", UINT64_C(3600000000000) },
		{ "d", UINT64_C(86400000000000) }, { "w", UINT64_C(604800000000000) } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		*len = strlen(units[i].name);
		if (*len <= n && memcmp(s, units[i].name, *len) == 0)
			return units[i].ns;
	}
	return 0;
}

bool
parse_duration(const char *s, size_t n, bool bare, int64_t *ns)
{
	uint64_t total = 0, last_unit = UINT64_MAX, v;
	struct decimal d;
	bool rest;

	if (n == 0)
		return false;
	for (size_t i = 0, len; i < n; i += len) {
		uint64_t unit;

		if (!decimal_read(s + i, n - i, &d))
			return false;
		unit = time_unit(s + i + d.used, n - i - d.used, &len);
		if (unit == 0) {
			if (!bare || d.used != n)
				return false;
			unit = (uint64_t)NS_PER_S;
			len = 0;
		}
		len += d.used;
		/* 1h30m, not 30m1h */
		if (unit >= last_unit || !decimal_times(&d, unit, &v, &rest) ||
		    __builtin_add_overflow(total, v, &total))
			return false;
		last_unit = unit;
	}
	if (total > INT64_MAX)
		return false;
	*ns = (int64_t)total;
	return true;
}
