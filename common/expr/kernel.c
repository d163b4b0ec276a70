#include "expr/kernel.h"

#include <endian.h>

#include "base/clones.h"
#include "base/hash.h"
#include "flow/zone.h"

/* 64 values a word; the last, incomplete word from a padded copy. */
#define FOR_WORDS(T, BLOCK) \
	do { \
		const T *v = data; \
		size_t words = n / 64, rest = n % 64; \
		T last[64] = { 0 }; \
\
		for (size_t w = 0; w < words; w++) \
			out[w] = mask != NULL && mask[w] == 0 ? 0 : BLOCK(bd, v + w * 64); \
		if (rest > 0) { \
			memcpy(last, v + words * 64, rest * sizeof(T)); \
			out[words] = \
			    mask != NULL && mask[words] == 0 ? 0 : BLOCK(bd, last) & bits_tail(n); \
		} \
	} while (0)

#define KERNEL(NAME, T, BLOCK) \
	CLONES static void NAME(const struct bound *bd, const void *data, size_t n, \
	    const uint64_t *mask, uint64_t *out) \
	{ \
		FOR_WORDS(T, BLOCK); \
	}

#define RANGE_BLOCK(NAME, T) \
	static inline uint64_t NAME(const struct bound *bd, const T *v) \
	{ \
		const T lo = (T)bd->lo[0], span = (T)bd->span[0]; \
		uint8_t t[64]; \
\
		for (unsigned i = 0; i < 64; i++) \
			t[i] = (T)(v[i] - lo) <= span; \
		for (size_t k = 1; k < bd->n; k++) { \
			const T lo_k = (T)bd->lo[k], span_k = (T)bd->span[k]; \
\
			for (unsigned i = 0; i < 64; i++) \
				t[i] |= (T)(v[i] - lo_k) <= span_k; \
		} \
		return bits_pack(t); \
	}

#define MASK_BLOCK(NAME, T) \
	static inline uint64_t NAME(const struct bound *bd, const T *v) \
	{ \
		const T bits = (T)bd->test->mask, value = (T)bd->test->value; \
		uint8_t t[64]; \
\
		for (unsigned i = 0; i < 64; i++) \
			t[i] = (T)(v[i] & bits) == value; \
		return bits_pack(t); \
	}

/* The last range that begins at or below the value holds it or none does. */
#define SEARCH(T) \
	static inline bool search_##T(const T *lo, const T *hi, size_t n, T v) \
	{ \
		const T *at = lo; \
\
		for (size_t left = n; left > 1;) { \
			size_t half = left / 2; \
\
			at = at[half] <= v ? at + half : at; \
			left -= half; \
		} \
		return v >= *at && v <= hi[at - lo]; \
	}

/* Which of 64 keys may be in the ranges: most of those that are not are seen here, without a branch. */
#define SIEVE(NAME, T, HASH) \
	static inline uint64_t sieve_##NAME(const struct bound *bd, const T *v) \
	{ \
		uint64_t word = 0; \
\
		if (bd->sieve == NULL) \
			return ~UINT64_C(0); \
		for (unsigned i = 0; i < 64; i++) { \
			size_t h = HASH(bd, v[i]); \
\
			word |= (bd->sieve[h / 64] >> (h % 64) & 1) << i; \
		} \
		return word; \
	}

/* Where the sieve has a key's bit: of 8 octets, and of 16. */
static inline size_t
sieve_at(const struct bound *bd, uint64_t key)
{
	return (size_t)((key >> bd->coarse) * bd->mix[0] >> (64 - bd->bits));
}

static inline size_t
sieve_at_wide(const struct bound *bd, u128 key)
{
	key >>= bd->coarse;
	return (size_t)(((uint64_t)key * bd->mix[0] + (uint64_t)(key >> 64) * bd->mix[1]) >>
			(64 - bd->bits));
}

#define HASH_NARROW(BD, V) sieve_at(BD, (V) ^ (BD)->bias)
SIEVE(uint32_t, uint32_t, HASH_NARROW)
SIEVE(uint64_t, uint64_t, HASH_NARROW)

