/*
 * bars.h - numbers as lengths and heights, in block characters (U+2581 to U+258F).
 */
#ifndef FLOWSTAT_BARS_H
#define FLOWSTAT_BARS_H

#include "base/buf.h"

enum { BAR_WIDTH = 32, SPARK_WIDTH = 72 };

/* A bar of part/most of the width, to an eighth of a place; something is never nothing. */
void bars_put(struct buf *, double part, double most);

/* A line of heights; more numbers than places are added up place by place. */
void bars_spark(struct buf *, const double *, size_t n);

#endif
