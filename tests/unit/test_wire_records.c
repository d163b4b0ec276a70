/* Data records: lengths, padding, types, times, addresses, counters, strings. */
#include "wire_craft.h"

#define COUNT(A) (sizeof(A) / sizeof((A)[0]))

/* One record of a template: fields and their octets. */
static void
begin_record(struct craft *c, unsigned version, const uint16_t (*fields)[2], size_t n)
{
	if (version == 9)
		begin_v9(c, 2, 0, 1);
	else
		begin_ipfix(c, 0, 1);
	put_template_set(c, version == 9 ? 0 : 2, 256, (unsigned)n, fields);
	open_set(c, 256);
}

static size_t
end_record(struct rig *r, struct craft *c)
{
	close_set(c);
	return rig_send(r, c);
}

static void
test_reduced(void)
{
	static const uint16_t fields[][2] = { { 1, 3 }, { 2, 5 }, { 10, 2 }, { 16, 2 }, { 7, 4 },
		{ 434, 1 }, { 4, 2 }, { 320, 4 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 0x123456, 3);
	put(&c, UINT64_C(0xabcdef0123), 5);
	put(&c, 77, 2);
	put(&c, 64512, 2);
	put(&c, 443, 4);
	put(&c, 0xfe, 1);
	put(&c, 17, 2);
	put(&c, 0x3fc00000, 4);
	is_u64(end_record(&r, &c), 1, "lengths: reduced and over-long fields decode");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 0x123456, "lengths: octets in 3");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), UINT64_C(0xabcdef0123), "lengths: packets in 5");
	is_u64(num(&r, WIRE_FLOWS4, F(10), 0), 77, "lengths: an interface in 2");
	is_u64(num(&r, WIRE_FLOWS4, F(7), 0), 443, "lengths: a port in 4");
	is_u64(num(&r, WIRE_FLOWS4, F(4), 0), 17, "lengths: a protocol in 2");
	ok((int64_t)num(&r, WIRE_FLOWS4, F(434), 0) == (int64_t)(uint32_t)-2 ||
		(int64_t)num(&r, WIRE_FLOWS4, F(434), 0) == -2,
	    "lengths: a signed one is sign extended");
	ok(cell(&r, WIRE_FLOWS4, F(320), 0)->width == 8 &&
		*(const double *)cell(&r, WIRE_FLOWS4, F(320), 0)->data > 1.49 &&
		*(const double *)cell(&r, WIRE_FLOWS4, F(320), 0)->data < 1.51,
	    "lengths: a float64 in 4 octets is a float32");
	is_u64(cell(&r, WIRE_FLOWS4, F(1), 0)->width, 8, "lengths: cells have the natural width");
	rig_close(&r);
}

/* Any length from 1 to 8 octets holds an integer, longer than its element's own too. */
static void
test_every_length(void)
{
	struct rig r;
	static struct craft c;

	for (uint16_t len = 1; len <= 8; len++) {
		const uint16_t fields[][2] = { { 1, len }, { 434, len }, { 4, len }, { 302, len } };
		uint64_t most = UINT64_MAX >> (64 - 8 * len), got;

		rig_open(&r, (struct wire_opts){ 0 });
		begin_record(&c, 10, fields, COUNT(fields));
		put(&c, most, len);
		put(&c, most - 4, len); /* -5 */
		put(&c, most, len);
		put(&c, 1, len);
		end_record(&r, &c);
		is_u64(num(&r, WIRE_FLOWS4, F(1), 0), most, "lengths: a counter in %u octets", len);
		got = num(&r, WIRE_FLOWS4, F(434), 0);
		is_u64(cell(&r, WIRE_FLOWS4, F(434), 0)->width == 4 ? (uint64_t)(int32_t)got : got,
		    (uint64_t)-5, "lengths: a signed number in %u", len);
		is_u64(num(&r, WIRE_FLOWS4, F(4), 0), most, "lengths: a protocol in %u", len);
		is_u64(num(&r, WIRE_FLOWS4, F(302), 0), 1, "lengths: a selector in %u", len);
		rig_close(&r);
	}
}

