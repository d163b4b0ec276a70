#include "report.h"

#include <strings.h>

#include "ops/cell.h"

int
report_make(struct report *r, enum report_kind kind, const char *title, const char *keys,
    const char *values, struct err *err)
{
	*r = (struct report){ .kind = kind, .title = mem_string(title), .limit = UINT64_MAX };
	if (keys != NULL && group_spec_keys(&r->spec, keys, err) < 0)
		return -1;
	if (group_spec_values(&r->spec, values, err) < 0)
		return -1;
	return group_spec_check(&r->spec, err);
}

void
report_free(struct report *r)
{
	for (unsigned i = 0; i < r->n_tables; i++)
		group_free(r->tables[i]);
	mem_free(r->tables);
	group_spec_free(&r->spec);
	group_spec_free(&r->other);
	sort_keys_free(r->order);
	mem_free(r->title);
}

/* nfdump's names for a field on either side of a flow. */
static const struct {
	const char *name, *source, *destination;
} sides[] = { { "ip", "srcip", "dstip" }, { "port", "srcport", "dstport" },
	{ "as", "srcas", "dstas" }, { "if", "inif", "outif" }, { "mac", "srcmac", "dstmac" },
	{ "mask", "srcmask", "dstmask" } };

/* What lists are ordered by: what adds up first. */
static const char *const orders[] = { "flows", "packets", "bytes", "bps", "pps", "bpp" };
enum { N_SUMMED = 3, N_ORDERS = sizeof(orders) / sizeof(orders[0]) };

static int
find_order(const char *word)
{
	for (int i = 0; i < N_ORDERS; i++)
		if (strcasecmp(word, orders[i]) == 0)
			return i;
	return -1;
}

/* Behind a key's slash: a prefix begins with a digit or a colon, an order with a letter. */
static int
check_order(const char *word, struct err *err)
{
	if (find_order(word) >= 0 || (word[0] >= '0' && word[0] <= ':'))
		return 0;
	return err_usage(
	    err, "unknown order '%s'; known are: flows packets bytes bps pps bpp", word);
}

static void
add_order(struct report *r, const struct field_id *id)
{
	struct field f;

	field_of_id(&f, id);
	sort_keys_add(&r->order, &r->n_order, &f, true);
}

/* "ip" or "ip/24": both sides as one key. */
static int
make_sides(struct report *r, const char *keys, struct err *err)
{
	size_t n = strcspn(keys, "/,");

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct buf a = { 0 }, b = { 0 };
		int rc;

		if (strlen(sides[i].name) != n || strncasecmp(keys, sides[i].name, n) != 0)
			continue;
		if (keys[n] == ',')
			return err_usage(err, "-s %s: %s stands alone", keys, sides[i].name);
		buf_printf(&a, "%s%s", sides[i].source, keys + n);
		buf_printf(&b, "%s%s", sides[i].destination, keys + n);
		rc = group_spec_keys(&r->spec, buf_cstr(&a), err) < 0 ||
		     group_spec_keys(&r->other, buf_cstr(&b), err) < 0;
		buf_free(&a);
		buf_free(&b);
		if (rc)
			return -1;
		r->both_sides = true;
		r->spec.keys[0].as = r->other.keys[0].as = output_named(sides[i].name);
		return 1;
	}
	return 0;
}

/* nfdump's srcip/flows/bytes: two lists of one pass. */
static int
check_one_order(const char *text, const char *keys, struct err *err)
{
	const char *slash = strrchr(keys, '/');

	if (slash == NULL || find_order(slash + 1) < 0)
		return 0;
	return err_usage(err, "'%s': a list has one order; write -s %s -s %.*s%s", text, keys,
	    (int)(slash - keys), keys, text + strlen(keys));
}

