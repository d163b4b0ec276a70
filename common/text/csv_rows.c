#include "text/csv_rows.h"

#include <netinet/in.h>
#include <stdio.h>

#include "base/mem.h"
#include "text/escape.h"

enum {
	OCTETS_MOST = 1 << 20, /* of a tile's strings */
	SHOWN = 40, /* octets of a bad cell in messages */
};

static struct csv_value *
cell_of(struct csv_rows *r, unsigned row, unsigned col)
{
	return &r->value[(size_t)row * r->plan->n_all + col];
}

/* A start and a duration make an end, and the other way round; a duration alone is one.  NULL, or why not. */
static const char *
complete_times(struct csv_rows *r)
{
	static const char beyond[] = "a start or end beyond what 64 bits of nanoseconds hold";
	const struct csv_plan *plan = r->plan;
	struct csv_value *row = cell_of(r, r->rows, 0), *d = &row[plan->duration], *s, *e;
	unsigned scale = r->col[plan->duration].scale;
	bool has_start, has_end;

	for (unsigned k = plan->n_col; k < plan->n_all; k++)
		row[k].present = false;
	if (!d->present)
		return NULL;
	s = plan->start < 0 ? NULL : &row[plan->start];
	e = plan->stop < 0 ? NULL : &row[plan->stop];
	has_start = s != NULL && s->present;
	has_end = e != NULL && e->present;
	if (has_start && has_end)
		return NULL;
	if (has_start) {
		e->present = true;
		r->col[plan->stop].scale =
		    scale < r->col[plan->start].scale ? scale : r->col[plan->start].scale;
		return __builtin_add_overflow(s->i, d->i, &e->i) ? beyond : NULL;
	}
	if (has_end) {
		s->present = true;
		r->col[plan->start].scale =
		    scale < r->col[plan->stop].scale ? scale : r->col[plan->stop].scale;
		return __builtin_sub_overflow(e->i, d->i, &s->i) ? beyond : NULL;
	}
	if (plan->lone >= 0) {
		if (d->i < 0)
			return "a duration below 0, without a start or an end";
		row[plan->lone].present = true;
		row[plan->lone].u = (uint64_t)d->i / 1000;
	}
	return NULL;
}

/* Does the cell hold an ICMP type and code, in a record of ICMP?  80.0 of other protocols is a port. */
static bool
parse_type_code(struct csv_rows *r, unsigned i, struct csv_value *v)
{
	const struct csv_plan *plan = r->plan;
	struct csv_value proto;
	unsigned scale = 0;

	if ((int)i != plan->port || !csv_cell_type_code(&r->in.span[i], &v->u) ||
	    csv_cell_parse(&proto, &plan->name[plan->proto], &r->in.span[plan->proto],
		r->in.delimiter, &r->octets, &scale) != NULL)
		return false;
	v->present = proto.present && (proto.u == IPPROTO_ICMP || proto.u == IPPROTO_ICMPV6);
	return v->present;
}

/* The split record as the next row of the tile.  false: why, and nothing counts. */
static bool
parse_row(struct csv_rows *r, struct buf *why)
{
	size_t octets = r->octets.len;
	const char *wrong;

	if (r->in.n_span != r->plan->n_col) {
		buf_printf(why, "%u fields instead of %u", r->in.n_span, r->plan->n_col);
		return false;
	}
	for (unsigned i = 0; i < r->plan->n_col; i++) {
		struct csv_column *c = &r->col[i];
		const struct csv_span *s = &r->in.span[i];

		if (c->name->role == CSV_DERIVED || parse_type_code(r, i, cell_of(r, r->rows, i)))
			continue;
		c->row_scale = UINT8_MAX;
		wrong = csv_cell_parse(
		    cell_of(r, r->rows, i), c->name, s, r->in.delimiter, &r->octets, &c->row_scale);
		if (wrong == NULL)
			continue;
		buf_printf(why, "column %u: '", i + 1);
		/* A NUL would end the message, a line end break it in two. */
		(void)escape_terminal(why, s->p, s->n > SHOWN ? SHOWN : s->n, SIZE_MAX);
		buf_printf(why, "%s' %s", s->n > SHOWN ? "..." : "", wrong);
		r->octets.len = octets;
		return false;
	}
	for (unsigned i = 0; i < r->plan->n_col; i++)
		if (r->col[i].row_scale < r->col[i].scale)
			r->col[i].scale = r->col[i].row_scale;
	wrong = r->plan->duration >= 0 ? complete_times(r) : NULL;
	if (wrong != NULL) {
		buf_puts(why, wrong);
		r->octets.len = octets;
		return false;
	}
	return true;
}

void
csv_put_value(struct batch *b, const struct csv_column *c, size_t rec, const struct csv_value *v,
    const char *octets)
{
	unsigned at = (unsigned)c->at;

	switch (c->name->type) {
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: batch_put_double(b, at, rec, v->f); break;
	case TYPE_IP: batch_put_ip(b, at, rec, &v->ip); break;
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST:
		/* Without octets there is no place that they could be at. */
		batch_put_octets(b, at, rec, v->s.n > 0 ? octets + v->s.off : "", v->s.n);
		break;
	default: batch_put_uint(b, at, rec, v->u); break;
	}
}

