/*
 * fuzz_flowexfil_state.c - whatever a state holds, it is read or refused, and what was read is judged and written
 * again.
 */
#include <assert.h>

#include "../../cmd/flowexfil/state.h"
#include "kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
judge_all(struct judge *j)
{
	char *argv[] = { (char[]){ "flowexfil" }, NULL };
	struct err err = { 0 };

	judge_rest(j);
	assert(alerts_ranked(j->alerts, kept_take, NULL, &err) == 0);
	assert(state_write(j, "/dev/null", argv, &err) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct traffic traffic;
	struct judge judge = { .limits = LIMITS_DEFAULT, .keeps = true };
	struct kept kept = kept_open(data, len);
	int rc;
	struct err err = { 0 };
	struct scope scope;

	scope_init(&scope);
	traffic_init(&traffic, &scope, 24 * NS_PER_HOUR, judge.limits.destination);
	judge_init(&judge, &scope, &traffic);
	rc = state_read(&judge, kept.path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0)
		judge_all(&judge);
	judge_free(&judge);
	traffic_free(&traffic);
	scope_free(&scope);
	close(kept.fd);
	return 0;
}
