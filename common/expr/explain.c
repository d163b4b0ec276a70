/*
 * explain.c - a compiled expression as text: what is tested, in which order, and what can be decided
 * before a column is unpacked.
 */
#include <inttypes.h>

#include "base/num.h"
#include "base/time.h"
#include "expr/plan.h"
#include "flow/zone.h"

enum { RANGES_SHOWN = 8 };

static struct addr
addr_of_key(u128 key)
{
	struct addr a;

	for (unsigned i = 16; i-- > 0; key >>= 8)
		a.b[i] = (uint8_t)key;
	return a;
}

static void
put_time(struct buf *out, int64_t ns)
{
	unsigned digits = ns % NS_PER_US ? 9 : ns % NS_PER_MS ? 6 : ns % NS_PER_S ? 3 : 0;

	out->len += fmt_time(buf_room(out, FMT_MAX), ns, digits, NULL);
}

static void
put_key(struct buf *out, enum type type, u128 key)
{
	int64_t i = zone_int((uint64_t)key);
	struct addr a;

	switch (type) {
	case TYPE_INT: out->len += fmt_i64(buf_room(out, FMT_MAX), i); break;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		out->len += fmt_double(buf_room(out, FMT_MAX), zone_double((uint64_t)key));
		break;
	case TYPE_BOOL: buf_puts(out, key == 0 ? "false" : "true"); break;
	case TYPE_TIME: put_time(out, i); break;
	case TYPE_DURATION:
		if (i % NS_PER_S == 0)
			out->len += fmt_i64(buf_room(out, FMT_MAX), i / NS_PER_S);
		else
			out->len += fmt_duration(buf_room(out, FMT_MAX), i);
		buf_putc(out, 's');
		break;
	case TYPE_IP:
		a = addr_of_key(key);
		out->len += fmt_ip(buf_room(out, FMT_MAX), &a);
		break;
	case TYPE_MAC: out->len += fmt_mac(buf_room(out, FMT_MAX), (uint64_t)key); break;
	default: out->len += fmt_u64(buf_room(out, FMT_MAX), (uint64_t)key); break;
	}
}

/* A prefix, one value, or two ends. */
static void
put_range(struct buf *out, enum type type, const struct range *r)
{
	u128 differ = r->lo ^ r->hi;
	unsigned plen = 128;

	put_key(out, type, r->lo);
	if (differ == 0)
		return;
	if (type == TYPE_IP && (differ & (differ + 1)) == 0 && (r->lo & differ) == 0) {
		for (; differ != 0; differ >>= 1)
			plen--;
		buf_printf(out, "/%u", r->lo >> 32 == 0xffff && plen >= 96 ? plen - 96 : plen);
		return;
	}
	buf_puts(out, type == TYPE_TIME ? ".." : "-");
	put_key(out, type, r->hi);
}

static void
put_list(struct buf *out, enum type type, const struct ranges *s)
{
	size_t shown = s->n < RANGES_SHOWN ? s->n : RANGES_SHOWN;

	buf_putc(out, '[');
	for (size_t i = 0; i < shown; i++) {
		buf_puts(out, i ? " " : "");
		put_range(out, type, &s->r[i]);
	}
	if (shown < s->n)
		buf_printf(out, " and %zu more", s->n - shown);
	buf_putc(out, ']');
}

/* What `!=` and `not in` leave out. */
static void
put_complement(struct buf *out, const struct test *t, u128 max)
{
	struct ranges s = { 0 };

	for (size_t i = 0; i < t->set.n; i++)
		ranges_add(&s, t->set.r[i].lo, t->set.r[i].hi);
	ranges_complement(&s, max);
	buf_puts(out, s.n == 1 ? " != " : " not in ");
	if (s.n == 1)
		put_range(out, t->type, &s.r[0]);
	else
		put_list(out, t->type, &s);
	ranges_free(&s);
}

static void
put_ranges(struct buf *out, const struct test *t)
{
	const struct range *r = t->set.r;
	size_t n = t->set.n;
	u128 max = t->type == TYPE_IP ? ~(u128)0 : UINT64_MAX;
	bool up = t->cmp == CMP_GE || t->cmp == CMP_GT, down = t->cmp == CMP_LE || t->cmp == CMP_LT;

	if (n == 0) {
		buf_puts(out, " in []");
	} else if (t->cmp == CMP_NE || t->cmp == CMP_NOT_IN) {
		put_complement(out, t, max);
	} else if (n > 1) {
		buf_puts(out, " in ");
		put_list(out, t->type, &t->set);
	} else if (up || down) {
		buf_printf(out, " %s ", cmp_text(t->cmp));
		put_key(out, t->type,
		    t->cmp == CMP_GE   ? r->lo
		    : t->cmp == CMP_GT ? r->lo - 1
		    : t->cmp == CMP_LE ? r->hi
				       : r->hi + 1);
	} else {
		buf_puts(out, " = ");
		put_range(out, t->type, r);
	}
}

static void
put_text(struct buf *out, const struct octets *o)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < o->n; i++) {
		unsigned char c = (unsigned char)o->p[i];

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned)c);
		else
			buf_putc(out, (char)c);
	}
	buf_putc(out, '"');
}

