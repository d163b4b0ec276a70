/*
 * section.h - one column of a block on its way out: private to stream/.
 *
 * encode.c writes blocks, section.c chooses an encoding for a column, dictionary.c is the encoding of
 * columns with few distinct values, parts.c writes the pieces of either.
 */
#ifndef STREAM_SECTION_H
#define STREAM_SECTION_H

#include "stream/format.h"
#include "stream/pack.h"
#include "stream/stream.h"

enum { DICT_SLOTS = 1 << 17, DICT_CHEAP = 256 };

struct encoder {
	enum block_profile profile;
	struct packer *packer; /* NULL: sections are not compressed */
	struct buf section, planes; /* one column's */
	uint64_t *values; /* one column's values as u64 */
	size_t values_cap;
	uint32_t *slots; /* dictionary: entry + 1 by hash */
	uint64_t seed;
	uint16_t *codes;
};

/* One column on its way: what its entry will say. */
struct entry {
	uint8_t encoding, scale, planes;
	uint16_t flags, reference;
	uint32_t unpacked, dict_n;
	uint64_t base;
};

/* The parts of a section, collected before its directory can be written. */
struct parts {
	unsigned n;
	uint32_t stored[MAX_PARTS], unpacked[MAX_PARTS];
	struct buf *out;
};

/* A part: compressed where that pays, 64-aligned. */
void part_add(struct encoder *, struct parts *, const void *, size_t n);

/* The octets of one cell. */
const void *cell_octets(const struct column *, size_t rec, size_t *len);

/* Parts with the values of records rec[0..n) (NULL: 0..n): lengths too where they vary. */
void put_values(
    struct encoder *, struct parts *, const struct column *, const uint32_t *rec, size_t n);

/* Encode as a dictionary of at most `most` entries.  false: there are more, nothing was written. */
bool encode_dict(
    struct encoder *, struct parts *, struct entry *, const struct column *, size_t n, size_t most);

/*
 * One column's section into e->section (empty: none), its facts into *en, its zone map into the column.
 * reference: the column whose values these are distances before, or NULL.
 */
void encode_section(struct encoder *, struct entry *en, struct column *,
    const struct column *reference, uint16_t reference_at, size_t n);

#endif
