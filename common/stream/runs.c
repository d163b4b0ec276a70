/*
 * runs.c - numbers that many records in a row have, once for all of them: when a message was received, what a stream is
 * sorted by.
 */
#include "base/clones.h"
#include "stream/section.h"

/* Records that are looked at before the next decision whether it is worth it. */
enum { STRETCH = 4096 };

/* Values that differ from the one before, as the first does; where they are, and what. */
#define DIFFERS(T) \
	CLONES static size_t differs_##T(const T *v, size_t n) \
	{ \
		size_t count = 1; \
\
		for (size_t i = 1; i < n; i++) \
			count += v[i] != v[i - 1]; \
		return count; \
	} \
	static size_t divide_##T(uint64_t *bits, T *to, const T *v, size_t n) \
	{ \
		size_t runs = 0; \
\
		for (size_t i = 0; i < n; i++) { \
			bool first = i == 0 || v[i] != v[i - 1]; \
\
			bits[i / 64] |= (uint64_t)first << (i % 64); \
			runs += first; \
			to[runs - 1] = v[i]; \
		} \
		return runs; \
	}
DIFFERS(uint16_t)
DIFFERS(uint32_t)
DIFFERS(uint64_t)

static size_t
differs(const struct column *c, size_t at, size_t n)
{
	switch (c->width) {
	case 2: return differs_uint16_t((const uint16_t *)c->data + at, n);
	case 4: return differs_uint32_t((const uint32_t *)c->data + at, n);
	default: return differs_uint64_t((const uint64_t *)c->data + at, n);
	}
}

/* Would bits and the planes of so many runs be at most half of whole planes?  A plane alone packs as well as it is. */
static bool
are_few(size_t runs, size_t n, unsigned planes)
{
	return planes > 1 && n / 8 + runs * planes <= n * planes / 2;
}

static bool
worth_while(const struct column *c, size_t n, unsigned planes)
{
	size_t runs = 0;

	for (size_t at = 0; at < n; at += STRETCH) {
		size_t m = n - at < STRETCH ? n - at : STRETCH;

		runs += differs(c, at, m);
		if (runs > at + m / 2 || !are_few(runs, n, planes))
			return false;
	}
	return true;
}

static size_t
divide(uint64_t *bits, void *to, const struct column *c, size_t n)
{
	switch (c->width) {
	case 2: return divide_uint16_t(bits, to, c->data, n);
	case 4: return divide_uint32_t(bits, to, c->data, n);
	default: return divide_uint64_t(bits, to, c->data, n);
	}
}

bool
encode_runs(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n)
{
	size_t octets = bits_words(n) * 8, runs;
	struct column values = *c;
	uint64_t *bits;

	if (c->present != NULL || c->width < 2 || c->width > 8 ||
	    !worth_while(c, n, planes_expected(c)))
		return false;
	e->starts.len = 0;
	bits = (uint64_t *)(void *)buf_room(&e->starts, octets);
	memset(bits, 0, octets);
	values.data = e->values;
	p->version = VERSION_RUNS;
	runs = divide(bits, e->values, c, n);
	part_add(e, p, bits, octets);
	encode_planes(e, p, en, &values, NULL, runs);
	en->encoding = ENC_RUNS;
	return true;
}
