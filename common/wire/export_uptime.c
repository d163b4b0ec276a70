/*
 * Uptimes of NetFlow v5 and v9: times are ms since a boot, in 32 bits, and readers take the difference to the header's
 * uptime as signed.  So a boot lies within 2^32 ms of each time, and a header's time within 2^31 ms.
 */
#include "wire/exporter.h"

/* Less 2 s: a header's time may be rounded up to its second, a boot down to its ms. */
#define UPTIME_SPAN_NS (((INT64_C(1) << 32) - 2000) * NS_PER_MS)
#define UPTIME_HALF_NS (((INT64_C(1) << 31) - 2000) * NS_PER_MS)
#define DAY_NS (24 * 3600 * NS_PER_S)

bool
uptime_says_both(int64_t start_ns, int64_t end_ns)
{
	int64_t apart = end_ns < start_ns ? start_ns - end_ns : end_ns - start_ns;

	return apart <= UPTIME_SPAN_NS - NS_PER_MS;
}

int64_t
uptime_boot(const struct session *s, const struct span *times)
{
	int64_t boot;

	if (span_is_none(times) ||
	    (s->has_boot && times->low >= s->boot_ns && times->high - s->boot_ns <= UPTIME_SPAN_NS))
		return s->boot_ns;
	boot = times->low - DAY_NS;
	if (boot < times->high - UPTIME_SPAN_NS)
		boot = times->high - UPTIME_SPAN_NS;
	return boot - boot % NS_PER_MS;
}

bool
uptime_fits(const struct session *s, int64_t boot_ns, const struct span *times)
{
	struct span all = s->times;

	if (span_is_none(times) || span_is_none(&all))
		return true;
	span_join(&all, times);
	return s->boot_ns == boot_ns && all.high - all.low <= UPTIME_HALF_NS;
}

int64_t
uptime_header(const struct exporter *e, const struct session *s)
{
	const struct span *t = &s->times;
	int64_t ns = message_time(e, s);

	if (span_is_none(t) || (ns >= s->boot_ns && ns - s->boot_ns <= UPTIME_SPAN_NS &&
				   ns - t->low <= UPTIME_HALF_NS && t->high - ns <= UPTIME_HALF_NS))
		return ns;
	return t->high - t->low <= UPTIME_HALF_NS ? t->high : t->low + (t->high - t->low) / 2;
}
