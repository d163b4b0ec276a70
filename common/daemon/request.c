/*
 * request.c - a command's number, then its path: 16 bits of length, the octets, a NUL.
 */
#include "daemon/request.h"

#include <string.h>

#include "base/cursor.h"

size_t
request_put(uint8_t *dst, const struct request *r)
{
	const char *path = r->path != NULL ? r->path : "";
	size_t len = strlen(path);

	if (len > REQUEST_OCTETS - 4)
		return 0;
	dst[0] = (uint8_t)r->command;
	dst[1] = (uint8_t)(len >> 8);
	dst[2] = (uint8_t)len;
	memcpy(dst + 3, path, len + 1);
	return 3 + len + 1;
}

bool
request_get(struct request *r, const void *data, size_t len, unsigned n_commands)
{
	struct cursor c = cur_over(data, len);
	const uint8_t *path;
	size_t n;

	*r = (struct request){ .command = cur_u8(&c) };
	n = cur_u16(&c);
	path = cur_octets(&c, n + 1);
	if (path == NULL || memchr(path, '\0', n + 1) != path + n || cur_left(&c) != 0)
		return false;
	if (n > 0)
		r->path = (const char *)path;
	return r->command < n_commands;
}
