/*
 * expr_rows.h - conditions as trees, printed in the expression language and evaluated a record at a
 * time in the plainest way: what the column kernels are compared with.
 *
 * Shares nothing with common/expr: literals are values from the start, only printed as text.
 */
#ifndef TESTS_EXPR_ROWS_H
#define TESTS_EXPR_ROWS_H

#include <math.h>

#include "base/num.h"
#include "base/time.h"
#include "flow/value.h"

enum row_op { ROW_EQ, ROW_NE, ROW_LT, ROW_LE, ROW_GT, ROW_GE };

enum row_kind {
	ROW_TRUE,
	ROW_FALSE,
	ROW_AND,
	ROW_OR,
	ROW_NOT,
	ROW_HAS,
	ROW_TEST, /* field op value */
	ROW_LIST, /* field [not] in items */
	ROW_FLAGS, /* flags value[/mask] */
	ROW_TEXT, /* field contains, startswith, endswith value */
	ROW_FIELDS, /* field op field */
	ROW_MATH, /* arithmetic op arithmetic */
};

enum row_derived { ROW_STORED, ROW_DURATION, ROW_BPS, ROW_BPP, ROW_FLOWS };

struct row_field {
	const char *name; /* as printed */
	enum row_derived derived;
	unsigned n;
	struct field_id id[3];
};

/* Either or both directions: other != NULL. */
struct row_item {
	struct value lo, hi; /* lo alone: hi.type is TYPE_NONE */
	unsigned plen; /* IP: of 128 */
};

struct row_math {
	char op; /* 0: a leaf */
	const struct row_field *field; /* NULL: number */
	double number;
	struct row_math *left, *right;
};

struct row_node {
	enum row_kind kind;
	enum row_op op;
	bool not_in;
	struct row_node *child[3];
	unsigned n_child;
	const char *word; /* the primitive as printed, instead of the field's name */
	const struct row_field *field, *other;
	bool both;
	struct row_item item[4];
	unsigned n_items;
	unsigned mask, bits;
	bool has_mask;
	unsigned text_op;
	struct row_math *math[2];
};

/* Values ------------------------------------------------------------------------------------ */

static inline struct value
row_stored(const struct batch *b, const struct row_field *f, size_t rec)
{
	for (unsigned k = 0; k < f->n; k++)
		for (unsigned i = 0; i < b->n_cols; i++)
			if (field_id_equal(&b->col[i].id, &f->id[k])) {
				struct value v = value_at(&b->col[i], rec);

				if (v.type != TYPE_NONE)
					return v;
			}
	return (struct value){ .type = TYPE_NONE };
}

static inline struct value
row_of_ids(const struct batch *b, size_t rec, unsigned pen, unsigned a, unsigned c, unsigned d)
{
	struct row_field f = { .n = 3,
		.id = { { .pen = pen, .id = (uint16_t)a }, { .pen = pen, .id = (uint16_t)c },
		    { .pen = pen, .id = (uint16_t)d } } };

	return row_stored(b, &f, rec);
}

static inline struct value
row_ratio(struct value num, struct value den, double factor)
{
	double d = den.type == TYPE_DURATION ? (double)den.i : (double)den.u;

	if (num.type == TYPE_NONE || den.type == TYPE_NONE || !(d > 0))
		return (struct value){ .type = TYPE_NONE };
	return (struct value){ .type = TYPE_FLOAT64, .f = (double)num.u * factor / d };
}

static inline struct value
row_duration(const struct batch *b, size_t rec)
{
	struct value start = row_of_ids(b, rec, PEN_OWN, OWN_START, OWN_START, OWN_START);
	struct value end = row_of_ids(b, rec, PEN_OWN, OWN_END, OWN_END, OWN_END);

	if (start.type == TYPE_NONE || end.type == TYPE_NONE)
		return (struct value){ .type = TYPE_NONE };
	return (struct value){ .type = TYPE_DURATION,
		.i = (int64_t)((uint64_t)end.i - (uint64_t)start.i) };
}

