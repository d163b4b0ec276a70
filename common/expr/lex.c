#include "expr/lex.h"

#include <ctype.h>
#include <strings.h>

#include "base/num.h"
#include "expr/plan.h"
#include "flow/field.h"

const struct operator operators[] = {
	{ "or", OP_OR, PREC_OR, 0 },
	{ "||", OP_OR, PREC_OR, 0 },
	{ "and", OP_AND, PREC_AND, 0 },
	{ "&&", OP_AND, PREC_AND, 0 },
	{ "==", OP_COMPARE, PREC_COMPARE, CMP_EQ },
	{ "=", OP_COMPARE, PREC_COMPARE, CMP_EQ },
	{ "eq", OP_COMPARE, PREC_COMPARE, CMP_EQ },
	{ "!=", OP_COMPARE, PREC_COMPARE, CMP_NE },
	{ "ne", OP_COMPARE, PREC_COMPARE, CMP_NE },
	{ "<=", OP_COMPARE, PREC_COMPARE, CMP_LE },
	{ "le", OP_COMPARE, PREC_COMPARE, CMP_LE },
	{ "<", OP_COMPARE, PREC_COMPARE, CMP_LT },
	{ "lt", OP_COMPARE, PREC_COMPARE, CMP_LT },
	{ ">=", OP_COMPARE, PREC_COMPARE, CMP_GE },
	{ "ge", OP_COMPARE, PREC_COMPARE, CMP_GE },
	{ ">", OP_COMPARE, PREC_COMPARE, CMP_GT },
	{ "gt", OP_COMPARE, PREC_COMPARE, CMP_GT },
	{ "in", OP_COMPARE, PREC_COMPARE, CMP_IN },
	{ "contains", OP_COMPARE, PREC_COMPARE, CMP_CONTAINS },
	{ "startswith", OP_COMPARE, PREC_COMPARE, CMP_STARTS },
	{ "endswith", OP_COMPARE, PREC_COMPARE, CMP_ENDS },
	{ "&", OP_ARITHMETIC, PREC_BITS, '&' },
	{ "+", OP_ARITHMETIC, PREC_SUM, '+' },
	{ "-", OP_ARITHMETIC, PREC_SUM, '-' },
	{ "*", OP_ARITHMETIC, PREC_PRODUCT, '*' },
	{ "/", OP_ARITHMETIC, PREC_PRODUCT, '/' },
	{ "%", OP_ARITHMETIC, PREC_PRODUCT, '%' },
	{ NULL, OP_OR, PREC_NONE, 0 },
};

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

size_t
lex_blank(const struct lex *l, size_t pos)
{
	for (;;) {
		while (pos < l->len && isspace((unsigned char)l->text[pos]))
			pos++;
		if (pos == l->len || l->text[pos] != '#')
			return pos;
		while (pos < l->len && l->text[pos] != '\n')
			pos++;
	}
}

/* The octet behind the closing quote, or 0 when there is none. */
static size_t
quoted_end(const struct lex *l, size_t pos)
{
	char quote = l->text[pos++];

	for (; pos < l->len; pos++) {
		if (l->text[pos] == quote && quote == '`' && pos + 1 < l->len &&
		    l->text[pos + 1] == '`')
			pos++; /* doubled: one of the name */
		else if (l->text[pos] == quote)
			return pos + 1;
		else if (l->text[pos] == '\\' && quote != '`')
			pos++;
	}
	return 0;
}

size_t
lex_word(const struct lex *l, size_t pos, bool in_list)
{
	const char *stop = in_list ? ",[]" : "()[],<>=!&|\"'`";
	size_t at = pos, end;

	if (pos < l->len && (l->text[pos] == '"' || l->text[pos] == '\'')) {
		end = quoted_end(l, pos);
		return end ? end : l->len;
	}
	while (at < l->len && !isspace((unsigned char)l->text[at]) && l->text[at] != '\0' &&
	       strchr(stop, l->text[at]) == NULL)
		at++;
	return at;
}

