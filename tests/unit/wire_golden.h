/*
 * wire_golden.h - good messages of every protocol and of all that they may hold: what hostile ones are made of.
 *
 * Each is a conversation of an exporter: a few messages, one after another.
 */
#ifndef TESTS_WIRE_GOLDEN_H
#define TESTS_WIRE_GOLDEN_H

#include "wire_craft.h"

struct golden {
	const char *name;
	unsigned n; /* messages */
	void (*make)(struct craft *, unsigned i); /* the one numbered i, complete */
};

/* Numbers of so many octets, one behind the other. */
struct number {
	uint64_t v;
	unsigned len;
};

static inline void
put_numbers(struct craft *c, size_t n, const struct number *v)
{
	for (size_t i = 0; i < n; i++)
		put(c, v[i].v, v[i].len);
}
#define PUT(C, ...) \
	put_numbers(C, sizeof((const struct number[]){ __VA_ARGS__ }) / sizeof(struct number), \
	    (const struct number[]){ __VA_ARGS__ })

enum { GOLDEN_VARYING = 65535 };

static const uint8_t golden_frame4[] = { 2, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0, 4, 0x81, 0, 0xa0, 100, 8,
	0, 0x45, 0xb8, 0, 100, 0, 0, 0, 0, 63, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 1, 0xbb, 0,
	0, 0, 0, 0, 0, 0, 0, 0x50, 0x12 };
static const uint8_t golden_frame6[] = { 2, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0, 4, 0x86, 0xdd, 0x60, 0, 0,
	0, 0, 8, 58, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 128, 0 };

/* NetFlow 1, 5, 7 --------------------------------------------------------------------------------- */

static inline void
golden_v1(struct craft *c, unsigned i)
{
	c->n = 0;
	PUT(c, { 1, 2 }, { 2, 2 }, { UPTIME_MS + i, 4 }, { EXPORT_S, 4 }, { 0, 4 });
	for (unsigned k = 0; k < 2; k++)
		PUT(c, { 0x0a000001 + k, 4 }, { 0x0a000101, 4 }, { 0, 4 }, { 1, 2 }, { 2, 2 },
		    { 10, 4 }, { 1000, 4 }, { UPTIME_MS - 5000, 4 }, { UPTIME_MS - 1000, 4 },
		    { 1024, 2 }, { 443, 2 }, { 0, 2 }, { 6, 1 }, { 0, 1 }, { 0x18, 1 }, { 0, 7 });
}

static inline void
golden_v5(struct craft *c, unsigned i)
{
	begin_v5(c, 3, 3 * i, 1 << 14 | 100);
	for (unsigned k = 0; k < 3; k++)
		put_v5_record(c, k, k, k);
}

static inline void
golden_v7(struct craft *c, unsigned i)
{
	c->n = 0;
	PUT(c, { 7, 2 }, { 2, 2 }, { UPTIME_MS, 4 }, { EXPORT_S, 4 }, { 0, 4 }, { 2 * i, 4 },
	    { 0, 4 });
	for (unsigned k = 0; k < 2; k++) {
		put_v5_record(c, k, k, k);
		put(c, 0x0a0000fe, 4); /* the router cut short */
	}
}

/* NetFlow 9 --------------------------------------------------------------------------------------- */

static inline void
golden_v9_options(struct craft *c, unsigned id)
{
	open_set(c, 1);
	PUT(c, { id, 2 }, { 8, 2 }, { 8, 2 }, { 0x00010004, 4 },
	    { 0x00020000, 4 }, /* of no length */
	    { 0x00220004, 4 }, { 0x00a00008, 4 }, { 0, 2 });
	close_set(c);
}

