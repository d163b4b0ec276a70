/*
 * block.h - a block as read: checked header, entries, and where its octets come from; headers as written.
 *
 * Private to stream/.  A block's octets are either all in memory (pipes) or read piece by piece
 * from a file that several slots share.
 */
#ifndef STREAM_BLOCK_H
#define STREAM_BLOCK_H

#include <stdatomic.h>

#include "stream/format.h"
#include "stream/stream.h"

/* A file shared by its reader and the slots that still read sections from it. */
struct stream_file {
	int fd;
	atomic_uint users;
	atomic_bool cold; /* the disk had to be waited for */
	/* Of the first 64 columns, those that were asked for: so they will be of the next block. */
	_Atomic uint64_t wanted;
};
struct stream_file *file_share(struct stream_file *);
void file_release(struct stream_file *); /* takes NULL */

struct block_entry {
	uint8_t encoding, planes, scale;
	uint16_t flags, reference;
	uint32_t offset, length, unpacked;
	uint64_t base, hash;
	bool loaded; /* section and presence are */
	struct stored *section; /* NULL: it has none */
	/* Of all its records: values, distances, codes; NULL: not yet. */
	const struct planes *numbers;
};

struct stream_slot {
	struct batch batch;
	struct block_entry *entry;
	unsigned cap_entries;
	uint16_t flags; /* BLOCK_* */
	uint64_t file_offset, sequence;
	uint32_t header_len, block_len, columns;
	int64_t min_start_ns, max_end_ns;

	/*
	 * The block's octets: 64-aligned, `have` of them; or header only, the rest up to `stored` in file; then its
	 * tail.
	 */
	uint8_t *octets;
	size_t cap, have, stored;
	uint8_t *tail; /* a selection that was made here; NULL: there is none */
	size_t tail_len;
	struct stream_file *file;
	struct unpacker *unpacker; /* made when first needed */
	size_t thinned; /* octets of its planes that were thin, beside what its entries say */
	uint64_t values; /* octets of its values; those of dictionaries once they are needed */

	uint64_t *selection; /* of its records those that count, n_selected of them; NULL: all */
	size_t n_selected;
	uint32_t selection_at; /* offset of its section */

	size_t records; /* stored; the batch has fewer once it is narrowed */
	uint32_t *idx; /* those that it has then, ascending; NULL: all */
};

/* Kernels work on whole words of 64 records: so much may be read behind the last value. */
enum { SLACK = 64 * 16 };

/* What a header says, before its entries are believed. */
struct block_header {
	uint32_t header_len, block_len, records, selection;
	uint16_t columns, flags, version, sort;
	uint64_t sequence;
	int64_t min_start_ns, max_end_ns;
};

/* Fields of the first 64 octets; false: no magic. */
bool header_read(struct block_header *, const uint8_t *);

/* Are its sizes within bounds?  NULL: yes; else why not. */
const char *header_bounds(const struct block_header *);

/* Does the hash over header, entries and names hold? */
bool header_sealed(const uint8_t *, size_t header_len);

/* Does the hash of a section hold, which flags of its entry say the kind of? */
bool section_sound(const uint8_t *, size_t n, unsigned entry_flags, uint64_t hash);

/* Room for n octets in the slot's buffer, 64-aligned, with slack for whole vectors behind.  NULL: errno. */
uint8_t *slot_room(struct stream_slot *, size_t n);

/* Why octets of a file cannot be had: as errno says, or 0 in it, that it became shorter. */
const char *slot_unread_why(void);

/* The same of a block's as err.  Returns -1. */
int slot_unread(const struct stream_slot *, struct err *);

/* Make the batch of a slot whose header octets (header_len of them) are in place.  -1: err. */
int slot_open(struct stream_slot *, const struct block_header *, struct err *);

/* The selection of a block that has one (selection.c).  NULL: it is there; else why not. */
const char *selection_load(struct stream_slot *, const struct block_header *);

/* Do its octets in a whole block hold? */
bool selection_sound(const uint8_t *block, const struct block_header *);

/* The batch has no other records than those n of sel from here on, few or not. */
void slot_reduce(struct stream_slot *, const uint64_t *sel, size_t n);

/* Few enough of n records, that their cells are better decoded one by one (narrow.c): one in so many. */
enum { NARROW_SHARE = 8 };

/* What a narrowed batch has of a whole one's presence, fixed cells, and octets. */
uint64_t *narrow_bits(struct stream_slot *, const uint64_t *);
void *narrow_cells(struct stream_slot *, const void *, unsigned width);
void narrow_octets(struct stream_slot *, void **data, uint32_t **off);

/* The batch's unpack function: one column out of its section (decode.c). */
void slot_unpack(struct batch *, unsigned col, enum unpack what);

/* The header of a block without columns and records; and its seal, once all is in. */
void header_empty(uint8_t *, uint32_t len, uint16_t flags);
void header_seal(uint8_t *, uint32_t header_len);

#endif
