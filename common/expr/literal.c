/*
 * literal.c - values as written, read as the type of the field that they are compared with.
 */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/time.h"
#include "expr/lex.h"
#include "expr/plan.h"
#include "flow/names.h"
#include "flow/value.h"
#include "flow/zone.h"

enum {
	PROTOCOL = 4,
	TCP_FLAGS = 6,
	SOURCE_PORT = 7,
	DESTINATION_PORT = 11
}; /* IANA element numbers */

struct builder {
	const struct node *node;
	enum type type;
	bool strict;
	struct complaint *why;
	size_t literal;
	bool final; /* complaints from here on are (struct complaint) */
};

/* One value: a point, or what a prefix, a date or a range names. */
struct span {
	u128 lo, hi;
	bool v6_only; /* a prefix above ::/96 does not match IPv4 */
};

bool
type_is_number(enum type t)
{
	return t == TYPE_UINT || t == TYPE_INT || type_is_float(t);
}

const char *
cmp_text(enum cmp cmp)
{
	static const char *const text[] = { "=", "!=", "<", "<=", ">", ">=", "in", "not in", "",
		"contains", "startswith", "endswith" };

	return text[cmp];
}

static const char *
noun(enum type t)
{
	switch (t) {
	case TYPE_BOOL: return "true or false";
	case TYPE_TIME: return "a time";
	case TYPE_DURATION: return "a duration";
	case TYPE_IP: return "an address";
	case TYPE_MAC: return "a MAC address";
	case TYPE_STRING: return "text";
	case TYPE_BYTES: return "octets";
	case TYPE_LIST: return "a list";
	default: return "a number";
	}
}

