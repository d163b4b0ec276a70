/* sFlow version 5: samples of packets and counters, what they are of, and everything in them that may lie. */
#include "wire_craft.h"

#define SFLOW(NAME) ((struct field_id){ .pen = PEN_SFLOW, .id = SFLOW_##NAME })

enum { FLOW = 1, COUNTERS = 2, FLOW_EXPANDED = 3, COUNTERS_EXPANDED = 4 };
enum { AGENT4 = 0xc0000207 };

struct open {
	size_t at;
};

/* A datagram of `samples`, from an agent that gives no address (0), an IPv4 (1) or an IPv6 one (2). */
static void
begin(struct craft *c, unsigned agent, uint32_t sub_agent, uint32_t seq, uint32_t samples)
{
	c->n = 0;
	put(c, 5, 4);
	put(c, agent, 4);
	if (agent == 1)
		put(c, AGENT4, 4);
	if (agent == 2) {
		put(c, 0x20010db800000000, 8);
		put(c, 7, 8);
	}
	put(c, sub_agent, 4);
	put(c, seq, 4);
	put(c, UPTIME_MS, 4);
	put(c, samples, 4);
}

/* A sample or a record: format, and a length that close() completes. */
static struct open
open(struct craft *c, uint32_t format)
{
	put(c, format, 4);
	put(c, 0, 4);
	return (struct open){ c->n };
}

static void
close(struct craft *c, struct open o)
{
	fix(c, o.at - 4, (unsigned)((c->n - o.at) >> 16));
	fix(c, o.at - 2, (unsigned)(c->n - o.at));
}

/* A flow sample up to its records: one in 400, in by 3, out by `out`. */
static struct open
open_flow(struct craft *c, uint32_t out, uint32_t records)
{
	struct open o = open(c, FLOW);

	put(c, 1000, 4);
	put(c, 3, 4);
	put(c, 400, 4);
	put(c, 400000, 4);
	put(c, 6, 4);
	put(c, 3, 4);
	put(c, out, 4);
	put(c, records, 4);
	return o;
}

static const uint8_t frame4[] = { 2, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0, 4, 0x81, 0, 0xa0, 100, 8, 0,
	0x45, 0xb8, 0, 100, 0, 0, 0, 0, 63, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 1, 0xbb, 0, 0,
	0, 0, 0, 0, 0, 0, 0x50, 0x12 };

/* A sampled header; its first octets given. */
static void
put_header(struct craft *c, uint32_t protocol, uint32_t frame_len, const void *p, size_t n)
{
	struct open o = open(c, 1);

	put(c, protocol, 4);
	put(c, frame_len, 4);
	put(c, 4, 4);
	put(c, n, 4);
	put_text(c, p, n);
	put(c, 0, (unsigned)((4 - n % 4) % 4));
	close(c, o);
}

static void
put_numbers(struct craft *c, uint32_t format, const uint32_t *v, size_t n)
{
	struct open o = open(c, format);

	for (size_t i = 0; i < n; i++)
		put(c, v[i], 4);
	close(c, o);
}
#define PUT_NUMBERS(c, format, ...) \
	put_numbers(c, format, (const uint32_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)

/* One sample of frame4 in a datagram. */
static void
craft_one(struct craft *c, uint32_t seq)
{
	struct open o;

	begin(c, 1, 7, seq, 1);
	o = open_flow(c, 4, 1);
	put_header(c, 1, 122, frame4, sizeof frame4);
	close(c, o);
}

static void
test_flow(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	craft_one(&c, 1);
	is_u64(rig_send(&r, &c), 1, "a sample of a packet is a record");
	is_u64(r.b[WIRE_FLOWS4]->n, 1, "of an IPv4 flow");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "from its source");
	is_str(text(&r, WIRE_FLOWS4, F(12), 0), "10.0.0.2", "to its destination");
	is_u64(num(&r, WIRE_FLOWS4, F(4), 0), 6, "protocol");
	is_u64(num(&r, WIRE_FLOWS4, F(7), 0), 1024, "source port");
	is_u64(num(&r, WIRE_FLOWS4, F(11), 0), 443, "destination port");
	is_u64(num(&r, WIRE_FLOWS4, F(6), 0), 0x12, "TCP flags");
	is_u64(num(&r, WIRE_FLOWS4, F(5), 0), 0xb8, "type of service");
	is_u64(num(&r, WIRE_FLOWS4, F(192), 0), 63, "time to live");
	is_u64(num(&r, WIRE_FLOWS4, F(243), 0), 100, "VLAN");
	is_u64(num(&r, WIRE_FLOWS4, F(244), 0), 5, "priority");
	is_u64(num(&r, WIRE_FLOWS4, F(56), 0), 0x040000000004, "MAC address");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 1, "it is one packet");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 100, "of as many octets as IP says");
	is_u64(num(&r, WIRE_FLOWS4, F(312), 0), 122, "in a frame that was longer");
	is_u64(num(&r, WIRE_FLOWS4, F(10), 0), 3, "in by an interface");
	is_u64(num(&r, WIRE_FLOWS4, F(14), 0), 4, "out by another");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), 400, "one out of so many");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING_SRC), 0), SAMPLING_RECORD, "as the record says");
	is_str(text(&r, WIRE_FLOWS4, F(130), 0), "192.0.2.7", "the agent");
	is_str(text(&r, WIRE_FLOWS4, OWN(EXPORTER), 0), "192.0.2.1", "is not who sent it");
	is_u64(num(&r, WIRE_FLOWS4, OWN(DOMAIN), 0), 7, "the sub agent is the domain");
	is_u64(num(&r, WIRE_FLOWS4, OWN(VERSION), 0), 105, "the version is not NetFlow's 5");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), RECEIVED_S * UINT64_C(1000000000),
	    "the time is when it came");
	is_u64(num(&r, WIRE_FLOWS4, OWN(TIME_GUESS), 0), 1, "and is flagged so");
	ok(!has(&r, WIRE_FLOWS4, F(315), 0) && !has(&r, WIRE_FLOWS4, SFLOW(POOL), 0) &&
		!has(&r, WIRE_FLOWS4, F(88), 0),
	    "octets that were read, the sampler's state and fragments that are none are not kept");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .raw = true });
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(34), 0), 400, "raw: the sampling rate as sent");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(SEQUENCE), 0), 1000, "raw: the sample's number");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(SOURCE_INDEX), 0), 3, "raw: its data source");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(POOL), 0), 400000, "raw: its pool");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(DROPS), 0), 6, "raw: its drops");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(STRIPPED), 0), 4, "raw: octets taken off the frame");
	ok(has(&r, WIRE_FLOWS4, F(315), 0) && has(&r, WIRE_FLOWS4, OWN(WIRE), 0),
	    "raw: the octets, and that it is as sent");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "raw: beside what they say");
	rig_close(&r);
}

/* Interfaces: what is sent, what comes of it. */
static const struct {
	const char *name;
	uint32_t format, value;
	uint16_t element; /* 0: nothing */
	uint32_t pen;
	uint32_t expected;
} outs[] = {
	{ "an index", 0, 77, 14, 0, 77 },
	{ "an unknown one", 0, 0, 0, 0, 0 },
	{ "none: for the device itself", 0, 0x3fffffff, 89, 0, 195 },
	{ "none, all ones", 0, UINT32_MAX, 89, 0, 195 }, /* expanded only */
	{ "discarded as unroutable", 1, 1, 89, 0, 131 },
	{ "discarded for its reason", 1, 1, SFLOW_DISCARD_REASON, PEN_SFLOW, 1 },
	{ "discarded by an access list", 1, 258, 89, 0, 129 },
	{ "discarded for a reason that nobody knows", 1, 9999, 89, 0, 128 },
	{ "several", 2, 7, SFLOW_OUTPUT_COUNT, PEN_SFLOW, 7 },
	{ "several, nobody knows how many", 2, 0, SFLOW_OUTPUT_COUNT, PEN_SFLOW, 0 },
	{ "of a format that does not exist", 3, 7, 0, 0, 0 },
};

