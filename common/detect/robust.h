/*
 * robust.h - the middle of a few values and how far one is from it, whatever some of them are; and amounts as octets.
 *
 * z = (x - median) / max(floor, 1.4826 MAD), MAD being the median of the distances from the median (1.4826: a standard
 * deviation's worth of it in a normal distribution).  Half of the values may be anything and move it by no more than
 * the others differ.  The floor is what never counts as a difference; z is cut at ROBUST_MOST.
 */
#ifndef DETECT_ROBUST_H
#define DETECT_ROBUST_H

#include <stddef.h>
#include <stdint.h>

enum { ROBUST_MOST = 100 };

/* The middle one, or the mean of the two in the middle; sorts v.  NAN of none. */
double robust_median(double *v, size_t n);

/* The median of the distances from m; v becomes these, sorted. */
double robust_mad(double *v, size_t n, double m);

/*
 * Amounts as one octet: 8 steps to the octave of 1 + v / unit, so within 4.5 % (and half a unit); from 0 up to 2^31.9
 * units, which larger ones are cut to.
 */
uint8_t log8_code(double v, double unit);
double log8_value(double code, double unit); /* of a code, or of what lies between two */

/* log10(1 + v / unit) of a code: what differences of amounts are measured in. */
static inline double
log8_log10(uint8_t code)
{
	return code * (0.30102999566398120 / 8);
}

#endif
