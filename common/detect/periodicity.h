/*
 * periodicity.h - how much a pair's conversations look like the beats of a clock: a score, and all that made it.
 *
 * For each merge gap g of 1, 10 and 60 s: starts less than g after the beat before belong to it (connections come in
 * bursts); of the n >= 5 gaps between beats T is the median and f the share within T/4 of T, 2T or 3T (a beat or two
 * were missed).  What counts is how much f is above p0, the share that chance gives: gaps of a Poisson process that is
 * deaf for g after each beat are g plus an exponential time, here with the median T.
 *
 *	evidence = -log10 P(as many near, or more): binomial, of n - 1 gaps, as the median itself is near in any case
 *	sig  = evidence/8             reg = (f - p0)/(1 - p0)                   disp = 1 - MAD/(T - g)
 *	per  = .5 span share + .5 hours/24                                      size = 1 - MAD/median    all cut to 0..1
 *	score = (.4 (.5 reg + .5 disp) + .25 per + .2 size + .15 sig) (.2 + .8 sig)
 *
 * and the merge gap with the greatest score counts.  MAD is the median distance from the median, of the gaps, of the
 * octets.  Times in whole seconds make gaps of few seconds look regular: then only g of 10 s and more are tried.
 *
 * It comes of one with g of 1 and 10 s, sig = z/8, a plain exponential for chance, disp = 1 - MAD/T and (.4 + .6 sig),
 * which tests/tools/beacon_score.py has too (plain).  What was wrong with that: gaps merged by g are at least g, so .87
 * s between connections at random look like a beat every 10.9 s; and some of 10,000 chance pairs with 6 to 30 starts of
 * one size had .5 and more.  Looking for gaps within T/20 as well finds clocks of 6 beats, but time servers and peers
 * too: 40 % more false alerts.  A g of 60 s finds a bot that connects two or three times every six hours.
 */
#ifndef DETECT_PERIODICITY_H
#define DETECT_PERIODICITY_H

#include "detect/beats.h"

enum { PERIODICITY_GAPS = 5 }; /* least number of gaps */

struct periodicity {
	double score;
	double merge_s, period_s, spread_s; /* g, T, MAD */
	unsigned gaps; /* n */
	double share, chance; /* f, p0 */
	double evidence;
	double regular, significant, steady, present, size; /* reg, sig, disp, per, size */
	double bytes, bytes_spread; /* median and MAD of octets */
};

/*
 * Sorts the beats.  span_share: of the time looked at, from the first start to the last; hours: of the day in which
 * there was a start; gaps: least number, at least PERIODICITY_GAPS.  false: too few gaps, score 0; sizes are
 * rated all the same where there are enough beats.
 */
bool periodicity(
    struct beats *, double span_share, unsigned hours, unsigned gaps, struct periodicity *);

#endif