bool
lex_unquote(struct buf *b, const char *p, size_t n)
{
	uint8_t octet;

	if (n < 2 || p[0] != p[n - 1])
		return false;
	for (size_t i = 1; i < n - 1; i++) {
		if (p[i] != '\\') {
			buf_putc(b, p[i]);
			continue;
		}
		if (++i >= n - 1)
			return false;
		switch (p[i]) {
		case 'n': buf_putc(b, '\n'); break;
		case 't': buf_putc(b, '\t'); break;
		case 'x':
			if (i + 2 >= n - 1 || !parse_hex(p + i + 1, 2, &octet))
				return false;
			buf_putc(b, (char)octet);
			i += 2;
			break;
		case '\\':
		case '"':
		case '\'': buf_putc(b, p[i]); break;
		default: return false;
		}
	}
	return true;
}

bool
lex_is(const struct lex *l, const struct token *t, const char *word)
{
	return t->kind == TOK_WORD && t->end - t->at == strlen(word) &&
	       strncasecmp(l->text + t->at, word, t->end - t->at) == 0;
}

/* Is the text at pos this operator?  One of letters must be a whole word. */
static bool
operator_at(const struct lex *l, size_t pos, const char *text)
{
	size_t n = strlen(text);

	if (l->len - pos < n || strncasecmp(l->text + pos, text, n) != 0)
		return false;
	return !isalpha((unsigned char)text[0]) || pos + n == l->len ||
	       !is_word_char(l->text[pos + n]);
}

/* One of the table; one of letters is none before a hyphen: ge-0/0/1 is a name. */
static bool
table_operator_at(const struct lex *l, size_t pos, const char *text)
{
	size_t end = pos + strlen(text);

	return operator_at(l, pos, text) &&
	       (!isalpha((unsigned char)text[0]) || end == l->len || l->text[end] != '-');
}

static bool
is_field(const char *text, size_t n)
{
	struct err err = { 0 };
	struct field f;

	return field_parse(&f, text, n, &err) == 0;
}

/* Behind the parenthesis that closes the one at pos, with nothing but the name of a field in between; 0: none. */
static size_t
call_end(const struct lex *l, size_t word, size_t pos)
{
	unsigned open = 0;
	bool plain = true; /* words only: one that is no field is refused as such */

	for (size_t at = pos; at < l->len; at++) {
		char c = l->text[at];

		if (c == '(') {
			open++;
		} else if (c == ')' && --open == 0) {
			if (at == pos + 1 || (!plain && !is_field(l->text + word, at + 1 - word)))
				return 0;
			return at + 1;
		} else if (c == '`') {
			at = quoted_end(l, at);
			if (at-- == 0)
				return 0;
			plain = false;
		} else if (c == '.' || c == '#') {
			plain = false;
		} else if (c != ')' && !is_word_char(c)) {
			return 0;
		}
	}
	return 0;
}

/* max_`my score` and max_35632.77 are one name: behind the word that ends at `at`; `at` itself: no more of it. */
static size_t
made_end(const struct lex *l, size_t word, size_t at)
{
	size_t id = at, end = at;

	if (at == l->len)
		return at;
	if (l->text[at] == '`' && l->text[at - 1] == '_') {
		end = quoted_end(l, at);
	} else if (l->text[at] == '.') {
		while (id > word && isdigit((unsigned char)l->text[id - 1]))
			id--;
		if (id == word || id == at || l->text[id - 1] != '_')
			return at;
		for (end = at + 1; end < l->len && isdigit((unsigned char)l->text[end]);)
			end++;
	}
	return end > at && is_field(l->text + word, end - word) ? end : at;
}

/* #2, #sent, #2sent: which of several. */
static size_t
instance_end(const struct lex *l, size_t pos)
{
	size_t at = pos + 1;

	while (at < l->len && isdigit((unsigned char)l->text[at]))
		at++;
	if (operator_at(l, at, "sent"))
		return at + 4;
	return at > pos + 1 ? at : pos;
}

