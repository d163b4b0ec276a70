/* NetFlow versions 1, 5 and 7: header, records, times, sampling, sequence. */
#include "wire_craft.h"

static void
test_record(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v5(&c, 2, 0, 0);
	put_v5_record(&c, 0x0a000001, 0xcb007101, 7);
	put_v5_record(&c, 0x0a000002, 0xcb007102, 9);
	is_u64(rig_send(&r, &c), 2, "a message of two records gives two");
	is_u64(r.b[WIRE_FLOWS4]->n, 2, "in the batch of IPv4 flows");
	is_str(text(&r, WIRE_FLOWS4, F(8), 0), "10.0.0.1", "source address");
	is_str(text(&r, WIRE_FLOWS4, F(12), 1), "203.0.113.2", "destination address");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 1), 9, "packets");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 700, "octets");
	is_u64(num(&r, WIRE_FLOWS4, F(7), 0), 1024, "source port");
	is_u64(num(&r, WIRE_FLOWS4, F(11), 0), 443, "destination port");
	is_u64(num(&r, WIRE_FLOWS4, F(4), 0), 6, "protocol");
	is_u64(num(&r, WIRE_FLOWS4, F(6), 0), 0x18, "TCP flags");
	is_u64(num(&r, WIRE_FLOWS4, F(16), 0), 64512, "source AS");
	is_u64(num(&r, WIRE_FLOWS4, F(13), 0), 16, "destination prefix length");
	ok(!has(&r, WIRE_FLOWS4, F(210), 0), "padding is no column");
	is_u64(num(&r, WIRE_FLOWS4, OWN(DOMAIN), 0), 0x1356, "domain is engine type and id");
	is_u64(num(&r, WIRE_FLOWS4, OWN(VERSION), 0), 5, "version");
	is_u64(num(&r, WIRE_FLOWS4, OWN(EXPORTER_PORT), 0), 2055, "the exporter's port");
	is_str(text(&r, WIRE_FLOWS4, OWN(EXPORTER), 1), "192.0.2.1", "the exporter's address");
	is_u64(num(&r, WIRE_FLOWS4, OWN(RECEIVED), 0), RECEIVED_S * UINT64_C(1000000000),
	    "when it was received");
	ok(!has(&r, WIRE_FLOWS4, OWN(WIRE), 0) && !has(&r, WIRE_FLOWS4, F(22), 0),
	    "uptimes became start and end, nothing is kept as sent");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999995000000000),
	    "start is the header's time less the distance of uptimes");
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1699999999000000000), "end too");
	is_u64(cell(&r, WIRE_FLOWS4, OWN(START), 0)->scale, 6, "precise to the millisecond");
	rig_close(&r);
}

static void
test_times(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v5(&c, 4, 0, 0);
	fix(&c, 12, 500999999 >> 16); /* nanoseconds */
	fix(&c, 14, 500999999 & 0xffff);
	for (unsigned i = 0; i < 4; i++)
		put_v5_record(&c, 1, 2, 1);
	/* Last after the header; across the wrap of 49.7 days. */
	fix(&c, 24 + 28, (UPTIME_MS + 2000) >> 16);
	fix(&c, 24 + 30, (UPTIME_MS + 2000) & 0xffff);
	fix(&c, 24 + 48 + 24, 0xffff);
	fix(&c, 24 + 48 + 26, 0xffff);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(END), 0), UINT64_C(1700000002500000000),
	    "uptime: an end stamped after the header lies after it, not 49 days before");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 1), UINT64_C(1699999000499000000),
	    "uptime: an uptime from before the wrap is before the header");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 2), UINT64_C(1699999995500000000),
	    "uptime: the header's nanoseconds count, to the millisecond");
	rig_clear(&r);

	begin_v5(&c, 1, 4, 0);
	fix(&c, 8, 0); /* 1970 */
	fix(&c, 10, 1000);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	ok(!has(&r, WIRE_FLOWS4, OWN(START), 0), "times: a time before 1990 is no start");
	is_u64(num(&r, WIRE_FLOWS4, F(22), 0), UPTIME_MS - 5000, "it stays under its element");
	is_u64(num(&r, WIRE_FLOWS4, F(21), 0), UPTIME_MS - 1000, "its end too");
	is_u64(rig_stats(&r).odd_times, 2, "and is counted");
	rig_clear(&r);

	begin_v5(&c, 1, 5, 0);
	fix(&c, 12, 1000000000 >> 16);
	fix(&c, 14, 1000000000 & 0xffff);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999995000000000),
	    "times: a second has no 1,000,000,000 nanoseconds: left out");
	is_u64(rig_stats(&r).odd_times, 3, "times: and counted");
	rig_close(&r);
}