static void
test_widths_mix(void)
{
	static const uint16_t narrow[][2] = { { 7, 2 } }, wide[][2] = { { 7, 8 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, narrow, 1);
	put(&c, 0x1234, 2);
	end_record(&r, &c);
	begin_record(&c, 10, wide, 1);
	put(&c, UINT64_C(0x123456789abcdef0), 8);
	end_record(&r, &c);
	begin_record(&c, 10, narrow, 1);
	put(&c, 0x4321, 2);
	end_record(&r, &c);
	is_u64(
	    num(&r, WIRE_FLOWS4, F(7), 0), 0x1234, "lengths: a column widens under values it has");
	is_u64(num(&r, WIRE_FLOWS4, F(7), 1), UINT64_C(0x123456789abcdef0),
	    "lengths: for one that needs it");
	is_u64(num(&r, WIRE_FLOWS4, F(7), 2), 0x4321, "lengths: narrow ones go on");
	is_u64(r.fulls, 0, "lengths: in one batch");
	rig_close(&r);
}

static void
test_varying(void)
{
	static const uint16_t fields[][2] = { { 4, 1 }, { 82, 65535 }, { 2, 4 }, { 371, 65535 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 6, 1);
	put(&c, 4, 1);
	put_text(&c, "eth0", 4);
	put(&c, 1000, 4);
	put(&c, 0, 1);
	put(&c, 17, 1);
	put(&c, 255, 1);
	put(&c, 300, 2);
	for (unsigned i = 0; i < 300; i++)
		put(&c, 'x', 1);
	put(&c, 2000, 4);
	put(&c, 255, 1);
	put(&c, 2, 2); /* the long form for a short value */
	put_text(&c, "ab", 2);
	put(&c, 0, 3); /* padding */
	is_u64(end_record(&r, &c), 2, "varying: two records of varying length, then padding");
	is_str(text(&r, WIRE_FLOWS4, F(82), 0), "eth0", "varying: a length of one octet");
	is_u64(strlen(text(&r, WIRE_FLOWS4, F(82), 1)), 300, "varying: a length of three");
	is_str(text(&r, WIRE_FLOWS4, F(371), 1), "ab", "varying: three for a short value");
	is_str(text(&r, WIRE_FLOWS4, F(371), 0), "",
	    "varying: a value of length 0 is there and empty");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 1000, "varying: fixed fields between them");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 1), 2000, "varying: of each record");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 0, "varying: nothing is wrong with it");

	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 6, 1);
	put(&c, 0, 1);
	put(&c, 1000, 4);
	put(&c, 0, 1);
	put(&c, 0xffffffffff, 5);
	is_u64(end_record(&r, &c), 1, "padding: less than the shortest record, whatever is in it");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 0, "padding: is no damage (RFC 7011 9.1)");

	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 6, 1);
	put(&c, 2, 1);
	put_text(&c, "lo", 2);
	put(&c, 1000, 4);
	put(&c, 1, 1);
	put_text(&c, "z", 1);
	put(&c, 6, 1);
	put(&c, 250, 1); /* beyond the set */
	put_text(&c, "abcdefgh", 8);
	is_u64(end_record(&r, &c), 1, "varying: a length beyond the set ends it");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 1, "varying: and is counted");
	rig_close(&r);
}

static void
test_padding(void)
{
	static const uint16_t fields[][2] = { { 8, 4 }, { 4, 1 } }, tiny[][2] = { { 4, 1 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 9, fields, COUNT(fields));
	put(&c, 0x0a000001, 4);
	put(&c, 6, 1);
	put(&c, 0xffffff, 3);
	is_u64(end_record(&r, &c), 1,
	    "padding: padding shorter than a record is none, whatever is in it");
	is_u64(rig_stats(&r).flows, 1, "padding: one flow");
	begin_v9(&c, 3, 1, 1);
	put_template_set(&c, 0, 256, 1, tiny);
	open_set(&c, 256);
	put(&c, 6, 1);
	put(&c, 17, 1);
	put(&c, 0, 2);
	is_u64(end_record(&r, &c), 2,
	    "padding: v9: where padding looks like records the header's count decides");
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 1, tiny);
	open_set(&c, 256);
	put(&c, 0x06110000, 4);
	is_u64(end_record(&r, &c), 4, "padding: IPFIX: padding is shorter than any record");
	rig_close(&r);
}

static void
test_duplicates(void)
{
	static const uint16_t fields[][2] = { { 210, 1 }, { 1, 4 }, { 70, 3 }, { 1, 4 }, { 70, 3 },
		{ 1, 4 }, { 210, 2 } };
	struct field_id octets = F(1), label = F(70);
	struct rig r;
	static struct craft c;

	for (unsigned raw = 0; raw < 2; raw++) {
		rig_open(&r, (struct wire_opts){ .raw = raw });
		begin_record(&c, 9, fields, COUNT(fields));
		put(&c, 0, 1);
		put(&c, 10, 4);
		put(&c, 0x111111, 3);
		put(&c, 20, 4);
		put(&c, 0x222222, 3);
		put(&c, 30, 4);
		put(&c, 0, 2);
		end_record(&r, &c);
		octets.instance = 0;
		is_u64(num(&r, WIRE_FLOWS4, octets, 0), 10, "the first of a repeated element");
		octets.instance = 2;
		is_u64(num(&r, WIRE_FLOWS4, octets, 0), 30, "the third is #3");
		label.instance = 1;
		is_str(text(&r, WIRE_FLOWS4, label, 0), "222222", "labels keep their order");
		ok(has(&r, WIRE_FLOWS4, F(210), 0) == (raw == 1),
		    "padding: elements that pad, of any lengths, are columns only as sent");
		rig_close(&r);
	}
}

