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

/* UTC or Z (which are NULL), an offset, or a name under the system's zone directory: Europe/Zurich.  false: none of these. */
bool tz_parse(const char *, size_t, struct tz **);
void tz_free(struct tz *); /* takes NULL */

/* +hh:mm, +hhmm or +hh: seconds east of UTC, less than a day. */
bool tz_parse_offset(const char *, size_t, int *offset_s);

/* How clocks stand at an instant (seconds since the epoch), and since when and until when: [from, until). */
struct tz_span {
	int64_t from_s, until_s;
	int offset_s; /* east of UTC */
};
struct tz_span tz_at(const struct tz *, int64_t s);

/* When clocks show this many seconds since the epoch: the first time of two; of none, as if they had not moved yet. */
int64_t tz_instant(const struct tz *, int64_t local_s);

#endif
