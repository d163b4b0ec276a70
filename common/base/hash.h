/*
 * hash.h - XXH64 and XXH3 for integrity (seed 0, as flowstream(5) says) and seeded hashes for tables.
 *
 * Tables keyed by network data use a seed drawn at start, so nobody can aim at collisions.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH64 with seed 0 of n octets. */
uint64_t hash_xxh64(const void *, size_t n);

/* XXH3 (64 bits) with seed 0 of n octets: two to four times as fast.  The second is hash.c's own. */
uint64_t hash_xxh3(const void *, size_t n);
uint64_t hash_xxh3_wide(const void *, size_t n);

/* hash_xxh64, of the octets with the 8 at offset `hole` taken as zero (hole + 8 <= n). */
uint64_t hash_xxh64_hole(const void *, size_t n, size_t hole);

/* A seed from the kernel's random source, drawn once per process. */
uint64_t hash_seed(void);

/* Seeded hash of n octets, for tables. */
uint64_t hash_octets(uint64_t seed, const void *, size_t n);

/* Seeded hash of one 64-bit key, for tables; a multiply-xor mix. */
static inline uint64_t
hash_u64(uint64_t seed, uint64_t key)
{
	uint64_t h = (key ^ seed) * UINT64_C(0x9fb21c651e98df25);

	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/*
 * Of a key of several words: the sum of each times a secret odd number (multilinear hashing, Carter and Wegman 1979),
 * then mixed.  The products do not wait for one another.
 */
enum { HASH_WORDS = 8 };
struct hash_factors {
	uint64_t of[HASH_WORDS];
};
void hash_factors_draw(struct hash_factors *); /* the same for all of a process */

/* What the i-th word adds to the sum. */
static inline uint64_t
hash_word(const struct hash_factors *f, size_t i, uint64_t word)
{
	return (word ^ word >> 32) * f->of[i];
}

static inline uint64_t
hash_sum(const struct hash_factors *f, uint64_t sum)
{
	return hash_u64(f->of[0], sum);
}

#endif
