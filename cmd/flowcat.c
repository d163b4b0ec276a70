/*
 * flowcat - concatenate, convert, order and describe flow records.
 */
#include <inttypes.h>

#include "base/die.h"
#include "base/opt.h"
#include "flowcat/index.h"
#include "flowcat/info.h"
#include "flowcat/order.h"
#include "flowcat/recompress.h"
#include "io/io.h"

enum { KEY_INFO = OPT_LONG + 1, KEY_CHECK, KEY_RECOMPRESS, KEY_INDEX };

static const struct opt options[] = {
	{ 'O', "order", ARG_FIELDS, "FIELD[:asc]", "order by fields, biggest first", NULL },
	{ 'm', "memory", ARG_TEXT, "SIZE",
	    "memory for ordering (default 1Gi), then temporary files", NULL },
	{ 'T', "tmpdir", ARG_DIR, "DIR", "directory for temporary files (default TMPDIR or /tmp)",
	    NULL },
	{ KEY_INFO, "info", ARG_NONE, NULL,
	    "describe flow files instead of printing them (-v: every block)", NULL },
	{ KEY_CHECK, "check", ARG_NONE, NULL, "read and verify all of flow files", NULL },
	{ KEY_RECOMPRESS, "recompress", ARG_NONE, NULL,
	    "make flow files smaller where they are (--level, default 6)", NULL },
	{ KEY_INDEX, "index", ARG_NONE, NULL, "give flow files that have none an index, in place",
	    NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, io_input_options, io_output_options,
	io_run_options, NULL };
static const struct program program = { "flowcat", "[options] [FILE ...]",
	"concatenate, convert, order and describe flow records", tables,
	"flowcat day1.flow day2.flow -w both.flow\n"
	"flowcat -o csv -k start,srcip,dstip,bytes day.flow\n"
	"flowcat -O bytes -n 10 day.flow\n"
	"flowcat --info day.flow\n"
	"flowcat --recompress /var/flow\n",
	field_help };

struct flowcat {
	struct io_opts io;
	struct order order;
	bool info, check, recompress, index;
	bool room; /* -m or -T: where to sort */
};

/* Describing --------------------------------------------------------------------------------- */

static int
describe(const struct flowcat *f, char **operands, int n)
{
	struct io_paths paths;
	struct buf out = { 0 };
	struct err err = { 0 };
	int status = EXIT_DONE;

	if (io_paths_expand(&paths, operands, n, f->io.live, &err) != 0) {
		diag_err(NULL, &err);
		io_paths_free(&paths);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < paths.n; i++) {
		err = (struct err){ 0 };
		if ((f->index	   ? index_make
			: f->check ? info_check
				   : info_describe)(paths.path[i], &f->io, &out, &err) != 0) {
			diag_err(paths.path[i], &err);
			status = EXIT_FAILED;
		}
		if (f->info && i + 1 < paths.n)
			buf_putc(&out, '\n');
		if (out.len > 0 && (f->info || !f->io.quiet))
			(void)fwrite(out.data, 1, out.len, stdout);
		out.len = 0;
	}
	buf_free(&out);
	io_paths_free(&paths);
	return status;
}

/* Every file by itself: one that fails leaves the others their chance. */
static int
recompress(const struct flowcat *f, struct optparse *parser, char **argv)
{
	struct io_paths paths;
	struct buf out = { 0 };
	struct err err = { 0 };
	int status = EXIT_DONE;

	if (io_paths_expand(&paths, parser->operands, parser->n_operands, false, &err) != 0) {
		diag_err(NULL, &err);
		io_paths_free(&paths);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < paths.n; i++) {
		err = (struct err){ 0 };
		if (recompress_file(paths.path[i], &f->io, argv, &out, &err) != 0) {
			diag_err(paths.path[i], &err);
			status = EXIT_FAILED;
		}
		if (out.len > 0 && !f->io.quiet)
			(void)fwrite(out.data, 1, out.len, stdout);
		out.len = 0;
	}
	buf_free(&out);
	io_paths_free(&paths);
	return status;
}

/* Options ------------------------------------------------------------------------------------ */

static void
parse_own(struct flowcat *f, int key, const char *arg)
{
	struct err err = { 0 };

	switch (key) {
	case 'O':
		sort_keys_free(f->order.keys);
		if (sort_keys_parse(&f->order.keys, &f->order.n_keys, arg, &err) != 0)
			opt_usage(&program, "%s", err.text);
		break;
	case 'm':
		if (io_memory(&f->io, arg, &err) != 0)
			opt_usage(&program, "%s", err.text);
		f->room = true;
		break;
	case 'T':
		f->io.tmpdir = arg;
		f->room = true;
		break;
	case KEY_INFO: f->info = true; break;
	case KEY_CHECK: f->check = true; break;
	case KEY_RECOMPRESS: f->recompress = true; break;
	case KEY_INDEX: f->index = true; break;
	}
}

/* What would leave out or change records, or say how to write them. */
static bool
is_of_records(const struct flowcat *f)
{
	const struct io_opts *o = &f->io;

	return o->out_path != NULL || o->out_format != IO_AUTO || o->limit != UINT64_MAX ||
	       o->has_fields || o->since_ns != INT64_MIN || o->until_ns != INT64_MAX ||
	       f->order.n_keys > 0 || f->room || o->plain || o->no_header || o->raw || o->options ||
	       o->fast || o->resolve != RESOLVE_IN_TABLES;
}

static void
check_replaced(const struct optparse *parser, const char *option)
{
	if (parser->n_operands == 0)
		opt_usage(&program, "%s needs files or directories", option);
	for (int i = 0; i < parser->n_operands; i++)
		if (strcmp(parser->operands[i], "-") == 0)
			opt_usage(&program, "%s replaces files, not standard input", option);
}

/* All of a file and nothing but it. */
static void
check_recompress(const struct flowcat *f, const struct optparse *parser)
{
	const struct io_opts *o = &f->io;

	check_replaced(parser, "--recompress");
	if (is_of_records(f) || o->in_format != IO_AUTO || o->recover || o->live || o->follow ||
	    o->no_index || o->skip_bad || o->tz != NULL)
		opt_usage(&program, "--recompress takes --level, --no-history, -j, -q and -v only");
}

static void
parse(struct flowcat *f, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key, rc;

	while ((key = opt_next(parser, &arg)) != 0) {
		rc = io_opt(&f->io, key, arg, &err);
		if (rc < 0)
			opt_usage(&program, "%s", err.text);
		if (rc == 0)
			parse_own(f, key, arg);
	}
	if (f->info + f->check + f->recompress + f->index > 1)
		opt_usage(&program, "--info, --check, --recompress and --index exclude each other");
	if (f->recompress)
		check_recompress(f, parser);
	if ((f->info || f->check || f->index) && f->io.follow)
		opt_usage(
		    &program, "--info, --check and --index read what is there, without --follow");
	if ((f->info || f->check || f->index) &&
	    (is_of_records(f) || f->io.level != 0 || f->io.no_history))
		opt_usage(&program, "--info, --check and --index are of whole files: without "
				    "options that select records or say how to write them");
	if (f->index)
		check_replaced(parser, "--index");
}

/* Concatenate, converting and ordering as asked. */
static int
run(struct flowcat *f, struct optparse *parser, char **argv)
{
	char **paths = parser->operands;
	int n = parser->n_operands, status;
	struct io_result result = { 0 };
	struct buf passed = { 0 };
	struct err err = { 0 };

	if (f->order.n_keys > 0)
		status = order_filter(&f->io, &f->order, paths, n, argv, &result, &err);
	else
		status = io_filter(&f->io, paths, n, argv, NULL, NULL, &result, &err);
	diag_end(NULL, &err);
	io_put_passed(&passed, &result);
	if (f->io.verbose)
		diag(NULL,
		    "%" PRIu64 " records read; %" PRIu64 " of %" PRIu64 " columns unpacked%s",
		    result.read, result.unpacked, result.columns, buf_cstr(&passed));
	buf_free(&passed);
	return status;
}

int
main(int argc, char **argv)
{
	struct flowcat f = { 0 };
	struct optparse parser;
	int status;

	diag_init(argv[0]);
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.progress = diag_progress;
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	if (f.recompress)
		status = recompress(&f, &parser, argv);
	else if (f.info || f.check || f.index)
		status = describe(&f, parser.operands, parser.n_operands);
	else
		status = run(&f, &parser, argv);
	sort_keys_free(f.order.keys);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
