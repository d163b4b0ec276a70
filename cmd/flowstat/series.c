/*
 * series.c - flows, packets and bytes per bin of time; bins in which nothing was are there too.
 */
#include "bars.h"
#include "base/num.h"
#include "base/time.h"
#include "report.h"
#include "sheet.h"

/* Gaps are filled up to so many bins: a stray record of another year must not make a long list of zeros. */
enum { FILL_MOST = 100000, QUANTITIES = 3 };

struct bin {
	int64_t ns;
	bool missing; /* records without the time */
	struct counters n;
};

struct series {
	struct report *r;
	struct bin *bin;
	size_t n, cap;
	uint8_t scale; /* of the bins' column */
};

static void
add_bin(struct series *s, const struct bin *b)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->bin = mem_resize(s->bin, s->cap, sizeof(*s->bin));
	}
	s->bin[s->n++] = *b;
}

static bool
take_bins(void *ctx, struct batch *b)
{
	struct series *s = ctx;
	int i = batch_find(b, &s->r->spec.keys[0].as);
	const struct column *c = i < 0 ? NULL : batch_plain(b, (unsigned)i);

	for (size_t rec = 0; rec < b->n; rec++) {
		struct bin bin = { .n = report_counters(b, rec) };
		struct value v = { .type = TYPE_NONE };

		if (c != NULL)
			v = value_at(c, rec);
		bin.missing = v.type != TYPE_TIME;
		bin.ns = bin.missing ? 0 : v.i;
		add_bin(s, &bin);
	}
	if (c != NULL)
		s->scale = c->scale;
	return true;
}

/* The greatest and the least time are further apart than a signed number can say. */
static bool
is_fillable(const struct tz_bins *bins, int64_t from, int64_t to)
{
	return from <= to && ((uint64_t)to - (uint64_t)from) / (uint64_t)bins->ns <= FILL_MOST;
}

/* A window that was asked for with both ends is there from its first bin to its last, as far as that has begun. */
static void
widen(const struct tz_bins *bins, const struct io_opts *io, int64_t *from, int64_t *to)
{
	int64_t now = time_now_ns(), first, last;
	int64_t until = io->until_ns < now ? io->until_ns : now + 1;

	if (io->since_ns == INT64_MIN || io->until_ns == INT64_MAX || io->since_ns >= until)
		return;
	first = tz_bin_floor(bins, io->since_ns);
	last = tz_bin_floor(bins, until - 1);
	first = *from < first ? *from : first;
	last = *to > last ? *to : last;
	if (!is_fillable(bins, first, last))
		return;
	*from = first;
	*to = last;
}

static void
fill_gaps(struct series *s, const struct io_opts *io)
{
	struct series full = { .r = s->r, .scale = s->scale };
	const struct tz_bins *bins = &s->r->spec.keys[0].bin;
	int64_t from = INT64_MAX, to = INT64_MIN;
	size_t known = s->n, i = 0;

	while (known > 0 && s->bin[known - 1].missing)
		known--;
	if (known > 0) {
		from = s->bin[0].ns;
		to = s->bin[known - 1].ns;
	}
	widen(bins, io, &from, &to);
	if (!is_fillable(bins, from, to))
		return;
	for (int64_t ns = from; full.n == 0 || full.bin[full.n - 1].ns < to;
	     ns = tz_bin_next(bins, full.bin[full.n - 1].ns))
		add_bin(&full,
		    i < known && s->bin[i].ns <= ns ? &s->bin[i++] : &(struct bin){ .ns = ns });
	for (; i < s->n; i++)
		add_bin(&full, &s->bin[i]);
	mem_free(s->bin);
	*s = full;
}

static uint64_t
quantity(const struct counters *c, unsigned q)
{
	return q == 0 ? c->flows : q == 1 ? c->packets : c->bytes;
}

