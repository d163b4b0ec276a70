/*
 * csv_in.c - csv and tsv as records.
 *
 * Lines without a quote are split here; libcsv takes every record that holds one (RFC 4180: quoted
 * delimiters, doubled quotes, line ends within quotes).  A record is parsed as a whole before it
 * counts, so a bad line leaves nothing behind.  Reading goes on behind the first line of a bad record:
 * a stray quote must not swallow the rest of the file.
 */
#include <csv.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "text/csv_cell.h"
#include "text/escape.h"
#include "text/text.h"

enum {
	TILE = 256, /* records parsed before they are moved to the batch */
	LINE_MAX_OCTETS = 1 << 20,
	BUFFER = 256 * 1024,
	WAIT_MS = 200, /* a pipe that pauses: hand out what is there */
	SHOWN = 40, /* octets of a bad cell in messages */
};

struct in_column {
	struct csv_name name;
	int at; /* column of the batch, -1 not yet */
	unsigned scale; /* finest precision of the tile */
	unsigned n; /* values in the tile */
};

struct csv_reader {
	int fd, stop_fd;
	char delimiter;
	bool eof, started;

	char *buf; /* octets pos..end are not read yet */
	size_t pos, end, cap;
	uint64_t line; /* number of the line at pos */

	struct in_column *col;
	unsigned n_col; /* of the file */
	unsigned n_all; /* with one made from a duration */
	int start, stop, duration; /* columns that complete each other, -1 none */

	struct csv_value *value; /* TILE rows of n_all */
	unsigned rows;
	struct buf octets; /* of the tile's strings */
	struct batch *last;

	/* The record at hand. */
	struct csv_span *span;
	unsigned n_span, cap_span;
	struct csv_parser lib;
	struct buf unquoted; /* libcsv's fields; spans hold offsets until the record is whole */
	bool whole, broken;
};

struct csv_reader *
csv_open(int fd, char delimiter, const void *head, size_t head_len)
{
	struct csv_reader *r = mem_zero(1, sizeof(*r));

	r->fd = fd;
	r->stop_fd = -1;
	r->delimiter = delimiter;
	r->line = 1;
	r->cap = head_len > BUFFER ? head_len : BUFFER;
	r->buf = mem_alloc(r->cap);
	if (head_len > 0)
		memcpy(r->buf, head, head_len);
	r->end = head_len;
	(void)csv_init(&r->lib, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL);
	csv_set_delim(&r->lib, (unsigned char)delimiter);
	return r;
}

void
csv_stop_at(struct csv_reader *r, int stop_fd)
{
	r->stop_fd = stop_fd;
}

void
csv_close(struct csv_reader *r)
{
	if (r == NULL)
		return;
	if (r->fd >= 0)
		(void)close(r->fd);
	csv_free(&r->lib);
	mem_free(r->col);
	mem_free(r->value);
	mem_free(r->span);
	mem_free(r->buf);
	buf_free(&r->octets);
	buf_free(&r->unquoted);
	mem_free(r);
}

/* Octets ------------------------------------------------------------------------------------- */

enum fill { FILL_DATA, FILL_END, FILL_PAUSE, FILL_FAILED };

/* More octets behind `end`; a pause of the writer is reported only when asked for. */
static enum fill
fill(struct csv_reader *r, bool may_pause, struct err *err)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	ssize_t n;

	if (r->eof || r->fd < 0)
		return FILL_END;
	if (r->pos > 0) {
		memmove(r->buf, r->buf + r->pos, r->end - r->pos);
		r->end -= r->pos;
		r->pos = 0;
	}
	if (r->end == r->cap) {
		r->cap *= 2;
		r->buf = mem_resize(r->buf, r->cap, 1);
	}
	if (may_pause && poll(&p, 1, WAIT_MS) == 0)
		return FILL_PAUSE;
	n = file_read_some(r->fd, r->stop_fd, r->buf + r->end, r->cap - r->end);
	if (n < 0) {
		(void)err_set(
		    err, "line %llu: read: %s", (unsigned long long)r->line, strerror(errno));
		return FILL_FAILED;
	}
	r->eof = n == 0;
	r->end += (size_t)n;
	return n == 0 ? FILL_END : FILL_DATA;
}

enum got { GOT_LINE, GOT_END, GOT_PAUSE, GOT_FAILED, GOT_LONG };

/*
 * The line that begins `from` octets behind pos: *len counts its octets and its line end (the last
 * line of a file may have none).
 */
