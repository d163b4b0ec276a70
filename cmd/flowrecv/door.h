/*
 * door.h - where messages come in: a UDP socket of a worker, or a listener for connections that all share.
 */
#ifndef FLOWRECV_DOOR_H
#define FLOWRECV_DOOR_H

#include "net/conn.h"
#include "wire/wire.h"

/* What an event of a worker's epoll set is about; the first member of what data.ptr points to. */
enum watched { WATCHED_WAKE, WATCHED_DATAGRAMS, WATCHED_LISTENER, WATCHED_CONNECTION };

struct door {
	enum watched watched;
	int fd; /* -1: another worker has the only one */
	struct wire_place at; /* ours; no address: all of them */
	bool handed; /* by a service manager, who keeps it: what we do not read is for the next */
	struct listener listener; /* of connections */
	struct door *next_shut; /* of those that are not watched for now (conns.c) */
	char name[ENDPOINT_TEXT_MAX + 8]; /* ADDRESS:PORT, of connections behind their transport */

	/* Counters; of one worker. */
	uint64_t datagrams; /* datagrams, or messages of connections */
	uint64_t octets;
	uint64_t denied; /* from exporters that are not listened to: datagrams, or connections */
	uint64_t truncated; /* datagrams */
	uint64_t dropped; /* by the kernel, as known last */
	uint64_t accepted, open; /* connections; now */
	uint64_t refused; /* there were too many */
	uint64_t evicted; /* gave way to others, as they had sent nothing */
	uint64_t expired; /* sent nothing for too long */
	/* Broken: by the peer, the network, or for what they sent.  Of datagrams: calls to receive that failed. */
	uint64_t failed;
};

static inline bool
door_is_stream(const struct door *d)
{
	return d->watched == WATCHED_LISTENER;
}

/* Add the counters of another worker's door of the same address. */
void door_add(struct door *, const struct door *);

#endif
