/*
 * source.c - inputs one after another, recognised, as batches.
 */
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "base/ordered.h"
#include "flow/zone.h"

enum { HEAD = 4096, HEAD_LEAST = 16 };

/* Standard input is read to its end in any case. */
static bool
is_pipe(char *const *paths, int n)
{
	return n == 0 || (n == 1 && strcmp(paths[0], "-") == 0);
}

int
source_refuse_all(struct err *err)
{
	return err_usage(err,
	    "-k all needs all of the input before its first line; with --follow name the fields");
}

static int
can_follow(char *const *paths, int n, const struct io_opts *opts, struct err *err)
{
	enum io_format out = io_out_format(opts);

	if (opts->in_format != IO_AUTO && opts->in_format != IO_FLOW)
		return err_usage(err, "--follow reads flow streams, no other format");
	if (opts->has_fields && opts->fields.all &&
	    (out == IO_CSV || out == IO_TSV || out == IO_TABLE))
		return source_refuse_all(err);
	for (int i = 0; i < n; i++)
		if (strcmp(paths[i], "-") == 0)
			return err_usage(err, "--follow: standard input does not go with files");
	return 0;
}

/* Who writes into it is told that it is read as flows, unless it is said to be something else. */
static void
claim(const struct io_source *s, int fd)
{
	if (s->opts->in_format == IO_AUTO || s->opts->in_format == IO_FLOW)
		file_claim_pipe(fd);
}

struct io_source *
io_source_open(char *const *paths, int n, const struct io_opts *opts, struct err *err)
{
	struct io_source *s;

	if (opts->since_ns > opts->until_ns) {
		(void)err_usage(
		    err, "a window that ends before it begins: see --since and --until");
		return NULL;
	}
	s = mem_zero(1, sizeof(*s));
	s->opts = opts;
	s->alone = (opts->threads ? opts->threads : ordered_processors()) == 1;
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (opts->follow && !is_pipe(paths, n)) {
		if (can_follow(paths, n, opts, err) != 0 ||
		    (s->follow = follow_open(paths, n, opts, s->stop_fd, err)) == NULL) {
			io_source_close(s);
			return NULL;
		}
		return s;
	}
	if (io_paths_expand(&s->paths, paths, n, opts->live, err) != 0) {
		io_source_close(s);
		return NULL;
	}
	for (size_t i = 0; i < s->paths.n; i++) /* soon: its first blocks are being made */
		if (strcmp(s->paths.path[i], "-") == 0)
			claim(s, STDIN_FILENO);
	return s;
}

void
source_close_input(struct io_source *s)
{
	stream_close(s->flow);
	csv_close(s->csv);
	ipfix_in_close(s->ipfix);
	s->flow = NULL;
	s->csv = NULL;
	s->ipfix = NULL;
}

void
io_source_close(struct io_source *s)
{
	if (s == NULL)
		return;
	source_close_input(s);
	follow_close(s->follow);
	if (s->stop_fd >= 0)
		close(s->stop_fd);
	io_paths_free(&s->paths);
	buf_free(&s->history);
	for (size_t i = 0; i < s->n_spooled; i++)
		mem_free((void *)(uintptr_t)s->spooled[i].path);
	mem_free(s->spooled);
	mem_free(s);
}

uint64_t
source_octets(const struct io_source *s)
{
	return s->follow != NULL || s->paths.others ? 0 : s->paths.octets;
}

void
source_stop(struct io_source *s)
{
	uint64_t one = 1;

	/* An eventfd stays readable until it is read, which nobody does. */
	if (write(s->stop_fd, &one, sizeof(one)) < 0)
		return;
}

bool
source_follows(const struct io_source *s)
{
	return s->follow != NULL;
}

void
source_catch(struct io_source *s, int out_fd)
{
	if (s->follow == NULL)
		return;
	follow_output(s->follow, out_fd);
	interrupt_catch(&s->interrupt, s->stop_fd);
}

void
source_release(struct io_source *s)
{
	if (s->follow != NULL)
		interrupt_release(&s->interrupt);
}

bool
source_is_live(const struct io_source *s)
{
	return s->follow != NULL || s->paths.waits;
}

/* The first octets: looked at in a file, taken from anything else. */
static ssize_t
read_head(int fd, bool regular, int stop_fd, uint8_t *head)
{
	size_t taken = 0;
	ssize_t n;

	if (regular) {
		off_t at = lseek(fd, 0, SEEK_CUR);

		return pread(fd, head, HEAD, at < 0 ? 0 : at);
	}
	do {
		n = file_read_some(fd, stop_fd, head + taken, HEAD - taken);
		if (n < 0)
			return -1;
		taken += (size_t)n;
	} while (n > 0 && taken < HEAD_LEAST);
	return (ssize_t)taken;
}

