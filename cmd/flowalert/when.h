/*
 * when.h - thresholds on aggregates: an expression that is true of records with the same keys, so many times in a row.
 *
 * The keys of a record are what its elements call so (addresses, ports, interfaces, names ...), or those that --by
 * names.  A record that has one of start and end, not both, is of a bin: that of `flowagg -k end/5m`.  Bins follow each
 * other when they are as far apart as the two nearest of all, by the clocks of the zone: a day of 23 hours is one.
 * Records without a bin are of their run, and runs follow each other.  The latest bin of each streak, and how long it
 * is, are kept from run to run.
 */
#ifndef FLOWALERT_WHEN_H
#define FLOWALERT_WHEN_H

#include "base/tz.h"
#include "detect/alert.h"
#include "flow/field.h"
#include "memory.h"

struct expr;
struct expr_state;

enum { WHEN_HITS_MOST = 1 << 20, WHEN_BINS_MOST = 1 << 20 };

struct when_hit;
struct when {
	const char *text; /* the expression; NULL: there is none */
	const char *name; /* of the alerts' kind, and what streaks are remembered by */
	unsigned times; /* in a row */
	enum severity severity;
	struct field_list by; /* n 0: what elements call keys */
	struct memory *memory;

	/* Filled. */
	const struct tz *tz;
	struct expr *expr;
	struct expr_state *state;
	uint64_t *sel;
	size_t words;
	struct arena arena;
	struct when_hit *hit;
	size_t n, cap;
	int64_t *bin; /* all that there are, of records that are no hits too */
	size_t n_bins, cap_bins;
	uint64_t dropped;
	int64_t last_ns,
	    width_ns; /* after when_end: the latest bin of all; 0, 0: there never was one */
	int64_t run; /* its number */
};

void when_init(struct when *, struct memory *);
void when_free(struct when *);

/* Compile the expression; tz, of times in it and of bins, must last as long.  -1: err. */
int when_compile(struct when *, const struct tz *tz, struct err *);

/* Look at the selected (NULL: all) records. */
void when_add(struct when *, struct batch *, const uint64_t *sel);

/* Put the alerts: one for each record that ends a streak that is long enough. */
void when_end(struct when *, struct alerts *);

/* After that: can a streak still go on? */
bool when_goes_on(const struct when *, const struct memo *);

#endif
