/*
 * test_thin.c - planes in less than an octet a record: of every number of bits, as they are and as codes, sparse ones
 * with gaps of every length; what is not thin; and parts that lie.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "random_batch.h"
#include "stream/block.h"
#include "stream/pack.h"
#include "stream/thin.h"
#include "tap.h"

enum { MOST = 70000 };

static uint8_t plane[MOST + SLACK], part[MOST + SLACK], again[MOST + SLACK];

static const size_t counts[] = { 512, 513, 519, 575, 1000, 1024, 1025, 4099, 65536, MOST };
enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };

/* To a part and back.  0: it is not thin, or comes back as something else; else the part's length. */
static size_t
to_and_back(size_t n, struct thin *t)
{
	size_t len;

	memset(part, 0xa5, sizeof part);
	memset(again, 0xa5, sizeof again);
	if (!thin_find(t, plane, n))
		return 0;
	len = thin_pack(part, t, plane, n);
	if (len > t->len || len >= n || part[t->len + 8] != 0xa5)
		return 0;
	memset(part + len, 0xff, 64); /* which must not matter */
	if (t->bits > 0 && n * t->bits % 64 > 0) { /* and this must */
		part[len - 1] ^= 0x80;
		if (thin_unpack(again, n, part, len))
			return 0;
		part[len - 1] ^= 0x80;
	}
	return thin_unpack(again, n, part, len) && memcmp(plane, again, n) == 0 ? len : 0;
}

/* Octets of so many bits; or as many others, from `shift` on. */
static void
few_bits(unsigned bits, unsigned shift)
{
	uint64_t s = bits;
	unsigned wrong = 0, longer = 0;
	struct thin t;

	for (unsigned k = 0; k < COUNTS; k++) {
		size_t n = counts[k], len;

		for (size_t i = 0; i < n; i++)
			plane[i] = (uint8_t)((rnd_below(&s, 1U << bits) << shift) + (shift > 0));
		len = to_and_back(n, &t);
		wrong += len == 0 || t.bits != bits || t.coded != (shift > 0);
		longer += len > THIN_HEAD + n * bits / 8 + 8;
	}
	is_u64(wrong, 0, "octets of %u bits from bit %u come back", bits, shift);
	is_u64(longer, 0, "and take no more");
}

/* One octet of so many is not zero, and some stand together. */
static void
few_octets(size_t one_of)
{
	uint64_t s = one_of;
	unsigned wrong = 0, longer = 0;
	struct thin t;

	for (unsigned k = 0; k < COUNTS; k++) {
		size_t n = counts[k], octets = 0, len;

		memset(plane, 0, sizeof plane);
		plane[n - 1] = one_of % 2 ? 7 : 0;
		for (size_t i = 0; i < n; i++)
			if (rnd_below(&s, one_of) == 0 || i == 300 || i == 301)
				plane[i] = (uint8_t)rnd(&s) | 128;
		for (size_t i = 0; i < n; i++)
			octets += plane[i] != 0;
		len = to_and_back(n, &t);
		wrong += len == 0 || t.bits != 0;
		longer += len > THIN_HEAD + 2 * (octets + n / 256);
	}
	is_u64(wrong, 0, "one octet of %zu among zeros comes back", one_of);
	is_u64(longer, 0, "and takes two octets");
}

static void
gaps(void)
{
	struct thin t;
	unsigned wrong = 0;

	for (size_t gap = 0; gap < 1100; gap++) {
		memset(plane, 0, sizeof plane);
		plane[gap] = 200;
		plane[2 * gap + 1] = 255;
		wrong += to_and_back(4099, &t) == 0 || t.bits != 0;
	}
	is_u64(wrong, 0, "any number of zeros may stand before an octet");
}

/* Octets that many records in a row have. */
static void
runs(size_t length)
{
	uint64_t s = length;
	unsigned wrong = 0, longer = 0;
	struct thin t;

	for (unsigned k = 0; k < COUNTS; k++) {
		size_t n = counts[k], changes = 0, len;

		for (size_t i = 0; i < n; i++) {
			plane[i] = i == 0 || rnd_below(&s, length) == 0
				       ? (uint8_t)rnd_below(&s, k % 2 ? 2 : 256)
				       : plane[i - 1];
			changes += i == 0 || plane[i] != plane[i - 1];
		}
		len = to_and_back(n, &t);
		wrong += len == 0;
		longer += len > THIN_HEAD + 2 * (changes + n / 256);
	}
	is_u64(wrong, 0, "octets that %zu records in a row have come back", length);
	is_u64(longer, 0, "and take two for each run");
}

static void
all_the_same(void)
{
	struct thin t;
	unsigned wrong = 0;

	for (unsigned v = 0; v < 256; v++) {
		memset(plane, (int)v, sizeof plane);
		wrong += to_and_back(1024, &t) == 0;
	}
	is_u64(wrong, 0, "octets that are all the same come back");
}

