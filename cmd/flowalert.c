/*
 * flowalert - what becomes of alerts: each told once, suppressed with a reason, ranked, held against hosts; thresholds.
 */
#include <string.h>

#include "base/die.h"
#include "base/num.h"
#include "base/opt.h"
#include "base/ordered.h"
#include "base/time.h"
#include "detect/alert_read.h"
#include "detect/scope.h"
#include "expr/expr.h"
#include "io/io.h"

#include "flowalert/deliver.h"
#include "flowalert/hosts.h"
#include "flowalert/incidents.h"
#include "flowalert/rules.h"
#include "flowalert/suppress.h"
#include "flowalert/text.h"
#include "flowalert/when.h"

enum {
	KEY_COOLDOWN = OPT_LONG + 1,
	KEY_SUPPRESS,
	KEY_HOSTS,
	KEY_HALF_LIFE,
	KEY_RULES,
	KEY_WHEN,
	KEY_FOR,
	KEY_BY,
	KEY_NAME,
	KEY_SEVERITY,
	KEY_CHECK,
	FILES_MOST = 16,
	TIMES_MOST = 1000000,
	ROWS_MAX = 32,
};

static const struct opt options[] = {
	{ KEY_COOLDOWN, "cooldown", ARG_TEXT, "DURATION",
	    "tell the same again after so long only (default 1d)", NULL },
	{ KEY_SUPPRESS, "suppress", ARG_FILE, "FILE",
	    "alerts not to be told, until when and why; see flowrules(5)", NULL },
	{ KEY_HOSTS, "hosts", ARG_NONE, NULL,
	    "rank the hosts that alerts are about, not the alerts", NULL },
	{ KEY_HALF_LIFE, "half-life", ARG_TEXT, "DURATION",
	    "in which what is held against a host halves (default 3d)", NULL },
	{ KEY_RULES, "rules", ARG_FILE, "FILE",
	    "read flows, and alert as the rules of FILE say; see flowrules(5)", NULL },
	{ KEY_WHEN, "when", ARG_TEXT, "EXPRESSION",
	    "read aggregates, and alert where this is true of one", NULL },
	{ KEY_FOR, "for", ARG_TEXT, "N", "if it is in N bins in a row (default 1)", NULL },
	{ KEY_BY, "by", ARG_FIELDS, "FIELDS", "of the same of these (default: all keys)", NULL },
	{ KEY_NAME, "name", ARG_TEXT, "NAME", "kind of the alerts of --when (default when)", NULL },
	{ KEY_SEVERITY, "severity", ARG_WORDS, "SEVERITY", "and their severity (default medium)",
	    "low medium high critical" },
	{ KEY_CHECK, "check", ARG_NONE, NULL, "say what is wrong with the files given, and end",
	    NULL },
	{ 0 },
};
struct flowalert {
	struct io_opts io;
	struct scope scope;
	const char *suppress[FILES_MOST], *rule_files[FILES_MOST];
	unsigned n_suppress, n_rule_files;
	bool rank_hosts, check;
	bool says_when; /* an option was given that is of --when */

	struct memory *memory;
	struct incidents incidents;
	struct suppressions suppressions;
	struct hosts hosts;
	struct when when;
	struct rules rules;
	struct alerts *made; /* of thresholds */
	struct alerts *told;
	struct delivery delivery;
	const struct program *program;
	uint64_t alerts, strangers, allowed; /* records; that are no alerts; left out */
	uint64_t dropped; /* alerts of thresholds */
};

/* Options ------------------------------------------------------------------------------------------ */

static void
parse_time_span(
    const struct flowalert *f, int64_t *ns, const char *name, const char *arg, int64_t least)
{
	if (!parse_duration(arg, strlen(arg), false, ns) || *ns < least)
		opt_usage(f->program, "--%s: '%s' is no duration; write 10m, 1h or 1d", name, arg);
}

static void
add_file(
    const struct flowalert *f, const char **files, unsigned *n, const char *name, const char *arg)
{
	if (*n == FILES_MOST)
		opt_usage(f->program, "--%s: more than %d files", name, FILES_MOST);
	files[(*n)++] = arg;
}

