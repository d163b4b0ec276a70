#include "series.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "detect/holt_winters.h"
#include "io/io.h"

#define DAY_NS (24 * NS_PER_HOUR)

/* Octets that the values of all bins take before they go to disk. */
#define MEMORY (UINT64_C(2) << 30)

/* One bin of one series. */
struct point {
	uint32_t label;
	int64_t ns;
	double v;
};

/* A value of --by: its text, and addresses in it. */
struct label {
	size_t text, len; /* in texts */
	struct addr addr[2];
	bool has[2]; /* source, destination */
	double sum;
	size_t first, n; /* its points */
};

struct series {
	struct series_opts opts;
	struct group_spec spec;
	struct group_table **tables;
	struct sampled *sampled; /* as each thread has seen it */
	unsigned n_tables;
	bool counts; /* a bin without records is 0, not missing */
	struct point *point;
	size_t n, cap;
	struct label *label;
	size_t n_labels, cap_labels;
	struct keyed by_text; /* hash of a label's text to its number */
	struct buf texts;
	int64_t first_ns, last_ns;
	struct series_counts told;
};

/* Life --------------------------------------------------------------------------------------------- */

static int
make_spec(struct series *s, struct err *err)
{
	struct buf keys = { 0 };
	int rc;

	buf_printf(&keys, "end/%lldns", (long long)s->opts.bin_ns);
	if (s->opts.by != NULL)
		buf_printf(&keys, ",%s", s->opts.by);
	rc = group_spec_keys(&s->spec, buf_cstr(&keys), err);
	buf_free(&keys);
	if (rc < 0 || group_spec_values(&s->spec, s->opts.value, err) < 0 ||
	    group_spec_check(&s->spec, err) < 0)
		return -1;
	if (s->spec.n_values != 1)
		return err_usage(
		    err, "--series '%s': one aggregate, as bytes or distinct_dstip", s->opts.value);
	return 0;
}

static bool
is_count(enum group_fn fn)
{
	return fn == FN_FLOWS || fn == FN_RECORDS || fn == FN_SUM || fn == FN_DISTINCT ||
	       fn == FN_COUNT;
}

struct series *
series_new(const struct series_opts *opts, unsigned threads, struct err *err)
{
	struct series *s = mem_zero(1, sizeof(*s));

	s->opts = *opts;
	if (s->opts.bin_ns == 0)
		s->opts.bin_ns = 300 * NS_PER_S;
	if (make_spec(s, err) < 0) {
		group_spec_free(&s->spec);
		mem_free(s);
		return NULL;
	}
	s->spec.scale = true;
	s->spec.memory = MEMORY;
	s->counts = is_count(s->spec.values[0].fn);
	s->n_tables = threads;
	s->tables = mem_zero(threads, sizeof(struct group_table *));
	s->sampled = mem_zero(threads, sizeof(*s->sampled));
	for (unsigned i = 0; i < threads; i++)
		s->tables[i] = group_new(&s->spec, threads);
	keyed_init(&s->by_text, 2 * sizeof(uint64_t), sizeof(uint64_t), SERIES_POINTS);
	s->first_ns = INT64_MAX;
	s->last_ns = INT64_MIN;
	return s;
}

void
series_free(struct series *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->n_tables; i++)
		group_free(s->tables[i]);
	mem_free(s->tables);
	mem_free(s->sampled);
	group_spec_free(&s->spec);
	mem_free(s->point);
	mem_free(s->label);
	keyed_free(&s->by_text);
	buf_free(&s->texts);
	mem_free(s);
}

struct series_counts
series_counts(const struct series *s)
{
	return s->told;
}

static void
see_sampling(struct sampled *seen, struct batch *b, const uint64_t *sel)
{
	struct field_id id = field_own(OWN_SAMPLING);
	int at = batch_find(b, &id);
	const struct column *c = at < 0 ? NULL : batch_plain(b, (unsigned)at);

	if (c == NULL || c->type != TYPE_UINT)
		return;
	for (size_t i = 0; i < b->n; i++) {
		uint64_t v = column_has(c, i) ? column_uint(c, i) : 1;

		if (bits_get(sel, i))
			sampled_see(seen, v < UINT32_MAX ? (uint32_t)v : UINT32_MAX);
	}
}

