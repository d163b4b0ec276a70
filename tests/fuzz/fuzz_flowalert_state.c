/*
 * fuzz_flowalert_state.c - whatever a state holds, it is read or refused, and what was read is used and written again.
 */
#include <assert.h>

#include "../../cmd/flowalert/hosts.h"
#include "../../cmd/flowalert/incidents.h"
#include "kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
tell(void *ctx, const struct alert *a)
{
	hosts_add(ctx, a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct addr src = addr_v4(0x0a000001);
	char *argv[] = { (char[]){ "flowalert" }, NULL };
	struct kept kept = kept_open(data, len);
	struct memory *m = memory_new();
	struct err err = { 0 };
	struct scope scope;
	int rc;

	scope_init(&scope);
	rc = memory_read(m, kept.path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0) {
		struct alerts *ranked = alerts_new();
		struct incidents s;
		struct hosts h;
		struct alert *a;

		incidents_init(&s, m);
		hosts_init(&h, m, &scope, HOSTS_HALF_LIFE_NS);
		a = incidents_next(&s);
		*a = (struct alert){ .detector = "scan",
			.kind = "slow",
			.reason = "",
			.why = "",
			.src = &src,
			.dstport = 445,
			.score = 0.5,
			.severity = SEVERITY_MEDIUM };
		incidents_end(&s, tell, &h);
		hosts_rank(&h, ranked);
		alerts_free(ranked);
		incidents_free(&s);
		assert(memory_write(m, "/dev/null", NULL, NULL, argv, &err) == 0);
	}
	memory_free(m);
	scope_free(&scope);
	close(kept.fd);
	return 0;
}