static void
test_interfaces(void)
{
	struct rig r;
	static struct craft c;

	for (size_t i = 0; i < 2 * (sizeof outs / sizeof outs[0]); i++) {
		bool expanded = i % 2;
		struct field_id id = { .pen = outs[i / 2].pen, .id = outs[i / 2].element };
		struct open o;

		if (!expanded && outs[i / 2].value > 0x3fffffff)
			continue;
		rig_open(&r, (struct wire_opts){ 0 });
		begin(&c, 1, 0, 1, 1);
		if (expanded) {
			static const uint32_t head[] = { 1, 0, 3, 400, 1, 0, 0, 0x01000003 };

			o = open(&c, FLOW_EXPANDED);
			for (size_t k = 0; k < 8; k++)
				put(&c, head[k], 4);
			put(&c, outs[i / 2].format, 4);
			put(&c, outs[i / 2].value, 4);
			put(&c, 0, 4);
		} else {
			o = open_flow(&c, outs[i / 2].format << 30 | outs[i / 2].value, 0);
		}
		close(&c, o);
		is_u64(rig_send(&r, &c), 1, "a sample without records is a packet");
		if (id.id != 0)
			is_u64(num(&r, WIRE_FLOWS4, id, 0), outs[i / 2].expected, "out by: %s%s",
			    outs[i / 2].name, expanded ? ", expanded" : "");
		ok(has(&r, WIRE_FLOWS4, F(14), 0) == (id.pen == 0 && id.id == 14),
		    "an index only where there is one: %s", outs[i / 2].name);
		is_u64(num(&r, WIRE_FLOWS4, F(10), 0), expanded ? 0x01000003 : 3,
		    "an index beyond 30 bits needs the expanded form");
		rig_close(&r);
	}
}

/* Numbers of an open flow sample, by where they are. */
enum { AT_SOURCE = 4, AT_IN = 20 };

static void
set(struct craft *c, struct open o, size_t at, uint32_t v)
{
	fix(c, o.at + at, v >> 16);
	fix(c, o.at + at + 2, v & 0xffff);
}

/* A packet came in by an interface, or nobody knows by which: formats other than an index say nothing of it. */
static void
test_inputs(void)
{
	static const struct {
		const char *name;
		uint32_t format, value;
	} none[] = {
		{ "an unknown one", 0, 0 },
		{ "none: the device itself sent it", 0, 0x3fffffff },
		{ "discarded", 1, 7 },
		{ "several", 2, 7 },
		{ "of a format that does not exist", 3, 7 },
	};
	enum { NONE = sizeof none / sizeof none[0] };
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, NONE + 2);
	for (size_t i = 0; i < NONE; i++) {
		o = open_flow(&c, 4, 0);
		set(&c, o, AT_IN, none[i].format << 30 | none[i].value);
		close(&c, o);
	}
	o = open_flow(&c, 1u << 30 | 0x3fffffff, 0);
	set(&c, o, AT_IN, 0x3ffffffe);
	close(&c, o);
	o = open_flow(&c, 2u << 30 | 0x3fffffff, 0);
	close(&c, o);
	is_u64(rig_send(&r, &c), NONE + 2, "samples by all kinds of interfaces");
	for (size_t i = 0; i < NONE; i++)
		ok(!has(&r, WIRE_FLOWS4, F(10), i), "in by: %s", none[i].name);
	is_u64(num(&r, WIRE_FLOWS4, F(10), NONE), 0x3ffffffe, "in by: the last index there is");
	is_u64(num(&r, WIRE_FLOWS4, F(89), NONE), 128, "the device's own number is a reason too");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(OUTPUT_COUNT), NONE + 1), 0x3fffffff,
	    "and how many interfaces there were");
	rig_close(&r);
}

/* Why a packet was discarded, as forwardingStatus (IANA 89) has it. */
static void
test_reasons(void)
{
	static const uint32_t reasons[][2] = {
		{ 0, 131 }, /* ICMP: network unreachable */
		{ 1, 131 },
		{ 2, 128 },
		{ 3, 128 },
		{ 4, 133 }, /* fragmentation needed */
		{ 5, 128 },
		{ 6, 131 },
		{ 7, 131 },
		{ 8, 131 },
		{ 9, 129 }, /* prohibited */
		{ 10, 129 },
		{ 11, 131 },
		{ 12, 131 },
		{ 13, 129 },
		{ 14, 128 },
		{ 255, 128 },
		{ 256, 128 }, /* sFlow: unknown */
		{ 257, 137 }, /* time to live exceeded */
		{ 258, 129 }, /* access list */
		{ 259, 128 }, /* no buffer space */
		{ 260, 139 }, /* random early detection */
		{ 261, 138 }, /* traffic shaping */
		{ 262, 128 },
	};
	enum { REASONS = sizeof reasons / sizeof reasons[0] };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, REASONS);
	for (size_t i = 0; i < REASONS; i++)
		close(&c, open_flow(&c, 1u << 30 | reasons[i][0], 0));
	is_u64(rig_send(&r, &c), REASONS, "packets that were discarded");
	for (size_t i = 0; i < REASONS; i++) {
		is_u64(num(&r, WIRE_FLOWS4, F(89), i), reasons[i][1], "status of reason %u",
		    reasons[i][0]);
		is_u64(num(&r, WIRE_FLOWS4, SFLOW(DISCARD_REASON), i), reasons[i][0],
		    "and reason %u itself", reasons[i][0]);
	}
	rig_close(&r);
}

static void
test_headers(void)
{
	static const uint8_t ip6[] = { 0x60, 0, 0, 0, 0, 8, 58, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 128,
		0 };
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 2, 0, 1, 4);
	o = open_flow(&c, 4, 1);
	put_header(&c, 11, 100, frame4 + 18, sizeof frame4 - 18);
	close(&c, o);
	o = open_flow(&c, 4, 1);
	put_header(&c, 12, 48, ip6, sizeof ip6);
	close(&c, o);
	o = open_flow(&c, 4, 1);
	put_header(&c, 7, 90, "\xff\x03\x00\x21", 4);
	close(&c, o);
	o = open_flow(&c, 4, 1);
	put_header(&c, 1, 64, "\1\x80\xc2\0\0\0\2\0\0\0\0\1\0\x26\x42\x42\3", 17);
	close(&c, o);
	is_u64(rig_send(&r, &c), 4, "headers of four protocols");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "IPv4 without a link layer");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 100, "has its octets");
	is_str(text(&r, WIRE_FLOWS6, F(8), 0), "2001:db8::1", "IPv6 goes to the other batch");
	is_u64(num(&r, WIRE_FLOWS6, F(178), 0), 128, "with its type of ICMP");
	is_u64(num(&r, WIRE_FLOWS6, F(1), 0), 48, "and its header among its octets");
	is_str(
	    text(&r, WIRE_FLOWS6, F(130), 0), "2001:db8::7", "an agent may have an IPv6 address");
	is_str(text(&r, WIRE_FLOWS4, F(315), 1), "ff030021",
	    "a link layer that is not read stays as octets");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(HEADER_PROTOCOL), 1), 7, "with its protocol");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 1), 90, "and the frame's length");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 2), 64, "so does a frame that is no IP");
	is_u64(num(&r, WIRE_FLOWS4, F(80), 2), 0x0180c2000000, "of which there are MAC addresses");
	ok(!has(&r, WIRE_FLOWS4, F(315), 2) && !has(&r, WIRE_FLOWS4, F(256), 2),
	    "and no type, as it has none");
	rig_close(&r);
}

