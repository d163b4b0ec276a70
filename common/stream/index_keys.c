/*
 * index_keys.c - the keys of a block: its addresses, their networks, its ports.
 */
#include "base/cursor.h"
#include "base/hash.h"
#include "stream/index.h"
#include "stream/radix.h"

/* Columns that are indexed, by identity. */
static const struct {
	struct field_id id;
	enum index_kind kind;
} indexed[] = {
	{ { .id = 8 }, INDEX_ENDS },
	{ { .id = 12 }, INDEX_ENDS },
	{ { .id = 27 }, INDEX_ENDS },
	{ { .id = 28 }, INDEX_ENDS },
	{ { .id = 15 }, INDEX_NEXT_HOP },
	{ { .id = 62 }, INDEX_NEXT_HOP },
	{ { .id = 18 }, INDEX_BGP_NEXT_HOP },
	{ { .id = 63 }, INDEX_BGP_NEXT_HOP },
	{ { .id = 225 }, INDEX_NAT },
	{ { .id = 226 }, INDEX_NAT },
	{ { .id = 281 }, INDEX_NAT },
	{ { .id = 282 }, INDEX_NAT },
	{ { .pen = PEN_V9, .id = 40001 }, INDEX_NAT },
	{ { .pen = PEN_V9, .id = 40002 }, INDEX_NAT },
	{ { .id = 130 }, INDEX_EXPORTER },
	{ { .id = 131 }, INDEX_EXPORTER },
	{ { .pen = PEN_OWN, .id = OWN_EXPORTER }, INDEX_EXPORTER },
	{ { .id = 7 }, INDEX_PORT },
	{ { .id = 11 }, INDEX_PORT },
	{ { .id = 180 }, INDEX_PORT },
	{ { .id = 181 }, INDEX_PORT },
	{ { .id = 182 }, INDEX_PORT },
	{ { .id = 183 }, INDEX_PORT },
};

enum index_kind
index_kind_of(const struct field_id *id)
{
	for (size_t i = 0; i < sizeof(indexed) / sizeof(indexed[0]); i++)
		if (field_id_equal(&indexed[i].id, id))
			return indexed[i].kind;
	return INDEX_NONE;
}

unsigned
index_zone_of(const struct field_id *id)
{
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END);

	return field_id_equal(id, &start) ? ZONE_START
	       : field_id_equal(id, &end) ? ZONE_END
					  : ZONES;
}

/* Addresses, each once ------------------------------------------------------------------------------ */

/* By value: eleven bits a pass from the lowest. */
static uint32_t *
sort_radix(uint32_t *v, uint32_t *spare, size_t n)
{
	for (unsigned shift = 0; shift < 32; shift += 11) {
		size_t count[2048] = { 0 }, at = 0;
		uint32_t *swap = v;

		for (size_t i = 0; i < n; i++)
			count[v[i] >> shift & 2047]++;
		for (unsigned k = 0; k < 2048; k++) {
			size_t c = count[k];

			count[k] = at;
			at += c;
		}
		for (size_t i = 0; i < n; i++)
			spare[count[v[i] >> shift & 2047]++] = v[i];
		v = spare;
		spare = swap;
	}
	return v;
}

static size_t
ascending(const uint32_t *v, size_t from, size_t n)
{
	while (from + 1 < n && v[from] <= v[from + 1])
		from++;
	return from + 1;
}

/* Mostly these are two dictionaries, of sources and of destinations, each in order. */
static uint32_t *
sort_v4(struct index_keys *k)
{
	size_t n = k->n_v4, middle = n == 0 ? 0 : ascending(k->v4, 0, n), i = 0, j = middle;

	if (middle == n)
		return k->v4;
	if (ascending(k->v4, middle, n) != n)
		return sort_radix(k->v4, k->spare, n);
	for (size_t at = 0; at < n; at++)
		k->spare[at] =
		    j == n || (i < middle && k->v4[i] <= k->v4[j]) ? k->v4[i++] : k->v4[j++];
	return k->spare;
}

static const struct radix_item *
sort_v6(struct index_keys *k)
{
	struct radix_item *spare = k->order + k->n_v6, *sorted, *o = k->order;

	for (size_t i = 0; i < k->n_v6; i++)
		o[i] = (struct radix_item){ k->v6[i].low, (uint32_t)i };
	sorted = radix_sort(o, spare, k->n_v6);
	for (size_t i = 0; i < k->n_v6; i++)
		sorted[i].key = k->v6[sorted[i].entry].high;
	return radix_sort(sorted, sorted == o ? spare : o, k->n_v6);
}

