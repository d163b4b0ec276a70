/*
 * flowbase - learn what is normal, keep it, merge it, show it.
 */
#include <string.h>

#include "base/die.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/time.h"
#include "detect/learn.h"
#include "io/io.h"

#include "flowbase/report.h"

enum { KEY_OPEN = OPT_LONG + 1, KEY_WEEKLY, KEY_FORGET, KEY_MAX_AGE, ROWS_MAX = 16 };
enum { YEAR_S = 366 * 24 * 3600 };

static const struct opt options[] = {
	{ KEY_OPEN, "open", ARG_FILE, "FILE", "learn: leave out flows that these alerts are about",
	    NULL },
	{ KEY_WEEKLY, "weekly", ARG_NONE, NULL,
	    "learn: keep the hours of every day of the week apart", NULL },
	{ KEY_FORGET, "forget", ARG_TEXT, "DURATION",
	    "merge: leave out what was not seen for so long", NULL },
	{ KEY_MAX_AGE, "max-age", ARG_TEXT, "DURATION",
	    "age: exit status 1 where the latest flow is older", NULL },
	{ 0 },
};

struct flowbase;
struct command {
	const char *name;
	int (*run)(struct flowbase *, char **operands, int n, struct err *);
	int least; /* operands */
};

struct flowbase {
	const struct program *program;
	const struct command *command;
	char *const *argv;
	struct io_opts io;
	struct scope scope;
	const char *open;
	struct hours hours;
	int64_t forget_ns, max_age_ns;
	bool networks; /* --internal was given */

	struct baseline *b;
	struct open_alerts *alerts;
	struct learn *learn;
	struct io_sink *sink;
};

/* Output ------------------------------------------------------------------------------------------- */

static int
put_batch(void *ctx, struct batch *b, struct err *err)
{
	struct flowbase *f = ctx;

	return io_sink_batch(f->sink, b, err) < 0 ? -1 : 0;
}

static void
tell_full(const struct flowbase *f, const char *what, const struct keyed *k)
{
	if (k->full > 0 && !f->io.quiet)
		diag(NULL, "more than %zu %s: the rest is not in the baseline", k->most, what);
}

static void
tell_bounds(const struct flowbase *f)
{
	tell_full(f, "addresses", &f->b->addresses);
	tell_full(f, "hosts", &f->b->hosts);
	tell_full(f, "exporters", &f->b->exporters);
	tell_full(f, "prefixes", &f->b->prefixes);
	tell_full(f, "services", &f->b->services);
	tell_full(f, "edges", &f->b->edges);
}

/* A record of 1970 makes a baseline of a day decades long: nothing calls it too young then. */
static void
tell_gap(const struct flowbase *f)
{
	const struct seen *seen = &f->b->network.seen;
	int days = __builtin_popcountll(seen->days);
	char first[FMT_MAX];

	if (f->io.quiet || days >= BASELINE_NORMAL_DAYS || seen->last_s - seen->first_s < YEAR_S)
		return;
	diag(NULL,
	    "the first flow is of %.*s, but of the last 64 days %d have any: a clock that was "
	    "wrong makes the baseline seem older than it is; cut such records off with --since",
	    (int)fmt_time_human(first, (int64_t)seen->first_s * NS_PER_S, 0, f->io.tz), first,
	    days);
}

/* Write the baseline and close the sink; rc: how it went until here. */
static int
finish(struct flowbase *f, int rc, bool complete, struct err *err)
{
	struct err closing = { 0 };

	if (rc == 0) {
		baseline_ready(f->b);
		tell_bounds(f);
		tell_gap(f);
		rc = baseline_write(f->b, put_batch, f, err);
	}
	if (f->sink != NULL && io_sink_close(f->sink, rc == 0 && complete, &closing) != 0 &&
	    rc == 0) {
		*err = closing;
		rc = -1;
	}
	f->sink = NULL;
	if (rc == 0)
		return complete ? EXIT_DONE : EXIT_FAILED;
	return err->status != 0 ? err->status : EXIT_FAILED;
}

static int
check_whole(const struct flowbase *f, struct err *err)
{
	if (f->io.has_fields || f->io.limit != UINT64_MAX)
		return err_usage(err, "-k and -n would leave out of a baseline what belongs to it");
	return 0;
}

static int
open_sink(struct flowbase *f, struct err *err)
{
	/* Whatever the file's name, but not what -o says. */
	if (f->io.out_format == IO_AUTO && f->io.out_path != NULL &&
	    io_suffix(f->io.out_path) != NULL)
		f->io.out_format = IO_FLOW;
	f->sink = io_sink_open(&f->io, f->argv, err);
	return f->sink != NULL ? 0 : -1;
}

/* Learning ----------------------------------------------------------------------------------------- */

