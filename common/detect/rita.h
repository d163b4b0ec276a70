/*
 * rita.h - the beacon score of RITA v5, exactly, to compare with: github.com/activecm/rita, analysis/beacons.go (as of
 * 2025), with its default configuration.
 *
 * A pair is (source, destination) whatever the ports; times are whole seconds; the time looked at is the last 24 hours
 * of the data from the start of their first hour, so 24 to 25 hours.  The score is the mean of four:
 *
 *	timing    of the gaps that are not 0: (1 - |skew| + mad)/2; Bowley skew by Tukey's quartiles (the median is in
 *	          neither half), 0 where Q3 - Q1 < 10 or the median is a quartile; mad = (median - MAD)/median, at least
 *	          0, and 1 where the median is below 1
 *	size      the same of the client's octets; 0 where the median is below 1
 *	histogram of 24 equal bins the greater of 1 - sd/mean, and, from 11 bins that are not empty, how many of them
 *	          are in the two commonest classes of height, of 5 % of the highest
 *	duration  from 6 such bins the greater of span/time and longest run/12, the end going on at the beginning
 *
 * It is no test of periodicity: chance arrivals all day long, 10,000 of them, have a score above .8.
 */
#ifndef DETECT_RITA_H
#define DETECT_RITA_H

#include "detect/beats.h"

enum { RITA_BEATS = 4, RITA_DAY_MOST = 86400, RITA_BINS = 24 };

struct rita {
	double score;
	double timing, size, histogram, duration;
	unsigned n, bars; /* conversations in the time; bins that are not empty */
	double period_s, spread_s; /* median of the gaps, MAD */
	double bytes; /* median */
};

/* The time looked at, whole seconds since 1970, of data whose first and last conversations begin then. */
void rita_time(int64_t first_s, int64_t last_s, int64_t *from_s, int64_t *to_s);

/* Sorts the beats; false: fewer than 4 different times in it, or as many as a strobe has. */
bool rita(struct beats *, int64_t from_s, int64_t to_s, struct rita *);

#endif
