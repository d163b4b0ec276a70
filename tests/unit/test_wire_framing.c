/* Headers and sets of v9 and IPFIX, RFC 6313 lists, several domains and totals. */
#include "flow/list.h"

#include "wire_craft.h"

static const uint16_t fields[][2] = { { 8, 4 }, { 2, 4 } };

static void
put_data(struct craft *c, unsigned id, unsigned records)
{
	open_set(c, id);
	for (unsigned i = 0; i < records; i++) {
		put(c, 0x0a000000 + i, 4);
		put(c, i, 4);
	}
	close_set(c);
}

static void
begin(struct craft *c, unsigned version)
{
	if (version == 9)
		begin_v9(c, 0, 0, 1);
	else
		begin_ipfix(c, 0, 1);
	put_template_set(c, version == 9 ? 0 : 2, 256, 2, fields);
}

static void
test_headers(void)
{
	struct rig r;
	static struct craft c;

	for (unsigned version = 9; version <= 10; version++) {
		rig_open(&r, (struct wire_opts){ 0 });
		begin(&c, version);
		put_data(&c, 256, 3);
		is_u64(rig_send(&r, &c), 3, "version %u: three records", version);
		is_u64(rig_stats(&r).version, version, "header: told by the first two octets");
		is_u64(rig_stats(&r).octets, c.n, "octets are counted");
		is_u64(rig_decode(&r, c.d, version == 9 ? 19 : 15), 0,
		    "header: less than a header is nothing");
		is_u64(rig_totals(&r).bad[BAD_SHORT], 1, "header: and counted");
		rig_close(&r);
	}

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 10);
	put_data(&c, 256, 3);
	finish(&c);
	put(&c, 0, 5);
	is_u64(rig_decode(&r, c.d, c.n), 3, "header: octets behind the Length are not parsed");
	is_u64(rig_stats(&r).bad[BAD_TRAILING], 1, "header: but counted");
	fix(&c, 2, 15);
	is_u64(rig_decode(&r, c.d, c.n), 0, "header: a Length below the header's is refused");
	fix(&c, 2, 200);
	is_u64(rig_decode(&r, c.d, c.n - 5), 3,
	    "header: a Length beyond the datagram keeps what is there");
	is_u64(rig_stats(&r).bad[BAD_SHORT], 2, "header: both are counted");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .strict = true });
	is_u64(rig_decode(&r, c.d, c.n - 5), 0, "header: strict: discarded");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 9);
	fix(&c, 2, 65535);
	put_data(&c, 256, 2);
	is_u64(rig_send(&r, &c), 2, "header: v9's count bounds nothing");
	fix(&c, 2, 1);
	is_u64(rig_send(&r, &c), 2, "header: nor ends anything");
	is_u64(rig_stats(&r).bad[BAD_COUNT], 0,
	    "header: nor is it wrong, as exporters disagree on it");
	rig_close(&r);
}

static void
test_set_lengths(void)
{
	static const unsigned bad[] = { 0, 1, 3, 100, 65535 };
	struct rig r;
	static struct craft c;
	size_t at;

	for (unsigned version = 9; version <= 10; version++)
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			rig_open(&r, (struct wire_opts){ .strict = i % 2 });
			begin(&c, version);
			put_data(&c, 256, 2);
			put_data(&c, 256, 2);
			fix(&c, c.set + 2, bad[i]);
			is_u64(rig_send(&r, &c), i % 2 ? 0 : 2,
			    "sets: version %u: a set of length %u %s", version, bad[i],
			    i % 2 ? "discards the message, if strict" : "keeps what is before it");
			is_u64(rig_stats(&r).bad[BAD_SET_LENGTH], 1, "sets: and is counted once");
			rig_close(&r);
		}

	/* A set that is too long ends the message: what is in it is not looked at. */
	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 10);
	at = c.n;
	open_set(&c, 256);
	put_data(&c, 256, 1);
	fix(&c, at + 2, (unsigned)(c.n - at) + 1);
	is_u64(rig_send(&r, &c), 0, "sets: none is found in the body of one too long");
	is_u64(rig_stats(&r).bad[BAD_SET_LENGTH], 1, "sets: which is counted");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin(&c, 9);
	put_data(&c, 256, 2);
	put(&c, 0, 600);
	is_u64(rig_send(&r, &c), 2, "sets: zeros behind the last flowset are padding");
	is_u64(rig_stats(&r).bad[BAD_SET_LENGTH], 0, "sets: no damage");
	is_u64(rig_stats(&r).bad[BAD_TRAILING], 1, "sets: but counted");
	rig_close(&r);
}

