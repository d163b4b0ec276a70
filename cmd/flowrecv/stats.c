/*
 * stats.c - what was received, from whom, and what became of it.
 */
#include <inttypes.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/num.h"
#include "stats.h"

static uint64_t
sum(const uint64_t *counts, size_t n)
{
	uint64_t s = 0;

	while (n-- > 0)
		s += counts[n];
	return s;
}

/* Sequence numbers count records in v5, v7 and IPFIX, messages in v9 and sFlow (RFC 3954 5.1, RFC 7011 3.1). */
static const char *
unit(unsigned version)
{
	return version == VERSION_NETFLOW9 || version == VERSION_SFLOW5 ? "messages" : "records";
}

static void
put_version(struct buf *b, unsigned version)
{
	if (version == VERSION_SFLOW5)
		buf_puts(b, "sFlow 5");
	else
		buf_printf(b, "version %u", version);
}

static void
put_unless_0(struct buf *b, uint64_t n, const char *what)
{
	if (n != 0)
		buf_printf(b, ", %" PRIu64 " %s", n, what);
}

static void
put_problems(struct buf *b, const struct wire_stats *w)
{
	const char *comma = "";

	if (w->lost != 0)
		buf_printf(b, ", lost %" PRIu64 " %s", w->lost, unit(w->version));
	put_unless_0(b, w->incoherent, "breaks in it that no loss explains");
	put_unless_0(b, w->reordered, "reordered");
	put_unless_0(b, w->duplicate, "duplicate");
	put_unless_0(b, w->restarts, "restarts");
	put_unless_0(b, w->unknown_template_sets, "sets without template");
	put_unless_0(b, w->records_unknown, "records of them by sequence number");
	put_unless_0(b, w->templates_expired, "templates expired");
	put_unless_0(b, w->templates_evicted, "templates evicted");
	put_unless_0(b, w->borrowed, "sets by the template of another port");
	put_unless_0(b, w->odd_times, "odd times");
	put_unless_0(b, w->skipped, "parts of other formats passed over");
	if (sum(w->bad, BAD_KINDS) == 0)
		return;
	buf_puts(b, "; bad:");
	for (int i = 0; i < BAD_KINDS; i++) {
		if (w->bad[i] != 0) {
			buf_printf(b, "%s %" PRIu64 " %s", comma, w->bad[i], wire_bad_names[i]);
			comma = ",";
		}
	}
}

void
stats_exporters(const struct wire *wire)
{
	struct buf b = { .len = 0 };
	struct wire_stats w;

	for (size_t i = 0; wire_stats_at(wire, i, &w); i++) {
		struct endpoint from = { .addr = w.exporter, .port = w.port };
		char name[ENDPOINT_TEXT_MAX + 1];

		name[endpoint_fmt(name, &from)] = '\0';
		b.len = 0;
		if (w.version == 0) {
			buf_printf(
			    &b, "%" PRIu64 " datagrams that are no export message", w.messages);
			put_problems(&b, &w);
			diag(name, "%s", buf_cstr(&b));
			continue;
		}
		put_version(&b, w.version);
		buf_printf(&b,
		    ", domain %" PRIu32 ": %" PRIu64 " messages, %" PRIu64 " records, %" PRIu64
		    " options, %" PRIu64 " templates",
		    w.domain, w.messages, w.flows, w.options, w.templates);
		put_problems(&b, &w);
		diag(name, "%s", buf_cstr(&b));
	}
	buf_free(&b);
}

void
stats_door(const struct door *d)
{
	diag(d->name,
	    "%" PRIu64 " datagrams received, %" PRIu64 " octets, %" PRIu32
	    " dropped by the kernel, %" PRIu64 " truncated",
	    d->datagrams, d->octets, d->dropped, d->truncated);
}

void
stats_capture(const char *path, const struct capture_stats *c)
{
	diag(path,
	    "%" PRIu64 " packets, %" PRIu64 " datagrams, %" PRIu64 " truncated, %" PRIu64
	    " not UDP, %" PRIu64 " malformed, %" PRIu64 " fragments, %" PRIu64
	    " reassembled, %" PRIu64 " fragments dropped",
	    c->packets, c->datagrams, c->truncated, c->not_udp, c->malformed, c->fragments,
	    c->reassembled, c->fragments_dropped);
}

void
stats_store(const struct store_stats *s, const struct wire_totals *t)
{
	char waited[FMT_MAX + 1];

	waited[fmt_duration_human(waited, s->waited_ns)] = '\0';
	diag(NULL,
	    "total: %" PRIu64 " messages, %" PRIu64 " records and %" PRIu64
	    " options decoded; %" PRIu64 " and %" PRIu64 " written in %" PRIu64 " files, %" PRIu64
	    " discarded; waited %" PRIu64 " times for the output, %s",
	    t->messages, t->flows, t->options, s->records, s->options, s->files, s->discarded,
	    s->waits, waited);
}

void
stats_warn(const struct wire_totals *t, uint64_t dropped, uint64_t truncated)
{
	struct buf b = { .len = 0 };

	put_unless_0(&b, dropped, "datagrams dropped by the kernel");
	put_unless_0(&b, truncated, "datagrams truncated");
	put_unless_0(&b, t->lost, "messages or records lost by sequence number");
	put_unless_0(&b, t->unknown_template_sets, "data sets without template");
	put_unless_0(&b, sum(t->bad, BAD_KINDS), "malformed");
	if (b.len > 0)
		diag(NULL, "not everything was decoded%s (-v says more)", buf_cstr(&b));
	buf_free(&b);
}
