#include "wire/copy.h"

#include <string.h>

#include "base/addr.h"
#include "base/clones.h"
#include "base/cursor.h"
#include "base/num.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Big-endian of a constant length: one load and a byte swap where the machine has them. */
ALWAYS_INLINE uint64_t
load(const uint8_t *p, size_t len)
{
	uint16_t v2;
	uint32_t v4;
	uint64_t v8;

	switch (len) {
	case 1: return *p;
	case 2: memcpy(&v2, p, 2); return __builtin_bswap16(v2);
	case 4: memcpy(&v4, p, 4); return __builtin_bswap32(v4);
	case 8: memcpy(&v8, p, 8); return __builtin_bswap64(v8);
	default: return be_uint(p, len);
	}
}

ALWAYS_INLINE uint64_t
load_signed(const uint8_t *p, size_t len)
{
	unsigned shift = 64 - 8 * (unsigned)len;

	return (uint64_t)((int64_t)(load(p, len) << shift) >> shift);
}

/* One loop per length and width. */
#define LOOP(T, LOAD, LEN) \
	do { \
		T *to = cells; \
		const uint8_t *p = s->p; \
		for (size_t i = 0; i < s->n; i++, p += s->stride) \
			to[i] = (T)LOAD(p, LEN); \
	} while (0)

#define BY_LENGTH(T, LOAD) \
	switch (s->len) { \
	case 1: LOOP(T, LOAD, 1); break; \
	case 2: LOOP(T, LOAD, 2); break; \
	case 3: LOOP(T, LOAD, 3); break; \
	case 4: LOOP(T, LOAD, 4); break; \
	case 8: LOOP(T, LOAD, 8); break; \
	default: LOOP(T, LOAD, s->len); break; \
	}

#define BY_WIDTH(LOAD) \
	switch (width) { \
	case 1: BY_LENGTH(uint8_t, LOAD); break; \
	case 2: BY_LENGTH(uint16_t, LOAD); break; \
	case 4: BY_LENGTH(uint32_t, LOAD); break; \
	default: BY_LENGTH(uint64_t, LOAD); break; \
	}

/* Four at a time: records of a message are some tens, and their fields near enough to be there already. */
#define CELLS(T, LEN) \
	static void cells_##T##_##LEN(void *cells, const uint8_t *p, size_t stride, size_t n) \
	{ \
		T *to = cells; \
\
		for (; n >= 4; n -= 4, to += 4, p += 4 * stride) { \
			to[0] = (T)load(p, LEN); \
			to[1] = (T)load(p + stride, LEN); \
			to[2] = (T)load(p + 2 * stride, LEN); \
			to[3] = (T)load(p + 3 * stride, LEN); \
		} \
		for (; n > 0; n--, p += stride) \
			*to++ = (T)load(p, LEN); \
	}
CELLS(uint8_t, 1)
CELLS(uint16_t, 1)
CELLS(uint16_t, 2)
CELLS(uint32_t, 1)
CELLS(uint32_t, 2)
CELLS(uint32_t, 4)
CELLS(uint64_t, 1)
CELLS(uint64_t, 2)
CELLS(uint64_t, 4)
CELLS(uint64_t, 8)

copy_cells *
copy_find(size_t len, unsigned width)
{
	static const struct {
		size_t len;
		unsigned width;
		copy_cells *copy;
	} usual[] = {
		{ 1, 1, cells_uint8_t_1 },
		{ 1, 2, cells_uint16_t_1 },
		{ 2, 2, cells_uint16_t_2 },
		{ 1, 4, cells_uint32_t_1 },
		{ 2, 4, cells_uint32_t_2 },
		{ 4, 4, cells_uint32_t_4 },
		{ 1, 8, cells_uint64_t_1 },
		{ 2, 8, cells_uint64_t_2 },
		{ 4, 8, cells_uint64_t_4 },
		{ 8, 8, cells_uint64_t_8 },
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].len == len && usual[i].width == width)
			return usual[i].copy;
	return NULL;
}

void
copy_uint(void *cells, unsigned width, const struct source *s)
{
	BY_WIDTH(load)
}

void
copy_int(void *cells, unsigned width, const struct source *s)
{
	BY_WIDTH(load_signed)
}

void
copy_float(void *cells, unsigned width, const struct source *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const uint8_t *p = s->p + i * s->stride;
		uint32_t u4 = (uint32_t)load(p, 4);
		uint64_t u8;
		float f;
		double d;

		memcpy(&f, &u4, 4);
		if (s->len == 8) {
			u8 = load(p, 8);
			memcpy(&d, &u8, 8);
		} else {
			d = (double)f;
		}
		if (width == 4)
			((float *)cells)[i] = f;
		else
			((double *)cells)[i] = d;
	}
}

size_t
copy_bool(uint8_t *cells, const struct source *s)
{
	size_t odd = 0;

	for (size_t i = 0; i < s->n; i++) {
		uint8_t v = s->p[i * s->stride];

		cells[i] = v == 1;
		odd += v != 1 && v != 2;
	}
	return odd;
}

