#include "ops/table.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

/*
 * The first chunk of rows is for those who need no more; the others are cut from slabs that huge pages
 * serve.  An index grows fourfold while that is little memory.
 */
enum { FIRST_BITS = 12, QUICK_BITS = 18, MOST_BITS = 31, CHUNK_OCTETS = 1 << 18, SLAB = 32 };

void
table_init(struct table *t, size_t key_len, size_t n_slots)
{
	size_t tail = key_len % 8 == 0 ? key_len + 4 : key_len;

	assert(key_len % 4 == 0);
	*t = (struct table){ .key_len = key_len,
		.tail = tail,
		.stride = tail + sizeof(uint32_t) + n_slots * 8,
		.index_bits = FIRST_BITS };
	hash_factors_draw(&t->factors);
	while ((t->stride << (t->row_shift + 1)) <= CHUNK_OCTETS)
		t->row_shift++;
	t->index = mem_table_there(sizeof(*t->index) << t->index_bits);
}

void
table_free(struct table *t)
{
	size_t chunk = t->stride << t->row_shift;

	if (t->index != NULL)
		mem_free_table(t->index, sizeof(*t->index) << t->index_bits);
	if (t->n_chunks > 0)
		mem_free_table(t->chunk[0], chunk);
	for (size_t i = 1; i < t->n_chunks; i += SLAB)
		mem_free_table(t->chunk[i], chunk * SLAB);
	mem_free(t->chunk);
	*t = (struct table){ 0 };
}

void
table_clear(struct table *t)
{
	size_t rows = (size_t)1 << t->row_shift;

	memset(t->index, 0, sizeof(*t->index) << t->index_bits);
	for (size_t i = 0; i * rows < t->n_rows; i++)
		memset(t->chunk[i], 0,
		    (t->n_rows - i * rows < rows ? t->n_rows - i * rows : rows) * t->stride);
	t->n_rows = 0;
}

size_t
table_memory(const struct table *t)
{
	return (sizeof(*t->index) << t->index_bits) + t->n_rows * t->stride;
}

/* Hashing --------------------------------------------------------------------------------------- */

/* Inlined with a length that is known, loops over a key are straight code. */
static inline uint32_t
hash_key(const struct hash_factors *f, const uint8_t *key, size_t len)
{
	uint64_t sum = 0, w;
	uint32_t last = 0;

	for (size_t i = 0; i + 8 <= len; i += 8) {
		if (i > 0 && i % (8 * HASH_WORDS) == 0)
			sum = hash_sum(f, sum);
		memcpy(&w, key + i, 8);
		sum += hash_word(f, i / 8 % HASH_WORDS, w);
	}
	if (len % 8 != 0)
		memcpy(&last, key + len - 4, 4);
	return (uint32_t)hash_u64(sum, f->of[HASH_WORDS - 1] ^ last);
}

static inline bool
same_key(const uint8_t *a, const uint8_t *b, size_t len)
{
	uint32_t x, y;

	memcpy(&x, a + len - 4, 4);
	memcpy(&y, b + len - 4, 4);
	if (x != y)
		return false;
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint64_t v, w;

		memcpy(&v, a + i, 8);
		memcpy(&w, b + i, 8);
		if (v != w)
			return false;
	}
	return true;
}

static inline __attribute__((always_inline)) void
hash_keys(const struct hash_factors *f, const uint8_t *key, size_t len, size_t stride, size_t n,
    uint32_t *hash)
{
	for (size_t i = 0; i < n; i++, key += stride)
		hash[i] = hash_key(f, key, len);
}

void
table_hashes(const struct table *t, const void *keys, size_t stride, size_t n, uint32_t *hash)
{
	switch (t->key_len) {
	case 4: hash_keys(&t->factors, keys, 4, stride, n, hash); break;
	case 12: hash_keys(&t->factors, keys, 12, stride, n, hash); break;
	case 20: hash_keys(&t->factors, keys, 20, stride, n, hash); break;
	default: hash_keys(&t->factors, keys, t->key_len, stride, n, hash);
	}
}

/* Index ----------------------------------------------------------------------------------------- */

static inline uint32_t
index_mask(const struct table *t)
{
	return (UINT32_C(1) << t->index_bits) - 1;
}

/* Where the rest of a hash stands in an entry, behind the row's number. */
static inline uint32_t
entry_tag(const struct table *t, uint32_t hash)
{
	return hash & ~index_mask(t);
}

static void
index_rows(struct table *t, uint32_t first, uint32_t n)
{
	uint32_t mask = index_mask(t), hash[TABLE_CHUNK];

	for (uint32_t i = 0; i < n; i++) {
		hash[i] = hash_key(&t->factors, table_row(t, first + i), t->key_len);
		__builtin_prefetch(&t->index[hash[i] & mask], 1);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = hash[i] & mask;

		while (t->index[at] != 0)
			at = (at + 1) & mask;
		t->index[at] = entry_tag(t, hash[i]) | (first + i + 1);
	}
}