static void
test_pairs(void)
{
	static const uint16_t fields[][2] = { { 8, 4 }, { 12, 4 }, { 27, 16 }, { 28, 16 },
		{ 2, 4 } };
	static const uint16_t v6[][2] = { { 27, 16 }, { 28, 16 }, { 62, 16 } };
	struct rig r;
	static struct craft c;

	for (unsigned raw = 0; raw < 2; raw++) {
		rig_open(&r, (struct wire_opts){ .raw = raw });
		begin_record(&c, 10, fields, COUNT(fields));
		for (unsigned i = 0; i < 4; i++) {
			bool is_v6 = i == 1 || i == 2;

			put(&c, is_v6 ? 0 : 0x0a000001 + i, 4);
			put(&c, is_v6 ? 0 : 0x0a000002, 4);
			put(&c, is_v6 ? UINT64_C(0x20010db800000000) : 0, 8);
			put(&c, is_v6 ? i : 0, 8);
			put(&c, is_v6 ? UINT64_C(0x20010db800000000) : 0, 8);
			put(&c, is_v6 ? 99 : 0, 8);
			put(&c, i, 4);
		}
		is_u64(end_record(&r, &c), 4, "records of both families by one template");
		is_u64(r.b[WIRE_FLOWS4]->n, 2, "IPv4 ones in their batch");
		is_u64(r.b[WIRE_FLOWS6]->n, 2, "IPv6 ones in theirs");
		is_str(text(&r, WIRE_FLOWS4, F(8), 1), "10.0.0.4", "the address that is set");
		is_str(
		    text(&r, WIRE_FLOWS6, F(8), 1), "2001:db8::2", "under one identity for both");
		is_u64(cell(&r, WIRE_FLOWS4, F(8), 0)->width, 4, "IPv4 stays 4 wide");
		is_str(text(&r, WIRE_FLOWS6, F(27), 0), raw ? "0.0.0.0" : "-",
		    "the zero one is kept only as sent");
		is_str(text(&r, WIRE_FLOWS4, F(27), 0), raw ? "::" : "-", "of either family");
		rig_close(&r);
	}

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 0, 44);
	end_record(&r, &c);
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "0.0.0.0", "with neither set IPv4 is the address");
	ok(!has(&r, WIRE_FLOWS4, F(27), 0), "and there is no other");
	rig_clear(&r);
	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 0x0a000001, 4);
	put(&c, 0x0a000002, 4);
	put(&c, UINT64_C(0x20010db800000000), 8);
	put(&c, 5, 8);
	put(&c, UINT64_C(0x20010db800000000), 8);
	put(&c, 6, 8);
	put(&c, 1, 4);
	end_record(&r, &c);
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "with both set, IPv4 is the address");
	is_str(
	    text(&r, WIRE_FLOWS4, F(27), 0), "2001:db8::5", "and IPv6 keeps a column of its own");
	rig_clear(&r);
	begin_record(&c, 10, v6, COUNT(v6));
	put(&c, UINT64_C(0x20010db800000000), 8);
	put(&c, 1, 8);
	put(&c, 0, 8);
	put(&c, UINT64_C(0x0000ffff01020304), 8);
	put(&c, 0, 16);
	end_record(&r, &c);
	is_str(text(&r, WIRE_FLOWS6, F(8), 0), "2001:db8::1", "an IPv6 address is the source");
	is_str(text(&r, WIRE_FLOWS6, F(28), 0), "1.2.3.4", "a mapped one keeps its own element");
	ok(!has(&r, WIRE_FLOWS6, F(12), 0), "and is not taken for IPv4");
	is_str(text(&r, WIRE_FLOWS6, F(15), 0), "::", "an unset one is itself");
	rig_close(&r);
}

/* An IPv4 address written as an IPv6 one is none of the other family: 0.0.0.0 stays what it is. */
static void
test_pair_of_mapped(void)
{
	static const uint16_t fields[][2] = { { 8, 4 }, { 27, 16 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 0, 4);
	put(&c, 0, 8);
	put(&c, UINT64_C(0xffff0a000001), 8);
	is_u64(end_record(&r, &c), 1, "a mapped address beside one that is zero");
	is_u64(r.b[WIRE_FLOWS4]->n, 1, "is no record of IPv6");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "0.0.0.0", "the address is the IPv4 one");
	ok(has(&r, WIRE_FLOWS4, F(27), 0), "the other stays under its element");
	rig_close(&r);
}

/* The IPv4 element in a length that no address has is octets: they stand beside the IPv6 one, whichever comes first. */
static void
test_pair_of_odd_length(void)
{
	static const uint16_t fields[2][2][2] = {
		{ { 15, 5 }, { 62, 16 } },
		{ { 62, 16 }, { 15, 5 } },
	};
	struct rig r;
	static struct craft c;

	for (unsigned i = 0; i < 2; i++) {
		rig_open(&r, (struct wire_opts){ 0 });
		begin_record(&c, 10, fields[i], 2);
		for (unsigned k = 0; k < 2; k++) {
			if (k == i) {
				put_text(&c, "odd 5", 5);
			} else {
				put(&c, UINT64_C(0x20010db800000000), 8);
				put(&c, 1, 8);
			}
		}
		is_u64(end_record(&r, &c), 1, "a next hop of IPv4 in 5 octets beside one of IPv6");
		is_str(text(&r, WIRE_FLOWS4, F(15), 0), "6f64642035", "is kept as octets");
		is_str(text(&r, WIRE_FLOWS4, F(62), 0), "2001:db8::1",
		    "and the other under its own element");
		rig_close(&r);
	}
}

