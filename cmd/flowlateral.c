/*
 * flowlateral - find who goes from host to host inside: new edges, administration ports, paths.
 */
#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/ordered.h"
#include "expr/expr.h"
#include "io/io.h"

#include "flowlateral/judge.h"
#include "flowlateral/state.h"

enum { KEY_SCORE = OPT_LONG + 1, KEY_FAN, FAN_MOST = 1000000 };
#define WINDOW_MOST_NS (3650 * 24 * NS_PER_HOUR)

static const struct opt options[] = {
	{ KEY_SCORE, "score", ARG_TEXT, "SCORE", "alerts with less are not given (default 0.5)",
	    NULL },
	{ KEY_FAN, "fan", ARG_TEXT, "N",
	    "new hosts within the window that are one alert (default 5)", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, scope_baseline_options, scope_options,
	scope_state_options, scope_window_options, io_input_options, io_output_options,
	io_run_options, NULL };
static const struct program program = { "flowlateral", "[options] [FILE ...]",
	"find who goes from host to host inside", tables,
	"flowlateral day.flow\n"
	"flowlateral -B normal.base -o table day.flow\n"
	"flowlateral -B normal.base --state lateral.state day.flow | flowcat -o ndjson\n",
	field_help };

struct worker {
	struct expr_state *state;
	uint64_t *sel;
	size_t words;
	uint64_t records; /* that were looked at */
	bool protocol; /* some of them may have one */
};

struct flowlateral {
	struct io_opts io;
	struct scope scope;
	struct edges edges;
	struct judge judge;
	struct baseline *baseline;
	struct conversations *conversations;
	struct expr *inside; /* TCP between hosts of ours */
	struct worker *workers;
	unsigned n_workers;
	char *const *argv;
};

/* Options ------------------------------------------------------------------------------------------ */

static int
parse_shared(struct flowlateral *f, int key, const char *arg, struct err *err)
{
	int rc = scope_opt(&f->scope, key, arg, err);

	return rc == 0 ? io_opt(&f->io, key, arg, err) : rc;
}

static void
parse(struct flowlateral *f, struct optparse *parser)
{
	struct limits *l = &f->judge.limits;
	struct err err = { 0 };
	const char *arg;
	uint64_t n;
	int key;

	while ((key = opt_next(parser, &arg)) != 0) {
		switch (key) {
		case KEY_SCORE:
			if (!parse_double(arg, strlen(arg), &l->score) ||
			    !(l->score >= 0 && l->score <= 1))
				opt_usage(&program, "--score '%s': a number from 0 to 1", arg);
			break;
		case KEY_FAN:
			if (!parse_u64(arg, strlen(arg), &n) || n < 2 || n > FAN_MOST)
				opt_usage(
				    &program, "--fan '%s': a number from 2 to %d", arg, FAN_MOST);
			l->fan = (unsigned)n;
			break;
		default:
			if (parse_shared(f, key, arg, &err) < 0)
				opt_refuse(&program, &err);
		}
	}
	if (f->scope.window_ns > 0)
		l->window_ns =
		    f->scope.window_ns < WINDOW_MOST_NS ? f->scope.window_ns : WINDOW_MOST_NS;
}

/* Work --------------------------------------------------------------------------------------------- */

/* What is looked at is a tenth of most traffic: it is picked where columns are narrow, on workers. */
static int
compile_inside(struct flowlateral *f, struct err *err)
{
	struct buf nets = { 0 }, text = { 0 };

	if (f->scope.internal_text[0] == '\0')
		return err_usage(err, "--internal '': without networks nothing is inside");
	buf_puts(&nets, f->scope.internal_text);
	for (size_t i = 0; i < nets.len; i++)
		if (nets.data[i] == ',')
			nets.data[i] = ' ';
	buf_printf(&text, "proto = 6 and src ip in [%s] and dst ip in [%s]", buf_cstr(&nets),
	    buf_cstr(&nets));
	f->inside = expr_compile(buf_cstr(&text), 0, err);
	buf_free(&nets);
	buf_free(&text);
	return f->inside != NULL ? 0 : -1;
}

static bool
wants(void *ctx, const struct probe *p)
{
	const struct flowlateral *f = ctx;

	return expr_ask(f->inside, p) != EXPR_NONE;
}

/* What has no protocol is never picked: that this is so of all is to be told. */
static void
see_protocol(struct worker *w, const struct batch *b, const uint64_t *sel)
{
	const struct field_id proto = field_iana(4);

	if (b->options)
		return;
	w->records += bits_count(sel, b->n);
	w->protocol |= batch_find(b, &proto) >= 0;
}

static int
pick(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct flowlateral *f = ctx;
	struct worker *w = &f->workers[worker];
	size_t words = bits_words(b->n), n = 0;

	(void)err;
	if (w->state == NULL)
		w->state = expr_state_new(f->inside);
	if (words > w->words) {
		w->sel = mem_resize(w->sel, words, sizeof(*w->sel));
		w->words = words;
	}
	see_protocol(w, b, sel);
	(void)expr_select(w->state, b, w->sel);
	for (size_t i = 0; i < words; i++) {
		sel[i] &= w->sel[i];
		n |= sel[i];
	}
	if (n == 0)
		return IO_DROP;
	conversations_unpack(b);
	return IO_KEEP;
}

static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowlateral *f = ctx;

	(void)err;
	if (!b->options)
		conversations_add(f->conversations, b, sel);
	return 0;
}

