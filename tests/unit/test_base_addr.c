/*
 * test_base_addr.c - addresses, against the C library's inet_ntop and inet_pton.
 */
#include <arpa/inet.h>

#include "base/addr.h"
#include "base/num.h"
#include "tap.h"

static char out[FMT_MAX + 1];

static const char *
ended(size_t n)
{
	out[n] = '\0';
	return out;
}

static uint64_t
random_u64(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Groups are often zero, as that is where the rules are. */
static struct addr
random_addr(void)
{
	uint64_t zero = random_u64();
	struct addr a;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t g = zero >> i & 1 ? 0 : random_u64() & 0xffff >> (random_u64() % 16);

		a.b[2 * i] = (uint8_t)(g >> 8);
		a.b[2 * i + 1] = (uint8_t)g;
	}
	if ((zero >> 20) % 8 == 0)
		memset(a.b, 0, 10);
	return a;
}

static void
test_against_libc(void)
{
	unsigned wrong4 = 0, wrong6 = 0, wrong = 0;
	char want[INET6_ADDRSTRLEN];
	struct addr back;

	for (unsigned k = 0; k < 100000; k++) {
		uint32_t host = (uint32_t)random_u64() >> (random_u64() % 32);
		struct addr a = random_addr();
		struct in_addr in = { htonl(host) };

		inet_ntop(AF_INET, &in, want, sizeof(want));
		wrong4 += strcmp(ended(fmt_ip4(out, host)), want) != 0;
		wrong4 += !parse_ip(want, strlen(want), &back) || !addr_is_v4(&back) ||
			  addr_u32(&back) != host;
		inet_ntop(AF_INET6, a.b, want, sizeof(want));
		wrong6 += strcmp(ended(fmt_ip6(out, &a)), want) != 0;
		wrong6 += !parse_ip(want, strlen(want), &back) || memcmp(&a, &back, 16) != 0;
		ended(fmt_ip(out, &a));
		wrong += !parse_ip(out, strlen(out), &back) || memcmp(&a, &back, 16) != 0;
	}
	is_u64(
	    wrong4, 0, "random IPv4 addresses are written and read as inet_ntop and inet_pton do");
	is_u64(
	    wrong6, 0, "random IPv6 addresses are written and read as inet_ntop and inet_pton do");
	is_u64(wrong, 0, "every address reads back as itself");
}

/* Change one letter of a good address: we and inet_pton must agree on what is left. */
static void
test_refusals_against_libc(void)
{
	static const char letters[] = "0123456789abcdefABF:.: /g";
	unsigned wrong = 0;

	for (unsigned k = 0; k < 200000; k++) {
		struct addr a = random_addr(), back;
		uint8_t libc[16];
		bool good, want;
		size_t n;

		if (k % 2)
			a = addr_v4((uint32_t)random_u64());
		n = fmt_ip(out, &a);
		out[random_u64() % n] = letters[random_u64() % (sizeof(letters) - 1)];
		ended(n);
		good = parse_ip(out, n, &back);
		if (strchr(out, ':'))
			want = inet_pton(AF_INET6, out, libc) == 1;
		else
			want = inet_pton(AF_INET, out, libc) == 1;
		wrong += good != want;
		wrong += good && memcmp(strchr(out, ':') ? back.b : back.b + 12, libc,
				     strchr(out, ':') ? 16 : 4) != 0;
	}
	is_u64(wrong, 0, "what inet_pton refuses is refused, and nothing else");
}

