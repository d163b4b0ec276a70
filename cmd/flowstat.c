/*
 * flowstat - statistics of flow records: a summary, lists of the biggest, time series, distributions.
 */
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/file.h"
#include "base/num.h"
#include "base/ordered.h"
#include "flowstat/report.h"

enum { KEY_SERIES = OPT_LONG + 1, KEY_BY, KEY_HIST, KEY_PERCENTILES, KEY_SPARK, KEY_SCALE };
enum { REPORTS_MAX = 32, TOP_DEFAULT = 10 };

static const struct opt options[] = {
	{ 's', "top", ARG_FIELDS, "KEYS[/ORDER]",
	    "list the top by flows (default), packets, bytes, bps, pps or bpp; repeatable", NULL },
	{ 'n', "count", ARG_TEXT, "N", "rows of each list (default 10, 0 all)", NULL },
	{ KEY_SERIES, "series", ARG_TEXT, "BIN",
	    "flows, packets and bytes per bin of time: 5m, 1h, 1d", NULL },
	{ KEY_BY, "by", ARG_WORDS, "TIME", "a record's bin is that of its end (default) or start",
	    "start end" },
	{ KEY_HIST, "hist", ARG_FIELDS, "FIELD", "histogram of a field by powers of two", NULL },
	{ KEY_PERCENTILES, "percentiles", ARG_FIELDS, "FIELD,...",
	    "exact percentiles, least, greatest and mean of fields", NULL },
	{ KEY_SPARK, "spark", ARG_NONE, NULL, "sparklines with --series (default: on a terminal)",
	    NULL },
	{ KEY_SCALE, "scale", ARG_NONE, NULL,
	    "multiply packets and octets by the sampling interval", NULL },
	{ 'o', "output", ARG_WORDS, "FORMAT",
	    "report format (default: as FILE of -w ends, else text)", "text csv tsv json ndjson" },
	{ 'w', "write", ARG_FILE, "FILE",
	    "write to FILE, which appears when complete (- standard output)", NULL },
	{ 'N', "plain", ARG_NONE, NULL, "plain numbers in tables", NULL },
	{ 'm', "memory", ARG_TEXT, "SIZE", "memory to use before going to disk (default 1Gi)",
	    NULL },
	{ 'T', "tmpdir", ARG_DIR, "DIR", "directory of temporary files (default TMPDIR or /tmp)",
	    NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, io_input_options, io_run_options, NULL };
static const struct program program = { "flowstat", "[options] [FILE ...]",
	"statistics of flow records", tables,
	"flowstat day.flow\n"
	"flowstat -s srcip/bytes -s dstport/flows -n 10 day.flow\n"
	"flowstat -s srcip,dstip/packets -o csv day.flow\n"
	"flowstat --series 1h --spark day.flow\n"
	"flowstat --hist bytes --percentiles bytes,duration day.flow\n",
	field_help };

struct flowstat {
	struct io_opts io;
	struct report report[REPORTS_MAX];
	unsigned n_reports;
	uint64_t top;
	bool scale;
	const char *by, *series; /* by NULL: end */
	bool says_format;
	struct output out;
	struct outfile file; /* -w */
};

/* Options --------------------------------------------------------------------------------------- */

static struct report *
new_report(struct flowstat *f)
{
	if (f->n_reports == REPORTS_MAX)
		opt_usage(&program, "more than %d reports", REPORTS_MAX - 3);
	return &f->report[f->n_reports++];
}

static int
parse_format(struct flowstat *f, const char *option, const char *arg, struct err *err)
{
	enum io_format format;

	f->out.text = strcmp(arg, "text") == 0 || strcmp(arg, "table") == 0;
	if (f->out.text)
		return 0;
	if (io_format_parse(arg, false, &format, err) < 0 || format < IO_CSV ||
	    format > IO_NDJSON) {
		*err = (struct err){ 0 };
		return err_usage(
		    err, "%s %s: a report is text, csv, tsv, json or ndjson", option, arg);
	}
	f->out.format = format == IO_CSV    ? TEXT_CSV
			: format == IO_TSV  ? TEXT_TSV
			: format == IO_JSON ? TEXT_JSON
					    : TEXT_NDJSON;
	return 0;
}

/* Without -o the end of the file's name says it. */
static int
format_by_name(struct flowstat *f, struct err *err)
{
	const char *suffix = f->io.out_path != NULL ? io_suffix(f->io.out_path) : NULL;

	if (f->says_format || suffix == NULL)
		return 0;
	return parse_format(f, "without -o a file's name says", suffix, err);
}

/* The order of values: ascending. */
static void
order_by_key(struct report *r)
{
	struct field f;

	field_of_id(&f, &r->spec.keys[0].as);
	sort_keys_add(&r->order, &r->n_order, &f, true);
}

static int
add_distribution(struct flowstat *f, enum report_kind kind, const char *name, struct err *err)
{
	struct report *r = new_report(f);
	struct buf title = { 0 };
	enum type t;
	int rc;

	buf_printf(&title, "%s%s", kind == REPORT_HISTOGRAM ? "hist/" : "", name);
	rc = report_make(r, kind, buf_cstr(&title), name, "count", err);
	buf_free(&title);
	if (rc < 0)
		return -1;
	if (r->spec.n_keys != 1)
		return err_usage(err, "--hist %s: a histogram is of one field", name);
	t = r->spec.keys[0].field.type;
	if (r->spec.keys[0].bin.ns != 0 || r->spec.keys[0].prefix4 >= 0 || t == TYPE_IP ||
	    t == TYPE_TIME || t == TYPE_MAC || t == TYPE_BOOL || type_is_var(t))
		return err_usage(err, "%s: %s has no distribution of numbers",
		    kind == REPORT_HISTOGRAM ? "--hist" : "--percentiles", name);
	order_by_key(r);
	return 0;
}

static int
add_percentiles(struct flowstat *f, const char *arg, struct err *err)
{
	char *names = mem_string(arg), *rest = names, *name;
	int rc = 0;

	while (rc == 0 && (name = strsep(&rest, ",")) != NULL)
		rc = add_distribution(f, REPORT_PERCENTILES, name, err);
	mem_free(names);
	return rc;
}

static int
add_series(struct flowstat *f, struct err *err)
{
	struct report *r = new_report(f);
	struct buf key = { 0 };
	int rc;

	buf_printf(&key, "%s/%s", f->by != NULL ? f->by : "end", f->series);
	rc = report_make(
	    r, REPORT_SERIES, buf_cstr(&key), buf_cstr(&key), "flows,packets,bytes", err);
	buf_free(&key);
	if (rc == 0)
		order_by_key(r);
	return rc;
}

static int
parse_own(struct flowstat *f, int key, const char *arg, struct err *err)
{
	switch (key) {
	case 's': return report_parse_top(new_report(f), arg, err);
	case 'n':
		if (!parse_u64(arg, strlen(arg), &f->top))
			return err_usage(err, "-n: '%s' is no number of rows", arg);
		f->top = f->top ? f->top : UINT64_MAX;
		return 0;
	case KEY_SERIES: f->series = arg; return 0;
	case KEY_BY:
		if (strcmp(arg, "start") != 0 && strcmp(arg, "end") != 0)
			return err_usage(err, "--by %s: a record has a start and an end", arg);
		f->by = arg;
		return 0;
	case KEY_HIST: return add_distribution(f, REPORT_HISTOGRAM, arg, err);
	case KEY_PERCENTILES: return add_percentiles(f, arg, err);
	case KEY_SPARK: f->out.spark = true; return 0;
	case KEY_SCALE: f->scale = true; return 0;
	case 'o': f->says_format = true; return parse_format(f, "-o", arg, err);
	case 'm': return io_memory(&f->io, arg, err);
	case 'T': f->io.tmpdir = arg; return 0;
	default: return io_opt(&f->io, key, arg, err) < 0 ? -1 : 0;
	}
}

/* The whole is always counted: shares are of it.  It is printed when nothing else was asked for. */
static int
complete(struct flowstat *f, struct err *err)
{
	struct report *all;
	bool plain_summary;

	if (f->series != NULL && add_series(f, err) < 0)
		return -1;
	plain_summary = f->n_reports == 0;
	all = new_report(f);
	if (report_make(all, REPORT_SUMMARY, "summary", NULL,
		plain_summary ? "flows,packets,bytes,first,last,distinct(exporter)"
			      : "flows,packets,bytes",
		err) < 0)
		return -1;
	all->hidden = !plain_summary;
	if (!plain_summary)
		return 0;
	return report_parse_top(new_report(f), "proto/flows", err);
}

/* Sections are known by their titles. */
static int
check_titles(const struct flowstat *f, struct err *err)
{
	for (unsigned i = 0; i < f->n_reports; i++)
		for (unsigned k = 0; k < i; k++)
			if (f->report[i].kind == f->report[k].kind &&
			    strcmp(f->report[i].title, f->report[k].title) == 0)
				return err_usage(err, "%s is asked for twice", f->report[i].title);
	return 0;
}

static void
parse(struct flowstat *f, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key;

	while ((key = opt_next(parser, &arg)) != 0)
		if (parse_own(f, key, arg, &err) < 0)
			opt_usage(&program, "%s", err.text);
	if (f->series == NULL && (f->by != NULL || f->out.spark))
		opt_usage(&program, "--by and --spark are of --series");
	if (format_by_name(f, &err) < 0 || complete(f, &err) < 0 || check_titles(f, &err) < 0)
		opt_usage(&program, "%s", err.text);
	f->out.spark = f->out.spark || (f->io.out_path == NULL && isatty(STDOUT_FILENO));
}

/* Running --------------------------------------------------------------------------------------- */

static int
add_records(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct flowstat *f = ctx;

	for (unsigned i = 0; i < f->n_reports; i++)
		if (report_add(&f->report[i], worker, b, sel, err) < 0)
			return -1;
	return IO_DROP;
}

/* Does any report add up counters?  Percentiles and histograms only count records. */
static bool
adds_up(const struct flowstat *f)
{
	for (unsigned i = 0; i < f->n_reports; i++)
		if (!f->report[i].hidden && f->report[i].kind != REPORT_PERCENTILES &&
		    f->report[i].kind != REPORT_HISTOGRAM)
			return true;
	return false;
}

static struct report *
find_report(struct flowstat *f, enum report_kind kind)
{
	for (unsigned i = 0; i < f->n_reports; i++)
		if (f->report[i].kind == kind)
			return &f->report[i];
	return NULL;
}

/* The summary first, then in the order they were asked for, a series last. */
static int
print_reports(struct flowstat *f, struct err *err)
{
	struct report *all = find_report(f, REPORT_SUMMARY);
	struct report *percentiles = find_report(f, REPORT_PERCENTILES);
	const char *doubt[GROUP_DOUBTS];
	int rc = summary_print(all, &f->out, err);
	unsigned n_doubts;

	for (unsigned i = 0; i < f->n_reports && rc == 0; i++) {
		struct report *r = &f->report[i];

		if (r->kind == REPORT_TOP)
			rc = top_print(r, &all->total, &f->out, err);
		else if (r->kind == REPORT_SERIES)
			rc = series_print(r, &f->out, err);
		else if (r->kind == REPORT_HISTOGRAM)
			rc = histogram_print(r, &f->out, err);
		else if (r == percentiles)
			rc = percentiles_print(r, f->n_reports - i, &f->out, err);
	}
	n_doubts = adds_up(f) ? group_doubts(all->tables, all->n_tables, doubt) : 0;
	for (unsigned i = 0; i < n_doubts && !f->io.quiet; i++)
		diag(NULL, "%s", doubt[i]);
	output_finish(&f->out);
	return rc;
}

static bool
to_file(const struct flowstat *f)
{
	return f->io.out_path != NULL && strcmp(f->io.out_path, "-") != 0;
}

/* Write what was printed to -w or standard output. */
static int
write_out(struct flowstat *f, bool whole, struct err *err)
{
	struct err told;

	if (!to_file(f)) {
		if (f->out.buf.len > 0)
			(void)fwrite(f->out.buf.data, 1, f->out.buf.len, stdout);
		return 0;
	}
	if (file_write(f->file.fd, f->out.buf.data, f->out.buf.len) < 0) {
		(void)err_system(err, "%s", f->io.out_path);
		outfile_discard(&f->file);
		return -1;
	}
	if (whole)
		return outfile_commit(&f->file, err);
	if (outfile_keep_incomplete(&f->file, &told, err) < 0)
		return -1;
	if (told.status != 0)
		diag_err(f->io.out_path, &told);
	return 0;
}

static void
open_reports(struct flowstat *f)
{
	unsigned workers = f->io.threads ? f->io.threads : ordered_processors();

	for (unsigned i = 0; i < f->n_reports; i++) {
		struct report *r = &f->report[i];

		if (r->kind == REPORT_TOP)
			r->limit = f->top;
		report_open(r, &f->io, workers, f->io.memory / f->n_reports, f->scale);
	}
}

static int
run(struct flowstat *f, const struct optparse *parser, struct err *err)
{
	struct io_source *source;
	struct io_result result = { 0 };
	int rc = -1;

	/* That it cannot be written is told before all is read, not after. */
	if (to_file(f) && outfile_open(&f->file, f->io.out_path, err) < 0)
		return err->status ? err->status : EXIT_FAILED;
	source = io_source_open(parser->operands, parser->n_operands, &f->io, err);
	if (source != NULL) {
		open_reports(f);
		rc = io_run(source, NULL, &f->io, add_records, f, &result, err);
	}
	io_source_close(source);
	if (rc == 0)
		rc = print_reports(f, err);
	if (rc != 0 && to_file(f))
		outfile_discard(&f->file);
	if (rc == 0)
		rc = write_out(f, !result.incomplete, err);
	if (rc == 0 && f->io.verbose)
		diag(NULL, "%llu records", (unsigned long long)result.read);
	if (rc < 0)
		return err->status ? err->status : EXIT_FAILED;
	return io_status(&result);
}

int
main(int argc, char **argv)
{
	struct flowstat f = { .top = TOP_DEFAULT, .out.text = true };
	struct optparse parser;
	struct err err = { 0 };
	int status;

	diag_init(argv[0]);
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.flows = true;
	f.io.progress = diag_progress;
	f.out.io = &f.io;
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	status = run(&f, &parser, &err);
	if (err.status != 0)
		diag_err(NULL, &err);
	for (unsigned i = 0; i < f.n_reports; i++)
		report_free(&f.report[i]);
	buf_free(&f.out.buf);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
