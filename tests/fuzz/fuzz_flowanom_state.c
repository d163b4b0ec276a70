/*
 * fuzz_flowanom_state.c - whatever a state holds, it is read or refused; what was read is judged on and written again.
 */
#include <assert.h>

#include "../../cmd/flowanom/observe.h"
#include "../../cmd/flowanom/state.h"
#include "kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A record of two hosts of ours an hour and a half after all that was. */
static void
go_on(struct observed *o)
{
	struct batch *b = batch_new();
	struct field_id end = field_own(OWN_END), src = field_iana(8), dst = field_iana(12);
	unsigned time = (unsigned)batch_column(b, &end, TYPE_TIME, 8, 0);
	unsigned from = (unsigned)batch_column(b, &src, TYPE_IP, 4, 0);
	unsigned to = (unsigned)batch_column(b, &dst, TYPE_IP, 4, 0);
	struct addr a = addr_v4(0x0a000001), c = addr_v4(0x0a000002);

	batch_extend(b, 1);
	batch_put_uint(b, time, 0, (uint64_t)(o->newest_ns + 90 * 60 * NS_PER_S));
	batch_put_ip(b, from, 0, &a);
	batch_put_ip(b, to, 0, &c);
	batch_close(b);
	observe_add(o, b, NULL);
	batch_free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *argv[] = { (char[]){ "flowanom" }, NULL };
	const struct hours hours = { .buckets = HOURS_WORKDAY };
	struct kept kept = kept_open(data, len);
	struct err err = { 0 };
	struct observed o;
	struct judge j;
	struct scope scope;
	int rc;

	scope_init(&scope);
	judge_init(&j, &scope, &o.tracks);
	observe_init(&o, &scope, &j, &hours);
	rc = state_read(&o, kept.path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0) {
		go_on(&o);
		observe_finish(&o, 0, len % 2);
		judge_rest(&j, len % 2);
		assert(alerts_ranked(j.alerts, kept_take, NULL, &err) == 0);
		assert(state_write(&o, "/dev/null", argv, &err) == 0);
	}
	judge_free(&j);
	observe_free(&o);
	scope_free(&scope);
	close(kept.fd);
	return 0;
}
