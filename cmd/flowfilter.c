/*
 * flowfilter - select flow records by an expression.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <strings.h>
#include <unistd.h>

#include "base/die.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/ordered.h"
#include "expr/expr.h"
#include "io/io.h"

enum { KEY_INVERT = OPT_LONG + 1, KEY_EXPLAIN, TEXT_MAX = 1 << 20 };

static const struct opt options[] = {
	{ 'f', "file", ARG_FILE, "FILE", "read the expression from FILE", NULL },
	{ KEY_INVERT, "invert", ARG_NONE, NULL, "select the records that do not match", NULL },
	{ KEY_EXPLAIN, "explain", ARG_NONE, NULL, "print how the expression is evaluated, and end",
	    NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, io_input_options, io_output_options,
	io_run_options, NULL };
static const struct program program = { "flowfilter", "[options] EXPRESSION [FILE ...]",
	"select flow records by an expression (flowexpr(7)); -q: exit 0 if any matches, 1 if none",
	tables,
	"flowfilter 'dst port 443 and bytes > 100K' day.flow\n"
	"flowfilter 'src net 10.0.0.0/8 and not dst net 10.0.0.0/8' -o csv day.flow\n"
	"flowfilter 'ip in @bad.txt' -w hits.flow day.flow\n"
	"flowfilter --explain 'bytes/packets > 1400 and tcp'\n",
	field_help };

/* What one thread evaluates with. */
struct worker {
	struct expr_state *state;
	uint64_t *sel;
	size_t words;
};

struct flowfilter {
	struct io_opts io;
	const char *file;
	bool invert, explain;
	struct expr *expr;
	struct worker *workers;
	unsigned n_workers;
};

static int
select_records(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct flowfilter *f = ctx;
	struct worker *w = &f->workers[worker];
	size_t words = bits_words(b->n);

	(void)err;
	if (w->state == NULL)
		w->state = expr_state_new(f->expr);
	if (words > w->words) {
		w->sel = mem_resize(w->sel, words, sizeof(*w->sel));
		w->words = words;
	}
	(void)expr_select(w->state, b, w->sel);
	for (size_t i = 0; i < words; i++)
		sel[i] &= f->invert ? ~w->sel[i] : w->sel[i];
	return IO_KEEP;
}

static bool
wants(void *ctx, const struct probe *p)
{
	const struct flowfilter *f = ctx;

	return expr_ask(f->expr, p) != (f->invert ? EXPR_ALL : EXPR_NONE);
}

/* The expression's text from a file: as it is, comments included. */
static char *
read_text(const char *path, struct err *err)
{
	struct buf text = { 0 };

	if (file_load(path, TEXT_MAX, &text) == 0) {
		if (memchr(buf_cstr(&text), 0, text.len) == NULL)
			return text.data;
		err_usage(err, "not a text: it holds a NUL");
	} else if (errno == EFBIG) {
		err_usage(err, "an expression is at most %d octets long", TEXT_MAX);
	} else {
		err_system(err, NULL);
	}
	buf_free(&text);
	return NULL;
}

/* `flowfilter tcp and udp FILE`: the shell made operands of the words. */
static bool
is_unquoted(const struct optparse *parser)
{
	const char *next = parser->n_operands > 0 ? parser->operands[0] : "";

	return (strcasecmp(next, "and") == 0 || strcasecmp(next, "or") == 0) &&
	       access(next, F_OK) != 0;
}

/* Compile from the file or the first operand, which is then used up. */
static int
compile(struct flowfilter *f, struct optparse *parser)
{
	struct err err = { 0 };
	char *text;

	if (f->file != NULL) {
		text = read_text(f->file, &err);
		if (text == NULL) {
			diag_err(f->file, &err);
			return err.status;
		}
	} else {
		if (parser->n_operands == 0)
			opt_usage(&program, "an expression is missing");
		text = mem_string(parser->operands[0]);
		parser->operands++;
		parser->n_operands--;
		if (is_unquoted(parser))
			opt_usage(&program, "an expression of several words stands in quotes");
	}
	f->expr = expr_compile(text, f->io.tz, &err);
	if (f->expr == NULL && f->file == NULL && access(text, F_OK) == 0)
		diag("expression", "'%s' is a file; the expression comes first", text);
	else if (f->expr == NULL)
		diag_err(f->file ? f->file : "expression", &err);
	mem_free(text);
	if (f->expr != NULL && expr_empty_list(f->expr) != NULL && !f->io.quiet)
		diag(expr_empty_list(f->expr), "an empty list: nothing is in it");
	return f->expr == NULL ? EXIT_USAGE : EXIT_DONE;
}

