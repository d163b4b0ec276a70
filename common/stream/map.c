/*
 * map.c - columns that follow from another one: a network's mask and autonomous system from the address, an
 * application's name from its number.  Stored once for each entry of the other's dictionary.
 */
#include "base/clones.h"
#include "stream/section.h"

/* Records that are compared before the next look whether it was worth it, and before values are gathered. */
enum { STRETCH = 1024, FIRST_LOOK = 256 };

#define FOLLOWS(T) \
	static bool follows_##T(const struct dict *d, const T *v, T *of, size_t n) \
	{ \
		const uint16_t *codes = d->codes; \
\
		for (size_t i = 0; i < n && i < FIRST_LOOK; i++) \
			if (v[i] != v[d->first[codes[i]]]) \
				return false; \
		for (size_t k = 0; k < d->n; k++) \
			of[k] = v[d->first[k]]; \
		for (size_t at = 0; at < n; at += STRETCH) { \
			size_t end = at + STRETCH < n ? at + STRETCH : n; \
			T differ = 0; \
\
			UNROLL \
			for (size_t i = at; i < end; i++) \
				differ |= (T)(v[i] ^ of[codes[i]]); \
			if (differ != 0) \
				return false; \
		} \
		return true; \
	}
FOLLOWS(uint8_t)
FOLLOWS(uint16_t)
FOLLOWS(uint32_t)
FOLLOWS(uint64_t)

/* Addresses, as two words each. */
static bool
follows_16(const struct dict *d, const uint8_t *v, size_t n)
{
	for (size_t at = 0; at < n; at += FIRST_LOOK) {
		size_t end = at + FIRST_LOOK < n ? at + FIRST_LOOK : n;
		uint64_t differ = 0, a[2], b[2];

		for (size_t i = at; i < end; i++) {
			memcpy(a, v + i * 16, 16);
			memcpy(b, v + d->first[d->codes[i]] * (size_t)16, 16);
			differ |= (a[0] ^ b[0]) | (a[1] ^ b[1]);
		}
		if (differ != 0)
			return false;
	}
	return true;
}

/* Octets. */
static bool
follows_octets(const struct dict *d, const struct column *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len, other;
		const void *v = cell_octets(c, i, &len);
		const void *of = cell_octets(c, d->first[d->codes[i]], &other);

		if (len != other || memcmp(v, of, len) != 0)
			return false;
	}
	return true;
}

/* Values by entry need room for 64 Ki of 8 octets at most: a dictionary has no more. */
static bool
follows(struct encoder *e, const struct dict *d, const struct column *c, size_t n)
{
	void *of = e->values;

	switch (c->width) {
	case 1: return follows_uint8_t(d, c->data, of, n);
	case 2: return follows_uint16_t(d, c->data, of, n);
	case 4: return follows_uint32_t(d, c->data, of, n);
	case 8: return follows_uint64_t(d, c->data, of, n);
	case 16: return follows_16(d, c->data, n);
	default: return follows_octets(d, c, n);
	}
}

bool
encode_map(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n)
{
	if (c->present != NULL)
		return false;
	for (unsigned k = 0; k < e->n_kept; k++) {
		const struct dict *d = &e->kept[k].dict;

		if (!follows(e, d, c, n))
			continue;
		en->encoding = ENC_MAP;
		en->reference = e->kept[k].column;
		en->dict_n = (uint32_t)d->n;
		put_values(e, p, c, d->first, d->n);
		return true;
	}
	return false;
}