static void
parse_own(struct flowalert *f, int key, const char *arg)
{
	struct err err = { 0 };
	uint64_t n;

	f->says_when = f->says_when || key == KEY_FOR || key == KEY_BY || key == KEY_NAME ||
		       key == KEY_SEVERITY;
	switch (key) {
	case KEY_COOLDOWN: parse_time_span(f, &f->incidents.cooldown_ns, "cooldown", arg, 0); break;
	case KEY_SUPPRESS: add_file(f, f->suppress, &f->n_suppress, "suppress", arg); break;
	case KEY_RULES: add_file(f, f->rule_files, &f->n_rule_files, "rules", arg); break;
	case KEY_HOSTS: f->rank_hosts = true; break;
	case KEY_HALF_LIFE: parse_time_span(f, &f->hosts.half_life_ns, "half-life", arg, 1); break;
	case KEY_WHEN: f->when.text = arg; break;
	case KEY_FOR:
		if (!parse_u64(arg, strlen(arg), &n) || n < 1 || n > TIMES_MOST)
			opt_usage(
			    f->program, "--for: '%s' is no number from 1 to %d", arg, TIMES_MOST);
		f->when.times = (unsigned)n;
		break;
	case KEY_BY:
		if (field_list_parse(&f->when.by, arg, &err) != 0)
			opt_usage(f->program, "--by: %s", err.text);
		break;
	case KEY_NAME: f->when.name = arg; break;
	case KEY_SEVERITY:
		f->when.severity = text_severity(arg);
		if (f->when.severity == 0)
			opt_usage(f->program,
			    "--severity: '%s' is none of low, medium, high, critical", arg);
		break;
	case KEY_CHECK: f->check = true; break;
	}
}

static void
parse(struct flowalert *f, struct optparse *parser)
{
	struct err err = { 0 };
	bool has_output = false;
	const char *arg;
	int key, rc;

	while ((key = opt_next(parser, &arg)) != 0) {
		has_output = has_output || key == 'o';
		rc = deliver_opt(&f->delivery, key, arg, &err);
		if (rc == 0)
			rc = scope_opt(&f->scope, key, arg, &err);
		if (rc == 0)
			rc = io_opt(&f->io, key, arg, &err);
		if (rc < 0)
			opt_refuse(f->program, &err);
		if (rc == 0)
			parse_own(f, key, arg);
	}
	if (deliver_check(&f->delivery, &f->io, has_output, &err) != 0)
		opt_usage(f->program, "%s", err.text);
	if (f->when.text != NULL && f->n_rule_files > 0)
		opt_usage(f->program, "--when reads aggregates and --rules flows: one of them");
	if (f->says_when && f->when.text == NULL)
		opt_usage(f->program, "--for, --by, --name and --severity are of --when");
	if (f->check && parser->n_operands > 0)
		opt_usage(f->program,
		    "--check looks at the files of --rules and --suppress, not at '%s'",
		    parser->operands[0]);
	f->io.flows = f->n_rule_files > 0;
	if (f->scope.window_ns > 0)
		f->incidents.window_ns = f->scope.window_ns;
}

/* The files that people write: all that is wrong with all of them is said. */
static int
load_texts(struct flowalert *f)
{
	unsigned errors = 0;

	for (unsigned i = 0; i < f->n_suppress; i++)
		errors += suppress_load(&f->suppressions, f->suppress[i], f->io.tz, diag_err);
	for (unsigned i = 0; i < f->n_rule_files; i++)
		errors += rules_load(&f->rules, f->rule_files[i], f->io.tz, diag_err);
	return errors > 0 ? EXIT_USAGE : EXIT_DONE;
}

/* Alerts in ---------------------------------------------------------------------------------------- */

static bool
is_allowed(const struct flowalert *f, const struct alert *a)
{
	return (a->src != NULL && scope_allows(&f->scope, a->src, -1)) ||
	       (a->dst != NULL && scope_allows(&f->scope, a->dst, a->dstport));
}

static void
sift(struct flowalert *f, struct batch *b, const uint64_t *sel)
{
	struct incidents *s = &f->incidents;
	struct alert_reader reader;
	struct alert *a;

	suppress_bind(&f->suppressions, b);
	alert_bind(&reader, b);
	for (size_t rec = 0; rec < b->n; rec++) {
		if (!bits_has(sel, rec))
			continue;
		if (!alert_is(&reader, rec)) {
			f->strangers++;
			continue;
		}
		f->alerts++;
		a = incidents_next(s);
		if (a == NULL)
			continue;
		alert_at(&reader, rec, &s->arena, a);
		if (is_allowed(f, a)) {
			f->allowed++;
			s->n--;
		} else if (suppress_has(&f->suppressions, rec, a->end_ns)) {
			s->n--;
		}
	}
}

