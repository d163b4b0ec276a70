/*
 * flowgen - deterministic synthetic flow records: the same options give the same records on every machine.
 */
#include "base/die.h"
#include "base/opt.h"
#include "base/time.h"
#include "io/io.h"

#include "flowgen/gen.h"

enum { DEFAULT_COUNT = 100000, MESSAGE_RECORDS = 24, HOSTS_MAX = 1000000 };
enum { MAX_PERIOD_S = 7 * 86400, MARGIN_MS = 3600000 };

enum {
	KEY_SEED = OPT_LONG + 100,
	KEY_START,
	KEY_SPAN,
	KEY_CLIENTS,
	KEY_SERVERS,
	KEY_IPV6,
	KEY_INCIDENT,
	KEY_PERIOD,
	KEY_JITTER,
	KEY_PROBES,
	KEY_ANSWERED,
	KEY_HOURLY,
	KEY_SOURCES,
	KEY_EXPORTERS
};

static const struct opt options[] = {
	{ KEY_SEED, "seed", ARG_TEXT, "N", "another seed, other records (default 1)", NULL },
	{ KEY_START, "start", ARG_TEXT, "TIME",
	    "when traffic begins (default 2026-01-05T00:00:00Z)", NULL },
	{ KEY_SPAN, "span", ARG_TEXT, "DURATION", "how long it lasts (default 24h)", NULL },
	{ KEY_CLIENTS, "clients", ARG_TEXT, "N", "internal hosts (default 2000)", NULL },
	{ KEY_SERVERS, "servers", ARG_TEXT, "N", "servers in the internet (default 5000)", NULL },
	{ KEY_IPV6, "ipv6", ARG_TEXT, "SHARE",
	    "share of IPv6 conversations: 0.2 or 20% (default 0)", NULL },
	{ KEY_INCIDENT, "incident", ARG_WORDS, "KIND[,KIND]",
	    "plant incidents; -v says where they are",
	    "beacon scan exfiltration lateral flood all slow-scan drip surplus known-lateral "
	    "thin-flood hidden" },
	{ KEY_PERIOD, "period", ARG_TEXT, "DURATION", "of the planted beacon (default 1m)", NULL },
	{ KEY_JITTER, "jitter", ARG_TEXT, "SHARE",
	    "its waits are longer or shorter by up to this: 0.3 or 30%", NULL },
	{ KEY_PROBES, "probes", ARG_TEXT, "N", "of the slow scan, a day (default 48)", NULL },
	{ KEY_ANSWERED, "answered", ARG_TEXT, "SHARE",
	    "of them, by hosts that talk: 0.3 or 30% (default 0)", NULL },
	{ KEY_HOURLY, "hourly", ARG_TEXT, "SIZE",
	    "octets of each hour's small upload (default 200K)", NULL },
	{ KEY_SOURCES, "sources", ARG_TEXT, "N", "of the thin flood, a minute (default 300)",
	    NULL },
	{ KEY_EXPORTERS, "exporters", ARG_TEXT, "N", "routers that export (default 1)", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, io_output_options, io_run_options, NULL };
static const struct program program = { "flowgen", "[options]",
	"generate deterministic synthetic flow records", tables,
	"flowgen -n 1000000 --ipv6 20% -w day.flow\n"
	"flowgen -n 300000 --incident scan,beacon -v | flowstat -s srcip/bytes\n",
	field_help };

struct flowgen {
	struct gen_opts opts;
	struct io_opts io;
	struct io_sink *sink;
	struct hosts hosts;
	struct incident incidents[INCIDENT_KINDS];
	unsigned n_incidents;
	struct pour *pour;
	int64_t newest_ms, received_us;
	uint64_t made;
};

static uint32_t
parse_number(const char *name, const char *arg, uint32_t most)
{
	uint64_t v;

	if (!parse_size(arg, strlen(arg), &v) || v < 1 || v > most)
		opt_usage(&program, "--%s '%s': a number from 1 to %u", name, arg, most);
	return (uint32_t)v;
}

/* A share as 32 bits of fraction. */
static uint64_t
parse_share(const char *name, const char *arg)
{
	size_t n = strlen(arg);
	bool percent = n > 0 && arg[n - 1] == '%';
	double v;

	if (!parse_double(arg, n - percent, &v) || !(v >= 0 && v <= (percent ? 100 : 1)))
		opt_usage(&program, "--%s '%s': a share from 0 to 1, or 0%% to 100%%", name, arg);
	return (uint64_t)(v * 4294967296.0 / (percent ? 100 : 1));
}

static void
parse_option(struct gen_opts *o, int key, const char *arg)
{
	struct err err = { 0 };
	int64_t ns, span;
	uint64_t u;

	switch (key) {
	case KEY_SEED:
		if (!parse_u64(arg, strlen(arg), &o->seed))
			opt_usage(&program, "--seed '%s': a number of at most 64 bits", arg);
		break;
	case KEY_START:
		if (!parse_time(arg, strlen(arg), time_now_ns(), NULL, &ns, &span))
			opt_usage(&program, "--start '%s': a time, as 2026-01-05T00:00:00Z", arg);
		o->start_ms = ns / NS_PER_MS;
		break;
	case KEY_SPAN:
		if (!parse_duration(arg, strlen(arg), true, &ns) || ns < NS_PER_S)
			opt_usage(
			    &program, "--span '%s': a duration from 1s to 106751d, as 24h", arg);
		o->span_ms = ns / NS_PER_MS;
		break;
	case KEY_CLIENTS: o->clients = parse_number("clients", arg, HOSTS_MAX); break;
	case KEY_SERVERS: o->servers = parse_number("servers", arg, HOSTS_MAX); break;
	case KEY_IPV6: o->ipv6 = parse_share("ipv6", arg); break;
	case KEY_INCIDENT:
		if (incident_parse(arg, &o->incidents, &err) != 0)
			opt_usage(&program, "%s", err.text);
		break;
	case KEY_PERIOD:
		if (!parse_duration(arg, strlen(arg), true, &ns) || ns < NS_PER_S ||
		    ns > MAX_PERIOD_S * NS_PER_S)
			opt_usage(&program, "--period '%s': a duration from 1s to 7d, as 10m", arg);
		o->period_ms = ns / NS_PER_MS;
		break;
	case KEY_JITTER:
		o->jitter = parse_share("jitter", arg);
		o->jittered = true;
		break;
	case KEY_PROBES: o->probes = parse_number("probes", arg, 86400); break;
	case KEY_ANSWERED: o->answered = parse_share("answered", arg); break;
	case KEY_HOURLY: o->hourly = parse_number("hourly", arg, UINT32_MAX); break;
	case KEY_SOURCES: o->sources = parse_number("sources", arg, 60000); break;
	case KEY_EXPORTERS:
		u = parse_number("exporters", arg, 250);
		o->exporters = (uint32_t)u;
		break;
	}
}

/* Times are 64 bits of nanoseconds, and some records begin before the traffic, or are received after it. */
static void
check_times(const struct gen_opts *o)
{
	const int64_t first_ms = INT64_MIN / NS_PER_MS + MARGIN_MS;
	const int64_t last_ms = INT64_MAX / NS_PER_MS - MARGIN_MS;

	if (o->start_ms < first_ms || o->start_ms + o->span_ms > last_ms)
		opt_usage(&program, "--start, --span: traffic may be from 1677-09-21T01:12:44Z to "
				    "2262-04-11T22:47:16Z");
}

/* Options that say how an incident is, and do nothing where none of theirs is planted. */
static const struct need {
	int key;
	unsigned kinds;
	const char *of;
} needs[] = {
	{ KEY_PERIOD, 1U << BEACON, "--period is of --incident beacon" },
	{ KEY_JITTER, 1U << BEACON, "--jitter is of --incident beacon" },
	{ KEY_PROBES, 1U << SLOW_SCAN, "--probes is of --incident slow-scan" },
	{ KEY_ANSWERED, 1U << SLOW_SCAN, "--answered is of --incident slow-scan" },
	{ KEY_HOURLY, 1U << DRIP | 1U << SURPLUS, "--hourly is of --incident drip or surplus" },
	{ KEY_SOURCES, 1U << THIN_FLOOD, "--sources is of --incident thin-flood" },
};
enum { N_NEEDS = sizeof(needs) / sizeof(needs[0]) };

/* given: a bit for each of needs. */
static void
check_incidents(const struct gen_opts *o, unsigned given)
{
	for (unsigned i = 0; i < N_NEEDS; i++)
		if ((given >> i & 1) != 0 && (o->incidents & needs[i].kinds) == 0)
			opt_usage(&program, "%s", needs[i].of);
}

static void
parse(struct flowgen *g, int argc, char **argv)
{
	struct err err = { 0 };
	struct optparse parser;
	unsigned given = 0;
	const char *arg;
	int key, rc;

	opt_start(&parser, &program, argc, argv);
	while ((key = opt_next(&parser, &arg)) != 0) {
		rc = io_opt(&g->io, key, arg, &err);
		if (rc < 0)
			opt_usage(&program, "%s", err.text);
		if (rc == 0)
			parse_option(&g->opts, key, arg);
		for (unsigned i = 0; i < N_NEEDS; i++)
			given |= (unsigned)(needs[i].key == key) << i;
	}
	if (parser.n_operands > 0)
		opt_usage(&program, "'%s': no files are read here", parser.operands[0]);
	opt_end(&parser);
	check_times(&g->opts);
	check_incidents(&g->opts, given);
	g->opts.count = g->io.limit == UINT64_MAX ? DEFAULT_COUNT : g->io.limit;
}

static int
write_batch(void *ctx, struct batch *b, struct err *err)
{
	struct flowgen *g = ctx;

	return io_sink_batch(g->sink, b, err);
}

/* As a collector gets them: some records a message, a second after the newest of them ended. */
static void
stamp_received(struct flowgen *g, struct row *r)
{
	if (r->end_ms > g->newest_ms)
		g->newest_ms = r->end_ms;
	if (g->made++ % MESSAGE_RECORDS == 0)
		g->received_us =
		    g->newest_ms * 1000 + 1000000 + (int64_t)(dice_mix(g->made) % 1000);
	r->received_us =
	    g->received_us > r->end_ms * 1000 ? g->received_us : r->end_ms * 1000 + 500;
}

static int
emit(struct flowgen *g, struct row *rows, unsigned n, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; i < n && rc == 0; i++) {
		stamp_received(g, &rows[i]);
		rc = pour_row(g->pour, &rows[i], err);
	}
	return rc;
}

