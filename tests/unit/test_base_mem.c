/*
 * test_base_mem.c - memory, arenas, buffers, bitmaps, hashes, reasons.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tap.h"

static uint64_t
random_u64(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

static void
test_mem(void)
{
	char *s = mem_string("abc"), *cut = mem_string_n("abcdef", 3),
	     *none = mem_string_n("ab", 5);
	unsigned char *z = mem_zero(100, 3);
	void *p = mem_alloc(0);
	unsigned set = 0;

	is_str(s, "abc", "a string is copied");
	is_str(cut, "abc", "the first octets of a string are copied");
	is_str(none, "ab", "a copy ends with its string");
	for (unsigned i = 0; i < 300; i++)
		set += z[i] != 0;
	is_u64(set, 0, "zeroed memory is zero");
	ok(p != NULL, "nothing is a valid amount of memory");
	p = mem_resize(p, 1000, 8);
	memset(p, 1, 8000);
	p = mem_resize(p, 0, 8);
	ok(p != NULL, "memory can shrink to nothing");
	mem_free(p);
	mem_free(z);
	mem_free(s);
	mem_free(cut);
	mem_free(none);
	mem_free(NULL);
}

static void
test_table(void)
{
	static const size_t sizes[] = { 0, 1, 4096, 5000, (2 << 20) - 1, 2 << 20, (2 << 20) + 1,
		7 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		unsigned char *t = mem_table(sizes[i]);
		size_t set = 0;

		for (size_t k = 0; k < sizes[i]; k++)
			set += t[k];
		ok((uintptr_t)t % (sizes[i] < 2 << 20 ? 4096 : 2 << 20) == 0 && set == 0,
		    "a table of %zu octets is aligned and zero", sizes[i]);
		memset(t, 1, sizes[i]);
		mem_free_table(t, sizes[i]);
	}
	mem_free_table(NULL, 10);
}

static void
test_grow(void)
{
	static const struct {
		size_t n, more;
	} sizes[] = { { 1, 4096 }, { 4096, 1 << 20 }, { 1 << 20, 4 << 20 }, { 2 << 20, 4 << 20 },
		{ (2 << 20) + 1, 16 << 20 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n = sizes[i].n, more = sizes[i].more, kept = 0, set = 0;
		unsigned char *t = mem_table(n);

		memset(t, 7, n);
		t = mem_grow_table(t, n, more);
		for (size_t k = 0; k < more; k++) {
			kept += k < n && t[k] == 7;
			set += k >= n && t[k] != 0;
		}
		ok(kept == n && set == 0, "a table of %zu octets keeps them as one of %zu", n,
		    more);
		mem_free_table(t, more);
	}
}

static void
test_arena(void)
{
	struct arena a = { 0 };
	unsigned misaligned = 0, overlapping = 0;
	void *first[3] = { NULL, NULL, NULL };

	for (unsigned round = 0; round < 3; round++) {
		unsigned char *last = NULL;

		for (unsigned i = 0; i < 1000; i++) {
			size_t n = (size_t)i * i % 5000 + (i == 500 ? 20 << 20 : 0);
			unsigned char *p = arena_alloc(&a, n);

			if (i == 999)
				first[round] = p;
			misaligned += (uintptr_t)p % ARENA_ALIGN != 0;
			overlapping += last != NULL && last[0] != (unsigned char)(i - 1);
			memset(p, (int)(i & 255), n + 64);
			last = p;
		}
		arena_reset(&a);
	}
	is_u64(misaligned, 0, "arena memory is aligned");
	is_u64(overlapping, 0, "arena memory and the slack behind do not overlap");
	ok(first[1] == first[2], "after a reset the same chunks are used again");
	is_str(arena_string(&a, "abcdef", 3), "abc", "a string in an arena is ended");
	ok(*(char *)arena_zero(&a, 1) == 0, "zeroed arena memory is zero");
	arena_free(&a);
	ok(a.first == NULL && a.current == NULL, "a freed arena is empty");
	arena_free(&a);
}

static void
test_buf(void)
{
	struct buf b = { 0 };
	size_t wrong = 0;

	is_str(buf_cstr(&b), "", "an empty buffer is an empty string");
	buf_puts(&b, "abc");
	buf_putc(&b, 'd');
	buf_put(&b, "ef", 2);
	buf_put(&b, NULL, 0);
	buf_printf(&b, "%d", 42);
	is_str(buf_cstr(&b), "abcdef42", "text is appended");
	b.len = 0;
	buf_printf(&b, "%0300d%s", 7, "end");
	ok(b.len == 303 && strcmp(buf_cstr(&b) + 299, "7end") == 0, "long text is formatted whole");
	b.len = 0;
	for (unsigned i = 0; i < 100000; i++)
		buf_putc(&b, (char)i);
	for (unsigned i = 0; i < 100000; i++)
		wrong += b.data[i] != (char)i;
	ok(wrong == 0 && b.len == 100000, "a buffer grows");
	buf_free(&b);
	ok(b.data == NULL && b.len == 0 && b.cap == 0, "a freed buffer is empty");
}

static void
test_bits(void)
{
	unsigned wrong_range = 0, wrong_indexes = 0, wrong_fill = 0;
	uint32_t idx[512];
	uint64_t w[8], f[8];

	for (unsigned k = 0; k < 20000; k++) {
		size_t n = random_u64() % 513, first = n ? random_u64() % n : 0,
		       len = random_u64() % (n - first + 1);
		size_t found, at = 0;

		memset(w, 0, sizeof(w));
		bits_set_range(w, first, len);
		for (size_t i = 0; i < 512; i++)
			wrong_range += bits_get(w, i) != (i >= first && i < first + len);
		for (size_t i = 0; n && i < n; i += 1 + random_u64() % 90)
			bits_set(w, i);
		found = bits_indexes(w, n, idx);
		wrong_indexes += found != bits_count(w, n);
		for (size_t i = 0; i < n; i++)
			if (bits_get(w, i))
				wrong_indexes += at >= found || idx[at++] != i;
		memset(f, 0, sizeof(f));
		bits_fill(f, n);
		for (size_t i = 0; i < 512; i++)
			wrong_fill += bits_get(f, i) != (i < n);
	}
	is_u64(wrong_range, 0, "ranges of every place and length are set exactly");
	is_u64(wrong_indexes, 0, "indexes are the set bits in order");
	is_u64(wrong_fill, 0, "filling sets the valid bits only");
}

static void
test_hash(void)
{
	/* https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md and `printf … | xxhsum -H1` */
	static const struct {
		size_t n;
		uint64_t hash;
	} xxh3[] = {
		/* libxxhash 0.8.1, of octets i * i >> 3 */
		{ 0, UINT64_C(0x2d06800538d394c2) },
		{ 3, UINT64_C(0xeb5d658bb22f286b) },
		{ 100, UINT64_C(0xc598146f967fa5eb) },
		{ 200, UINT64_C(0xcb1fc4b9823a5066) },
		{ 300, UINT64_C(0x1c315d2113ef824e) },
		{ 1024, UINT64_C(0xfe3cd84c9e97a5ad) },
		{ 1025, UINT64_C(0x881819e841095f20) },
		{ 5000, UINT64_C(0xdd9891de816b182f) },
	};
	static unsigned char squares[5000];
	unsigned char data[300];
	unsigned wrong = 0, same = 0;

	ok(hash_xxh64("", 0) == UINT64_C(0xef46db3751d8e999), "XXH64 of nothing");
	ok(hash_xxh64("abc", 3) == UINT64_C(0x44bc2cf5ad770999), "XXH64 of abc");
	for (size_t i = 0; i < sizeof(squares); i++)
		squares[i] = (unsigned char)(i * i >> 3);
	for (size_t i = 0; i < sizeof(xxh3) / sizeof(xxh3[0]); i++)
		wrong += hash_xxh3(squares, xxh3[i].n) != xxh3[i].hash;
	is_u64(wrong, 0, "XXH3 of all lengths");
	for (size_t n = 8; n <= sizeof(data); n++) {
		size_t hole = random_u64() % (n - 7);
		uint64_t got;

		for (size_t i = 0; i < n; i++)
			data[i] = (unsigned char)random_u64();
		got = hash_xxh64_hole(data, n, hole);
		memset(data + hole, 0, 8);
		wrong += got != hash_xxh64(data, n);
	}
	is_u64(wrong, 0, "a hole hashes as zeros, wherever it is");
	ok(hash_seed() == hash_seed() && hash_seed() != 0, "a process has one seed");
	ok(hash_octets(1, "abc", 3) == hash_octets(1, "abc", 3), "the same octets hash the same");
	for (uint64_t i = 0; i < 1000; i++) {
		same += hash_octets(i, "abc", 3) == hash_octets(i + 1, "abc", 3);
		same +=
		    hash_u64(1, i) == hash_u64(1, i + 1) || hash_u64(i, 1) == hash_u64(i + 1, 1);
	}
	is_u64(same, 0, "another seed or key is another hash");
}

