/*
 * refuse.c - saying what is wrong with an expression and where.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/caret.h"
#include "base/opt.h"
#include "base/time.h"
#include "expr/parse.h"

enum { EXCERPT = 76, LEAD = 48 };

/* The text around the place, in one line: blanks for control characters, "..." where it is cut. */
static void
excerpt(struct buf *out, const struct lex *l, size_t at, size_t end)
{
	size_t from = at, to = at;

	while (from > 0 && l->text[from - 1] != '\n')
		from--;
	while (to < l->len && l->text[to] != '\n')
		to++;
	if (at - from > LEAD)
		from = at - LEAD;
	if (to - from > EXCERPT)
		to = from + EXCERPT;
	while (from < at && ((unsigned char)l->text[from] & 0xc0) == 0x80)
		from++;
	while (to > at && to < l->len && ((unsigned char)l->text[to] & 0xc0) == 0x80)
		to--;
	caret_put(out, l->text, from, to, at, end);
}

#define MEANT(text) "did you mean '" text "'?"
#define NO_PATTERNS "text has contains, startswith and endswith; there are no patterns"
#define A_RANGE "a range is a value: port 80-90"
#define PRESENCE "'has FIELD' asks for a value, 'not has FIELD' for none"
#define TCP_FLAGS "TCP flags are letters: flags S, flags S/SA"
#define A_LIST "several values are a list: port in [80 443]"

/* What those write who come from Wireshark, tcpdump, SQL, Zeek or Argus, and how it is said here. */
static const struct {
	const char *text, *hint;
} foreign[] = {
	{ "ip.src", MEANT("srcip") },
	{ "ip.dst", MEANT("dstip") },
	{ "ip.addr", MEANT("ip") },
	{ "ip.proto", MEANT("proto") },
	{ "ip.len", MEANT("bytes") },
	{ "ipv6.src", MEANT("srcip") },
	{ "ipv6.dst", MEANT("dstip") },
	{ "ipv6.addr", MEANT("ip") },
	{ "tcp.port", MEANT("tcp port") },
	{ "tcp.srcport", MEANT("tcp src port") },
	{ "tcp.dstport", MEANT("tcp dst port") },
	{ "tcp.flags", MEANT("flags") },
	{ "tcp.flags.syn", TCP_FLAGS },
	{ "tcp.flags.ack", TCP_FLAGS },
	{ "tcp.flags.fin", TCP_FLAGS },
	{ "tcp.flags.reset", TCP_FLAGS },
	{ "tcp[", TCP_FLAGS },
	{ "udp.port", MEANT("udp port") },
	{ "udp.srcport", MEANT("udp src port") },
	{ "udp.dstport", MEANT("udp dst port") },
	{ "icmp.type", MEANT("icmp type") },
	{ "icmp.code", MEANT("icmp code") },
	{ "icmp[", "write icmp type 8, icmp code 0" },
	{ "eth.src", MEANT("srcmac") },
	{ "eth.dst", MEANT("dstmac") },
	{ "eth.addr", MEANT("mac") },
	{ "vlan.id", MEANT("vlan") },
	{ "frame.len", MEANT("bytes") },
	{ "source.ip", MEANT("srcip") },
	{ "source.port", MEANT("srcport") },
	{ "destination.ip", MEANT("dstip") },
	{ "destination.port", MEANT("dstport") },
	{ "src.ip", MEANT("src ip") },
	{ "src.port", MEANT("src port") },
	{ "dst.ip", MEANT("dst ip") },
	{ "dst.port", MEANT("dst port") },
	{ "id.orig_h", MEANT("srcip") },
	{ "id.orig_p", MEANT("srcport") },
	{ "id.resp_h", MEANT("dstip") },
	{ "id.resp_p", MEANT("dstport") },
	{ "ip proto", MEANT("proto") },
	{ "ip protocol", MEANT("proto") },
	{ "ip6 proto", MEANT("proto") },
	{ "ip6", "write ipv6 and ..., or the address alone: host 2001:db8::1" },
	{ "ether", "write mac 00:11:22:aa:bb:cc, src mac, dst mac" },
	{ "portrange", A_RANGE },
	{ "between", A_RANGE },
	{ "greater", "write bytes >= 1000" },
	{ "less", "write bytes <= 1000" },
	{ "len", MEANT("bytes") },
	{ "saddr", MEANT("srcip") },
	{ "daddr", MEANT("dstip") },
	{ "asn", MEANT("as") },
	{ "first", MEANT("start") },
	{ "last", MEANT("end") },
	{ "time", MEANT("start") },
	{ "now", "times before now are -1h, -30m" },
	{ "like", NO_PATTERNS },
	{ "ilike", NO_PATTERNS },
	{ "matches", NO_PATTERNS },
	{ "is", PRESENCE },
	{ "null", PRESENCE },
	{ "exists", PRESENCE },
	{ "defined", PRESENCE },
	{ "where", "write the condition alone: bytes > 10" },
	{ "select", "write the condition alone: bytes > 10" },
	{ "xor", "write (a and not b) or (b and not a)" },
};

