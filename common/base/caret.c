#include "base/caret.h"

#include "base/utf8.h"

void
caret_put(struct buf *out, const char *text, size_t from, size_t to, size_t at, size_t end)
{
	size_t line, column, marks;

	buf_puts(out, "\n    ");
	line = out->len;
	for (size_t i = from; i < to; i++)
		buf_putc(out, (unsigned char)text[i] < 0x20 ? ' ' : text[i]);
	end = end < to ? end : to;
	while (end < to && ((unsigned char)text[end] & 0xc0) == 0x80)
		end++; /* whole characters */
	column = utf8_columns(out->data + line, at - from);
	marks = end > at ? utf8_columns(out->data + line + (at - from), end - at) : 1;
	buf_printf(out, "\n    %*s^", (int)column, "");
	while (marks-- > 1)
		buf_putc(out, '~');
}
