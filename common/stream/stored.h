/*
 * stored.h - a section as it is stored: read, its hash verified, its parts found.  Private to stream/.
 *
 * Parts are unpacked one by one when they are asked for, and only once.
 */
#ifndef STREAM_STORED_H
#define STREAM_STORED_H

#include "stream/block.h"

struct stored {
	unsigned parts;
	uint32_t dict_n;
	const uint8_t *stored[MAX_PARTS];
	uint32_t stored_len[MAX_PARTS], unpacked_len[MAX_PARTS];
	const void *unpacked[MAX_PARTS]; /* NULL: not yet */
};

/* The section of an entry that has one, in the batch's arena.  NULL: *st is it; else why not. */
const char *stored_load(struct stream_slot *, const struct block_entry *, struct stored **st);

/*
 * Part k, unpacked, with SLACK behind it: exactly n octets (SIZE_MAX: whatever it says, *len).  NULL: there is none
 * such, or it is damaged.
 */
const void *stored_part(struct stream_slot *, struct stored *, unsigned k, size_t n, size_t *len);

#endif