#define SEARCH_BLOCK(NAME, T) \
	static inline uint64_t NAME(const struct bound *bd, const T *v) \
	{ \
		uint64_t word = 0; \
\
		for (uint64_t m = sieve_##T(bd, v); m != 0; m &= m - 1) { \
			unsigned i = (unsigned)__builtin_ctzll(m); \
			T key = (T)(v[i] ^ (T)bd->bias); \
\
			word |= (uint64_t)search_##T(bd->los, bd->his, bd->n, key) << i; \
		} \
		return word; \
	}

#define TABLE_BLOCK(NAME, T) \
	static inline uint64_t NAME(const struct bound *bd, const T *v) \
	{ \
		uint8_t t[64]; \
\
		for (unsigned i = 0; i < 64; i++) \
			t[i] = bd->table[v[i] >> 3] >> (v[i] & 7) & 1; \
		return bits_pack(t); \
	}

RANGE_BLOCK(range_block_8, uint8_t)
RANGE_BLOCK(range_block_16, uint16_t)
RANGE_BLOCK(range_block_32, uint32_t)
RANGE_BLOCK(range_block_64, uint64_t)
KERNEL(range_8, uint8_t, range_block_8)
KERNEL(range_16, uint16_t, range_block_16)
KERNEL(range_32, uint32_t, range_block_32)
KERNEL(range_64, uint64_t, range_block_64)

MASK_BLOCK(mask_block_8, uint8_t)
MASK_BLOCK(mask_block_16, uint16_t)
MASK_BLOCK(mask_block_32, uint32_t)
MASK_BLOCK(mask_block_64, uint64_t)
KERNEL(mask_8, uint8_t, mask_block_8)
KERNEL(mask_16, uint16_t, mask_block_16)
KERNEL(mask_32, uint32_t, mask_block_32)
KERNEL(mask_64, uint64_t, mask_block_64)

TABLE_BLOCK(table_block_8, uint8_t)
TABLE_BLOCK(table_block_16, uint16_t)
KERNEL(table_8, uint8_t, table_block_8)
KERNEL(table_16, uint16_t, table_block_16)

SEARCH(uint32_t)
SEARCH(uint64_t)
SEARCH(u128)
SEARCH_BLOCK(search_block_32, uint32_t)
SEARCH_BLOCK(search_block_64, uint64_t)
KERNEL(search_32, uint32_t, search_block_32)
KERNEL(search_64, uint64_t, search_block_64)

/* Order-mapped, as zone_key_double. */
static inline uint64_t
float_block(const struct bound *bd, const double *v)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < 64; i++) {
		uint64_t u;

		memcpy(&u, &v[i], 8);
		u = u >> 63 ? ~u : u | UINT64_C(1) << 63;
		word |= (uint64_t)search_uint64_t(bd->los, bd->his, bd->n, u) << i;
	}
	return word;
}

static inline uint64_t
float32_block(const struct bound *bd, const float *v)
{
	double d[64];

	for (unsigned i = 0; i < 64; i++)
		d[i] = (double)v[i];
	return float_block(bd, d);
}
KERNEL(float_64, double, float_block)
KERNEL(float_32, float, float32_block)

/* Addresses 16 wide, as they lie in memory (network order). */
struct wide {
	uint64_t w[2];
};

static inline uint64_t
prefix_block(const struct bound *bd, const struct wide *v)
{
	const uint64_t m0 = bd->pmask[0], m1 = bd->pmask[1], p0 = bd->pvalue[0], p1 = bd->pvalue[1];
	uint8_t t[64];

	for (unsigned i = 0; i < 64; i++)
		t[i] = (((v[i].w[0] & m0) ^ p0) | ((v[i].w[1] & m1) ^ p1)) == 0;
	return bits_pack(t);
}

#define WIDE_KEY(V) ((u128)be64toh((V).w[0]) << 64 | be64toh((V).w[1]))
#define HASH_WIDE(BD, V) sieve_at_wide(BD, WIDE_KEY(V))
SIEVE(wide, struct wide, HASH_WIDE)

