/*
 * expire.h - how much a store of files may hold, as text: size=500G,age=90d,free=10%,files=10000.
 *
 * In base because two programs take it: flowexpire obeys the limits, flowrecv checks them before it
 * hands the text on.  The one surprising rule: sizes and ages need their unit and no limit may be 0, for
 * a text that is read otherwise than it was meant deletes files.
 */
#ifndef BASE_EXPIRE_H
#define BASE_EXPIRE_H

#include <stdint.h>

#include "base/err.h"

/* Zero-initialise to start; 0 is no limit. */
struct expire_limits {
	uint64_t octets; /* at most so many on the disk */
	uint64_t files; /* at most so many */
	int64_t age_ns; /* none older */
	double free_share; /* of the file system at least so much free: 0..1 exclusive, */
	uint64_t free_octets; /* or so many octets; only one of the two is set */
	unsigned given; /* private */
};

/*
 * Add the limits of a comma separated text.  Each may be given once, over all texts.  -1 with err
 * (EXIT_USAGE): the part of the text that is wrong, in quotes, and what is expected.
 */
int expire_parse(struct expire_limits *, const char *, struct err *);

#endif
