/*
 * test_base_time.c - points in time, against the C library's gmtime_r.
 */
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "tap.h"

/* 2026-11-23T21:45:49.123456789Z, a Monday */
#define NOW INT64_C(1795470349123456789)
#define DAY (86400 * NS_PER_S)

static char out[FMT_MAX + 1];

static const char *
ended(size_t n)
{
	out[n] = '\0';
	return out;
}

/* The zone so many seconds east of UTC, of whole minutes; until the next call. */
static const struct tz *
east(int offset_s)
{
	static struct tz *tz;
	char text[16];
	int n = snprintf(text, sizeof(text), "%c%02d:%02d", offset_s < 0 ? '-' : '+',
	    abs(offset_s) / 3600, abs(offset_s) / 60 % 60);

	tz_free(tz);
	if (!tz_parse(text, (size_t)n, &tz))
		tz = NULL;
	return tz;
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

static void
test_against_libc(void)
{
	unsigned wrong = 0, back_wrong = 0;

	for (unsigned k = 0; k < 100000; k++) {
		int64_t ns = (int64_t)random_u64(), back, span;
		int64_t sec = ns / NS_PER_S - (ns % NS_PER_S < 0);
		time_t t = (time_t)sec;
		char want[64];
		struct tm tm;
		size_t n;

		gmtime_r(&t, &tm);
		n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(want + n, sizeof(want) - n, ".%09dZ", (int)(ns - sec * NS_PER_S));
		n = fmt_time(out, ns, 9, NULL);
		wrong += strcmp(ended(n), want) != 0;
		/* the first second of i64 cannot be computed without overflow */
		if (sec > INT64_MIN / NS_PER_S)
			back_wrong +=
			    !parse_time(out, n, 0, NULL, &back, &span) || back != ns || span != 0;
	}
	is_u64(wrong, 0, "random times of all i64 are written as gmtime has them");
	is_u64(back_wrong, 0, "and read back exactly");
}

static void
test_every_day(void)
{
	unsigned wrong = 0;
	int64_t ns, span;

	for (int64_t day = -100000; day < 100000; day++) {
		time_t t = (time_t)(day * 86400);
		char text[32];
		struct tm tm;
		size_t n;

		gmtime_r(&t, &tm);
		n = strftime(text, sizeof(text), "%Y-%m-%d", &tm);
		wrong +=
		    !parse_time(text, n, 0, NULL, &ns, &span) || ns != day * DAY || span != DAY;
	}
	is_u64(wrong, 0, "every day from 1696 to 2243 is read as gmtime counts it");
}

static void
test_write(void)
{
	is_str(ended(fmt_time(out, NOW, 0, NULL)), "2026-11-23T21:45:49Z", "whole seconds");
	is_str(ended(fmt_time(out, NOW, 3, NULL)), "2026-11-23T21:45:49.123Z",
	    "milliseconds, cut and not rounded");
	is_str(ended(fmt_time(out, NOW, 6, NULL)), "2026-11-23T21:45:49.123456Z", "microseconds");
	is_str(ended(fmt_time(out, NOW, 9, NULL)), "2026-11-23T21:45:49.123456789Z", "nanoseconds");
	is_str(
	    ended(fmt_time(out, NOW, 0, east(3600))), "2026-11-23T22:45:49+01:00", "an hour east");
	is_str(ended(fmt_time(out, NOW, 0, east(-12600))), "2026-11-23T18:15:49-03:30",
	    "three and a half hours west");
	is_str(ended(fmt_time(out, NOW, 0, east(10800))), "2026-11-24T00:45:49+03:00",
	    "a zone can change the day");
	is_str(ended(fmt_time_human(out, NOW, 3, NULL)), "2026-11-23 21:45:49.123", "for people");
	is_str(ended(fmt_time(out, -1, 9, NULL)), "1969-12-31T23:59:59.999999999Z",
	    "a nanosecond before the epoch");
	is_str(ended(fmt_time(out, INT64_MIN, 0, east(-50400))), "1677-09-20T10:12:43-14:00",
	    "the first time of all");
	is_str(ended(fmt_time(out, INT64_MAX, 0, east(50400))), "2262-04-12T13:47:16+14:00",
	    "the last time of all");
}

static const struct {
	const char *text;
	int64_t ns, span_ns;
} points[] = {
	{ "2026-11-23", 1795392000 * NS_PER_S, DAY },
	{ "2026-11-23T21:45", 1795470300 * NS_PER_S, 60 * NS_PER_S },
	{ "2026-11-23 21:45", 1795470300 * NS_PER_S, 60 * NS_PER_S },
	{ "2026-11-23T21:45:49", 1795470349 * NS_PER_S, 0 },
	{ "2026-11-23T21:45:49Z", 1795470349 * NS_PER_S, 0 },
	{ "2026-11-23T21:45:49.123456789Z", NOW, 0 },
	{ "2026-11-23T21:45:49.5", 1795470349 * NS_PER_S + 500 * NS_PER_MS, 0 },
	{ "2026-11-23T21:45:49.1234567899Z", NOW, 0 },
	{ "2026-11-23T22:45:49+01:00", 1795470349 * NS_PER_S, 0 },
	{ "2026-11-23T22:45:49+0100", 1795470349 * NS_PER_S, 0 },
	{ "2026-11-23T18:15-03:30", 1795470300 * NS_PER_S, 60 * NS_PER_S },
	{ "2024-02-29", 1709164800 * NS_PER_S, DAY },
	{ "2000-02-29", 951782400 * NS_PER_S, DAY },
	{ "1970-01-01", 0, DAY },
	{ "1969-12-31T23:59:59", -NS_PER_S, 0 },
	{ "0", 0, 0 },
	{ "1795470349", 1795470349 * NS_PER_S, 0 },
	{ "1795470349.123456789", NOW, 0 },
	{ "now", NOW, 0 },
	{ "today", 1795392000 * NS_PER_S, DAY },
	{ "yesterday", 1795305600 * NS_PER_S, DAY },
	{ "-1h", NOW - 3600 * NS_PER_S, 0 },
	{ "-1h30m", NOW - 5400 * NS_PER_S, 0 },
	{ "-2w", NOW - 14 * DAY, 0 },
	{ "20261123", 1795392000 * NS_PER_S, DAY },
	{ "20261323", 20261323 * NS_PER_S, 0 },
	{ "19891123", 19891123 * NS_PER_S, 0 },
	{ "20261123.5", 20261123 * NS_PER_S + 500 * NS_PER_MS, 0 },
	{ "202611232145", 1795470300 * NS_PER_S, 60 * NS_PER_S },
	{ "20261123214549", 1795470349 * NS_PER_S, 0 },
	{ "2026/11/23", 1795392000 * NS_PER_S, DAY },
	{ "2026/11/23.21:45", 1795470300 * NS_PER_S, 60 * NS_PER_S },
	{ "2026/11/23.21:45:49", 1795470349 * NS_PER_S, 0 },
	{ "2026/11/23 21:45:49.5", 1795470349 * NS_PER_S + 500 * NS_PER_MS, 0 },
	{ "2026/11/23.21:45:49.5", 1795470349 * NS_PER_S + 500 * NS_PER_MS, 0 },
	{ "1677-09-21T01:12:43.145224192+01:00", INT64_MIN, 0 },
	{ "1677-09-20T19:12:43.999999999-05:00", INT64_MIN + 854775807, 0 },
	{ "2262-04-12T00:47:16.854775807+01:00", INT64_MAX, 0 },
};

static void
test_points(void)
{
	static const char *const bad[] = { "", "-", "-1", "-1h30", "x", "2026-13-01", "2026-00-01",
		"2026-11-31", "2026-11-00", "2023-02-29", "1900-02-29", "2026-1-1", "2026-11-23T",
		"2026-11-23T2", "2026-11-23T24:00", "2026-11-23T21:60", "2026-11-23T21:45:60",
		"2026-11-23T21:45:49.", "2026-11-23T21:45:49ZZ", "2026-11-23T21:45+24:00",
		"2026-11-23T21:45+01:60", "2026-11-23T21:45 ", "2026-11/23", "2026/11/23  21:45",
		"2026/11/23.", "1.", ".5", "1e9", "0x10", "9223372037", "3000-01-01", "0001-01-01",
		"202613232145", "20261123214560", "1677-09-21T01:12:43.145224191+01:00",
		"2262-04-12T00:47:16.854775808+01:00", "nowish", "tomorrow", "1795470349s" };
	int64_t ns, span;

	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		const char *t = points[i].text;

		if (ok(parse_time(t, strlen(t), NOW, NULL, &ns, &span), "time '%s' is read", t)) {
			is_i64(ns, points[i].ns, "'%s' is the right instant", t);
			is_i64(span, points[i].span_ns, "'%s' lasts as long as it says", t);
		}
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ok(!parse_time(bad[i], strlen(bad[i]), NOW, NULL, &ns, &span),
		    "time '%s' is refused", bad[i]);
	}
}

