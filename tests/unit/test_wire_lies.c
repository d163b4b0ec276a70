/*
 * Messages that lie about lengths, counts, scopes, padding and lists; PROTOCOL 1.5.  Each comes between two honest
 * messages of the same exporter: what a lie is counted as, what of its message is decoded, and that the next
 * honest one is decoded as ever.
 */
#include "wire_golden.h"
#include "wire_oracle.h"

enum { NOTHING = -1, V9 = 9, IPFIX = 10, HONEST_ID = 256, LIE_ID = 300, HONEST_RECORDS = 2 };

static struct craft c;
static const unsigned lengths[] = { 0, 1, 2, 3, 4, 5, 65535 };
enum { LENGTHS = sizeof(lengths) / sizeof(lengths[0]) };

static void
begin(unsigned version)
{
	if (version == V9)
		begin_v9(&c, 0, 0, 1);
	else
		begin_ipfix(&c, 0, 1);
}

static void
put_honest(void)
{
	open_set(&c, HONEST_ID);
	for (unsigned i = 0; i < HONEST_RECORDS; i++)
		PUT(&c, { 0x0a000001 + i, 4 }, { 100 + i, 4 });
	close_set(&c);
}

struct liar {
	struct oracle o;
	struct wire_msg msg;
	unsigned version;
};

static size_t
send(struct liar *l)
{
	finish(&c);
	l->msg.data = c.d;
	l->msg.len = c.n;
	return oracle_feed(&l->o, &l->msg);
}

static size_t
send_honest(struct liar *l)
{
	static const uint16_t fields[][2] = { { 8, 4 }, { 1, 4 } };

	begin(l->version);
	put_template_set(&c, l->version == V9 ? 0 : 2, HONEST_ID, 2, fields);
	put_honest();
	return send(l);
}

static void
open_liar(struct liar *l, unsigned version, bool stream)
{
	struct wire_opts opts = { .raw = false };

	*l = (struct liar){ .version = version };
	oracle_open(&l->o, &opts);
	l->msg = (struct wire_msg){ .exporter = addr_v4(0xc0000201),
		.port = 2055,
		.received_ns = RECEIVED_S * NS_PER_S,
		.stream = stream };
	(void)send_honest(l);
}

static void
close_liar(struct liar *l, const char *name)
{
	struct wire_totals before, after;
	size_t got;

	wire_totals(l->o.w, &before);
	got = send_honest(l);
	wire_totals(l->o.w, &after);
	is_u64(got, HONEST_RECORDS * (1 + after.held_replayed - before.held_replayed),
	    "%s: the next message is decoded as ever", name);
	is_str(oracle_check(&l->o), NULL, "%s: the laws hold", name);
	oracle_close(&l->o);
}

/* The message in c gives so many records and is bad (once) in this way only. */
static void
lie(unsigned version, bool stream, size_t records, int bad, const char *name)
{
	struct craft message = c;
	struct wire_totals t;
	struct liar l;
	uint64_t all = 0;

	open_liar(&l, version, stream);
	c = message;
	is_u64(send(&l), records, "%s: %zu records", name, records);
	wire_totals(l.o.w, &t);
	for (unsigned i = 0; i < BAD_KINDS; i++)
		all += t.bad[i];
	if (bad == NOTHING)
		is_u64(all, 0, "%s: is no lie", name);
	else
		ok(all == 1 && t.bad[bad] == 1, "%s: is counted: %s", name, wire_bad_names[bad]);
	close_liar(&l, name);
}

static const char *
called(const char *fmt, unsigned version, unsigned n)
{
	static char name[100];

	snprintf(name, sizeof(name), fmt, version, n);
	return name;
}

/* Lengths ---------------------------------------------------------------------------------------- */

