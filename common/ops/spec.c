/*
 * spec.c - keys and values of a grouping as people write them.
 */
#include <strings.h>

#include "base/num.h"
#include "base/opt.h"
#include "ops/group_table.h"

enum { DEFAULT_PREFIX6 = 64 };

/* Functions that are written with a field: mean(bytes) or mean_bytes.  p95 stands for all percentiles. */
#define FUNCTION(symbol, text, gives) [FN_##symbol] = text,
static const char *const functions[FN_COUNT] = { [FN_FLOWS] = "flows",
	[FN_RECORDS] = "count",
	[FN_PERCENTILE] = "p95",
	AGGREGATE_LIST(FUNCTION) };

/* The identity of a named result column: PREFIX_NAME, or NAME without a prefix. */
static struct field_id
named(struct group_spec *s, const char *prefix, const char *name)
{
	char text[2 * FIELD_TEXT_MAX];
	int n = snprintf(text, sizeof(text), "%s%s%s", prefix, *prefix ? "_" : "", name);

	return (
	    struct field_id){ .pen = PEN_NAMED, .named = arena_string(&s->names, text, (size_t)n) };
}

/*
 * Where a field's values are kept: under its own identity, or for names of wire elements that are
 * stored elsewhere (the IPv6 half of an address pair, times in any unit) under that.
 */
static struct field_id
stored_id(struct group_spec *s, const struct field *f)
{
	const struct field_id *id = &f->id[0];
	bool v6 = false;

	if (f->n == 0)
		return named(s, "", f->name);
	if (id->pen == PEN_NAMED)
		return named(s, "", id->named);
	if (f->n > 1 && id->pen == PEN_IANA && id->instance == 0 &&
	    ((id->id >= 150 && id->id <= 157) || (element_pair(id->id, &v6) != 0 && v6)))
		return f->id[1];
	return *id;
}

/* Keys ------------------------------------------------------------------------------------------ */

static int
parse_prefixes(struct group_key *k, const char *p, size_t n, struct err *err)
{
	const char *colon = memchr(p, ':', n);
	size_t n4 = colon ? (size_t)(colon - p) : n;
	uint64_t p4, p6 = DEFAULT_PREFIX6;

	if (!parse_u64(p, n4, &p4) || p4 > 32 ||
	    (colon != NULL && (!parse_u64(colon + 1, n - n4 - 1, &p6) || p6 > 128)))
		return err_usage(err,
		    "%s/%.*s: a prefix length is 0 to 32, for IPv6 :0 to :128 behind it, as in "
		    "%s/24:48",
		    k->field.name, (int)n, p, k->field.name);
	k->prefix4 = (int)p4;
	k->prefix6 = (int)p6;
	return 0;
}

static int
parse_bin(struct group_key *k, const char *p, size_t n, struct err *err)
{
	bool timed = k->field.type == TYPE_TIME || k->field.type == TYPE_DURATION;
	int64_t ns;
	double d;

	if ((timed || k->field.type == TYPE_NONE) && parse_duration(p, n, false, &ns) && ns > 0) {
		k->bin = tz_bins(NULL, ns);
		return 0;
	}
	if (timed)
		return err_usage(err, "%s/%.*s: '%.*s' is no time bin; write 5m, 1h, 10s ...",
		    k->field.name, (int)n, p, (int)n, p);
	if (!parse_scaled(p, n, &d) || !(d >= 1 && d < 9e18) || d != (double)(uint64_t)d)
		return err_usage(err, "%s/%.*s: '%.*s' is no whole number to bin by", k->field.name,
		    (int)n, p, (int)n, p);
	k->bin = tz_bins(NULL, (int64_t)d);
	return 0;
}

/* Of a named column only its values say what it is: a number may be both, a prefix of addresses and a bin. */
static int
parse_either(struct group_key *k, const char *p, size_t n, struct err *err)
{
	struct err ignored = { 0 };

	if (memchr(p, ':', n) != NULL)
		return parse_prefixes(k, p, n, err);
	if (parse_prefixes(k, p, n, &ignored) < 0)
		return parse_bin(k, p, n, err);
	(void)parse_bin(k, p, n, &ignored);
	return 0;
}

