/*
 * planes.h - numbers as files hold them: their lowest octets one after another, then the next, each a plane.
 *
 * Number i is base + unit * S(i), modulo its width, with S(i) = sum(plane[k][i] << 8k); or another one, number i of
 * `from`, less that.  Who only compares numbers with bounds need not put them together: the high planes decide most.
 */
#ifndef FLOW_PLANES_H
#define FLOW_PLANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLANES_MAX = 8 };

struct planes {
	unsigned n; /* 0: every number is the base */
	const uint8_t *plane[PLANES_MAX];
	uint64_t base, unit;
	const struct planes *from; /* of 8 octets each, itself without one; NULL: none */
};

/* Numbers [first, first + n) at a width of 1, 2, 4 or 8 octets. */
void planes_join(void *to, unsigned width, const struct planes *, size_t first, size_t n);

/* The numbers of records idx[0..n). */
void planes_pick(void *to, unsigned width, const struct planes *, const uint32_t *idx, size_t n);

/* Are they a base below 2^32 and less than that more? */
static inline bool
planes_narrow(const struct planes *p)
{
	return p->n <= 4 && p->unit == 1 && p->from == NULL && p->base <= UINT32_MAX;
}

/* Is no sum of the first n above `most`?  Of one or two planes. */
bool planes_within(const struct planes *, size_t n, uint32_t most);

#endif
