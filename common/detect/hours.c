#include "detect/hours.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, WEEK = 7, FRIDAY = 4, YEAR_S = 366 * DAY_S };

/* Weeks begin on Mondays, and 1970-01-01 was a Thursday. */
static int32_t
week_of(int32_t day)
{
	return (day + 3 + WEEK) / WEEK - 1;
}

static int32_t
weekday_of(int32_t day)
{
	return (day + 3 + WEEK) % WEEK;
}

/* Summer is longer than half a year: that clocks stand alike in half a year says nothing. */
int
hours_offset(const struct tz *tz, int64_t s)
{
	struct tz_span span = tz_at(tz, s);
	int least = span.offset_s;

	while (span.until_s < s + YEAR_S) {
		span = tz_at(tz, span.until_s);
		least = span.offset_s < least ? span.offset_s : least;
	}
	return least;
}

static int64_t
local_s(const struct hours *h, int64_t ns)
{
	int64_t s = (ns < 0 ? 0 : ns) / NS_PER_S;

	return (s > UINT32_MAX ? UINT32_MAX : s) + h->utc_offset_s;
}

int32_t
hours_day(const struct hours *h, int64_t ns)
{
	return (int32_t)((local_s(h, ns) + DAY_S) / DAY_S) - 1;
}

unsigned
hours_bucket(const struct hours *h, int64_t ns)
{
	int32_t weekday = weekday_of(hours_day(h, ns));
	unsigned hour = (unsigned)((local_s(h, ns) + DAY_S) % DAY_S / 3600);

	if (h->buckets == HOURS_WEEKDAY)
		return (unsigned)weekday * 24 + hour;
	return weekday > FRIDAY ? 24 + hour : hour;
}

/* A day's number among those of its buckets. */
static int32_t
number_of(const struct hours *h, int32_t day)
{
	int32_t week = week_of(day), weekday = weekday_of(day);

	if (h->buckets == HOURS_WEEKDAY)
		return week;
	return weekday > FRIDAY ? week * 2 + weekday - FRIDAY - 1 : week * 5 + weekday;
}

static unsigned
slot_of(int32_t number)
{
	return (unsigned)(number + HOURS_SLOTS) % HOURS_SLOTS;
}

unsigned
hours_slot(const struct hours *h, int32_t day)
{
	return slot_of(number_of(h, day));
}

/* The number of the bucket's last day that is not after this one. */
static int32_t
last_number(const struct hours *h, unsigned bucket, int32_t day)
{
	int32_t week = week_of(day), weekday = weekday_of(day);

	if (h->buckets == HOURS_WEEKDAY)
		return weekday >= (int32_t)(bucket / 24) ? week : week - 1;
	if (bucket < 24)
		return weekday > FRIDAY ? week * 5 + FRIDAY : week * 5 + weekday;
	return weekday > FRIDAY ? week * 2 + weekday - FRIDAY - 1 : week * 2 - 1;
}

static int32_t
day_of(const struct hours *h, unsigned bucket, int32_t number)
{
	int32_t per_week = bucket < 24 ? FRIDAY + 1 : WEEK - FRIDAY - 1;
	int32_t week = (number + per_week * HOURS_SLOTS) / per_week - HOURS_SLOTS;

	if (h->buckets == HOURS_WEEKDAY)
		return number * WEEK + (int32_t)(bucket / 24) - 3;
	return week * WEEK - 3 + number - week * per_week + (bucket < 24 ? 0 : FRIDAY + 1);
}

int32_t
hours_slot_day(const struct hours *h, unsigned bucket, unsigned slot, int32_t latest)
{
	int32_t last = last_number(h, bucket, latest);

	return day_of(
	    h, bucket, last - (int32_t)(slot_of(last) + HOURS_SLOTS - slot) % HOURS_SLOTS);
}

bool
hours_kept(const struct hours *h, int32_t day, int32_t latest)
{
	unsigned bucket = h->buckets == HOURS_WEEKDAY ? (unsigned)weekday_of(day) * 24
			  : weekday_of(day) > FRIDAY  ? 24
						      : 0;

	return day <= latest && last_number(h, bucket, latest) - number_of(h, day) < HOURS_SLOTS;
}

unsigned
hours_put_name(const struct hours *h, unsigned bucket, char *dst)
{
	static const char *const weekdays[] = { "Monday", "Tuesday", "Wednesday", "Thursday",
		"Friday", "Saturday", "Sunday" };
	const char *name = h->buckets == HOURS_WEEKDAY ? weekdays[bucket / 24 % WEEK]
			   : bucket < 24	       ? "workday"
						       : "off";
	char text[FMT_MAX];
	int n = snprintf(text, sizeof(text), "%s %02uh", name, bucket % 24);

	memcpy(dst, text, (size_t)n);
	return (unsigned)n;
}
