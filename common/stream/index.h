/*
 * index.h - what the blocks of a file hold, in little room: private to stream/.
 *
 * An index block says of some blocks before it in its segment where they stand, when their flows were, and, in Bloom
 * filters, which addresses, networks and ports are among them: of each block, and of all together.  It counts
 * in octets back from itself, so it stays true when streams are joined, and it covers at most a fiftieth of
 * what it speaks of: what does not fit is left out, which is never wrong.
 *
 * index_keys.c makes keys of values, index_note.c what is to be said of one block, index_write.c index blocks of that,
 * index_read.c finds index blocks from the end of a file and asks them.
 */
#ifndef STREAM_INDEX_H
#define STREAM_INDEX_H

#include "base/hash.h"
#include "flow/probe.h"
#include "stream/block.h"

enum {
	INDEX_VERSION = 3,
	INDEX_SHARE = 50, /* an index is at most this part of the octets it speaks of */
	INDEX_BLOCKS = 128, /* blocks that an index block speaks of, at most */
	INDEX_HEAD = 64,
	INDEX_ENTRY = 72,
	INDEX_LINE = 64, /* octets: a filter is lines; all bits of a key are in one */
	INDEX_PROBES = 8,
	INDEX_FILTER_MAX = 3 << 20,
	INDEX_PORTS = 32768, /* ports from here on are anybody's: no keys */
};

/*
 * Offsets within the index block, behind the header; both are what the block's seal covers, so that damage in the rest
 * is no damage of the stream.  Entries and the filter of all follow, then the filters of blocks.
 */
enum {
	X_VERSION = 0,
	X_BLOCKS = 4, /* u32 */
	X_SEGMENT = 8, /* u64: octets back to the segment's first */
	X_PREVIOUS = 16, /* u64: octets back to the index block before; 0 none */
	X_COMMON = 24, /* u64 XXH3 of the filter of all */
	X_LINES = 32, /* the filter of all blocks: u32 lines, u8 probes, u8 levels */
	X_PROBES = 36,
	X_LEVELS = 37,
	X_ENTRIES = 40, /* u64 XXH3 of the entries */
};

/* Offsets within the entry of a block. */
enum {
	XE_BACK = 0, /* u64: octets from the block to the index block */
	XE_LENGTH = 8,
	XE_RECORDS = 12,
	XE_SEAL = 16, /* u64: the block's own hash */
	XE_ZONES = 24, /* of start and end: zone keys u64 least, greatest */
	XE_LINES = 56,
	XE_PROBES = 60,
	XE_LEVELS = 61,
	XE_FLAGS = 62,
	XE_HASH = 64, /* u64 XXH3 of its filter, 0: it has none */
};
enum {
	XE_OPTIONS = 1 << 0,
	XE_START = 1 << 1, /* the zone of start is valid; least above greatest: no record has one */
	XE_END = 1 << 2,
};

/* How much of an address is in a key. */
enum index_level {
	LEVEL_WHOLE,
	LEVEL_MIDDLE, /* IPv4 /24, IPv6 /64 */
	LEVEL_SHORT, /* IPv4 /16, IPv6 /48 and /32 */
	LEVEL_PORT,
	LEVELS,
};

/* Zones that an index keeps. */
enum { ZONE_START, ZONE_END, ZONES };

struct index_zone {
	bool valid;
	uint64_t min, max;
};

/* Bit L of levels: every key of that level is in the filter.  No lines: there is no filter. */
struct index_filter {
	const uint8_t *line;
	uint32_t lines;
	uint8_t probes, levels;
};

/* Keys -------------------------------------------------------------------------------------------- */

/*
 * What is a key: columns that mean the same share one kind (source and destination: the ends of a flow).
 * INDEX_NONE: the index knows nothing of the column.
 */
