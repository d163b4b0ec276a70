/*
 * pack.h - the only place that knows zstd: octets in, a frame out, and back.
 */
#ifndef STREAM_PACK_H
#define STREAM_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Level 0 packs only what is nearly the same throughout, which is unpacked as fast as it is read; 1 what saves enough
 * to earn its unpacking; others whatever saves an eighth.
 */
struct packer;
struct packer *pack_new(int level);
void pack_free(struct packer *);

/* Append one frame to out when that pays; else the octets themselves.  Returns octets appended. */
size_t pack_octets(struct packer *, struct buf *out, const void *, size_t n);

/*
 * The same for a plane of n records, which may also be thin (thin.h): then *unpacked is less than n.
 */
size_t pack_plane(
    struct packer *, struct buf *out, const uint8_t *plane, size_t n, size_t *unpacked);

/*
 * Unpack one whole frame into exactly n octets.  false: damaged, or another size.  *u is NULL at first
 * and the caller's to free: making a context costs more than unpacking a plane.
 */
struct unpacker;
bool unpack_octets(struct unpacker **u, void *dst, size_t n, const void *frame, size_t len);
void unpacker_free(struct unpacker *);

#endif