static void
test_sampling(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v5(&c, 1, 0, 1 << 14 | 1000);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), 1000,
	    "sampling: the interval is the header's low 14 bits");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING_SRC), 0), SAMPLING_HEADER,
	    "sampling: and comes from the header");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING_MODE), 0), 1, "sampling: the mode its top two");
	begin_v5(&c, 1, 1, 0);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	ok(!has(&r, WIRE_FLOWS4, OWN(SAMPLING), 1) && !has(&r, WIRE_FLOWS4, OWN(SAMPLING_MODE), 1),
	    "sampling: 0 of either is unknown");
	rig_clear(&r);
	begin_v5(&c, 1, 1, 0);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	ok(!has(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), "sampling: an interval of 0 is unknown");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 1, "and counters are as sent");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .sampling = 66 });
	begin_v5(&c, 1, 0, 1 << 14 | 1000);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), 66,
	    "sampling: what the user says comes before the header");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING_SRC), 0), SAMPLING_CONFIGURED,
	    "sampling: and is told from it");
	rig_close(&r);
}

static void
test_lengths(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v5(&c, 31, 0, 0);
	put_v5_record(&c, 1, 2, 1);
	put_v5_record(&c, 1, 2, 1);
	put(&c, 0, 7);
	is_u64(rig_send(&r, &c), 2, "header: a count that lies gives the records that are there");
	is_u64(rig_stats(&r).bad[BAD_COUNT], 1, "header: and is counted");
	is_u64(rig_stats(&r).bad[BAD_TRAILING], 1, "header: octets behind are counted");
	begin_v5(&c, 0, 31, 0);
	is_u64(rig_send(&r, &c), 0, "header: a count of 0 gives nothing");
	is_u64(rig_stats(&r).bad[BAD_COUNT], 2, "header: and is counted");
	begin_v5(&c, 40, 31, 0);
	for (unsigned i = 0; i < 40; i++)
		put_v5_record(&c, 1, 2, 1);
	is_u64(rig_send(&r, &c), 40, "header: more than 30 records are taken if they are there");
	begin_v5(&c, 1, 71, 0);
	put_v5_record(&c, 1, 2, 1);
	is_u64(rig_decode(&r, c.d, c.n - 1), 0, "header: half a record is none");
	is_u64(rig_stats(&r).messages, 4, "all four are messages");
	is_u64(
	    rig_decode(&r, c.d, 23), 0, "header: a message shorter than its header gives nothing");
	is_u64(rig_decode(&r, c.d, 1), 0, "header: nor does one octet");
	is_u64(rig_decode(&r, c.d, 0), 0, "header: nor none");
	is_u64(rig_totals(&r).bad[BAD_SHORT], 3, "header: all are counted");
	c.d[1] = 8;
	is_u64(rig_decode(&r, c.d, c.n), 0, "header: another version is not guessed at");
	is_u64(rig_totals(&r).bad[BAD_VERSION], 1, "header: but counted");
	is_u64(rig_totals(&r).messages, 8, "messages add up");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .strict = true });
	begin_v5(&c, 2, 0, 0);
	put_v5_record(&c, 1, 2, 1);
	is_u64(rig_send(&r, &c), 0, "strict: a count that lies discards the message");
	rig_close(&r);
}

static void
test_raw(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ .raw = true });
	begin_v5(&c, 1, 0, 2 << 14 | 100);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(WIRE), 0), 1, "raw: the record says that it is as sent");
	is_u64(num(&r, WIRE_FLOWS4, F(22), 0), UPTIME_MS - 5000, "raw: uptimes are kept");
	ok(has(&r, WIRE_FLOWS4, OWN(START), 0), "raw: beside start and end");
	is_u64(num(&r, WIRE_FLOWS4, F(34), 0), 100, "raw: the header's interval");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING_MODE), 0), 2, "raw: and mode");
	is_u64(num(&r, WIRE_FLOWS4, F(38), 0), 0x13, "raw: engine type");
	is_u64(num(&r, WIRE_FLOWS4, F(39), 0), 0x56, "raw: engine id");
	rig_close(&r);
}

