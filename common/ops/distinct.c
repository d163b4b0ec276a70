#include "ops/distinct.h"

#include "base/hash.h"
#include "base/mem.h"

enum {
	FIRST_CAPACITY = 4096,
	QUICKLY = 4 << 20, /* octets: below it a table grows in great steps */
	LOW_MEMBERS = 16384, /* so many at least, of so many rows at most, may have an array */
	LOW_ROWS = 8,
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
is_low(const struct distinct *d, uint32_t row, uint64_t v)
{
	return row < d->low_rows && v >> DISTINCT_LOW_BITS == 0;
}

/* Its place, if it has one. */
static uint64_t *
low_at(const struct distinct *d, uint32_t row, uint64_t v)
{
	return &d->low[(size_t)row << DISTINCT_LOW_BITS | v];
}

static bool
add_low(struct distinct *d, uint32_t row, uint64_t v, uint64_t count)
{
	uint64_t *at = low_at(d, row, v);
	bool fresh = *at == 0;

	*at = d->counted ? *at + count : 1;
	d->n_low += fresh;
	return fresh;
}

static bool
insert(struct distinct *d, const struct member *m, uint64_t count)
{
	bool fresh;

	if (m->kind == d->type && is_low(d, m->row, m->v))
		return add_low(d, m->row, m->v, count);
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

/* What stands at a place of the table: how often it was added, 1 unless counted; 0: nothing, and *m is void. */
static uint64_t
table_at(const struct distinct *d, size_t at, struct member *m)
{
	uint64_t packed;

	if (d->wide) {
		*m = d->member[at];
		return m->kind == 0 ? 0 : d->counted ? d->count[at] : 1;
	}
	packed = *narrow_at(d, at);
	*m = (struct member){ packed & UINT32_MAX, (uint32_t)(packed >> 32) - 1, d->type };
	return packed == 0 ? 0 : d->counted ? narrow_at(d, at)[1] : 1;
}

/* The same of all places. */
static uint64_t
member_at(const struct distinct *d, size_t at, struct member *m)
{
	size_t low = distinct_low_places(d);

	if (at >= low)
		return table_at(d, at - low, m);
	*m = (struct member){ at & ((UINT64_C(1) << DISTINCT_LOW_BITS) - 1),
		(uint32_t)(at >> DISTINCT_LOW_BITS), d->type };
	return d->low[at];
}

static size_t
narrow_octets(const struct distinct *d)
{
	return (d->cap << d->counted) * sizeof(*d->narrow);
}

static size_t
low_octets(const struct distinct *d)
{
	return distinct_low_places(d) * sizeof(*d->low);
}

/* The same set with an empty table. */
static struct distinct
with_table(const struct distinct *d, size_t cap, bool wide)
{
	struct distinct new = *d;

	new.wide = wide;
	new.cap = cap;
	new.n = 0;
	new.narrow = NULL;
	new.member = NULL;
	new.count = NULL;
	if (wide)
		new.member = mem_table_there(cap * sizeof(*new.member));
	else
		new.narrow = mem_table_there(narrow_octets(&new));
	if (wide && new.counted)
		new.count = mem_table_there(cap * sizeof(*new.count));
	return new;
}

static void
move_members(struct distinct *to, const struct distinct *from)
{
	struct member m;
	uint64_t count;

	for (size_t i = 0; i < from->cap; i++)
		if ((count = table_at(from, i, &m)) > 0)
			(void)insert(to, &m, count);
}

/* Narrow members of places [first, end) of a table that has grown to where they belong now. */
static void
spread_stretch(struct distinct *d, size_t first, size_t end)
{
	uint64_t seed = hash_seed();
	bool counted = d->counted;

	for (; first < end; first += CHUNK) {
		uint16_t taken[CHUNK];
		size_t n = 0;

		for (size_t i = 0; i < CHUNK && first + i < end; i++) {
			taken[n] = (uint16_t)i;
			n += *narrow_at(d, first + i) != 0;
		}
		for (size_t k = 0; k < n; k++) {
			uint64_t *from = narrow_at(d, first + taken[k]), m = *from, *to;

			*from = 0;
			to = narrow_place(d, m, hash_u64(seed, m));
			*to = m;
			if (counted && to != from) {
				to[1] = from[1];
				from[1] = 0;
			}
		}
	}
}

/*
 * A narrow table of more places, where it is.  Members leave in the order of their places, the first of which follows
 * an empty one: each finds its new place at or before the one it leaves, or beyond the places of before, and so never
 * meets one that has yet to leave.
 */
static void
grow_narrow(struct distinct *d, size_t cap)
{
	size_t before = d->cap, octets = narrow_octets(d), empty = 0;

	d->cap = cap;
	d->narrow = mem_grow_table(d->narrow, octets, narrow_octets(d));
	while (*narrow_at(d, empty) != 0)
		empty++;
	spread_stretch(d, empty + 1, before);
	spread_stretch(d, 0, empty);
}

/* What the set has of tables is that of another now. */
static void
take_table(struct distinct *d, const struct distinct *new)
{
	d->low = NULL;
	d->low_rows = 0;
	distinct_free(d);
	*d = *new;
}

/* The table in another size or form. */
static void
rebuild(struct distinct *d, size_t cap, bool wide)
{
	struct distinct new;

	if (!wide && d->cap > 0) {
		grow_narrow(d, cap);
		return;
	}
	new = with_table(d, cap, wide);
	move_members(&new, d);
	take_table(d, &new);
}

/* The rows of a table whose members are mostly small; 0: there are too many, or they are not. */
static uint32_t
rows_of_small(const struct distinct *d)
{
	uint32_t rows = 0;
	size_t n = 0;
	struct member m;

	for (size_t i = 0; i < d->cap && rows <= LOW_ROWS; i++) {
		if (table_at(d, i, &m) == 0)
			continue;
		rows = m.row < rows ? rows : m.row + 1;
		n += m.kind == d->type && m.v >> DISTINCT_LOW_BITS == 0;
	}
	return rows <= LOW_ROWS && n > d->n / 2 ? rows : 0;
}

/* What is low leaves the table. */
static void
begin_low(struct distinct *d, uint32_t rows)
{
	struct distinct new;

	if (rows == 0)
		return;
	d->low_rows = rows;
	d->low = mem_table_there(low_octets(d));
	new = with_table(d, d->cap, d->wide);
	move_members(&new, d);
	take_table(d, &new);
}

static bool
is_full(const struct distinct *d, size_t extra)
{
	return d->n + extra > d->cap / 8 * 5;
}

static void
reserve(struct distinct *d, size_t extra)
{
	if (is_full(d, extra) && d->low == NULL && d->n >= LOW_MEMBERS)
		begin_low(d, rows_of_small(d));
	if (is_full(d, extra))
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

static void
add_to_table(struct distinct *d, const uint32_t *rows, const uint64_t *v, const uint64_t *counts,
    enum type type, size_t n, bool *fresh)
{
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

/*
 * Add those that are low, as add_low but that compilers know the set to stay; the others' places, and how many these
 * are.
 */
static size_t
add_low_words(struct distinct *d, const uint32_t *rows, const uint64_t *v, const uint64_t *counts,
    size_t n, bool *fresh, uint16_t *other)
{
	uint16_t low[CHUNK];
	uint64_t *array = d->low;
	bool counted = d->counted;
	uint32_t n_rows = d->low_rows;
	size_t n_low = 0, n_other = 0, n_fresh = 0;

	for (size_t i = 0; i < n; i++) {
		bool is = rows[i] < n_rows && v[i] >> DISTINCT_LOW_BITS == 0;

		low[n_low] = other[n_other] = (uint16_t)i;
		n_low += is;
		n_other += !is;
	}
	for (size_t k = 0; k < n_low; k++) {
		size_t i = low[k];
		uint64_t *at = array + ((size_t)rows[i] << DISTINCT_LOW_BITS | v[i]), was = *at;

		*at = counted ? was + (counts ? counts[i] : 1) : 1;
		fresh[i] = was == 0;
		n_fresh += was == 0;
	}
	d->n_low += n_fresh;
	return n_other;
}

void
distinct_add_words(struct distinct *d, const uint32_t *rows, const uint64_t *v,
    const uint64_t *counts, enum type type, size_t n, bool *fresh)
{
	uint32_t row[CHUNK];
	uint64_t word[CHUNK], count[CHUNK], bits = 0;
	uint16_t other[CHUNK];
	bool is_fresh[CHUNK];

	for (size_t i = 0; i < n; i++)
		bits |= v[i];
	admit(d, type, bits);
	reserve(d, n);
	if (d->low == NULL || type != d->type) {
		add_to_table(d, rows, v, counts, type, n, fresh);
		return;
	}
	n = add_low_words(d, rows, v, counts, n, fresh, other);
	if (n == 0)
		return;
	for (size_t k = 0; k < n; k++) {
		row[k] = rows[other[k]];
		word[k] = v[other[k]];
		count[k] = counts ? counts[other[k]] : 1;
	}
	add_to_table(d, row, word, count, type, n, is_fresh);
	for (size_t k = 0; k < n; k++)
		fresh[other[k]] = is_fresh[k];
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
	uint64_t count = member_at(d, place, &m);

	if (count == 0)
		return false;
	*item =
	    (struct distinct_item){ .row = m.row, .cell = distinct_cell(&m, in), .count = count };
	return true;
}

/*
 * Places are empty or not by chance: what is written of an empty one is written over.  What is written might be of the
 * set itself, as far as compilers know, but not of a copy.
 */
size_t
distinct_members(
    const struct distinct *d, size_t at, size_t end, struct member *to, uint64_t *count)
{
	const struct distinct copy = *d;
	size_t n = 0;

	for (; at < end; at++) {
		uint64_t times = member_at(&copy, at, &to[n]);

		if (count != NULL)
			count[n] = times;
		n += times > 0;
	}
	return n;
}

/* A narrow table has members of one type, and small ones. */
static bool
may_have(const struct distinct *d, const struct member *m)
{
	return distinct_count(d) > 0 && (d->wide || (m->kind == d->type && m->v <= UINT32_MAX));
}

bool
distinct_has(const struct distinct *d, const struct member *m)
{
	uint64_t packed = pack(m->row, m->v);

	if (!may_have(d, m))
		return false;
	if (m->kind == d->type && is_low(d, m->row, m->v))
		return *low_at(d, m->row, m->v) > 0;
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
	if (m->kind == d->type && is_low(d, m->row, m->v))
		__builtin_prefetch(low_at(d, m->row, m->v));
	else if (d->wide)
		__builtin_prefetch(&d->member[hash_member(m) & (d->cap - 1)]);
	else
		__builtin_prefetch(narrow_at(d, hash_u64(hash_seed(), packed) & (d->cap - 1)));
}

void
distinct_divide(
    const struct distinct *d, const uint8_t *lot, unsigned n_lots, struct distinct_lots *lots)
{
	size_t *at = mem_alloc((n_lots + 1) * sizeof(*at)), places = distinct_places(d),
	       n = distinct_count(d);
	struct member m;
	uint64_t count;

	lots->off = mem_zero(n_lots + 1, sizeof(*lots->off));
	lots->member = mem_alloc((n + 1) * sizeof(*lots->member));
	lots->count = d->counted ? mem_alloc((n + 1) * sizeof(*lots->count)) : NULL;
	for (size_t i = 0; i < places; i++)
		if (member_at(d, i, &m) > 0)
			lots->off[lot[m.row] + 1]++;
	for (unsigned l = 0; l < n_lots; l++)
		lots->off[l + 1] += lots->off[l];
	memcpy(at, lots->off, (n_lots + 1) * sizeof(*at));
	for (size_t i = 0; i < places; i++) {
		size_t to;

		if ((count = member_at(d, i, &m)) == 0)
			continue;
		to = at[lot[m.row]]++;
		lots->member[to] = m;
		if (d->counted)
			lots->count[to] = count;
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
	size_t *o = mem_zero(n_rows + 2, sizeof(*o)),
	       *pos = mem_alloc((distinct_count(d) + 1) * sizeof(*pos)),
	       places = distinct_places(d);
	const struct distinct copy = *d; /* as in distinct_members */
	struct member m;

	/* Counted two ahead, so that placing leaves the offsets where they belong. */
	for (size_t i = 0; i < places; i++)
		if (member_at(&copy, i, &m) > 0 && (size_t)m.row + 2 <= n_rows)
			o[m.row + 2]++;
	for (size_t r = 2; r <= n_rows; r++)
		o[r] += o[r - 1];
	for (size_t i = 0; i < places; i++)
		if (member_at(&copy, i, &m) > 0)
			pos[o[m.row + 1]++] = i;
	*off = o;
	*order = pos;
}

size_t
distinct_memory(const struct distinct *d)
{
	size_t wide = sizeof(*d->member) + (d->counted ? sizeof(*d->count) : 0);

	return low_octets(d) + (d->wide ? d->cap * wide : narrow_octets(d));
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
	if (d->low != NULL)
		mem_free_table(d->low, low_octets(d));
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
	if (d->low != NULL)
		memset(d->low, 0, low_octets(d));
	d->n = d->n_low = 0;
}
