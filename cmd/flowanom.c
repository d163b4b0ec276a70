/*
 * flowanom - find what departs from its own history: hosts, services, interfaces, exporters, the whole network.
 */
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/ordered.h"
#include "base/time.h"
#include "io/io.h"

#include "flowanom/observe.h"
#include "flowanom/series.h"
#include "flowanom/state.h"

enum { KEY_SERIES = OPT_LONG + 1, KEY_BY, KEY_BIN, KEY_PERIOD };

static const struct opt options[] = {
	{ KEY_SERIES, "series", ARG_TEXT, "VALUE",
	    "judge this aggregate by bin of time instead, as bytes or distinct_dstip", NULL },
	{ KEY_BY, "by", ARG_FIELDS, "FIELDS", "one series for each value of these", NULL },
	{ KEY_BIN, "bin", ARG_TEXT, "DURATION", "of the series (default 5m)", NULL },
	{ KEY_PERIOD, "period", ARG_TEXT, "DURATION",
	    "of its season (default 1d; 7d of four weeks and more)", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, scope_baseline_options, scope_options,
	scope_state_options, io_input_options, io_output_options, io_run_options, NULL };
static const struct program program = { "flowanom", "[options] [FILE ...]",
	"find what departs from its own history, floods, and who went silent", tables,
	"flowanom day.flow\n"
	"flowanom -B normal.base -o table day.flow\n"
	"flowanom --series bytes --by proto -o table month.flow\n",
	field_help };

struct flowanom {
	struct io_opts io;
	struct scope scope;
	struct series_opts series_opts;
	struct baseline *baseline;
	struct observed observed;
	struct judge judge;
	struct series *series; /* NULL: not asked for */
	char *const *argv;
};

/* Options ------------------------------------------------------------------------------------------ */

static void
parse_time_of(int64_t *to, const char *name, const char *arg)
{
	if (!parse_duration(arg, strlen(arg), true, to) || *to < NS_PER_S ||
	    *to > 366 * 24 * NS_PER_HOUR)
		opt_usage(&program, "--%s '%s': a duration of 1s to 366d", name, arg);
}

static void
parse_shared(struct flowanom *f, int key, const char *arg)
{
	struct err err = { 0 };
	int rc = scope_opt(&f->scope, key, arg, &err);

	if (rc == 0)
		rc = io_opt(&f->io, key, arg, &err);
	if (rc < 0)
		opt_refuse(&program, &err);
}

static void
parse(struct flowanom *f, struct optparse *parser)
{
	struct series_opts *s = &f->series_opts;
	const char *arg;
	int key;

	while ((key = opt_next(parser, &arg)) != 0) {
		switch (key) {
		case KEY_SERIES: s->value = arg; break;
		case KEY_BY: s->by = arg; break;
		case KEY_BIN: parse_time_of(&s->bin_ns, "bin", arg); break;
		case KEY_PERIOD: parse_time_of(&s->period_ns, "period", arg); break;
		default: parse_shared(f, key, arg);
		}
	}
	if (s->value == NULL && (s->by != NULL || s->bin_ns != 0 || s->period_ns != 0))
		opt_usage(&program, "--by, --bin and --period are of --series");
	if (s->value != NULL && (f->scope.baseline != NULL || f->scope.state != NULL))
		opt_usage(&program, "--series has its history in its input: no -B, no --state");
	if (s->period_ns != 0 && s->period_ns < 4 * (s->bin_ns ? s->bin_ns : 300 * NS_PER_S))
		opt_usage(&program, "--period: at least four bins");
}

/* Work --------------------------------------------------------------------------------------------- */

static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowanom *f = ctx;

	(void)err;
	if (!b->options)
		observe_add(&f->observed, b, sel);
	return 0;
}

static int
count_series(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	const struct flowanom *f = ctx;

	return series_work(f->series, worker, b, sel, err);
}

static void
tell_dropped(const struct flowanom *f)
{
	if (!f->io.quiet)
		alerts_tell(f->judge.alerts, f->io.warn);
}

static void
tell_room(const struct observed *o)
{
	uint64_t late = entropy_late(o->entropy) > o->late ? entropy_late(o->entropy) : o->late;

	if (o->floods.forgotten + o->tracks.at.full > 0)
		diag(NULL,
		    "%llu quiet destinations were forgotten and %llu things not watched for want "
		    "of "
		    "room",
		    (unsigned long long)o->floods.forgotten, (unsigned long long)o->tracks.at.full);
	if (late > o->records / 100)
		diag(NULL,
		    "%llu of %llu records came too late for their hour or 5 minutes: input "
		    "is "
		    "best in order of time (flowcat -O end:asc)",
		    (unsigned long long)late, (unsigned long long)o->records);
}

/* Without flags a SYN is as any other packet. */
static void
tell_flagless(const struct observed *o)
{
	if (o->perhaps_tcp > 0 && o->flagged == 0)
		diag(NULL,
		    "none of the %llu records that may be TCP has a protocol and flags: "
		    "no SYN flood can be seen",
		    (unsigned long long)o->perhaps_tcp);
}

