/*
 * plan.h - a compiled expression: a tree of conditions whose leaves test columns.
 *
 * Parsing yields the tree with the literals of each test as text.  A test is typed when compiled if
 * its field's type is known, and again for any other type that a batch's column turns out to have
 * (a named column's type is known only there; an element may change its type between blocks).
 */
#ifndef EXPR_PLAN_H
#define EXPR_PLAN_H

#include "expr/expr.h"
#include "expr/ranges.h"

enum cmp {
	CMP_EQ,
	CMP_NE,
	CMP_LT,
	CMP_LE,
	CMP_GT,
	CMP_GE,
	CMP_IN,
	CMP_NOT_IN,
	CMP_BITS, /* flags SA: all of these bits are set */
	CMP_CONTAINS,
	CMP_STARTS,
	CMP_ENDS,
};
const char *cmp_text(enum cmp);

/* A value as written: text in the expression or of a line of a file. */
struct literal {
	const char *p;
	size_t n;
	size_t at, end; /* where the text has it */
	bool quoted;
	uint32_t line; /* of a file; 0 from the text */
};

struct octets {
	const char *p;
	size_t n;
};

/* What a test asks of values of one type. */
enum test_kind { TEST_RANGES, TEST_MASK, TEST_OCTETS };
struct test {
	enum type type;
	enum test_kind kind;
	enum cmp cmp;
	struct ranges set; /* RANGES: true for these keys */
	uint64_t mask, value; /* MASK: (x & mask) == value; != under CMP_NE */
	struct octets *item; /* OCTETS: sorted */
	size_t n_items;
};

enum node_kind {
	/* conditions */
	NODE_TRUE,
	NODE_FALSE,
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_HAS, /* field */
	NODE_TEST, /* field cmp literals */
	NODE_COMPARE, /* child cmp child, operands */
	/* operands */
	NODE_FIELD,
	NODE_NUMBER,
	NODE_ARITHMETIC, /* child op child */
};

/* While parsing, what a FIELD stands for: one, either or both of two directions, ICMP's type or code. */
enum reach { REACH_ONE, REACH_ANY, REACH_BOTH, REACH_ICMP_TYPE, REACH_ICMP_CODE };

struct node {
	enum node_kind kind;
	enum cmp cmp;
	char op; /* ARITHMETIC */
	unsigned index; /* of the node in the expression */
	unsigned depth; /* levels below and this one */
	unsigned cost; /* static estimate, for ordering */
	size_t at, end; /* where the text has it */
	struct node **child;
	size_t n_child, cap_child;
	double number;
	struct field *field;
	struct field *other; /* the second direction */
	enum reach reach;
	const struct literal *literal;
	size_t n_literals;
	struct test *test; /* typed by the field's type; NULL when that is not known */
	int64_t now_ns;
	const struct tz *tz;
};

struct expr {
	struct arena arena;
	char *text;
	size_t len;
	struct node *root;
	unsigned n_nodes;
	int64_t now_ns; /* what relative times are relative to */
	const struct tz *tz; /* of times that name no zone */
	const char *empty; /* a list's file that had no octets, or NULL */
};

enum { EXPR_DEPTH_MAX = 200, EXPR_TEXT_MAX = 1 << 20 };

/* Why a literal cannot be one of the type. */
struct complaint {
	size_t literal; /* which */
	bool final; /* a value of the type, but not a possible one: nothing else can be meant */
	char reason[200], hint[80];
};

/*
 * Type a test (literal.c).  strict: as compiled, complaining; else as bound to a column: a
 * duration without a unit counts seconds, and what cannot be read as the type is left out.
 */
bool test_build(
    struct test *, struct arena *, const struct node *, enum type, bool strict, struct complaint *);

bool type_is_number(enum type); /* counts or measures: UINT INT FLOAT */

/* A unit's factor is applied: 1.5K, 5m (seconds). */
bool literal_number(const char *, size_t n, double *);

/* parse.c */
struct node *expr_parse(struct expr *, struct err *);

/* check.c: conditions from operands. */
struct node *node_new(struct expr *, enum node_kind, size_t at, size_t end);
void node_adopt(struct expr *, struct node *, struct node *child);
struct node *node_pair(struct expr *, enum node_kind, struct node *, struct node *);
void expr_order(struct expr *);

#endif