static void
test_sequence(void)
{
	struct rig r;
	static struct craft c;
	static const struct {
		uint32_t seq;
		uint64_t lost;
		const char *name;
	} steps[] = {
		{ 1000, 0, "sequence: the first message is no loss" },
		{ 1002, 0, "sequence: the next number is the last one and its flows" },
		{ 1010, 6, "sequence: flows in between are lost" },
		{ 1006, 4, "sequence: a late message was not lost" },
		{ 1012, 4, "sequence: and changes nothing after" },
	};

	rig_open(&r, (struct wire_opts){ 0 });
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		begin_v5(&c, 2, steps[i].seq, 0);
		put_v5_record(&c, 1, 2, 1);
		put_v5_record(&c, 1, 2, 1);
		rig_send(&r, &c);
		is_u64(rig_stats(&r).lost, steps[i].lost, "%s", steps[i].name);
	}
	is_u64(rig_stats(&r).reordered, 1, "sequence: the late one is counted");
	is_u64(rig_send(&r, &c), 2, "sequence: the same again is decoded again");
	is_u64(rig_stats(&r).duplicate, 1, "sequence: and counted as a duplicate");
	/* Both clocks go back. */
	begin_v5(&c, 1, 5, 0);
	fix(&c, 4, 0);
	fix(&c, 6, 9000);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).restarts, 1, "sequence: uptime and number both back: it began anew");
	is_u64(rig_stats(&r).lost, 4, "sequence: and nothing is lost by that");
	rig_close(&r);
}

/* Each engine of a router counts its own flows; the header names it. */
static void
test_engines(void)
{
	struct rig r;
	static struct craft c;
	struct wire_totals t;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 20; i++) {
		begin_v5(&c, 1, i % 2 ? 5000 + i / 2 : i / 2, 0);
		fix(&c, 20, 0x0100 | i % 2);
		put_v5_record(&c, 1, 2, 1);
		rig_send(&r, &c);
	}
	t = rig_totals(&r);
	ok(t.lost == 0 && t.incoherent == 0 && t.restarts == 0 && t.duplicate == 0,
	    "sequence: engines of one router have counters of their own");
	begin_v5(&c, 1, 5013, 0);
	fix(&c, 20, 0x0101);
	put_v5_record(&c, 1, 2, 1);
	rig_send(&r, &c);
	is_u64(rig_totals(&r).lost, 3, "sequence: and losses of their own");
	rig_close(&r);
}

/* Versions 1 and 7, which differ from 5 in their headers and the ends of their records. */
static const struct other {
	unsigned version, header, record;
} others[] = { { 1, 16, 48 }, { 7, 24, 52 }, { 5, 24, 48 } };
enum { UNLIKE_5 = 2 }; /* of them */

static void
begin_other(struct craft *c, const struct other *o, unsigned count, uint32_t seq)
{
	begin_v5(c, count, seq, 0);
	c->d[1] = (uint8_t)o->version;
	c->n = o->header;
	if (o->version == 7)
		fix(c, 20, 0);
}

static void
put_other(struct craft *c, const struct other *o, uint32_t src)
{
	put_v5_record(c, src, 0xcb007101, 7);
	if (o->version == 7) {
		c->d[c->n - 12] = 0x0a; /* flags behind the ports */
		fix(c, c->n - 2, 0x1234);
		put(c, 0xc0000263, 4);
	} else if (o->version == 1) {
		c->n -= 12;
		put(c, 0x060018, 5); /* two of nothing, then protocol, type of service, flags */
		put(c, UINT64_MAX, 7);
	}
}

