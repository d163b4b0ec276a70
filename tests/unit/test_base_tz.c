/*
 * test_base_tz.c - time zones, against the C library's localtime_r and mktime, in a zone whose rules are written here.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "tap.h"

enum { HOUR = 3600, DAY_S = 86400 };

/* Clocks of 2026 in this zone: to summer on March 29, 01:00 UTC, and back on October 25, 01:00 UTC. */
#define TO_SUMMER INT64_C(1774746000)
#define TO_WINTER INT64_C(1792890000)

static char dir[] = "/tmp/flowkit-test.XXXXXX";
static char out[FMT_MAX + 1];

/* A file of RFC 9636: one standard time since 1970, and the rule of the European Union for what comes. */
static bool
write_zone(void)
{
	static const unsigned char head[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4 };
	static const unsigned char type[10] = { 0, 0, 0x0e, 0x10, 0, 0, 'C', 'E', 'T' };
	static const char rule[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
	unsigned char second[44], change[9] = { 0 };
	char path[64];
	FILE *f;

	if (mkdtemp(dir) == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/Middle", dir);
	memcpy(second, head, sizeof(head));
	second[35] = 1;
	f = fopen(path, "w");
	if (f == NULL)
		return false;
	fwrite(head, 1, sizeof(head), f);
	fwrite(type, 1, sizeof(type), f);
	fwrite(second, 1, sizeof(second), f);
	fwrite(change, 1, sizeof(change), f);
	fwrite(type, 1, sizeof(type), f);
	fwrite(rule, 1, sizeof(rule) - 1, f);
	return fclose(f) == 0 && setenv("TZDIR", dir, 1) == 0;
}

static struct tz *
zone(const char *text)
{
	struct tz *tz = NULL;

	ok(tz_parse(text, strlen(text), &tz), "'%s' is a zone", text);
	return tz;
}

static void
test_offsets(void)
{
	static const char *const bad[] = { "+25:00", "+01:00x", "+1", "01:00", "+01:0", "+0:100",
		"+01:", "+", "", "+01:60", "Nowhere/City", "America", "zone.tab",
		"../../../etc/passwd", "/etc/passwd", ".", "utc" };
	static const struct {
		const char *text;
		int offset_s;
	} good[] = { { "UTC", 0 }, { "Z", 0 }, { "+05:30", 19800 }, { "-0800", -28800 },
		{ "+02", 7200 }, { "-23:59", -86340 } };
	struct tz *tz;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		tz = zone(good[i].text);
		is_i64(tz_at(tz, TO_SUMMER).offset_s, good[i].offset_s, "its offset");
		is_i64(tz_instant(tz, TO_SUMMER), TO_SUMMER - good[i].offset_s, "and the way back");
		tz_free(tz);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!tz_parse(bad[i], strlen(bad[i]), &tz) && tz == NULL, "'%s' is none", bad[i]);
}

static void
test_against_libc(const struct tz *tz)
{
	unsigned wrong = 0, back = 0;

	setenv("TZ", "Middle", 1);
	tzset();
	for (int64_t s = 0; s < INT64_C(2556144000); s += HOUR + 7) {
		time_t t = (time_t)s;
		struct tm tm;

		localtime_r(&t, &tm);
		wrong += tz_at(tz, s).offset_s != tm.tm_gmtoff;
		back += tz_instant(tz, s + tm.tm_gmtoff) != s &&
			tz_instant(tz, s + tm.tm_gmtoff) != s - HOUR;
	}
	setenv("TZ", "UTC0", 1);
	tzset();
	is_i64(wrong, 0, "offsets of 80 years are the C library's");
	is_i64(back, 0, "what clocks show leads back, but for the hour that they show twice");
}

static void
test_moves(const struct tz *tz)
{
	struct tz_span winter = tz_at(tz, TO_SUMMER - 1), summer = tz_at(tz, TO_SUMMER);

	ok(winter.offset_s == HOUR && winter.until_s == TO_SUMMER && summer.from_s == TO_SUMMER &&
		summer.offset_s == 2 * HOUR && summer.until_s == TO_WINTER,
	    "clocks move to the second");
	ok(tz_at(tz, INT64_MIN).offset_s == HOUR && tz_at(tz, INT64_MAX).offset_s == HOUR,
	    "there is an offset at both ends of time");
	is_i64(tz_instant(tz, TO_SUMMER + HOUR + 1800), TO_SUMMER + 1800,
	    "a time that clocks leap over is as if they had not moved yet");
	is_i64(tz_instant(tz, TO_WINTER + HOUR + 1800), TO_WINTER - 1800,
	    "of a time that they show twice the first");
}

static const char *
text_of(int64_t s, const struct tz *tz)
{
	out[fmt_time(out, s * NS_PER_S, 0, tz)] = '\0';
	return out;
}

static int64_t
read_time(const char *text, int64_t now_s, const struct tz *tz, int64_t *span_s)
{
	int64_t ns = -1, span = 0;

	ok(parse_time(text, strlen(text), now_s * NS_PER_S, tz, &ns, &span), "'%s' is read", text);
	*span_s = span / NS_PER_S;
	return ns / NS_PER_S;
}

static void
test_text(const struct tz *tz)
{
	int64_t span;

	is_str(text_of(TO_SUMMER - 1, tz), "2026-03-29T01:59:59+01:00", "before clocks move");
	is_str(text_of(TO_SUMMER, tz), "2026-03-29T03:00:00+02:00", "after it");
	is_i64(read_time("2026-07-01T12:00", TO_WINTER, tz, &span), 1782900000,
	    "a time of summer is read as such in autumn");
	is_i64(read_time("2026-03-29", TO_WINTER, tz, &span), TO_SUMMER - 2 * HOUR,
	    "a day that clocks move");
	is_i64(span, 23 * HOUR, "has 23 hours");
	is_i64(read_time("today", TO_WINTER + 5 * HOUR, tz, &span), TO_WINTER - 3 * HOUR,
	    "today in October");
	is_i64(span, 25 * HOUR, "has 25");
	is_i64(read_time("yesterday", TO_WINTER + DAY_S, tz, &span), TO_WINTER - 3 * HOUR,
	    "yesterday begins at midnight");
	is_i64(span, 25 * HOUR, "and is as long");
	is_i64(read_time("2026-03-29T01:30+01:00", 0, tz, &span), TO_SUMMER - 1800,
	    "an offset in the text wins");
}

/* Every hour and a bit of two years: the day, or six hours, that the C library's clocks show. */
static void
test_bins_against_libc(const struct tz *tz, int64_t hours)
{
	struct tz_bins b = tz_bins(tz, hours * HOUR * NS_PER_S);
	unsigned wrong = 0, later = 0, again = 0;

	setenv("TZ", "Middle", 1);
	tzset();
	for (int64_t s = TO_SUMMER - 300 * DAY_S; s < TO_SUMMER + 400 * DAY_S; s += 47 * 60 + 1) {
		time_t t = (time_t)s;
		struct tm tm;
		int64_t begin = tz_bin_floor(&b, s * NS_PER_S), next = tz_bin_next(&b, begin);

		localtime_r(&t, &tm);
		tm.tm_hour -= tm.tm_hour % (int)hours;
		tm.tm_min = tm.tm_sec = 0;
		tm.tm_isdst = -1;
		wrong += begin != mktime(&tm) * NS_PER_S;
		later += begin > s * NS_PER_S || next <= s * NS_PER_S;
		again += tz_bin_floor(&b, begin) != begin || tz_bin_floor(&b, next) != next;
	}
	setenv("TZ", "UTC0", 1);
	tzset();
	is_i64(wrong, 0, "bins of %d hours begin when the C library says", (int)hours);
	is_i64(later, 0, "every time lies in its bin");
	is_i64(again, 0, "a bin begins with itself");
}

/* Bins of a length that fits nothing, over the moves of a year. */
static void
test_odd_bins(const struct tz *tz, int64_t minutes)
{
	struct tz_bins b = tz_bins(tz, minutes * 60 * NS_PER_S);
	unsigned later = 0, again = 0;

	for (int64_t s = TO_SUMMER - DAY_S; s < TO_WINTER + DAY_S; s += 61) {
		int64_t begin = tz_bin_floor(&b, s * NS_PER_S), next = tz_bin_next(&b, begin);

		later += begin > s * NS_PER_S || next <= s * NS_PER_S;
		again += tz_bin_floor(&b, begin) != begin || tz_bin_floor(&b, next) != next;
	}
	is_i64(later, 0, "every time lies in its bin of %d minutes", (int)minutes);
	is_i64(again, 0, "which begins with itself");
}

static int64_t
bin_of(const struct tz *tz, int64_t bin_s, int64_t s)
{
	struct tz_bins b = tz_bins(tz, bin_s * NS_PER_S);

	return tz_bin_floor(&b, s * NS_PER_S) / NS_PER_S;
}

static void
test_bins(const struct tz *tz)
{
	struct tz *india = zone("+05:30");
	struct tz *summer = zone("+02:00"), *winter = zone("+01:00");
	struct tz_bins days = tz_bins(tz, DAY_S * NS_PER_S), odd = tz_bins(tz, 420 * NS_PER_S);
	struct tz_bins two = tz_bins(tz, 2 * HOUR * NS_PER_S);
	struct tz_bins week = tz_bins(NULL, 7 * DAY_S * NS_PER_S);

	test_bins_against_libc(tz, 24);
	test_bins_against_libc(tz, 6);
	test_odd_bins(tz, 61);
	test_odd_bins(tz, 90);
	test_odd_bins(tz, 45);
	is_i64(bin_of(india, HOUR, 1795470349), 1795470349 - 949,
	    "hours of half-hour zones are theirs");
	is_i64(bin_of(india, DAY_S, 1795470349), 1795458600, "and days");
	is_i64(bin_of(NULL, DAY_S, -1), -DAY_S, "UTC, before the epoch");
	is_i64(bin_of(NULL, 7 * DAY_S, 1795470349), 1795392000, "weeks begin on Mondays");
	is_i64(bin_of(NULL, 14 * DAY_S, 1795470349), 1794787200, "two on every other one");
	is_i64(bin_of(NULL, 7 * DAY_S, -1), -3 * DAY_S, "before the epoch too");
	is_i64(bin_of(india, 7 * DAY_S, 1795470349), 1795392000 - 19800, "by clocks of a zone");
	is_i64(bin_of(tz, 7 * DAY_S, TO_SUMMER), TO_SUMMER - 6 * DAY_S - 2 * HOUR,
	    "and of one whose clocks move");
	is_i64(bin_of(tz, 7 * DAY_S, TO_SUMMER + DAY_S), TO_SUMMER + DAY_S - 3 * HOUR,
	    "a week after that");
	is_i64(tz_bin_floor(&week, INT64_MAX),
	    INT64_MAX - INT64_MAX % (DAY_S * NS_PER_S) - 4 * DAY_S * NS_PER_S,
	    "at the end of time as well");
	is_i64(bin_of(tz, 300, TO_WINTER + 301), TO_WINTER + 300,
	    "minutes of the hour that is there twice");
	is_i64(bin_of(tz, HOUR, TO_WINTER + 301), TO_WINTER, "are not those of the first time");
	is_i64(bin_of(tz, 420, 421), 180, "bins of an odd length are counted by the zone's clocks");
	is_i64(bin_of(tz, 420, TO_WINTER - 1), bin_of(summer, 420, TO_WINTER - 1),
	    "those of summer by clocks of summer");
	is_i64(bin_of(tz, 420, TO_WINTER), TO_WINTER, "one begins where clocks move");
	is_i64(tz_bin_next(&odd, bin_of(tz, 420, TO_WINTER - 1) * NS_PER_S), TO_WINTER * NS_PER_S,
	    "as the one before ends there");
	is_i64(tz_bin_next(&odd, TO_WINTER * NS_PER_S) / NS_PER_S,
	    bin_of(winter, 420, TO_WINTER) + 420, "and those behind it are winter's");
	ok(!tz_bins_even(&odd, TO_WINTER * NS_PER_S, TO_WINTER * NS_PER_S),
	    "a bin that is cut is not as long as the others");
	ok(!tz_bins_even(&two, TO_SUMMER * NS_PER_S, (TO_SUMMER + HOUR) * NS_PER_S),
	    "nor is one that begins where an hour is left out");
	ok(tz_bins_even(&two, (TO_SUMMER + HOUR) * NS_PER_S, (TO_SUMMER + DAY_S) * NS_PER_S),
	    "behind it they are");
	is_i64((tz_bin_next(&days, tz_bin_floor(&days, TO_SUMMER * NS_PER_S)) -
		   tz_bin_floor(&days, TO_SUMMER * NS_PER_S)) /
		   NS_PER_S,
	    23 * HOUR, "a day of 23 hours");
	is_i64(tz_bin_next(&days, tz_bin_floor(&days, INT64_MAX)), INT64_MAX,
	    "the last day ends with time");
	(void)tz_bin_next(&days, tz_bin_floor(&days, INT64_MIN));
	tz_free(india);
	tz_free(summer);
	tz_free(winter);
}

/* What clocks show within hours of either end is more than 64 bits hold. */
static void
test_ends_of_time(const struct tz *tz)
{
	static const int64_t minutes[] = { 7, 60, 120, 24 * 60 };
	const int64_t first_s = INT64_MIN / NS_PER_S + 2 * DAY_S, last_s = INT64_MAX / NS_PER_S;

	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		int64_t unit_s = minutes[i] * 60, local_s = last_s + HOUR;

		is_i64(bin_of(tz, unit_s, last_s), local_s / unit_s * unit_s - HOUR,
		    "bins of %lld minutes at the end of time", (long long)minutes[i]);
		local_s = first_s + HOUR;
		is_i64(bin_of(tz, unit_s, first_s), (local_s - unit_s + 1) / unit_s * unit_s - HOUR,
		    "and at its beginning");
	}
}

int
main(void)
{
	struct tz *tz;
	char path[64];

	setenv("TZ", "UTC0", 1);
	if (!ok(write_zone(), "a zone's file is written"))
		return done_testing();
	test_offsets();
	tz = zone("Middle");
	is_str(getenv("TZ"), "UTC0", "asking for a zone leaves TZ alone");
	test_against_libc(tz);
	test_moves(tz);
	test_text(tz);
	test_bins(tz);
	test_ends_of_time(tz);
	tz_free(tz);
	snprintf(path, sizeof(path), "%s/Middle", dir);
	unlink(path);
	rmdir(dir);
	return done_testing();
}
