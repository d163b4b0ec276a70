/*
 * cell.h - one value of any type in a fixed width: the form in which keys and aggregates meet.
 *
 * Numbers are widened to 64 bits, addresses to 16 octets, variable-length values are interned: a cell
 * belongs to its table's intern.  Two cells of one table are equal exactly when their octets are.
 */
#ifndef OPS_CELL_H
#define OPS_CELL_H

#include "base/buf.h"
#include "base/cursor.h"
#include "flow/batch.h"
#include "flow/zone.h"
#include "ops/group.h"
#include "ops/intern.h"

struct cell {
	uint64_t v, w; /* number | double's bits | address in network order | v: interned */
	uint64_t type; /* enum type; TYPE_NONE: missing */
};

/* Fixed-width numbers widened to 64 bits (floats: a double's bits, one NaN, no negative zero). */
uint64_t cell_word(const struct column *, size_t rec);

/* The same for records idx[0..n). */
void cell_words(const struct column *, const uint32_t *idx, size_t n, uint64_t *v);

/* A word of a numeric type rounded down to where its bin of a key begins, or to the least that 64 bits hold. */
uint64_t cell_floor(uint64_t v, const struct group_key *, enum type);

/* The value of a plain column, missing included. */
struct cell cell_at(const struct column *, size_t rec, struct intern *);

/* Total order: bytewise for octets, NaN last; numbers of different types as doubles, else by type. */
int cell_compare(
    const struct cell *, const struct intern *, const struct cell *, const struct intern *);

/* A number as a key whose unsigned order is that of its type (cell_word_key).  false: it is none.  And back. */
bool cell_to_key(const struct cell *, uint64_t *key);
struct cell cell_of_key(uint64_t key, enum type);

/* The same value in another table. */
struct cell cell_move(const struct cell *, const struct intern *from, struct intern *to);

/* Write into an open batch; a missing cell writes nothing. */
void cell_put(struct batch *, unsigned col, size_t rec, const struct cell *, const struct intern *);

/* As octets, self-contained: equal cells of different tables give equal octets. */
void cell_save(struct buf *, const struct cell *, const struct intern *);
struct cell cell_load(struct cursor *, struct intern *);

/* As a number; only of numeric types. */
double cell_double(const struct cell *);

static inline bool
cell_numeric(enum type t)
{
	return (t >= TYPE_UINT && t <= TYPE_FLOAT64) || t == TYPE_TIME || t == TYPE_DURATION;
}

static inline double
cell_bits_double(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, 8);
	return d;
}

static inline uint64_t
cell_double_bits(double d)
{
	uint64_t u;

	if (d != d)
		return UINT64_C(0x7ff8000000000000);
	d += 0.0; /* -0.0 and 0.0 are one value */
	memcpy(&u, &d, 8);
	return u;
}

static inline uint64_t
cell_word_key(uint64_t word, enum type t)
{
	if (type_is_float(t))
		return zone_key_double(cell_bits_double(word));
	return type_is_signed(t) ? zone_key_int((int64_t)word) : word;
}

#endif
