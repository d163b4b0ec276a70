/*
 * The encoders: what messages look like octet by octet, and that random batches come back from the decoder.
 */
#include "tap.h"

#include "base/time.h"
#include "export_sent.h"
#include "random_batch.h"
#include "wire/wire.h"

static void
test_sequences(void)
{
	struct export_opts o = { .version = EXPORT_V5 };
	struct batch *b = flows(70, 1000);
	struct sent *s = export_all(&o, b, NULL, NULL);

	is_u64(s->n, 3, "v5: 70 flows are three messages");
	is_u64(number(s, 0, 2, 2), 28, "v5: 28 records fit 1400 octets");
	is_u64(number(s, 1, 16, 4), 28, "v5: the sequence counts flows");
	is_u64(number(s, 2, 16, 4), 56, "v5: and goes on");
	is_u64(s->message[2].len, 24 + 14 * 48, "v5: the last message is as long as its records");
	sent_free(s);

	o = (struct export_opts){ .version = EXPORT_V9, .mtu = 512 };
	s = export_all(&o, b, NULL, NULL);
	is_u64(number(s, 0, 0, 2), 9, "v9: version");
	is_u64(number(s, 0, 12, 4), 0, "v9: the first message is number 0");
	is_u64(number(s, 2, 12, 4), 2, "v9: the sequence counts messages");
	is_u64(number(s, 0, 20, 2), 0, "v9: the template comes first");
	is_u64(number(s, 0, 24, 2), 256, "v9: and is number 256");
	is_u64(number(s, 1, 20, 2), 256, "v9: a later message begins with records");
	is_u64(number(s, 0, 2, 2), 1 + (s->message[0].len - 20 - 32 - 4) / 32,
	    "v9: count is templates and records");
	sent_free(s);

	o.version = EXPORT_IPFIX;
	s = export_all(&o, b, NULL, NULL);
	is_u64(number(s, 0, 2, 2), s->message[0].len, "IPFIX: the length is the message's");
	is_u64(number(s, 0, 8, 4), 0, "IPFIX: the sequence begins with 0");
	is_u64(number(s, 1, 8, 4), (s->message[0].len - 16 - 32 - 4) / 40,
	    "IPFIX: the sequence counts records sent before");
	is_u64(number(s, 0, 16, 2), 2, "IPFIX: the template comes first");
	sent_free(s);
	batch_free(b);
}

static void
test_templates(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX, .mtu = 512, .template_messages = 20 };
	struct batch *b = flows(1000, 1000);
	struct sent *s = export_all(&o, b, NULL, NULL);
	unsigned longest = 0;

	for (unsigned i = 0; i < s->n; i++)
		longest = s->message[i].len > longest ? (unsigned)s->message[i].len : longest;
	ok(longest <= 512, "no message is longer than the bound (%u)", longest);
	ok(s->n > 80, "1000 records are many messages (%u)", s->n);
	is_u64(with_set(s, 16, 2), (s->n + 19) / 20, "the template is in every 20th message");
	sent_free(s);

	o.template_messages = 0;
	s = export_all(&o, b, NULL, NULL);
	is_u64(with_set(s, 16, 2), 1, "never to be repeated, it is in one");
	sent_free(s);

	o.template_messages = 1;
	o.stream = true;
	s = export_all(&o, b, NULL, NULL);
	is_u64(with_set(s, 16, 2), 1, "nor is it repeated in a file");
	sent_free(s);
	batch_free(b);
}

/* One that is in use is sent again after so many seconds, too. */
static void
test_template_seconds(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX, .template_seconds = 1 };
	struct sent *s = mem_zero(1, sizeof(*s));
	struct exporter *e = export_new(&o, keep, s);
	struct batch *b = flows(1, 1000);
	struct err err = { 0 };

	for (unsigned i = 0; i < 3; i++) {
		if (i == 2)
			time_sleep_until(time_monotonic_ns() + 2 * NS_PER_S);
		if (export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
			ok(false, "exporting fails: %s", err.text);
	}
	is_u64(with_set(s, 16, 2), 2, "a template is repeated after so many seconds");
	is_u64(number(s, 2, 16, 2), 2, "in the message that is sent then");
	export_free(e);
	sent_free(s);
	batch_free(b);
}

/* A batch of n flows of one octet, or of six. */
static struct batch *
octets_of(size_t n, bool wide)
{
	struct field_id proto = field_iana(4), tos = field_iana(5), packets = field_iana(2);
	struct batch *b = batch_new();
	unsigned c = (unsigned)batch_column(b, &proto, TYPE_UINT, 1, 0);
	unsigned d = wide ? (unsigned)batch_column(b, &tos, TYPE_UINT, 1, 0) : 0;
	unsigned f = wide ? (unsigned)batch_column(b, &packets, TYPE_UINT, 4, 0) : 0;

	batch_extend(b, n);
	for (size_t i = 0; i < n; i++) {
		batch_put_uint(b, c, i, 17);
		if (wide) {
			batch_put_uint(b, d, i, 0);
			batch_put_uint(b, f, i, 1);
		}
	}
	batch_close(b);
	return b;
}

