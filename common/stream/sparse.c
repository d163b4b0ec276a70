/*
 * sparse.c - planes of zeros with few other octets: how many zeros before each, and those octets.
 */
#include <string.h>

#include "base/clones.h"
#include "base/cursor.h"
#include "stream/thin.h"

/* Items are octets, and how many zeros stand before each; a zero may be one where they are more. */
enum { MOST_ZEROS = 255 };

CLONES static size_t
count_others(const uint8_t *v, size_t n)
{
	size_t sum = 0;

	for (size_t at = 0; at < n; at += 128) {
		size_t end = at + 128 < n ? at + 128 : n;
		uint8_t others = 0;

		for (size_t i = at; i < end; i++)
			others = (uint8_t)(others + (v[i] != 0));
		sum += others;
	}
	return sum;
}

size_t
sparse_most(const uint8_t *plane, size_t n)
{
	enum { FIRST = 256 };

	if (count_others(plane, FIRST) > FIRST / 4)
		return n; /* not worth looking further */
	return count_others(plane, n) + n / (MOST_ZEROS + 1);
}

/* Items on their way, and the record behind the last one. */
struct items {
	uint8_t *zeros, *octet;
	size_t n, next;
};

static void
add_item(struct items *t, size_t at, uint8_t octet)
{
	for (; at - t->next > MOST_ZEROS; t->next += MOST_ZEROS + 1) {
		t->zeros[t->n] = MOST_ZEROS;
		t->octet[t->n++] = 0;
	}
	t->zeros[t->n] = (uint8_t)(at - t->next);
	t->octet[t->n++] = octet;
	t->next = at + 1;
}

size_t
sparse_pack(uint8_t *part, const uint8_t *plane, size_t n, size_t most)
{
	struct items t = { .zeros = part + THIN_HEAD, .octet = part + THIN_HEAD + most };
	uint32_t count;

	for (size_t at = 0; at < n; at += 8) {
		uint64_t eight = 0;

		memcpy(&eight, plane + at, n - at < 8 ? n - at : 8);
		while (eight != 0) {
			unsigned k = (unsigned)__builtin_ctzll(eight) / 8;

			add_item(&t, at + k, plane[at + k]);
			eight &= ~(UINT64_C(255) << 8 * k);
		}
	}
	memset(part, 0, THIN_HEAD);
	count = (uint32_t)t.n;
	memcpy(part + THIN_ITEMS, &count, sizeof count);
	memmove(part + THIN_HEAD + t.n, t.octet, t.n);
	return THIN_HEAD + 2 * t.n;
}

/* Records up to the last item. */
CLONES static size_t
reach(const uint8_t *zeros, size_t items)
{
	size_t sum = items;

	for (size_t k = 0; k < items; k++)
		sum += zeros[k];
	return sum;
}

bool
sparse_unpack(uint8_t *plane, size_t n, const uint8_t *part, size_t len)
{
	static const uint8_t none[THIN_HEAD];
	size_t items = le_uint(part + THIN_ITEMS, 4), at = 0;
	const uint8_t *zeros = part + THIN_HEAD, *octet = zeros + items;

	if (len != THIN_HEAD + 2 * items || memcmp(part, none, THIN_ITEMS) != 0 ||
	    memcmp(part + THIN_ITEMS + 4, none, THIN_HEAD - THIN_ITEMS - 4) != 0 ||
	    reach(zeros, items) > n)
		return false;
	memset(plane, 0, n);
	for (size_t k = 0; k < items; k++) {
		at += zeros[k];
		plane[at++] = octet[k];
	}
	return true;
}
