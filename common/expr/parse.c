/*
 * parse.c - a Pratt parser: parse_sub reads an operand or condition and then whatever binds to it
 * tighter than its caller.
 */
#include "expr/parse.h"

#include <ctype.h>

void
parser_next(struct parser *p)
{
	lex_next(&p->lex, &p->tok);
}

static bool
is_boolean(const struct node *n)
{
	return n->kind < NODE_FIELD;
}

/* A node as a condition; a boolean field is one by itself. */
static struct node *
condition(struct parser *p, struct node *n)
{
	const char *text;
	int len;

	if (n == NULL || is_boolean(n))
		return n;
	if (n->kind == NODE_FIELD && n->reach == REACH_ONE && n->field->type == TYPE_BOOL)
		return test_text(p, n->field, CMP_EQ, "true");
	text = p->lex.text + n->at;
	len = n->end - n->at > 40 ? 40 : (int)(n->end - n->at);
	if (n->kind == NODE_FIELD && p->tok.kind == TOK_BAD && p->lex.text[p->tok.at] == '~')
		return refuse_token(p, "an operator");
	if (n->kind == NODE_FIELD)
		return refuse(p, n->at, n->end,
		    "compare it, or test whether there is one with 'has'",
		    "'%.*s' alone is no condition", len, text);
	return refuse(p, n->at, n->end, "compare it with something: < <= = != >= >",
	    "'%.*s' is a number, no condition", len, text);
}

struct node *
parse_condition(struct parser *p, enum precedence min)
{
	return condition(p, parse_sub(p, min));
}

struct node *
parse_field(struct parser *p, const char *name, size_t n, size_t at, size_t end)
{
	struct err err = { 0 };
	struct field f;
	struct node *node;

	if (field_parse(&f, name, n, &err) < 0)
		return refuse(p, at, end, "", "%s", err.text);
	node = node_new(p->x, NODE_FIELD, at, end);
	node->field = arena_alloc(&p->x->arena, sizeof(f));
	field_copy(node->field, &f);
	return node;
}

/* 1400, 1.5K, 5m; alone left of a comparator ENTERPRISE.ELEMENT, ENTERPRISE.ELEMENT#2. */
static struct node *
parse_number(struct parser *p, enum precedence min)
{
	struct token t = p->tok;
	const char *text = p->lex.text + t.at;
	size_t n = t.end - t.at, whole = strspn(text, "0123456789"), id;
	struct err err = { 0 };
	struct node *node;
	struct field f;
	double v;

	parser_next(p);
	id = whole + 1 < n && text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	if (min <= PREC_COMPARE && whole > 0 && id > 0 &&
	    (whole + 1 + id == n || text[whole + 1 + id] == '#') && p->tok.kind == TOK_OPERATOR &&
	    p->tok.op->class == OP_COMPARE && field_parse(&f, text, n, &err) == 0)
		return parse_field(p, text, n, t.at, t.end);
	if (!literal_number(text, n, &v)) {
		size_t end = lex_word(&p->lex, t.at, false);

		if (t.at >= 8 && refuse_date(p, t.at - 8, end))
			return NULL;
		return refuse(p, t.at, end > t.end ? end : t.end,
		    "an address alone is no condition: ip 10.0.0.1, src net 10.0.0.0/8",
		    "'%.*s' is not a number", (int)(n > 40 ? 40 : n), text);
	}
	node = node_new(p->x, NODE_NUMBER, t.at, t.end);
	node->number = v;
	return node;
}

static struct node *
parse_group(struct parser *p)
{
	size_t at = p->tok.at;
	struct node *n;

	parser_next(p);
	n = parse_sub(p, PREC_OR);
	if (n == NULL)
		return NULL;
	if (p->tok.kind == TOK_END)
		return refuse(p, at, at + 1, "", "the parenthesis is not closed");
	if (p->tok.kind != TOK_CLOSE)
		return refuse_token(p, is_boolean(n) ? "'and', 'or' or ')'" : "an operator or ')'");
	parser_next(p);
	return n;
}

static struct node *
parse_not(struct parser *p)
{
	size_t at = p->tok.at;
	struct node *n, *inner;

	parser_next(p);
	inner = parse_condition(p, PREC_NOT);
	if (inner == NULL)
		return NULL;
	n = node_new(p->x, NODE_NOT, at, inner->end);
	node_adopt(p->x, n, inner);
	return n;
}

/* -x is 0 - x. */
static struct node *
parse_minus(struct parser *p)
{
	struct node *zero = node_new(p->x, NODE_NUMBER, p->tok.at, p->tok.end), *n, *inner;

	parser_next(p);
	inner = parse_sub(p, PREC_UNARY);
	if (inner == NULL)
		return NULL;
	if (is_boolean(inner))
		return refuse(p, inner->at, inner->end, "", "'-' needs a number");
	n = node_pair(p->x, NODE_ARITHMETIC, zero, inner);
	n->op = '-';
	return n;
}

static struct node *
parse_word(struct parser *p)
{
	struct token t = p->tok;
	struct node *n = parse_primitive(p);

	if (n != NULL || p->err->status != 0)
		return n;
	if (lex_is(&p->lex, &t, "any") || lex_is(&p->lex, &t, "true") ||
	    lex_is(&p->lex, &t, "false")) {
		parser_next(p);
		return node_new(
		    p->x, lex_is(&p->lex, &t, "false") ? NODE_FALSE : NODE_TRUE, t.at, t.end);
	}
	parser_next(p);
	return parse_field(p, p->lex.text + t.at, t.end - t.at, t.at, t.end);
}

