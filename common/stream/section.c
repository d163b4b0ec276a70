/*
 * section.c - a column's values as parts: the choice of an encoding, constants, planes, plain values.
 */
#include "stream/section.h"

/* Values as numbers ---------------------------------------------------------------------------- */

#define WIDEN(T) \
	do { \
		const T *v = c->data; \
		for (size_t i = 0; i < n; i++) \
			out[i] = (uint64_t)v[i]; \
	} while (0)

static void
widen_values(const struct column *c, size_t n, uint64_t *out)
{
	bool is_signed = c->type == TYPE_INT;

	switch (c->width) {
	case 1:
		if (is_signed)
			WIDEN(int8_t);
		else
			WIDEN(uint8_t);
		break;
	case 2:
		if (is_signed)
			WIDEN(int16_t);
		else
			WIDEN(uint16_t);
		break;
	case 4:
		if (is_signed)
			WIDEN(int32_t);
		else
			WIDEN(uint32_t);
		break;
	default: memcpy(out, c->data, n * 8); break;
	}
}

/* The least present value: base of the planes.  Signed types in two's complement. */
static uint64_t
least_value(const struct column *c)
{
	bool is_signed = c->type == TYPE_INT || c->type == TYPE_TIME || c->type == TYPE_DURATION;

	if (!(c->flags & COLUMN_ZONE) || c->type == TYPE_FLOAT32 || c->type == TYPE_FLOAT64)
		return 0;
	return is_signed ? c->min ^ UINT64_C(1) << 63 : c->min;
}

static void
blank_missing(const struct column *c, size_t n, uint64_t *v, uint64_t blank)
{
	if (c->present == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (!bits_get(c->present, i))
			v[i] = blank;
}

#define DIVIDE(D) \
	for (size_t i = 0; i < n; i++) { \
		uint64_t q = v[i] / (D); \
		rest |= v[i] - q * (D); \
	}

/* The coarsest scale not above `scale` that divides every value. */
static unsigned
exact_scale(const uint64_t *v, size_t n, unsigned scale)
{
	for (;; scale = scale > 3 ? scale > 6 ? 6 : 3 : 0) {
		uint64_t rest = 0;

		if (scale >= 9) {
			DIVIDE(UINT64_C(1000000000))
		} else if (scale >= 6) {
			DIVIDE(UINT64_C(1000000))
		} else if (scale >= 3) {
			DIVIDE(UINT64_C(1000))
		}
		if (rest == 0)
			return scale >= 9 ? 9 : scale >= 6 ? 6 : scale >= 3 ? 3 : 0;
	}
}

static void
divide_values(uint64_t *v, size_t n, unsigned scale)
{
	if (scale == 9)
		for (size_t i = 0; i < n; i++)
			v[i] /= UINT64_C(1000000000);
	else if (scale == 6)
		for (size_t i = 0; i < n; i++)
			v[i] /= UINT64_C(1000000);
	else if (scale == 3)
		for (size_t i = 0; i < n; i++)
			v[i] /= UINT64_C(1000);
}

static void
split_planes(struct encoder *e, struct parts *p, const uint64_t *v, size_t n, unsigned planes)
{
	uint8_t *plane;

	e->planes.len = 0;
	plane = (uint8_t *)buf_room(&e->planes, n + 64);
	for (unsigned k = 0; k < planes; k++) {
		for (size_t i = 0; i < n; i++)
			plane[i] = (uint8_t)(v[i] >> (8 * k));
		part_add(e, p, plane, n);
	}
}

static unsigned
planes_needed(uint64_t all_bits)
{
	unsigned planes = 0;

	for (; all_bits; all_bits >>= 8)
		planes++;
	return planes;
}

/* Start as a distance before end: small numbers where absolute ones are large. */
static void
encode_planes(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    const struct column *reference, size_t n)
{
	uint64_t *v = e->values, bits = 0;

	widen_values(c, n, v);
	en->encoding = ENC_PLANES;
	if (reference != NULL) {
		const uint64_t *r = reference->data;
		uint64_t least = UINT64_MAX; /* as signed, shifted */

		for (size_t i = 0; i < n; i++)
			v[i] = r[i] - v[i];
		for (size_t i = 0; i < n; i++)
			if (c->present == NULL || bits_get(c->present, i))
				least = zone_key_int((int64_t)v[i]) < least
					    ? zone_key_int((int64_t)v[i])
					    : least;
		en->base = least ^ UINT64_C(1) << 63;
	} else {
		en->base = least_value(c);
	}
	blank_missing(c, n, v, en->base);
	for (size_t i = 0; i < n; i++)
		v[i] -= en->base;
	if (c->type == TYPE_TIME || c->type == TYPE_DURATION) {
		en->scale = (uint8_t)exact_scale(v, n, c->scale);
		divide_values(v, n, en->scale);
	}
	for (size_t i = 0; i < n; i++)
		bits |= v[i];
	en->planes = (uint8_t)planes_needed(bits);
	split_planes(e, p, v, n, en->planes);
}

/* Columns -------------------------------------------------------------------------------------- */

static bool
is_constant(const struct column *c, size_t n)
{
	const uint8_t *v = c->data;

	if (c->width == 0 || c->width > 8)
		return false;
	if (c->flags & COLUMN_PARTIAL)
		return (c->flags & COLUMN_ZONE) && c->min == c->max && c->type != TYPE_FLOAT32 &&
		       c->type != TYPE_FLOAT64;
	return n > 0 && memcmp(v, v + c->width, (n - 1) * c->width) == 0;
}

static uint64_t
constant_of(const struct column *c, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (c->present == NULL || bits_get(c->present, i)) {
			memcpy(&v, (const uint8_t *)c->data + i * c->width, c->width);
			break;
		}
	}
	return v;
}