static inline void
golden_v9(struct craft *c, unsigned i)
{
	static const uint16_t flow[][2] = { { 8, 4 }, { 12, 4 }, { 22, 4 }, { 21, 4 }, { 1, 4 },
		{ 2, 3 }, { 34, 4 }, { 40000, 3 }, { 70, 3 }, { 70, 3 }, { 82, 7 } };

	begin_v9(c, i == 0 ? 5 : 3, i, 7);
	if (i == 0) {
		put_template_set(c, 0, 256, 11, flow);
		golden_v9_options(c, 257);
	}
	open_set(c, 256);
	for (unsigned k = 0; k < 2; k++)
		PUT(c, { 0x0a000001 + k, 4 }, { 0x0a000101, 4 }, { UPTIME_MS - 5000, 4 },
		    { UPTIME_MS - 10 + i, 4 }, { 1000 + k, 4 }, { 10, 3 }, { k * 50, 4 },
		    { 0xabcdef, 3 }, { 0x000101, 3 }, { 0x000201, 3 }, { 0x65746830000000, 7 });
	put(c, 0, 2);
	close_set(c);
	open_set(c, 257);
	PUT(c, { 17, 4 }, { 1000, 4 }, { UINT64_C(1699999000000), 8 });
	close_set(c);
}

/* Data first, whose template is further back; another template that takes the first's place. */
static inline void
golden_v9_late(struct craft *c, unsigned i)
{
	static const uint16_t one[][2] = { { 8, 4 }, { 12, 4 }, { 1, 4 } };
	static const uint16_t other[][2] = { { 12, 4 }, { 8, 4 }, { 2, 4 }, { 4, 1 } };

	begin_v9(c, 4, i, 1);
	open_set(c, 300);
	PUT(c, { 0x0a000001, 4 }, { 0x0a000002, 4 }, { 100, 4 }, { 0x0a000003, 4 },
	    { 0x0a000002, 4 }, { 101, 4 });
	close_set(c);
	put_template_set(c, 0, 300, 3, one);
	put_template_set(c, 0, 301, 4, other);
	open_set(c, 301);
	PUT(c, { 0x0a000002, 4 }, { 0x0a000001, 4 }, { 5, 4 }, { 17, 1 }, { 0, 3 });
	close_set(c);
}

/* A firewall's events: a connection is made, twice told of, and ends. */
static inline void
golden_nsel(struct craft *c, unsigned i)
{
	static const uint16_t nsel[][2] = { { 148, 4 }, { 8, 4 }, { 12, 4 }, { 233, 1 }, { 231, 4 },
		{ 232, 4 }, { 323, 8 }, { 40005, 1 }, { 33002, 2 } };
	static const unsigned event[] = { 1, 5, 2 };

	begin_v9(c, i == 0 ? 3 : 2, i, 1);
	if (i == 0)
		put_template_set(c, 0, 256, 9, nsel);
	open_set(c, 256);
	for (unsigned k = 0; k < 2; k++)
		PUT(c, { 7 + k, 4 }, { 0x0a000001, 4 }, { 0x0a000002, 4 }, { event[i], 1 },
		    { 1000 * i, 4 }, { 500 * i, 4 }, { UINT64_C(1700000000000) + i, 8 },
		    { event[i], 1 }, { 2030, 2 });
	close_set(c);
}

/* IPFIX ------------------------------------------------------------------------------------------- */

static inline void
golden_ipfix(struct craft *c, unsigned i)
{
	static const uint16_t flow[][2] = { { 8, 4 }, { 27, 16 }, { 12, 4 }, { 28, 16 }, { 156, 8 },
		{ 153, 8 }, { 82, GOLDEN_VARYING }, { 291, GOLDEN_VARYING },
		{ 292, GOLDEN_VARYING }, { 1, 8 }, { 150, 4 }, { 210, 3 } };
	static const uint16_t sub[][2] = { { 7, 2 }, { 371, GOLDEN_VARYING } };

	begin_ipfix(c, 3 * i, 7);
	if (i == 0) {
		put_template_set(c, 2, 256, 12, flow);
		put_template_set(c, 2, 257, 2, sub);
		open_set(c, 3); /* an enterprise's element names an interface */
		PUT(c, { 258, 2 }, { 2, 2 }, { 1, 2 }, { 0x80010004, 4 }, { 55555, 4 },
		    { 0x00520008, 4 });
		close_set(c);
	}
	open_set(c, 256);
	for (unsigned k = 0; k < 2; k++) {
		PUT(c, { k ? 0x0a000001 : 0, 4 }, { k ? 0 : 99, 16 }, { k ? 0x0a000002 : 0, 4 },
		    { k ? 0 : 98, 16 }, { UINT64_C(3908988805) << 32, 8 },
		    { UINT64_C(1700000004005), 8 }, { 4, 1 });
		put_text(c, "eth0", 4);
		put(c, 9, 1);
		put_text(c, "\3\0\12\0\2\0\1\0\5", 9);
		PUT(c, { 255, 1 }, { 14, 2 });
		put_text(c, "\4\1\1\0\1\2ab\0\2\3xyz", 14);
		PUT(c, { 1000, 8 }, { 1700000001, 4 }, { 0, 3 });
	}
	close_set(c);
	open_set(c, 258);
	put(c, 5, 4);
	put_text(c, "wan\0\0\0\0\0", 8);
	close_set(c);
	finish(c);
}

