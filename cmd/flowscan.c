/*
 * flowscan - find who scans: many hosts, many ports, fast or slow, and what is tried from many sides.
 */
#include "base/die.h"
#include "base/opt.h"
#include "io/io.h"

#include "flowscan/judge.h"
#include "flowscan/state.h"

static const struct opt *const tables[] = { scope_options, scope_state_options,
	scope_window_options, io_input_options, io_output_options, io_run_options, NULL };
static const struct program program = { "flowscan", "[options] [FILE ...]",
	"find scans, sweeps and who is probed", tables,
	"flowscan day.flow\n"
	"flowscan -o table day.flow\n"
	"flowscan --state scan.state day.flow | flowfilter 'severity >= high' | flowcat -o "
	"ndjson\n",
	field_help };

#define WINDOW_NS (3600 * NS_PER_S)
#define WINDOW_MOST_NS (366 * 24 * WINDOW_NS)

struct flowscan {
	struct io_opts io;
	struct scope scope;
	struct evidence evidence;
	struct conversations *conversations;
	struct alerts *alerts;
	char *const *argv;
};

static void
parse(struct flowscan *f, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key, rc;

	while ((key = opt_next(parser, &arg)) != 0) {
		rc = scope_opt(&f->scope, key, arg, &err);
		if (rc == 0)
			rc = io_opt(&f->io, key, arg, &err);
		if (rc < 0)
			opt_refuse(&program, &err);
	}
	/* Windows are numbered in 32 bits, and twice as long is still a time. */
	if (f->scope.window_ns != 0 &&
	    (f->scope.window_ns < NS_PER_S || f->scope.window_ns > WINDOW_MOST_NS))
		opt_usage(&program, "--window: a duration of 1s to 366d");
}

/* Workers unpack; one thread puts together and counts. */
static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowscan *f = ctx;

	(void)err;
	if (!b->options)
		conversations_add(f->conversations, b, sel);
	return 0;
}

static void
tell(const struct flowscan *f)
{
	struct conversation_counts c = conversations_counts(f->conversations);
	const struct evidence *e = &f->evidence;

	if (c.early > 0 && !f->io.quiet)
		diag(NULL,
		    "%llu of %llu conversations were judged early: more than %u were open at once",
		    (unsigned long long)c.early, (unsigned long long)c.conversations,
		    (unsigned)CONVERSATIONS_OPEN);
	if (e->forgotten > 0 && !f->io.quiet)
		diag(NULL, "%llu sources with little against them were forgotten for want of room",
		    (unsigned long long)e->forgotten);
	if (e->unwatched > 0 && !f->io.quiet)
		diag(NULL,
		    "%llu contact%s of hosts beyond %u count towards no flood, beyond %u "
		    "towards no backscatter",
		    (unsigned long long)e->unwatched, plural(e->unwatched), (unsigned)TARGETS_MOST,
		    (unsigned)VICTIMS_MOST);
	if (!f->io.quiet) {
		scope_tell_unfit(c.records, c.strange, f->io.warn);
		if (c.conversations > 0 && e->protoless == c.conversations)
			diag(NULL, "none of the %llu records has a protocol: no scan can be seen",
			    (unsigned long long)(c.records - c.strange));
		scope_tell_back(c.back, f->io.warn);
		alerts_tell(f->alerts, f->io.warn);
	}
	if (!f->io.verbose)
		return;
	diag(NULL,
	    "%llu records, %llu conversations (%llu records without addresses or times), %zu "
	    "alerts",
	    (unsigned long long)c.records, (unsigned long long)c.conversations,
	    (unsigned long long)c.strange, alerts_count(f->alerts));
	diag(NULL,
	    "%zu sources, %zu contacts, %zu lines, %zu targets; at most %llu conversations open",
	    e->sources.n_rows, e->contacts.n_rows, e->lines.n_rows, e->targets.n_rows,
	    (unsigned long long)c.open_peak);
}

static int
finish(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowscan *f = ctx;

	conversations_finish(f->conversations);
	judge(&f->evidence, f->alerts);
	tell(f);
	if (alerts_ranked(f->alerts, io_sink_put, sink, err) < 0)
		return -1;
	/* What is incomplete is read again: the state stays as it was. */
	if (f->scope.state != NULL && !result->incomplete)
		return state_write(&f->evidence, f->scope.state, f->argv, err);
	return 0;
}

static int
run(struct flowscan *f, const struct optparse *parser, struct err *err)
{
	const struct io_digest digest = {
		.work = conversations_work, .take = take, .end = finish, .ctx = f
	};
	struct io_result result;

	if (f->scope.state != NULL && state_read(&f->evidence, f->scope.state, diag_err, err) < 0)
		return err->status;
	return io_digest(
	    &f->io, parser->operands, parser->n_operands, f->argv, &digest, &result, err);
}

int
main(int argc, char **argv)
{
	struct flowscan f = { .argv = argv };
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
	evidence_init(&f.evidence, &f.scope, f.scope.window_ns ? f.scope.window_ns : WINDOW_NS);
	/* What a source tried again is no first try: of those that come together the first comes first. */
	f.conversations = conversations_new(
	    &(struct conversation_opts){ .by_start = true }, evidence_add, &f.evidence);
	f.alerts = alerts_new();
	status = run(&f, &parser, &err);
	diag_end(NULL, &err);
	alerts_free(f.alerts);
	conversations_free(f.conversations);
	evidence_free(&f.evidence);
	scope_free(&f.scope);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
