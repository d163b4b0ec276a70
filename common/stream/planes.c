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

static void
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
		narrow((uint32_t *)(void *)e->values, v, base,
		    n); /* may be v itself: it only shrinks */
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
static uint64_t
subtract_from(uint64_t *v, const struct column *c, const struct column *reference, size_t n)
{
	const int64_t *r = reference->data;
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < n; i++)
		v[i] = (uint64_t)r[i] - v[i];
	if (c->present == NULL) {
		for (size_t i = 0; i < n; i++)
			least = (int64_t)v[i] < least ? (int64_t)v[i] : least;
		return (uint64_t)least;
	}
	for (size_t i = 0; i < n; i++)
		if (bits_get(c->present, i))
			least = (int64_t)v[i] < least ? (int64_t)v[i] : least;
	return (uint64_t)least;
}

/* Divide into q; what is left over of all, in one number. */
#define DIVIDE(D) \
	for (size_t i = 0; i < n; i++) { \
		q[i] = v[i] / (D); \
		rest |= v[i] - q[i] * (D); \
	}

static bool
divides(uint64_t *q, const uint64_t *v, size_t n, unsigned scale)
{
	uint64_t rest = 0;

	if (scale == 9) {
		DIVIDE(UINT64_C(1000000000))
	} else if (scale == 6) {
		DIVIDE(UINT64_C(1000000))
	} else {
		DIVIDE(UINT64_C(1000))
	}
	return rest == 0;
}

/* By the coarsest power of ten not above `scale` that leaves nothing over: times count in its units. */
static unsigned
divide_values(struct encoder *e, size_t n, unsigned scale)
{
	uint64_t *q;

	scale = scale >= 9 ? 9 : scale >= 6 ? 6 : scale >= 3 ? 3 : 0;
	e->planes.len = 0;
	q = (uint64_t *)(void *)buf_room(&e->planes, (n + 64) * sizeof(*q));
	for (; scale > 0; scale -= 3)
		if (divides(q, e->values, n, scale)) {
			memcpy(e->values, q, n * sizeof(*q));
			break;
		}
	return scale;
}

void
encode_planes(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    const struct column *reference, size_t n)
{
	uint64_t *v = e->values, bits = 0;

	if (reference == NULL && encode_dense(e, p, en, c, n))
		return;
	widen_values(c, n, v);
	en->encoding = ENC_PLANES;
	en->base = reference != NULL ? subtract_from(v, c, reference, n) : least_value(c);
	blank_missing(c, n, v, en->base);
	for (size_t i = 0; i < n; i++)
		v[i] -= en->base;
	if (c->type == TYPE_TIME || c->type == TYPE_DURATION)
		en->scale = (uint8_t)divide_values(e, n, c->scale);
	for (size_t i = 0; i < n; i++)
		bits |= v[i];
	en->planes = (uint8_t)planes_needed(bits);
	split(e, p, v, 8, 0, n, en->planes);
}
