/*
 * suppress.h - alerts that somebody decided not to hear of, until when, and why: a file of stanzas.
 *
 *	[scanner]
 *	match  = detector = "scan" and src ip 10.1.2.3
 *	until  = 2026-12-31
 *	reason = the security team's scanner
 *
 * match and reason must be there, until not.  An alert that ended at or after `until` is told, whatever the clock says:
 * what happened before was agreed upon, and what happens later was not.
 */
#ifndef FLOWALERT_SUPPRESS_H
#define FLOWALERT_SUPPRESS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/tz.h"
#include "flow/batch.h"

struct expr;
struct expr_state;

struct suppression {
	char *name, *reason;
	unsigned line;
	int64_t until_ns; /* INT64_MAX: for good */
	struct expr *expr;
	struct expr_state *state;
	uint64_t *sel; /* of the batch at hand */
	size_t words;
	uint64_t suppressed, expired; /* alerts left out; told since it expired */
};

struct suppressions {
	struct suppression *at;
	size_t n;
};

/*
 * Read a file, adding to what there is.  Each error is handed to tell, as a reason of several lines that begins with
 * the path, and those sections are left out.  Returns how many there were.
 */
typedef void (*suppress_tell)(const char *subject, const struct err *);
unsigned suppress_load(struct suppressions *, const char *path, const struct tz *tz, suppress_tell);
unsigned suppress_parse(struct suppressions *, const char *name, const char *text, size_t len,
    const struct tz *tz, suppress_tell);
void suppress_free(struct suppressions *);

/* Ask of a batch of alerts, then of its records. */
void suppress_bind(struct suppressions *, struct batch *);

/* Is this record, an alert that ended then, left out?  Counts. */
bool suppress_has(struct suppressions *, size_t rec, int64_t end_ns);

#endif
