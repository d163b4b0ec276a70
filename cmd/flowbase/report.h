/*
 * report.h - what a baseline says of the network, a host or an edge, for people.
 */
#ifndef FLOWBASE_REPORT_H
#define FLOWBASE_REPORT_H

#include "base/buf.h"
#include "detect/baseline.h"

/* What is asked for: the whole network, a host, or its edges with a server (port, proto -1: any). */
struct report_of {
	bool has_host, has_server;
	struct addr host, server;
	int port, proto;
};

/* Take one more operand: the host, then the server, which may have :PORT and /PROTO behind. */
bool report_parse(struct report_of *, const char *text, bool server);

/* Is it in the baseline? */
bool report_has(const struct baseline *, const struct report_of *);

/* The report, or a line saying that it was never seen. */
void report_put(struct buf *, const struct baseline *, const struct report_of *,
    const struct tz *tz, bool plain);

/* The records that a report is made of, as a baseline of their own (ready); the caller frees it. */
struct baseline *report_part(const struct baseline *, const struct report_of *);

/* A line that it is sound, with what is in it. */
void report_check(struct buf *, const struct baseline *, const char *name);

/*
 * How old it is, and what is too young in it; each young host with `each`.  false: the network itself is too young, or
 * its latest flow older than max_age_ns (0: any).
 */
bool report_age(struct buf *, const struct baseline *, const char *name, int64_t now_ns,
    int64_t max_age_ns, bool each, const struct tz *tz);

#endif