/* Octets of IP, as they were sent, are another element than those of frames. */
static void
test_raw_headers(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ .raw = true });
	begin(&c, 1, 0, 1, 1);
	o = open_flow(&c, 4, 1);
	set(&c, o, AT_SOURCE, 0x01fffffe); /* VLAN 16777214 */
	put_header(&c, 11, 100, frame4 + 18, sizeof frame4 - 18);
	close(&c, o);
	is_u64(rig_send(&r, &c), 1, "raw: octets of IPv4");
	ok(has(&r, WIRE_FLOWS4, F(313), 0) && !has(&r, WIRE_FLOWS4, F(315), 0),
	    "raw: are ipHeaderPacketSection");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(HEADER_PROTOCOL), 0), 11, "raw: with their protocol");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(SOURCE_TYPE), 0), 1, "raw: a source's type is 8 bits");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(SOURCE_INDEX), 0), 0xfffffe, "raw: and its index 24");
	rig_close(&r);
}

/* Octets of which only the frame's are known: those before IP are not its packet's. */
static void
test_cut_headers(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 1);
	o = open_flow(&c, 4, 1);
	put_header(&c, 1, 122, frame4, 18 + 2);
	close(&c, o);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(60), 0), 4, "of a header the version came");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 122 - 18,
	    "its octets are the frame's without what is before");
	is_u64(num(&r, WIRE_FLOWS4, F(312), 0), 122, "which is told too");
	rig_close(&r);
}

/* What the agent says in place of a header, or beside it. */
static void
test_told(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 0, 0, 1, 4);
	o = open_flow(&c, 4, 2);
	PUT_NUMBERS(&c, 3, 576, 17, 0x0a000009, 0x0a00000a, 53, 5353, 0, 0x20);
	PUT_NUMBERS(&c, 2, 600, 0x06000000, 0x00060000, 0x08000000, 0x00080000, 0x0800);
	close(&c, o);
	o = open_flow(&c, 4, 1);
	PUT_NUMBERS(&c, 4, 1280, 6, 0x20010db8, 0, 0, 1, 0x20010db8, 0, 0, 2, 80, 1025, 0x18, 8);
	close(&c, o);
	o = open_flow(&c, 4, 3);
	PUT_NUMBERS(&c, 3, 576, 17, 0x0a000009, 0x0a00000a, 53, 5353, 0, 0x20);
	PUT_NUMBERS(&c, 2, 600, 0x06000000, 0x00060000, 0x08000000, 0x00080000, 0x0800);
	put_header(&c, 1, 122, frame4, sizeof frame4);
	close(&c, o);
	o = open_flow(&c, 4, 1);
	PUT_NUMBERS(&c, 2, 1514, 0x06000000, 0x00060000, 0x08000000, 0x00080000, 0x88cc);
	close(&c, o);
	is_u64(rig_send(&r, &c), 4, "packets told of in other words than their header's");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.9", "IPv4: source");
	is_u64(num(&r, WIRE_FLOWS4, F(11), 0), 5353, "IPv4: destination port");
	is_u64(num(&r, WIRE_FLOWS4, F(5), 0), 0x20, "IPv4: type of service");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 576, "IPv4: its length");
	is_u64(num(&r, WIRE_FLOWS4, F(312), 0), 600, "Ethernet: its length");
	is_u64(num(&r, WIRE_FLOWS4, F(56), 0), 0x060000000006, "Ethernet: source");
	is_u64(num(&r, WIRE_FLOWS4, F(80), 0), 0x080000000008, "Ethernet: destination");
	is_str(text(&r, WIRE_FLOWS6, F(12), 0), "2001:db8::2", "IPv6: destination");
	is_u64(num(&r, WIRE_FLOWS6, F(6), 0), 0x18, "IPv6: TCP flags");
	is_str(
	    text(&r, WIRE_FLOWS4, F(8), 1), "10.0.0.1", "a header comes first, wherever it stands");
	is_u64(num(&r, WIRE_FLOWS4, F(56), 1), 0x040000000004, "for MAC addresses too");
	is_u64(num(&r, WIRE_FLOWS4, F(312), 1), 122, "and the frame's length");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 2), 1514, "of Ethernet alone the octets are the frame's");
	is_u64(num(&r, WIRE_FLOWS4, F(256), 2), 0x88cc, "and the type is there");
	ok(!has(&r, WIRE_FLOWS4, F(130), 0), "an agent without an address has none");
	is_u64(rig_stats(&r).skipped, 0, "nothing was passed over");
	rig_close(&r);
}

/* A length of 0 is one that the agent does not know; of a record that is cut nothing is taken. */
static void
test_told_less(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 3);
	o = open_flow(&c, 4, 2);
	PUT_NUMBERS(&c, 3, 0, 17, 0x0a000009, 0x0a00000a, 53, 5353, 0, 0x20);
	PUT_NUMBERS(&c, 2, 600, 0x06000000, 0x00060000, 0x08000000, 0x00080000, 0x0800);
	close(&c, o);
	o = open_flow(&c, 4, 4);
	PUT_NUMBERS(&c, 2, 600, 0x06000000, 0x00060000, 0x08000000, 0x00080000);
	PUT_NUMBERS(&c, 3, 576, 17, 0x0a000009, 0x0a00000a, 53, 5353, 0);
	PUT_NUMBERS(&c, 1001, 10, 3, 11);
	PUT_NUMBERS(&c, 1002, 1, 0xc6336402, 24);
	close(&c, o);
	o = open_flow(&c, 4, 2);
	PUT_NUMBERS(&c, 1002, 3, 0xc6336402, 24, 16);
	PUT_NUMBERS(&c, 1003, 1, 0xc6336401, 64496, 64497, 64498, 1, 2, 1, 64499, 0, 150);
	close(&c, o);
	is_u64(rig_send(&r, &c), 3, "records that say less");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 600,
	    "octets of a packet without a length are the frame's");
	is_u64(num(&r, WIRE_FLOWS4, F(7), 0), 53, "its source port is there");
	is_u64(num(&r, WIRE_FLOWS4, F(4), 0), 17, "and its protocol");
	ok(!has(&r, WIRE_FLOWS4, F(56), 1) && !has(&r, WIRE_FLOWS4, F(312), 1),
	    "of a frame without its type nothing is taken");
	ok(!has(&r, WIRE_FLOWS4, F(8), 1) && !has(&r, WIRE_FLOWS4, F(1), 1),
	    "nor of a packet without its type of service");
	ok(!has(&r, WIRE_FLOWS4, F(58), 1) && !has(&r, WIRE_FLOWS4, F(59), 1),
	    "nor of VLANs without the last priority");
	ok(!has(&r, WIRE_FLOWS4, F(15), 1) && !has(&r, WIRE_FLOWS4, F(9), 1),
	    "nor of a next hop without the last prefix length");
	ok(!has(&r, WIRE_FLOWS4, F(15), 2) && !has(&r, WIRE_FLOWS4, F(9), 2),
	    "nor behind an address of a type that nobody knows");
	is_u64(num(&r, WIRE_FLOWS4, F(17), 2), 64499, "a path of one is its first and last");
	ok(!has(&r, WIRE_FLOWS4, SFLOW(COMMUNITIES), 2), "without communities there are none");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 5, "each is counted");
	rig_close(&r);
}

