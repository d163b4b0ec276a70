/*
 * alert_read.h - records as alerts again: what alert.h wrote, or another program that has the same columns.
 *
 * Only what alerts are made of is read; other columns of a record are not, and what it has in another type than alerts
 * have it is as if it were missing.
 */
#ifndef DETECT_ALERT_READ_H
#define DETECT_ALERT_READ_H

#include "base/mem.h"
#include "detect/alert.h"

enum { ALERT_COLUMNS = 23 };

struct alert_reader {
	const struct column *col[ALERT_COLUMNS]; /* NULL: no record has it */
};

/* Unpack the columns; valid as long as the batch.  Damage sticks in b->err. */
void alert_bind(struct alert_reader *, struct batch *);

/* Does the record say who found it?  Else it is no alert. */
bool alert_is(const struct alert_reader *, size_t rec);

/*
 * One record.  Addresses and texts are in the arena; a text ends at its first NUL.  Detector, kind, reason and why are
 * never NULL, but may be empty; a score is from 0 to 1, a severity one that there is.  Of start and end, one that is
 * missing is the other, and both are now where there is neither.
 */
void alert_at(const struct alert_reader *, size_t rec, struct arena *, struct alert *);

#endif