static enum got
find_line(struct csv_reader *r, size_t from, bool may_pause, size_t *len, struct err *err)
{
	size_t scanned = from;

	for (;;) {
		const char *nl = NULL;

		if (r->end - r->pos > scanned)
			nl = memchr(r->buf + r->pos + scanned, '\n', r->end - r->pos - scanned);
		if (nl != NULL) {
			*len = (size_t)(nl + 1 - (r->buf + r->pos)) - from;
			return from + *len > LINE_MAX_OCTETS ? GOT_LONG : GOT_LINE;
		}
		scanned = r->end - r->pos;
		if (scanned > LINE_MAX_OCTETS)
			return GOT_LONG;
		switch (fill(r, may_pause && scanned == 0, err)) {
		case FILL_DATA: break;
		case FILL_PAUSE: return GOT_PAUSE;
		case FILL_FAILED: return GOT_FAILED;
		case FILL_END: *len = r->end - r->pos - from; return *len > 0 ? GOT_LINE : GOT_END;
		}
	}
}

/* Leave the line at pos behind, however long it is. */
static int
skip_line(struct csv_reader *r, struct err *err)
{
	r->line++;
	for (;;) {
		char *nl = memchr(r->buf + r->pos, '\n', r->end - r->pos);

		if (nl != NULL) {
			r->pos = (size_t)(nl + 1 - r->buf);
			return 0;
		}
		r->pos = r->end;
		switch (fill(r, false, err)) {
		case FILL_FAILED: return -1;
		case FILL_END: return 0;
		default: break;
		}
	}
}

/* Records ------------------------------------------------------------------------------------ */

static struct csv_span *
add_span(struct csv_reader *r)
{
	if (r->n_span == r->cap_span) {
		r->cap_span = r->cap_span ? r->cap_span * 2 : 64;
		r->span = mem_resize(r->span, r->cap_span, sizeof(*r->span));
	}
	return &r->span[r->n_span++];
}

static void
trim(struct csv_span *s)
{
	while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t')) {
		s->p++;
		s->n--;
	}
	while (s->n > 0 && (s->p[s->n - 1] == ' ' || s->p[s->n - 1] == '\t'))
		s->n--;
}

/* A line without quotes (or of tsv, where a quote is a character). */
static void
split(struct csv_reader *r, const char *p, size_t n)
{
	const char *end = p + n;

	r->n_span = 0;
	for (;;) {
		const char *q = p;
		struct csv_span *s = add_span(r);

		while (q < end && *q != r->delimiter)
			q++;
		*s = (struct csv_span){ .p = p, .n = (size_t)(q - p) };
		if (r->delimiter != '\t')
			trim(s);
		if (q == end)
			return;
		p = q + 1;
	}
}

static void
on_field(void *p, size_t n, void *ctx)
{
	struct csv_reader *r = ctx;
	struct csv_span *s;

	if (r->whole) { /* a carriage return within the line made two of it */
		r->broken = true;
		return;
	}
	s = add_span(r);
	*s = (struct csv_span){ .n = n, .quoted = p != NULL };
	if (n > 0)
		buf_put(&r->unquoted, p, n);
}

static void
on_record(int c, void *ctx)
{
	struct csv_reader *r = ctx;

	(void)c;
	r->whole = true;
}

/* Put libcsv back to the start of a record. */
static void
lib_restart(struct csv_reader *r)
{
	csv_free(&r->lib);
	(void)csv_init(&r->lib, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL);
	csv_set_delim(&r->lib, (unsigned char)r->delimiter);
}

/*
 * The record at pos, whose first line of `len` octets holds a quote, through libcsv.  NULL, with
 * *len and *lines grown to the whole of it, or why it is none; then *len is still the first line.
 */
static const char *
split_quoted(struct csv_reader *r, size_t *len, uint64_t *lines, struct err *err)
{
	size_t done = 0, piece = *len, at = 0;
	enum got got;

	r->n_span = 0;
	r->unquoted.len = 0;
	r->whole = r->broken = false;
	for (;;) {
		const char *p = r->buf + r->pos + done;
		bool last = p[piece - 1] != '\n';

		if (csv_parse(&r->lib, p, piece, on_field, on_record, r) != piece || r->broken) {
			lib_restart(r);
			return "a quote within a field, or text behind a closing quote";
		}
		done += piece;
		++*lines;
		if (last && !r->whole && csv_fini(&r->lib, on_field, on_record, r) != 0) {
			lib_restart(r);
			return "no closing quote";
		}
		if (r->whole)
			break;
		got = last ? GOT_END : find_line(r, done, false, &piece, err);
		if (got != GOT_LINE) {
			lib_restart(r);
			return got == GOT_LONG ? "no closing quote within 1 MiB"
					       : "no closing quote";
		}
	}
	*len = done;
	for (unsigned i = 0; i < r->n_span; i++) {
		r->span[i].p = r->unquoted.data + at;
		at += r->span[i].n;
	}
	return NULL;
}

