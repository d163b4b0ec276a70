/*
 * hours.h - hours of the week, and the days whose values are kept of each.
 *
 * Hours of working days and of Saturdays and Sundays are kept apart (48 buckets), or those of every day of the week
 * (168).  A bucket has the values of its last HOURS_SLOTS days: with 48 the last 8 working days, or the last 8 days
 * off, with 168 those of the last 8 weeks.  The days of a bucket are numbered and a day's slot is its number modulo 8,
 * so that values of the same day meet when baselines are merged, and which day a slot is of follows from the latest
 * day.
 *
 * A day is a count of days since 1970-01-01 by local time; the offset from UTC is fixed.
 */
#ifndef DETECT_HOURS_H
#define DETECT_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/num.h"
#include "base/tz.h"

enum { HOURS_SLOTS = 8, HOURS_WORKDAY = 48, HOURS_WEEKDAY = 168 };
#define NS_PER_HOUR (3600 * NS_PER_S)

struct hours {
	unsigned buckets; /* HOURS_WORKDAY or HOURS_WEEKDAY */
	int utc_offset_s; /* within a day */
};

/*
 * The offset of a zone's standard time in the year from s (seconds since the epoch) on: what is learned in summer goes
 * together with what is learned in winter.
 */
int hours_offset(const struct tz *, int64_t s);

/* Of times from 1970 to 2106; what is outside is taken to be at the end it is beyond. */
int32_t hours_day(const struct hours *, int64_t ns);
unsigned hours_bucket(const struct hours *, int64_t ns);

/* Any slot of any hour of the day. */
unsigned hours_slot(const struct hours *, int32_t day);

/* The day that a slot of a bucket is of, when the latest day is this; may be before 1970. */
int32_t hours_slot_day(const struct hours *, unsigned bucket, unsigned slot, int32_t latest);

/* Is this day among those that are kept? */
bool hours_kept(const struct hours *, int32_t day, int32_t latest);

/* "workday 14h", "off 03h", "Tuesday 09h"; at most FMT_MAX octets, no NUL. */
unsigned hours_put_name(const struct hours *, unsigned bucket, char *dst);

#endif
