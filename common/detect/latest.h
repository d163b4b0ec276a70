/*
 * latest.h - how far time has come in an input, some of whose records may have a clock that is ahead.
 *
 * The greatest time is no answer: of one record from 2036 all that a state knows would be old.  Most records are right.
 */
#ifndef DETECT_LATEST_H
#define DETECT_LATEST_H

#include <stddef.h>
#include <stdint.h>

/* The last of n > 0 times reached from the middle one (of two the earlier) in steps of at most so much.  Sorts them. */
int64_t latest_of(int64_t *times, size_t n, int64_t step);

#endif