static void
grow_index(struct table *t)
{
	mem_free_table(t->index, sizeof(*t->index) << t->index_bits);
	t->index_bits += t->index_bits < QUICK_BITS ? 2 : 1;
	assert(t->index_bits <= MOST_BITS);
	t->index = mem_table_there(sizeof(*t->index) << t->index_bits);
	for (size_t i = 0; i < t->n_rows; i += TABLE_CHUNK)
		index_rows(t, (uint32_t)i,
		    (uint32_t)(t->n_rows - i < TABLE_CHUNK ? t->n_rows - i : TABLE_CHUNK));
}

/*
 * Finding -----------------------------------------------------------------------------------------
 *
 * Loops work on a copy of the table, which stays in registers: for all that a compiler knows, what they write could be
 * the table itself.
 */

static void
more_rows(struct table *t)
{
	size_t chunk = t->stride << t->row_shift, n = t->n_chunks == 0 ? 1 : SLAB;
	uint8_t *slab = mem_table(chunk * n);

	t->chunk = mem_resize(t->chunk, t->n_chunks + n, sizeof(*t->chunk));
	for (size_t i = 0; i < n; i++)
		t->chunk[t->n_chunks++] = slab + i * chunk;
}

static inline uint32_t
new_row(struct table *t, const uint8_t *key, size_t len)
{
	uint32_t row = (uint32_t)t->n_rows++;

	if (row >> t->row_shift == t->n_chunks)
		more_rows(t);
	table_copy_key(table_row(t, row), key, len);
	return row;
}

/* The hashes of n keys, with what a lookup touches on its way to the cache. */
static inline __attribute__((always_inline)) void
approach(const struct table *t, const uint8_t *key, size_t len, size_t n, uint32_t *hash)
{
	uint32_t mask = index_mask(t);

	for (size_t i = 0; i < n; i++) {
		hash[i] = hash_key(&t->factors, key + i * len, len);
		__builtin_prefetch(&t->index[hash[i] & mask]);
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t e = t->index[hash[i] & mask];

		if (e != 0 && ((e ^ hash[i]) & ~mask) == 0)
			__builtin_prefetch(table_row(t, (e & mask) - 1));
	}
}

/* Where the key's entry is, or would be. */
static inline __attribute__((always_inline)) uint32_t
place_of(const struct table *t, const uint8_t *key, size_t len, uint32_t hash)
{
	uint32_t mask = index_mask(t), at = hash & mask, e;

	for (; (e = t->index[at]) != 0; at = (at + 1) & mask)
		if (((e ^ hash) & ~mask) == 0 && same_key(table_row(t, (e & mask) - 1), key, len))
			break;
	return at;
}

static inline __attribute__((always_inline)) void
find(struct table *t, const uint8_t *key, size_t len, size_t n, uint32_t *rows)
{
	struct table own = *t;
	uint32_t mask = index_mask(t), hash[TABLE_CHUNK];

	approach(&own, key, len, n, hash);
	for (size_t i = 0; i < n; i++, key += len) {
		uint32_t at = place_of(&own, key, len, hash[i]), e = own.index[at];

		if (e != 0) {
			rows[i] = (e & mask) - 1;
			continue;
		}
		rows[i] = new_row(t, key, len);
		own.index[at] = entry_tag(&own, hash[i]) | (rows[i] + 1);
		own.chunk = t->chunk;
	}
}

/* Functions of their own, so that the registers of each are its own. */
#define FIND(LEN) \
	static __attribute__((noinline)) void find_##LEN( \
	    struct table *t, const uint8_t *keys, size_t n, uint32_t *rows) \
	{ \
		find(t, keys, LEN, n, rows); \
	}
FIND(4)
FIND(12)
FIND(16)
FIND(20)
FIND(24)
FIND(36)

void
table_find(struct table *t, const void *keys, size_t n, uint32_t *rows)
{
	while (t->n_rows + n > (UINT64_C(3) << t->index_bits) / 4)
		grow_index(t);
	switch (t->key_len) {
	case 4: find_4(t, keys, n, rows); break;
	case 12: find_12(t, keys, n, rows); break;
	case 16: find_16(t, keys, n, rows); break;
	case 20: find_20(t, keys, n, rows); break;
	case 24: find_24(t, keys, n, rows); break;
	case 36: find_36(t, keys, n, rows); break;
	default: find(t, keys, t->key_len, n, rows);
	}
}

static inline __attribute__((always_inline)) void
seek(const struct table *t, const uint8_t *key, size_t len, size_t n, uint32_t *rows)
{
	struct table own = *t;
	uint32_t mask = index_mask(t), hash[TABLE_CHUNK];

	approach(&own, key, len, n, hash);
	for (size_t i = 0; i < n; i++, key += len) {
		uint32_t e = own.index[place_of(&own, key, len, hash[i])];

		rows[i] = e != 0 ? (e & mask) - 1 : TABLE_NONE;
	}
}

void
table_seek(const struct table *t, const void *keys, size_t n, uint32_t *rows)
{
	switch (t->key_len) {
	case 16: seek(t, keys, 16, n, rows); break;
	case 24: seek(t, keys, 24, n, rows); break;
	default: seek(t, keys, t->key_len, n, rows);
	}
}