int
series_work(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct series *s = ctx;

	see_sampling(&s->sampled[worker], b, sel);
	if (group_add(s->tables[worker], b, sel, err) < 0)
		return -1;
	memset(sel, 0, bits_words(b->n) * 8);
	return IO_DROP;
}

/* Points ------------------------------------------------------------------------------------------- */

static double
number_of(const struct value *v)
{
	switch (v->type) {
	case TYPE_UINT:
	case TYPE_BOOL: return (double)v->u;
	case TYPE_INT:
	case TYPE_DURATION: return (double)v->i;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: return v->f;
	default: return NAN;
	}
}

/* "proto=tcp dstport=443" */
static void
put_label(struct series *s, struct batch *b, size_t rec, struct label *l)
{
	const struct text_opts text = { .style = STYLE_TABLE, .plain = true };

	*l = (struct label){ .text = s->texts.len };
	for (size_t k = 1; k < s->spec.n_keys; k++) {
		int at = batch_find(b, &s->spec.keys[k].as);
		const struct column *c = at < 0 ? NULL : batch_plain(b, (unsigned)at);
		struct value v = { .type = TYPE_NONE };

		if (c != NULL)
			v = value_at(c, rec);
		if (k > 1)
			buf_putc(&s->texts, ' ');
		buf_printf(&s->texts, "%s=", s->spec.keys[k].field.name);
		if (v.type == TYPE_NONE)
			buf_putc(&s->texts, '-');
		else
			value_put(&s->texts, &v, c, &text);
		for (unsigned end = 0; end < 2 && v.type == TYPE_IP; end++)
			if (s->spec.keys[k].field.id[0].pen == 0 &&
			    s->spec.keys[k].field.id[0].id == (end == 0 ? 8 : 12)) {
				l->addr[end] = v.ip;
				l->has[end] = true;
			}
	}
	l->len = s->texts.len - l->text;
}

static uint32_t
label_of(struct series *s, struct batch *b, size_t rec)
{
	struct label l;
	uint64_t hash, *entry;
	size_t at;

	put_label(s, b, rec, &l);
	hash = hash_xxh64(s->texts.data + l.text, l.len);
	at = l.len > 0 ? keyed_find(&s->by_text, &hash) : KEYED_NONE;
	if (s->n_labels > 0 && (l.len == 0 || at != KEYED_NONE)) {
		s->texts.len = l.text;
		return l.len == 0 ? 0 : (uint32_t)((uint64_t *)keyed_at(&s->by_text, at))[1];
	}
	if (l.len > 0) {
		at = keyed_add(&s->by_text, &hash);
		if (at == KEYED_NONE)
			return UINT32_MAX;
		entry = keyed_at(&s->by_text, at);
		entry[1] = s->n_labels;
	}
	if (s->n_labels == s->cap_labels) {
		s->cap_labels = s->cap_labels ? 2 * s->cap_labels : 64;
		s->label = mem_resize(s->label, s->cap_labels, sizeof(*s->label));
	}
	s->label[s->n_labels] = l;
	return (uint32_t)s->n_labels++;
}

static void
add_point(struct series *s, uint32_t label, int64_t ns, double v)
{
	if (s->n == SERIES_POINTS || label == UINT32_MAX) {
		s->told.lost++;
		return;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 1024;
		s->point = mem_resize(s->point, s->cap, sizeof(*s->point));
	}
	s->point[s->n++] = (struct point){ label, ns, v };
	s->first_ns = ns < s->first_ns ? ns : s->first_ns;
	s->last_ns = ns > s->last_ns ? ns : s->last_ns;
	s->label[label].sum += fabs(v);
}

static bool
take_groups(void *ctx, struct batch *b)
{
	struct series *s = ctx;
	int time = batch_find(b, &s->spec.keys[0].as), value = batch_find(b, &s->spec.values[0].as);
	const struct column *at, *of;

	if (time < 0 || value < 0)
		return true;
	(void)batch_plain(b, (unsigned)time);
	of = batch_plain(b, (unsigned)value);
	at = &b->col[time];
	for (size_t rec = 0; rec < b->n; rec++) {
		struct value t = value_at(at, rec), v = value_at(of, rec);

		if (t.type == TYPE_TIME && !isnan(number_of(&v)))
			add_point(s, label_of(s, b, rec), t.i, number_of(&v));
	}
	return true;
}

