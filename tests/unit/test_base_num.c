/*
 * test_base_num.c - numbers, sizes and durations, written and read.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "tap.h"

static char out[FMT_MAX + 1];

static const char *
ended(size_t n)
{
	out[n] = '\0';
	return out;
}

static uint64_t
random_u64(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

/* All lengths of numbers are equally likely. */
static uint64_t
random_length(void)
{
	return random_u64() >> (random_u64() % 64);
}

static void
test_integers(void)
{
	char want[32];
	unsigned wrong = 0;
	uint64_t u;
	int64_t i;

	for (unsigned k = 0; k < 100000; k++) {
		uint64_t v = random_length();

		snprintf(want, sizeof(want), "%" PRIu64, v);
		wrong += strcmp(ended(fmt_u64(out, v)), want) != 0;
		wrong += !parse_u64(want, strlen(want), &u) || u != v;
		snprintf(want, sizeof(want), "%" PRId64, (int64_t)v);
		wrong += strcmp(ended(fmt_i64(out, (int64_t)v)), want) != 0;
		wrong += !parse_i64(want, strlen(want), &i) || i != (int64_t)v;
	}
	is_u64(wrong, 0, "integers of every length are written as printf does and read back");
	is_str(ended(fmt_u64(out, 0)), "0", "zero");
	is_str(ended(fmt_u64(out, UINT64_MAX)), "18446744073709551615", "the largest u64");
	is_str(ended(fmt_i64(out, INT64_MIN)), "-9223372036854775808", "the smallest i64");
}

static void
test_parse_integers(void)
{
	static const char *const bad_u64[] = { "", " 1", "1 ", "+1", "-1", "18446744073709551616",
		"99999999999999999999", "0x", "0x10000000000000000", "0xg", "1.0", "1e3", "x1" };
	static const char *const bad_i64[] = { "", "-", "--1", "+1", "9223372036854775808",
		"-9223372036854775809", "-0x8000000000000001", "1-" };
	uint64_t u;
	int64_t i;

	ok(parse_u64("18446744073709551615", 20, &u) && u == UINT64_MAX, "the largest u64 is read");
	ok(parse_u64("0xDEADbeef", 10, &u) && u == 0xdeadbeef, "hex of either case is read");
	ok(parse_u64("0xffffffffffffffff", 18, &u) && u == UINT64_MAX,
	    "sixteen hex digits are read");
	ok(parse_u64("12345", 3, &u) && u == 123, "only the given length is read");
	ok(parse_u64("007", 3, &u) && u == 7, "leading zeros are decimal");
	ok(parse_i64("-9223372036854775808", 20, &i) && i == INT64_MIN, "the smallest i64 is read");
	for (size_t k = 0; k < sizeof(bad_u64) / sizeof(*bad_u64); k++)
		ok(!parse_u64(bad_u64[k], strlen(bad_u64[k]), &u), "u64 '%s' is refused",
		    bad_u64[k]);
	for (size_t k = 0; k < sizeof(bad_i64) / sizeof(*bad_i64); k++)
		ok(!parse_i64(bad_i64[k], strlen(bad_i64[k]), &i), "i64 '%s' is refused",
		    bad_i64[k]);
}

static void
test_hex(void)
{
	uint8_t octets[4] = { 0x00, 0x9f, 0xa0, 0xff }, back[4];

	is_str(ended(fmt_hex(out, octets, 4)), "009fa0ff", "octets are written as lower-case hex");
	ok(parse_hex("009FA0ff", 8, back) && memcmp(octets, back, 4) == 0, "hex is read back");
	ok(parse_hex("", 0, back), "no octets are hex of no digits");
	ok(!parse_hex("abc", 3, back), "an odd number of digits is refused");
	ok(!parse_hex("0g", 2, back) && !parse_hex("g0", 2, back), "other letters are refused");
}

static double
random_double(unsigned k)
{
	uint64_t bits = random_u64();
	double v;

	switch (k % 4) {
	case 0: return (double)(int64_t)random_length() / 1000;
	case 1: return (double)random_length() / 65536;
	case 2: return (double)(random_u64() % 100000) / 100;
	default: memcpy(&v, &bits, sizeof(v)); return isfinite(v) ? v : 0.1;
	}
}

