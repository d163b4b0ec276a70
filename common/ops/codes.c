#include "ops/codes.h"

#include "base/clones.h"
#include "ops/cell.h"
#include "ops/table.h"

/*
 * SPACE_MAX: arrays of so many counters are touched where values occur only.  PER_RECORD: but a coding that
 * serves one batch is cleared and looked through for it.  NARROW: a range of numbers up to that of ports is
 * better than a dictionary.  ROOMY: in more space lists are looked for.  WIDE: of 16 bits, all may as well be
 * expected: the next batch need not widen it.
 */
enum {
	SPACE_MAX = 1 << 21,
	PER_RECORD = 4,
	NARROW = (1 << 16) + 1,
	ROOMY = 1 << 17,
	WIDE = 1 << 14
};

/* Octets that are looked at together. */
enum { OCTETS = 4096 };

/* Planning -------------------------------------------------------------------------------------- */

/* The least and greatest value of a column that a number can be coded from. */
static bool
range_of(const struct column *c, uint64_t *lo, uint64_t *hi)
{
	uint64_t flip = type_is_signed(c->type) ? UINT64_C(1) << 63 : 0;

	if ((c->flags & COLUMN_ZONE) && !(c->flags & COLUMN_TRUNCATED)) {
		*lo = c->min ^ flip;
		*hi = c->max ^ flip;
		if (c->width != 2 || *hi - *lo < WIDE)
			return c->min <= c->max;
	}
	if (c->width > 2)
		return false;
	*lo = flip ? -(UINT64_C(1) << (8 * c->width - 1)) : 0;
	*hi = *lo + (UINT64_C(1) << (8 * c->width)) - 1;
	return true;
}

static bool
plan_number(struct digit *d, const struct group_key *key, const struct column *c)
{
	enum type t = (enum type)c->type;
	uint64_t lo, hi;

	if (t != TYPE_UINT && t != TYPE_BOOL && !type_is_signed(t) &&
	    (t != TYPE_IP || c->width != 4 || key->prefix4 >= 0))
		return false;
	if (!range_of(c, &lo, &hi))
		return false;
	d->bin = key->bin.ns != 0 && cell_numeric(t) ? (uint64_t)key->bin.ns : 1;
	if (type_is_signed(t) && d->bin > 1 && lo - (UINT64_C(1) << 63) < d->bin)
		return false; /* 64 bits may not hold where this bin begins, which the others are counted from */
	d->base = d->bin > 1 ? cell_floor(lo, key, t) : lo;
	if (d->bin > 1 && t == TYPE_TIME && !tz_bins_even(&key->bin, (int64_t)d->base, (int64_t)hi))
		return false;
	if ((hi - d->base) / d->bin >= SPACE_MAX)
		return false;
	d->n = (uint32_t)((hi - d->base) / d->bin) + 2;
	return true;
}

#define PLACE(K) (v[i] == value[K] ? number[K] : 0)

/* Where n octets stand in a list of some, counted from 1; 0: not there.  true: all are.  FOUR of the list at a time. */
CLONES static bool
places_in(const uint8_t *v, size_t n, const uint8_t *listed, unsigned n_listed, uint8_t *at)
{
	enum { FOUR = 4 };
	uint8_t missing = 0;

	for (unsigned l = 0; l < n_listed; l += FOUR) {
		uint8_t value[FOUR], number[FOUR];
		bool others = l > 0;

		for (unsigned k = 0; k < FOUR; k++) {
			unsigned here = l + k < n_listed ? l + k : n_listed - 1;

			value[k] = listed[here];
			number[k] = (uint8_t)(here + 1);
		}
		missing = 0;
		for (size_t i = 0; i < n; i++) {
			uint8_t place = (uint8_t)(PLACE(0) | PLACE(1) | PLACE(2) | PLACE(3) |
						  (others ? at[i] : 0));

			at[i] = place;
			missing |= place == 0;
		}
	}
	return missing == 0;
}

static bool
all_listed(const uint8_t *v, size_t n, const struct digit *d)
{
	uint8_t at[OCTETS];
	bool all = true;

	for (size_t i = 0; i < n && all; i += OCTETS)
		all = places_in(v + i, n - i < OCTETS ? n - i : OCTETS, d->listed, d->n_listed, at);
	return all;
}

static void
set_list(struct digit *d, const uint8_t *listed, unsigned n)
{
	memcpy(d->listed, listed, n);
	d->n_listed = (uint8_t)n;
	d->n = n + 1;
}

