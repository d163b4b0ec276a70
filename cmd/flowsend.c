/*
 * flowsend - export flow records to a collector as NetFlow v5, v9 or IPFIX over UDP.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/time.h"
#include "io/io.h"
#include "net/udp.h"
#include "wire/export.h"

#include "flowsend/pace.h"
#include "flowsend/transmit.h"

enum { MTU_LEAST = 512, MTU_MOST = 65507, TEMPLATE_MESSAGES = 20, TEMPLATE_SECONDS = 60 };

enum {
	KEY_AS = OPT_LONG + 100,
	KEY_MTU,
	KEY_RATE,
	KEY_SPEED,
	KEY_MESSAGES,
	KEY_SECONDS,
	KEY_STRICT,
	KEY_LOSSY,
	KEY_DOMAIN,
	KEY_KEEP_EXPORTER,
	KEY_ORIGINAL_TIME
};

static const struct opt options[] = {
	{ 'd', "destination", ARG_TEXT, "udp:HOST:PORT", "the collector", NULL },
	{ KEY_AS, "as", ARG_WORDS, "FORMAT", "what to send (default ipfix)", "v5 v9 ipfix" },
	{ KEY_MTU, "mtu", ARG_TEXT, "N", "at most N octets a message (default 1400)", NULL },
	{ KEY_RATE, "rate", ARG_TEXT, "N[pps|fps|bps]", "messages, flows or bits a second", NULL },
	{ KEY_SPEED, "speed", ARG_TEXT, "1x|10x|max",
	    "as fast as the records' end times say, times so much (default max)", NULL },
	{ KEY_MESSAGES, "template-messages", ARG_TEXT, "N",
	    "repeat templates after N messages (default 20)", NULL },
	{ KEY_SECONDS, "template-seconds", ARG_TEXT, "N",
	    "repeat templates after N seconds (default 60)", NULL },
	{ KEY_DOMAIN, "domain", ARG_TEXT, "N",
	    "observation domain of records that have none (default 0)", NULL },
	{ KEY_KEEP_EXPORTER, "keep-exporter", ARG_NONE, NULL,
	    "send the original exporter's address with each record", NULL },
	{ KEY_ORIGINAL_TIME, "original-time", ARG_NONE, NULL,
	    "headers carry the records' time, not the clock's", NULL },
	{ KEY_STRICT, "strict", ARG_NONE, NULL, "fail when something could not be said or sent",
	    NULL },
	{ KEY_LOSSY, "lossy", ARG_NONE, NULL, "do not report what the format cannot say", NULL },
	{ 'n', "count", ARG_TEXT, "N", "at most N output records", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, io_input_options, io_run_options, NULL };
static const struct program program = { "flowsend", "-d udp:HOST:PORT [options] [FILE ...]",
	"export flow records as NetFlow v5, v9 or IPFIX", tables,
	"flowsend -d udp:collector:4739 day.flow\n"
	"flowsend -d udp:[::1]:2055 --as v9 --speed 10x day.flow\n"
	"flowrecv | flowsend -d udp:collector:2055 --as v5 --lossy\n",
	NULL };

struct flowsend {
	struct io_opts io;
	struct export_opts export;
	struct pace pace;
	const char *destination;
	struct address address;
	bool strict, lossy;
	struct transmit out;
	struct exporter *exporter;
	uint64_t refused_told, unreachable_told;
	int64_t begun_ns;
};

/* Options ---------------------------------------------------------------------------------------- */

static uint64_t
parse_number(const char *name, const char *arg, uint64_t least, uint64_t most)
{
	uint64_t v;

	if (!parse_u64(arg, strlen(arg), &v) || v < least || v > most)
		opt_usage(&program, "--%s '%s': a number from %llu to %llu", name, arg,
		    (unsigned long long)least, (unsigned long long)most);
	return v;
}

