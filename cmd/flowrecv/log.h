/*
 * log.h - problems of exporters and of our sockets as lines on standard error, few of them.
 *
 * Counts are compared with those told last; of each exporter, or socket, and class of problem a line is printed at most
 * once a minute (the first at once), with how many there were since.  Of all together there are at most LOG_LINES a
 * minute, and one that says how many more there would have been: made-up exporters fill no disk.
 */
#ifndef FLOWRECV_LOG_H
#define FLOWRECV_LOG_H

#include "worker.h"

enum { LOG_LINES = 60 };

struct log;
struct log *log_new(unsigned workers, bool verbose); /* verbose: new exporters too */
void log_free(struct log *);

/* Tell what is new in the snapshots of all workers.  Times are monotonic. */
void log_tell(struct log *, const struct snapshot *, int64_t now_ns);

/* How many lines there were no room for since that was told last. */
void log_unsaid(struct log *);

#endif
