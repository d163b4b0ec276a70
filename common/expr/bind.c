/*
 * bind.c - tests made ready for the columns that a batch really has.
 */
#include "expr/eval.h"

static struct binding *
make(struct expr_state *s, const struct node *n, enum type type, unsigned width)
{
	struct binding *k = arena_zero(&s->arena, sizeof(*k));
	const struct test *t = n->test;

	k->type = type;
	k->width = width;
	k->possible = true;
	if (t == NULL || t->type != type) {
		k->possible =
		    n->literal != NULL && test_build(&k->test, &s->arena, n, type, false, NULL);
		t = &k->test;
	}
	if (k->possible)
		bound_make(&k->bound, t, width, &s->arena);
	k->next = s->binding[n->index];
	s->binding[n->index] = k;
	return k;
}

const struct bound *
bind_test(struct expr_state *s, const struct node *n, const struct column *c)
{
	struct binding *k = s->binding[n->index];

	while (k != NULL && (k->type != (enum type)c->type || k->width != c->width))
		k = k->next;
	if (k == NULL)
		k = make(s, n, (enum type)c->type, c->width);
	return k->possible ? &k->bound : NULL;
}