static void
test_forms(void)
{
	/* RFC 5952 4 and 5 */
	static const struct {
		const char *in, *ip, *ip6;
	} t[] = { { "2001:0db8::0001", "2001:db8::1", "2001:db8::1" },
		{ "2001:db8:0:0:0:0:2:1", "2001:db8::2:1", "2001:db8::2:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:DB8::ABCD", "2001:db8::abcd", "2001:db8::abcd" }, { "::", "::", "::" },
		{ "::1", "::1", "::1" }, { "1::", "1::", "1::" },
		{ "::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1" },
		{ "::192.0.2.1", "::192.0.2.1", "::192.0.2.1" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221", "64:ff9b::c000:221" },
		{ "0.0.0.0", "0.0.0.0", "::ffff:0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255", "::ffff:255.255.255.255" } };
	static const char *const bad[] = { "", ".", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4",
		"1.2.3.4 ", " 1.2.3.4", "1..2.3", "1.2.3.", ":", ":::", "1:2", "1::2::3",
		"fe80::1%eth0", "12345::", "1.2.3.4:80", "::1.2.3",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999", "localhost" };
	struct addr a;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		ok(parse_ip(t[i].in, strlen(t[i].in), &a), "address '%s' is read", t[i].in);
		is_str(ended(fmt_ip(out, &a)), t[i].ip, "'%s' in its shortest form", t[i].in);
		is_str(ended(fmt_ip6(out, &a)), t[i].ip6, "'%s' as IPv6", t[i].in);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!parse_ip(bad[i], strlen(bad[i]), &a), "address '%s' is refused", bad[i]);
	ok(!parse_ip("::1\0", 4, &a), "an address with a NUL behind is refused");
	ok(parse_ip("1.2.3.45", 7, &a) && addr_u32(&a) == 0x01020304,
	    "only the given length is read");
}

static void
test_mac(void)
{
	uint64_t mac;

	is_str(ended(fmt_mac(out, UINT64_C(0xffff0123456789ab))), "01:23:45:67:89:ab",
	    "a MAC is its low 48 bits");
	ok(parse_mac("01:23:45:67:89:AB", 17, &mac) && mac == UINT64_C(0x0123456789ab),
	    "a MAC is read");
	ok(parse_mac("01-23-45-67-89-ab", 17, &mac) && mac == UINT64_C(0x0123456789ab),
	    "a MAC with dashes is read");
	ok(!parse_mac("01:23-45:67:89:ab", 17, &mac), "mixed separators are refused");
	ok(!parse_mac("01:23:45:67:89:a", 16, &mac), "a short MAC is refused");
	ok(!parse_mac("01:23:45:67:89:ag", 17, &mac), "other letters are refused");
	ok(!parse_mac("01.23.45.67.89.ab", 17, &mac), "other separators are refused");
}

static void
test_prefix(void)
{
	static const char *const bad[] = { "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
		"10.0.0.0/08", "10.0.0.0/0x8", "10/8", "::/129", "::/1000", "/24", "10.0.0.0/24/24",
		"10.0.0.0/ 8" };
	struct addr a;
	unsigned plen;

	ok(parse_prefix("10.1.2.3/8", 10, &a, &plen) && plen == 104 && addr_u32(&a) == 0x0a010203,
	    "an IPv4 prefix counts in the mapped form and keeps the bits behind");
	ok(parse_prefix("10.1.2.3", 8, &a, &plen) && plen == 128,
	    "an address is a prefix of all bits");
	ok(parse_prefix("0.0.0.0/0", 9, &a, &plen) && plen == 96, "0.0.0.0/0 is all of IPv4");
	ok(parse_prefix("2001:db8::/32", 13, &a, &plen) && plen == 32 && a.b[0] == 0x20,
	    "an IPv6 prefix");
	ok(parse_prefix("::ffff:10.0.0.0/104", 19, &a, &plen) && plen == 104,
	    "a mapped prefix counts as it is written");
	ok(parse_prefix("::/128", 6, &a, &plen) && plen == 128, "all 128 bits");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!parse_prefix(bad[i], strlen(bad[i]), &a, &plen), "prefix '%s' is refused",
		    bad[i]);
}

static void
test_mask(void)
{
	unsigned wrong = 0;

	for (unsigned plen = 0; plen <= 128; plen++) {
		struct addr a;

		memset(a.b, 0xff, 16);
		addr_mask(&a, plen);
		for (unsigned bit = 0; bit < 128; bit++)
			wrong += (a.b[bit / 8] >> (7 - bit % 8) & 1) != (bit < plen);
	}
	is_u64(wrong, 0, "a mask of every length keeps exactly its bits");
}

int
main(void)
{
	test_against_libc();
	test_refusals_against_libc();
	test_forms();
	test_mac();
	test_prefix();
	test_mask();
	return done_testing();
}
