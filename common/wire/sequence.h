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
	/* Sequence numbers believed, by messages modulo the window. */
	uint32_t recent[SEQUENCE_WINDOW];
	struct sequence_gap {
		uint32_t from, n;
		/* Of the exporter's, in which other domains may have had these; or 0. */
		uint32_t run;
		uint64_t born;
	} gap[SEQUENCE_GAPS];
	unsigned n_gaps;

	uint64_t lost; /* units */
	uint64_t reordered, duplicate, restarts; /* messages, messages, times */
	uint64_t incoherent; /* times that numbers followed no single counter */
	uint64_t records_unknown; /* units in what could not be decoded */
};

/*
 * A message numbered seq carried `units`, and beyond these at most `uncounted` that could not be
 * counted (sets without template); the next message will tell how many these were.
 */
void sequence_message(struct sequence *, uint32_t seq, uint64_t units, uint64_t uncounted);

/*
 * One exporter's messages over all its domains: some v9 exporters count these together, not by source
 * id as RFC 3954 5.1 says.  That is believed when several messages in a row follow the exporter's last
 * one, of whatever domain, and not their domain's own; and it is no more when several follow their
 * domain's own only.  Until then what is missing of a domain's own count is lost, also where another
 * domain may have had it; what was counted so during a row that proved the common count is taken back.
 */
struct sequence_exporter {
	bool known; /* next is valid */
	bool common; /* the domains count together */
	uint32_t next; /* behind the last message; of a common count, behind the greatest number */
	unsigned contrary; /* messages in a row that only the other way of counting explains */
	uint32_t run; /* numbers such rows, from 1 */
	uint32_t found; /* came late, and are lost still with some domain */
};

/* A message numbered seq, of a protocol that counts messages (v9, sFlow). */
void sequence_datagram(struct sequence *, struct sequence_exporter *, uint32_t seq);

/* The transport session has ended: the next message sets the number, nothing is lost.  Counts stay. */
void sequence_end(struct sequence *);

/* The exporter began anew: the same, and counted. */
void sequence_restart(struct sequence *);

#endif
