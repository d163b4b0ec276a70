/*
 * csv_out.c - records as csv (RFC 4180) and tsv.
 *
 * The default columns are fixed, so that what reads our csv may count on them: flowcat(1) has the
 * list.  Missing is empty, an empty string is "".
 */
#include "base/clones.h"
#include "base/mem.h"
#include "text/csv_name.h"
#include "text/escape.h"
#include "text/tile.h"
#include "text/writer.h"

static const char default_fields[] =
    "start,end,duration,srcip,dstip,srcport,dstport,proto,flags,tos,packets,bytes,flows,"
    "inif,outif,srcas,dstas,exporter,domain,sampling";

static const char alert_fields[] =
    "start,end,srcip,dstip,srcport,dstport,proto,flows,packets,bytes,rpackets,rbytes,"
    "detector,kind,score,severity,reason,why,attack,sampling,limits";
static const char told_fields[] =
    "start,end,srcip,dstip,srcport,dstport,proto,flows,packets,bytes,rpackets,rbytes,"
    "detector,kind,score,severity,reason,why,attack,sampling,limits,alerts,subject";

static char
delimiter(const struct text_writer *w)
{
	return w->spec.format == TEXT_TSV ? '\t' : ',';
}

static void
put_header(struct text_writer *w, const struct names *names, struct buf *out)
{
	const struct name *announced;
	struct buf name = { 0 };

	for (unsigned i = 0; i < w->n_col; i++) {
		struct text_column *c = &w->col[i];

		name.len = 0;
		c->type = c->field.type;
		if (w->spec.complete && c->field.n > 0)
			c->width = csv_name_put(
			    &name, &c->field.id[0], c->type, c->field.width, i == 0 ? w->n_col : 0);
		else
			buf_puts(&name, text_title(&c->field));
		announced = text_announced(w, names, i);
		if (announced != NULL) {
			name.len = 0;
			buf_put(&name, announced->text, announced->len);
		}
		if (i > 0)
			buf_putc(out, delimiter(w));
		if (name.len > 0)
			escape_csv(out, name.data, name.len, delimiter(w));
	}
	if (w->n_col > 0)
		buf_putc(out, '\n');
	buf_free(&name);
}

/* Records without any value, which would be no lines as there is no column. */
static bool
are_bare(const struct batch *b)
{
	bool any = false;

	for (unsigned i = 0; i < b->n_cols; i++)
		any = any || !(b->col[i].flags & COLUMN_EMPTY);
	return b->n > 0 && !any;
}

void
csv_begin(struct text_writer *w, const struct names *names, struct batch *first, struct buf *out)
{
	size_t before = out->len;

	if (!w->list || (w->n_col == 0 && first != NULL)) {
		if (text_are_alerts(w, first)) {
			text_set_default(w, text_are_told(w, first) ? told_fields : alert_fields);
		} else if (first == NULL || are_bare(first) || text_are_flows(first)) {
			text_set_default(w, default_fields);
		} else {
			text_set_batch(w, first);
			w->strict = w->relative == NULL;
		}
	}
	put_header(w, names, out);
	if (!w->spec.header)
		out->len = before;
}

static bool
listed(const struct text_writer *w, const struct column *c)
{
	for (unsigned i = 0; i < w->n_col; i++)
		if (w->col[i].field.n > 0 && field_id_equal(&w->col[i].field.id[0], &c->id))
			return true;
	return false;
}

static bool
any_selected(struct batch *b, unsigned i, const uint64_t *sel)
{
	const uint64_t *present = batch_present(b, i);

	for (size_t w = 0; w < bits_words(b->n); w++) {
		uint64_t m = w == b->n / 64 ? bits_tail(b->n) : ~UINT64_C(0);

		if (m & (present ? present[w] : m) & (sel ? sel[w] : m))
			return true;
	}
	return false;
}

static int
refuse(const struct text_writer *w, const struct field_id *id, const char *why, struct err *err)
{
	struct buf name = { 0 };

	field_put_name(&name, id);
	(void)err_set(err, "a record has a value for %s, %s", buf_cstr(&name),
	    w->spec.complete ? why : "which the first records did not have: name the columns (-k)");
	buf_free(&name);
	return -1;
}

/* Does an integer fit into so many octets? */
static bool
int_fits(const struct value *v, unsigned width)
{
	unsigned bits = width * 8;

	if (bits >= 64)
		return true;
	if (v->type == TYPE_UINT)
		return v->u >> bits == 0;
	return v->i >= -(INT64_C(1) << (bits - 1)) && v->i < INT64_C(1) << (bits - 1);
}