/* Octets of one template do not keep another's addresses out of their column: they go in a batch of their own. */
static void
test_pair_behind_odd_length(void)
{
	static const uint16_t odd[][2] = { { 62, 5 } };
	static const uint16_t both[][2] = { { 15, 4 }, { 62, 16 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, odd, COUNT(odd));
	put_text(&c, "odd 5", 5);
	is_u64(end_record(&r, &c), 1, "a next hop of IPv6 in 5 octets");
	begin_record(&c, 10, both, COUNT(both));
	put(&c, 0x0a000001, 4);
	put(&c, UINT64_C(0x20010db800000000), 8);
	put(&c, 1, 8);
	is_u64(end_record(&r, &c), 1, "and next hops of both families by the next template");
	is_str(text(&r, WIRE_FLOWS4, F(15), 0), "10.0.0.1", "one is kept");
	is_str(text(&r, WIRE_FLOWS4, F(62), 0), "2001:db8::1", "and the other");
	rig_close(&r);
}

/* Of an options record an address that is scope and one that is not are two. */
static void
test_pair_of_scope(void)
{
	struct rig r;
	static struct craft c;
	unsigned columns = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	open_set(&c, 3);
	put(&c, 256, 2);
	put(&c, 2, 2);
	put(&c, 1, 2);
	put(&c, 0x00820004, 4); /* exporterIPv4Address */
	put(&c, 0x00830010, 4);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 0xc0000201, 4);
	put(&c, UINT64_C(0x20010db800000000), 8);
	put(&c, 1, 8);
	end_record(&r, &c);
	is_str(text(&r, WIRE_OPTIONS, F(130), 0), "192.0.2.1", "an address is scope");
	for (unsigned i = 0; i < r.b[WIRE_OPTIONS]->n_cols; i++)
		columns += r.b[WIRE_OPTIONS]->col[i].id.id == 130;
	is_u64(columns, 2, "the other is a column of its own, though of one field");
	rig_close(&r);
}

static void
test_absolute_times(void)
{
	static const uint16_t fields[][2] = { { 150, 4 }, { 151, 4 }, { 152, 8 }, { 153, 8 },
		{ 154, 8 }, { 157, 8 }, { 158, 4 } };
	struct rig r;
	static struct craft c;

	for (unsigned raw = 0; raw < 2; raw++) {
		rig_open(&r, (struct wire_opts){ .raw = raw });
		begin_record(&c, 10, fields, COUNT(fields));
		put(&c, 1700000001, 4);
		put(&c, 1700000002, 4);
		put(&c, UINT64_C(1700000003004), 8);
		put(&c, UINT64_C(1700000004005), 8);
		put(&c, UINT64_C(3908988805) << 32 | 0x80000000, 8);
		put(&c, UINT64_C(3908988806) << 32 | 0x40000000, 8);
		put(&c, 10, 4);
		end_record(&r, &c);
		is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1700000005500000000),
		    "times: start is the most precise one there is, of NTP's epoch");
		is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1700000006250000000),
		    "times: end too");
		is_u64(cell(&r, WIRE_FLOWS4, OWN(START), 0)->scale, 3, "times: with its precision");
		ok(has(&r, WIRE_FLOWS4, F(154), 0) == (raw == 1),
		    "times: the one chosen is kept only as sent");
		is_u64(num(&r, WIRE_FLOWS4, F(153), 0), UINT64_C(1700000004005000000),
		    "times: others stay columns");
		is_u64(num(&r, WIRE_FLOWS4, F(158), 0), 10, "times: of any kind");
		ok(!has(&r, WIRE_FLOWS4, OWN(TIME_GUESS), 0), "times: nothing is guessed");
		rig_close(&r);
	}
}

/* RFC 7011 6.1.9: of microseconds the fraction's low 11 bits mean nothing; 5.2: which era is by the date. */
static void
test_ntp(void)
{
	static const uint16_t micro[][2] = { { 154, 8 }, { 155, 8 } },
			      nano[][2] = { { 156, 8 }, { 157, 8 } };
	static const uint16_t both[][2] = { { 154, 8 }, { 156, 8 }, { 155, 4 } };
	const uint64_t second = UINT64_C(3908988805) << 32; /* 1700000005 */
	struct field_id sent = F(155);
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, micro, COUNT(micro));
	put(&c, second | 0x800007ff, 8);
	put(&c, UINT64_C(1) << 32, 8); /* a second of the era that begins in 2036 */
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1700000005500000000),
	    "times: microseconds leave out what they cannot tell");
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(2085978497000000000),
	    "times: 2036 follows, not 1900");
	rig_clear(&r);
	begin_record(&c, 10, nano, COUNT(nano));
	put(&c, second | 0x800007ff, 8);
	put(&c, second | 0xffffffff, 8);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1700000005500000476),
	    "times: nanoseconds have the whole fraction");
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1700000005999999999),
	    "times: and never round up");
	rig_clear(&r);
	begin_record(&c, 10, both, COUNT(both));
	put(&c, second, 8);
	put(&c, second | 0x80000000, 8);
	put(&c, 1700000005, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1700000005500000000),
	    "times: nanoseconds come before microseconds");
	sent.instance = FIELD_AS_SENT;
	is_u64(num(&r, WIRE_FLOWS4, sent, 0), 1700000005,
	    "times: half an NTP time is a number under its element");
	ok(!has(&r, WIRE_FLOWS4, OWN(END), 0), "times: and no end");
	rig_close(&r);
}

