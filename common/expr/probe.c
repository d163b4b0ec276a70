/*
 * probe.c - deciding conditions from what an index knows of records that were not read.
 *
 * A test of a column is NONE where no range of its set may be among the column's values; that it holds for all is more
 * than any index can say, so ALL comes from `not` alone.
 */
#include "expr/plan.h"

/* Ranges that are looked up; with so many, one is there. */
enum { MOST = 4096 };

static struct probe_key
key_of(u128 v)
{
	return (struct probe_key){ (uint64_t)(v >> 64), (uint64_t)v };
}

/* Whichever of the field's columns it is that holds a record's value. */
static enum verdict
ask_test(const struct node *n, const struct probe *p)
{
	const struct field *f = n->field;
	const struct test *t = n->test;

	/* An empty set too: a column of another type would be tested anew, and nobody has been asked for its type. */
	if (t == NULL || t->kind != TEST_RANGES || f->derived != DERIVED_NONE || f->n == 0 ||
	    t->set.n == 0 || t->set.n > MOST)
		return SOME;
	for (unsigned k = 0; k < f->n; k++)
		for (size_t i = 0; i < t->set.n; i++)
			if (p->may(p->ctx, &f->id[k], t->type, key_of(t->set.r[i].lo),
				key_of(t->set.r[i].hi)))
				return SOME;
	return NONE;
}

static enum verdict
ask(const struct node *n, const struct probe *p)
{
	enum verdict ends = n->kind == NODE_AND ? NONE : ALL, v = n->kind == NODE_AND ? ALL : NONE;

	switch (n->kind) {
	case NODE_TRUE: return ALL;
	case NODE_FALSE: return NONE;
	case NODE_NOT: v = ask(n->child[0], p); return v == ALL ? NONE : v == NONE ? ALL : SOME;
	case NODE_AND:
	case NODE_OR:
		for (size_t i = 0; i < n->n_child && v != ends; i++) {
			enum verdict one = ask(n->child[i], p);

			v = one == ends ? ends : one == SOME ? SOME : v;
		}
		return v;
	case NODE_TEST: return ask_test(n, p);
	default: return SOME;
	}
}

enum expr_answer
expr_ask(const struct expr *x, const struct probe *p)
{
	static const enum expr_answer answers[] = {
		[NONE] = EXPR_NONE, [SOME] = EXPR_SOME, [ALL] = EXPR_ALL
	};

	return answers[ask(x->root, p)];
}
