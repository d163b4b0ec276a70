/*
 * table.c - records as a table for people: aligned, scaled, cut to fit, nothing that moves the cursor.
 *
 * Widths come from the first batch; a longer cell pushes its own line out and leaves the others alone.
 */
#include "base/mem.h"
#include "flow/list.h"
#include "text/escape.h"
#include "text/writer.h"

enum { CELL_MOST = LABEL_COLUMNS, LAST_MOST = 200, SAMPLE = 512 };

/* Where a line of flows is read from left to right: when, what, from whom to whom, how much. */
static const char default_fields[] = "start,duration,proto,srcip,dstip,flags,packets,bytes,flows";
static const char alert_fields[] = "score,severity,detector,kind,srcip,dstip,reason";
static const char told_fields[] =
    "score,severity,alerts,start,end,detector,kind,srcip,dstip,subject,reason";

/* The columns of a batch that a table column shows. */
struct table_cell {
	const struct text_column *col;
	int at, port; /* indexes into the batch; -1 none */
	struct label *label;
};

static bool
is_number(enum type t)
{
	switch (t) {
	case TYPE_UINT:
	case TYPE_INT:
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
	case TYPE_DURATION: return true;
	default: return false;
	}
}

/* protocolIdentifier, tcpControlBits and severities are numbers that print as words. */
static bool
prints_words(const struct field *f)
{
	if (f->n == 0)
		return false;
	return f->id[0].pen == PEN_IANA ? f->id[0].id == 4 || f->id[0].id == 6
					: f->id[0].pen == PEN_OWN && f->id[0].id == OWN_SEVERITY;
}

static void
put_value(
    const struct text_writer *w, const struct column *c, uint32_t rec, size_t most, struct buf *out)
{
	const struct text_opts opts = {
		.style = STYLE_TABLE, .plain = w->spec.plain, .tz = w->spec.tz
	};
	struct value v = value_at(c, rec);
	struct buf text = { 0 };

	switch (v.type) {
	case TYPE_NONE: buf_putc(out, '-'); return;
	case TYPE_STRING: (void)escape_terminal(out, v.s.p, v.s.n, most); return;
	case TYPE_LIST: list_put_json(&text, v.s.p, v.s.n, false); break;
	case TYPE_BYTES: value_put(&text, &v, c, &opts); break;
	default: value_put(out, &v, c, &opts); return;
	}
	(void)escape_terminal(out, text.data, text.len, CELL_MOST);
	buf_free(&text);
}

/* 192.0.2.1:443, [2001:db8::1]:443 */
static void
put_endpoint(const struct text_writer *w, struct batch *b, const struct table_cell *t, uint32_t rec,
    struct buf *out)
{
	const struct column *port = batch_plain(b, (unsigned)t->port);
	const struct column *ip = t->at >= 0 ? batch_plain(b, (unsigned)t->at) : NULL;
	struct value v = ip != NULL ? value_at(ip, rec) : (struct value){ .type = TYPE_NONE };
	bool v6 = v.type == TYPE_IP && !addr_is_v4(&v.ip);

	if (v6)
		buf_putc(out, '[');
	if (ip == NULL)
		buf_putc(out, '-');
	else
		put_value(w, ip, rec, CELL_MOST, out);
	if (v6)
		buf_putc(out, ']');
	v = value_at(port, rec);
	if (v.type == TYPE_NONE)
		return;
	buf_putc(out, ':');
	put_value(w, port, rec, CELL_MOST, out);
}

static void
put_cell(const struct text_writer *w, struct batch *b, const struct table_cell *t, uint32_t rec,
    struct buf *out)
{
	size_t n;
	const char *label = t->label != NULL ? label_at(t->label, rec, &n) : NULL;
	/* Nothing stands behind the last column: there is room for a sentence. */
	size_t most = t->col == &w->col[w->n_col - 1] ? LAST_MOST : CELL_MOST;

	if (label != NULL)
		buf_put(out, label, n);
	else if (t->port >= 0)
		put_endpoint(w, b, t, rec, out);
	else if (t->at >= 0)
		put_value(w, batch_plain(b, (unsigned)t->at), rec, most, out);
	else
		buf_putc(out, '-');
}

static void
put_blanks(struct buf *out, size_t n)
{
	if (n == 0) /* nor is there any room in an empty buffer */
		return;
	memset(buf_room(out, n), ' ', n);
	out->len += n;
}

/* A text in its column; the last one of a line gets no blanks behind it. */
static void
put_padded(const struct text_column *c, const char *p, size_t n, bool last, struct buf *out)
{
	size_t used = utf8_columns(p, n), pad = used < c->width ? c->width - used : 0;

	if (c->right)
		put_blanks(out, pad);
	buf_put(out, p, n);
	if (!c->right && !last)
		put_blanks(out, pad);
	if (!last)
		buf_puts(out, "  ");
}

