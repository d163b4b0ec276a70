/*
 * fuzz_flowscan_state.c - whatever a state holds, it is read or refused, and what was read is judged and written again.
 */
#include <assert.h>

#include "../../cmd/flowscan/judge.h"
#include "../../cmd/flowscan/state.h"
#include "kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *argv[] = { (char[]){ "flowscan" }, NULL };
	struct kept kept = kept_open(data, len);
	struct err err = { 0 };
	struct evidence e;
	struct scope scope;
	int rc;

	scope_init(&scope);
	evidence_init(&e, &scope, 3600 * NS_PER_S);
	rc = state_read(&e, kept.path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0) {
		struct alerts *alerts = alerts_new();

		for (uint32_t row = 0; row < e.sources.n_rows; row++)
			evidence_source(&e, row)->new_failed = 1;
		judge(&e, alerts);
		assert(alerts_ranked(alerts, kept_take, NULL, &err) == 0);
		alerts_free(alerts);
		assert(state_write(&e, "/dev/null", argv, &err) == 0);
	}
	evidence_free(&e);
	scope_free(&scope);
	close(kept.fd);
	return 0;
}