static void
test_set_ids(void)
{
	static const struct {
		unsigned version, id;
		bool bad;
	} ids[] = { { 9, 2, true }, { 9, 3, true }, { 9, 255, true }, { 10, 0, true },
		{ 10, 1, true }, { 10, 4, true }, { 10, 255, true }, { 9, 256, false },
		{ 10, 256, false } };
	struct rig r;
	static struct craft c;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		rig_open(&r, (struct wire_opts){ 0 });
		begin(&c, ids[i].version);
		put_data(&c, ids[i].id, 1);
		put_data(&c, 256, 1);
		is_u64(rig_send(&r, &c), ids[i].bad ? 1 : 2, "sets: version %u: set id %u%s",
		    ids[i].version, ids[i].id,
		    ids[i].bad ? " is skipped by its length" : " is data");
		is_u64(rig_stats(&r).bad[BAD_SET_ID], ids[i].bad, "sets: counted if reserved");
		rig_close(&r);
	}
}

/* What makes a message malformed (RFC 7011 9.1): a strict collector has nothing of it, another what is whole. */
enum damage {
	WHOLE,
	VARYING_FIELD,
	OWN_VARYING_FIELD,
	OWN_OPTION,
	DEFINITION,
	OPTIONS_DEFINITION,
	ID,
	RESERVED,
	BEHIND
};

static void
put_names(struct craft *c, unsigned id, unsigned length)
{
	open_set(c, id);
	put(c, 7, 4);
	put(c, length, 1);
	put_text(c, "eth0", 4);
	put(c, 0, 3);
	close_set(c);
}

static void
put_damage(struct craft *c, enum damage damage)
{
	static const uint16_t names[][2] = { { 10, 4 }, { 82, 65535 } };

	put_template_set(c, 2, 301, 2, names);
	put_names(c, 301, damage == OWN_VARYING_FIELD ? 9 : 4);
	put_names(c, 300, damage == VARYING_FIELD ? 9 : 4);
	open_set(c, 3);
	put(c, 303, 2);
	put(c, 2, 2);
	put(c, 1, 2);
	put(c, 0x000a0004, 4);
	put(c, 0x0052ffff, 4);
	close_set(c);
	put_names(c, 303, damage == OWN_OPTION ? 9 : 4);
	if (damage == DEFINITION || damage == OPTIONS_DEFINITION) {
		open_set(c, damage == DEFINITION ? 2 : 3);
		put(c, 302, 2);
		put(c, 2, 2);
		put(c, 1, damage == DEFINITION ? 0 : 2);
		put(c, 0x000a0004, 4);
		put(c, 0x0052, 2); /* and no length */
		close_set(c);
	}
	if (damage == ID || damage == RESERVED)
		put_data(c, damage == ID ? 1 : 4, 1);
	put_data(c, 256, 1);
	if (damage == BEHIND)
		put(c, 1, 1);
}

static void
test_strict(void)
{
	static const struct {
		enum damage damage;
		size_t kept;
		bool strict; /* and of a strict collector, all of it */
		enum wire_bad bad;
		const char *name;
	} messages[] = {
		{ WHOLE, 4, true, BAD_KINDS, "padding behind records is no damage" },
		{ VARYING_FIELD, 3, false, BAD_RECORD, "a field longer than its set" },
		{ OWN_VARYING_FIELD, 3, false, BAD_RECORD, "one of a template of this message" },
		{ OWN_OPTION, 3, false, BAD_RECORD, "one of an options template of it" },
		{ DEFINITION, 4, false, BAD_TEMPLATE, "a definition longer than its set" },
		{ OPTIONS_DEFINITION, 4, false, BAD_TEMPLATE, "one of an options template" },
		{ ID, 4, true, BAD_SET_ID, "a set id that has no meaning is passed over" },
		{ RESERVED, 4, true, BAD_SET_ID, "as is one for future use" },
		{ BEHIND, 4, true, BAD_TRAILING, "an octet behind the last set is no damage" },
	};
	static const uint16_t names[][2] = { { 10, 4 }, { 82, 65535 } };
	static const uint16_t fixed[][2] = { { 8, 4 }, { 2, 4 } };
	static struct craft c;

	for (size_t i = 0; i < 2 * sizeof(messages) / sizeof(messages[0]); i++) {
		bool strict = i % 2, whole = !strict || messages[i / 2].strict;
		uint64_t bad = 0;
		struct rig r;

		rig_open(&r, (struct wire_opts){ .strict = strict });
		begin(&c, 10);
		put_template_set(&c, 2, 300, 2, names);
		put_template_set(&c, 2, 299, 2, fixed); /* the last that was read is another one */
		rig_send(&r, &c);
		begin_ipfix(&c, 0, 1);
		put_damage(&c, messages[i / 2].damage);
		is_u64(rig_send(&r, &c), whole ? messages[i / 2].kept : 0, "strict %d: %s", strict,
		    messages[i / 2].name);
		for (unsigned k = 0; k < BAD_KINDS; k++)
			bad += rig_stats(&r).bad[k];
		is_u64(bad, messages[i / 2].bad != BAD_KINDS, "strict %d: counted once", strict);
		ok(bad == 0 || rig_stats(&r).bad[messages[i / 2].bad] == 1,
		    "strict %d: as what it is", strict);
		begin_ipfix(&c, 0, 1);
		put_names(&c, 301, 4);
		is_u64(rig_send(&r, &c), whole,
		    "strict %d: nothing is learned of what is discarded", strict);
		rig_close(&r);
	}
}

