/*
 * claim.h - memory that a sender claims, counted: beyond the limit there is none.
 *
 * One counter stands for many tables; each returns what it took.  Private to wire/.
 */
#ifndef WIRE_CLAIM_H
#define WIRE_CLAIM_H

#include <stdbool.h>
#include <stddef.h>

struct claim {
	size_t *taken; /* octets, by all */
	size_t most; /* for who asks now */
};

/* false: nothing was taken. */
static inline bool
claim_take(const struct claim *c, size_t octets)
{
	if (octets > c->most || *c->taken > c->most - octets)
		return false;
	*c->taken += octets;
	return true;
}

/* A table of cap entries is full: how many the next one has; cap: there is no memory for more. */
static inline unsigned
claim_more(const struct claim *c, unsigned cap, unsigned first, size_t entry)
{
	unsigned more = cap ? 2 * cap : first;

	return claim_take(c, (more - cap) * entry) ? more : cap;
}

#endif
