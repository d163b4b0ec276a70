#include "expr/plane.h"

#include "base/clones.h"

/* In terms of sums ------------------------------------------------------------------------------- */

/* The largest sum of n planes. */
static uint64_t
most_of(const struct planes *p)
{
	return p->n == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * p->n)) - 1;
}

/* Sums [lo, hi]; those that meet the last range lengthen it.  false: there are too many ranges. */
static bool
add_range(struct sums *s, uint64_t lo, uint64_t hi)
{
	if (lo > hi)
		return true;
	if (s->n > 0 && s->hi[s->n - 1] + 1 == lo) {
		s->hi[s->n - 1] = hi;
		return true;
	}
	if (s->n == SUMS_FEW)
		return false;
	s->lo[s->n] = lo;
	s->hi[s->n++] = hi;
	return true;
}

/* Where sums from `begin` to `end` stand for the keys from `first` on, a unit apart: those whose keys the set has. */
static bool
add_ranges(
    struct sums *s, const struct ranges *set, u128 first, u128 unit, uint64_t begin, uint64_t end)
{
	u128 last = first + unit * (end - begin);
	size_t from = 0, to = set->n;

	while (from < to) { /* the first range that ends at the first key or behind */
		size_t mid = from + (to - from) / 2;

		if (set->r[mid].hi < first)
			from = mid + 1;
		else
			to = mid;
	}
	for (size_t i = from; i < set->n && set->r[i].lo <= last; i++) {
		u128 lo = set->r[i].lo < first ? 0 : set->r[i].lo - first;
		u128 hi = (set->r[i].hi > last ? last : set->r[i].hi) - first;

		lo = unit == 1 ? lo : (lo + unit - 1) / unit;
		hi = unit == 1 ? hi : hi / unit;
		if (!add_range(s, begin + (uint64_t)lo, begin + (uint64_t)hi))
			return false;
	}
	return true;
}

/* false: the test cannot be put so: it is no ranges, or too many, or sums wrap around the width. */
static bool
sums_make(struct sums *s, const struct bound *bd, const struct planes *p)
{
	const struct test *t = bd->test;
	u128 least, span, base;
	uint64_t most = most_of(p), room;

	s->n = 0;
	if (t == NULL || t->kind != TEST_RANGES || type_is_float(t->type) || p->n > bd->width ||
	    p->from != NULL)
		return false;
	bound_domain(t->type, bd->width, &least, &span);
	base = (p->base & span) ^ bd->bias;
	if (base + (u128)p->unit * most <= span)
		return add_ranges(s, &t->set, least + base, p->unit, 0, most);
	if (p->unit != 1)
		return false;
	/* Sums beyond the width's last number begin again at its first. */
	room = (uint64_t)(span - base);
	return add_ranges(s, &t->set, least + base, 1, 0, room) &&
	       add_ranges(s, &t->set, least, 1, room + 1, most);
}

/* Octet by octet, from the lowest ----------------------------------------------------------------- */

/* Records at a time: what is known of them stays in the first cache. */
enum { STRETCH = 1024 };

/* t = 1 where the sum is at least the bound. */
static inline void
at_least(uint8_t *t, const struct planes *p, size_t at, uint64_t bound)
{
	const uint8_t *v = p->plane[0] + at, first = (uint8_t)bound;

	for (unsigned i = 0; i < STRETCH; i++)
		t[i] = v[i] >= first;
	for (unsigned k = 1; k < p->n; k++) {
		uint8_t b = (uint8_t)(bound >> (8 * k));

		v = p->plane[k] + at;
		for (unsigned i = 0; i < STRETCH; i++)
			t[i] = (uint8_t)((v[i] > b) | ((v[i] == b) & t[i]));
	}
}

static inline void
equals(uint8_t *t, const struct planes *p, size_t at, uint64_t sum)
{
	const uint8_t *v = p->plane[0] + at, first = (uint8_t)sum;

	for (unsigned i = 0; i < STRETCH; i++)
		t[i] = v[i] == first;
	for (unsigned k = 1; k < p->n; k++) {
		uint8_t b = (uint8_t)(sum >> (8 * k));

		v = p->plane[k] + at;
		for (unsigned i = 0; i < STRETCH; i++)
			t[i] &= v[i] == b;
	}
}