/* Sets are padded to 4 octets where that cannot be taken for a record (RFC 3954 5.3, RFC 7011 3.3.1). */
static void
test_padding(void)
{
	static const enum export_version versions[] = { EXPORT_V9, EXPORT_IPFIX };

	for (unsigned i = 0; i < 2; i++) {
		struct export_opts o = { .version = versions[i] };
		size_t header = i ? 16 : 20, data;
		struct batch *b = octets_of(5, false);
		struct sent *s = export_all(&o, b, NULL, NULL);

		data = header + number(s, 0, header + 2, 2);
		is_u64(number(s, 0, data + 2, 2), 4 + 5, "v%d: records of an octet have no padding",
		    (int)o.version);
		sent_free(s);
		batch_free(b);

		b = octets_of(5, true);
		s = export_all(&o, b, NULL, NULL);
		data = header + number(s, 0, header + 2, 2);
		is_u64(number(s, 0, data + 2, 2), 4 + 5 * 6 + 2, "v%d: those of 6 octets have",
		    (int)o.version);
		is_u64(number(s, 0, data + 4 + 5 * 6, 2), 0, "v%d: of zeros", (int)o.version);
		is_u64(s->message[0].len, data + 36, "v%d: and the message ends behind it",
		    (int)o.version);
		sent_free(s);
		batch_free(b);
	}
}

/* A header is not older than the flows in its message, which end half a second behind their seconds. */
static void
test_export_time(void)
{
	static const enum export_version versions[] = { EXPORT_V9, EXPORT_IPFIX };

	for (unsigned i = 0; i < 2; i++) {
		struct export_opts o = { .version = versions[i] };
		struct batch *b = flows(1, 1000);
		struct sent *s = export_all(&o, b, NULL, NULL);

		is_u64(number(s, 0, i ? 4 : 8, 4), 1767571201, "v%d: the next whole second",
		    (int)o.version);
		sent_free(s);
		batch_free(b);
	}
}

