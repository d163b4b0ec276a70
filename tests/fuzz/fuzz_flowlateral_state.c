/*
 * fuzz_flowlateral_state.c - whatever a state holds, it is read or refused, and what was read is judged and written again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../cmd/flowlateral/judge.h"
#include "../../cmd/flowlateral/state.h"
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
check_judged(struct edges *e)
{
	struct judge j = { .limits = LIMITS_DEFAULT, .edges = e, .alerts = alerts_new() };
	struct err err = { 0 };

	j.limits.score = 0;
	edges_learn(e);
	judge(&j);
	for (size_t i = 0; i < j.w.n_pairs; i++)
		assert(j.w.pair[i].score >= 0 && j.w.pair[i].score <= 1);
	for (size_t i = 0; i < j.n_steps; i++)
		assert(j.step[i].depth >= 1 && j.step[i].depth <= PATH_MOST);
	assert(alerts_ranked(j.alerts, take, NULL, &err) == 0);
	alerts_free(j.alerts);
	judge_free(&j);
	edges_age(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *argv[] = { (char[]){ "flowlateral" }, NULL };
	int fd = memfd_create("state", MFD_CLOEXEC);
	uint8_t *copy = malloc(len + 1);
	struct err err = { 0 };
	struct edges e;
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
	edges_init(&e, &scope);
	e.has_state = true;
	rc = state_read(&e, path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0) {
		check_judged(&e);
		assert(state_write(&e, "/dev/null", argv, &err) == 0);
	}
	edges_free(&e);
	scope_free(&scope);
	close(fd);
	return 0;
}
