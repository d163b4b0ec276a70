/*
 * csv_in.c - csv and tsv inputs: whole lines are taken in order, and read as records by whoever has them.
 */
#include "base/mem.h"
#include "text/csv_rows.h"
#include "text/text.h"

/* Of a piece: text, and the cells that its records may take. */
enum { PIECE_OCTETS = BATCH_OCTETS / 2 };

struct csv_reader {
	struct csv_split in;
	const struct tz *tz; /* of clock times without a zone */
	bool guessed; /* nobody said that it is csv */
	struct csv_plan *plan; /* NULL: the header has not been read */
	struct err pending; /* what failed behind the last piece */
	struct csv_piece *own; /* csv_next's */
};

struct csv_piece {
	struct csv_plan *plan; /* a reference; NULL: nothing was taken */
	struct csv_lines lines;
	size_t cap; /* of their buffer */
	size_t records; /* as many as they may be */

	struct csv_rows *rows; /* for rows of some plan */
	uint64_t layout; /* of the batch that rows of it were last read into */
};

struct csv_reader *
csv_open(int fd, char delimiter, const void *head, size_t head_len)
{
	struct csv_reader *r = mem_zero(1, sizeof(*r));

	csv_split_open(&r->in, fd, delimiter, head, head_len);
	return r;
}

void
csv_zone(struct csv_reader *r, const struct tz *tz)
{
	r->tz = tz;
}

void
csv_guess(struct csv_reader *r)
{
	r->guessed = true;
}

void
csv_stop_at(struct csv_reader *r, int stop_fd)
{
	r->in.stop_fd = stop_fd;
}

void
csv_close(struct csv_reader *r)
{
	if (r == NULL)
		return;
	csv_split_close(&r->in);
	csv_plan_release(r->plan);
	csv_piece_free(r->own);
	mem_free(r);
}

struct csv_piece *
csv_piece_new(void)
{
	return mem_zero(1, sizeof(struct csv_piece));
}

void
csv_piece_free(struct csv_piece *p)
{
	if (p == NULL)
		return;
	csv_plan_release(p->plan);
	csv_rows_free(p->rows);
	mem_free(p->lines.buf);
	mem_free(p);
}

/* What separates quoted cells of the line that was just refused, where that is one of other kinds of csv; else 0. */
static char
other_delimiter(const struct csv_split *in)
{
	const char *end = in->buf + in->pos, *p;

	if (in->pos == 0)
		return 0;
	p = memrchr(in->buf, '\n', in->pos - 1);
	for (p = p != NULL ? p + 1 : in->buf; p + 2 < end; p++)
		if ((p[1] == ';' || p[1] == '|') && (p[0] == '"' || p[2] == '"'))
			return p[1];
	return 0;
}

/* 1 done, 0 there is none (an empty input), -1 err. */
static int
read_header(struct csv_reader *r, struct err *err)
{
	const char *why;
	uint64_t line;

	if (csv_split_mark(&r->in, err) < 0)
		return -1;
	switch (csv_split_next(&r->in, &line, &why, err)) {
	case CSV_GOT_LINE: break;
	case CSV_GOT_END: return 0;
	default: return -1;
	}
	if (why != NULL) {
		char c = other_delimiter(&r->in);

		return c != 0 ? csv_plan_refuse(c, false, r->in.delimiter, line, err)
			      : err_set(err, "line %llu: %s", (unsigned long long)line, why);
	}
	r->plan = csv_plan_new(&r->in, r->tz, line, err);
	if (r->plan == NULL)
		return -1;
	if (r->guessed && r->plan->foreign)
		return err_set(err,
		    "line %llu: no column has the name of a field; if this is csv of flows, say -i "
		    "%s",
		    (unsigned long long)line, r->in.delimiter == ',' ? "csv" : "tsv");
	r->in.keep_empty = r->plan->keep_empty;
	return 1;
}

/* So many records fit a batch whatever they hold. */
static size_t
most_records(const struct csv_plan *plan)
{
	size_t fit = PIECE_OCTETS / (plan->row + 1);

	return fit < BATCH_RECORDS ? fit : BATCH_RECORDS;
}

