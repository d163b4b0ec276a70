/*
 * values_bind.c - which columns of a batch the aggregates read, and what they learn of types and sampling from it.
 */
#include "ops/values.h"

static const struct field start_field = {
	.type = TYPE_TIME, .n = 1, .id = { { .pen = PEN_OWN, .id = OWN_START } }
};
static const struct field end_field = {
	.type = TYPE_TIME, .n = 1, .id = { { .pen = PEN_OWN, .id = OWN_END } }
};
static const struct field flags_field = { .type = TYPE_UINT, .n = 1, .id = { { .id = 6 } } };
static const struct field sampling_field = {
	.type = TYPE_UINT, .n = 1, .id = { { .pen = PEN_OWN, .id = OWN_SAMPLING } }
};

/*
 * The column a value reads, or -1.  Records that have a least already (min_packets) are aggregates: the
 * least of those is wanted, not of the sums or bins that stand under the field's own name.  So are those that have a
 * sum of what is computed (sum_duration): the sum of those, not of how long the groups were.
 */
static int
find_value(const struct group_value *v, struct batch *b)
{
	int i;

	if (v->fn == FN_RECORDS)
		return -1;
	if (v->fn == FN_FLOWS)
		return batch_find(b, &v->as);
	i = batch_resolve(b, &v->field);
	if (v->made.pen == PEN_NAMED) {
		int made = batch_find(b, &v->made);

		i = made >= 0 ? made : i;
	}
	return i;
}

static bool
usable(const struct group_value *v, enum type t)
{
	if (v->fn == FN_FLOWS || v->fn == FN_OR)
		return t == TYPE_UINT;
	if (v->fn == FN_SUM)
		return cell_numeric(t) && t != TYPE_TIME;
	if (v->fn == FN_MEAN || v->fn == FN_PERCENTILE)
		return cell_numeric(t);
	return t != TYPE_NONE;
}

bool
values_is_counter(const struct group_value *v)
{
	const struct element *e;

	if (v->fn != FN_SUM || v->field.n == 0)
		return false;
	e = element_find(v->field.id[0].pen, v->field.id[0].id);
	return e != NULL && (e->semantics == SEM_DELTA || e->semantics == SEM_TOTAL) &&
	       (strcmp(e->unit, "octets") == 0 || strcmp(e->unit, "packets") == 0);
}

static const struct column *
plain_at(struct batch *b, int i)
{
	return i < 0 ? NULL : batch_plain(b, (unsigned)i);
}

/* A sum's column: numbers as planes while nobody needs them one by one. */
static void
bind_sum(struct value_source *src, struct batch *b, int i)
{
	if (i >= 0 && b->col[i].type == TYPE_UINT && batch_entries(b, (unsigned)i) == NULL)
		src->planes = batch_planes(b, (unsigned)i);
	src->col = src->planes != NULL ? &b->col[i] : plain_at(b, i);
	src->is_some = src->planes != NULL && planes_narrow(src->planes) && src->planes->base > 0 &&
		       src->col->width == 8;
}

/* Not below any of n numbers, as they are: a zone map may lie. */
static uint64_t
greatest_of(const struct value_source *src, size_t n)
{
	const struct planes *p = src->planes;
	const uint64_t *v = src->col->data;
	uint64_t all = 0;

	if (src->col->width < 8)
		return (UINT64_C(1) << 8 * src->col->width) - 1;
	if (p != NULL) {
		all = p->n < 8 ? (UINT64_C(1) << 8 * p->n) - 1 : UINT64_MAX;
		if (p->from != NULL || __builtin_mul_overflow(all, p->unit, &all) ||
		    __builtin_add_overflow(all, p->base, &all))
			return UINT64_MAX;
		return all;
	}
	for (size_t i = 0; i < n; i++)
		all |= v[i];
	return all;
}

/* What n records' numbers come to at most; UINT64_MAX: or to more. */
static uint64_t
most_of(const struct value_source *src, size_t n)
{
	uint64_t greatest = greatest_of(src, n), most;

	return __builtin_mul_overflow(greatest, (uint64_t)n, &most) ? UINT64_MAX : most;
}

/* One interval for the whole batch, known without unpacking it? */
static bool
uniform_sampling(const struct column *c, uint32_t *interval)
{
	if (c == NULL) {
		*interval = 1;
		return true;
	}
	if (!(c->flags & COLUMN_ZONE) || (c->flags & COLUMN_PARTIAL) || c->min != c->max)
		return false;
	*interval = (uint32_t)c->min;
	return true;
}

static bool
same_sampling(const struct column *c, size_t n, uint32_t *interval)
{
	for (size_t i = 0; i < n; i++) {
		bool has = bits_has(c->present, i);
		uint32_t now = has ? (uint32_t)cell_word(c, i) : 1;

		now = now == 0 ? 1 : now;
		if (i > 0 && now != *interval)
			return false;
		*interval = now;
	}
	return true;
}