static enum export_version
parse_version(const char *arg)
{
	if (strcmp(arg, "v5") == 0)
		return EXPORT_V5;
	if (strcmp(arg, "v9") == 0)
		return EXPORT_V9;
	if (strcmp(arg, "ipfix") != 0)
		opt_usage(&program, "--as '%s': v5, v9 or ipfix", arg);
	return EXPORT_IPFIX;
}

static void
parse_option(struct flowsend *s, int key, const char *arg)
{
	struct export_opts *e = &s->export;
	struct err err = { 0 };

	switch (key) {
	case 'd':
		if (address_parse(&s->address, arg, ADDRESS_SEND, 1 << TRANSPORT_UDP, &err) != 0)
			opt_usage(&program, "--destination: %s", err.text);
		s->destination = arg;
		break;
	case KEY_AS: e->version = parse_version(arg); break;
	case KEY_MTU: e->mtu = parse_number("mtu", arg, MTU_LEAST, MTU_MOST); break;
	case KEY_RATE:
		if (!pace_parse_rate(&s->pace, arg))
			opt_usage(
			    &program, "--rate '%s': a number and pps, fps or bps, as 10kpps", arg);
		break;
	case KEY_SPEED:
		if (!pace_parse_speed(&s->pace, arg))
			opt_usage(&program, "--speed '%s': 1x, 10x, 0.5x or max", arg);
		break;
	case KEY_MESSAGES:
		e->template_messages =
		    (unsigned)parse_number("template-messages", arg, 0, UINT32_MAX);
		break;
	case KEY_SECONDS:
		e->template_seconds =
		    (unsigned)parse_number("template-seconds", arg, 0, UINT32_MAX);
		break;
	case KEY_DOMAIN: e->domain = (uint32_t)parse_number("domain", arg, 0, UINT32_MAX); break;
	case KEY_KEEP_EXPORTER: e->keep_exporter = true; break;
	case KEY_ORIGINAL_TIME: e->now = false; break;
	case KEY_STRICT: s->strict = true; break;
	case KEY_LOSSY: s->lossy = true; break;
	}
}

static void
parse(struct flowsend *s, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key, rc;

	while ((key = opt_next(parser, &arg)) != 0) {
		rc = io_opt(&s->io, key, arg, &err);
		if (rc < 0)
			opt_usage(&program, "%s", err.text);
		if (rc == 0)
			parse_option(s, key, arg);
	}
	if (s->destination == NULL)
		opt_usage(&program, "no destination: say -d udp:HOST:PORT");
	if (s->strict && s->lossy)
		opt_usage(&program, "--strict and --lossy exclude each other");
}

/* Sending ---------------------------------------------------------------------------------------- */

/* Once each: that nobody listens, that there is no way. */
static void
tell(struct flowsend *s)
{
	if (s->io.quiet)
		return;
	if (s->out.refused > 0 && s->refused_told++ == 0)
		diag(s->destination, "connection refused: nobody listens there; sending on");
	if (s->out.unreachable > 0 && s->unreachable_told++ == 0)
		diag(s->destination, "unreachable; sending on");
}

static int
send_message(
    void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *err)
{
	struct flowsend *s = ctx;
	int rc;

	pace_wait(&s->pace, len, records, time_ns);
	rc = transmit(&s->out, data, len, err);
	tell(s);
	return rc;
}

/* What is left of a batch goes at once: the next may be long in coming. */
static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowsend *s = ctx;

	if (export_batch(s->exporter, b, sel, err) != 0)
		return -1;
	return export_flush(s->exporter, err);
}

static int
run(struct flowsend *s, char *const *paths, int n, struct io_result *result, struct err *err)
{
	struct io_source *source;
	struct io_sink *sink;
	int rc;

	s->out.fd = udp_connect(&s->address, err);
	if (s->out.fd < 0)
		return -1;
	source = io_source_open(paths, n, &s->io, err);
	if (source == NULL)
		return -1;
	s->exporter = export_new(&s->export, send_message, s);
	sink = io_sink_function(&s->io, take, s);
	s->begun_ns = time_monotonic_ns();
	rc = io_run(source, sink, &s->io, NULL, NULL, result, err);
	if (io_sink_close(sink, rc == 0, rc == 0 ? err : &(struct err){ 0 }) != 0)
		rc = -1;
	io_source_close(source);
	return rc;
}