static bool complain(struct builder *, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
complain(struct builder *b, const char *hint, const char *fmt, ...)
{
	va_list ap;

	if (b->why == NULL)
		return false;
	b->why->literal = b->literal;
	b->why->final = b->final;
	va_start(ap, fmt);
	vsnprintf(b->why->reason, sizeof(b->why->reason), fmt, ap);
	va_end(ap);
	snprintf(b->why->hint, sizeof(b->why->hint), "%s", hint);
	return false;
}

static bool
is_element(const struct field *f, unsigned id)
{
	return f->n > 0 && f->id[0].id == id &&
	       (f->id[0].pen == PEN_IANA || f->id[0].pen == PEN_REVERSE);
}

static bool
is_port(const struct field *f)
{
	return is_element(f, SOURCE_PORT) || is_element(f, DESTINATION_PORT);
}

static bool
is_severity(const struct field *f)
{
	return f->n > 0 && f->id[0].pen == PEN_OWN && f->id[0].id == OWN_SEVERITY;
}

/* A number with a decimal or binary unit; a B behind it is only ornament. */
static bool
scaled(const char *p, size_t n, double *v)
{
	if (parse_scaled(p, n, v) || parse_double(p, n, v))
		return !isnan(*v);
	return n > 1 && p[n - 1] == 'B' && parse_scaled(p, n - 1, v) && !isnan(*v);
}

bool
literal_number(const char *p, size_t n, double *v)
{
	uint64_t u;
	int64_t ns;

	if (parse_u64(p, n, &u)) {
		*v = (double)u;
		return true;
	}
	if (scaled(p, n, v))
		return true;
	if (!parse_duration(p, n, false, &ns))
		return false;
	*v = (double)ns / 1e9;
	return true;
}

static bool
read_uint(const struct builder *b, const char *p, size_t n, uint64_t *v)
{
	unsigned bits;
	double d;
	int number;

	if (parse_u64(p, n, v))
		return true;
	if (is_element(b->node->field, PROTOCOL)) {
		number = n == 5 && strncasecmp(p, "icmp6", 5) == 0 ? 58 : proto_number(p, n);
		*v = (uint64_t)number;
		return number >= 0;
	}
	if (is_severity(b->node->field)) {
		number = severity_number(p, n);
		*v = (uint64_t)number;
		return number >= 0;
	}
	if (is_element(b->node->field, TCP_FLAGS)) {
		if (!parse_flags(p, n, &bits))
			return false;
		*v = bits;
		return true;
	}
	if (parse_scaled_u64(p, n - (p[n - 1] == 'B'), v))
		return true;
	if (!scaled(p, n, &d) || d < 0 || d >= 0x1p64 || d != floor(d))
		return false;
	*v = (uint64_t)d;
	return true;
}

static bool
read_int(const char *p, size_t n, int64_t *v)
{
	double d;

	if (parse_i64(p, n, v))
		return true;
	/* What is below the least rounds to it; the least itself was read above. */
	if (!scaled(p, n, &d) || d <= -0x1p63 || d >= 0x1p63 || d != floor(d))
		return false;
	*v = (int64_t)d;
	return true;
}

static bool
read_time(const struct builder *b, const char *p, size_t n, struct span *s)
{
	int64_t ns, span_ns = 0;

	/* Few digits alone are a mistake, not a second of 1970. */
	if (n < 9 && n != 8 && strspn(p, "0123456789") >= n)
		return false;
	if (!parse_time(p, n, b->node->now_ns, b->node->tz, &ns, &span_ns))
		return false;
	s->lo = zone_key_int(ns);
	if (span_ns > 1 && __builtin_add_overflow(ns, span_ns - 1, &ns))
		ns = INT64_MAX;
	s->hi = zone_key_int(ns);
	return true;
}

static bool
read_float(const struct builder *b, const char *p, size_t n, struct span *s)
{
	double d;

	if (!literal_number(p, n, &d) && !(n > 1 && *p == '-' && literal_number(p + 1, n - 1, &d)))
		return false;
	if (*p == '-' && d > 0)
		d = -d;
	/* As a float has it, unless it is beyond all of them: then it is no infinity. */
	if (b->type == TYPE_FLOAT32 && !isinf((float)d))
		d = (double)(float)d;
	s->lo = d == 0 ? zone_key_double(-0.0) : zone_key_double(d);
	s->hi = d == 0 ? zone_key_double(0.0) : s->lo;
	return true;
}

static bool
read_address(const char *p, size_t n, struct span *s)
{
	struct addr a;
	struct range keys;
	unsigned plen;

	if (!parse_prefix(p, n, &a, &plen))
		return false;
	keys = prefix_keys(&a, plen);
	*s = (struct span){ .lo = keys.lo, .hi = keys.hi, .v6_only = plen < 96 };
	return true;
}

static bool
read_bool(const char *p, size_t n, uint64_t *v)
{
	if ((n == 4 && strncasecmp(p, "true", 4) == 0) || (n == 1 && *p == '1'))
		*v = 1;
	else if ((n == 5 && strncasecmp(p, "false", 5) == 0) || (n == 1 && *p == '0'))
		*v = 0;
	else
		return false;
	return true;
}

/* One value without a range. */
static bool
read_value(const struct builder *b, const char *p, size_t n, struct span *s)
{
	uint64_t u;
	int64_t i;

	*s = (struct span){ 0 };
	if (n == 0)
		return false;
	switch (b->type) {
	case TYPE_UINT:
		if (!read_uint(b, p, n, &u))
			return false;
		s->lo = s->hi = u;
		return true;
	case TYPE_INT:
		if (!read_int(p, n, &i))
			return false;
		s->lo = s->hi = zone_key_int(i);
		return true;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: return read_float(b, p, n, s);
	case TYPE_BOOL:
		if (!read_bool(p, n, &u))
			return false;
		s->lo = s->hi = u;
		return true;
	case TYPE_TIME: return read_time(b, p, n, s);
	case TYPE_DURATION:
		if (!parse_duration(
			p + (*p == '-'), n - (*p == '-'), !b->strict || (n == 1 && *p == '0'), &i))
			return false;
		s->lo = s->hi = zone_key_int(*p == '-' ? -i : i);
		return true;
	case TYPE_MAC:
		if (!parse_mac(p, n, &u))
			return false;
		s->lo = s->hi = u;
		return true;
	case TYPE_IP: return read_address(p, n, s);
	default: return false;
	}
}

static bool
read_ends(const struct builder *b, const struct literal *l, size_t cut, size_t skip, struct span *s)
{
	struct span hi;

	if (!read_value(b, l->p, cut, s) ||
	    !read_value(b, l->p + cut + skip, l->n - cut - skip, &hi))
		return false;
	s->hi = hi.hi;
	s->v6_only = false;
	return true;
}

/* A value, or a range of two: A..B, and A-B where that cannot be read as one value. */
static bool
read_span(struct builder *b, const struct literal *l, bool range_allowed, struct span *s)
{
	if (read_value(b, l->p, l->n, s))
		return true;
	if (!range_allowed || l->quoted)
		return false;
	for (size_t i = 1; i + 2 < l->n; i++)
		if (l->p[i] == '.' && l->p[i + 1] == '.' && read_ends(b, l, i, 2, s))
			return true;
	for (size_t i = 1; b->type != TYPE_TIME && i + 1 < l->n; i++)
		if (l->p[i] == '-' && read_ends(b, l, i, 1, s))
			return true;
	return false;
}

static bool
complain_number(struct builder *b, const struct literal *l)
{
	const char *field = b->node->field->name;
	int n = l->n > 40 ? 40 : (int)l->n;
	size_t unit = l->n;
	char hint[80] = "";
	uint64_t as;
	double d;

	if (l->n > 2 && strncasecmp(l->p, "AS", 2) == 0 && parse_u64(l->p + 2, l->n - 2, &as))
		snprintf(hint, sizeof(hint), "did you mean '%.*s'?", n - 2, l->p + 2);
	if (unit > 1 && (l->p[unit - 1] == 'b' || l->p[unit - 1] == 'B'))
		unit--;
	if (unit > 1 && strchr("kmgt", l->p[unit - 1]) && parse_double(l->p, unit - 1, &d))
		snprintf(hint, sizeof(hint), "did you mean '%.*s%c'?",
		    unit > 40 ? 40 : (int)unit - 1, l->p, toupper((unsigned char)l->p[unit - 1]));
	else if (b->type == TYPE_UINT && scaled(l->p, l->n, &d) && d >= 0x1p64)
		return complain(b, "", "'%.*s' is above %llu, the most that '%s' can be", n, l->p,
		    (unsigned long long)UINT64_MAX, field);
	else if (b->type == TYPE_INT && scaled(l->p, l->n, &d) && d >= 0x1p63)
		return complain(b, "", "'%.*s' is above %lld, the most that '%s' can be", n, l->p,
		    (long long)INT64_MAX, field);
	else if (b->type == TYPE_INT && scaled(l->p, l->n, &d) && d <= -0x1p63)
		return complain(b, "", "'%.*s' is below %lld, the least that '%s' can be", n, l->p,
		    (long long)INT64_MIN, field);
	else if (scaled(l->p, l->n, &d))
		return complain(b, b->type == TYPE_UINT && d < 0 ? "the least is 0" : "",
		    "field '%s' is a whole number%s; '%.*s' is not", field,
		    b->type == TYPE_UINT && d < 0 ? ", not below 0" : "", n, l->p);
	else if (b->node->field->n > 0 && name_field(&b->node->field->id[0]))
		snprintf(
		    hint, sizeof(hint), "flowcat -o ndjson --options prints the numbers of names");
	return complain(b, hint, "field '%s' is a number; '%.*s' is none", field, n, l->p);
}

/* Why this text is no value of the type, with what would be. */
static bool
complain_value(struct builder *b, const struct literal *l)
{
	const char *field = b->node->field->name, *near;
	int n = l->n > 40 ? 40 : (int)l->n;
	char hint[80] = "";
	double d;

	if (l->line > 0 && !l->quoted && b->type != TYPE_TIME &&
	    (memchr(l->p, ',', l->n) != NULL || memchr(l->p, ' ', l->n) != NULL))
		return complain(b, "a list in a file has one value a line",
		    "'%.*s' is no single value", n, l->p);
	switch (b->type) {
	case TYPE_IP:
		return complain(b, "10.0.0.1, 10.0.0.0/8, 2001:db8::/32; names are not looked up",
		    "field '%s' is an address; '%.*s' is none", field, n, l->p);
	case TYPE_TIME:
		return complain(b, "2026-11-23, 2026-11-23T10:00, -1h (before now), epoch seconds",
		    "field '%s' is a time; '%.*s' is none", field, n, l->p);
	case TYPE_DURATION:
		if (!parse_double(l->p, l->n, &d))
			return complain(b, "250ms, 5s, 1h30m",
			    "field '%s' is a duration; '%.*s' is none", field, n, l->p);
		snprintf(hint, sizeof(hint), "did you mean '%.*ss' or '%.*sms'?", n, l->p, n, l->p);
		return complain(b, hint, "a duration needs a unit; '%.*s' has none", n, l->p);
	case TYPE_BOOL:
		return complain(
		    b, "", "field '%s' is true or false; '%.*s' is neither", field, n, l->p);
	case TYPE_MAC:
		return complain(b, "00:11:22:aa:bb:cc",
		    "field '%s' is a MAC address; '%.*s' is none", field, n, l->p);
	default: break;
	}
	if (is_element(b->node->field, PROTOCOL)) {
		near = proto_near(l->p, l->n);
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near != NULL ? near : "");
		return complain(b,
		    near != NULL ? hint : "a number or a name such as tcp, udp, icmp, gre",
		    "'%.*s' is no protocol", n, l->p);
	}
	if (is_severity(b->node->field))
		return complain(
		    b, "low, medium, high, critical, or 1 to 4", "'%.*s' is no severity", n, l->p);
	if (is_element(b->node->field, TCP_FLAGS))
		return complain(b, "letters of CEUAPRSF (flags S, flags S/SA) or a number",
		    "'%.*s' are no TCP flags", n, l->p);
	if (is_port(b->node->field))
		return complain(b,
		    memchr(l->p, ':', l->n) != NULL
			? "a range is 80-90"
			: "names of services are not known: write 443 for https",
		    "'%.*s' is no port", n, l->p);
	return complain_number(b, l);
}