static inline uint64_t
wide_block(const struct bound *bd, const struct wide *v)
{
	uint64_t word = 0;

	for (uint64_t m = sieve_wide(bd, v); m != 0; m &= m - 1) {
		unsigned i = (unsigned)__builtin_ctzll(m);

		word |= (uint64_t)search_u128(bd->los, bd->his, bd->n, WIDE_KEY(v[i])) << i;
	}
	return word;
}
KERNEL(prefix_128, struct wide, prefix_block)
KERNEL(wide_128, struct wide, wide_block)

static inline uint64_t
codes_block(const uint8_t *hit, const uint16_t *codes)
{
	uint8_t t[64];

	for (unsigned i = 0; i < 64; i += 4) {
		t[i] = hit[codes[i]];
		t[i + 1] = hit[codes[i + 1]];
		t[i + 2] = hit[codes[i + 2]];
		t[i + 3] = hit[codes[i + 3]];
	}
	return bits_pack(t);
}

void
kernel_codes(
    const uint8_t *hit, const uint16_t *data, size_t n, const uint64_t *mask, uint64_t *out)
{
	const uint8_t *bd = hit;

	FOR_WORDS(uint16_t, codes_block);
}

/* Text ------------------------------------------------------------------------------------------ */

static int
compare_octets(const char *p, size_t n, const struct octets *o)
{
	size_t least = n < o->n ? n : o->n;
	int c = least ? memcmp(p, o->p, least) : 0;

	return c != 0 ? c : n < o->n ? -1 : n > o->n;
}