/* Units, which stand at their number here: elsewhere a blank is between. */
static const char *const units[] = { "ms", "msec", "milliseconds", "s", "sec", "secs", "second",
	"seconds", "m", "min", "mins", "minute", "minutes", "h", "hour", "hours", "d", "day",
	"days", "K", "KB", "MB", "G", "GB", "T", "TB" };

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Where the word before a place begins, blanks between them left out, and its end. */
static size_t
word_before(const struct lex *l, size_t at, size_t *end)
{
	while (at > 0 && isspace((unsigned char)l->text[at - 1]))
		at--;
	*end = at;
	while (at > 0 && !isspace((unsigned char)l->text[at - 1]))
		at--;
	return at;
}

/* A number, and behind a blank its unit: the place is that of either. */
static bool
is_unit_apart(const struct lex *l, size_t at, size_t end)
{
	size_t unit = isdigit((unsigned char)l->text[at]) ? lex_blank(l, end) : at, behind = unit;
	size_t number_end, number = word_before(l, unit, &number_end);

	if (number_end == unit || !isdigit((unsigned char)l->text[number]))
		return false;
	while (behind < l->len && is_name_char(l->text[behind]))
		behind++;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (behind - unit == strlen(units[i]) &&
		    strncasecmp(l->text + unit, units[i], behind - unit) == 0)
			return true;
	return false;
}

/* The words of the table, whole; behind '[' anything may follow. */
static bool
stands_at(const struct lex *l, size_t at, const char *text)
{
	size_t n = strlen(text);

	return l->len - at >= n && strncasecmp(l->text + at, text, n) == 0 &&
	       (text[n - 1] == '[' || l->len - at == n || !is_name_char(l->text[at + n]));
}

/* The hint for what stands around a place, if it is one of those; else the one given. */
static const char *
foreign_hint(const struct lex *l, size_t at, size_t end, const char *hint)
{
	size_t from = at, before, unused;

	if (at == l->len)
		return hint;
	if (l->text[at] == '~')
		return NO_PATTERNS;
	if (l->text[at] == '{')
		return A_LIST;
	if (is_unit_apart(l, at, end))
		return "a unit stands at its number: 10M, 5s";
	while (from > 0 && is_name_char(l->text[from - 1]))
		from--;
	before = word_before(l, from, &unused);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		if (stands_at(l, from, foreign[i].text) ||
		    (strchr(foreign[i].text, ' ') != NULL && stands_at(l, before, foreign[i].text)))
			return foreign[i].hint;
	return hint;
}