/* A key that is a rate would stand in the place of the group's. */
static int
check_rates(const struct group_spec *s, struct err *err)
{
	for (size_t k = 0; k < s->n_keys; k++) {
		enum derived d = s->keys[k].field.derived;

		if (d == DERIVED_BPS || d == DERIVED_PPS || d == DERIVED_BPP)
			return err_usage(
			    err, "'%s' would be in the result twice", s->keys[k].field.name);
	}
	return 0;
}

/* Of a list's values. */
enum { AT_FIRST = 3, AT_LAST };

int
report_parse_top(struct report *r, const char *text, struct err *err)
{
	static const char values[] = "flows,packets,bytes,first,last";
	char *keys = mem_string(text), *slash = strrchr(keys, '/');
	int order = slash ? find_order(slash + 1) : -1, rc;
	struct field field;

	*r = (struct report){ .kind = REPORT_TOP };
	if (order >= 0)
		*slash = '\0';
	else
		order = 0;
	rc = slash != NULL ? check_order(slash + 1, err) : 0;
	if (rc == 0)
		rc = check_one_order(text, keys, err);
	if (rc == 0)
		rc = make_sides(r, keys, err);
	if (rc == 0)
		rc = group_spec_keys(&r->spec, keys, err);
	if (rc >= 0)
		rc = group_spec_values(&r->spec, values, err);
	if (rc >= 0 && r->both_sides)
		rc = group_spec_values(&r->other, values, err);
	if (rc >= 0)
		rc = group_spec_check(&r->spec, err);
	if (rc >= 0)
		rc = check_rates(&r->spec, err);
	if (rc >= 0)
		rc = field_parse(&field, orders[order], strlen(orders[order]), err);
	if (rc >= 0) {
		struct buf title = { 0 };

		sort_keys_add(&r->order, &r->n_order, &field, false);
		for (size_t k = 0; k < r->spec.n_keys; k++)
			add_order(r, &r->spec.keys[k].as);
		buf_printf(&title, "%s/%s", keys, orders[order]);
		r->title = mem_string(buf_cstr(&title));
		r->scored = order < N_SUMMED;
		buf_free(&title);
	}
	mem_free(keys);
	return rc < 0 ? -1 : 0;
}

void
report_open(
    struct report *r, const struct io_opts *io, unsigned workers, uint64_t memory, bool scale)
{
	unsigned n = r->both_sides ? workers * 2 : workers;

	r->spec.memory = r->other.memory = memory / 4 * 3;
	r->spec.tmpdir = r->other.tmpdir = io->tmpdir;
	r->spec.scale = r->other.scale = scale;
	group_spec_zone(&r->spec, io->tz);
	group_spec_zone(&r->other, io->tz);
	r->tables = mem_zero(n, sizeof(struct group_table *));
	for (unsigned i = 0; i < n; i++)
		r->tables[i] = group_new(i < workers ? &r->spec : &r->other, n);
	r->n_tables = n;
}

int
report_add(struct report *r, unsigned worker, struct batch *b, const uint64_t *sel, struct err *err)
{
	unsigned workers = r->both_sides ? r->n_tables / 2 : r->n_tables;

	if (group_add(r->tables[worker], b, sel, err) < 0)
		return -1;
	return r->both_sides ? group_add(r->tables[workers + worker], b, sel, err) : 0;
}

struct rows {
	struct report *r;
	struct sorter *sorter;
	struct err *err;
	int rc;
};

bool
report_has_numbers(const struct column *c)
{
	return cell_numeric((enum type)c->type) && c->type != TYPE_TIME;
}

/* How many records have a number as their first key, for percentiles and histograms. */
static void
weigh(struct report *r, struct batch *b)
{
	struct field_id count = output_named("count");
	int key = r->spec.n_keys > 0 ? batch_find(b, &r->spec.keys[0].as) : -1;
	const struct column *c = key < 0 ? NULL : batch_plain(b, (unsigned)key);
	uint64_t n;

	for (size_t i = 0; c != NULL && report_has_numbers(c) && i < b->n; i++)
		if (column_has(c, i) && report_uint(b, &count, i, &n))
			r->weight += n;
}