static inline struct value
row_value(const struct batch *b, const struct row_field *f, size_t rec)
{
	struct value v;

	switch (f->derived) {
	case ROW_STORED: return row_stored(b, f, rec);
	case ROW_DURATION: return row_duration(b, rec);
	case ROW_BPS:
		return row_ratio(row_of_ids(b, rec, 0, 1, 85, 231), row_duration(b, rec), 8e9);
	case ROW_BPP:
		return row_ratio(
		    row_of_ids(b, rec, 0, 1, 85, 231), row_of_ids(b, rec, 0, 2, 86, 298), 1);
	default:
		v = row_of_ids(b, rec, 0, 3, 3, 3);
		if (v.type != TYPE_NONE)
			return v;
		return (struct value){ .type = TYPE_UINT, .u = 1 };
	}
}

/* -1, 0, 1; 2: not ordered (NaN). Both of one type, or numbers. */
static inline int
row_order(const struct value *a, const struct value *b)
{
	size_t n;
	int c;

	switch (a->type) {
	case TYPE_UINT:
	case TYPE_BOOL:
	case TYPE_MAC: return a->u < b->u ? -1 : a->u > b->u;
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DURATION: return a->i < b->i ? -1 : a->i > b->i;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		if (isnan(a->f) || isnan(b->f))
			return 2;
		return a->f < b->f ? -1 : a->f > b->f;
	case TYPE_IP: c = memcmp(a->ip.b, b->ip.b, 16); return c < 0 ? -1 : c > 0;
	default:
		n = a->s.n < b->s.n ? a->s.n : b->s.n;
		c = n > 0 ? memcmp(a->s.p, b->s.p, n) : 0;
		if (c == 0)
			return a->s.n < b->s.n ? -1 : a->s.n > b->s.n;
		return c < 0 ? -1 : 1;
	}
}

static inline bool
row_holds(int order, enum row_op op)
{
	if (order == 2)
		return op == ROW_NE;
	switch (op) {
	case ROW_EQ: return order == 0;
	case ROW_NE: return order != 0;
	case ROW_LT: return order < 0;
	case ROW_LE: return order <= 0;
	case ROW_GT: return order > 0;
	default: return order >= 0;
	}
}

