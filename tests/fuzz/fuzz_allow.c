/*
 * fuzz_allow.c - an allow-list is read or refused with its line, and allows only what it says.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* 240.0.0.1: no sane list has it, but one that holds a prefix of length 0 to 4 may. */
	struct addr odd = addr_v4(UINT32_C(0xf0000001));
	int fd = memfd_create("allow", MFD_CLOEXEC);
	struct err err = { 0 };
	struct scope scope;
	char path[40];
	int rc;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	scope_init(&scope);
	rc = scope_opt(&scope, 'a', path, &err);
	assert(rc == 1 || (rc == -1 && err.status == EXIT_FAILED && err.text[0] != '\0'));
	if (rc == 1) {
		bool whole = scope_allows(&scope, &odd, -1);

		for (int port = 0; port <= UINT16_MAX && whole; port += 4097)
			assert(scope_allows(&scope, &odd, port));
	}
	scope_free(&scope);
	close(fd);
	return 0;
}
