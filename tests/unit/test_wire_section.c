/* Records that carry the first octets of a packet: what becomes of them, and what they do not touch. */
#include "wire_craft.h"

static const uint8_t frame4[] = { 2, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0, 4, 0x81, 0, 0xa0, 100, 8, 0,
	0x45, 0xb8, 0, 100, 0, 0, 0, 0, 63, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 1, 0xbb, 0, 0,
	0, 0, 0, 0, 0, 0, 0x50, 0x12 };
static const uint8_t frame6[] = { 2, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0, 4, 0x86, 0xdd, 0x60, 0, 0, 0, 0,
	8, 58, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 128, 0 };

enum { VARIABLE = 65535 };

/* A message of one template and a set of its records, which the caller puts and closes. */
static void
begin(struct craft *c, unsigned version, unsigned count, const uint16_t (*fields)[2])
{
	if (version == 9)
		begin_v9(c, 0, 0, 1);
	else
		begin_ipfix(c, 0, 1);
	put_template_set(c, version == 9 ? 0 : 2, 256, count, fields);
	open_set(c, 256);
}

static void
put_var(struct craft *c, const void *p, size_t n)
{
	put(c, n, 1);
	put_text(c, p, n);
}

static void
test_fields(void)
{
	static const uint16_t fixed[][2] = { { 10, 4 }, { 312, 2 }, { 315, sizeof frame4 } };
	struct rig r;
	static struct craft c;

	for (unsigned version = 9; version <= 10; version++) {
		rig_open(&r, (struct wire_opts){ 0 });
		begin(&c, version, 3, fixed);
		put(&c, 7, 4);
		put(&c, 122, 2);
		put_text(&c, (const char *)frame4, sizeof frame4);
		close_set(&c);
		is_u64(rig_send(&r, &c), 1, "version %u: a record of a frame", version);
		is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "its source is there");
		is_str(text(&r, WIRE_FLOWS4, F(12), 0), "10.0.0.2", "and destination");
		is_u64(num(&r, WIRE_FLOWS4, F(7), 0), 1024, "source port");
		is_u64(num(&r, WIRE_FLOWS4, F(11), 0), 443, "destination port");
		is_u64(num(&r, WIRE_FLOWS4, F(4), 0), 6, "protocol");
		is_u64(num(&r, WIRE_FLOWS4, F(6), 0), 0x12, "TCP flags");
		is_u64(num(&r, WIRE_FLOWS4, F(5), 0), 0xb8, "type of service");
		is_u64(num(&r, WIRE_FLOWS4, F(243), 0), 100, "VLAN");
		is_u64(num(&r, WIRE_FLOWS4, F(56), 0), 0x040000000004, "MAC address");
		is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 1, "it is one packet");
		is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 100, "of so many octets of IP");
		is_u64(num(&r, WIRE_FLOWS4, F(10), 0), 7, "the exporter's own fields stay");
		ok(has(&r, WIRE_FLOWS4, F(315), 0), "and so do the octets");
		rig_close(&r);
	}

	rig_open(&r, (struct wire_opts){ .raw = true });
	rig_send(&r, &c);
	ok(has(&r, WIRE_FLOWS4, F(315), 0), "raw: the octets");
	ok(!has(&r, WIRE_FLOWS4, F(8), 0) && !has(&r, WIRE_FLOWS4, F(2), 0),
	    "raw: and nothing else");
	rig_close(&r);
}