/* No decimal of fewer digits reads back as v. */
static bool
is_shortest(const char *text, double v)
{
	char shorter[400];
	int digits = 0;

	for (const char *p = text; *p && *p != 'e'; p++)
		digits += *p >= '0' && *p <= '9' && (digits > 0 || *p != '0');
	/* zeros at the end of an integer are no digits of precision */
	if (strpbrk(text, ".e") == NULL)
		for (const char *p = text + strlen(text); p > text && p[-1] == '0'; p--)
			digits--;
	if (digits < 2)
		return true;
	snprintf(shorter, sizeof(shorter), "%.*g", digits - 1, v);
	return strtod(shorter, NULL) != v || digits > 16;
}

static void
test_double(void)
{
	unsigned wrong = 0, longer = 0;
	double back;

	for (unsigned k = 0; k < 100000; k++) {
		double v = random_double(k);
		size_t n = fmt_double(out, v);

		out[n] = '\0';
		wrong += n > FMT_MAX || strtod(out, NULL) != v;
		wrong += !parse_double(out, n, &back) || back != v;
		if (fabs(v) < 0x1p53 && n < 17)
			longer += !is_shortest(out, v);
	}
	is_u64(wrong, 0, "every double reads back as itself, by strtod and by parse_double");
	is_u64(longer, 0, "no shorter text would do");
	is_str(ended(fmt_double(out, 0.1)), "0.1", "0.1");
	is_str(ended(fmt_double(out, 0.30000000000000004)), "0.30000000000000004", "0.1 + 0.2");
	is_str(ended(fmt_double(out, 1500)), "1500", "an integral value has no point");
	is_str(ended(fmt_double(out, -2.5)), "-2.5", "a negative fraction");
	is_str(ended(fmt_double(out, -0.0)), "-0", "negative zero keeps its sign");
	is_str(ended(fmt_double(out, 1e300)), "1e+300", "large values have an exponent");
	is_str(ended(fmt_double(out, DBL_TRUE_MIN)), "4.94065645841247e-324", "the smallest value");
	is_str(ended(fmt_double(out, (double)NAN)), "nan", "not a number");
	is_str(ended(fmt_double(out, -(double)NAN)), "nan", "not a number has no sign");
	is_str(ended(fmt_double(out, (double)INFINITY)), "inf", "infinity");
	is_str(ended(fmt_double(out, -(double)INFINITY)), "-inf", "negative infinity");
}

static void
test_parse_double(void)
{
	static const char *const bad[] = { "", "-", ".", "-.", "e5", "1e", "1e+", "+1", " 1", "1 ",
		"0x10", "infinity", "-nan", "NaN", "1e999", "-1e999", "1..2", "1.2.3", "1_0",
		"--1" };
	static const char *const good[] = { "0", "-0", "1.", ".5", "-.5", "1e5", "1E-5", "1.5e+3",
		"123456789012345678901234567890", "0.1", "9007199254740993", "1234567.125",
		"0.000000000000001", "4.94065645841247e-324", "1e-999",
		"0."
		"1000000000000000055511151231257827021181583404541015625000000000000000000000000000"
		"001" };
	unsigned wrong = 0;
	double v;

	for (size_t k = 0; k < sizeof(good) / sizeof(*good); k++)
		ok(parse_double(good[k], strlen(good[k]), &v) && v == strtod(good[k], NULL),
		    "double '%s' is read", good[k]);
	for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++)
		ok(!parse_double(bad[k], strlen(bad[k]), &v), "double '%s' is refused", bad[k]);
	ok(parse_double("nan", 3, &v) && isnan(v), "nan is read");
	ok(parse_double("-inf", 4, &v) && isinf(v) && v < 0, "-inf is read");
	for (unsigned k = 0; k < 100000; k++) {
		char text[40];
		int n = snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64, k % 2 ? "-" : "",
		    random_length() >> 32, (int)(k % 12) + 1, random_length() % 10);

		wrong += !parse_double(text, (size_t)n, &v) || v != strtod(text, NULL);
	}
	is_u64(wrong, 0, "decimals are read as strtod reads them");
}

