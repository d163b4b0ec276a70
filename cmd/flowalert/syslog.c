/*
 * syslog.c - messages of RFC 5424, one a line: what the alert is in structured data, its reason as the message.
 *
 * Enterprise number 32473 is the one of examples (RFC 5612): we have none of our own.
 */
#include "flow/value.h"

#include "format.h"

enum { HOST_MOST = 255, MSGID_MOST = 32, VALUE_MOST = 1024, MESSAGE_MOST = 1024 };

/* Header fields: printable ASCII (33 to 126), `-` for none (6.2). */
static void
put_word(struct buf *out, const char *text, size_t most)
{
	size_t n = 0;

	for (; *text != '\0' && n < most; text++, n++)
		buf_putc(out, *text > ' ' && *text < 0x7f ? *text : '_');
	if (n == 0)
		buf_putc(out, '-');
}

void
syslog_put_header(const struct format_env *env, const struct alert *a, struct buf *out)
{
	/* notice, warning, error, critical (6.2.1) */
	static const unsigned severity[] = { 5, 5, 4, 3, 2 };

	buf_printf(out, "<%u>1 ", env->facility * 8 + severity[a->severity]);
	format_time(out, a->end_ns);
	buf_putc(out, ' ');
	put_word(out, env->hostname, HOST_MOST);
	buf_puts(out, " flowalert - ");
	put_word(out, a->kind, MSGID_MOST);
	buf_putc(out, ' ');
}

/* Values escape `"`, `\` and `]` (6.3.3); a control character is text of four characters, its backslash escaped. */
static void
put_control(struct buf *out, unsigned char c)
{
	buf_printf(out, "\\\\x%02x", c);
}

static void
put_param(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buf_printf(out, " %s=\"", name);
	format_text(out, value, VALUE_MOST, "\"\\]", put_control);
	buf_putc(out, '"');
}

static void
put_param_uint(struct buf *out, const char *name, uint64_t v)
{
	buf_printf(out, " %s=\"%llu\"", name, (unsigned long long)v);
}

static void
put_param_counter(struct buf *out, const char *name, uint64_t v)
{
	if (v != NOT_COUNTED)
		put_param_uint(out, name, v);
}

static void
put_param_addr(struct buf *out, const char *name, const struct addr *a)
{
	if (a == NULL)
		return;
	buf_printf(out, " %s=\"", name);
	out->len += fmt_ip(buf_room(out, FMT_MAX), a);
	buf_putc(out, '"');
}

static void
put_param_time(struct buf *out, const char *name, int64_t ns)
{
	buf_printf(out, " %s=\"", name);
	format_time(out, ns);
	buf_putc(out, '"');
}

static void
put_data(struct buf *out, const struct alert *a)
{
	struct uuid id = format_id(a, "alert");
	char text[UUID_TEXT + 1];

	uuid_put(&id, text);
	buf_puts(out, "[flowkit@32473");
	put_param(out, "id", text);
	put_param(out, "detector", a->detector);
	put_param(out, "kind", a->kind);
	put_param(out, "severity", severity_name(a->severity));
	buf_printf(out, " score=\"%.6g\"", a->score);
	put_param_addr(out, "srcip", a->src);
	put_param_addr(out, "dstip", a->dst);
	if (a->srcport >= 0)
		put_param_uint(out, "srcport", (uint64_t)a->srcport);
	if (a->dstport >= 0)
		put_param_uint(out, "dstport", (uint64_t)a->dstport);
	if (a->proto >= 0)
		put_param_uint(out, "proto", (uint64_t)a->proto);
	put_param_time(out, "start", a->start_ns);
	put_param_time(out, "end", a->end_ns);
	put_param_uint(out, "alerts", a->count > 0 ? a->count : 1);
	put_param_counter(out, "flows", a->flows);
	put_param_counter(out, "packets", a->packets);
	put_param_counter(out, "bytes", a->bytes);
	put_param_counter(out, "rpackets", a->rpackets);
	put_param_counter(out, "rbytes", a->rbytes);
	if (a->sampling > 1)
		put_param_uint(out, "sampling", a->sampling);
	put_param(out, "attack", a->attack);
	put_param(out, "subject", a->subject);
	put_param(out, "why", a->why);
	put_param(out, "limits", a->limits);
	buf_puts(out, "][origin software=\"flowkit\" swVersion=\"" FLOWKIT_VERSION "\"]");
}

/* The message is UTF-8, so it begins with a byte order mark (6.4). */
static void
put(struct format_env *env, const struct alert *a, struct buf *out)
{
	syslog_put_header(env, a, out);
	put_data(out, a);
	buf_puts(out, " \xef\xbb\xbf");
	format_text(out, a->reason, MESSAGE_MOST, "", NULL);
	buf_putc(out, '\n');
}

const struct format format_syslog = { .name = "syslog", .lines = true, .put = put };