/* Records of one set in both families, lengths of their own. */
static void
test_families(void)
{
	static const uint16_t fields[][2] = { { 312, 2 }, { 315, VARIABLE } };
	static const uint8_t arp[] = { 255, 255, 255, 255, 255, 255, 4, 0, 0, 0, 0, 4, 8, 6, 0, 1 };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 10, 2, fields);
	put(&c, 122, 2);
	put_var(&c, frame4, sizeof frame4);
	put(&c, 66, 2);
	put_var(&c, frame6, sizeof frame6);
	put(&c, 64, 2);
	put_var(&c, arp, sizeof arp);
	put(&c, 90, 2);
	put_var(&c, frame4, 30); /* within its IPv4 header */
	put(&c, 80, 2);
	put_var(&c, "", 0);
	close_set(&c);
	is_u64(rig_send(&r, &c), 5, "records of five frames");
	is_u64(r.b[WIRE_FLOWS6]->n, 1, "one is IPv6 and in that batch");
	is_str(text(&r, WIRE_FLOWS6, F(8), 0), "2001:db8::1", "with its source");
	is_u64(num(&r, WIRE_FLOWS6, F(178), 0), 128, "and its type of ICMP");
	is_u64(num(&r, WIRE_FLOWS6, F(1), 0), 48, "and its octets, header included");
	is_u64(cell(&r, WIRE_FLOWS4, F(8), 0)->width, 4, "addresses of the others stay 4 wide");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "the first is IPv4");
	is_u64(num(&r, WIRE_FLOWS4, F(256), 1), 0x0806, "ARP has a type");
	ok(!has(&r, WIRE_FLOWS4, F(8), 1), "and no address of IP");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 1), 64, "its octets are the frame's");
	is_u64(
	    num(&r, WIRE_FLOWS4, F(1), 2), 100, "of a header that was cut the length may be whole");
	ok(!has(&r, WIRE_FLOWS4, F(8), 2), "and the addresses not");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 3), 1, "no octets at all are one packet");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 3), 80, "of so many octets");
	for (size_t i = 0; i < 4; i++)
		ok(has(&r, WIRE_FLOWS4, F(315), i), "the octets of record %zu stay", i);
	rig_close(&r);
}

static void
test_own_word(void)
{
	static const uint16_t told[][2] = { { 8, 4 }, { 7, 2 }, { 58, 2 }, { 2, 4 }, { 85, 8 },
		{ 315, sizeof frame4 } };
	static const uint16_t octets[][2] = { { 1, 4 }, { 315, sizeof frame4 } };
	static const uint16_t packets[][2] = { { 86, 4 }, { 315, sizeof frame4 } };
	static const uint16_t six[][2] = { { 27, 16 }, { 28, 16 }, { 315, sizeof frame4 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 10, 6, told);
	put(&c, 0xc0000205, 4);
	put(&c, 5353, 2);
	put(&c, 300, 2);
	put(&c, 12, 4);
	put(&c, 3400, 8);
	put_text(&c, (const char *)frame4, sizeof frame4);
	close_set(&c);
	rig_send(&r, &c);
	is_str(
	    text(&r, WIRE_FLOWS4, F(8), 0), "192.0.2.5", "an address of the record's own stands");
	is_u64(num(&r, WIRE_FLOWS4, F(7), 0), 5353, "so does a port");
	is_u64(num(&r, WIRE_FLOWS4, F(11), 0), 443, "the one that it does not say is filled in");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 12, "so many packets");
	ok(!has(&r, WIRE_FLOWS4, F(1), 0), "octets under another element are octets");
	ok(!has(&r, WIRE_FLOWS4, F(243), 0), "a VLAN under another element is the VLAN");
	is_u64(num(&r, WIRE_FLOWS4, F(244), 0), 5, "its priority is not said");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 10, 2, octets);
	put(&c, 777, 4);
	put_text(&c, (const char *)frame4, sizeof frame4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 777, "octets of its own stand");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 1, "without packets it is one");
	rig_clear(&r);
	begin(&c, 10, 2, packets);
	put(&c, 9, 4);
	put_text(&c, (const char *)frame4, sizeof frame4);
	close_set(&c);
	rig_send(&r, &c);
	ok(!has(&r, WIRE_FLOWS4, F(1), 0) && !has(&r, WIRE_FLOWS4, F(2), 0),
	    "of several packets one's length says nothing");
	rig_clear(&r);
	begin(&c, 10, 3, six);
	put(&c, 0x20010db800000000, 8);
	put(&c, 1, 8);
	put(&c, 0x20010db800000000, 8);
	put(&c, 2, 8);
	put_text(&c, (const char *)frame4, sizeof frame4);
	close_set(&c);
	rig_send(&r, &c);
	is_str(text(&r, WIRE_FLOWS6, F(8), 0), "2001:db8::1",
	    "a record of IPv6 about a packet of IPv4 is the exporter's to explain");
	is_u64(num(&r, WIRE_FLOWS6, F(11), 0), 443, "and gets its ports");
	rig_close(&r);
}

