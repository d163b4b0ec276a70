#include "stream/pack.h"

#include <math.h>
#include <zstd.h>

#include "base/clones.h"
#include "base/mem.h"

struct packer {
	ZSTD_CCtx *ctx;
	bool nearly; /* only what is nearly the same throughout */
	unsigned saves; /* 32nds that a frame must save: an unpacked copy is read without work */
	bool samples; /* a part of which a sample saves too little is not tried */
};

/*
 * The fastest level, for planes: long matches only, as their octets are alike often and mean nothing by it, in a
 * table that stays in the first cache.
 */
enum { FAST = 1, FAST_HASH_LOG = 12, FAST_MIN_MATCH = 7 };

/* Pieces of what is large, compressed on trial before all of it is: enough to tell noise from what repeats. */
enum { SAMPLE_PIECES = 4, SAMPLE_PIECE = 512, SAMPLE = SAMPLE_PIECES * SAMPLE_PIECE };

struct packer *
pack_new(int level)
{
	struct packer *p = mem_zero(1, sizeof(*p));

	p->ctx = ZSTD_createCCtx();
	p->nearly = level == 0;
	p->saves = level == 0 ? 31 : level == FAST ? 12 : 4;
	p->samples = level == FAST;
	if (p->ctx == NULL)
		return p;
	ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, level > FAST ? level : FAST);
	if (level <= FAST) {
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

/* Octets that are the one before again. */
CLONES static size_t
repeats(const uint8_t *v, size_t n)
{
	size_t sum = 0;

	for (size_t at = 1; at < n; at += 128) {
		size_t end = at + 128 < n ? at + 128 : n;
		uint8_t same = 0;

		for (size_t i = at; i < end; i++)
			same = (uint8_t)(same + (v[i] == v[i - 1]));
		sum += same;
	}
	return sum;
}

/* Octets that n would take if each were coded by how often it is there, and nothing repeated. */
static size_t
coded(const uint8_t *v, size_t n)
{
	uint32_t count[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < n; i++)
		count[v[i]]++;
	for (unsigned k = 0; k < 256; k++)
		if (count[k] > 0)
			bits += count[k] * log2((double)n / count[k]);
	return (size_t)(bits / 8);
}

/*
 * Is it likely that a frame of all would be kept?  More than a third of the planes of usual flows are noise, and compressing
 * those on trial took a third of the time.  A sample tells: its octets are few, or some of it repeats.
 */
static bool
is_promising(struct packer *p, const uint8_t *v, size_t n)
{
	uint8_t sample[SAMPLE], frame[SAMPLE];
	size_t most = SAMPLE - SAMPLE * p->saves / 32, by_frequency, len;

	if (!p->samples || n < 8 * SAMPLE)
		return true;
	for (size_t k = 0; k < SAMPLE_PIECES; k++)
		memcpy(sample + k * SAMPLE_PIECE, v + (2 * k + 1) * (n / (2 * SAMPLE_PIECES)),
		    SAMPLE_PIECE);
	by_frequency = coded(sample, SAMPLE);
	if (by_frequency < most)
		return true;
	len = ZSTD_compress2(p->ctx, frame, sizeof frame, sample, sizeof sample);
	return !ZSTD_isError(len) && len < by_frequency - by_frequency / 32;
}

size_t
pack_octets(struct packer *p, struct buf *out, const void *data, size_t n)
{
	size_t room = ZSTD_compressBound(n), len = n;

	if (p->ctx != NULL &&
	    (p->nearly ? repeats(data, n) >= n - n / 64 : is_promising(p, data, n)))
		len = ZSTD_compress2(p->ctx, buf_room(out, room), room, data, n);
	if (ZSTD_isError(len) || len + n * p->saves / 32 >= n) {
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
