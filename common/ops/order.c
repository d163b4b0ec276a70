#include "ops/order.h"

#include "base/num.h"
#include "ops/cell.h"

enum { FEW = 32, RADIX = 256, DIGITS = 8 };

/* Keys as people write them ------------------------------------------------------------------ */

static int
parse_key(struct sort_key *k, const char *p, size_t n, struct err *err)
{
	const char *colon = memrchr(p, ':', n);
	size_t name = colon ? (size_t)(colon - p) : n;

	if (field_parse(&k->field, p, name, err) < 0)
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
sort_keys_free(struct sort_key *keys, size_t n)
{
	(void)n;
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

void
order_init(struct order *o, const struct sort_key *keys, size_t n_keys,
    const struct order_columns *chunk, size_t n_chunks)
{
	*o = (struct order){ .keys = keys, .n_keys = n_keys, .chunk = chunk };
	for (size_t k = 0; k < n_keys; k++) {
		bool any = false;

		for (size_t i = 0; i < n_chunks; i++) {
			const struct column *c = chunk[i].col[k];

			if (c == NULL)
				continue;
			o->type[k] = !any || o->type[k] == c->type ? (enum type)c->type : TYPE_NONE;
			any = true;
			if (o->type[k] == TYPE_NONE)
				break;
		}
	}
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

static bool
is_nan(const struct column *c, size_t rec)
{
	if (c->type == TYPE_FLOAT32)
		return __builtin_isnan(((const float *)c->data)[rec]);
	return c->type == TYPE_FLOAT64 && __builtin_isnan(((const double *)c->data)[rec]);
}

enum order_class
order_key(
    const struct sort_key *k, const struct column *c, enum type type, size_t rec, uint64_t *key)
{
	*key = 0;
	if (c == NULL || (c->present != NULL && !bits_get(c->present, rec)))
		return ORDER_MISSING;
	if (is_nan(c, rec))
		return ORDER_NAN;
	if (type == TYPE_IP)
		*key = address_key(c, rec);
	else if (type == TYPE_FLOAT32 || type == TYPE_FLOAT64)
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

/* Sorting --------------------------------------------------------------------------------------- */

static int
compare_refs(const struct order *o, size_t level, const struct ref *a, const struct ref *b)
{
	return order_compare(
	    o->keys, o->n_keys, level, &o->chunk[a->chunk], a->rec, &o->chunk[b->chunk], b->rec);
}

/* Stable, by full comparison: for the few records that keys do not tell apart. */
static void
sort_merge(const struct order *o, size_t level, struct ref *r, struct ref *tmp, size_t n)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	sort_merge(o, level, r, tmp, half);
	sort_merge(o, level, r + half, tmp, n - half);
	memcpy(tmp, r, n * sizeof(*r));
	while (i < half && j < n)
		r[k++] = compare_refs(o, level, &tmp[j], &tmp[i]) < 0 ? tmp[j++] : tmp[i++];
	while (i < half)
		r[k++] = tmp[i++];
	while (j < n)
		r[k++] = tmp[j++];
}

static void
sort_few(struct ref *r, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct ref x = r[i];
		size_t j = i;

		for (; j > 0 && r[j - 1].key > x.key; j--)
			r[j] = r[j - 1];
		r[j] = x;
	}
}

/* By the octets of the key from the lowest; those that are the same everywhere cost nothing. */
static void
sort_radix(struct ref *r, struct ref *tmp, size_t n)
{
	size_t count[DIGITS][RADIX] = { { 0 } };
	struct ref *from = r, *to = tmp;

	for (size_t i = 0; i < n; i++)
		for (unsigned d = 0; d < DIGITS; d++)
			count[d][r[i].key >> (8 * d) & 0xff]++;
	for (unsigned d = 0; d < DIGITS; d++) {
		size_t at[RADIX], sum = 0;
		struct ref *swap;

		if (count[d][r[0].key >> (8 * d) & 0xff] == n)
			continue;
		for (unsigned v = 0; v < RADIX; v++) {
			at[v] = sum;
			sum += count[d][v];
		}
		for (size_t i = 0; i < n; i++)
			to[at[from[i].key >> (8 * d) & 0xff]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != r)
		memcpy(r, from, n * sizeof(*r));
}

static void sort_level(
    const struct order *o, size_t level, struct ref *r, struct ref *tmp, size_t n);

/* Records with equal keys are ordered by the rest of the value, then by the next keys. */
static void
sort_ties(const struct order *o, size_t level, struct ref *r, struct ref *tmp, size_t n)
{
	bool exact = order_exact(o->type[level]);

	if (exact && level + 1 == o->n_keys)
		return;
	for (size_t i = 0, m; i < n; i += m) {
		for (m = 1; i + m < n && r[i + m].key == r[i].key; m++)
			continue;
		if (m > 1 && exact)
			sort_level(o, level + 1, r + i, tmp, m);
		else if (m > 1)
			sort_merge(o, level, r + i, tmp, m);
	}
}

static void
sort_level(const struct order *o, size_t level, struct ref *r, struct ref *tmp, size_t n)
{
	size_t count[ORDER_MISSING + 1] = { 0 }, at[ORDER_MISSING + 1];
	uint8_t *class;

	if (n < 2 || level == o->n_keys)
		return;
	class = mem_alloc(n);
	for (size_t i = 0; i < n; i++) {
		class[i] = (uint8_t)order_key(&o->keys[level], o->chunk[r[i].chunk].col[level],
		    o->type[level], r[i].rec, &r[i].key);
		count[class[i]]++;
	}
	at[ORDER_VALUE] = 0;
	at[ORDER_NAN] = count[ORDER_VALUE];
	at[ORDER_MISSING] = n - count[ORDER_MISSING];
	if (count[ORDER_VALUE] < n) {
		memcpy(tmp, r, n * sizeof(*r));
		for (size_t i = 0; i < n; i++)
			r[at[class[i]]++] = tmp[i];
	}
	mem_free(class);
	if (count[ORDER_VALUE] <= FEW)
		sort_few(r, count[ORDER_VALUE]);
	else
		sort_radix(r, tmp, count[ORDER_VALUE]);
	sort_ties(o, level, r, tmp, count[ORDER_VALUE]);
	r += count[ORDER_VALUE];
	sort_level(o, level + 1, r, tmp, count[ORDER_NAN]);
	sort_level(o, level + 1, r + count[ORDER_NAN], tmp, count[ORDER_MISSING]);
}

void
order_sort(const struct order *o, struct ref *r, size_t n)
{
	struct ref *tmp = mem_alloc((n + 1) * sizeof(*tmp));

	sort_level(o, 0, r, tmp, n);
	mem_free(tmp);
}
