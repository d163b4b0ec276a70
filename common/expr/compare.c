/*
 * compare.c - comparisons: a field with literals, or two operands with each other.
 *
 * What stands right of a comparator is first read as a value of the field's type; only what is
 * none, or goes on with an arithmetic operator, is read as an operand.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "expr/parse.h"

/* A test of one field, untyped. */
static struct node *
test_node(struct parser *p, const struct field *f, enum cmp cmp, const struct literal *l, size_t n,
    size_t at)
{
	struct node *t = node_new(p->x, NODE_TEST, at, n > 0 ? l[n - 1].end : p->tok.at);

	t->field = arena_alloc(&p->x->arena, sizeof(*t->field));
	field_copy(t->field, f);
	t->cmp = cmp;
	t->literal = l;
	t->n_literals = n;
	return t;
}

/* Typed when the type of the field is known. */
static struct node *
new_test(struct parser *p, const struct field *f, enum cmp cmp, const struct literal *l, size_t n,
    size_t at, struct complaint *why)
{
	struct node *t = test_node(p, f, cmp, l, n, at);
	struct test typed;

	*why = (struct complaint){ 0 };
	if (f->type == TYPE_NONE)
		return t;
	if (!test_build(&typed, &p->x->arena, t, f->type, true, why))
		return NULL;
	t->test = arena_alloc(&p->x->arena, sizeof(typed));
	*t->test = typed;
	return t;
}

static struct node *
refuse_literal(struct parser *p, const struct literal *l, const struct complaint *why)
{
	const struct literal *wrong = &l[why->literal];

	if (wrong->line > 0)
		return refuse(p, wrong->at, wrong->end, why->hint, "line %u of the list: %s",
		    (unsigned)wrong->line, why->reason);
	return refuse(p, wrong->at, wrong->end, why->hint, "%s", why->reason);
}

static struct node *
one_field(struct parser *p, const struct node *left, const struct field *f, enum cmp cmp,
    const struct literal *l, size_t n)
{
	struct complaint why;
	struct node *t = new_test(p, f, cmp, l, n, left->at, &why);

	if (t != NULL)
		return t;
	return n > 0 ? refuse_literal(p, l, &why)
		     : refuse(p, left->at, left->end, why.hint, "%s", why.reason);
}

/* The same test of the other direction's field, whose values are written as those of the first are. */
static struct node *
other_direction(struct parser *p, const struct node *left, const struct node *first)
{
	const struct literal *l = first->literal;
	struct node *t;

	if (left->other->type != left->field->type)
		return one_field(p, left, left->other, first->cmp, l, first->n_literals);
	t = test_node(p, left->other, first->cmp, l, first->n_literals, left->at);
	t->test = first->test;
	return t;
}

static struct node *
has_either(struct parser *p, const struct node *left)
{
	struct node *a = node_new(p->x, NODE_HAS, left->at, left->end),
		    *b = node_new(p->x, NODE_HAS, left->at, left->end);

	a->field = left->field;
	b->field = left->other;
	return node_pair(p->x, NODE_OR, a, b);
}

/*
 * Either direction: one of the two compares.  `!=` and `not in` deny both: one is present, and of
 * those present none is equal.
 */
static struct node *
either_field(struct parser *p, struct node *left, enum cmp cmp, const struct literal *l, size_t n)
{
	bool denies = left->reach == REACH_ANY && (cmp == CMP_NE || cmp == CMP_NOT_IN);
	enum cmp one = !denies ? cmp : cmp == CMP_NE ? CMP_EQ : CMP_IN;
	struct node *a = one_field(p, left, left->field, one, l, n), *b, *not ;

	if (a == NULL || (b = other_direction(p, left, a)) == NULL)
		return NULL;
	a = node_pair(p->x, left->reach == REACH_BOTH ? NODE_AND : NODE_OR, a, b);
	if (!denies)
		return a;
	not = node_new(p->x, NODE_NOT, a->at, a->end);
	node_adopt(p->x, not, a);
	return node_pair(p->x, NODE_AND, has_either(p, left), not );
}

