/*
 * emit.c - groups as batches: keys and aggregates as columns.
 */
#include <math.h>
#include <stdlib.h>

#include "ops/group_table.h"

/* The types of the columns that a run of rows makes. */
struct shape {
	uint8_t key[GROUP_KEYS_MAX], value[GROUP_VALUES_MAX];
};

static bool
value_varies(const struct group_table *g, unsigned i)
{
	return g->values.v[i].mixed && values_is_cell(g->spec->values[i].fn);
}

static enum type
cell_type(const struct group_table *g, unsigned i, uint64_t *slots)
{
	struct cell c;

	if (!(*slots_have(slots) >> i & 1))
		return TYPE_NONE;
	memcpy(&c, slots + g->values.v[i].off + values_cell_at(g->spec->values[i].fn), sizeof(c));
	return (enum type)c.type;
}

static enum type
value_type(const struct group_table *g, unsigned i)
{
	enum type t = (enum type)g->values.v[i].type;

	switch (g->spec->values[i].fn) {
	case FN_FLOWS:
	case FN_RECORDS:
	case FN_DISTINCT: return TYPE_UINT;
	case FN_MEAN:
		return t == TYPE_TIME || t == TYPE_DURATION || t == TYPE_NONE ? t : TYPE_FLOAT64;
	default: return t;
	}
}

static struct shape
shape_of(const struct group_table *g, uint32_t row)
{
	struct shape s = { 0 };

	for (unsigned k = 0; k < g->layout.n; k++) {
		const struct slot *slot = &g->layout.slot[k];

		s.key[k] = slot->type;
		if (slot->kind == SLOT_CELL)
			s.key[k] = (uint8_t)keys_get(&g->layout, k, table_row(&g->rows, row)).type;
	}
	for (unsigned i = 0; i < g->values.n; i++)
		s.value[i] =
		    (uint8_t)(value_varies(g, i) ? cell_type(g, i, table_slots(&g->rows, row))
						 : value_type(g, i));
	return s;
}

/* Columns --------------------------------------------------------------------------------------- */

/* Rows handed out: list[first ..], or by number where there is no list. */
struct run {
	struct group_table *g;
	const uint32_t *list;
	size_t first, n;
};

static uint32_t
run_row(const struct run *r, size_t i)
{
	return r->list ? r->list[r->first + i] : (uint32_t)(r->first + i);
}

static void
put_fixed_key(const struct run *r, struct batch *b, unsigned col, unsigned key)
{
	const struct layout *l = &r->g->layout;
	unsigned width = l->slot[key].width, off = l->slot[key].off;
	uint8_t *to = batch_cells(b, col);

	for (size_t i = 0; i < r->n; i++) {
		const uint8_t *packed = table_row(&r->g->rows, run_row(r, i));

		memcpy(to + i * width, packed + off, width);
		if (!keys_missing(l, key, packed))
			batch_mark(b, col, i, 1);
	}
}

static void
put_key(const struct run *r, struct batch *b, unsigned col, unsigned key)
{
	const struct slot *s = &r->g->layout.slot[key];

	batch_precision(b, col, s->scale);
	if (s->kind == SLOT_IP16 || (s->kind == SLOT_FIXED && b->col[col].width == s->width)) {
		put_fixed_key(r, b, col, key);
		return;
	}
	for (size_t i = 0; i < r->n; i++) {
		struct cell c = keys_get(&r->g->layout, key, table_row(&r->g->rows, run_row(r, i)));

		cell_put(b, col, i, &c, &r->g->intern);
	}
}

static void
put_mean(struct batch *b, unsigned col, size_t rec, const uint64_t *s, enum type held)
{
	double n = (double)s[2];
	__int128 sum;

	if (held == TYPE_FLOAT64) {
		batch_put_double(b, col, rec, cell_bits_double(s[0]) / n);
		return;
	}
	memcpy(&sum, s, 16);
	if (b->col[col].type == TYPE_FLOAT64)
		batch_put_double(b, col, rec, (double)sum / n);
	else
		batch_put_uint(b, col, rec, (uint64_t)(int64_t)(sum / (int64_t)s[2]));
}