static void
test_set_lengths(void)
{
	static const char *const kinds[] = { "template set", "options set", "data set" };

	for (unsigned version = V9; version <= IPFIX; version++)
		for (unsigned kind = 0; kind < 3; kind++)
			for (unsigned i = 0; i < LENGTHS; i++) {
				unsigned ids = version == V9 ? 0 : 2;
				char name[60];

				begin(version);
				put_honest();
				open_set(&c, kind == 2 ? HONEST_ID : ids + kind);
				PUT(&c, { LIE_ID, 2 }, { 1, 2 }, { 1, 2 }, { 4, 2 }, { 7, 4 });
				fix(&c, c.set + 2, lengths[i]);
				if (lengths[i] == 4 || lengths[i] == 5)
					c.n = c.set + lengths[i]; /* an empty one, one of padding */
				snprintf(name, sizeof(name), "version %u: a %s of length %u",
				    version, kinds[kind], lengths[i]);
				lie(version, false, HONEST_RECORDS,
				    lengths[i] == 4 || lengths[i] == 5 ? NOTHING : BAD_SET_LENGTH,
				    name);
			}
}

static void
test_message_lengths(void)
{
	static const unsigned claims[] = { 0, 1, 3, 4, 5, 15, 16, 65535 };

	for (unsigned i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct liar l;

		open_liar(&l, IPFIX, false);
		begin(IPFIX);
		put_honest();
		fix(&c, 2, claims[i]);
		l.msg.data = c.d;
		l.msg.len = c.n;
		is_u64(oracle_feed(&l.o, &l.msg), claims[i] > c.n ? HONEST_RECORDS : 0,
		    "a message that says %u octets", claims[i]);
		close_liar(
		    &l, called("a message of version %u that says %u octets", IPFIX, claims[i]));
	}
}

static void
test_counts(void)
{
	static const struct {
		unsigned golden, at, bad;
		size_t records;
	} fixed[] = { { 0, 2, BAD_COUNT, 2 }, { 1, 2, BAD_COUNT, 3 }, { 2, 2, BAD_COUNT, 2 } };

	for (unsigned i = 0; i < 3; i++) {
		goldens[fixed[i].golden].make(&c, 0);
		fix(&c, fixed[i].at, 65535);
		lie(V9, false, fixed[i].records, (int)fixed[i].bad,
		    called("version %u: a count of %u", c.d[1], 65535));
		fix(&c, fixed[i].at, 0);
	}
	begin(V9);
	fix(&c, 2, 65535);
	put_honest();
	lie(V9, false, HONEST_RECORDS, NOTHING, "version 9: a count of 65535");
	golden_sflow(&c, 0);
	fix(&c, 24, 65535);
	fix(&c, 26, 65535);
	lie(V9, false, 2, BAD_COUNT, "sFlow: four milliard samples");
	golden_sflow(&c, 0);
	fix(&c, 28 + 8 + 28, 65535);
	lie(V9, false, 2, BAD_COUNT, "sFlow: four milliard records of a sample");
}

/* Templates -------------------------------------------------------------------------------------- */

/* n fields of a length, in a template of IPFIX or an options template with so many scopes. */
static void
put_fields(unsigned set, unsigned count, int scopes, unsigned n, uint16_t len)
{
	begin(IPFIX);
	put_honest();
	open_set(&c, set);
	PUT(&c, { LIE_ID, 2 }, { count, 2 });
	if (scopes >= 0)
		put(&c, (unsigned)scopes, 2);
	for (unsigned i = 0; i < n; i++)
		PUT(&c, { 1000 + i % 1000, 2 }, { len, 2 });
	close_set(&c);
}

/* Data that the template would be for, if it were one: of so many octets, which are ones. */
static void
put_ones(size_t octets)
{
	open_set(&c, LIE_ID);
	for (size_t i = 0; i < octets; i++)
		put(&c, 1, 1);
	close_set(&c);
}

