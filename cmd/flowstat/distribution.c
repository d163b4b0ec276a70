/*
 * distribution.c - how a field's values are distributed: percentiles, and a histogram by powers of two.
 *
 * Both are made from exact counts of each value, so a percentile is a value that some record has
 * (nearest rank: the least value that at least p of 100 records do not exceed).
 */
#include <math.h>

#include "bars.h"
#include "base/num.h"
#include "report.h"
#include "sheet.h"

enum { N_RANKS = 4, N_BINS = 66 };
static const unsigned ranks[N_RANKS] = { 50, 90, 95, 99 };

static double
number(const struct value *v)
{
	switch (v->type) {
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DURATION: return (double)v->i;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: return v->f;
	default: return (double)v->u;
	}
}

/* Percentiles --------------------------------------------------------------------------------- */

struct percentiles {
	struct report *r;
	uint64_t seen;
	double sum;
	struct value min, max, rank[N_RANKS];
	unsigned n_ranks;
	struct column col; /* type, identity and precision of the values */
};

/* The column of what is distributed; NULL: it has no numbers. */
static const struct column *
number_column(const struct report *r, struct batch *b)
{
	int i = batch_find(b, &r->spec.keys[0].as);
	const struct column *c = i < 0 ? NULL : batch_plain(b, (unsigned)i);

	return c != NULL && report_has_numbers(c) ? c : NULL;
}

static bool
take_values(void *ctx, struct batch *b)
{
	struct percentiles *p = ctx;
	struct field_id count = output_named("count");
	const struct column *c = number_column(p->r, b);

	if (c == NULL)
		return true;
	p->col =
	    (struct column){ .id = c->id, .type = c->type, .width = c->width, .scale = c->scale };
	for (size_t rec = 0; rec < b->n; rec++) {
		struct value v = value_at(c, rec);
		uint64_t n;

		if (v.type == TYPE_NONE || !report_uint(b, &count, rec, &n))
			continue;
		if (p->seen == 0)
			p->min = v;
		p->max = v;
		p->seen += n;
		p->sum += number(&v) * (double)n;
		while (p->n_ranks < N_RANKS &&
		       (double)p->seen * 100 >= (double)p->r->weight * ranks[p->n_ranks])
			p->rank[p->n_ranks++] = v;
	}
	return true;
}

static struct value
mean_of(const struct percentiles *p)
{
	double mean = p->sum / (double)p->seen;

	if (p->seen == 0)
		return (struct value){ .type = TYPE_NONE };
	if (p->col.type == TYPE_DURATION)
		return (struct value){ .type = TYPE_DURATION, .i = (int64_t)mean };
	return (struct value){ .type = TYPE_FLOAT64, .f = mean };
}

static void
put_cell(struct batch *b, const char *name, const struct value *v, uint8_t scale)
{
	struct field_id id = output_named(name);
	bool real = v->type == TYPE_NONE || type_is_float(v->type);
	int col = batch_column(b, &id, real ? TYPE_FLOAT64 : v->type, 8, 0);

	if (col < 0 || v->type == TYPE_NONE)
		return;
	batch_precision(b, (unsigned)col, scale);
	if (real)
		batch_put_double(b, (unsigned)col, 0, v->f);
	else
		batch_put_uint(b, (unsigned)col, 0, v->u);
}

static const char *const columns[] = { "field", "count", "min", "p50", "p90", "p95", "p99", "max",
	"mean" };
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void
values_in_order(const struct percentiles *p, struct value v[N_COLUMNS])
{
	v[1] = (struct value){ .type = TYPE_UINT, .u = p->seen };
	v[2] = p->min;
	for (unsigned i = 0; i < N_RANKS; i++)
		v[3 + i] = p->rank[i];
	v[3 + N_RANKS] = p->max;
	v[4 + N_RANKS] = mean_of(p);
}

static int
print_record(const struct percentiles *p, struct output *o, struct err *err)
{
	struct batch *b = batch_new();
	struct field_id name = output_named("field");
	struct value v[N_COLUMNS];
	int col = batch_column(b, &name, TYPE_STRING, 0, 0), rc;

	values_in_order(p, v);
	batch_extend(b, 1);
	batch_put_octets(b, (unsigned)col, 0, p->r->title, strlen(p->r->title));
	for (unsigned i = 1; i < N_COLUMNS; i++)
		put_cell(b, columns[i], &v[i], p->col.scale);
	batch_close(b);
	rc = output_batch(o, b, err);
	batch_free(b);
	return rc;
}

static void
put_row(struct sheet *s, const struct percentiles *p, const struct output *o)
{
	struct text_opts opts = { .style = STYLE_TABLE, .plain = o->io->plain, .tz = o->io->tz };
	struct value v[N_COLUMNS];

	values_in_order(p, v);
	sheet_text(s, p->r->title);
	sheet_count(s, p->seen, o->io->plain);
	for (unsigned i = 2; i < N_COLUMNS; i++)
		if (v[i].type == TYPE_FLOAT64)
			sheet_scaled(s, v[i].f, o->io->plain);
		else
			sheet_value(s, &v[i], &p->col, &opts);
}

int
percentiles_print(struct report *r, unsigned n, struct output *o, struct err *err)
{
	struct sheet s = { 0 };
	int rc = 0;

	output_begin(o, "percentiles");
	for (unsigned i = 0; i < N_COLUMNS; i++) {
		struct field_id id = output_named(columns[i]);

		if (o->text)
			sheet_column(&s, columns[i], i > 0);
		else
			output_field(o, &id);
	}
	for (unsigned i = 0; i < n && rc == 0; i++) {
		struct percentiles p = { .r = &r[i] };

		if (r[i].kind != REPORT_PERCENTILES)
			continue;
		rc = report_rows(&r[i], o->io, take_values, &p, err);
		if (rc == 0 && o->text)
			put_row(&s, &p, o);
		else if (rc == 0)
			rc = print_record(&p, o, err);
	}
	if (o->text)
		sheet_print(&s, &o->buf);
	sheet_free(&s);
	output_end(o);
	return rc;
}

