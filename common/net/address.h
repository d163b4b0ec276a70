/*
 * address.h - where to listen and where to send, as people write it and as the kernel takes it.
 *
 *	TRANSPORT:[HOST:]PORT	udp:2055  tcp:[::1]:4739  udp:239.0.0.1%eth0:2055  tls:collector.example:4740
 *
 * TRANSPORT is udp, tcp, tls or sctp; it may be left out before a digit or a bracket, and where nothing but udp
 * is taken, and is udp then.
 * HOST is an IPv4 address, an IPv6 address in brackets, or a name; behind an IPv6 or multicast address
 * %INTERFACE is its scope (RFC 4007 11).  The port is always said: IPFIX has 4739 and 4740, NetFlow none.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <sys/socket.h>

#include "base/addr.h"
#include "base/err.h"

enum transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_SCTP, TRANSPORTS };
const char *transport_name(enum transport);

enum { ADDRESS_HOST_MAX = 255, ADDRESS_SCOPE_MAX = 15 };

struct address {
	enum transport transport;
	char host[ADDRESS_HOST_MAX + 1]; /* without brackets and scope; empty: every address */
	char scope[ADDRESS_SCOPE_MAX + 1]; /* an interface, by name or number; empty: none */
	uint16_t port;
};

/* What an address is for: to listen no host is every address and port 0 one of the kernel's choice. */
enum address_use { ADDRESS_LISTEN, ADDRESS_SEND };

/*
 * Parse text, which must be of one of the transports (bits, 1 << TRANSPORT_UDP ...).  No name is looked
 * up.  -1 with err, wrong usage, which says what is expected.
 */
int address_parse(
    struct address *, const char *text, enum address_use, unsigned transports, struct err *);

/* One end of a transport: an address of a machine.  scope is an interface's number, 0 none. */
struct endpoint {
	/* Mapped: an IPv4 socket's; all zero or 0.0.0.0: every one of its family. */
	struct addr addr;
	uint16_t port;
	uint32_t scope;
};

/*
 * The endpoints of an address, best first, names looked up.  Every address is [::], which takes IPv4
 * too, then 0.0.0.0 for kernels without IPv6.  How many, at most ENDPOINTS_MAX; -1 with err.
 */
enum { ENDPOINTS_MAX = 16 };
int address_resolve(
    const struct address *, enum address_use, struct endpoint list[ENDPOINTS_MAX], struct err *);

/* A multicast group: 224.0.0.0/4 or ff00::/8. */
bool endpoint_is_group(const struct endpoint *);

/* To and from the kernel's form.  Returns its length. */
socklen_t endpoint_sockaddr(const struct endpoint *, struct sockaddr_storage *);
void endpoint_from(struct endpoint *, const struct sockaddr_storage *);

/* Where a socket of ours is bound, whom it is connected to.  -1 with errno. */
int endpoint_local(int fd, struct endpoint *);
int endpoint_peer(int fd, struct endpoint *);

/*
 * ADDRESS:PORT as text, IPv6 in brackets, a scope as the interface's name; returns how many octets, at
 * most ENDPOINT_TEXT_MAX, no NUL.
 */
enum { ENDPOINT_TEXT_MAX = 96 }; /* of text 79; digits are written in whole words */
size_t endpoint_fmt(char *dst, const struct endpoint *);

#endif