static int
print_plan(const struct flowfilter *f)
{
	struct buf out = { 0 };

	expr_explain(f->expr, f->invert, &out);
	(void)fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return EXIT_DONE;
}

/* -q: nothing is written, and the first match ends the run. */
static int
take_nothing(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	(void)ctx;
	(void)b;
	(void)sel;
	(void)err;
	return 0;
}

static int
ask(struct flowfilter *f, const struct optparse *parser, struct io_result *result, struct err *err)
{
	struct io_source *source;
	struct io_sink *sink;
	int r;

	f->io.limit = 1;
	source = io_source_open(parser->operands, parser->n_operands, &f->io, err);
	if (source == NULL)
		return err->status;
	sink = io_sink_function(&f->io, take_nothing, NULL);
	r = io_run(source, sink, &f->io, select_records, f, result, err);
	if (io_sink_close(sink, true, err) != 0)
		r = -1;
	io_source_close(source);
	if (r != 0)
		return err->status ? err->status : EXIT_FAILED;
	if (result->selected > 0)
		return EXIT_DONE;
	return io_status(result) != EXIT_DONE ? EXIT_FAILED : EXIT_NO;
}

static void
tell(const struct io_result *r)
{
	struct buf passed = { 0 };

	io_put_passed(&passed, r);
	diag(NULL,
	    "%" PRIu64 " records read, %" PRIu64 " selected; %" PRIu64 " of %" PRIu64
	    " columns unpacked%s",
	    r->read, r->selected, r->unpacked, r->columns, buf_cstr(&passed));
	buf_free(&passed);
}

/* Nothing was found: because there is nothing to be found? */
static void
warn_unmet(const struct flowfilter *f)
{
	struct expr_state **states = mem_zero(f->n_workers, sizeof(*states));
	const char *name;

	for (unsigned i = 0; i < f->n_workers; i++)
		states[i] = f->workers[i].state;
	name = expr_unmet(states, f->n_workers, !f->invert);
	if (name != NULL)
		diag(NULL, "none of the records has '%s'", name);
	mem_free((void *)states);
}

static int
run(struct flowfilter *f, const struct optparse *parser, char **argv)
{
	struct io_result result = { 0 };
	struct err err = { 0 };
	int status;

	f->io.wants = wants;
	f->io.wants_ctx = f;
	f->n_workers = f->io.threads ? f->io.threads : ordered_processors();
	f->workers = mem_zero(f->n_workers, sizeof(*f->workers));
	if (f->io.quiet)
		status = ask(f, parser, &result, &err);
	else
		status = io_filter(&f->io, parser->operands, parser->n_operands, argv,
		    select_records, f, &result, &err);
	diag_end(NULL, &err);
	if (f->io.verbose)
		tell(&result);
	if (result.selected == 0 && !f->io.quiet)
		warn_unmet(f);
	for (unsigned i = 0; i < f->n_workers; i++) {
		expr_state_free(f->workers[i].state);
		mem_free(f->workers[i].sel);
	}
	mem_free(f->workers);
	return status;
}

static void
parse(struct flowfilter *f, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key, rc;

	while ((key = opt_next(parser, &arg)) != 0) {
		rc = io_opt(&f->io, key, arg, &err);
		if (rc < 0)
			opt_usage(&program, "%s", err.text);
		switch (rc > 0 ? 0 : key) {
		case 'f': f->file = arg; break;
		case KEY_INVERT: f->invert = true; break;
		case KEY_EXPLAIN: f->explain = true; break;
		}
	}
	if (f->io.quiet &&
	    (f->io.out_path != NULL || f->io.out_format != IO_AUTO || f->io.has_fields))
		opt_usage(&program, "-q asks whether there is such a record and writes none: "
				    "without -k, -o and -w");
	if (f->explain && (f->io.quiet || f->io.out_path != NULL || f->io.out_format != IO_AUTO))
		opt_usage(&program, "--explain prints a plan and reads no records: without -o, -q "
				    "and -w");
}

int
main(int argc, char **argv)
{
	struct flowfilter f = { 0 };
	struct optparse parser, operands;
	int status;

	diag_init(argv[0]);
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.progress = diag_progress;
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	operands = parser;
	status = compile(&f, &operands);
	if (status == EXIT_DONE)
		status = f.explain ? print_plan(&f) : run(&f, &operands, argv);
	expr_free(f.expr);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
