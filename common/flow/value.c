#include "flow/value.h"

#include <math.h>
#include <strings.h>

#include "base/num.h"
#include "base/time.h"
#include "flow/list.h"

enum { PROTOCOL = 4, TCP_FLAGS = 6, MPLS_FIRST = 70, MPLS_LAST = 79 };

/* Cells -------------------------------------------------------------------------------------- */

struct value
value_at(const struct column *c, size_t rec)
{
	struct value v = { .type = (enum type)c->type };

	if (!bits_has(c->present, rec))
		return (struct value){ .type = TYPE_NONE };
	switch (v.type) {
	case TYPE_NONE: break;
	case TYPE_UINT:
	case TYPE_BOOL:
	case TYPE_MAC: v.u = column_uint(c, rec); break;
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DURATION: v.i = column_int(c, rec); break;
	case TYPE_FLOAT32: v.f = (double)((const float *)c->data)[rec]; break;
	case TYPE_FLOAT64: v.f = ((const double *)c->data)[rec]; break;
	case TYPE_IP: v.ip = column_ip(c, rec); break;
	default: v.s.p = (const char *)c->data + c->off[rec]; v.s.n = c->off[rec + 1] - c->off[rec];
	}
	return v;
}

/* Text --------------------------------------------------------------------------------------- */

static bool
is_element(const struct field_id *id, unsigned element)
{
	return id->id == element && (id->pen == PEN_IANA || id->pen == PEN_REVERSE);
}

/* Whose facts the values follow: the column's element, or the one an aggregate is of; or they count. */
static struct field_id
facts_of(const struct column *c, bool *counts)
{
	struct field_id of = c->id;
	enum statistic s;

	*counts = c->derived != DERIVED_NONE && c->derived != DERIVED_DURATION;
	if (c->id.pen == PEN_NAMED) {
		s = field_statistic(c->id.named, &of);
		*counts |= s == STATISTIC_COUNT;
	}
	return of;
}

/* Do people want it as 1.5K?  Counters, and rates and statistics of them. */
static bool
is_counter(const struct column *c)
{
	bool counts;
	struct field_id id = facts_of(c, &counts);
	const struct element *e =
	    counts || id.pen == PEN_NAMED ? NULL : element_find(id.pen, id.id);

	return counts || (e != NULL && (e->semantics == SEM_DELTA || e->semantics == SEM_TOTAL));
}

static bool
is_severity(const struct field_id *id)
{
	return id->pen == PEN_OWN && id->id == OWN_SEVERITY;
}

/* The word that people know a number by, NULL: none. */
static const char *
word_of(const struct field_id *id, uint64_t v)
{
	if (is_element(id, PROTOCOL) && v < 256)
		return proto_name((unsigned)v);
	return is_severity(id) && v < 256 ? severity_name((unsigned)v) : NULL;
}

static void
put_uint_table(struct buf *b, const struct value *v, const struct column *c, bool plain)
{
	char *d = buf_room(b, FMT_MAX);
	bool counts;
	struct field_id id = facts_of(c, &counts);
	const char *name = counts ? NULL : word_of(&id, v->u);

	if (name != NULL)
		buf_puts(b, name);
	else if (!counts && is_element(&id, TCP_FLAGS) && v->u <= UINT16_MAX)
		b->len += fmt_flags(d, (unsigned)v->u);
	else if (!plain && is_counter(c))
		b->len += fmt_scaled(d, (double)v->u);
	else
		b->len += fmt_u64(d, v->u);
}

/* Three decimals are enough for people, and none of them a zero at the end. */
static void
put_double_table(struct buf *b, double v, bool scaled)
{
	char *d = buf_room(b, FMT_MAX);
	size_t n;

	if (scaled) {
		b->len += fmt_scaled(d, v);
		return;
	}
	if (!isfinite(v) || fabs(v) >= 1e15) {
		b->len += fmt_double(d, v);
		return;
	}
	n = fmt_fixed(d, v, 3);
	while (d[n - 1] == '0')
		n--;
	b->len += n - (d[n - 1] == '.');
}

/* 0, 3, 6 or 9 decimals as the scale says; more where the value is finer than that. */
static unsigned
digits_of(unsigned scale, int64_t ns)
{
	unsigned digits = scale >= 9 ? 0 : scale >= 6 ? 3 : scale >= 3 ? 6 : 9;

	if (digits < 3 && ns % NS_PER_S != 0)
		digits = 3;
	if (digits < 6 && ns % NS_PER_MS != 0)
		digits = 6;
	if (digits < 9 && ns % NS_PER_US != 0)
		digits = 9;
	return digits;
}

/* Nanoseconds that the wire integer of this column counts in. */
static int64_t
unit_of(const struct column *c)
{
	const struct element *e = element_find(c->id.pen, c->id.id);
	bool on_wire = e != NULL && c->id.pen != PEN_OWN && e->type == TYPE_TIME;
	unsigned scale = on_wire ? e->scale : c->scale;

	return scale >= 9 ? NS_PER_S : scale >= 6 ? NS_PER_MS : scale >= 3 ? NS_PER_US : 1;
}

static void
put_time(struct buf *b, int64_t ns, const struct column *c, const struct text_opts *opts)
{
	char *d = buf_room(b, FMT_MAX);
	unsigned digits;

	switch (opts->style) {
	case STYLE_RAW: b->len += fmt_i64(d, floor_div(ns, unit_of(c))); break;
	case STYLE_CSV: b->len += fmt_time(d, ns, digits_of(c->scale, ns), opts->tz); break;
	default: digits = c->scale >= 9 ? 0 : 3; b->len += fmt_time_human(d, ns, digits, opts->tz);
	}
}

