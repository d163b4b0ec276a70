/*
 * request.c - a command's number, then strings: 16 bits of length, the octets, a NUL.
 */
#include "daemon/request.h"

#include <string.h>

#include "base/cursor.h"

/* Behind the n octets written; how many they are then, 0 where there is no room. */
static size_t
put(uint8_t *dst, size_t n, const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;

	if (n == 0 || len > UINT16_MAX || REQUEST_OCTETS - n < 2 + len + 1)
		return 0;
	dst[n++] = (uint8_t)(len >> 8);
	dst[n++] = (uint8_t)len;
	memcpy(dst + n, len > 0 ? s : "", len + 1);
	return n + len + 1;
}

size_t
request_put(uint8_t *dst, const struct request *r, unsigned n_variables)
{
	size_t n = 1;

	dst[0] = (uint8_t)r->command;
	n = put(dst, n, r->path);
	for (unsigned i = 0; i < n_variables; i++)
		n = put(dst, n, r->value[i]);
	return n;
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
