/*
 * cef.c - the Common Event Format, version 0: one line an alert.
 *
 * Source: "Implementing ArcSight Common Event Format (CEF)", version 25 (2017): header, escaping (\ and | in the
 * header; \, = and line ends in the extension), the dictionary of keys and the lengths of their values.
 */
#include <ctype.h>

#include "flow/value.h"

#include "format.h"

enum { NAME_MOST = 512, MESSAGE_MOST = 1023, STRING_MOST = 4000, WORD_MOST = 1023 };

static void
put_control(struct buf *out, unsigned char c)
{
	if (c == '\n')
		buf_puts(out, "\\n");
	else if (c == '\r')
		buf_puts(out, "\\r");
	else
		buf_printf(out, "\\\\x%02x", c);
}

static void
no_lines(struct buf *out, unsigned char c)
{
	(void)c;
	buf_putc(out, ' ');
}

static void
put_header(struct buf *out, const char *text)
{
	format_text(out, text, NAME_MOST, "\\|", no_lines);
}

static void
put_key(struct buf *out, const char *key)
{
	if (out->data[out->len - 1] != '|')
		buf_putc(out, ' ');
	buf_printf(out, "%s=", key);
}

static void
put_text(struct buf *out, const char *key, const char *text, size_t most)
{
	if (text == NULL || *text == '\0')
		return;
	put_key(out, key);
	format_text(out, text, most, "\\=", put_control);
}

/* A custom field says what it is in one beside it. */
static void
put_custom(struct buf *out, const char *key, const char *label, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	put_text(out, key, text, STRING_MOST);
	put_key(out, key);
	out->len--;
	buf_printf(out, "Label=%s", label);
}

static void
put_uint(struct buf *out, const char *key, uint64_t v)
{
	put_key(out, key);
	out->len += fmt_u64(buf_room(out, FMT_MAX), v);
}

static void
put_counter(struct buf *out, const char *key, uint64_t v)
{
	if (v != NOT_COUNTED)
		put_uint(out, key, v);
}

static void
put_ms(struct buf *out, const char *key, int64_t ns)
{
	put_key(out, key);
	out->len += fmt_i64(buf_room(out, FMT_MAX), ns / NS_PER_MS);
}

/* src and dst are IPv4 only; IPv6 has custom fields, whose numbers the dictionary fixes. */
static void
put_addr(struct buf *out, const struct addr *a, const char *v4, const char *v6, const char *label)
{
	if (a == NULL)
		return;
	put_key(out, addr_is_v4(a) ? v4 : v6);
	out->len += fmt_ip(buf_room(out, FMT_MAX), a);
	if (!addr_is_v4(a)) {
		buf_printf(out, " %sLabel=%s", v6, label);
	}
}

static void
put_proto(struct buf *out, int proto)
{
	const char *name = proto >= 0 ? proto_name((unsigned)proto) : NULL;

	if (proto < 0)
		return;
	put_key(out, "proto");
	for (; name != NULL && *name != '\0'; name++)
		buf_putc(out, (char)toupper((unsigned char)*name));
	if (name == NULL)
		out->len += fmt_u64(buf_room(out, FMT_MAX), (uint64_t)proto);
}

/* in: octets from source to destination, out: those back; so says the dictionary. */
static void
put_flow(struct buf *out, const struct alert *a)
{
	put_ms(out, "start", a->start_ns);
	put_ms(out, "end", a->end_ns);
	put_ms(out, "rt", a->end_ns);
	put_addr(out, a->src, "src", "c6a2", "Source IPv6 Address");
	put_addr(out, a->dst, "dst", "c6a3", "Destination IPv6 Address");
	if (a->srcport >= 0)
		put_uint(out, "spt", (uint64_t)a->srcport);
	if (a->dstport >= 0)
		put_uint(out, "dpt", (uint64_t)a->dstport);
	put_proto(out, a->proto);
	put_counter(out, "in", a->bytes);
	put_counter(out, "out", a->rbytes);
	put_uint(out, "cnt", a->count > 0 ? a->count : 1);
	put_counter(out, "cn1", a->flows);
	if (a->flows != NOT_COUNTED)
		buf_puts(out, " cn1Label=flows");
}

static void
put(struct format_env *env, const struct alert *a, struct buf *out)
{
	static const unsigned severity[] = { 0, 3, 6, 8, 10 };
	struct uuid id = format_id(a, "alert");
	char text[UUID_TEXT + 1];

	(void)env;
	uuid_put(&id, text);
	buf_puts(out, "CEF:0|flowkit|flowalert|" FLOWKIT_VERSION "|");
	put_header(out, a->detector);
	buf_putc(out, ':');
	put_header(out, a->kind);
	buf_putc(out, '|');
	put_header(out, a->detector);
	buf_putc(out, ' ');
	put_header(out, a->kind);
	buf_printf(out, "|%u|", severity[a->severity]);
	put_flow(out, a);
	put_text(out, "cat", a->detector, WORD_MOST);
	put_text(out, "externalId", text, UUID_TEXT);
	put_text(out, "msg", a->reason, MESSAGE_MOST);
	put_key(out, "cfp1");
	buf_printf(out, "%.6g cfp1Label=score", a->score);
	put_custom(out, "cs1", "why", a->why);
	put_custom(out, "cs2", "attack", a->attack);
	put_custom(out, "cs3", "limits", a->limits);
	put_custom(out, "cs4", "subject", a->subject);
	buf_putc(out, '\n');
}

const struct format format_cef = { .name = "cef", .lines = true, .put = put };
