/*
 * planes.c - numbers as planes: what they are above the least of them, octet by octet.
 */
#include "base/clones.h"
#include "base/num.h"
#include "flow/zone.h"
#include "stream/section.h"

/* The least present value: base of the planes.  Signed types in two's complement. */
static uint64_t
least_value(const struct column *c)
{
	if (!(c->flags & COLUMN_ZONE) || type_is_float(c->type))
		return 0;
	return type_is_signed(c->type) ? (uint64_t)zone_int(c->min) : c->min;
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

/*
 * Values go through in pieces: what is made of a piece on the way to its planes stays in the nearest cache, where a
 * column as a whole would have to come from memory at every step.
 */
enum { PIECE = 2048, NARROW = 4 };

/* Room for the planes of n values, each behind the one before. */
static uint8_t *
planes_room(struct encoder *e, size_t n, unsigned planes)
{
	e->planes.len = 0;
	return (uint8_t *)buf_room(&e->planes, n * planes + 64);
}

static void
planes_add(struct encoder *e, struct parts *p, const uint8_t *plane, size_t n, unsigned planes)
{
	for (unsigned k = 0; k < planes; k++)
		part_add_plane(e, p, plane + k * n, n);
}

/* Numbers that no record misses, as they are. */
static bool
encode_dense(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n)
{
	uint32_t narrowed[PIECE];
	bool is_narrow;
	uint8_t *plane;

	if (c->present != NULL || c->type == TYPE_TIME || c->type == TYPE_DURATION ||
	    type_is_float(c->type) || !(c->flags & COLUMN_ZONE))
		return false;
	en->base = least_value(c);
	en->planes = (uint8_t)planes_needed(c->max - c->min); /* both inverted, or none */
	is_narrow = c->width == 8 && en->planes > 1 && en->planes <= NARROW;
	plane = planes_room(e, n, en->planes);
	for (size_t at = 0; at < n; at += PIECE) {
		size_t m = n - at < PIECE ? n - at : PIECE;
		const void *v = (const uint8_t *)c->data + at * c->width;

		if (is_narrow)
			narrow(narrowed, v, en->base, m);
		for (unsigned k = 0; k < en->planes; k++)
			plane_of(plane + k * n + at, is_narrow ? narrowed : v,
			    is_narrow ? 4 : c->width, is_narrow ? 0 : en->base, 8 * k, m);
	}
	planes_add(e, p, plane, n, en->planes);
	return true;
}

/* Others as u64 ---------------------------------------------------------------------------------- */

#define WIDEN(T) \
	do { \
		const T *v = (const T *)c->data + at; \
		for (size_t i = 0; i < n; i++) \
			to[i] = (uint64_t)v[i] - base; \
	} while (0)

/* What values [at, at + n) are above the base, or their distances before the reference are. */
static void
widen(uint64_t *to, const struct column *c, const struct column *reference, uint64_t base,
    size_t at, size_t n)
{
	bool is_signed = c->type == TYPE_INT;

	if (reference != NULL) {
		const uint64_t *r = (const uint64_t *)reference->data + at;
		const uint64_t *v = (const uint64_t *)c->data + at;

		for (size_t i = 0; i < n; i++)
			to[i] = r[i] - v[i] - base;
	} else if (c->width == 1) {
		if (is_signed)
			WIDEN(int8_t);
		else
			WIDEN(uint8_t);
	} else if (c->width == 2) {
		if (is_signed)
			WIDEN(int16_t);
		else
			WIDEN(uint16_t);
	} else if (c->width == 4) {
		if (is_signed)
			WIDEN(int32_t);
		else
			WIDEN(uint32_t);
	} else {
		WIDEN(uint64_t);
	}
	for (size_t i = 0; c->present != NULL && i < n; i++)
		if (!bits_get(c->present, at + i))
			to[i] = 0;
}

/* The least distance before the reference, and how far the others are above it. */
CLONES static uint64_t
least_distance(const int64_t *r, const int64_t *v, size_t n, uint64_t *range)
{
	int64_t least = INT64_MAX, most = INT64_MIN;

	for (size_t i = 0; i < n; i++) {
		int64_t d = (int64_t)((uint64_t)r[i] - (uint64_t)v[i]);

		least = d < least ? d : least;
		most = d > most ? d : most;
	}
	*range = (uint64_t)most - (uint64_t)least;
	return (uint64_t)least;
}

/* The same of the records that have a value; without any, all are taken for 0. */
static uint64_t
least_distance_of(const struct column *c, const struct column *reference, size_t n, uint64_t *range)
{
	const int64_t *r = reference->data, *v = c->data;
	int64_t least = INT64_MAX, most = INT64_MIN;

	if (c->present == NULL)
		return least_distance(r, v, n, range);
	*range = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t d = (int64_t)((uint64_t)r[i] - (uint64_t)v[i]);

		if (!bits_get(c->present, i))
			continue;
		least = d < least ? d : least;
		most = d > most ? d : most;
		*range = (uint64_t)most - (uint64_t)least;
	}
	return (uint64_t)least;
}

