/*
 * sink.c - records out: a flow stream, text or an IPFIX file, to standard output or a file that appears whole.
 */
#include <unistd.h>

#include "base/file.h"
#include "base/opt.h"
#include "base/time.h"
#include "io/sink.h"
#include "wire/export.h"

enum { HOLD_MS = 200 };

/* Opening ---------------------------------------------------------------------------------------- */

static bool
is_table(enum io_format f)
{
	return f == IO_TABLE || f == IO_CSV || f == IO_TSV;
}

static bool
is_json(enum io_format f)
{
	return f == IO_JSON || f == IO_NDJSON;
}

static bool
is_text(enum io_format f)
{
	return is_table(f) || is_json(f);
}

static bool
is_binary(enum io_format f)
{
	return f == IO_FLOW || f == IO_IPFIX;
}

static void
open_text(struct io_sink *s)
{
	static const enum text_format formats[] = { [IO_TABLE] = TEXT_TABLE,
		[IO_CSV] = TEXT_CSV,
		[IO_TSV] = TEXT_TSV,
		[IO_JSON] = TEXT_JSON,
		[IO_NDJSON] = TEXT_NDJSON };
	struct text_spec spec = { .format = formats[s->format],
		.raw = s->opts->raw,
		.options = s->opts->options,
		.plain = s->opts->plain,
		.header = !s->opts->no_header,
		.tz = s->opts->tz,
		.alerts = s->opts->alerts,
		.told = s->opts->told };

	if (s->columns.n > 0) {
		spec.fields = &s->columns;
		spec.complete = true;
	} else if (s->opts->has_fields) {
		spec.fields = &s->opts->fields;
	}
	s->text = text_new(&spec);
}

static int
write_octets(const struct io_sink *s, const void *p, size_t n, struct err *err)
{
	return file_write(s->fd, p, n) == 0 ? 0 : err_system(err, "cannot write");
}

static int
write_message(
    void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *err)
{
	(void)records;
	(void)time_ns;
	return write_octets(ctx, data, len, err);
}

static void
open_ipfix(struct io_sink *s)
{
	/* A file has no sender: who exported a record is known only if the record says so. */
	struct export_opts opts = {
		.version = EXPORT_IPFIX, .mtu = 65535, .stream = true, .keep_exporter = true
	};

	s->slow = file_is_regular(s->fd);
	s->exporter = export_new(&opts, write_message, s);
}

static void
open_flow(struct io_sink *s, char *const *argv)
{
	char *history = s->opts->no_history ? NULL : opt_line(argv);

	s->slow = file_is_regular(s->fd);
	s->profile = s->slow ? s->opts->fast ? PROFILE_FAST : PROFILE_FILE : PROFILE_PIPE;
	s->encoder = encoder_new(s->profile, s->opts->level);
	s->writer = stream_create(s->fd, history);
	if (s->opts->same_order)
		stream_ordered(s->writer);
	if (s->slow)
		stream_index(s->writer);
	s->held = batch_new();
	mem_free(history);
}

static bool
wants_names(const struct io_sink *s)
{
	if (s->opts->resolve == RESOLVE_IN_TABLES)
		return s->format == IO_TABLE;
	return s->opts->resolve == RESOLVE_ALWAYS && is_text(s->format);
}

/* Options that the format has no place for, or that deny each other. */
static int
check_options(const struct io_opts *opts, enum io_format f, bool standard, struct err *err)
{
	if (opts->fields.relative != NULL && !is_table(f) && f != IO_NULL)
		return err_usage(err,
		    "-k %s: only table, csv and tsv have columns to add to or take from",
		    opts->fields.relative);
	if (opts->no_header && !is_table(f) && f != IO_NULL)
		return err_usage(err, "--no-header: only table, csv and tsv have one");
	if (opts->options && is_table(f))
		return err_usage(
		    err, "--options: only json and ndjson have a place for options records");
	if (opts->raw && opts->resolve == RESOLVE_ALWAYS)
		return err_usage(
		    err, "--raw says what was sent, --resolve what it is called: one of them");
	if (standard && is_binary(f) && isatty(STDOUT_FILENO))
		return err_usage(
		    err, "binary is not written to a terminal: use -w FILE, -o table or a pipe");
	return 0;
}

