#include "base/json.h"

#include "base/num.h"

/*
 * Octets of the UTF-8 sequence at p, of n left; *good: well-formed, else the maximal subpart of one
 * (Unicode 3.9, table 3-7).
 */
static size_t
sequence(const uint8_t *p, size_t n, int *good)
{
	uint8_t lo = 0x80, hi = 0xbf;
	size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	*good = 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 1;
	if (p[0] == 0xe0)
		lo = 0xa0; /* else overlong */
	else if (p[0] == 0xed)
		hi = 0x9f; /* else a surrogate */
	else if (p[0] == 0xf0)
		lo = 0x90; /* else overlong */
	else if (p[0] == 0xf4)
		hi = 0x8f; /* else above U+10FFFF */
	for (size_t i = 1; i < len; i++) {
		if (i >= n || p[i] < lo || p[i] > hi)
			return i;
		lo = 0x80;
		hi = 0xbf;
	}
	*good = 1;
	return len;
}

static void
put_special(struct buf *out, uint8_t c)
{
	static const char letters[] = "btn?fr"; /* 8 9 10 11 12 13 */

	buf_putc(out, '\\');
	if (c == '"' || c == '\\') {
		buf_putc(out, (char)c);
	} else if (c >= 8 && c <= 13 && c != 11) {
		buf_putc(out, letters[c - 8]);
	} else {
		buf_puts(out, "u00");
		out->len += fmt_hex(buf_room(out, FMT_MAX), &c, 1);
	}
}

void
json_put_text(struct buf *out, const char *text, size_t n)
{
	const uint8_t *p = (const uint8_t *)text;

	for (size_t i = 0; i < n;) {
		if (p[i] >= 0x80) {
			int good;
			size_t len = sequence(p + i, n - i, &good);

			buf_put(out, good ? text + i : "\xef\xbf\xbd", good ? len : 3);
			i += len;
		} else if (p[i] < 0x20 || p[i] == '"' || p[i] == '\\') {
			put_special(out, p[i++]);
		} else {
			buf_putc(out, (char)p[i++]);
		}
	}
}
