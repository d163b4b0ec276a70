/*
 * fuzz_request.c - requests to the runner of commands: what is accepted lies within the message and is written back
 * as it was.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "daemon/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* NULL, or a string that is not empty and ends before the data does. */
static void
check(const char *s, const uint8_t *data, size_t len)
{
	if (s != NULL)
		assert(s > (const char *)data && s[0] != '\0' &&
		       memchr(s, '\0', (size_t)((const char *)data + len - s)) != NULL);
}

/* The upper half of the first octet says how many commands there are. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t again[REQUEST_OCTETS];
	struct request r;
	unsigned n_commands;

	if (len < 1 || len > REQUEST_OCTETS)
		return 0;
	n_commands = data[0] >> 4;
	data++;
	len--;
	if (!request_get(&r, data, len, n_commands))
		return 0;
	assert(r.command < n_commands);
	check(r.path, data, len);
	assert(request_put(again, &r) == len && memcmp(again, data, len) == 0);
	return 0;
}
