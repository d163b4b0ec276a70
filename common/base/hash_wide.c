/*
 * hash_wide.c - XXH3 in wider units, for processors that have them: hash.c asks.
 */
#include "base/clones.h"

#ifdef CLONES_WIDE
#pragma GCC target("avx2")
#endif

#include "base/hash.h"
#include "base/xxh.h"

uint64_t
hash_xxh3_wide(const void *p, size_t n)
{
	return XXH3_64bits(p, n);
}
