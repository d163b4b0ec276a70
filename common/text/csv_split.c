#include "text/csv_split.h"

#include <csv.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum {
	LINE_MAX_OCTETS = 1 << 20,
	BUFFER = 256 * 1024,
	WAIT_MS = 200, /* a pipe that pauses: hand out what is there */
};

/* Octets ------------------------------------------------------------------------------------- */

enum fill { FILL_DATA, FILL_END, FILL_PAUSE, FILL_FAILED };

/* More octets behind `end`; a pause of the writer is reported only when asked for. */
static enum fill
fill(struct csv_split *r, bool may_pause, struct err *err)
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

/*
 * The line that begins `from` octets behind pos: *len counts its octets and its line end (the last
 * line of a file may have none).
 */
static enum csv_got
find_line(struct csv_split *r, size_t from, bool may_pause, size_t *len, struct err *err)
{
	size_t scanned = from;

	for (;;) {
		const char *nl = NULL;

		if (r->end - r->pos > scanned)
			nl = memchr(r->buf + r->pos + scanned, '\n', r->end - r->pos - scanned);
		if (nl != NULL) {
			*len = (size_t)(nl + 1 - (r->buf + r->pos)) - from;
			return from + *len > LINE_MAX_OCTETS ? CSV_GOT_LONG : CSV_GOT_LINE;
		}
		scanned = r->end - r->pos;
		if (scanned > LINE_MAX_OCTETS)
			return CSV_GOT_LONG;
		switch (fill(r, may_pause && scanned == 0, err)) {
		case FILL_DATA: break;
		case FILL_PAUSE: return CSV_GOT_PAUSE;
		case FILL_FAILED: return CSV_GOT_FAILED;
		case FILL_END:
			*len = r->end - r->pos - from;
			return *len > 0 ? CSV_GOT_LINE : CSV_GOT_END;
		}
	}
}

/* Leave the line at pos behind, however long it is. */
static int
skip_line(struct csv_split *r, struct err *err)
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
add_span(struct csv_split *r)
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
split(struct csv_split *r, const char *p, size_t n)
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
	struct csv_split *r = ctx;
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
	struct csv_split *r = ctx;

	(void)c;
	r->whole = true;
}

static void
lib_start(struct csv_split *r)
{
	(void)csv_init(r->lib, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL);
	csv_set_delim(r->lib, (unsigned char)r->delimiter);
}

/* Put libcsv back to the start of a record. */
static void
lib_restart(struct csv_split *r)
{
	csv_free(r->lib);
	lib_start(r);
}

/*
 * The record at pos, whose first line of `len` octets holds a quote, through libcsv.  NULL, with
 * *len and *lines grown to the whole of it, or why it is none; then *len is still the first line.
 */
static const char *
split_quoted(struct csv_split *r, size_t *len, uint64_t *lines, struct err *err)
{
	size_t done = 0, piece = *len, at = 0;
	enum csv_got got;

	r->n_span = 0;
	r->unquoted.len = 0;
	r->whole = r->broken = false;
	for (;;) {
		const char *p = r->buf + r->pos + done;
		bool last = p[piece - 1] != '\n';

		if (csv_parse(r->lib, p, piece, on_field, on_record, r) != piece || r->broken) {
			lib_restart(r);
			return "a quote within a field, or text behind a closing quote";
		}
		done += piece;
		++*lines;
		if (last && !r->whole && csv_fini(r->lib, on_field, on_record, r) != 0) {
			lib_restart(r);
			return "no closing quote";
		}
		if (r->whole)
			break;
		got = last ? CSV_GOT_END : find_line(r, done, false, &piece, err);
		if (got != CSV_GOT_LINE) {
			lib_restart(r);
			return got == CSV_GOT_LONG ? "no closing quote within 1 MiB"
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

enum csv_got
csv_split_next(
    struct csv_split *r, bool may_pause, uint64_t *first, const char **why, struct err *err)
{
	size_t len, n;
	uint64_t lines = 0;
	const char *p;
	enum csv_got got;

	*why = NULL;
	for (;;) {
		got = find_line(r, 0, may_pause, &len, err);
		*first = r->line;
		if (got == CSV_GOT_LONG) {
			*why = "a line longer than 1 MiB";
			return skip_line(r, err) < 0 ? CSV_GOT_FAILED : CSV_GOT_LINE;
		}
		if (got != CSV_GOT_LINE)
			return got;
		p = r->buf + r->pos;
		n = len;
		n -= n > 0 && p[n - 1] == '\n';
		n -= n > 0 && p[n - 1] == '\r';
		if (n > 0 || r->keep_empty)
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
	return CSV_GOT_LINE;
}

/* Making ------------------------------------------------------------------------------------- */

void
csv_split_open(struct csv_split *r, int fd, char delimiter, const void *head, size_t head_len)
{
	*r = (struct csv_split){ .fd = fd, .stop_fd = -1, .delimiter = delimiter, .line = 1 };
	r->cap = head_len > BUFFER ? head_len : BUFFER;
	r->buf = mem_alloc(r->cap);
	if (head_len > 0)
		memcpy(r->buf, head, head_len);
	r->end = head_len;
	r->lib = mem_zero(1, sizeof(*r->lib));
	lib_start(r);
}

void
csv_split_close(struct csv_split *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	csv_free(r->lib);
	mem_free(r->lib);
	mem_free(r->span);
	mem_free(r->buf);
	buf_free(&r->unquoted);
}

int
csv_split_mark(struct csv_split *r, struct err *err)
{
	while (r->end - r->pos < 3 && fill(r, false, err) == FILL_DATA)
		continue;
	if (err->status != 0)
		return -1;
	if (r->end - r->pos >= 3 && memcmp(r->buf + r->pos, "\xef\xbb\xbf", 3) == 0)
		r->pos += 3;
	if (r->end - r->pos >= 2 && (memcmp(r->buf + r->pos, "\xff\xfe", 2) == 0 ||
					memcmp(r->buf + r->pos, "\xfe\xff", 2) == 0))
		return err_set(err, "line 1: UTF-16: only UTF-8 is read");
	return 0;
}