/* A definition cut short behind a withdrawal, or behind padding that ends a set. */
static void
test_strict_withdrawal(void)
{
	static const uint16_t fixed[][2] = { { 8, 4 }, { 2, 4 } };
	static struct craft c;

	for (unsigned withdrawal = 0; withdrawal < 2; withdrawal++) {
		struct rig r;

		rig_open(&r, (struct wire_opts){ .strict = true });
		r.msg.stream = WIRE_CONNECTION;
		begin_ipfix(&c, 0, 1);
		put_template_set(&c, 2, 256, 2, fixed);
		rig_send(&r, &c);
		begin_ipfix(&c, 0, 1);
		open_set(&c, 2);
		put(&c, withdrawal ? 256 : 0, 2);
		put(&c, 0, 2);
		put(&c, 257, 2);
		put(&c, 2, 2);
		put(&c, 0x00080004, 4); /* and no second field */
		close_set(&c);
		rig_send(&r, &c);
		is_u64(rig_stats(&r).bad[BAD_TEMPLATE], withdrawal,
		    "strict: behind %s a definition %s", withdrawal ? "a withdrawal" : "padding",
		    withdrawal ? "has to be whole" : "is none");
		begin_ipfix(&c, 0, 1);
		open_set(&c, 256);
		put(&c, 7, 8);
		close_set(&c);
		is_u64(rig_send(&r, &c), 1, "strict: nothing was withdrawn");
		rig_close(&r);
	}
}

/* NetFlow v9's definitions: a strict collector has nothing of a message in which one is cut short. */
static void
test_strict9(void)
{
	static const struct {
		unsigned set, octets; /* of the definition that are there */
		bool whole;
		const char *name;
	} messages[] = {
		{ 0, 12, true, "a whole definition" },
		{ 0, 10, false, "a definition cut short" },
		{ 1, 14, true, "a whole definition of options" },
		{ 1, 12, false, "a definition of options cut short" },
	};
	static struct craft c;

	for (size_t i = 0; i < 2 * sizeof(messages) / sizeof(messages[0]); i++) {
		bool strict = i % 2, whole = messages[i / 2].whole;
		size_t at;
		struct rig r;

		rig_open(&r, (struct wire_opts){ .strict = strict });
		begin(&c, 9);
		open_set(&c, messages[i / 2].set);
		at = c.n;
		put(&c, 302, 2);
		if (messages[i / 2].set == 1)
			put(&c, 4, 2); /* octets of scopes, and of options */
		put(&c, messages[i / 2].set == 1 ? 4 : 2, 2);
		put(&c, 0x00020004, 4);
		put(&c, 0x000a0004, 4);
		c.n = at + messages[i / 2].octets;
		close_set(&c);
		put_data(&c, 256, 1);
		is_u64(rig_send(&r, &c), whole || !strict, "v9: strict %d: %s", strict,
		    messages[i / 2].name);
		is_u64(
		    rig_stats(&r).bad[BAD_TEMPLATE], !whole, "v9: strict %d: counted once", strict);
		rig_close(&r);
	}
}

