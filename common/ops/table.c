#include "ops/table.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { FIRST_INDEX = 4096, CHUNK_OCTETS = 1 << 23 };

void
table_init(struct table *t, size_t key_len, size_t n_slots)
{
	*t = (struct table){ .key_len = key_len,
		.stride = key_len + n_slots * 8,
		.seed = hash_seed(),
		.index_cap = FIRST_INDEX };
	while ((t->stride << (t->row_shift + 1)) <= CHUNK_OCTETS)
		t->row_shift++;
	t->index = mem_table(t->index_cap * 8);
}

void
table_free(struct table *t)
{
	if (t->index != NULL)
		mem_free_table(t->index, t->index_cap * 8);
	for (size_t i = 0; i < t->n_chunks; i++)
		mem_free_table(t->chunk[i], t->stride << t->row_shift);
	mem_free(t->chunk);
	*t = (struct table){ 0 };
}

size_t
table_memory(const struct table *t)
{
	return t->index_cap * 8 + t->n_rows * t->stride;
}

/* Entries keep 32 bits of the hash, which place them in the larger index too: no key is read. */
static void
grow_index(struct table *t)
{
	size_t cap = t->index_cap * 4, mask = cap - 1;
	uint64_t *index = mem_table(cap * 8);

	for (size_t i = 0; i < t->index_cap; i++) {
		uint64_t e = t->index[i];
		size_t at = (size_t)(e >> 32) & mask;

		if (e == 0)
			continue;
		while (index[at] != 0)
			at = (at + 1) & mask;
		index[at] = e;
	}
	mem_free_table(t->index, t->index_cap * 8);
	t->index = index;
	t->index_cap = cap;
}

static uint32_t
hash_key(const struct table *t, const uint8_t *key)
{
	uint64_t a, b;

	memcpy(&a, key, 8);
	if (t->key_len == 8)
		return (uint32_t)hash_u64(t->seed, a);
	if (t->key_len == 16) {
		memcpy(&b, key + 8, 8);
		return (uint32_t)hash_u64(hash_u64(t->seed, a), b);
	}
	return (uint32_t)hash_octets(t->seed, key, t->key_len);
}

static inline bool
same_key(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint64_t x, y;

	for (size_t i = 0; i < len; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	return true;
}

static uint32_t
new_row(struct table *t, const uint8_t *key)
{
	uint32_t row = (uint32_t)t->n_rows++;

	if (row >> t->row_shift == t->n_chunks) {
		t->chunk = mem_resize(t->chunk, t->n_chunks + 1, sizeof(*t->chunk));
		t->chunk[t->n_chunks++] = mem_table(t->stride << t->row_shift);
	}
	memcpy(table_row(t, row), key, t->key_len);
	return row;
}

/* The hashes of n keys, with what a lookup touches on its way to the cache. */
static void
approach(const struct table *t, const uint8_t *key, size_t n, uint32_t *hash)
{
	size_t mask = t->index_cap - 1;

	for (size_t i = 0; i < n; i++) {
		hash[i] = hash_key(t, key + i * t->key_len);
		__builtin_prefetch(&t->index[hash[i] & mask]);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t e = t->index[hash[i] & mask];

		if (e >> 32 == hash[i] && e != 0)
			__builtin_prefetch(table_row(t, (uint32_t)e - 1));
	}
}

/* Where the key's entry is, or would be. */
static inline size_t
place_of(const struct table *t, const uint8_t *key, uint32_t hash)
{
	size_t mask = t->index_cap - 1, at = hash & mask;
	uint64_t e;

	for (; (e = t->index[at]) != 0; at = (at + 1) & mask)
		if (e >> 32 == hash && same_key(table_row(t, (uint32_t)e - 1), key, t->key_len))
			break;
	return at;
}

void
table_find(struct table *t, const void *keys, size_t n, uint32_t *rows)
{
	const uint8_t *key = keys;
	uint32_t hash[TABLE_CHUNK];

	if (t->n_rows + n > t->index_cap / 2)
		grow_index(t);
	approach(t, key, n, hash);
	for (size_t i = 0; i < n; i++, key += t->key_len) {
		size_t at = place_of(t, key, hash[i]);
		uint64_t e = t->index[at];

		rows[i] = e != 0 ? (uint32_t)e - 1 : new_row(t, key);
		if (e == 0)
			t->index[at] = (uint64_t)hash[i] << 32 | (rows[i] + 1);
	}
}

void
table_seek(const struct table *t, const void *keys, size_t n, uint32_t *rows)
{
	const uint8_t *key = keys;
	uint32_t hash[TABLE_CHUNK];

	approach(t, key, n, hash);
	for (size_t i = 0; i < n; i++, key += t->key_len) {
		uint64_t e = t->index[place_of(t, key, hash[i])];

		rows[i] = e != 0 ? (uint32_t)e - 1 : TABLE_NONE;
	}
}