struct node *
compare_literals(
    struct parser *p, struct node *left, enum cmp cmp, const struct literal *l, size_t n)
{
	switch (left->reach) {
	case REACH_ANY:
	case REACH_BOTH: return either_field(p, left, cmp, l, n);
	case REACH_ICMP_TYPE:
	case REACH_ICMP_CODE: return compare_icmp(p, left, cmp, l, n);
	default: return one_field(p, left, left->field, cmp, l, n);
	}
}

struct node *
test_text(struct parser *p, const struct field *f, enum cmp cmp, const char *value)
{
	struct literal *l = arena_zero(&p->x->arena, sizeof(*l));
	struct complaint why;

	*l = (struct literal){ .p = value, .n = strlen(value), .at = p->tok.at, .end = p->tok.at };
	return new_test(p, f, cmp, l, 1, p->tok.at, &why);
}

/* Operands ------------------------------------------------------------------------------------ */

/* Types that can be compared with each other. */
enum family {
	FAMILY_ANY,
	FAMILY_NUMBER,
	FAMILY_TIME,
	FAMILY_DURATION,
	FAMILY_BOOL,
	FAMILY_IP,
	FAMILY_MAC,
	FAMILY_OCTETS,
	FAMILY_LIST
};

static enum family
family_of(const struct node *n)
{
	static const unsigned char family[TYPE_COUNT] = { [TYPE_NONE] = FAMILY_ANY,
		[TYPE_UINT] = FAMILY_NUMBER,
		[TYPE_INT] = FAMILY_NUMBER,
		[TYPE_FLOAT32] = FAMILY_NUMBER,
		[TYPE_FLOAT64] = FAMILY_NUMBER,
		[TYPE_BOOL] = FAMILY_BOOL,
		[TYPE_TIME] = FAMILY_TIME,
		[TYPE_DURATION] = FAMILY_DURATION,
		[TYPE_IP] = FAMILY_IP,
		[TYPE_MAC] = FAMILY_MAC,
		[TYPE_STRING] = FAMILY_OCTETS,
		[TYPE_BYTES] = FAMILY_OCTETS,
		[TYPE_LIST] = FAMILY_LIST };

	return n->kind == NODE_FIELD ? (enum family)family[n->field->type] : FAMILY_NUMBER;
}

static const char *
family_noun(enum family f)
{
	static const char *const noun[] = { "anything", "a number", "a time", "a duration",
		"true or false", "an address", "a MAC address", "text", "a list" };

	return noun[f];
}

static bool
has_field(const struct node *n)
{
	if (n->kind == NODE_FIELD)
		return true;
	for (size_t i = 0; i < n->n_child; i++)
		if (has_field(n->child[i]))
			return true;
	return false;
}

static enum cmp
mirrored(enum cmp cmp)
{
	static const enum cmp other[] = { CMP_EQ, CMP_NE, CMP_GT, CMP_GE, CMP_LT, CMP_LE };

	return other[cmp];
}

/* An operand that stands for more than one column cannot be computed or compared with. */
static struct node *
refuse_reach(struct parser *p, const struct node *n)
{
	return refuse(p, n->at, n->end, "", "'%.*s' stands for more than one field; name one",
	    (int)(n->end - n->at > 30 ? 30 : n->end - n->at), p->lex.text + n->at);
}