/* The next lines to the piece.  1: some, 0: there are none, -1: err. */
static int
take(struct csv_reader *r, struct csv_piece *p, const struct csv_want *want, struct err *err)
{
	struct err failed = { 0 };
	struct csv_cut cut;

	if (r->pending.status != 0) {
		*err = r->pending;
		return -1;
	}
	p->lines.line = r->in.line;
	switch (csv_split_cut(&r->in, want, &cut, &failed)) {
	case CSV_GOT_LINE: break;
	case CSV_GOT_FAILED: *err = failed; return -1;
	default: return 0;
	}
	r->pending = failed;
	p->records = cut.records;
	p->lines.pos = r->in.pos;
	p->lines.end = cut.end;
	p->lines.quotes = cut.quotes;
	p->lines.buf = csv_split_swap(&r->in, cut.end, p->lines.buf, &p->cap);
	csv_plan_release(p->plan);
	p->plan = csv_plan_share(r->plan);
	return 1;
}

int
csv_take(struct csv_reader *r, struct csv_piece *p, struct err *err)
{
	struct csv_want want = { .octets = PIECE_OCTETS };
	int rc;

	csv_plan_release(p->plan);
	p->plan = NULL;
	if (r->plan == NULL) {
		rc = read_header(r, err);
		if (rc <= 0)
			return rc;
	}
	want.records = most_records(r->plan);
	return take(r, p, &want, err);
}

/*
 * A batch for rows of this plan.  One that held such rows last keeps its columns and their memory; but how wide an
 * address is must not depend on what was read before.
 */
static int
start(struct csv_piece *p, struct csv_plan *plan, struct batch *b, uint64_t line, struct err *err)
{
	if (p->rows != NULL && p->rows->plan != plan) {
		csv_rows_free(p->rows);
		p->rows = NULL;
	} else if (p->rows != NULL && p->layout == b->layout) {
		batch_clear(b);
		batch_narrow(b);
		return 0;
	}
	if (p->rows == NULL)
		p->rows = csv_rows_new(plan);
	batch_reset(b);
	p->layout = 0;
	if (csv_rows_bind(p->rows, b, line, err) < 0)
		return -1;
	p->layout = b->layout;
	return 0;
}

int
csv_read(struct csv_piece *p, struct batch *b, struct csv_bad *bad, struct err *err)
{
	int rc;

	if (p->plan == NULL)
		return 0;
	rc = start(p, p->plan, b, p->lines.line, err);
	if (rc == 0)
		rc = csv_rows_read(p->rows, b, &p->lines, bad, err);
	batch_close(b);
	csv_plan_release(p->plan);
	p->plan = NULL;
	return rc;
}

/* As many lines as csv_take takes, but little by little: they are read as records while they are near. */
static int
next(struct csv_reader *r, struct batch *b, struct csv_bad *bad, struct err *err)
{
	struct csv_want want = {
		.records = most_records(r->plan), .octets = PIECE_OCTETS, .near = true
	};
	struct csv_piece *p = r->own;
	int rc = start(p, r->plan, b, r->in.line, err) < 0 ? -1 : 1;

	while (rc > 0) {
		rc = take(r, p, &want, err);
		if (rc <= 0)
			break;
		if (csv_rows_read(p->rows, b, &p->lines, bad, err) < 0)
			rc = -1;
		if (p->records >= want.records || p->lines.end - p->lines.pos >= want.octets)
			break;
		want.records -= p->records;
		want.octets -= p->lines.end - p->lines.pos;
		want.pause = true;
	}
	batch_close(b);
	return want.pause && rc == 0 ? 1 : rc;
}

int
csv_next(struct csv_reader *r, struct batch *b, struct csv_bad *bad, struct err *err)
{
	int rc;

	if (r->own == NULL)
		r->own = csv_piece_new();
	batch_clear(b);
	if (r->plan == NULL) {
		rc = read_header(r, err);
		if (rc <= 0)
			return rc;
	}
	do {
		rc = next(r, b, bad, err);
	} while (rc > 0 && b->n == 0);
	return rc;
}