/* Few values of one octet are listed instead of their range: as before, if those are all that there are. */
static void
plan_list(struct digit *d, struct batch *b, unsigned col, const struct digit *before)
{
	const struct column *c = &b->col[col];
	uint8_t seen[256] = { 0 }, listed[256];
	unsigned n = 0;

	if (d->bin > 1 || c->type != TYPE_UINT || c->width != 1)
		return;
	c = batch_plain(b, col);
	if (before->n_listed > 0 && all_listed(c->data, b->n, before)) {
		set_list(d, before->listed, before->n_listed);
		return;
	}
	for (size_t i = 0; i < b->n; i++)
		seen[((const uint8_t *)c->data)[i]] = 1;
	for (unsigned v = 0; v < 256; v++) {
		listed[n] = (uint8_t)v;
		n += seen[v];
	}
	if (n <= LISTED_MAX)
		set_list(d, listed, n);
}

static bool
is_listed(const struct digit *d, uint64_t v)
{
	return v <= UINT8_MAX && memchr(d->listed, (int)v, d->n_listed) != NULL;
}

/* The largest range changes fastest: what few values of the others occur lie close together then. */
static bool
place(struct coding *c, uint64_t most)
{
	bool placed[GROUP_KEYS_MAX] = { false };
	uint64_t space = 1;

	for (unsigned i = 0; i < c->n; i++) {
		unsigned next = c->n;

		for (unsigned k = 0; k < c->n; k++)
			if (!placed[k] && (next == c->n || c->digit[k].n > c->digit[next].n))
				next = k;
		placed[next] = true;
		c->digit[next].stride = (uint32_t)space;
		space *= c->digit[next].n;
		if (space > most)
			return false;
	}
	c->space = (uint32_t)space;
	return true;
}

bool
codes_plan(struct coding *c, const struct group_spec *spec, struct batch *b, const int *col,
    size_t n, const struct coding *before)
{
	size_t most;

	c->n = (unsigned)spec->n_keys;
	c->local = false;
	c->space = 0;
	for (unsigned k = 0; k < c->n; k++) {
		struct digit *d = &c->digit[k];
		const struct column *dict;

		*d = (struct digit){ .n = 1, .bin = 1 };
		if (col[k] < 0)
			continue;
		d->type = b->col[col[k]].type;
		if (plan_number(d, &spec->keys[k], &b->col[col[k]]) && d->n <= NARROW) {
			if (before->digit[k].n_listed > 0)
				plan_list(d, b, (unsigned)col[k], &before->digit[k]);
			continue; /* holds for other batches too */
		}
		dict = batch_dict(b, (unsigned)col[k]);
		if (dict != NULL) {
			*d = (struct digit){ .dict = true, .type = d->type, .bin = 1 };
			d->n = dict->dict_n + 1;
			c->local = true;
		} else if (!plan_number(d, &spec->keys[k], &b->col[col[k]])) {
			return false;
		}
	}
	most = c->local && n < SPACE_MAX / PER_RECORD ? n * PER_RECORD : SPACE_MAX;
	if (place(c, most) && c->space <= ROOMY)
		return true;
	for (unsigned k = 0; k < c->n; k++)
		if (col[k] >= 0 && !c->digit[k].dict)
			plan_list(&c->digit[k], b, (unsigned)col[k], &before->digit[k]);
	return place(c, most);
}

/* Has one digit all values of another? */
static bool
digit_covers(const struct digit *d, const struct digit *w)
{
	uint64_t off = (w->base - d->base) / d->bin;

	if (d->type != w->type)
		return false;
	if (d->n_listed == 0 && w->n_listed == 0)
		return off < d->n && w->n <= d->n - off && (w->base - d->base) % d->bin == 0;
	for (uint32_t i = 0; i + 1 < w->n; i++) {
		uint64_t v = codes_value(w, i + 1);

		if (d->n_listed > 0 ? !is_listed(d, v) : v - d->base >= d->n - 1)
			return false;
	}
	return true;
}

bool
codes_cover(const struct coding *c, const struct coding *want)
{
	if (c->space == 0 || c->local || want->local)
		return false;
	for (unsigned k = 0; k < c->n; k++)
		if (want->digit[k].type != TYPE_NONE &&
		    !digit_covers(&c->digit[k], &want->digit[k]))
			return false;
	return true;
}