static struct node *
compare_operands(struct parser *p, enum cmp cmp, struct node *a, struct node *b)
{
	enum family x = family_of(a), y = family_of(b);
	struct node *n;

	if (a->kind == NODE_FIELD && a->reach != REACH_ONE &&
	    (x <= FAMILY_DURATION || b->kind == NODE_FIELD))
		return refuse_reach(p, a);
	if (b->kind == NODE_FIELD && b->reach != REACH_ONE)
		return refuse_reach(p, b);
	if (cmp > CMP_GE)
		return refuse(
		    p, b->at, b->end, "", "'%s' compares a field with text", cmp_text(cmp));
	if (!has_field(a) && !has_field(b))
		return refuse(p, a->at, b->end, "", "no field is compared here");
	if (x == FAMILY_LIST || y == FAMILY_LIST)
		return refuse(p, a->at, b->end, "", "a list can only be tested with 'has'");
	if (x == FAMILY_TIME && refuse_date(p, b->at, b->end))
		return NULL;
	if ((x == FAMILY_TIME || x == FAMILY_DURATION) && !has_field(b))
		return refuse(p, b->at, b->end,
		    x == FAMILY_TIME
			? "dates are 2026-11-23, times 2026-11-23T10:00 or -1h (before now)"
			: "write one value with its unit",
		    "field '%s' is %s, not a number", a->field->name, family_noun(x));
	if (a->kind == NODE_FIELD && b->kind == NODE_FIELD && x != y && x != FAMILY_ANY &&
	    y != FAMILY_ANY)
		return refuse(p, a->at, b->end, "", "'%s' is %s and '%s' is %s", a->field->name,
		    family_noun(x), b->field->name, family_noun(y));
	if ((a->kind != NODE_FIELD && y > FAMILY_DURATION) ||
	    (b->kind != NODE_FIELD && x > FAMILY_DURATION))
		return refuse(p, a->at, b->end,
		    x == FAMILY_IP ? "an address has all of its numbers: 10.0.0.0/8" : "",
		    "%s cannot be compared with a number", family_noun(x > y ? x : y));
	n = node_new(p->x, NODE_COMPARE, a->at, b->end);
	n->cmp = cmp;
	node_adopt(p->x, n, a);
	node_adopt(p->x, n, b);
	return n;
}

/* Comparisons as written ---------------------------------------------------------------------- */

/* An arithmetic operator goes on behind the value. */
static bool
goes_on(const struct parser *p, size_t end)
{
	size_t at = lex_blank(&p->lex, end);
	const char *text = p->lex.text;

	if (at >= p->lex.len)
		return false;
	return strchr("+-*/%", text[at]) != NULL || (text[at] == '&' && text[at + 1] != '&');
}

/* Could what no literal can be read from be an operand? */
static bool
is_operand(struct parser *p)
{
	const struct token *t = &p->tok;
	struct err err = { 0 };
	struct field f;
	double v;

	switch (t->kind) {
	case TOK_OPEN:
	case TOK_NAME: return true;
	case TOK_WORD: return field_parse(&f, p->lex.text + t->at, t->end - t->at, &err) == 0;
	case TOK_NUMBER:
		return goes_on(p, t->end) &&
		       literal_number(p->lex.text + t->at, t->end - t->at, &v);
	case TOK_OPERATOR:
		return t->op->what == '-' && t->end < p->lex.len &&
		       lex_word(&p->lex, t->end, false) > t->end && goes_on(p, t->end + 1);
	default: return false;
	}
}

/* A column whose type only the batch knows: a word that names a typed field is that field. */
static bool
is_typed_field(struct parser *p, size_t end)
{
	struct err err = { 0 };
	struct field f;

	return p->tok.kind == TOK_NAME ||
	       (p->tok.kind == TOK_WORD && p->tok.end == end &&
		   field_parse(&f, p->lex.text + p->tok.at, end - p->tok.at, &err) == 0 &&
		   f.type != TYPE_NONE);
}

static void
take_word(struct parser *p, size_t end)
{
	p->lex.pos = end;
	parser_next(p);
}

