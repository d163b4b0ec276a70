#include "metrics.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/num.h"
#include "counts.h"

static void
head(struct buf *b, const char *name, const char *help, bool gauge)
{
	buf_printf(b, "# HELP flowrecv_%s %s\n# TYPE flowrecv_%s %s\n", name, help, name,
	    gauge ? "gauge" : "counter");
}

static void
single(struct buf *b, const char *name, const char *help, bool gauge, uint64_t v)
{
	head(b, name, help, gauge);
	buf_printf(b, "flowrecv_%s %" PRIu64 "\n", name, v);
}

static void
labels(struct buf *b, const char *name, const struct snapshot *s, const struct wire_stats *w)
{
	struct wire_place told = snapshot_place(s, w);
	char exporter[FMT_MAX + 1], agent[FMT_MAX + 1];

	exporter[fmt_ip(exporter, &w->exporter)] = '\0';
	buf_printf(b,
	    "flowrecv_%s{exporter=\"%s\",port=\"%u\",version=\"%u\",domain=\"%" PRIu32 "\"", name,
	    exporter, w->port, w->version, w->domain);
	if (!addr_is_zero(&w->agent)) {
		agent[fmt_ip(agent, &w->agent)] = '\0';
		buf_printf(b, ",agent=\"%s\"", agent);
	}
	if (told.port != 0) {
		buf_puts(b, ",to=\"");
		counts_put_place(b, &told);
		buf_putc(b, '"');
	}
	if (w->stream != WIRE_DATAGRAMS) /* the same port may send these too */
		buf_printf(b, ",transport=\"%s\"", w->stream == WIRE_ASSOCIATION ? "sctp" : "tcp");
}

static void
put_exporters(struct buf *b, const struct snapshot *s, unsigned workers)
{
	unsigned n;
	const struct count *table = counts_table(&n);

	for (unsigned c = 0; c < n; c++) {
		head(b, table[c].metric, table[c].help, table[c].gauge);
		for (unsigned w = 0; w < workers; w++)
			for (size_t i = 0; i < s[w].n; i++) {
				labels(b, table[c].metric, &s[w], &s[w].exporter[i]);
				buf_printf(
				    b, "} %" PRIu64 "\n", count_of(&table[c], &s[w].exporter[i]));
			}
	}
	head(b, "bad_total", "Malformed messages or parts of them.", false);
	for (unsigned w = 0; w < workers; w++)
		for (size_t i = 0; i < s[w].n; i++)
			for (unsigned k = 0; k < BAD_KINDS; k++) {
				if (s[w].exporter[i].bad[k] == 0)
					continue;
				labels(b, "bad_total", &s[w], &s[w].exporter[i]);
				buf_printf(b, ",reason=\"%s\"} %" PRIu64 "\n", wire_bad_names[k],
				    s[w].exporter[i].bad[k]);
			}
	head(b, "last_message_seconds", "When the last message came, seconds since 1970.", true);
	for (unsigned w = 0; w < workers; w++)
		for (size_t i = 0; i < s[w].n; i++) {
			labels(b, "last_message_seconds", &s[w], &s[w].exporter[i]);
			buf_printf(b, "} %" PRId64 "\n", s[w].exporter[i].last_ns / NS_PER_S);
		}
}

static void
put_door(struct buf *b, const char *name, const struct snapshot *s, unsigned worker, unsigned door,
    uint64_t v)
{
	buf_printf(b, "flowrecv_%s{socket=\"%s\",worker=\"%u\"} %" PRIu64 "\n", name,
	    s[worker].door[door].name, worker, v);
}

static void
put_doors(struct buf *b, const struct snapshot *s, unsigned workers)
{
	static const struct {
		const char *name, *help;
		bool connections /* only of them */, gauge;
	} of[] = {
		{ "datagrams_total", "Datagrams, or messages of connections, received.", false,
		    false },
		{ "datagrams_denied_total",
		    "Datagrams, or connections, of exporters that are not listened to.", false,
		    false },
		{ "datagrams_truncated_total", "Datagrams longer than the receive buffer.", false,
		    false },
		{ "datagrams_dropped_total", "Datagrams dropped by the kernel.", false, false },
		{ "connections_total", "Connections accepted.", true, false },
		{ "connections_open", "Connections open now.", true, true },
		{ "connections_refused_total", "Connections refused as there were too many.", true,
		    false },
		{ "connections_evicted_total",
		    "Connections that had sent nothing and gave way to others.", true, false },
		{ "connections_expired_total", "Connections that were silent for too long.", true,
		    false },
		{ "connections_failed_total", "Connections that broke or sent what is no IPFIX.",
		    true, false },
	};

	for (unsigned k = 0; k < sizeof of / sizeof of[0]; k++) {
		head(b, of[k].name, of[k].help, of[k].gauge);
		for (unsigned w = 0; w < workers; w++)
			for (unsigned i = 0; i < s[w].n_doors; i++) {
				const struct door *d = &s[w].door[i];
				const uint64_t v[] = { d->datagrams, d->denied, d->truncated,
					d->dropped, d->accepted, d->open, d->refused, d->evicted,
					d->expired, d->failed };

				if (!of[k].connections || door_is_stream(d))
					put_door(b, of[k].name, s, w, i, v[k]);
			}
	}
}

static void
put_sums(struct buf *b, const struct sums *sums, const struct store_stats *store)
{
	single(b, "filtered_records_total", "Flow records that the expression left out.", false,
	    sums->blocks.filtered);
	single(b, "written_records_total", "Flow records written.", false, store->records);
	single(b, "written_options_total", "Options records written.", false, store->options);
	single(b, "written_octets_total", "Octets of blocks written.", false, store->octets);
	single(b, "files_total", "Files begun.", false, store->files);
	single(
	    b, "write_retries_total", "Times that writing was tried again.", false, store->retries);
	single(b, "unwritten_records_total", "Flow records that could not be written.", false,
	    store->lost);
	single(b, "unwritten_options_total", "Options records for which the output had no room.",
	    false, sums->blocks.options_lost);
	single(
	    b, "queued_octets", "Octets of blocks that wait to be written.", true, store->queued);
	single(b, "sessions_evicted_total", "Exporters forgotten for want of room.", false,
	    sums->wire.sessions_evicted);
	single(b, "repeated_total", "Datagrams sent on.", false, sums->repeat.sent);
	single(b, "repeat_failed_total", "Datagrams that could not be sent on.", false,
	    sums->repeat.failed);
}

int
metrics_write(const char *path, const struct snapshot *s, unsigned workers, const struct sums *sums,
    const struct store_stats *store, struct err *err)
{
	struct buf b = { .len = 0 };
	int rc;

	put_sums(&b, sums, store);
	put_doors(&b, s, workers);
	put_exporters(&b, s, workers);
	rc = outfile_put(path, b.data, b.len, err);
	buf_free(&b);
	return rc;
}