/* Flows are for rules alone, and looked at on many threads. */
static int
match_rules(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct flowalert *f = ctx;

	return rules_add(&f->rules, worker, b, sel, err) != 0 ? -1 : IO_DROP;
}

static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowalert *f = ctx;

	if (b->options)
		return 0;
	if (f->when.text != NULL)
		when_add(&f->when, b, sel);
	else
		sift(f, b, sel);
	return b->err.status != 0 ? err_set(err, "%s", b->err.text) : 0;
}

static int
take_made(void *ctx, struct batch *b, struct err *err)
{
	(void)err;
	sift(ctx, b, NULL);
	return 0;
}

/* Alerts out --------------------------------------------------------------------------------------- */

static void
tell_alert(void *ctx, const struct alert *a)
{
	struct flowalert *f = ctx;

	hosts_add(&f->hosts, a);
	if (!f->rank_hosts)
		alerts_put(f->told, a);
}

static int
write_told(void *ctx, struct batch *b, struct err *err)
{
	return deliver_batch(&((struct flowalert *)ctx)->delivery, b, err);
}

static void
tell_suppressions(const struct flowalert *f)
{
	for (size_t i = 0; i < f->suppressions.n; i++) {
		const struct suppression *s = &f->suppressions.at[i];
		char until[FMT_MAX];
		int n =
		    s->until_ns == INT64_MAX ? 0 : (int)fmt_time(until, s->until_ns, 0, f->io.tz);

		if (s->expired > 0 && !f->io.quiet)
			diag(NULL, "[%s] expired at %.*s (%s): %llu alert%s of it told", s->name, n,
			    until, s->reason, (unsigned long long)s->expired, plural(s->expired));
		if (s->suppressed > 0 && f->io.verbose)
			diag(NULL, "[%s] suppressed %llu alert%s (%s)", s->name,
			    (unsigned long long)s->suppressed, plural(s->suppressed), s->reason);
	}
}

static void
tell(const struct flowalert *f)
{
	const struct incidents *s = &f->incidents;
	uint64_t lost = s->dropped + f->when.dropped + f->dropped + alerts_dropped(f->told);

	tell_suppressions(f);
	if (lost > 0)
		diag(NULL, "%llu alert%s dropped for want of room", (unsigned long long)lost,
		    plural(lost));
	if (f->rules.forgot > 0)
		diag(NULL, "%llu group%s may have come first, but there was no room to know",
		    (unsigned long long)f->rules.forgot, plural(f->rules.forgot));
	if (memory_full(f->memory) > 0)
		diag(NULL, "%llu time%s there was no room to remember something",
		    (unsigned long long)memory_full(f->memory), plural(memory_full(f->memory)));
	if (f->strangers > 0 && f->alerts > 0 && !f->io.quiet)
		diag(NULL, "not taken for alerts: %llu record%s without a detector",
		    (unsigned long long)f->strangers, plural(f->strangers));
	if (f->io.verbose)
		diag(NULL,
		    "%llu alerts, %llu of incidents known, %llu heard before, %llu allowed; "
		    "%llu incidents cooling down, %zu told",
		    (unsigned long long)f->alerts, (unsigned long long)s->repeated,
		    (unsigned long long)s->heard, (unsigned long long)f->allowed,
		    (unsigned long long)s->cooled, alerts_count(f->told));
}

/* No record was what --when wants: because none could be? */
static void
warn_unmet(const struct flowalert *f)
{
	const char *name = f->when.n == 0 ? expr_unmet(&f->when.state, 1, true) : NULL;

	if (name != NULL && !f->io.quiet)
		diag("--when", "none of the records has '%s'", name);
}

static int
finish(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowalert *f = ctx;
	struct err ignored = { 0 };
	int rc;

	if (f->when.text != NULL) {
		when_end(&f->when, f->made);
		warn_unmet(f);
	}
	if (f->n_rule_files > 0 && rules_end(&f->rules, f->made, err) != 0)
		return -1;
	f->dropped = alerts_dropped(f->made);
	if (alerts_ranked(f->made, take_made, f, err) < 0)
		return -1;
	if (f->strangers > 0 && f->alerts == 0)
		return err_set(err,
		    "no alerts: records have no detector; of aggregates --when makes some, "
		    "of flows --rules");
	incidents_end(&f->incidents, tell_alert, f);
	if (f->rank_hosts)
		hosts_rank(&f->hosts, f->told);
	tell(f);
	if (deliver_open(&f->delivery, &f->io, sink, err) != 0)
		return -1;
	rc = alerts_ranked(f->told, write_told, f, err) < 0 ? -1 : 0;
	if (deliver_close(&f->delivery, rc == 0 && !result->incomplete, rc == 0 ? err : &ignored) !=
	    0)
		rc = -1;
	return rc;
}