static void
put_gateway(struct craft *c)
{
	PUT_NUMBERS(c, 1003, 1, 0xc6336401, 64496, 64497, 64498, 2, 2, 2, 64499, 64500, 1, 2, 64501,
	    4200000000, 2, 64496u << 16 | 100, 64496u << 16 | 200, 150);
}

static void
test_extended(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	for (unsigned raw = 0; raw < 2; raw++) {
		rig_open(&r, (struct wire_opts){ .raw = raw });
		begin(&c, 1, 0, 1, 2);
		o = open_flow(&c, 4, 4);
		put_gateway(&c);
		PUT_NUMBERS(&c, 1002, 1, 0xc6336402, 24, 16);
		PUT_NUMBERS(&c, 1001, 10, 3, UINT32_MAX, UINT32_MAX);
		put_header(&c, 1, 122, frame4, sizeof frame4);
		close(&c, o);
		o = open_flow(&c, 4, 2);
		PUT_NUMBERS(&c, 1002, 2, 0x20010db8, 0, 0, 9, 48, 32);
		PUT_NUMBERS(&c, 1003, 0, 1, 2, 3, 0, 0, 4);
		close(&c, o);
		is_u64(rig_send(&r, &c), 2, "what the device knows of a packet");
		is_u64(num(&r, WIRE_FLOWS4, F(58), 0), 10, "switch: VLAN in");
		is_u64(num(&r, WIRE_FLOWS4, SFLOW(SRC_PRIORITY), 0), 3, "switch: priority in");
		ok(has(&r, WIRE_FLOWS4, F(59), 0) == raw &&
			has(&r, WIRE_FLOWS4, SFLOW(DST_PRIORITY), 0) == raw,
		    "switch: what it does not know is missing, unless raw");
		is_str(text(&r, WIRE_FLOWS4, F(15), 0), "198.51.100.2", "router: next hop");
		is_u64(num(&r, WIRE_FLOWS4, F(9), 0), 24, "router: source prefix length");
		is_u64(num(&r, WIRE_FLOWS4, F(13), 0), 16, "router: destination prefix length");
		is_str(text(&r, WIRE_FLOWS4, F(18), 0), "198.51.100.1", "gateway: next hop");
		is_u64(num(&r, WIRE_FLOWS4, SFLOW(GATEWAY_AS), 0), 64496, "gateway: its AS");
		is_u64(num(&r, WIRE_FLOWS4, F(16), 0), 64497, "gateway: source AS");
		is_u64(num(&r, WIRE_FLOWS4, F(129), 0), 64498, "gateway: source peer AS");
		is_u64(num(&r, WIRE_FLOWS4, F(128), 0), 64499, "gateway: the first AS of the path");
		is_u64(num(&r, WIRE_FLOWS4, F(17), 0), 4200000000, "gateway: and the last");
		is_str(text(&r, WIRE_FLOWS4, SFLOW(AS_PATH), 0), "64499 64500 {64501 4200000000}",
		    "gateway: the path, a set in braces");
		is_str(text(&r, WIRE_FLOWS4, SFLOW(COMMUNITIES), 0), "64496:100 64496:200",
		    "gateway: communities");
		is_u64(num(&r, WIRE_FLOWS4, SFLOW(LOCAL_PREF), 0), 150, "gateway: preference");
		is_str(text(&r, WIRE_FLOWS4, F(15), 1), "2001:db8::9", "a next hop of IPv6");
		is_u64(num(&r, WIRE_FLOWS4, F(29), 1), 48, "has prefix lengths of IPv6");
		ok(!has(&r, WIRE_FLOWS4, F(17), 1) && !has(&r, WIRE_FLOWS4, SFLOW(AS_PATH), 1) &&
			!has(&r, WIRE_FLOWS4, F(18), 1),
		    "an empty path and no next hop are none");
		is_u64(rig_stats(&r).bad[BAD_RECORD], 0, "nothing was bad");
		rig_close(&r);
	}
}

/* A packet and the next hop of its route need not be of one family. */
static void
test_next_hops(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 2);
	o = open_flow(&c, 4, 2);
	PUT_NUMBERS(&c, 4, 1280, 6, 0x20010db8, 0, 0, 1, 0x20010db8, 0, 0, 2, 80, 1025, 0x18, 8);
	PUT_NUMBERS(&c, 1002, 1, 0xc6336402, 48, 32);
	close(&c, o);
	o = open_flow(&c, 4, 2);
	PUT_NUMBERS(&c, 3, 576, 17, 0x0a000009, 0x0a00000a, 53, 5353, 0, 0x20);
	PUT_NUMBERS(&c, 1002, 2, 0x20010db8, 0, 0, 9, 24, 16);
	close(&c, o);
	is_u64(rig_send(&r, &c), 2, "next hops of the other family");
	is_str(text(&r, WIRE_FLOWS6, F(15), 0), "198.51.100.2", "IPv6 over IPv4 is IPv4's element");
	ok(!has(&r, WIRE_FLOWS6, F(62), 0), "and not IPv6's");
	is_u64(num(&r, WIRE_FLOWS6, F(29), 0), 48, "the prefixes are the packet's");
	is_str(text(&r, WIRE_FLOWS4, F(15), 0), "2001:db8::9", "IPv4 over IPv6");
	is_u64(num(&r, WIRE_FLOWS4, F(9), 0), 24, "likewise");
	rig_close(&r);
}

/* Counters of an interface, all of them `base` and up; 4294967295 at the fourth of the packets in. */
static void
put_counters(struct craft *c, uint32_t interface)
{
	struct open o = open(c, 1);

	put(c, interface, 4);
	put(c, 6, 4);
	put(c, 10000000000, 8);
	put(c, 1, 4);
	put(c, 3, 4);
	put(c, 5000000000, 8);
	for (uint32_t i = 0; i < 6; i++)
		put(c, i == 3 ? UINT32_MAX : 100 + i, 4);
	put(c, UINT64_MAX, 8);
	for (uint32_t i = 0; i < 6; i++)
		put(c, 200 + i, 4);
	close(c, o);
}