static void
test_templates(void)
{
	put_fields(2, 65535, -1, 3, 4);
	lie(IPFIX, false, HONEST_RECORDS, BAD_TEMPLATE,
	    "a template of 65535 fields that has three");
	put_fields(2, 16000, -1, 16000, 1);
	lie(IPFIX, false, HONEST_RECORDS, BAD_TEMPLATE, "a template of 16000 fields");
	put_fields(2, 4001, -1, 4001, 1);
	lie(IPFIX, false, HONEST_RECORDS, BAD_TEMPLATE, "a template of one field too many");
	put_fields(2, 4000, -1, 4000, 1);
	put_ones(8001);
	lie(IPFIX, false, HONEST_RECORDS + 2, NOTHING, "a template of 4000 fields");
	put_fields(2, 2000, -1, 2000, 0);
	lie(IPFIX, false, HONEST_RECORDS, BAD_TEMPLATE, "2000 fields without octets");
	put_fields(2, 2000, -1, 2000, 65535);
	put_ones(10000);
	lie(IPFIX, false, HONEST_RECORDS + 2, BAD_RECORD, "2000 fields of varying length");
	put_fields(2, 4000, -1, 4000, 65534);
	put_ones(20000);
	lie(IPFIX, false, HONEST_RECORDS, NOTHING, "records longer than any message");
	put_fields(2, 2, -1, 1, 4);
	lie(IPFIX, false, HONEST_RECORDS, BAD_TEMPLATE, "a field that is not there");
	for (unsigned id = 0; id < 256; id += 51) {
		put_fields(2, 1, -1, 1, 4);
		fix(&c, c.set + 4, id);
		lie(IPFIX, false, HONEST_RECORDS, BAD_TEMPLATE,
		    called("version %u: template id %u", IPFIX, id));
	}
}

static void
test_scopes(void)
{
	for (unsigned scopes = 0; scopes < 5; scopes++) {
		put_fields(3, 3, (int)scopes, 3, 1);
		put_ones(3);
		lie(IPFIX, false, HONEST_RECORDS + (scopes > 0 && scopes <= 3),
		    scopes > 0 && scopes <= 3 ? NOTHING : BAD_TEMPLATE,
		    called("version %u: %u scopes of three fields", IPFIX, scopes));
	}
	put_fields(3, 3, 65535, 3, 1);
	lie(IPFIX, false, HONEST_RECORDS, BAD_TEMPLATE, "65535 scopes");
}

/* An options template of NetFlow 9, by what it says of its own lengths, then three octets of data. */
static void
put_options9(unsigned scope_len, unsigned len)
{
	begin(V9);
	put_honest();
	open_set(&c, 1);
	PUT(&c, { LIE_ID, 2 }, { scope_len, 2 }, { len, 2 }, { 1, 2 }, { 1, 2 }, { 34, 2 },
	    { 1, 2 }, { 35, 2 }, { 1, 2 });
	close_set(&c);
	put_ones(3);
}

static void
test_options9(void)
{
	static const struct {
		unsigned scope, len;
		bool good;
	} says[] = { { 4, 8, true }, { 0, 12, true }, { 12, 0, true }, { 8, 4, true },
		{ 4, 7, false }, { 7, 4, false }, { 5, 7, false }, { 3, 9, false },
		{ 4, 65532, false }, { 65532, 8, false }, { 65532, 65532, false },
		{ 65535, 65535, false } };

	for (unsigned i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		put_options9(says[i].scope, says[i].len);
		lie(V9, false, HONEST_RECORDS + says[i].good, says[i].good ? NOTHING : BAD_TEMPLATE,
		    called("options of version 9: scopes of %u octets, fields of %u", says[i].scope,
			says[i].len));
	}
	begin(V9);
	put_honest();
	open_set(&c, 1);
	PUT(&c, { LIE_ID, 2 }, { 0, 4 });
	close_set(&c);
	lie(V9, false, HONEST_RECORDS, BAD_TEMPLATE, "options of version 9: no fields at all");
}

static void
put_withdrawal(unsigned set, unsigned id)
{
	begin(IPFIX);
	open_set(&c, set);
	PUT(&c, { id, 2 }, { 0, 2 });
	close_set(&c);
	put_honest();
}