struct io_sink *
io_sink_open(const struct io_opts *opts, char *const *argv, struct err *err)
{
	struct io_sink *s = mem_zero(1, sizeof(*s));
	bool standard = opts->out_path == NULL || strcmp(opts->out_path, "-") == 0;

	s->opts = opts;
	s->fd = STDOUT_FILENO;
	s->left = opts->limit;
	s->format = io_out_format(opts);
	if (check_options(opts, s->format, standard, err) != 0) {
		mem_free(s);
		return NULL;
	}
	if (!standard && s->format != IO_NULL) {
		if (outfile_open(&s->file, opts->out_path, err) != 0) {
			mem_free(s);
			return NULL;
		}
		s->to_file = true;
		s->fd = s->file.fd;
	}
	if (wants_names(s))
		s->names = names_new();
	if (s->format == IO_FLOW)
		open_flow(s, argv);
	else if (s->format == IO_IPFIX)
		open_ipfix(s);
	return s;
}

struct io_sink *
io_sink_function(const struct io_opts *opts, io_take take, void *ctx)
{
	struct io_sink *s = mem_zero(1, sizeof(*s));

	s->opts = opts;
	s->fd = -1;
	s->left = opts->limit;
	s->format = IO_NULL;
	s->take = take;
	s->take_ctx = ctx;
	return s;
}

bool
sink_wants_union(const struct io_sink *s)
{
	return s->opts->has_fields && s->opts->fields.all && is_table(s->format);
}

void
sink_fields(struct io_sink *s, struct field_list *list)
{
	s->columns = *list;
	*list = (struct field_list){ 0 };
}

bool
sink_begun(const struct io_sink *s)
{
	return s->begun || !is_text(s->format);
}

bool
sink_takes(const struct io_sink *s, const struct batch *b)
{
	if (s->deferred && is_text(s->format))
		return false;
	if (!b->options || is_binary(s->format) || (s->take != NULL && !s->deferred))
		return true;
	return s->opts->options && is_json(s->format);
}

void
sink_begin(struct io_sink *s, struct batch *b)
{
	s->begun = true;
	if (!is_text(s->format))
		return;
	open_text(s);
	text_begin(s->text, s->names, b != NULL && b->options ? NULL : b, &s->head);
}

void
sink_name(struct io_sink *s, struct job *j)
{
	if (s->names == NULL)
		return;
	if (j->b->options)
		s->names = names_learn(s->names, j->b);
	names_release(j->names);
	j->names = names_share(s->names);
}

void
sink_defer(struct io_sink *s, io_take take, const struct io_parts *parts, void *ctx)
{
	s->deferred = true;
	s->take = take;
	s->parts = parts;
	s->take_ctx = ctx;
}

bool
sink_defers(const struct io_sink *s)
{
	return s->deferred;
}

struct names *
sink_made(struct io_sink *s, bool ordered)
{
	if (s->deferred)
		s->take = NULL;
	s->deferred = false;
	if (s->writer != NULL && ordered)
		stream_ordered(s->writer);
	return s->names;
}

int
sink_pipe(const struct io_sink *s)
{
	return (s->to_file && !s->file.direct) || s->format == IO_NULL ? -1 : s->fd;
}

void
sink_inherit(struct io_sink *s, const char *history)
{
	if (s->writer != NULL && *history != 0)
		stream_inherit(s->writer, history);
}

void
io_sink_arrange(struct io_sink *s, const struct field_id *id, size_t n)
{
	s->leading = id;
	s->n_leading = n;
}

static void
arrange(const struct io_sink *s, struct batch *b)
{
	if (s->n_leading > 0)
		batch_arrange(b, s->leading, s->n_leading);
}

/* Writing ---------------------------------------------------------------------------------------- */

static bool
is_waiting(const struct io_sink *s)
{
	return s->unsent || (s->held != NULL && s->held->n > 0);
}

