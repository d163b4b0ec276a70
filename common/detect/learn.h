/*
 * learn.h - flows become a baseline.
 *
 * Octets by hour are taken from records, everything that has a client and a server from conversations.  Hours are
 * added up while their records come and then put into the baseline as octets of a log scale, so input is best in order
 * of time (a directory is read so): an hour that comes back later counts as the greater of its parts.
 */
#ifndef DETECT_LEARN_H
#define DETECT_LEARN_H

#include "detect/baseline.h"
#include "detect/open_alerts.h"
#include "detect/scope.h"

enum { LEARN_ROWS = 1 << 21 }; /* hours of hosts that are added up at once, about 110 octets each */

struct learn_counts {
	uint64_t records, conversations;
	uint64_t under_alert; /* records left out */
	uint64_t early; /* conversations in pieces, because too many were open */
	uint64_t back; /* times that the input went back in time */
	uint64_t strange; /* records without addresses or times */
	uint64_t uncounted; /* records without octets */
	uint64_t foreign; /* records of which neither end is ours */
	uint64_t lost; /* hours, that found no room */
};

struct learn;
/* All borrowed until the end; the baseline is empty, alerts may be NULL. */
struct learn *learn_new(struct baseline *, const struct scope *, const struct open_alerts *);
void learn_free(struct learn *); /* takes NULL */

/* Add the selected (NULL: all) records.  -1: err, they are sampled otherwise than those before. */
int learn_add(struct learn *, struct batch *, const uint64_t *sel, struct err *);

/* The end of the input: the baseline has everything, and is ready. */
void learn_finish(struct learn *);
struct learn_counts learn_counts(const struct learn *);

#endif
