/*
 * Our own columns as elements, elements that they stand for, and what a format cannot say: left out, and told.
 */
#include "export_sent.h"
#include "wire_craft.h"

static const int64_t second_ns = INT64_C(1767571200000000000);

/* A batch of one record without any column. */
static struct batch *
one(void)
{
	struct batch *b = batch_new();

	batch_extend(b, 1);
	return b;
}

static unsigned
add(struct batch *b, struct field_id id, enum type type, unsigned width, size_t rec, uint64_t v)
{
	unsigned c = (unsigned)batch_column(b, &id, type, width, 0);

	batch_put_uint(b, c, rec, v);
	batch_close(b);
	return c;
}

/* A batch of one record: its protocol, and these octets. */
static struct batch *
with_octets(const struct field_id *id, enum type type, const char *octets)
{
	struct batch *b = one();

	add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
	batch_put_octets(b, (unsigned)batch_column(b, id, type, 0, 0), 0, octets, strlen(octets));
	batch_close(b);
	return b;
}

/* The fields of the only template, "150/4 8/4", in their order. */
static const char *
fields(const struct sent *s, enum export_version version)
{
	static char text[400];
	size_t at = version == EXPORT_V9 ? 20 : 16, n, len = 0;
	bool options;

	text[0] = '\0';
	if (s->n == 0)
		return "nothing";
	options = number(s, 0, at, 2) % 2 == 1;
	n = number(s, 0, at + 6, 2);
	if (options && version == EXPORT_V9)
		n = (n + number(s, 0, at + 8, 2)) / 4;
	at += options ? 10 : 8;
	for (size_t i = 0; i < n && len < sizeof(text) - 20; i++, at += 4) {
		uint64_t id = number(s, 0, at, 2), pen = 0;

		len += (size_t)sprintf(text + len, "%s%u/%u", i ? " " : "", (unsigned)id & 0x7fff,
		    (unsigned)number(s, 0, at + 2, 2));
		if (version == EXPORT_IPFIX && id >= 0x8000) {
			pen = number(s, 0, at + 4, 4);
			at += 4;
			len += (size_t)sprintf(text + len, "@%u", (unsigned)pen);
		}
	}
	return text;
}

/* What is sent of a batch, what is told of it; frees the batch. */
static void
check(enum export_version version, struct batch *b, const char *want, const char *told,
    const char *name)
{
	struct export_opts o = { .version = version };
	struct buf report = { 0 };
	struct sent *s = export_all(&o, b, &report, NULL);

	is_str(fields(s, version), want, "v%d: %s", (int)version, name);
	is_str(
	    report.len > 0 ? buf_cstr(&report) : "", told, "v%d: what is told of it", (int)version);
	buf_free(&report);
	sent_free(s);
	batch_free(b);
}