static struct table_cell *
bind(const struct text_writer *w, const struct names *names, struct batch *b)
{
	struct table_cell *t = mem_zero(w->n_col + 1, sizeof(*t));

	for (unsigned k = 0; k < w->n_col; k++) {
		t[k].col = &w->col[k];
		t[k].at = text_resolve(w, b, &w->col[k].field);
		t[k].port = w->col[k].to.name[0] ? text_resolve(w, b, &w->col[k].to) : -1;
		if (t[k].at >= 0)
			t[k].label = label_new(names, TEXT_TABLE, b, (unsigned)t[k].at);
	}
	return t;
}

static void
release(const struct text_writer *w, struct table_cell *t)
{
	for (unsigned k = 0; t != NULL && k < w->n_col; k++)
		label_free(t[k].label);
	mem_free(t);
}

static void
put_title(const struct text_writer *w, const struct names *names, unsigned k, struct buf *out)
{
	const struct name *announced = text_announced(w, names, k);
	const char *title = announced ? announced->text : text_title(&w->col[k].field);

	(void)escape_terminal(out, title, announced ? announced->len : strlen(title), CELL_MOST);
	if (w->col[k].to.name[0])
		buf_puts(out, ":port");
}

/* Room that values of a type usually need, so that a small first batch does not squeeze later ones. */
static unsigned
usual_width(const struct text_column *c, enum type type)
{
	if (c->to.name[0])
		return 21;
	switch (type) {
	case TYPE_TIME: return 23;
	case TYPE_IP: return 15;
	case TYPE_UINT:
	case TYPE_DURATION: return 7;
	default: return 0;
	}
}

static void
measure(struct text_writer *w, const struct names *names, struct batch *first)
{
	struct table_cell *t = first != NULL ? bind(w, names, first) : NULL;
	size_t sample = first == NULL ? 0 : first->n < SAMPLE ? first->n : SAMPLE;
	struct buf text = { 0 };

	for (unsigned k = 0; k < w->n_col; k++) {
		struct text_column *c = &w->col[k];
		enum type type =
		    t != NULL && t[k].at >= 0 ? (enum type)first->col[t[k].at].type : c->field.type;
		size_t width = usual_width(c, type);
		bool words = prints_words(&c->field);

		text.len = 0;
		put_title(w, names, k, &text);
		width = utf8_columns(text.data, text.len) > width
			    ? utf8_columns(text.data, text.len)
			    : width;
		for (uint32_t rec = 0; rec < sample; rec++) {
			size_t used;

			words = words || (t[k].label != NULL && label_at(t[k].label, rec, &used));
			text.len = 0;
			put_cell(w, first, &t[k], rec, &text);
			used = utf8_columns(text.data, text.len);
			width = used > width ? used : width;
		}
		c->right = is_number(type) && !words;
		c->width = (unsigned)width;
	}
	release(w, t);
	buf_free(&text);
}

/* Addresses of the default table take their ports along; an alert is about the port of its destination. */
static void
join_ports(struct text_writer *w, bool alerts)
{
	static const char *const pair[][2] = { { "dstip", "dstport" }, { "srcip", "srcport" } };
	struct err ignored = { 0 };

	for (unsigned k = 0; k < w->n_col; k++)
		for (unsigned i = 0; i < (alerts ? 1 : 2); i++)
			if (strcmp(w->col[k].field.name, pair[i][0]) == 0)
				(void)field_parse(
				    &w->col[k].to, pair[i][1], strlen(pair[i][1]), &ignored);
}

void
table_begin(struct text_writer *w, const struct names *names, struct batch *first, struct buf *out)
{
	struct buf title = { 0 };

	if (!w->list && text_are_alerts(w, first)) {
		text_set_default(w, text_are_told(w, first) ? told_fields : alert_fields);
		join_ports(w, true);
	} else if (!w->list && first != NULL && !text_are_flows(first)) {
		text_set_batch(w, first);
	} else if (!w->list) {
		text_set_default(w, default_fields);
		join_ports(w, false);
	}
	measure(w, names, first);
	if (!w->spec.header || w->n_col == 0)
		return;
	if (w->spec.color)
		buf_puts(out, "\033[1m");
	for (unsigned k = 0; k < w->n_col; k++) {
		title.len = 0;
		put_title(w, names, k, &title);
		put_padded(&w->col[k], title.data, title.len, k + 1 == w->n_col, out);
	}
	buf_puts(out, w->spec.color ? "\033[0m\n" : "\n");
	buf_free(&title);
}

void
table_rows(const struct text_writer *w, const struct names *names, struct batch *b,
    const uint64_t *sel, struct buf *out)
{
	struct tiles tiles = { .sel = sel, .n = b->n };
	struct table_cell *t = bind(w, names, b);
	struct buf text = { 0 };
	uint32_t rec[CELL_TILE];
	unsigned n;

	while ((n = tile_next(&tiles, rec)) > 0) {
		for (unsigned i = 0; i < n; i++) {
			for (unsigned k = 0; k < w->n_col; k++) {
				text.len = 0;
				put_cell(w, b, &t[k], rec[i], &text);
				put_padded(&w->col[k], text.data, text.len, k + 1 == w->n_col, out);
			}
			buf_putc(out, '\n');
		}
	}
	buf_free(&text);
	release(w, t);
}