bool
codes_same(const struct coding *a, const struct coding *b)
{
	if (a->local || b->local || a->n != b->n || a->space != b->space)
		return false;
	for (unsigned k = 0; k < a->n; k++) {
		const struct digit *x = &a->digit[k], *y = &b->digit[k];

		if (x->type != y->type || x->base != y->base || x->bin != y->bin || x->n != y->n ||
		    x->stride != y->stride || x->n_listed != y->n_listed ||
		    memcmp(x->listed, y->listed, x->n_listed) != 0)
			return false;
	}
	return true;
}

/* A list as the range that it lies in. */
static struct digit
without_list(const struct digit *d)
{
	struct digit r = *d;
	uint8_t least = UINT8_MAX, most = 0;

	if (d->n_listed == 0)
		return r;
	for (unsigned i = 0; i < d->n_listed; i++) {
		least = d->listed[i] < least ? d->listed[i] : least;
		most = d->listed[i] > most ? d->listed[i] : most;
	}
	r.n_listed = 0;
	r.base = least;
	r.n = (uint32_t)(most - least) + 2;
	return r;
}

/* List the values of another digit too.  false: there are too many, or they are too large. */
static bool
list_values(struct digit *d, const struct digit *of)
{
	for (uint32_t i = 1; i < of->n; i++) {
		uint64_t v = codes_value(of, i);

		if (is_listed(d, v))
			continue;
		if (v > UINT8_MAX || d->n_listed >= LISTED_MAX)
			return false;
		d->listed[d->n_listed++] = (uint8_t)v;
	}
	d->n = d->n_listed + UINT32_C(1);
	return true;
}

/* Two lists, or a list and a short range, as one list.  false: it would be too long. */
static bool
widen_list(struct digit *d, const struct digit *p)
{
	struct digit both = *p;

	both.n_listed = 0;
	if ((d->n_listed == 0 && p->n_listed == 0) || !list_values(&both, p) ||
	    !list_values(&both, d))
		return false;
	*d = both;
	return true;
}

/* false: it would be too long. */
static bool
widen_range(struct digit *d, const struct digit *p)
{
	bool lower =
	    type_is_signed(p->type) ? (int64_t)p->base < (int64_t)d->base : p->base < d->base;
	uint64_t base = lower ? p->base : d->base;
	uint64_t first = (d->base - base) / d->bin, first_before = (p->base - base) / d->bin, end;

	if (first >= SPACE_MAX || first_before >= SPACE_MAX ||
	    (d->base - base) % d->bin != (p->base - base) % d->bin)
		return false;
	end = first + d->n > first_before + p->n ? first + d->n : first_before + p->n;
	if (end > SPACE_MAX)
		return false;
	d->base = base;
	d->n = (uint32_t)end;
	return true;
}

bool
codes_widen(struct coding *want, const struct coding *before)
{
	struct coding both = *want;

	if (before->space == 0 || before->local || want->local)
		return false;
	for (unsigned k = 0; k < want->n; k++) {
		struct digit *d = &both.digit[k];
		const struct digit *p = &before->digit[k];
		struct digit range;

		if (p->type == TYPE_NONE)
			continue;
		if (d->type == TYPE_NONE) {
			*d = *p;
			continue;
		}
		if (p->type != d->type)
			return false;
		if (widen_list(d, p))
			continue;
		*d = without_list(d);
		range = without_list(p);
		if (!widen_range(d, &range))
			return false;
	}
	if (!place(&both, SPACE_MAX))
		return false;
	*want = both;
	return true;
}

/* Coding ---------------------------------------------------------------------------------------- */

#define MISSING (!bits_has(c->present, rec))

/* A digit of every record, added to the code; outside: any was out of its range. */
#define ADD_DIGITS(T) \
	do { \
		const T *from = values; \
		for (size_t i = 0; i < n; i++) { \
			size_t rec = idx != NULL ? idx[i] : first + i; \
			uint64_t v = (uint64_t)from[rec] - d->base; \
			if (MISSING) \
				continue; \
			outside |= v >= limit; \
			code[i] += ((uint32_t)v + 1) * d->stride; \
		} \
	} while (0)

CLONES static uint32_t
add_words(const struct digit *d, const struct column *c, const uint32_t *idx, size_t first,
    size_t n, uint32_t *code)
{
	const void *values = d->dict ? c->codes : c->data;
	unsigned width = d->dict ? 2 : c->width;
	bool negative = d->type == TYPE_INT && !d->dict;
	uint64_t limit = d->n - 1;
	uint32_t outside = 0;

	switch (width) {
	case 1:
		if (negative)
			ADD_DIGITS(int8_t);
		else
			ADD_DIGITS(uint8_t);
		break;
	case 2:
		if (negative)
			ADD_DIGITS(int16_t);
		else
			ADD_DIGITS(uint16_t);
		break;
	case 4:
		if (negative)
			ADD_DIGITS(int32_t);
		else
			ADD_DIGITS(uint32_t);
		break;
	default: ADD_DIGITS(uint64_t);
	}
	return outside;
}