static void
add_key(struct index_keys *k, uint64_t key)
{
	k->key[k->n++] = key;
	k->count[key & (LEVELS - 1)]++;
}

/* Room for the keys of n more addresses, or ports. */
static void
reserve(struct index_keys *k, size_t n)
{
	if (k->cap - k->n >= 4 * n)
		return;
	k->cap = k->cap + k->cap / 2 + 4 * n;
	k->key = mem_resize(k->key, k->cap, sizeof(*k->key));
}

/* Keys of what was gathered.  A network that the address before has too is there already. */
static void
add_v4(struct index_keys *k, enum index_kind kind)
{
	const uint32_t *v = sort_v4(k);

	for (size_t i = 0; i < k->n_v4; i++) {
		uint32_t differ = i == 0 ? UINT32_MAX : v[i] ^ v[i - 1];
		struct probe_key a = { 0, UINT64_C(0xffff) << 32 | v[i] };

		if (differ != 0)
			add_key(k, index_key(kind, 128, LEVEL_WHOLE, a));
		if (differ >> 8 != 0)
			add_key(k, index_key(kind, 120, LEVEL_MIDDLE, index_mask(a, 120)));
		if (differ >> 16 != 0)
			add_key(k, index_key(kind, 112, LEVEL_SHORT, index_mask(a, 112)));
	}
}

static void
add_v6(struct index_keys *k, enum index_kind kind)
{
	const struct radix_item *o = k->n_v6 > 0 ? sort_v6(k) : NULL;

	for (size_t i = 0; i < k->n_v6; i++) {
		struct probe_key a = k->v6[o[i].entry],
				 last = i == 0 ? (struct probe_key){ ~a.high, ~a.low }
					       : k->v6[o[i - 1].entry];
		uint64_t differ = a.high ^ last.high;

		if (differ != 0 || a.low != last.low)
			add_key(k, index_key(kind, 128, LEVEL_WHOLE, a));
		if (differ != 0)
			add_key(k, index_key(kind, 64, LEVEL_MIDDLE, index_mask(a, 64)));
		if (differ >> 16 != 0)
			add_key(k, index_key(kind, 48, LEVEL_SHORT, index_mask(a, 48)));
		if (differ >> 32 != 0)
			add_key(k, index_key(kind, 32, LEVEL_SHORT, index_mask(a, 32)));
	}
}

/* Columns -------------------------------------------------------------------------------------------- */

/* Room to gather n more addresses. */
static void
reserve_addresses(struct index_keys *k, size_t n)
{
	if (k->cap_v4 < k->n_v4 + n) {
		k->cap_v4 = k->n_v4 + n;
		k->v4 = mem_resize(k->v4, k->cap_v4, sizeof(*k->v4));
		k->spare = mem_resize(k->spare, k->cap_v4, sizeof(*k->spare));
	}
	if (k->cap_v6 < k->n_v6 + n) {
		k->cap_v6 = k->n_v6 + n;
		k->v6 = mem_resize(k->v6, k->cap_v6, sizeof(*k->v6));
		k->order = mem_resize(k->order, 2 * k->cap_v6, sizeof(*k->order));
	}
}

/* A column that follows from another has few values, many times each: the last ones seen are left out. */
static void
gather_v4(struct index_keys *k, const uint32_t *v, size_t n, const struct column *present)
{
	enum { SEEN = 256 };
	uint64_t seen[SEEN] = { 0 };

	for (size_t i = 0; i < n; i++) {
		uint64_t *s = &seen[(v[i] ^ v[i] >> 8) % SEEN];

		if (*s == (UINT64_C(1) << 32 | v[i]) || (present && !column_has(present, i)))
			continue;
		*s = UINT64_C(1) << 32 | v[i];
		k->v4[k->n_v4++] = v[i];
	}
}

static void
gather_v6(struct index_keys *k, const uint8_t *v, size_t n, const struct column *present)
{
	for (size_t i = 0; i < n; i++) {
		struct probe_key a = { be_uint(v + i * 16, 8), be_uint(v + i * 16 + 8, 8) };

		if (present && !column_has(present, i))
			continue;
		if (a.high == 0 && a.low >> 32 == 0xffff)
			k->v4[k->n_v4++] = (uint32_t)a.low;
		else
			k->v6[k->n_v6++] = a;
	}
}