static void
test_withdrawals(void)
{
	static const unsigned ids[] = { 2, 3, 1, 255, HONEST_ID, LIE_ID, 65535 };

	for (unsigned set = 2; set <= 3; set++)
		for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
			bool all = ids[i] == set, named = ids[i] == HONEST_ID && set == 2;
			bool gone = named || (all && set == 2), known = named || all;

			put_withdrawal(set, ids[i]);
			lie(IPFIX, false, HONEST_RECORDS, NOTHING,
			    called("in set %u %u is withdrawn by a datagram", set, ids[i]));
			put_withdrawal(set, ids[i]);
			lie(IPFIX, true, gone ? 0 : HONEST_RECORDS, known ? NOTHING : BAD_TEMPLATE,
			    called("in set %u %u is withdrawn in a stream", set, ids[i]));
		}
}

/* Records ---------------------------------------------------------------------------------------- */

static void
test_varying(void)
{
	static const struct {
		const char *name;
		uint8_t octets[6];
		unsigned n, records;
		int bad;
	} says[] = {
		{ "a length of 255 and nothing", { 255 }, 1, 0, BAD_RECORD },
		{ "a length of 255 and half of one", { 255, 1 }, 2, 0, BAD_RECORD },
		{ "a long length of 0", { 255, 0, 0 }, 3, 1, NOTHING },
		{ "a long length of 1 and nothing", { 255, 0, 1 }, 3, 0, BAD_RECORD },
		{ "a long length of 65535", { 255, 255, 255, 1, 2 }, 5, 0, BAD_RECORD },
		{ "a short length beyond the end", { 254, 1, 2 }, 3, 0, BAD_RECORD },
		{ "a short one, then one beyond the end", { 1, 7, 9, 9 }, 4, 1, BAD_RECORD },
		{ "a short one, then padding", { 1, 7, 0, 0 }, 4, 3, NOTHING },
	};

	for (unsigned i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		put_fields(2, 1, -1, 1, 65535);
		open_set(&c, LIE_ID);
		put_text(&c, (const char *)says[i].octets, says[i].n);
		close_set(&c);
		lie(IPFIX, false, HONEST_RECORDS + says[i].records, says[i].bad, says[i].name);
	}
	put_fields(2, 1, -1, 1, 65535);
	open_set(&c, LIE_ID);
	PUT(&c, { 255, 1 }, { 60000, 2 }, { 0, 60000 });
	close_set(&c);
	lie(IPFIX, false, HONEST_RECORDS + 1, NOTHING, "a value of 60000 octets");
}

/* Fields without octets take no time: many of them beside one octet, in very many records. */
static void
test_empty_fields(void)
{
	for (unsigned varying = 0; varying < 2; varying++) {
		begin(IPFIX);
		open_set(&c, 2);
		PUT(&c, { LIE_ID, 2 }, { 3900, 2 });
		for (unsigned i = 0; i < 3900; i++)
			PUT(&c, { 82, 2 }, { i != 7 ? 0 : varying ? 65535 : 1, 2 });
		close_set(&c);
		open_set(&c, LIE_ID);
		put(&c, 0, 49000);
		close_set(&c);
		lie(IPFIX, false, 49000, NOTHING,
		    varying ? "empty fields beside one of varying length"
			    : "empty fields beside one of one octet");
	}
}