/* The end ---------------------------------------------------------------------------------------- */

static void
print_totals(const struct flowsend *s)
{
	const struct export_totals *t = export_totals(s->exporter);
	const struct transmit *o = &s->out;
	double seconds = (double)(time_monotonic_ns() - s->begun_ns) / (double)NS_PER_S;

	seconds = seconds > 0 ? seconds : 1e-9;
	diag(NULL,
	    "sent %llu messages, %llu flows, %llu options, %llu octets in %.3f s"
	    " (%.0f messages/s, %.0f flows/s, %.1f Mbit/s)",
	    (unsigned long long)o->sent, (unsigned long long)t->records,
	    (unsigned long long)t->options, (unsigned long long)o->octets, seconds,
	    (double)o->sent / seconds, (double)t->records / seconds,
	    (double)o->octets * 8 / 1e6 / seconds);
	diag(NULL,
	    "not sent: %llu dropped records; messages: %llu refused, %llu unreachable,"
	    " %llu without buffer (%llu waits), %llu too long",
	    (unsigned long long)t->dropped, (unsigned long long)o->refused,
	    (unsigned long long)o->unreachable, (unsigned long long)o->no_buffer,
	    (unsigned long long)o->waits, (unsigned long long)o->too_long);
}

static const char *
version_name(enum export_version v)
{
	return v == EXPORT_V5 ? "NetFlow v5" : v == EXPORT_V9 ? "NetFlow v9" : "IPFIX";
}

/* Reports; returns the status. */
static int
conclude(struct flowsend *s)
{
	const struct transmit *o = &s->out;
	uint64_t unsent = o->unreachable + o->no_buffer + o->too_long;
	struct buf line = { 0 };
	bool lost = export_report(s->exporter, &line);
	int status = EXIT_DONE;

	if (lost && !s->lossy)
		diag(NULL, "not said in %s: %s", version_name(s->export.version), buf_cstr(&line));
	if (o->too_long + o->no_buffer > 0) {
		diag(s->destination,
		    "%llu messages too long for a datagram, %llu without buffer: not sent",
		    (unsigned long long)o->too_long, (unsigned long long)o->no_buffer);
		status = EXIT_FAILED;
	}
	if (s->strict && (lost || unsent + o->refused > 0))
		status = EXIT_FAILED;
	if (s->io.verbose)
		print_totals(s);
	buf_free(&line);
	return status;
}

static void
warn(const char *subject, const struct err *err)
{
	diag_err(subject, err);
}

int
main(int argc, char **argv)
{
	struct flowsend s = { .export = { .version = EXPORT_IPFIX,
				  .mtu = EXPORT_MTU,
				  .template_messages = TEMPLATE_MESSAGES,
				  .template_seconds = TEMPLATE_SECONDS,
				  .now = true },
		.out.fd = -1 };
	struct optparse parser;
	struct io_result result = { 0 };
	struct err err = { 0 };
	int status = EXIT_DONE;

	diag_init(argv[0]);
	io_opts_init(&s.io);
	s.io.warn = warn;
	opt_start(&parser, &program, argc, argv);
	parse(&s, &parser);
	if (run(&s, parser.operands, parser.n_operands, &result, &err) != 0) {
		status = err.status ? err.status : EXIT_FAILED;
		diag_err(s.out.fd < 0 ? s.destination : NULL, &err);
	} else {
		status = conclude(&s);
		if (result.incomplete)
			status = EXIT_FAILED;
	}
	export_free(s.exporter);
	if (s.out.fd >= 0)
		close(s.out.fd);
	opt_end(&parser);
	io_opts_free(&s.io);
	return opt_finish(status);
}
