/*
 * fuzz_flowscan_state.c - whatever a state holds, it is read or refused, and what was read is judged and written again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../cmd/flowscan/judge.h"
#include "../../cmd/flowscan/state.h"
#include "seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
take(void *ctx, struct batch *b, struct err *err)
{
	(void)ctx;
	(void)err;
	for (size_t i = 0; i < b->n_cols; i++)
		(void)batch_plain(b, (unsigned)i);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *argv[] = { (char[]){ "flowscan" }, NULL };
	int fd = memfd_create("state", MFD_CLOEXEC);
	uint8_t *copy = malloc(len + 1);
	struct err err = { 0 };
	struct evidence e;
	struct scope scope;
	char path[40];
	int rc;

	if (fd < 0 || copy == NULL)
		abort();
	memcpy(copy, data, len);
	seal_all(copy, len);
	if (write(fd, copy, len) != (ssize_t)len)
		abort();
	free(copy);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	scope_init(&scope);
	evidence_init(&e, &scope, 3600 * NS_PER_S);
	rc = state_read(&e, path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0) {
		struct alerts *alerts = alerts_new();

		for (uint32_t row = 0; row < e.sources.n_rows; row++)
			evidence_source(&e, row)->new_failed = 1;
		judge(&e, alerts);
		assert(alerts_ranked(alerts, take, NULL, &err) == 0);
		alerts_free(alerts);
		assert(state_write(&e, "/dev/null", argv, &err) == 0);
	}
	evidence_free(&e);
	scope_free(&scope);
	close(fd);
	return 0;
}
