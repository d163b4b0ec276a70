/*
 * summary.c - the whole in a few lines, and by protocol.
 */
#include "base/num.h"
#include "report.h"
#include "sheet.h"

struct summary {
	struct output *out;
	struct report *r;
	struct err *err;
	bool any;
	int rc;
};

static void
row(struct sheet *s, const char *name)
{
	sheet_text(s, name);
}

static void
put_time(struct sheet *s, const struct value *v, const struct column *c, const struct io_opts *io)
{
	struct text_opts opts = { .style = STYLE_TABLE, .tz = io->tz };

	sheet_value(s, v, c, &opts);
}

/* Of the first record. */
static struct value
value_of(struct batch *b, struct field_id id, const struct column **c)
{
	static const struct column none;
	int i = batch_find(b, &id);

	*c = i < 0 ? &none : batch_plain(b, (unsigned)i);
	return i < 0 ? (struct value){ .type = TYPE_NONE } : value_at(*c, 0);
}

static void
put_rates(struct sheet *s, const struct counters *n, int64_t span_ns, bool plain)
{
	char text[FMT_MAX + 1];

	row(s, "span");
	text[fmt_duration_human(text, span_ns)] = '\0';
	sheet_text(s, text);
	if (span_ns > 0) {
		double seconds = (double)span_ns / 1e9;

		row(s, "flows/s");
		sheet_scaled(s, (double)n->flows / seconds, plain);
		row(s, "packets/s");
		sheet_scaled(s, (double)n->packets / seconds, plain);
		row(s, "bits/s");
		sheet_scaled(s, (double)n->bytes * 8 / seconds, plain);
	}
}

static void
put_averages(struct sheet *s, const struct counters *n, bool plain)
{
	if (n->packets > 0) {
		row(s, "bytes/packet");
		sheet_scaled(s, (double)n->bytes / (double)n->packets, plain);
	}
	if (n->flows > 0) {
		row(s, "packets/flow");
		sheet_scaled(s, (double)n->packets / (double)n->flows, plain);
		row(s, "bytes/flow");
		sheet_scaled(s, (double)n->bytes / (double)n->flows, plain);
	}
}

static void
print_text(struct summary *sum, struct batch *b)
{
	struct counters n = b ? report_counters(b, 0) : (struct counters){ 0 };
	bool plain = sum->out->io->plain;
	struct sheet s = { 0 };
	const struct column *c;
	uint64_t exporters = 0;
	int64_t span_ns;

	sheet_column(&s, "", false);
	sheet_column(&s, "", false);
	row(&s, "flows");
	sheet_count(&s, n.flows, plain);
	row(&s, "packets");
	sheet_count(&s, n.packets, plain);
	row(&s, "bytes");
	sheet_count(&s, n.bytes, plain);
	if (b != NULL) {
		struct value first = value_of(b, field_own(OWN_START), &c), last;
		struct field_id id = output_named("distinct_exporter");

		row(&s, "first");
		put_time(&s, &first, c, sum->out->io);
		last = value_of(b, field_own(OWN_END), &c);
		row(&s, "last");
		put_time(&s, &last, c, sum->out->io);
		/* What is further apart than a duration can say has no rates. */
		if (first.type != TYPE_NONE && last.type != TYPE_NONE &&
		    !__builtin_sub_overflow(last.i, first.i, &span_ns))
			put_rates(&s, &n, span_ns, plain);
		put_averages(&s, &n, plain);
		(void)report_uint(b, &id, 0, &exporters);
		row(&s, "exporters");
		sheet_count(&s, exporters, true);
	}
	sheet_print(&s, &sum->out->buf);
	sheet_free(&s);
}

static bool
take_summary(void *ctx, struct batch *b)
{
	struct summary *s = ctx;

	s->any = true;
	s->r->total = report_counters(b, 0);
	if (s->r->hidden)
		return true;
	if (s->out->text)
		print_text(s, b);
	else
		s->rc = output_batch(s->out, b, s->err);
	return s->rc == 0;
}

/* Of nothing there is no row, but how many flows there were is known. */
static int
put_zeros(struct output *o, struct err *err)
{
	const struct field_id ids[] = { field_iana(3), field_iana(2), field_iana(1),
		output_named("distinct_exporter") };
	struct batch *b = batch_new();
	int rc;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		(void)batch_column(b, &ids[i], TYPE_UINT, 8, 0);
	batch_extend(b, 1);
	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		batch_put_uint(b, i, 0, 0);
	batch_close(b);
	rc = output_batch(o, b, err);
	batch_free(b);
	return rc;
}

int
summary_print(struct report *r, struct output *o, struct err *err)
{
	struct summary s = { .out = o, .r = r, .err = err };
	int rc;

	if (r->hidden)
		return report_rows(r, o->io, take_summary, &s, err);
	output_begin(o, "summary");
	for (size_t i = 0; i < r->spec.n_values && !o->text; i++)
		output_field(o, &r->spec.values[i].as);
	rc = report_rows(r, o->io, take_summary, &s, err);
	if (o->text && !s.any)
		print_text(&s, NULL);
	else if (rc == 0 && !s.any)
		rc = put_zeros(o, err);
	output_end(o);
	return rc < 0 || s.rc < 0 ? -1 : 0;
}