/* The type is the header's, or that is text, and no selected integer is larger than the header says. */
static bool
header_fits(const struct text_column *header, struct batch *b, unsigned i, const uint64_t *sel)
{
	const struct column *c = &b->col[i];

	if (c->type != (uint8_t)header->type)
		return header->type == TYPE_STRING || !any_selected(b, i, sel);
	if ((c->type != TYPE_UINT && c->type != TYPE_INT) || c->width <= header->width)
		return true;
	c = batch_plain(b, i);
	for (size_t rec = 0; rec < b->n; rec++) {
		struct value v = value_at(c, rec);

		if (v.type != TYPE_NONE && bits_has(sel, rec) && !int_fits(&v, header->width))
			return false;
	}
	return true;
}

/* Nothing may be lost: every value has its column, of the type that the header says. */
static int
check_complete(const struct text_writer *w, struct batch *b, const uint64_t *sel, struct err *err)
{
	for (unsigned i = 0; i < b->n_cols; i++)
		if (!(b->col[i].flags & COLUMN_EMPTY) && !listed(w, &b->col[i]) &&
		    any_selected(b, i, sel))
			return refuse(w, &b->col[i].id,
			    "which no column shows: the header went out before it was seen", err);
	for (unsigned i = 0; w->spec.complete && i < w->n_col; i++) {
		int k = text_resolve(w, b, &w->col[i].field);

		if (k >= 0 && !header_fits(&w->col[i], b, (unsigned)k, sel))
			return refuse(w, &b->col[k].id,
			    "whose type is not the one its column has in the header", err);
	}
	return 0;
}

/* Rows ----------------------------------------------------------------------------------------- */

/* A column whose text has no bound, as strings and names have none: where it goes in each row of the tile. */
struct insert {
	unsigned column;
	uint32_t from[CELL_TILE], to[CELL_TILE]; /* what it stands in place of */
};

enum { PIECE = 32 };

/*
 * Rows of a tile grow side by side, a column at a time, each at a place of its own that has room for the longest
 * one; then they are copied behind one another, with what is inserted.
 */
struct rows {
	char delim;
	struct cell *cells;
	struct label **labels; /* NULL: printed as it is */
	unsigned n_col;
	struct insert *inserts;
	unsigned n_inserts;
	char *places;
	size_t stride;
};

static void
rows_bind(struct rows *r, const struct text_writer *w, const struct names *names, struct batch *b)
{
	*r = (struct rows){ .delim = delimiter(w), .n_col = w->n_col };
	r->cells = mem_alloc(w->n_col * sizeof(*r->cells));
	r->labels = mem_zero(w->n_col, sizeof(*r->labels));
	for (unsigned k = 0; k < w->n_col; k++) {
		int i = text_resolve(w, b, &w->col[k].field);

		if (i < 0)
			cell_none(&r->cells[k], &r->delim);
		else
			cell_bind(&r->cells[k], b, (unsigned)i, CELL_ISO, w->spec.tz, 0, &r->delim);
		if (i >= 0)
			r->labels[k] = label_new(names, w->spec.format, b, (unsigned)i);
		r->stride += r->cells[k].most;
		r->n_inserts += r->cells[k].variable || r->labels[k] != NULL;
	}
	r->stride += CELL_STRIDE;
	r->places = mem_alloc((CELL_TILE + 1) * r->stride + PIECE);
	r->inserts = mem_alloc((r->n_inserts + 1) * sizeof(*r->inserts));
	for (unsigned k = 0, n = 0; k < w->n_col; k++)
		if (r->cells[k].variable || r->labels[k] != NULL)
			r->inserts[n++].column = k;
}

static void
rows_free(struct rows *r)
{
	for (unsigned k = 0; k < r->n_col; k++) {
		cell_free(&r->cells[k]);
		label_free(r->labels[k]);
	}
	mem_free(r->labels);
	mem_free(r->cells);
	mem_free(r->places);
	mem_free(r->inserts);
}

/* Words of columns in a row, which all go to their places at once. */
struct word_run {
	struct tile_words w[TILE_RUN];
	unsigned n;
};

static void
run_place(struct word_run *run, unsigned n, char *at[])
{
	tile_place(run->w, run->n, n, at);
	run->n = 0;
}

static void
put_column(struct word_run *run, struct cell *c, const uint32_t *rec, unsigned n, char *at[])
{
	if (run->n == TILE_RUN)
		run_place(run, n, at);
	if (!cell_words(c, rec, n, &run->w[run->n])) {
		run_place(run, n, at);
		cell_put(c, rec, n, at);
	} else if (run->n == 0 || !tile_join(&run->w[run->n - 1], &run->w[run->n])) {
		run->n++;
	}
}