static void
test_err(void)
{
	struct err err = { 0 };

	ok(err_set(&err, "offset %d: cut", 7) == -1 && err.status == EXIT_FAILED,
	    "a reason is a failure");
	is_str(err.text, "offset 7: cut", "a reason is formatted");
	ok(err_usage(&err, "later") == -1 && err.status == EXIT_FAILED,
	    "a second reason returns -1 too");
	is_str(err.text, "offset 7: cut", "the first reason is kept");
	err = (struct err){ 0 };
	ok(err_usage(&err, "%0600d", 1) == -1 && err.status == EXIT_USAGE,
	    "wrong usage has its own status");
	is_u64(strlen(err.text), sizeof(err.text) - 1, "a long reason is cut");
	err = (struct err){ 0 };
	errno = ENOSPC;
	ok(err_system(&err, "cannot write %s", "x") == -1 && err.status == EXIT_FAILED,
	    "what the system refused is a failure");
	errno = 0;
	is_str(err.text, "cannot write x: No space left on device", "it says why");
	is_u64((uint64_t)err.error, ENOSPC, "as a number too, whatever errno is by then");
	errno = EPIPE;
	(void)err_system(&err, NULL);
	is_u64((uint64_t)err.error, ENOSPC, "the first reason is kept with its number");
	err = (struct err){ 0 };
	(void)err_system(&err, NULL);
	is_str(err.text, "Broken pipe", "a reason may stand alone");
}

int
main(void)
{
	test_mem();
	test_table();
	test_grow();
	test_arena();
	test_buf();
	test_bits();
	test_hash();
	test_err();
	return done_testing();
}