enum index_kind {
	INDEX_ENDS,
	INDEX_NEXT_HOP,
	INDEX_BGP_NEXT_HOP,
	INDEX_NAT,
	INDEX_EXPORTER,
	INDEX_PORT,
	INDEX_NONE,
};
enum index_kind index_kind_of(const struct field_id *);

/* Which zone is the column's; ZONES: none. */
unsigned index_zone_of(const struct field_id *);

/* The first `bits` of an address (128: all) of that kind, or a port (bits 0). */
static inline uint64_t
index_key(enum index_kind kind, unsigned bits, enum index_level level, struct probe_key v)
{
	uint64_t h = hash_u64(hash_u64((uint64_t)kind << 8 | bits, v.high), v.low);

	h = (h & ~UINT64_C(3)) | level;
	return h < LEVELS ? h + 64 : h;
}

/* A value with all but its first bits zero. */
static inline struct probe_key
index_mask(struct probe_key v, unsigned bits)
{
	if (bits <= 64)
		return (
		    struct probe_key){ bits == 0 ? 0 : v.high & ~UINT64_C(0) << (64 - bits), 0 };
	return (struct probe_key){ v.high, v.low & ~UINT64_C(0) << (128 - bits) };
}

/* What one block holds: keys, each once where its columns are dictionaries, and in the order of addresses. */
struct index_keys {
	uint64_t *key;
	size_t n, cap;
	size_t count[LEVELS];
	/* A column is not of the type it should be: there is nothing to be said of the block. */
	bool odd;
	struct index_zone zone[ZONES];

	/* Addresses of one kind on their way. */
	uint32_t *v4, *spare;
	size_t n_v4, cap_v4;
	struct probe_key *v6;
	struct radix_item *order; /* of v6, twice */
	size_t n_v6, cap_v6;
	uint8_t seen[1 << 16]; /* ports */
};

/* The keys of a block of flows.  Damage sticks in the batch. */
void index_keys_of(struct index_keys *, struct stream_slot *);
void index_keys_free(struct index_keys *);

/* Filters ----------------------------------------------------------------------------------------- */

/* Bit of probe i within a line: as Parquet's split block Bloom filters choose theirs (BloomFilter.md, 2018). */
static inline unsigned
index_bit(uint64_t key, unsigned i)
{
	static const uint32_t salt[INDEX_PROBES] = { 0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
		0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31 };

	return (uint32_t)key * salt[i] >> 23;
}

static inline size_t
index_line(uint64_t key, uint32_t lines)
{
	return (size_t)((key >> 32) * lines >> 32) * INDEX_LINE;
}

/* false: all of its bits were set. */
static inline bool
index_set(uint8_t *lines, uint32_t n, unsigned probes, uint64_t key)
{
	uint64_t *word = (uint64_t *)(void *)(lines + index_line(key, n)), fresh = 0;

	for (unsigned i = 0; i < probes; i++) {
		unsigned bit = index_bit(key, i);

		fresh |= ~word[bit / 64] & UINT64_C(1) << bit % 64;
		word[bit / 64] |= UINT64_C(1) << bit % 64;
	}
	return fresh != 0;
}

static inline bool
index_has(const struct index_filter *f, uint64_t key)
{
	const uint8_t *line = f->line + index_line(key, f->lines);

	for (unsigned i = 0; i < f->probes; i++) {
		unsigned bit = index_bit(key, i);

		if (!(line[bit / 8] >> (bit % 8) & 1))
			return false;
	}
	return true;
}

/* Notes ------------------------------------------------------------------------------------------- */

enum {
	INDEX_PROBES_USED = 4
}; /* near the best from 3 to 10 bits a key: folding changes those afterwards */

/* What an index says of a block of flows, but for what its header says.  Borrowed from who made it. */
struct index_note {
	bool odd; /* as index_keys has it: there are no keys and no filter */
	bool damaged; /* it could not be decoded: there is nothing */
	struct index_zone zone[ZONES];
	struct index_filter filter; /* of the block */
	const uint64_t *key; /* n of them, count[] of each level */
	size_t n, count[LEVELS];
};

