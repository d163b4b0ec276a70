/*
 * traffic.h - what flowexfil keeps of the records: octets of hosts by hour, and of hosts with destinations.
 *
 * Records are enough: which end sent the octets is in each of them.  Only who began has to be guessed of a record, by
 * its flags and ports, so that answers of a server of ours are no upload.
 */
#ifndef FLOWEXFIL_TRAFFIC_H
#define FLOWEXFIL_TRAFFIC_H

#include "detect/hourly.h"
#include "detect/sampled.h"

/* Bounds: octets of memory are 130 or so a row of either. */
enum { TRAFFIC_PAIRS = 1 << 20, TRAFFIC_ROWS = 1 << 20 };

/* What goes over a pair: an upload, or what should carry little. */
enum channel { CHANNEL_OUTSIDE, CHANNEL_DNS, CHANNEL_ICMP, CHANNELS };

struct pair_key {
	struct addr host, dst;
	uint32_t channel, zero;
};

/* What a record adds to a pair: a chunk of them is found at once. */
struct sent {
	struct pair_key key;
	uint32_t hash;
	uint16_t port; /* of the destination */
	const struct piece *piece;
	uint8_t proto;
	bool sender; /* our end sent the record */
	bool again; /* to the same pair as the one before it */
};
enum { SENT_CHUNK = 4 * CONVERSATIONS_CHUNK };

/* A host of ours and a destination, within one window.  Octets and packets are multiplied by the sampling. */
struct pair {
	struct pair_key key;
	int64_t window_ns, start_ns, end_ns; /* of the window; of the records in it */
	uint64_t out, in, packets, rpackets, flows;
	uint64_t largest; /* octets out of the largest record, whose port it is */
	uint64_t told; /* octets out when that was an alert; 0: it was none */
	uint32_t sampling;
	uint16_t port;
	uint8_t proto;
};

/* A destination inside that was asked on port 53: what it asks itself is no tunnel of its own. */
struct resolver {
	struct addr addr;
};

struct traffic {
	const struct scope *scope;
	int64_t window_ns;
	struct hourly hourly; /* octets multiplied by the sampling too */
	struct keyed pairs, resolvers;
	struct sampled sampled;
	uint32_t newest_hour;
	uint64_t least; /* pairs with less may be forgotten when there is no room */
	uint64_t records, strange, forgotten;
	uint64_t empty; /* records of which nothing says how many octets */

	/* A pair whose window is over, and hours that are (NULL: they wait), before they are forgotten. */
	void (*pair_over)(void *ctx, struct pair *);
	void (*hours_over)(void *ctx, uint32_t before_hour);
	void *ctx;
	struct pieces pieces;
	struct sent sent[SENT_CHUNK];
	size_t n_sent;
};

void traffic_init(struct traffic *, const struct scope *, int64_t window_ns, uint64_t least);
void traffic_free(struct traffic *);
void traffic_add(struct traffic *, struct batch *, const uint64_t *sel);

#endif