static struct incident *
earliest(struct flowgen *g)
{
	struct incident *first = NULL;

	for (unsigned i = 0; i < g->n_incidents; i++) {
		struct incident *in = &g->incidents[i];

		if (in->next_end_ms != INT64_MAX &&
		    (first == NULL || in->next_end_ms < first->next_end_ms))
			first = in;
	}
	return first;
}

/* Incidents' events that end before the time come first. */
static int
emit_incidents(struct flowgen *g, int64_t until_ms, struct incident **next, struct err *err)
{
	struct row rows[ROWS_MAX];
	int rc = 0;

	while (*next != NULL && (*next)->next_end_ms <= until_ms && rc == 0) {
		unsigned n = incident_rows(*next, &g->hosts, &g->opts, rows);

		rc = emit(g, rows, n, err);
		*next = earliest(g);
	}
	return rc;
}

static int
generate(struct flowgen *g, uint64_t background, struct err *err)
{
	struct incident *next = earliest(g);
	struct rhythm rhythm;
	struct row rows[ROWS_MAX];
	struct dice dice;
	int rc = 0;

	dice_seed(&dice, g->opts.seed);
	rhythm_init(&rhythm, g->opts.start_ms, g->opts.span_ms, background);
	for (uint64_t done = 0; done < background && rc == 0;) {
		int64_t end = rhythm_time(&rhythm, done) + dice_below(&dice, 1500);
		unsigned n = conversation(&g->hosts, &dice, &g->opts, end, rows);

		if (n > background - done)
			n = (unsigned)(background - done);
		done += n;
		if (next != NULL && next->next_end_ms <= end)
			rc = emit_incidents(g, end, &next, err);
		if (rc == 0)
			rc = emit(g, rows, n, err);
	}
	if (rc == 0)
		rc = emit_incidents(g, INT64_MAX - 1, &next, err);
	return rc == 0 ? pour_flush(g->pour, err) : rc;
}

