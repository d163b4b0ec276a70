/*
 * top.c - lists of the biggest, in nfdump's manner: counters with their shares of the whole, what the
 * rows so far make up together, what is not listed, and the whole.
 */
#include "report.h"
#include "sheet.h"

struct top {
	struct report *r;
	struct output *out;
	struct err *err;
	const struct counters *total;
	struct counters listed;
	uint64_t n_listed;
	double cumulative;
	struct sheet sheet;
	int rc;
};

static const char *const rates[] = { "bps", "pps", "bpp" };
enum { N_RATES = sizeof(rates) / sizeof(rates[0]) };

/* The counter that the list is ordered by. */
static uint64_t
score(const struct report *r, const struct counters *c)
{
	const struct field *f = &r->order[0].field;

	if (f->n > 0 && f->id[0].pen == PEN_IANA && f->id[0].id == 1)
		return c->bytes;
	return f->n > 0 && f->id[0].id == 2 ? c->packets : c->flows;
}

static void
add_columns(struct top *t)
{
	for (size_t k = 0; k < t->r->spec.n_keys; k++) {
		struct field f;

		if (t->r->spec.keys[k].as.pen == PEN_NAMED) {
			sheet_column(&t->sheet, t->r->spec.keys[k].as.named, false);
			continue;
		}
		field_of_id(&f, &t->r->spec.keys[k].as);
		sheet_column(&t->sheet, f.name, false);
	}
	sheet_column(&t->sheet, "flows", true);
	sheet_column(&t->sheet, "%", true);
	sheet_column(&t->sheet, "packets", true);
	sheet_column(&t->sheet, "%", true);
	sheet_column(&t->sheet, "bytes", true);
	sheet_column(&t->sheet, "%", true);
	if (t->r->scored)
		sheet_column(&t->sheet, "sum %", true);
	for (unsigned i = 0; i < N_RATES; i++)
		sheet_column(&t->sheet, rates[i], true);
}

static void
put_counter(struct top *t, uint64_t v, uint64_t whole)
{
	sheet_count(&t->sheet, v, t->out->io->plain);
	sheet_percent(&t->sheet, (double)v, (double)whole);
}

static void
put_counters(struct top *t, const struct counters *c)
{
	put_counter(t, c->flows, t->total->flows);
	put_counter(t, c->packets, t->total->packets);
	put_counter(t, c->bytes, t->total->bytes);
}

/* Rates over the group's time, which is the bin's where it is one. */
static void
put_rate(struct top *t, struct batch *b, const char *name, size_t rec)
{
	struct text_opts opts = { .style = STYLE_TABLE, .plain = t->out->io->plain };
	struct field f;
	struct err ignored = { 0 };
	struct value v = { .type = TYPE_NONE };
	int i;

	(void)field_parse(&f, name, strlen(name), &ignored);
	i = batch_resolve(b, &f);
	if (i >= 0)
		v = value_at(batch_plain(b, (unsigned)i), rec);
	if (v.type == TYPE_FLOAT64)
		sheet_scaled(&t->sheet, v.f, opts.plain);
	else
		sheet_text(&t->sheet, "-");
}

static void
put_row(struct top *t, struct batch *b, size_t rec)
{
	struct text_opts opts = { .style = STYLE_TABLE, .plain = true, .tz = t->out->io->tz };
	struct counters c = report_counters(b, rec);

	for (size_t k = 0; k < t->r->spec.n_keys; k++) {
		int i = batch_find(b, &t->r->spec.keys[k].as);
		const struct column *col = i < 0 ? NULL : batch_plain(b, (unsigned)i);
		struct value v = { .type = TYPE_NONE };

		if (col != NULL)
			v = value_at(col, rec);
		sheet_value(&t->sheet, &v, col, &opts);
	}
	put_counters(t, &c);
	if (t->r->scored) {
		t->cumulative += (double)score(t->r, &c);
		sheet_percent(&t->sheet, t->cumulative, (double)score(t->r, t->total));
	}
	for (unsigned i = 0; i < N_RATES; i++)
		put_rate(t, b, rates[i], rec);
	t->listed.flows += c.flows;
	t->listed.packets += c.packets;
	t->listed.bytes += c.bytes;
	t->n_listed++;
}