/* A multi list of records with a list in each, which holds a basic list: four deep. */
static inline void
golden_lists(struct craft *c, unsigned i)
{
	static const uint16_t outer[][2] = { { 8, 4 }, { 152, 8 }, { 293, GOLDEN_VARYING } };
	static const uint16_t middle[][2] = { { 4, 1 }, { 292, GOLDEN_VARYING } };
	static const uint16_t inner[][2] = { { 291, GOLDEN_VARYING } };
	/* A record of `middle`: a basic list of ports, in a record of `inner`, in a sub list. */
	static const char group[] = "\6\13\4\1\2\7\3\0\7\0\2\0\120";

	begin_ipfix(c, 2 * i, 1);
	put_template_set(c, 2, 256, 3, outer);
	put_template_set(c, 2, 257, 2, middle);
	put_template_set(c, 2, 258, 1, inner);
	open_set(c, 256);
	for (unsigned k = 0; k < 2; k++) {
		PUT(c, { 0x0a000001 + k, 4 }, { UINT64_C(1700000000000), 8 }, { 1 + 4 + 26 + 4, 1 },
		    { 255, 1 }, { 257, 2 }, { 4 + 26, 2 });
		put_text(c, group, 13);
		put_text(c, group, 13);
		PUT(c, { 258, 2 }, { 4, 2 });
	}
	close_set(c);
	finish(c);
}

/* What an enterprise's elements are (RFC 5610), then records of them; the other direction (RFC 5103). */
static inline void
golden_types(struct craft *c, unsigned i)
{
	static const unsigned types[] = { 3, 13, 9, 18 };

	begin_ipfix(c, 4 * i, 1);
	open_set(c, 3);
	PUT(c, { 400, 2 }, { 4, 2 }, { 2, 2 }, { 346, 2 }, { 4, 2 }, { 303, 2 }, { 2, 2 },
	    { 339, 2 }, { 1, 2 }, { 341, 2 }, { GOLDEN_VARYING, 2 });
	close_set(c);
	open_set(c, 400);
	for (unsigned k = 0; k < 4; k++) {
		PUT(c, { 55555, 4 }, { 10 + k, 2 }, { types[k], 1 }, { 5, 1 });
		put_text(c, "thing", 5);
	}
	close_set(c);
	open_set(c, 2);
	PUT(c, { 256, 2 }, { 6, 2 }, { 8, 2 }, { 4, 2 }, { 0x8001, 2 }, { 4, 2 }, { 29305, 4 });
	for (unsigned k = 0; k < 4; k++)
		PUT(c, { 0x800a + k, 2 }, { 4, 2 }, { 55555, 4 });
	close_set(c);
	open_set(c, 256);
	for (unsigned k = 0; k < 3; k++)
		PUT(c, { 0x0a000001, 4 }, { 77, 4 }, { k, 4 }, { 0x6f6e6500, 4 }, { 0x40490fdb, 4 },
		    { 0xc0000201, 4 });
	close_set(c);
	finish(c);
}

