/*
 * Fragments: which belong together, what contradicts what, and datagrams cut anywhere in any order.
 */
#include <stdlib.h>

#include "base/num.h"
#include "net/fragment.h"
#include "tap.h"

static uint64_t state = 1;

static size_t
below(size_t n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(state >> 33) % n;
}

/* Octets of datagrams: each differs from its neighbours. */
static const uint8_t *
octets(void)
{
	static uint8_t all[FRAGMENT_OCTETS + 64];

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)(i * 7 + i / 256);
	return all;
}

/* Octets [from, to) of datagram id. */
static struct packet
fragment(uint32_t id, size_t from, size_t to, bool more)
{
	return (struct packet){ .version = 4,
		.proto = 17,
		.id = id,
		.src = addr_v4(0x0a000001),
		.dst = addr_v4(0x0a000002),
		.fragment = true,
		.more = more,
		.offset = (uint16_t)from,
		.payload = cur_over(octets() + from, to - from),
		.payload_len = (uint32_t)(to - from) };
}

static bool
whole_is(const struct packet *whole, size_t n)
{
	return whole->payload_len == n && cur_left(&whole->payload) == n && !whole->fragment &&
	       !whole->more && whole->offset == 0 && memcmp(whole->payload.p, octets(), n) == 0;
}

/* Cut in pieces that come in any order, some twice, or a part of one again. */
static void
test_any_order(void)
{
	enum { PIECES = 40 };
	struct fragments *f = fragments_new();
	size_t early = 0, missing = 0, other = 0;
	uint64_t dropped = 0;

	for (uint32_t id = 0; id < 2000; id++) {
		size_t at[PIECES + 1] = { 0 }, n = 2 + below(PIECES - 1), order[PIECES], total;
		struct packet whole;
		bool done = false;

		for (size_t i = 1; i <= n; i++)
			at[i] = at[i - 1] + 8 * (1 + below(20));
		total = at[n] -= below(8);
		for (size_t i = 0; i < n; i++) {
			size_t k = below(i + 1);

			order[i] = order[k];
			order[k] = i;
		}
		for (size_t i = 0; i < n; i++) {
			struct packet p =
			    fragment(id, at[order[i]], at[order[i] + 1], order[i] < n - 1);

			early += done;
			done = fragments_add(f, &p, id, &whole, &dropped);
			if (i < n - 1 && below(3) == 0)
				early += fragments_add(f, &p, id, &whole, &dropped);
			if (i < n - 1 && order[i] < n - 1 && below(3) == 0) {
				p = fragment(id,
				    at[order[i]] + (at[order[i] + 1] > at[order[i]] + 8 ? 8 : 0),
				    at[order[i] + 1], true);
				early += fragments_add(f, &p, id, &whole, &dropped);
			}
		}
		missing += !done;
		other += done && !whole_is(&whole, total);
	}
	is_u64(early, 0, "fragments: no datagram is whole before all of it is there");
	is_u64(missing, 0, "fragments: then it is");
	is_u64(other, 0, "fragments: as it was");
	is_u64(dropped + fragments_drop(f), 0, "fragments: nothing is dropped, nothing is held");
	fragments_free(f);
}

/* Two halves that differ in something are of two datagrams. */
static void
test_together(void)
{
	static const char *const what[] = { "nothing", "the identification", "the version",
		"the protocol", "the source", "the destination" };

	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (unsigned i = 0; i < 6; i++) {
			struct fragments *f = fragments_new();
			struct packet a = fragment(1, 0, 16, true), b = fragment(1, 16, 32, false),
				      whole;
			bool one = i == 0 || (v6 && i == 3), got;
			uint64_t dropped = 0;

			a.version = b.version = v6 ? 6 : 4;
			switch (i) {
			case 1: b.id = 2; break;
			case 2: b.version ^= 2; break;
			case 3: b.proto = 6; break;
			case 4: b.src.b[15]++; break;
			case 5: b.dst.b[15]++; break;
			}
			(void)fragments_add(f, &b, 0, &whole, &dropped);
			got = fragments_add(f, &a, 0, &whole, &dropped);
			ok(got == one && (!one || whole_is(&whole, 32)),
			    "fragments: of IPv%u, which differ in %s, are %s", v6 ? 6 : 4, what[i],
			    one ? "one" : "two");
			if (one)
				is_u64(whole.proto, 17, "fragments: with the first one's protocol");
			is_u64(fragments_drop(f), one ? 0 : 2, "fragments: others are held");
			fragments_free(f);
		}
	}
}