/* Records outside of the window are dropped whatever the program wants (run.c). */
static bool
is_wanted(void *ctx, const struct probe *p)
{
	const struct io_source *s = ctx;
	const struct io_opts *o = s->opts;
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END);
	struct probe_key lo = { 0, zone_key_int(o->since_ns) };
	/* Of the key, as the first of all times has none before it: that is not asked for. */
	struct probe_key hi = { 0, zone_key_int(o->until_ns) - 1 };

	if (o->since_ns != INT64_MIN &&
	    !p->may(p->ctx, &end, TYPE_TIME, lo, (struct probe_key){ 0, UINT64_MAX }))
		return false;
	if (o->until_ns != INT64_MAX && o->until_ns != INT64_MIN &&
	    !p->may(p->ctx, &start, TYPE_TIME, (struct probe_key){ 0, 0 }, hi))
		return false;
	return o->wants == NULL || o->wants(o->wants_ctx, p);
}

/* What the first batch of all looks like may decide about columns of text: it is read in any case. */
static void
ask_index(struct io_source *s)
{
	const struct io_opts *o = s->opts;
	struct err why = { 0 };

	if (o->no_index || s->spooling ||
	    (o->wants == NULL && o->since_ns == INT64_MIN && o->until_ns == INT64_MAX))
		return;
	if (stream_pass_over(s->flow, is_wanted, s, s->index.blocks == 0, &why) == 0)
		return;
	/* A store may hold thousands that are of an older version. */
	if (strcmp(why.text, s->useless.text) == 0) {
		s->index.same++;
		return;
	}
	why.status = EXIT_FAILED;
	s->note = s->useless = why;
}

static void
open_format(
    struct io_source *s, int fd, enum io_format format, const uint8_t *head, size_t n, bool regular)
{
	size_t taken = regular ? 0 : n;
	unsigned flags = (s->opts->recover ? STREAM_RECOVER : 0U) |
			 (s->opts->live ? STREAM_LIVE : 0U) | (s->spooling ? 0U : STREAM_WHOLE);

	switch (format) {
	case IO_FLOW:
		s->flow = stream_open(fd, flags, head, n);
		stream_stop_at(s->flow, s->stop_fd);
		ask_index(s);
		break;
	case IO_IPFIX: s->ipfix = ipfix_in_open(fd, head, taken, s->opts->raw, s->stop_fd); break;
	default:
		s->csv = csv_open(fd, format == IO_TSV ? '\t' : ',', head, taken);
		csv_zone(s->csv, s->opts->tz);
		if (s->opts->in_format == IO_AUTO)
			csv_guess(s->csv);
		csv_stop_at(s->csv, s->stop_fd);
		break;
	}
}

static int
open_input(struct io_source *s, const char *path, struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = file_open(path);
	enum io_format format = s->opts->in_format;
	uint8_t head[HEAD];
	const char *why = NULL;
	bool regular;
	ssize_t n;

	s->path = standard ? "standard input" : path;
	s->input++;
	s->seen_history = s->read_flows = false;
	if (fd < 0)
		return err_system(err, NULL);
	if (standard && isatty(fd)) {
		close(fd);
		return err_usage(err, "nothing to read: name a FILE or pipe flow records in");
	}
	regular = file_is_regular(fd);
	if (!regular)
		claim(s, fd);
	n = read_head(fd, regular, s->stop_fd, head);
	if (n < 0) {
		err_system(err, NULL);
	} else {
		if (format == IO_AUTO)
			format = io_recognise(head, (size_t)n, &why);
		else if (format == IO_CSV || format == IO_TSV)
			why = io_other(head, (size_t)n);
		if (why == NULL) {
			open_format(s, fd, format, head, (size_t)n, regular);
			return 0;
		}
		err_set(err, "this is %s", why);
	}
	close(fd);
	return -1;
}

static void
end_flow(struct io_source *s)
{
	const struct stream_totals *t = stream_totals(s->flow);

	s->lost.skipped_octets += t->skipped_octets;
	s->lost.skipped_places += t->skipped_places;
	s->lost.lost_records += t->lost_records;
	s->lost.incomplete |= t->incomplete;
	s->index.files++;
	s->index.passed_blocks += t->passed_blocks;
	s->index.passed_files += t->passed_blocks > 0 && !s->read_flows;
}

const struct source_index *
source_index(const struct io_source *s)
{
	return &s->index;
}

static void
note_history(struct io_source *s)
{
	if (s->seen_history || s->flow == NULL)
		return;
	s->seen_history = true;
	buf_puts(&s->history, stream_history(s->flow));
}

const char *
source_history(struct io_source *s)
{
	if (s->follow != NULL)
		return follow_history(s->follow);
	return buf_cstr(&s->history);
}

void
source_recovered(const struct io_source *s, struct stream_totals *sum)
{
	if (s->follow != NULL)
		follow_totals(s->follow, sum);
	else
		*sum = s->lost;
}

void
source_read(struct io_source *s, struct job *j)
{
	if (!j->unread)
		return;
	j->unread = false;
	if (csv_read(j->room.piece, j->room.own, &j->bad, &j->late) < 0)
		atomic_store(&s->given_up, j->input);
}

