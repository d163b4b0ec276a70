/*
 * dictionary.c - columns with few distinct values: the values once, sorted, and a code a record.
 */
#include <stdlib.h>

#include "base/clones.h"
#include "base/hash.h"
#include "flow/zone.h"
#include "stream/radix.h"
#include "stream/section.h"
#include "stream/thin.h"

/*
 * The table grows as entries come, at the most a quarter full: a block has some thousands of addresses, and a table
 * that stays in the near caches is looked up several times faster than one for the most there may be; a second look
 * costs more than the room, as nobody can foretell which value needs it.  One for addresses begins as large as the
 * last one was.
 */
enum { SLOTS_MIN = 1024, SLOTS_AN_ENTRY = 4 };

/* The slots as loops need them, until a new entry: they may move then. */
struct table {
	const struct dict_slot *slot;
	size_t last;
	uint64_t factor;
	unsigned shift;
};

static struct table
table_of(const struct encoder *e)
{
	return (struct table){ e->slots, e->n_slots - 1, e->seed | 1,
		64 - (unsigned)__builtin_ctzll(e->n_slots) };
}

/*
 * A number's first slot: the top bits of its product with a secret odd number (multiply-shift hashing, Dietzfelbinger
 * et al. 1997).
 */
static inline size_t
slot_at(const struct table *t, uint32_t key)
{
	return key * t->factor >> t->shift;
}

static size_t
slots_for(size_t entries)
{
	size_t n = SLOTS_MIN;

	while (n < entries * SLOTS_AN_ENTRY)
		n *= 2;
	return n;
}

static void
slots_make(struct encoder *e, size_t n)
{
	if (n > e->cap_slots) {
		e->slots = mem_resize(e->slots, n, sizeof(*e->slots));
		e->cap_slots = n;
	}
	e->n_slots = n;
	memset(e->slots, 0, n * sizeof(*e->slots));
}

static void
slots_grow(struct encoder *e)
{
	size_t n = e->n_slots;
	struct dict_slot *old = mem_alloc(n * sizeof(*old));
	struct table t;

	memcpy(old, e->slots, n * sizeof(*old));
	slots_make(e, 2 * n);
	t = table_of(e);
	for (size_t k = 0; k < n; k++) {
		size_t at;

		if (old[k].entry == 0)
			continue;
		for (at = slot_at(&t, old[k].key); e->slots[at].entry != 0;)
			at = (at + 1) & t.last;
		e->slots[at] = old[k];
	}
	mem_free(old);
}

/* A new entry, first seen in record i, goes to a free slot; slots may move.  false: there are `most` already. */
static bool
dict_enter(struct encoder *e, struct dict *d, size_t at, uint32_t key, size_t i, size_t most)
{
	if (d->n == most)
		return false;
	d->first[d->n++] = (uint32_t)i;
	e->slots[at] = (struct dict_slot){ key, (uint32_t)d->n };
	if (d->n * SLOTS_AN_ENTRY > e->n_slots)
		slots_grow(e);
	return true;
}

/*
 * Codes by first appearance.  KEY of record i is what slots hold of its value; where that is not the whole of it
 * SAME(i, first) compares with the first record of the entry.
 */
#define BUILD(KEY, SAME) \
	do { \
		struct table t = table_of(e); \
		uint16_t *codes = d->codes; \
\
		for (size_t i = 0; i < n; i++) { \
			uint32_t key = KEY(i), entry; \
			size_t at = slot_at(&t, key); \
\
			while ((entry = t.slot[at].entry) != 0 && \
			       !(t.slot[at].key == key && SAME(i, d->first[entry - 1]))) \
				at = (at + 1) & t.last; \
			if (entry == 0) { \
				if (!dict_enter(e, d, at, key, i, most)) \
					return false; \
				entry = (uint32_t)d->n; \
				t = table_of(e); \
			} \
			codes[i] = (uint16_t)(entry - 1); \
		} \
		return true; \
	} while (0)

static bool
build_4(struct encoder *e, const uint32_t *v, size_t n, size_t most, struct dict *d)
{
#define VALUE(I) v[I]
#define WHOLE(I, FIRST) true
	BUILD(VALUE, WHOLE);
}

static bool
build_8(struct encoder *e, const uint64_t *v, size_t n, size_t most, struct dict *d)
{
#define FOLDED(I) (uint32_t)(v[I] ^ v[I] >> 32)
#define EQUAL(I, FIRST) v[I] == v[FIRST]
	BUILD(FOLDED, EQUAL);
}

/* An address. */
static bool
build_16(struct encoder *e, const uint64_t *v, size_t n, size_t most, struct dict *d)
{
#define MIXED(I) (uint32_t) hash_u64(hash_u64(e->seed, v[2 * (I)]), v[2 * (I) + 1])
#define BOTH_EQUAL(I, FIRST) \
	(v[2 * (I)] == v[2 * (size_t)(FIRST)] && v[2 * (I) + 1] == v[2 * (size_t)(FIRST) + 1])
	BUILD(MIXED, BOTH_EQUAL);
}

