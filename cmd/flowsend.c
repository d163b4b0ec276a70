/*
 * flowsend - export flow records to a collector as NetFlow v5, v9 or IPFIX over UDP, as IPFIX over TCP, TLS, SCTP.
 */
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/num.h"
#include "base/time.h"
#include "io/io.h"
#include "net/udp.h"
#include "wire/export.h"

#include "flowsend/carrier.h"
#include "flowsend/pace.h"
#include "flowsend/transmit.h"

/* A message of STREAM_MTU fits one TLS record (RFC 8446 5.1). */
enum { MTU_LEAST = 512, MTU_MOST = 65535, MTU_MOST_UDP = 65507, STREAM_MTU = 16384 };
enum { TEMPLATE_MESSAGES = 20, TEMPLATE_SECONDS = 60, RETRIES = 5, RETRY_S = 60 };

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
	KEY_ORIGINAL_TIME,
	KEY_CERT,
	KEY_KEY,
	KEY_CA,
	KEY_PEER_NAME,
	KEY_RETRIES,
	KEY_RETRY_WAIT
};

static const struct opt options[] = {
	{ 'd', "destination", ARG_TEXT, "TRANSPORT:HOST:PORT",
	    "the collector; transports are udp, and for IPFIX tcp, tls, sctp", NULL },
	{ KEY_AS, "as", ARG_WORDS, "FORMAT", "what to send (default ipfix)", "v5 v9 ipfix" },
	{ KEY_MTU, "mtu", ARG_TEXT, "N",
	    "at most N octets a message (default 1400; 16384 over tcp, tls, sctp)", NULL },
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
	{ KEY_CERT, "cert", ARG_FILE, "FILE", "tls: our certificate, PEM, with its chain", NULL },
	{ KEY_KEY, "key", ARG_FILE, "FILE", "tls: its key", NULL },
	{ KEY_CA, "ca", ARG_FILE, "FILE", "tls: certificates to verify the collector by", NULL },
	{ KEY_PEER_NAME, "peer-name", ARG_TEXT, "NAME",
	    "tls: what the collector's certificate must be for (default HOST)", NULL },
	{ KEY_RETRIES, "retries", ARG_TEXT, "N",
	    "connect again at most N times when a connection broke (default 5)", NULL },
	{ KEY_RETRY_WAIT, "retry-wait", ARG_TEXT, "DURATION",
	    "between two attempts, at first; doubles (default 60s)", NULL },
	{ KEY_STRICT, "strict", ARG_NONE, NULL, "fail when something could not be said or sent",
	    NULL },
	{ KEY_LOSSY, "lossy", ARG_NONE, NULL, "do not report what the format cannot say", NULL },
	{ 'n', "count", ARG_TEXT, "N", "at most N output records", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, io_input_options, io_run_options, NULL };
static const struct program program = { "flowsend", "-d TRANSPORT:HOST:PORT [options] [FILE ...]",
	"export flow records as NetFlow v5, v9 or IPFIX", tables,
	"flowsend -d udp:collector:4739 day.flow\n"
	"flowsend -d tcp:collector:4739 day.flow\n"
	"flowsend -d udp:[::1]:2055 --as v9 --speed 10x day.flow\n"
	"flowrecv | flowsend -d udp:collector:2055 --as v5 --lossy\n",
	NULL };

struct flowsend {
	struct io_opts io;
	struct export_opts export;
	struct pace pace;
	const char *destination;
	struct address address;
	struct tls_opts tls_opts;
	const char *mtu; /* --mtu as given; NULL: not */
	bool udp_only; /* an option of templates was given, which has a meaning only there */
	bool retry_given; /* one that has a meaning with connections only */
	bool strict, lossy;
	struct transmit out; /* over UDP; over anything else */
	struct carrier carrier;
	bool cannot_send; /* it is the destination that failed, not the input */
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

static int64_t
parse_wait(const char *arg)
{
	int64_t ns;

	if (!parse_duration(arg, strlen(arg), true, &ns) || ns <= 0 || ns > 86400 * NS_PER_S)
		opt_usage(&program, "--retry-wait '%s': a duration up to a day, such as 10s", arg);
	return ns;
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
		if (address_parse(&s->address, arg, ADDRESS_SEND, (1 << TRANSPORTS) - 1, &err) != 0)
			opt_usage(&program, "--destination: %s", err.text);
		s->destination = arg;
		break;
	case KEY_AS: e->version = parse_version(arg); break;
	case KEY_MTU: s->mtu = arg; break;
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
		s->udp_only = true;
		break;
	case KEY_SECONDS:
		e->template_seconds =
		    (unsigned)parse_number("template-seconds", arg, 0, UINT32_MAX);
		s->udp_only = true;
		break;
	case KEY_DOMAIN: e->domain = (uint32_t)parse_number("domain", arg, 0, UINT32_MAX); break;
	case KEY_KEEP_EXPORTER: e->keep_exporter = true; break;
	case KEY_ORIGINAL_TIME: e->now = false; break;
	case KEY_CERT: s->tls_opts.cert = arg; break;
	case KEY_KEY: s->tls_opts.key = arg; break;
	case KEY_CA: s->tls_opts.ca = arg; break;
	case KEY_PEER_NAME: s->carrier.peer_name = arg; break;
	case KEY_RETRIES:
		s->carrier.retries = (unsigned)parse_number("retries", arg, 0, 1000000);
		s->retry_given = true;
		break;
	case KEY_RETRY_WAIT:
		s->carrier.retry_ns = parse_wait(arg);
		s->retry_given = true;
		break;
	case KEY_STRICT: s->strict = true; break;
	case KEY_LOSSY: s->lossy = true; break;
	}
}

static bool
over_udp(const struct flowsend *s)
{
	return s->address.transport == TRANSPORT_UDP;
}

/* What goes with which transport. */
static void
check_transport(struct flowsend *s)
{
	const char *transport = transport_name(s->address.transport);
	struct tls_opts *t = &s->tls_opts;

	if (!over_udp(s) && s->export.version != EXPORT_IPFIX)
		opt_usage(&program,
		    "NetFlow v5 and v9 know no transport but udp, only IPFIX goes over %s",
		    transport);
	if (!over_udp(s) && s->udp_only)
		opt_usage(&program,
		    "--template-messages and --template-seconds go with udp: over %s a template is "
		    "sent once",
		    transport);
	if (s->address.transport != TRANSPORT_TLS &&
	    (t->cert != NULL || t->key != NULL || t->ca != NULL || s->carrier.peer_name != NULL))
		opt_usage(&program, "--cert, --key, --ca and --peer-name go with tls, not with %s",
		    transport);
	if (s->address.transport == TRANSPORT_TLS &&
	    (t->cert == NULL || t->key == NULL || t->ca == NULL))
		opt_usage(
		    &program, "tls needs --cert, --key and --ca: both sides verify each other");
	if (over_udp(s) && s->retry_given)
		opt_usage(&program,
		    "--retries and --retry-wait go with tcp, tls and sctp: udp has no connection "
		    "that could break");
	if (s->mtu != NULL)
		s->export.mtu =
		    parse_number("mtu", s->mtu, MTU_LEAST, over_udp(s) ? MTU_MOST_UDP : MTU_MOST);
	else
		s->export.mtu = over_udp(s) ? (size_t)EXPORT_MTU : (size_t)STREAM_MTU;
	s->export.stream = !over_udp(s);
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
	check_transport(s);
	if (s->export.version == EXPORT_V5 && (s->export.keep_exporter || s->udp_only))
		opt_usage(&program, "NetFlow v5 has no templates and no place for an exporter's "
				    "address: --keep-exporter, --template-messages and "
				    "--template-seconds go with v9 and IPFIX");
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
		diag(s->destination, "unreachable: %s; sending on", strerror(s->out.error));
}

static int
send_message(
    void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *err)
{
	struct flowsend *s = ctx;
	int rc;

	pace_wait(&s->pace, len, records, time_ns);
	if (over_udp(s)) {
		rc = transmit(&s->out, data, len, err);
		tell(s);
	} else {
		rc = carrier_send(&s->carrier, data, len, records, err);
	}
	s->cannot_send = rc < 0;
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
open_destination(struct flowsend *s, struct err *err)
{
	struct carrier *t = &s->carrier;

	if (over_udp(s)) {
		s->out.fd = udp_connect(&s->address, err);
		return s->out.fd >= 0 ? 0 : -1;
	}
	t->name = s->destination;
	t->to = &s->address;
	t->quiet = s->io.quiet;
	if (s->address.transport == TRANSPORT_TLS) {
		t->tls_opts = &s->tls_opts;
		t->tls = tls_client(t->tls_opts, err);
		if (t->tls == NULL)
			return -1;
	}
	return carrier_open(t, err);
}

static int
run(struct flowsend *s, char *const *paths, int n, struct io_result *result, struct err *err)
{
	struct io_source *source;
	struct io_sink *sink;
	int rc;

	if (open_destination(s, err) != 0) {
		s->cannot_send = true;
		return -1;
	}
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
	/* What was good of damaged input arrives all the same. */
	if (!over_udp(s) && !s->cannot_send && carrier_finish(&s->carrier, err) != 0) {
		s->cannot_send = rc == 0;
		rc = -1;
	}
	return rc;
}

/* The end ---------------------------------------------------------------------------------------- */

static void
print_unsent(const struct flowsend *s)
{
	const struct export_totals *t = export_totals(s->exporter);
	const struct transmit *o = &s->out;
	const struct carrier *c = &s->carrier;

	if (over_udp(s))
		diag(NULL,
		    "not sent: %llu dropped record%s; messages: %llu refused, %llu unreachable,"
		    " %llu without buffer (%llu wait%s), %llu too long",
		    (unsigned long long)t->dropped, plural(t->dropped),
		    (unsigned long long)o->refused, (unsigned long long)o->unreachable,
		    (unsigned long long)o->no_buffer, (unsigned long long)o->waits,
		    plural(o->waits), (unsigned long long)o->too_long);
	else
		diag(NULL,
		    "not sent: %llu dropped record%s; %u connection%s broke, with %llu message%s of"
		    " %llu record%s on %s way",
		    (unsigned long long)t->dropped, plural(t->dropped), c->breaks,
		    plural(c->breaks), (unsigned long long)c->lost, plural(c->lost),
		    (unsigned long long)c->lost_records, plural(c->lost_records),
		    c->lost == 1 ? "its" : "their");
}

static void
print_totals(const struct flowsend *s)
{
	const struct export_totals *t = export_totals(s->exporter);
	uint64_t sent = s->out.sent + s->carrier.sent, octets = s->out.octets + s->carrier.octets;
	double seconds = (double)(time_monotonic_ns() - s->begun_ns) / (double)NS_PER_S;

	seconds = seconds > 0 ? seconds : 1e-9;
	diag(NULL,
	    "sent %llu message%s, %llu flow%s, %llu option%s, %llu octets in %.3f s"
	    " (%.0f messages/s, %.0f flows/s, %.1f Mbit/s)",
	    (unsigned long long)sent, plural(sent), (unsigned long long)t->records,
	    plural(t->records), (unsigned long long)t->options, plural(t->options),
	    (unsigned long long)octets, seconds, (double)sent / seconds,
	    (double)t->records / seconds, (double)octets * 8 / 1e6 / seconds);
	print_unsent(s);
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
		    "%llu message%s too long for a datagram, %llu without buffer: not sent",
		    (unsigned long long)o->too_long, plural(o->too_long),
		    (unsigned long long)o->no_buffer);
		status = EXIT_FAILED;
	}
	if (s->carrier.unsure || (s->strict && (lost || unsent + o->refused > 0)))
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
				  .template_messages = TEMPLATE_MESSAGES,
				  .template_seconds = TEMPLATE_SECONDS,
				  .now = true },
		.out.fd = -1,
		.carrier = { .retries = RETRIES, .retry_ns = RETRY_S * NS_PER_S } };
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
		diag_err(s.cannot_send ? s.destination : NULL, &err);
		if (s.exporter != NULL)
			(void)conclude(&s);
	} else {
		status = conclude(&s);
		if (status == EXIT_DONE)
			status = io_status(&result);
	}
	export_free(s.exporter);
	if (s.out.fd >= 0)
		close(s.out.fd);
	carrier_free(&s.carrier);
	tls_free(s.carrier.tls);
	opt_end(&parser);
	io_opts_free(&s.io);
	return opt_finish(status);
}