static void
test_fixed(void)
{
	unsigned wrong = 0;
	char want[400];

	for (unsigned k = 0; k < 100000; k++) {
		double v = random_double(k);
		unsigned decimals = (unsigned)(random_u64() % 10);

		if (fabs(v) > 1e30)
			continue;
		snprintf(want, sizeof(want), "%.*f", (int)decimals, v);
		wrong += strcmp(ended(fmt_fixed(out, v, decimals)), want) != 0;
	}
	is_u64(wrong, 0, "fixed decimals are rounded as printf does");
	is_str(ended(fmt_fixed(out, 0.5, 0)), "0", "a tie goes to the even digit");
	is_str(ended(fmt_fixed(out, 2.675, 2)), "2.67", "what only looks like a tie does not");
	is_str(ended(fmt_fixed(out, 999.999, 2)), "1000.00", "rounding carries");
	ok(fmt_fixed(out, 1e300, 20) <= FMT_MAX, "a huge value still fits");
	is_str(ended(fmt_fixed(out, (double)NAN, 2)), "nan", "nan has no decimals");
}

static void
test_scaled(void)
{
	static const struct {
		double v;
		const char *text;
	} t[] = { { 0, "0" }, { 999, "999" }, { 1000, "1.0K" }, { 1500, "1.5K" },
		{ 999949, "999.9K" }, { 999950, "1.0M" }, { 1234567, "1.2M" }, { 1e9, "1.0G" },
		{ 2.5e12, "2.5T" }, { 1e15, "1.0P" }, { 1e18, "1.0E" }, { 1.5e21, "1500.0E" },
		{ -1500, "-1.5K" }, { 0.125, "0.125" }, { 12.5, "12.5" }, { 999.97, "1.0K" },
		{ 123.456, "123.5" } };

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		is_str(ended(fmt_scaled(out, t[i].v)), t[i].text, "%.15g for people", t[i].v);
	ok(fmt_scaled(out, 1e308) <= FMT_MAX, "a huge value still fits");
}

static void
test_parse_scaled(void)
{
	static const struct {
		const char *text;
		double v;
	} t[] = { { "10", 10 }, { "10K", 1e4 }, { "10k", 1e4 }, { "1.5M", 1.5e6 }, { "2G", 2e9 },
		{ "1T", 1e12 }, { "1P", 1e15 }, { "1E", 1e18 }, { "1Ki", 1024 },
		{ "1.5Mi", 1572864 }, { "1Gi", 1073741824 }, { "1Ti", 1099511627776.0 },
		{ "-1K", -1000 }, { "1e3", 1000 }, { "0.5", 0.5 }, { "523.541K", 523541 },
		{ "-512.29168G", -512291680000 } };
	static const char *const bad[] = { "", "K", "i", "Ki", "1i", "1KK", "1 K", "1m", "1g",
		"1KiB", "nan", "inf", "infK", "1e308E", "1X" };
	double v;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		ok(parse_scaled(t[i].text, strlen(t[i].text), &v) && v == t[i].v, "'%s' is %.15g",
		    t[i].text, t[i].v);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!parse_scaled(bad[i], strlen(bad[i]), &v), "number '%s' is refused", bad[i]);
}

static void
test_size(void)
{
	static const struct {
		const char *text;
		uint64_t v;
	} t[] = { { "0", 0 }, { "4096", 4096 }, { "4096B", 4096 }, { "64K", 64000 },
		{ "64Ki", 65536 }, { "64KiB", 65536 }, { "512m", 512000000 },
		{ "1.5G", 1500000000 }, { "1.5gib", 1610612736 }, { "4.35K", 4350 },
		{ "18446744073709551615", UINT64_MAX }, { "18E", UINT64_C(18000000000000000000) } };
	static const char *const bad[] = { "", "B", "1.5", "1.1Ki", "-1", "19E",
		"18446744073709551616", "1e3", "1KB2", "K", "1 K" };
	uint64_t v;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		ok(parse_size(t[i].text, strlen(t[i].text), &v) && v == t[i].v,
		    "size '%s' is %" PRIu64, t[i].text, t[i].v);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!parse_size(bad[i], strlen(bad[i]), &v), "size '%s' is refused", bad[i]);
}