static void
test_padding(void)
{
	static const uint16_t octet[][2] = { { 4, 1 } }, three[][2] = { { 4, 1 }, { 11, 2 } };

	begin(V9);
	put_template_set(&c, 0, LIE_ID, 1, octet);
	fix(&c, 2, 3); /* this, and two records */
	open_set(&c, LIE_ID);
	PUT(&c, { 6, 1 }, { 17, 1 }, { 0, 2 });
	close_set(&c);
	lie(V9, false, 2, NOTHING, "version 9: padding as long as two records");
	begin(V9);
	put_template_set(&c, 0, LIE_ID, 1, octet);
	fix(&c, 2, 2);
	open_set(&c, LIE_ID);
	PUT(&c, { 6, 1 }, { 0x010203, 3 });
	close_set(&c);
	lie(V9, false, 4, NOTHING, "version 9: what is not zero is no padding");
	begin(V9);
	put_template_set(&c, 0, LIE_ID, 2, three);
	open_set(&c, LIE_ID);
	PUT(&c, { 6, 1 }, { 443, 2 }, { 0xffff, 2 });
	close_set(&c);
	lie(V9, false, 1, NOTHING, "version 9: padding may be anything, shorter than a record");
	for (unsigned set = 0; set < 2; set++) {
		begin(V9);
		open_set(&c, set);
		put(&c, LIE_ID, 2);
		if (set == 1)
			put(&c, 0, 2);
		PUT(&c, { set ? 4 : 1, 2 }, { 4, 2 }, { 1, 2 }, { 0, 8 });
		close_set(&c);
		put_honest();
		lie(V9, false, HONEST_RECORDS, NOTHING,
		    called("version %u: padding behind definitions, set %u", V9, set));
	}
	begin(IPFIX);
	put_honest();
	put(&c, 0, 3);
	lie(IPFIX, false, HONEST_RECORDS, BAD_TRAILING, "three octets behind the last set");
	begin(IPFIX);
	open_set(&c, 2);
	PUT(&c, { 0, 4 }, { LIE_ID, 2 }, { 1, 2 }, { 4, 2 }, { 1, 2 });
	close_set(&c);
	put_honest();
	lie(IPFIX, false, HONEST_RECORDS, NOTHING, "behind padding of a set there is nothing");
}

/* Lists ------------------------------------------------------------------------------------------ */

/* A template that has a list of any kind, and a record of it whose list the caller puts and closes. */
static size_t
open_list(uint16_t element)
{
	const uint16_t fields[][2] = { { element, 65535 } };

	begin(IPFIX);
	put_template_set(&c, 2, LIE_ID, 1, fields);
	open_set(&c, LIE_ID);
	PUT(&c, { 255, 1 }, { 0, 2 });
	return c.n;
}

static void
close_list(size_t from)
{
	fix(&c, from - 2, (unsigned)(c.n - from));
	close_set(&c);
}

/* A list in a list in a list ..., as deep as there is room: each says that the rest is its one value. */
static void
put_nested(uint16_t element, size_t octets)
{
	while (octets > 8) {
		octets -= element == 291 ? 8 : element == 292 ? 6 : 10;
		if (element == 291)
			PUT(&c, { 3, 1 }, { 291, 2 }, { 65535, 2 }, { 255, 1 }, { octets, 2 });
		else if (element == 292)
			PUT(&c, { 3, 1 }, { LIE_ID, 2 }, { 255, 1 }, { octets, 2 });
		else
			PUT(&c, { 3, 1 }, { LIE_ID, 2 }, { octets + 7, 2 }, { 255, 1 },
			    { octets, 2 }, { 0, 2 });
	}
	put(&c, 0, (unsigned)octets);
}

static void
test_lists(void)
{
	size_t at;

	for (uint16_t element = 291; element <= 293; element++) {
		at = open_list(element);
		put_nested(element, 60000);
		close_list(at);
		lie(IPFIX, false, 1, BAD_RECORD,
		    called("version %u: element %u in itself without end", IPFIX, element));
	}
	for (unsigned i = 0; i < LENGTHS; i++) {
		at = open_list(293);
		PUT(&c, { 3, 1 }, { HONEST_ID, 2 }, { lengths[i], 2 });
		put(&c, 0, lengths[i] == 5);
		close_list(at);
		lie(IPFIX, false, 1, lengths[i] == 4 || lengths[i] == 5 ? NOTHING : BAD_RECORD,
		    called("version %u: a group of a list of length %u", IPFIX, lengths[i]));
	}
	at = open_list(291);
	PUT(&c, { 3, 1 }, { 4, 2 }, { 0, 2 }, { 0, 1000 });
	close_list(at);
	lie(IPFIX, false, 1, BAD_RECORD, "a list of values without octets");
	at = open_list(291);
	PUT(&c, { 3, 1 }, { 0x8004, 2 }, { 1, 2 }, { PEN_OWN, 4 }, { 7, 1 });
	close_list(at);
	lie(IPFIX, false, 1, BAD_RECORD, "a list of our own elements");
	at = open_list(291);
	PUT(&c, { 3, 1 }, { 4, 2 }, { 65535, 2 });
	for (unsigned i = 0; i < 59000; i++)
		put(&c, 0, 1);
	close_list(at);
	lie(IPFIX, false, 1, NOTHING, "a list of 59000 values of varying length that are empty");
}

