/*
 * NetFlow v5: what its fields cannot hold, flows with less than both times, counters that are split, its header.
 */
#include "base/time.h"
#include "export_sent.h"

enum { HEADER = 24, RECORD = 48 };
static const int64_t second_ns = INT64_C(1767571200000000000);

static uint64_t
field(const struct sent *s, unsigned message, unsigned rec, size_t at, size_t n)
{
	return number(s, message, HEADER + RECORD * rec + at, n);
}

/* The time that a record says at an offset, in ms. */
static int64_t
time_ms(const struct sent *s, unsigned message, unsigned rec, size_t at)
{
	int64_t header =
	    (int64_t)(number(s, message, 8, 4) * 1000 + number(s, message, 12, 4) / 1000000);

	return header - (int32_t)((uint32_t)number(s, message, 4, 4) -
				  (uint32_t)field(s, message, rec, at, 4));
}

static bool
told(const struct buf *report, const char *what)
{
	return report->len > 0 && strstr(report->data, what) != NULL;
}

static void
test_too_large(void)
{
	static const struct {
		const char *loss;
		uint16_t element;
		uint8_t at, len;
		uint32_t most, sent;
	} cases[] = {
		{ "srcport: 1 values too large, sent as 0", 7, 32, 2, 65535, 0 },
		{ "dstport: 1 values too large, sent as 0", 11, 34, 2, 65535, 0 },
		{ "proto: 1 values too large, sent as 0", 4, 38, 1, 255, 0 },
		{ "tos: 1 values too large, sent as 0", 5, 39, 1, 255, 0 },
		{ "srcmask: 1 values too large, sent as 0", 9, 44, 1, 255, 0 },
		{ "dstmask: 1 values too large, sent as 0", 13, 45, 1, 255, 0 },
		{ "inif: 1 indexes beyond 65535, sent as 0", 10, 12, 2, 65535, 0 },
		{ "outif: 1 indexes beyond 65535, sent as 0", 14, 14, 2, 65535, 0 },
		{ "srcas: 1 numbers beyond 65535, sent as 23456", 16, 40, 2, 65535, 23456 },
		{ "dstas: 1 numbers beyond 65535, sent as 23456", 17, 42, 2, 65535, 23456 },
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		bool beyond = i % 2;
		uint32_t value = cases[i / 2].most + beyond;
		struct export_opts o = { .version = EXPORT_V5 };
		struct batch *b = flows(1, 1000);
		struct buf report = { 0 };
		struct sent *s;

		add_uint(b, field_iana(cases[i / 2].element), 4, value);
		s = export_all(&o, b, &report, NULL);
		(void)buf_cstr(&report);
		is_u64(field(s, 0, 0, cases[i / 2].at, cases[i / 2].len),
		    beyond ? cases[i / 2].sent : value, "v5: %u in element %u", value,
		    cases[i / 2].element);
		ok(told(&report, cases[i / 2].loss) == beyond, "v5: which is%s told",
		    beyond ? "" : " not");
		buf_free(&report);
		sent_free(s);
		batch_free(b);
	}
}

/* A next hop of IPv6 is left out, a flow of IPv6 is none. */
static void
test_families(void)
{
	static const uint16_t elements[] = { 15, 8, 12 };

	for (size_t i = 0; i < 3; i++) {
		struct export_opts o = { .version = EXPORT_V5 };
		struct batch *b = flows(2, 1000);
		struct field_id id = field_iana(elements[i]);
		unsigned c = (unsigned)batch_column(b, &id, TYPE_IP, 16, 0);
		struct addr six = { .b = { [0] = 0x20, [1] = 1, [15] = 9 } };
		struct buf report = { 0 };
		struct export_totals t;
		struct sent *s;

		batch_put_ip(b, c, 1, &six);
		batch_close(b);
		s = export_all(&o, b, &report, &t);
		(void)buf_cstr(&report);
		is_u64(t.records, i == 0 ? 2 : 1,
		    "v5: records beside an IPv6 address in element %u", elements[i]);
		is_u64(t.dropped, i == 0 ? 0 : 1, "v5: and those that are dropped");
		is_u64(number(s, 0, 2, 2), t.records, "v5: which are not in the message");
		ok(told(&report, i == 0 ? "nexthop: 1 IPv6 addresses" : ": 1 IPv6 flows, dropped"),
		    "v5: which is told: %s", buf_cstr(&report));
		buf_free(&report);
		sent_free(s);
		batch_free(b);
	}
}

