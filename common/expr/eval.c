/*
 * eval.c - evaluating a tree over a batch: bitmaps, as few columns as the outcome needs.
 *
 * A condition is NONE, ALL or, with its bits in `out`, SOME.  mask: only records of words where it
 * is not zero matter to the caller (NULL: all do); other words of `out` are zero.
 */
#include "expr/eval.h"
#include "expr/plane.h"

enum { ORDER_MOST = 16 };
#define RATE_UNKNOWN 0.5F

static enum verdict eval_node(
    struct expr_state *, struct batch *, const struct node *, const uint64_t *mask, uint64_t *out);

struct expr_state *
expr_state_new(const struct expr *x)
{
	struct expr_state *s = mem_zero(1, sizeof(*s));

	s->x = x;
	s->binding = mem_zero(x->n_nodes, sizeof(struct binding *));
	s->known = mem_zero(x->n_nodes, sizeof(*s->known));
	s->column = mem_zero(x->n_nodes, sizeof(*s->column));
	s->met = mem_zero(x->n_nodes, sizeof(*s->met));
	s->rate = mem_alloc(x->n_nodes * sizeof(*s->rate));
	for (unsigned i = 0; i < x->n_nodes; i++)
		s->rate[i] = RATE_UNKNOWN;
	return s;
}

void
expr_state_free(struct expr_state *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_bitmaps; i++)
		mem_free(s->bitmap[i]);
	mem_free(s->bitmap);
	mem_free(s->binding);
	mem_free(s->known);
	mem_free(s->column);
	mem_free(s->met);
	mem_free(s->rate);
	mem_free(s->hit);
	arena_free(&s->arena);
	mem_free(s);
}

static uint64_t *
push_bitmap(struct expr_state *s)
{
	if (s->top == s->n_bitmaps) {
		s->bitmap = mem_resize(s->bitmap, s->n_bitmaps + 1, sizeof(uint64_t *));
		s->bitmap[s->n_bitmaps++] = mem_alloc(s->words * 8);
	}
	return s->bitmap[s->top++];
}

/* Scratch bitmaps hold a batch of n records. */
static void
fit_bitmaps(struct expr_state *s, size_t n)
{
	s->top = 0;
	if (bits_words(n) <= s->words)
		return;
	for (size_t i = 0; i < s->n_bitmaps; i++)
		mem_free(s->bitmap[i]);
	s->n_bitmaps = 0;
	s->words = bits_words(n);
}

enum verdict
eval_settle(const uint64_t *out, size_t n)
{
	uint64_t any = 0, all = ~UINT64_C(0);
	size_t words = bits_words(n);

	for (size_t w = 0; w < words; w++) {
		any |= out[w];
		all &= w + 1 < words ? out[w] : out[w] | ~bits_tail(n);
	}
	return any == 0 ? NONE : all == ~UINT64_C(0) ? ALL : SOME;
}

static enum verdict
and_present(const uint64_t *present, size_t n, uint64_t *out)
{
	if (present != NULL)
		for (size_t w = 0; w < bits_words(n); w++)
			out[w] &= present[w];

	return eval_settle(out, n);
}

/* Every record that has a value. */
static enum verdict
all_present(struct batch *b, unsigned i, const uint64_t *mask, uint64_t *out)
{
	const uint64_t *present = batch_present(b, i);

	if (present == NULL)
		return ALL;
	for (size_t w = 0; w < bits_words(b->n); w++)
		out[w] = mask != NULL && mask[w] == 0 ? 0 : present[w];
	return eval_settle(out, b->n);
}

/* Tests -------------------------------------------------------------------------------------------- */

/* Records whose code is a hit, of a column's entries that are not all, nor none. */
static void
run_codes(struct expr_state *s, struct batch *b, unsigned i, const uint64_t *pass,
    const uint64_t *mask, uint64_t *out)
{
	size_t entries = b->col[i].dict_n;
	const struct planes *p = batch_planes(b, i);
	const struct column *c = p == NULL ? batch_dict(b, i) : &b->col[i];

	/* Codes of missing records may be any: room for all of them. */
	if (s->hit == NULL)
		s->hit = mem_zero(UINT16_MAX + 1, 1);
	for (size_t k = 0; k < entries; k++)
		s->hit[k] = bits_get(pass, k);
	if (p != NULL)
		plane_codes(s->hit, p, b->n, mask, out);
	else if (c != NULL)
		kernel_codes(s->hit, c->codes, b->n, mask, out);
	else
		memset(out, 0, bits_words(b->n) * 8); /* damaged */
}

/* Those whose code is in [first, first + count). */
static void
run_code_range(
    struct batch *b, unsigned i, size_t first, size_t count, const uint64_t *mask, uint64_t *out)
{
	const struct planes *p = batch_planes(b, i);
	const struct column *c = p == NULL ? batch_dict(b, i) : &b->col[i];
	struct bound range = { .how = HOW_RANGE, .width = 2, .n = 1 };
	struct sums sums = { .n = 1 };

