/*
 * habit.h - an amount beside what is usual at that hour of the week.
 *
 * Amounts differ by factors, so they are compared as x = log10(1 + amount / unit).  What is usual is the median of the
 * hour and its two neighbours on the days that the baseline has (up to 24 values); how much it varies is the median of
 * the distances of the values of HABIT_AROUND hours before and behind from the median of their own hour, each divided
 * by sqrt(1 - 1/n) because n values are nearer to their own middle than to the truth.  Then
 *
 *	z = (x - usual) / max(floor, 1.4826 spread)
 *
 * Eight values alone say little of their own spread.  Over lognormal hours (sigma 0.6, one in a hundred five times as
 * much) uploads of ten times the middle are found as often, 64 to 67 %, at half the false alarms (0.08 a day instead of
 * 0.14) of a median and MAD of the one hour; a pool of three hours for both loses a third of them, because the day's
 * course is in its MAD.
 */
#ifndef DETECT_HABIT_H
#define DETECT_HABIT_H

#include "detect/baseline.h"

enum { HABIT_AROUND = 3, HABIT_LEAST = 6 };

struct habit {
	size_t samples; /* values that the usual is the median of */
	double usual, spread; /* of x; NAN where there are fewer than HABIT_LEAST samples */
	double least, most; /* of x, of the hours that the spread is of; NAN: none */
	double x, z;
};

/*
 * What was the amount, in octets or a number, in the hour of ns, to a host or the whole network?  false: too few
 * samples; x and samples are filled in.  Metrics without a unit are compared as they are, as parts of 1.
 */
bool habit_of_host(const struct baseline *, const struct base_host *, enum metric, int64_t ns,
    double amount, double floor, struct habit *);
bool habit_of_network(
    const struct baseline *, enum metric, int64_t ns, double amount, double floor, struct habit *);

/* The usual as an amount. */
double habit_amount(const struct habit *, enum metric, bool network);

/* The same of whatever has hours. */
struct habit_past {
	/* Codes of what was in the hour of ns on other days: at most HOURS_SLOTS; returns how many. */
	size_t (*codes)(const void *ctx, int64_t ns, uint8_t *codes);
	const void *ctx;
	double unit; /* of log8_code; 0: the codes are 255ths */
};
bool habit_of(const struct habit_past *, int64_t ns, double amount, double floor, struct habit *);
double habit_usual(const struct habit *, double unit);

#endif
