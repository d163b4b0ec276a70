/*
 * flight.h - messages that were given to the kernel and that the collector's kernel has not acknowledged:
 * what is lost when a connection breaks.
 */
#ifndef FLOWSEND_FLIGHT_H
#define FLOWSEND_FLIGHT_H

#include <stddef.h>
#include <stdint.h>

/* Zero-initialise to start. */
struct flight {
	struct flown {
		uint64_t end; /* of the stream, behind this message */
		unsigned records;
	} * list;
	size_t first, n, cap; /* in flight are list[first .. n) */
};
void flight_free(struct flight *);

void flight_add(struct flight *, uint64_t end, unsigned records);

/* All of the stream before `end` has arrived. */
void flight_land(struct flight *, uint64_t end);

/* How many messages and records are in flight. */
size_t flight_count(const struct flight *, uint64_t *records);

#endif
