/*
 * sparse.c - planes of zeros with few other octets, or of octets that mostly repeat: those that do not, and how far
 * they stand apart.
 */
#include <string.h>

#include "base/clones.h"
#include "base/cursor.h"
#include "stream/thin.h"

/*
 * Items are octets, and how many others stand before each, behind the item before: zeros, or that item's octet again.
 * Where they are more, one of them is an item too.
 */
enum { MOST_BEFORE = 255 };

/* Octets i from `FIRST` on of which something is true, counted in lanes that are added up before they overflow. */
#define COUNT(NAME, FIRST, IS) \
	CLONES static size_t NAME(const uint8_t *v, size_t n) \
	{ \
		size_t sum = 0; \
\
		for (size_t at = FIRST; at < n; at += 128) { \
			size_t end = at + 128 < n ? at + 128 : n; \
			uint8_t some = 0; \
\
			for (size_t i = at; i < end; i++) \
				some = (uint8_t)(some + (IS)); \
			sum += some; \
		} \
		return sum; \
	}
COUNT(count_others, 0, v[i] != 0)
COUNT(count_changes, 1, v[i] != v[i - 1])

size_t
sparse_changes(const uint8_t *v, size_t n)
{
	return count_changes(v, n);
}

size_t
sparse_most(const uint8_t *plane, size_t n, bool repeats)
{
	enum { FIRST = 256, FEW = 16 }; /* the first tell whether to look further */
	size_t (*count)(const uint8_t *, size_t) = repeats ? count_changes : count_others;
	size_t items = count(plane, FIRST) > FIRST / 4 ? n : count(plane, n) + repeats;

	return items > n / FEW ? n : items + n / (MOST_BEFORE + 1);
}

/* Items on their way, and the record behind the last one. */
struct items {
	uint8_t *before, *octet;
	size_t n, next;
};

static void
add_item(struct items *t, size_t at, uint8_t between, uint8_t octet)
{
	for (; at - t->next > MOST_BEFORE; t->next += MOST_BEFORE + 1) {
		t->before[t->n] = MOST_BEFORE;
		t->octet[t->n++] = between;
	}
	t->before[t->n] = (uint8_t)(at - t->next);
	t->octet[t->n++] = octet;
	t->next = at + 1;
}

size_t
sparse_pack(uint8_t *part, const uint8_t *plane, size_t n, bool repeats, size_t most)
{
	struct items t = { .before = part + THIN_HEAD, .octet = part + THIN_HEAD + most };
	uint8_t last = 0;
	uint32_t count;

	for (size_t at = 0; at < n; at += 8) {
		size_t len = n - at < 8 ? n - at : 8;
		uint64_t eight = 0, others;

		memcpy(&eight, plane + at, len);
		others = repeats ? eight ^ (eight << 8 | last) : eight;
		if (len < 8)
			others &= (UINT64_C(1) << 8 * len) - 1;
		while (others != 0) {
			unsigned k = (unsigned)__builtin_ctzll(others) / 8;

			add_item(&t, at + k, last, plane[at + k]);
			last = repeats ? plane[at + k] : 0;
			others &= ~(UINT64_C(255) << 8 * k);
		}
	}
	memset(part, 0, THIN_HEAD);
	part[THIN_REPEATS] = repeats;
	count = (uint32_t)t.n;
	memcpy(part + THIN_ITEMS, &count, sizeof count);
	memmove(part + THIN_HEAD + t.n, t.octet, t.n);
	return THIN_HEAD + 2 * t.n;
}

/* Records up to the last item. */
CLONES static size_t
reach(const uint8_t *before, size_t items)
{
	size_t sum = items;

	for (size_t k = 0; k < items; k++)
		sum += before[k];
	return sum;
}

static void
place(uint8_t *plane, size_t n, const uint8_t *before, const uint8_t *octet, size_t items)
{
	size_t at = 0;

	memset(plane, 0, n);
	for (size_t k = 0; k < items; k++) {
		at += before[k];
		plane[at++] = octet[k];
	}
}

/* Most runs are short: units of octets, beyond the run's end, cost less than octets counted. */
static void
repeat(uint8_t *plane, size_t n, const uint8_t *before, const uint8_t *octet, size_t items)
{
	enum { UNIT = 32 };
	uint8_t last = 0;
	size_t at = 0;

	for (size_t k = 0; k < items; k++) {
		memset(plane + at, last, UNIT);
		for (size_t i = UNIT; i < before[k]; i += UNIT)
			memset(plane + at + i, last, UNIT);
		at += before[k];
		plane[at++] = last = octet[k];
	}
	memset(plane + at, last, n - at);
}

bool
sparse_unpack(uint8_t *plane, size_t n, const uint8_t *part, size_t len)
{
	static const uint8_t none[THIN_HEAD];
	size_t items = le_uint(part + THIN_ITEMS, 4);
	const uint8_t *before = part + THIN_HEAD, *octet = before + items;

	if (len != THIN_HEAD + 2 * items || part[THIN_REPEATS] > 1 ||
	    memcmp(part + THIN_REPEATS + 1, none, THIN_ITEMS - THIN_REPEATS - 1) != 0 ||
	    memcmp(part + THIN_ITEMS + 4, none, THIN_HEAD - THIN_ITEMS - 4) != 0 ||
	    reach(before, items) > n)
		return false;
	(part[THIN_REPEATS] ? repeat : place)(plane, n, before, octet, items);
	return true;
}
