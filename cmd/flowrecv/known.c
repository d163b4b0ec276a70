/*
 * known.c - the options records known now.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "flow/value.h"
#include "known.h"
#include "partition.h"

/* A slot names the record that has the key last; open addressing, never more than half full. */
struct entry {
	uint64_t key; /* 0: empty */
	uint32_t record;
};
enum { SLOTS = 4 * KNOWN_MAX, OCTETS_MAX = 32 << 20 };

struct known {
	struct batch *all; /* open: every record taken since the last time it was tidied */
	struct batch *copy; /* scratch of tidying, and what known_batch gives of one partition */
	struct entry *slot;
	size_t used; /* slots */
	uint64_t seed;
};

static struct batch *
options_batch(void)
{
	struct batch *b = batch_new();

	b->options = true;
	return b;
}

struct known *
known_new(void)
{
	struct known *k = mem_zero(1, sizeof *k);

	k->all = options_batch();
	k->copy = options_batch();
	k->slot = mem_zero(SLOTS, sizeof *k->slot);
	k->seed = hash_seed();
	return k;
}

void
known_free(struct known *k)
{
	if (k == NULL)
		return;
	batch_free(k->all);
	batch_free(k->copy);
	mem_free(k->slot);
	mem_free(k);
}

/* Does the value of this column tell records apart, or just its being there? */
static bool
is_key(const struct column *c)
{
	if (c->id.pen == PEN_OWN)
		return c->id.id == OWN_EXPORTER || c->id.id == OWN_DOMAIN;
	return (c->flags & COLUMN_SCOPE) != 0;
}

static uint64_t
hash_value(uint64_t h, const struct value *v)
{
	switch (v->type) {
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST: return hash_octets(h, v->s.p, v->s.n);
	case TYPE_IP: return hash_octets(h, v->ip.b, sizeof v->ip.b);
	default: return hash_u64(h, v->u);
	}
}

/* Exporter, domain, scope values and which elements the record has, in whatever order of columns. */
static uint64_t
record_key(const struct known *k, struct batch *b, size_t rec)
{
	uint64_t key = k->seed;

	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = batch_plain(b, i);
		uint64_t id[3] = { c->id.pen, c->id.id, c->id.instance };
		uint64_t h;
		struct value v;

		if ((c->flags & COLUMN_EMPTY) || !column_has(c, rec))
			continue;
		id[2] |= (uint64_t)(c->flags & COLUMN_SCOPE) << 32;
		h = hash_octets(k->seed, id, sizeof id);
		if (is_key(c)) {
			v = value_at(c, rec);
			h = hash_value(h, &v);
		}
		key += h;
	}
	return key != 0 ? key : 1;
}

static struct entry *
find(struct known *k, uint64_t key)
{
	size_t i = key % SLOTS;

	while (k->slot[i].key != 0 && k->slot[i].key != key)
		i = (i + 1) % SLOTS;
	return &k->slot[i];
}

static void
enter(struct known *k, struct batch *b, size_t first)
{
	for (size_t rec = 0; rec < b->n; rec++) {
		uint64_t key = record_key(k, b, rec);
		struct entry *e = find(k, key);

		if (e->key == 0)
			k->used++;
		*e = (struct entry){ .key = key, .record = (uint32_t)(first + rec) };
	}
}

static int
ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* A record's octets in a batch, variable values aside. */
static size_t
row_octets(const struct batch *b)
{
	size_t sum = 0;

	for (unsigned i = 0; i < b->n_cols; i++)
		sum += b->col[i].width != 0 ? b->col[i].width : sizeof *b->col[i].off;
	return sum;
}

static size_t
value_octets(const struct batch *b, size_t rec)
{
	size_t sum = 0;

	for (unsigned i = 0; i < b->n_cols; i++)
		if (b->col[i].width == 0)
			sum += b->col[i].off[rec + 1] - b->col[i].off[rec];
	return sum;
}

/* How many of n records are not among the newest, of which there are at most `most`, in half the memory. */
static size_t
too_old(const struct batch *b, const uint32_t *idx, size_t n, size_t most)
{
	size_t octets = 0, row = row_octets(b), skip = n > most ? n - most : 0, i = n;

	while (i > skip && octets <= OCTETS_MAX / 2)
		octets += row + value_octets(b, idx[--i]);
	return octets > OCTETS_MAX / 2 ? i + 1 : skip;
}

/* Into dst: the latest of every key, in the order they came, at most `most`. */
static void
latest(struct known *k, struct batch *dst, size_t most)
{
	uint32_t *idx = mem_alloc((k->used + 1) * sizeof *idx);
	size_t n = 0, skip;

	for (size_t i = 0; i < SLOTS; i++)
		if (k->slot[i].key != 0)
			idx[n++] = k->slot[i].record;
	qsort(idx, n, sizeof *idx, ascending);
	batch_reset(dst);
	batch_close(k->all);
	skip = too_old(k->all, idx, n, most);
	(void)batch_append(dst, k->all, idx + skip, n - skip);
	batch_close(dst);
	mem_free(idx);
}

static void
forget(struct known *k)
{
	memset(k->slot, 0, SLOTS * sizeof *k->slot);
	k->used = 0;
}

/* Leave out what was replaced, and the oldest when there are too many. */
static void
tidy(struct known *k, size_t most)
{
	struct batch *old = k->all;

	latest(k, k->copy, most);
	k->all = k->copy;
	k->copy = old;
	forget(k);
	enter(k, k->all, 0);
}

void
known_add(struct known *k, struct batch *b)
{
	/* Together they may have all columns of both. */
	size_t first, row = row_octets(k->all) + row_octets(b);

	if (b->n == 0 || b->n > KNOWN_MAX || b->n * row > OCTETS_MAX / 2 ||
	    batch_octets(b) > OCTETS_MAX / 2)
		return;
	if (k->all->n + b->n > 2 * KNOWN_MAX || k->used + b->n > SLOTS / 2 ||
	    batch_octets(k->all) + batch_octets(b) > OCTETS_MAX)
		tidy(k, KNOWN_MAX / 2);
	if ((k->all->n + b->n) * row > 2 * (size_t)OCTETS_MAX)
		tidy(k, OCTETS_MAX / 2 / row);
	first = k->all->n;
	if (batch_append(k->all, b, NULL, b->n) != 0) {
		/* A column has another type now: records that disagree with it are forgotten. */
		batch_reset(k->all);
		forget(k);
		first = 0;
		(void)batch_append(k->all, b, NULL, b->n);
	}
	enter(k, b, first);
}

struct batch *
known_batch(struct known *k, const char *partition)
{
	uint32_t *idx;
	size_t n;

	if (k->used == 0)
		return NULL;
	tidy(k, KNOWN_MAX);
	if (partition[0] == '\0')
		return k->all;
	idx = mem_alloc(k->all->n * sizeof *idx);
	n = partition_options(partition, k->all, idx);
	batch_reset(k->copy);
	(void)batch_append(k->copy, k->all, idx, n);
	batch_close(k->copy);
	mem_free(idx);
	return n > 0 ? k->copy : NULL;
}