static struct node *
parse_first(struct parser *p, enum precedence min)
{
	struct token t = p->tok;

	switch (t.kind) {
	case TOK_OPEN: return parse_group(p);
	case TOK_NOT: return parse_not(p);
	case TOK_NUMBER: return parse_number(p, min);
	case TOK_WORD: return parse_word(p);
	case TOK_NAME:
		parser_next(p);
		return parse_field(p, p->lex.text + t.at, t.end - t.at, t.at, t.end);
	case TOK_OPERATOR:
		if (t.op->what == '-')
			return parse_minus(p);
		if (t.op->what == CMP_IN)
			return parse_primitive(p);
		return refuse_token(p, "a condition");
	default: return refuse_token(p, "a condition");
	}
}

/* What follows ---------------------------------------------------------------------------------- */

static struct node *
join(struct parser *p, struct node *left, const struct operator* op)
{
	struct node *right;

	left = condition(p, left);
	if (left == NULL)
		return NULL;
	right = parse_condition(p, (enum precedence)(op->prec + 1));
	if (right == NULL)
		return NULL;
	return node_pair(p->x, op->class == OP_OR ? NODE_OR : NODE_AND, left, right);
}

/* Only numbers are computed with; times and durations count as seconds. */
static bool
is_computable(struct parser *p, const struct node *n, const char *op)
{
	static const char *const what[TYPE_COUNT] = { [TYPE_BOOL] = "true or false",
		[TYPE_IP] = "an address",
		[TYPE_MAC] = "a MAC address",
		[TYPE_STRING] = "text",
		[TYPE_BYTES] = "octets",
		[TYPE_LIST] = "a list" };

	if (n->kind == NODE_FIELD && n->reach != REACH_ONE)
		refuse(p, n->at, n->end, "", "'%.*s' stands for more than one field; name one",
		    (int)(n->end - n->at > 30 ? 30 : n->end - n->at), p->lex.text + n->at);
	else if (n->kind == NODE_FIELD && what[n->field->type] != NULL)
		refuse(p, n->at, n->end, "", "field '%s' is %s; '%s' needs numbers", n->field->name,
		    what[n->field->type], op);
	else if (is_boolean(n))
		refuse(p, n->at, n->end, "", "'%s' needs numbers, not a condition", op);
	return p->err->status == 0;
}

static struct node *
compute(struct parser *p, struct node *left, const struct operator* op)
{
	struct node *right, *n;

	if (!is_computable(p, left, op->text))
		return NULL;
	right = parse_sub(p, (enum precedence)(op->prec + 1));
	if (right == NULL || !is_computable(p, right, op->text))
		return NULL;
	n = node_pair(p->x, NODE_ARITHMETIC, left, right);
	n->op = (char)op->what;
	return n;
}

/* A field may be followed by its value at once: port 53, flags S, start 2026-11-23. */
static bool
value_follows(const struct parser *p)
{
	const struct token *t = &p->tok;

	return t->kind == TOK_NUMBER || t->kind == TOK_WORD || t->kind == TOK_STRING ||
	       t->kind == TOK_LIST || t->kind == TOK_AT ||
	       (t->kind == TOK_BAD && p->lex.text[t->at] == ':');
}

static enum cmp
implied(const struct parser *p, const struct node *left)
{
	if (p->tok.kind == TOK_LIST || p->tok.kind == TOK_AT)
		return CMP_IN;
	return left->reach == REACH_ONE && left->field->n > 0 && left->field->id[0].id == 6 &&
		       left->field->type == TYPE_UINT &&
		       (left->field->id[0].pen == PEN_IANA || left->field->id[0].pen == PEN_REVERSE)
		   ? CMP_BITS
		   : CMP_EQ;
}

/* Take what follows *left and binds at least as tightly as min.  false: nothing does. */
static bool
parse_infix(struct parser *p, struct node **left, enum precedence min)
{
	const struct operator* op = p->tok.op;
	struct lex ahead = p->lex;
	struct token t;

	if (p->tok.kind == TOK_OPERATOR) {
		if (op->prec < min)
			return false;
		p->op = p->tok;
		parser_next(p);
		if (op->class == OP_COMPARE)
			*left = parse_comparison(p, *left, (enum cmp)op->what);
		else
			*left =
			    op->class == OP_ARITHMETIC ? compute(p, *left, op) : join(p, *left, op);
		return true;
	}
	if (min > PREC_COMPARE || (*left)->kind != NODE_FIELD)
		return false;
	if (p->tok.kind == TOK_NOT) {
		lex_next(&ahead, &t);
		if (t.kind != TOK_OPERATOR || t.op->class != OP_COMPARE || t.op->what != CMP_IN)
			return false;
		p->lex = ahead;
		parser_next(p);
		*left = parse_comparison(p, *left, CMP_NOT_IN);
		return true;
	}
	if (!value_follows(p))
		return false;
	*left = parse_comparison(p, *left, implied(p, *left));
	return true;
}

struct node *
parse_sub(struct parser *p, enum precedence min)
{
	struct node *left;

	if (++p->depth > EXPR_DEPTH_MAX)
		return refuse(
		    p, p->tok.at, p->tok.end, "", "nested deeper than %d levels", EXPR_DEPTH_MAX);
	left = parse_first(p, min);
	while (left != NULL && parse_infix(p, &left, min))
		if (left != NULL && left->depth > EXPR_DEPTH_MAX)
			left = refuse(p, left->at, left->end, "", "nested deeper than %d levels",
			    EXPR_DEPTH_MAX);
	p->depth--;
	return left;
}

struct node *
expr_parse(struct expr *x, struct err *err)
{
	struct parser p = { .x = x, .err = err, .lex = { .text = x->text, .len = x->len } };
	struct node *n;

	parser_next(&p);
	n = parse_condition(&p, PREC_OR);
	if (n == NULL || p.tok.kind == TOK_END)
		return n;
	return refuse_token(&p, "'and', 'or' or the end");
}