static void
test_many(void)
{
	struct rig r;
	static struct craft c;
	struct wire_stats s;
	uint64_t flows = 0;
	size_t n = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned d = 0; d < 50; d++) {
		begin_ipfix(&c, 0, d);
		put_template_set(&c, 2, 256, 2, fields);
		put_data(&c, 256, d);
		rig_send(&r, &c);
	}
	for (; wire_stats_at(r.w, n, &s); n++)
		flows += s.flows;
	is_u64(n, 50, "every domain has counts of its own");
	is_u64(flows, 49 * 50 / 2, "that add up");
	is_u64(rig_totals(&r).flows, flows, "as the totals do");
	begin_ipfix(&c, 0, 1);
	open_set(&c, 999);
	put(&c, 0, 100);
	close_set(&c);
	for (unsigned i = 0; i < 1000; i++)
		put_data(&c, 1000, 1);
	is_u64(rig_send(&r, &c), 0, "sets without template give nothing");
	is_u64(rig_totals(&r).unknown_template_sets, 1001, "and every one is counted");
	rig_close(&r);
}

/* What a strict collector discards came all the same: it is bad, and nothing of it lost. */
static void
test_strict_numbers(void)
{
	static struct craft c;

	for (unsigned version = 9; version <= 10; version++) {
		struct rig r;

		rig_open(&r, (struct wire_opts){ .strict = true });
		for (unsigned i = 0; i < 3; i++) {
			begin(&c, version);
			fix(&c, version == 9 ? 14 : 10, version == 9 ? i : 2 * i); /* the number */
			put_data(&c, 256, 2);
			put_data(&c, 256, 0);
			if (i == 1)
				fix(&c, c.n - 2, 3);
			rig_send(&r, &c);
		}
		is_u64(rig_stats(&r).bad[BAD_SET_LENGTH], 1, "strict: version %u: one is discarded",
		    version);
		is_u64(rig_stats(&r).lost, 0, "strict: version %u: it is not lost", version);
		is_u64(rig_stats(&r).records_unknown, version == 9 ? 0 : 2,
		    "strict: version %u: its records are unknown", version);
		rig_close(&r);
	}
}

static const char *
list_json(struct rig *r, unsigned id)
{
	static struct buf out;
	const struct column *c = cell(r, WIRE_FLOWS4, F((uint16_t)id), 0);

	out.len = 0;
	if (c != NULL)
		list_put_json(
		    &out, (const uint8_t *)c->data + c->off[0], c->off[1] - c->off[0], true);
	return buf_cstr(&out);
}

/* A message with one list of varying length. */
static size_t
send_list(struct rig *r, unsigned element, const void *list, size_t n)
{
	static struct craft c;
	const uint16_t varying[][2] = { { (uint16_t)element, 65535 } };

	rig_clear(r);
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 2, fields);
	put_template_set(&c, 2, 300, 1, varying);
	open_set(&c, 300);
	put(&c, n, 1);
	put_text(&c, list, n);
	close_set(&c);
	return rig_send(r, &c);
}

/* A basicList of one basicList of one basicList ..., the innermost of no numbers; its length. */
enum { NESTED_HEADER = 6, NESTED_INNERMOST = 5, NESTED_MAX = 41 };

static size_t
nested(char list[NESTED_MAX * NESTED_HEADER], unsigned depth)
{
	size_t n = (depth - 1) * NESTED_HEADER + NESTED_INNERMOST;

	for (size_t at = 0; at + NESTED_INNERMOST < n; at += NESTED_HEADER) {
		memcpy(list + at, "\3\1\43\377\377", NESTED_HEADER - 1);
		list[at + NESTED_HEADER - 1] = (char)(n - at - NESTED_HEADER);
	}
	memcpy(list + n - NESTED_INNERMOST, "\3\0\12\0\2", NESTED_INNERMOST);
	return n;
}

