/*
 * fuzz_flowexfil_state.c - whatever a state holds, it is read or refused, and what was read is judged and written again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../cmd/flowexfil/state.h"
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

static void
judge_all(struct judge *j)
{
	char *argv[] = { (char[]){ "flowexfil" }, NULL };
	struct err err = { 0 };

	judge_rest(j);
	assert(alerts_ranked(j->alerts, take, NULL, &err) == 0);
	assert(state_write(j, "/dev/null", argv, &err) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct traffic traffic;
	struct judge judge = { .limits = LIMITS_DEFAULT, .keeps = true };
	int fd = memfd_create("state", MFD_CLOEXEC), rc;
	uint8_t *copy = malloc(len + 1);
	struct err err = { 0 };
	struct scope scope;
	char path[40];

	if (fd < 0 || copy == NULL)
		abort();
	memcpy(copy, data, len);
	seal_all(copy, len);
	if (write(fd, copy, len) != (ssize_t)len)
		abort();
	free(copy);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	scope_init(&scope);
	traffic_init(&traffic, &scope, 24 * NS_PER_HOUR, judge.limits.destination);
	judge_init(&judge, &scope, &traffic);
	rc = state_read(&judge, path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0)
		judge_all(&judge);
	judge_free(&judge);
	traffic_free(&traffic);
	scope_free(&scope);
	close(fd);
	return 0;
}
