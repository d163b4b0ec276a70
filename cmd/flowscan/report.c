/*
 * report.c - alerts in words and numbers.
 */
#include <math.h>

#include "base/num.h"
#include "detect/sampled.h"
#include "flow/value.h"
#include "judge.h"

static const char sampled_hides[] = "judged by packets that are nothing but a SYN; UDP, ICMP, "
				    "refusals, small and slow scans are not seen";

static const struct addr *
key_addr(const struct table *t, uint32_t row)
{
	return (const struct addr *)(const void *)table_row(t, row);
}

static void
put_limits(struct buf *out, const struct evidence *e, uint32_t sampling)
{
	struct sampled s = { sampling, sampling };

	sampled_limits(out, &s, sampled_hides);
	if (judge_blind(e, IP_UDP))
		buf_printf(out, "%sno answers over UDP are in the records, so it was not judged",
		    out->len > 0 ? "; " : "");
	if (judge_blind(e, IP_TCP))
		buf_printf(out,
		    "%sneither TCP flags nor answers are in the records, so it was not judged",
		    out->len > 0 ? "; " : "");
	if (judge_portless(e))
		buf_printf(out,
		    "%smost records have no ports, so of scans of ports only half-open ones are "
		    "seen",
		    out->len > 0 ? "; " : "");
}

/* Sources ------------------------------------------------------------------------------------------ */

static void
put_proto(struct buf *out, uint8_t proto)
{
	const char *name = proto_name(proto);

	if (name != NULL)
		buf_puts(out, name);
	else
		buf_printf(out, "protocol %u", proto);
}

/* How long it took and how much of it was in vain. */
static void
put_tries(struct buf *out, const struct burst *tries, const char *what)
{
	buf_puts(out, " in ");
	reason_duration(
	    out, tries->last_ns > tries->first_ns ? tries->last_ns - tries->first_ns : 0);
	if (tries->failed >= tries->tried)
		buf_puts(out, ", all in vain");
	else
		buf_printf(out, ", %u of %s in vain", tries->failed, what);
}

static void
put_all_tries(struct buf *out, const struct source *s, const struct shape *sh)
{
	const struct burst all = { sh->start_ns, sh->end_ns, s->walk.failed, s->walk.tried };
	char what[32];

	snprintf(what, sizeof(what), "%u tries", s->walk.tried);
	put_tries(out, &all, what);
}

/* What the sentence about one line speaks of: the burst that is most of it, or all. */
static struct burst
line_tries(const struct evidence *e, uint32_t row)
{
	const struct line *l = evidence_line(e, row);
	const struct burst *burst = walk_burst(e, evidence_spot(&e->lines, row)->source, &l->walk);

	return burst != NULL
		   ? *burst
		   : (struct burst){ l->first_ns, l->last_ns, l->walk.failed, l->walk.tried };
}

/* One of several ports that were tried: with its protocol where that is not TCP for all. */
static void
put_port(struct buf *out, const struct spot *k, bool protos)
{
	if (is_ping(k->proto)) {
		buf_puts(out, "ping");
		return;
	}
	if (protos) {
		put_proto(out, k->proto);
		buf_putc(out, '/');
	}
	buf_printf(out, "%u", k->port);
}

/* So many lines of ports, some of which are pings. */
static void
put_port_count(struct buf *out, uint32_t ports, uint32_t pings)
{
	uint32_t n = ports - pings;

	if (n > 0)
		buf_printf(out, "%u port%s", n, plural(n));
	if (pings > 0)
		buf_puts(out, n > 0 ? " and ping" : "ping");
}

static void
put_ports(struct buf *out, const struct shape *sh)
{
	unsigned named = sh->good_ports < PORTS_NAMED ? sh->good_ports : PORTS_NAMED;
	bool protos = false;

	for (unsigned i = 0; i < named; i++)
		protos = protos || sh->port[i]->proto != IP_TCP;
	put_port_count(out, sh->good_ports, sh->good_pings);
	buf_puts(out, " (");
	for (unsigned i = 0; i < named; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		put_port(out, sh->port[i], protos);
	}
	buf_puts(out, sh->good_ports > PORTS_NAMED ? " ...)" : ")");
}

