/*
 * csv_plan.h - what the header row of a csv input says: the columns of every row behind it.
 *
 * Made by the thread that reads the input, then only looked at, by all that read its rows; whoever has rows of
 * it holds a reference.
 */
#ifndef TEXT_CSV_PLAN_H
#define TEXT_CSV_PLAN_H

#include <stdatomic.h>

#include "text/csv_name.h"
#include "text/csv_split.h"

enum { CSV_MADE_MOST = 2 };

struct csv_plan {
	atomic_uint refs;
	char delimiter;
	bool foreign; /* no column has the name or the type of a field */
	bool keep_empty; /* an empty line is a record: there is one column */
	struct csv_name *name;
	unsigned n_col; /* of the file */
	unsigned n_all; /* with those made from a duration */
	int start, stop, duration; /* columns that complete each other, -1 none */
	int lone; /* where a duration goes that completes nothing */
	int proto, port; /* the destination port, which may be an ICMP type and code; -1 none */
	/* octets that a record may take in a batch, those of variable length left out */
	size_t row;
};

/* From the record that was split off, which began at `line`; tz: of clock times without a zone.  NULL: err. */
struct csv_plan *csv_plan_new(
    const struct csv_split *, const struct tz *tz, uint64_t line, struct err *);

/* The error of a header whose cells are separated by c instead of the delimiter; last: behind the last one too.  -1. */
int csv_plan_refuse(char c, bool last, char delimiter, uint64_t line, struct err *);
struct csv_plan *csv_plan_share(struct csv_plan *);
void csv_plan_release(struct csv_plan *); /* takes NULL */

#endif