int
sink_flush(struct io_sink *s, bool now, struct err *err)
{
	int r;

	if (!is_waiting(s))
		return 0;
	if (!now && (s->slow || time_monotonic_ns() - s->held_since_ns < HOLD_MS * NS_PER_MS))
		return 0;
	if (s->exporter != NULL) {
		s->unsent = false;
		return export_flush(s->exporter, err);
	}
	batch_close(s->held);
	arrange(s, s->held);
	s->out.len = 0;
	r = block_encode(s->encoder, s->held, &s->out, err);
	if (r == 0)
		r = stream_put(s->writer, s->out.data, s->out.len, err);
	batch_clear(s->held);
	return r;
}

bool
sink_holds(const struct io_sink *s)
{
	return is_waiting(s) && !s->slow;
}

static int
hold(struct io_sink *s, struct batch *rest, struct err *err)
{
	if (s->held->n > 0 && s->held->n + rest->n > BATCH_RECORDS && sink_flush(s, true, err) != 0)
		return -1;
	if (s->held->n == 0)
		s->held_since_ns = time_monotonic_ns();
	if (batch_append(s->held, rest, NULL, rest->n) != 0) {
		/* A column changed its type: the records so far are a block of their own. */
		if (sink_flush(s, true, err) != 0)
			return -1;
		batch_reset(s->held);
		if (batch_append(s->held, rest, NULL, rest->n) != 0)
			return err_set(err, "records cannot be joined to a block");
	}
	sink_keep_order(s->held, rest);
	if (s->held->n >= BATCH_RECORDS || batch_octets(s->held) > BATCH_OCTETS / 2)
		return sink_flush(s, true, err);
	return sink_flush(s, false, err);
}

static int
write_pass(struct io_sink *s, struct job *j, struct err *err)
{
	return sink_flush(s, true, err) != 0 ? -1 : stream_pass(s->writer, j->room.slot, err);
}

static int
write_head(struct io_sink *s, const struct job *j, struct err *err)
{
	if (!j->begun || s->head.len == 0)
		return 0;
	if (write_octets(s, s->head.data, s->head.len, err) != 0)
		return -1;
	s->head.len = 0;
	return 0;
}

static int
write_text(struct io_sink *s, struct job *j, struct err *err)
{
	size_t lead;

	if (write_head(s, j, err) != 0)
		return -1;
	lead = text_lead(s->text, j->out.len);
	if (write_octets(s, j->out.data + lead, j->out.len - lead, err) != 0)
		return -1;
	j->out.len = 0;
	return 0;
}

int
sink_write_early(struct io_sink *s, struct job *j, struct err *err)
{
	if (s->deferred || j->b->options || j->n_sel > s->left)
		return 0;
	if (write_text(s, j, err) != 0)
		return -1;
	if (s->to_file)
		outfile_pace(&s->file);
	return 0;
}

/* A message waits for more records, but not for ever. */
static int
write_ipfix(struct io_sink *s, struct job *j, struct err *err)
{
	if (!s->unsent)
		s->held_since_ns = time_monotonic_ns();
	s->unsent = true;
	if (export_batch(s->exporter, sink_project(s, &s->own, j->b),
		j->n_sel == j->b->n ? NULL : j->sel, err) != 0)
		return -1;
	return sink_flush(s, false, err);
}

static int
write_form(struct io_sink *s, struct job *j, struct err *err)
{
	void *part;

	switch (j->form) {
	case JOB_PASS: return write_pass(s, j, err);
	case JOB_BLOCKS:
		return sink_flush(s, true, err) == 0
			   ? stream_put_noted(s->writer, j->out.data, j->out.len, &j->notes, err)
			   : -1;
	case JOB_REST:
		if (!j->rest->options)
			return hold(s, j->rest, err);
		if (sink_flush(s, true, err) != 0)
			return -1;
		s->out.len = 0;
		if (block_encode(s->encoder, j->rest, &s->out, err) != 0)
			return -1;
		return stream_put(s->writer, s->out.data, s->out.len, err);
	case JOB_TEXT: return write_text(s, j, err);
	case JOB_PART:
		part = j->part;
		j->part = NULL;
		return s->parts->take(s->take_ctx, part, err);
	case JOB_SELECT:
		if (s->take != NULL && !(s->deferred && j->b->options))
			return s->take(s->take_ctx, j->b, j->n_sel == j->b->n ? NULL : j->sel, err);
		return s->exporter == NULL ? 0 : write_ipfix(s, j, err);
	default: return sink_flush(s, false, err);
	}
}