/* The batch's sampling column where records need to look at it, else NULL. */
static const struct column *
bind_sampling(struct values *vs, struct table *t, struct batch *b, int col)
{
	const struct column *c = col < 0 ? NULL : &b->col[col];
	uint32_t interval = 1;
	bool one;

	if (c != NULL && c->type != TYPE_UINT)
		c = NULL;
	one = uniform_sampling(c, &interval);
	if (c != NULL && (!one || vs->spec->scale || vs->sampling == SAMPLING_MIXED))
		c = batch_plain(b, (unsigned)col);
	if (vs->sampling != SAMPLING_MIXED && !one)
		one = same_sampling(c, b->n, &interval);
	interval = interval == 0 ? 1 : interval;
	if (vs->sampling == 0 && one)
		vs->sampling = interval;
	else if (vs->sampling != SAMPLING_MIXED && (!one || vs->sampling != interval))
		values_split_sampling(vs, t);
	if (vs->sampling == SAMPLING_MIXED && c != NULL)
		c = batch_plain(b, (unsigned)col);
	return c;
}

bool
values_steady(const struct values *vs, struct batch *b)
{
	int col = batch_resolve(b, &sampling_field);
	const struct column *c = col < 0 || b->col[col].type != TYPE_UINT ? NULL : &b->col[col];
	uint32_t interval;

	for (unsigned i = 0; i < vs->n; i++) {
		int at =
		    vs->spec->values[i].fn == FN_SUM ? find_value(&vs->spec->values[i], b) : -1;

		if (at >= 0 && vs->v[i].type != TYPE_NONE && b->col[at].type != vs->v[i].type)
			return false;
	}
	if (vs->sampling == 0)
		return true;
	return uniform_sampling(c, &interval) && (interval == 0 ? 1 : interval) == vs->sampling;
}

/* The column, or -1: its values are of no use for this. */
static int
usable_at(const struct group_value *v, const struct batch *b, int i)
{
	return i >= 0 && usable(v, (enum type)b->col[i].type) ? i : -1;
}

/* A column of values: what the batch's sums come to at most, and what its values are like. */
static void
learn_column(struct values *vs, unsigned i, struct values_bound *bound, struct table *t, size_t n)
{
	const struct value_source *src = &bound->source[i];
	enum group_fn fn = vs->spec->values[i].fn;
	struct value_state *v = &vs->v[i];

	if ((fn == FN_SUM || fn == FN_FLOWS) && src->col->type == TYPE_UINT) {
		uint64_t most = most_of(src, n);

		bound->most = most > bound->most ? most : bound->most;
	}
	values_raise(vs, i, t, (enum type)src->col->type);
	if (src->col->scale < v->scale)
		v->scale = src->col->scale;
	if (src->col->width > v->width)
		v->width = src->col->width;
}

/* Has every record a value? */
static bool
is_had(enum group_fn fn, const struct column *c)
{
	return fn == FN_FLOWS || fn == FN_RECORDS ||
	       ((fn == FN_SUM || fn == FN_OR) && c != NULL && c->present == NULL);
}

static void
bind_value(struct values *vs, unsigned i, struct values_bound *bound, struct table *t,
    struct batch *b, int col, int reverse)
{
	const struct group_spec *spec = vs->spec;
	const struct group_value *v = &spec->values[i];
	struct value_source *src = &bound->source[i];

	if (v->fn == FN_SUM)
		bind_sum(src, b, col);
	else
		src->col = plain_at(b, col);
	src->reverse = plain_at(b, reverse);
	src->scaled = spec->scale && values_is_counter(v);
	bound->scales = bound->scales || (src->scaled && (col >= 0 || reverse >= 0));
	bound->is_biflow = bound->is_biflow || src->reverse != NULL;
	if (src->col != NULL)
		learn_column(vs, i, bound, t, b->n);
	if (src->reverse != NULL)
		values_raise(vs, i, t, (enum type)src->reverse->type);
	if (!spec->biflow && is_had(v->fn, src->col))
		bound->have |= UINT32_C(1) << i;
}

void
values_bind(struct values *vs, struct values_bound *bound, struct table *t, struct batch *b)
{
	const struct group_spec *spec = vs->spec;
	int col[GROUP_VALUES_MAX], reverse[GROUP_VALUES_MAX];
	int start = batch_resolve(b, &start_field), end = batch_resolve(b, &end_field);
	int flags = spec->biflow ? batch_resolve(b, &flags_field) : -1;
	int sampling = batch_resolve(b, &sampling_field);
	bool timed = spec->biflow;

	*bound = (struct values_bound){ 0 };
	/* All before any: a computed column may move the others. */
	for (unsigned i = 0; i < vs->n; i++) {
		const struct group_value *v = &spec->values[i];

		col[i] = usable_at(v, b, find_value(v, b));
		reverse[i] = vs->v[i].reverse ? usable_at(v, b, batch_find(b, &v->reverse)) : -1;
		timed = timed || v->fn == FN_FIRST || v->fn == FN_LAST;
	}
	for (unsigned i = 0; i < vs->n; i++)
		bind_value(vs, i, bound, t, b, col[i], reverse[i]);
	if (timed && start >= 0 && b->col[start].type == TYPE_TIME)
		bound->start = batch_plain(b, (unsigned)start);
	if (timed && end >= 0 && b->col[end].type == TYPE_TIME)
		bound->end = batch_plain(b, (unsigned)end);
	bound->flags = plain_at(b, flags);
	bound->sampling = bind_sampling(vs, t, b, sampling);
}

void
values_unpack(struct values_bound *bound, struct batch *b)
{
	for (unsigned i = 0; i < GROUP_VALUES_MAX; i++) {
		struct value_source *src = &bound->source[i];

		if (src->planes != NULL)
			(void)batch_plain(b, (unsigned)(src->col - b->col));
		src->planes = NULL;
	}
}