/* A bin, and what its digit adds to a code. */
struct bin {
	uint64_t from;
	uint32_t add;
};

static struct bin
first_bin(const struct digit *d)
{
	return (struct bin){ d->base, d->stride };
}

/* Go to the bin of a value; outside: it is out of their range. */
static uint32_t
bin_move(struct bin *b, const struct digit *d, uint64_t v)
{
	uint64_t bin = (v - d->base) / d->bin;

	b->from = d->base + bin * d->bin;
	b->add = ((uint32_t)bin + 1) * d->stride;
	return bin >= d->n - 1;
}

/* Records are nearly in order of time: one is in the bin of the last, mostly, and nothing is divided. */
static uint32_t
add_bins(const struct digit *d, const struct column *c, const uint32_t *idx, size_t first, size_t n,
    uint32_t *code)
{
	struct bin bin = first_bin(d);
	uint32_t outside = 0;

	for (size_t i = 0; i < n; i++) {
		size_t rec = idx != NULL ? idx[i] : first + i;
		uint64_t v = cell_word(c, rec);

		if (MISSING)
			continue;
		if (v - bin.from >= d->bin)
			outside |= bin_move(&bin, d, v);
		code[i] += bin.add;
	}
	return outside;
}

/* Digits of listed values: of one octet when they were listed, not for ever. */
static uint32_t
add_listed(const struct digit *d, const struct column *c, const uint32_t *idx, size_t first,
    size_t n, uint32_t *code)
{
	uint32_t of[256] = { 0 }, outside = 0;

	for (uint32_t k = 0; k < d->n_listed; k++)
		of[d->listed[k]] = (k + 1) * d->stride;
	for (size_t i = 0; i < n; i++) {
		size_t rec = idx != NULL ? idx[i] : first + i;
		uint64_t v = c->width == 1 ? ((const uint8_t *)c->data)[rec] : cell_word(c, rec);
		uint32_t add = v <= UINT8_MAX ? of[v] : 0;

		if (MISSING)
			continue;
		outside |= add == 0;
		code[i] += add;
	}
	return outside;
}

/* The common ones: all records in a row, nothing is missing, and numbers are as wide as they mostly are. */
static bool
is_straight(const struct digit *d, const struct column *c, const uint32_t *idx)
{
	if (idx != NULL || c->present != NULL)
		return false;
	if (d->n_listed > 0)
		return c->width == 1;
	if (d->bin > 1 && !d->dict)
		return c->width == sizeof(uint64_t);
	return d->dict || (d->type != TYPE_INT && c->width <= sizeof(uint32_t));
}

#define PUT(ADD) code[i] = (begun ? code[i] : 0) + (ADD)

#define PUT_DIGITS(T) \
	do { \
		const T *from = (const T *)values + first; \
		for (size_t i = 0; i < n; i++) { \
			uint32_t v = (uint32_t)from[i] - base; \
			outside |= v > most; \
			PUT((v + 1) * d->stride); \
		} \
	} while (0)

CLONES static uint32_t
put_words(const struct digit *d, const struct column *c, size_t first, size_t n, uint32_t *code,
    bool begun)
{
	const void *values = d->dict ? c->codes : c->data;
	uint32_t base = (uint32_t)d->base, most = d->n - 2, outside = 0;

	switch (d->dict ? 2 : c->width) {
	case 1: PUT_DIGITS(uint8_t); break;
	case 2: PUT_DIGITS(uint16_t); break;
	default: PUT_DIGITS(uint32_t);
	}
	return outside;
}

CLONES static uint32_t
put_listed(const struct digit *d, const struct column *c, size_t first, size_t n, uint32_t *code,
    bool begun)
{
	const uint8_t *from = (const uint8_t *)c->data + first;
	bool all = true;

	for (size_t at = 0; at < n; at += OCTETS, from += OCTETS, code += OCTETS) {
		size_t m = n - at < OCTETS ? n - at : OCTETS;
		uint8_t place[OCTETS];

		all &= places_in(from, m, d->listed, d->n_listed, place);
		for (size_t i = 0; i < m; i++)
			PUT(place[i] * d->stride);
	}
	return !all;
}

