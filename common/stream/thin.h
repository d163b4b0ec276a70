/*
 * thin.h - planes that say little, in less than an octet a record: private to stream/.
 *
 * Octets that few bits tell apart in so many bits each (thin.c): high octets of codes, protocols.  Those that are not
 * zero, or not the one before again, where they are few (sparse.c): high octets of counters, of times.  Either is
 * unpacked ten times as fast as what zstd makes of it.
 */
#ifndef STREAM_THIN_H
#define STREAM_THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A thin part begins with its head; sparse ones have their own in places of the others. */
enum {
	THIN_BITS = 0, /* a record; 0: sparse */
	THIN_CODED = 1, /* 1: they are codes */
	THIN_REPEATS = 1, /* sparse: 1: octets repeat */
	THIN_OCTETS = 16, /* what octet each code stands for */
	THIN_ITEMS = 16, /* sparse: u32 */
	THIN_HEAD = 32,
	THIN_CODES = 16,
	THIN_LEAST = 512, /* a shorter plane is never thin */
};

/* How a plane can be thin. */
struct thin {
	size_t len; /* of the part, at most */
	unsigned bits; /* 1 to 7; 0: sparse */
	bool coded; /* octets are few but not small: codes of at most 4 bits */
	bool repeats; /* sparse: octets repeat, else zeros stand between */
	size_t items; /* sparse: at most */
	uint8_t octet[THIN_CODES], code[256];
};

/* The shortest part for n octets of a plane.  false: it is none. */
bool thin_find(struct thin *, const uint8_t *plane, size_t n);

/* The part, and its length; seven octets behind its most may be written too. */
size_t thin_pack(uint8_t *part, const struct thin *, const uint8_t *plane, size_t n);

/*
 * The plane of a part: n octets, 32 at a time, so that up to 31 more are written, and as many read behind the part.
 * false: it is not one of n records.
 */
bool thin_unpack(uint8_t *plane, size_t n, const uint8_t *part, size_t len);

/*
 * The same of sparse parts: the most items, n if they are too many to earn it; the part, of so many at most; the plane
 * of a part that has a head.
 */
size_t sparse_most(const uint8_t *plane, size_t n, bool repeats);
size_t sparse_pack(uint8_t *part, const uint8_t *plane, size_t n, bool repeats, size_t most);
bool sparse_unpack(uint8_t *plane, size_t n, const uint8_t *part, size_t len);

/* Octets that are not the one before again. */
size_t sparse_changes(const uint8_t *, size_t n);

#endif
