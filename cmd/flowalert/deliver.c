#include "deliver.h"

#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "detect/alert_read.h"

enum {
	KEY_TO = OPT_LONG + 200,
	KEY_FACILITY,
	KEY_EXEC_TIME,
	KEY_EXEC_JOBS,
	EXEC_JOBS = 4,
	EXEC_TIME_S = 60
};

const struct opt deliver_options[] = {
	{ KEY_TO, "to", ARG_TEXT, "ADDRESS",
	    "send lines to udp:HOST[:PORT] or unix:PATH (default format: syslog)", NULL },
	{ KEY_FACILITY, "facility", ARG_WORDS, "NAME", "of syslog (default local0)",
	    FORMAT_FACILITIES },
	{ 'x', "exec", ARG_TEXT, "COMMAND",
	    "run COMMAND with sh for each alert, which is JSON on its standard input", NULL },
	{ KEY_EXEC_TIME, "exec-time", ARG_TEXT, "DURATION",
	    "end a command that takes longer (default 1m)", NULL },
	{ KEY_EXEC_JOBS, "exec-jobs", ARG_TEXT, "N", "run N commands at a time (default 4)", NULL },
	{ 0 },
};

void
deliver_init(struct delivery *d, void (*tell)(const char *, const struct err *))
{
	*d = (struct delivery){ .facility = (unsigned)format_facility("local0"),
		.commands = {
		    .jobs = EXEC_JOBS, .limit_ns = EXEC_TIME_S * NS_PER_S, .tell = tell } };
	if (gethostname(d->hostname, sizeof(d->hostname) - 1) != 0)
		d->hostname[0] = '\0';
}

void
deliver_free(struct delivery *d)
{
	text_free(d->json);
	buf_free(&d->line);
}

int
deliver_opt(struct delivery *d, int key, const char *arg, struct err *err)
{
	struct err ignored = { 0 };
	enum io_format shared;
	uint64_t n;

	d->says_facility = d->says_facility || key == KEY_FACILITY;
	d->says_commands = d->says_commands || key == KEY_EXEC_TIME || key == KEY_EXEC_JOBS;
	switch (key) {
	case 'o':
		d->format = format_find(arg);
		if (d->format == NULL && io_format_parse(arg, false, &shared, &ignored) != 0)
			return err_usage(
			    err, "unknown output format '%s'; known are: %s", arg, DELIVER_FORMATS);
		return d->format != NULL ? 1 : 0;
	case 'x': d->commands.text = arg; return 1;
	case KEY_TO: d->to = arg; return paper_check(arg, err) == 0 ? 1 : -1;
	case KEY_FACILITY:
		if (format_facility(arg) < 0)
			return err_usage(
			    err, "--facility: '%s' is none of %s", arg, FORMAT_FACILITIES);
		d->facility = (unsigned)format_facility(arg);
		return 1;
	case KEY_EXEC_TIME:
		if (!parse_duration(arg, strlen(arg), false, &d->commands.limit_ns) ||
		    d->commands.limit_ns <= 0)
			return err_usage(
			    err, "--exec-time: '%s' is no duration; write 30s or 5m", arg);
		return 1;
	case KEY_EXEC_JOBS:
		if (!parse_u64(arg, strlen(arg), &n) || n < 1 || n > COMMAND_JOBS_MOST)
			return err_usage(err, "--exec-jobs: '%s' is no number from 1 to %d", arg,
			    COMMAND_JOBS_MOST);
		d->commands.jobs = (unsigned)n;
		return 1;
	default: return 0;
	}
}

/* Options for formats whose columns can be chosen. */
static bool
says_columns(const struct io_opts *io)
{
	return io->has_fields || io->no_header || io->raw || io->options ||
	       io->resolve == RESOLVE_ALWAYS;
}

