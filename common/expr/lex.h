/*
 * lex.h - the expression's text as tokens, and the one table of operators.
 *
 * Values are not tokens: what `10-20` or `2026-11-23` means depends on the field before it, so the
 * parser asks for a whole word with lex_word where a value may stand.
 */
#ifndef EXPR_LEX_H
#define EXPR_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum token_kind {
	TOK_END,
	TOK_BAD, /* a character that means nothing */
	TOK_WORD, /* identifier; also NAME#2 and f(x) */
	TOK_NUMBER, /* begins with a digit; also PEN.ID#2 */
	TOK_STRING, /* "..." or '...' */
	TOK_NAME, /* `...` */
	TOK_OPERATOR, /* of the table */
	TOK_NOT,
	TOK_OPEN,
	TOK_CLOSE,
	TOK_LIST,
	TOK_LIST_END,
	TOK_AT,
};

enum operator_class { OP_OR, OP_AND, OP_COMPARE, OP_ARITHMETIC };

/* Binding strength, loosest first. */
enum precedence {
	PREC_NONE,
	PREC_OR,
	PREC_AND,
	PREC_NOT,
	PREC_COMPARE,
	PREC_BITS,
	PREC_SUM,
	PREC_PRODUCT,
	PREC_UNARY
};

struct operator
{
	const char *text;
	enum operator_class class;
	enum precedence prec;
	int what; /* enum cmp, or the character of the arithmetic operator */
};

/* Ended by a NULL text. */
extern const struct operator operators[];

struct token {
	enum token_kind kind;
	size_t at, end; /* offsets in the text */
	const struct operator* op;
};

struct lex {
	const char *text;
	size_t len, pos;
};

void lex_next(struct lex *, struct token *);

/* Past blanks and comments. */
size_t lex_blank(const struct lex *, size_t pos);

/* The end of the value that begins at pos: a quoted text or everything up to a blank or a delimiter;
 * in a list only blank, comma and bracket end it.  pos itself: there is none. */
size_t lex_word(const struct lex *, size_t pos, bool in_list);

/* Append what a quoted text (quotes included) stands for.  false: a wrong escape or no end. */
bool lex_unquote(struct buf *, const char *, size_t n);

bool lex_is(const struct lex *, const struct token *, const char *word); /* any case */

#endif