static bool
is_counted(const struct io_sink *s, const struct job *j)
{
	return !j->facts.options && !s->deferred;
}

void
sink_limit(struct io_sink *s, struct job *j)
{
	if (!is_counted(s, j) || j->n_sel <= s->left)
		return;
	job_trim(j, (size_t)s->left);
	sink_prepare(s, &s->own, j, NULL);
	job_note(j);
}

int
sink_write(struct io_sink *s, struct job *j, struct err *err)
{
	if (write_head(s, j, err) != 0)
		return -1;
	if (j->work_err.status != 0) {
		*err = j->work_err;
		return -1;
	}
	if (write_form(s, j, err) != 0)
		return -1;
	if (s->to_file)
		outfile_pace(&s->file);
	if (is_counted(s, j))
		s->left -= j->n_sel;
	return s->left == 0 ? 1 : 0;
}

int
io_sink_batch(struct io_sink *s, struct batch *b, struct err *err)
{
	struct job j = { .b = b, .begun = true };
	int r;

	arrange(s, b);
	j.names = sink_made(s, b->sort_column > 0);
	if (!sink_begun(s))
		sink_begin(s, b);
	job_select_all(&j, b->n);
	sink_prepare(s, &s->own, &j, NULL);
	job_note(&j);
	sink_limit(s, &j);
	if (j.facts.err.status != 0) {
		*err = j.facts.err;
		r = -1;
	} else {
		r = sink_write(s, &j, err);
	}
	j.b = NULL;
	j.names = NULL;
	job_free(&j);
	return r;
}

int
io_sink_put(void *sink, struct batch *b, struct err *err)
{
	return io_sink_batch(sink, b, err) < 0 ? -1 : 0;
}

/* Closing ---------------------------------------------------------------------------------------- */

/* The last messages, and what IPFIX has no place for. */
static int
finish_ipfix(struct io_sink *s, struct err *err)
{
	struct buf line = { 0 };
	struct err told = { 0 };

	if (export_flush(s->exporter, err) != 0)
		return -1;
	if (export_report(s->exporter, &line) && s->opts->warn != NULL) {
		err_set(&told, "not said in IPFIX: %s", buf_cstr(&line));
		s->opts->warn(NULL, &told);
	}
	buf_free(&line);
	return 0;
}

static int
finish(struct io_sink *s, bool complete, struct err *err)
{
	int r = 0;

	if (s->format == IO_FLOW) {
		r = sink_flush(s, true, err);
		if (r == 0 && complete)
			r = stream_finish(s->writer, err);
	} else if (s->exporter != NULL) {
		r = finish_ipfix(s, err);
	} else if (is_text(s->format)) {
		if (!s->begun)
			sink_begin(s, NULL);
		text_end(s->text, &s->head);
		r = write_octets(s, s->head.data, s->head.len, err);
	}
	return r;
}

static void
release(struct io_sink *s)
{
	stream_abandon(s->writer);
	encoder_free(s->encoder);
	batch_free(s->held);
	text_free(s->text);
	export_free(s->exporter);
	sink_worker_free(&s->own);
	field_list_free(&s->columns);
	names_release(s->names);
	buf_free(&s->out);
	buf_free(&s->head);
	mem_free(s);
}

/* The file does not appear; what was good of it stands beside its place, and that is said. */
static int
keep_incomplete(struct io_sink *s, struct err *err)
{
	struct err told;

	if (outfile_keep_incomplete(&s->file, &told, err) != 0)
		return -1;
	if (s->opts->warn != NULL && told.status != 0)
		s->opts->warn(s->opts->out_path, &told);
	return 0;
}

int
io_sink_close(struct io_sink *s, bool complete, struct err *err)
{
	int r;

	if (s == NULL)
		return 0;
	r = finish(s, complete, err);
	if (s->to_file && (r != 0 || !complete))
		r = keep_incomplete(s, err) != 0 ? -1 : r;
	else if (s->to_file)
		r = outfile_commit(&s->file, err);
	release(s);
	return r;
}