static void
put_sentence(struct buf *out, const struct evidence *e, const struct source *s,
    const struct shape *sh, enum scan_kind kind)
{
	const struct spot *k = sh->best != TABLE_NONE ? evidence_spot(&e->lines, sh->best) : NULL;
	struct burst l = { 0 };

	if (k != NULL)
		l = line_tries(e, sh->best);
	if (kind == SCAN_HORIZONTAL && sh->good_ports == 1) {
		if (is_ping(k->proto)) {
			buf_printf(out, "pinged %u hosts", l.tried);
		} else if (judge_line_portless(e, sh->best)) {
			buf_printf(out, "tried %u hosts over ", l.tried);
			put_proto(out, k->proto);
		} else {
			buf_puts(out, "tried ");
			put_proto(out, k->proto);
			buf_printf(out, " port %u of %u hosts", k->port, l.tried);
		}
		put_tries(out, &l, "them");
	} else if (kind != SCAN_VERTICAL && sh->portless > 0 &&
		   sh->portless + sh->pings == sh->ports) {
		buf_printf(out, "tried %u hosts", sh->hosts);
		put_all_tries(out, s, sh);
	} else if (kind == SCAN_HORIZONTAL) {
		buf_puts(out, "tried ");
		put_ports(out, sh);
		buf_printf(out, " of %u hosts", sh->hosts);
		put_all_tries(out, s, sh);
	} else if (kind == SCAN_VERTICAL && sh->good_hosts == 1 && sh->host_lines > 1) {
		l = (struct burst){ sh->start_ns, sh->end_ns, sh->on_hosts, sh->tried_on_hosts };
		buf_printf(out, "tried %u ports of ", l.tried);
		reason_addr(out, &k->dst);
		put_tries(out, &l, "them");
	} else if (kind == SCAN_VERTICAL && sh->good_hosts == 1) {
		buf_printf(out, "tried %u ", l.tried);
		put_proto(out, k->proto);
		buf_puts(out, " ports of ");
		reason_addr(out, &k->dst);
		put_tries(out, &l, "them");
	} else if (kind == SCAN_VERTICAL) {
		buf_printf(out, "tried many ports of %u hosts", sh->good_hosts);
		put_all_tries(out, s, sh);
	} else {
		buf_puts(out, "tried ");
		put_port_count(out, sh->ports, sh->pings);
		buf_printf(out, " of %u hosts", sh->hosts);
		put_all_tries(out, s, sh);
	}
}

static void
why_line(struct buf *why, const struct evidence *e, uint32_t row)
{
	const struct spot *k = evidence_spot(&e->lines, row);
	struct buf name = { 0 };

	if (k->kind == LINE_PORT) {
		put_port(&name, k, true);
		why_word(why, "line_port", buf_cstr(&name));
	} else {
		put_proto(&name, k->proto);
		buf_putc(&name, '/');
		reason_addr(&name, &k->dst);
		why_word(why, "line_host", buf_cstr(&name));
	}
	buf_free(&name);
}

static void
why_walk(struct buf *why, const struct evidence *e, const struct walk *w)
{
	why_count(why, "line_tried", w->tried);
	why_count(why, "line_failed", w->failed);
	why_count(why, "walk", (uint64_t)w->peak);
	why_number(why, "likelihood", pow(4, w->peak));
	why_duration(why, "window", e->window_ns);
	why_count(why, "window_tried", w->best_tried);
	why_count(why, "window_failed", w->best_failed);
	why_number(why, "density", walk_density(w));
}

static void
why_source(struct buf *why, const struct evidence *e, const struct source *s,
    const struct shape *sh, bool whole)
{
	why_count(why, "tried", s->walk.tried);
	why_count(why, "failed", s->walk.failed);
	why_count(why, "refused", s->refused);
	why_count(why, "half_open", s->opened);
	why_count(why, "hosts", sh->hosts);
	why_count(why, "ports", sh->ports - sh->pings);
	why_count(why, "scanned_hosts", sh->good_hosts);
	why_count(why, "scanned_ports", sh->good_ports - sh->good_pings);
	if (whole)
		why_word(why, "line", "all");
	else
		why_line(why, e, sh->best);
	why_walk(why, e, whole ? &s->walk : &evidence_line(e, sh->best)->walk);
}

