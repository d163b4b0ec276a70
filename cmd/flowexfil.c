/*
 * flowexfil - find hosts that send out more than they should: to new destinations, beyond their habit, in DNS and ICMP.
 */
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "io/io.h"

#include "detect/robust.h"
#include "flowexfil/judge.h"
#include "flowexfil/state.h"

enum { KEY_LEAST = OPT_LONG + 1, KEY_PCR, KEY_FLOOR, KEY_CEILING, KEY_Z };
#define WINDOW_NS (24 * NS_PER_HOUR)
#define WINDOW_MOST_NS (366 * WINDOW_NS)

static const struct opt options[] = {
	{ KEY_LEAST, "least", ARG_TEXT, "SIZE",
	    "octets to a new destination that are worth an alert (default 5M)", NULL },
	{ KEY_PCR, "pcr", ARG_TEXT, "RATIO",
	    "(out - in) / (out + in) of them, at least (default 0.75)", NULL },
	{ KEY_FLOOR, "floor", ARG_TEXT, "SIZE",
	    "octets out in an hour that are never strange (default 5M)", NULL },
	{ KEY_CEILING, "ceiling", ARG_TEXT, "SIZE", "and that always are (default 10G)", NULL },
	{ KEY_Z, "z", ARG_TEXT, "Z", "robust z of an hour that is strange (default 4)", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, scope_baseline_options, scope_options,
	scope_state_options, scope_window_options, io_input_options, io_output_options,
	io_run_options, NULL };
static const struct program program = { "flowexfil", "[options] [FILE ...]",
	"find hosts that send out more than they should", tables,
	"flowexfil day.flow\n"
	"flowexfil -B normal.base -o table day.flow\n"
	"flowexfil -B normal.base --state exfil.state -w alerts.flow day.flow\n"
	"flowexfil -B normal.base day.flow | flowfilter 'score > 0.7' | flowcat -o ndjson\n",
	field_help };

struct flowexfil {
	struct io_opts io;
	struct scope scope;
	struct traffic traffic;
	struct judge judge;
};

/* Options ------------------------------------------------------------------------------------------ */

static void
parse_octets(uint64_t *to, const char *name, const char *arg)
{
	if (!parse_size(arg, strlen(arg), to))
		opt_usage(&program, "--%s '%s': a size, as 5M", name, arg);
}

static void
parse_number(double *to, const char *name, const char *arg, double least, double most)
{
	if (!parse_double(arg, strlen(arg), to) || !(*to >= least && *to <= most))
		opt_usage(&program, "--%s '%s': a number from %g to %g", name, arg, least, most);
}

static int
parse_shared(struct flowexfil *f, int key, const char *arg, struct err *err)
{
	int rc = scope_opt(&f->scope, key, arg, err);

	return rc == 0 ? io_opt(&f->io, key, arg, err) : rc;
}

static void
parse(struct flowexfil *f, struct optparse *parser)
{
	struct limits *l = &f->judge.limits;
	struct err err = { 0 };
	const char *arg;
	int key;

	while ((key = opt_next(parser, &arg)) != 0) {
		switch (key) {
		case KEY_LEAST: parse_octets(&l->destination, "least", arg); break;
		case KEY_PCR: parse_number(&l->pcr, "pcr", arg, -1, 1); break;
		case KEY_FLOOR: parse_octets(&l->floor, "floor", arg); break;
		case KEY_CEILING: parse_octets(&l->ceiling, "ceiling", arg); break;
		case KEY_Z: parse_number(&l->z, "z", arg, 0, ROBUST_MOST); break;
		default:
			if (parse_shared(f, key, arg, &err) < 0)
				opt_refuse(&program, &err);
		}
	}
	if (f->scope.window_ns > WINDOW_MOST_NS)
		opt_usage(&program, "--window: at most 366d");
	if (l->z < l->z_again)
		l->z_again = l->z;
}

/* Work --------------------------------------------------------------------------------------------- */

static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowexfil *f = ctx;

	(void)err;
	if (!b->options)
		traffic_add(&f->traffic, b, sel);
	return 0;
}

static void
tell(const struct flowexfil *f)
{
	const struct traffic *t = &f->traffic;

	if (t->forgotten + t->pairs.full + t->hourly.rows.full > 0 && !f->io.quiet)
		diag(NULL,
		    "%llu destinations with little sent to them and %llu hours were forgotten for "
		    "want of room",
		    (unsigned long long)(t->forgotten + t->pairs.full),
		    (unsigned long long)t->hourly.rows.full);
	if (!f->io.quiet) {
		scope_tell_unfit(t->records, t->strange, f->io.warn);
		scope_tell_uncounted(t->records, t->empty, "no upload can be seen", f->io.warn);
		alerts_tell(f->judge.alerts, f->io.warn);
	}
	if (f->io.verbose)
		diag(NULL, "%llu records (%llu without addresses or times), %zu pairs, %zu alerts",
		    (unsigned long long)t->records, (unsigned long long)t->strange, t->pairs.n,
		    alerts_count(f->judge.alerts));
}

static int
finish(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowexfil *f = ctx;

	(void)result;
	if (f->judge.baseline != NULL &&
	    sampled_as(&f->traffic.sampled, f->judge.baseline->sampling, f->scope.baseline, err) !=
		0)
		return -1;
	judge_rest(&f->judge);
	tell(f);
	return alerts_ranked(f->judge.alerts, io_sink_put, sink, err);
}

static int
run(struct flowexfil *f, const struct optparse *parser, char **argv, struct err *err)
{
	const struct io_digest digest = {
		.work = conversations_work, .take = take, .end = finish, .ctx = f
	};
	struct io_result result;
	int status;

	if (f->scope.state != NULL && state_read(&f->judge, f->scope.state, diag_err, err) != 0)
		return err->status;
	if (f->scope.baseline != NULL) {
		f->judge.baseline = baseline_load(f->scope.baseline, err);
		if (f->judge.baseline == NULL)
			return err->status;
		if (baseline_young(f->judge.baseline, &f->judge.baseline->network.seen) &&
		    !f->io.quiet)
			diag(f->scope.baseline,
			    "knows less than %d days: what is new to it says little, "
			    "and no volume is unusual",
			    BASELINE_NORMAL_DAYS);
	}
	status =
	    io_digest(&f->io, parser->operands, parser->n_operands, argv, &digest, &result, err);
	/* What is incomplete, or could not be told, is read again: the state stays as it was. */
	if (result.whole && f->scope.state != NULL &&
	    state_write(&f->judge, f->scope.state, argv, err) != 0)
		return err->status;
	return status;
}

int
main(int argc, char **argv)
{
	struct flowexfil f = { .judge = { .limits = LIMITS_DEFAULT } };
	struct optparse parser;
	struct err err = { 0 };
	int status;

	diag_init(argv[0]);
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.progress = diag_progress;
	f.io.flows = f.io.alerts = true;
	scope_init(&f.scope);
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	traffic_init(&f.traffic, &f.scope, f.scope.window_ns ? f.scope.window_ns : WINDOW_NS,
	    f.judge.limits.destination);
	judge_init(&f.judge, &f.scope, &f.traffic);
	f.judge.keeps = f.scope.state != NULL;
	status = run(&f, &parser, argv, &err);
	diag_end(NULL, &err);
	baseline_free(f.judge.baseline);
	judge_free(&f.judge);
	traffic_free(&f.traffic);
	scope_free(&f.scope);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