static void
test_counters(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	for (unsigned raw = 0; raw < 2; raw++) {
		rig_open(&r, (struct wire_opts){ .raw = raw });
		begin(&c, 1, 0, 1, 3);
		o = open(&c, COUNTERS);
		put(&c, 55, 4);
		put(&c, 9, 4);
		put(&c, 2, 4);
		PUT_NUMBERS(&c, 2, 1, 2, 3); /* of Ethernet: not decoded */
		put_counters(&c, 9);
		close(&c, o);
		o = open(&c, COUNTERS_EXPANDED);
		put(&c, 56, 4);
		put(&c, 2, 4);
		put(&c, 0x01000000, 4);
		put(&c, 0, 4);
		close(&c, o);
		o = open_flow(&c, 4, 0);
		close(&c, o);
		is_u64(rig_send(&r, &c), 3, "counters and a packet in one datagram");
		is_u64(r.b[WIRE_OPTIONS]->n, 2, "counters are options");
		ok((cell(&r, WIRE_OPTIONS, F(10), 0)->flags & COLUMN_SCOPE) != 0,
		    "whose scope is an interface");
		is_u64(num(&r, WIRE_OPTIONS, F(10), 0), 9, "by its index");
		is_u64(num(&r, WIRE_OPTIONS, F(368), 0), 6, "type");
		is_u64(num(&r, WIRE_OPTIONS, SFLOW(IF_SPEED), 0), 10000000000, "speed");
		is_u64(num(&r, WIRE_OPTIONS, SFLOW(IF_IN_OCTETS), 0), 5000000000, "octets in");
		is_u64(
		    num(&r, WIRE_OPTIONS, SFLOW(IF_IN_UNKNOWN), 0), 105, "the last of packets in");
		is_u64(num(&r, WIRE_OPTIONS, SFLOW(IF_PROMISCUOUS), 0), 205, "the last of all");
		ok(has(&r, WIRE_OPTIONS, SFLOW(IF_IN_DISCARDS), 0) == raw &&
			has(&r, WIRE_OPTIONS, SFLOW(IF_OUT_OCTETS), 0) == raw,
		    "what is not counted is missing, unless raw");
		is_u64(
		    num(&r, WIRE_OPTIONS, SFLOW(SOURCE_TYPE), 1), 2, "another source by its type");
		is_u64(num(&r, WIRE_OPTIONS, SFLOW(SOURCE_INDEX), 1), 0x01000000, "and index");
		ok(!has(&r, WIRE_OPTIONS, F(10), 1), "is no interface");
		ok(!has(&r, WIRE_OPTIONS, OWN(START), 0), "options have no time of their own");
		ok(has(&r, WIRE_FLOWS4, OWN(START), 0) && has(&r, WIRE_FLOWS4, OWN(TIME_GUESS), 0),
		    "the packet behind them has");
		is_u64(rig_stats(&r).options, 2, "both are counted as options");
		is_u64(rig_stats(&r).skipped, 1, "and the record that was passed over");
		rig_close(&r);
	}
}

/* Each counter is the one at its place; the agent's address and the sample's number are there too. */
static void
test_each_counter(void)
{
	static const struct {
		uint16_t element;
		uint8_t len;
	} counters[] = {
		{ SFLOW_IF_INDEX, 4 },
		{ 0, 4 }, /* ingressInterfaceType */
		{ SFLOW_IF_SPEED, 8 },
		{ SFLOW_IF_DIRECTION, 4 },
		{ SFLOW_IF_STATUS, 4 },
		{ SFLOW_IF_IN_OCTETS, 8 },
		{ SFLOW_IF_IN_UCAST, 4 },
		{ SFLOW_IF_IN_MULTICAST, 4 },
		{ SFLOW_IF_IN_BROADCAST, 4 },
		{ SFLOW_IF_IN_DISCARDS, 4 },
		{ SFLOW_IF_IN_ERRORS, 4 },
		{ SFLOW_IF_IN_UNKNOWN, 4 },
		{ SFLOW_IF_OUT_OCTETS, 8 },
		{ SFLOW_IF_OUT_UCAST, 4 },
		{ SFLOW_IF_OUT_MULTICAST, 4 },
		{ SFLOW_IF_OUT_BROADCAST, 4 },
		{ SFLOW_IF_OUT_DISCARDS, 4 },
		{ SFLOW_IF_OUT_ERRORS, 4 },
		{ SFLOW_IF_PROMISCUOUS, 4 },
	};
	enum { COUNT = sizeof counters / sizeof counters[0] };
	struct rig r;
	static struct craft c;
	struct open o, record;

	for (unsigned raw = 0; raw < 2; raw++) {
		rig_open(&r, (struct wire_opts){ .raw = raw });
		begin(&c, 1, 0, 1, 1);
		o = open(&c, COUNTERS);
		put(&c, 55, 4);
		put(&c, 0xfedcba, 4);
		put(&c, 1, 4);
		record = open(&c, 1);
		for (unsigned i = 0; i < COUNT; i++)
			put(&c, 100 + i, counters[i].len);
		close(&c, record);
		close(&c, o);
		rig_send(&r, &c);
		is_u64(num(&r, WIRE_OPTIONS, F(10), 0), 0xfedcba, "an interface has 24 bits");
		for (unsigned i = 0; i < COUNT; i++) {
			struct field_id id = { .pen = PEN_SFLOW, .id = counters[i].element };

			is_u64(num(&r, WIRE_OPTIONS, i == 1 ? F(368) : id, 0), 100 + i,
			    "counter %u of an interface", i);
		}
		is_str(text(&r, WIRE_OPTIONS, F(130), 0), "192.0.2.7", "counters have their agent");
		ok(has(&r, WIRE_OPTIONS, SFLOW(SEQUENCE), 0) == raw, "and, raw, their number");
		rig_close(&r);
	}

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 1);
	PUT_NUMBERS(&c, COUNTERS, 1, 9);
	is_u64(rig_send(&r, &c), 0, "counters that end before their number of records are none");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 1, "which is counted");
	rig_close(&r);
}

static void
test_unknown(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ .strict = true });
	begin(&c, 1, 0, 1, 4);
	put_numbers(&c, 5, NULL, 0); /* discarded packets */
	PUT_NUMBERS(&c, 4413u << 12 | 1, 1, 2, 3); /* an enterprise's flow sample is none of ours */
	o = open_flow(&c, 4, 6);
	PUT_NUMBERS(&c, 9u << 12 | 1, 1, 2, 3);
	put_numbers(&c, 0, NULL, 0);
	PUT_NUMBERS(&c, UINT32_MAX, 1);
	PUT_NUMBERS(&c, 1001, 10, 0, 11, 0);
	PUT_NUMBERS(&c, 1001, 20, 0, 21, 0);
	put_header(&c, 1, 122, frame4, sizeof frame4);
	put(&c, 0xdead, 4); /* a sample may be longer than its records: later versions */
	close(&c, o);
	PUT_NUMBERS(&c, UINT32_MAX, 1);
	is_u64(rig_send(&r, &c), 1, "unknown samples and records are passed over by their lengths");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "what is between them is not");
	is_u64(num(&r, WIRE_FLOWS4, F(58), 0), 10, "of two records of one format the first counts");
	is_u64(rig_stats(&r).skipped, 3 + 4, "all that was passed over is counted");
	for (unsigned i = 0; i < BAD_KINDS; i++)
		is_u64(rig_stats(&r).bad[i], 0, "and nothing is bad: %s", wire_bad_names[i]);
	rig_close(&r);
}

/* Two samples; then a number somewhere in them is changed. */
static void
craft_two(struct craft *c)
{
	struct open o;

	begin(c, 1, 7, 1, 2);
	for (unsigned i = 0; i < 2; i++) {
		o = open_flow(c, 4, 2);
		put_gateway(c);
		put_header(c, 1, 122, frame4, sizeof frame4);
		close(c, o);
	}
}

/* Offsets of numbers in the message that craft_two makes. */
enum {
	SAMPLES = 24,
	SAMPLE_LEN = 32,
	RECORDS = SAMPLE_LEN + 4 + 28,
	RECORD_LEN = RECORDS + 8,
	HOP_TYPE = RECORD_LEN + 4,
	SEGMENTS = HOP_TYPE + 20,
	SEGMENT_LEN = SEGMENTS + 8,
	COMMUNITIES = SEGMENT_LEN + 4 + 8 + 8 + 8,
	HEADER_RECORD_LEN = COMMUNITIES + 4 + 8 + 4 + 4,
	HEADER_LEN = HEADER_RECORD_LEN + 4 + 12,
};