/* A port above 65535 is a slip.  Only of short identifiers: counters come in any width, lengths as sums too. */
static bool
fits_element(struct builder *b, const struct literal *l, const struct span *s)
{
	const struct field *f = b->node->field;
	const struct element *e;
	uint64_t max;

	if (!b->strict || b->type != TYPE_UINT || f->n == 0)
		return true;
	e = element_find(f->id[0].pen, f->id[0].id);
	if (e == NULL || e->width == 0 || e->width > 2 ||
	    (e->merge != MERGE_KEY && e->merge != MERGE_OR))
		return true;
	max = (UINT64_C(1) << (8 * e->width)) - 1;
	if (s->hi <= max)
		return true;
	b->final = true;
	return complain(b, "", "'%.*s' is above %llu, the most that '%s' can be",
	    l->n > 40 ? 40 : (int)l->n, l->p, (unsigned long long)max, f->name);
}

static u128
type_max(enum type t)
{
	return t == TYPE_IP ? ~(u128)0 : UINT64_MAX;
}

/* NaN is no key between those of the infinities: `<` and `>` stay within. */
static void
type_ends(enum type t, u128 *min, u128 *max)
{
	bool is_float = type_is_float(t);

	*min = is_float ? zone_key_double(-INFINITY) : 0;
	*max = is_float ? zone_key_double(INFINITY) : type_max(t);
}