static int
compare_points(const void *x, const void *y)
{
	const struct point *a = x, *b = y;

	if (a->label != b->label)
		return a->label < b->label ? -1 : 1;
	return (a->ns > b->ns) - (a->ns < b->ns);
}

static int
compare_labels(const void *x, const void *y)
{
	const struct label *a = x, *b = y;

	if (a->sum != b->sum)
		return a->sum > b->sum ? -1 : 1;
	return (a->text > b->text) - (a->text < b->text);
}

/* Aberrance ---------------------------------------------------------------------------------------- */

/* Bins from the first violation to the last of an aberrance. */
struct aberrance {
	size_t first, last, bins; /* bins: violations */
	int sign; /* how many more above than below */
	double excess; /* of the worst: how many bands it is off */
	double value, forecast, band, sum, expected;
};

static void
put_value(const struct series *s, struct buf *b, double v)
{
	const struct group_value *g = &s->spec.values[0];
	bool octets = (g->fn == FN_SUM || g->fn == FN_MEAN || g->fn == FN_PERCENTILE) &&
		      g->field.n > 0 && (g->field.id[0].id == 1 && g->field.id[0].pen != PEN_OWN);

	b->len += fmt_scaled(buf_room(b, FMT_MAX), fabs(v) >= 1000 ? floor(v) : v);
	if (octets)
		buf_putc(b, 'B');
}

static int64_t
bin_time(const struct series *s, size_t bin)
{
	return s->first_ns + (int64_t)bin * s->opts.bin_ns;
}

static void
put_aberrance(struct series *s, struct judge *j, const struct label *l, const struct aberrance *r)
{
	struct alert a = judge_begin(j, "series");
	double size = cut(log10(fmax(r->excess, 1))), lasting = cut((double)r->bins / 24);
	struct buf *b = &j->reason;

	if (l->len > 0) {
		buf_put(b, s->texts.data + l->text, l->len);
		buf_puts(b, ": ");
	}
	buf_printf(b, "%s %s, ", s->opts.value, r->sign >= 0 ? "surge to" : "drop to");
	b->len -= 2;
	buf_putc(b, ' ');
	put_value(s, b, r->value);
	buf_puts(b, " in ");
	reason_duration(b, s->opts.bin_ns);
	buf_puts(b, ", forecast ");
	put_value(s, b, r->forecast);
	buf_puts(b, " \xc2\xb1 ");
	put_value(s, b, r->band);
	buf_puts(b, "; for ");
	reason_duration(b, (int64_t)(r->last - r->first + 1) * s->opts.bin_ns);
	why_word(&j->why, "series", s->opts.value);
	why_number(&j->why, "value", r->value);
	why_number(&j->why, "forecast", r->forecast);
	why_number(&j->why, "band", r->band);
	why_number(&j->why, "excess", r->excess);
	why_number(&j->why, "delta", HW_DELTA);
	why_duration(&j->why, "bin", s->opts.bin_ns);
	why_duration(&j->why, "period", s->opts.period_ns);
	why_count(&j->why, "bins", r->last - r->first + 1);
	why_count(&j->why, "violations", r->bins);
	why_number(&j->why, "sum", r->sum);
	why_number(&j->why, "expected", r->expected);
	why_number(&j->why, "size", size);
	why_number(&j->why, "lasting", lasting);
	a.score = 0.4 + 0.4 * size + 0.2 * lasting;
	a.src = l->has[0] ? &l->addr[0] : NULL;
	a.dst = l->has[1] ? &l->addr[1] : NULL;
	a.start_ns = bin_time(s, r->first);
	a.end_ns = bin_time(s, r->last + 1) - NS_PER_MS;
	judge_put(j, &a);
}

static void
add_violation(struct aberrance *r, size_t bin, double y, const struct hw_result *h)
{
	double excess = fabs(y - h->forecast) / h->band;

	if (r->bins++ == 0)
		r->first = bin;
	r->last = bin;
	r->sign += h->violation;
	r->sum += y;
	r->expected += h->forecast;
	if (excess < r->excess)
		return;
	r->excess = excess;
	r->value = y;
	r->forecast = h->forecast;
	r->band = h->band;
}

/* The violations of the window that ends with bin i. */
static void
add_recent(struct aberrance *r, size_t i, const double *y, const struct hw_result *recent)
{
	for (size_t k = i + 1 - HW_WINDOW; k <= i; k++)
		if (recent[k % HW_WINDOW].violation != 0)
			add_violation(r, k, y[k], &recent[k % HW_WINDOW]);
}