/* Plan the incidents; returns how many records are left for ordinary traffic. */
static uint64_t
plan(struct flowgen *g)
{
	uint64_t left = g->opts.count;

	for (unsigned k = 0; k < INCIDENT_KINDS; k++) {
		struct incident *in = &g->incidents[g->n_incidents];
		struct buf line = { 0 };

		if (!(g->opts.incidents >> k & 1))
			continue;
		incident_plan(in, (enum incident_kind)k, &g->hosts, &g->opts);
		left -= (uint64_t)in->n * in->rows_each;
		g->n_incidents++;
		if (g->io.verbose) {
			incident_describe(in, &line);
			diag("incident", "%s", buf_cstr(&line));
		}
		buf_free(&line);
	}
	return left;
}

static int
run(struct flowgen *g, char **argv, struct err *err)
{
	uint64_t background;
	int rc;

	g->sink = io_sink_open(&g->io, argv, err);
	if (g->sink == NULL)
		return -1;
	dice_init();
	hosts_init(&g->hosts, &g->opts);
	g->pour = pour_new(write_batch, g);
	background = plan(g);
	rc = generate(g, background, err);
	pour_free(g->pour);
	hosts_free(&g->hosts);
	if (rc < 0)
		(void)io_sink_close(g->sink, false, &(struct err){ 0 });
	else
		rc = io_sink_close(g->sink, true, err);
	return rc;
}

int
main(int argc, char **argv)
{
	struct flowgen g = { .opts = { .seed = 1,
				 .start_ms = INT64_C(1767571200000),
				 .span_ms = INT64_C(86400000),
				 .clients = 2000,
				 .servers = 5000,
				 .period_ms = 60000,
				 .probes = 48,
				 .hourly = 200000,
				 .sources = 300,
				 .exporters = 1 },
		.newest_ms = INT64_MIN };
	struct err err = { 0 };
	int status = EXIT_DONE;

	diag_init(argv[0]);
	io_opts_init(&g.io);
	parse(&g, argc, argv);
	if (run(&g, argv, &err) != 0)
		status = err.status ? err.status : EXIT_FAILED;
	diag_end(NULL, &err);
	io_opts_free(&g.io);
	return opt_finish(status);
}
