#include "base/json.h"

#include "base/num.h"
#include "base/utf8.h"

enum { ESCAPED_MAX = 6 }; /* octets that one becomes: \u001f */

static char *
put_special(char *d, char c)
{
	static const char letters[] = "btn?fr"; /* 8 9 10 11 12 13 */
	uint8_t octet = (uint8_t)c;

	*d++ = '\\';
	if (c == '"' || c == '\\') {
		*d++ = c;
	} else if (octet >= 8 && octet <= 13 && octet != 11) {
		*d++ = letters[octet - 8];
	} else {
		memcpy(d, "u00", 3);
		d += 3 + fmt_hex(d + 3, &octet, 1);
	}
	return d;
}

void
json_put_text(struct buf *out, const char *p, size_t n)
{
	char *d = buf_room(out, n * ESCAPED_MAX + FMT_MAX);

	for (size_t i = 0; i < n;) {
		if ((unsigned char)p[i] >= 0x80) {
			size_t skip, len = utf8_length(p + i, n - i, &skip);

			memcpy(d, len ? p + i : "\xef\xbf\xbd", len ? len : 3);
			d += len ? len : 3;
			i += len ? len : skip;
		} else if ((unsigned char)p[i] < 0x20 || p[i] == '"' || p[i] == '\\') {
			d = put_special(d, p[i++]);
		} else {
			*d++ = p[i++];
		}
	}
	out->len = (size_t)(d - out->data);
}
