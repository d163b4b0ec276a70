/*
 * test_uuid.c - SHA-1 by the examples of its standard, identifiers by those of theirs.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/uuid.h"
#include "tap.h"

static const char *
sha1(const char *data, size_t n)
{
	static char text[41];
	uint8_t digest[20];

	uuid_sha1(data, n, digest);
	text[fmt_hex(text, digest, sizeof(digest))] = '\0';
	return text;
}

/* Lengths around those where the padding needs a block more, against sums made with sha1sum(1). */
static void
test_lengths(void)
{
	static const struct {
		size_t n;
		const char *digest;
	} rows[] = {
		{ 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
		{ 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
		{ 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5" },
		{ 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
		{ 65, "11655326c708d70319be2610e8a57d9a5b959d3b" },
	};
	char a[65];

	memset(a, 'a', sizeof(a));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_str(sha1(a, rows[i].n), rows[i].digest, "SHA-1 of %zu octets", rows[i].n);
}

int
main(void)
{
	/* RFC 9562 6.6: the name space of domain names. */
	static const struct uuid dns = { { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80,
	    0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 } };
	char text[UUID_TEXT + 1];
	struct uuid id;

	is_str(sha1("abc", 3), "a9993e364706816aba3e25717850c26c9cd0d89d", "SHA-1: FIPS 180 A.1");
	is_str(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
	    "84983e441c3bd26ebaae4aa1f95129e5e54670f1", "SHA-1: FIPS 180 A.2");
	is_str(sha1("", 0), "da39a3ee5e6b4b0d3255bfef95601890afd80709", "SHA-1 of nothing");
	test_lengths();
	id = uuid_of_name(&dns, "www.example.com", 15);
	uuid_put(&id, text);
	is_str(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2", "version 5: RFC 9562 A.4");
	id = uuid_of_name(&dns, "", 0);
	uuid_put(&id, text);
	ok(text[14] == '5' && strchr("89ab", text[19]) != NULL, "version and variant: %s", text);
	return done_testing();
}
