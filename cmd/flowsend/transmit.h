/*
 * transmit.h - messages to a collector over UDP, and what became of them.
 */
#ifndef FLOWSEND_TRANSMIT_H
#define FLOWSEND_TRANSMIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct transmit {
	int fd;
	uint64_t sent, octets;
	uint64_t refused; /* nobody listens there (ICMP): the message before was lost */
	uint64_t unreachable; /* no way there: not sent */
	int error; /* why, the last time */
	uint64_t waits; /* the kernel had no buffer for a moment */
	uint64_t no_buffer; /* nor later: not sent */
	uint64_t too_long; /* for a datagram: not sent */
};

/* Send one message.  Losses are counted; -1 with err when sending cannot go on. */
int transmit(struct transmit *, const void *data, size_t len, struct err *);

#endif