/* Two bits of mode, 14 of interval; another sampling is another message. */
static void
test_sampling(void)
{
	struct export_opts o = { .version = EXPORT_V5 };
	struct batch *b = flows(4, 1000);
	struct field_id sampling = field_own(OWN_SAMPLING), mode = field_own(OWN_SAMPLING_MODE);
	unsigned c = (unsigned)batch_column(b, &sampling, TYPE_UINT, 4, 0);
	unsigned d = (unsigned)batch_column(b, &mode, TYPE_UINT, 1, 0);
	struct sent *s;

	for (size_t i = 0; i < 4; i++) {
		batch_put_uint(b, c, i, i == 3 ? 100 : 16383);
		batch_put_uint(b, d, i, i == 3 ? 2 : 3);
	}
	batch_close(b);
	s = export_all(&o, b, NULL, NULL);
	is_u64(s->n, 2, "v5: two samplings are two messages");
	is_u64(number(s, 0, 2, 2), 3, "v5: of which the first has three records");
	is_u64(number(s, 0, 22, 2), 0xffff, "v5: the greatest interval, the greatest mode");
	is_u64(number(s, 1, 22, 2), 0x8064, "v5: and others in the second");
	sent_free(s);
	batch_free(b);
}

/* A time that a record lacks is its other one; times of one message are none of the next one's. */
static void
test_times(void)
{
	struct export_opts o = { .version = EXPORT_V5, .mtu = HEADER + RECORD };
	struct batch *b = flows(5, 1000);
	int64_t *start = b->col[0].data, *end = b->col[1].data, first = second_ns / NS_PER_MS;
	struct buf report = { 0 };
	struct sent *s;

	batch_unmark(b, 0, 1);
	batch_unmark(b, 1, 2);
	batch_unmark(b, 0, 3);
	batch_unmark(b, 1, 3);
	start[0] = -NS_PER_S;
	batch_close(b);
	end[4] = start[4] = second_ns - 3600 * NS_PER_S;
	s = export_all(&o, b, &report, NULL);
	(void)buf_cstr(&report);
	is_u64(s->n, 5, "v5: a record a message");
	is_i64(time_ms(s, 0, 0, 24), first + 500, "v5: for a start before 1970 stands the end");
	is_i64(time_ms(s, 0, 0, 28), first + 500, "v5: which is as it was");
	is_i64(time_ms(s, 1, 0, 24), first + 1500, "v5: without a start it is the end");
	is_i64(time_ms(s, 1, 0, 28), first + 1500, "v5: and the end is the end");
	is_i64(time_ms(s, 2, 0, 28), first + 2000, "v5: without an end it is the start");
	is_u64(field(s, 3, 0, 24, 4), number(s, 3, 4, 4), "v5: without both the header's uptime");
	is_i64(time_ms(s, 4, 0, 24), first - 3600000, "v5: which is none of the next record's");
	is_u64(number(s, 4, 8, 4), 1767571200 - 3600, "v5: nor is a later time that message's");
	ok(told(&report, "start: 1 times before 1970"), "v5: that is told: %s", buf_cstr(&report));
	buf_free(&report);
	sent_free(s);
	batch_free(b);
}

/* An uptime as sent says the boot beside its start only; without any time the boot was a day ago. */
static void
test_boot(void)
{
	struct export_opts o = { .version = EXPORT_V5 };
	struct batch *b = flows(2, 1000);
	struct sent *s;

	add_uint(b, field_iana(22), 4, 77000);
	batch_unmark(b, 0, 1);
	batch_close(b);
	s = export_all(&o, b, NULL, NULL);
	is_u64(field(s, 0, 0, 24, 4), 77000, "v5: an uptime is as it was sent");
	is_i64(time_ms(s, s->n - 1, s->n == 1, 28), second_ns / NS_PER_MS + 1500,
	    "v5: without its start it says nothing of the end");
	sent_free(s);
	for (size_t i = 0; i < 2; i++) {
		batch_unmark(b, 0, i);
		batch_unmark(b, 1, i);
	}
	batch_close(b);
	s = export_all(&o, b, NULL, NULL);
	is_u64(number(s, 0, 4, 4), 86400000, "v5: without times the uptime is a day");
	sent_free(s);
	batch_free(b);
}