static int
take_flows(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowbase *f = ctx;

	return b->options ? 0 : learn_add(f->learn, b, sel, err);
}

static int
take_alerts(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowbase *f = ctx;

	return b->options ? 0 : open_alerts_add(f->alerts, b, sel, err);
}

/* Hand every batch of the files to a function. */
static int
run_over(const struct io_opts *opts, struct flowbase *f, char *const *paths, int n, io_take take,
    struct io_result *result, struct err *err)
{
	struct io_source *source = io_source_open(paths, n, opts, err);
	struct io_sink *sink;
	struct err closing = { 0 };
	int rc;

	if (source == NULL)
		return -1;
	sink = io_sink_function(opts, take, f);
	rc = io_run(source, sink, opts, NULL, NULL, result, err);
	(void)io_sink_close(sink, true, &closing);
	io_source_close(source);
	return rc;
}

static int
read_alerts(struct flowbase *f, struct err *err)
{
	struct io_result result = { 0 };
	struct err why = { 0 };
	struct io_opts opts;
	char *paths[1];
	int rc;

	if (f->open == NULL)
		return 0;
	f->alerts = open_alerts_new();
	io_opts_init(&opts);
	opts.warn = f->io.warn;
	paths[0] = (char *)f->open;
	rc = run_over(&opts, f, paths, 1, take_alerts, &result, &why);
	io_opts_free(&opts);
	if (rc != 0)
		return err_set(err, "--open %s: %s", f->open, why.text);
	return result.incomplete
		   ? err_set(err, "--open %s: not all could be read: nothing is learned", f->open)
		   : 0;
}

static void
tell_learned(const struct flowbase *f)
{
	struct learn_counts c = learn_counts(f->learn);

	if (!f->io.quiet) {
		scope_tell_unfit(c.records, c.strange, f->io.warn);
		scope_tell_uncounted(
		    c.records, c.uncounted, "what hosts usually send is not learned", f->io.warn);
		scope_tell_foreign(c.records, c.foreign, f->io.warn);
		scope_tell_back(c.back, f->io.warn);
	}
	if (c.early > 0 && !f->io.quiet)
		diag(NULL, "%llu of %llu conversations were cut short: too many were open at once",
		    (unsigned long long)c.early, (unsigned long long)c.conversations);
	if (c.lost > 0 && !f->io.quiet)
		diag(NULL,
		    "octets of hours that found no room were lost %llu times: learn less at once",
		    (unsigned long long)c.lost);
	if (!f->io.verbose)
		return;
	diag(NULL,
	    "%llu records, %llu of them under %zu open alerts, %llu without addresses or times; "
	    "%llu conversations",
	    (unsigned long long)c.records, (unsigned long long)c.under_alert,
	    f->alerts != NULL ? open_alerts_count(f->alerts) : (size_t)0,
	    (unsigned long long)c.strange, (unsigned long long)c.conversations);
	diag(NULL, "%zu hosts, %zu edges, %zu services, %zu prefixes; %zu KiB", f->b->hosts.n,
	    f->b->edges.n, f->b->services.n, f->b->prefixes.n, baseline_memory(f->b) / 1024);
}

static int
run_learn(struct flowbase *f, char **operands, int n, struct err *err)
{
	struct io_result result = { 0 };
	int rc = check_whole(f, err), status;

	if (rc == 0)
		rc = read_alerts(f, err);
	f->io.flows = true;
	f->hours.utc_offset_s = hours_offset(f->io.tz, time_now_ns() / NS_PER_S);
	f->b = baseline_new(&f->hours, f->scope.internal_text);
	f->learn = learn_new(f->b, &f->scope, f->alerts);
	if (rc == 0)
		rc = open_sink(f, err);
	if (rc == 0)
		rc = run_over(&f->io, f, operands, n, take_flows, &result, err);
	if (rc == 0) {
		learn_finish(f->learn);
		tell_learned(f);
	}
	status = finish(f, rc, !result.incomplete, err);
	return status == EXIT_DONE ? io_status(&result) : status;
}

/* Merging ------------------------------------------------------------------------------------------ */

static int
merge(struct flowbase *f, const char *path, struct err *err)
{
	struct err why = { 0 };
	int fd;

	if (strcmp(path, "-") != 0)
		return baseline_merge(f->b, path, err);
	fd = file_open(path);
	if (fd < 0)
		return err_system(err, "standard input");
	if (baseline_read(f->b, fd, &why) == 0)
		return 0;
	return err_set(err, "standard input: %s", why.text);
}

static int
load(struct flowbase *f, const char *path, struct err *err)
{
	f->b = baseline_new(&f->hours, f->scope.internal_text);
	if (merge(f, path, err) != 0)
		return -1;
	baseline_ready(f->b);
	return 0;
}

