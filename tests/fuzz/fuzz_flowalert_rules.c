/*
 * fuzz_flowalert_rules.c - whatever a file of rules holds, it is read or refused with a reason, and what was read can
 * be run over flows.
 */
#include <assert.h>
#include <string.h>

#include "../../cmd/flowalert/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
tell(const char *subject, const struct err *err)
{
	assert(strcmp(subject, "fuzz") == 0 && err->status == EXIT_USAGE && err->text[0] != '\0');
}

/* Two flows of UDP to port 53. */
static struct batch *
flows(void)
{
	const struct field_id src = field_iana(8), port = field_iana(11), bytes = field_iana(1),
			      end = field_own(OWN_END), start = field_own(OWN_START);
	struct batch *b = batch_new();

	batch_extend(b, 2);
	for (size_t i = 0; i < 2; i++) {
		batch_put_uint(b, (unsigned)batch_column(b, &src, TYPE_IP, 4, 0), i, 0x0a000001);
		batch_put_uint(b, (unsigned)batch_column(b, &port, TYPE_UINT, 2, 0), i, 53);
		batch_put_uint(b, (unsigned)batch_column(b, &bytes, TYPE_UINT, 8, 0), i, 1000);
		batch_put_uint(b, (unsigned)batch_column(b, &start, TYPE_TIME, 8, 0), i, 1);
		batch_put_uint(b, (unsigned)batch_column(b, &end, TYPE_TIME, 8, 0), i, 1000 * i);
	}
	batch_close(b);
	return b;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct memory *memory = memory_new();
	struct rules rules = { .memory = memory };
	struct alerts *alerts = alerts_new();
	const uint64_t all = 3;
	struct batch *b = flows();
	struct err err = { 0 };

	(void)rules_parse(&rules, "fuzz", (const char *)data, len, 0, tell);
	if (rules.n > 0 && rules.n < 64) {
		rules_start(&rules, 1, 1 << 24);
		assert(rules_add(&rules, 0, b, &all, &err) == 0);
		assert(rules_end(&rules, alerts, &err) == 0);
		assert(alerts_count(alerts) <= 2 * rules.n);
	}
	rules_free(&rules);
	alerts_free(alerts);
	memory_free(memory);
	batch_free(b);
	return 0;
}
