/*
 * sequence.h - what an exporter's sequence numbers say about messages that did not arrive.
 *
 * Units are the protocol's own: flows (v5), export packets (v9, RFC 3954 5.1), data records sent before
 * the message (IPFIX, RFC 7011 3.1).  Comparison is serial arithmetic modulo 2^32.  The surprising rule:
 * a count can go down, when what was thought lost arrives late.
 */
#ifndef WIRE_SEQUENCE_H
#define WIRE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Messages that a late one may be behind, and gaps remembered for late ones to fill. */
enum { SEQUENCE_WINDOW = 128, SEQUENCE_GAPS = 32 };

struct sequence {
	bool known; /* next is valid */
	bool uncounted; /* the last message held up to `slack` records that nobody could count */
	bool suspect; /* a message far behind came; a second one in line with it is believed */
	uint32_t next, suspect_next;
	uint64_t slack;
	uint64_t messages;
	uint32_t
	    recent[SEQUENCE_WINDOW]; /* sequence numbers believed, by messages modulo the window */
	struct sequence_gap {
		uint32_t from, n;
		uint64_t born;
	} gap[SEQUENCE_GAPS];
	unsigned n_gaps;

	uint64_t lost; /* units */
	uint64_t reordered, duplicate, restarts; /* messages, messages, times */
	uint64_t incoherent; /* times that numbers followed no single counter */
	uint64_t records_unknown; /* units in sets that could not be decoded */
};

/*
 * A message numbered seq carried `units`, and beyond these at most `uncounted` that could not be
 * counted (sets without template); the next message will tell how many these were.
 */
void sequence_message(struct sequence *, uint32_t seq, uint64_t units, uint64_t uncounted);

/*
 * One exporter's messages over all its domains: some v9 exporters count these together, not by source
 * id as RFC 3954 5.1 says.  A number that follows the exporter's last message, of whatever domain, has
 * nothing missing before it.  Called ahead of sequence_message.
 */
struct sequence_exporter {
	bool known; /* next is valid */
	uint32_t next;
	unsigned together; /* times that only the common count fitted */
};
void sequence_common(struct sequence *, struct sequence_exporter *, uint32_t seq);

/* The transport session has ended: the next message sets the number, nothing is lost.  Counts stay. */
void sequence_end(struct sequence *);

/* The exporter began anew: the same, and counted. */
void sequence_restart(struct sequence *);

#endif
