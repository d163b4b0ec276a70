#include "format.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"
#include "incidents.h"

/* Drawn once at random: the name space of our identifiers (RFC 9562 6.5). */
static const struct uuid space = { { 0x5c, 0x0f, 0x5e, 0x2b, 0x7d, 0x3a, 0x4e, 0x91, 0x9b, 0x62,
    0x1d, 0xa8, 0x47, 0xc6, 0x30, 0xfe } };

static const struct format *const formats[] = { &format_ecs, &format_cef, &format_syslog,
	&format_stix };
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]), SAID_MOST = 1 << 20 };

const struct format *
format_find(const char *name)
{
	for (unsigned i = 0; i < N_FORMATS; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

void
format_env_init(struct format_env *e, const char *hostname)
{
	*e = (struct format_env){ .hostname = hostname, .facility = 16 };
	keyed_init(&e->said, sizeof(struct uuid), sizeof(struct uuid), SAID_MOST);
}

void
format_env_free(struct format_env *e)
{
	keyed_free(&e->said);
}

int
format_facility(const char *name)
{
	const char *p = FORMAT_FACILITIES;

	for (int i = 0; *p != '\0'; i++) {
		size_t n = strcspn(p, " ");

		if (strlen(name) == n && strncmp(p, name, n) == 0)
			return i;
		p += n + (p[n] == ' ');
	}
	return -1;
}

struct uuid
format_id(const struct alert *a, const char *what)
{
	struct buf name = { 0 };
	struct uuid u;

	buf_printf(&name, "%s %lld ", what, (long long)a->start_ns);
	incident_key(&name, a);
	u = uuid_of_name(&space, name.data, name.len);
	buf_free(&name);
	return u;
}

void
format_time(struct buf *out, int64_t ns)
{
	out->len += fmt_time(buf_room(out, FMT_MAX), ns, 3, NULL);
}

void
format_text(struct buf *out, const char *text, size_t most, const char *escaped,
    void (*control)(struct buf *, unsigned char))
{
	size_t left = strlen(text), begin = out->len;

	while (left > 0) {
		size_t skip = 0, n = utf8_length(text, left, &skip);
		unsigned char c = (unsigned char)*text;
		size_t before = out->len;

		if (n == 0) {
			buf_puts(out, "\xef\xbf\xbd");
			n = skip > 0 ? skip : 1;
		} else if (utf8_is_shown(text, n)) {
			if (n == 1 && strchr(escaped, c) != NULL)
				buf_putc(out, '\\');
			buf_put(out, text, n);
		} else if (n == 1 && control != NULL) {
			control(out, c);
		} else {
			for (size_t i = 0; i < n; i++)
				buf_printf(out, "%s\\x%02x",
				    strchr(escaped, '\\') != NULL ? "\\" : "",
				    (unsigned char)text[i]);
		}
		if (out->len - begin > most) {
			out->len = before;
			return;
		}
		text += n;
		left -= n;
	}
}

static bool
is_attack(const char *p, size_t n)
{
	if ((n != 5 && n != 9) || p[0] != 'T' || (n == 9 && p[5] != '.'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (i != 5 && !isdigit((unsigned char)p[i]))
			return false;
	return true;
}

const char *
format_attack(const char **list, size_t *n)
{
	const char *p = *list;

	while (p != NULL && *p != '\0') {
		const char *word = p + strspn(p, ", ");

		*n = strcspn(word, ", ");
		p = word + *n;
		*list = p;
		if (is_attack(word, *n))
			return word;
	}
	return NULL;
}

/* JSON --------------------------------------------------------------------------------------------- */

static void
comma(struct buf *out)
{
	if (out->len > 0 && strchr("{[\n", out->data[out->len - 1]) == NULL)
		buf_putc(out, ',');
}

static void
put_key(struct buf *out, const char *key)
{
	comma(out);
	buf_printf(out, "\"%s\":", key);
}

void
json_text(struct buf *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	put_key(out, key);
	buf_putc(out, '"');
	json_put_text(out, text, strlen(text));
	buf_putc(out, '"');
}

void
json_time(struct buf *out, const char *key, int64_t ns)
{
	put_key(out, key);
	buf_putc(out, '"');
	format_time(out, ns);
	buf_putc(out, '"');
}

void
json_uint(struct buf *out, const char *key, uint64_t v)
{
	put_key(out, key);
	out->len += fmt_u64(buf_room(out, FMT_MAX), v);
}

void
json_counter(struct buf *out, const char *key, uint64_t v)
{
	if (v != NOT_COUNTED)
		json_uint(out, key, v);
}

void
json_number(struct buf *out, const char *key, double v)
{
	put_key(out, key);
	buf_printf(out, "%.6g", v);
}

void
json_addr(struct buf *out, const char *key, const struct addr *a)
{
	put_key(out, key);
	buf_putc(out, '"');
	out->len += fmt_ip(buf_room(out, FMT_MAX), a);
	buf_putc(out, '"');
}

void
json_open(struct buf *out, const char *key, char bracket)
{
	if (key != NULL)
		put_key(out, key);
	else
		comma(out);
	buf_putc(out, bracket);
}

void
json_close(struct buf *out, char bracket)
{
	buf_putc(out, bracket);
}

void
json_item(struct buf *out, const char *text, size_t n)
{
	comma(out);
	buf_putc(out, '"');
	json_put_text(out, text, n);
	buf_putc(out, '"');
}
