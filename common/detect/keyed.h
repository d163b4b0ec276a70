/*
 * keyed.h - an array of things that begin with their key, and an index to find them by it.
 *
 * The index is there while things are added; an array that is sorted by other means may go without.  Things move when
 * one is added: who keeps one keeps its position.  Keys are network data, so the hash is seeded.
 */
#ifndef DETECT_KEYED_H
#define DETECT_KEYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define KEYED_NONE SIZE_MAX

struct keyed {
	uint8_t *at;
	size_t n, cap, most; /* most: bound, nothing is added beyond it */
	uint32_t stride, key_len; /* octets of a thing and of the key, without holes */
	/* Hash << 32 | position + 1, open addressing; NULL: to be made when needed. */
	uint64_t *index;
	size_t index_cap;
	bool reserved; /* at has room for all that may come */
	uint64_t full; /* times that something found no room */
	struct hash_factors factors;
};

/* Keys are of at most 8 * HASH_WORDS octets. */
void keyed_init(struct keyed *, size_t stride, size_t key_len, size_t most);
void keyed_free(struct keyed *);

/*
 * While it is empty: take room for all that may come, on huge pages; what is never written to is no memory yet.  For
 * those that grow large and are looked into at random: a third of the time went into finding their pages.
 */
void keyed_reserve(struct keyed *);

/* Position of the thing with this key, KEYED_NONE: there is none, or no index. */
size_t keyed_find(const struct keyed *, const void *key);

/* The same, made where there is none: its key, and zero behind it.  KEYED_NONE: there is no room (counted). */
size_t keyed_add(struct keyed *, const void *key);

/*
 * The same in steps, so that the cache misses of many overlap: hash a chunk of keys, prefetch them all, prefetch what
 * they lead to, then add or find one after the other.
 */
uint32_t keyed_hash(const struct keyed *, const void *key);
void keyed_prefetch(const struct keyed *, uint32_t hash);
void keyed_prefetch_thing(const struct keyed *, uint32_t hash);
size_t keyed_add_hashed(struct keyed *, const void *key, uint32_t hash);
size_t keyed_find_hashed(const struct keyed *, const void *key, uint32_t hash);

/* Make the index of what is there. */
void keyed_index(struct keyed *);

/* Forget the index: positions will change, or nothing is looked for. */
void keyed_unindex(struct keyed *);

size_t keyed_memory(const struct keyed *);

static inline void *
keyed_at(const struct keyed *k, size_t i)
{
	return k->at + i * k->stride;
}

#endif
