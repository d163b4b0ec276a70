#include "text/escape.h"

#include "base/num.h"

enum { ESCAPED_MAX = 4 }; /* \xNN */

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static char *
put_hex(char *d, char c)
{
	uint8_t octet = (uint8_t)c;

	*d++ = '\\';
	*d++ = 'x';
	return d + fmt_hex(d, &octet, 1);
}

bool
text_is_null(const char *p, size_t n)
{
	return n == 2 && p[0] == '\\' && p[1] == 'N';
}

/* What a csv cell needs. */
struct need {
	bool escape, quote;
};

static struct need
csv_need(const char *p, size_t n, char delimiter)
{
	struct need need = {
		.escape = text_is_null(p, n),
		.quote = n == 0 || p[0] == ' ' || p[n - 1] == ' ',
	};
	size_t skip;

	for (size_t i = 0; i < n;) {
		size_t len = 1;

		if ((unsigned char)p[i] >= 0x80) {
			len = utf8_length(p + i, n - i, &skip);
			if (len == 0) {
				need.escape = true;
				len = skip;
			}
		} else if (is_control(p[i])) {
			need.escape = true;
		} else if (p[i] == '\\') {
			need.escape |= i + 1 < n && (p[i + 1] == '\\' || p[i + 1] == 'x');
		} else if (p[i] == delimiter || p[i] == '"') {
			need.quote = true;
		}
		i += len;
	}
	return need;
}

/* One character (or invalid octets) at p as tsv or csv escapes write it; *len is how many octets it was. */
static char *
put_escaped(char *d, const char *p, size_t n, char delimiter, size_t *len)
{
	size_t skip;

	*len = 1;
	if (*p == '\\') {
		*d++ = '\\';
		*d++ = '\\';
	} else if (delimiter == '\t' && (*p == '\t' || *p == '\n' || *p == '\r')) {
		*d++ = '\\';
		*d++ = *p == '\t' ? 't' : *p == '\n' ? 'n' : 'r';
	} else if (is_control(*p)) {
		d = put_hex(d, *p);
	} else if ((unsigned char)*p < 0x80) {
		*d++ = *p;
	} else {
		*len = utf8_length(p, n, &skip);
		if (*len > 0) {
			memcpy(d, p, *len);
			return d + *len;
		}
		*len = skip;
		for (size_t i = 0; i < skip; i++)
			d = put_hex(d, p[i]);
	}
	return d;
}

static void
escape_tsv(struct buf *b, const char *p, size_t n)
{
	char *d = buf_room(b, n * ESCAPED_MAX + 8);
	size_t len;

	/* The two characters "" alone would read back as an empty string. */
	if (n == 0 || (n == 2 && p[0] == '"' && p[1] == '"')) {
		buf_puts(b, n == 0 ? "\"\"" : "\\x22\\x22");
		return;
	}
	for (size_t i = 0; i < n; i += len)
		d = put_escaped(d, p + i, n - i, '\t', &len);
	b->len = (size_t)(d - b->data);
}

void
escape_csv(struct buf *b, const char *p, size_t n, char delimiter)
{
	struct need need;
	char *d;
	size_t len;

	if (delimiter == '\t') {
		escape_tsv(b, p, n);
		return;
	}
	need = csv_need(p, n, delimiter);
	if (!need.escape && !need.quote) {
		buf_put(b, p, n);
		return;
	}
	d = buf_room(b, n * ESCAPED_MAX + 2);
	if (need.quote)
		*d++ = '"';
	for (size_t i = 0; i < n; i += len) {
		len = 1;
		if (p[i] == '"')
			*d++ = '"';
		if (need.escape)
			d = put_escaped(d, p + i, n - i, delimiter, &len);
		else
			*d++ = p[i];
	}
	if (need.quote)
		*d++ = '"';
	b->len = (size_t)(d - b->data);
}

size_t
unescape_csv(char *dst, const char *p, size_t n, char delimiter)
{
	const char *back = n ? memchr(p, '\\', n) : NULL;
	char *d = dst;

	if (back == NULL) {
		if (n > 0)
			memcpy(dst, p, n);
		return n;
	}
	for (size_t i = 0; i < n;) {
		char next = p[i] == '\\' && i + 1 < n ? p[i + 1] : 0;

		if (next == '\\') {
			*d++ = '\\';
			i += 2;
		} else if (next == 'x' && i + 3 < n && parse_hex(p + i + 2, 2, (uint8_t *)d)) {
			d++;
			i += 4;
		} else if (delimiter == '\t' && (next == 't' || next == 'n' || next == 'r')) {
			*d++ = next == 't' ? '\t' : next == 'n' ? '\n' : '\r';
			i += 2;
		} else {
			*d++ = p[i++];
		}
	}
	return (size_t)(d - dst);
}

size_t
escape_terminal(struct buf *b, const char *p, size_t n, size_t most)
{
	size_t used = 0, mark = b->len, skip;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_length(p + i, n - i, &skip);
		bool bad = len == 0 || !utf8_is_shown(p + i, len);
		size_t octets = len ? len : skip;
		size_t columns = utf8_columns(p + i, octets);

		if (used + columns > most || (used + columns == most && i + octets < n)) {
			b->len = mark;
			buf_puts(b, "\xe2\x80\xa6");
			return used + 1;
		}
		for (size_t k = 0; bad && k < octets; k++)
			b->len = (size_t)(put_hex(buf_room(b, 4), p[i + k]) - b->data);
		if (!bad)
			buf_put(b, p + i, octets);
		used += columns;
		mark = b->len;
		i += octets;
	}
	return used;
}