static void
test_kinds(void)
{
	static const uint16_t ip[][2] = { { 313, VARIABLE } };
	static const uint16_t typed[][2] = { { 408, 2 }, { 315, VARIABLE } };
	static const uint16_t moved[][2] = { { 409, 2 }, { 315, VARIABLE } };
	static const uint16_t both[][2] = { { 313, VARIABLE }, { 315, VARIABLE } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 10, 1, ip);
	put_var(&c, frame4 + 18, sizeof frame4 - 18);
	put_var(&c, frame6 + 14, sizeof frame6 - 14);
	close_set(&c);
	is_u64(rig_send(&r, &c), 2, "sections that begin with IP");
	is_str(text(&r, WIRE_FLOWS4, F(12), 0), "10.0.0.2", "of version 4");
	is_str(text(&r, WIRE_FLOWS6, F(12), 0), "2001:db8::2", "and 6");
	rig_clear(&r);

	begin(&c, 10, 2, typed);
	put(&c, 1, 2);
	put_var(&c, frame4, sizeof frame4);
	put(&c, 2, 2);
	put_var(&c, frame4, sizeof frame4);
	close_set(&c);
	rig_send(&r, &c);
	ok(has(&r, WIRE_FLOWS4, F(8), 0), "a frame said to be Ethernet is read");
	ok(!has(&r, WIRE_FLOWS4, F(8), 1) && !has(&r, WIRE_FLOWS4, F(56), 1),
	    "one of IEEE 802.11 is not");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 1), 1, "but is a packet too");
	rig_clear(&r);

	begin(&c, 10, 2, moved);
	put(&c, 0, 2);
	put_var(&c, frame4, sizeof frame4);
	put(&c, 14, 2);
	put_var(&c, frame4, sizeof frame4);
	close_set(&c);
	rig_send(&r, &c);
	ok(has(&r, WIRE_FLOWS4, F(8), 0), "octets from the beginning are read");
	ok(!has(&r, WIRE_FLOWS4, F(8), 1), "others are not");
	rig_clear(&r);

	begin(&c, 10, 2, both);
	put_var(&c, "\x45", 1);
	put_var(&c, frame4, sizeof frame4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(243), 0), 100, "of both kinds the frame is read");
	rig_close(&r);
}

/* Sections of every length, of a frame that says everything: nothing is read behind them. */
static void
test_cut(void)
{
	static const uint16_t fields[][2] = { { 315, VARIABLE }, { 10, 4 } };
	struct rig r;
	static struct craft c;
	size_t wrong = 0, ports = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 10, 2, fields);
	for (size_t n = 0; n <= sizeof frame4; n++) {
		put_var(&c, frame4, n);
		put(&c, n, 4);
	}
	close_set(&c);
	is_u64(rig_send(&r, &c), sizeof frame4 + 1, "sections of every length");
	for (size_t n = 0; n <= sizeof frame4; n++) {
		wrong += num(&r, WIRE_FLOWS4, F(10), n) != n;
		wrong += has(&r, WIRE_FLOWS4, F(56), n) != (n >= 12);
		wrong += has(&r, WIRE_FLOWS4, F(8), n) != (n >= 34);
		wrong += has(&r, WIRE_FLOWS4, F(12), n) != (n >= 38);
		wrong += has(&r, WIRE_FLOWS4, F(6), n) != (n >= 52);
		ports += has(&r, WIRE_FLOWS4, F(11), n);
	}
	is_u64(wrong, 0, "give what is whole in them");
	is_u64(ports, sizeof frame4 + 1 - 42, "ports from their last octet on");
	is_u64(rig_totals(&r).bad[BAD_RECORD], 0, "and nothing is bad");
	rig_close(&r);
}

int
main(void)
{
	test_fields();
	test_families();
	test_own_word();
	test_kinds();
	test_cut();
	return done_testing();
}