/* From the first violation of the window that makes it aberrant, until hardly any is in the window. */
static void
judge_label(struct series *s, struct judge *j, const struct label *l, const double *y, size_t bins,
    size_t period)
{
	struct hw_result recent[HW_WINDOW] = { 0 };
	struct holt_winters h;
	struct aberrance r = { 0 };

	hw_init(&h, period);
	for (size_t i = 0; i < bins; i++) {
		struct hw_result w = hw_step(&h, y[i]);

		recent[i % HW_WINDOW] = w;
		if (r.bins == 0 && w.aberrant)
			add_recent(&r, i, y, recent);
		else if (r.bins > 0 && w.violation != 0)
			add_violation(&r, i, y[i], &w);
		if (r.bins > 0 && w.violations < HW_OVER) {
			put_aberrance(s, j, l, &r);
			r = (struct aberrance){ 0 };
		}
	}
	if (r.bins > 0)
		put_aberrance(s, j, l, &r);
	hw_free(&h);
}

/* Its points as a row of bins, those without records filled. */
static void
fill(const struct series *s, const struct label *l, double *y, size_t bins)
{
	for (size_t i = 0; i < bins; i++)
		y[i] = s->counts ? 0 : NAN;
	for (size_t i = 0; i < l->n; i++) {
		const struct point *p = &s->point[l->first + i];

		y[(p->ns - s->first_ns) / s->opts.bin_ns] = p->v;
	}
}

static void
place_points(struct series *s)
{
	qsort(s->point, s->n, sizeof(*s->point), compare_points);
	for (size_t i = 0; i < s->n; i++) {
		struct label *l = &s->label[s->point[i].label];

		if (l->n++ == 0)
			l->first = i;
	}
	if (s->n_labels > 0)
		qsort(s->label, s->n_labels, sizeof(*s->label), compare_labels);
}

static void
choose_period(struct series *s, size_t bins)
{
	if (s->opts.period_ns == 0)
		s->opts.period_ns =
		    (int64_t)bins * s->opts.bin_ns >= 28 * DAY_NS ? 7 * DAY_NS : DAY_NS;
	s->told.needed_ns = 2 * s->opts.period_ns;
}

/* Its addresses, where they are keys: a network is its first. */
static bool
is_allowed(const struct label *l, const struct scope *scope)
{
	for (unsigned side = 0; side < 2; side++)
		if (l->has[side] && scope_allows(scope, &l->addr[side], -1))
			return true;
	return false;
}

int
series_judge(struct series *s, struct judge *j, struct err *err)
{
	size_t bins, period;
	int64_t span;
	double *y;

	if (group_finish(s->tables, s->n_tables, NULL, take_groups, s, err) < 0)
		return -1;
	s->told.series = s->n_labels;
	for (unsigned i = 0; i < s->n_tables; i++) {
		if (!sampled_any(&s->sampled[i]))
			continue;
		sampled_see(&j->sampled, s->sampled[i].least);
		sampled_see(&j->sampled, s->sampled[i].greatest);
	}
	if (s->n == 0)
		return 0;
	/* The first bin, and the last, may be there in part only. */
	if (__builtin_sub_overflow(s->last_ns, s->first_ns, &span) ||
	    span / s->opts.bin_ns >= SERIES_BINS)
		return err_set(err,
		    "more than %u bins from the first record to the last: a longer --bin, or -t",
		    (unsigned)SERIES_BINS);
	bins = (size_t)(span / s->opts.bin_ns);
	choose_period(s, bins);
	period = (size_t)(s->opts.period_ns / s->opts.bin_ns);
	if (bins <= 2 * period) {
		s->told.short_ones = s->n_labels;
		return 0;
	}
	place_points(s);
	s->told.small = s->n_labels > SERIES_MOST ? s->n_labels - SERIES_MOST : 0;
	y = mem_alloc((bins + 1) * sizeof(*y));
	for (size_t i = 0; i < s->n_labels && i < SERIES_MOST; i++) {
		if (is_allowed(&s->label[i], j->scope))
			continue;
		fill(s, &s->label[i], y, bins + 1);
		judge_label(s, j, &s->label[i], y, bins, period);
	}
	mem_free(y);
	return 0;
}