static void
put_duration(struct buf *b, int64_t ns, const struct column *c, const struct text_opts *opts)
{
	uint64_t abs = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, fraction = abs % (uint64_t)NS_PER_S;
	unsigned digits = digits_of(c->scale, ns);

	if (opts->style == STYLE_RAW) {
		b->len += fmt_i64(buf_room(b, FMT_MAX), floor_div(ns, unit_of(c)));
		return;
	}
	if (opts->style == STYLE_TABLE) {
		b->len += fmt_duration_human(buf_room(b, FMT_MAX), ns);
		return;
	}
	if (ns < 0)
		buf_putc(b, '-');
	b->len += fmt_u64(buf_room(b, FMT_MAX), abs / (uint64_t)NS_PER_S);
	for (unsigned i = digits; i < 9; i++)
		fraction /= 10;
	if (digits > 0)
		buf_printf(b, ".%0*u", (int)digits, (unsigned)fraction);
}

/* Label, class and bottom bit of a stack entry: 16001-0-1. */
static bool
put_label(struct buf *b, const struct value *v, const struct column *c)
{
	const uint8_t *p = (const uint8_t *)v->s.p;

	if (v->s.n != 3 || c->id.pen != PEN_IANA || c->id.id < MPLS_FIRST || c->id.id > MPLS_LAST)
		return false;
	buf_printf(b, "%u-%u-%u", (unsigned)p[0] << 12 | (unsigned)p[1] << 4 | p[2] >> 4,
	    p[2] >> 1 & 7u, p[2] & 1u);
	return true;
}

static void
put_octets(struct buf *b, const struct value *v, const struct column *c, enum text_style style)
{
	if (style == STYLE_TABLE && v->type == TYPE_LIST)
		list_put_json(b, v->s.p, v->s.n, false);
	else if (style != STYLE_TABLE || !put_label(b, v, c))
		b->len +=
		    fmt_hex(buf_room(b, 2 * v->s.n + FMT_MAX), (const uint8_t *)v->s.p, v->s.n);
}

void
value_put(
    struct buf *b, const struct value *v, const struct column *c, const struct text_opts *opts)
{
	bool table = opts->style == STYLE_TABLE;
	char *d = buf_room(b, FMT_MAX);

	switch (v->type) {
	case TYPE_UINT:
		if (table)
			put_uint_table(b, v, c, opts->plain);
		else
			b->len += fmt_u64(d, v->u);
		break;
	case TYPE_INT:
		if (table && !opts->plain && is_counter(c))
			b->len += fmt_scaled(d, (double)v->i);
		else
			b->len += fmt_i64(d, v->i);
		break;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		if (table)
			put_double_table(b, v->f, !opts->plain && is_counter(c));
		else
			b->len += fmt_double(d, v->f);
		break;
	case TYPE_BOOL: buf_puts(b, v->u ? "true" : "false"); break;
	case TYPE_TIME: put_time(b, v->i, c, opts); break;
	case TYPE_DURATION: put_duration(b, v->i, c, opts); break;
	case TYPE_IP: b->len += fmt_ip(d, &v->ip); break;
	case TYPE_MAC: b->len += fmt_mac(d, v->u); break;
	case TYPE_STRING:
		if (v->s.n > 0)
			buf_put(b, v->s.p, v->s.n);
		break;
	case TYPE_BYTES:
	case TYPE_LIST: put_octets(b, v, c, opts->style); break;
	default: break;
	}
}

/* Parsing ------------------------------------------------------------------------------------- */

static bool
parse_uint(uint64_t *v, const struct field_id *id, const char *p, size_t n)
{
	unsigned bits;
	int number;

	if (parse_u64(p, n, v))
		return true;
	if (id != NULL && is_element(id, PROTOCOL)) {
		number = proto_number(p, n);
		*v = (uint64_t)number;
		return number >= 0;
	}
	if (id != NULL && is_severity(id)) {
		number = severity_number(p, n);
		*v = (uint64_t)number;
		return number >= 0;
	}
	if (id != NULL && is_element(id, TCP_FLAGS) && parse_flags(p, n, &bits)) {
		*v = bits;
		return true;
	}
	return false;
}

static bool
parse_bool(uint64_t *v, const char *p, size_t n)
{
	bool is_true = (n == 4 && strncasecmp(p, "true", 4) == 0) || (n == 1 && *p == '1');

	*v = is_true;
	return is_true || (n == 5 && strncasecmp(p, "false", 5) == 0) || (n == 1 && *p == '0');
}

/* Points relative to the clock (now, -1h) belong to command lines, not to data. */
static bool
parse_instant(int64_t *ns, const char *p, size_t n)
{
	int64_t span;

	if (n == 0 || p[0] < '0' || p[0] > '9')
		return false;
	return parse_time(p, n, 0, NULL, ns, &span);
}

static bool
is_hex(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')))
			return false;
	return n % 2 == 0;
}

bool
value_parse(struct value *v, enum type type, const struct field_id *id, const char *p, size_t n)
{
	*v = (struct value){ .type = type };
	switch (type) {
	case TYPE_UINT: return parse_uint(&v->u, id, p, n);
	case TYPE_INT: return parse_i64(p, n, &v->i);
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: return parse_double(p, n, &v->f);
	case TYPE_BOOL: return parse_bool(&v->u, p, n);
	case TYPE_TIME: return parse_instant(&v->i, p, n);
	case TYPE_DURATION: return parse_duration(p, n, true, &v->i);
	case TYPE_IP: return parse_ip(p, n, &v->ip);
	case TYPE_MAC: return parse_mac(p, n, &v->u);
	case TYPE_STRING:
		v->s.p = p;
		v->s.n = n;
		return true;
	case TYPE_BYTES:
	case TYPE_LIST:
		v->s.p = p;
		v->s.n = n;
		return is_hex(p, n);
	default: return false;
	}
}
