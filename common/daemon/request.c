/*
 * request.c - a command's number, then strings: 16 bits of length, the octets, a NUL.
 */
#include "daemon/request.h"

#include <string.h>

#include "base/cursor.h"

/* Room for one more string? */
static bool
put(uint8_t **p, const uint8_t *end, const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;

	if (n > UINT16_MAX || (size_t)(end - *p) < 2 + n + 1)
		return false;
	*(*p)++ = (uint8_t)(n >> 8);
	*(*p)++ = (uint8_t)n;
	memcpy(*p, n > 0 ? s : "", n + 1);
	*p += n + 1;
	return true;
}

size_t
request_put(uint8_t *dst, const struct request *r, unsigned n_variables)
{
	const uint8_t *end = dst + REQUEST_OCTETS;
	uint8_t *p = dst;

	*p++ = (uint8_t)r->command;
	if (!put(&p, end, r->path))
		return 0;
	for (unsigned i = 0; i < n_variables; i++)
		if (!put(&p, end, r->value[i]))
			return 0;
	return (size_t)(p - dst);
}

/* Empty: NULL. */
static const char *
get(struct cursor *c)
{
	size_t n = cur_u16(c);
	const uint8_t *p = cur_octets(c, n + 1);

	if (p == NULL || memchr(p, '\0', n + 1) != p + n) {
		c->bad = true;
		return NULL;
	}
	return n > 0 ? (const char *)p : NULL;
}

bool
request_get(
    struct request *r, const void *data, size_t len, unsigned n_commands, unsigned n_variables)
{
	struct cursor c = cur_over(data, len);

	*r = (struct request){ .command = cur_u8(&c) };
	r->path = get(&c);
	for (unsigned i = 0; i < n_variables; i++)
		r->value[i] = get(&c);
	return !c.bad && cur_left(&c) == 0 && r->command < n_commands;
}
