/*
 * cursor.h - reading octets that somebody else chose.
 *
 * A cursor never leaves its octets.  The surprising rule: the error is sticky.  A read past the end
 * sets `bad` and returns 0 (or NULL), as does every read after it, so a decoder reads a whole
 * structure and checks `bad` once.  All decoding of wires and files goes through here.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *begin, *p, *end;
	bool bad;
};

static inline struct cursor
cur_over(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct cursor){ .begin = p, .p = p, .end = p + len };
}

static inline size_t
cur_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static inline size_t
cur_offset(const struct cursor *c)
{
	return (size_t)(c->p - c->begin);
}

/* The next n octets, NULL when there are fewer (n == 0 gives a valid pointer). */
static inline const uint8_t *
cur_octets(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->bad || n > cur_left(c)) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	return p;
}

static inline void
cur_skip(struct cursor *c, size_t n)
{
	(void)cur_octets(c, n);
}

/* A cursor over the next n octets; bad and empty when there are fewer. */
static inline struct cursor
cur_sub(struct cursor *c, size_t n)
{
	const uint8_t *p = cur_octets(c, n);
	struct cursor s = cur_over(p ? (const void *)p : "", p ? n : 0);

	s.bad = p == NULL;
	return s;
}

/* Are all n octets zero, as padding is? */
static inline bool
octets_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* Big-endian unsigned of n octets, n <= 8 (RFC 7011 6.2 reduced-size encoding). */
static inline uint64_t
be_uint(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint64_t
cur_uint(struct cursor *c, size_t n)
{
	const uint8_t *p = cur_octets(c, n);

	return p ? be_uint(p, n) : 0;
}

static inline uint8_t
cur_u8(struct cursor *c)
{
	return (uint8_t)cur_uint(c, 1);
}

static inline uint16_t
cur_u16(struct cursor *c)
{
	return (uint16_t)cur_uint(c, 2);
}

static inline uint32_t
cur_u32(struct cursor *c)
{
	return (uint32_t)cur_uint(c, 4);
}

/* Little-endian loads, for our own stream. */
static inline uint64_t
le_uint(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline uint64_t
cur_le(struct cursor *c, size_t n)
{
	const uint8_t *p = cur_octets(c, n);

	return p ? le_uint(p, n) : 0;
}

#endif
