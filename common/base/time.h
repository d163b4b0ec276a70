/*
 * time.h - points in time as text; in memory i64 nanoseconds since the Unix epoch, UTC.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/num.h"
#include "base/tz.h"

/* The clock now. */
int64_t time_now_ns(void);
int64_t time_monotonic_ns(void);

/* The time `by` (not below 0) after another: sums of times end at the end of time. */
static inline int64_t
time_after(int64_t ns, int64_t by)
{
	int64_t sum;

	return __builtin_add_overflow(ns, by, &sum) ? INT64_MAX : sum;
}

/* Sleep until the monotonic clock says so, whatever signals come. */
void time_sleep_until(int64_t monotonic_ns);

/*
 * ISO 8601 with `digits` decimals (0, 3, 6 or 9): 2026-11-23T21:45:49.123Z, in another zone with the offset that it
 * has then instead of the Z.
 */
size_t fmt_time(char *dst, int64_t ns, unsigned digits, const struct tz *tz);

/* For people: 2026-11-23 21:45:49.123 */
size_t fmt_time_human(char *dst, int64_t ns, unsigned digits, const struct tz *tz);

/*
 * A point in time: ISO 8601 (date, date and time to minutes/seconds/decimals, T or blank, Z or
 * +hh:mm; without either in tz), epoch seconds with optional fraction, `now`, `today`,
 * `yesterday`, `-1h` (before now_ns), YYYYMMDD, nfdump's YYYYMMDDhhmm[ss] and YYYY/MM/DD.hh:mm:ss,
 * SiLK's YYYY/MM/DDThh:mm:ss.
 * *span_ns is how long the named point lasts (a date: that day, 23 to 25 hours where clocks move; a minute: 60 s; a
 * second or finer: 0).
 */
bool parse_time(
    const char *, size_t, int64_t now_ns, const struct tz *tz, int64_t *ns, int64_t *span_ns);

/*
 * A..B, A.., ..B (until B begins) or A alone (as long as it lasts; a second or finer: that instant;
 * -1h: from then on); [*since, *until), open ends INT64_MIN/MAX.  B before A is refused.
 */
bool parse_window(
    const char *, size_t, int64_t now_ns, const struct tz *tz, int64_t *since, int64_t *until);

/*
 * Of text that is neither: is it a time, or an end of the window one, that the calendar and the clock have and int64_t
 * nanoseconds do not?  Those are TIME_RANGE.
 */
#define TIME_RANGE "1677-09-21T00:12:44Z to 2262-04-11T23:47:16Z"
bool time_is_beyond(const char *, size_t, const struct tz *tz);

#endif
