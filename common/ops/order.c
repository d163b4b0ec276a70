#include "ops/order.h"

#include <strings.h>

#include "base/num.h"
#include "flow/zone.h"
#include "ops/cell.h"

/* Keys as people write them ------------------------------------------------------------------ */

/*
 * first and last: the least start and the greatest end of a group, which has a name of its own where a time is the
 * key; of a record its start and end.
 */
static int
parse_field(struct field *f, const char *p, size_t n, struct err *err)
{
	bool last = n == 4 && strncasecmp(p, "last", n) == 0;
	const char *named = last ? "max_end" : "min_start";
	int rc;

	if (!last && (n != 5 || strncasecmp(p, "first", n) != 0))
		return field_parse(f, p, n, err);
	rc = field_parse(f, named, strlen(named), err);
	f->id[f->n++] = field_own(last ? OWN_END : OWN_START);
	strcpy(f->name, last ? "last" : "first");
	return rc;
}

static int
parse_key(struct sort_key *k, const char *p, size_t n, struct err *err)
{
	const char *colon = memrchr(p, ':', n);
	size_t name = colon ? (size_t)(colon - p) : n;

	if (n > 1 && (*p == '-' || *p == '+'))
		return err_usage(err, "-O %.*s: write %.*s:desc or %.*s:asc", (int)n, p,
		    (int)(name - 1), p + 1, (int)(name - 1), p + 1);
	if (parse_field(&k->field, p, name, err) < 0)
		return -1;
	k->ascending = false;
	if (colon == NULL)
		return 0;
	n -= name + 1;
	if (n == 3 && memcmp(colon + 1, "asc", 3) == 0)
		k->ascending = true;
	else if (n != 4 || memcmp(colon + 1, "desc", 4) != 0)
		return err_usage(
		    err, "-O %s:%.*s: the order is asc or desc", k->field.name, (int)n, colon + 1);
	return 0;
}

int
sort_keys_parse(struct sort_key **keys, size_t *n, const char *text, struct err *err)
{
	*keys = NULL;
	*n = 0;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		struct sort_key k = { 0 };

		if (*n == SORT_KEYS_MAX)
			return err_usage(err, "more than %d fields to order by", SORT_KEYS_MAX);
		if (parse_key(&k, p, len, err) < 0)
			return -1;
		sort_keys_add(keys, n, &k.field, k.ascending);
		p += len;
		if (*p == '\0')
			return 0;
	}
}

void
sort_keys_add(struct sort_key **keys, size_t *n, const struct field *f, bool ascending)
{
	struct sort_key *k = mem_alloc((*n + 1) * sizeof(*k));

	/* Fields point into themselves: they are copied one by one. */
	for (size_t i = 0; i < *n; i++) {
		field_copy(&k[i].field, &(*keys)[i].field);
		k[i].ascending = (*keys)[i].ascending;
	}
	field_copy(&k[*n].field, f);
	k[*n].ascending = ascending;
	mem_free(*keys);
	*keys = k;
	(*n)++;
}

void
sort_keys_free(struct sort_key *keys)
{
	mem_free(keys);
}

/* Records --------------------------------------------------------------------------------------- */

void
order_bind(struct order_columns *c, const struct sort_key *keys, size_t n, struct batch *b)
{
	int col[SORT_KEYS_MAX];

	for (size_t k = 0; k < n; k++) /* all before pointers are taken: columns may move */
		col[k] = batch_resolve(b, &keys[k].field);
	for (size_t k = 0; k < n; k++)
		c->col[k] = col[k] < 0 ? NULL : batch_plain(b, (unsigned)col[k]);
}

bool
order_exact(enum type t)
{
	return t != TYPE_NONE && t != TYPE_IP && !type_is_var(t);
}

/*
 * An address in 64 bits: those below 2^63 (IPv4 mapped among them) as they are, others by their first
 * 63 bits.
 */
static uint64_t
address_key(const struct column *c, size_t rec)
{
	const uint8_t *p = (const uint8_t *)c->data + rec * 16;
	uint64_t high, low;

	if (c->width == 4)
		return UINT64_C(0xffff00000000) | ((const uint32_t *)c->data)[rec];
	high = be_uint(p, 8);
	low = be_uint(p + 8, 8);
	if (high != 0)
		return UINT64_C(1) << 63 | high >> 1;
	return low >> 63 ? INT64_MAX : low;
}

enum order_class
order_key(
    const struct sort_key *k, const struct column *c, enum type type, size_t rec, uint64_t *key)
{
	*key = 0;
	if (c == NULL || !bits_has(c->present, rec))
		return ORDER_MISSING;
	if (column_nan(c, rec))
		return ORDER_NAN;
	if (type == TYPE_IP)
		*key = address_key(c, rec);
	else if (type_is_float(type))
		*key = zone_key_double(cell_bits_double(cell_word(c, rec)));
	else if (type != TYPE_NONE)
		*key = column_zone_key(c, rec);
	if (!k->ascending)
		*key = ~*key;
	return ORDER_VALUE;
}

static int
compare_values(const struct column *a, size_t i, const struct column *b, size_t j)
{
	struct cell x, y;

	if (a->type == b->type && a->width == 0) {
		size_t n = a->off[i + 1] - a->off[i], m = b->off[j + 1] - b->off[j];
		size_t both = n < m ? n : m;
		int order = 0;

		if (both > 0)
			order = memcmp((const uint8_t *)a->data + a->off[i],
			    (const uint8_t *)b->data + b->off[j], both);
		return order ? order : (n > m) - (n < m);
	}
	if (a->width == 0 || b->width == 0)
		return (a->type > b->type) - (a->type < b->type);
	x = cell_at(a, i, NULL);
	y = cell_at(b, j, NULL);
	return cell_compare(&x, NULL, &y, NULL);
}

int
order_compare(const struct sort_key *keys, size_t n_keys, size_t level,
    const struct order_columns *a, size_t i, const struct order_columns *b, size_t j)
{
	for (size_t k = level; k < n_keys; k++) {
		const struct column *ca = a->col[k], *cb = b->col[k];
		uint64_t ignored;
		enum order_class x = order_key(&keys[k], ca, TYPE_NONE, i, &ignored);
		enum order_class y = order_key(&keys[k], cb, TYPE_NONE, j, &ignored);
		int order;

		if (x != y)
			return x < y ? -1 : 1;
		if (x != ORDER_VALUE)
			continue;
		order = compare_values(ca, i, cb, j);
		if (order != 0)
			return keys[k].ascending ? order : -order;
	}
	return 0;
}