static void
test_zones(void)
{
	int64_t ns, span;

	ok(parse_time("2026-11-23T22:45:49", 19, NOW, east(3600), &ns, &span) &&
		ns == 1795470349 * NS_PER_S,
	    "a time without a zone is of the zone given");
	ok(parse_time("2026-11-23T21:45:49Z", 20, NOW, east(3600), &ns, &span) &&
		ns == 1795470349 * NS_PER_S,
	    "a zone in the text wins");
	ok(parse_time("today", 5, NOW, east(10800), &ns, &span) && ns == 1795467600 * NS_PER_S,
	    "today begins at midnight of the zone");
}

static void
test_windows(void)
{
	static const struct {
		const char *text;
		int64_t since, until;
	} t[] = { { "2026-11-22..2026-11-23", 1795305600 * NS_PER_S, 1795392000 * NS_PER_S },
		{ "2026-11-23", 1795392000 * NS_PER_S, 1795478400 * NS_PER_S },
		{ "2026-11-23T21:45", 1795470300 * NS_PER_S, 1795470360 * NS_PER_S },
		{ "yesterday..today", 1795305600 * NS_PER_S, 1795392000 * NS_PER_S },
		{ "-1h..", NOW - 3600 * NS_PER_S, INT64_MAX },
		{ "-1h..now", NOW - 3600 * NS_PER_S, NOW },
		{ "-1h", NOW - 3600 * NS_PER_S, INT64_MAX },
		{ "..-1h", INT64_MIN, NOW - 3600 * NS_PER_S },
		{ "1.5..2", 1500 * NS_PER_MS, 2 * NS_PER_S },
		{ "5", 5 * NS_PER_S, 5 * NS_PER_S + 1 },
		{ "2026/11/23.21:45:49..", 1795470349 * NS_PER_S, INT64_MAX } };
	static const char *const bad[] = { "", "..", "x..", "..x", "2..1", "1...", "now..-1h",
		"1..2..3" };
	int64_t since, until;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		ok(parse_window(t[i].text, strlen(t[i].text), NOW, NULL, &since, &until),
		    "window '%s' is read", t[i].text);
		is_i64(since, t[i].since, "'%s' begins there", t[i].text);
		is_i64(until, t[i].until, "'%s' ends there", t[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!parse_window(bad[i], strlen(bad[i]), NOW, NULL, &since, &until),
		    "window '%s' is refused", bad[i]);
}

static void
test_clocks(void)
{
	int64_t a = time_monotonic_ns(), b = time_monotonic_ns();
	time_t t = time(NULL);
	int64_t now = time_now_ns() / NS_PER_S;

	ok(b >= a && a > 0, "the monotonic clock does not go back");
	ok(now >= t && now <= t + 2, "the clock is the system's");
}

int
main(void)
{
	test_against_libc();
	test_every_day();
	test_write();
	test_points();
	test_zones();
	test_windows();
	test_clocks();
	return done_testing();
}