/* As add_bins: many that are in the bin of the last are seen to be at once. */
CLONES static uint32_t
put_bins(const struct digit *d, const struct column *c, size_t first, size_t n, uint32_t *code,
    bool begun)
{
	enum { MANY = 16 };
	const uint64_t *from = (const uint64_t *)c->data + first;
	struct bin bin = first_bin(d);
	uint32_t outside = 0;

	for (size_t at = 0; at < n; at += MANY, from += MANY, code += MANY) {
		size_t m = n - at < MANY ? n - at : MANY;
		uint64_t other = m < MANY;

		for (size_t i = 0; i < MANY && m == MANY; i++)
			other |= from[i] - bin.from >= d->bin;
		if (!other) {
			for (size_t i = 0; i < MANY; i++)
				PUT(bin.add);
			continue;
		}
		for (size_t i = 0; i < m; i++) {
			if (from[i] - bin.from >= d->bin)
				outside |= bin_move(&bin, d, from[i]);
			PUT(bin.add);
		}
	}
	return outside;
}

/* The digits of a key, as the codes or, once these are begun, added to them. */
static uint32_t
put_digits(const struct digit *d, const struct column *c, size_t first, size_t n, uint32_t *code,
    bool begun)
{
	if (d->n_listed > 0)
		return put_listed(d, c, first, n, code, begun);
	if (d->bin > 1 && !d->dict)
		return put_bins(d, c, first, n, code, begun);
	return put_words(d, c, first, n, code, begun);
}

/* The same of any records and columns, added to what there is. */
static uint32_t
add_digits(const struct digit *d, const struct column *c, const uint32_t *idx, size_t first,
    size_t n, uint32_t *code)
{
	if (d->n_listed > 0)
		return add_listed(d, c, idx, first, n, code);
	if (d->bin > 1 && !d->dict)
		return add_bins(d, c, idx, first, n, code);
	return add_words(d, c, idx, first, n, code);
}

bool
codes_of(const struct coding *c, const struct column *const *col, const uint32_t *idx, size_t first,
    size_t n, uint32_t *code)
{
	uint32_t outside = 0;
	bool begun = false;

	for (unsigned k = 0; k < c->n; k++) {
		const struct digit *d = &c->digit[k];

		if (col[k] == NULL)
			continue;
		if (d->type == TYPE_NONE)
			return false;
		if (is_straight(d, col[k], idx)) {
			outside |= put_digits(d, col[k], first, n, code, begun);
			begun = true;
			continue;
		}
		if (!begun)
			memset(code, 0, n * sizeof(*code));
		begun = true;
		outside |= add_digits(d, col[k], idx, first, n, code);
	}
	if (!begun)
		memset(code, 0, n * sizeof(*code));
	return outside == 0;
}

void
codes_digits(const struct coding *c, unsigned key, const uint32_t *code, size_t n, uint32_t *digit)
{
	uint32_t stride = c->digit[key].stride, most = c->digit[key].n;
	bool lowest = stride == 1, highest = (uint64_t)stride * most == c->space;

	for (size_t i = 0; i < n; i++) {
		uint32_t rest = lowest ? code[i] : code[i] / stride;

		digit[i] = highest ? rest : rest % most;
	}
}

/* The digits in `to` of a key's digits in `from`. */
static void
move_digits(const struct digit *from, const struct digit *to, uint32_t *digit, size_t n)
{
	uint32_t of[UINT8_MAX + 1] = { 0 };

	for (uint32_t k = 0; k < to->n_listed; k++)
		of[to->listed[k]] = k + 1;
	for (size_t i = 0; i < n; i++) {
		uint64_t v;

		if (digit[i] == 0)
			continue;
		v = codes_value(from, digit[i]);
		digit[i] =
		    to->n_listed > 0 ? of[v & UINT8_MAX] : (uint32_t)((v - to->base) / to->bin) + 1;
	}
}

void
codes_move(const struct coding *from, const struct coding *to, const uint32_t *code, size_t n,
    uint32_t *moved)
{
	uint32_t digit[TABLE_CHUNK];

	memset(moved, 0, n * sizeof(*moved));
	for (unsigned k = 0; k < from->n; k++) {
		codes_digits(from, k, code, n, digit);
		move_digits(&from->digit[k], &to->digit[k], digit, n);
		for (size_t i = 0; i < n; i++)
			moved[i] += digit[i] * to->digit[k].stride;
	}
}
