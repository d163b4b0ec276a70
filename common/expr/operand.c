/*
 * operand.c - comparing operands: fields with fields exactly, arithmetic as doubles.
 *
 * In arithmetic a missing value is NaN, and so is what a missing value or a zero divisor leads to;
 * comparing it with anything is false.  Times and durations count in seconds.
 */
#include <math.h>

#include "expr/eval.h"
#include "flow/zone.h"

struct tile {
	struct expr_state *s;
	const struct batch *b;
	size_t first, n; /* records; n <= 64 */
};

/* Every field's column, unpacked. */
static bool
resolve(struct expr_state *s, struct batch *b, const struct node *n)
{
	if (n->kind == NODE_FIELD) {
		int i = batch_resolve(b, n->field);

		s->column[n->index] = i;
		if (i >= 0)
			(void)batch_plain(b, (unsigned)i);
		return i >= 0;
	}
	for (size_t i = 0; i < n->n_child; i++)
		if (!resolve(s, b, n->child[i]))
			return false;
	return true;
}

static const struct column *
column_of(const struct tile *t, const struct node *n)
{
	return &t->b->col[t->s->column[n->index]];
}

#define LOAD(T) \
	do { \
		const T *v = (const T *)c->data + t->first; \
		for (size_t i = 0; i < t->n; i++) \
			out[i] = (double)v[i]; \
	} while (0)

