/*
 * time.c - points in time as text.
 *
 * Days are counted in the proleptic Gregorian calendar with years that begin in March, so the leap day
 * is the last of its year (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
#include "base/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, ERA_YEARS = 400, ERA_DAYS = 146097, EPOCH_DAYS = 719468 };

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t
time_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t
time_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void
time_sleep_until(int64_t monotonic_ns)
{
	struct timespec ts = { .tv_sec = monotonic_ns / NS_PER_S,
		.tv_nsec = monotonic_ns % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0)
		continue;
}

/* v / d and v mod d, rounded down. */
static int64_t
split(int64_t v, int64_t d, int64_t *rest)
{
	*rest = v % d < 0 ? v % d + d : v % d;
	return floor_div(v, d);
}

static int64_t
days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year, year_of_era, era, day_of_year;

	era = split(y, ERA_YEARS, &year_of_era);
	day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - EPOCH_DAYS;
}

struct date {
	unsigned year, month, day;
};

/* Only days within i64 nanoseconds, so years of four digits. */
static struct date
date_of(int64_t days)
{
	int64_t doe, era = split(days + EPOCH_DAYS, ERA_DAYS, &doe);
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);

	return (struct date){ .year = (unsigned)(yoe + era * ERA_YEARS + (month <= 2)),
		.month = month,
		.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1) };
}

static char *
put2(char *p, unsigned v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
	return p + 2;
}

static int
offset_at(const struct tz *tz, int64_t ns)
{
	return tz_at(tz, floor_div(ns, NS_PER_S)).offset_s;
}

static char *
put_point(char *p, int64_t ns, unsigned digits, int offset_s, char between)
{
	int64_t fraction, in_day, days, sec = split(ns, NS_PER_S, &fraction) + offset_s;
	struct date d;
	unsigned s;

	days = split(sec, DAY_S, &in_day);
	d = date_of(days);
	s = (unsigned)in_day;
	p = put2(p, d.year / 100);
	p = put2(p, d.year % 100);
	*p++ = '-';
	p = put2(p, d.month);
	*p++ = '-';
	p = put2(p, d.day);
	*p++ = between;
	p = put2(p, s / 3600);
	*p++ = ':';
	p = put2(p, s / 60 % 60);
	*p++ = ':';
	p = put2(p, s % 60);
	if (digits == 0)
		return p;
	*p++ = '.';
	for (unsigned i = 0; i < digits && i < 9; i++) {
		*p++ = (char)('0' + fraction / 100000000);
		fraction = fraction % 100000000 * 10;
	}
	return p;
}

size_t
fmt_time(char *dst, int64_t ns, unsigned digits, const struct tz *tz)
{
	int offset_s = offset_at(tz, ns);
	char *p = put_point(dst, ns, digits, offset_s, 'T');
	unsigned minutes = (unsigned)abs(offset_s) / 60;

	if (offset_s == 0) {
		*p++ = 'Z';
		return (size_t)(p - dst);
	}
	*p++ = offset_s < 0 ? '-' : '+';
	p = put2(p, minutes / 60);
	*p++ = ':';
	p = put2(p, minutes % 60);
	return (size_t)(p - dst);
}

size_t
fmt_time_human(char *dst, int64_t ns, unsigned digits, const struct tz *tz)
{
	return (size_t)(put_point(dst, ns, digits, offset_at(tz, ns), ' ') - dst);
}

/* Text being read; every take_ returns false and leaves it where it was when the text is not that. */
struct scan {
	const char *p, *end;
};

static bool
take_char(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/* Exactly n digits. */
static bool
take_digits(struct scan *s, unsigned n, unsigned *v)
{
	unsigned r = 0;

	if ((size_t)(s->end - s->p) < n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		r = r * 10 + (unsigned)(s->p[i] - '0');
	}
	s->p += n;
	*v = r;
	return true;
}

struct point {
	unsigned year, month, day, hour, minute, second;
	int64_t ns;
	const struct tz *tz; /* of a point that names no offset */
	bool has_offset;
	int offset_s;
	int64_t span_ns;
};

static bool
date_valid(const struct point *t)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (t->year % 4 == 0 && t->year % 100 != 0) || t->year % 400 == 0;

	return t->month >= 1 && t->month <= 12 && t->day >= 1 &&
	       t->day <= days[t->month - 1] + (unsigned)(t->month == 2 && leap);
}

