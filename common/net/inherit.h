/*
 * inherit.h - sockets that somebody else opened: a service manager's (sd_listen_fds(3)), a parent's.
 */
#ifndef NET_INHERIT_H
#define NET_INHERIT_H

#include "net/address.h"

struct inherited {
	/* Never TRANSPORT_TLS: whether TCP is to carry TLS the caller knows. */
	enum transport transport;
	struct endpoint local;
	int granted; /* of the receive buffer, UDP only */
};

/*
 * See what fd is and make it ready: non-blocking, closed on exec, for UDP with a receive buffer of
 * rcvbuf octets if the kernel allows.  It must be a bound UDP socket, or a TCP or SCTP (one-to-one)
 * socket that listens, of IPv4 or IPv6.  -1 with err: what it is instead; fd stays open.
 */
int inherit_socket(int fd, int rcvbuf, struct inherited *, struct err *);

#endif