static void
test_others(void)
{
	struct rig r;
	static struct craft c;

	for (size_t i = 0; i < UNLIKE_5; i++) {
		const struct other *o = &others[i];
		unsigned v = o->version;

		rig_open(&r, (struct wire_opts){ .raw = i % 2 });
		begin_other(&c, o, 2, 0);
		put_other(&c, o, 0x0a000001);
		put_other(&c, o, 0x0a000002);
		is_u64(c.n, o->header + 2 * o->record, "version %u: a message as it is sent", v);
		is_u64(rig_send(&r, &c), 2, "version %u: two records", v);
		is_str(text(&r, WIRE_FLOWS4, F(8), 1), "10.0.0.2", "version %u: source", v);
		is_str(
		    text(&r, WIRE_FLOWS4, F(12), 0), "203.0.113.1", "version %u: destination", v);
		is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 7, "version %u: packets", v);
		is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 700, "version %u: octets", v);
		is_u64(num(&r, WIRE_FLOWS4, F(7), 0), 1024, "version %u: source port", v);
		is_u64(num(&r, WIRE_FLOWS4, F(11), 0), 443, "version %u: destination port", v);
		is_u64(num(&r, WIRE_FLOWS4, F(4), 0), 6, "version %u: protocol", v);
		is_u64(num(&r, WIRE_FLOWS4, F(6), 0), 0x18, "version %u: TCP flags", v);
		is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999995000000000),
		    "version %u: start", v);
		is_u64(num(&r, WIRE_FLOWS4, OWN(VERSION), 0), v, "version %u: says so", v);
		is_u64(num(&r, WIRE_FLOWS4, OWN(DOMAIN), 0), 0, "version %u: has no domain", v);
		ok(!has(&r, WIRE_FLOWS4, F(34), 0) && !has(&r, WIRE_FLOWS4, OWN(SAMPLING), 0),
		    "version %u: nor sampling", v);
		rig_close(&r);
	}
}

static void
test_version7(void)
{
	struct field_id flags1 = { .pen = PEN_SFLOW, .id = V7_FLAGS1 };
	struct field_id flags2 = { .pen = PEN_SFLOW, .id = V7_FLAGS2 };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_other(&c, &others[1], 1, 100);
	put_other(&c, &others[1], 1);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(16), 0), 64512, "version 7: source AS");
	is_u64(num(&r, WIRE_FLOWS4, F(13), 0), 16, "version 7: destination prefix length");
	is_u64(num(&r, WIRE_FLOWS4, flags1, 0), 0x0a, "version 7: which fields are not valid");
	is_u64(num(&r, WIRE_FLOWS4, flags2, 0), 0x1234, "version 7: its other flags");
	is_str(text(&r, WIRE_FLOWS4, F(43), 0), "192.0.2.99", "version 7: the router cut short");
	begin_other(&c, &others[1], 1, 103);
	put_other(&c, &others[1], 1);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost, 2, "version 7: its numbers count flows");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin_other(&c, &others[0], 1, 0);
	put_other(&c, &others[0], 0xffffffff);
	rig_send(&r, &c);
	put_other(&c, &others[0], 5);
	fix(&c, 2, 2);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost + rig_stats(&r).duplicate, 0,
	    "version 1: without numbers nothing is lost");
	rig_close(&r);
}

/* Any message of up to two records, cut anywhere, with any count: records are those that are whole. */
static void
test_cut(void)
{
	static const unsigned counts[] = { 0, 1, 2, 3, 65535 };
	struct rig r;
	static struct craft c;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct other *o = &others[i];
		size_t wrong = 0, uncounted = 0, kept = 0;

		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
			for (size_t n = 0; n <= o->header + 2 * o->record + 1; n++) {
				size_t whole = n < o->header ? 0 : (n - o->header) / o->record;
				size_t want = counts[k] < whole ? counts[k] : whole;
				bool lies =
				    n != o->header + counts[k] * o->record || counts[k] == 0;
				struct wire_totals t;
				uint64_t bad = 0;

				begin_other(&c, o, counts[k], 0);
				put_other(&c, o, 1);
				put_other(&c, o, 2);
				put(&c, 0, 1);
				rig_open(&r, (struct wire_opts){ 0 });
				wrong += rig_decode(&r, c.d, n) != want;
				t = rig_totals(&r);
				for (unsigned b = 0; b < BAD_KINDS; b++)
					bad += t.bad[b];
				uncounted += (bad > 0) != lies;
				rig_close(&r);
				rig_open(&r, (struct wire_opts){ .strict = true });
				kept += (counts[k] == 0 || counts[k] > whole) &&
					rig_decode(&r, c.d, n) > 0;
				rig_close(&r);
			}
		}
		is_u64(wrong, 0, "header: version %u: whole records only, however it is cut",
		    o->version);
		is_u64(
		    uncounted, 0, "header: version %u: what does not fit is counted", o->version);
		is_u64(kept, 0,
		    "header: version %u: and discarded, if strict and records are missing",
		    o->version);
	}
}

int
main(void)
{
	test_others();
	test_version7();
	test_cut();
	test_record();
	test_times();
	test_sampling();
	test_lengths();
	test_raw();
	test_sequence();
	test_engines();
	return done_testing();
}