/* Scans from outside are weather: worth a look if something answered. */
static enum severity
severity_from(
    const struct evidence *e, const struct addr *src, const struct source *s, double score)
{
	if (scope_internal(e->scope, src))
		return severity_of(score);
	return s->opened > 0 || s->walk.tried > s->walk.failed ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

static bool
is_slow(const struct evidence *e, const struct shape *sh, const struct walk *w)
{
	return walk_density(w) < DENSITY_ACCEPT && sh->end_ns - sh->start_ns >= 2 * e->window_ns;
}

void
report_source(struct alerts *alerts, const struct evidence *e, uint32_t row, const struct shape *sh,
    enum scan_kind kind, double score)
{
	static const char *const names[] = { "", "horizontal", "vertical", "block" };
	const struct source *s = evidence_source(e, row);
	const struct spot *k = sh->best != TABLE_NONE ? evidence_spot(&e->lines, sh->best) : NULL;
	bool whole = k == NULL || score > sh->score;
	const struct walk *w = whole ? &s->walk : &evidence_line(e, sh->best)->walk;
	bool slow = is_slow(e, sh, w);
	struct buf reason = { 0 }, why = { 0 }, limits = { 0 };
	struct alert a = ALERT_NONE;

	if (slow)
		buf_puts(&reason, "slowly ");
	put_sentence(&reason, e, s, sh, kind);
	why_source(&why, e, s, sh, whole);
	put_limits(&limits, e, s->sampling);
	a.detector = "scan";
	a.kind = slow ? "slow" : names[kind];
	a.score = score;
	a.src = key_addr(&e->sources, row);
	a.severity = severity_from(e, a.src, s, score);
	a.reason = buf_cstr(&reason);
	a.why = buf_cstr(&why);
	a.attack = scope_internal(e->scope, a.src)
		       ? kind == SCAN_HORIZONTAL ? "T1046,T1018" : "T1046"
		       : "T1595.001";
	a.limits = limits.len > 0 ? buf_cstr(&limits) : NULL;
	a.sampling = s->sampling;
	if (kind == SCAN_HORIZONTAL && sh->good_ports == 1 && !is_ping(k->proto) &&
	    !judge_line_portless(e, sh->best))
		a.dstport = k->port;
	if (kind == SCAN_VERTICAL && sh->good_hosts == 1)
		a.dst = &k->dst;
	/* Of a host that was tried over TCP and UDP it is neither. */
	if (k != NULL && !(kind == SCAN_VERTICAL && sh->host_lines > sh->good_hosts))
		a.proto = k->proto;
	a.start_ns = sh->start_ns;
	a.end_ns = sh->end_ns;
	a.flows = s->flows;
	a.packets = s->packets;
	a.bytes = s->bytes;
	a.rpackets = s->rpackets;
	a.rbytes = s->rbytes;
	alerts_put(alerts, &a);
	buf_free(&reason);
	buf_free(&why);
	buf_free(&limits);
}

/* Targets and victims ------------------------------------------------------------------------------ */

static void
put_flood(struct buf *out, const struct target *t)
{
	buf_printf(out, "%u hosts ", t->sources);
	if (is_ping(t->proto))
		buf_puts(out, "pinged it");
	else if (judge_target_portless(t))
		buf_puts(out, "tried it");
	else
		buf_printf(out, "tried port %u", t->port);
	buf_printf(out, " in vain, %u new ones in a minute: a flood, or a service that is down",
	    t->most_minute);
}

void
report_target(struct alerts *alerts, const struct evidence *e, uint32_t row, bool flood)
{
	const struct target *t = evidence_target(e, row);
	const struct burst *burst = flood ? bursts_main(&t->bursts, t->failed, t->told_ns) : NULL;
	struct buf reason = { 0 }, why = { 0 }, limits = { 0 };
	struct alert a = ALERT_NONE;
	uint64_t ports = evidence_distinct(t->ports);

	if (flood)
		put_flood(&reason, t);
	else
		buf_printf(&reason, "was tried in vain by %u hosts on %llu ports within ",
		    t->sources, (unsigned long long)ports);
	if (!flood)
		reason_duration(&reason, t->last_ns - t->first_ns);
	why_count(&why, "sources", t->sources);
	why_count(&why, "external", t->external);
	why_count(&why, "failed", t->failed);
	why_count(&why, "ports", ports);
	if (is_ping(t->proto))
		why_word(&why, "most_port", "ping");
	else
		why_count(&why, "most_port", t->port);
	why_count(&why, "most_port_failed", t->on_port);
	why_count(&why, "most_minute", t->most_minute);
	why_duration(&why, "span", t->last_ns - t->first_ns);
	put_limits(&limits, e, t->sampling);
	a.detector = "scan";
	a.kind = flood ? "flood" : "probed";
	a.score = 0.6 * t->sources / (t->sources + 50.0);
	a.severity = SEVERITY_LOW;
	a.reason = buf_cstr(&reason);
	a.why = buf_cstr(&why);
	a.attack = flood ? "T1498" : t->external > 0 ? "T1595.001" : "T1046";
	a.limits = limits.len > 0 ? buf_cstr(&limits) : NULL;
	a.sampling = t->sampling;
	a.dst = key_addr(&e->targets, row);
	a.dstport = flood && !is_ping(t->proto) && !judge_target_portless(t) ? t->port : -1;
	a.start_ns = burst != NULL ? burst->first_ns : t->first_ns;
	a.end_ns = burst != NULL ? burst->last_ns : t->last_ns;
	a.flows = t->flows;
	a.packets = t->packets;
	a.bytes = t->bytes;
	alerts_put(alerts, &a);
	buf_free(&reason);
	buf_free(&why);
	buf_free(&limits);
}

void
report_victim(struct alerts *alerts, const struct evidence *e, uint32_t row)
{
	const struct victim *v = evidence_victim(e, row);
	uint64_t clients = evidence_distinct(v->clients);
	struct buf reason = { 0 }, why = { 0 };
	struct alert a = ALERT_NONE;

	buf_printf(&reason,
	    "answers %llu hosts that asked it nothing: somebody floods it with their addresses",
	    (unsigned long long)clients);
	why_count(&why, "clients", clients);
	why_count(&why, "answers", v->flows);
	a.detector = "scan";
	a.kind = "backscatter";
	a.score = 0.4 * (double)clients / ((double)clients + 50.0);
	a.severity = SEVERITY_LOW;
	a.reason = buf_cstr(&reason);
	a.why = buf_cstr(&why);
	a.src = key_addr(&e->victims, row);
	a.srcport = v->port;
	a.proto = IP_TCP;
	a.start_ns = v->first_ns;
	a.end_ns = v->last_ns;
	a.flows = v->flows;
	a.packets = v->packets;
	a.bytes = v->bytes;
	alerts_put(alerts, &a);
	buf_free(&reason);
	buf_free(&why);
}
