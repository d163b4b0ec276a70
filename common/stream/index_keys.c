/*
 * index_keys.c - the keys of a block: its addresses, their networks, its ports; and sets of keys.
 */
#include "base/hash.h"
#include "base/cursor.h"
#include "stream/index.h"

enum { SLOTS_MIN = 1024 };

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

/* Sets ------------------------------------------------------------------------------------------- */

/* Where it goes depends on a number drawn at start: nobody can send addresses that collide. */
static size_t
slot_of(const struct index_set *s, uint64_t key)
{
	return (key * (hash_seed() | 1)) >> (64 - (unsigned)__builtin_ctzll(s->slots));
}

static void
put_key(struct index_set *s, size_t at, uint64_t key)
{
	while (s->slot[at] != 0 && s->slot[at] != key)
		at = (at + 1) & (s->slots - 1);
	if (s->slot[at] == key)
		return;
	s->slot[at] = key;
	s->n++;
	s->count[key & (LEVELS - 1)]++;
}

static void
grow(struct index_set *s)
{
	struct index_set old = *s;

	*s = (struct index_set){ .slots = old.slots ? 2 * old.slots : SLOTS_MIN };
	s->slot = mem_zero(s->slots, sizeof(*s->slot));
	for (size_t i = 0; i < old.slots; i++)
		if (old.slot[i] != 0)
			put_key(s, slot_of(s, old.slot[i]), old.slot[i]);
	mem_free(old.slot);
}

/* A set is larger than caches: places are looked up a stretch at a time, and are on their way meanwhile. */
void
index_set_add(struct index_set *s, const uint64_t *key, size_t n)
{
	size_t at[INDEX_STRETCH];

	while ((s->n + n) * 8 > s->slots * 5)
		grow(s);
	for (size_t i = 0; i < n; i++) {
		at[i] = slot_of(s, key[i]);
		__builtin_prefetch(&s->slot[at[i]], 1);
	}
	for (size_t i = 0; i < n; i++)
		put_key(s, at[i], key[i]);
}

void
index_set_clear(struct index_set *s)
{
	if (s->slots > 0)
		memset(s->slot, 0, s->slots * sizeof(*s->slot));
	s->n = 0;
	memset(s->count, 0, sizeof(s->count));
}

void
index_set_free(struct index_set *s)
{
	mem_free(s->slot);
	*s = (struct index_set){ 0 };
}

/* Keys of columns ---------------------------------------------------------------------------------- */

static void
flush(struct index_keys *k)
{
	index_set_add(&k->set, k->waiting, k->n);
	k->n = 0;
}

static void
add_key(struct index_keys *k, uint64_t key)
{
	if (k->n == INDEX_STRETCH)
		flush(k);
	k->waiting[k->n++] = key;
}

/* The address before: its networks need not be added again. */
struct before {
	bool any, v4;
	struct probe_key v;
};

static bool
same(struct probe_key a, struct probe_key b)
{
	return a.high == b.high && a.low == b.low;
}

/* An address and its networks, from the longest prefix to the shortest: where one is there, so are the others. */
static void
add_address(struct index_keys *k, enum index_kind kind, struct probe_key v, struct before *before)
{
	static const unsigned bits[2][3] = { { 64, 48, 32 }, { 120, 112, 0 } };
	bool v4 = v.high == 0 && v.low >> 32 == 0xffff;
	bool alike = before->any && before->v4 == v4;

	if (alike && same(v, before->v))
		return;
	add_key(k, index_key(kind, 128, LEVEL_WHOLE, v));
	for (unsigned i = 0; i < 3 && bits[v4][i] != 0; i++) {
		struct probe_key net = index_mask(v, bits[v4][i]);

		if (alike && same(net, index_mask(before->v, bits[v4][i])))
			break;
		add_key(k,
		    index_key(kind, bits[v4][i], i == 0 ? LEVEL_MIDDLE : LEVEL_SHORT, net));
	}
	*before = (struct before){ true, v4, v };
}

static struct probe_key
address_at(const void *data, unsigned width, size_t i)
{
	const uint8_t *p = data;

	if (width == 4)
		return (struct probe_key){ 0,
			UINT64_C(0xffff) << 32 | ((const uint32_t *)data)[i] };
	return (struct probe_key){ be_uint(p + i * 16, 8), be_uint(p + i * 16 + 8, 8) };
}

static void
add_addresses(struct index_keys *k, enum index_kind kind, struct stream_slot *s, unsigned col)
{
	struct batch *b = &s->batch;
	const struct column *c = &b->col[col];
	struct before before = { .any = false };

	if (slot_entries(s, col)) {
		for (size_t i = 0; i < c->dict_n; i++)
			add_address(k, kind, address_at(c->dict_data, c->width, i), &before);
		return;
	}
	if (b->err.status != 0)
		return;
	c = batch_plain(b, col);
	for (size_t i = 0; i < b->n; i++)
		if (column_has(c, i))
			add_address(k, kind, address_at(c->data, c->width, i), &before);
}

static void
see_port(uint64_t *seen, uint64_t port)
{
	if (port < INDEX_PORTS)
		bits_set(seen, port);
}

/* What stands in slots of records without a port is taken for one: a key too many. */
static void
add_ports(struct index_keys *k, struct stream_slot *s, unsigned col)
{
	struct batch *b = &s->batch;
	const struct column *c = &b->col[col];
	uint64_t seen[INDEX_PORTS / 64] = { 0 };
	struct column entries;

	if (slot_entries(s, col)) {
		entries = *c;
		entries.data = c->dict_data;
		for (size_t i = 0; i < c->dict_n; i++)
			see_port(seen, column_uint(&entries, i));
	} else if (b->err.status == 0) {
		c = batch_plain(b, col);
		if (c->width == 2)
			for (size_t i = 0; i < b->n; i++)
				see_port(seen, ((const uint16_t *)c->data)[i]);
		else
			for (size_t i = 0; i < b->n; i++)
				see_port(seen, column_uint(c, i));
	}
	for (size_t i = 0; i < INDEX_PORTS; i++)
		if (bits_get(seen, i))
			add_key(k,
			    index_key(INDEX_PORT, 0, LEVEL_PORT, (struct probe_key){ 0, i }));
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
	index_set_clear(&k->set);
	k->n = 0;
	k->odd = false;
	for (unsigned z = 0; z < ZONES; z++)
		k->zone[z] = (struct index_zone){ .valid = true, .min = UINT64_MAX };
	for (unsigned i = 0; i < s->columns && s->batch.err.status == 0; i++) {
		const struct column *c = &s->batch.col[i];
		enum index_kind kind = index_kind_of(&c->id);
		unsigned zone = index_zone_of(&c->id);

		if (zone < ZONES)
			add_zone(&k->zone[zone], c);
		if (kind == INDEX_NONE)
			continue;
		if (c->type != (kind == INDEX_PORT ? TYPE_UINT : TYPE_IP))
			k->odd = true;
		else if (kind == INDEX_PORT)
			add_ports(k, s, i);
		else
			add_addresses(k, kind, s, i);
	}
	flush(k);
}