/* Packets' first octets, of either family, with and without a link layer. */
static inline void
golden_sections(struct craft *c, unsigned i)
{
	static const uint16_t frames[][2] = { { 312, 2 }, { 315, GOLDEN_VARYING }, { 302, 1 } };
	static const uint16_t packets[][2] = { { 313, 40 }, { 10, 4 } };

	begin_ipfix(c, 4 * i, 1);
	put_template_set(c, 2, 256, 3, frames);
	put_template_set(c, 2, 257, 2, packets);
	open_set(c, 256);
	PUT(c, { 122, 2 }, { sizeof(golden_frame4), 1 });
	put_text(c, (const char *)golden_frame4, sizeof(golden_frame4));
	PUT(c, { 5, 1 }, { 66, 2 }, { sizeof(golden_frame6), 1 });
	put_text(c, (const char *)golden_frame6, sizeof(golden_frame6));
	put(c, 5, 1);
	close_set(c);
	open_set(c, 257);
	put_text(c, (const char *)golden_frame4 + 18, 34);
	PUT(c, { 0, 6 }, { 3, 4 });
	put_text(c, (const char *)golden_frame6 + 14, 40);
	put(c, 4, 4);
	close_set(c);
	finish(c);
}

/* Samplers and interfaces told of, and records that refer to them; withdrawals of what is not needed. */
static inline void
golden_sampling(struct craft *c, unsigned i)
{
	static const uint16_t flow[][2] = { { 27, 16 }, { 28, 16 }, { 302, 4 }, { 10, 4 },
		{ 22, 4 }, { 21, 4 }, { 1, 4 } };

	begin_ipfix(c, 3 * i, 1);
	if (i == 0) {
		open_set(c, 3);
		PUT(c, { 300, 2 }, { 4, 2 }, { 1, 2 }, { 302, 2 }, { 4, 2 }, { 305, 2 }, { 4, 2 },
		    { 306, 2 }, { 4, 2 }, { 160, 2 }, { 8, 2 });
		close_set(c);
		put_template_set(c, 2, 256, 7, flow);
	} else {
		open_set(c, 2);
		PUT(c, { 999, 2 }, { 0, 2 });
		close_set(c);
	}
	open_set(c, 300);
	PUT(c, { 9, 4 }, { 1, 4 }, { 99, 4 }, { UINT64_C(1699999000000), 8 });
	close_set(c);
	open_set(c, 256);
	for (unsigned k = 0; k < 2; k++)
		PUT(c, { UINT64_C(0x20010db800000000), 8 }, { k, 8 },
		    { UINT64_C(0x20010db800000000), 8 }, { 9, 8 }, { 9 + k, 4 }, { 3, 4 },
		    { 900000, 4 }, { 905000, 4 }, { 4000, 4 });
	close_set(c);
	finish(c);
}

/* sFlow ------------------------------------------------------------------------------------------- */

static inline size_t
golden_open(struct craft *c, uint32_t format)
{
	PUT(c, { format, 4 }, { 0, 4 });
	return c->n;
}

static inline void
golden_close(struct craft *c, size_t from)
{
	fix(c, from - 4, (unsigned)((c->n - from) >> 16));
	fix(c, from - 2, (unsigned)(c->n - from));
}

static inline void
golden_header(struct craft *c, unsigned protocol, const uint8_t *p, size_t n)
{
	size_t record = golden_open(c, 1);

	PUT(c, { protocol, 4 }, { n + 70, 4 }, { 4, 4 }, { n, 4 });
	put_text(c, (const char *)p, n);
	put(c, 0, (unsigned)((4 - n % 4) % 4));
	golden_close(c, record);
}