/* A number, address or time; PEN.ID#2 is one, while the # behind anything else is none of it. */
static size_t
number_end(const struct lex *l, size_t pos)
{
	size_t at = pos, dots = 0;
	bool digits = true;

	for (; at < l->len; at++) {
		char c = l->text[at];

		if (!is_word_char(c) && c != '.' && c != ':')
			break;
		dots += c == '.';
		digits = digits && (c == '.' || isdigit((unsigned char)c));
	}
	if (at < l->len && l->text[at] == '#' && digits && dots == 1)
		at = instance_end(l, at);
	return at;
}

/* p99.9 is one word, as far as the name of its field goes that may follow; `at` is behind p99. */
static size_t
percentile_end(const struct lex *l, size_t word, size_t at)
{
	if (l->len - at < 2 || l->text[at] != '.' || !isdigit((unsigned char)l->text[at + 1]) ||
	    field_percentile(l->text + word, at - word) <= 0)
		return at;
	for (at++; at < l->len && is_word_char(l->text[at]);)
		at++;
	return at;
}

/* An identifier; NAME#2 is one, and so are distinct(dstip), max_`my score`, icmp-type and icmp-code. */
static size_t
word_end(const struct lex *l, size_t pos)
{
	size_t at = pos, end;

	if (operator_at(l, pos, "icmp-type") || operator_at(l, pos, "icmp-code"))
		return pos + 9;
	while (at < l->len && is_word_char(l->text[at]))
		at++;
	at = percentile_end(l, pos, at);
	if (at < l->len && l->text[at] == '(' && !operator_at(l, pos, "has") &&
	    (end = call_end(l, pos, at)) > 0)
		at = end;
	else
		at = made_end(l, pos, at);
	if (at < l->len && l->text[at] == '#')
		at = instance_end(l, at);
	return at;
}

static void
lex_quoted(struct lex *l, struct token *t, enum token_kind kind)
{
	size_t end = quoted_end(l, t->at);

	t->kind = end ? kind : TOK_BAD;
	t->end = end ? end : l->len;
}

void
lex_next(struct lex *l, struct token *t)
{
	static const struct {
		char c;
		enum token_kind kind;
	} single[] = { { '(', TOK_OPEN }, { ')', TOK_CLOSE }, { '[', TOK_LIST },
		{ ']', TOK_LIST_END }, { '@', TOK_AT } };
	size_t at = lex_blank(l, l->pos);
	char c = at < l->len ? l->text[at] : '\0';

	*t = (struct token){ .kind = TOK_BAD, .at = at, .end = at + 1 };
	if (at == l->len) {
		t->kind = TOK_END;
		t->end = at;
		l->pos = at;
		return;
	}
	for (t->op = operators; t->op->text != NULL; t->op++)
		if (table_operator_at(l, at, t->op->text))
			break;
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (c == single[i].c)
			t->kind = single[i].kind;
	if (t->op->text != NULL) {
		t->kind = TOK_OPERATOR;
		t->end = at + strlen(t->op->text);
	} else if (c == '!' || operator_at(l, at, "not")) {
		t->kind = TOK_NOT;
		t->end = at + (c == '!' ? 1 : 3);
	} else if (isdigit((unsigned char)c) ||
		   (c == '.' && at + 1 < l->len && isdigit((unsigned char)l->text[at + 1]))) {
		t->kind = TOK_NUMBER;
		t->end = number_end(l, at);
	} else if (is_word_char(c)) {
		t->kind = TOK_WORD;
		t->end = word_end(l, at);
	} else if (c == '"' || c == '\'') {
		lex_quoted(l, t, TOK_STRING);
	} else if (c == '`') {
		lex_quoted(l, t, TOK_NAME);
	}
	l->pos = t->end;
}
