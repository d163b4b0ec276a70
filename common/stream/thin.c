/*
 * thin.c - octets to few bits and back, eight records at a time.
 */
#include "stream/thin.h"

#include <string.h>

#include "base/clones.h"

#ifdef CLONES_WIDE
#include <immintrin.h>
#endif

/* Every n-th bit field of 64 bits: the lowest `bits` of it. */
#define FIELDS(N, BITS) \
	(((UINT64_C(1) << (BITS)) - 1) * (~UINT64_C(0) / ((UINT64_C(1) << ((N)-1) << 1) - 1)))

/* Fields of so many bits, eight of them side by side, to octets: halves move apart, quarters, each. */
static inline uint64_t
spread(uint64_t v, unsigned bits)
{
	uint64_t four = (UINT64_C(1) << 4 * bits) - 1;

	v = (v & four) | (v >> 4 * bits & four) << 32;
	v = (v & FIELDS(32, 2 * bits)) | (v >> 2 * bits & FIELDS(32, 2 * bits)) << 16;
	return (v & FIELDS(16, bits)) | (v >> bits & FIELDS(16, bits)) << 8;
}

/* The other way. */
static inline uint64_t
gather(uint64_t v, unsigned bits)
{
	uint64_t low = FIELDS(16, bits);

	v = (v & low) | (v & low << 8) >> (8 - bits);
	low = FIELDS(32, 2 * bits);
	v = (v & low) | (v & low << 16) >> (16 - 2 * bits);
	low = (UINT64_C(1) << 4 * bits) - 1;
	return (v & low) | (v & low << 32) >> (32 - 4 * bits);
}

static size_t
bits_len(size_t n, unsigned bits)
{
	return THIN_HEAD + (n * bits + 63) / 64 * 8;
}

/* Unpacking -------------------------------------------------------------------------------------- */

/* A loop of its own for each number of bits, which are constants in it. */
#define BY_BITS(LOOP) \
	do { \
		switch (bits) { \
		case 1: LOOP(1); break; \
		case 2: LOOP(2); break; \
		case 3: LOOP(3); break; \
		case 4: LOOP(4); break; \
		case 5: LOOP(5); break; \
		case 6: LOOP(6); break; \
		default: LOOP(7); \
		} \
	} while (0)

static inline __attribute__((always_inline)) void
spread_loop(uint8_t *to, const uint8_t *from, unsigned bits, size_t groups)
{
	for (size_t g = 0; g < groups; g++) {
		uint64_t v;

		memcpy(&v, from + g * bits, 8);
		v = spread(v, bits);
		memcpy(to + 8 * g, &v, 8);
	}
}

static void
spread_all(uint8_t *to, const uint8_t *from, unsigned bits, size_t groups)
{
#define SPREAD(BITS) spread_loop(to, from, BITS, groups)
	BY_BITS(SPREAD);
}

static void
stand_for(uint8_t *v, const uint8_t octet[THIN_CODES], size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = octet[v[i]];
}

#ifdef CLONES_WIDE
/*
 * 32 records at a time: the two octets that each begins in, in a lane of sixteen bits, shifted left by as much as the
 * record needs, which is a product, and right by as much as all do.
 */
struct lanes {
	uint8_t octet[32];
	uint16_t factor[16];
};

/* Every second record of 32, from the first or the second; each half counts its octets from its own first. */
static void
lanes_of(struct lanes *l, unsigned from, unsigned bits)
{
	for (unsigned k = 0; k < 16; k++) {
		unsigned at = (2 * (k % 8) + from) * bits;

		l->octet[2 * k] = (uint8_t)(at / 8);
		l->octet[2 * k + 1] = (uint8_t)(at / 8 + 1);
		l->factor[k] = (uint16_t)(1 << (16 - bits - at % 8));
	}
}

__attribute__((target("avx2"))) static void
spread_wide(uint8_t *to, const uint8_t *from, unsigned bits, const uint8_t *octet, size_t n)
{
	struct lanes even, odd;
	__m256i even_octet, odd_octet, even_factor, odd_factor, table = _mm256_setzero_si256();
	__m128i right = _mm_cvtsi32_si128(16 - (int)bits);

	lanes_of(&even, 0, bits);
	lanes_of(&odd, 1, bits);
	even_octet = _mm256_loadu_si256((const void *)even.octet);
	odd_octet = _mm256_loadu_si256((const void *)odd.octet);
	even_factor = _mm256_loadu_si256((const void *)even.factor);
	odd_factor = _mm256_loadu_si256((const void *)odd.factor);
	if (octet != NULL)
		table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)octet));
	for (size_t i = 0; i < n; i += 32) {
		const uint8_t *at = from + i / 8 * bits;
		__m256i v = _mm256_loadu2_m128i((const void *)(at + 2 * bits), (const void *)at), a,
			b;

		a = _mm256_mullo_epi16(_mm256_shuffle_epi8(v, even_octet), even_factor);
		b = _mm256_mullo_epi16(_mm256_shuffle_epi8(v, odd_octet), odd_factor);
		b = _mm256_slli_epi16(_mm256_srl_epi16(b, right), 8);
		v = _mm256_or_si256(_mm256_srl_epi16(a, right), b);
		if (octet != NULL)
			v = _mm256_shuffle_epi8(table, v);
		_mm256_storeu_si256((void *)(to + i), v);
	}
}
#endif

