/*
 * log.h - problems of exporters as lines on standard error, few of them.
 *
 * Counts are compared with those told last; of each exporter and class of problem a line is printed at most
 * once a minute (the first at once), with how many there were since, and at most so many lines at a time.
 */
#ifndef FLOWRECV_LOG_H
#define FLOWRECV_LOG_H

#include "worker.h"

struct log;
struct log *log_new(unsigned workers, bool verbose); /* verbose: new exporters too */
void log_free(struct log *);

/* Tell what is new in a worker's snapshot. */
void log_tell(struct log *, unsigned worker, const struct snapshot *, int64_t now_ns);

#endif
