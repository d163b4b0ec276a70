/*
 * tally.h - counts and sums in arrays indexed by codes (codes.h): what most aggregates are made of.
 *
 * They are held back from the table's rows until no coding covers all, the input ends or memory is short:
 * a record costs an addition for each value, and a row is looked up once for all records of its code.
 * Few codes have several counters each that records take in turn, so that additions to the same one do not
 * wait for each other.
 */
#ifndef OPS_TALLY_H
#define OPS_TALLY_H

#include "ops/codes.h"
#include "ops/values.h"

struct tally {
	struct coding coding; /* space 0: nothing is held */
	uint32_t have, summed; /* bits of values: that all records had, and that have an array */
	uint64_t records;
	uint64_t most; /* no sum is above, however its lanes are added up */
	uint32_t lanes;
	/* Records of each code; where no value is a count, 1 if it had any that the first sum does not tell of. */
	uint32_t *count;
	uint64_t *sum[GROUP_VALUES_MAX]; /* of those summed; of others the count is the value */
};

/* Can the values of a batch be held so: counts and plain sums that no record lacks, and that stay below 2^64? */
bool tally_suit(const struct values *, const struct values_bound *);

/* Would a batch of these values go on with what is held, once its coding is covered? */
bool tally_continue(const struct tally *, const struct values *, const struct values_bound *);

/* Hold the same by another coding, which covers the one so far. */
void tally_widen(struct tally *, const struct coding *);

/* Begin with a coding that is suited; octets are what that takes. */
void tally_begin(
    struct tally *, const struct coding *, const struct values *, const struct values_bound *);
size_t tally_octets(const struct coding *, const struct values *);

/* Add records idx[0..n) (NULL: first ..., and numbers may be in planes) of codes code[0..n). */
void tally_add(struct tally *, const struct values *, const struct values_bound *,
    const uint32_t *idx, size_t first, size_t n, const uint32_t *code);

/* Codes from *at on that records had, at most n of them; 0: no more. */
size_t tally_codes(const struct tally *, uint32_t *at, uint32_t *code, size_t n);

/* What is held of n <= TABLE_CHUNK codes for value i, which all records had. */
void tally_values(const struct tally *, unsigned i, const uint32_t *code, uint64_t *v, size_t n);

/* Add what is held of n <= TABLE_CHUNK codes to their rows' slots. */
void tally_give(const struct tally *, const struct values *, const uint32_t *code,
    uint64_t *const *slots, size_t n);

/*
 * Hold what another tally holds too, which then holds nothing.  false: they do not mean the same, or no coding covers
 * both in at most so many octets; nothing was done.
 */
bool tally_join(struct tally *, struct tally *from, size_t octets);

void tally_free(struct tally *); /* and hold nothing again */
size_t tally_memory(const struct tally *);

#endif
