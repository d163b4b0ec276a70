#include "stream/pack.h"

#include <zstd.h>

#include "base/mem.h"

struct packer {
	ZSTD_CCtx *ctx;
};

/*
 * The fastest level, for planes: long matches only, as their octets are alike often and mean nothing by it, in a
 * table that stays in the first cache.
 */
enum { FAST = 1, FAST_HASH_LOG = 12, FAST_MIN_MATCH = 7 };

struct packer *
pack_new(int level)
{
	struct packer *p = mem_zero(1, sizeof(*p));

	p->ctx = ZSTD_createCCtx();
	if (p->ctx == NULL)
		return p;
	ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, level);
	if (level == FAST) {
		ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_hashLog, FAST_HASH_LOG);
		ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_minMatch, FAST_MIN_MATCH);
	}
	return p;
}

void
pack_free(struct packer *p)
{
	if (p == NULL)
		return;
	ZSTD_freeCCtx(p->ctx);
	mem_free(p);
}

size_t
pack_octets(struct packer *p, struct buf *out, const void *data, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	size_t len =
	    p->ctx == NULL ? n : ZSTD_compress2(p->ctx, buf_room(out, room), room, data, n);

	/* An unpacked copy is read without work: a frame must save an eighth to earn its unpacking. */
	if (ZSTD_isError(len) || len + n / 8 >= n) {
		memcpy(buf_room(out, n), data, n);
		len = n;
	}
	out->len += len;
	return len;
}

struct unpacker {
	ZSTD_DCtx *ctx;
};

void
unpacker_free(struct unpacker *u)
{
	if (u == NULL)
		return;
	ZSTD_freeDCtx(u->ctx);
	mem_free(u);
}

bool
unpack_octets(struct unpacker **u, void *dst, size_t n, const void *frame, size_t len)
{
	if (*u == NULL) {
		*u = mem_zero(1, sizeof(**u));
		(*u)->ctx = ZSTD_createDCtx();
	}
	return (*u)->ctx != NULL && ZSTD_decompressDCtx((*u)->ctx, dst, n, frame, len) == n;
}
