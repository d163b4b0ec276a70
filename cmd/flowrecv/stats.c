#include "stats.h"

#include <inttypes.h>

#include "base/die.h"
#include "counts.h"

static size_t
put_exporter(char *dst, const struct wire_stats *w)
{
	struct endpoint e = { .addr = w->exporter, .port = w->port };

	return endpoint_fmt(dst, &e);
}

static void
stats_exporter(const struct wire_stats *w, struct buf *b)
{
	char name[ENDPOINT_TEXT_MAX + 1];

	name[put_exporter(name, w)] = '\0';
	b->len = 0;
	if (w->version == 0) {
		buf_printf(b, "%" PRIu64 " datagrams that are no export message", w->messages);
	} else {
		counts_put_version(b, w->version);
		buf_printf(b,
		    ", domain %" PRIu32 ": %" PRIu64 " messages, %" PRIu64 " records, %" PRIu64
		    " options, %" PRIu64 " templates",
		    w->domain, w->messages, w->flows, w->options, w->templates);
	}
	counts_put_problems(b, w);
	diag(name, "%s", buf_cstr(b));
}

void
stats_exporters(const struct snapshot *s)
{
	struct buf b = { .len = 0 };

	for (size_t i = 0; i < s->n; i++)
		stats_exporter(&s->exporter[i], &b);
	buf_free(&b);
}

static void
put_unless_0(struct buf *b, uint64_t n, const char *what)
{
	if (n != 0)
		buf_printf(b, ", %" PRIu64 " %s", n, what);
}

static void
put_door(struct buf *b, const struct door *d)
{
	if (door_is_stream(d)) {
		buf_printf(b,
		    "%" PRIu64 " connections, %" PRIu64 " messages received, %" PRIu64 " octets",
		    d->accepted, d->datagrams, d->octets);
		put_unless_0(b, d->open, "open");
		put_unless_0(b, d->refused, "refused");
		put_unless_0(b, d->evicted, "given up for others");
		put_unless_0(b, d->expired, "silent for too long");
		put_unless_0(b, d->failed, "failed");
	} else {
		buf_printf(b,
		    "%" PRIu64 " datagrams received, %" PRIu64 " octets, %" PRIu32
		    " dropped by the kernel, %" PRIu64 " truncated",
		    d->datagrams, d->octets, d->dropped, d->truncated);
	}
	put_unless_0(b, d->denied, "denied");
}

void
stats_doors(const struct snapshot *s, unsigned workers)
{
	struct buf b = { .len = 0 };

	for (unsigned i = 0; i < s[0].n_doors; i++) {
		struct door sum = s[0].door[i];

		for (unsigned w = 1; w < workers; w++)
			door_add(&sum, &s[w].door[i]);
		b.len = 0;
		put_door(&b, &sum);
		diag(sum.name, "%s", buf_cstr(&b));
	}
	buf_free(&b);
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
sums_add(struct sums *sums, const struct snapshot *s)
{
	wire_totals_merge(&sums->wire, &s->totals);
	sums->blocks.filtered += s->blocks.filtered;
	sums->blocks.options_lost += s->blocks.options_lost;
	sums->repeat.sent += s->repeat.sent;
	sums->repeat.failed += s->repeat.failed;
	for (unsigned i = 0; i < s->n_doors; i++) {
		sums->datagrams += s->door[i].datagrams;
		sums->denied += s->door[i].denied;
		sums->dropped += s->door[i].dropped;
		sums->truncated += s->door[i].truncated;
	}
}

void
stats_total(const struct sums *sums, const struct store_stats *s)
{
	struct buf b = { .len = 0 };

	buf_printf(&b,
	    "total: %" PRIu64 " messages, %" PRIu64 " records and %" PRIu64
	    " options decoded; %" PRIu64 " and %" PRIu64 " written in %" PRIu64 " files",
	    sums->wire.messages, sums->wire.flows, sums->wire.options, s->records, s->options,
	    s->files);
	put_unless_0(&b, sums->blocks.filtered, "filtered");
	put_unless_0(&b, sums->wire.discarded, "discarded while the output stalled");
	put_unless_0(&b, s->lost, "not written");
	put_unless_0(&b, sums->blocks.options_lost, "options not written");
	put_unless_0(&b, s->retries, "retries");
	put_unless_0(&b, sums->repeat.sent, "datagrams repeated");
	put_unless_0(&b, sums->repeat.failed, "not repeated");
	diag(NULL, "%s", buf_cstr(&b));
	buf_free(&b);
}

void
stats_warn(const struct sums *sums, const struct store_stats *s)
{
	const struct wire_totals *t = &sums->wire;
	struct buf b = { .len = 0 };

	put_unless_0(&b, sums->dropped, "datagrams dropped by the kernel");
	put_unless_0(&b, sums->truncated, "datagrams truncated");
	put_unless_0(&b, t->lost, "messages or records lost by sequence number");
	put_unless_0(&b, t->held + t->held_lost, "data sets without template");
	put_unless_0(&b, counts_bad(t->bad), "malformed");
	put_unless_0(&b, t->discarded + s->lost, "records for which the output had no room");
	put_unless_0(&b, sums->blocks.options_lost, "options records for which it had none");
	if (b.len > 0)
		diag(NULL, "not everything was decoded%s (-v says more)", buf_cstr(&b));
	buf_free(&b);
}