/* Move the tile's rows to the batch, column by column. */
static void
flush_rows(struct csv_rows *r, struct batch *b)
{
	size_t first = batch_extend(b, r->rows);

	for (unsigned i = 0; i < r->plan->n_all; i++) {
		struct csv_column *c = &r->col[i];
		bool any = false;

		for (unsigned row = 0; c->at >= 0 && row < r->rows; row++) {
			const struct csv_value *v = cell_of(r, row, i);

			any |= v->present;
			if (v->present)
				csv_put_value(b, c, first + row, v, r->octets.data);
		}
		if (any && (c->name->type == TYPE_TIME || c->name->type == TYPE_DURATION))
			batch_precision(b, (unsigned)c->at, c->scale);
		c->scale = UINT8_MAX;
	}
	r->rows = 0;
	r->octets.len = 0;
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

/* Are these the names of the columns again, as where files were joined? */
static bool
repeats_names(const struct csv_rows *r)
{
	if (r->in.n_span != r->plan->n_col)
		return false;
	for (unsigned i = 0; i < r->plan->n_col; i++) {
		const struct csv_name *name = &r->plan->name[i];
		struct csv_name again;
		const struct csv_span *s = &r->in.span[i];
		struct err ignored = { 0 };

		if (csv_name_parse(&again, &r->in, s->p, s->n, &ignored) != 0 ||
		    again.role != name->role || !field_id_equal(&again.id, &name->id))
			return false;
	}
	return true;
}

/* One record, the general way.  1: done, 0: there is none, -1: err. */
static int
read_row(struct csv_rows *r, struct batch *b, struct csv_bad *bad, struct err *err)
{
	struct buf why = { 0 };
	const char *reason;
	uint64_t line;
	int rc = 1;

	if (csv_split_next(&r->in, &line, &reason, err) != CSV_GOT_LINE)
		return 0;
	if (reason != NULL)
		buf_puts(&why, reason);
	if (reason != NULL || !parse_row(r, &why)) {
		if (reason == NULL && repeats_names(r)) {
			why.len = 0;
			buf_puts(&why,
			    "the names of the columns again, as where files were joined; "
			    "--skip-bad passes over them");
		}
		rc = bad_line(bad, line, &why, err) < 0 ? -1 : 1;
	} else if (++r->rows == CSV_TILE || r->octets.len > OCTETS_MOST) {
		flush_rows(r, b);
	}
	buf_free(&why);
	return rc;
}

/* The most rows that are looked for at once, when so many of the last ones were right. */
static unsigned
next_most(unsigned most, unsigned found, unsigned good)
{
	if (good < found || found == 0)
		return 1;
	return most < CSV_TILE / 2 ? most * 2 : CSV_TILE;
}

int
csv_rows_bind(struct csv_rows *r, struct batch *b, uint64_t line, struct err *err)
{
	for (unsigned i = 0; i < r->plan->n_all; i++) {
		struct csv_column *c = &r->col[i];

		c->at = -1;
		c->scale = UINT8_MAX;
		if (c->name->role != CSV_VALUE)
			continue;
		/* Addresses start 4 wide and are widened by the first IPv6 one. */
		c->at = batch_column(b, &c->name->id, c->name->type,
		    c->name->type == TYPE_IP ? 4 : c->name->width, 0);
		if (c->at < 0)
			return err_set(
			    err, "line %llu: too many columns", (unsigned long long)line);
	}
	return 0;
}

int
csv_rows_read(struct csv_rows *r, struct batch *b, const struct csv_lines *lines,
    struct csv_bad *bad, struct err *err)
{
	unsigned most = CSV_TILE;
	int rc = 1;

	csv_split_over(&r->in, lines->buf, lines->pos, lines->end, lines->line);
	r->quotes = lines->quotes;
	while (rc > 0) {
		unsigned found = r->plain ? csv_find(r, most) : 0, good = 0;

		if (found > 0) {
			if (r->rows > 0)
				flush_rows(r, b);
			good = csv_fast_read(r, b, found);
		}
		most = next_most(most, found, good);
		if (good == 0)
			rc = read_row(r, b, bad, err);
	}
	if (r->rows > 0)
		flush_rows(r, b);
	return rc;
}

struct csv_rows *
csv_rows_new(struct csv_plan *plan)
{
	struct csv_rows *r = mem_zero(1, sizeof(*r));

	r->plan = csv_plan_share(plan);
	r->plain = plan->duration < 0;
	r->col = mem_zero(plan->n_all + 1, sizeof(*r->col));
	for (unsigned i = 0; i < plan->n_all; i++)
		r->col[i].name = &plan->name[i];
	r->known = mem_zero(1U << CSV_KNOWN_BITS, sizeof(*r->known));
	r->known_texts = mem_zero(1U << CSV_KNOWN_BITS, sizeof(*r->known_texts));
	for (unsigned i = 0; i < plan->n_all; i++)
		r->col[i].row_scale = UINT8_MAX;
	r->value = mem_zero((size_t)CSV_TILE * plan->n_all, sizeof(*r->value));
	r->end = mem_alloc(((size_t)CSV_TILE * plan->n_col + 64) * sizeof(*r->end));
	csv_split_borrow(&r->in, plan->delimiter, plan->keep_empty);
	return r;
}

void
csv_rows_free(struct csv_rows *r)
{
	if (r == NULL)
		return;
	csv_split_close(&r->in);
	csv_plan_release(r->plan);
	mem_free(r->col);
	mem_free(r->value);
	mem_free(r->known);
	mem_free(r->known_texts);
	mem_free(r->end);
	buf_free(&r->octets);
	mem_free(r);
}
