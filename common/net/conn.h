/*
 * conn.h - connections that carry IPFIX: TCP, TLS over TCP, SCTP (RFC 7011 10.2, 10.4, 11).
 *
 * A collector's event loop owns the descriptors; with one epoll set it is
 *
 *	while ((status = conn_read(c, buffer, &m, &err)) == CONN_MESSAGE)
 *		... decode m ...
 *	if (status != CONN_WAIT)
 *		conn_close(c);			(and say why, if err.status != 0)
 *	else if (c->events != watched)
 *		epoll_ctl(set, EPOLL_CTL_MOD, c->fd, ... c->events ...);
 *
 * for every descriptor that is ready, level-triggered, and now and then
 *
 *	if (conn_deadline_ns(c, idle_ns) <= now)
 *		conn_close(c);
 *
 * What conn_read hands out until CONN_WAIT is bounded, so that one connection cannot starve others; what is
 * left wakes the set again.  A connection that waits holds no buffer unless a message has begun.  Nothing
 * here prints or raises SIGPIPE.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <sys/epoll.h>

#include "net/address.h"
#include "net/framing.h"
#include "net/inherit.h"
#include "net/tls.h"

enum { CONN_HANDSHAKE_S = 10 }; /* a TLS peer has so long to say who it is */

/* Fields are for reading. */
struct conn {
	int fd;
	enum transport transport;
	struct endpoint peer;
	uint32_t events; /* EPOLLIN, EPOLLOUT: what to wait for before the next call */
	bool ready; /* the handshake is done; without TLS always */
	bool refused; /* by an alert of the peer's: connecting again is of no use */
	bool ended; /* sending: the peer has closed its side, in order */
	int64_t opened_ns; /* monotonic */
	int64_t last_ns; /* monotonic: when a whole message came last, before the first opened_ns */
	uint64_t messages, octets; /* read */

	/* private */
	struct tls_session *tls;
	struct framing framing;
	struct conn_buffer *buffer; /* while it reads into it */
	uint64_t written;
	bool finished; /* we said that no more comes */
};

/* One message: version 10, of the Length it says. */
struct message {
	const uint8_t *data; /* borrowed: until the next call with the same buffer */
	size_t len;
	uint16_t stream; /* of an SCTP association: sequence numbers count in each; otherwise 0 */
	int64_t received_ns;
};

/*
 * Take over a connected socket, which becomes non-blocking: of TLS a server's side, or with a name a
 * client's.  Owns fd from here, also on failure: NULL with err.
 */
struct conn *conn_new(int fd, enum transport, struct tls *, const char *name, struct err *);

/* Room to read into, for one thread; a connection has it from conn_read's first call to CONN_WAIT. */
struct conn_buffer;
struct conn_buffer *conn_buffer_new(void);
void conn_buffer_free(struct conn_buffer *);

enum conn_status {
	CONN_MESSAGE, /* *m was filled: call again */
	CONN_WAIT, /* for c->events */
	CONN_CLOSED, /* by the peer, between two messages */
	CONN_FAILED, /* err; what was whole came first */
};

/*
 * The next message of a connection that is ready to be read, or go on with its handshake.  After the last
 * two statuses it must be closed.  With one buffer, one connection is read to its CONN_WAIT or closed
 * before another is.
 */
enum conn_status conn_read(struct conn *, struct conn_buffer *, struct message *, struct err *);

/*
 * Tell the peer that no more is wanted.  What is on its way can still be read, until CONN_CLOSED: a collector
 * that ends like this loses nothing (RFC 7011 10.4.4).
 */
void conn_dismiss(struct conn *);

/* When to give up: the handshake's end, or idle_ns (0: never) after the last whole message. */
int64_t conn_deadline_ns(const struct conn *, int64_t idle_ns);

/* Close and free; takes NULL.  A TLS peer is told if that needs no waiting. */
void conn_close(struct conn *);

/* Listening --------------------------------------------------------------------------------------- */

struct listener {
	int fd; /* ready to be read: somebody wants in */
	enum transport transport;
	struct tls *tls; /* borrowed */
	struct endpoint local;
};

/* Listen at an address of tcp, tls (with a server's tls) or sctp.  -1 with err. */
int listener_open(struct listener *, const struct address *, struct tls *, struct err *);

/* Listen with a socket that inherit_socket looked at; a TCP socket is to carry TLS if tls is not NULL. */
void listener_adopt(struct listener *, int fd, const struct inherited *, struct tls *);

/*
 * The next connection, NULL when none waits.  NULL with err: the system cannot (too many open files):
 * the listener stays ready, so close a connection or stop listening to it for a while.
 */
struct conn *listener_accept(const struct listener *, struct err *);

/* Refuse who comes from now on, in all threads and processes that have the socket. */
void listener_shut(struct listener *);
void listener_close(struct listener *);

/* Sending ----------------------------------------------------------------------------------------- */

/*
 * Connect to an address of tcp, tls (with a client's tls; name: what the certificate must be for, NULL
 * the address's host) or sctp within timeout_ns, handshake included.  NULL with err.
 */
struct conn *conn_open(
    const struct address *, struct tls *, const char *name, int64_t timeout_ns, struct err *);

/* Send one message, waiting as long as the peer does not read.  -1 with err: the connection broke. */
int conn_write(struct conn *, const void *, size_t, struct err *);

/*
 * Octets given to the kernel so far (TLS's own included), and how many of them the peer's kernel has not
 * acknowledged, also after the connection broke.  With SCTP both count messages, the latter those at
 * most, and -1 (unknown) after it broke.
 */
uint64_t conn_written(const struct conn *);
int64_t conn_in_flight(const struct conn *);

/*
 * Say that no more comes, and wait until the peer has closed its side too: then it has read all (with
 * SCTP, and if it had closed its side before: its kernel has all).  0; 1 not after timeout_ns, and may be
 * called again; -1 err.  Close it then.
 */
int conn_finish(struct conn *, int64_t timeout_ns, struct err *);

#endif