static struct node *
compare_field(struct parser *p, struct node *left, enum cmp cmp)
{
	size_t at = p->tok.at, end = lex_word(&p->lex, at, false);
	enum type type = left->field->type;
	bool octets = type == TYPE_STRING || type == TYPE_BYTES;
	struct literal *l = arena_zero(&p->x->arena, sizeof(*l));
	struct complaint why = { 0 };
	struct node *right;

	if (!literal_at(p, at, end, l))
		return NULL;
	if (end > at) {
		bool operand = type == TYPE_NONE && is_typed_field(p, end);
		bool more = !octets && !l->quoted && cmp < CMP_CONTAINS && goes_on(p, end);

		if (!operand && !more &&
		    new_test(p, left->field, cmp, l, 1, left->at, &why) != NULL) {
			take_word(p, end);
			return compare_literals(p, left, cmp, l, 1);
		}
		if (why.final || (!operand && !more && !is_operand(p)))
			return refuse_literal(p, l, &why);
	} else if (p->tok.kind != TOK_OPEN && p->tok.kind != TOK_NAME) {
		return refuse_token(p, "a value");
	}
	if (isdigit((unsigned char)p->lex.text[left->at]))
		return refuse(p, left->at, left->end,
		    "write the field first and the number behind it",
		    "a number with a point before a comparison is ENTERPRISE.ELEMENT");
	right = parse_sub(p, PREC_BITS);
	if (right == NULL)
		return NULL;
	return compare_operands(p, cmp == CMP_BITS ? CMP_EQ : cmp, left, right);
}

/* The type of what a column of this name holds, either side's too (ip, port), as flowstat's lists are of. */
static enum type
title_type(const char *p, size_t n)
{
	const struct primitive *ends = primitive_named(p, n);
	struct err err = { 0 };
	struct field f;

	if (ends != NULL) {
		p = ends->src;
		n = strlen(p);
	}
	return field_parse(&f, p, n, &err) == 0 ? f.type : TYPE_NONE;
}

/* A line above values that names their column, as csv has: a field of their type, and no value (icmp is a protocol). */
static bool
is_title(struct parser *p, const struct node *left, const struct literal *l)
{
	enum type type = left->field->type;
	struct complaint why;

	/* Most are values, and to find that something names no field takes long. */
	return l->line == 1 && !l->quoted && type != TYPE_NONE && type != TYPE_STRING &&
	       type != TYPE_BYTES &&
	       new_test(p, left->field, CMP_IN, l, 1, left->at, &why) == NULL &&
	       title_type(l->p, l->n) == type;
}

struct node *
parse_comparison(struct parser *p, struct node *left, enum cmp cmp)
{
	const struct literal *list;
	struct literal *l;
	struct node *right;
	size_t n = 0;

	if (left->kind != NODE_FIELD && left->kind != NODE_NUMBER && left->kind != NODE_ARITHMETIC)
		return refuse(p, p->op.at, p->op.end, "join conditions with 'and' or 'or'",
		    "'%s' cannot follow a condition", cmp_text(cmp));
	if (p->tok.kind == TOK_LIST || p->tok.kind == TOK_AT) {
		if (left->kind != NODE_FIELD || (cmp != CMP_IN && cmp != CMP_NOT_IN))
			return refuse(p, p->tok.at, p->tok.end,
			    "FIELD in [a b c], FIELD not in @FILE",
			    "a list follows a field and 'in'");
		list = parse_list(p, &n);
		if (list != NULL && n > 0 && is_title(p, left, list)) {
			list++;
			n--;
		}
		return list != NULL ? compare_literals(p, left, cmp, list, n) : NULL;
	}
	if ((cmp == CMP_IN || cmp == CMP_NOT_IN) &&
	    (left->kind != NODE_FIELD || p->tok.kind == TOK_OPEN))
		return refuse(p, p->tok.at, p->tok.end, "FIELD in [a b c], FIELD in @FILE",
		    "a list follows a field and 'in'");
	if (left->kind == NODE_FIELD)
		return compare_field(p, left, cmp);
	right = parse_sub(p, PREC_BITS);
	if (right == NULL)
		return NULL;
	if (left->kind != NODE_NUMBER || right->kind != NODE_FIELD || cmp > CMP_GE)
		return compare_operands(p, cmp, left, right);
	l = arena_zero(&p->x->arena, sizeof(*l));
	return literal_at(p, left->at, left->end, l)
		   ? compare_literals(p, right, mirrored(cmp), l, 1)
		   : NULL;
}