	sums.lo[0] = range.lo[0] = first;
	sums.hi[0] = first + count - 1;
	range.span[0] = count - 1;
	if (p != NULL)
		sums_run(&sums, p, b->n, mask, out);
	else if (c != NULL)
		kernel_run(&range, c->codes, NULL, b->n, mask, out);
	else
		memset(out, 0, bits_words(b->n) * 8); /* damaged */
}

/*
 * The test is made once for each entry, and codes are unpacked only where some pass and some do not.  Entries that
 * pass and stand in a row, as in a sorted dictionary, make a range of codes.
 */
static enum verdict
test_dictionary(struct expr_state *s, struct batch *b, const struct bound *bd, unsigned i,
    const uint64_t *mask, uint64_t *out)
{
	const struct column *c = &b->col[i];
	size_t entries = c->dict_n, count, first = 0, run;
	uint64_t pass[UINT16_MAX / 64 + 1];

	if (entries == 0 || entries > UINT16_MAX + 1)
		return NONE;
	kernel_run(bd, c->dict_data, c->dict_off, entries, NULL, pass);
	count = bits_count(pass, entries);
	if (count == 0)
		return NONE;
	if (count == entries)
		return all_present(b, i, mask, out);
	while (!bits_get(pass, first))
		first++;
	for (run = 0; first + run < entries && bits_get(pass, first + run);)
		run++;
	if (run == count)
		run_code_range(b, i, first, count, mask, out);
	else
		run_codes(s, b, i, pass, mask, out);
	return and_present(batch_present(b, i), b->n, out);
}

static enum verdict
eval_test(struct expr_state *s, struct batch *b, const struct node *n, const uint64_t *mask,
    uint64_t *out)
{
	int i = batch_resolve(b, n->field);
	enum verdict zone = i < 0 ? NONE : zone_test(s, n, &b->col[i]);
	const struct planes *p;
	const struct column *c;
	const struct bound *bd;

	if (zone == NONE)
		return NONE;
	if (zone == ALL)
		return all_present(b, (unsigned)i, mask, out);
	bd = bind_test(s, n, &b->col[i]);
	if (batch_entries(b, (unsigned)i) != NULL)
		return test_dictionary(s, b, bd, (unsigned)i, mask, out);
	p = batch_planes(b, (unsigned)i);
	if (p != NULL) {
		plane_run(bd, p, b->n, mask, out);
	} else {
		c = batch_plain(b, (unsigned)i);
		kernel_run(bd, c->data, c->off, b->n, mask, out);
	}
	return and_present(b->col[i].present, b->n, out);
}

static enum verdict
eval_has(struct expr_state *s, struct batch *b, const struct node *n, const uint64_t *mask,
    uint64_t *out)
{
	const struct field *f = n->field;
	int type = -1, i;

	(void)s;
	if (f->derived != DERIVED_NONE) {
		i = batch_resolve(b, f);
		return i < 0 ? NONE : all_present(b, (unsigned)i, mask, out);
	}
	memset(out, 0, bits_words(b->n) * 8);
	for (unsigned k = 0; k < f->n; k++) {
		const uint64_t *present;

		i = batch_find(b, &f->id[k]);
		if (i < 0 || (type >= 0 && b->col[i].type != type))
			continue;
		type = b->col[i].type;
		present = batch_present(b, (unsigned)i);
		if (present == NULL)
			return ALL;
		for (size_t w = 0; w < bits_words(b->n); w++)
			out[w] |= mask != NULL && mask[w] == 0 ? 0 : present[w];
	}
	return eval_settle(out, b->n);
}

/* Joins -------------------------------------------------------------------------------------------- */

/*
 * The order in which conditions are tried: what decides the most for the least first.  What they decide is measured
 * from batch to batch; before that it is unknown, and they stand by cost.
 */
struct order {
	unsigned n;
	const struct node *child[ORDER_MOST];
};

/* A half-life of some batches: flows of another hour may be others. */
static void
measure(struct expr_state *s, const struct node *n, size_t passed, size_t asked)
{
	/* Within the words that a mask leaves more may pass than were asked about. */
	float rate = passed < asked ? (float)passed / (float)asked : 1;

	if (asked > 0)
		s->rate[n->index] += (rate - s->rate[n->index]) / 8;
}

/* Cost of a record decided. */
static float
rank_of(const struct expr_state *s, const struct node *parent, const struct node *n)
{
	float rate = s->rate[n->index], decides = parent->kind == NODE_AND ? 1 - rate : rate;

	return s->known[n->index] != SOME ? 0 : (float)n->cost / (decides + 0.001F);
}

