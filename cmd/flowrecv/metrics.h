/*
 * metrics.h - counters as a file for Prometheus (text exposition format 0.0.4), replaced whole.
 *
 * For the textfile collector of a node exporter, or any program that serves a file.
 */
#ifndef FLOWRECV_METRICS_H
#define FLOWRECV_METRICS_H

#include "stats.h"

int metrics_write(const char *path, const struct snapshot *, unsigned workers, const struct sums *,
    const struct store_stats *, struct err *);

#endif
