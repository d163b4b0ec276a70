/*
 * format.h - the numbers of flowstream(5), shared by encoder and decoder.  Never change one.
 */
#ifndef STREAM_FORMAT_H
#define STREAM_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define STREAM_MAGIC \
	"\xf1" \
	"FLOW\r\n\x1a"

enum {
	STREAM_VERSION = 4, /* the newest; a block says the oldest that it can be read with: */
	VERSION_FIRST = 1,
	VERSION_RUNS = 2, /* if a column is RUNS */
	VERSION_THIN = 3, /* if a plane is thin (thin.h), or a dictionary is in planes */
	VERSION_SELECTED = 4, /* if it is BLOCK_SELECTED */
	HEADER_LEN = 64,
	ENTRY_LEN = 64,
	SECTION_ALIGN = 64,
	PART_LEN = 8, /* u32 stored, u32 unpacked */

	/* Bounds that a reader checks before it believes a header. */
	MAX_HEADER = 4 << 20,
	MAX_BLOCK = 64 << 20,
	MAX_UNPACKED = 256 << 20, /* its sections; and its values */
	MAX_PARTS = 16,
	MAX_DICT = 1 << 16,
};

/* Offsets within the block header. */
enum {
	H_MAGIC = 0,
	H_HEADER_LEN = 8,
	H_BLOCK_LEN = 12,
	H_RECORDS = 16,
	H_COLUMNS = 20,
	H_FLAGS = 22,
	H_VERSION = 24,
	H_SORT = 26,
	H_SELECTION = 28, /* of a BLOCK_SELECTED: u32 offset of its selection */
	H_MIN_START = 32,
	H_MAX_END = 40,
	H_INDEX = 40, /* of an end mark: octets back to the segment's last index block; 0 none */
	H_SEQUENCE = 48,
	H_HASH = 56,
};

/* Flags of a block.  A reader refuses what it does not know unless it is skippable, as history and index are. */
enum {
	BLOCK_END = 1 << 0, /* end mark: H_SEQUENCE all records, H_MIN_START all blocks */
	BLOCK_OPTIONS = 1 << 1, /* options records */
	BLOCK_SKIPPABLE = 1 << 2, /* a reader that does not know it may skip it */
	BLOCK_HISTORY = 1 << 3, /* provenance lines in the name area; no records */
	BLOCK_INDEX = 1 << 4, /* what blocks before it hold (index.h); no records */
	BLOCK_SELECTED = 1 << 5, /* of its records only those of a selection count */
	BLOCK_KNOWN = BLOCK_END | BLOCK_OPTIONS | BLOCK_SELECTED,
};
enum { SORT_DESCENDING = 1 << 15 };

/* Offsets within a selection, which is the last of a block's sections. */
enum {
	S_HASH = 0, /* u64 XXH3 of all that follows, to the end of the block */
	S_RECORDS = 8, /* u32: how many count */
	S_BITS = 16, /* a bit for each of the block's records, whole words of 64 */
};

/* Offsets within a column entry. */
enum {
	E_ENTERPRISE = 0,
	E_ELEMENT = 4,
	E_INSTANCE = 6,
	E_TYPE = 7,
	E_WIDTH = 8,
	E_ENCODING = 9,
	E_SCALE = 10,
	E_PLANES = 11,
	E_FLAGS = 12,
	E_REFERENCE = 14,
	E_OFFSET = 16,
	E_LENGTH = 20,
	E_UNPACKED = 24,
	E_NAME = 28,
	E_BASE = 32,
	E_MIN = 40,
	E_MAX = 48,
	E_HASH = 56,
};

enum {
	ENTRY_PRESENCE = 1 << 0,
	ENTRY_SORTED_DICT = 1 << 1,
	ENTRY_SCOPE = 1 << 2,
	ENTRY_ZONE = 1 << 3,
	ENTRY_TRUNCATED = 1 << 4,
	ENTRY_XXH3 = 1 << 5, /* which hash the section has: XXH3; else XXH64 */
	ENTRY_KNOWN = 63,
};
enum { NO_REFERENCE = 0xffff };

enum encoding {
	ENC_CONST = 1, /* base is every value; width <= 8 */
	ENC_PLAIN = 2, /* values of width octets */
	ENC_PLANES = 3, /* base + 10^scale * sum(plane[k] << 8k), or reference minus that */
	ENC_BYTES = 4, /* u32 lengths, octets */
	ENC_DICT = 5, /* values (or u32 lengths, octets), code plane 0 [, code plane 1] */
	ENC_MAP =
	    6, /* values (or u32 lengths, octets) by the code of the reference, which is DICT */
	ENC_RUNS = 7, /* a bit where a value begins, planes of those values; version 2 */
};

/* What n values of a width count towards MAX_UNPACKED; those of variable width (0) beside their own octets. */
static inline uint64_t
values_octets(uint64_t n, unsigned width)
{
	return n * (width ? width : 4);
}

/* Octets of the selection of n records. */
static inline size_t
selection_len(size_t n)
{
	return (S_BITS + (n + 63) / 64 * 8 + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
}

/* A field of n octets: memory is little-endian too. */
static inline void
store_le(void *at, uint64_t v, size_t n)
{
	memcpy(at, &v, n);
}

#endif
