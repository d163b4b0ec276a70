#include "ops/distinct.h"

#include "base/hash.h"
#include "base/mem.h"

enum { FIRST_CAPACITY = 4096, MEMBER_INTERNED = 0x100, CHUNK = 256 };

/* The table ------------------------------------------------------------------------------------- */

static uint64_t
hash_member(const struct member *m)
{
	return hash_u64(hash_u64(hash_seed(), m->v), (uint64_t)m->kind << 32 | m->row);
}

static bool
is_empty(const struct distinct *d, size_t at)
{
	return d->wide ? d->member[at].kind == 0 : d->narrow[at] == 0;
}

/* Where a member stands, or would; the place is empty then. */
static size_t
place_of(const struct distinct *d, const struct member *m)
{
	size_t mask = d->cap - 1, at = hash_member(m) & mask;

	while (d->member[at].kind != 0 && (d->member[at].v != m->v || d->member[at].row != m->row ||
					      d->member[at].kind != m->kind))
		at = (at + 1) & mask;
	return at;
}

static inline size_t
narrow_place(const struct distinct *d, uint64_t m, uint64_t hash)
{
	size_t mask = d->cap - 1, at = hash & mask;

	while (d->narrow[at] != 0 && d->narrow[at] != m)
		at = (at + 1) & mask;
	return at;
}

static bool
insert(struct distinct *d, const struct member *m, uint64_t count)
{
	size_t at;
	bool fresh;

	if (d->wide) {
		at = place_of(d, m);
		fresh = d->member[at].kind == 0;
		d->member[at] = *m;
	} else {
		uint64_t packed = (uint64_t)(m->row + 1) << 32 | m->v;

		at = narrow_place(d, packed, hash_u64(hash_seed(), packed));
		fresh = d->narrow[at] == 0;
		d->narrow[at] = packed;
	}
	if (d->counted)
		d->count[at] += count;
	d->n += fresh;
	return fresh;
}

static struct member
member_at(const struct distinct *d, size_t at)
{
	if (d->wide)
		return d->member[at];
	return (struct member){ d->narrow[at] & UINT32_MAX, (uint32_t)(d->narrow[at] >> 32) - 1,
		d->type };
}

static size_t
member_size(const struct distinct *d)
{
	return d->wide ? sizeof(*d->member) : sizeof(*d->narrow);
}

static void
rebuild(struct distinct *d, size_t cap, bool wide)
{
	struct distinct new = { .type = d->type,
		.wide = wide,
		.counted = d->counted,
		.interned = d->interned,
		.cap = cap };

	if (wide)
		new.member = mem_table_there(cap * sizeof(*new.member));
	else
		new.narrow = mem_table_there(cap * sizeof(*new.narrow));
	if (new.counted)
		new.count = mem_table_there(cap * sizeof(*new.count));
	for (size_t i = 0; i < d->cap; i++) {
		struct member m;

		if (is_empty(d, i))
			continue;
		m = member_at(d, i);
		(void)insert(&new, &m, d->counted ? d->count[i] : 1);
	}
	distinct_free(d);
	*d = new;
}

static void
reserve(struct distinct *d, size_t extra)
{
	if (d->n + extra > d->cap / 8 * 5)
		rebuild(d, d->cap ? d->cap * 2 : FIRST_CAPACITY, d->wide);
}

/* Values of this kind, as large as any of these bits, are to be added. */
static void
admit(struct distinct *d, uint32_t kind, uint64_t bits)
{
	if (d->type == 0)
		d->type = kind;
	if (!d->wide && (d->type != kind || bits > UINT32_MAX))
		rebuild(d, d->cap ? d->cap : FIRST_CAPACITY, true);
}

/* Adding ---------------------------------------------------------------------------------------- */

bool
distinct_add(
    struct distinct *d, uint32_t row, const struct cell *c, uint64_t count, struct intern *in)
{
	struct member m = { .v = c->v, .row = row, .kind = (uint32_t)c->type };

	if (c->type == TYPE_IP) {
		struct addr a;

		memcpy(a.b, &c->v, 16);
		if (addr_is_v4(&a)) {
			m.v = addr_u32(&a);
		} else {
			m.v = intern_put(in, a.b, 16);
			m.kind |= MEMBER_INTERNED;
		}
	}
	d->interned |= !distinct_is_word(&m);
	admit(d, m.kind, m.v);
	reserve(d, 1);
	return insert(d, &m, count);
}

static void
add_narrow(struct distinct *d, const uint32_t *rows, const uint64_t *v, const uint64_t *counts,
    size_t n, bool *fresh)
{
	uint64_t hash[CHUNK], seed = hash_seed();

	for (size_t i = 0; i < n; i++) {
		hash[i] = hash_u64(seed, (uint64_t)(rows[i] + 1) << 32 | v[i]);
		__builtin_prefetch(&d->narrow[hash[i] & (d->cap - 1)], 1);
		if (d->counted)
			__builtin_prefetch(&d->count[hash[i] & (d->cap - 1)], 1);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t packed = (uint64_t)(rows[i] + 1) << 32 | v[i];
		size_t at = narrow_place(d, packed, hash[i]);

		fresh[i] = d->narrow[at] == 0;
		d->narrow[at] = packed;
		d->n += fresh[i];
		if (d->counted)
			d->count[at] += counts ? counts[i] : 1;
	}
}

void
distinct_add_words(struct distinct *d, const uint32_t *rows, const uint64_t *v,
    const uint64_t *counts, enum type type, size_t n, bool *fresh)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= v[i];
	admit(d, type, bits);
	reserve(d, n);
	if (!d->wide) {
		add_narrow(d, rows, v, counts, n, fresh);
		return;
	}
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(
		    &d->member[hash_member(&(struct member){ v[i], rows[i], type }) & (d->cap - 1)],
		    1);
	for (size_t i = 0; i < n; i++)
		fresh[i] =
		    insert(d, &(struct member){ v[i], rows[i], type }, counts ? counts[i] : 1);
}