static int
run_merge(struct flowbase *f, char **operands, int n, struct err *err)
{
	static char *const standard[] = { "-" };
	int rc = check_whole(f, err);

	if (n == 0) {
		operands = (char **)standard;
		n = 1;
	}
	f->b = baseline_new(&f->hours, f->scope.internal_text);
	for (int i = 0; i < n && rc == 0; i++)
		rc = merge(f, operands[i], err);
	if (rc == 0 && f->forget_ns > 0) {
		int64_t before = (int64_t)f->b->network.seen.last_s - f->forget_ns / NS_PER_S;

		baseline_forget(f->b, before < 0 ? 0 : (uint32_t)before);
	}
	/* What is refused leaves nothing behind. */
	if (rc == 0)
		rc = open_sink(f, err);
	return finish(f, rc, true, err);
}

/* Looking ------------------------------------------------------------------------------------------ */

/* ADDRESS[:PORT[/PROTO]], an IPv6 address with a port in brackets. */
static int
parse_end(
    struct flowbase *f, const char *text, bool with_port, struct report_of *of, struct err *err)
{
	(void)f;
	if (report_parse(of, text, with_port))
		return 0;
	return err_usage(err,
	    with_port ? "'%s' is no ADDRESS, ADDRESS:PORT or [IPV6]:PORT" : "'%s' is no address",
	    text);
}

static int
show_records(struct flowbase *f, const struct report_of *of, struct err *err)
{
	struct baseline *part = report_part(f->b, of);
	int rc;

	f->sink = io_sink_open(&f->io, f->argv, err);
	baseline_free(f->b);
	f->b = part;
	rc = f->sink != NULL ? 0 : -1;
	return finish(f, rc, true, err);
}

static int
run_show(struct flowbase *f, char **operands, int n, struct err *err)
{
	struct report_of of = { .port = -1, .proto = -1 };
	struct buf text = { 0 };
	bool records = f->io.out_format != IO_AUTO || f->io.out_path != NULL, found;

	if (n > 3)
		return err_usage(err, "show takes a baseline, a host and a server of its");
	if (!records && (f->io.has_fields || f->io.limit != UINT64_MAX))
		return err_usage(err, "-k and -n are of records: say with -o how to write them");
	if ((n > 1 && parse_end(f, operands[1], false, &of, err) != 0) ||
	    (n > 2 && parse_end(f, operands[2], true, &of, err) != 0))
		return EXIT_USAGE;
	if (load(f, operands[0], err) != 0)
		return EXIT_FAILED;
	found = report_has(f->b, &of);
	if (records)
		return found ? show_records(f, &of, err) : EXIT_NO;
	report_put(&text, f->b, &of, f->io.tz, f->io.plain);
	fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	return found ? EXIT_DONE : EXIT_NO;
}

/* A line of each, or what is wrong with it: one that cannot be read is not the end of the others. */
static int
each(struct flowbase *f, char **operands, int n,
    bool (*say)(struct flowbase *, struct buf *, const char *name))
{
	struct buf text = { 0 };
	int status = EXIT_DONE;

	for (int i = 0; i < n; i++) {
		struct err err = { 0 };

		if (load(f, operands[i], &err) != 0) {
			diag_err(NULL, &err);
			status = EXIT_FAILED;
		} else if (!say(f, &text, operands[i]) && status == EXIT_DONE) {
			status = EXIT_NO;
		}
		baseline_free(f->b);
		f->b = NULL;
		if (!f->io.quiet)
			fputs(buf_cstr(&text), stdout);
		text.len = 0;
	}
	buf_free(&text);
	return status;
}

static bool
say_check(struct flowbase *f, struct buf *text, const char *name)
{
	report_check(text, f->b, name);
	return true;
}

static int
run_check(struct flowbase *f, char **operands, int n, struct err *err)
{
	(void)err;
	return each(f, operands, n, say_check);
}

static bool
say_age(struct flowbase *f, struct buf *text, const char *name)
{
	return report_age(text, f->b, name, time_now_ns(), f->max_age_ns, f->io.verbose, f->io.tz);
}

static int
run_age(struct flowbase *f, char **operands, int n, struct err *err)
{
	(void)err;
	return each(f, operands, n, say_age);
}

/* Options ------------------------------------------------------------------------------------------ */

