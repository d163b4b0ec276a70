/*
 * judge_flood.c - what is said of a host that is flooded.
 */
#include "judge.h"

#include <math.h>

static void
put_rate(struct judge *j, const struct flood *d, uint64_t minute, const char *unit, uint64_t peak)
{
	double rate = (double)minute / 60;

	if (rate >= 1000)
		j->reason.len += fmt_scaled(buf_room(&j->reason, FMT_MAX), floor(rate));
	else
		buf_printf(&j->reason, "%.0f", rate);
	buf_printf(&j->reason, " %s/s", unit);
	if (peak > 0) {
		double times = (double)minute / (double)peak;

		buf_puts(&j->reason, times > 1000 ? ", more than " : ", ");
		put_times(&j->reason, fmin(times, 1000));
		buf_puts(&j->reason, " its highest minute");
	} else if (d->known == 0) {
		buf_puts(&j->reason, ", seen for the first time");
	}
}

static void
put_flood_reason(struct judge *j, const struct flood *d)
{
	const struct cell *c = &d->worst;
	unsigned sources = flood_sources(c->sources);

	if (d->signs & FLOOD_IS_SYN) {
		put_rate(j, d, c->syn, "SYN", d->before.peak_syn);
	} else if (d->signs & FLOOD_IS_MANY) {
		put_rate(j, d, c->asked, "flows", d->before.peak_asked);
	} else if ((double)c->packets / FLOOD_PACKETS >= (double)c->bytes / (double)FLOOD_BYTES) {
		put_rate(j, d, c->packets, "packets", d->before.peak_packets);
	} else {
		put_rate(j, d, c->bytes, "octets", d->before.peak_bytes);
	}
	if (d->signs & FLOOD_IS_ONEWAY)
		buf_puts(&j->reason, ", next to nothing back");
	buf_printf(&j->reason, ", from %s%u source%s, for ",
	    sources > 150 ? "more than " : "about ", sources > 150 ? 150 : sources,
	    plural(sources));
	reason_duration(&j->reason, (d->last - d->first + 1) * 60 * NS_PER_S);
}

void
judge_flood(void *ctx, const struct flood *d)
{
	struct judge *j = ctx;
	const struct cell *c = &d->worst;
	struct alert a = judge_begin(j, "flood");
	double size = cut(log10(fmax(d->times, 1)) / 2), lasting = cut(d->minutes / 5.0);
	double known = d->known >= FLOOD_KNOWN ? 1 : 0.5;

	if (scope_allows(j->scope, &d->addr, c->port))
		return;
	/* Its minutes know better than all that was seen: another exporter's sampling is not theirs. */
	j->of = (struct sampled){ d->sampling, d->sampling };
	put_flood_reason(j, d);
	why_count(&j->why, "signs", d->signs);
	why_count(&j->why, "syn", c->syn);
	why_count(&j->why, "tcp", c->tcp);
	why_count(&j->why, "asked", c->asked);
	why_count(&j->why, "flows", c->flows);
	why_count(&j->why, "packets", c->packets);
	why_count(&j->why, "bytes", c->bytes);
	why_count(&j->why, "back", c->back);
	why_count(&j->why, "sources", flood_sources(c->sources));
	why_count(&j->why, "peak_syn", d->before.peak_syn);
	why_count(&j->why, "peak_asked", d->before.peak_asked);
	why_count(&j->why, "peak_packets", d->before.peak_packets);
	why_count(&j->why, "peak_bytes", d->before.peak_bytes);
	why_count(&j->why, "known", d->known);
	why_count(&j->why, "minutes", d->minutes);
	why_number(&j->why, "times", d->times);
	why_number(&j->why, "size", size);
	a.score = 0.5 + 0.25 * size + 0.1 * lasting + 0.15 * known;
	if (d->known < FLOOD_KNOWN)
		put_limit(
		    j, "little is known of this destination: compared with fixed limits only");
	a.attack = d->signs == FLOOD_IS_MANY ? "T1498,T1499" : "T1498.001";
	a.dst = &d->addr;
	if (c->votes > c->asked / 2) {
		a.dstport = c->port != 0 ? c->port : -1; /* pings, and records without ports */
		a.proto = c->proto;
	}
	a.start_ns = d->first * 60 * NS_PER_S;
	a.end_ns = ((int64_t)d->last + 1) * 60 * NS_PER_S - NS_PER_MS;
	a.flows = judge_counter(j, d->flows);
	a.packets = judge_counter(j, d->packets);
	a.bytes = judge_counter(j, d->bytes);
	a.rpackets = judge_counter(j, d->back);
	judge_put(j, &a);
}