static int
parse_key(struct group_spec *s, struct group_key *k, const char *p, size_t n, struct err *err)
{
	const char *slash = memchr(p, '/', n);
	size_t name = slash ? (size_t)(slash - p) : n;

	*k = (struct group_key){ .prefix4 = -1, .prefix6 = -1 };
	if (field_parse(&k->field, p, name, err) < 0)
		return -1;
	k->as = stored_id(s, &k->field);
	if (slash == NULL)
		return 0;
	p = slash + 1;
	n -= name + 1;
	switch (k->field.type) {
	case TYPE_IP: return parse_prefixes(k, p, n, err);
	case TYPE_NONE: return parse_either(k, p, n, err);
	default: break;
	}
	if (cell_numeric(k->field.type))
		return parse_bin(k, p, n, err);
	return err_usage(err, "%s/%.*s: a %s cannot be binned", k->field.name, (int)n, p,
	    type_name(k->field.type));
}

static bool
is_named(const struct field_id *id)
{
	return id->pen == PEN_NAMED;
}

/* Fields point into themselves: after the array moved they must point to where they are now. */
static void
settle_field(struct field *f)
{
	if (f->n > 0 && is_named(&f->id[0]))
		f->id[0].named = f->named;
}

int
group_spec_keys(struct group_spec *s, const char *text, struct err *err)
{
	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");
		struct group_key *k;

		if (s->n_keys == GROUP_KEYS_MAX)
			return err_usage(err, "more than %d keys", GROUP_KEYS_MAX);
		s->keys = mem_resize(s->keys, s->n_keys + 1, sizeof(*s->keys));
		k = &s->keys[s->n_keys];
		if (parse_key(s, k, p, n, err) < 0)
			return -1;
		s->n_keys++;
		for (size_t i = 0; i < s->n_keys; i++)
			settle_field(&s->keys[i].field);
		p += n;
		if (*p == '\0')
			return 0;
	}
}

/* Values ---------------------------------------------------------------------------------------- */

static int
find_function(const char *p, size_t n)
{
	for (int i = 0; i < FN_COUNT; i++)
		if (strlen(functions[i]) == n && strncasecmp(functions[i], p, n) == 0)
			return i;
	return -1;
}

/* How a bare field combines; FN_COUNT: it does not. */
static enum group_fn
bare_function(const struct field *f)
{
	const struct element *e;
	uint8_t merge;

	if (f->derived == DERIVED_FLOWS)
		return FN_FLOWS;
	if (f->n == 0)
		return f->type == TYPE_DURATION ? FN_SUM : FN_COUNT;
	if (f->type == TYPE_TIME) {
		if (f->id[0].pen == PEN_OWN && f->id[0].id == OWN_START)
			return FN_MIN;
		return f->id[0].pen == PEN_OWN && f->id[0].id == OWN_END ? FN_MAX : FN_COUNT;
	}
	e = is_named(&f->id[0]) ? NULL : element_find(f->id[0].pen, f->id[0].id);
	if (e == NULL)
		return f->type == TYPE_NONE || cell_numeric(f->type) ? FN_SUM : FN_COUNT;
	merge = e->merge;
	if (merge == MERGE_SUM && cell_numeric(f->type))
		return FN_SUM;
	if (merge == MERGE_OR && f->type == TYPE_UINT)
		return FN_OR;
	return merge == MERGE_MIN ? FN_MIN : merge == MERGE_MAX ? FN_MAX : FN_COUNT;
}

static int
check_function(enum group_fn fn, const struct field *f, struct err *err)
{
	bool fits = true;

	if (f->type == TYPE_NONE)
		return 0;
	if (fn == FN_SUM)
		fits = cell_numeric(f->type) && f->type != TYPE_TIME;
	else if (fn == FN_MEAN || fn == FN_PERCENTILE)
		fits = cell_numeric(f->type);
	else if (fn == FN_OR)
		fits = f->type == TYPE_UINT;
	if (!fits && fn == FN_PERCENTILE)
		return err_usage(err,
		    "%s: type %s has no percentiles; min, max, distinct, first and last do",
		    f->name, type_name(f->type));
	if (!fits)
		return err_usage(err,
		    "%s(%s): type %s has no %s; %smin, max, distinct, first and last do",
		    functions[fn], f->name, type_name(f->type), functions[fn],
		    cell_numeric(f->type) ? "mean, percentiles, " : "");
	return 0;
}

/* The other direction's identity of a sum. */
static struct field_id
reverse_id(struct group_spec *s, const struct field_id *id, const char *name)
{
	if (id->pen == PEN_IANA && id->instance == 0 && element_reversible(id->id))
		return (struct field_id){ .pen = PEN_REVERSE, .id = id->id };
	return named(s, "reverse", name);
}