static const struct command commands[] = {
	{ "learn", run_learn, 0 },
	{ "merge", run_merge, 0 },
	{ "show", run_show, 1 },
	{ "check", run_check, 1 },
	{ "age", run_age, 1 },
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int64_t
parse_span(const struct program *program, const char *name, const char *arg)
{
	int64_t ns;

	if (!parse_duration(arg, strlen(arg), false, &ns) || ns <= 0)
		opt_usage(program, "--%s '%s': a duration, as 36h or 60d", name, arg);
	return ns;
}

static void
parse_option(struct flowbase *f, int key, const char *arg)
{
	struct err err = { 0 };
	int rc = 0;

	switch (key) {
	case KEY_OPEN: f->open = arg; break;
	case KEY_WEEKLY: f->hours.buckets = HOURS_WEEKDAY; break;
	case KEY_FORGET: f->forget_ns = parse_span(f->program, "forget", arg); break;
	case KEY_MAX_AGE: f->max_age_ns = parse_span(f->program, "max-age", arg); break;
	default:
		rc = scope_opt(&f->scope, key, arg, &err);
		f->networks = f->networks || rc > 0;
		if (rc == 0)
			rc = io_opt(&f->io, key, arg, &err);
	}
	if (rc < 0)
		opt_usage(f->program, "%s", err.text);
}

static void
parse_command(struct flowbase *f, const struct optparse *parser)
{
	const char *names[N_COMMANDS + 1] = { NULL };
	const char *word = parser->n_operands > 0 ? parser->operands[0] : NULL, *near;

	if (word == NULL)
		opt_usage(f->program, "say learn, merge, show, check or age first");
	for (unsigned i = 0; i < N_COMMANDS; i++) {
		names[i] = commands[i].name;
		if (strcmp(word, commands[i].name) == 0)
			f->command = &commands[i];
	}
	if (f->command == NULL) {
		near = opt_nearest(word, names);
		opt_usage(f->program, "'%s' is not learn, merge, show, check or age%s%s%s", word,
		    near != NULL ? "; did you mean " : "", near != NULL ? near : "",
		    near != NULL ? "?" : "");
	}
	if (parser->n_operands - 1 < f->command->least)
		opt_usage(f->program, "%s: no baseline", word);
}

static bool
is_command(const struct flowbase *f, const char *name)
{
	return strcmp(f->command->name, name) == 0;
}

static bool
selects_input(const struct io_opts *o)
{
	return o->in_format != IO_AUTO || o->n_moments > 0 || o->follow;
}

static bool
writes_records(const struct io_opts *o)
{
	return o->out_format != IO_AUTO || o->out_path != NULL || o->has_fields ||
	       o->limit != UINT64_MAX;
}

static void
check_options(const struct flowbase *f)
{
	if (!is_command(f, "learn") &&
	    (f->open != NULL || f->networks || f->hours.buckets == HOURS_WEEKDAY))
		opt_usage(f->program, "--open, --weekly and --internal are of learn");
	if (!is_command(f, "merge") && f->forget_ns > 0)
		opt_usage(f->program, "--forget is of merge");
	if (!is_command(f, "age") && f->max_age_ns > 0)
		opt_usage(f->program, "--max-age is of age");
	if (!is_command(f, "learn") && selects_input(&f->io))
		opt_usage(f->program,
		    "-i, -t, --since, --until and --follow are of learn: %s reads baselines whole",
		    f->command->name);
	if ((is_command(f, "check") || is_command(f, "age")) && writes_records(&f->io))
		opt_usage(f->program,
		    "%s says a line of each baseline: -o, -w, -k and -n are of show",
		    f->command->name);
}

/* The row of --internal, without that of allow-lists. */
static void
copy_row(struct opt *to, const struct opt *from, const char *name)
{
	for (; from->key != 0; from++)
		if (strcmp(from->name, name) == 0)
			*to = *from;
}

int
main(int argc, char **argv)
{
	struct opt networks[2] = { { 0 } };
	const struct opt *const tables[] = { options, networks, io_input_options, io_output_options,
		io_run_options, NULL };
	const struct program program = { "flowbase",
		"learn | merge | show | check | age [options] [FILE ...]",
		"learn what is normal in a network, for detectors to compare with", tables,
		"flowbase learn -w monday.base monday.flow\n"
		"flowbase merge -w normal.base monday.base tuesday.base\n"
		"flowbase show normal.base 10.0.0.1\n"
		"flowbase age normal.base\n",
		field_help };
	struct flowbase f = {
		.program = &program, .argv = argv, .hours = { .buckets = HOURS_WORKDAY }
	};
	struct optparse parser;
	struct err err = { 0 };
	const char *arg;
	int key, status;

	diag_init(argv[0]);
	copy_row(networks, scope_options, "internal");
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.progress = diag_progress;
	scope_init(&f.scope);
	opt_start(&parser, &program, argc, argv);
	while ((key = opt_next(&parser, &arg)) != 0)
		parse_option(&f, key, arg);
	parse_command(&f, &parser);
	check_options(&f);
	status = f.command->run(&f, parser.operands + 1, parser.n_operands - 1, &err);
	if (err.status == EXIT_USAGE)
		opt_usage(&program, "%s", err.text);
	diag_end(NULL, &err);
	learn_free(f.learn);
	open_alerts_free(f.alerts);
	baseline_free(f.b);
	scope_free(&f.scope);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