/*
 * Split the next record that is not an empty line.  *why: it is none, and pos is behind its first line.
 * *first is the number of its first line.
 */
static enum got
next_record(
    struct csv_reader *r, bool may_pause, uint64_t *first, const char **why, struct err *err)
{
	size_t len, n;
	uint64_t lines = 0;
	const char *p;
	enum got got;

	*why = NULL;
	for (;;) {
		got = find_line(r, 0, may_pause, &len, err);
		*first = r->line;
		if (got == GOT_LONG) {
			*why = "a line longer than 1 MiB";
			return skip_line(r, err) < 0 ? GOT_FAILED : GOT_LINE;
		}
		if (got != GOT_LINE)
			return got;
		p = r->buf + r->pos;
		n = len;
		n -= n > 0 && p[n - 1] == '\n';
		n -= n > 0 && p[n - 1] == '\r';
		if (n > 0 || (r->started && r->n_col == 1))
			break;
		r->pos += len;
		r->line++;
	}
	if (r->delimiter != '\t' && memchr(p, '"', n) != NULL) {
		*why = split_quoted(r, &len, &lines, err);
		if (*why != NULL)
			lines = 1;
	} else {
		split(r, p, n);
		lines = 1;
	}
	r->pos += len;
	r->line += lines;
	return GOT_LINE;
}

/* Header ------------------------------------------------------------------------------------- */

/* A first line of values: somebody cut the names off. */
static bool
looks_like_value(const struct csv_span *s)
{
	struct addr a;
	double d;

	return parse_double(s->p, s->n, &d) || parse_ip(s->p, s->n, &a);
}

static int
check_twice(const struct csv_reader *r, unsigned i, struct err *err)
{
	const struct csv_name *name = &r->col[i].name;

	for (unsigned k = 0; k < i; k++)
		if (r->col[k].name.role == name->role && name->role != CSV_DERIVED &&
		    (name->role == CSV_DURATION || field_id_equal(&r->col[k].name.id, &name->id)))
			return err_set(err, "line %llu: columns %u and %u are the same field",
			    (unsigned long long)r->line - 1, k + 1, i + 1);
	return 0;
}

static bool
is_own(const struct csv_name *name, enum own own)
{
	struct field_id id = field_own(own);

	return name->role == CSV_VALUE && name->type == TYPE_TIME && field_id_equal(&name->id, &id);
}

/* What a duration beside one of start and end makes: the other; alone, flowDurationMicroseconds. */
static void
add_made(struct csv_reader *r)
{
	struct in_column *c = &r->col[r->n_col];

	r->start = r->stop = r->duration = -1;
	for (unsigned i = 0; i < r->n_col; i++) {
		if (r->col[i].name.role == CSV_DURATION)
			r->duration = (int)i;
		else if (is_own(&r->col[i].name, OWN_START))
			r->start = (int)i;
		else if (is_own(&r->col[i].name, OWN_END))
			r->stop = (int)i;
	}
	r->n_all = r->n_col;
	if (r->duration < 0 || (r->start >= 0 && r->stop >= 0))
		return;
	c->name.type = TYPE_TIME;
	c->name.width = 8;
	if (r->start >= 0) {
		c->name.id = field_own(OWN_END);
		r->stop = (int)r->n_col;
	} else if (r->stop >= 0) {
		c->name.id = field_own(OWN_START);
		r->start = (int)r->n_col;
	} else {
		c->name.id = field_iana(162);
		c->name.type = TYPE_UINT;
	}
	r->n_all++;
}

/* One name of the header. */
static int
take_name(struct csv_reader *r, unsigned i, uint64_t line, struct err *err)
{
	struct csv_name *name = &r->col[i].name;
	struct buf text = { 0 };
	struct err why = { 0 };
	int rc = 0;

	text.len = unescape_csv(
	    buf_room(&text, r->span[i].n + 1), r->span[i].p, r->span[i].n, r->delimiter);
	if (csv_name_parse(name, text.data, text.len, &why) < 0)
		rc = err_set(
		    err, "line %llu, column %u: %s", (unsigned long long)line, i + 1, why.text);
	else if (name->id.pen == PEN_NAMED && looks_like_value(&r->span[i]))
		rc = err_set(err,
		    "line %llu: '%.*s' is no name: the first line must name the columns",
		    (unsigned long long)line, text.len > SHOWN ? SHOWN : (int)text.len, text.data);
	buf_free(&text);
	return rc;
}

