#include "detect/keyed.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { FIRST = 1024 };

void
keyed_init(struct keyed *k, size_t stride, size_t key_len, size_t most)
{
	*k = (struct keyed){ .stride = (uint32_t)stride,
		.key_len = (uint32_t)key_len,
		.most = most < UINT32_MAX ? most : UINT32_MAX - 1 };
}

void
keyed_unindex(struct keyed *k)
{
	if (k->index != NULL)
		mem_free_table(k->index, k->index_cap * sizeof(*k->index));
	k->index = NULL;
	k->index_cap = 0;
}

void
keyed_free(struct keyed *k)
{
	keyed_unindex(k);
	mem_free(k->at);
	k->at = NULL;
	k->n = k->cap = 0;
}

size_t
keyed_memory(const struct keyed *k)
{
	return k->cap * k->stride + k->index_cap * sizeof(*k->index);
}

static uint32_t
hash_of(const struct keyed *k, const void *key)
{
	return (uint32_t)hash_octets(hash_seed(), key, k->key_len);
}

static void
enter(struct keyed *k, uint32_t hash, size_t i)
{
	size_t mask = k->index_cap - 1, at = hash & mask;

	while (k->index[at] != 0)
		at = (at + 1) & mask;
	k->index[at] = (uint64_t)hash << 32 | (i + 1);
}

/* With room for as many again. */
void
keyed_index(struct keyed *k)
{
	keyed_unindex(k);
	k->index_cap = FIRST;
	while (k->index_cap < k->n * 4)
		k->index_cap *= 2;
	k->index = mem_table(k->index_cap * sizeof(*k->index));
	for (size_t i = 0; i < k->n; i++)
		enter(k, hash_of(k, keyed_at(k, i)), i);
}

static size_t
find(const struct keyed *k, const void *key, uint32_t hash)
{
	size_t mask = k->index_cap - 1;
	uint64_t e;

	for (size_t at = hash & mask; (e = k->index[at]) != 0; at = (at + 1) & mask) {
		size_t i = (uint32_t)e - 1;

		if (e >> 32 == hash && memcmp(keyed_at(k, i), key, k->key_len) == 0)
			return i;
	}
	return KEYED_NONE;
}

size_t
keyed_find(const struct keyed *k, const void *key)
{
	return k->index != NULL ? find(k, key, hash_of(k, key)) : KEYED_NONE;
}

size_t
keyed_add(struct keyed *k, const void *key)
{
	uint32_t hash = hash_of(k, key);
	size_t i;

	if (k->index == NULL || k->n * 2 >= k->index_cap)
		keyed_index(k);
	i = find(k, key, hash);
	if (i != KEYED_NONE)
		return i;
	if (k->n >= k->most) {
		k->full++;
		return KEYED_NONE;
	}
	if (k->n == k->cap) {
		k->cap = k->cap ? k->cap + k->cap / 2 : 64;
		k->at = mem_resize(k->at, k->cap, k->stride);
	}
	memcpy(keyed_at(k, k->n), key, k->key_len);
	memset(k->at + k->n * k->stride + k->key_len, 0, k->stride - k->key_len);
	enter(k, hash, k->n);
	return k->n++;
}