/* What exporters send that cannot be right is kept: times of other lengths, a start behind the end, the future. */
static void
test_strange_times(void)
{
	static const uint16_t uptime[][2] = { { 22, 8 }, { 21, 8 } };
	static const uint16_t short_ms[][2] = { { 152, 4 }, { 153, 4 } };
	static const uint16_t ms[][2] = { { 152, 8 }, { 153, 8 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 9, uptime, COUNT(uptime));
	put(&c, UPTIME_MS - 5000, 8);
	put(&c, UPTIME_MS - 1000, 8);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), (EXPORT_S - 5) * (uint64_t)NS_PER_S,
	    "times: an uptime may have 8 octets");
	rig_clear(&r);
	begin_record(&c, 10, short_ms, COUNT(short_ms));
	put(&c, 1700000000, 4);
	put(&c, 1700000001, 4);
	end_record(&r, &c);
	ok(!has(&r, WIRE_FLOWS4, OWN(START), 0) && !has(&r, WIRE_FLOWS4, OWN(END), 0),
	    "times: milliseconds of 4 octets are no time of today");
	is_u64(num(&r, WIRE_FLOWS4, F(152), 0), UINT64_C(1700000000000000),
	    "times: and stay under their element");
	rig_clear(&r);
	begin_record(&c, 10, ms, COUNT(ms));
	put(&c, UINT64_C(1700000009000), 8);
	put(&c, UINT64_C(1700000004000), 8);
	put(&c, UINT64_C(4102444800000), 8); /* 2100 */
	put(&c, UINT64_C(4102444801000), 8);
	is_u64(end_record(&r, &c), 2, "times: an end before its start loses no record");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1700000009000000000),
	    "times: both are as sent");
	is_u64(
	    num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1700000004000000000), "times: the end too");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 1), UINT64_C(4102444800000000000),
	    "times: as are those of the future");
	rig_close(&r);
}

static void
test_odd_times(void)
{
	static const uint16_t fields[][2] = { { 152, 8 }, { 153, 8 }, { 258, 8 } };
	struct field_id sent = F(153), collected = F(258);
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, fields, COUNT(fields));
	put(&c, 1000, 8);
	put(&c, UINT64_MAX, 8);
	put(&c, UINT64_MAX - 1, 8);
	put(&c, UINT64_C(1700000003004), 8);
	put(&c, UINT64_C(1700000004005), 8);
	put(&c, 0, 8);
	is_u64(end_record(&r, &c), 2, "times: odd times are no reason to drop a record");
	ok(!has(&r, WIRE_FLOWS4, OWN(START), 0), "times: before 1990 there is no start");
	is_u64(num(&r, WIRE_FLOWS4, F(152), 0), 1000000000, "times: it stays under its element");
	sent.instance = FIELD_AS_SENT;
	is_u64(num(&r, WIRE_FLOWS4, sent, 0), UINT64_MAX, "times: beyond i64 as the number sent");
	ok(!has(&r, WIRE_FLOWS4, OWN(END), 0), "times: and is no end");
	collected.instance = FIELD_AS_SENT;
	is_u64(num(&r, WIRE_FLOWS4, collected, 0), UINT64_MAX - 1, "times: nor any other time");
	ok(!has(&r, WIRE_FLOWS4, F(258), 0), "times: which its column lacks");
	is_u64(rig_stats(&r).odd_times, 3, "times: all three are counted");
	ok(has(&r, WIRE_FLOWS4, OWN(START), 1) && has(&r, WIRE_FLOWS4, OWN(END), 1) &&
		has(&r, WIRE_FLOWS4, F(258), 1) && !has(&r, WIRE_FLOWS4, F(152), 1),
	    "times: the record beside it has its times");
	rig_close(&r);
}