static bool
is_member(const struct test *t, const char *p, size_t n)
{
	size_t from = 0, to = t->n_items;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int c = compare_octets(p, n, &t->item[mid]);

		if (c == 0)
			return true;
		if (c < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return false;
}

static bool
kernel_octets(const struct test *t, const char *p, size_t n)
{
	const struct octets *o = t->item;

	switch (t->cmp) {
	case CMP_EQ:
	case CMP_IN: return is_member(t, p, n);
	case CMP_NE:
	case CMP_NOT_IN: return !is_member(t, p, n);
	case CMP_LT: return compare_octets(p, n, o) < 0;
	case CMP_LE: return compare_octets(p, n, o) <= 0;
	case CMP_GT: return compare_octets(p, n, o) > 0;
	case CMP_GE: return compare_octets(p, n, o) >= 0;
	case CMP_STARTS: return o->n == 0 || (n >= o->n && memcmp(p, o->p, o->n) == 0);
	case CMP_ENDS: return o->n == 0 || (n >= o->n && memcmp(p + n - o->n, o->p, o->n) == 0);
	case CMP_CONTAINS: return o->n == 0 || (n > 0 && memmem(p, n, o->p, o->n) != NULL);
	default: return false;
	}
}

static void
run_octets(const struct test *t, const char *data, const uint32_t *off, size_t n,
    const uint64_t *mask, uint64_t *out)
{
	memset(out, 0, bits_words(n) * 8);
	for (size_t i = 0; i < n; i++) {
		if (mask != NULL && mask[i / 64] == 0) {
			i |= 63;
			continue;
		}
		if (kernel_octets(t, data + off[i], off[i + 1] - off[i]))
			bits_set(out, i);
	}
}

/* Making ready ---------------------------------------------------------------------------------- */

void
bound_domain(enum type type, unsigned width, u128 *lo, u128 *span)
{
	*lo = 0;
	*span = width >= 16 ? ~(u128)0 : ((u128)1 << (8 * width)) - 1;
	if (type == TYPE_IP && width == 4)
		*lo = V4_FIRST;
	if (type_is_signed(type))
		*lo = (UINT64_C(1) << 63) - (UINT64_C(1) << (8 * width - 1));
	if (type_is_float(type))
		*span = UINT64_MAX;
}

static void
store(void *to, size_t i, unsigned width, u128 v)
{
	memcpy((uint8_t *)to + i * width, &v, width); /* little-endian hosts */
}

/* Ranges clipped to the width and counted from its least value. */
static void
clip(struct ranges *out, const struct ranges *in, u128 least, u128 span)
{
	for (size_t i = 0; i < in->n; i++) {
		u128 lo = in->r[i].lo < least ? 0 : in->r[i].lo - least;
		u128 hi = in->r[i].hi - least;

		if (in->r[i].hi < least || lo > span)
			continue;
		ranges_add(out, lo, hi > span ? span : hi);
	}
}

static void
make_table(struct bound *bd, const struct ranges *s, struct arena *a)
{
	size_t values = (size_t)1 << (8 * bd->width);

	bd->table = arena_zero(a, values / 8);
	for (size_t i = 0; i < s->n; i++)
		for (size_t v = (size_t)s->r[i].lo; v <= (size_t)s->r[i].hi; v++) {
			size_t raw = v ^ bd->bias;

			bd->table[raw / 8] |= (uint8_t)(1u << (raw % 8));
		}
	bd->how = HOW_TABLE;
}

/* So many hashes a range are marked at the most, each among so many bits that a bit in SIEVE_ROOM is set. */
enum { SIEVE_LEAST = 16, SIEVE_MARKS = 4, SIEVE_ROOM = 16, SIEVE_BITS_MAX = 25 };

/* Keys that the ranges have when the lowest bits are left off; more than `most` are not counted. */
static u128
count_coarse(const struct ranges *s, unsigned coarse, u128 most)
{
	u128 sum = 0;

	for (size_t i = 0; i < s->n && sum <= most; i++)
		sum += (s->r[i].hi >> coarse) - (s->r[i].lo >> coarse) + 1;
	return sum;
}

/*
 * Keys are told apart by as many of their bits as leave few to be marked: all of them where ranges are single values.
 */
static void
make_sieve(struct bound *bd, const struct ranges *s, struct arena *a)
{
	u128 most = (u128)s->n * SIEVE_MARKS;
	uint64_t seed = hash_seed();

	if (s->n < SIEVE_LEAST)
		return;
	while (count_coarse(s, bd->coarse, most) > most)
		bd->coarse++;
	bd->bits = 10;
	while (bd->bits < SIEVE_BITS_MAX && (size_t)1 << bd->bits < s->n * SIEVE_ROOM)
		bd->bits++;
	bd->mix[0] = hash_u64(seed, 1) | 1;
	bd->mix[1] = hash_u64(seed, 2) | 1;
	bd->sieve = arena_zero(a, ((size_t)1 << bd->bits) / 8);
	for (size_t i = 0; i < s->n; i++) {
		u128 k = s->r[i].lo >> bd->coarse, last = s->r[i].hi >> bd->coarse;

		/* The greatest address has none behind it. */
		for (; k != last; k++)
			bits_set(bd->sieve, sieve_at_wide(bd, k << bd->coarse));
		bits_set(bd->sieve, sieve_at_wide(bd, k << bd->coarse));
	}
}

static void
make_search(struct bound *bd, const struct ranges *s, unsigned width, struct arena *a)
{
	bd->los = arena_alloc(a, s->n * width);
	bd->his = arena_alloc(a, s->n * width);
	for (size_t i = 0; i < s->n; i++) {
		store(bd->los, i, width, s->r[i].lo);
		store(bd->his, i, width, s->r[i].hi);
	}
	bd->n = s->n;
	bd->how = HOW_SEARCH;
}

static void
make_few(struct bound *bd, const struct ranges *s)
{
	for (size_t i = 0; i < s->n; i++) {
		bd->lo[i] = (uint64_t)s->r[i].lo ^ bd->bias;
		bd->span[i] = (uint64_t)(s->r[i].hi - s->r[i].lo);
	}
	bd->n = s->n;
	bd->how = HOW_RANGE;
}

/* A range that is one prefix: as many equal bits as possible, then all zeros to all ones. */
static bool
make_prefix(struct bound *bd, const struct range *r)
{
	u128 differ = r->lo ^ r->hi, keep = ~differ;

	if ((differ & (differ + 1)) != 0 || (r->lo & differ) != 0)
		return false;
	bd->pmask[0] = htobe64((uint64_t)(keep >> 64));
	bd->pmask[1] = htobe64((uint64_t)keep);
	bd->pvalue[0] = htobe64((uint64_t)(r->lo >> 64));
	bd->pvalue[1] = htobe64((uint64_t)r->lo);
	bd->how = HOW_PREFIX;
	return true;
}

static void
bound_ranges(struct bound *bd, const struct ranges *s, u128 span, struct arena *a)
{
	enum type type = bd->test->type;
	bool is_float = type_is_float(type);

	if (s->n == 0) {
		bd->how = HOW_NONE;
	} else if (s->n == 1 && s->r[0].lo == 0 && s->r[0].hi == span) {
		bd->how = HOW_ALL;
	} else if (is_float) {
		make_search(bd, s, 8, a);
		bd->how = HOW_FLOAT;
	} else if (bd->width == 16) {
		if (s->n == 1 && make_prefix(bd, &s->r[0]))
			return;
		make_search(bd, s, 16, a);
		make_sieve(bd, s, a);
		bd->how = HOW_WIDE;
	} else if (s->n == 2 && s->r[0].lo == 0 && s->r[1].hi == span) {
		/* From the bottom and to the top: one range around the end, as != has it. */
		bd->lo[0] = (uint64_t)s->r[1].lo ^ bd->bias;
		bd->span[0] = (uint64_t)(s->r[0].hi - s->r[1].lo);
		bd->n = 1;
		bd->how = HOW_RANGE;
	} else if (s->n <= (bd->width <= 2 ? 1 : HOW_FEW)) {
		make_few(bd, s);
	} else if (bd->width <= 2) {
		make_table(bd, s, a);
	} else {
		make_search(bd, s, bd->width, a);
		make_sieve(bd, s, a);
	}
}

void
bound_make(struct bound *bd, const struct test *t, unsigned width, struct arena *a)
{
	struct ranges clipped = { 0 };
	u128 least, span;

	*bd = (struct bound){ .test = t, .width = width };
	if (t->kind == TEST_OCTETS) {
		bd->how = HOW_OCTETS;
		return;
	}
	bound_domain(t->type, width, &least, &span);
	if (t->kind == TEST_MASK) {
		bd->how = t->value > (uint64_t)span ? HOW_NONE : HOW_MASK;
		if (bd->how == HOW_NONE && t->cmp == CMP_NE)
			bd->how = HOW_ALL;
		return;
	}
	if (type_is_signed(t->type))
		bd->bias = UINT64_C(1) << (8 * width - 1);
	clip(&clipped, &t->set, least, span);
	bound_ranges(bd, &clipped, span, a);
	ranges_free(&clipped);
}

typedef void kernel(const struct bound *, const void *, size_t, const uint64_t *, uint64_t *);

static kernel *
by_width(unsigned width, kernel *k8, kernel *k16, kernel *k32, kernel *k64)
{
	return width == 1 ? k8 : width == 2 ? k16 : width == 4 ? k32 : k64;
}

static kernel *
choose(const struct bound *bd)
{
	switch (bd->how) {
	case HOW_RANGE: return by_width(bd->width, range_8, range_16, range_32, range_64);
	case HOW_MASK: return by_width(bd->width, mask_8, mask_16, mask_32, mask_64);
	case HOW_TABLE: return bd->width == 1 ? table_8 : table_16;
	case HOW_SEARCH: return bd->width == 4 ? search_32 : search_64;
	case HOW_FLOAT: return bd->width == 4 ? float_32 : float_64;
	case HOW_PREFIX: return prefix_128;
	default: return wide_128;
	}
}

void
kernel_run(const struct bound *bd, const void *data, const uint32_t *off, size_t n,
    const uint64_t *mask, uint64_t *out)
{
	if (n == 0)
		return;
	if (bd->how == HOW_OCTETS) {
		run_octets(bd->test, data, off, n, mask, out);
		return;
	}
	if (bd->how == HOW_NONE) {
		memset(out, 0, bits_words(n) * 8);
		return;
	}
	if (bd->how == HOW_ALL) {
		bits_fill(out, n);
		return;
	}
	choose(bd)(bd, data, n, mask, out);
	if (bd->how != HOW_MASK || bd->test->cmp != CMP_NE)
		return;
	for (size_t w = 0; w < bits_words(n); w++)
		out[w] = mask != NULL && mask[w] == 0 ? 0 : ~out[w];
	out[bits_words(n) - 1] &= bits_tail(n);
}