static void
tell_protoless(const struct flowlateral *f)
{
	uint64_t records = 0;
	bool protocol = false;

	for (unsigned i = 0; i < f->n_workers; i++) {
		records += f->workers[i].records;
		protocol |= f->workers[i].protocol;
	}
	if (records > 0 && !protocol)
		diag(NULL,
		    "none of the %llu records has a protocol: no way from host to host can be seen",
		    (unsigned long long)records);
}

static void
tell(const struct flowlateral *f, const struct io_result *result)
{
	struct conversation_counts c = conversations_counts(f->conversations);
	const struct edges *e = &f->edges;
	const struct judge *j = &f->judge;

	if (c.early > 0 && !f->io.quiet)
		diag(NULL,
		    "%llu of %llu conversations were judged early: more than %u were open at once",
		    (unsigned long long)c.early, (unsigned long long)c.conversations,
		    (unsigned)CONVERSATIONS_OPEN);
	if (e->forgotten + e->at.full > 0 && !f->io.quiet)
		diag(NULL, "%llu edges that were not used for longest were forgotten: more than %u",
		    (unsigned long long)(e->forgotten + e->at.full), (unsigned)EDGES_MOST);
	if (j->w.habits.clients.full + j->w.habits.served.full > 0 && !f->io.quiet)
		diag(NULL, "habits of more than %u clients or hosts were left out",
		    (unsigned)HABITS_MOST);
	if (!f->io.quiet) {
		tell_protoless(f);
		scope_tell_unfit(c.records, c.strange, f->io.warn);
		if (c.conversations > 0 && e->portless == c.conversations)
			diag(NULL,
			    "none of the %llu records of TCP inside has ports: no way from host to "
			    "host can be told from another",
			    (unsigned long long)(c.records - c.strange));
		else if (e->unheard > 0 && e->answered == 0)
			diag(NULL,
			    "none of the %llu conversations of TCP inside is answered, though "
			    "clients went on: records of one direction show no way from host to "
			    "host",
			    (unsigned long long)c.conversations);
		scope_tell_back(c.back, f->io.warn);
		alerts_tell(j->alerts, f->io.warn);
	}
	if (!f->io.verbose)
		return;
	diag(NULL,
	    "%llu records, %llu of them TCP inside, %llu conversations (%llu without a session)",
	    (unsigned long long)result->read, (unsigned long long)c.records,
	    (unsigned long long)c.conversations, (unsigned long long)e->silent);
	diag(NULL, "%zu edges of %zu hosts, %zu new pairs, %zu steps, %zu alerts", e->at.n,
	    j->w.places.n, j->w.n_pairs, j->n_steps, alerts_count(j->alerts));
}

static int
finish(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowlateral *f = ctx;

	conversations_finish(f->conversations);
	if (f->baseline != NULL &&
	    sampled_as(&f->edges.sampled, f->baseline->sampling, f->scope.baseline, err) != 0)
		return -1;
	edges_learn(&f->edges);
	judge(&f->judge);
	tell(f, result);
	if (alerts_ranked(f->judge.alerts, io_sink_put, sink, err) < 0)
		return -1;
	/* What is incomplete is read again: the state stays as it was. */
	if (!f->edges.has_state || result->incomplete)
		return 0;
	edges_age(&f->edges);
	return state_write(&f->edges, f->scope.state, f->argv, err);
}

static int
load(struct flowlateral *f, struct err *err)
{
	if (f->scope.baseline != NULL) {
		f->baseline = baseline_load(f->scope.baseline, err);
		if (f->baseline == NULL)
			return -1;
		if (baseline_young(f->baseline, &f->baseline->network.seen) && !f->io.quiet)
			diag(f->scope.baseline, "knows less than %d days: much is new to it",
			    BASELINE_NORMAL_DAYS);
	}
	f->edges.baseline = f->judge.baseline = f->baseline;
	f->edges.has_state = f->scope.state != NULL;
	return f->edges.has_state ? state_read(&f->edges, f->scope.state, diag_err, err) : 0;
}

static int
run(struct flowlateral *f, const struct optparse *parser, struct err *err)
{
	const struct io_digest digest = { .work = pick, .take = take, .end = finish, .ctx = f };
	struct io_result result;

	if (compile_inside(f, err) != 0 || load(f, err) != 0)
		return err->status;
	f->io.wants = wants;
	f->io.wants_ctx = f;
	f->n_workers = f->io.threads ? f->io.threads : ordered_processors();
	f->workers = mem_zero(f->n_workers, sizeof(*f->workers));
	return io_digest(
	    &f->io, parser->operands, parser->n_operands, f->argv, &digest, &result, err);
}

static void
release(struct flowlateral *f)
{
	for (unsigned i = 0; i < f->n_workers; i++) {
		expr_state_free(f->workers[i].state);
		mem_free(f->workers[i].sel);
	}
	mem_free(f->workers);
	expr_free(f->inside);
	alerts_free(f->judge.alerts);
	judge_free(&f->judge);
	conversations_free(f->conversations);
	edges_free(&f->edges);
	baseline_free(f->baseline);
	scope_free(&f->scope);
	io_opts_free(&f->io);
}

int
main(int argc, char **argv)
{
	struct flowlateral f = { .argv = argv, .judge = { .limits = LIMITS_DEFAULT } };
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
	edges_init(&f.edges, &f.scope);
	f.judge.edges = &f.edges;
	f.judge.alerts = alerts_new();
	f.conversations = conversations_new(NULL, edges_add, &f.edges);
	status = run(&f, &parser, &err);
	diag_end(NULL, &err);
	release(&f);
	opt_end(&parser);
	return opt_finish(status);
}