static void
unpack(uint8_t *plane, size_t n, const uint8_t *from, unsigned bits, const uint8_t *octet)
{
#ifdef CLONES_WIDE
	if (__builtin_cpu_supports("avx2")) {
		spread_wide(plane, from, bits, octet, n);
		return;
	}
#endif
	spread_all(plane, from, bits, (n + 7) / 8);
	if (octet != NULL)
		stand_for(plane, octet, n);
}

bool
thin_unpack(uint8_t *plane, size_t n, const uint8_t *part, size_t len)
{
	static const uint8_t zeros[THIN_OCTETS];
	unsigned bits, over;
	uint64_t last;

	if (len < THIN_HEAD || len >= n)
		return false;
	bits = part[THIN_BITS];
	if (bits == 0)
		return sparse_unpack(plane, n, part, len);
	if (bits > 7 || len != bits_len(n, bits) || part[THIN_CODED] > 1 ||
	    (part[THIN_CODED] && bits > 4) || memcmp(part + 2, zeros, THIN_OCTETS - 2) != 0)
		return false;
	/* Nothing stands behind the last record. */
	over = (unsigned)(n * bits % 64);
	memcpy(&last, part + len - sizeof last, sizeof last);
	if (over > 0 && last >> over != 0)
		return false;
	unpack(plane, n, part + THIN_HEAD, bits, part[THIN_CODED] ? part + THIN_OCTETS : NULL);
	return true;
}

/* Packing ---------------------------------------------------------------------------------------- */

static unsigned
bits_of(unsigned most)
{
	return most < 2 ? 1 : 32 - (unsigned)__builtin_clz(most);
}

CLONES static uint8_t
any_bits(const uint8_t *v, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= v[i];
	return any;
}

/* Octets become codes in the order they appear in.  false: they are more than `most`. */
static bool
code_octets(struct thin *t, const uint8_t *v, size_t n, unsigned most)
{
	unsigned codes = 0;

	memset(t->octet, 0, sizeof t->octet);
	memset(t->code, UINT8_MAX, sizeof t->code);
	for (size_t i = 0; i < n; i++) {
		if (t->code[v[i]] != UINT8_MAX)
			continue;
		if (codes == most)
			return false;
		t->octet[codes] = v[i];
		t->code[v[i]] = (uint8_t)codes++;
	}
	t->bits = bits_of(codes - 1);
	return true;
}

/* Few bits a record. */
static void
find_bits(struct thin *t, const uint8_t *plane, size_t n)
{
	enum { STRETCH = 4096 };
	uint8_t any = 0;

	for (size_t at = 0; at < n && any < 128; at += STRETCH)
		any |= any_bits(plane + at, n - at < STRETCH ? n - at : STRETCH);
	t->bits = bits_of(any);
	t->coded =
	    t->bits > 1 && code_octets(t, plane, n, t->bits > 4 ? THIN_CODES : 1U << (t->bits - 1));
	t->len = t->bits < 8 ? bits_len(n, t->bits) : n;
}

bool
thin_find(struct thin *t, const uint8_t *plane, size_t n)
{
	if (n < THIN_LEAST)
		return false;
	find_bits(t, plane, n);
	for (unsigned repeats = 0; repeats < 2; repeats++) {
		size_t items = sparse_most(plane, n, repeats);

		if (THIN_HEAD + 2 * items >= t->len)
			continue;
		t->bits = 0;
		t->repeats = repeats;
		t->items = items;
		t->len = THIN_HEAD + 2 * items;
	}
	return t->len < n;
}

/* Eight octets are written for every group, those behind its own by the next ones. */
static inline __attribute__((always_inline)) void
gather_loop(uint8_t *to, const uint8_t *from, unsigned bits, size_t groups)
{
	for (size_t g = 0; g < groups; g++) {
		uint64_t v;

		memcpy(&v, from + 8 * g, 8);
		v = gather(v, bits);
		memcpy(to + g * bits, &v, 8);
	}
}

static void
gather_all(uint8_t *to, const uint8_t *from, unsigned bits, size_t groups)
{
#define GATHER(BITS) gather_loop(to, from, BITS, groups)
	BY_BITS(GATHER);
}

size_t
thin_pack(uint8_t *part, const struct thin *t, const uint8_t *plane, size_t n)
{
	enum { PIECE = 1024 };
	uint8_t piece[PIECE];

	if (t->bits == 0)
		return sparse_pack(part, plane, n, t->repeats, t->items);
	memset(part, 0, THIN_HEAD);
	memset(part + t->len - 8, 0, 8); /* perhaps only begun by the last records */
	part[THIN_BITS] = (uint8_t)t->bits;
	part[THIN_CODED] = t->coded;
	if (t->coded)
		memcpy(part + THIN_OCTETS, t->octet, THIN_CODES);
	part += THIN_HEAD;
	for (size_t at = 0; at < n; at += PIECE) {
		size_t m = n - at < PIECE ? n - at : PIECE, groups = (m + 7) / 8;
		const uint8_t *from = plane + at;

		if (t->coded || m % 8 != 0) {
			for (size_t i = 0; i < m; i++)
				piece[i] = t->coded ? t->code[from[i]] : from[i];
			memset(piece + m, 0, 8 * groups - m);
			from = piece;
		}
		gather_all(part + at / 8 * t->bits, from, t->bits, groups);
	}
	return t->len;
}
