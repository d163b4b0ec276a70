#include "sheet.h"

#include "base/mem.h"
#include "base/num.h"
#include "text/escape.h"

enum { CELL_MOST = 48 };

static void
end_cell(struct sheet *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->end = mem_resize(s->end, s->cap, sizeof(*s->end));
	}
	s->end[s->n++] = s->text.len;
}

void
sheet_column(struct sheet *s, const char *name, bool right)
{
	if (s->columns == SHEET_COLUMNS)
		return;
	s->right[s->columns++] = right;
	s->named = s->named || *name != '\0';
	sheet_text(s, name);
}

void
sheet_text(struct sheet *s, const char *text)
{
	buf_puts(&s->text, text);
	end_cell(s);
}

void
sheet_scaled(struct sheet *s, double v, bool plain)
{
	const struct text_opts opts = { .style = STYLE_TABLE, .plain = true };
	const struct value value = { .type = TYPE_FLOAT64, .f = v };

	if (plain)
		value_put(&s->text, &value, NULL, &opts);
	else
		s->text.len += fmt_scaled(buf_room(&s->text, FMT_MAX), v);
	end_cell(s);
}

void
sheet_count(struct sheet *s, uint64_t v, bool plain)
{
	if (!plain) {
		sheet_scaled(s, (double)v, false);
		return;
	}
	s->text.len += fmt_u64(buf_room(&s->text, FMT_MAX), v);
	end_cell(s);
}

void
sheet_percent(struct sheet *s, double part, double whole)
{
	if (whole > 0)
		buf_printf(&s->text, "%.1f%%", part * 100 / whole);
	else
		buf_putc(&s->text, '-');
	end_cell(s);
}

void
sheet_value(
    struct sheet *s, const struct value *v, const struct column *c, const struct text_opts *opts)
{
	struct buf text = { 0 };

	if (v->type == TYPE_NONE)
		buf_putc(&text, '-');
	else
		value_put(&text, v, c, opts);
	(void)escape_terminal(&s->text, text.data, text.len, CELL_MOST);
	buf_free(&text);
	end_cell(s);
}

static const char *
cell(const struct sheet *s, size_t i, size_t *n)
{
	size_t from = i ? s->end[i - 1] : 0;

	*n = s->end[i] - from;
	return s->text.data + from;
}

static void
put_spaces(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_putc(out, ' ');
}

void
sheet_print(const struct sheet *s, struct buf *out)
{
	size_t wide[SHEET_COLUMNS] = { 0 }, n;

	for (size_t i = 0; i < s->n; i++) {
		const char *p = cell(s, i, &n);
		size_t w = utf8_columns(p, n);

		if (w > wide[i % s->columns])
			wide[i % s->columns] = w;
	}
	for (size_t i = s->named ? 0 : s->columns; i < s->n; i++) {
		unsigned c = (unsigned)(i % s->columns);
		const char *p = cell(s, i, &n);
		size_t pad = wide[c] - utf8_columns(p, n);

		if (s->right[c])
			put_spaces(out, pad);
		buf_put(out, p, n);
		if (!s->right[c] && c + 1 < s->columns)
			put_spaces(out, pad);
		if (c + 1 < s->columns) {
			buf_puts(out, "  ");
			continue;
		}
		while (out->len > 0 && out->data[out->len - 1] == ' ')
			out->len--;
		buf_putc(out, '\n');
	}
}

void
sheet_free(struct sheet *s)
{
	buf_free(&s->text);
	mem_free(s->end);
	*s = (struct sheet){ 0 };
}