static const struct {
	const char *name;
	size_t at;
	uint32_t value;
	unsigned records;
	enum wire_bad bad;
	bool lax; /* strict takes it too: only lengths of samples and records are looked at */
} lies[] = {
	{ "fewer samples than there are", SAMPLES, 1, 1, BAD_TRAILING, true },
	{ "no samples", SAMPLES, 0, 0, BAD_TRAILING, true },
	{ "more samples than there are", SAMPLES, 3, 2, BAD_COUNT, false },
	{ "very many samples", SAMPLES, UINT32_MAX, 2, BAD_COUNT, false },
	{ "a sample beyond the datagram", SAMPLE_LEN, 60000, 0, BAD_SET_LENGTH, false },
	{ "a sample of 4 GiB", SAMPLE_LEN, UINT32_MAX, 0, BAD_SET_LENGTH, false },
	{ "a sample of nothing", SAMPLE_LEN, 0, 0, BAD_RECORD, false },
	{ "a sample within its header", SAMPLE_LEN, 31, 0, BAD_RECORD, false },
	{ "no record", RECORDS, 0, 2, BAD_KINDS, true },
	{ "more records than there are", RECORDS, 3, 2, BAD_COUNT, false },
	{ "very many records", RECORDS, UINT32_MAX, 2, BAD_COUNT, false },
	{ "a record beyond its sample", RECORD_LEN, 200, 2, BAD_RECORD, false },
	{ "a record of 4 GiB", RECORD_LEN, UINT32_MAX, 2, BAD_RECORD, false },
	{ "an address of a type that nobody knows", HOP_TYPE, 9, 2, BAD_RECORD, true },
	{ "more segments of a path than there are", SEGMENTS, 9, 2, BAD_RECORD, true },
	{ "4 Gi segments", SEGMENTS, UINT32_MAX, 2, BAD_RECORD, true },
	{ "a segment beyond its record", SEGMENT_LEN, 1000, 2, BAD_RECORD, true },
	{ "a segment whose octets overflow", SEGMENT_LEN, 0x40000001, 2, BAD_RECORD, true },
	{ "communities beyond their record", COMMUNITIES, 1000, 2, BAD_RECORD, true },
	{ "communities whose octets overflow", COMMUNITIES, 0x40000001, 2, BAD_RECORD, true },
	{ "a header beyond its record", HEADER_LEN, 60, 2, BAD_RECORD, true },
	{ "a header of 4 GiB", HEADER_LEN, UINT32_MAX, 2, BAD_RECORD, true },
	{ "a header record of nothing", HEADER_RECORD_LEN, 0, 2, BAD_RECORD, true },
};

static void
test_lies(void)
{
	struct rig r;
	static struct craft c;

	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		for (unsigned strict = 0; strict < 2; strict++) {
			uint64_t records;

			craft_two(&c);
			fix(&c, lies[i].at, lies[i].value >> 16);
			fix(&c, lies[i].at + 2, lies[i].value & 0xffff);
			rig_open(&r, (struct wire_opts){ .strict = strict });
			records = rig_send(&r, &c);
			if (strict) {
				is_u64(records, lies[i].lax ? lies[i].records : 0,
				    "strict %s it: %s", lies[i].lax ? "takes" : "discards",
				    lies[i].name);
			} else {
				is_u64(records, lies[i].records, "what was good stays: %s",
				    lies[i].name);
				if (lies[i].bad < BAD_KINDS)
					ok(rig_stats(&r).bad[lies[i].bad] > 0,
					    "and the rest is counted: %s", lies[i].name);
				if (lies[i].bad == BAD_SET_LENGTH)
					is_u64(rig_stats(&r).bad[BAD_COUNT] +
						   rig_stats(&r).bad[BAD_TRAILING],
					    0, "once: %s", lies[i].name);
			}
			rig_close(&r);
		}
	}
	craft_two(&c);
	rig_open(&r, (struct wire_opts){ .strict = true });
	is_u64(rig_send(&r, &c), 2, "strict takes the message that nobody changed");
	is_str(text(&r, WIRE_FLOWS4, SFLOW(COMMUNITIES), 0), "64496:100 64496:200", "whole");
	rig_close(&r);
}

enum padding { PADDING_BEHIND, PADDING_COUNTED, PADDING_OMITTED, PADDING_WAYS };

/*
 * A sample of frame4 behind opaque data of n octets: a record in that sample (format 0), or one in a sample of
 * that format.
 */
static void
craft_padded(struct craft *c, uint32_t format, enum padding way, unsigned n)
{
	unsigned pad = (4 - n % 4) % 4;
	struct open sample, record;

	begin(c, 1, 7, 0, format == 0 ? 1 : 2);
	if (format == 0) {
		sample = open_flow(c, 4, 2);
	} else {
		sample = open(c, format);
		put(c, 0, format == FLOW ? 28 : 8);
		put(c, 1, 4);
	}
	record = open(c, 9 << 12 | 1);
	put(c, UINT64_MAX, n);
	if (way == PADDING_COUNTED)
		put(c, 0, pad);
	close(c, record);
	if (format != 0)
		close(c, sample);
	if (way == PADDING_BEHIND)
		put(c, 0, pad);
	if (format != 0)
		sample = open_flow(c, 4, 1);
	put_header(c, 1, 122, frame4, sizeof frame4);
	close(c, sample);
}

/* Padding is behind the length (RFC 4506 4.10); agents that count it or leave it out are understood too. */
static void
test_padding(void)
{
	static const char *const ways[] = { "behind it", "counted", "left out" };
	static const uint32_t formats[] = { 0, FLOW, COUNTERS };
	static const char *const places[] = { "a record", "a flow sample", "a counter sample" };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ .strict = true });
	for (unsigned i = 0; i < 3; i++)
		for (enum padding way = PADDING_BEHIND; way < PADDING_WAYS; way++)
			for (unsigned n = 0; n <= 8; n++) {
				rig_clear(&r);
				craft_padded(&c, formats[i], way, n);
				rig_send(&r, &c);
				is_str(text(&r, WIRE_FLOWS4, F(8), formats[i] == FLOW), "10.0.0.1",
				    "sflow: behind %u octets in %s, padding %s, data is decoded", n,
				    places[i], ways[way]);
			}
	for (unsigned i = 0; i < BAD_KINDS; i++)
		is_u64(rig_stats(&r).bad[i], 0, "sflow: padding is none of this: %s",
		    wire_bad_names[i]);
	rig_close(&r);
}

/* Where what follows could be either, opaque data is padded as the specification says. */
static void
test_padding_either(void)
{
	struct rig r;
	static struct craft c;
	struct open o, record;

	rig_open(&r, (struct wire_opts){ .strict = true });
	begin(&c, 1, 0, 1, 1);
	o = open_flow(&c, 4, 3);
	record = open(&c, 9 << 12 | 1);
	put(&c, 0xabcdef, 3);
	close(&c, record);
	put(&c, 0, 1);
	put_numbers(&c, 9 << 12, NULL, 0); /* an octet earlier it would have no length either */
	put_header(&c, 1, 122, frame4, sizeof frame4);
	close(&c, o);
	rig_send(&r, &c);
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "sflow: padding is passed over");
	is_u64(rig_stats(&r).skipped, 2, "sflow: and the records before the header");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 2);
	close(&c, open_flow(&c, 4, 0));
	record = open(&c, 9 << 12 | 1);
	put(&c, 0xabcdef, 3);
	close(&c, record);
	put(&c, 0, 1);
	is_u64(rig_send(&r, &c), 1, "sflow: a sample, and one that is not known");
	is_u64(rig_stats(&r).bad[BAD_TRAILING], 0, "sflow: whose padding at the end is no rest");
	rig_close(&r);
}

