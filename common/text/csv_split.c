#include "text/csv_split.h"

#include <csv.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clones.h"
#include "base/file.h"
#include "base/mem.h"

enum {
	LINE_MAX_OCTETS = 1 << 20,
	LONG_OCTETS = LINE_MAX_OCTETS + 2, /* of a line that is longer, with its end */
	READ = 128 * 1024, /* at once: it is looked at while it is near */
	STRETCH = 8192, /* octets whose line ends are counted at once */
	WAIT_MS = 200, /* a pipe that pauses: hand out what is there */
};

/* Octets ------------------------------------------------------------------------------------- */

enum fill { FILL_DATA, FILL_END, FILL_PAUSE, FILL_FAILED };

static void
grow(struct csv_split *r, size_t cap)
{
	r->cap = cap;
	r->buf = mem_resize(r->buf, cap + CSV_BEHIND, 1);
}

/* More octets behind `end`; a pause of the writer is reported only when asked for. */
static enum fill
fill(struct csv_split *r, bool may_pause, struct err *err)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	ssize_t n;

	if (r->eof || r->fd < 0)
		return FILL_END;
	if (r->pos == r->end)
		r->pos = r->end = CSV_FRONT;
	if (r->cap - r->end < READ)
		grow(r, r->cap * 2);
	if (may_pause && poll(&p, 1, WAIT_MS) == 0)
		return FILL_PAUSE;
	n = file_read_some(r->fd, r->stop_fd, r->buf + r->end, READ);
	if (n < 0) {
		(void)err_system(err, "line %llu: read", (unsigned long long)r->line);
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
find_line(struct csv_split *r, size_t from, size_t *len, struct err *err)
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
		switch (fill(r, false, err)) {
		case FILL_FAILED: return CSV_GOT_FAILED;
		case FILL_END:
			*len = r->end - r->pos - from;
			return *len > 0 ? CSV_GOT_LINE : CSV_GOT_END;
		default: break;
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

void
csv_span_trim(struct csv_span *s)
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
			csv_span_trim(s);
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
	const char *text;
	enum csv_got got;

	r->n_span = 0;
	r->unquoted.len = 0;
	r->whole = r->broken = false;
	for (;;) {
		const char *p = r->buf + r->pos + done;
		bool last = p[piece - 1] != '\n';

		if (csv_parse(r->lib, p, piece, on_field, on_record, r) != piece || r->broken) {
			lib_restart(r);
			if (r->broken)
				return "a carriage return within the line, outside quotes";
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
		got = last ? CSV_GOT_END : find_line(r, done, &piece, err);
		if (got != CSV_GOT_LINE) {
			lib_restart(r);
			return got == CSV_GOT_LONG ? "no closing quote within 1 MiB"
						   : "no closing quote";
		}
	}
	*len = done;
	/* Cells without an octet need no memory. */
	text = r->unquoted.data != NULL ? r->unquoted.data : "";
	for (unsigned i = 0; i < r->n_span; i++) {
		r->span[i].p = text + at;
		at += r->span[i].n;
	}
	return NULL;
}

enum csv_got
csv_split_next(struct csv_split *r, uint64_t *first, const char **why, struct err *err)
{
	size_t len, n;
	uint64_t lines = 0;
	const char *p;
	enum csv_got got;

	*why = NULL;
	for (;;) {
		got = find_line(r, 0, &len, err);
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

/* Cutting ------------------------------------------------------------------------------------ */

/* Of so many octets: line ends, and is there a quote?  Counted in lanes, which are added up before they overflow. */
CLONES static size_t
count_lines(const char *p, size_t n, bool *quote)
{
	enum { LANES = 32 };
	uint8_t quotes[LANES] = { 0 };
	size_t lines = 0;

	*quote = false;
	while (n >= LANES) {
		size_t rounds = n / LANES < UINT8_MAX ? n / LANES : UINT8_MAX;
		uint8_t count[LANES] = { 0 };

		for (size_t i = 0; i < rounds; i++) {
			for (unsigned k = 0; k < LANES; k++) {
				count[k] = (uint8_t)(count[k] + (p[i * LANES + k] == '\n'));
				quotes[k] |= p[i * LANES + k] == '"';
			}
		}
		for (unsigned k = 0; k < LANES; k++)
			lines += count[k];
		p += rounds * LANES;
		n -= rounds * LANES;
	}
	for (size_t i = 0; i < n; i++) {
		lines += p[i] == '\n';
		*quote |= p[i] == '"';
	}
	for (unsigned k = 0; k < LANES; k++)
		*quote |= quotes[k] != 0;
	return lines;
}

static size_t
count_quotes(const char *p, size_t n)
{
	size_t quotes = 0;

	for (size_t i = 0; i < n; i++)
		quotes += p[i] == '"';
	return quotes;
}

/* How far the search for records is. */
struct cut {
	size_t from; /* records begin */
	size_t at; /* whole records end */
	size_t seen; /* octets up to here have been looked at, for line ends behind `at` */
	/* a record that was none was judged by octets up to here: they are one piece */
	size_t past;
	bool doubtful; /* there may be quotes between at and seen */
	bool quotes; /* there may be some at all */
	size_t records;
	uint64_t lines;
};

/*
 * One record that begins at c->at, with quotes perhaps.  A line with an even number of them is one, good or bad; what
 * an odd number means depends on where they are.  false: its end has not been read.
 */
static bool
cut_record(struct csv_split *r, struct cut *c, struct err *err)
{
	const char *nl = memchr(r->buf + c->seen, '\n', r->end - c->seen);
	uint64_t lines = 0;
	size_t len;

	if (nl == NULL) {
		c->seen = r->end;
		c->doubtful = true;
		return false;
	}
	len = (size_t)(nl + 1 - r->buf) - c->at;
	if (r->delimiter == '\t' || count_quotes(r->buf + c->at, len) % 2 == 0) {
		lines = 1;
	} else {
		r->pos = c->at;
		if (len > LINE_MAX_OCTETS || split_quoted(r, &len, &lines, err) != NULL) {
			c->past = r->end;
			lines = 1;
		}
		r->pos = c->from;
	}
	c->at += len;
	c->seen = c->at;
	c->doubtful = false;
	c->records++;
	c->lines += lines;
	return true;
}

/* As many records as there are, up to `most`; false: more octets are needed. */
static bool
cut_records(struct csv_split *r, struct cut *c, size_t most, struct err *err)
{
	while (c->records < most || c->at < c->past) {
		size_t some = r->end - c->seen < STRETCH ? r->end - c->seen : STRETCH, lines;
		const char *last;
		bool quote;

		if (some == 0)
			return false;
		lines = count_lines(r->buf + c->seen, some, &quote);
		c->quotes |= quote && r->delimiter != '\t';
		if (c->records + lines > most ||
		    (r->delimiter != '\t' && (quote || (lines > 0 && c->doubtful)))) {
			if (!cut_record(r, c, err))
				return false;
			continue;
		}
		last = lines == 0 ? NULL : memrchr(r->buf + c->seen, '\n', some);
		c->seen += some;
		c->records += lines;
		c->lines += lines;
		if (last != NULL)
			c->at = (size_t)(last + 1 - r->buf);
	}
	return true;
}

/* Of a line whose end is not in sight only so much is kept as shows that it is too long. */
static int
cut_long(struct csv_split *r, struct cut *c, struct err *err)
{
	const size_t keep = c->at + LONG_OCTETS;
	const char *nl = NULL;
	enum fill got = FILL_DATA;

	while (nl == NULL && got == FILL_DATA) {
		r->end = keep;
		got = fill(r, false, err);
		nl = memchr(r->buf + keep, '\n', r->end - keep);
	}
	if (nl != NULL) {
		size_t rest = (size_t)(r->buf + r->end - (nl + 1));

		memmove(r->buf + keep, nl + 1, rest);
		r->end = keep + rest;
	}
	c->at = keep;
	c->records++;
	c->lines++;
	return got == FILL_FAILED ? -1 : 0;
}

/* Read on until there is enough. */
static enum fill
cut_on(struct csv_split *r, struct cut *c, const struct csv_want *want, struct err *err)
{
	const uint64_t line = r->line;
	enum fill got = FILL_DATA;

	while (got == FILL_DATA && !cut_records(r, c, want->records, err)) {
		bool some = c->at > c->from && c->at >= c->past;

		r->line = line + c->lines;
		if (some &&
		    (want->near || c->at - c->from >= want->octets || r->end - c->at > LONG_OCTETS))
			break; /* a long line begins the next piece */
		if (c->at == c->from && r->end - c->at > LONG_OCTETS) {
			got = cut_long(r, c, err) < 0 ? FILL_FAILED : FILL_PAUSE;
			break;
		}
		got = fill(r, some || (want->pause && c->from == r->end), err);
	}
	r->line = line + c->lines;
	return got;
}

enum csv_got
csv_split_cut(
    struct csv_split *r, const struct csv_want *want, struct csv_cut *piece, struct err *err)
{
	struct cut c = { 0 };
	enum fill got;

	if (r->pos == r->end)
		r->pos = r->end = CSV_FRONT;
	c.from = c.at = c.seen = r->pos;
	got = cut_on(r, &c, want, err);
	if (got == FILL_END && c.at < r->end) {
		c.at = r->end; /* the last line of a file may have no end */
		c.records++;
		r->line++;
	}
	*piece = (struct csv_cut){ .end = c.at, .records = c.records, .quotes = c.quotes };
	if (c.at > c.from)
		return CSV_GOT_LINE;
	return got == FILL_FAILED  ? CSV_GOT_FAILED
	       : got == FILL_PAUSE ? CSV_GOT_PAUSE
				   : CSV_GOT_END;
}

/* What was needed for one piece the next one will need: a buffer that grows little by little is copied as often. */
char *
csv_split_swap(struct csv_split *r, size_t cut, char *other, size_t *cap)
{
	char *taken = r->buf;
	size_t taken_cap = r->cap, rest = r->end - cut, want = CSV_FRONT + rest + READ;

	want = want > taken_cap ? want : taken_cap;
	r->buf = other;
	r->cap = other != NULL ? *cap : 0;
	if (r->cap < want) {
		mem_free(r->buf);
		r->buf = NULL;
		grow(r, want);
	}
	memcpy(r->buf + CSV_FRONT, taken + cut, rest);
	r->pos = CSV_FRONT;
	r->end = CSV_FRONT + rest;
	*cap = taken_cap;
	return taken;
}

/* Making ------------------------------------------------------------------------------------- */

static void
init(struct csv_split *r, int fd, char delimiter)
{
	*r = (struct csv_split){ .fd = fd, .stop_fd = -1, .delimiter = delimiter, .line = 1 };
	r->lib = mem_zero(1, sizeof(*r->lib));
	lib_start(r);
}

void
csv_split_open(struct csv_split *r, int fd, char delimiter, const void *head, size_t head_len)
{
	init(r, fd, delimiter);
	grow(r, CSV_FRONT + head_len + READ);
	if (head_len > 0)
		memcpy(r->buf + CSV_FRONT, head, head_len);
	r->pos = CSV_FRONT;
	r->end = CSV_FRONT + head_len;
}

void
csv_split_borrow(struct csv_split *r, char delimiter, bool keep_empty)
{
	init(r, -1, delimiter);
	r->keep_empty = keep_empty;
	r->borrowed = true;
}

void
csv_split_over(struct csv_split *r, char *buf, size_t pos, size_t end, uint64_t line)
{
	r->buf = buf;
	r->pos = pos;
	r->end = r->cap = end;
	r->line = line;
}

void
csv_split_close(struct csv_split *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	if (r->lib != NULL)
		csv_free(r->lib);
	mem_free(r->lib);
	mem_free(r->span);
	mem_free(r->borrowed ? NULL : r->buf);
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
