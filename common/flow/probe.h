/*
 * probe.h - asking what records that have not been read may hold.
 *
 * An index knows a little of many records; an expression knows what it looks for.  Neither knows the other: the
 * index makes a probe, the expression asks it.  The surprising rule: true says nothing, only false is a promise.
 */
#ifndef FLOW_PROBE_H
#define FLOW_PROBE_H

#include "flow/field.h"

/* 128 bits of an address, as a number; or a zone key (flow/zone.h) in low. */
struct probe_key {
	uint64_t high, low;
};

struct probe {
	void *ctx;
	/*
	 * May the column of this identity hold a value from lo to hi, both included?  false: it is of that type
	 * wherever it is there at all, and no record has such a value.
	 */
	bool (*may)(void *ctx, const struct field_id *, enum type, struct probe_key lo,
	    struct probe_key hi);
};

#endif