/* A strict collector takes a sample of the expanded form that is whole. */
static void
test_strict_expanded(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ .strict = true });
	begin(&c, 1, 0, 1, 1);
	PUT_NUMBERS(&c, FLOW_EXPANDED, 1, 0, 3, 400, 1, 0, 0, 3, 0, 4, 0);
	is_u64(rig_send(&r, &c), 1, "strict takes an expanded sample");
	begin(&c, 1, 0, 2, 1);
	PUT_NUMBERS(&c, FLOW_EXPANDED, 1, 0, 3, 400, 1, 0, 0, 3, 0, 4, 1);
	is_u64(rig_send(&r, &c), 0, "but none whose record is not there");
	rig_close(&r);
}

/* Cut anywhere: no more than what there was, damage counted; nothing is left of it in the next one. */
static void
test_cut(void)
{
	struct rig r;
	static struct craft c;
	size_t odd = 0, uncounted = 0, kept = 0, after = 0, n;

	craft_two(&c);
	n = c.n;
	for (size_t len = 0; len < n; len++) {
		struct wire_totals t;
		uint64_t bad = 0;

		craft_two(&c);
		rig_open(&r, (struct wire_opts){ 0 });
		odd += rig_decode(&r, c.d, len) > (len > n / 2 ? 1u : 0);
		t = rig_totals(&r);
		for (unsigned b = 0; b < BAD_KINDS; b++)
			bad += t.bad[b];
		uncounted += bad == 0;
		after += rig_send(&r, &c) != 2;
		rig_close(&r);
		rig_open(&r, (struct wire_opts){ .strict = true });
		kept += rig_decode(&r, c.d, len) != 0;
		rig_close(&r);
	}
	is_u64(odd, 0, "however it is cut, there are no more samples than are whole");
	is_u64(uncounted, 0, "and damage is counted");
	is_u64(kept, 0, "strict discards it");
	is_u64(after, 0, "the next message is decoded as ever");
}

static void
test_dispatch(void)
{
	static const struct {
		const char *name, *octets;
		size_t n;
		enum wire_bad bad;
	} heads[] = {
		{ "sFlow version 4", "\0\0\0\4\0\0\0\1\300\0\2\7\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0",
		    28, BAD_VERSION },
		{ "an agent's address of an unknown type",
		    "\0\0\0\5\0\0\0\3\300\0\2\7\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0", 28, BAD_VERSION },
		{ "an agent's address that is cut",
		    "\0\0\0\5\0\0\0\2\300\0\2\7\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0", 28, BAD_SHORT },
		{ "a version and nothing else", "\0\0\0\5", 4, BAD_SHORT },
		{ "half a version", "\0\0\0", 3, BAD_VERSION },
		{ "version 0", "\0\0\0\0\0\0\0\0", 8, BAD_VERSION },
	};
	struct rig r;
	static struct craft c;

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		rig_open(&r, (struct wire_opts){ 0 });
		is_u64(rig_decode(&r, heads[i].octets, heads[i].n), 0, "%s gives nothing",
		    heads[i].name);
		is_u64(rig_totals(&r).bad[heads[i].bad], 1, "and is counted: %s", heads[i].name);
		is_u64(rig_stats(&r).version, 0, "as no message: %s", heads[i].name);
		rig_close(&r);
	}
	rig_open(&r, (struct wire_opts){ 0 });
	craft_one(&c, 1);
	rig_send(&r, &c);
	begin_v5(&c, 1, 1, 0);
	put_v5_record(&c, 1, 2, 3);
	rig_send(&r, &c);
	is_u64(r.b[WIRE_FLOWS4]->n, 2, "NetFlow 5 and sFlow 5 from one address and port");
	is_u64(num(&r, WIRE_FLOWS4, OWN(VERSION), 0), VERSION_SFLOW5, "are told apart");
	is_u64(num(&r, WIRE_FLOWS4, OWN(VERSION), 1), VERSION_NETFLOW5, "both ways");
	is_u64(rig_totals(&r).lost, 0, "and have numbers of their own");
	rig_close(&r);
}

static void
test_sequence(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	craft_one(&c, 10);
	rig_send(&r, &c);
	craft_one(&c, 11);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost, 0, "datagrams are numbered one by one");
	craft_one(&c, 15);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost, 3, "those between are lost");
	craft_one(&c, 13);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost, 2, "until they come");
	begin(&c, 1, 8, 500, 0);
	rig_send(&r, &c);
	is_u64(rig_totals(&r).lost, 2, "another sub agent counts for itself");
	craft_one(&c, 1);
	fix(&c, 20, 0);
	fix(&c, 22, 5);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).restarts, 1, "an agent that began anew is told by uptime and number");
	is_u64(rig_stats(&r).lost, 2, "and has lost nothing by it");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .strict = true });
	for (uint32_t i = 10; i < 13; i++) {
		craft_one(&c, i);
		rig_decode(&r, c.d, i == 11 ? c.n - 4 : c.n);
	}
	is_u64(rig_stats(&r).bad[BAD_SET_LENGTH], 1, "strict discards one that was cut short");
	is_u64(rig_stats(&r).lost, 0, "and it is not lost");
	rig_close(&r);
}

/* Agents behind one address, as a relay's, count for themselves, and their uptimes are their own. */
static void
test_agents(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	for (uint32_t i = 0; i < 40; i++) {
		begin(&c, 1, 7, 1000 + i, 0);
		rig_send(&r, &c);
		if (i == 20) /* this one alone was lost */
			continue;
		begin(&c, 2, 7, 70 + i, 0);
		fix(&c, c.n - 8, 0);
		rig_send(&r, &c);
	}
	is_u64(rig_totals(&r).lost, 1, "two agents of one sub agent number lose what was lost");
	is_u64(rig_totals(&r).restarts, 0, "neither began anew");
	is_u64(rig_totals(&r).incoherent + rig_totals(&r).reordered + rig_totals(&r).duplicate, 0,
	    "and each counts in order");
	rig_close(&r);
}

/* An agent that sends by its own address needs no other name. */
static void
test_own_address(void)
{
	struct rig r;
	struct wire_stats st;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	craft_one(&c, 1);
	rig_send(&r, &c);
	st = rig_stats(&r);
	is_u64(addr_u32(&st.agent), AGENT4, "an agent behind another's address");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.exporter = addr_v4(AGENT4);
	craft_one(&c, 1);
	rig_send(&r, &c);
	st = rig_stats(&r);
	ok(addr_is_zero(&st.agent), "and one at its own");
	rig_close(&r);
}

/* Rows go to whatever batch is open: full ones, and those where a column has another type, are written. */
static void
test_batches(void)
{
	static const uint16_t odd[][2] = { { 8, 4 }, { 56, 4 } };
	struct rig r;
	static struct craft c;
	size_t sent = 0;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 500);
	for (unsigned i = 0; i < 500; i++) {
		o = open_flow(&c, 4, 1);
		put_header(&c, 1, 122, frame4, sizeof frame4);
		close(&c, o);
	}
	for (unsigned i = 0; i < 140; i++)
		sent += rig_send(&r, &c);
	is_u64(sent, 70000, "70000 samples are as many records");
	is_u64(r.fulls, 1, "one batch was full");
	is_u64(r.records, 65536, "with as many as a batch has");
	is_u64(r.b[WIRE_FLOWS4]->n, 70000 - 65536, "the rest is in the next");

	begin_v9(&c, 1, 0, 1);
	put_template_set(&c, 0, 256, 2, odd);
	open_set(&c, 256);
	put(&c, 0x0a000001, 4);
	put(&c, 0x01020304, 4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(r.fulls, 2, "a MAC address of 4 octets is of another type: the batch is written");
	craft_one(&c, 2);
	rig_send(&r, &c);
	is_u64(r.fulls, 3, "and again for a sample");
	is_u64(num(&r, WIRE_FLOWS4, F(56), 0), 0x040000000004, "which has all that it said");
	is_u64(rig_totals(&r).bad[BAD_RECORD], 0, "nothing was left out");
	rig_close(&r);
}

