#include <math.h>

#include "judge.h"

double
cut(double v)
{
	return !(v > 0) ? 0 : v > 1 ? 1 : v;
}

struct alert
judge_begin(struct judge *j, const char *kind)
{
	struct alert a = ALERT_NONE;

	j->reason.len = j->why.len = j->hidden.len = 0;
	j->of = j->sampled;
	a.detector = "anom";
	a.kind = kind;
	return a;
}

void
put_limit(struct judge *j, const char *text)
{
	if (j->hidden.len > 0)
		buf_puts(&j->hidden, "; ");
	buf_puts(&j->hidden, text);
}

uint64_t
judge_counter(const struct judge *j, uint64_t amount)
{
	return sampled_any(&j->of) ? amount / j->of.greatest : amount;
}

void
judge_put(struct judge *j, struct alert *a)
{
	if (sampled_any(&j->of)) {
		if (j->hidden.len > 0)
			buf_puts(&j->hidden, "; ");
		sampled_limits(&j->hidden, &j->of,
		    "amounts are estimates, and what is short and small is not seen");
		a->sampling = j->of.greatest;
	}
	a->reason = buf_cstr(&j->reason);
	a->why = buf_cstr(&j->why);
	a->limits = j->hidden.len > 0 ? buf_cstr(&j->hidden) : NULL;
	alerts_put(j->alerts, a);
}

void
put_octets(struct buf *b, double v)
{
	b->len += fmt_scaled(buf_room(b, FMT_MAX), floor(v));
	buf_putc(b, 'B');
}

void
put_times(struct buf *b, double times)
{
	if (times >= 10)
		buf_printf(b, "%.0f times", times);
	else
		buf_printf(b, "%.1f times", times);
}

void
put_track(struct buf *b, const struct track_key *k)
{
	switch (k->kind) {
	case TRACK_NETWORK: buf_puts(b, "the whole network: "); break;
	case TRACK_EXPORTER:
		buf_puts(b, "exporter ");
		reason_addr(b, &k->addr);
		buf_puts(b, ": ");
		break;
	case TRACK_INTERFACE:
		buf_printf(b, "interface %u of ", k->id);
		reason_addr(b, &k->addr);
		buf_puts(b, ": ");
		break;
	case TRACK_SERVICE:
		buf_printf(b, "service %s/%u: ", k->id >> 16 == IP_TCP ? "tcp" : "udp",
		    k->id & UINT16_MAX);
		break;
	default: break;
	}
}