enum part { NEXT, LAST, OTHER }; /* another is behind it; none; one of other octets */

/* Whatever contradicts dooms all of its datagram, what comes later too. */
static void
test_contradictions(void)
{
	static const uint8_t others[64] = { 1 };
	static const struct {
		const char *name;
		struct {
			uint16_t from, to;
			enum part part;
		} parts[4];
		bool whole;
	} cases[] = {
		{ "in order",
		    { { 0, 16, NEXT }, { 16, 32, NEXT }, { 32, 48, NEXT }, { 48, 64, LAST } },
		    true },
		{ "the last first",
		    { { 48, 64, LAST }, { 32, 48, NEXT }, { 0, 16, NEXT }, { 16, 32, NEXT } },
		    true },
		{ "again", { { 0, 32, NEXT }, { 0, 32, NEXT }, { 8, 16, NEXT }, { 32, 64, LAST } },
		    true },
		{ "again, with other octets",
		    { { 0, 32, NEXT }, { 0, 32, OTHER }, { 0, 32, NEXT }, { 32, 64, LAST } },
		    false },
		{ "a part again, with other octets",
		    { { 0, 32, NEXT }, { 8, 16, OTHER }, { 16, 32, NEXT }, { 32, 64, LAST } },
		    false },
		{ "beginning within another",
		    { { 0, 32, NEXT }, { 24, 48, NEXT }, { 32, 48, NEXT }, { 48, 64, LAST } },
		    false },
		{ "ending within another",
		    { { 32, 64, LAST }, { 0, 40, NEXT }, { 0, 32, NEXT }, { 0, 32, NEXT } },
		    false },
		{ "around another",
		    { { 16, 24, NEXT }, { 0, 32, NEXT }, { 0, 32, NEXT }, { 32, 64, LAST } },
		    false },
		{ "beyond the last",
		    { { 32, 64, LAST }, { 64, 72, NEXT }, { 0, 32, NEXT }, { 0, 32, NEXT } },
		    false },
		{ "two last ones",
		    { { 32, 64, LAST }, { 64, 72, LAST }, { 0, 32, NEXT }, { 0, 32, NEXT } },
		    false },
		{ "a last one again, that ends earlier",
		    { { 32, 64, LAST }, { 32, 48, LAST }, { 0, 32, NEXT }, { 0, 32, NEXT } },
		    false },
		{ "a last one before others",
		    { { 32, 48, NEXT }, { 16, 32, LAST }, { 0, 16, NEXT }, { 0, 16, NEXT } },
		    false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fragments *f = fragments_new();
		struct packet whole;
		uint64_t dropped = 0;
		bool got = false;

		for (size_t k = 0; k < 4; k++) {
			struct packet p = fragment(9, cases[i].parts[k].from, cases[i].parts[k].to,
			    cases[i].parts[k].part != LAST);

			if (cases[i].parts[k].part == OTHER)
				p.payload = cur_over(others, p.payload_len);
			got |= fragments_add(f, &p, 0, &whole, &dropped);
		}
		ok(got == cases[i].whole && (!got || whole_is(&whole, 64)), "fragments: %s: %s",
		    cases[i].name, cases[i].whole ? "a datagram" : "none");
		is_u64(dropped, cases[i].whole ? 0 : 4, "fragments: whose fragments are counted");
		is_u64(fragments_drop(f), 0, "fragments: once");
		fragments_free(f);
	}
}

/* A fragment that cannot be one. */
static void
test_impossible(void)
{
	struct fragments *f = fragments_new();
	struct packet p, whole;
	uint64_t dropped = 0;
	bool got = false;

	p = fragment(1, 0, 16, true);
	p.payload = cur_over(octets(), 15); /* cut by the capture */
	got |= fragments_add(f, &p, 0, &whole, &dropped);
	p = fragment(1, 0, 0, true);
	got |= fragments_add(f, &p, 0, &whole, &dropped);
	p = fragment(1, 0, 12, true);
	got |= fragments_add(f, &p, 0, &whole, &dropped);
	is_u64(dropped, 3, "fragments: cut, empty and of odd length are dropped");
	p = fragment(1, 0, 16, true);
	got |= fragments_add(f, &p, 0, &whole, &dropped);
	ok(!got, "fragments: none is a datagram");
	p = fragment(1, 16, 17, false);
	ok(fragments_add(f, &p, 0, &whole, &dropped) && whole_is(&whole, 17),
	    "fragments: and they do no harm to another one's; the last may be of any length");
	fragments_free(f);
}

/* Up to the longest datagram, the most gaps, the greatest age. */
static void
test_ends(void)
{
	struct fragments *f = fragments_new();
	struct packet p, whole;
	uint64_t dropped = 0;
	bool got = false;

	p = fragment(1, 65528, FRAGMENT_OCTETS, false);
	got |= fragments_add(f, &p, 0, &whole, &dropped);
	p = fragment(1, 0, 32768, true);
	got |= fragments_add(f, &p, 0, &whole, &dropped);
	p = fragment(1, 32768, 65528, true);
	ok(!got && fragments_add(f, &p, 0, &whole, &dropped) && whole_is(&whole, FRAGMENT_OCTETS),
	    "fragments: the longest datagram");
	p = fragment(2, 65528, FRAGMENT_OCTETS + 1, false);
	ok(!fragments_add(f, &p, 0, &whole, &dropped) && dropped == 1, "fragments: none is longer");

	dropped = 0;
	for (size_t i = 0; i < FRAGMENT_GAPS; i++) {
		p = fragment(3, 16 * i, 16 * i + 8, true);
		got |= fragments_add(f, &p, 0, &whole, &dropped);
	}
	is_u64(dropped, 0, "fragments: as many stretches as there may be");
	for (size_t i = 0; i < FRAGMENT_GAPS; i++) {
		p = fragment(3, 16 * i + 8, 16 * i + 16, i < FRAGMENT_GAPS - 1);
		got |= fragments_add(f, &p, 0, &whole, &dropped) != (i == FRAGMENT_GAPS - 1);
	}
	ok(!got && dropped == 0 && whole_is(&whole, 16 * FRAGMENT_GAPS),
	    "fragments: and a datagram in the end");

	for (unsigned old = 0; old < 2; old++) {
		p = fragment(4, 0, 8, true);
		(void)fragments_add(f, &p, 5, &whole, &dropped);
		p = fragment(4, 8, 16, false);
		ok(fragments_add(f, &p, 5 + FRAGMENT_AGE_S * NS_PER_S + old, &whole, &dropped) ==
			!old,
		    "fragments: %s",
		    old ? "too old ones are given up" : "those that are old enough");
		is_u64(dropped, old, "fragments: which is counted");
	}
	fragments_free(f);
}

/* A number that was used may be used again. */
static void
test_again(void)
{
	struct fragments *f = fragments_new();
	struct packet a = fragment(7, 0, 16, true), b = fragment(7, 16, 40, false), whole;
	uint64_t dropped = 0;
	size_t got = 0;

	for (unsigned i = 0; i < 3; i++) {
		got += fragments_add(f, i % 2 ? &b : &a, 0, &whole, &dropped);
		got += fragments_add(f, i % 2 ? &a : &b, 0, &whole, &dropped);
		b = fragment(7, 16, 24 + 8 * i, false);
	}
	is_u64(got, 3, "fragments: datagrams of one identification, one after another");
	is_u64(dropped + fragments_drop(f), 0, "fragments: each by itself");
	fragments_free(f);
}

int
main(void)
{
	test_any_order();
	test_together();
	test_contradictions();
	test_impossible();
	test_ends();
	test_again();
	return done_testing();
}