int
deliver_check(const struct delivery *d, struct io_opts *io, bool has_output, struct err *err)
{
	bool lines = d->format != NULL || d->to != NULL;

	if (d->to != NULL && io->out_path != NULL)
		return err_usage(err, "--to and -w: alerts go to one place; run tee(1) or twice");
	if (d->to != NULL && d->format == NULL && has_output)
		return err_usage(err, "--to takes lines: -o syslog, cef or ecs");
	if (lines && says_columns(io))
		return err_usage(err,
		    "-k, --no-header, --raw, --options and --resolve: what %s has is fixed",
		    d->format != NULL ? d->format->name : format_syslog.name);
	if (d->says_facility && d->to == NULL && d->format != &format_syslog)
		return err_usage(err, "--facility is of syslog: it needs -o syslog or --to");
	if (d->says_commands && d->commands.text == NULL)
		return err_usage(err, "--exec-time and --exec-jobs are of -x");
	if (lines)
		io->out_format = IO_NULL;
	return 0;
}

int
deliver_open(struct delivery *d, const struct io_opts *io, struct io_sink *sink, struct err *err)
{
	const struct text_spec spec = { .format = TEXT_NDJSON, .tz = io->tz };

	d->sink = sink;
	d->left = io->limit;
	if (d->commands.text != NULL)
		d->json = text_new(&spec);
	if (d->format == NULL && d->to != NULL)
		d->format = &format_syslog;
	if (d->format == NULL)
		return 0;
	if (paper_open(&d->paper, d->format, io->out_path, d->to, d->hostname, err) != 0)
		return -1;
	d->paper.left = io->limit;
	d->paper.env.facility = d->facility;
	d->open = true;
	return 0;
}

static int
put_papers(struct delivery *d, struct batch *b, struct err *err)
{
	struct alert_reader reader;
	struct arena arena = { 0 };
	struct alert a;
	int rc = 0;

	alert_bind(&reader, b);
	for (size_t rec = 0; rec < b->n && rc == 0; rec++) {
		arena_reset(&arena);
		alert_at(&reader, rec, &arena, &a);
		rc = paper_put(&d->paper, &a, err);
	}
	arena_free(&arena);
	return rc;
}

/* What messages call it: one line, whatever its texts are. */
static void
put_about(struct buf *out, const struct alert *a)
{
	out->len = 0;
	buf_printf(out, "%s %s", a->detector, a->kind);
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '\n')
			out->data[i] = ' ';
	if (a->src != NULL || a->dst != NULL) {
		buf_putc(out, ' ');
		reason_addr(out, a->src != NULL ? a->src : a->dst);
	}
}

static int
run_commands(struct delivery *d, struct batch *b, struct err *err)
{
	uint64_t *sel = mem_zero(bits_words(b->n), sizeof(*sel));
	struct alert_reader reader;
	struct arena arena = { 0 };
	struct buf about = { 0 };
	struct alert a;
	int rc = 0;

	alert_bind(&reader, b);
	for (size_t rec = 0; rec < b->n && rc == 0 && d->left > 0; rec++, d->left--) {
		arena_reset(&arena);
		alert_at(&reader, rec, &arena, &a);
		put_about(&about, &a);
		bits_set_range(sel, rec, 1);
		d->line.len = 0;
		rc = text_rows(d->json, NULL, b, sel, NULL, &d->line, err);
		sel[rec / 64] = 0;
		if (rc == 0)
			command_run(&d->commands, buf_cstr(&about), d->line.data, d->line.len);
	}
	arena_free(&arena);
	buf_free(&about);
	mem_free(sel);
	return rc;
}

int
deliver_batch(struct delivery *d, struct batch *b, struct err *err)
{
	if (d->format != NULL ? put_papers(d, b, err) != 0 : io_sink_batch(d->sink, b, err) < 0)
		return -1;
	return d->commands.text != NULL ? run_commands(d, b, err) : 0;
}

int
deliver_close(struct delivery *d, bool complete, struct err *err)
{
	struct err told = { 0 };

	command_wait(&d->commands);
	d->failed = d->commands.failed > 0;
	if (!d->open)
		return 0;
	d->open = false;
	if (d->paper.too_long > 0) {
		(void)err_set(&told, "%llu alert%s too long for a datagram, and not sent",
		    (unsigned long long)d->paper.too_long, plural(d->paper.too_long));
		d->commands.tell("--to", &told);
	}
	return paper_close(&d->paper, complete, err);
}
