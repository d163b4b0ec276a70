/*
 * carrier.h - messages to a collector over TCP, TLS or SCTP: as fast as it reads, none left out; what becomes of
 * them when a connection breaks.
 */
#ifndef FLOWSEND_CARRIER_H
#define FLOWSEND_CARRIER_H

#include "flight.h"
#include "net/conn.h"

struct carrier {
	const char *name; /* the destination as it was said, for messages */
	const struct address *to;
	struct tls *tls;
	const struct tls_opts *tls_opts; /* read again for each connection but the first */
	const char *peer_name;
	/* Attempts to connect after a connection broke, at most; each waits longer. */
	unsigned retries;
	int64_t retry_ns; /* between two attempts, at least */
	bool quiet;

	struct conn *conn;
	struct flight flight;
	int64_t attempted_ns;
	uint64_t sent, octets;
	unsigned breaks;
	uint64_t lost, lost_records; /* in flight when connections broke */
	bool unsure; /* a connection broke in a way that may have lost more */
};

/* The first connection: there is no second attempt.  -1 with err. */
int carrier_open(struct carrier *, struct err *);

/* What export_fn returns: EXPORT_AGAIN after a connection broke and there is another one. */
int carrier_send(struct carrier *, const void *, size_t, unsigned records, struct err *);

/* Say that no more comes and wait until the collector has read all.  -1 with err. */
int carrier_finish(struct carrier *, struct err *);
void carrier_free(struct carrier *);

#endif
