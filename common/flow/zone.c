#include "flow/zone.h"

#include <endian.h>
#include <string.h>

#include "base/clones.h"

uint64_t
zone_key_double(double v)
{
	uint64_t u;

	memcpy(&u, &v, 8);
	return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

uint64_t
zone_key_octets(const void *p, size_t n)
{
	uint64_t key = 0;

	if (n > 0) /* of no octets p may be NULL */
		memcpy(&key, p, n < 8 ? n : 8);
	return be64toh(key);
}

uint64_t
column_zone_key(const struct column *c, size_t rec)
{
	switch ((enum type)c->type) {
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DURATION: return zone_key_int(column_int(c, rec));
	case TYPE_FLOAT32: return zone_key_double((double)((const float *)c->data)[rec]);
	case TYPE_FLOAT64: return zone_key_double(((const double *)c->data)[rec]);
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST:
		return zone_key_octets(
		    (const uint8_t *)c->data + c->off[rec], c->off[rec + 1] - c->off[rec]);
	case TYPE_IP:
		if (c->width == 16)
			return zone_key_octets((const uint8_t *)c->data + rec * 16, 16);
		return column_uint(c, rec);
	default: return column_uint(c, rec);
	}
}

#define LEAST_AND_MOST(T) \
	CLONES static void zone_##T(const T *v, size_t n, T *least, T *most) \
	{ \
		T lo = v[0], hi = v[0]; \
\
		for (size_t i = 1; i < n; i++) { \
			lo = v[i] < lo ? v[i] : lo; \
			hi = v[i] > hi ? v[i] : hi; \
		} \
		*least = lo; \
		*most = hi; \
	}
LEAST_AND_MOST(uint8_t)
LEAST_AND_MOST(uint16_t)
LEAST_AND_MOST(uint32_t)
LEAST_AND_MOST(uint64_t)
LEAST_AND_MOST(int8_t)
LEAST_AND_MOST(int16_t)
LEAST_AND_MOST(int32_t)
LEAST_AND_MOST(int64_t)

#define ZONE(T, KEY) \
	do { \
		T lo, hi; \
\
		zone_##T(c->data, n, &lo, &hi); \
		c->min = KEY(lo); \
		c->max = KEY(hi); \
	} while (0)
#define UNSIGNED_KEY(v) (uint64_t)(v)
#define SIGNED_KEY(v) zone_key_int((int64_t)(v))

static void
zone_addresses(struct column *c, size_t n)
{
	const uint8_t *v = c->data;

	c->min = UINT64_MAX;
	c->max = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t key = zone_key_octets(v + 16 * i, 16);

		c->min = key < c->min ? key : c->min;
		c->max = key > c->max ? key : c->max;
	}
}

/* The quick way, for numbers and addresses that no record misses.  false: take the slow one. */
static bool
zone_dense(struct column *c, size_t n)
{
	bool is_signed = c->type == TYPE_INT || c->type == TYPE_TIME || c->type == TYPE_DURATION;

	if (c->present != NULL || c->width == 0 || c->type == TYPE_FLOAT32 ||
	    c->type == TYPE_FLOAT64)
		return false;
	switch (c->width) {
	case 16: zone_addresses(c, n); break;
	case 1:
		if (is_signed)
			ZONE(int8_t, SIGNED_KEY);
		else
			ZONE(uint8_t, UNSIGNED_KEY);
		break;
	case 2:
		if (is_signed)
			ZONE(int16_t, SIGNED_KEY);
		else
			ZONE(uint16_t, UNSIGNED_KEY);
		break;
	case 4:
		if (is_signed)
			ZONE(int32_t, SIGNED_KEY);
		else
			ZONE(uint32_t, UNSIGNED_KEY);
		break;
	default:
		if (is_signed)
			ZONE(int64_t, SIGNED_KEY);
		else
			ZONE(uint64_t, UNSIGNED_KEY);
		break;
	}
	return true;
}

static bool
is_nan_cell(const struct column *c, size_t rec)
{
	if (c->type == TYPE_FLOAT32)
		return __builtin_isnan(((const float *)c->data)[rec]);
	return c->type == TYPE_FLOAT64 && __builtin_isnan(((const double *)c->data)[rec]);
}

void
column_zone(struct column *c, size_t n)
{
	bool any = false;

	c->flags &= (uint16_t) ~(COLUMN_ZONE | COLUMN_TRUNCATED);
	if (n == 0)
		return;
	if (c->width == 0 || c->width == 16)
		c->flags |= COLUMN_TRUNCATED;
	if (zone_dense(c, n)) {
		c->flags |= COLUMN_ZONE;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t key;

		if ((c->present != NULL && !bits_get(c->present, i)) || is_nan_cell(c, i))
			continue;
		key = column_zone_key(c, i);
		c->min = any && c->min < key ? c->min : key;
		c->max = any && c->max > key ? c->max : key;
		any = true;
	}
	if (any)
		c->flags |= COLUMN_ZONE;
}
