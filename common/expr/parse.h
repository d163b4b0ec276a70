/*
 * parse.h - the parser's state and what its files call in each other.
 *
 * The first thing refused fills err and is the one reported: after it every function returns NULL.
 */
#ifndef EXPR_PARSE_H
#define EXPR_PARSE_H

#include "expr/lex.h"
#include "expr/plan.h"

struct parser {
	struct expr *x;
	struct lex lex;
	struct token tok; /* the next one, not yet taken */
	struct token op; /* the operator taken last */
	struct err *err;
	unsigned depth;
};

/* The words that begin a primitive (primitive.c), for completions too. */
struct primitive {
	const char *word, *src, *dst; /* fields by direction */
	enum {
		PRIMITIVE_ENDS, /* src and dst; either when alone */
		PRIMITIVE_FIRST, /* src and dst; src when alone */
		PRIMITIVE_SIDES, /* in and out; either when alone */
	} kind;
};
extern const struct primitive primitives[];
const struct primitive *primitive_named(const char *word, size_t n); /* in any case; NULL: none */
extern const char *const bare_protocols[];

/* refuse.c: reason, the text with the place marked, suggestion.  Always NULL. */
struct node *refuse(struct parser *, size_t at, size_t end, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
struct node *refuse_token(struct parser *, const char *expected);

/* What looks like a date and was read as arithmetic: it is no time, or a part of a sum.  false: it does not look so. */
bool refuse_date(struct parser *, size_t at, size_t end);

/* parse.c */
void parser_next(struct parser *);
struct node *parse_sub(struct parser *, enum precedence);
struct node *parse_condition(struct parser *, enum precedence);
struct node *parse_field(struct parser *, const char *name, size_t n, size_t at, size_t end);

/* compare.c: what stands behind a comparator, and the conditions made of it. */
struct node *parse_comparison(struct parser *, struct node *left, enum cmp);
struct node *compare_literals(
    struct parser *, struct node *field, enum cmp, const struct literal *, size_t n);
struct node *test_text(struct parser *, const struct field *, enum cmp, const char *value);

/* list.c: `[a b c]`, `@FILE`.  NULL when refused. */
const struct literal *parse_list(struct parser *, size_t *n);
bool literal_at(struct parser *, size_t at, size_t end, struct literal *);

/* primitive.c: NULL without err: the token begins none. */
struct node *parse_primitive(struct parser *);
struct node *compare_icmp(
    struct parser *, struct node *field, enum cmp, const struct literal *, size_t n);

#endif
