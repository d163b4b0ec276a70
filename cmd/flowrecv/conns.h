/*
 * conns.h - a worker's connections: accepted, read, and closed in time.
 *
 * Memory and descriptors are bounded by a number of connections for all workers together.  When it is reached a
 * new connection takes the place of the oldest that has not sent a whole message yet, so whoever opens
 * connections and says nothing keeps no exporter out; without one it is refused.  Where only another worker has such a
 * one there is one more until that worker sweeps, and gives up one that has been silent for a second.
 */
#ifndef FLOWRECV_CONNS_H
#define FLOWRECV_CONNS_H

#include "door.h"
#include "intake.h"

struct conns_opts {
	struct intake intake;
	int epoll; /* the worker's set; data.ptr points to a struct watched thing */
	atomic_uint *open; /* connections of all workers */
	atomic_uint *silent; /* of these have sent no message yet */
	unsigned most; /* of them */
	int64_t idle_ns; /* close what sent no whole message for so long; 0: never */
	int64_t silent_ns; /* the same before the first one */
	bool quiet;
};

struct conns;
struct conns *conns_new(const struct conns_opts *);
void conns_free(struct conns *); /* closes what is open */

/* Somebody waits at the door. */
void conns_accept(struct conns *, struct door *);

/* An event of the set is about this connection. */
void conns_read(struct conns *, void *connection);

/* The same, but it is not to be read now: until it is, it is not closed for what it does not send. */
void conns_leave(void *connection);

/* Once a second or so, when due: close what is overdue. */
void conns_sweep(struct conns *, int64_t now_ns);
int64_t conns_due(const struct conns *, int64_t now_ns); /* -1: there are none */

/* Let in all who wait at the door, then nobody any more. */
void conns_shut(struct conns *, struct door *);

/* End our side of all and read on until the peers have ended theirs (RFC 7011 10.4.4), for a second at most. */
void conns_drain(struct conns *);

#endif
