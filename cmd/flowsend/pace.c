#include "pace.h"

#include <math.h>
#include <string.h>

#include "base/time.h"

enum { BURST_NS = 10000000 }; /* what may be caught up at once after a pause */

/* Rates and speeds may be as small as a double; nobody waits for longer than this, which can be added to a clock. */
static int64_t
wait_of(double ns)
{
	return ns < 1e18 ? (int64_t)ns : INT64_C(1000000000000000000);
}

bool
pace_parse_rate(struct pace *p, const char *arg)
{
	static const char *const units[] = { "pps", "fps", "bps" };
	size_t n = strlen(arg);

	p->unit = PACE_MESSAGES;
	for (unsigned i = 0; i < 3; i++) {
		if (n > 3 && strcmp(arg + n - 3, units[i]) == 0) {
			p->unit = (enum pace_unit)i;
			n -= 3;
			break;
		}
	}
	return parse_scaled(arg, n, &p->rate) && p->rate > 0;
}

bool
pace_parse_speed(struct pace *p, const char *arg)
{
	size_t n = strlen(arg);

	p->speed = 0;
	if (strcmp(arg, "max") == 0)
		return true;
	if (n > 1 && arg[n - 1] == 'x')
		n--;
	return parse_double(arg, n, &p->speed) && p->speed > 0 && p->speed < 1e9;
}

static void
wait_rate(struct pace *p, int64_t now, size_t octets, unsigned records)
{
	double cost = 1;

	if (p->due_ns < now - BURST_NS)
		p->due_ns = now - BURST_NS;
	if (p->due_ns > now)
		time_sleep_until(p->due_ns);
	if (p->unit == PACE_RECORDS)
		cost = records;
	else if (p->unit == PACE_BITS)
		cost = (double)octets * 8;
	p->due_ns += wait_of(cost / p->rate * (double)NS_PER_S);
}

static void
wait_speed(struct pace *p, int64_t now, int64_t time_ns)
{
	double since_ns;
	int64_t due;

	if (!p->started) {
		p->started = true;
		p->first_ns = time_ns;
		p->first_at_ns = now;
		return;
	}
	/* They may be further apart than 64 bits can say. */
	since_ns = (double)time_ns - (double)p->first_ns;
	due = p->first_at_ns + wait_of(fmax(0, since_ns) / p->speed);
	if (due > now)
		time_sleep_until(due);
}

void
pace_wait(struct pace *p, size_t octets, unsigned records, int64_t time_ns)
{
	if (p->speed > 0 && time_ns != INT64_MIN)
		wait_speed(p, time_monotonic_ns(), time_ns);
	if (p->rate > 0)
		wait_rate(p, time_monotonic_ns(), octets, records);
}
