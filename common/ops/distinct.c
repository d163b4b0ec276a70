#include "ops/distinct.h"

#include "base/hash.h"
#include "base/mem.h"

enum {
	FIRST_CAPACITY = 4096,
	QUICKLY = 4 << 20, /* octets: below it a table grows in great steps */
	MEMBER_INTERNED = 0x100,
	CHUNK = 256,
};

/* The table ------------------------------------------------------------------------------------- */

static uint64_t
hash_member(const struct member *m)
{
	return hash_u64(hash_u64(hash_seed(), m->v), (uint64_t)m->kind << 32 | m->row);
}

/* A place of a table of narrow members, whose count is the next word. */
static inline uint64_t *
narrow_at(const struct distinct *d, size_t at)
{
	return &d->narrow[at << d->counted];
}

static uint64_t *
count_at(const struct distinct *d, size_t at)
{
	return d->wide ? &d->count[at] : narrow_at(d, at) + 1;
}

static bool
is_empty(const struct distinct *d, size_t at)
{
	return d->wide ? d->member[at].kind == 0 : *narrow_at(d, at) == 0;
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

static inline uint64_t *
narrow_place(const struct distinct *d, uint64_t m, uint64_t hash)
{
	size_t mask = d->cap - 1, at = hash & mask;

	while (*narrow_at(d, at) != 0 && *narrow_at(d, at) != m)
		at = (at + 1) & mask;
	return narrow_at(d, at);
}

static uint64_t
pack(uint32_t row, uint64_t v)
{
	return (uint64_t)(row + 1) << 32 | v;
}

static bool
insert(struct distinct *d, const struct member *m, uint64_t count)
{
	bool fresh;

	if (d->wide) {
		size_t at = place_of(d, m);

		fresh = d->member[at].kind == 0;
		d->member[at] = *m;
		if (d->counted)
			d->count[at] += count;
	} else {
		uint64_t packed = pack(m->row, m->v);
		uint64_t *at = narrow_place(d, packed, hash_u64(hash_seed(), packed));

		fresh = *at == 0;
		*at = packed;
		if (d->counted)
			at[1] += count;
	}
	d->n += fresh;
	return fresh;
}

static struct member
member_at(const struct distinct *d, size_t at)
{
	uint64_t packed;

	if (d->wide)
		return d->member[at];
	packed = *narrow_at(d, at);
	return (struct member){ packed & UINT32_MAX, (uint32_t)(packed >> 32) - 1, d->type };
}

static size_t
narrow_octets(const struct distinct *d)
{
	return (d->cap << d->counted) * sizeof(*d->narrow);
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
		new.narrow = mem_table_there(narrow_octets(&new));
	if (wide && new.counted)
		new.count = mem_table_there(cap * sizeof(*new.count));
	for (size_t i = 0; i < d->cap; i++) {
		struct member m;

		if (is_empty(d, i))
			continue;
		m = member_at(d, i);
		(void)insert(&new, &m, d->counted ? *count_at(d, i) : 1);
	}
	distinct_free(d);
	*d = new;
}

static void
reserve(struct distinct *d, size_t extra)
{
	if (d->n + extra > d->cap / 8 * 5)
		rebuild(d,
		    d->cap == 0 ? FIRST_CAPACITY : d->cap * (distinct_memory(d) < QUICKLY ? 4 : 2),
		    d->wide);
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

static inline __attribute__((always_inline)) void
add_narrow_by(struct distinct *d, const uint32_t *rows, const uint64_t *v, const uint64_t *counts,
    size_t n, bool *fresh, bool counted)
{
	uint64_t hash[CHUNK], seed = hash_seed();

	d->counted = counted; /* known where this is compiled */
	for (size_t i = 0; i < n; i++) {
		hash[i] = hash_u64(seed, pack(rows[i], v[i]));
		__builtin_prefetch(narrow_at(d, hash[i] & (d->cap - 1)), 1);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t packed = pack(rows[i], v[i]), *at = narrow_place(d, packed, hash[i]);

		fresh[i] = *at == 0;
		*at = packed;
		d->n += fresh[i];
		if (counted)
			at[1] += counts ? counts[i] : 1;
	}
}

static void
add_narrow(struct distinct *d, const uint32_t *rows, const uint64_t *v, const uint64_t *counts,
    size_t n, bool *fresh)
{
	if (d->counted)
		add_narrow_by(d, rows, v, counts, n, fresh, true);
	else
		add_narrow_by(d, rows, v, counts, n, fresh, false);
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
		.count = d->counted ? *count_at(d, place) : 1 };
	return true;
}

/* Places are empty or not by chance: what is written of an empty one is written over. */
size_t
distinct_members(
    const struct distinct *d, size_t at, size_t end, struct member *to, uint64_t *count)
{
	size_t n = 0;

	for (; at < end; at++) {
		to[n] = member_at(d, at);
		if (count != NULL)
			count[n] = d->counted ? *count_at(d, at) : 1;
		n += !is_empty(d, at);
	}
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
	uint64_t packed = pack(m->row, m->v);

	if (!may_have(d, m))
		return false;
	if (d->wide)
		return d->member[place_of(d, m)].kind != 0;
	return *narrow_place(d, packed, hash_u64(hash_seed(), packed)) != 0;
}

void
distinct_expect(const struct distinct *d, const struct member *m)
{
	uint64_t packed = pack(m->row, m->v);

	if (!may_have(d, m))
		return;
	if (d->wide)
		__builtin_prefetch(&d->member[hash_member(m) & (d->cap - 1)]);
	else
		__builtin_prefetch(narrow_at(d, hash_u64(hash_seed(), packed) & (d->cap - 1)));
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
			lots->count[to] = *count_at(d, i);
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
	if (d->wide)
		return d->cap * (sizeof(*d->member) + (d->counted ? sizeof(*d->count) : 0));
	return narrow_octets(d);
}

void
distinct_free(struct distinct *d)
{
	if (d->member != NULL)
		mem_free_table(d->member, d->cap * sizeof(*d->member));
	if (d->narrow != NULL)
		mem_free_table(d->narrow, narrow_octets(d));
	if (d->count != NULL)
		mem_free_table(d->count, d->cap * sizeof(*d->count));
	*d = (struct distinct){ .counted = d->counted };
}

void
distinct_clear(struct distinct *d)
{
	if (d->member != NULL)
		memset(d->member, 0, d->cap * sizeof(*d->member));
	if (d->narrow != NULL)
		memset(d->narrow, 0, narrow_octets(d));
	if (d->count != NULL)
		memset(d->count, 0, d->cap * sizeof(*d->count));
	d->n = 0;
}
