/*
 * zone.c - deciding conditions from what the blocks say about their columns: which there are, and
 * between which values theirs lie.
 */
#include "flow/zone.h"
#include "expr/eval.h"

static enum verdict
zone_ranges(const struct test *t, const struct column *c)
{
	bool is_float = type_is_float(c->type), nan;
	u128 lo = c->min, hi = c->max;
	enum verdict v;

	if (c->type == TYPE_IP && c->width == 4) {
		lo += V4_FIRST;
		hi += V4_FIRST;
	} else if (c->flags & COLUMN_TRUNCATED) {
		lo = lo << 64;
		hi = hi << 64 | UINT64_MAX;
	}
	v = ranges_zone(&t->set, lo, hi);
	if (!is_float)
		return v;
	/* NaN is outside every zone; a set that reaches to the top holds it. */
	nan = t->set.n > 0 && t->set.r[t->set.n - 1].hi == UINT64_MAX;
	return v == (nan ? ALL : NONE) ? v : SOME;
}

/* Keys of the texts that begin with the first 8 octets of o. */
static void
octets_zone(const struct octets *o, uint64_t *lo, uint64_t *hi)
{
	*lo = *hi = zone_key_octets(o->p, o->n);
	if (o->n == 0)
		*hi = UINT64_MAX;
	else if (o->n < 8)
		*hi |= (UINT64_C(1) << (8 * (8 - o->n))) - 1;
}

static enum verdict
zone_octets(const struct test *t, const struct column *c)
{
	uint64_t key, lo, hi;

	if (t->n_items == 0)
		return t->cmp == CMP_IN || t->cmp == CMP_EQ ? NONE : SOME;
	key = zone_key_octets(t->item[0].p, t->item[0].n);
	switch (t->cmp) {
	case CMP_EQ:
	case CMP_IN:
		for (size_t i = 0; i < t->n_items; i++) {
			key = zone_key_octets(t->item[i].p, t->item[i].n);
			if (key >= c->min && key <= c->max)
				return SOME;
		}
		return NONE;
	case CMP_LT:
	case CMP_LE: return c->min > key ? NONE : c->max < key ? ALL : SOME;
	case CMP_GT:
	case CMP_GE: return c->max < key ? NONE : c->min > key ? ALL : SOME;
	case CMP_STARTS:
		octets_zone(&t->item[0], &lo, &hi);
		return c->min > hi || c->max < lo ? NONE : SOME;
	default: return SOME;
	}
}

enum verdict
zone_test(struct expr_state *s, const struct node *n, const struct column *c)
{
	const struct bound *bd = bind_test(s, n, c);

	if (bd == NULL || bd->how == HOW_NONE)
		return NONE;
	if (bd->how == HOW_ALL)
		return ALL;
	if (!(c->flags & COLUMN_ZONE))
		return SOME;
	if (bd->how == HOW_OCTETS)
		return zone_octets(bd->test, c);
	return bd->how == HOW_MASK ? SOME : zone_ranges(bd->test, c);
}

/* Any of the field's columns may hold a record's value. */
static enum verdict
zone_field(struct expr_state *s, const struct batch *b, const struct node *n)
{
	const struct field *f = n->field;
	enum verdict all = NONE;
	int type = -1;

	if (f->derived != DERIVED_NONE) {
		if (!batch_may_have(b, f))
			return NONE;
		s->met[n->index] = true;
		return SOME;
	}
	for (unsigned k = 0; k < f->n; k++) {
		int i = batch_find(b, &f->id[k]);
		const struct column *c;
		enum verdict v;

		if (i < 0)
			continue;
		c = &b->col[i];
		s->met[n->index] = true;
		if (type >= 0 && c->type != type)
			continue; /* as batch_resolve */
		v = n->kind == NODE_TEST ? zone_test(s, n, c) : n->kind == NODE_HAS ? ALL : SOME;
		if (!(c->flags & COLUMN_PARTIAL))
			return type < 0 || v == all ? v : SOME;
		v = v == ALL ? SOME : v;
		all = type < 0 || v == all ? v : SOME;
		type = c->type;
	}
	return all;
}

/* A comparison of operands is false when one is missing throughout. */
static enum verdict
zone_operands(struct expr_state *s, const struct batch *b, const struct node *n)
{
	enum verdict v = SOME;

	if (n->kind == NODE_FIELD)
		return zone_field(s, b, n);
	for (size_t i = 0; i < n->n_child; i++)
		if (zone_operands(s, b, n->child[i]) == NONE)
			v = NONE;
	return v;
}

static enum verdict
decide(struct expr_state *s, const struct batch *b, const struct node *n)
{
	enum verdict ends = n->kind == NODE_AND ? NONE : ALL, v = n->kind == NODE_AND ? ALL : NONE;

	switch (n->kind) {
	case NODE_TRUE: v = ALL; break;
	case NODE_FALSE: v = NONE; break;
	case NODE_NOT:
		v = decide(s, b, n->child[0]);
		v = v == ALL ? NONE : v == NONE ? ALL : SOME;
		break;
	case NODE_AND:
	case NODE_OR:
		for (size_t i = 0; i < n->n_child; i++) {
			enum verdict one = decide(s, b, n->child[i]);

			if (one == ends)
				v = ends;
			else if (one == SOME && v != ends)
				v = SOME;
		}
		break;
	case NODE_COMPARE: v = zone_operands(s, b, n); break;
	default: v = zone_field(s, b, n); break;
	}
	s->known[n->index] = v;
	return v;
}

void
zone_decide(struct expr_state *s, struct batch *b)
{
	s->asked = true;
	(void)decide(s, b, s->x->root);
}

static bool
was_met(struct expr_state *const *s, unsigned n, unsigned index)
{
	for (unsigned i = 0; i < n; i++)
		if (s[i] != NULL && s[i]->met[index])
			return true;
	return false;
}

/*
 * Why it could not be as wanted, NULL: it could.  What is wanted to be false is no obstacle where its field is missing,
 * and of several conditions of which one is enough one without an obstacle is.
 */
static const char *
find_unmet(struct expr_state *const *s, unsigned n, const struct node *node, bool wanted)
{
	bool one_is_enough = node->kind == (wanted ? NODE_OR : NODE_AND);
	const char *first = NULL;

	if (wanted && node->field != NULL && !was_met(s, n, node->index))
		return node->field->name;
	for (size_t i = 0; i < node->n_child; i++) {
		const char *name =
		    find_unmet(s, n, node->child[i], wanted != (node->kind == NODE_NOT));

		if (one_is_enough ? name == NULL : name != NULL)
			return name;
		first = first == NULL ? name : first;
	}
	return first;
}

const char *
expr_unmet(struct expr_state *const *s, unsigned n, bool wanted)
{
	const struct expr *x = NULL;

	for (unsigned i = 0; i < n; i++)
		if (s[i] != NULL && s[i]->asked)
			x = s[i]->x;
	return x == NULL ? NULL : find_unmet(s, n, x->root, wanted);
}