/* All columns of a tile; at: where its rows end. */
static void
rows_grow(struct rows *r, const uint32_t *rec, unsigned n, char *at[])
{
	struct insert *insert = r->inserts;
	struct word_run run;

	run.n = 0;
	for (unsigned i = 0; i < n; i++)
		at[i] = r->places + i * r->stride;
	for (unsigned k = 0; k < r->n_col; k++) {
		bool here =
		    r->n_inserts > 0 && insert < r->inserts + r->n_inserts && insert->column == k;

		if (here)
			run_place(&run, n, at);
		for (unsigned i = 0; here && i < n; i++)
			insert->from[i] = (uint32_t)(at[i] - (r->places + i * r->stride));
		cell_fetch(&r->cells[k], rec[0]);
		put_column(&run, &r->cells[k], rec, n, at);
		if (here)
			run_place(&run, n, at);
		for (unsigned i = 0; here && i < n; i++)
			insert->to[i] = (uint32_t)(at[i] - (r->places + i * r->stride)) - 1;
		insert += here;
	}
	run_place(&run, n, at);
}

static void
put_octets(const struct cell *c, uint32_t rec, char delim, struct buf *out)
{
	size_t n;
	const char *p = cell_octets(c, rec, &n);

	if (c->col.type == TYPE_STRING || n == 0) {
		escape_csv(out, p, n, delim);
		return;
	}
	out->len += fmt_hex(buf_room(out, n * 2), (const uint8_t *)p, n);
}

/* What is inserted into a row, with the text in front of it; returns up to where the row's text has been taken. */
static uint32_t
put_insert(const struct rows *r, const struct insert *insert, unsigned i, uint32_t rec,
    uint32_t taken, struct buf *out)
{
	const struct cell *c = &r->cells[insert->column];
	struct label *label = r->labels[insert->column];
	const char *text = NULL;
	size_t n;

	if (label != NULL)
		text = label_at(label, rec, &n);
	if (text == NULL && !(c->variable && cell_has(c, rec)))
		return taken;
	buf_put(out, r->places + i * r->stride + taken, insert->from[i] - taken);
	if (text != NULL)
		buf_put(out, text, n);
	else
		put_octets(c, rec, r->delim, out);
	return insert->to[i];
}

/* The row in place i, with what is inserted. */
static void
put_row(const struct rows *r, unsigned i, uint32_t rec, size_t len, struct buf *out)
{
	uint32_t taken = 0;

	for (unsigned k = 0; k < r->n_inserts; k++)
		taken = put_insert(r, &r->inserts[k], i, rec, taken, out);
	buf_put(out, r->places + i * r->stride + taken, len - taken);
}

/*
 * Rows behind one another.  As many pieces are copied of each as the longest one has, since how many a row has cannot
 * be foretold: there is room on both sides.
 */
CLONES static char *
pack_rows(char *d, const char *places, size_t stride, const size_t *len, unsigned n, size_t pieces)
{
	for (unsigned i = 0; i < n; i++) {
		const char *p = places + i * stride;

		for (size_t k = 0; k < pieces; k++)
			memcpy(d + k * PIECE, p + k * PIECE, PIECE);
		d += len[i];
	}
	return d;
}

/* The rows of a tile, that end at `at`; the last delimiter of each becomes the line's end. */
static void
put_rows(const struct rows *r, const uint32_t *rec, unsigned n, char *at[], struct buf *out)
{
	size_t len[CELL_TILE], most = 0;

	for (unsigned i = 0; i < n; i++) {
		*(at[i] - 1) = '\n';
		len[i] = (size_t)(at[i] - (r->places + i * r->stride));
		most = len[i] > most ? len[i] : most;
	}
	if (r->n_inserts == 0) {
		char *d = buf_room(out, n * most + PIECE);
		size_t pieces = (most + PIECE - 1) / PIECE;

		out->len += (size_t)(pack_rows(d, r->places, r->stride, len, n, pieces) - d);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		put_row(r, i, rec[i], len[i], out);
}

int
csv_rows(const struct text_writer *w, const struct names *names, struct batch *b,
    const uint64_t *sel, struct text_drain *drain, struct buf *out, struct err *err)
{
	struct tiles tiles = { .sel = sel, .n = b->n };
	struct rows rows;
	uint32_t rec[CELL_TILE];
	char *at[CELL_TILE];
	unsigned n;

	if (w->n_col == 0)
		return 0;
	if (w->strict && check_complete(w, b, sel, err) < 0)
		return -1;
	rows_bind(&rows, w, names, b);
	while ((n = tile_next(&tiles, rec)) > 0) {
		rows_grow(&rows, rec, n, at);
		put_rows(&rows, rec, n, at, out);
		text_offer(drain, b, out);
	}
	rows_free(&rows);
	return 0;
}
