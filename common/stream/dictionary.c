/*
 * dictionary.c - columns with few distinct values: the values once, sorted, and a code a record.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "stream/section.h"

struct dict {
	size_t n;
	uint32_t *first; /* record that holds entry k's value */
};

/* A table for `most` entries, at the most half full: small ones stay in the first cache. */
static uint32_t
clear_slots(struct encoder *e, size_t most)
{
	uint32_t size = 64;

	while (size < 2 * most && size < DICT_SLOTS)
		size *= 2;
	memset(e->slots, 0, size * sizeof(*e->slots));
	return size - 1;
}

/* Codes by first appearance, for numbers: the table's entries are compared by value. */
#define BUILD(T) \
	do { \
		const T *v = c->data; \
		for (size_t i = 0; i < n; i++) { \
			uint32_t at = (uint32_t)hash_u64(e->seed, v[i]) & mask, k; \
			while ((k = e->slots[at]) != 0 && v[d->first[k - 1]] != v[i]) \
				at = (at + 1) & mask; \
			if (k == 0) { \
				if (d->n == most) \
					return false; \
				d->first[d->n++] = (uint32_t)i; \
				e->slots[at] = k = (uint32_t)d->n; \
			} \
			e->codes[i] = (uint16_t)(k - 1); \
		} \
	} while (0)

static bool
build_numbers(struct encoder *e, const struct column *c, size_t n, size_t most, struct dict *d)
{
	uint32_t mask = clear_slots(e, most);

	if (c->width == 4)
		BUILD(uint32_t);
	else
		BUILD(uint64_t);
	return true;
}

static bool
build_octets(struct encoder *e, const struct column *c, size_t n, size_t most, struct dict *d)
{
	uint32_t mask = clear_slots(e, most);

	for (size_t i = 0; i < n; i++) {
		size_t len, other;
		const void *p = cell_octets(c, i, &len), *q;
		uint32_t at = (uint32_t)hash_octets(e->seed, p, len) & mask;

		for (; e->slots[at] != 0; at = (at + 1) & mask) {
			q = cell_octets(c, d->first[e->slots[at] - 1], &other);
			if (other == len && memcmp(p, q, len) == 0)
				break;
		}
		if (e->slots[at] == 0) {
			if (d->n == most)
				return false;
			d->first[d->n++] = (uint32_t)i;
			e->slots[at] = (uint32_t)d->n;
		}
		e->codes[i] = (uint16_t)(e->slots[at] - 1);
	}
	return true;
}

/* Codes by first appearance in e->codes.  false: more than `most` distinct values. */
static bool
dict_build(struct encoder *e, const struct column *c, size_t n, size_t most, struct dict *d)
{
	d->n = 0;
	if (c->width == 4 || c->width == 8)
		return build_numbers(e, c, n, most, d);
	return build_octets(e, c, n, most, d);
}

/* Sort entries by value: like addresses stand together, and lookups can be binary. */
struct dict_order {
	uint64_t key;
	uint32_t entry;
};

/*
 * By key, equal keys by entry (they stand so already): eight bits a pass from the lowest, passes that
 * would change nothing left out.  Several times faster than qsort on the thousands of addresses of a block.
 */
static struct dict_order *
order_sort(struct dict_order *o, struct dict_order *spare, size_t n)
{
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t count[256] = { 0 }, at = 0;
		struct dict_order *swap = o;

		for (size_t k = 0; k < n; k++)
			count[o[k].key >> shift & 255]++;
		if (count[o[0].key >> shift & 255] == n)
			continue;
		for (unsigned b = 0; b < 256; b++) {
			size_t c = count[b];

			count[b] = at;
			at += c;
		}
		for (size_t k = 0; k < n; k++)
			spare[count[o[k].key >> shift & 255]++] = o[k];
		o = spare;
		spare = swap;
	}
	return o;
}

static void
dict_sort(struct encoder *e, const struct column *c, size_t n, struct dict *d)
{
	struct dict_order *room = mem_alloc(2 * d->n * sizeof(*room)), *o = room;
	uint32_t *first = mem_alloc(d->n * sizeof(*first));
	uint16_t *to = mem_alloc(d->n * sizeof(*to));

	for (size_t k = 0; k < d->n; k++)
		o[k] = (struct dict_order){ column_zone_key(c, d->first[k]), (uint32_t)k };
	o = order_sort(o, room + d->n, d->n);
	for (size_t k = 0; k < d->n; k++) {
		first[k] = d->first[o[k].entry];
		to[o[k].entry] = (uint16_t)k;
	}
	for (size_t i = 0; i < n; i++)
		e->codes[i] = to[e->codes[i]];
	memcpy(d->first, first, d->n * sizeof(*first));
	mem_free(to);
	mem_free(first);
	mem_free(room);
}

static void
put_codes(struct encoder *e, struct parts *p, size_t n, unsigned planes)
{
	uint8_t *plane;

	e->planes.len = 0;
	plane = (uint8_t *)buf_room(&e->planes, n + 64);
	for (unsigned k = 0; k < planes; k++) {
		for (size_t i = 0; i < n; i++)
			plane[i] = (uint8_t)(e->codes[i] >> (8 * k));
		part_add(e, p, plane, n);
	}
}

bool
encode_dict(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n,
    size_t most)
{
	struct dict d = { 0 };
	bool small;

	if (most > MAX_DICT)
		most = MAX_DICT;
	d.first = mem_alloc((most + 1) * sizeof(*d.first));
	small = dict_build(e, c, n, most, &d);
	if (small) {
		dict_sort(e, c, n, &d);
		en->encoding = ENC_DICT;
		en->dict_n = (uint32_t)d.n;
		en->planes = d.n > 256 ? 2 : 1;
		if (c->width > 0 && c->width <= 8)
			en->flags |= ENTRY_SORTED_DICT;
		put_values(e, p, c, d.first, d.n);
		put_codes(e, p, n, en->planes);
	}
	mem_free(d.first);
	return small;
}
