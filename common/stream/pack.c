#define ZSTD_STATIC_LINKING_ONLY /* one parameter of the shared library, and what to do where it has it no more */
#include "stream/pack.h"

#include <zstd.h>

#include "base/mem.h"
#include "stream/thin.h"

struct packer {
	ZSTD_CCtx *ctx;
	ZSTD_CCtx *coder; /* only codes octets by how often they are there; NULL: ctx does it */
	bool nearly; /* only what is nearly the same throughout */
	unsigned saves; /* 32nds that a frame must save: an unpacked copy is read without work */
	bool samples; /* a part of which a sample saves too little is not tried */
};

/*
 * The fastest level, for planes: long matches only, as their octets are alike often and mean nothing by it, in a
 * table that stays in the first cache.
 */
enum { FAST = 1, FAST_HASH_LOG = 11, FAST_MIN_MATCH = 7 };

/* Pieces of what is large, compressed on trial before all of it is: enough to tell noise from what repeats. */
enum { SAMPLE_PIECES = 4, SAMPLE_PIECE = 512, SAMPLE = SAMPLE_PIECES * SAMPLE_PIECE };

/* A context of the fastest level; acceleration 0 is zstd's own, the most leaves no repeats to be found. */
static ZSTD_CCtx *
fast_context(int acceleration)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();

	if (ctx == NULL)
		return NULL;
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, FAST);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_hashLog, FAST_HASH_LOG);
	ZSTD_CCtx_setParameter(ctx, ZSTD_c_minMatch, FAST_MIN_MATCH);
	if (acceleration > 0) {
		enum { ALWAYS = 1 }; /* ZSTD_lcm_huffman before 1.5, ZSTD_ps_enable since */
		size_t r;

		ZSTD_CCtx_setParameter(ctx, ZSTD_c_targetLength, acceleration);
		r = ZSTD_CCtx_setParameter(ctx, ZSTD_c_literalCompressionMode, ALWAYS);
		if (ZSTD_isError(r)) {
			ZSTD_freeCCtx(ctx);
			return NULL;
		}
	}
	return ctx;
}

struct packer *
pack_new(int level)
{
	struct packer *p = mem_zero(1, sizeof(*p));

	p->nearly = level == 0;
	p->saves = level == 0 ? 31 : level == FAST ? 12 : 4;
	p->samples = level == FAST;
	if (level <= FAST) {
		p->ctx = fast_context(0);
		p->coder = level == FAST ? fast_context(ZSTD_TARGETLENGTH_MAX) : NULL;
	} else if ((p->ctx = ZSTD_createCCtx()) != NULL) {
		ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, level);
	}
	return p;
}

void
pack_free(struct packer *p)
{
	if (p == NULL)
		return;
	ZSTD_freeCCtx(p->ctx);
	ZSTD_freeCCtx(p->coder);
	mem_free(p);
}

/* The binary logarithm in 256ths, straight between powers of two. */
static unsigned
log2_256(unsigned v)
{
	unsigned whole = 31 - (unsigned)__builtin_clz(v);

	return whole * 256 + ((v << 8 >> whole) & 255);
}

/*
 * Octets that the sample would take with a code for each by how often it is there, of a bit at least, and no repeats.
 */
static size_t
coded(const uint8_t v[SAMPLE])
{
	uint32_t count[256] = { 0 }, bits = 0;

	for (size_t i = 0; i < SAMPLE; i++)
		count[v[i]]++;
	for (unsigned k = 0; k < 256; k++) {
		unsigned length = count[k] > 0 ? log2_256(SAMPLE) - log2_256(count[k]) : 0;

		bits += count[k] * (length > 256 ? length : 256);
	}
	return bits / 256 / 8;
}

/* The eight octets here. */
static inline uint64_t
word_at(const uint8_t *v)
{
	uint64_t w;

	memcpy(&w, v, sizeof w);
	return w;
}