static void
load_double(const struct tile *t, const struct column *c, double *out)
{
	bool is_signed = type_is_signed(c->type);

	if (c->type == TYPE_FLOAT32)
		LOAD(float);
	else if (c->type == TYPE_FLOAT64)
		LOAD(double);
	else if (c->width == 1 && is_signed)
		LOAD(int8_t);
	else if (c->width == 1)
		LOAD(uint8_t);
	else if (c->width == 2 && is_signed)
		LOAD(int16_t);
	else if (c->width == 2)
		LOAD(uint16_t);
	else if (c->width == 4 && is_signed)
		LOAD(int32_t);
	else if (c->width == 4)
		LOAD(uint32_t);
	else if (is_signed)
		LOAD(int64_t);
	else
		LOAD(uint64_t);
	if (c->type == TYPE_TIME || c->type == TYPE_DURATION)
		for (size_t i = 0; i < t->n; i++)
			out[i] /= 1e9;
	if (c->present == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		if (!bits_get(c->present, t->first + i))
			out[i] = NAN;
}

static double
both_bits(double x, double y)
{
	if (!(x >= 0) || !(y >= 0) || x >= 0x1p64 || y >= 0x1p64)
		return NAN;
	return (double)((uint64_t)x & (uint64_t)y);
}

static void
compute(char op, double *x, const double *y, size_t n)
{
	switch (op) {
	case '+':
		for (size_t i = 0; i < n; i++)
			x[i] += y[i];
		break;
	case '-':
		for (size_t i = 0; i < n; i++)
			x[i] -= y[i];
		break;
	case '*':
		for (size_t i = 0; i < n; i++)
			x[i] *= y[i];
		break;
	case '/':
		for (size_t i = 0; i < n; i++)
			x[i] = y[i] != 0 ? x[i] / y[i] : NAN;
		break;
	case '%':
		for (size_t i = 0; i < n; i++)
			x[i] = y[i] != 0 ? fmod(x[i], y[i]) : NAN;
		break;
	default:
		for (size_t i = 0; i < n; i++)
			x[i] = both_bits(x[i], y[i]);
		break;
	}
}

static void
operand(const struct tile *t, const struct node *n, double *out)
{
	double right[64];

	if (n->kind == NODE_NUMBER) {
		for (size_t i = 0; i < t->n; i++)
			out[i] = n->number;
		return;
	}
	if (n->kind == NODE_FIELD) {
		const struct column *c = column_of(t, n);

		if (c->type == TYPE_UINT || c->type == TYPE_INT || c->type == TYPE_FLOAT32 ||
		    c->type == TYPE_FLOAT64 || c->type == TYPE_TIME || c->type == TYPE_DURATION) {
			load_double(t, c, out);
			return;
		}
		for (size_t i = 0; i < t->n; i++)
			out[i] = NAN; /* a named column that turned out to be no number */
		return;
	}
	operand(t, n->child[0], out);
	operand(t, n->child[1], right);
	compute(n->op, out, right, t->n);
}

#define COMPARE_TILE(OP) \
	for (size_t i = 0; i < n; i++) \
	bits[i] = x[i] OP y[i]

#define COMPARE(NAME, T) \
	static uint64_t NAME(enum cmp cmp, const T *x, const T *y, size_t n) \
	{ \
		uint8_t bits[64] = { 0 }; \
\
		switch (cmp) { \
		case CMP_EQ: COMPARE_TILE(==); break; \
		case CMP_NE: COMPARE_TILE(!=); break; \
		case CMP_LT: COMPARE_TILE(<); break; \
		case CMP_LE: COMPARE_TILE(<=); break; \
		case CMP_GT: COMPARE_TILE(>); break; \
		default: COMPARE_TILE(>=); break; \
		} \
		return bits_pack(bits); \
	}
COMPARE(compare_doubles, double)
COMPARE(compare_keys, uint64_t)

static uint64_t
present_word(const struct tile *t, const struct column *c)
{
	return c->present != NULL ? c->present[t->first / 64] : ~UINT64_C(0);
}

/* NaN that a column holds is a value: unequal to everything. */
static uint64_t
word_of_columns(
    const struct tile *t, const struct node *n, const struct column *a, const struct column *b)
{
	double x[64], y[64];

	load_double(t, a, x);
	load_double(t, b, y);
	return compare_doubles(n->cmp, x, y, t->n) & present_word(t, a) & present_word(t, b);
}

static uint64_t
word_of_doubles(const struct tile *t, const struct node *n)
{
	double x[64], y[64];
	uint64_t word;

	operand(t, n->child[0], x);
	operand(t, n->child[1], y);
	word = compare_doubles(n->cmp, x, y, t->n);
	if (n->cmp == CMP_NE)
		for (size_t i = 0; i < t->n; i++)
			if (isnan(x[i]) || isnan(y[i]))
				word &= ~(UINT64_C(1) << i);
	return word;
}

static uint64_t
word_of_keys(
    const struct tile *t, const struct node *n, const struct column *a, const struct column *b)
{
	uint64_t x[64], y[64];

	for (size_t i = 0; i < t->n; i++) {
		x[i] = column_zone_key(a, t->first + i);
		y[i] = column_zone_key(b, t->first + i);
	}
	return compare_keys(n->cmp, x, y, t->n) & present_word(t, a) & present_word(t, b);
}

/* A cell as octets: text as it is, addresses as 16. */
static struct octets
cell(const struct column *c, size_t rec, struct addr *a)
{
	if (c->width == 0)
		return (struct octets){ (const char *)c->data + c->off[rec],
			c->off[rec + 1] - c->off[rec] };
	*a = column_ip(c, rec);
	return (struct octets){ (const char *)a->b, 16 };
}

static uint64_t
word_of_octets(
    const struct tile *t, const struct node *n, const struct column *a, const struct column *b)
{
	uint64_t x[64], y[64];

	for (size_t i = 0; i < t->n; i++) {
		struct addr p, q;
		struct octets l = cell(a, t->first + i, &p), r = cell(b, t->first + i, &q);
		size_t least = l.n < r.n ? l.n : r.n;
		int c = least ? memcmp(l.p, r.p, least) : 0;

		x[i] = c != 0 ? c > 0 : l.n > r.n;
		y[i] = c != 0 ? c < 0 : l.n < r.n;
	}
	return compare_keys(n->cmp, x, y, t->n) & present_word(t, a) & present_word(t, b);
}

enum path { PATH_NONE, PATH_COMPUTED, PATH_DOUBLES, PATH_KEYS, PATH_OCTETS };

static bool
is_numeric(unsigned type)
{
	return type_is_number((enum type)type);
}

/* How two columns compare: exactly when of one type, numbers of two types as doubles. */
static enum path
path_of(const struct tile *t, const struct node *n)
{
	const struct column *a, *b;

	if (n->child[0]->kind != NODE_FIELD || n->child[1]->kind != NODE_FIELD)
		return PATH_COMPUTED;
	a = column_of(t, n->child[0]);
	b = column_of(t, n->child[1]);
	if (a->type != b->type && !(is_numeric(a->type) && is_numeric(b->type)))
		return PATH_NONE;
	switch ((enum type)a->type) {
	case TYPE_IP:
	case TYPE_STRING:
	case TYPE_BYTES: return PATH_OCTETS;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: return PATH_DOUBLES;
	case TYPE_LIST:
	case TYPE_NONE: return PATH_NONE;
	default: return a->type == b->type ? PATH_KEYS : PATH_DOUBLES;
	}
}

static uint64_t
word_of(const struct tile *t, const struct node *n, enum path path)
{
	const struct column *a, *b;

	if (path == PATH_COMPUTED)
		return word_of_doubles(t, n);
	a = column_of(t, n->child[0]);
	b = column_of(t, n->child[1]);
	switch (path) {
	case PATH_DOUBLES: return word_of_columns(t, n, a, b);
	case PATH_KEYS: return word_of_keys(t, n, a, b);
	default: return word_of_octets(t, n, a, b);
	}
}

enum verdict
operand_compare(struct expr_state *s, struct batch *b, const struct node *n, const uint64_t *mask,
    uint64_t *out)
{
	struct tile t = { .s = s, .b = b };
	enum path path;

	if (!resolve(s, b, n))
		return NONE;
	path = path_of(&t, n);
	if (path == PATH_NONE)
		return NONE;
	for (size_t w = 0; w < bits_words(b->n); w++) {
		out[w] = 0;
		if (mask != NULL && mask[w] == 0)
			continue;
		t.first = w * 64;
		t.n = b->n - t.first < 64 ? b->n - t.first : 64;
		out[w] = word_of(&t, n, path);
		if (t.n < 64)
			out[w] &= bits_tail(b->n);
	}
	return eval_settle(out, b->n);
}
