/*
 * series.h - --series: an aggregate of the records by bin of time, one series or one for each value of --by, judged by
 * Holt-Winters (detect/holt_winters.h).
 */
#ifndef FLOWANOM_SERIES_H
#define FLOWANOM_SERIES_H

#include "judge.h"
#include "ops/group.h"

enum {
	SERIES_POINTS = 1 << 22, /* bins of all series */
	SERIES_BINS = 1 << 20, /* from the first to the last */
	SERIES_MOST = 10000 /* series: those with the largest sums */
};

struct series_opts {
	const char *value, *by; /* as flowagg's -v, -k; value NULL: no series are asked for */
	int64_t bin_ns, period_ns; /* 0: 5 min; a week of four weeks and more, else a day */
};

struct series;

/* NULL with err, a usage error: no such aggregate. */
struct series *series_new(const struct series_opts *, unsigned threads, struct err *);
void series_free(struct series *); /* takes NULL */

/* An io_work: the records are counted, and dropped. */
int series_work(void *series, unsigned worker, struct batch *, uint64_t *sel, struct err *);

/* The end of the input.  -1: err. */
int series_judge(struct series *, struct judge *, struct err *);

/* For who tells: series that were too short, or not judged for being small, or that had no room. */
struct series_counts {
	uint64_t series, short_ones, small, lost;
	int64_t needed_ns; /* so long an input says something */
};
struct series_counts series_counts(const struct series *);

#endif