static void
test_relative_times(void)
{
	static const uint16_t delta[][2] = { { 158, 4 }, { 159, 4 } };
	static const uint16_t uptime[][2] = { { 22, 4 }, { 21, 4 } };
	static const uint16_t both[][2] = { { 22, 4 }, { 21, 4 }, { 160, 8 } };
	static const uint16_t event[][2] = { { 323, 8 }, { 230, 1 } };
	static const uint16_t seconds[][2] = { { 322, 4 } };
	static const uint16_t two[][2] = { { 22, 4 }, { 158, 4 } };
	static const uint16_t half[][2] = { { 160, 4 }, { 22, 4 } };
	static const uint16_t none[][2] = { { 8, 4 } };
	uint64_t init_ms = UINT64_C(1700000000000) - 3600000;
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, delta, COUNT(delta));
	put(&c, 1500000, 4);
	put(&c, 1, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999998500000000),
	    "times: deltas count back from the export time");
	rig_clear(&r);

	begin_record(&c, 10, uptime, COUNT(uptime));
	put(&c, 3000000, 4);
	put(&c, 3500000, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(22), 0), 3000000,
	    "times: an uptime without its start is a number");
	is_u64(num(&r, WIRE_FLOWS4, OWN(TIME_GUESS), 0), 1, "times: and times are guessed");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), RECEIVED_S * UINT64_C(1000000000),
	    "times: when it was received");
	rig_clear(&r);

	begin_record(&c, 10, both, COUNT(both));
	put(&c, 3000000, 4);
	put(&c, 3500000, 4);
	put(&c, init_ms, 8);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999400000000000),
	    "times: with the exporter's start in the record it is a time");
	rig_clear(&r);

	begin_record(&c, 10, both, COUNT(both));
	put(&c, 3000000, 4);
	put(&c, 3500000, 4);
	put(&c, 0, 8);
	end_record(&r, &c);
	ok(!has(&r, WIRE_FLOWS4, OWN(START), 0) && !has(&r, WIRE_FLOWS4, OWN(END), 0),
	    "times: a start of 0 in the record is none");
	is_u64(num(&r, WIRE_FLOWS4, F(22), 0), 3000000, "times: and the uptime stays a number");
	is_u64(rig_stats(&r).odd_times, 2, "times: which is counted");
	rig_clear(&r);

	begin_ipfix(&c, 0, 1);
	open_set(&c, 3);
	put(&c, 300, 2);
	put(&c, 2, 2);
	put(&c, 1, 2);
	put(&c, 0x008f0004, 4);
	put(&c, 0x00a00008, 4);
	close_set(&c);
	put_template_set(&c, 2, 256, 2, uptime);
	open_set(&c, 300);
	put(&c, 1, 4);
	put(&c, init_ms, 8);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 3000000, 4);
	put(&c, 3500000, 4);
	is_u64(end_record(&r, &c), 2, "times: as with one in options");
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1699999900000000000),
	    "times: from then on");
	rig_clear(&r);

	begin_record(&c, 10, both, COUNT(both));
	put(&c, 3000000, 4);
	put(&c, 3500000, 4);
	put(&c, 0, 8);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1699999900000000000),
	    "times: of a record whose own start is 0 too");
	rig_clear(&r);

	begin_record(&c, 10, half, COUNT(half));
	put(&c, 1, 4);
	put(&c, 3000000, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999400000000000),
	    "times: a start that has no 8 octets is none");
	rig_clear(&r);

	begin_record(&c, 10, event, COUNT(event));
	put(&c, UINT64_C(1700000000123), 8);
	put(&c, 1, 1);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1700000000123000000),
	    "times: an event starts when it was observed");
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1700000000123000000), "times: and ends");
	ok(has(&r, WIRE_FLOWS4, F(323), 0), "times: and the observation stays a column");
	rig_clear(&r);

	begin_record(&c, 10, seconds, COUNT(seconds));
	put(&c, 1700000000, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1700000000000000000),
	    "times: as does one that was observed in seconds");
	rig_clear(&r);

	begin_record(&c, 10, two, COUNT(two));
	put(&c, 3000000, 4);
	put(&c, 1500000, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999998500000000),
	    "times: a delta is more precise than an uptime");
	is_u64(num(&r, WIRE_FLOWS4, F(22), 0), 3000000, "times: which stays a column");
	rig_clear(&r);

	begin_record(&c, 10, none, COUNT(none));
	put(&c, 1, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(TIME_GUESS), 0), 1,
	    "times: without any time it is guessed, and says so");
	rig_close(&r);
}

static void
test_sampling(void)
{
	static const uint16_t fields[][2] = { { 8, 4 }, { 34, 4 } }, wide[][2] = { { 34, 8 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 9, fields, COUNT(fields));
	put(&c, 1, 4);
	put(&c, 512, 4);
	put(&c, 2, 4);
	put(&c, 0, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), 512,
	    "sampling: a record's own sampling interval");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING_SRC), 0), SAMPLING_RECORD,
	    "sampling: and where it is from");
	is_u64(num(&r, WIRE_FLOWS4, F(34), 0), 512, "sampling: the element stays");
	ok(!has(&r, WIRE_FLOWS4, OWN(SAMPLING), 1) && !has(&r, WIRE_FLOWS4, OWN(SAMPLING_SRC), 1),
	    "sampling: an interval of 0 is unknown");
	rig_clear(&r);
	begin_record(&c, 9, wide, COUNT(wide));
	put(&c, UINT32_MAX, 8);
	put(&c, (UINT64_C(1) << 32) + 512, 8);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), UINT32_MAX, "sampling: the longest");
	ok(!has(&r, WIRE_FLOWS4, OWN(SAMPLING), 1), "sampling: one that is longer is unknown");
	is_u64(num(&r, WIRE_FLOWS4, F(34), 1), (UINT64_C(1) << 32) + 512,
	    "sampling: and stays a number");
	rig_close(&r);
}

