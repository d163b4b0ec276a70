/*
 * values.h - the aggregates of a group as 64-bit slots of its row.
 *
 * In front of the slots (slots_have) bits say which values there are (a sum of none is missing): value i
 * bit i, its reverse bit 16 + i.  A value's type is learnt from the first batch and raised when another
 * needs it, all rows at once.  Sampling intervals are kept by row only once there are several.
 */
#ifndef OPS_VALUES_H
#define OPS_VALUES_H

#include "base/sum.h"
#include "ops/distinct.h"
#include "ops/group.h"
#include "ops/table.h"

/* Slots of a value, from its offset. */
enum {
	CELL_SLOTS = 3, /* struct cell */
	MEAN_SLOTS = 3, /* sum (128 bits, or a double's bits), count */
	FIRST_SLOTS = 4, /* time, cell */
	/* Behind the values with biflow: who sent first, by direction. */
	BIFLOW_VOTES =
	    0, /* BIFLOW_BITS a direction: its records' votes (ops/conversation.h), that it has any */
	BIFLOW_BITS = 4,
	BIFLOW_START = 1, /* and the least start of each direction */
	BIFLOW_SLOTS = 3,
};
enum { SAMPLING_MIXED = 0x7fffffff, REVERSE_BIT = 16 };
/* Bits by number of group_doubts' texts. */
enum { DOUBT_SAMPLING = 1 << 0, DOUBT_FULL = 1 << 1, DOUBT_UNKNOWN = 1 << 2 };

struct value_state {
	uint16_t off, reverse; /* slots; reverse 0: none */
	uint8_t type; /* enum type of what is held; TYPE_NONE until something was seen */
	uint8_t width, scale;
	bool mixed; /* cells of several types */
	struct distinct set;
	/* PERCENTILE: the value whose set has the field's values: the first of that field. */
	uint8_t home;
};

struct values {
	const struct group_spec *spec;
	struct value_state v[GROUP_VALUES_MAX];
	unsigned n, n_slots;
	unsigned biflow; /* slot of BIFLOW_*, with -b */
	uint32_t sampling; /* of all records so far; 0 none, SAMPLING_MIXED: kept of each row */
	uint32_t *interval; /* by row then */
	size_t interval_cap;
	unsigned doubts; /* DOUBT_*: of groups that were handed out, DOUBT_UNKNOWN of records */
};

/* The columns of one batch. */
struct value_source {
	const struct column *col, *reverse;
	bool is_some; /* each of them is above 0 and below 2^33 */
	/* Of numbers to sum, which are not unpacked yet; NULL: they are. */
	const struct planes *planes;
	bool scaled;
};
struct values_bound {
	struct value_source source[GROUP_VALUES_MAX];
	const struct column *start, *end, *flags, *sampling;
	uint32_t have; /* bits of values that every record of the batch has */
	uint64_t most; /* no sum of these records' numbers is above */
	bool scales; /* counters of theirs are multiplied */
	bool is_biflow; /* records carry reverse counters: their direction is known */
};

/* A chunk of records and their rows. */
struct values_chunk {
	const uint32_t *idx, *row;
	uint64_t *slots[TABLE_CHUNK];
	/* Biflow: 1 where the record goes from the key's second side to its first. */
	const uint8_t *dir;
	size_t n;
};

void values_init(struct values *, const struct group_spec *);
void values_free(struct values *);

/* Does sampling multiply this?  Counters of packets and octets, not flows. */
bool values_is_counter(const struct group_value *);

/* Find the columns of a batch, raising types: the rows so far are converted. */
void values_bind(struct values *, struct values_bound *, struct table *, struct batch *);

/* Unpack what is still planes. */
void values_unpack(struct values_bound *, struct batch *);

/* Are a batch's sampling interval and its types of sums those of all before, as far as can be told without looking? */
bool values_steady(const struct values *, struct batch *);

/* Add sums or counts to value i of n rows. */
void values_add(
    const struct values *, unsigned i, uint64_t *const *slots, const uint64_t *v, size_t n);

/* Add the records of a chunk to their rows. */
void values_update(
    struct values *, const struct values_bound *, const struct values_chunk *, struct intern *);

/* merge.c: let value i hold this type too. */
void values_raise(struct values *, unsigned i, struct table *, enum type);

/* Let each row keep its own sampling interval from now on.  All rows there are have had records. */
void values_split_sampling(struct values *, struct table *);

/* Rows of this interval (0 unknown, SAMPLING_MIXED) are about to be merged: before any row is made for them. */
void values_meet_sampling(struct values *, struct table *, uint32_t sampling);

/* Add the row of another table, or one loaded, whose interval was met: types are what its slots hold. */
struct row_source {
	const uint64_t *slots;
	uint8_t type[GROUP_VALUES_MAX];
	const struct intern *intern;
	uint32_t sampling, have;
};
void values_merge(
    struct values *, struct table *, struct intern *, uint32_t row, const struct row_source *);

/* Add a member of a set of another table, or one loaded, to that of a row. */
void values_member(struct values *, unsigned i, struct table *, struct intern *, uint32_t row,
    const struct cell *, uint64_t count);

/* The same of n <= TABLE_CHUNK numbers of one type; counts: NULL once each. */
void values_members(struct values *, unsigned i, struct table *, const uint32_t *rows,
    const uint64_t *v, const uint64_t *counts, enum type, size_t n);

/* A row as octets, without its key and sets, and back: slots has values->n_slots. */
void values_save(
    const struct values *, const struct table *, uint32_t row, const struct intern *, struct buf *);
void values_load(
    const struct values *, struct cursor *, struct intern *, uint64_t *slots, struct row_source *);

/* The sampling interval of a row: 0 unknown, SAMPLING_MIXED. */
uint32_t values_sampling(const struct values *, uint32_t row);

/* The same to be written, where they are kept of each row. */
uint32_t *values_interval(struct values *, uint32_t row);

/* As a sum that is held as that type. */
uint64_t sum_word(uint64_t v, enum type from, enum type held);
uint64_t sum_words(uint64_t a, uint64_t b, enum type held);

static inline bool
values_is_cell(enum group_fn fn)
{
	return fn == FN_MIN || fn == FN_MAX || fn == FN_FIRST || fn == FN_LAST ||
	       fn == FN_PERCENTILE;
}

/*
 * Is nothing seen 0, not missing?  A record that does not say how many flows it is counts as one, so that a
 * conversation of which only the answers were seen has to say that it is none.
 */
static inline bool
values_is_count(enum group_fn fn)
{
	return fn == FN_FLOWS || fn == FN_RECORDS || fn == FN_DISTINCT;
}

/* Has it a set of its own? */
static inline bool
values_has_set(const struct values *vs, unsigned i)
{
	enum group_fn fn = vs->spec->values[i].fn;

	return fn == FN_DISTINCT || (fn == FN_PERCENTILE && vs->v[i].home == i);
}

/* Where the cell of such a value stands behind its offset. */
static inline unsigned
values_cell_at(enum group_fn fn)
{
	return fn == FN_FIRST || fn == FN_LAST ? 1 : 0;
}

static inline bool
values_directed(enum group_fn fn)
{
	return fn == FN_FLOWS || fn == FN_SUM;
}

#endif