/* t = 1 where the sum is in [lo, hi]; there is a plane at least. */
CLONES static void
run_range(uint8_t *t, const struct planes *p, size_t at, uint64_t lo, uint64_t hi)
{
	uint8_t above[STRETCH];

	if (lo == hi) {
		equals(t, p, at, lo);
		return;
	}
	at_least(t, p, at, lo);
	if (hi == most_of(p))
		return;
	at_least(above, p, at, hi + 1);
	for (unsigned i = 0; i < STRETCH; i++)
		t[i] &= above[i] ^ 1;
}

static bool
any_word(const uint64_t *mask, size_t words)
{
	uint64_t any = 0;

	for (size_t w = 0; w < words; w++)
		any |= mask[w];
	return any != 0;
}

/* The last, incomplete stretch from padded copies: planes end where they end. */
static void
copy_planes(struct planes *to, uint8_t copy[][STRETCH], const struct planes *p, size_t at, size_t n)
{
	*to = *p;
	for (unsigned k = 0; k < p->n; k++) {
		memcpy(copy[k], p->plane[k] + at, n);
		memset(copy[k] + n, 0, STRETCH - n);
		to->plane[k] = copy[k];
	}
}

static void
run_stretch(const struct sums *s, const struct planes *p, size_t at, size_t n, uint64_t *out)
{
	uint8_t t[STRETCH];

	for (unsigned r = 0; r < s->n; r++) {
		run_range(t, p, at, s->lo[r], s->hi[r]);
		for (size_t w = 0; w < bits_words(n); w++)
			out[w] = (r > 0 ? out[w] : 0) | bits_pack(t + w * 64);
	}
}

void
sums_run(
    const struct sums *s, const struct planes *p, size_t n, const uint64_t *mask, uint64_t *out)
{
	uint8_t copy[PLANES_MAX][STRETCH];
	struct planes last;

	if (n > 0 && (s->n == 0 || p->n == 0)) {
		memset(out, s->n == 0 ? 0 : 0xff, bits_words(n) * 8);
		out[bits_words(n) - 1] &= bits_tail(n);
		for (size_t w = 0; mask != NULL && w < bits_words(n); w++)
			out[w] &= mask[w] != 0 ? ~UINT64_C(0) : 0;
		return;
	}
	for (size_t at = 0; at < n; at += STRETCH) {
		size_t k = n - at < STRETCH ? n - at : STRETCH, words = bits_words(k);
		const uint64_t *m = mask == NULL ? NULL : mask + at / 64;
		uint64_t *o = out + at / 64;

		if (m != NULL && !any_word(m, words)) {
			memset(o, 0, words * 8);
			continue;
		}
		if (k == STRETCH) {
			run_stretch(s, p, at, k, o);
		} else {
			copy_planes(&last, copy, p, at, k);
			run_stretch(s, &last, 0, k, o);
			o[words - 1] &= bits_tail(k);
		}
		for (size_t w = 0; m != NULL && w < words; w++)
			o[w] &= m[w] != 0 ? ~UINT64_C(0) : 0;
	}
}

/* In stretches ----------------------------------------------------------------------------------- */

/* Numbers are put together at `width` and given to bd's kernel, or as codes to a table of hits. */
static void
run_stretches(const struct bound *bd, const uint8_t *hit, unsigned width, const struct planes *p,
    size_t n, const uint64_t *mask, uint64_t *out)
{
	uint64_t numbers[STRETCH];

	for (size_t at = 0; at < n; at += STRETCH) {
		size_t k = n - at < STRETCH ? n - at : STRETCH;
		const uint64_t *m = mask == NULL ? NULL : mask + at / 64;

		if (m != NULL && !any_word(m, bits_words(k))) {
			memset(out + at / 64, 0, bits_words(k) * 8);
			continue;
		}
		planes_join(numbers, width, p, at, k);
		if (hit != NULL)
			kernel_codes(hit, (const uint16_t *)(void *)numbers, k, m, out + at / 64);
		else
			kernel_run(bd, numbers, NULL, k, m, out + at / 64);
	}
}

void
plane_run(
    const struct bound *bd, const struct planes *p, size_t n, const uint64_t *mask, uint64_t *out)
{
	struct sums sums;

	if (sums_make(&sums, bd, p))
		sums_run(&sums, p, n, mask, out);
	else
		run_stretches(bd, NULL, bd->width, p, n, mask, out);
}

void
plane_codes(
    const uint8_t *hit, const struct planes *p, size_t n, const uint64_t *mask, uint64_t *out)
{
	run_stretches(NULL, hit, 2, p, n, mask, out);
}