/* Start and end as precise as they are known, and as they are read again. */
static void
test_precision(void)
{
	static const struct {
		unsigned scale;
		int64_t start_ns;
		const char *fields;
	} cases[] = {
		{ 9, 7 * NS_PER_S, "150/4 151/4" },
		{ 6, 7 * NS_PER_MS, "152/8 153/8" },
		{ 4, 70 * NS_PER_US, "154/8 155/8" },
		{ 3, 7 * NS_PER_US, "154/8 155/8" },
		{ 2, 700, "156/8 157/8" },
		{ 0, 7, "156/8 157/8" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_opts o = { .version = EXPORT_IPFIX };
		int64_t start = second_ns + cases[i].start_ns, end = start + cases[i].start_ns;
		struct batch *b = one();
		struct sent *s;
		struct rig r;

		batch_precision(b, add(b, field_own(OWN_START), TYPE_TIME, 8, 0, (uint64_t)start),
		    cases[i].scale);
		batch_precision(
		    b, add(b, field_own(OWN_END), TYPE_TIME, 8, 0, (uint64_t)end), cases[i].scale);
		batch_close(b);
		s = export_all(&o, b, NULL, NULL);
		is_str(fields(s, o.version), cases[i].fields, "times of a precision of 10^%u ns",
		    cases[i].scale);
		rig_open(&r, (struct wire_opts){ 0 });
		(void)rig_decode(&r, s->message[0].data, s->message[0].len);
		is_i64((int64_t)num(&r, WIRE_FLOWS4, OWN(START), 0), start, "come back: the start");
		is_i64((int64_t)num(&r, WIRE_FLOWS4, OWN(END), 0), end, "and the end");
		rig_close(&r);
		sent_free(s);
		batch_free(b);
	}
}

/* A time that was made up is not sent as if somebody had said it. */
static void
test_guess(void)
{
	static const enum export_version versions[] = { EXPORT_IPFIX, EXPORT_V9 };

	for (unsigned i = 0; i < 2; i++) {
		struct batch *b = one();

		add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
		add(b, field_own(OWN_START), TYPE_TIME, 8, 0, (uint64_t)second_ns);
		add(b, field_own(OWN_END), TYPE_TIME, 8, 0, (uint64_t)second_ns);
		add(b, field_own(OWN_TIME_GUESS), TYPE_BOOL, 1, 0, 1);
		check(versions[i], b, "4/1", "", "a time that is a guess is not sent");
	}
}

/* Elements that have a meaning beside their own header only. */
static void
test_relative(void)
{
	static const struct {
		const char *name;
		enum export_version version;
		uint16_t element;
		bool raw, start, guess;
		const char *fields, *told;
	} cases[] = {
		{ "an uptime", EXPORT_IPFIX, 22, false, false, false, "4/1 22/4", "" },
		{ "an uptime", EXPORT_V9, 22, false, false, false, "4/1",
		    "flowStartSysUpTime: 1 times relative to another header" },
		{ "an uptime of a record as sent", EXPORT_IPFIX, 22, true, true, false, "152/8 4/1",
		    "" },
		{ "one whose start is a guess", EXPORT_IPFIX, 22, true, true, true, "4/1 22/4",
		    "" },
		{ "an uptime of a record as sent", EXPORT_V9, 22, true, true, false, "22/4 4/1",
		    "" },
		{ "a distance", EXPORT_IPFIX, 158, false, false, false, "4/1",
		    "flowStartDeltaMicroseconds: 1 times relative to another header" },
		{ "a distance of a record as sent", EXPORT_IPFIX, 158, true, true, false,
		    "152/8 4/1", "" },
		{ "the distance of an end", EXPORT_V9, 159, true, true, false, "22/4 4/1",
		    "flowEndDeltaMicroseconds: 1 times relative to another header" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct batch *b = one();

		add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
		add(b, field_iana(cases[i].element), TYPE_UINT, 4, 0, 1000);
		if (cases[i].start)
			batch_precision(b,
			    add(b, field_own(OWN_START), TYPE_TIME, 8, 0, (uint64_t)second_ns), 6);
		if (cases[i].raw)
			add(b, field_own(OWN_WIRE), TYPE_BOOL, 1, 0, 1);
		if (cases[i].guess)
			add(b, field_own(OWN_TIME_GUESS), TYPE_BOOL, 1, 0, 1);
		batch_close(b);
		check(cases[i].version, b, cases[i].fields, cases[i].told, cases[i].name);
	}
}

/* An element as sent is start itself; in a record that is not as sent it is another time. */
static void
test_as_sent(void)
{
	for (unsigned raw = 0; raw < 2; raw++) {
		struct batch *b = one();

		batch_precision(
		    b, add(b, field_own(OWN_START), TYPE_TIME, 8, 0, (uint64_t)second_ns), 6);
		batch_precision(
		    b, add(b, field_iana(150), TYPE_TIME, 8, 0, (uint64_t)second_ns), 9);
		add(b, field_own(OWN_WIRE), TYPE_BOOL, 1, 0, raw);
		check(EXPORT_IPFIX, b, raw ? "150/4" : "152/8 150/4", "",
		    raw ? "a start as sent" : "a start and another");
	}
}

/* The mode of v5's header; its address and that of options, where they are wanted. */
static void
test_header_fields(void)
{
	for (unsigned mode = 0; mode < 2; mode++) {
		for (unsigned said = 0; said < 2; said++) {
			struct batch *b = one();

			add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
			add(b, field_own(OWN_SAMPLING_MODE), TYPE_UINT, 1, 0, mode);
			if (said)
				add(b, field_iana(35), TYPE_UINT, 1, 0, 2);
			check(EXPORT_IPFIX, b,
			    said   ? "4/1 35/1"
			    : mode ? "35/1 4/1"
				   : "4/1",
			    "", "the mode of sampling");
		}
	}
	for (unsigned options = 0; options < 2; options++) {
		for (unsigned said = 0; said < 2; said++) {
			struct export_opts o = { .version = EXPORT_IPFIX, .keep_exporter = true };
			struct batch *b = one();
			struct sent *s;

			b->options = options;
			add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
			add(b, field_own(OWN_EXPORTER), TYPE_IP, 4, 0, 0xc0000201);
			if (said)
				add(b, field_iana(130), TYPE_IP, 4, 0, 0xc0000202);
			s = export_all(&o, b, NULL, NULL);
			is_str(fields(s, o.version),
			    options ? said ? "149/4 4/1 130/4" : "149/4 130/4 4/1"
			    : said  ? "4/1 130/4"
				    : "130/4 4/1",
			    "an exporter's address is said once, of %s",
			    options ? "options" : "flows");
			sent_free(s);
			batch_free(b);
		}
	}
}

static void
test_lost_values(void)
{
	struct batch *b = one();
	struct field_id name = field_iana(371), octets = field_iana(95), list = field_iana(291);
	static uint8_t long_name[60001];

	add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
	add(b, field_own(OWN_SCORE), TYPE_FLOAT64, 8, 0, 0);
	check(EXPORT_IPFIX, b, "4/1", "score: 1 values of our own", "a column of our own");

	b = one();
	add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
	memset(long_name, 'x', sizeof(long_name));
	batch_put_octets(
	    b, (unsigned)batch_column(b, &name, TYPE_STRING, 0, 0), 0, long_name, 60001);
	batch_close(b);
	check(EXPORT_IPFIX, b, "4/1", "username: 1 values that are empty or too long",
	    "a name of 60001 octets");

	b = with_octets(&octets, TYPE_BYTES, "");
	check(EXPORT_V9, b, "4/1", "app: 1 values that are empty or too long",
	    "octets that are none");

	b = with_octets(&list, TYPE_LIST, "\1\3");
	check(EXPORT_V9, b, "4/1", "basicList: 1 lists", "a list");

	b = with_octets(&list, TYPE_LIST, "\1\3");
	check(EXPORT_IPFIX, b, "4/1", "basicList: 1 lists that IPFIX cannot say",
	    "a list that is damaged");

	b = one();
	add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
	add(b, (struct field_id){ .pen = 9, .id = 4324 }, TYPE_UINT, 8, 0, 1);
	add(b, (struct field_id){ .pen = PEN_REVERSE, .id = 1 }, TYPE_UINT, 8, 0, 1);
	add(b, field_iana(40001), TYPE_UINT, 4, 0, 1);
	check(EXPORT_V9, b, "4/1",
	    "tcpWindowSizeSum: 1 values of an enterprise's element; rbytes: 1 values of an "
	    "enterprise's element; "
	    "0.40001: 1 values of an element that NetFlow v9 does not have",
	    "elements of enterprises");

	b = one();
	add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
	add(b, (struct field_id){ .pen = PEN_V9, .id = 40001 }, TYPE_UINT, 4, 0, 1);
	check(EXPORT_IPFIX, b, "4/1",
	    "xlateSourceAddressIPV4: 1 values of a type that only NetFlow v9 has", "a type of v9");
}

/* Times that their element cannot say. */
static void
test_misfits(void)
{
	static const struct {
		uint16_t element;
		uint8_t scale;
		int64_t s;
		bool sent;
	} cases[] = {
		{ 322, 9, 0, true },
		{ 322, 9, -1, false },
		{ 322, 9, 4294967295, true },
		{ 322, 9, 4294967296, false },
		{ 323, 6, -1, false },
		{ 323, 6, 0, true },
		{ 323, 6, 4294967296, true },
		{ 324, 3, 4233462143, true },
		{ 324, 3, 4233462144, false },
		{ 325, 0, 4233462143, true },
		{ 325, 0, 4233462144, false },
		{ 325, 0, -1, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct export_opts o = { .version = EXPORT_IPFIX };
		struct field_id id = field_iana(cases[i].element);
		struct batch *b = one();
		struct buf report = { 0 };
		struct sent *s;
		struct rig r;

		add(b, field_iana(4), TYPE_UINT, 1, 0, 17);
		batch_precision(b, add(b, id, TYPE_TIME, 8, 0, (uint64_t)(cases[i].s * NS_PER_S)),
		    cases[i].scale);
		batch_close(b);
		s = export_all(&o, b, &report, NULL);
		rig_open(&r, (struct wire_opts){ 0 });
		(void)rig_decode(&r, s->message[0].data, s->message[0].len);
		ok(has(&r, WIRE_FLOWS4, id, 0) == cases[i].sent &&
			(!cases[i].sent ||
			    (int64_t)num(&r, WIRE_FLOWS4, id, 0) == cases[i].s * NS_PER_S),
		    "second %lld in element %u is %s", (long long)cases[i].s, cases[i].element,
		    cases[i].sent ? "sent" : "not");
		ok((report.len > 0) != cases[i].sent, "which is%s told",
		    cases[i].sent ? " not" : "");
		rig_close(&r);
		buf_free(&report);
		sent_free(s);
		batch_free(b);
	}
}

/* Elements that a record has several of go in their order, whatever that of the columns. */
static void
test_instances(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct batch *b = one();
	struct sent *s;

	for (unsigned i = 3; i-- > 0;)
		add(b, (struct field_id){ .id = 10, .instance = (uint8_t)i }, TYPE_UINT, 4, 0,
		    100 + i);
	s = export_all(&o, b, NULL, NULL);
	for (unsigned i = 0; i < 3; i++)
		is_u64(number(s, 0, s->message[0].len - 12 + 4 * i, 4), 100 + i,
		    "instance %u is at its place", i);
	sent_free(s);
	batch_free(b);
}

/* Both addresses of a pair in one record with all as sent, one of them zero. */
static void
test_both_families(void)
{
	static const uint16_t pair[][2] = { { 15, 4 }, { 62, 16 }, { 4, 1 } };

	for (unsigned six = 0; six < 2; six++) {
		struct export_opts o = { .version = EXPORT_IPFIX };
		static struct craft c;
		struct rig r, back;
		struct sent *s;

		rig_open(&r, (struct wire_opts){ .raw = true });
		begin_ipfix(&c, 0, 0);
		put_template_set(&c, 2, 256, 3, pair);
		open_set(&c, 256);
		put(&c, six ? 0 : 0xc0000201, 4);
		put(&c, six ? 0x20010db800000000 : 0, 8);
		put(&c, six, 8);
		put(&c, 17, 1);
		close_set(&c);
		rig_send(&r, &c);
		batch_close(r.b[WIRE_FLOWS4]);
		s = export_all(&o, r.b[WIRE_FLOWS4], NULL, NULL);
		rig_open(&back, (struct wire_opts){ 0 });
		(void)rig_decode(&back, s->message[0].data, s->message[0].len);
		is_str(text(&back, WIRE_FLOWS4, F(15), 0), six ? "2001:db8::1" : "192.0.2.1",
		    "of two next hops the one that is not zero");
		ok(strstr(fields(s, o.version), "15/4") != NULL &&
			strstr(fields(s, o.version), "62/16") != NULL,
		    "and both are sent: %s", fields(s, o.version));
		rig_close(&back);
		rig_close(&r);
		sent_free(s);
	}
}

/* An options record that is about a domain, or a system, where two exporters have the same. */
static void
test_named_domains(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct batch *b = batch_new();
	struct field_id exporter = field_own(OWN_EXPORTER), domain = field_own(OWN_DOMAIN),
			named = field_iana(149);
	unsigned e = (unsigned)batch_column(b, &exporter, TYPE_IP, 4, 0);
	unsigned d = (unsigned)batch_column(b, &domain, TYPE_UINT, 4, 0);
	unsigned n = (unsigned)batch_column(b, &named, TYPE_UINT, 4, COLUMN_SCOPE);
	struct field_id total = field_iana(41), system = { .pen = PEN_SCOPE, .id = 1 };
	unsigned t = (unsigned)batch_column(b, &total, TYPE_UINT, 8, 0), k;
	struct sent *s;

	b->options = true;
	batch_extend(b, 2);
	for (size_t i = 0; i < 2; i++) {
		batch_put_uint(b, e, i, 0xc0000201 + i);
		batch_put_uint(b, d, i, 9);
		batch_put_uint(b, n, i, 9);
		batch_put_uint(b, t, i, 5);
	}
	batch_close(b);
	s = export_all(&o, b, NULL, NULL);
	for (unsigned i = 0; i < 2; i++) {
		size_t at = 16 + number(s, i, 18, 2) + 4;

		is_u64(number(s, i, at, 4), number(s, i, 12, 4),
		    "a domain in options is called as its messages call it");
	}
	is_u64(number(s, 1, 12, 4), 0x80000000, "of which one is another number");
	sent_free(s);
	batch_free(b);

	b = one();
	b->options = true;
	k = (unsigned)batch_column(b, &system, TYPE_UINT, 4, COLUMN_SCOPE);
	batch_put_uint(b, k, 0, 7);
	add(b, field_iana(41), TYPE_UINT, 8, 0, 5);
	check(EXPORT_IPFIX, b, "149/4 41/8", "scopeSystem: 1 scopes that only NetFlow v9 has",
	    "options of the system are of the domain");
}

int
main(void)
{
	test_precision();
	test_guess();
	test_relative();
	test_as_sent();
	test_header_fields();
	test_lost_values();
	test_misfits();
	test_instances();
	test_both_families();
	test_named_domains();
	return done_testing();
}