static void
add_compared(struct test *t, const struct span *s)
{
	u128 min, max;

	type_ends(t->type, &min, &max);
	switch (t->cmp) {
	case CMP_LT:
		if (s->lo > min)
			ranges_add(&t->set, min, s->lo - 1);
		return;
	case CMP_LE: ranges_add(&t->set, min, s->hi); return;
	case CMP_GT:
		if (s->hi < max)
			ranges_add(&t->set, s->hi + 1, max);
		return;
	case CMP_GE: ranges_add(&t->set, s->lo, max); return;
	default: break;
	}
	if (s->v6_only && s->lo <= V4_FIRST && s->hi >= V4_LAST) {
		ranges_add(&t->set, s->lo, V4_FIRST - 1);
		ranges_add(&t->set, V4_LAST + 1, s->hi);
	} else {
		ranges_add(&t->set, s->lo, s->hi);
	}
}

static bool
build_ranges(struct builder *b, struct test *t, struct arena *a)
{
	bool ordered = t->cmp >= CMP_LT && t->cmp <= CMP_GE;
	bool below = t->cmp == CMP_LT || t->cmp == CMP_LE; /* what is beyond all is no slip there */
	size_t good = 0;

	t->kind = TEST_RANGES;
	for (b->literal = 0; b->literal < b->node->n_literals; b->literal++) {
		const struct literal *l = &b->node->literal[b->literal];
		struct span s;

		if (!read_span(b, l, !ordered, &s)) {
			if (b->strict) {
				ranges_free(&t->set);
				return complain_value(b, l);
			}
			continue;
		}
		if (s.lo > s.hi) {
			if (b->strict) {
				ranges_free(&t->set);
				b->final = true;
				return complain(b, "write the smaller end first",
				    "the range '%.*s' is empty", l->n > 40 ? 40 : (int)l->n, l->p);
			}
			continue;
		}
		if (!below && !fits_element(b, l, &s)) {
			ranges_free(&t->set);
			return false;
		}
		add_compared(t, &s);
		good++;
	}
	ranges_normalise(&t->set);
	/* As bound: nothing readable as this type is false, `!=` included. */
	if ((t->cmp == CMP_NE || t->cmp == CMP_NOT_IN) && (good > 0 || b->node->n_literals == 0))
		ranges_complement(&t->set, type_max(t->type));
	ranges_keep(&t->set, a);
	return true;
}

