/*
 * seal.h - blocks with hashes that fit what is in them: a fuzzer cannot guess hashes, and what lies behind them is to
 * be reached too.
 */
#ifndef TESTS_SEAL_H
#define TESTS_SEAL_H

#include "base/cursor.h"
#include "base/hash.h"
#include "stream/format.h"

static inline void
put_hash(uint8_t *at, uint64_t h)
{
	memcpy(at, &h, 8);
}

static inline void
seal_selection(uint8_t *p, size_t left)
{
	uint64_t at = le_uint(p + H_SELECTION, 4), end = le_uint(p + H_BLOCK_LEN, 4);

	if ((le_uint(p + H_FLAGS, 2) & BLOCK_SELECTED) && at >= HEADER_LEN && end <= left &&
	    at + S_BITS <= end)
		put_hash(p + at + S_HASH, hash_xxh3(p + at + S_RECORDS, end - at - S_RECORDS));
}

static inline void
seal_block(uint8_t *p, size_t left)
{
	size_t header_len = le_uint(p + H_HEADER_LEN, 4), columns = le_uint(p + H_COLUMNS, 2);

	if (header_len < HEADER_LEN || header_len > left ||
	    columns * ENTRY_LEN > header_len - HEADER_LEN)
		return;
	for (size_t i = 0; i < columns; i++) {
		uint8_t *e = p + HEADER_LEN + i * ENTRY_LEN;
		uint64_t offset = le_uint(e + E_OFFSET, 4), length = le_uint(e + E_LENGTH, 4);

		if (offset + length <= left)
			put_hash(e + E_HASH, le_uint(e + E_FLAGS, 2) & ENTRY_XXH3
						 ? hash_xxh3(p + offset, length)
						 : hash_xxh64(p + offset, length));
	}
	seal_selection(p, left);
	put_hash(p + H_HASH, hash_xxh64_hole(p, header_len, H_HASH));
}

static inline void
seal_all(uint8_t *p, size_t n)
{
	for (size_t at = 0; at + HEADER_LEN <= n;) {
		size_t len = le_uint(p + at + H_BLOCK_LEN, 4);

		if (memcmp(p + at, STREAM_MAGIC, 8) == 0)
			seal_block(p + at, n - at);
		at += len >= HEADER_LEN ? len : 1;
	}
}

#endif
