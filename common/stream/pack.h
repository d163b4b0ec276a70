/*
 * pack.h - the only place that knows zstd: octets in, a frame out, and back.
 */
#ifndef STREAM_PACK_H
#define STREAM_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct packer;
struct packer *pack_new(int level);
void pack_free(struct packer *);

/* Append one frame to out when that is smaller than the octets themselves; else append those. Returns octets appended. */
size_t pack_octets(struct packer *, struct buf *out, const void *, size_t n);

/*
 * Unpack one whole frame into exactly n octets.  false: damaged, or another size.  *u is NULL at first
 * and the caller's to free: making a context costs more than unpacking a plane.
 */
struct unpacker;
bool unpack_octets(struct unpacker **u, void *dst, size_t n, const void *frame, size_t len);
void unpacker_free(struct unpacker *);

#endif
