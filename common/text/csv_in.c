/*
 * csv_in.c - csv and tsv as records.
 *
 * A record is parsed as a whole before it counts, so a bad line leaves nothing behind.
 */
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "text/csv_cell.h"
#include "text/csv_split.h"
#include "text/escape.h"
#include "text/text.h"

enum {
	TILE = 256, /* records parsed before they are moved to the batch */
	OCTETS_MOST = 1 << 20, /* of a tile's strings */
	SHOWN = 40, /* octets of a bad cell in messages */
};

struct in_column {
	struct csv_name name;
	int at; /* column of the batch, -1 not yet */
	unsigned scale; /* finest precision of the tile */
	unsigned n; /* values in the tile */
};

struct csv_reader {
	struct csv_split in;
	bool started;

	struct in_column *col;
	unsigned n_col; /* of the file */
	unsigned n_all; /* with one made from a duration */
	int start, stop, duration; /* columns that complete each other, -1 none */

	struct csv_value *value; /* TILE rows of n_all */
	unsigned rows;
	struct buf octets; /* of the tile's strings */
	struct batch *last;
};

struct csv_reader *
csv_open(int fd, char delimiter, const void *head, size_t head_len)
{
	struct csv_reader *r = mem_zero(1, sizeof(*r));

	csv_split_open(&r->in, fd, delimiter, head, head_len);
	return r;
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
	mem_free(r->col);
	mem_free(r->value);
	buf_free(&r->octets);
	mem_free(r);
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
			    (unsigned long long)r->in.line - 1, k + 1, i + 1);
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

	text.len = unescape_csv(buf_room(&text, r->in.span[i].n + 1), r->in.span[i].p,
	    r->in.span[i].n, r->in.delimiter);
	if (csv_name_parse(name, text.data, text.len, &why) < 0)
		rc = err_set(
		    err, "line %llu, column %u: %s", (unsigned long long)line, i + 1, why.text);
	else if (name->id.pen == PEN_NAMED && looks_like_value(&r->in.span[i]))
		rc = err_set(err,
		    "line %llu: '%.*s' is no name: the first line must name the columns",
		    (unsigned long long)line, text.len > SHOWN ? SHOWN : (int)text.len, text.data);
	buf_free(&text);
	return rc;
}

static int
take_header(struct csv_reader *r, uint64_t line, struct err *err)
{
	if (r->in.n_span > BATCH_COLUMNS_MAX)
		return err_set(err, "line %llu: %u columns; at most %d are allowed",
		    (unsigned long long)line, r->in.n_span, (int)BATCH_COLUMNS_MAX);
	r->col = mem_zero(r->in.n_span + 1, sizeof(*r->col));
	for (unsigned i = 0; i < r->in.n_span; i++) {
		if (take_name(r, i, line, err) < 0)
			return -1;
		r->n_col = i + 1;
		if (check_twice(r, i, err) < 0)
			return -1;
	}
	r->in.keep_empty = r->n_col == 1;
	add_made(r);
	r->value = mem_zero((size_t)TILE * r->n_all, sizeof(*r->value));
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
	switch (csv_split_next(&r->in, false, &line, &why, err)) {
	case CSV_GOT_LINE: break;
	case CSV_GOT_END: return 0;
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

	if (r->in.n_span != r->n_col) {
		buf_printf(why, "%u fields instead of %u", r->in.n_span, r->n_col);
		return false;
	}
	for (unsigned i = 0; i < r->n_col; i++) {
		struct in_column *c = &r->col[i];
		const struct csv_span *s = &r->in.span[i];
		const char *wrong;

		if (c->name.role == CSV_DERIVED)
			continue;
		wrong = csv_cell_parse(
		    cell_of(r, r->rows, i), &c->name, s, r->in.delimiter, &r->octets, &c->scale);
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
			    err, "line %llu: too many columns", (unsigned long long)r->in.line);
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
		enum csv_got got = csv_split_next(&r->in, b->n + r->rows > 0, &line, &reason, err);

		if (got == CSV_GOT_FAILED)
			rc = -1;
		if (got != CSV_GOT_LINE)
			break;
		why.len = 0;
		if (reason != NULL)
			buf_puts(&why, reason);
		if (reason != NULL || !parse_row(r, &why))
			rc = bad_line(bad, line, &why, err);
		else if (++r->rows == TILE || r->octets.len > OCTETS_MOST)
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
