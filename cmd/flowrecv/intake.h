/*
 * intake.h - what a worker does with a message, however it came.
 */
#ifndef FLOWRECV_INTAKE_H
#define FLOWRECV_INTAKE_H

#include <stdatomic.h>

#include "allow.h"
#include "blocks.h"

struct intake {
	struct wire *wire;
	struct blocks *blocks;
	const struct allow *_Atomic *allow; /* the list to ask now */
};

/* Is the exporter listened to?  Sets msg->source. */
static inline bool
intake_allows(const struct intake *in, struct wire_msg *msg)
{
	return allow_find(
	    atomic_load_explicit(in->allow, memory_order_acquire), &msg->exporter, &msg->source);
}

static inline void
intake_decode(const struct intake *in, const struct wire_msg *msg)
{
	wire_decode(in->wire, msg, blocks_out(in->blocks));
}

#endif