/* The first column of a line below the list, and those of other keys. */
static void
put_name(struct top *t, const char *name)
{
	sheet_text(&t->sheet, name);
	for (size_t k = 1; k < t->r->spec.n_keys; k++)
		sheet_text(&t->sheet, "");
}

static void
put_no_rates(struct top *t)
{
	for (unsigned i = t->r->scored ? 0 : 1; i < 1 + N_RATES; i++)
		sheet_text(&t->sheet, "");
}

/* What is not listed; of a sum that is too large for its type nobody knows how much more it is. */
static void
put_rest(struct top *t, uint64_t whole, uint64_t listed)
{
	if (whole == UINT64_MAX) {
		sheet_text(&t->sheet, "-");
		sheet_text(&t->sheet, "-");
		return;
	}
	put_counter(t, whole > listed ? whole - listed : 0, whole);
}

static void
put_others(struct top *t)
{
	struct buf name = { 0 };

	buf_printf(&name, "other (%llu)", (unsigned long long)(t->r->groups - t->n_listed));
	put_name(t, buf_cstr(&name));
	put_rest(t, t->total->flows, t->listed.flows);
	put_rest(t, t->total->packets, t->listed.packets);
	put_rest(t, t->total->bytes, t->listed.bytes);
	put_no_rates(t);
	buf_free(&name);
}

static void
put_column(struct batch *b, const char *name, size_t rec, double part, double whole)
{
	struct field_id id = output_named(name);
	int col = batch_column(b, &id, TYPE_FLOAT64, 8, 0);

	if (col >= 0 && whole > 0)
		batch_put_double(b, (unsigned)col, rec, part / whole);
}

static void
add_shares(struct top *t, struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct counters c = report_counters(b, i);

		put_column(b, "share_flows", i, (double)c.flows, (double)t->total->flows);
		put_column(b, "share_packets", i, (double)c.packets, (double)t->total->packets);
		put_column(b, "share_bytes", i, (double)c.bytes, (double)t->total->bytes);
		if (!t->r->scored)
			continue;
		t->cumulative += (double)score(t->r, &c);
		put_column(b, "cumulative", i, t->cumulative, (double)score(t->r, t->total));
	}
	batch_close(b);
}

static bool
take_rows(void *ctx, struct batch *b)
{
	struct top *t = ctx;

	if (!t->out->text) {
		add_shares(t, b);
		t->rc = output_batch(t->out, b, t->err);
		return t->rc == 0;
	}
	for (size_t i = 0; i < b->n; i++)
		put_row(t, b, i);
	return true;
}

static void
add_fields(struct top *t)
{
	static const char *const shares[] = { "share_flows", "share_packets", "share_bytes",
		"cumulative" };
	const struct group_spec *s = &t->r->spec;

	for (size_t k = 0; k < s->n_keys; k++)
		output_field(t->out, &s->keys[k].as);
	for (size_t i = 0; i < s->n_values; i++)
		output_field(t->out, &s->values[i].as);
	for (unsigned i = 0; i < (t->r->scored ? 4u : 3u); i++) {
		struct field_id id = output_named(shares[i]);

		output_field(t->out, &id);
	}
	for (unsigned i = 0; i < N_RATES; i++)
		output_computed(t->out, rates[i]);
}

static void
print_text(struct top *t)
{
	/* Of both sides together the rows add up to more than there is: each flow has two. */
	if (t->r->groups > t->n_listed && !t->r->both_sides)
		put_others(t);
	put_name(t, "total");
	put_counters(t, t->total);
	put_no_rates(t);
	sheet_print(&t->sheet, &t->out->buf);
}

int
top_print(struct report *r, const struct counters *total, struct output *o, struct err *err)
{
	struct top t = { .r = r, .out = o, .err = err, .total = total };
	int rc;

	/* Both sides: shares are of all flows, and no sum of them says anything. */
	r->scored = r->scored && !r->both_sides;
	output_begin(o, r->title);
	if (o->text) {
		buf_printf(&o->buf, "%s\n", r->title);
		add_columns(&t);
	} else {
		add_fields(&t);
	}
	rc = report_rows(r, o->io, take_rows, &t, err);
	if (o->text && rc == 0)
		print_text(&t);
	sheet_free(&t.sheet);
	output_end(o);
	return rc < 0 || t.rc < 0 ? -1 : 0;
}
