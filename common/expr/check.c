/*
 * check.c - building the tree, and the order in which its conditions are tried.
 */
#include <assert.h>
#include <stdlib.h>

#include "expr/plan.h"

struct node *
node_new(struct expr *x, enum node_kind kind, size_t at, size_t end)
{
	struct node *n = arena_zero(&x->arena, sizeof(*n));

	n->kind = kind;
	n->index = x->n_nodes++;
	n->depth = 1;
	n->at = at;
	n->end = end;
	n->now_ns = x->now_ns;
	n->tz = x->tz;
	return n;
}

void
node_adopt(struct expr *x, struct node *parent, struct node *child)
{
	if (parent->n_child == parent->cap_child) {
		struct node **old = parent->child;

		parent->cap_child = parent->cap_child ? parent->cap_child * 2 : 2;
		parent->child = arena_alloc(&x->arena, parent->cap_child * sizeof(*old));
		if (parent->n_child > 0)
			memcpy(parent->child, old, parent->n_child * sizeof(*old));
	}
	parent->child[parent->n_child++] = child;
	if (parent->depth <= child->depth)
		parent->depth = child->depth + 1;
}

/* a and (b and c) is one level: long chains stay shallow. */
struct node *
node_pair(struct expr *x, enum node_kind kind, struct node *left, struct node *right)
{
	struct node *n = left, *pair[] = { left, right };
	size_t first = 1;

	if (left->kind != kind || kind == NODE_ARITHMETIC || kind == NODE_COMPARE) {
		n = node_new(x, kind, left->at, right->end);
		first = 0;
	}
	for (size_t i = first; i < 2; i++) {
		if (pair[i]->kind == kind && (kind == NODE_AND || kind == NODE_OR)) {
			for (size_t k = 0; k < pair[i]->n_child; k++)
				node_adopt(x, n, pair[i]->child[k]);
		} else {
			node_adopt(x, n, pair[i]);
		}
	}
	n->end = right->end;
	return n;
}

/* Cost ---------------------------------------------------------------------------------------- */

/*
 * Octets a record that deciding the test may touch, roughly, with the selective comparisons first
 * among equals.  Stored columns before computed ones, text behind numbers.
 */
static unsigned
field_cost(const struct field *f)
{
	const struct element *e = f->n > 0 ? element_find(f->id[0].pen, f->id[0].id) : NULL;
	unsigned width = type_width(f->type);

	if (f->derived != DERIVED_NONE && f->derived != DERIVED_FLOWS)
		return 400;
	if (f->type == TYPE_UINT && e != NULL && e->width != 0)
		width = e->width;
	if (f->type == TYPE_IP)
		width = 12;
	if (width == 0)
		width = 40;
	return width * 8 + (f->n > 1 ? 4 * f->n : 0);
}

static unsigned
test_cost(const struct node *n)
{
	static const unsigned char order[] = { [CMP_EQ] = 0,
		[CMP_IN] = 1,
		[CMP_LT] = 2,
		[CMP_LE] = 2,
		[CMP_GT] = 2,
		[CMP_GE] = 2,
		[CMP_BITS] = 2,
		[CMP_STARTS] = 2,
		[CMP_ENDS] = 2,
		[CMP_CONTAINS] = 3,
		[CMP_NE] = 3,
		[CMP_NOT_IN] = 3 };
	unsigned lists = 0;

	for (size_t many = n->n_literals; many > 16; many /= 2)
		lists += 4;
	return field_cost(n->field) + order[n->cmp] + lists;
}

static int
by_cost(const void *x, const void *y)
{
	const struct node *a = *(struct node *const *)x, *b = *(struct node *const *)y;

	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void
order_node(struct node *n)
{
	n->cost = 0;
	for (size_t i = 0; i < n->n_child; i++) {
		order_node(n->child[i]);
		n->cost += n->child[i]->cost;
	}
	switch (n->kind) {
	case NODE_AND:
	case NODE_OR: qsort(n->child, n->n_child, sizeof(n->child[0]), by_cost); break;
	case NODE_TEST: n->cost = test_cost(n); break;
	case NODE_HAS: n->cost = 1; break;
	case NODE_FIELD: n->cost = field_cost(n->field); break;
	case NODE_COMPARE:
	case NODE_ARITHMETIC: n->cost += 200; break;
	default: break;
	}
}

void
expr_order(struct expr *x)
{
	order_node(x->root);
}