/* What is too young to be called normal. */
static void
tell_young(const struct flowanom *f)
{
	const struct tracks *t = &f->observed.tracks;
	const struct track *network = tracks_at(t, 0);
	double days = network->first_hour != 0 ? (t->newest_hour - network->first_hour) / 24.0 : 0;

	if (f->baseline != NULL && baseline_young(f->baseline, &f->baseline->network.seen))
		diag(f->scope.baseline, "knows less than %d days: no hour is strange to it",
		    BASELINE_NORMAL_DAYS);
	if (f->baseline == NULL && network->first_hour != 0 && days < BASELINE_NORMAL_DAYS)
		diag(NULL,
		    "%.1f days are known, %d are needed to say what is usual: looked for floods, "
		    "entropy and silence only (-B, --state or more input)",
		    days, BASELINE_NORMAL_DAYS);
}

static void
tell(const struct flowanom *f)
{
	const struct observed *o = &f->observed;

	tell_dropped(f);
	if (!f->io.quiet) {
		scope_tell_unfit(o->records, o->strange, f->io.warn);
		tell_flagless(o);
		tell_room(o);
		tell_young(f);
	}
	if (f->io.verbose)
		diag(NULL,
		    "%llu records (%llu without addresses or times), %zu tracks, %zu hosts and "
		    "destinations, %llu hours compared, %zu alerts",
		    (unsigned long long)o->records, (unsigned long long)o->strange, o->tracks.at.n,
		    o->floods.hosts.n, (unsigned long long)f->judge.compared,
		    alerts_count(f->judge.alerts));
}

static void
tell_series(const struct flowanom *f, uint64_t records)
{
	struct series_counts c = series_counts(f->series);

	tell_dropped(f);
	if (c.series == 0 && records > 0 && !f->io.quiet)
		diag(NULL,
		    "none of the %llu records has an end and a value for --series %s: "
		    "nothing was looked at",
		    (unsigned long long)records, f->series_opts.value);
	if (c.short_ones > 0 && !f->io.quiet)
		diag(NULL,
		    "the input is too short: a series says something after two seasons, %lld hours",
		    (long long)(c.needed_ns / NS_PER_HOUR));
	if (c.small + c.lost > 0 && !f->io.quiet)
		diag(NULL, "%llu small series and %llu bins were left out for want of room",
		    (unsigned long long)c.small, (unsigned long long)c.lost);
	if (f->io.verbose)
		diag(NULL, "%llu series, %zu alerts", (unsigned long long)c.series,
		    alerts_count(f->judge.alerts));
}

/* Until when the input goes, where that is said: a time in the past. */
static int64_t
end_of_time(const struct flowanom *f)
{
	int64_t now = time_now_ns();

	return f->io.until_ns < now ? f->io.until_ns : 0;
}

static int
finish(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowanom *f = ctx;
	bool keeps = f->scope.state != NULL && !result->incomplete;

	if (f->series != NULL) {
		if (series_judge(f->series, &f->judge, err) < 0)
			return -1;
		tell_series(f, result->read);
		return alerts_ranked(f->judge.alerts, io_sink_put, sink, err);
	}
	if (f->baseline != NULL &&
	    sampled_as(&f->judge.sampled, f->baseline->sampling, f->scope.baseline, err) != 0)
		return -1;
	observe_finish(&f->observed, end_of_time(f), f->scope.state != NULL);
	judge_rest(&f->judge, f->scope.state != NULL);
	tell(f);
	if (alerts_ranked(f->judge.alerts, io_sink_put, sink, err) < 0)
		return -1;
	/* What is incomplete is read again: the state stays as it was. */
	return keeps ? state_write(&f->observed, f->scope.state, f->argv, err) : 0;
}

static int
prepare(struct flowanom *f, struct err *err)
{
	struct hours hours = { .buckets = HOURS_WORKDAY,
		.utc_offset_s = hours_offset(f->io.tz, time_now_ns() / NS_PER_S) };

	if (f->scope.baseline != NULL) {
		f->baseline = baseline_load(f->scope.baseline, err);
		if (f->baseline == NULL)
			return -1;
		hours = f->baseline->hours;
	}
	judge_init(&f->judge, &f->scope, &f->observed.tracks);
	f->judge.baseline = f->baseline;
	observe_init(&f->observed, &f->scope, &f->judge, &hours);
	f->observed.tracks.baseline = f->baseline != NULL;
	if (f->scope.state != NULL)
		return state_read(&f->observed, f->scope.state, diag_err, err);
	return 0;
}

static int
run(struct flowanom *f, const struct optparse *parser, struct err *err)
{
	struct io_digest digest = { .work = observe_work, .take = take, .end = finish, .ctx = f };
	struct io_result result;
	unsigned threads = f->io.threads ? f->io.threads : ordered_processors();

	if (prepare(f, err) < 0)
		return err->status;
	if (f->series_opts.value != NULL) {
		f->series = series_new(&f->series_opts, threads, err);
		if (f->series == NULL)
			opt_usage(&program, "%s", err->text);
		digest.work = count_series;
		digest.take = NULL;
	}
	return io_digest(
	    &f->io, parser->operands, parser->n_operands, f->argv, &digest, &result, err);
}

int
main(int argc, char **argv)
{
	struct flowanom f = { .argv = argv };
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
	status = run(&f, &parser, &err);
	diag_end(NULL, &err);
	series_free(f.series);
	baseline_free(f.baseline);
	judge_free(&f.judge);
	observe_free(&f.observed);
	scope_free(&f.scope);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
