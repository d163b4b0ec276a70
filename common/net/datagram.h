/*
 * datagram.h - one export message as it arrived, from a socket or a capture.
 */
#ifndef NET_DATAGRAM_H
#define NET_DATAGRAM_H

#include "base/addr.h"

struct datagram {
	const uint8_t *data; /* borrowed: until the next call of the source */
	size_t len;
	struct addr from, to; /* to: zero from sockets, which are not asked for it */
	uint16_t from_port, to_port;
	int64_t received_ns;
	bool truncated; /* the source had more octets than it gave */
};

#endif
