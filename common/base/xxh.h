/*
 * xxh.h - xxHash, compiled into the file that includes this: private to hash.c and hash_wide.c.
 */
#ifndef BASE_XXH_H
#define BASE_XXH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#endif
