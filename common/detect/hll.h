/*
 * hll.h - how many different ones, about, in little memory: HyperLogLog, sparse while they are few.
 *
 * Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm" (2007), with 1024
 * registers and linear counting below 2.5 times as many: 3.3 % of standard error, next to none for a handful.  While
 * fewer than half of the registers are in use a sketch is two octets for each.
 *
 * The rule that matters: a sketch is the maximum over what was added, so that adding in any order, twice, or merging
 * sketches in any grouping gives the same octets.
 */
#ifndef DETECT_HLL_H
#define DETECT_HLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"

enum { HLL_BITS = 10, HLL_REGISTERS = 1 << HLL_BITS, HLL_SPARSE = HLL_REGISTERS / 2 };

/* All zero is an empty one; hll_free to end. */
struct hll {
	void *at; /* sparse: uint16_t, register << 6 | rank, ascending; dense: uint8_t ranks */
	uint16_t n, cap; /* sparse: entries; dense: n is HLL_REGISTERS */
};

/* The hash has no seed: sketches of different runs are merged. */
uint64_t hll_hash(const struct addr *);

void hll_add(struct hll *, uint64_t hash);
void hll_merge(struct hll *, const struct hll *from);
double hll_count(const struct hll *);
void hll_free(struct hll *); /* and make it empty again */
size_t hll_memory(const struct hll *);

/* As octets: 1 and the entries, little endian, or 2 and the ranks; none for an empty one. */
void hll_put(struct buf *, const struct hll *);

/* The sketch of such octets, in place of what there was.  false: they are none, and the sketch is empty. */
bool hll_get(struct hll *, const void *, size_t n);

#endif
