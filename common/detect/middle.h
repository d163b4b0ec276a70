/*
 * middle.h - medians, for the scores of this folder.
 */
#ifndef DETECT_MIDDLE_H
#define DETECT_MIDDLE_H

#include <stddef.h>

/* The middle one, or the mean of the two in the middle; n > 0; sorts v. */
double middle(double *v, size_t n);

/* The median of the distances from m; v becomes these, sorted. */
double middle_distance(double *v, size_t n, double m);

#endif