static void
test_strings(void)
{
	static const uint16_t fields[][2] = { { 82, 8 }, { 83, 6 }, { 56, 6 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, fields, COUNT(fields));
	put_text(&c, "ge-0\0\0\0\0", 8);
	put_text(&c, "\xff\xfe\n\"\0b", 6);
	put(&c, UINT64_C(0x0123456789ab), 6);
	end_record(&r, &c);
	is_str(text(&r, WIRE_FLOWS4, F(82), 0), "ge-0", "strings: a string");
	is_u64(cell(&r, WIRE_FLOWS4, F(82), 0)->off[1], 4, "strings: NULs behind it are filling");
	ok(memcmp(text(&r, WIRE_FLOWS4, F(83), 0), "\xff\xfe\n\"\0b", 6) == 0,
	    "strings: anything else is kept as sent");
	is_u64(
	    num(&r, WIRE_FLOWS4, F(56), 0), UINT64_C(0x0123456789ab), "a MAC address is a number");
	rig_close(&r);
}

/* 1 and 2, and nothing else (RFC 7011 6.1.5). */
static void
test_booleans(void)
{
	static const uint16_t fields[][2] = { { 276, 1 } }, wide[][2] = { { 276, 4 } };
	static const uint8_t sent[] = { 1, 2, 0, 3, 255, 1 };
	struct field_id number = F(276);
	static struct craft c;

	number.instance = FIELD_AS_SENT;
	for (unsigned raw = 0; raw < 2; raw++) {
		struct rig r;

		rig_open(&r, (struct wire_opts){ .raw = raw });
		begin_record(&c, 10, fields, COUNT(fields));
		put_text(&c, (const char *)sent, sizeof(sent));
		is_u64(end_record(&r, &c), sizeof(sent), "booleans: one a record");
		for (unsigned i = 0; i < sizeof(sent); i++) {
			bool good = sent[i] == 1 || sent[i] == 2;

			is_u64(num(&r, WIRE_FLOWS4, good ? F(276) : number, i),
			    good ? sent[i] == 1 : sent[i], "booleans: %u is %s", sent[i],
			    sent[i] == 1   ? "true"
			    : sent[i] == 2 ? "false"
					   : "none, and kept as the number sent");
			ok(!has(&r, WIRE_FLOWS4, good ? number : F(276), i),
			    "booleans: and nothing else");
		}
		rig_clear(&r);
		begin_record(&c, 10, wide, COUNT(wide));
		put(&c, 1, 4);
		end_record(&r, &c);
		is_str(text(&r, WIRE_FLOWS4, F(276), 0), "00000001",
		    "booleans: four octets are none, and kept");
		rig_close(&r);
	}
}

static void
test_reverse(void)
{
	struct rig r;
	static struct craft c;
	struct field_id octets = { PEN_REVERSE, 1, 0, NULL };

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	put(&c, 256, 2);
	put(&c, 2, 2);
	put(&c, 0x00010008, 4);
	put(&c, 0x80010004, 4);
	put(&c, PEN_REVERSE, 4);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 100, 8);
	put(&c, 200, 4);
	end_record(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 100, "biflow: both directions are one record");
	is_u64(
	    num(&r, WIRE_FLOWS4, octets, 0), 200, "biflow: the reverse one under its enterprise");
	rig_close(&r);
}

static void
test_full_batches(void)
{
	static const uint16_t tiny[][2] = { { 4, 1 } };
	struct rig r;
	static struct craft c;
	size_t sent = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, tiny, 1);
	for (unsigned i = 0; i < 60000; i++)
		put(&c, i & 0xff, 1);
	for (unsigned i = 0; i < 5; i++)
		sent += end_record(&r, &c);
	is_u64(sent, 300000, "records of many messages are all there");
	is_u64(r.fulls, 4, "batches are handed over when full");
	is_u64(r.records + r.b[WIRE_FLOWS4]->n, sent, "and none is lost between them");
	ok(num(&r, WIRE_FLOWS4, F(4), 0) == ((4 * 65536) % 60000 & 0xff), "nor mixed up");
	rig_close(&r);
}

