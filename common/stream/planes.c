/*
 * planes.c - numbers as planes: what they are above the least of them, octet by octet.
 */
#include "base/clones.h"
#include "stream/section.h"

/* The least present value: base of the planes.  Signed types in two's complement. */
static uint64_t
least_value(const struct column *c)
{
	bool is_signed = c->type == TYPE_INT || c->type == TYPE_TIME || c->type == TYPE_DURATION;

	if (!(c->flags & COLUMN_ZONE) || c->type == TYPE_FLOAT32 || c->type == TYPE_FLOAT64)
		return 0;
	return is_signed ? c->min ^ UINT64_C(1) << 63 : c->min;
}

static unsigned
planes_needed(uint64_t all_bits)
{
	unsigned planes = 0;

	for (; all_bits; all_bits >>= 8)
		planes++;
	return planes;
}

/* Every loop at the width of its values: compilers make wide units of them. */
#define PLANE(T) \
	CLONES static void plane_##T(uint8_t *to, const T *v, T base, unsigned shift, size_t n) \
	{ \
		for (size_t i = 0; i < n; i++) \
			to[i] = (uint8_t)((T)(v[i] - base) >> shift); \
	}
PLANE(uint8_t)
PLANE(uint16_t)
PLANE(uint32_t)
PLANE(uint64_t)

CLONES static void
narrow(uint32_t *to, const uint64_t *v, uint64_t base, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint32_t)(v[i] - base);
}

void
plane_of(uint8_t *to, const void *v, unsigned width, uint64_t base, unsigned shift, size_t n)
{
	switch (width) {
	case 1: plane_uint8_t(to, v, (uint8_t)base, shift, n); break;
	case 2: plane_uint16_t(to, v, (uint16_t)base, shift, n); break;
	case 4: plane_uint32_t(to, v, (uint32_t)base, shift, n); break;
	default: plane_uint64_t(to, v, base, shift, n); break;
	}
}

/* Planes of v - base. */
static void
split(struct encoder *e, struct parts *p, const void *v, unsigned width, uint64_t base, size_t n,
    unsigned planes)
{
	uint8_t *plane;

	if (width == 8 && planes > 1 && planes <= 4) {
		narrow((uint32_t *)(void *)e->values, v, base, n);
		v = e->values;
		width = 4;
		base = 0;
	}
	e->planes.len = 0;
	plane = (uint8_t *)buf_room(&e->planes, n + 64);
	for (unsigned k = 0; k < planes; k++) {
		plane_of(plane, v, width, base, 8 * k, n);
		part_add(e, p, plane, n);
	}
}

/* Numbers that no record misses, as they are. */
static bool
encode_dense(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n)
{
	if (c->present != NULL || c->type == TYPE_TIME || c->type == TYPE_DURATION ||
	    c->type == TYPE_FLOAT32 || c->type == TYPE_FLOAT64 || !(c->flags & COLUMN_ZONE))
		return false;
	en->encoding = ENC_PLANES;
	en->base = least_value(c);
	en->planes = (uint8_t)planes_needed(c->max - c->min); /* both inverted, or none */
	split(e, p, c->data, c->width, en->base, n, en->planes);
	return true;
}

/* Others as u64 ---------------------------------------------------------------------------------- */

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

static void
blank_missing(const struct column *c, size_t n, uint64_t *v, uint64_t blank)
{
	if (c->present == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (!bits_get(c->present, i))
			v[i] = blank;
}

/* Distances before the reference, and the least of them. */
CLONES static uint64_t
distances(uint64_t *v, const struct column *c, const struct column *reference, size_t n)
{
	const int64_t *r = reference->data, *from = c->data;
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < n; i++) {
		int64_t d = (int64_t)((uint64_t)r[i] - (uint64_t)from[i]);

		v[i] = (uint64_t)d;
		least = d < least ? d : least;
	}
	if (c->present == NULL)
		return (uint64_t)least;
	least = INT64_MAX;
	for (size_t i = 0; i < n; i++)
		if (bits_get(c->present, i))
			least = (int64_t)v[i] < least ? (int64_t)v[i] : least;
	return (uint64_t)least;
}

/* What the values are above the base, in units of D; what is left over of all, and their bits, in one number. */
#define MEASURE(D) \
	for (size_t i = 0; i < n; i++) { \
		uint64_t above = v[i] - base, units = above / (D); \
\
		q[i] = units; \
		rest |= above - units * (D); \
		bits |= units; \
	}

static bool
measure(uint64_t *q, const uint64_t *v, uint64_t base, size_t n, unsigned scale, uint64_t *all)
{
	uint64_t rest = 0, bits = 0;

	if (scale == 9) {
		MEASURE(UINT64_C(1000000000))
	} else if (scale == 6) {
		MEASURE(UINT64_C(1000000))
	} else if (scale == 3) {
		MEASURE(UINT64_C(1000))
	} else {
		MEASURE(UINT64_C(1))
	}
	*all = bits;
	return rest == 0;
}

void
encode_planes(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    const struct column *reference, size_t n)
{
	bool is_time = c->type == TYPE_TIME || c->type == TYPE_DURATION;
	const uint64_t *v = e->values;
	uint64_t bits, *q;
	unsigned scale;

	if (reference == NULL && encode_dense(e, p, en, c, n))
		return;
	en->encoding = ENC_PLANES;
	if (reference != NULL) {
		en->base = distances(e->values, c, reference, n);
	} else {
		en->base = least_value(c);
		if (c->width == 8 && c->present == NULL)
			v = c->data;
		else
			widen_values(c, n, e->values);
	}
	if (v == e->values)
		blank_missing(c, n, e->values, en->base);

	/* Times count in the coarsest power of ten, not above their precision, that leaves nothing over. */
	scale = !is_time ? 0 : c->scale >= 9 ? 9 : c->scale >= 6 ? 6 : c->scale >= 3 ? 3 : 0;
	q = e->units;
	while (!measure(q, v, en->base, n, scale, &bits))
		scale -= 3;
	if (is_time)
		en->scale = (uint8_t)scale;
	en->planes = (uint8_t)planes_needed(bits);
	split(e, p, q, 8, 0, n, en->planes);
}