static uint32_t
octets_key(const struct encoder *e, const struct column *c, size_t i)
{
	size_t len;
	const void *p = cell_octets(c, i, &len);

	return (uint32_t)hash_octets(e->seed, p, len);
}

static bool
octets_equal(const struct column *c, size_t i, size_t k)
{
	size_t len, other;
	const void *p = cell_octets(c, i, &len), *q = cell_octets(c, k, &other);

	return len == other && memcmp(p, q, len) == 0;
}

static bool
build_octets(struct encoder *e, const struct column *c, size_t n, size_t most, struct dict *d)
{
#define HASHED(I) octets_key(e, c, I)
#define SAME(I, FIRST) octets_equal(c, I, FIRST)
	BUILD(HASHED, SAME);
}

/* Codes by first appearance.  false: more than `most` distinct values. */
static bool
dict_build(struct encoder *e, const struct column *c, size_t n, size_t most, struct dict *d)
{
	d->n = 0;
	slots_make(e, slots_for(most > DICT_CHEAP ? e->usual : 0));
	switch (c->width) {
	case 4: return build_4(e, c->data, n, most, d);
	case 8: return build_8(e, c->data, n, most, d);
	case 16: return build_16(e, c->data, n, most, d);
	default: return build_octets(e, c, n, most, d);
	}
}

/* Sort entries by value: like addresses stand together, and lookups can be binary. */
static void
dict_sort(struct encoder *e, const struct column *c, size_t n, struct dict *d)
{
	struct radix_item *o;
	uint16_t *to, *codes = d->codes;

	if (e->order == NULL)
		e->order = mem_alloc(2 * MAX_DICT * sizeof(*e->order));
	o = e->order;
	for (size_t k = 0; k < d->n; k++)
		o[k] = (struct radix_item){ column_zone_key(c, d->first[k]), (uint32_t)k };
	o = radix_sort(o, e->order + MAX_DICT, d->n);
	for (size_t k = 0; k < d->n; k++)
		o[k].key = d->first[o[k].entry];
	for (size_t k = 0; k < d->n; k++)
		d->first[k] = (uint32_t)o[k].key;
	to = (uint16_t *)(void *)(o == e->order ? e->order + MAX_DICT : e->order);
	for (size_t k = 0; k < d->n; k++)
		to[o[k].entry] = (uint16_t)k;
	UNROLL
	for (size_t i = 0; i < n; i++)
		codes[i] = to[codes[i]];
}

static void
put_planes(
    struct encoder *e, struct parts *p, const void *v, unsigned width, size_t n, unsigned planes)
{
	uint8_t *plane;

	e->planes.len = 0;
	plane = (uint8_t *)buf_room(&e->planes, n + 64);
	for (unsigned k = 0; k < planes; k++) {
		plane_of(plane, v, width, 0, 8 * k, n);
		part_add_plane(e, p, plane, n);
	}
}

/* The high octets of sorted addresses are nearly the same for long: many addresses go in planes. */
static void
put_entries(struct encoder *e, struct parts *p, const struct column *c, const struct dict *d)
{
	const uint32_t *from = c->data;
	uint32_t *v = (uint32_t *)e->values;

	if (c->type != TYPE_IP || c->width != sizeof(*v) || d->n < THIN_LEAST) {
		put_values(e, p, c, d->first, d->n);
		return;
	}
	for (size_t k = 0; k < d->n; k++)
		v[k] = from[d->first[k]];
	put_planes(e, p, v, sizeof(*v), d->n, sizeof(*v));
	p->version = VERSION_THIN;
}

/* Room for the codes of n records and `most` entries. */
static void
dict_reserve(struct dict *d, size_t n, size_t most)
{
	if (d->cap_codes < n) {
		d->cap_codes = n;
		d->codes = mem_resize(d->codes, n + 64, sizeof(*d->codes));
	}
	if (d->cap_first < most + 1) {
		d->cap_first = most + 1;
		d->first = mem_resize(d->first, d->cap_first, sizeof(*d->first));
	}
}

bool
encode_dict(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n,
    size_t most)
{
	struct dict *d = &e->dict;

	if (most > MAX_DICT)
		most = MAX_DICT;
	dict_reserve(d, n, most);
	if (!dict_build(e, c, n, most, d))
		return false;
	if (most > DICT_CHEAP)
		e->usual = d->n;
	dict_sort(e, c, n, d);
	en->encoding = ENC_DICT;
	en->dict_n = (uint32_t)d->n;
	en->planes = d->n > 256 ? 2 : 1;
	if (c->width > 0 && c->width <= 8)
		en->flags |= ENTRY_SORTED_DICT;
	put_entries(e, p, c, d);
	put_planes(e, p, d->codes, sizeof(*d->codes), n, en->planes);
	return true;
}

void
dict_keep(struct encoder *e, uint16_t at)
{
	struct dict swap;
	struct kept *k;

	if (e->n_kept == KEPT_MAX)
		return;
	k = &e->kept[e->n_kept];
	swap = k->dict;
	k->dict = e->dict;
	k->column = at;
	e->dict = swap;
	e->n_kept++;
}
