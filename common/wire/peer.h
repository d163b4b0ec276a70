/*
 * peer.h - an exporter over all its observation domains: what holds for every one of them.
 *
 * A peer is one (exporter address, port, way that messages come, version; of sFlow the agent's address, of
 * connections our address and port).  Exporters describe a sampler or an enterprise's elements in one domain and use
 * them in another, and some count the messages of all domains together.
 * Private to wire/.
 */
#ifndef WIRE_PEER_H
#define WIRE_PEER_H

#include "base/addr.h"
#include "wire/sampling.h"
#include "wire/sequence.h"
#include "wire/types.h"
#include "wire/wire.h"

struct peer {
	struct addr exporter, agent;
	struct wire_place to; /* of connections; else not known */
	uint16_t port, version;
	enum wire_stream stream;
	unsigned sessions; /* that belong to it: the last one takes it along */
	struct peer *next; /* same bucket */
	struct sequence_exporter common;
	struct sampling sampling;
	struct types types;
	size_t held_octets; /* data sets that wait for a template */
};

#endif