/*
 * Lines of csv, to be read by whoever gets the job; but the first records decide what a text output's head is, so up
 * to them lines are read here, and a single thread reads them while they are near.
 */
static int
next_lines(struct io_source *s, struct job *j)
{
	int r;

	if (atomic_load(&s->given_up) == s->input)
		return 0;
	j->bad = (struct csv_bad){ .skip = s->opts->skip_bad };
	if (s->begun && !s->alone) {
		if (j->room.piece == NULL)
			j->room.piece = csv_piece_new();
		r = csv_take(s->csv, j->room.piece, &j->err);
		j->unread = r > 0;
		return r;
	}
	r = csv_next(s->csv, j->room.own, &j->bad, &j->err);
	if (r >= 0 || j->room.own->n == 0)
		return r;
	j->late = j->err;
	j->err = (struct err){ 0 };
	atomic_store(&s->given_up, s->input);
	return 1;
}

/* 1 a batch, 0 the input's end, -1 its failure. */
static int
next_batch(struct io_source *s, struct job *j)
{
	int r;

	if (s->flow != NULL) {
		enum stream_status status;

		status = stream_next(s->flow, j->room.slot, &j->err);
		note_history(s);
		j->b = slot_batch(j->room.slot);
		j->recovered = status == STREAM_FAILED && stream_totals(s->flow)->recovered;
		if (status != STREAM_BATCH)
			end_flow(s);
		else if (!j->b->options)
			s->read_flows = ++s->index.blocks > 0;
		return status == STREAM_BATCH ? 1 : status == STREAM_END ? 0 : -1;
	}
	if (j->room.own == NULL)
		j->room.own = batch_new();
	if (s->ipfix != NULL)
		r = ipfix_in_next(s->ipfix, &j->room.own, &j->err);
	else
		r = next_lines(s, j);
	j->b = j->room.own;
	return r;
}

void
source_count(struct io_source *s, const struct job *j)
{
	if (j->bad.lines == 0)
		return;
	if (s->bad.lines == 0)
		s->bad = j->bad;
	else
		s->bad.lines += j->bad.lines;
}

/* At the end of csv input: skipped lines are told, as a note. */
bool
source_tell(struct io_source *s, struct job *j)
{
	if (!j->ends)
		return true;
	source_count(s, j);
	if (s->bad.lines == 0)
		return false;
	j->err = (struct err){ 0 };
	err_set(&j->err, "line %llu: %s (%llu bad line%s skipped)",
	    (unsigned long long)s->bad.first_line, s->bad.reason, (unsigned long long)s->bad.lines,
	    plural(s->bad.lines));
	s->bad = (struct csv_bad){ 0 };
	return true;
}

/* The end of csv input whose bad lines were passed over: how many is known when all of it has been read. */
static bool
ends_skipping(const struct io_source *s, struct job *j)
{
	if (s->csv == NULL || !s->opts->skip_bad)
		return false;
	err_set(&j->err, "no bad lines");
	j->note = j->ends = true;
	return true;
}

static bool
tell_spooled(struct io_source *s, struct job *j)
{
	if (s->spooling || s->told == s->n_spooled)
		return false;
	j->err = s->spooled[s->told].err;
	j->note = s->spooled[s->told].note;
	j->recovered = s->spooled[s->told].recovered;
	j->path = s->spooled[s->told++].path;
	j->input = ++s->input;
	return true;
}

bool
source_next(struct io_source *s, struct job *j)
{
	j->err = j->late = (struct err){ 0 };
	j->note = j->ends = j->unread = j->recovered = false;
	j->bad = (struct csv_bad){ 0 };
	if (j->room.slot == NULL)
		j->room.slot = slot_new();
	if (s->follow != NULL) {
		j->listed = true;
		return follow_next(s->follow, j);
	}
	for (;;) {
		bool open = s->flow != NULL || s->csv != NULL || s->ipfix != NULL;
		int r;

		if (!open && s->next == s->paths.n)
			return tell_spooled(s, j);
		if (!open) {
			s->listed = s->paths.listed[s->next];
			r = open_input(s, s->paths.path[s->next], &j->err);
			if (r != 0 && j->err.error == ENOENT &&
			    io_paths_renamed(&s->paths, s->next)) {
				j->err = (struct err){ 0 };
				continue;
			}
			s->next++;
			j->path = s->path;
			j->input = s->input;
			if (r != 0)
				return true;
			continue;
		}
		j->path = s->path;
		j->input = s->input;
		j->listed = s->listed;
		if (s->note.status != 0) {
			j->err = s->note;
			j->note = true;
			s->note = (struct err){ 0 };
			return true;
		}
		r = next_batch(s, j);
		if (r > 0) {
			s->begun |= !j->b->options && j->b->n > 0;
			return true;
		}
		if (r == 0 && ends_skipping(s, j))
			r = -1;
		source_close_input(s);
		if (r < 0)
			return true;
	}
}
