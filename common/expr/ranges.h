/*
 * ranges.h - sets of values as ranges of keys.
 *
 * Every comparison of a number, time or address with literals is membership in a set of ranges: `=`
 * is one point, `<` a range from the bottom, `!=` a complement.  Keys are those of the zone map
 * (flow/zone.h): unsigned order is the order of values; addresses use all 128 bits.
 */
#ifndef EXPR_RANGES_H
#define EXPR_RANGES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "base/mem.h"

__extension__ typedef unsigned __int128 u128;

/* IPv4 addresses are mapped, RFC 4291 2.5.5.2. */
#define V4_FIRST ((u128)0xffff << 32)
#define V4_LAST (V4_FIRST | UINT32_MAX)

struct range {
	u128 lo, hi; /* both included */
};

/* In use: sorted, disjoint, not adjacent; while being added to, anything. */
struct ranges {
	struct range *r;
	size_t n, cap;
};

/* What is known about the records of a batch. */
enum verdict { NONE, SOME, ALL };

/* The key of an address, and those of a prefix of its 128-bit form. */
static inline u128
addr_key(const struct addr *a)
{
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	return (u128)be64toh(w[0]) << 64 | be64toh(w[1]);
}
struct range prefix_keys(const struct addr *, unsigned plen);

void ranges_add(struct ranges *, u128 lo, u128 hi); /* nothing when lo > hi */
void ranges_normalise(struct ranges *);
void ranges_complement(struct ranges *, u128 max); /* normalised before and after */
void ranges_free(struct ranges *);

/* Move the memory to an arena: no ranges_free after. */
void ranges_keep(struct ranges *, struct arena *);

/* Are values between lo and hi in the set? */
enum verdict ranges_zone(const struct ranges *, u128 lo, u128 hi);

#endif