/* Of a block as read; until the next.  Blocks of options have none. */
void note_slot(struct stream_noter *, struct stream_slot *, struct index_note *);

/* Of a block in memory, sealed or not.  false: it is no block of flows. */
bool note_octets(struct stream_noter *, uint8_t *block, struct index_note *);

/* The note that stands at *at of notes, which moves on. */
void note_next(const struct buf *notes, size_t *at, struct index_note *);

/* The slot is of a block in memory, lent until the next call (NULL: of none any more).  -1: err. */
int index_lend(struct stream_slot *, uint8_t *block, struct err *);

/* Append the filter of a block of so many octets that has these keys. */
struct index_filter index_put_filter(
    const struct index_note *, size_t octets, bool of_all, struct buf *out);

/* Writing ----------------------------------------------------------------------------------------- */

struct index_writer;
struct index_writer *index_new(void);
void index_free(struct index_writer *);

/*
 * A sealed block of records whose first octet is the segment's at-th, and its note if it is of flows.  Not while the
 * index is full.
 */
void index_add(
    struct index_writer *, const uint8_t *header, const struct index_note *, uint64_t at);

/* Time for an index block (index_put)? */
bool index_is_full(const struct index_writer *);

/*
 * Append the index block of what was added since the last one, which is to be the segment's at-th octet; without its
 * sequence and seal.  Nothing where it would not pay.
 */
void index_put(struct index_writer *, uint64_t at, struct buf *out);

/* The segment's octet where its last index block is, UINT64_MAX none. */
uint64_t index_last(const struct index_writer *);

/* Reading ----------------------------------------------------------------------------------------- */

struct index_entry {
	uint64_t at, seal; /* in the file */
	uint32_t length, records;
	bool options;
	struct index_zone zone[ZONES];
	struct index_filter filter;
	uint64_t filter_at; /* octets from where the filters of blocks begin */
	uint64_t filter_hash;
};

/* Filters as read: in memory that those of the next take too. */
struct index_part {
	uint8_t *line;
	size_t room; /* octets */
};

/* An index block as read. */
struct index_block {
	uint64_t at, length, segment, previous; /* in the file; previous UINT64_MAX: none */
	uint32_t n;
	struct index_entry entry[INDEX_BLOCKS];
	struct index_zone zone[ZONES];
	struct index_filter filter; /* of all */
	uint64_t common_hash;
	size_t filters_len;
	struct index_part common, filters; /* of all; of some blocks */
};

/* Read the filter of all of an index block, or those of n blocks, in place of others.  NULL: done; else why not. */
const char *index_load_common(struct index_block *, int fd);
const char *index_load_filters(struct index_block *, int fd, unsigned first, unsigned n);

/*
 * The last index block of the segment that ends at `end`: UINT64_MAX none, or no end mark is there.
 */
uint64_t index_find(int fd, uint64_t end);

/*
 * Every index block from the last to the first, without filters until fn loads them.  fn returns what is wrong with
 * one, which ends the walk, or NULL.  *first: where the first segment that has an index begins; untouched where the
 * file cannot be asked for its size.
 */
typedef const char *(*index_visit)(void *ctx, int fd, struct index_block *);
const char *index_walk(int fd, uint64_t from, index_visit fn, void *ctx, uint64_t *first);

/* Blocks that need not be read. */
struct index_run {
	uint64_t at, octets, records, blocks;
};
struct index_plan {
	struct index_run *run; /* from the last to the first: n of them */
	size_t n, cap;
};

/*
 * Ask of every block of a file behind `from` that its index knows whether it is wanted; keep_first: the first
 * block of flows is, whatever it holds.  Returns NULL, or what is wrong with the index: what of it is sound is used.
 */
const char *index_plan(
    struct index_plan *, int fd, uint64_t from, bool keep_first, stream_ask, void *ctx);
void index_plan_free(struct index_plan *);

#endif