/* A comparison with n texts, of which only the first RANGES_SHOWN need be there. */
static void
put_texts(struct buf *out, enum cmp cmp, const struct octets *item, size_t n)
{
	bool list = cmp == CMP_IN || cmp == CMP_NOT_IN;
	size_t shown = n < RANGES_SHOWN ? n : RANGES_SHOWN;

	buf_printf(out, " %s %s", cmp_text(cmp), list ? "[" : "");
	for (size_t i = 0; i < shown; i++) {
		buf_puts(out, i ? " " : "");
		put_text(out, &item[i]);
	}
	if (shown < n)
		buf_printf(out, " and %zu more", n - shown);
	buf_puts(out, list ? "]" : "");
}

/* The type is the column's: literals as written. */
static void
put_untyped(struct buf *out, const struct node *n)
{
	struct octets item[RANGES_SHOWN];

	for (size_t i = 0; i < n->n_literals && i < RANGES_SHOWN; i++)
		item[i] = (struct octets){ n->literal[i].p, n->literal[i].n };
	put_texts(out, n->cmp, item, n->n_literals);
}

static void put_node(struct buf *, const struct node *, bool parens);

static void
put_joined(struct buf *out, const struct node *n, const char *by, bool parens)
{
	buf_puts(out, parens ? "(" : "");
	for (size_t i = 0; i < n->n_child; i++) {
		buf_puts(out, i ? by : "");
		put_node(out, n->child[i], true);
	}
	buf_puts(out, parens ? ")" : "");
}

static void
put_test(struct buf *out, const struct node *n)
{
	buf_puts(out, n->field->name);
	if (n->test == NULL)
		put_untyped(out, n);
	else if (n->test->kind == TEST_RANGES)
		put_ranges(out, n->test);
	else if (n->test->kind == TEST_OCTETS)
		put_texts(out, n->test->cmp, n->test->item, n->test->n_items);
	else
		buf_printf(out, " & 0x%" PRIx64 " %s 0x%" PRIx64, n->test->mask,
		    n->test->cmp == CMP_NE ? "!=" : "=", n->test->value);
}

/* In one line, in the language itself. */
static void
put_node(struct buf *out, const struct node *n, bool parens)
{
	char op[4] = { ' ', n->op, ' ', '\0' };

	switch (n->kind) {
	case NODE_TRUE: buf_puts(out, "any"); break;
	case NODE_FALSE: buf_puts(out, "false"); break;
	case NODE_AND: put_joined(out, n, " and ", parens); break;
	case NODE_OR: put_joined(out, n, " or ", parens); break;
	case NODE_ARITHMETIC: put_joined(out, n, op, parens); break;
	case NODE_NOT:
		buf_puts(out, "not ");
		put_node(out, n->child[0], true);
		break;
	case NODE_HAS: buf_printf(out, "has %s", n->field->name); break;
	case NODE_TEST: put_test(out, n); break;
	case NODE_COMPARE:
		put_node(out, n->child[0], true);
		buf_printf(out, " %s ", cmp_text(n->cmp));
		put_node(out, n->child[1], true);
		break;
	case NODE_FIELD: buf_puts(out, n->field->name); break;
	case NODE_NUMBER: out->len += fmt_double(buf_room(out, FMT_MAX), n->number); break;
	}
}

/* How the test is decided: what is known of it before a record is looked at. */
static void
put_facts(struct buf *out, const struct node *n)
{
	const struct field *f = n->field;
	const struct test *t = n->test;

	if (f->derived != DERIVED_NONE && f->derived != DERIVED_FLOWS) {
		buf_printf(out, "%s, computed", type_name(f->type));
		return;
	}
	buf_puts(out, f->type == TYPE_NONE ? "typed by its column" : type_name(f->type));
	if (f->n > 1)
		buf_printf(out, ", the first present of %u elements", f->n);
	if (n->kind == NODE_HAS)
		buf_puts(out, "; presence only");
	else if (t == NULL || t->kind == TEST_RANGES ||
		 (t->kind == TEST_OCTETS && t->cmp != CMP_CONTAINS && t->cmp != CMP_ENDS &&
		     t->cmp != CMP_NE && t->cmp != CMP_NOT_IN))
		buf_puts(out, "; zone map, dictionary");
	else
		buf_puts(out, "; dictionary");
}

static void
put_plan(struct buf *out, const struct node *n, unsigned level)
{
	size_t line = out->len;

	buf_printf(out, "%*s", (int)(2 * level), "");
	switch (n->kind) {
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
		buf_puts(out, n->kind == NODE_AND  ? "and\n"
			      : n->kind == NODE_OR ? "or\n"
						   : "not\n");
		for (size_t i = 0; i < n->n_child; i++)
			put_plan(out, n->child[i], level + 1);
		return;
	default: put_node(out, n, false); break;
	}
	if (n->kind == NODE_TEST || n->kind == NODE_HAS || n->kind == NODE_COMPARE) {
		buf_printf(
		    out, "%*s", (int)(out->len - line < 40 ? 40 - (out->len - line) : 2), "");
		if (n->kind == NODE_COMPARE)
			buf_puts(out, "record by record");
		else
			put_facts(out, n);
	}
	buf_putc(out, '\n');
}

void
expr_explain(const struct expr *x, bool invert, struct buf *out)
{
	struct node *root[] = { x->root };
	const struct node inverse = { .kind = NODE_NOT, .child = root, .n_child = 1 };
	const struct node *top = invert ? &inverse : x->root;

	put_node(out, top, false);
	buf_puts(out, "\n\n");
	put_plan(out, top, 1);
}