/* May an aggregate have it beside the field that it is of?  Other sums stand under the field's own name. */
static bool
is_made(const struct group_value *v)
{
	return v->fn == FN_MIN || v->fn == FN_MAX || (v->fn == FN_SUM && v->field.n == 0);
}

static void
set_identity(struct group_spec *s, struct group_value *v, bool bare)
{
	const struct field *f = &v->field;

	switch (v->fn) {
	case FN_FLOWS: v->as = field_iana(3); break;
	case FN_RECORDS: v->as = named(s, "", "count"); break;
	case FN_SUM: v->as = f->n > 0 ? stored_id(s, f) : named(s, "sum", f->name); break;
	case FN_PERCENTILE: {
		char prefix[FIELD_PERCENTILE_MAX + 1];

		prefix[field_percentile_put(prefix, v->rank)] = '\0';
		v->as = named(s, prefix, f->name);
		break;
	}
	default: v->as = bare ? stored_id(s, f) : named(s, functions[v->fn], f->name);
	}
	v->made = is_made(v) ? named(s, functions[v->fn], f->name) : (struct field_id){ 0 };
	v->reverse = (struct field_id){ 0 };
	if (values_directed(v->fn))
		v->reverse = reverse_id(s, &v->as, f->name);
}

/* What is meant by another name; NULL: that is not known. */
static const char *
function_meant(const char *p, size_t n)
{
	static const char *const others[][2] = { { "avg", "mean" }, { "average", "mean" },
		{ "median", "p50" }, { "uniq", "distinct" }, { "unique", "distinct" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strlen(others[i][0]) == n && strncasecmp(others[i][0], p, n) == 0)
			return others[i][1];
	return NULL;
}

static int
refuse_function(const char *p, size_t n, size_t at, bool alone, struct err *err)
{
	const char *meant = function_meant(p, at);

	if (alone)
		return err_usage(
		    err, "%.*s: '%.*s' is no function; it stands alone", (int)n, p, (int)at, p);
	if (meant != NULL)
		return err_usage(err, "%.*s: '%.*s' is no function; did you mean %s?", (int)n, p,
		    (int)at, p, meant);
	return err_usage(err,
	    "%.*s: '%.*s' is no function; sum, min, max, mean, distinct, first, last, or and p95 "
	    "are",
	    (int)n, p, (int)at, p);
}

/* FUNCTION(FIELD) or FUNCTION_FIELD: 1, 0 when it is neither, -1 err. */
static int
parse_call(struct group_value *v, const char *p, size_t n, struct err *err)
{
	const char *paren = memchr(p, '(', n), *mark = paren ? paren : memchr(p, '_', n);
	size_t at = mark ? (size_t)(mark - p) : 0;
	int rank = mark ? field_percentile(p, at) : 0;
	int fn = rank != 0 ? FN_PERCENTILE : mark ? find_function(p, at) : -1;
	bool alone;
	struct err ignored = { 0 };

	if (rank < 0)
		return err_usage(err,
		    "%.*s: '%.*s' is no percentile; p1 to p99 are, and p99.9 or p999, p99.99 or "
		    "p9999",
		    (int)n, p, (int)at, p);
	alone = fn == FN_FLOWS || fn == FN_RECORDS;
	if ((fn < 0 || alone) && (paren != NULL || (function_meant(p, at) != NULL &&
						       field_parse(&v->field, p, n, &ignored) < 0)))
		return refuse_function(p, n, at, alone, err);
	if (fn < 0 || alone)
		return 0;
	if (paren != NULL && p[n - 1] != ')')
		return err_usage(err, "%.*s: the closing parenthesis is missing", (int)n, p);
	n -= at + (paren ? 2 : 1);
	if (field_parse(&v->field, mark + 1, n, paren ? err : &ignored) < 0)
		return paren ? -1 : 0;
	v->fn = (enum group_fn)fn;
	v->rank = (unsigned)rank;
	return 1;
}

static int
parse_value(struct group_spec *s, struct group_value *v, const char *p, size_t n, struct err *err)
{
	bool bare = true;
	int rc;

	*v = (struct group_value){ 0 };
	if (n == 5 && strncasecmp(p, "first", n) == 0) {
		rc = field_parse(&v->field, "start", 5, err);
		v->fn = FN_MIN;
	} else if (n == 4 && strncasecmp(p, "last", n) == 0) {
		rc = field_parse(&v->field, "end", 3, err);
		v->fn = FN_MAX;
	} else if (n == 5 && strncasecmp(p, "count", n) == 0) {
		rc = field_parse(&v->field, p, n, err);
		v->fn = FN_RECORDS;
	} else {
		rc = parse_call(v, p, n, err);
		if (rc < 0)
			return -1;
		bare = rc == 0;
		if (bare) {
			rc = field_parse(&v->field, p, n, err);
			v->fn = bare_function(&v->field);
		}
	}
	if (rc < 0)
		return -1;
	if (v->fn == FN_SUM && v->field.derived == DERIVED_FLOWS)
		v->fn = FN_FLOWS;
	if (v->fn == FN_COUNT)
		return err_usage(err,
		    "%s: not a quantity that adds up; write distinct(%s), min(%s), "
		    "max(%s), first(%s) or last(%s)",
		    v->field.name, v->field.name, v->field.name, v->field.name, v->field.name,
		    v->field.name);
	if (check_function(v->fn, &v->field, err) < 0)
		return -1;
	set_identity(s, v, bare);
	return 0;
}

int
group_spec_values(struct group_spec *s, const char *text, struct err *err)
{
	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");
		struct group_value *v;

		if (s->n_values == GROUP_VALUES_MAX)
			return err_usage(err, "more than %d values", GROUP_VALUES_MAX);
		s->values = mem_resize(s->values, s->n_values + 1, sizeof(*s->values));
		v = &s->values[s->n_values];
		if (parse_value(s, v, p, n, err) < 0)
			return -1;
		s->n_values++;
		for (size_t i = 0; i < s->n_values; i++)
			settle_field(&s->values[i].field);
		p += n;
		if (*p == '\0')
			return 0;
	}
}

