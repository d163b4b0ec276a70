#include "ops/rank.h"

#include <assert.h>

/* Numbers --------------------------------------------------------------------------------------- */

/*
 * Counts by the upper bits in which keys differ tell where the rank lies, and only those items are looked at again:
 * neither order nor a branch on a key is needed.  FEW items are sorted sooner than the counts are cleared.
 */
enum { BITS = 11, FEW = 64 };

static uint64_t
rank_sorted(struct ranked *item, size_t n, uint64_t want)
{
	uint64_t below = 0;

	for (size_t i = 1; i < n; i++) {
		struct ranked x = item[i];
		size_t j = i;

		for (; j > 0 && item[j - 1].key > x.key; j--)
			item[j] = item[j - 1];
		item[j] = x;
	}
	for (size_t i = 0; i + 1 < n; i++) {
		below += item[i].count;
		if (below >= want)
			return item[i].key;
	}
	return item[n - 1].key;
}

/* How far above the lowest bit those BITS begin that tell keys apart. */
static unsigned
shift_of(const struct ranked *item, size_t n)
{
	uint64_t differ = 0;
	unsigned bits;

	for (size_t i = 1; i < n; i++)
		differ |= item[i].key ^ item[0].key;
	bits = differ == 0 ? 0 : 64 - (unsigned)__builtin_clzll(differ);
	return bits > BITS ? bits - BITS : 0;
}

uint64_t
rank_key(struct ranked *item, size_t n, uint64_t want)
{
	const uint64_t mask = (UINT64_C(1) << BITS) - 1;

	while (n > FEW) {
		uint64_t count[1 << BITS] = { 0 }, digit = 0, below = 0;
		unsigned shift = shift_of(item, n);
		size_t kept = 0;

		for (size_t i = 0; i < n; i++)
			count[item[i].key >> shift & mask] += item[i].count;
		while (digit < mask && below + count[digit] < want)
			below += count[digit++];
		want -= below;
		for (size_t i = 0; i < n; i++) {
			struct ranked x = item[i];

			item[kept] = x;
			kept += (x.key >> shift & mask) == digit;
		}
		assert(kept > 0); /* want is at most the sum of counts */
		n = kept;
		if (shift == 0)
			return item[0].key; /* the bits left tell nothing more */
	}
	return rank_sorted(item, n, want);
}

/* Whatever can be compared ------------------------------------------------------------------------ */

/* Of three, so that sorted input is no worst case. */
static struct cell
pivot_of(const struct distinct_item *item, size_t n, const struct intern *in)
{
	const struct cell *a = &item[0].cell, *b = &item[n / 2].cell, *c = &item[n - 1].cell;
	bool ab = cell_compare(a, in, b, in) < 0, bc = cell_compare(b, in, c, in) < 0;

	if (ab == bc)
		return *b;
	return (cell_compare(a, in, c, in) < 0) == ab ? *c : *a;
}

/* Quickselect by weight: the items that can be it become fewer; below: how many lie in front of them. */
const struct cell *
rank_item(struct distinct_item *item, size_t n, uint64_t want, const struct intern *in)
{
	uint64_t below = 0;

	while (n > 1) {
		struct cell pivot = pivot_of(item, n, in);
		uint64_t less = 0;
		size_t m = 0;

		for (size_t i = 0; i < n; i++) {
			struct distinct_item kept = item[i];

			if (cell_compare(&kept.cell, in, &pivot, in) >= 0)
				continue;
			less += kept.count;
			item[i] = item[m];
			item[m++] = kept;
		}
		if (below + less >= want && m > 0) {
			n = m;
			continue;
		}
		/* What equals the pivot comes next. */
		below += less;
		item += m;
		n -= m;
		m = 0;
		for (size_t i = 0; i < n; i++) {
			struct distinct_item kept = item[i];

			if (cell_compare(&kept.cell, in, &pivot, in) != 0)
				continue;
			below += kept.count;
			item[i] = item[m];
			item[m++] = kept;
		}
		if (below >= want || m == n)
			break;
		item += m;
		n -= m;
	}
	return &item[0].cell;
}