/*
 * What the sample would take if repeats in it, each worth as much as REPEAT octets, were left out and the rest coded.
 * Trying it with zstd says hardly more, and takes five times as long.
 */
static size_t
coded_without_repeats(const uint8_t v[SAMPLE], size_t by_code)
{
	enum { REPEAT = 2, WORD = 8, LAST_BITS = 9 };
	uint16_t last[1 << LAST_BITS] = { 0 };
	size_t repeated = 0, repeats = 0, len;

	for (size_t i = 1; i + WORD <= SAMPLE; i += len) {
		uint64_t w = word_at(v + i);
		uint16_t *slot = &last[w * UINT64_C(0x9e3779b97f4a7c15) >> (64 - LAST_BITS)];
		const uint8_t *before = v + *slot;

		*slot = (uint16_t)i;
		len = 1;
		if (word_at(before) != w)
			continue;
		for (len = WORD; i + len < SAMPLE && before[len] == v[i + len];)
			len++;
		repeated += len;
		repeats++;
	}
	return by_code * (SAMPLE - repeated) / SAMPLE + REPEAT * repeats;
}

/* Is a frame of so many octets kept beside others that are read without work, or with little? */
static bool
is_kept(const struct packer *p, size_t len, size_t others)
{
	return len + others * p->saves / 32 < others;
}

/*
 * What to compress it with; NULL: a frame of all would hardly be kept beside `others`.  A sample tells.  More than a
 * third of the planes of usual flows are noise, and compressing those on trial took a third of the time.  Of others the
 * octets are few but do not repeat in any order: looking for repeats costs twice what coding them does, and finds next
 * to none.
 */
static ZSTD_CCtx *
choose(const struct packer *p, const uint8_t *v, size_t n, size_t others)
{
	size_t most = (SAMPLE - SAMPLE * p->saves / 32) * others / n, by_code;
	uint8_t sample[SAMPLE];

	if (p->nearly)
		return sparse_changes(v, n) < n / 64 ? p->ctx : NULL;
	if (!p->samples || n < 8 * SAMPLE)
		return p->ctx;
	for (size_t k = 0; k < SAMPLE_PIECES; k++)
		memcpy(sample + k * SAMPLE_PIECE, v + (2 * k + 1) * (n / (2 * SAMPLE_PIECES)),
		    SAMPLE_PIECE);
	by_code = coded(sample);
	if (by_code < SAMPLE / 7 || /* nearly all the same */
	    coded_without_repeats(sample, by_code) < by_code - by_code / 8)
		return p->ctx;
	if (by_code >= most)
		return NULL;
	return p->coder != NULL ? p->coder : p->ctx;
}

/* Append a frame if it is kept beside `others`.  0: it is not. */
static size_t
put_frame(struct packer *p, struct buf *out, const void *data, size_t n, size_t others)
{
	size_t room = ZSTD_compressBound(n), len;
	ZSTD_CCtx *ctx = p->ctx == NULL ? NULL : choose(p, data, n, others);

	if (ctx == NULL)
		return 0;
	len = ZSTD_compress2(ctx, buf_room(out, room), room, data, n);
	if (ZSTD_isError(len) || !is_kept(p, len, others))
		return 0;
	out->len += len;
	return len;
}

size_t
pack_octets(struct packer *p, struct buf *out, const void *data, size_t n)
{
	size_t len = put_frame(p, out, data, n, n);

	if (len == 0)
		buf_put(out, data, len = n);
	return len;
}

size_t
pack_plane(struct packer *p, struct buf *out, const uint8_t *plane, size_t n, size_t *unpacked)
{
	struct thin t;
	size_t len;

	*unpacked = n;
	if (!thin_find(&t, plane, n))
		return pack_octets(p, out, plane, n);
	len = p->nearly ? 0 : put_frame(p, out, plane, n, t.len); /* thin as it is */
	if (len == 0) {
		len = thin_pack((uint8_t *)buf_room(out, t.len + 8), &t, plane, n);
		out->len += *unpacked = len;
	}
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