struct node *
refuse(struct parser *p, size_t at, size_t end, const char *hint, const char *fmt, ...)
{
	struct buf out = { 0 };
	char reason[160];
	va_list ap;

	if (p->err->status != 0)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	for (char *c = reason; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
	buf_puts(&out, reason);
	excerpt(&out, &p->lex, at, end);
	hint = foreign_hint(&p->lex, at, end, hint);
	if (hint != NULL && *hint)
		buf_printf(&out, "\n    %s", hint);
	err_usage(p->err, "%s", buf_cstr(&out));
	buf_free(&out);
	return NULL;
}

static bool
is_like_date(const char *text, size_t n)
{
	static const char form[] = "0000-00-00";

	if (n < sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
			return false;
	return true;
}

bool
refuse_date(struct parser *p, size_t at, size_t end)
{
	const char *text = p->lex.text + at;
	size_t n = end - at;
	int64_t ns, span_ns;

	if (!is_like_date(text, n))
		return false;
	if (n > 11 && is_like_date(text + 11, n - 11)) {
		refuse(p, at, end, "a range of times is 2026-11-23..2026-11-24",
		    "'%.*s' is no time", (int)(n > 40 ? 40 : n), text);
		return true;
	}
	if (n > 10 && strchr(" \t+-*/", text[10]) != NULL) {
		n = 10; /* a sum of a date */
		end = at + n;
	}
	if (parse_time(text, n, p->x->now_ns, p->x->tz, &ns, &span_ns))
		refuse(p, at, end, "write the time that is meant, or compare end - start",
		    "'%.*s' cannot be computed with", (int)(n > 40 ? 40 : n), text);
	else if (time_is_beyond(text, n, p->x->tz))
		refuse(p, at, end, "times are from " TIME_RANGE,
		    "'%.*s' is no time that can be kept", (int)(n > 40 ? 40 : n), text);
	else
		refuse(p, at, end, "", "'%.*s' is no time: the calendar or the clock has none such",
		    (int)(n > 40 ? 40 : n), text);
	return true;
}

/* The word of the language that the next token nearly is. */
static void
nearest_word(const struct parser *p, char *hint, size_t size)
{
	size_t n = p->tok.end - p->tok.at;
	const char *near;
	char word[24];

	if (p->tok.kind != TOK_WORD || n >= sizeof(word))
		return;
	memcpy(word, p->lex.text + p->tok.at, n);
	word[n] = '\0';
	near = opt_nearest(word, expr_words());
	if (near != NULL && strcasecmp(near, word) != 0)
		snprintf(hint, size, "did you mean '%s'?", near);
}

/* `=>` where `>=` was meant: the first of them was taken. */
static void
turned_operator(const struct parser *p, char *hint, size_t size)
{
	static const char *const turned[][2] = { { "=>", ">=" }, { "=<", "<=" }, { "<>", "!=" },
		{ "=!", "!=" } };

	for (size_t i = 0; p->tok.at > 0 && i < sizeof(turned) / sizeof(*turned); i++)
		if (strncmp(p->lex.text + p->tok.at - 1, turned[i][0], 2) == 0)
			snprintf(hint, size, "did you mean '%s'?", turned[i][1]);
}

/* `net 10.0.0.0 mask 255.0.0.0`, with or without the word. */
static bool
is_mask(const struct parser *p)
{
	const struct token *t = &p->tok;
	size_t end, at = word_before(&p->lex, t->at, &end);
	struct addr a;

	return parse_ip(p->lex.text + at, end - at, &a) &&
	       (lex_is(&p->lex, t, "mask") || lex_is(&p->lex, t, "netmask") ||
		   (t->end - t->at > 4 && memcmp(p->lex.text + t->at, "255.", 4) == 0));
}

struct node *
refuse_token(struct parser *p, const char *expected)
{
	const struct token *t = &p->tok;
	int n = t->end - t->at > 30 ? 30 : (int)(t->end - t->at);
	const char *text = p->lex.text + t->at;
	char hint[80] = "";

	if (t->kind == TOK_END)
		return refuse(p, t->at, t->end, "", "expected %s, found the end", expected);
	if (t->kind == TOK_BAD && (*text == '"' || *text == '\'' || *text == '`'))
		return refuse(p, t->at, t->end, "", "the quote is not closed");
	if (t->kind == TOK_BAD && *text == '|')
		return refuse(
		    p, t->at, t->end, "did you mean '||'?", "expected %s, found '|'", expected);
	if (t->kind == TOK_NUMBER && memchr(text, ':', t->end - t->at) != NULL)
		snprintf(hint, sizeof(hint), "quote a time that holds a blank");
	else if (*text == ',')
		snprintf(hint, sizeof(hint), "a list is port in [80 443]; numbers have no commas");
	else if (t->kind == TOK_STRING)
		snprintf(hint, sizeof(hint), NO_PATTERNS);
	else if (is_mask(p))
		snprintf(hint, sizeof(hint), "a network is written net 10.0.0.0/8");
	else if (t->kind == TOK_NUMBER)
		snprintf(hint, sizeof(hint), A_LIST);
	nearest_word(p, hint, sizeof(hint));
	turned_operator(p, hint, sizeof(hint));
	return refuse(p, t->at, t->end, hint, "expected %s, found '%.*s'", expected, n, text);
}
