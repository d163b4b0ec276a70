/*
 * section.h - one column of a block on its way out: private to stream/.
 *
 * encode.c writes blocks, section.c chooses an encoding for a column, planes.c and dictionary.c are encodings,
 * of numbers and of columns with few distinct values, runs.c that of numbers which repeat, map.c that of columns which
 * follow from another one, parts.c writes the pieces of all.
 */
#ifndef STREAM_SECTION_H
#define STREAM_SECTION_H

#include "stream/format.h"
#include "stream/pack.h"
#include "stream/stream.h"

enum { DICT_CHEAP = 256, KEPT_MAX = 4 };

/* Hash table of a dictionary being built: a value of 4 octets, or part of a hash of others, and its entry + 1. */
struct dict_slot {
	uint32_t key, entry;
};

/* A column's distinct values: the record that has each first, and a code for every record. */
struct dict {
	size_t n;
	uint32_t *first;
	uint16_t *codes;
	size_t cap_first, cap_codes;
};

/* Dictionaries of a block's columns, which others may follow from. */
struct kept {
	struct dict dict;
	uint16_t column; /* in the block */
};

struct encoder {
	enum block_profile profile;
	struct packer *packer; /* NULL: sections are not compressed */
	struct buf planes; /* one column's */
	struct buf starts; /* of runs: a bit each */
	/* A column's values by entry of another one's dictionary (map.c), or of its runs. */
	uint64_t *values;
	size_t values_cap;
	struct dict_slot *slots; /* n_slots of them, room for cap_slots */
	size_t n_slots, cap_slots;
	size_t usual; /* entries of the last dictionary that could have many */
	struct radix_item *order; /* MAX_DICT twice, to sort and renumber entries */
	uint64_t seed;
	struct dict dict; /* one column's */
	struct kept kept[KEPT_MAX];
	unsigned n_kept;
};

/* One column on its way: what its entry will say. */
struct entry {
	uint8_t encoding, scale, planes;
	uint16_t flags, reference;
	uint16_t version; /* that a reader needs */
	uint32_t unpacked, dict_n;
	uint64_t base;
};

/* The parts of a section, collected before its directory can be written. */
struct parts {
	unsigned n;
	uint32_t stored[MAX_PARTS], unpacked[MAX_PARTS];
	uint16_t version; /* that a reader needs */
	struct buf *out;
	size_t begin; /* where the section begins in it */
};

/* A part: compressed where that pays, 64-aligned. */
void part_add(struct encoder *, struct parts *, const void *, size_t n);

/* A plane of n records: thin where that pays more. */
void part_add_plane(struct encoder *, struct parts *, const uint8_t *plane, size_t n);

/* Octet shift / 8 of what n numbers of 1 2 4 8 octets are above a base. */
void plane_of(uint8_t *to, const void *, unsigned width, uint64_t base, unsigned shift, size_t n);

/* Numbers as planes; a start as its distance before its end, the reference. */
void encode_planes(struct encoder *, struct parts *, struct entry *, const struct column *,
    const struct column *reference, size_t n);

/* How many planes its values will have at most, as its zone map says. */
unsigned planes_expected(const struct column *);

/* Numbers that no record misses as runs, their values as planes.  false: there are too many, nothing was written. */
bool encode_runs(struct encoder *, struct parts *, struct entry *, const struct column *, size_t n);

/* The octets of one cell. */
const void *cell_octets(const struct column *, size_t rec, size_t *len);

/* Parts with the values of records rec[0..n) (NULL: 0..n): lengths too where they vary. */
void put_values(
    struct encoder *, struct parts *, const struct column *, const uint32_t *rec, size_t n);

/* Encode as a dictionary of at most `most` entries, in e->dict.  false: there are more, nothing was written. */
bool encode_dict(
    struct encoder *, struct parts *, struct entry *, const struct column *, size_t n, size_t most);

/* Keep e->dict, of the block's column `at`, for columns that may follow from it. */
void dict_keep(struct encoder *, uint16_t at);

/*
 * Encode as what follows from a kept dictionary: each of its entries always has the same value here, as an
 * address has its autonomous system.  false: it does not, nothing was written.
 */
bool encode_map(struct encoder *, struct parts *, struct entry *, const struct column *, size_t n);

/* Zeros behind what begins at `begin`, up to a multiple of SECTION_ALIGN. */
void section_pad(struct buf *out, size_t begin);

/*
 * Append the section of the block's column `at` (nothing: it needs none), its facts into *en, its zone map into
 * the column.  reference: the column whose values these are distances before, or NULL.
 */
void encode_section(struct encoder *, struct entry *en, struct column *, uint16_t at,
    const struct column *reference, uint16_t reference_at, size_t n, struct buf *out);

/* Do other columns perhaps follow from it?  Then it is encoded before them. */
bool section_leads(const struct column *);

#endif
