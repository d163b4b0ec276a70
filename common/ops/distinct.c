#include "ops/distinct.h"

#include "base/hash.h"
#include "base/mem.h"

enum { FIRST_CAPACITY = 4096, MEMBER_INTERNED = 0x100, CHUNK = 256 };

static uint64_t
hash_member(const struct member *m)
{
	return hash_u64(hash_u64(hash_seed(), m->v), (uint64_t)m->kind << 32 | m->row);
}

static bool
insert(struct distinct *d, const struct member *m, uint64_t hash)
{
	size_t mask = d->cap - 1, at = hash & mask;

	for (; d->member[at].kind != 0; at = (at + 1) & mask)
		if (d->member[at].v == m->v && d->member[at].row == m->row &&
		    d->member[at].kind == m->kind)
			return false;
	d->member[at] = *m;
	d->n++;
	return true;
}

static void
reserve(struct distinct *d, size_t extra)
{
	struct distinct grown = { 0 };

	if (d->n + extra <= d->cap / 8 * 5)
		return;
	grown.cap = d->cap ? d->cap * 2 : FIRST_CAPACITY;
	grown.member = mem_table(grown.cap * sizeof(*grown.member));
	for (size_t i = 0; i < d->cap; i++)
		if (d->member[i].kind != 0)
			(void)insert(&grown, &d->member[i], hash_member(&d->member[i]));
	distinct_free(d);
	*d = grown;
}

bool
distinct_add(struct distinct *d, uint32_t row, const struct cell *c, struct intern *in)
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
	reserve(d, 1);
	return insert(d, &m, hash_member(&m));
}

void
distinct_add_words(struct distinct *d, const uint32_t *rows, const uint64_t *v, enum type type,
    size_t n, bool *fresh)
{
	uint64_t hash[CHUNK];

	reserve(d, n);
	for (size_t i = 0; i < n; i++) {
		struct member m = { v[i], rows[i], type };

		hash[i] = hash_member(&m);
		__builtin_prefetch(&d->member[hash[i] & (d->cap - 1)]);
	}
	for (size_t i = 0; i < n; i++)
		fresh[i] = insert(d, &(struct member){ v[i], rows[i], type }, hash[i]);
}

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

void
distinct_by_row(const struct distinct *d, size_t n_rows, size_t **off, size_t **order)
{
	size_t *o = mem_zero(n_rows + 2, sizeof(*o)), *pos = mem_alloc((d->n + 1) * sizeof(*pos));

	/* Counted two ahead, so that placing leaves the offsets where they belong. */
	for (size_t i = 0; i < d->cap; i++)
		if (d->member[i].kind != 0 && d->member[i].row + (size_t)2 <= n_rows)
			o[d->member[i].row + 2]++;
	for (size_t r = 2; r <= n_rows; r++)
		o[r] += o[r - 1];
	for (size_t i = 0; i < d->cap; i++)
		if (d->member[i].kind != 0)
			pos[o[d->member[i].row + 1]++] = i;
	*off = o;
	*order = pos;
}

size_t
distinct_memory(const struct distinct *d)
{
	return d->cap * sizeof(*d->member);
}

void
distinct_free(struct distinct *d)
{
	if (d->member != NULL)
		mem_free_table(d->member, d->cap * sizeof(*d->member));
	*d = (struct distinct){ 0 };
}