/* flags SA: these bits are set; flags S/SA: of SA exactly S is. */
static bool
build_mask(struct builder *b, struct test *t)
{
	const struct literal *l = &b->node->literal[0];
	const char *slash = memchr(l->p, '/', l->n);
	size_t n = slash ? (size_t)(slash - l->p) : l->n;

	t->kind = TEST_MASK;
	if (b->type != TYPE_UINT || !read_uint(b, l->p, n, &t->value) ||
	    (slash && !read_uint(b, slash + 1, l->n - n - 1, &t->mask)))
		return b->strict ? complain_value(b, l) : false;
	if (slash == NULL)
		t->mask = t->value;
	b->final = true;
	if (t->value & ~t->mask)
		return complain(b, "left of '/' are some of the flags right of it",
		    "'%.*s' can never be", l->n > 40 ? 40 : (int)l->n, l->p);
	return true;
}

static int
by_octets(const void *x, const void *y)
{
	const struct octets *a = x, *b = y;
	size_t n = a->n < b->n ? a->n : b->n;
	int c = n ? memcmp(a->p, b->p, n) : 0;

	return c != 0 ? c : a->n < b->n ? -1 : a->n > b->n;
}

/* Octets are written in hex, or quoted as they are. */
static bool
read_octets(const struct builder *b, struct arena *a, const struct literal *l, struct octets *o)
{
	const char *p = l->p;
	size_t n = l->n;
	char *hex;

	*o = (struct octets){ l->p, l->n };
	if (b->type == TYPE_STRING || l->quoted)
		return true;
	if (n >= 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		p += 2;
		n -= 2;
	}
	hex = arena_alloc(a, n / 2 + 1);
	*o = (struct octets){ hex, n / 2 };
	return n % 2 == 0 && parse_hex(p, n, (uint8_t *)hex);
}

static bool
build_octets(struct builder *b, struct test *t, struct arena *a)
{
	t->kind = TEST_OCTETS;
	t->item = arena_alloc(a, (b->node->n_literals + 1) * sizeof(*t->item));
	for (b->literal = 0; b->literal < b->node->n_literals; b->literal++) {
		const struct literal *l = &b->node->literal[b->literal];

		if (read_octets(b, a, l, &t->item[t->n_items]))
			t->n_items++;
		else if (b->strict)
			return complain(b, "hex digits as in 0x0a1b, or \"text\" in quotes",
			    "field '%s' is octets; '%.*s' is none", b->node->field->name,
			    l->n > 40 ? 40 : (int)l->n, l->p);
	}
	qsort(t->item, t->n_items, sizeof(*t->item), by_octets);
	return t->n_items > 0 || b->node->n_literals == 0;
}

static bool
comparison_allowed(struct builder *b, enum cmp cmp)
{
	const char *field = b->node->field->name;
	bool octets = b->type == TYPE_STRING || b->type == TYPE_BYTES;

	b->final = true;
	if (b->type == TYPE_LIST || b->type == TYPE_NONE)
		return complain(b, "has FIELD",
		    "field '%s' is a list; it can only be tested with 'has'", field);
	if (cmp >= CMP_CONTAINS && !octets)
		return complain(b, "", "field '%s' is %s; '%s' needs text", field, noun(b->type),
		    cmp_text(cmp));
	if (cmp >= CMP_LT && cmp <= CMP_GE && b->type == TYPE_BOOL)
		return complain(b, "", "field '%s' is true or false; '%s' needs a number", field,
		    cmp_text(cmp));
	b->final = false;
	return true;
}

bool
test_build(struct test *t, struct arena *a, const struct node *node, enum type type, bool strict,
    struct complaint *why)
{
	struct builder b = { .node = node, .type = type, .strict = strict, .why = why };

	*t = (struct test){ .type = type, .cmp = node->cmp };
	if (why != NULL)
		*why = (struct complaint){ 0 };
	if (!comparison_allowed(&b, node->cmp))
		return false;
	if (node->cmp == CMP_BITS ||
	    (node->cmp <= CMP_NE && is_element(node->field, TCP_FLAGS) &&
		memchr(node->literal[0].p, '/', node->literal[0].n) != NULL))
		return build_mask(&b, t);
	if (type == TYPE_STRING || type == TYPE_BYTES)
		return build_octets(&b, t, a);
	return build_ranges(&b, t, a);
}
