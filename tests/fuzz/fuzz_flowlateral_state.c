/*
 * fuzz_flowlateral_state.c - whatever a state holds, it is read or refused, and what was read is judged and written
 * again.
 */
#include <assert.h>

#include "../../cmd/flowlateral/judge.h"
#include "../../cmd/flowlateral/state.h"
#include "kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

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
	assert(alerts_ranked(j.alerts, kept_take, NULL, &err) == 0);
	alerts_free(j.alerts);
	judge_free(&j);
	edges_age(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *argv[] = { (char[]){ "flowlateral" }, NULL };
	struct kept kept = kept_open(data, len);
	struct err err = { 0 };
	struct edges e;
	struct scope scope;
	int rc;

	scope_init(&scope);
	edges_init(&e, &scope);
	e.has_state = true;
	rc = state_read(&e, kept.path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0) {
		check_judged(&e);
		assert(state_write(&e, "/dev/null", argv, &err) == 0);
	}
	edges_free(&e);
	scope_free(&scope);
	close(kept.fd);
	return 0;
}
