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
stats_exporter(const struct wire_stats *w, const struct wire_place *told, struct buf *b)
{
	char name[ENDPOINT_TEXT_MAX + 1];

	name[put_exporter(name, w)] = '\0';
	b->len = 0;
	if (w->version == 0) {
		counts_put(b, w->messages, "datagram# of no export message");
	} else {
		counts_put_session(b, w, told);
		counts_put(b, w->messages, "message#, ");
		counts_put(b, w->flows, "record#, ");
		counts_put(b, w->options, "option#, ");
		counts_put(b, w->templates, "template#");
	}
	counts_put_problems(b, w);
	diag(name, "%s", buf_cstr(b));
}

void
stats_exporters(const struct snapshot *s)
{
	struct buf b = { .len = 0 };

	for (size_t i = 0; i < s->n; i++) {
		struct wire_place told = snapshot_place(s, &s->exporter[i]);

		stats_exporter(&s->exporter[i], &told, &b);
	}
	buf_free(&b);
}

static void
put_unless_0(struct buf *b, uint64_t n, const char *what)
{
	if (n == 0)
		return;
	buf_puts(b, ", ");
	counts_put(b, n, what);
}

static void
put_door(struct buf *b, const struct door *d)
{
	if (door_is_stream(d)) {
		counts_put(b, d->accepted, "connection#, ");
		counts_put(b, d->datagrams, "message# received, ");
		counts_put(b, d->octets, "octet#");
		put_unless_0(b, d->open, "open");
		put_unless_0(b, d->refused, "refused");
		put_unless_0(b, d->evicted, "given up for others");
		put_unless_0(b, d->expired, "silent for too long");
		put_unless_0(b, d->failed, "failed");
	} else {
		counts_put(b, d->datagrams, "datagram# received, ");
		counts_put(b, d->octets, "octet#, ");
		counts_put(b, d->dropped, "dropped by the kernel, ");
		counts_put(b, d->truncated, "truncated");
		put_unless_0(b, d->failed,
		    d->failed == 1 ? "try to receive failed" : "tries to receive failed");
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

static void
put_capture(struct buf *b, const struct capture_stats *c)
{
	counts_put(b, c->packets, "packet#, ");
	counts_put(b, c->datagrams, "datagram#, ");
	counts_put(b, c->truncated, "truncated, ");
	counts_put(b, c->not_udp, "not UDP, ");
	counts_put(b, c->malformed, "malformed, ");
	counts_put(b, c->fragments, "fragment#, ");
	counts_put(b, c->reassembled, "reassembled, ");
	counts_put(b, c->fragments_dropped, "fragment# dropped");
}

void
stats_read(const char *path, const struct capture_stats *c, uint64_t denied)
{
	struct buf b = { .len = 0 };

	if (c != NULL) {
		put_capture(&b, c);
		put_unless_0(&b, denied, "denied");
	} else if (denied > 0) {
		counts_put(&b, denied, "message# denied");
	}
	if (b.len > 0)
		diag(path, "%s", buf_cstr(&b));
	buf_free(&b);
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

	buf_puts(&b, "total: ");
	counts_put(&b, sums->wire.messages, "message#, ");
	counts_put(&b, sums->wire.flows, "record# and ");
	counts_put(&b, sums->wire.options, "option# decoded; ");
	counts_put(&b, s->records, "and ");
	counts_put(&b, s->options, "written in ");
	counts_put(&b, s->files, "file#");
	put_unless_0(&b, sums->blocks.filtered, "filtered");
	put_unless_0(&b, sums->wire.discarded, "discarded while the output stalled");
	put_unless_0(&b, s->lost, "not written");
	put_unless_0(&b, sums->blocks.options_lost, "option# not written");
	put_unless_0(&b, s->retries, s->retries == 1 ? "retry" : "retries");
	put_unless_0(&b, sums->repeat.sent, "datagram# repeated");
	put_unless_0(&b, sums->repeat.failed, "not repeated");
	diag(NULL, "%s", buf_cstr(&b));
	buf_free(&b);
}

void
stats_warn(const struct sums *sums, const struct store_stats *s)
{
	const struct wire_totals *t = &sums->wire;
	struct buf b = { .len = 0 };

	put_unless_0(&b, sums->dropped, "datagram# dropped by the kernel");
	put_unless_0(&b, sums->truncated, "datagram# truncated");
	put_unless_0(&b, t->lost, "message# or record# lost by sequence number");
	put_unless_0(&b, t->held + t->held_lost, "data set# without template");
	put_unless_0(&b, counts_bad(t->bad), "malformed");
	put_unless_0(&b, t->discarded + s->lost, "record# for which the output had no room");
	put_unless_0(&b, sums->blocks.options_lost, "options record# for which it had none");
	if (b.len > 0)
		diag(NULL, "not everything was decoded%s (-v says more)", buf_cstr(&b));
	buf_free(&b);
}