/* NetFlow v9 pads strings: not each length of the longest of a batch is a template of its own. */
static void
test_strings(void)
{
	struct export_opts o = { .version = EXPORT_V9, .mtu = 512 };
	struct field_id user = field_iana(371);
	struct sent *s = mem_zero(1, sizeof(*s));
	struct exporter *e = export_new(&o, keep, s);
	struct err err = { 0 };

	for (size_t len = 1; len <= 64; len++) {
		struct batch *b = flows(1, 1000);
		unsigned c = (unsigned)batch_column(b, &user, TYPE_STRING, 0, 0);
		uint8_t name[64];

		memset(name, 'u', sizeof(name));
		batch_put_octets(b, c, 0, name, len);
		batch_close(b);
		if (export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
			ok(false, "exporting strings fails: %s", err.text);
		batch_free(b);
	}
	is_u64(s->n, 64, "strings: a message for each batch");
	is_u64(with_set(s, 20, 0), 8, "strings: templates for every eighth length");
	export_free(e);
	sent_free(s);
}

/* Where all is dropped nothing is sent, not even a header. */
static void
test_dropped(void)
{
	static const enum export_version versions[] = { EXPORT_IPFIX, EXPORT_V9 };
	static uint8_t octets[40000];

	for (unsigned v = 0; v < 2; v++) {
		struct export_opts o = { .version = versions[v], .mtu = 512 };
		struct batch *b = flows(1, 1000);
		struct export_totals t;
		struct sent *s;

		for (unsigned i = 0; i < 2; i++) {
			struct field_id section = { .id = 315, .instance = (uint8_t)i };
			unsigned c = (unsigned)batch_column(b, &section, TYPE_BYTES, 0, 0);

			batch_put_octets(b, c, 0, octets, sizeof(octets));
		}
		batch_close(b);
		s = export_all(&o, b, NULL, &t);
		is_u64(t.dropped, 1, "dropped: a record longer than a message");
		is_u64(s->n, 0, "dropped: no message is sent for it");
		sent_free(s);
		batch_free(b);
	}
}

static void
test_v5_limits(void)
{
	struct export_opts o = { .version = EXPORT_V5 };
	struct batch *b = flows(1, UINT64_C(10000000007));
	struct buf report = { 0 };
	uint64_t octets = 0, packets = 0;
	struct sent *s;

	add_uint(b, field_iana(16), 4, 65536);
	add_uint(b, field_iana(17), 4, 65535);
	add_uint(b, field_iana(10), 4, 70000);
	add_uint(b, field_iana(58), 2, 7);
	add_uint(b, field_own(OWN_SAMPLING), 4, 1000);
	add_uint(b, field_own(OWN_SAMPLING_MODE), 1, 1);
	add_uint(b, field_own(OWN_DOMAIN), 4, 0x0203);
	s = export_all(&o, b, &report, NULL);
	is_u64(s->records, 3, "a flow of ten thousand million octets is three records");
	for (unsigned i = 0; i < 3; i++) {
		packets += number(s, 0, 24 + 48 * i + 16, 4);
		octets += number(s, 0, 24 + 48 * i + 20, 4);
	}
	is_u64(octets, UINT64_C(10000000007), "whose octets add up");
	is_u64(packets, 3, "and packets");
	is_u64(number(s, 0, 24 + 40, 2), 23456, "an AS number of 32 bits is AS_TRANS");
	is_u64(number(s, 0, 24 + 42, 2), 65535, "65535 is none");
	is_u64(number(s, 0, 24 + 12, 2), 0, "an interface beyond 16 bits is 0");
	is_u64(number(s, 0, 22, 2), 0x4000 | 1000, "the header has sampling mode and interval");
	is_u64(number(s, 0, 20, 2), 0x0203, "and the engine");
	ok(strstr(buf_cstr(&report), "vlan") != NULL, "what is left out is reported: %s",
	    buf_cstr(&report));
	ok(strstr(buf_cstr(&report), "split") != NULL, "so is the split");
	buf_free(&report);
	sent_free(s);
	batch_free(b);
}

/* What has more bits than v5: the flags' upper ones go, an interval that is too large is none. */
static void
test_v5_bits(void)
{
	struct export_opts o = { .version = EXPORT_V5 };
	struct batch *b = flows(1, 1000);
	struct buf report = { 0 };
	struct sent *s;

	add_uint(b, field_iana(6), 2, 0x112);
	add_uint(b, field_own(OWN_SAMPLING), 4, 16384);
	s = export_all(&o, b, &report, NULL);
	is_u64(number(s, 0, 24 + 37, 1), 0x12, "v5: the lower 8 flags");
	is_u64(number(s, 0, 22, 2), 0, "v5: an interval beyond 14 bits is none, and no mode");
	ok(strstr(buf_cstr(&report), "flags: 1 values with bits beyond the lower 8") != NULL &&
		strstr(buf_cstr(&report), "sampling: 1 intervals beyond 16383") != NULL,
	    "v5: which is told: %s", buf_cstr(&report));
	buf_free(&report);
	sent_free(s);
	batch_free(b);
}

/* The time a v5 record says, from header and uptime. */
static int64_t
v5_time_ms(const struct sent *s, unsigned message, size_t at)
{
	int64_t header =
	    (int64_t)(number(s, message, 8, 4) * 1000 + number(s, message, 12, 4) / 1000000);
	uint32_t age = (uint32_t)number(s, message, 4, 4) - (uint32_t)number(s, message, at, 4);

	return header - (int32_t)age;
}

static void
test_uptime_bases(void)
{
	struct export_opts o = { .version = EXPORT_V5, .now = true };
	struct batch *b = flows(2, 1000);
	int64_t *start = b->col[0].data, *end = b->col[1].data;
	struct sent *s;

	end[1] += 60 * 86400 * NS_PER_S;
	start[1] += 60 * 86400 * NS_PER_S;
	s = export_all(&o, b, NULL, NULL);
	is_u64(s->n, 2, "flows sixty days apart need two uptimes: two messages");
	is_i64(v5_time_ms(s, 0, 24 + 24), start[0] / NS_PER_MS, "the first one's start is right");
	is_i64(v5_time_ms(s, 1, 24 + 28), end[1] / NS_PER_MS, "the second one's end is right");
	sent_free(s);
	o.version = EXPORT_V9;
	s = export_all(&o, b, NULL, NULL);
	is_u64(s->n, 2, "so it is with v9");
	is_u64(number(s, 1, 12, 4), 1, "whose sequence goes on");
	sent_free(s);
	batch_free(b);
}

/* As v5_time_ms; start and end are the first fields of a record. */
static int64_t
v9_time_ms(const struct sent *s, unsigned message, size_t at)
{
	size_t set = 20;
	uint32_t age;

	while (number(s, message, set, 2) < 256)
		set += number(s, message, set + 2, 2);
	age = (uint32_t)number(s, message, 4, 4) - (uint32_t)number(s, message, set + 4 + at, 4);
	return (int64_t)number(s, message, 8, 4) * 1000 - (int32_t)age;
}

/* Days before the clock that a flow begins and ends; whether it can be said how long it was. */
static void
test_uptime_signs(void)
{
	static const struct {
		const char *name;
		int begins, ends;
		bool all;
	} cases[] = {
		{ "of an hour ago", 0, 0, true },
		{ "of 24 days ago", 24, 24, true },
		{ "of 25 days ago", 25, 25, true },
		{ "of 49 days ago", 49, 49, true },
		{ "of a year ago", 365, 365, true },
		{ "of a year ahead", -365, -365, true },
		{ "that lasted for 26 days", 26, 0, true },
		{ "that lasted for 49 days", 60, 11, true },
		{ "that ended 31 days before it began", 9, 40, true },
		{ "that lasted for 50 days", 50, 0, false },
	};

	for (size_t i = 0; i < 4 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_opts o = { .version = i % 2 ? EXPORT_V9 : EXPORT_V5,
			.now = i % 4 < 2 };
		struct batch *b = flows(1, 1000);
		int64_t *start = b->col[0].data, *end = b->col[1].data;
		int64_t now = time_now_ns() / NS_PER_S * NS_PER_S - 3600 * NS_PER_S, from, to;
		struct buf report = { 0 };
		struct sent *s;

		*start = now - cases[i / 4].begins * 86400 * NS_PER_S;
		*end = now - cases[i / 4].ends * 86400 * NS_PER_S;
		s = export_all(&o, b, &report, NULL);
		from = i % 2 ? v9_time_ms(s, 0, 0) : v5_time_ms(s, 0, 24 + 24);
		to = i % 2 ? v9_time_ms(s, 0, cases[i / 4].all ? 4 : 0) : v5_time_ms(s, 0, 24 + 28);
		ok((from == *start / NS_PER_MS || !cases[i / 4].all) && to == *end / NS_PER_MS,
		    "v%d: times of a flow %s are right", (int)o.version, cases[i / 4].name);
		ok(cases[i / 4].all == (strstr(buf_cstr(&report), "from the end") == NULL),
		    "or it is said that they are not: %s", buf_cstr(&report));
		buf_free(&report);
		sent_free(s);
		batch_free(b);
	}
}

/* A header stands for flows a month apart no more than one for flows of a year. */
static void
test_uptime_messages(void)
{
	struct export_opts o = { .version = EXPORT_V5 };

	for (unsigned v9 = 0; v9 < 2; v9++) {
		struct batch *b = flows(3, 1000);
		int64_t *start = b->col[0].data, *end = b->col[1].data;
		struct sent *s;

		o.version = v9 ? EXPORT_V9 : EXPORT_V5;
		start[2] = end[2] += 31 * 86400 * NS_PER_S;
		s = export_all(&o, b, NULL, NULL);
		is_u64(s->n, 2, "v%d: flows a month apart are two messages", (int)o.version);
		is_i64(v9 ? v9_time_ms(s, 0, 0) : v5_time_ms(s, 0, 24 + 24), start[0] / NS_PER_MS,
		    "of which the first has the times of the old ones");
		is_i64(v9 ? v9_time_ms(s, 1, 0) : v5_time_ms(s, 1, 24 + 24), start[2] / NS_PER_MS,
		    "and the second that of the new one");
		sent_free(s);
		batch_free(b);
	}
}

/* NetFlow v5 has no record without times. */
static void
test_untimed(void)
{
	struct export_opts o = { .version = EXPORT_V5, .now = true };
	struct batch *b = flows(2, 1000);
	int64_t start = ((int64_t *)b->col[0].data)[0];
	struct buf report = { 0 };
	struct sent *s;
	int64_t header;

	batch_unmark(b, 0, 1);
	batch_unmark(b, 1, 1);
	batch_close(b);
	s = export_all(&o, b, &report, NULL);
	header = (int64_t)(number(s, 0, 8, 4) * 1000 + number(s, 0, 12, 4) / 1000000);
	is_i64(v5_time_ms(s, 0, 24 + 24), start / NS_PER_MS, "v5: a flow has its time");
	is_i64(v5_time_ms(s, 0, 24 + 48 + 24), header, "one without begins with its message");
	is_i64(v5_time_ms(s, 0, 24 + 48 + 28), header, "and ends with it");
	ok(strstr(buf_cstr(&report), "start: 1 flows without a time") != NULL,
	    "which is reported: %s", buf_cstr(&report));
	buf_free(&report);
	sent_free(s);
	batch_free(b);
}

/* Of the messages' only flow. */
static int64_t
decoded_time(const struct sent *s, enum own own)
{
	struct wire *w = wire_new(&(struct wire_opts){ 0 });
	struct wire_out out = { .discard = false };
	struct field_id id = field_own(own);
	int64_t ns = -1;
	int i;

	for (unsigned k = 0; k < WIRE_KINDS; k++)
		out.batch[k] = batch_new();
	for (unsigned k = 0; k < s->n; k++) {
		struct wire_msg m = { .data = (const uint8_t *)s->message[k].data,
			.len = s->message[k].len,
			.received_ns = 1 };

		wire_decode(w, &m, &out);
	}
	batch_close(out.batch[WIRE_FLOWS4]);
	i = batch_find(out.batch[WIRE_FLOWS4], &id);
	if (i >= 0)
		ns = ((const int64_t *)out.batch[WIRE_FLOWS4]->col[i].data)[0];
	for (unsigned k = 0; k < WIRE_KINDS; k++)
		batch_free(out.batch[k]);
	wire_free(w);
	return ns;
}

/* Collectors prefer the most precise element, absolute ones to uptimes: none may say another time than ours. */
static void
test_contradictions(void)
{
	static const struct {
		enum export_version version;
		uint16_t element;
		bool end, sent;
	} cases[] = {
		{ EXPORT_V9, 150, false, false },
		{ EXPORT_V9, 152, false, false },
		{ EXPORT_V9, 157, true, false },
		{ EXPORT_IPFIX, 150, false, true },
		{ EXPORT_IPFIX, 152, false, true },
		{ EXPORT_IPFIX, 154, false, false },
		{ EXPORT_IPFIX, 157, true, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_opts o = { .version = cases[i].version };
		struct batch *b = flows(1, 1000);
		struct field_id id = field_iana(cases[i].element);
		int64_t ours = ((int64_t *)b->col[cases[i].end].data)[0];
		unsigned c = (unsigned)batch_column(b, &id, TYPE_TIME, 8, 0);
		struct buf report = { 0 };
		struct sent *s;

		batch_put_uint(b, c, 0, (uint64_t)(ours + 3 * NS_PER_S));
		batch_close(b);
		s = export_all(&o, b, &report, NULL);
		is_i64(decoded_time(s, cases[i].end ? OWN_END : OWN_START), ours,
		    "v%d: the time comes back beside another in element %d", (int)o.version,
		    (int)cases[i].element);
		ok(cases[i].sent == (strstr(buf_cstr(&report), "would be read as") == NULL),
		    "which is sent or reported: %s", buf_cstr(&report));
		buf_free(&report);
		sent_free(s);
		batch_free(b);
	}
}

/* NTP's form has no era: a time that would come back as one before 1970 is not sent. */
static void
test_eras(void)
{
	static const int64_t end_s = INT64_C(4233462144); /* 2104-02-26 09:42:24 */

	for (unsigned scale = 0; scale <= 9; scale += 3) {
		for (int late = 0; late < 2; late++) {
			struct export_opts o = { .version = EXPORT_IPFIX };
			struct batch *b = flows(1, 1000);
			int64_t *end = b->col[1].data, want = (end_s - 1 + late) * NS_PER_S;
			bool sent = !late || scale >= 6;
			struct buf report = { 0 };
			struct sent *s;

			*end = want;
			b->col[1].scale = (uint8_t)scale;
			s = export_all(&o, b, &report, NULL);
			is_i64(decoded_time(s, OWN_END), sent ? want : -1,
			    "precision %d: the %s second of NTP's form", (int)scale,
			    late ? "first beyond the last" : "last");
			ok(sent == (strstr(buf_cstr(&report), "after 2104") == NULL),
			    "comes back or is reported: %s", buf_cstr(&report));
			buf_free(&report);
			sent_free(s);
			batch_free(b);
		}
	}
}

static void
test_same_domain(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct batch *b = flows(2, 1000);
	struct field_id id = field_own(OWN_EXPORTER);
	unsigned c = (unsigned)batch_column(b, &id, TYPE_IP, 4, 0);
	struct sent *s;

	batch_put_uint(b, c, 0, 0xc0000201);
	batch_put_uint(b, c, 1, 0xc0000202);
	add_uint(b, field_own(OWN_DOMAIN), 4, 9);
	s = export_all(&o, b, NULL, NULL);
	is_u64(s->n, 2, "two exporters are two sequences");
	is_u64(number(s, 0, 12, 4) + number(s, 1, 12, 4), UINT64_C(0x80000009),
	    "of which one gets another domain than the other");
	sent_free(s);
	o.keep_exporter = true;
	s = export_all(&o, b, NULL, NULL);
	is_u64(number(s, 0, 22, 2), 7, "the exporter's address is a field on request");
	sent_free(s);
	batch_free(b);
}

/* Messages so far, each of a domain above the one before? */
struct rising {
	uint64_t n, last;
	bool holds;
};

static int
rise(void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *err)
{
	struct rising *r = ctx;
	uint64_t domain = be_uint((const uint8_t *)data + 12, 4);

	(void)len;
	(void)records;
	(void)time_ns;
	(void)err;
	r->holds = r->n == 0 || (r->holds && domain > r->last);
	r->last = domain;
	r->n++;
	return 0;
}

/* As many as there may be: with a search from the beginning for each this would take half an hour. */
static void
test_many_exporters(void)
{
	enum { EXPORTERS = 16384 };
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct rising r = { .n = 0 };
	struct exporter *e = export_new(&o, rise, &r);
	struct batch *b = flows(EXPORTERS, 1000);
	struct field_id id = field_own(OWN_EXPORTER);
	unsigned c = (unsigned)batch_column(b, &id, TYPE_IP, 4, 0);
	struct err err = { 0 };

	for (size_t i = 0; i < EXPORTERS; i++)
		batch_put_uint(b, c, i, 0x0a000000 + i);
	add_uint(b, field_own(OWN_DOMAIN), 4, 0);
	ok(export_batch(e, b, NULL, &err) == 0 && export_flush(e, &err) == 0, "%u exporters: %s",
	    EXPORTERS, err.text);
	is_u64(r.n, EXPORTERS, "each has messages of its own");
	ok(r.holds, "and a domain");
	batch_free(b);
	export_free(e);
}

/* Options of domain 0: one packet stands for so many. */
static struct batch *
interval_options(uint32_t packets)
{
	struct batch *b = batch_new();
	struct field_id domain = field_iana(149);
	unsigned c = (unsigned)batch_column(b, &domain, TYPE_UINT, 4, COLUMN_SCOPE);

	b->options = true;
	batch_extend(b, 1);
	batch_put_uint(b, c, 0, 0);
	add_uint(b, field_iana(34), 4, packets);
	return b;
}

/* Flows behind options (0: none): how many fields the last template has. */
static uint64_t
fields_behind(uint32_t packets, struct batch *b)
{
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct sent *s = mem_zero(1, sizeof(*s));
	struct exporter *e = export_new(&o, keep, s);
	struct batch *options = packets ? interval_options(packets) : NULL;
	struct err err = { 0 };
	uint64_t n;

	if ((options != NULL && export_batch(e, options, NULL, &err) != 0) ||
	    export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
		ok(false, "exporting fails: %s", err.text);
	n = number(s, s->n - 1, 22, 2);
	export_free(e);
	sent_free(s);
	batch_free(options);
	return n;
}

/* Where sampling came from, elements that say it, what options sent before say: flows say what is not known. */
static void
test_sampling(void)
{
	static const struct {
		const char *name;
		unsigned source; /* 0 none */
		uint16_t element; /* 0 none */
		uint32_t options;
		unsigned fields;
	} cases[] = {
		{ "of nobody knows where", 0, 0, 0, 1 },
		{ "of the header", SAMPLING_HEADER, 0, 0, 1 },
		{ "of the record, in no element", SAMPLING_RECORD, 0, 0, 1 },
		{ "of the record, in its element", SAMPLING_RECORD, 34, 0, 1 },
		{ "of the record, in another element", SAMPLING_RECORD, 50, 0, 1 },
		{ "of options, which were sent too", SAMPLING_OPTIONS, 0, 1000, 0 },
		{ "of options, which were not", SAMPLING_OPTIONS, 0, 0, 1 },
		{ "of a sampler's options, which were not", SAMPLING_SAMPLER, 0, 0, 1 },
		{ "of an interface's options, which were not", SAMPLING_INTERFACE, 0, 0, 1 },
		{ "of another domain's options, which were not", SAMPLING_EXPORTER, 0, 0, 1 },
		{ "of the user, other than options say", SAMPLING_CONFIGURED, 0, 100, 1 },
		{ "of the record, other than options say", SAMPLING_RECORD, 50, 100, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct batch *b = flows(2, 1000);
		uint64_t before = fields_behind(0, b);

		add_uint(b, field_own(OWN_SAMPLING), 4, 1000);
		if (cases[i].source != 0)
			add_uint(b, field_own(OWN_SAMPLING_SRC), 1, cases[i].source);
		if (cases[i].element != 0)
			add_uint(b, field_iana(cases[i].element), 4, 1000);
		is_u64(fields_behind(cases[i].options, b) - before, cases[i].fields,
		    "sampling is sent once: %s", cases[i].name);
		batch_free(b);
	}
}

/* What options said of a template holds for whichever has its number at the receiver: flows say theirs themselves. */
static void
test_sampling_of_templates(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct sent *s = mem_zero(1, sizeof(*s));
	struct exporter *e = export_new(&o, keep, s);
	struct batch *options = interval_options(1000), *of_template = interval_options(100);
	struct batch *b = flows(2, 1000);
	struct err err = { 0 };

	of_template->col[0].id = field_iana(145);
	add_uint(b, field_own(OWN_SAMPLING), 4, 1000);
	if (export_batch(e, options, NULL, &err) != 0 ||
	    export_batch(e, of_template, NULL, &err) != 0 || export_batch(e, b, NULL, &err) != 0 ||
	    export_flush(e, &err) != 0)
		ok(false, "exporting fails: %s", err.text);
	is_u64(number(s, s->n - 1, 24 + 2 * 4, 2), 34,
	    "sampling is sent where options told of some template");
	export_free(e);
	sent_free(s);
	batch_free(options);
	batch_free(of_template);
	batch_free(b);
}

/* Counters were multiplied: the interval that the record had has no meaning any more. */
static void
test_sampling_scaled(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct batch *b = flows(1, 1000);
	uint64_t before = fields_behind(0, b);
	struct sent *s;

	add_uint(b, field_own(OWN_SAMPLING), 4, 1);
	add_uint(b, field_iana(34), 4, 1000);
	is_u64(fields_behind(0, b) - before, 1, "a scaled record has one interval");
	s = export_all(&o, b, NULL, NULL);
	is_u64(number(s, 0, 24 + 2 * 4, 2), 34, "behind start and end");
	is_u64(number(s, 0, 16 + number(s, 0, 18, 2) + 4 + 16, 4), 1, "which is 1");
	sent_free(s);
	batch_free(b);
}

/* Scopes that NetFlow v9 has as fields only; and those that it cannot say. */
static void
test_scopes(void)
{
	struct export_opts o = { .version = EXPORT_V9 };
	struct batch *b = interval_options(10);
	struct buf report = { 0 };
	struct export_totals t;
	struct sent *s;

	b->col[0].id = field_iana(48);
	s = export_all(&o, b, &report, &t);
	is_u64(number(s, 0, 20, 2), 1, "options of a sampler: an options template");
	is_u64(number(s, 0, 26, 2), 4, "of one scope");
	is_u64(number(s, 0, 30, 2), 1, "which is System");
	is_u64(number(s, 0, 34, 2), 48, "then the sampler");
	is_u64(number(s, 0, 38, 2), 34, "and its interval");
	ok(strcmp(buf_cstr(&report), "samplerid: 1 scopes sent as fields") == 0,
	    "which is told: %s", buf_cstr(&report));
	sent_free(s);

	b->col[0].id = field_iana(130);
	b->col[0].type = TYPE_IP;
	s = export_all(&o, b, NULL, &t);
	is_u64(number(s, 0, 26, 2), 4, "an address is no scope either");
	is_u64(number(s, 0, 34, 2), 130, "but a field");
	sent_free(s);
	b->col[0].type = TYPE_UINT;

	report.len = 0;
	b->col[0].id = (struct field_id){ .pen = 9, .id = 12232 };
	s = export_all(&o, b, &report, &t);
	is_u64(s->n + t.options, 0, "what is about something that cannot be said is not sent");
	is_u64(t.dropped, 1, "but counted");
	ok(strstr(buf_cstr(&report), ": 1 scopes that cannot be said, their records dropped") !=
		NULL,
	    "and told: %s", buf_cstr(&report));
	sent_free(s);
	buf_free(&report);
	batch_free(b);
}

/* Totals of a flow whose updates were counted are no counter of ours: they stay here. */
static void
test_events(void)
{
	static const enum export_version versions[] = { EXPORT_IPFIX, EXPORT_V9 };
	struct field_id apart = { .id = 231, .instance = FIELD_AS_SENT };

	for (unsigned i = 0; i < 2; i++) {
		struct export_opts o = { .version = versions[i] };
		struct batch *b = flows(2, 1000);
		struct buf report = { 0 };
		struct sent *s;

		add_uint(b, field_iana(233), 1, 2);
		add_uint(b, apart, 8, 1500);
		s = export_all(&o, b, &report, NULL);
		is_u64(number(s, 0, i ? 26 : 22, 2), 7, "v%d: the totals of an event are not sent",
		    (int)o.version);
		ok(strcmp(buf_cstr(&report),
		       "initiatorOctets#sent: 2 totals of updates that were counted") == 0,
		    "but told: %s", buf_cstr(&report));
		buf_free(&report);
		sent_free(s);
		batch_free(b);
	}
}

static void
never(void *ctx, enum wire_kind kind)
{
	(void)kind;
	*(bool *)ctx = true;
}

/* An element of an enterprise of which the decoder knows what it is told (RFC 5610): numbers. */
static const struct field_id vendor = { .pen = 32473, .id = 77 };

static bool
is_untyped(struct batch *b)
{
	int i = batch_find(b, &vendor);

	return i >= 0 && b->col[i].type != TYPE_UINT;
}

/* Decode everything; the number of records, and what was wrong with them. */
static uint64_t
decode_all(const struct sent *s, bool stream, uint64_t *bad)
{
	struct wire_opts o = { .lifetime_s = 0 };
	struct wire *w = wire_new(&o);
	bool full = false;
	struct wire_out out = { .full = never, .ctx = &full };
	struct wire_stats st;
	uint64_t records = 0;

	for (unsigned k = 0; k < WIRE_KINDS; k++)
		out.batch[k] = batch_new();
	out.batch[WIRE_OPTIONS]->options = true;
	for (unsigned i = 0; i < s->n; i++) {
		struct wire_msg m = { .data = (const uint8_t *)s->message[i].data,
			.len = s->message[i].len,
			.exporter = addr_v4(0x7f000001),
			.port = 9,
			.stream = stream,
			.received_ns = INT64_C(1767571200000000000) };

		records += wire_decode(w, &m, &out);
	}
	*bad = full;
	for (size_t i = 0; wire_stats_at(w, i, &st); i++) {
		*bad +=
		    st.lost + st.reordered + st.duplicate + st.restarts + st.unknown_template_sets;
		for (unsigned k = 0; k < BAD_KINDS; k++)
			*bad += st.bad[k];
	}
	for (unsigned k = 0; k < WIRE_KINDS; k++) {
		*bad += is_untyped(out.batch[k]);
		batch_free(out.batch[k]);
	}
	wire_free(w);
	return records;
}

/* Restarts and odd times are what odd times make; everything else must be in order. */
static void
test_random(void)
{
	static const enum export_version versions[] = { EXPORT_IPFIX, EXPORT_V9 };

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct batch *b = random_batch(seed, 50 + seed);
		struct export_opts o = { .version = versions[seed % 2], .template_messages = 7 };
		struct export_totals t;
		struct sent *s = export_all(&o, b, NULL, &t);
		uint64_t bad, got = decode_all(s, false, &bad);

		is_u64(t.records + t.dropped, b->n, "seed %d: every record is sent or counted",
		    (int)seed);
		is_u64(got, t.records, "seed %d: what is sent is decoded", (int)seed);
		if (o.version == EXPORT_IPFIX)
			is_u64(bad, 0, "seed %d: nothing is wrong with it", (int)seed);
		sent_free(s);
		o.version = EXPORT_V5;
		s = export_all(&o, b, NULL, &t);
		is_u64(t.records + t.dropped, b->n, "seed %d: v5 sends or counts", (int)seed);
		sent_free(s);
		batch_free(b);
	}
}

/* What an element is goes ahead of its records in each domain, and again with the templates over UDP. */
static void
test_types(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX, .mtu = 512, .template_messages = 1 };
	struct batch *b = flows(60, 1000);
	struct sent *s, late = { .n = 0 };
	struct export_totals t;
	uint64_t bad;

	add_uint(b, vendor, 4, 1);
	s = export_all(&o, b, NULL, &t);
	is_u64(t.options, s->n, "types: told in each message that has templates");
	is_u64(decode_all(s, false, &bad), t.records + t.options, "types: all is decoded");
	is_u64(bad, 0, "types: as what it is");
	for (unsigned i = 2; i < s->n; i++)
		late.message[late.n++] = s->message[i];
	(void)decode_all(&late, false, &bad);
	is_u64(bad, 0, "types: by who listens from a later message on too");
	sent_free(s);
	o.version = EXPORT_V9;
	s = export_all(&o, b, NULL, &t);
	is_u64(t.options, 0, "types: not in v9, which has no such elements");
	sent_free(s);
	batch_free(b);
}

/* Transport sessions that break: after so many messages of each the next one is not sent. */
struct breaking {
	struct sent *transport[64];
	unsigned n, lives;
	bool twice; /* the one after a break too */
	unsigned offered;
};

static int
keep_until_broken(
    void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *err)
{
	struct breaking *b = ctx;

	if (b->n == 0 || (b->n < 60 && ++b->offered == b->lives)) {
		bool first = b->n == 0;

		b->transport[b->n++] = mem_zero(1, sizeof(struct sent));
		b->offered = b->twice && b->n % 2 == 0 ? b->lives - 1 : 0;
		if (!first)
			return EXPORT_AGAIN;
	}
	return keep(b->transport[b->n - 1], data, len, records, time_ns, err);
}

/* Records of three exporters in turn: messages of all three are open at a time. */
static struct batch *
of_three(void)
{
	struct batch *b = flows(60, 1000);
	struct field_id id = field_own(OWN_EXPORTER);
	unsigned c = (unsigned)batch_column(b, &id, TYPE_IP, 4, 0);

	for (size_t i = 0; i < b->n; i++)
		batch_put_uint(b, c, i, 0xc0000200 + i % 3);
	add_uint(b, vendor, 4, 1);
	return b;
}

/*
 * Nothing is lost when a transport session ends before any message: each has the templates that it
 * needs, once, and numbers from 0.  Returns how many transport sessions there were.
 */
static unsigned
test_broken(uint64_t seed, unsigned lives, bool twice)
{
	struct export_opts o = { .version = EXPORT_IPFIX, .mtu = 512, .stream = true };
	struct breaking broken = { .lives = lives, .twice = twice };
	struct exporter *e = export_new(&o, keep_until_broken, &broken);
	uint64_t state = seed, got = 0, wrong = 0, bad;
	const struct export_totals *t = export_totals(e);
	struct err err = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		struct batch *b = i % 2 == 1 ? of_three() : random_batch(rnd(&state), 60);

		if (export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
			ok(false, "exporting fails: %s", err.text);
		batch_free(b);
	}
	for (unsigned i = 0; i < broken.n; i++) {
		got += decode_all(broken.transport[i], true, &bad);
		wrong += bad;
		sent_free(broken.transport[i]);
	}
	ok(got == t->records + t->options && wrong == 0,
	    "seed %d: what %u sessions of %u messages carry is %d records, %d sent, %d wrong",
	    (int)seed, broken.n, lives, (int)got, (int)t->records, (int)wrong);
	export_free(e);
	return broken.n;
}

/* What options said of sampling was said to a transport session: the next one is told by each flow. */
static void
test_broken_sampling(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX, .stream = true };
	struct breaking broken = { .lives = 4 };
	struct exporter *e = export_new(&o, keep_until_broken, &broken);
	struct batch *options = interval_options(1000), *b = flows(1, 1000);
	struct err err = { 0 };
	uint64_t fields[5] = { 0 };

	add_uint(b, field_own(OWN_SAMPLING), 4, 1000);
	(void)export_batch(e, options, NULL, &err);
	(void)export_flush(e, &err);
	for (unsigned i = 0; i < 5; i++) {
		const struct sent *s;

		if (export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
			ok(false, "exporting fails: %s", err.text);
		s = broken.transport[broken.n - 1];
		if (number(s, s->n - 1, 16, 2) == 2)
			fields[i] = number(s, s->n - 1, 22, 2);
	}
	is_u64(broken.n, 2, "a transport session broke");
	ok(fields[0] > 0 && fields[4] == fields[0] + 1,
	    "sampling: flows behind it say what its options did not");
	for (unsigned i = 0; i < broken.n; i++)
		sent_free(broken.transport[i]);
	export_free(e);
	batch_free(options);
	batch_free(b);
}

int
main(void)
{
	unsigned sessions = 0;

	test_sequences();
	test_templates();
	test_template_seconds();
	test_padding();
	test_export_time();
	test_strings();
	test_dropped();
	test_v5_limits();
	test_v5_bits();
	test_uptime_bases();
	test_uptime_signs();
	test_uptime_messages();
	test_untimed();
	test_contradictions();
	test_eras();
	test_same_domain();
	test_many_exporters();
	test_sampling();
	test_sampling_of_templates();
	test_sampling_scaled();
	test_scopes();
	test_events();
	test_random();
	test_types();
	test_broken_sampling();
	for (uint64_t seed = 1; seed <= 20; seed++) {
		sessions += test_broken(seed, 9 + (unsigned)seed, false);
		sessions += test_broken(seed, 20, true);
	}
	ok(sessions > 150, "%u transport sessions broke", sessions);
	return done_testing();
}