static void
test_duration(void)
{
	static const struct {
		const char *text;
		int64_t ns;
	} t[] = { { "1ns", 1 }, { "1us", NS_PER_US }, { "250ms", 250 * NS_PER_MS },
		{ "1s", NS_PER_S }, { "1.5s", 1500 * NS_PER_MS }, { "5m", 300 * NS_PER_S },
		{ "1h", 3600 * NS_PER_S }, { "1h30m", 5400 * NS_PER_S }, { "1d", 86400 * NS_PER_S },
		{ "2w", 1209600 * NS_PER_S }, { "1d2h3m4s5ms6us7ns", INT64_C(93784005006007) },
		{ "0.1s", 100 * NS_PER_MS }, { "0s", 0 } };
	static const char *const bad[] = { "", "s", "1", "1.5", "1x", "30m1h", "1m1m", "1h30",
		"-1s", "1 s", "1h ", "999999999w", "9223372037s", "1sm", "." };
	int64_t ns;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		ok(parse_duration(t[i].text, strlen(t[i].text), false, &ns) && ns == t[i].ns,
		    "duration '%s' is %" PRId64 " ns", t[i].text, t[i].ns);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!parse_duration(bad[i], strlen(bad[i]), false, &ns), "duration '%s' is refused",
		    bad[i]);
	ok(parse_duration("1.5", 3, true, &ns) && ns == 1500 * NS_PER_MS,
	    "bare numbers are seconds where allowed");
	ok(!parse_duration("1h30", 4, true, &ns), "a unit cannot be left out behind another");
}

static void
test_fmt_duration(void)
{
	static const struct {
		int64_t ns;
		const char *seconds, *human;
	} t[] = { { 0, "0.000", "0s" }, { 1, "0.000000001", "1ns" }, { 1500, "0.0000015", "1.5us" },
		{ 250 * NS_PER_MS, "0.250", "250ms" }, { 1500 * NS_PER_MS, "1.500", "1.5s" },
		{ NS_PER_S, "1.000", "1s" }, { 200 * NS_PER_S, "200.000", "3m20s" },
		{ 7500 * NS_PER_S, "7500.000", "2h05m" },
		{ 273600 * NS_PER_S, "273600.000", "3d04h" },
		{ -1500 * NS_PER_MS, "-1.500", "-1.5s" }, { 59960 * NS_PER_MS, "59.960", "1m00s" },
		{ 3599600 * NS_PER_MS, "3599.600", "1h00m" },
		{ 86399 * NS_PER_S, "86399.000", "1d00h" }, { 999999999, "0.999999999", "1s" },
		{ 999960, "0.00099996", "1ms" },
		{ INT64_MIN, "-9223372036.854775808", "-106752d00h" } };
	unsigned wrong = 0;
	int64_t back;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		is_str(ended(fmt_duration(out, t[i].ns)), t[i].seconds, "%" PRId64 " ns in seconds",
		    t[i].ns);
		is_str(ended(fmt_duration_human(out, t[i].ns)), t[i].human,
		    "%" PRId64 " ns for people", t[i].ns);
	}
	for (unsigned k = 0; k < 100000; k++) {
		int64_t ns = (int64_t)(random_length() >> 1);

		wrong += !parse_duration(out, fmt_duration(out, ns), true, &back) || back != ns;
	}
	is_u64(wrong, 0, "durations in seconds read back exactly");
}

int
main(void)
{
	test_integers();
	test_parse_integers();
	test_hex();
	test_double();
	test_parse_double();
	test_fixed();
	test_scaled();
	test_parse_scaled();
	test_size();
	test_duration();
	test_fmt_duration();
	return done_testing();
}