static void
encode_plain(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n)
{
	if (c->width == 0) {
		en->encoding = ENC_BYTES;
		put_values(e, p, c, NULL, n);
	} else {
		en->encoding = ENC_PLAIN;
		part_add(e, p, c->data, n * c->width);
	}
}

/* Choose an encoding and append the parts. */
static void
encode_values(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    const struct column *reference, size_t n)
{
	if (is_constant(c, n)) {
		en->encoding = ENC_CONST;
		en->base = constant_of(c, n);
		return;
	}
	if (e->profile == PROFILE_PIPE) {
		encode_plain(e, p, en, c, n);
		return;
	}
	if (c->type == TYPE_IP || c->width == 0) {
		if (!encode_dict(e, p, en, c, n, n / 2))
			encode_plain(e, p, en, c, n);
		return;
	}
	if (c->width >= 4 && reference == NULL && c->type != TYPE_TIME &&
	    encode_dict(e, p, en, c, n, n / 64 < DICT_CHEAP ? n / 64 : DICT_CHEAP))
		return;
	encode_planes(e, p, en, c, reference, n);
}

/* One column's section into e->section (empty: none), its facts into *en. */
void
encode_section(struct encoder *e, struct entry *en, struct column *c,
    const struct column *reference, uint16_t reference_at, size_t n)
{
	struct buf body = { 0 };
	struct parts p = { .out = &body };

	*en = (struct entry){ .reference = NO_REFERENCE, .scale = c->scale };
	column_zone(c, n);
	if (c->present != NULL) {
		en->flags |= ENTRY_PRESENCE;
		part_add(e, &p, c->present, bits_words(n) * 8);
	}
	encode_values(e, &p, en, c, reference, n);
	if (en->encoding == ENC_PLANES && reference != NULL)
		en->reference = reference_at;
	e->section.len = 0;
	if (p.n > 0) {
		buf_put(&e->section, &(uint32_t){ p.n }, 4);
		buf_put(&e->section, &en->dict_n, 4);
		for (unsigned k = 0; k < p.n; k++) {
			buf_put(&e->section, &p.stored[k], 4);
			buf_put(&e->section, &p.unpacked[k], 4);
			en->unpacked += p.unpacked[k];
		}
		buf_pad(&e->section, SECTION_ALIGN);
		buf_put(&e->section, body.data ? body.data : "", body.len);
	}
	buf_free(&body);
}