static void
test_lists(void)
{
	struct rig r;
	uint64_t bad = 0;
	char list[NESTED_MAX * NESTED_HEADER];

	rig_open(&r, (struct wire_opts){ 0 });
	send_list(&r, 291, "\3\0\12\0\2\0\1\0\5", 9);
	is_str(list_json(&r, 291),
	    "{\"list\":\"basicList\",\"semantic\":3,\"element\":\"ingressInterface\",\"values\":[1,"
	    "5]}",
	    "a basicList carries its element with it");
	send_list(&r, 292, "\4\1\0\12\0\0\1\0\0\0\7", 11);
	is_str(list_json(&r, 292),
	    "{\"list\":\"subTemplateList\",\"semantic\":4,\"template\":256,\"records\":"
	    "[{\"sourceIPv4Address\":\"10.0.0.1\",\"packetDeltaCount\":7}]}",
	    "a subTemplateList its template's fields");
	send_list(&r, 293, "\1\1\0\0\14\12\0\0\1\0\0\0\7\1\0\0\4", 17);
	is_str(list_json(&r, 293),
	    "{\"list\":\"subTemplateMultiList\",\"semantic\":1,\"groups\":[{\"template\":256,"
	    "\"records\":"
	    "[{\"sourceIPv4Address\":\"10.0.0.1\",\"packetDeltaCount\":7}]},{\"template\":256,"
	    "\"records\":[]}]}",
	    "a subTemplateMultiList those of each group");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 0, "nothing is wrong with these");

	is_u64(send_list(&r, 291, "\3\0\12\0\0\1\2", 7), 1, "a list that is none loses no record");
	ok(!has(&r, WIRE_FLOWS4, F(291), 0), "a basicList of values without octets is missing");
	is_u64(rig_stats(&r).bad[BAD_RECORD], ++bad, "and counted");
	send_list(&r, 291, "\3\0\12\0\4\1\2", 7);
	is_u64(rig_stats(&r).bad[BAD_RECORD], ++bad, "one with half a value");
	send_list(&r, 292, "\3\3\347\1\2\3\4", 7);
	is_u64(rig_stats(&r).bad[BAD_RECORD], ++bad, "one of a template nobody defined");
	send_list(&r, 293, "\3\1\0\0\3", 5);
	is_u64(rig_stats(&r).bad[BAD_RECORD], ++bad, "a group shorter than its header");
	send_list(&r, 292, "", 0);
	is_u64(rig_stats(&r).bad[BAD_RECORD], ++bad, "nothing at all");
	send_list(&r, 291, list, nested(list, LIST_DEPTH_MAX));
	ok(has(&r, WIRE_FLOWS4, F(291), 0), "lists may be nested %u deep", LIST_DEPTH_MAX);
	is_u64(rig_stats(&r).bad[BAD_RECORD], bad, "which is not wrong");
	for (unsigned depth = LIST_DEPTH_MAX + 1; depth < NESTED_MAX; depth += 34) {
		is_u64(send_list(&r, 291, list, nested(list, depth)), 1,
		    "nested %u deep is no record lost", depth);
		ok(!has(&r, WIRE_FLOWS4, F(291), 0), "but the list");
		is_u64(rig_stats(&r).bad[BAD_RECORD], ++bad, "and counted");
	}
	rig_close(&r);
}

/* Elements that are lists of one of the three kinds, under numbers of their own. */
static void
test_named_lists(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	send_list(&r, 484, "\3\1\343\0\4\0\1\0\2\0\1\0\3", 13);
	is_str(list_json(&r, 484),
	    "{\"list\":\"basicList\",\"semantic\":3,\"element\":\"bgpCommunity\","
	    "\"values\":[65538,65539]}",
	    "bgpSourceCommunityList is a basicList (RFC 8549)");
	send_list(&r, 516, "\4\1\0\12\0\0\1\0\0\0\7", 11);
	is_str(list_json(&r, 516),
	    "{\"list\":\"subTemplateList\",\"semantic\":4,\"template\":256,\"records\":"
	    "[{\"sourceIPv4Address\":\"10.0.0.1\",\"packetDeltaCount\":7}]}",
	    "ipv6ExtensionHeaderTypeCountList is a subTemplateList (RFC 9740)");
	send_list(&r, 291, "\3\1\344\377\377\7\3\1\343\0\2\0\5", 13);
	is_str(list_json(&r, 291),
	    "{\"list\":\"basicList\",\"semantic\":3,\"element\":\"bgpSourceCommunityList\","
	    "\"values\":"
	    "[{\"list\":\"basicList\",\"semantic\":3,\"element\":\"bgpCommunity\",\"values\":[5]}]"
	    "}",
	    "and in a list");
	is_u64(rig_stats(&r).bad[BAD_RECORD], 0, "nothing is wrong with these");
	rig_close(&r);
}

static void
test_recognise(void)
{
	static struct craft c;

	begin_ipfix(&c, 0, 1);
	finish(&c);
	ok(wire_recognise_ipfix(c.d, 16), "an IPFIX file begins with version 10 and a length");
	ok(!wire_recognise_ipfix(c.d, 15), "not in less than a header");
	fix(&c, 2, 15);
	ok(!wire_recognise_ipfix(c.d, 16), "nor with a length below it");
	begin_v9(&c, 0, 0, 0);
	ok(!wire_recognise_ipfix(c.d, 20), "nor is v9 IPFIX");
}

int
main(void)
{
	test_headers();
	test_set_lengths();
	test_set_ids();
	test_strict();
	test_strict_withdrawal();
	test_strict9();
	test_strict_numbers();
	test_many();
	test_lists();
	test_named_lists();
	test_recognise();
	return done_testing();
}