void
copy_ip4(void *cells, unsigned width, const struct source *s)
{
	uint8_t *to = cells;

	if (width == 4) {
		copy_uint(cells, 4, s);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		struct addr a = addr_v4((uint32_t)load(s->p + i * s->stride, 4));

		memcpy(to + 16 * i, a.b, 16);
	}
}

size_t
copy_ip6(uint8_t *cells, const struct source *s)
{
	size_t mapped = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct addr a;

		memcpy(a.b, s->p + i * s->stride, 16);
		memcpy(cells + 16 * i, a.b, 16);
		mapped += addr_is_v4(&a);
	}
	return mapped;
}

ALWAYS_INLINE int64_t
scaled_loop(int64_t *cells, const struct source *s, int64_t unit_ns, size_t len)
{
	uint64_t most = (uint64_t)(INT64_MAX / unit_ns);
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t v = load(s->p + i * s->stride, len);
		int64_t ns = v <= most ? (int64_t)v * unit_ns : TIME_NONE;

		cells[i] = ns;
		least = ns < least ? ns : least;
	}
	return least;
}

int64_t
copy_scaled(int64_t *cells, const struct source *s, int64_t unit_ns)
{
	if (s->len == 8 && unit_ns == NS_PER_MS)
		return scaled_loop(cells, s, NS_PER_MS, 8);
	if (s->len == 4 && unit_ns == NS_PER_S)
		return scaled_loop(cells, s, NS_PER_S, 4);
	return scaled_loop(cells, s, unit_ns, s->len);
}

/*
 * Seconds since 1900 and a 32-bit fraction.  The count wraps in 2036: values without the top bit are
 * of the era that begins then (RFC 4330 3), but all zero is an exporter that knew no time.
 * Microseconds leave out the fraction's 11 low bits (RFC 7011 6.1.9).
 */
ALWAYS_INLINE int64_t
ntp_ns(uint64_t v, int64_t unit_ns)
{
	int64_t seconds = (int64_t)(v >> 32) - INT64_C(2208988800);
	uint64_t fraction = v & UINT32_MAX;

	if (v != 0 && v >> 63 == 0)
		seconds += INT64_C(1) << 32;
	if (unit_ns == NS_PER_US)
		fraction &= ~UINT64_C(0x7ff);
	fraction = fraction * (uint64_t)(NS_PER_S / unit_ns) >> 32;
	return seconds * NS_PER_S + (int64_t)fraction * unit_ns;
}

int64_t
copy_ntp(int64_t *cells, const struct source *s, int64_t unit_ns)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		int64_t ns = ntp_ns(load(s->p + i * s->stride, 8), unit_ns);

		cells[i] = ns;
		least = ns < least ? ns : least;
	}
	return least;
}

static int64_t
uptime_loop(int64_t *cells, const struct source *s, int64_t header_ns, uint32_t header_uptime)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t v = load(s->p + i * s->stride, s->len);
		int64_t ns =
		    header_ns - (int64_t)(int32_t)(header_uptime - (uint32_t)v) * NS_PER_MS;

		ns = v <= UINT32_MAX ? ns : TIME_NONE;
		cells[i] = ns;
		least = ns < least ? ns : least;
	}
	return least;
}

/* The usual length: side by side first, then many at a time. */
CLONES static int32_t
place_uptimes(
    int64_t *cells, const uint32_t *v, size_t n, int64_t header_ns, uint32_t header_uptime)
{
	int32_t most = INT32_MIN;

	for (size_t i = 0; i < n; i++) {
		int32_t before = (int32_t)(header_uptime - v[i]);

		cells[i] = header_ns - before * NS_PER_MS;
		most = before > most ? before : most;
	}
	return most;
}

int64_t
copy_uptime(int64_t *cells, const struct source *s, int64_t header_ns, uint32_t header_uptime)
{
	enum { PIECE = 64 };
	uint32_t v[PIECE];
	int32_t most = INT32_MIN;

	if (s->len != 4 || s->n == 0)
		return uptime_loop(cells, s, header_ns, header_uptime);
	for (size_t i = 0; i < s->n; i += PIECE) {
		size_t n = s->n - i < PIECE ? s->n - i : PIECE;
		int32_t last;

		cells_uint32_t_4(v, s->p + i * s->stride, s->stride, n);
		last = place_uptimes(cells + i, v, n, header_ns, header_uptime);
		most = last > most ? last : most;
	}
	return header_ns - most * NS_PER_MS;
}

int64_t
copy_delta(int64_t *cells, const struct source *s, int64_t header_ns)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t us = load(s->p + i * s->stride, s->len);
		int64_t ns = us <= UINT32_MAX ? header_ns - (int64_t)us * NS_PER_US : TIME_NONE;

		cells[i] = ns;
		least = ns < least ? ns : least;
	}
	return least;
}