/* What is worth to be remembered. */
static bool
keep(void *ctx, const struct memo *m)
{
	const struct flowalert *f = ctx;

	switch (m->kind) {
	case MEMO_ALERT: return !incident_over(&f->incidents, m);
	case MEMO_HOST: return hosts_left(&f->hosts, m) >= HOSTS_LEAST;
	case MEMO_STREAK: return f->when.text == NULL || when_goes_on(&f->when, m);
	default: return true;
	}
}

static int
run(struct flowalert *f, const struct optparse *parser, char **argv, struct err *err)
{
	const struct io_digest digest = { .work = f->n_rule_files > 0 ? match_rules : NULL,
		.take = take,
		.end = finish,
		.ctx = f };
	struct io_result result;
	int status;

	if (f->when.text != NULL && when_compile(&f->when, f->io.tz, err) != 0)
		return err->status;
	if (f->scope.state != NULL && memory_read(f->memory, f->scope.state, diag_err, err) != 0)
		return err->status;
	hosts_init(&f->hosts, f->memory, &f->scope, f->hosts.half_life_ns);
	if (f->n_rule_files > 0)
		rules_start(
		    &f->rules, f->io.threads ? f->io.threads : ordered_processors(), f->io.memory);
	status =
	    io_digest(&f->io, parser->operands, parser->n_operands, argv, &digest, &result, err);
	if (result.whole && f->scope.state != NULL &&
	    memory_write(f->memory, f->scope.state, keep, f, argv, err) != 0)
		status = err->status;
	return status == EXIT_DONE && f->delivery.failed ? EXIT_FAILED : status;
}

static void
init(struct flowalert *f)
{
	io_opts_init(&f->io);
	f->io.warn = diag_err;
	f->io.progress = diag_progress;
	f->io.alerts = f->io.told = true;
	scope_init(&f->scope);
	f->memory = memory_new();
	incidents_init(&f->incidents, f->memory);
	when_init(&f->when, f->memory);
	f->rules.memory = f->memory;
	f->hosts.half_life_ns = HOSTS_HALF_LIFE_NS;
	deliver_init(&f->delivery, diag_err);
	f->made = alerts_new();
	f->told = alerts_new();
}

static void
release(struct flowalert *f)
{
	alerts_free(f->made);
	alerts_free(f->told);
	deliver_free(&f->delivery);
	when_free(&f->when);
	rules_free(&f->rules);
	suppress_free(&f->suppressions);
	incidents_free(&f->incidents);
	memory_free(f->memory);
	scope_free(&f->scope);
	io_opts_free(&f->io);
}

/* The shared rows, but that there are more formats. */
static void
copy_rows(struct opt *to, const struct opt *from)
{
	unsigned n = 0;

	for (; from->key != 0 && n + 1 < ROWS_MAX; from++) {
		to[n] = *from;
		if (from->key == 'o')
			to[n].words = DELIVER_FORMATS;
		n++;
	}
	to[n] = (struct opt){ 0 };
}

int
main(int argc, char **argv)
{
	struct opt output[ROWS_MAX];
	const struct opt *const tables[] = { options, scope_state_options, scope_options,
		scope_window_options, deliver_options, io_input_options, output, io_run_options,
		NULL };
	const struct program program = { "flowalert", "[options] [FILE ...]",
		"tell alerts once, rank them, hold them against hosts; thresholds", tables,
		"flowscan day.flow | flowalert --state told.state\n"
		"flowscan day.flow | flowalert --suppress quiet.txt -o ecs\n"
		"flowalert --rules rules.conf day.flow -o table\n"
		"flowagg -k dstip,end/5m -v bytes day.flow | flowalert --when 'bytes > 1M' --for "
		"3\n",
		field_help };
	struct flowalert f = { .program = &program };
	struct optparse parser;
	struct err err = { 0 };
	int status;

	diag_init(argv[0]);
	copy_rows(output, io_output_options);
	init(&f);
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	status = load_texts(&f);
	if (status == EXIT_DONE && !f.check)
		status = run(&f, &parser, argv, &err);
	diag_end(NULL, &err);
	release(&f);
	opt_end(&parser);
	return opt_finish(status);
}