/* A sum that reached the greatest number of its type may have been more. */
static void
doubt_full(struct values *vs, unsigned i, uint64_t v, enum type t)
{
	enum group_fn fn = vs->spec->values[i].fn;
	bool is_signed = t == TYPE_INT || t == TYPE_DURATION;

	if ((fn == FN_SUM || fn == FN_FLOWS) &&
	    ((t == TYPE_UINT && v == UINT64_MAX) ||
		(is_signed && ((int64_t)v == INT64_MAX || (int64_t)v == INT64_MIN))))
		vs->doubts |= DOUBT_FULL;
}

static void
put_value(const struct run *r, struct batch *b, unsigned col, unsigned i)
{
	const struct value_state *v = &r->g->values.v[i];
	enum group_fn fn = r->g->spec->values[i].fn;

	batch_precision(b, col, v->scale);
	for (size_t k = 0; k < r->n; k++) {
		uint64_t *s = table_slots(&r->g->rows, run_row(r, k));
		struct cell c;

		if (!(*slots_have(s) >> i & 1) && !values_is_count(fn))
			continue;
		if (fn == FN_MEAN) {
			put_mean(b, col, k, s + v->off, (enum type)v->type);
		} else if (values_is_cell(fn)) {
			memcpy(&c, s + v->off + values_cell_at(fn), sizeof(c));
			cell_put(b, col, k, &c, &r->g->intern);
		} else {
			c = (struct cell){ .v = s[v->off], .type = b->col[col].type };
			cell_put(b, col, k, &c, &r->g->intern);
			doubt_full(&r->g->values, i, c.v, (enum type)c.type);
		}
	}
}

static void
put_reverse(const struct run *r, struct batch *b, unsigned col, unsigned i)
{
	const struct value_state *v = &r->g->values.v[i];

	for (size_t k = 0; k < r->n; k++) {
		uint64_t *s = table_slots(&r->g->rows, run_row(r, k));
		struct cell c = { .v = s[v->reverse], .type = b->col[col].type };

		if (!(*slots_have(s) >> (i + REVERSE_BIT) & 1))
			continue;
		cell_put(b, col, k, &c, &r->g->intern);
		doubt_full(&r->g->values, i, c.v, (enum type)c.type);
	}
}

static unsigned
value_width(const struct group_table *g, unsigned i, enum type t)
{
	enum group_fn fn = g->spec->values[i].fn;
	const struct value_state *v = &g->values.v[i];

	if (type_is_var(t))
		return 0;
	if (t == TYPE_IP)
		return 4; /* widened when an IPv6 address comes */
	if (t == TYPE_BOOL)
		return 1;
	if (t == TYPE_FLOAT32)
		return 4;
	if ((fn == FN_OR || values_is_cell(fn)) && !v->mixed && v->width > 0)
		return v->width;
	return 8;
}

static unsigned
key_width(const struct slot *s, enum type t)
{
	if (t == TYPE_FLOAT32)
		return 4;
	if (s->kind == SLOT_FIXED || s->kind == SLOT_IP16)
		return s->width;
	if (type_is_var(t))
		return 0;
	return t == TYPE_IP ? 16 : t == TYPE_BOOL ? 1 : 8;
}

/* Counts of groups are raw unless scaled: the interval they were sampled at goes with them. */
static void
put_sampling(const struct run *r, struct batch *b)
{
	struct field_id id = field_own(OWN_SAMPLING);
	struct values *vs = &r->g->values;
	uint32_t uniform = vs->sampling;
	bool counters = false;
	int col;

	if (uniform == 0 || (uniform == 1 && !r->g->spec->scale) || batch_find(b, &id) >= 0)
		return;
	for (unsigned i = 0; i < vs->n; i++)
		counters = counters || values_is_counter(&vs->spec->values[i]);
	col = batch_column(b, &id, TYPE_UINT, 4, 0);
	for (size_t k = 0; k < r->n; k++) {
		uint32_t s = values_sampling(vs, run_row(r, k));

		if (r->g->spec->scale)
			batch_put_uint(b, (unsigned)col, k, 1);
		else if (s == SAMPLING_MIXED)
			vs->doubts |= counters ? DOUBT_SAMPLING : 0;
		else if (s > 1)
			batch_put_uint(b, (unsigned)col, k, s);
	}
}

