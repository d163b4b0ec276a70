/*
 * eval.h - what a thread keeps while it evaluates an expression.
 */
#ifndef EXPR_EVAL_H
#define EXPR_EVAL_H

#include "expr/kernel.h"

/* A test made ready for columns of one type and width. */
struct binding {
	enum type type;
	unsigned width;
	bool possible; /* false: the literals are none of this type; false for every record */
	struct test test;
	struct bound bound;
	struct binding *next;
};

struct expr_state {
	const struct expr *x;
	struct arena arena; /* bindings */
	struct binding **binding; /* by node */
	enum verdict *known; /* by node: decided by zone maps alone */
	int *column; /* by node: of operands */
	bool *met; /* by node: a batch had a column of its field */
	bool asked;
	/* By node: how many of the records that it was asked about passed lately, of one. */
	float *rate;
	uint64_t **bitmap; /* scratch, a stack of them */
	size_t n_bitmaps, top, words;
	uint8_t *hit; /* by dictionary code */
};

/* zone.c: what can be said of a condition before anything is unpacked; fills s->known. */
void zone_decide(struct expr_state *, struct batch *);

/* What a test says of those records of a column that have a value. */
enum verdict zone_test(struct expr_state *, const struct node *, const struct column *);

/* bind.c: the test of a node for columns like this one; NULL: false whatever the values. */
const struct bound *bind_test(struct expr_state *, const struct node *, const struct column *);

/* operand.c: NODE_COMPARE, record by record in words of 64. */
enum verdict operand_compare(
    struct expr_state *, struct batch *, const struct node *, const uint64_t *mask, uint64_t *out);

/* Bits of out as a verdict. */
enum verdict eval_settle(const uint64_t *out, size_t n);

#endif
