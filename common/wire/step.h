/*
 * step.h - one step of a template over many records: from their octets to cells of one column.
 */
#ifndef WIRE_STEP_H
#define WIRE_STEP_H

#include "wire/decoder.h"

/* Records of a set: of fixed length, or with their fields located. */
struct rows {
	const uint8_t *base;
	size_t stride;
	const struct slice *slices;
	unsigned n_fields;
	size_t n;
};

/* A step over records [from, from + n) of rows to cells first... of a batch. */
struct task {
	struct message *m;
	const struct template *t;
	struct batch *b;
	const struct rows *rows;
	size_t from, n, first;
};

/* Write and mark the step's values in column col (found for it, at least as wide as the step says). */
void step_run(const struct task *, const struct step *, unsigned col);

/*
 * Does the IPv6 half of a pair make the logical address: alone set, and not one that reads as IPv4?
 * v4 is mapped.
 */
bool step_pair_is_v6(const struct addr *v4, const struct addr *v6);

#endif