static void
not_thin(void)
{
	uint64_t s = 1;
	struct thin t;
	unsigned found = 0;

	for (size_t i = 0; i < MOST; i++)
		plane[i] = (uint8_t)rnd(&s);
	for (unsigned k = 0; k < COUNTS; k++)
		found += thin_find(&t, plane, counts[k]);
	is_u64(found, 0, "octets of eight bits are not thin");
	memset(plane, 0, sizeof plane);
	for (size_t n = 0; n < THIN_LEAST; n++)
		found += thin_find(&t, plane, n);
	is_u64(found, 0, "nor are few of them");
	for (size_t i = 0; i < MOST; i++)
		plane[i] = (uint8_t)(rnd_below(&s, 17) * 15);
	ok(!thin_find(&t, plane, 4099), "nor are 17 large ones");
}

/* Parts that say what is not so are refused; what is written of them stays within the plane's room. */
static void
lies(void)
{
	enum { N = 1000, LEN = THIN_HEAD + (N * 5 + 63) / 64 * 8 };
	struct thin t;
	uint64_t s = 1;
	unsigned taken = 0;
	uint32_t items = 10;

	for (size_t i = 0; i < N; i++)
		plane[i] = (uint8_t)rnd_below(&s, 32);
	is_u64(to_and_back(N, &t), LEN, "a part of five bits");
	for (size_t len = 0; len < N; len++)
		taken += len != LEN && thin_unpack(again, N, part, len);
	is_u64(taken, 0, "of another length is refused");
	for (size_t n = 0; n < 2000; n++)
		taken += (n * 5 + 63) / 64 != (N * 5 + 63) / 64 && thin_unpack(again, n, part, LEN);
	is_u64(taken, 0, "and for another number of records");
	for (unsigned bits = 0; bits < 256; bits++) {
		part[THIN_BITS] = (uint8_t)bits;
		taken += bits != 5 && thin_unpack(again, N, part, LEN);
	}
	part[THIN_BITS] = 5;
	is_u64(taken, 0, "and of other bits");
	for (unsigned coded = 1; coded < 256; coded++) {
		part[THIN_CODED] = (uint8_t)coded;
		taken += thin_unpack(again, N, part, LEN);
	}
	part[THIN_CODED] = 0;
	for (unsigned i = 2; i < 16; i++) {
		part[i] = 1;
		taken += thin_unpack(again, N, part, LEN);
		part[i] = 0;
	}
	is_u64(taken, 0, "and with another head");

	memset(part, 0, sizeof part);
	memcpy(part + THIN_ITEMS, &items, sizeof items);
	memset(part + THIN_HEAD, 99, items);
	ok(thin_unpack(again, N, part, THIN_HEAD + 20),
	    "ten items of a hundred records fit a thousand");
	part[THIN_HEAD + 3]++;
	ok(!thin_unpack(again, N, part, THIN_HEAD + 20), "and not one more");
	part[THIN_HEAD + 3]--;
	for (size_t len = 0; len < N; len++)
		taken += len != THIN_HEAD + 20 && thin_unpack(again, N, part, len);
	for (unsigned i = 1; i < THIN_HEAD; i++) {
		part[i] ^= 2;
		taken += thin_unpack(again, N, part, THIN_HEAD + 20);
		part[i] ^= 2;
	}
	is_u64(taken, 0, "another length or head is refused");
}

/* A packer takes the shortest, and of a frame only one that is shorter by so much. */
static void
packed(int level)
{
	struct packer *p = pack_new(level);
	struct buf out = { 0 };
	size_t len, unpacked;
	uint64_t s = 7;

	for (size_t i = 0; i < 65536; i++)
		plane[i] = (uint8_t)rnd_below(&s, 27);
	len = pack_plane(p, &out, plane, 65536, &unpacked);
	ok(len == unpacked && len == THIN_HEAD + 65536 * 5 / 8 && out.len == len &&
		thin_unpack(again, 65536, (uint8_t *)out.data, len) &&
		memcmp(plane, again, 65536) == 0,
	    "level %d: noise of 27 octets is thin", level);
	for (size_t i = 0; i < 65536; i++)
		plane[i] = (uint8_t)(i / 8192);
	out.len = 0;
	len = pack_plane(p, &out, plane, 65536, &unpacked);
	ok(level == 0 ? len == unpacked && len < 600 : unpacked == 65536 && len < 200,
	    "level %d: long runs are a frame where that is much less", level);
	buf_free(&out);
	pack_free(p);
}

int
main(void)
{
	for (unsigned bits = 1; bits < 8; bits++)
		few_bits(bits, 0);
	for (unsigned bits = 1; bits < 5; bits++)
		few_bits(bits, 4);
	few_octets(30);
	few_octets(33);
	few_octets(1000);
	few_octets(100001);
	gaps();
	runs(30);
	runs(255);
	runs(1000);
	runs(100000);
	all_the_same();
	not_thin();
	lies();
	packed(0);
	packed(1);
	packed(3);
	return done_testing();
}