/* What lists can make of a message: octets of the batch, for each of its own. */
static void
test_growth(void)
{
	static const uint16_t one[][2] = { { 4, 1 } };
	struct liar l;
	size_t at;

	open_liar(&l, IPFIX, false);
	begin(IPFIX);
	open_set(&c, 2);
	put_template(&c, 301, 1, one);
	PUT(&c, { LIE_ID, 2 }, { 1, 2 }, { 293, 2 }, { 65535, 2 });
	close_set(&c);
	open_set(&c, LIE_ID);
	PUT(&c, { 255, 1 }, { 0, 2 });
	at = c.n;
	put(&c, 3, 1);
	while (c.n < 65000)
		PUT(&c, { 301, 2 }, { 5, 2 }, { 6, 1 });
	close_list(at);
	is_u64(send(&l), 1, "a list of 13000 groups of one record is a record");
	is_str(oracle_check(&l.o), NULL, "the laws hold");
	ok(l.o.largest < 8 * c.n, "of %zu octets made from %zu", l.o.largest, c.n);
	close_liar(&l, "growth");
}

/*
 * An exporter says what its elements are while records of the template that has them are decoded, and lists in these
 * records are of that template: it is not compiled again under way.
 */
static void
test_types_under_way(void)
{
	struct liar l;

	open_liar(&l, IPFIX, false);
	begin(IPFIX);
	open_set(&c, 3);
	PUT(&c, { 301, 2 }, { 3, 2 }, { 1, 2 }, { 346, 2 }, { 4, 2 }, { 303, 2 }, { 2, 2 },
	    { 339, 2 }, { 1, 2 });
	PUT(&c, { LIE_ID, 2 }, { 5, 2 }, { 1, 2 }, { 346, 2 }, { 4, 2 }, { 303, 2 }, { 2, 2 },
	    { 339, 2 }, { 1, 2 }, { 292, 2 }, { 65535, 2 }, { 0x8001, 2 }, { 1, 2 }, { 55555, 4 });
	close_set(&c);
	(void)send(&l);
	/* All but one of the records that the batch takes, so that the next two are decoded apart. */
	for (unsigned left = BATCH_RECORDS - 1; left > 0;) {
		unsigned n = left < 9000 ? left : 9000;

		begin(IPFIX);
		open_set(&c, 301);
		for (unsigned i = 0; i < n; i++)
			PUT(&c, { 55555, 4 }, { 99, 2 }, { 1, 1 });
		close_set(&c);
		(void)send(&l);
		left -= n;
	}
	begin(IPFIX);
	open_set(&c, LIE_ID);
	for (unsigned i = 0; i < 2; i++) /* a list with one record, whose own list is empty */
		PUT(&c, { 55555, 4 }, { 1, 2 }, { 1 + i, 1 }, { 3 + 4 + 2 + 1 + 4 + 1, 1 },
		    { 3, 1 }, { LIE_ID, 2 }, { 55555, 4 }, { 1, 2 }, { 1, 1 }, { 3, 1 }, { 3, 1 },
		    { LIE_ID, 2 }, { 7, 1 }, { 7, 1 });
	close_set(&c);
	is_u64(send(&l), 2, "types are told while records of their template are decoded");
	close_liar(&l, "types under way");
}

int
main(void)
{
	test_set_lengths();
	test_message_lengths();
	test_counts();
	test_templates();
	test_scopes();
	test_options9();
	test_withdrawals();
	test_varying();
	test_empty_fields();
	test_padding();
	test_lists();
	test_growth();
	test_types_under_way();
	return done_testing();
}