/* Two result columns of one identity would be one column. */
static int
check_twice(const struct field_id *a, const struct field_id *b, struct err *err)
{
	struct field f;

	if (!field_id_equal(a, b))
		return 0;
	field_of_id(&f, a);
	return err_usage(err, "'%s' would be in the result twice", f.name);
}

/* What a field's name is made into may be longer than a column's name can be: no reader would take it. */
static int
check_length(const struct field_id *id, struct err *err)
{
	size_t n = is_named(id) ? strlen(id->named) : 0;

	if (n < FIELD_NAME_MAX)
		return 0;
	return err_usage(err,
	    "a name of %zu octets would be in the result, %.40s...; at most %d are allowed", n,
	    id->named, FIELD_NAME_MAX - 1);
}

static bool
is_end_of_flow(const struct field_id *id)
{
	return id->pen == PEN_OWN && (id->id == OWN_START || id->id == OWN_END);
}

/*
 * -k end/5m -v last: the key has the identity, the greatest end is named max_end.  So is the least start, min_start:
 * from it to a bin is no duration, which readers would compute, and rates with it.
 */
static bool
gives_way(const struct group_value *v, const struct group_key *k)
{
	if (v->fn != FN_MIN && v->fn != FN_MAX)
		return false;
	return field_id_equal(&v->as, &k->as) ||
	       (k->bin.ns != 0 && is_end_of_flow(&k->as) && is_end_of_flow(&v->as));
}

static void
give_way(struct group_spec *s)
{
	for (size_t i = 0; i < s->n_values; i++)
		for (size_t k = 0; k < s->n_keys; k++)
			if (gives_way(&s->values[i], &s->keys[k]))
				s->values[i].as = s->values[i].made;
}

int
group_spec_check(struct group_spec *s, struct err *err)
{
	struct field_id id[GROUP_KEYS_MAX + 2 * GROUP_VALUES_MAX];
	struct key_pair pair[PAIRS_MAX];
	size_t n = 0;

	give_way(s);
	for (size_t k = 0; k < s->n_keys; k++)
		id[n++] = s->keys[k].as;
	for (size_t i = 0; i < s->n_values; i++) {
		id[n++] = s->values[i].as;
		if (s->biflow && values_directed(s->values[i].fn))
			id[n++] = s->values[i].reverse;
	}
	for (size_t i = 0; i < n; i++) {
		if (check_length(&id[i], err) < 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (check_twice(&id[k], &id[i], err) < 0)
				return -1;
	}
	if (s->biflow && biflow_pairs(s, pair, err) == 0)
		return -1;
	return 0;
}

void
group_spec_zone(struct group_spec *s, const struct tz *tz)
{
	for (size_t k = 0; k < s->n_keys; k++)
		if (s->keys[k].bin.ns != 0)
			s->keys[k].bin = tz_bins(tz, s->keys[k].bin.ns);
}

void
group_spec_free(struct group_spec *s)
{
	mem_free(s->keys);
	mem_free(s->values);
	arena_free(&s->names);
	*s = (struct group_spec){ 0 };
}