/* Nanoseconds of a day that begins when clocks show this: 24 hours, but where clocks move. */
static int64_t
day_span(const struct tz *tz, int64_t local_s)
{
	return (tz_instant(tz, local_s + DAY_S) - tz_instant(tz, local_s)) * NS_PER_S;
}

static bool
point_valid(const struct point *t)
{
	return date_valid(t) && t->hour < 24 && t->minute < 60 && t->second < 60;
}

/* Of a valid one; false: beyond what 64 bits hold. */
static bool
point_ns(struct point *t, int64_t *ns)
{
	int64_t local_s, sec, fraction;

	local_s = days_of(t->year, t->month, t->day) * DAY_S + (int64_t)t->hour * 3600 +
		  (int64_t)t->minute * 60 + t->second;
	sec = t->has_offset ? local_s - t->offset_s : tz_instant(t->tz, local_s);
	if (t->span_ns == (int64_t)DAY_S * NS_PER_S)
		t->span_ns = day_span(t->tz, local_s);
	fraction = t->ns;
	if (sec < 0) { /* towards zero first: the second that holds INT64_MIN begins below it */
		sec++;
		fraction -= NS_PER_S;
	}
	return !__builtin_mul_overflow(sec, NS_PER_S, ns) &&
	       !__builtin_add_overflow(*ns, fraction, ns);
}

/* Digits of a fraction, at least one; those behind the ninth are dropped. */
static bool
take_fraction(struct scan *s, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;
	const char *begin = s->p;

	*ns = 0;
	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
		*ns += (*s->p - '0') * unit;
		unit /= 10;
	}
	return s->p > begin;
}

/* hh:mm[:ss[.fraction]] */
static bool
take_clock(struct scan *s, struct point *t)
{
	if (!take_digits(s, 2, &t->hour) || !take_char(s, ':') || !take_digits(s, 2, &t->minute))
		return false;
	t->span_ns = 60 * NS_PER_S;
	if (!take_char(s, ':'))
		return true;
	t->span_ns = 0;
	return take_digits(s, 2, &t->second) && (!take_char(s, '.') || take_fraction(s, &t->ns));
}

/* YYYY-MM-DD[(T| )CLOCK[Z|OFFSET]], nfdump's YYYY/MM/DD[.CLOCK], SiLK's YYYY/MM/DDTCLOCK and Argus's with a blank */
static bool
take_date(struct scan s, struct point *t)
{
	char between;

	if (!take_digits(&s, 4, &t->year) || s.p == s.end)
		return false;
	between = *s.p;
	if ((between != '-' && between != '/') || !take_char(&s, between) ||
	    !take_digits(&s, 2, &t->month) || !take_char(&s, between) ||
	    !take_digits(&s, 2, &t->day))
		return false;
	t->span_ns = (int64_t)DAY_S * NS_PER_S;
	if (s.p == s.end)
		return true;
	if (between == '/')
		return (take_char(&s, '.') || take_char(&s, 'T') || take_char(&s, ' ')) &&
		       take_clock(&s, t) && s.p == s.end;
	if ((!take_char(&s, 'T') && !take_char(&s, ' ')) || !take_clock(&s, t))
		return false;
	if (s.p == s.end)
		return true;
	t->has_offset = true;
	if (take_char(&s, 'Z'))
		return s.p == s.end;
	return tz_parse_offset(s.p, (size_t)(s.end - s.p), &t->offset_s);
}

/*
 * YYYYMMDD and nfdump's YYYYMMDDhhmm[ss].  Of 8 digits epoch seconds would be of 1970, so those that are a day of the
 * years of flows are that day; of 12 or 14 they are beyond i64 nanoseconds.
 */
static bool
take_packed(struct scan s, struct point *t)
{
	size_t n = (size_t)(s.end - s.p);

	if ((n != 8 && n != 12 && n != 14) || !take_digits(&s, 4, &t->year) ||
	    !take_digits(&s, 2, &t->month) || !take_digits(&s, 2, &t->day))
		return false;
	t->span_ns = (int64_t)DAY_S * NS_PER_S;
	if (n == 8)
		return t->year >= 1990 && t->year < 2100 && date_valid(t);
	if (!take_digits(&s, 2, &t->hour) || !take_digits(&s, 2, &t->minute))
		return false;
	t->span_ns = 60 * NS_PER_S;
	if (n == 12)
		return true;
	t->span_ns = 0;
	return take_digits(&s, 2, &t->second);
}

