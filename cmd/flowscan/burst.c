/*
 * burst.c - failures that come one after the other: when a scan was, whatever else failed hours before or after it.
 */
#include "evidence.h"

void
bursts_add(struct bursts *b, bool bad, int64_t start_ns, int64_t end_ns, int64_t pause_ns)
{
	struct burst *now = &b->now;

	if (now->failed == 0 || start_ns - now->last_ns > pause_ns) {
		if (!bad)
			return;
		*now = (struct burst){ .first_ns = start_ns, .last_ns = end_ns };
	} else if (now->first_ns - start_ns > pause_ns) {
		return;
	}
	now->tried++;
	if (!bad)
		return;
	now->failed++;
	now->first_ns = start_ns < now->first_ns ? start_ns : now->first_ns;
	now->last_ns = end_ns > now->last_ns ? end_ns : now->last_ns;
	if (now->failed >= b->most.failed)
		b->most = *now;
}

void
bursts_repair(struct bursts *b)
{
	if (b->now.failed > 0)
		b->now.failed--;
	if (b->most.failed > 0)
		b->most.failed--;
}

const struct burst *
bursts_main(const struct bursts *b, uint32_t failed, int64_t after_ns)
{
	const struct burst *most = &b->most;

	if (most->failed == 0 || most->failed * UINT64_C(2) < failed || most->last_ns <= after_ns)
		return NULL;
	return most;
}
