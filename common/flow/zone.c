#include "flow/zone.h"

#include <endian.h>
#include <string.h>

#include "base/clones.h"

enum { PIECE = 4096 }; /* records that are looked at together */

uint64_t
zone_key_double(double v)
{
	uint64_t u;

	memcpy(&u, &v, 8);
	return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

double
zone_double(uint64_t key)
{
	uint64_t u = key >> 63 ? key ^ UINT64_C(1) << 63 : ~key;
	double v;

	memcpy(&v, &u, 8);
	return v;
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

/* Numbers and addresses of n records, n > 0, that all have one. */
static void
zone_dense(struct column *c, size_t n)
{
	bool is_signed = type_is_signed(c->type);

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
}

#define CLOSE_UP(T) \
	do { \
		const T *v = (const T *)c->data + at; \
		T *to = cells; \
		for (size_t i = 0; i < n; i++) { \
			to[m] = v[i]; \
			m += bits_get(c->present, at + i); \
		} \
	} while (0)

/* Of cells at..at+n those that are present, without a branch that could go either way: how many. */
static size_t
present_cells(const struct column *c, size_t at, size_t n, void *cells)
{
	size_t m = 0;

	switch (c->width) {
	case 1: CLOSE_UP(uint8_t); break;
	case 2: CLOSE_UP(uint16_t); break;
	case 4: CLOSE_UP(uint32_t); break;
	default: CLOSE_UP(uint64_t); break;
	}
	return m;
}

/* The same where some have none.  false: none has. */
static bool
zone_sparse(struct column *c, size_t n)
{
	uint64_t cells[PIECE];
	struct column piece = { .type = c->type, .width = c->width, .data = cells };
	bool any = false;

	for (size_t at = 0; at < n; at += PIECE) {
		size_t m = present_cells(c, at, n - at < PIECE ? n - at : PIECE, cells);

		if (m == 0)
			continue;
		zone_dense(&piece, m);
		c->min = any && c->min < piece.min ? c->min : piece.min;
		c->max = any && c->max > piece.max ? c->max : piece.max;
		any = true;
	}
	return any;
}

/* Whatever it is, a cell at a time.  false: none has a value. */
static bool
zone_cells(struct column *c, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t key;

		if (!bits_has(c->present, i) || column_nan(c, i))
			continue;
		key = column_zone_key(c, i);
		c->min = any && c->min < key ? c->min : key;
		c->max = any && c->max > key ? c->max : key;
		any = true;
	}
	return any;
}

void
column_zone(struct column *c, size_t n)
{
	bool quick = c->width > 0 && !type_is_float(c->type), any = true;

	c->flags &= (uint16_t) ~(COLUMN_ZONE | COLUMN_TRUNCATED);
	if (n == 0)
		return;
	if (c->width == 0 || c->width == 16)
		c->flags |= COLUMN_TRUNCATED;
	if (quick && c->present == NULL)
		zone_dense(c, n);
	else if (quick && c->width <= 8)
		any = zone_sparse(c, n);
	else
		any = zone_cells(c, n);
	if (any)
		c->flags |= COLUMN_ZONE;
}
