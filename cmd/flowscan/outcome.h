/*
 * outcome.h - what a conversation says of a scan: did the try fail?
 */
#ifndef FLOWSCAN_OUTCOME_H
#define FLOWSCAN_OUTCOME_H

#include "ops/conversation.h"

enum outcome {
	NO_TRY, /* says nothing: multicast, ICMP but echo requests, other protocols */
	ANSWERED,
	ALONE, /* a TCP answer to what nobody asked */
	FAILED, /* from here on: a try in vain */
	REFUSED, /* reset */
	HALF_OPEN, /* answered, and reset by the client: nobody wanted the connection */
};

static inline bool
outcome_failed(enum outcome o)
{
	return o >= FAILED;
}

enum outcome outcome_of(const struct conversation *);

#endif