/* Counters of more than 32 bits are as many records as that takes, none of which is cut. */
static void
test_split(void)
{
	static const struct {
		uint64_t packets, octets;
		unsigned records;
	} cases[] = {
		{ 3, UINT32_MAX, 1 },
		{ UINT32_MAX, UINT32_MAX, 1 },
		{ 3, UINT64_C(1) << 32, 2 },
		{ UINT64_C(1) << 32, 7, 2 },
		{ 5, 3 * (uint64_t)UINT32_MAX - 1, 3 },
		{ 100 * (uint64_t)UINT32_MAX, 100 * (uint64_t)UINT32_MAX, 100 },
		{ 4096 * (uint64_t)UINT32_MAX - 1, 4096 * (uint64_t)UINT32_MAX, 4096 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_opts o = { .version = EXPORT_V5, .mtu = 65535 };
		struct batch *b = flows(1, cases[i].octets);
		uint64_t packets = 0, octets = 0;
		struct export_totals t;
		unsigned longest = 0;
		struct sent *s;

		((uint64_t *)b->col[4].data)[0] = cases[i].packets;
		s = export_all(&o, b, NULL, &t);
		for (unsigned k = 0; k < s->n; k++)
			for (unsigned rec = 0; rec < number(s, k, 2, 2); rec++) {
				packets += field(s, k, rec, 16, 4);
				octets += field(s, k, rec, 20, 4);
				longest = longest > rec ? longest : rec + 1;
			}
		is_u64(s->records, cases[i].records, "v5: a flow is so many records");
		is_u64(packets, cases[i].packets, "v5: whose packets add up");
		is_u64(octets, cases[i].octets, "v5: and octets");
		is_u64(t.records, 1, "v5: of one flow");
		ok(longest <= 30, "v5: in messages of at most 30 (%u)", longest);
		sent_free(s);
		batch_free(b);
	}
}

/* More than that is cut, and told. */
static void
test_cut(void)
{
	struct export_opts o = { .version = EXPORT_V5 };
	struct batch *b = flows(1, 4096 * (uint64_t)UINT32_MAX + 1);
	struct buf report = { 0 };
	struct sent *s;

	((uint64_t *)b->col[4].data)[0] = UINT64_C(1) << 33;
	s = export_all(&o, b, &report, NULL);
	(void)buf_cstr(&report);
	is_u64(s->records, 1, "v5: counters beyond 4096 records are one");
	is_u64(field(s, 0, 0, 20, 4), UINT32_MAX, "v5: of as many octets as there may be");
	is_u64(field(s, 0, 0, 16, 4), UINT32_MAX, "v5: and packets");
	ok(told(&report, "bytes: 1 counters beyond 4096 records"), "v5: which is told: %s",
	    buf_cstr(&report));
	buf_free(&report);
	sent_free(s);
	batch_free(b);
}

/* However small the bound, a message has a record. */
static void
test_least(void)
{
	struct export_opts o = { .version = EXPORT_V5, .mtu = 40 };
	struct batch *b = flows(3, 1000);
	struct sent *s = export_all(&o, b, NULL, NULL);

	is_u64(s->n, 3, "v5: three messages of a record each");
	is_u64(s->message[2].len, HEADER + RECORD, "v5: of 72 octets");
	is_u64(number(s, 2, 16, 4), 2, "v5: numbered by their records");
	sent_free(s);
	batch_free(b);
}

int
main(void)
{
	test_too_large();
	test_families();
	test_sampling();
	test_times();
	test_boot();
	test_split();
	test_cut();
	test_least();
	return done_testing();
}