static void
print_sparks(const struct series *s, struct output *o)
{
	static const char *const names[QUANTITIES] = { "flows", "packets", "bytes" };
	double *v = mem_alloc((s->n + 1) * sizeof(*v));

	for (unsigned q = 0; q < QUANTITIES; q++) {
		char most[FMT_MAX + 1];
		uint64_t max = 0;
		size_t n = 0;

		for (size_t i = 0; i < s->n; i++) {
			uint64_t x = quantity(&s->bin[i].n, q);

			if (s->bin[i].missing)
				continue;
			v[n++] = (double)x;
			max = x > max ? x : max;
		}
		most[o->io->plain ? fmt_u64(most, max) : fmt_scaled(most, (double)max)] = '\0';
		buf_printf(&o->buf, "%-8s ", names[q]);
		bars_spark(&o->buf, v, n);
		buf_printf(&o->buf, "  most %s\n", most);
	}
	buf_putc(&o->buf, '\n');
	mem_free(v);
}

static void
print_text(const struct series *s, struct output *o)
{
	struct sheet sheet = { 0 };
	struct text_opts opts = { .style = STYLE_TABLE, .tz = o->io->tz };
	struct column c = { .type = TYPE_TIME, .width = 8, .scale = s->scale };
	uint64_t most = 0;

	if (o->spark && s->n > 0)
		print_sparks(s, o);
	for (size_t i = 0; i < s->n; i++)
		most = s->bin[i].n.bytes > most ? s->bin[i].n.bytes : most;
	sheet_column(&sheet, s->r->spec.keys[0].field.name, false);
	sheet_column(&sheet, "flows", true);
	sheet_column(&sheet, "packets", true);
	sheet_column(&sheet, "bytes", true);
	sheet_column(&sheet, "", false);
	for (size_t i = 0; i < s->n; i++) {
		const struct bin *b = &s->bin[i];
		struct value v = { .type = b->missing ? TYPE_NONE : TYPE_TIME, .i = b->ns };
		struct buf bar = { 0 };

		sheet_value(&sheet, &v, &c, &opts);
		for (unsigned q = 0; q < QUANTITIES; q++)
			sheet_count(&sheet, quantity(&b->n, q), o->io->plain);
		bars_put(&bar, (double)b->n.bytes, (double)most);
		sheet_text(&sheet, buf_cstr(&bar));
		buf_free(&bar);
	}
	sheet_print(&sheet, &o->buf);
	sheet_free(&sheet);
}

static int
print_records(const struct series *s, struct output *o, struct err *err)
{
	static const uint16_t ids[QUANTITIES] = { 3, 2, 1 };
	const struct field_id *time = &s->r->spec.keys[0].as;
	struct batch *b = batch_new();
	int rc = 0;

	output_field(o, time);
	for (unsigned q = 0; q < QUANTITIES; q++)
		output_field(o, &(struct field_id){ .id = ids[q] });
	for (size_t first = 0; first < s->n && rc == 0; first += BATCH_RECORDS) {
		size_t n = s->n - first < BATCH_RECORDS ? s->n - first : BATCH_RECORDS;
		unsigned col[QUANTITIES + 1];

		batch_reset(b);
		col[0] = (unsigned)batch_column(b, time, TYPE_TIME, 8, 0);
		for (unsigned q = 0; q < QUANTITIES; q++)
			col[q + 1] = (unsigned)batch_column(
			    b, &(struct field_id){ .id = ids[q] }, TYPE_UINT, 8, 0);
		batch_extend(b, n);
		batch_precision(b, col[0], s->scale);
		for (size_t i = 0; i < n; i++) {
			const struct bin *bin = &s->bin[first + i];

			if (!bin->missing)
				batch_put_uint(b, col[0], i, (uint64_t)bin->ns);
			for (unsigned q = 0; q < QUANTITIES; q++)
				batch_put_uint(b, col[q + 1], i, quantity(&bin->n, q));
		}
		batch_close(b);
		rc = output_batch(o, b, err);
	}
	batch_free(b);
	return rc;
}

int
series_print(struct report *r, struct output *o, struct err *err)
{
	struct series s = { .r = r, .scale = r->spec.keys[0].bin.ns % NS_PER_S == 0 ? 9 : 0 };
	int rc;

	output_begin(o, r->title);
	rc = report_rows(r, o->io, take_bins, &s, err);
	fill_gaps(&s, o->io);
	if (rc == 0 && o->text)
		print_text(&s, o);
	else if (rc == 0)
		rc = print_records(&s, o, err);
	mem_free(s.bin);
	output_end(o);
	return rc;
}