/* A packet's header and what the switch, the router and the gateway knew; then one of IPv6 in the long form. */
static inline void
golden_sflow(struct craft *c, unsigned i)
{
	size_t sample, record;

	c->n = 0;
	PUT(c, { 5, 4 }, { 1, 4 }, { 0xc0000207, 4 }, { 7, 4 }, { i, 4 }, { UPTIME_MS, 4 },
	    { 2, 4 });
	sample = golden_open(c, 1);
	PUT(c, { 1000, 4 }, { 3, 4 }, { 400, 4 }, { 400000, 4 }, { 6, 4 }, { 3, 4 }, { 4, 4 },
	    { 4, 4 });
	golden_header(c, 1, golden_frame4, sizeof(golden_frame4));
	record = golden_open(c, 1001);
	PUT(c, { 100, 4 }, { 5, 4 }, { 200, 4 }, { UINT32_MAX, 4 });
	golden_close(c, record);
	record = golden_open(c, 1002);
	PUT(c, { 1, 4 }, { 0x0a0000fe, 4 }, { 24, 4 }, { 16, 4 });
	golden_close(c, record);
	record = golden_open(c, 1003);
	PUT(c, { 2, 4 }, { UINT64_C(0x20010db800000000), 8 }, { 1, 8 }, { 64496, 4 }, { 64497, 4 },
	    { 64498, 4 }, { 2, 4 }, { 2, 4 }, { 2, 4 }, { 64499, 4 }, { 64500, 4 }, { 1, 4 },
	    { 2, 4 }, { 64501, 4 }, { 64502, 4 }, { 1, 4 }, { 0xfbf00001, 4 }, { 100, 4 });
	golden_close(c, record);
	golden_close(c, sample);
	sample = golden_open(c, 3);
	PUT(c, { 1001, 4 }, { 0, 4 }, { 3, 4 }, { 400, 4 }, { 400000, 4 }, { 6, 4 }, { 0, 4 },
	    { 3, 4 }, { 1, 4 }, { 257, 4 }, { 2, 4 });
	golden_header(c, 1, golden_frame6, sizeof(golden_frame6));
	record = golden_open(c, 4);
	PUT(c, { 48, 4 }, { 58, 4 }, { 1, 16 }, { 2, 16 }, { 0, 4 }, { 0, 4 }, { 0, 4 }, { 0, 4 });
	golden_close(c, record);
	golden_close(c, sample);
}

static inline void
golden_sflow_counters(struct craft *c, unsigned i)
{
	size_t sample, record;

	c->n = 0;
	PUT(c, { 5, 4 }, { 2, 4 }, { UINT64_C(0x20010db800000000), 8 }, { 7, 8 }, { 0, 4 },
	    { i, 4 }, { UPTIME_MS, 4 }, { 3, 4 });
	for (unsigned k = 0; k < 2; k++) {
		sample = golden_open(c, k == 0 ? 2 : 4);
		PUT(c, { 9, 4 }, { k, k == 0 ? 4 : 8 }, { 2, 4 });
		record = golden_open(c, 1);
		PUT(c, { 3, 4 }, { 6, 4 }, { UINT64_C(1000000000), 8 }, { 1, 4 }, { 3, 4 },
		    { 123456789, 8 });
		for (unsigned n = 0; n < 6; n++)
			put(c, n == 5 ? UINT32_MAX : n, 4);
		put(c, 987654321, 8);
		for (unsigned n = 0; n < 6; n++)
			put(c, n, 4);
		golden_close(c, record);
		record = golden_open(c, 2); /* passed over */
		put(c, 0, 52);
		golden_close(c, record);
		golden_close(c, sample);
	}
	sample = golden_open(c, 4300 << 12 | 1);
	put(c, 0, 8);
	golden_close(c, sample);
}

static const struct golden goldens[] = {
	{ "v1", 2, golden_v1 },
	{ "v5", 2, golden_v5 },
	{ "v7", 2, golden_v7 },
	{ "v9", 2, golden_v9 },
	{ "v9 data before its template", 2, golden_v9_late },
	{ "v9 events of a firewall", 3, golden_nsel },
	{ "IPFIX", 2, golden_ipfix },
	{ "IPFIX lists in lists", 2, golden_lists },
	{ "IPFIX announced types", 2, golden_types },
	{ "IPFIX packet sections", 2, golden_sections },
	{ "IPFIX sampling", 2, golden_sampling },
	{ "sFlow samples", 2, golden_sflow },
	{ "sFlow counters", 2, golden_sflow_counters },
};
enum { GOLDENS = sizeof(goldens) / sizeof(goldens[0]) };

#endif
