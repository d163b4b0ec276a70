/*
 * sflow.h - the parts of the sFlow decoder (private to wire/sflow*.c).
 *
 * Facts: "sFlow Version 5" (P. Phaal, M. Lavine, July 2004, sflow.org).  Everything is XDR (RFC 4506): numbers
 * are 4 octets, opaque data is padded to 4.  Samples and the records in them carry their format and length,
 * so that what nobody here knows can be passed over.
 */
#ifndef WIRE_SFLOW_H
#define WIRE_SFLOW_H

#include "wire/row.h"

/* The datagram at hand. */
struct sflow {
	struct message *m;
	struct addr agent;
	bool has_agent, agent_v6;
	unsigned n_options, n_flows; /* constants: those of flows have times behind */

	/* Scratch of one sample. */
	struct row row;
	struct buf text;
};

/* A sample or a record of one: enterprise << 12 | format. */
struct sflow_part {
	uint32_t format;
	struct cursor body;
};

/* A counted list of records: one after another until none is left or a lie was counted. */
struct sflow_records {
	struct cursor *c;
	uint32_t left;
};
bool sflow_record(struct sflow *, struct sflow_records *, struct sflow_part *);

/* Where a sample was taken. */
struct sflow_source {
	uint32_t type, index;
};
struct sflow_source sflow_source(struct cursor *, bool expanded);

/* An address, by its type; false: none that is known, or damage. */
bool sflow_address(struct cursor *, struct addr *, bool *v6);

/* A number of the row, unless it is all ones: the agent does not know it.  --raw has it as sent. */
void sflow_number(struct row *, enum row_field, uint32_t);

void sflow_flow_sample(struct sflow *, struct cursor *, bool expanded);
void sflow_counter_sample(struct sflow *, struct cursor *, bool expanded);

static inline bool
sflow_raw(const struct sflow *s)
{
	return s->m->w->sessions.opts.raw;
}

#endif
