#include "base/stanza.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/caret.h"
#include "base/mem.h"
#include "base/opt.h"

enum { EXCERPT = 100, NAME_MOST = 64 };

/* Messages ----------------------------------------------------------------------------------------- */

/* The line as it is shown, and a caret with tildes under n octets from `at` on; both on lines of their own. */
static void
put_excerpt(struct buf *out, const char *line, size_t at, size_t n)
{
	size_t len = strcspn(line, "\n"), from = at > EXCERPT / 2 ? at - EXCERPT / 2 : 0, to;

	while (from > 0 && from < at && ((unsigned char)line[from] & 0xc0) == 0x80)
		from++;
	to = len - from > EXCERPT ? from + EXCERPT : len;
	while (to > from && to < len && ((unsigned char)line[to] & 0xc0) == 0x80)
		to--;
	at = at < to ? at : to;
	caret_put(out, line, from, to, at, at + n);
}

static int
refuse_at(struct err *err, unsigned line, const char *key, const char *text, size_t at, size_t n,
    const char *hint, const char *reason)
{
	struct buf out = { 0 };

	buf_printf(&out, "line %u: ", line);
	if (key != NULL)
		buf_printf(&out, "%s: ", key);
	buf_puts(&out, reason);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < 0x20)
			out.data[i] = ' ';
	put_excerpt(&out, text, at, n);
	if (hint != NULL && *hint != '\0')
		buf_printf(&out, "\n    %s", hint);
	(void)err_usage(err, "%s", buf_cstr(&out));
	buf_free(&out);
	return -1;
}

