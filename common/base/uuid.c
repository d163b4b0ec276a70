#include "base/uuid.h"

#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "base/num.h"

enum { BLOCK = 64, ROUNDS = 80 };

static uint32_t
rotate(uint32_t v, unsigned by)
{
	return v << by | v >> (32 - by);
}

/* Function and constant of a round (FIPS 180-4 4.1.1, 4.2.1). */
static uint32_t
mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round / 20) {
	case 0: return ((b & c) | (~b & d)) + UINT32_C(0x5a827999);
	case 1: return (b ^ c ^ d) + UINT32_C(0x6ed9eba1);
	case 2: return ((b & c) | (b & d) | (c & d)) + UINT32_C(0x8f1bbcdc);
	default: return (b ^ c ^ d) + UINT32_C(0xca62c1d6);
	}
}

static void
take_block(uint32_t h[5], const uint8_t *p)
{
	uint32_t w[ROUNDS], v[5], sum;

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)be_uint(p + i * 4, 4);
	for (unsigned i = 16; i < ROUNDS; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(v, h, sizeof(v));
	for (unsigned i = 0; i < ROUNDS; i++) {
		sum = rotate(v[0], 5) + mix(i, v[1], v[2], v[3]) + v[4] + w[i];
		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotate(v[1], 30);
		v[1] = v[0];
		v[0] = sum;
	}
	for (unsigned i = 0; i < 5; i++)
		h[i] += v[i];
}

void
uuid_sha1(const void *data, size_t n, uint8_t digest[20])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint8_t last[2 * BLOCK] = { 0 };
	const uint8_t *p = data;
	size_t rest = n % BLOCK, end = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;

	for (size_t at = 0; at + BLOCK <= n; at += BLOCK)
		take_block(h, p + at);
	if (rest > 0)
		memcpy(last, p + n - rest, rest);
	last[rest] = 0x80;
	for (unsigned i = 0; i < 8; i++)
		last[end - 1 - i] = (uint8_t)((uint64_t)n * 8 >> (8 * i));
	for (size_t at = 0; at < end; at += BLOCK)
		take_block(h, last + at);
	for (unsigned i = 0; i < 20; i++)
		digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

struct uuid
uuid_of_name(const struct uuid *space, const void *name, size_t n)
{
	uint8_t *joined = mem_alloc(sizeof(space->b) + n + 1), digest[20];
	struct uuid u;

	memcpy(joined, space->b, sizeof(space->b));
	if (n > 0)
		memcpy(joined + sizeof(space->b), name, n);
	uuid_sha1(joined, sizeof(space->b) + n, digest);
	mem_free(joined);
	memcpy(u.b, digest, sizeof(u.b));
	u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x50);
	u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
	return u;
}

void
uuid_put(const struct uuid *u, char text[UUID_TEXT + 1])
{
	static const uint8_t group[] = { 4, 2, 2, 2, 6 };
	const uint8_t *p = u->b;
	char *at = text;

	for (unsigned i = 0; i < sizeof(group); i++) {
		if (i > 0)
			*at++ = '-';
		at += fmt_hex(at, p, group[i]);
		p += group[i];
	}
	*at = '\0';
}