/* Histogram ------------------------------------------------------------------------------------- */

/*
 * Bin 0: below 1 (zero, negative); bin k: from 2^(k-1) to below 2^k; the last: from 2^64 on, infinity too; durations by
 * milliseconds.  Exact for integers.
 */
struct histogram {
	struct report *r;
	uint64_t bin[N_BINS];
	uint64_t n; /* in all bins: NaN is in none */
	bool duration;
	double unit;
};

static unsigned
bin_of(const struct value *value, double unit)
{
	double v = number(value) / unit;
	int exponent;

	if (value->type == TYPE_UINT || (value->type == TYPE_INT && value->i > 0))
		return value->u == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value->u);
	if (v < 1)
		return 0;
	if (isinf(v))
		return N_BINS - 1;
	(void)frexp(v, &exponent);
	return exponent < N_BINS ? (unsigned)exponent : N_BINS - 1;
}

static bool
take_bins(void *ctx, struct batch *b)
{
	struct histogram *h = ctx;
	struct field_id count = output_named("count");
	const struct column *c = number_column(h->r, b);

	if (c == NULL)
		return true;
	h->duration = c->type == TYPE_DURATION;
	h->unit = h->duration ? (double)NS_PER_MS : 1;
	for (size_t rec = 0; rec < b->n; rec++) {
		struct value v = value_at(c, rec);
		uint64_t n;

		if (v.type == TYPE_NONE || isnan(number(&v)) || !report_uint(b, &count, rec, &n))
			continue;
		h->bin[bin_of(&v, h->unit)] += n;
		h->n += n;
	}
	return true;
}

static double
bin_from(unsigned k)
{
	return k == 0 ? 0 : k == N_BINS ? INFINITY : ldexp(1, (int)k - 1);
}

static void
put_bound(struct sheet *s, const struct histogram *h, double v, bool plain)
{
	char text[FMT_MAX + 1] = "-";

	if (!h->duration) {
		sheet_scaled(s, v, plain);
		return;
	}
	if (v * h->unit < 9e18)
		text[fmt_duration_human(text, (int64_t)(v * h->unit))] = '\0';
	sheet_text(s, text);
}

static void
print_bins(const struct histogram *h, struct output *o, unsigned first, unsigned last)
{
	struct sheet s = { 0 };
	uint64_t most = 0;

	for (unsigned k = first; k <= last; k++)
		most = h->bin[k] > most ? h->bin[k] : most;
	buf_printf(&o->buf, "%s\n", h->r->title);
	sheet_column(&s, "from", true);
	sheet_column(&s, "below", true);
	sheet_column(&s, "records", true);
	sheet_column(&s, "%", true);
	sheet_column(&s, "", false);
	for (unsigned k = first; k <= last && h->n > 0; k++) {
		struct buf bar = { 0 };

		put_bound(&s, h, bin_from(k), o->io->plain);
		put_bound(&s, h, bin_from(k + 1), o->io->plain);
		sheet_count(&s, h->bin[k], o->io->plain);
		sheet_percent(&s, (double)h->bin[k], (double)h->n);
		bars_put(&bar, (double)h->bin[k], (double)most);
		sheet_text(&s, buf_cstr(&bar));
		buf_free(&bar);
	}
	sheet_print(&s, &o->buf);
	sheet_free(&s);
}

static int
print_bin_records(
    const struct histogram *h, struct output *o, unsigned first, unsigned last, struct err *err)
{
	static const char *const names[] = { "from", "below", "count" };
	struct batch *b = batch_new();
	unsigned col[3];
	int rc;

	for (unsigned i = 0; i < 3; i++) {
		struct field_id id = output_named(names[i]);

		output_field(o, &id);
		col[i] = (unsigned)batch_column(b, &id,
		    i == 2	  ? TYPE_UINT
		    : h->duration ? TYPE_DURATION
				  : TYPE_FLOAT64,
		    8, 0);
	}
	batch_extend(b, last + 1 - first);
	for (unsigned k = first; k <= last; k++) {
		for (unsigned i = 0; i < 2; i++) {
			double bound = bin_from(k + i);

			if (!h->duration)
				batch_put_double(b, col[i], k - first, bound);
			else if (bound * h->unit < 9e18)
				batch_put_uint(b, col[i], k - first, (uint64_t)(bound * h->unit));
			batch_precision(b, col[i], 6);
		}
		batch_put_uint(b, col[2], k - first, h->bin[k]);
	}
	batch_close(b);
	rc = output_batch(o, b, err);
	batch_free(b);
	return rc;
}

int
histogram_print(struct report *r, struct output *o, struct err *err)
{
	struct histogram h = { .r = r, .unit = 1 };
	unsigned first = 0, last = N_BINS - 1;
	int rc;

	output_begin(o, r->title);
	rc = report_rows(r, o->io, take_bins, &h, err);
	while (first < last && h.bin[first] == 0)
		first++;
	while (last > first && h.bin[last] == 0)
		last--;
	if (rc == 0 && o->text)
		print_bins(&h, o, first, last);
	else if (rc == 0 && h.n > 0)
		rc = print_bin_records(&h, o, first, last, err);
	output_end(o);
	return rc;
}
