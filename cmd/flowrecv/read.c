/*
 * read.c - export messages out of captures and IPFIX files: one worker's parts, without its thread.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/file.h"
#include "collector.h"
#include "replay.h"

struct reading {
	struct collector *c;
	struct wire *wire;
	struct blocks *blocks;
	volatile sig_atomic_t *stopped, *asked;
	uint64_t denied;
};

static void
decode(struct reading *r, struct wire_msg *msg, bool first)
{
	if (!allow_find(r->c->allow, &msg->exporter, &msg->source)) {
		r->denied++;
		return;
	}
	if (first)
		blocks_set_clock(r->blocks, msg->received_ns);
	else
		blocks_clock(r->blocks, msg->received_ns);
	wire_decode(r->wire, msg, blocks_out(r->blocks));
}

/* Messages that began as those of a protocol do. */
static uint64_t
export_messages(const struct wire *wire)
{
	struct wire_totals t;

	wire_totals(wire, &t);
	return t.messages - t.bad[BAD_VERSION];
}

/* Whose packets are none of an exporter's is a capture of traffic, as others make flows of. */
static void
tell_traffic(const struct reading *r, const char *subject, const struct capture_stats *stats)
{
	if (stats->packets > 0 && r->denied == 0 && !r->c->set.quiet)
		diag(subject,
		    "no export message in %" PRIu64 " packet%s, %" PRIu64
		    " of them UDP; of traffic itself softflowd -r makes flows",
		    stats->packets, stats->packets == 1 ? "" : "s", stats->datagrams);
}

static void
read_source(struct reading *r, const char *path)
{
	const char *subject = strcmp(path, "-") == 0 ? "standard input" : path;
	struct collector *c = r->c;
	struct err err = { .status = 0 };
	struct replay *source = replay_open(path, &err);
	const struct capture_stats *stats;
	struct wire_msg msg;
	uint64_t before = export_messages(r->wire);
	unsigned n = 0;
	int rc = source == NULL ? -1 : 1;

	while (rc == 1 && !*r->stopped && !store_failed(c->store)) {
		rc = replay_next(source, &msg, &err);
		if (rc != 1)
			break;
		decode(r, &msg, n == 0);
		if (++n % 16 == 0)
			blocks_flush(r->blocks);
		if (*r->asked) {
			*r->asked = 0;
			duty_statistics(c);
		}
	}
	if (rc < 0 && !*r->stopped) {
		diag_err(subject, &err);
		c->status = EXIT_FAILED;
	}
	stats = source != NULL ? replay_capture_stats(source) : NULL;
	if (stats != NULL)
		c->truncated += stats->truncated;
	if (c->set.stats)
		stats_read(subject, stats, r->denied);
	if (rc == 0 && stats != NULL && export_messages(r->wire) == before)
		tell_traffic(r, subject, stats);
	r->denied = 0;
	/* An IPFIX file is a transport session: the next one has templates of its own (RFC 7011 8). */
	if (source != NULL && stats == NULL)
		wire_disconnect(r->wire, WIRE_CONNECTION, &(struct addr){ { 0 } }, 0,
		    &(struct wire_place){ .port = 0 });
	replay_close(source);
}

void
read_sources(
    struct collector *c, volatile sig_atomic_t *stopped, volatile sig_atomic_t *asked_statistics)
{
	struct reading r = {
		.c = c,
		.wire = worker_wire(c->worker[0]),
		.blocks = worker_blocks(c->worker[0]),
		.stopped = stopped,
		.asked = asked_statistics,
	};

	for (unsigned i = 0; i < c->set.n_read; i++)
		read_source(&r, c->set.read[i]);
	blocks_end(r.blocks);
}
