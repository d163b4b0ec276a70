/*
 * refuse.c - saying what is wrong with an expression and where.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/opt.h"
#include "expr/parse.h"

enum { EXCERPT = 76, LEAD = 48 };

/* The text around the place, in one line: blanks for control characters, "..." where it is cut. */
static void
excerpt(struct buf *out, const struct lex *l, size_t at, size_t end)
{
	size_t from = at, to = at, marks, column;

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
	buf_puts(out, "\n    ");
	for (size_t i = from; i < to; i++)
		buf_putc(out, (unsigned char)l->text[i] < 0x20 ? ' ' : l->text[i]);
	buf_puts(out, "\n    ");
	column = 0;
	for (size_t i = from; i < at; i++)
		column += ((unsigned char)l->text[i] & 0xc0) != 0x80;
	buf_printf(out, "%*s^", (int)column, "");
	end = end > to ? to : end;
	marks = 0;
	for (size_t i = at + 1; i < end; i++)
		marks += ((unsigned char)l->text[i] & 0xc0) != 0x80;
	while (marks-- > 0)
		buf_putc(out, '~');
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

	if (!is_like_date(text, n))
		return false;
	if (n > 10 && is_like_date(text + 11, n - 11))
		refuse(p, at, end, "a range of times is 2026-11-23..2026-11-24",
		    "'%.*s' is no time", (int)(n > 40 ? 40 : n), text);
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
	static const char *const turned[][2] = { { "=>", ">=" }, { "=<", "<=" }, { "<>", "!=" } };

	for (size_t i = 0; p->tok.at > 0 && i < sizeof(turned) / sizeof(*turned); i++)
		if (strncmp(p->lex.text + p->tok.at - 1, turned[i][0], 2) == 0)
			snprintf(hint, size, "did you mean '%s'?", turned[i][1]);
}

struct node *
refuse_token(struct parser *p, const char *expected)
{
	const struct token *t = &p->tok;
	int n = t->end - t->at > 30 ? 30 : (int)(t->end - t->at);
	const char *text = p->lex.text + t->at;
	char hint[64] = "";

	if (t->kind == TOK_END)
		return refuse(p, t->at, t->end, "", "expected %s, found the end", expected);
	if (t->kind == TOK_BAD && (*text == '"' || *text == '\'' || *text == '`'))
		return refuse(p, t->at, t->end, "", "the quote is not closed");
	if (t->kind == TOK_BAD && *text == '|')
		return refuse(
		    p, t->at, t->end, "did you mean '||'?", "expected %s, found '|'", expected);
	nearest_word(p, hint, sizeof(hint));
	turned_operator(p, hint, sizeof(hint));
	return refuse(p, t->at, t->end, hint, "expected %s, found '%.*s'", expected, n, text);
}
