/*
 * hash.c - XXH64 and XXH3 for integrity, seeded XXH3 for tables (https://xxhash.com).
 */
#include "base/hash.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clones.h"
#include "base/xxh.h"

uint64_t
hash_xxh64(const void *p, size_t n)
{
	return XXH64(p, n, 0);
}

uint64_t
hash_xxh3(const void *p, size_t n)
{
#ifdef CLONES_WIDE
	if (__builtin_cpu_supports("avx2"))
		return hash_xxh3_wide(p, n);
#endif
	return XXH3_64bits(p, n);
}

uint64_t
hash_xxh64_hole(const void *p, size_t n, size_t hole)
{
	/* Room in front: gcc takes the library's end - 32, only computed, for an access. */
	static const uint8_t zeros[40], *zero = zeros + 32;
	const uint8_t *octets = p;
	XXH64_state_t state;

	assert(n >= 8 && hole <= n - 8);
	XXH64_reset(&state, 0);
	XXH64_update(&state, octets, hole);
	XXH64_update(&state, zero, 8);
	XXH64_update(&state, octets + hole + 8, n - hole - 8);
	return XXH64_digest(&state);
}

static uint64_t
draw_seed(void)
{
	struct timespec ts;
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed) && seed != 0)
		return seed;
	/* Before the kernel's source is ready: the clock and the process are better than nothing. */
	clock_gettime(CLOCK_REALTIME, &ts);
	return hash_u64((uint64_t)ts.tv_nsec, (uint64_t)ts.tv_sec ^ (uint64_t)getpid() << 32) | 1;
}

/* Threads that ask first at the same time each draw one; the first to store it wins. */
uint64_t
hash_seed(void)
{
	static _Atomic uint64_t process_seed;
	uint64_t none = 0, drawn;

	if (atomic_load(&process_seed) != 0)
		return atomic_load(&process_seed);
	drawn = draw_seed();
	return atomic_compare_exchange_strong(&process_seed, &none, drawn) ? drawn : none;
}

uint64_t
hash_octets(uint64_t seed, const void *p, size_t n)
{
	return XXH3_64bits_withSeed(p, n, seed);
}

void
hash_factors_draw(struct hash_factors *f)
{
	for (size_t i = 0; i < HASH_WORDS; i++)
		f->of[i] = hash_u64(hash_seed(), i + 1) | 1;
}
