/*
 * tz.h - time zones: how far from UTC clocks stand at an instant.
 *
 * A zone by name keeps the rules that the system knows of it, so that a time of July is printed and read as clocks
 * stood in July.  NULL is UTC everywhere.  Before 1970 and after 2050 clocks stand as they do there.
 */
#ifndef BASE_TZ_H
#define BASE_TZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tz;

/* UTC or Z (which are NULL), an offset, or a name under the system's zone directory: Europe/Zurich.  false: none. */
bool tz_parse(const char *, size_t, struct tz **);
void tz_free(struct tz *); /* takes NULL */

/* +hh:mm, +hhmm or +hh, or - for the +: seconds east of UTC, less than a day. */
bool tz_parse_offset(const char *, size_t, int *offset_s);

/* How clocks stand at an instant (seconds since the epoch), and since when and until when: [from, until). */
struct tz_span {
	int64_t from_s, until_s;
	int offset_s; /* east of UTC */
};
struct tz_span tz_at(const struct tz *, int64_t s);

/* When clocks show this many seconds since the epoch: the first time of two; of none, as if they had not moved yet. */
int64_t tz_instant(const struct tz *, int64_t local_s);

/*
 * Bins of so many ns, counted from 1970-01-01 00:00 by clocks of a zone, a Thursday; of whole weeks from the Monday
 * before.  Where clocks move, bins of whole hours stay whole by the clock: a day has 23 to 25 hours.  Others (7m) end
 * there, so that an hour that is there twice has its bins twice.
 */
struct tz_bins {
	int64_t ns;
	/* So much before 1970 one begins: by the clocks, or by UTC where all last as long; less than ns. */
	int64_t shift_ns;
	const struct tz *moves; /* NULL: they do */
};
struct tz_bins tz_bins(const struct tz *, int64_t ns);

/* From a bin's beginning to a time, is every bin as long as the others? */
bool tz_bins_even(const struct tz_bins *, int64_t begin_ns, int64_t ns);

/* When the bin begins that a time is in (modulo 2^64), and when the one after it: INT64_MAX at the end of time. */
int64_t tz_bin_floor(const struct tz_bins *, int64_t ns);
int64_t tz_bin_next(const struct tz_bins *, int64_t begin_ns);

#endif