static inline bool
row_in_prefix(const struct addr *a, const struct addr *net, unsigned plen)
{
	if (plen < 96 && addr_is_v4(a))
		return false;
	for (unsigned i = 0; i < plen; i++)
		if ((a->b[i / 8] ^ net->b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static inline bool
row_is_item(const struct value *v, const struct row_item *it)
{
	int lo, hi;

	if (v->type != it->lo.type)
		return false;
	if (v->type == TYPE_IP && it->hi.type == TYPE_NONE)
		return row_in_prefix(&v->ip, &it->lo.ip, it->plen);
	lo = row_order(v, &it->lo);
	if (it->hi.type == TYPE_NONE)
		return lo == 0;
	hi = row_order(v, &it->hi);
	return (lo == 0 || lo == 1) && (hi == 0 || hi == -1);
}

/* Arithmetic: NaN is missing. */
static inline double
row_number(const struct batch *b, const struct row_math *m, size_t rec)
{
	struct value v;
	double x, y;

	if (m->op != 0) {
		x = row_number(b, m->left, rec);
		y = row_number(b, m->right, rec);
		switch (m->op) {
		case '+': return x + y;
		case '-': return x - y;
		case '*': return x * y;
		case '/': return y != 0 ? x / y : (double)NAN;
		case '%': return y != 0 ? fmod(x, y) : (double)NAN;
		default:
			if (!(x >= 0 && x < 0x1p64 && y >= 0 && y < 0x1p64))
				return (double)NAN;
			return (double)((uint64_t)x & (uint64_t)y);
		}
	}
	if (m->field == NULL)
		return m->number;
	v = row_value(b, m->field, rec);
	switch (v.type) {
	case TYPE_UINT: return (double)v.u;
	case TYPE_INT: return (double)v.i;
	case TYPE_TIME:
	case TYPE_DURATION: return (double)v.i / 1e9;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: return v.f;
	default: return (double)NAN;
	}
}

/* Conditions ---------------------------------------------------------------------------------- */

static inline bool
row_test_one(const struct row_node *n, const struct value *v)
{
	bool in = false;

	if (v->type == TYPE_NONE || v->type != n->item[0].lo.type)
		return false;
	for (unsigned i = 0; i < n->n_items; i++)
		in |= row_is_item(v, &n->item[i]);
	if (n->kind == ROW_LIST)
		return in != n->not_in;
	if (v->type == TYPE_IP && n->op <= ROW_NE)
		return in == (n->op == ROW_EQ);
	return row_holds(row_order(v, &n->item[0].lo), n->op);
}

static inline bool
row_test(const struct batch *b, const struct row_node *n, size_t rec)
{
	bool denies = n->kind == ROW_LIST ? n->not_in : n->op == ROW_NE;
	struct value x = row_value(b, n->field, rec), y;
	bool p, q;

	p = row_test_one(n, &x);
	if (n->other == NULL)
		return p;
	y = row_value(b, n->other, rec);
	q = row_test_one(n, &y);
	if (n->both)
		return p && q;
	if (!denies)
		return p || q;
	/* Those present all differ, and there is one. */
	return (p || x.type == TYPE_NONE) && (q || y.type == TYPE_NONE) &&
	       (x.type != TYPE_NONE || y.type != TYPE_NONE);
}

static inline bool
row_text(const struct value *v, const struct row_node *n)
{
	const struct value *w = &n->item[0].lo;

	if (v->type != w->type || v->s.n < w->s.n)
		return false;
	if (w->s.n == 0)
		return true;
	if (n->text_op == 1)
		return memcmp(v->s.p, w->s.p, w->s.n) == 0;
	if (n->text_op == 2)
		return memcmp(v->s.p + v->s.n - w->s.n, w->s.p, w->s.n) == 0;
	for (size_t i = 0; i + w->s.n <= v->s.n; i++)
		if (memcmp(v->s.p + i, w->s.p, w->s.n) == 0)
			return true;
	return false;
}

static inline bool
row_eval(const struct batch *b, const struct row_node *n, size_t rec)
{
	struct value v, w;
	double x, y;
	bool all = true, any = false;

	switch (n->kind) {
	case ROW_TRUE: return true;
	case ROW_FALSE: return false;
	case ROW_AND:
	case ROW_OR:
		for (unsigned i = 0; i < n->n_child; i++) {
			bool one = row_eval(b, n->child[i], rec);

			all &= one;
			any |= one;
		}
		return n->kind == ROW_AND ? all : any;
	case ROW_NOT: return !row_eval(b, n->child[0], rec);
	case ROW_HAS: return row_value(b, n->field, rec).type != TYPE_NONE;
	case ROW_TEST:
	case ROW_LIST: return row_test(b, n, rec);
	case ROW_FLAGS:
		v = row_value(b, n->field, rec);
		if (v.type != TYPE_UINT)
			return false;
		return ((v.u & (n->has_mask ? n->mask : n->bits)) == n->bits) == (n->op != ROW_NE);
	case ROW_TEXT: v = row_value(b, n->field, rec); return row_text(&v, n);
	case ROW_FIELDS:
		v = row_value(b, n->field, rec);
		w = row_value(b, n->other, rec);
		return v.type != TYPE_NONE && v.type == w.type &&
		       row_holds(row_order(&v, &w), n->op);
	default:
		x = row_number(b, n->math[0], rec);
		y = row_number(b, n->math[1], rec);
		return !isnan(x) && !isnan(y) && row_holds(x < y ? -1 : x > y, n->op);
	}
}

/* As text --------------------------------------------------------------------------------------- */

static inline void
row_put_value(struct buf *out, const struct value *v, unsigned plen, unsigned style)
{
	char *room = buf_room(out, FMT_MAX);

	switch (v->type) {
	case TYPE_UINT:
		if (style == 1)
			buf_printf(out, "0x%llx", (unsigned long long)v->u);
		else if (style == 2 && v->u % 1000 == 0 && v->u < 1000000000000)
			buf_printf(out, "%lluK", (unsigned long long)v->u / 1000);
		else if (style == 3 && v->u % 256 == 0 && v->u < 1000000000000)
			buf_printf(out, "%.2fKi", (double)v->u / 1024);
		else
			buf_printf(out, "%llu", (unsigned long long)v->u);
		break;
	case TYPE_INT: buf_printf(out, "%lld", (long long)v->i); break;
	case TYPE_BOOL: buf_puts(out, v->u ? "true" : "false"); break;
	case TYPE_MAC: out->len += fmt_mac(room, v->u); break;
	case TYPE_TIME:
		if (style == 1 && v->i >= 0)
			buf_printf(out, "%lld.%09lld", (long long)(v->i / NS_PER_S),
			    (long long)(v->i % NS_PER_S));
		else
			out->len += fmt_time(room, v->i, 9, 0);
		break;
	case TYPE_DURATION:
		if (style == 1 && v->i % NS_PER_MS == 0)
			buf_printf(out, "%lldms", (long long)(v->i / NS_PER_MS));
		else
			buf_printf(out, "%lldns", (long long)v->i);
		break;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: buf_printf(out, "%.17g", v->f); break;
	case TYPE_IP:
		out->len += fmt_ip(room, &v->ip);
		if (plen < 128)
			buf_printf(out, "/%u", addr_is_v4(&v->ip) ? plen - 96 : plen);
		break;
	case TYPE_BYTES:
		if (style != 0) {
			buf_puts(out, "0x");
			for (size_t i = 0; i < v->s.n; i++)
				buf_printf(out, "%02x", (unsigned)(unsigned char)v->s.p[i]);
			break;
		}
		/* fallthrough */
	default:
		buf_putc(out, '"');
		for (size_t i = 0; i < v->s.n; i++) {
			unsigned char c = (unsigned char)v->s.p[i];

			if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
				buf_printf(out, "\\x%02x", (unsigned)c);
			else
				buf_putc(out, (char)c);
		}
		buf_putc(out, '"');
	}
}

static inline const char *
row_op_text(enum row_op op, unsigned style)
{
	static const char *const text[6][3] = { { "=", "==", "eq" }, { "!=", "ne", "!=" },
		{ "<", "lt", "<" }, { "<=", "le", "<=" }, { ">", "gt", ">" },
		{ ">=", "ge", ">=" } };

	return text[op][style % 3];
}

static inline unsigned
row_binds(char op)
{
	return op == 0 ? 9 : op == '&' ? 1 : op == '+' || op == '-' ? 2 : 3;
}

static inline void
row_put_math(struct buf *out, const struct row_math *m, unsigned min)
{
	if (m->op == 0) {
		if (m->field != NULL)
			buf_puts(out, m->field->name);
		else
			buf_printf(out, "%.17g", m->number);
		return;
	}
	if (row_binds(m->op) < min)
		buf_putc(out, '(');
	row_put_math(out, m->left, row_binds(m->op));
	buf_printf(out, " %c ", m->op);
	row_put_math(out, m->right, row_binds(m->op) + 1);
	if (row_binds(m->op) < min)
		buf_putc(out, ')');
}

static inline void
row_put_list(struct buf *out, const struct row_node *n, unsigned style)
{
	buf_puts(out, n->not_in ? " not in [" : " in [");
	for (unsigned i = 0; i < n->n_items; i++) {
		const struct row_item *it = &n->item[i];

		buf_puts(out, i == 0 ? "" : style & 1 ? ", " : " ");
		row_put_value(out, &it->lo, it->plen, style);
		if (it->hi.type == TYPE_NONE)
			continue;
		buf_puts(out, style & 1 || it->lo.type == TYPE_TIME ? ".." : "-");
		row_put_value(out, &it->hi, 128, style);
	}
	buf_putc(out, ']');
}

static inline void
row_put_flags(struct buf *out, const struct row_node *n)
{
	static const char letters[] = "FSRPAUEC";

	buf_puts(out, n->op == ROW_NE ? "flags != " : "flags ");
	for (unsigned part = 0; part <= n->has_mask; part++) {
		unsigned bits = part ? n->mask : n->bits;

		buf_puts(out, part ? "/" : "");
		for (unsigned i = 0; i < 8; i++)
			if (bits >> i & 1)
				buf_putc(out, letters[i]);
		if (bits == 0)
			buf_putc(out, '0');
	}
}

/* What the node's parent binds: 0 nothing, 1 or, 2 and, 3 not. */
static inline void
row_put(struct buf *out, const struct row_node *n, unsigned min, unsigned style)
{
	static const char *const text_op[] = { "contains", "startswith", "endswith" };
	unsigned binds = n->kind == ROW_OR    ? 1
			 : n->kind == ROW_AND ? 2
			 : n->kind == ROW_NOT ? 3
					      : 4;
	const char *name = n->word != NULL ? n->word : n->field != NULL ? n->field->name : "";
	bool units = strcmp(name, "proto") != 0 && strcmp(name, "flags") != 0;
	enum type type = n->item[0].lo.type;
	bool is_signed = type == TYPE_INT || type == TYPE_FLOAT32 || type == TYPE_FLOAT64 ||
			 type == TYPE_DURATION || type == TYPE_TIME;

	if (binds < min)
		buf_putc(out, '(');
	switch (n->kind) {
	case ROW_TRUE: buf_puts(out, style & 1 ? "any" : "true"); break;
	case ROW_FALSE: buf_puts(out, "false"); break;
	case ROW_AND:
	case ROW_OR:
		for (unsigned i = 0; i < n->n_child; i++) {
			if (i > 0 && n->kind == ROW_AND)
				buf_puts(out, style & 1 ? " and " : " && ");
			else if (i > 0)
				buf_puts(out, style & 1 ? " or " : "||");
			row_put(out, n->child[i], binds + 1, style);
		}
		break;
	case ROW_NOT:
		buf_puts(out, style & 1 ? "not " : "!");
		row_put(out, n->child[0], 3, style);
		break;
	case ROW_HAS: buf_printf(out, "has %s", name); break;
	case ROW_TEST:
		buf_printf(out, "%s %s ", name,
		    n->op == ROW_EQ && style == 4 && units && !is_signed
			? ""
			: row_op_text(n->op, style));
		row_put_value(out, &n->item[0].lo, n->item[0].plen, units ? style : 0);
		break;
	case ROW_LIST:
		buf_puts(out, name);
		row_put_list(out, n, units ? style : 0);
		break;
	case ROW_FLAGS: row_put_flags(out, n); break;
	case ROW_TEXT:
		buf_printf(out, "%s %s ", name, text_op[n->text_op]);
		row_put_value(out, &n->item[0].lo, 128, style);
		break;
	case ROW_FIELDS:
		buf_printf(out, "%s %s %s", name, row_op_text(n->op, style), n->other->name);
		break;
	case ROW_MATH:
		row_put_math(out, n->math[0], 0);
		buf_printf(out, " %s ", row_op_text(n->op, style));
		row_put_math(out, n->math[1], 0);
		break;
	}
	if (binds < min)
		buf_putc(out, ')');
}

#endif