static void
test_type_clash(void)
{
	static const uint16_t good[][2] = { { 8, 4 }, { 2, 4 } }, odd[][2] = { { 8, 4 }, { 2, 9 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, good, COUNT(good));
	put(&c, 1, 8);
	end_record(&r, &c);
	begin_record(&c, 10, odd, COUNT(odd));
	put(&c, 1, 4);
	put(&c, 5, 9);
	is_u64(end_record(&r, &c), 1, "a number longer than any integer is decoded");
	is_u64(r.fulls, 1, "in a batch of its own");
	is_str(text(&r, WIRE_FLOWS4, F(2), 0), "000000000000000005", "as octets");
	rig_close(&r);
}

/* Each counter stays the element it is; nothing is added up or preferred. */
static void
test_counters(void)
{
	static const uint16_t fields[][2] = { { 1, 4 }, { 85, 8 }, { 23, 4 }, { 2, 4 }, { 86, 8 },
		{ 24, 4 }, { 352, 8 }, { 231, 8 }, { 232, 8 }, { 298, 8 }, { 299, 8 }, { 3, 4 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 10, fields, COUNT(fields));
	for (unsigned i = 0; i < COUNT(fields); i++)
		put(&c, 100 + i, fields[i][1]);
	is_u64(end_record(&r, &c), 1, "counters: a record with every kind of counter");
	for (unsigned i = 0; i < COUNT(fields); i++)
		is_u64(num(&r, WIRE_FLOWS4, F(fields[i][0]), 0), 100 + i,
		    "counters: element %u keeps its value", fields[i][0]);
	rig_close(&r);
}

/* What routers say beside the key and the counters, in the lengths that they say it. */
static void
test_beside(void)
{
	static const struct {
		uint16_t id, len;
		uint64_t value;
		const char *what;
	} fields[] = {
		{ 136, 1, 3, "flowEndReason" },
		{ 61, 1, 255, "flowDirection, unknown" },
		{ 89, 1, 0x40, "forwardingStatus in 1 octet" },
		{ 89, 2, 0x8001, "forwardingStatus in 2" },
		{ 89, 4, 0x40000000, "forwardingStatus in 4" },
		{ 6, 1, 0x1b, "tcpControlBits in 1 octet" },
		{ 6, 2, 0x01ff, "tcpControlBits in 2 (RFC 7125)" },
		{ 32, 2, 0x0800, "icmpTypeCodeIPv4" },
		{ 139, 2, 0x8700, "icmpTypeCodeIPv6" },
		{ 176, 1, 8, "icmpTypeIPv4" },
		{ 177, 1, 3, "icmpCodeIPv4" },
		{ 178, 1, 135, "icmpTypeIPv6" },
		{ 179, 1, 1, "icmpCodeIPv6" },
		{ 58, 2, 4094, "vlanId" },
		{ 59, 2, 1, "postVlanId" },
		{ 243, 2, 100, "dot1qVlanId" },
		{ 245, 2, 200, "dot1qCustomerVlanId" },
		{ 254, 2, 300, "postDot1qVlanId" },
		{ 56, 6, UINT64_C(0x0200c0ffee01), "sourceMacAddress" },
		{ 80, 6, UINT64_C(0x0200c0ffee02), "destinationMacAddress" },
		{ 16, 4, 4200000000, "bgpSourceAsNumber in 4 octets" },
		{ 128, 2, 64512, "bgpNextAdjacentAsNumber in 2" },
		{ 129, 4, 64513, "bgpPrevAdjacentAsNumber" },
		{ 31, 4, 0xfffff, "flowLabelIPv6" },
		{ 31, 3, 0x12345, "flowLabelIPv6 in 3 octets" },
		{ 230, 1, 4, "natEvent" },
		{ 234, 4, 7, "ingressVRFID" },
	};

	for (unsigned version = 9; version <= 10; version++)
		for (unsigned i = 0; i < COUNT(fields); i++) {
			const uint16_t one[][2] = { { fields[i].id, fields[i].len }, { 2, 4 } };
			struct rig r;
			static struct craft c;

			rig_open(&r, (struct wire_opts){ 0 });
			begin_record(&c, version, one, 2);
			put(&c, fields[i].value, fields[i].len);
			put(&c, 1, 4);
			end_record(&r, &c);
			is_u64(num(&r, WIRE_FLOWS4, F(fields[i].id), 0), fields[i].value,
			    "version %u: %s", version, fields[i].what);
			rig_close(&r);
		}
}

/* An MPLS label is 3 octets: label, experimental bits, bottom of the stack; the whole stack in order. */
static void
test_mpls(void)
{
	struct rig r;
	static struct craft c;
	uint16_t fields[11][2] = { { 2, 4 } };

	for (unsigned i = 1; i <= 10; i++) {
		fields[i][0] = (uint16_t)(69 + i);
		fields[i][1] = 3;
	}
	rig_open(&r, (struct wire_opts){ 0 });
	begin_record(&c, 9, (const uint16_t(*)[2])fields, COUNT(fields));
	put(&c, 1, 4);
	for (unsigned i = 1; i <= 10; i++)
		put(&c, (16 + i) << 4 | (i == 10), 3);
	end_record(&r, &c);
	for (unsigned i = 1; i <= 10; i++) {
		char want[8];

		(void)snprintf(want, sizeof(want), "%06x", (16 + i) << 4 | (i == 10));
		is_str(text(&r, WIRE_FLOWS4, F((uint16_t)(69 + i)), 0), want,
		    "MPLS label %u of the stack", i);
	}
	rig_close(&r);
}

int
main(void)
{
	test_counters();
	test_beside();
	test_mpls();
	test_reduced();
	test_every_length();
	test_widths_mix();
	test_varying();
	test_padding();
	test_duplicates();
	test_pairs();
	test_pair_of_mapped();
	test_pair_of_odd_length();
	test_pair_behind_odd_length();
	test_pair_of_scope();
	test_absolute_times();
	test_ntp();
	test_strange_times();
	test_odd_times();
	test_relative_times();
	test_sampling();
	test_strings();
	test_booleans();
	test_reverse();
	test_full_batches();
	test_type_clash();
	return done_testing();
}