static bool
take_point(const char *text, size_t n, const struct tz *tz, struct point *t)
{
	struct scan s = { text, text + n };

	*t = (struct point){ .tz = tz };
	if (take_date(s, t))
		return true;
	*t = (struct point){ .tz = tz };
	return take_packed(s, t);
}

static bool
parse_epoch(const char *text, size_t n, int64_t *ns)
{
	const char *dot = memchr(text, '.', n);
	size_t whole = dot ? (size_t)(dot - text) : n;
	struct scan s = { dot ? dot + 1 : text + n, text + n };
	int64_t sec, fraction = 0;

	if (whole == 0 || text[0] == '-' || (whole > 1 && text[1] > '9') ||
	    !parse_i64(text, whole, &sec))
		return false;
	if (dot && (!take_fraction(&s, &fraction) || s.p != s.end))
		return false;
	return !__builtin_mul_overflow(sec, NS_PER_S, ns) &&
	       !__builtin_add_overflow(*ns, fraction, ns);
}

/* now, today, yesterday, -DURATION */
static bool
parse_relative(
    const char *text, size_t n, int64_t now_ns, const struct tz *tz, int64_t *ns, int64_t *span_ns)
{
	bool today = n == 5 && memcmp(text, "today", 5) == 0;
	bool yesterday = n == 9 && memcmp(text, "yesterday", 9) == 0;
	int64_t back;

	*span_ns = 0;
	if (today || yesterday) {
		back = floor_div(now_ns, NS_PER_S) + offset_at(tz, now_ns);
		back = (floor_div(back, DAY_S) - yesterday) * DAY_S;
		*ns = tz_instant(tz, back) * NS_PER_S;
		*span_ns = day_span(tz, back);
		return true;
	}
	if (n == 3 && memcmp(text, "now", 3) == 0) {
		*ns = now_ns;
		return true;
	}
	return n > 1 && text[0] == '-' && parse_duration(text + 1, n - 1, false, &back) &&
	       !__builtin_sub_overflow(now_ns, back, ns);
}

bool
parse_time(
    const char *text, size_t n, int64_t now_ns, const struct tz *tz, int64_t *ns, int64_t *span_ns)
{
	struct point t;

	if (parse_relative(text, n, now_ns, tz, ns, span_ns))
		return true;
	if (take_point(text, n, tz, &t)) {
		bool within = point_valid(&t) && point_ns(&t, ns);

		*span_ns = t.span_ns;
		return within;
	}
	*span_ns = 0;
	return parse_epoch(text, n, ns);
}

static bool
is_beyond(const char *text, size_t n, const struct tz *tz)
{
	struct point t;
	int64_t ns;

	return take_point(text, n, tz, &t) && point_valid(&t) && !point_ns(&t, &ns);
}

bool
time_is_beyond(const char *text, size_t n, const struct tz *tz)
{
	const char *dots = memmem(text, n, "..", 2);
	size_t left = dots ? (size_t)(dots - text) : n;

	return is_beyond(text, left, tz) || (dots != NULL && is_beyond(dots + 2, n - left - 2, tz));
}

bool
parse_window(
    const char *text, size_t n, int64_t now_ns, const struct tz *tz, int64_t *since, int64_t *until)
{
	const char *dots = memmem(text, n, "..", 2);
	size_t left = dots ? (size_t)(dots - text) : n;
	int64_t end, span;

	if (dots == NULL) {
		if (!parse_time(text, n, now_ns, tz, since, &span))
			return false;
		if (text[0] == '-')
			*until = INT64_MAX;
		else
			*until = time_after(*since, span ? span : 1);
		return true;
	}
	*since = INT64_MIN;
	*until = INT64_MAX;
	if (n == 2 || (left > 0 && !parse_time(text, left, now_ns, tz, since, &span)))
		return false;
	if (left + 2 < n) {
		if (!parse_time(dots + 2, n - left - 2, now_ns, tz, &end, &span))
			return false;
		*until = end;
	}
	return *since <= *until;
}
