#include "detect/keyed.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST = 1024 };

void
keyed_init(struct keyed *k, size_t stride, size_t key_len, size_t most)
{
	assert(key_len <= 8 * HASH_WORDS && key_len <= stride);
	*k = (struct keyed){ .stride = (uint32_t)stride,
		.key_len = (uint32_t)key_len,
		.most = most < UINT32_MAX ? most : UINT32_MAX - 1 };
	hash_factors_draw(&k->factors);
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
	if (k->reserved)
		mem_free_table(k->at, k->cap * k->stride);
	else
		mem_free(k->at);
	k->at = NULL;
	k->n = k->cap = 0;
	k->reserved = false;
}

void
keyed_reserve(struct keyed *k)
{
	assert(k->n == 0 && k->at == NULL);
	k->cap = k->most;
	k->at = mem_table(k->cap * k->stride);
	k->reserved = true;
}

size_t
keyed_memory(const struct keyed *k)
{
	return (k->reserved ? k->n : k->cap) * k->stride + k->index_cap * sizeof(*k->index);
}

static inline __attribute__((always_inline)) uint32_t
hash_of(const struct keyed *k, const uint8_t *p, size_t left)
{
	uint64_t h = 0, word;
	size_t i = 0;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		h += hash_word(&k->factors, i++, word);
	}
	if (left > 0) {
		word = 0;
		memcpy(&word, p, left);
		h += hash_word(&k->factors, i, word);
	}
	return (uint32_t)hash_sum(&k->factors, h);
}

/* Inlined with a length that is known, the loop is straight code. */
uint32_t
keyed_hash(const struct keyed *k, const void *key)
{
	switch (k->key_len) {
	case 16: return hash_of(k, key, 16);
	case 24: return hash_of(k, key, 24);
	case 40: return hash_of(k, key, 40);
	default: return hash_of(k, key, k->key_len);
	}
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
		enter(k, keyed_hash(k, keyed_at(k, i)), i);
}

/* Keys are short, and a call for each costs more than the comparison. */
static inline bool
same_key(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (; n >= 8; a += 8, b += 8, n -= 8) {
		uint64_t x, y;

		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		if (x != y)
			return false;
	}
	while (n > 0 && a[n - 1] == b[n - 1])
		n--;
	return n == 0;
}

static size_t
find(const struct keyed *k, const void *key, uint32_t hash)
{
	size_t mask = k->index_cap - 1;
	uint64_t e;

	for (size_t at = hash & mask; (e = k->index[at]) != 0; at = (at + 1) & mask) {
		size_t i = (uint32_t)e - 1;

		if (e >> 32 == hash && same_key(keyed_at(k, i), key, k->key_len))
			return i;
	}
	return KEYED_NONE;
}

size_t
keyed_find(const struct keyed *k, const void *key)
{
	return keyed_find_hashed(k, key, keyed_hash(k, key));
}

size_t
keyed_find_hashed(const struct keyed *k, const void *key, uint32_t hash)
{
	return k->index != NULL ? find(k, key, hash) : KEYED_NONE;
}

void
keyed_prefetch(const struct keyed *k, uint32_t hash)
{
	if (k->index != NULL)
		__builtin_prefetch(&k->index[hash & (k->index_cap - 1)]);
}

void
keyed_prefetch_thing(const struct keyed *k, uint32_t hash)
{
	uint64_t e = k->index != NULL ? k->index[hash & (k->index_cap - 1)] : 0;
	const uint8_t *p;

	if (e == 0 || e >> 32 != hash)
		return;
	p = keyed_at(k, (uint32_t)e - 1);
	for (size_t i = 0; i < k->stride; i += 64)
		__builtin_prefetch(p + i);
}

size_t
keyed_add(struct keyed *k, const void *key)
{
	return keyed_add_hashed(k, key, keyed_hash(k, key));
}

size_t
keyed_add_hashed(struct keyed *k, const void *key, uint32_t hash)
{
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
