/*
 * thin.h - planes that say little, in less than an octet a record: private to stream/.
 *
 * Octets that few bits tell apart in so many bits each (thin.c): high octets of codes, protocols.  Those that are not
 * zero, or not the one before again, where they are few (sparse.c): high octets of counters, of times.  Either is unpacked ten times as fast as
 * what zstd makes of it.
 */
#ifndef STREAM_THIN_H
#define STREAM_THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A thin part begins with its bits a record, 1 if they are codes (sparse: if octets repeat), zeros; THIN_LEAST: a shorter plane is never thin. */
enum {
	THIN_BITS = 0, /* 0: sparse */
	THIN_CODED = 1,
	THIN_REPEATS = 1, /* of a sparse one, in the same place */
	THIN_OCTETS = 16, /* what octet each code stands for */
	THIN_ITEMS = 16, /* of a sparse one in the same place: u32 */
	THIN_HEAD = 32,
	THIN_CODES = 16,
	THIN_LEAST = 512,
};

/* How a plane can be thin. */
struct thin {
	size_t len; /* of the part, at most */
	size_t items; /* of a sparse one, at most */
	unsigned bits; /* 0: sparse; 1 to 7 */
	bool
	    coded; /* not the octets themselves, which are few but not small: bits <= 4; sparse: they repeat */
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

#endif