/* There is nowhere to put records: flows are counted, options are still taken. */
static void
test_discard(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	r.out.discard = true;
	begin(&c, 1, 0, 1, 2);
	o = open(&c, COUNTERS);
	put(&c, 1, 4);
	put(&c, 2, 4);
	put(&c, 0, 4);
	close(&c, o);
	o = open_flow(&c, 4, 0);
	close(&c, o);
	is_u64(rig_send(&r, &c), 1, "samples that nobody takes are not appended");
	is_u64(rig_stats(&r).discarded, 1, "but counted");
	is_u64(r.b[WIRE_OPTIONS]->n, 1, "counters are taken");
	rig_close(&r);
}

/* What is 0 or not there is not made up; what is there stays whole. */
static void
test_no_more(void)
{
	/* To 02:..:02, MPLS label 0x12345 of class 5, the last, TTL 64; IPv4 behind it, cut. */
	static const uint8_t labelled[] = { 2, 0, 0, 0, 0, 2, 4, 0, 0, 0, 0, 4, 0x88, 0x47, 0x12,
		0x34, 0x5b, 64, 0x45, 0, 0, 100 };
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0x01020304, 1, 2);
	o = open_flow(&c, 4, 1);
	fix(&c, o.at + 10, 0); /* the rate */
	PUT_NUMBERS(&c, 1001, 70000, 300, 7, 2);
	close(&c, o);
	o = open_flow(&c, 4, 1);
	put_header(&c, 1, 122, labelled, sizeof labelled);
	close(&c, o);
	is_u64(rig_send(&r, &c), 2, "a sample without a packet, and one with a label");
	is_u64(rig_stats(&r).domain, 0x01020304, "the domain is all of the sub agent");
	ok(!has(&r, WIRE_FLOWS4, OWN(SAMPLING), 0) && !has(&r, WIRE_FLOWS4, OWN(SAMPLING_SRC), 0),
	    "a rate of 0 is unknown");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 1, "a sample is one packet");
	ok(!has(&r, WIRE_FLOWS4, F(1), 0) && !has(&r, WIRE_FLOWS4, F(312), 0),
	    "of which nobody told the octets");
	is_u64(num(&r, WIRE_FLOWS4, F(58), 0), 70000, "a number beyond its element's octets");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(SRC_PRIORITY), 0), 300, "stays whole");
	is_str(text(&r, WIRE_FLOWS4, F(70), 1), "12345b", "label, class and bottom");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 1), 100, "octets of the packet behind it");
	is_u64(cell(&r, WIRE_FLOWS4, F(60), 1)->width, 1, "in as many octets as their element");
	rig_close(&r);
}

/* Interfaces as they were sent, in either form. */
static void
test_raw_interfaces(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ .raw = true });
	begin(&c, 1, 0, 1, 2);
	close(&c, open_flow(&c, 2u << 30 | 5, 0));
	PUT_NUMBERS(&c, FLOW_EXPANDED, 1, 0, 3, 400, 1, 0, 0, 0x01000003, 1, 257, 0);
	is_u64(rig_send(&r, &c), 2, "raw: two samples");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(INPUT_FORMAT), 0), 0, "raw: an index");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(INPUT_VALUE), 0), 3, "raw: which");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(OUTPUT_FORMAT), 0), 2, "raw: several");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(OUTPUT_VALUE), 0), 5, "raw: how many");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(INPUT_VALUE), 1), 0x01000003, "raw: expanded, an index");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(OUTPUT_FORMAT), 1), 1, "raw: expanded, discarded");
	is_u64(num(&r, WIRE_FLOWS4, SFLOW(OUTPUT_VALUE), 1), 257, "raw: expanded, why");
	rig_close(&r);
}

/* Records of counters: the first one counts, and one that is shorter than its fields is none. */
static void
test_records_of_counters(void)
{
	struct rig r;
	static struct craft c;
	struct open o;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 2);
	o = open(&c, COUNTERS);
	put(&c, 1, 4);
	put(&c, 9, 4);
	put(&c, 2, 4);
	put_counters(&c, 9);
	put_counters(&c, 10);
	close(&c, o);
	o = open(&c, COUNTERS);
	put(&c, 2, 4);
	put(&c, 0x02000009, 4); /* entity 9 */
	put(&c, 1, 4);
	put_counters(&c, 9);
	c.n -= 4;
	fix(&c, o.at + 12 + 6, 84);
	close(&c, o);
	is_u64(rig_send(&r, &c), 2, "two samples of counters");
	is_u64(num(&r, WIRE_OPTIONS, F(10), 0), 9, "of two records of counters the first counts");
	is_u64(num(&r, WIRE_OPTIONS, SFLOW(IF_INDEX), 0), 9, "with its interface");
	is_u64(rig_stats(&r).skipped, 1, "and the second is passed over");
	is_u64(num(&r, WIRE_OPTIONS, SFLOW(SOURCE_TYPE), 1), 2, "a source is 8 bits of type");
	is_u64(num(&r, WIRE_OPTIONS, SFLOW(SOURCE_INDEX), 1), 9, "and 24 of index");
	ok(!has(&r, WIRE_OPTIONS, F(368), 1), "of counters that lack the last none is taken");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 1, "which is counted");
	rig_close(&r);
}

/* Counters of an interface: cut short by what the sample says of itself, or by its record's length. */
static void
test_short_counters(void)
{
	static const struct {
		uint32_t format;
		unsigned header;
	} kinds[] = { { COUNTERS, 8 }, { COUNTERS_EXPANDED, 12 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 1, 0, 1, 1);
	PUT_NUMBERS(&c, COUNTERS, 1, 9, 1, 1, 12, 9, 6, 1);
	is_u64(rig_send(&r, &c), 1, "counters that are cut: the interface stays");
	ok(!has(&r, WIRE_OPTIONS, F(368), 0), "but none of them");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 1, "which is counted");
	rig_close(&r);

	for (unsigned i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool untrue = i % 2;
		struct open o;

		rig_open(&r, (struct wire_opts){ .strict = true });
		begin(&c, 1, 0, 1, 1);
		o = open(&c, kinds[i / 2].format);
		put(&c, 0, kinds[i / 2].header);
		c.d[c.n - 1] = 9;
		put(&c, 1, 4);
		put_counters(&c, 9);
		if (untrue) /* the record says that it goes on */
			fix(&c, o.at + kinds[i / 2].header + 4 + 6, 100);
		close(&c, o);
		is_u64(rig_send(&r, &c), !untrue, "strict %s counters of format %u",
		    untrue ? "discards untrue" : "takes", kinds[i / 2].format);
		rig_close(&r);
	}
}

int
main(void)
{
	test_no_more();
	test_raw_interfaces();
	test_records_of_counters();
	test_short_counters();
	test_discard();
	test_flow();
	test_interfaces();
	test_inputs();
	test_reasons();
	test_headers();
	test_raw_headers();
	test_cut_headers();
	test_told();
	test_told_less();
	test_extended();
	test_next_hops();
	test_counters();
	test_each_counter();
	test_unknown();
	test_lies();
	test_padding();
	test_padding_either();
	test_strict_expanded();
	test_cut();
	test_dispatch();
	test_sequence();
	test_agents();
	test_own_address();
	test_batches();
	return done_testing();
}