int
stanza_refuse(
    struct err *err, const struct stanza_entry *e, size_t at, size_t n, const char *fmt, ...)
{
	size_t first = strcspn(e->value, "\n");
	char reason[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (at > first)
		at = first;
	if (n == 0 || n > first - at)
		n = first - at;
	return refuse_at(err, e->line, e->key, e->text, e->column + at, n, NULL, reason);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct parser {
	struct stanzas *s;
	const char *const *keys;
	struct err *err;
	unsigned line; /* from 1 */
	char *text; /* of the line: what is cut up */
	bool skips_section, skips_more; /* up to the next head; lines on which a value goes on */
};

/* Refuse n octets of the line from p on. */
static int
refuse(const struct parser *p, const char *place, size_t n, const char *hint, const char *reason)
{
	return refuse_at(p->err, p->line, NULL, p->s->lines[p->line - 1], (size_t)(place - p->text),
	    n, hint, reason);
}

static size_t
word_length(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || (p[n] != '\0' && strchr("-_.", p[n]) != NULL))
		n++;
	return n;
}

static char *
skip_blank(char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static void
trim_end(char *p)
{
	size_t n = strlen(p);

	while (n > 0 && strchr(" \t\r\n", p[n - 1]) != NULL)
		n--;
	p[n] = '\0';
}

static int
take_section(struct parser *p, char *at)
{
	struct stanzas *s = p->s;
	char *name = skip_blank(at + 1), *end;
	size_t n = word_length(name);

	end = skip_blank(name + n);
	if (n == 0 || n > NAME_MOST)
		return refuse(
		    p, name, n, NULL, "a name of 1 to 64 letters, digits, - _ . is expected");
	if (*end != ']')
		return refuse(p, end, 1, NULL, "']' is expected behind the name");
	if (*skip_blank(end + 1) != '\0')
		return refuse(p, skip_blank(end + 1), 0, NULL, "nothing may follow the ']'");
	name[n] = '\0';
	for (size_t i = 0; i < s->n; i++) {
		char hint[64];

		if (strcmp(s->section[i].name, name) != 0)
			continue;
		snprintf(hint, sizeof(hint), "the other begins in line %u", s->section[i].line);
		return refuse(p, name, n, hint, "a second section of this name");
	}
	if (s->n == STANZA_SECTIONS)
		return refuse(p, at, 1, NULL, "more than 4096 sections");
	s->section = mem_resize(s->section, s->n + 1, sizeof(*s->section));
	s->section[s->n++] = (struct stanza){ .name = name, .line = p->line };
	return 0;
}

static int
check_key(struct parser *p, const struct stanza *t, const char *key, size_t n)
{
	char hint[NAME_MOST + 24] = "";
	const char *near;
	bool known = false;

	for (size_t i = 0; p->keys[i] != NULL; i++)
		known = known || strcmp(p->keys[i], key) == 0;
	if (!known) {
		near = n <= NAME_MOST ? opt_nearest(key, p->keys) : NULL;
		if (near != NULL)
			snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
		return refuse(p, key, n, hint, "there is no such key");
	}
	if (stanza_get(t, key) != NULL)
		return refuse(p, key, n, NULL, "the section has this key already");
	return 0;
}

static int
take_entry(struct parser *p, char *at)
{
	size_t n = word_length(at);
	char *equals = skip_blank(at + n), *value;
	struct stanza *t;

	if (n == 0 || *equals != '=')
		return refuse(
		    p, n == 0 ? at : equals, 1, NULL, "[name], or key = value, is expected");
	value = skip_blank(equals + 1);
	if (p->s->n == 0)
		return refuse(p, at, n, NULL, "a section, [name], must begin before the first key");
	t = &p->s->section[p->s->n - 1];
	at[n] = '\0';
	if (check_key(p, t, at, n) != 0)
		return -1;
	trim_end(value);
	if (*value == '\0')
		return refuse(p, equals, 1, NULL, "a value is expected behind the '='");
	if (t->n == STANZA_KEYS)
		return refuse(p, at, n, NULL, "too many keys");
	t->entry = mem_resize(t->entry, t->n + 1, sizeof(*t->entry));
	t->entry[t->n++] = (struct stanza_entry){ .key = at,
		.value = value,
		.line = p->line,
		.column = (unsigned)(value - p->text),
		.text = p->s->lines[p->line - 1] };
	return 0;
}

/* A line that begins with a blank: the value before goes on, up to where this line is now; both are of one text. */
static int
take_more(struct parser *p, char *at)
{
	struct stanza *t = p->s->n > 0 ? &p->s->section[p->s->n - 1] : NULL;
	struct stanza_entry *e = t != NULL && t->n > 0 ? &t->entry[t->n - 1] : NULL;
	char *end;

	if (e == NULL)
		return refuse(p, at, 1, NULL, "no value is before that could go on here");
	/* Line ends were cut to NULs: make them what they were. */
	for (end = (char *)(uintptr_t)e->value; end < p->text; end++)
		if (*end == '\0')
			*end = end + 1 == p->text ? '\n' : ' ';
	trim_end(at);
	return 0;
}

static int
take_line(struct parser *p)
{
	char *at = skip_blank(p->text);
	bool head;
	int rc;

	trim_end(at);
	if (*at == '#')
		memset(at, ' ', strlen(at)); /* it may stand within a value that goes on */
	if (*skip_blank(at) == '\0')
		return 0;
	if (at > p->text)
		return p->skips_more ? 0 : take_more(p, at);
	head = *at == '[';
	if (!head && p->skips_section)
		return 0;
	rc = head ? take_section(p, at) : take_entry(p, at);
	p->skips_more = rc != 0;
	if (head)
		p->skips_section = rc != 0;
	return rc;
}

/* The lines as they are: of the text itself names and values are cut out. */
static void
copy_lines(struct stanzas *s, size_t len)
{
	char *copy = mem_string_n(s->text, len), *at = copy;

	for (size_t i = 0; i < len; i++)
		s->n_lines += copy[i] == '\n';
	s->n_lines++;
	s->lines = mem_zero(s->n_lines, sizeof(*s->lines));
	for (size_t i = 0; i < s->n_lines; i++) {
		s->lines[i] = at;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
}

/* Line after line; what is wrong is told. */
static unsigned
take_lines(struct parser *p, const char *subject, stanza_tell tell)
{
	unsigned wrong = 0;

	p->text = p->s->text;
	for (p->line = 1; p->line <= p->s->n_lines && wrong < STANZA_WRONG; p->line++) {
		char *end = p->text + strcspn(p->text, "\n"), *next = *end == '\n' ? end + 1 : end;

		*end = '\0';
		*p->err = (struct err){ 0 };
		if (take_line(p) != 0) {
			tell(subject, p->err);
			wrong++;
		}
		p->text = next;
	}
	return wrong;
}

unsigned
stanzas_parse(struct stanzas *s, const char *text, size_t len, const char *const *keys,
    const char *subject, stanza_tell tell)
{
	struct err err = { 0 };
	struct parser p = { .s = s, .keys = keys, .err = &err };

	*s = (struct stanzas){ 0 };
	if (len > STANZA_OCTETS)
		(void)err_usage(&err, "more than %d octets", STANZA_OCTETS);
	else if (memchr(text, '\0', len) != NULL)
		(void)err_usage(&err, "not a text: it holds a NUL");
	if (err.status != 0) {
		tell(subject, &err);
		return 1;
	}
	s->text = mem_string_n(text, len);
	copy_lines(s, len);
	return take_lines(&p, subject, tell);
}

void
stanzas_free(struct stanzas *s)
{
	for (size_t i = 0; i < s->n; i++)
		mem_free(s->section[i].entry);
	mem_free(s->section);
	if (s->lines != NULL)
		mem_free(s->lines[0]);
	mem_free(s->lines);
	mem_free(s->text);
	*s = (struct stanzas){ 0 };
}

const struct stanza_entry *
stanza_get(const struct stanza *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->entry[i].key, key) == 0)
			return &t->entry[i];
	return NULL;
}