static void
order_children(const struct expr_state *s, const struct node *n, struct order *o)
{
	float rank[ORDER_MOST];

	o->n = 0;
	for (size_t i = 0; i < n->n_child && i < ORDER_MOST; i++) {
		float r = rank_of(s, n, n->child[i]);
		unsigned at = o->n++;

		for (; at > 0 && rank[at - 1] > r; at--) {
			rank[at] = rank[at - 1];
			o->child[at] = o->child[at - 1];
		}
		rank[at] = r;
		o->child[at] = n->child[i];
	}
}

/* The i-th to be tried; those behind the first ORDER_MOST stay where they are. */
static const struct node *
child_at(const struct order *o, const struct node *n, size_t i)
{
	return i < o->n ? o->child[i] : n->child[i];
}

static size_t
count_asked(const uint64_t *mask, size_t n)
{
	return mask == NULL ? n : bits_count(mask, n);
}

static enum verdict
eval_and(struct expr_state *s, struct batch *b, const struct node *n, const uint64_t *mask,
    uint64_t *out)
{
	uint64_t *more = push_bitmap(s);
	enum verdict so_far = ALL;
	size_t left = count_asked(mask, b->n);
	struct order o;

	order_children(s, n, &o);
	for (size_t i = 0; i < n->n_child && so_far != NONE; i++) {
		const struct node *child = child_at(&o, n, i);
		bool first = so_far == ALL;
		size_t asked = left;
		enum verdict v = eval_node(s, b, child, first ? mask : out, first ? out : more);

		if (v == NONE) {
			so_far = NONE;
			left = 0;
		} else if (v == SOME) {
			for (size_t w = 0; !first && w < bits_words(b->n); w++)
				out[w] &= more[w];
			left = bits_count(out, b->n);
			so_far = left == 0 ? NONE : SOME;
		}
		measure(s, child, left, asked);
	}
	s->top--;
	return so_far;
}

static enum verdict
eval_or(struct expr_state *s, struct batch *b, const struct node *n, const uint64_t *mask,
    uint64_t *out)
{
	uint64_t *more = push_bitmap(s), *open = push_bitmap(s);
	enum verdict so_far = NONE;
	size_t words = bits_words(b->n), passed = 0, all = count_asked(mask, b->n);
	struct order o;

	order_children(s, n, &o);
	for (size_t i = 0; i < n->n_child && so_far != ALL; i++) {
		const struct node *child = child_at(&o, n, i);
		bool first = so_far == NONE;
		size_t before = passed;
		enum verdict v;

		for (size_t w = 0; !first && w < words; w++)
			open[w] = ~out[w] & (mask != NULL ? mask[w] : ~UINT64_C(0));
		if (!first)
			open[words - 1] &= bits_tail(b->n);
		v = eval_node(s, b, child, first ? mask : open, first ? out : more);
		if (v == ALL) {
			so_far = ALL;
			passed = all;
		} else if (v == SOME) {
			for (size_t w = 0; !first && w < words; w++)
				out[w] |= more[w];
			so_far = eval_settle(out, b->n);
			passed = bits_count(out, b->n);
		}
		measure(s, child, passed - before, all > before ? all - before : 0);
	}
	s->top -= 2;
	return so_far;
}

static enum verdict
eval_not(struct expr_state *s, struct batch *b, const struct node *n, const uint64_t *mask,
    uint64_t *out)
{
	enum verdict v = eval_node(s, b, n->child[0], mask, out);
	size_t words = bits_words(b->n);

	if (v != SOME)
		return v == ALL ? NONE : ALL;
	for (size_t w = 0; w < words; w++)
		out[w] = mask != NULL && mask[w] == 0 ? 0 : ~out[w];
	out[words - 1] &= bits_tail(b->n);
	return eval_settle(out, b->n);
}

static enum verdict
eval_node(struct expr_state *s, struct batch *b, const struct node *n, const uint64_t *mask,
    uint64_t *out)
{
	if (s->known[n->index] != SOME)
		return s->known[n->index];
	switch (n->kind) {
	case NODE_AND: return eval_and(s, b, n, mask, out);
	case NODE_OR: return eval_or(s, b, n, mask, out);
	case NODE_NOT: return eval_not(s, b, n, mask, out);
	case NODE_HAS: return eval_has(s, b, n, mask, out);
	case NODE_COMPARE: return operand_compare(s, b, n, mask, out);
	default: return eval_test(s, b, n, mask, out);
	}
}

size_t
expr_select(struct expr_state *s, struct batch *b, uint64_t *sel)
{
	if (b->n == 0)
		return 0;
	fit_bitmaps(s, b->n);
	zone_decide(s, b);
	switch (eval_node(s, b, s->x->root, NULL, sel)) {
	case NONE: memset(sel, 0, bits_words(b->n) * 8); return 0;
	case ALL: bits_fill(sel, b->n); return b->n;
	default: return bits_count(sel, b->n);
	}
}