/* The base of values that are planes above it, and how far above they are. */
static uint64_t
base_of(const struct column *c, const struct column *reference, size_t n, uint64_t *range)
{
	uint64_t v[PIECE];

	if (reference != NULL)
		return least_distance_of(c, reference, n, range);
	if ((c->flags & COLUMN_ZONE) && !type_is_float(c->type)) {
		*range = c->max - c->min; /* both inverted, or none */
		return least_value(c);
	}
	*range = 0;
	for (size_t at = 0; at < n; at += PIECE) {
		size_t m = n - at < PIECE ? n - at : PIECE;

		widen(v, c, NULL, 0, at, m);
		for (size_t i = 0; i < m; i++)
			*range |= v[i];
	}
	return 0;
}

/* Values of a piece in a unit: u32 where that holds them. */
union units {
	uint64_t wide[PIECE];
	uint32_t narrow[PIECE];
};

/*
 * A unit as what divides by it without dividing: a power of two, and an odd number that has an inverse modulo 2^64
 * (Warren, Hacker's Delight, 10-16).  The product with the inverse is the quotient where nothing is left over, and
 * above the greatest quotient there can be where something is.
 */
struct unit {
	uint64_t value, inverse, most;
	unsigned twos;
};

static struct unit
unit_of(uint64_t value)
{
	struct unit u = { .value = value, .most = UINT64_MAX / value };
	uint64_t odd;

	u.twos = (unsigned)__builtin_ctzll(value);
	odd = value >> u.twos;
	u.inverse = odd; /* right in three bits, then in twice as many with every step */
	for (unsigned bits = 3; bits < 64; bits *= 2)
		u.inverse *= 2 - odd * u.inverse;
	return u;
}

/* Values in units that are below 2^32: their low halves are enough to find them. */
CLONES static bool
count_narrow(uint32_t *to, const uint64_t *v, size_t n, struct unit u)
{
	uint32_t value = (uint32_t)u.value, inverse = (uint32_t)u.inverse;
	uint64_t rest = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t units = (uint32_t)(v[i] >> u.twos) * inverse;

		to[i] = units;
		rest |= v[i] ^ (uint64_t)units * value;
	}
	return rest == 0;
}

static bool
count_wide(uint64_t *to, const uint64_t *v, size_t n, struct unit u)
{
	uint64_t rest = 0;

	for (size_t i = 0; i < n; i++) {
		to[i] = (v[i] >> u.twos) * u.inverse;
		rest |= (to[i] > u.most) | (v[i] & ((UINT64_C(1) << u.twos) - 1));
	}
	return rest == 0;
}

/* Planes of all values in a unit.  false: it leaves something over. */
static bool
planes_in(uint8_t *plane, const struct column *c, const struct column *reference, uint64_t base,
    size_t n, uint64_t unit, unsigned planes)
{
	bool is_narrow = planes <= NARROW;
	struct unit u = unit_of(unit);
	union units units;
	uint64_t v[PIECE];

	for (size_t at = 0; at < n; at += PIECE) {
		size_t m = n - at < PIECE ? n - at : PIECE;

		widen(v, c, reference, base, at, m);
		if (!(is_narrow ? count_narrow(units.narrow, v, m, u)
				: count_wide(units.wide, v, m, u)))
			return false;
		for (unsigned k = 0; k < planes; k++)
			plane_of(plane + k * n + at, &units, is_narrow ? 4 : 8, 0, 8 * k, m);
	}
	return true;
}

/* The coarsest unit that a column's precision allows, as a power of ten. */
static unsigned
coarsest(const struct column *c)
{
	if (c->type != TYPE_TIME && c->type != TYPE_DURATION)
		return 0;
	return c->scale >= 9 ? 9 : c->scale >= 6 ? 6 : c->scale >= 3 ? 3 : 0;
}

unsigned
planes_expected(const struct column *c)
{
	if (!(c->flags & COLUMN_ZONE) || type_is_float(c->type))
		return c->width;
	return planes_needed((c->max - c->min) / pow10_u64(coarsest(c)));
}

void
encode_planes(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    const struct column *reference, size_t n)
{
	unsigned scale = coarsest(c);
	uint64_t range;
	uint8_t *plane;

	en->encoding = ENC_PLANES;
	if (reference == NULL && encode_dense(e, p, en, c, n))
		return;
	en->base = base_of(c, reference, n, &range);

	/* Times count in the coarsest power of ten, not above their precision, that leaves nothing over. */
	do {
		en->planes = (uint8_t)planes_needed(range / pow10_u64(scale));
		plane = planes_room(e, n, en->planes);
		if (planes_in(plane, c, reference, en->base, n, pow10_u64(scale), en->planes))
			break;
		scale -= 3;
	} while (true);
	if (c->type == TYPE_TIME || c->type == TYPE_DURATION)
		en->scale = (uint8_t)scale;
	planes_add(e, p, plane, n, en->planes);
}
