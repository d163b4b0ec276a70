/*
 * codes.h - the keys of a record as one small number, where few combinations of values are possible.
 *
 * A key that is a number within a small range (as its zone map says), a bin of time, or coded by a
 * dictionary is a digit: 0 where it is missing, else 1 + how far it lies from the least, or where it
 * stands in a list of the values of one octet that there are: protocols are few, but 6, 58 and 112.
 * The digits make one code below `space`, so that an array takes the place of a hash table: one
 * mechanism for protocols, ports, time bins, dictionaries and combinations of them.  Surprising rule: a
 * coding of numbers goes on to hold for the batches behind, as long as they lie within it; one with a
 * dictionary is of its batch only.
 */
#ifndef OPS_CODES_H
#define OPS_CODES_H

#include "ops/group.h"

enum { LISTED_MAX = 16 };

struct digit {
	bool dict; /* code of the batch's dictionary */
	uint8_t n_listed,
	    listed[LISTED_MAX]; /* the values themselves, in no order: far apart, but few */
	uint8_t type; /* of the values; TYPE_NONE: always missing */
	uint64_t base; /* the least value, a multiple of bin */
	uint64_t bin; /* 1: not binned */
	uint32_t n; /* values, and one for missing */
	uint32_t stride;
};

struct coding {
	struct digit digit[GROUP_KEYS_MAX];
	unsigned n;
	uint32_t space; /* codes; 0: there is no coding */
	bool local; /* of one batch */
};

/*
 * A coding for the keys that stand in columns col[] (-1 none) of a batch of which n records are wanted;
 * false: too many combinations are possible for an array to pay.  Dictionaries and numbers of one octet
 * are unpacked, others are not.  before: the coding of earlier batches, whose lists go on; lists are made
 * where ranges would take much space.
 */
bool codes_plan(struct coding *, const struct group_spec *, struct batch *, const int *col,
    size_t n, const struct coding *before);

/* Does a coding hold for what another was planned for? */
bool codes_cover(const struct coding *, const struct coding *want);

/* Do two codings give every key the same code?  Not those of one batch. */
bool codes_same(const struct coding *, const struct coding *);

/* Widen a plan by what an earlier coding covers.  false: it cannot, or would become too large; nothing was done. */
bool codes_widen(struct coding *want, const struct coding *before);

/* What n <= TABLE_CHUNK codes are in another coding that covers theirs. */
void codes_move(const struct coding *from, const struct coding *to, const uint32_t *code, size_t n,
    uint32_t *moved);

/*
 * The codes of records idx[0..n) (NULL: first ...).  col: the keys' columns, dictionary or plain as the
 * digits say, NULL none.  false: a value lies outside what was promised, and nothing may be done with them.
 */
bool codes_of(const struct coding *, const struct column *const *col, const uint32_t *idx,
    size_t first, size_t n, uint32_t *code);

/* A key's digits of n codes. */
void codes_digits(
    const struct coding *, unsigned key, const uint32_t *code, size_t n, uint32_t *digit);

/* The number that a digit above 0 stands for, where it is none of a dictionary. */
static inline uint64_t
codes_value(const struct digit *d, uint32_t digit)
{
	return d->n_listed > 0 ? d->listed[digit - 1] : d->base + (digit - 1) * d->bin;
}

#endif