static int
take_header(struct csv_reader *r, uint64_t line, struct err *err)
{
	if (r->n_span > BATCH_COLUMNS_MAX)
		return err_set(err, "line %llu: %u columns; at most %d are allowed",
		    (unsigned long long)line, r->n_span, (int)BATCH_COLUMNS_MAX);
	r->col = mem_zero(r->n_span + 1, sizeof(*r->col));
	for (unsigned i = 0; i < r->n_span; i++) {
		if (take_name(r, i, line, err) < 0)
			return -1;
		r->n_col = i + 1;
		if (check_twice(r, i, err) < 0)
			return -1;
	}
	add_made(r);
	r->value = mem_zero((size_t)TILE * r->n_all, sizeof(*r->value));
	return 0;
}

static void
skip_bom(struct csv_reader *r, struct err *err)
{
	while (r->end - r->pos < 3 && fill(r, false, err) == FILL_DATA)
		continue;
	if (r->end - r->pos >= 3 && memcmp(r->buf + r->pos, "\xef\xbb\xbf", 3) == 0)
		r->pos += 3;
}

/* 1 done, 0 there is none (an empty input), -1 err. */
static int
read_header(struct csv_reader *r, struct err *err)
{
	const char *why;
	uint64_t line;

	skip_bom(r, err);
	if (err->status != 0)
		return -1;
	if (r->end - r->pos >= 2 && (memcmp(r->buf + r->pos, "\xff\xfe", 2) == 0 ||
					memcmp(r->buf + r->pos, "\xfe\xff", 2) == 0))
		return err_set(err, "line 1: UTF-16: only UTF-8 is read");
	switch (next_record(r, false, &line, &why, err)) {
	case GOT_LINE: break;
	case GOT_END: return 0;
	default: return -1;
	}
	if (why != NULL)
		return err_set(err, "line %llu: %s", (unsigned long long)line, why);
	r->started = true;
	return take_header(r, line, err) < 0 ? -1 : 1;
}

/* Rows --------------------------------------------------------------------------------------- */

static struct csv_value *
cell_of(struct csv_reader *r, unsigned row, unsigned col)
{
	return &r->value[(size_t)row * r->n_all + col];
}

/* A start and a duration make an end, and the other way round. */
static bool
complete_times(struct csv_reader *r)
{
	struct csv_value *row = cell_of(r, r->rows, 0), *d = &row[r->duration], *s, *e;
	unsigned scale = r->col[r->duration].scale;

	if (r->n_all > r->n_col)
		row[r->n_col].present = false;
	if (!d->present)
		return true;
	if (r->start < 0 || r->stop < 0) {
		row[r->n_col].present = d->i >= 0;
		row[r->n_col].u = (uint64_t)d->i / 1000;
		return true;
	}
	s = &row[r->start];
	e = &row[r->stop];
	if (s->present == e->present)
		return true;
	if (s->present) {
		e->present = true;
		r->col[r->stop].scale =
		    scale < r->col[r->start].scale ? scale : r->col[r->start].scale;
		return !__builtin_add_overflow(s->i, d->i, &e->i);
	}
	s->present = true;
	r->col[r->start].scale = scale < r->col[r->stop].scale ? scale : r->col[r->stop].scale;
	return !__builtin_sub_overflow(e->i, d->i, &s->i);
}

/* The split record as the next row of the tile.  false: why, and nothing counts. */
static bool
parse_row(struct csv_reader *r, struct buf *why)
{
	size_t octets = r->octets.len;

	if (r->n_span != r->n_col) {
		buf_printf(why, "%u fields instead of %u", r->n_span, r->n_col);
		return false;
	}
	for (unsigned i = 0; i < r->n_col; i++) {
		struct in_column *c = &r->col[i];
		const struct csv_span *s = &r->span[i];
		const char *wrong;

		if (c->name.role == CSV_DERIVED)
			continue;
		wrong = csv_cell_parse(
		    cell_of(r, r->rows, i), &c->name, s, r->delimiter, &r->octets, &c->scale);
		if (wrong == NULL)
			continue;
		buf_printf(why, "column %u: '", i + 1);
		buf_put(why, s->p, s->n > SHOWN ? SHOWN : s->n);
		buf_printf(why, "%s' %s", s->n > SHOWN ? "..." : "", wrong);
		r->octets.len = octets;
		return false;
	}
	if (r->duration >= 0 && !complete_times(r)) {
		buf_puts(why, "a start or end beyond what 64 bits of nanoseconds hold");
		r->octets.len = octets;
		return false;
	}
	return true;
}