/* The first key that is times in bins: its column, and what bins; -1 none. */
static int
binned_time(const struct report *r, struct batch *b, const struct tz_bins **bins)
{
	for (size_t k = 0; k < r->spec.n_keys; k++) {
		int i = batch_find(b, &r->spec.keys[k].as);

		if (r->spec.keys[k].bin.ns == 0 || i < 0 ||
		    batch_plain(b, (unsigned)i)->type != TYPE_TIME)
			continue;
		*bins = &r->spec.keys[k].bin;
		return i;
	}
	return -1;
}

/*
 * Rates are over the bin of time that is a key, else over the time from the first start to the last end.  Where one of
 * these is named otherwise, as a time of its identity is among the keys, the group says how long that is.
 */
static void
add_duration(const struct report *r, struct batch *b)
{
	const struct field_id *first = &r->spec.values[AT_FIRST].as,
			      *last = &r->spec.values[AT_LAST].as;
	struct field_id id = output_named("duration");
	const struct tz_bins *bins = NULL;
	int from = binned_time(r, b, &bins), to = from, col;

	if (bins == NULL && (first->pen == PEN_NAMED || last->pen == PEN_NAMED)) {
		from = batch_find(b, first);
		to = batch_find(b, last);
	}
	if (from < 0 || to < 0 || batch_find(b, &id) >= 0)
		return;
	col = batch_column(b, &id, TYPE_DURATION, 8, 0);
	for (size_t i = 0; i < b->n && col >= 0; i++) {
		const struct column *x = batch_plain(b, (unsigned)from),
				    *y = batch_plain(b, (unsigned)to);
		int64_t until, ns;

		if (!column_has(x, i) || !column_has(y, i))
			continue;
		until = bins == NULL ? column_int(y, i) : tz_bin_next(bins, column_int(x, i));
		if (!__builtin_sub_overflow(until, column_int(x, i), &ns))
			batch_put_uint(b, (unsigned)col, i, (uint64_t)ns);
	}
	batch_close(b);
}

static bool
take_groups(void *ctx, struct batch *b)
{
	struct rows *rows = ctx;

	if (rows->r->kind == REPORT_TOP)
		add_duration(rows->r, b);
	rows->r->groups += b->n;
	weigh(rows->r, b);
	rows->rc = sort_add(rows->sorter, b, NULL, rows->err);
	return rows->rc == 0;
}

int
report_rows(struct report *r, const struct io_opts *io, bool (*fn)(void *ctx, struct batch *),
    void *ctx, struct err *err)
{
	struct rows rows = { .r = r, .err = err };
	int rc;

	rows.sorter = sort_new(r->order, r->n_order, r->limit, r->spec.memory / 3, io->tmpdir);
	rc = group_finish(r->tables, r->n_tables, NULL, take_groups, &rows, err);
	if (rc == 0 && rows.rc == 0)
		rc = sort_finish(rows.sorter, fn, ctx, err);
	sort_free(rows.sorter);
	return rc < 0 || rows.rc < 0 ? -1 : 0;
}

bool
report_uint(struct batch *b, const struct field_id *id, size_t rec, uint64_t *v)
{
	int i = batch_find(b, id);
	struct value value;

	*v = 0;
	if (i < 0)
		return false;
	value = value_at(batch_plain(b, (unsigned)i), rec);
	if (value.type == TYPE_FLOAT64)
		*v = value.f > 0 ? (uint64_t)value.f : 0;
	else
		*v = value.u;
	return value.type != TYPE_NONE;
}

struct counters
report_counters(struct batch *b, size_t rec)
{
	static const uint16_t ids[] = { 3, 2, 1 };
	struct counters c;
	uint64_t v[3];

	for (unsigned i = 0; i < 3; i++) {
		struct field_id id = field_iana(ids[i]);

		(void)report_uint(b, &id, rec, &v[i]);
	}
	c = (struct counters){ v[0], v[1], v[2] };
	return c;
}