/* Looking --------------------------------------------------------------------------------------- */

struct cell
distinct_cell(const struct member *m, const struct intern *in)
{
	struct cell c = { .v = m->v, .type = m->kind & ~(uint32_t)MEMBER_INTERNED };

	if (c.type == TYPE_IP) {
		struct addr a = addr_v4((uint32_t)m->v);
		size_t n;

		if (m->kind & MEMBER_INTERNED)
			memcpy(a.b, intern_get(in, (uint32_t)m->v, &n), 16);
		memcpy(&c.v, a.b, 16);
	}
	return c;
}

bool
distinct_at(
    const struct distinct *d, size_t place, const struct intern *in, struct distinct_item *item)
{
	struct member m;

	if (is_empty(d, place))
		return false;
	m = member_at(d, place);
	*item = (struct distinct_item){ .row = m.row,
		.cell = distinct_cell(&m, in),
		.count = d->counted ? d->count[place] : 1 };
	return true;
}

size_t
distinct_members(const struct distinct *d, size_t at, size_t end, struct member *to)
{
	size_t n = 0;

	for (; at < end; at++)
		if (!is_empty(d, at))
			to[n++] = member_at(d, at);
	return n;
}

/* A narrow table has members of one type, and small ones. */
static bool
may_have(const struct distinct *d, const struct member *m)
{
	return d->n > 0 && (d->wide || (m->kind == d->type && m->v <= UINT32_MAX));
}

bool
distinct_has(const struct distinct *d, const struct member *m)
{
	uint64_t packed = (uint64_t)(m->row + 1) << 32 | m->v;

	if (!may_have(d, m))
		return false;
	if (d->wide)
		return d->member[place_of(d, m)].kind != 0;
	return d->narrow[narrow_place(d, packed, hash_u64(hash_seed(), packed))] != 0;
}

void
distinct_expect(const struct distinct *d, const struct member *m)
{
	uint64_t packed = (uint64_t)(m->row + 1) << 32 | m->v;

	if (!may_have(d, m))
		return;
	if (d->wide)
		__builtin_prefetch(&d->member[hash_member(m) & (d->cap - 1)]);
	else
		__builtin_prefetch(&d->narrow[hash_u64(hash_seed(), packed) & (d->cap - 1)]);
}

void
distinct_divide(
    const struct distinct *d, const uint8_t *lot, unsigned n_lots, struct distinct_lots *lots)
{
	size_t *at = mem_alloc((n_lots + 1) * sizeof(*at));

	lots->off = mem_zero(n_lots + 1, sizeof(*lots->off));
	lots->member = mem_alloc((d->n + 1) * sizeof(*lots->member));
	lots->count = d->counted ? mem_alloc((d->n + 1) * sizeof(*lots->count)) : NULL;
	for (size_t i = 0; i < d->cap; i++)
		if (!is_empty(d, i))
			lots->off[lot[member_at(d, i).row] + 1]++;
	for (unsigned l = 0; l < n_lots; l++)
		lots->off[l + 1] += lots->off[l];
	memcpy(at, lots->off, (n_lots + 1) * sizeof(*at));
	for (size_t i = 0; i < d->cap; i++) {
		struct member m;
		size_t to;

		if (is_empty(d, i))
			continue;
		m = member_at(d, i);
		to = at[lot[m.row]]++;
		lots->member[to] = m;
		if (d->counted)
			lots->count[to] = d->count[i];
	}
	mem_free(at);
}

void
distinct_lots_free(struct distinct_lots *l)
{
	mem_free(l->off);
	mem_free(l->member);
	mem_free(l->count);
}

void
distinct_by_row(const struct distinct *d, size_t n_rows, size_t **off, size_t **order)
{
	size_t *o = mem_zero(n_rows + 2, sizeof(*o)), *pos = mem_alloc((d->n + 1) * sizeof(*pos));

	/* Counted two ahead, so that placing leaves the offsets where they belong. */
	for (size_t i = 0; i < d->cap; i++) {
		size_t row;

		if (is_empty(d, i))
			continue;
		row = member_at(d, i).row;
		if (row + 2 <= n_rows)
			o[row + 2]++;
	}
	for (size_t r = 2; r <= n_rows; r++)
		o[r] += o[r - 1];
	for (size_t i = 0; i < d->cap; i++)
		if (!is_empty(d, i))
			pos[o[member_at(d, i).row + 1]++] = i;
	*off = o;
	*order = pos;
}

size_t
distinct_memory(const struct distinct *d)
{
	return d->cap * (member_size(d) + (d->counted ? sizeof(*d->count) : 0));
}

void
distinct_free(struct distinct *d)
{
	if (d->member != NULL)
		mem_free_table(d->member, d->cap * sizeof(*d->member));
	if (d->narrow != NULL)
		mem_free_table(d->narrow, d->cap * sizeof(*d->narrow));
	if (d->count != NULL)
		mem_free_table(d->count, d->cap * sizeof(*d->count));
	*d = (struct distinct){ .counted = d->counted };
}

void
distinct_clear(struct distinct *d)
{
	if (d->wide)
		memset(d->member, 0, d->cap * sizeof(*d->member));
	else if (d->cap > 0)
		memset(d->narrow, 0, d->cap * sizeof(*d->narrow));
	if (d->counted && d->cap > 0)
		memset(d->count, 0, d->cap * sizeof(*d->count));
	d->n = 0;
}