static void
put_value(struct batch *b, const struct in_column *c, size_t rec, const struct csv_value *v,
    const char *octets)
{
	unsigned at = (unsigned)c->at;

	switch (c->name.type) {
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: batch_put_double(b, at, rec, v->f); break;
	case TYPE_IP: batch_put_ip(b, at, rec, &v->ip); break;
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST: batch_put_octets(b, at, rec, octets + v->s.off, v->s.n); break;
	default: batch_put_uint(b, at, rec, v->u); break;
	}
}

/* Addresses start 4 wide and are widened by the first IPv6 one. */
static unsigned
first_width(const struct csv_name *name)
{
	return name->type == TYPE_IP ? 4 : name->width;
}

/* Move the tile's rows to the batch, column by column. */
static int
flush_rows(struct csv_reader *r, struct batch *b, struct err *err)
{
	size_t first;

	for (unsigned i = 0; i < r->n_all; i++) {
		struct in_column *c = &r->col[i];

		c->n = 0;
		if (c->name.role != CSV_VALUE)
			continue;
		for (unsigned row = 0; row < r->rows; row++)
			c->n += cell_of(r, row, i)->present;
		if (c->n == 0 || c->at >= 0)
			continue;
		c->at = batch_column(b, &c->name.id, c->name.type, first_width(&c->name), 0);
		if (c->at < 0)
			return err_set(
			    err, "line %llu: too many columns", (unsigned long long)r->line);
	}
	first = batch_extend(b, r->rows);
	for (unsigned i = 0; i < r->n_all; i++) {
		struct in_column *c = &r->col[i];

		for (unsigned row = 0; c->n > 0 && row < r->rows; row++) {
			const struct csv_value *v = cell_of(r, row, i);

			if (v->present)
				put_value(b, c, first + row, v, r->octets.data);
		}
		if (c->n > 0 && (c->name.type == TYPE_TIME || c->name.type == TYPE_DURATION))
			batch_precision(b, (unsigned)c->at, c->scale);
		c->scale = UINT8_MAX;
	}
	r->rows = 0;
	r->octets.len = 0;
	return 0;
}

/* Count a bad line, or fail on it. */
static int
bad_line(struct csv_bad *bad, uint64_t line, struct buf *why, struct err *err)
{
	if (bad == NULL || !bad->skip)
		return err_set(err, "line %llu: %s", (unsigned long long)line, buf_cstr(why));
	if (bad->lines++ == 0) {
		bad->first_line = line;
		(void)snprintf(bad->reason, sizeof(bad->reason), "%s", buf_cstr(why));
	}
	return 0;
}

/* Rows until the batch is full, the input pauses or ends.  0, or -1 with what was good flushed. */
static int
read_rows(struct csv_reader *r, struct batch *b, struct csv_bad *bad, struct err *err)
{
	struct buf why = { 0 };
	int rc = 0;

	while (rc == 0 && b->n + r->rows < BATCH_RECORDS && batch_octets(b) < BATCH_OCTETS) {
		uint64_t line;
		const char *reason;
		enum got got = next_record(r, b->n + r->rows > 0, &line, &reason, err);

		if (got == GOT_FAILED)
			rc = -1;
		if (got != GOT_LINE)
			break;
		why.len = 0;
		if (reason != NULL)
			buf_puts(&why, reason);
		if (reason != NULL || !parse_row(r, &why))
			rc = bad_line(bad, line, &why, err);
		else if (++r->rows == TILE || r->octets.len > LINE_MAX_OCTETS)
			rc = flush_rows(r, b, err);
	}
	buf_free(&why);
	if (r->rows > 0 && flush_rows(r, b, err) < 0)
		rc = -1;
	return rc;
}

int
csv_next(struct csv_reader *r, struct batch *b, struct csv_bad *bad, struct err *err)
{
	int rc;

	if (r->last == b)
		batch_clear(b);
	else
		batch_reset(b);
	r->last = b;
	if (!r->started) {
		rc = read_header(r, err);
		if (rc <= 0)
			return rc;
	}
	for (unsigned i = 0; i < r->n_all; i++) {
		r->col[i].at = -1;
		r->col[i].scale = UINT8_MAX;
	}
	rc = read_rows(r, b, bad, err);
	batch_close(b);
	return rc < 0 ? -1 : b->n > 0;
}