static void
gather(struct index_keys *k, struct stream_slot *s, unsigned col)
{
	struct batch *b = &s->batch;
	const struct column *c = &b->col[col], *present = NULL;
	uint32_t only = (uint32_t)c->min;
	const void *v = NULL;
	size_t n = 0;

	if (c->width == 4 && (c->flags & COLUMN_ZONE) && c->min == c->max) {
		v = &only;
		n = 1;
	} else if (batch_entries(b, col) != NULL) {
		v = c->dict_data;
		n = c->dict_n;
	} else if (b->err.status == 0) {
		present = c = batch_plain(b, col);
		v = c->data;
		n = b->n;
	}
	reserve_addresses(k, n);
	if (c->width == 4)
		gather_v4(k, v, n, present);
	else
		gather_v6(k, v, n, present);
}

static void
add_addresses(struct index_keys *k, enum index_kind kind, struct stream_slot *s)
{
	k->n_v4 = k->n_v6 = 0;
	for (unsigned i = 0; i < s->columns; i++)
		if (index_kind_of(&s->batch.col[i].id) == kind)
			gather(k, s, i);
	reserve(k, k->n_v4 + k->n_v6);
	add_v4(k, kind);
	add_v6(k, kind);
}

/*
 * What stands in slots of records without a port is taken for one: a key too many.  An octet a port, as setting bits
 * would wait for the bit before.
 */
static void
see_ports(struct index_keys *k, struct stream_slot *s, unsigned col)
{
	struct batch *b = &s->batch;
	const struct column *c = &b->col[col];
	struct column values;
	size_t n = 0;

	if (batch_entries(b, col) != NULL) {
		values = *c;
		values.data = c->dict_data;
		n = c->dict_n;
	} else if (b->err.status == 0) {
		values = *batch_plain(b, col);
		n = b->n;
	}
	if (n > 0 && values.width == 2)
		for (size_t i = 0; i < n; i++)
			k->seen[((const uint16_t *)values.data)[i]] = 1;
	else
		for (size_t i = 0; i < n; i++)
			if (column_uint(&values, i) < INDEX_PORTS)
				k->seen[column_uint(&values, i)] = 1;
}

static void
add_ports(struct index_keys *k, struct stream_slot *s)
{
	uint64_t eight;

	memset(k->seen, 0, INDEX_PORTS);
	for (unsigned i = 0; i < s->columns; i++)
		if (index_kind_of(&s->batch.col[i].id) == INDEX_PORT)
			see_ports(k, s, i);
	for (size_t i = 0; i < INDEX_PORTS; i += 8) {
		memcpy(&eight, k->seen + i, 8);
		if (eight == 0)
			continue;
		reserve(k, 8);
		for (size_t p = i; p < i + 8; p++)
			if (k->seen[p])
				add_key(k, index_key(INDEX_PORT, 0, LEVEL_PORT,
					       (struct probe_key){ 0, p }));
	}
}

static void
add_zone(struct index_zone *z, const struct column *c)
{
	z->valid = z->valid && c->type == TYPE_TIME && (c->flags & COLUMN_ZONE);
	z->min = c->min < z->min ? c->min : z->min;
	z->max = c->max > z->max ? c->max : z->max;
}

void
index_keys_of(struct index_keys *k, struct stream_slot *s)
{
	k->n = 0;
	memset(k->count, 0, sizeof(k->count));
	k->odd = false;
	for (unsigned z = 0; z < ZONES; z++)
		k->zone[z] = (struct index_zone){ .valid = true, .min = UINT64_MAX };
	for (unsigned i = 0; i < s->columns; i++) {
		const struct column *c = &s->batch.col[i];
		enum index_kind kind = index_kind_of(&c->id);
		unsigned zone = index_zone_of(&c->id);

		if (zone < ZONES)
			add_zone(&k->zone[zone], c);
		if (kind != INDEX_NONE && c->type != (kind == INDEX_PORT ? TYPE_UINT : TYPE_IP))
			k->odd = true;
	}
	if (k->odd)
		return;
	for (enum index_kind kind = 0; kind < INDEX_PORT; kind++)
		add_addresses(k, kind, s);
	add_ports(k, s);
}

void
index_keys_free(struct index_keys *k)
{
	mem_free(k->key);
	mem_free(k->v4);
	mem_free(k->spare);
	mem_free(k->v6);
	mem_free(k->order);
	*k = (struct index_keys){ 0 };
}