static void
make_columns(const struct run *r, const struct shape *shape, struct batch *b)
{
	const struct group_spec *spec = r->g->spec;
	int key[GROUP_KEYS_MAX], value[GROUP_VALUES_MAX], reverse[GROUP_VALUES_MAX];

	for (unsigned k = 0; k < r->g->layout.n; k++) {
		enum type t = (enum type)shape->key[k];

		key[k] = t == TYPE_NONE ? -1
					: batch_column(b, &spec->keys[k].as, t,
					      key_width(&r->g->layout.slot[k], t), 0);
	}
	for (unsigned i = 0; i < r->g->values.n; i++) {
		enum type t = (enum type)shape->value[i];
		unsigned width = value_width(r->g, i, t);

		value[i] = reverse[i] = -1;
		if (t == TYPE_NONE)
			continue;
		value[i] = batch_column(b, &spec->values[i].as, t, width, 0);
		if (r->g->values.v[i].reverse != 0)
			reverse[i] = batch_column(b, &spec->values[i].reverse, t, width, 0);
	}
	batch_extend(b, r->n);
	for (unsigned k = 0; k < r->g->layout.n; k++)
		if (key[k] >= 0)
			put_key(r, b, (unsigned)key[k], k);
	for (unsigned i = 0; i < r->g->values.n; i++) {
		if (value[i] >= 0)
			put_value(r, b, (unsigned)value[i], i);
		if (reverse[i] >= 0)
			put_reverse(r, b, (unsigned)reverse[i], i);
	}
	put_sampling(r, b);
	batch_close(b);
}

/* Rows ------------------------------------------------------------------------------------------ */

struct shaped {
	struct shape shape;
	uint32_t row;
};

static int
compare_shaped(const void *a, const void *b)
{
	const struct shaped *x = a, *y = b;
	int order = memcmp(&x->shape, &y->shape, sizeof(x->shape));

	return order ? order : (x->row > y->row) - (x->row < y->row);
}

static bool
is_mixed(const struct group_table *g)
{
	bool mixed = false;

	for (unsigned k = 0; k < g->layout.n; k++)
		mixed = mixed || g->layout.slot[k].kind == SLOT_CELL;
	for (unsigned i = 0; i < g->values.n; i++)
		mixed = mixed || value_varies(g, i);
	return mixed;
}

/* A batch's column has one type: rows of one shape stand together.  list: NULL all, else freed. */
static uint32_t *
order_by_shape(const struct group_table *g, uint32_t *list, size_t n)
{
	struct shaped *s = mem_alloc((n + 1) * sizeof(*s));

	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = list ? list[i] : i;

		s[i] = (struct shaped){ shape_of(g, row), row };
	}
	if (list == NULL)
		list = mem_alloc((n + 1) * sizeof(*list));
	qsort(s, n, sizeof(*s), compare_shaped);
	for (size_t i = 0; i < n; i++)
		list[i] = s[i].row;
	mem_free(s);
	return list;
}

/* Of n rows from first on; mixed: their shapes may differ. */
static size_t
run_length(const struct group_table *g, const uint32_t *list, size_t first, size_t n, bool mixed,
    const struct shape *shape)
{
	n = n < BATCH_RECORDS ? n : BATCH_RECORDS;
	if (!mixed)
		return n;
	for (size_t i = 1; i < n; i++) {
		struct shape next = shape_of(g, list[first + i]);

		if (memcmp(&next, shape, sizeof(next)) != 0)
			return i;
	}
	return n;
}

bool
group_emit(struct group_table *g, const struct group_top *top,
    bool (*fn)(void *ctx, struct batch *), void *ctx)
{
	uint32_t *list = NULL;
	size_t n = g->rows.n_rows;
	bool more = true, mixed = is_mixed(g);

	g->n_groups += n;
	if (g->spec->biflow)
		biflow_orient(g);
	if (top != NULL)
		list = group_candidates(g, top, &n);
	if (mixed)
		list = order_by_shape(g, list, n);
	for (size_t first = 0; first < n && more;) {
		struct shape shape = shape_of(g, list ? list[first] : (uint32_t)first);
		struct run r = { g, list, first,
			run_length(g, list, first, n - first, mixed, &shape) };
		struct batch *b = batch_new();

		make_columns(&r, &shape, b);
		more = fn(ctx, b);
		first += r.n;
	}
	mem_free(list);
	return more;
}
