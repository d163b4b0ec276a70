/* Templates: scope, life, definitions good and bad. */
#include "wire_craft.h"

static const uint16_t src_packets[][2] = { { 8, 4 }, { 2, 4 } };
static const uint16_t dst_octets[][2] = { { 12, 4 }, { 1, 4 } };

static void
put_pair(struct craft *c, unsigned set, uint32_t a, uint32_t b)
{
	open_set(c, set);
	put(c, a, 4);
	put(c, b, 4);
	close_set(c);
}

static size_t
send_template(struct rig *r, uint32_t domain, unsigned id, const uint16_t (*fields)[2])
{
	static struct craft c;

	begin_ipfix(&c, 0, domain);
	put_template_set(&c, 2, id, 2, fields);
	return rig_send(r, &c);
}

static size_t
send_pair(struct rig *r, uint32_t domain, unsigned id)
{
	static struct craft c;

	begin_ipfix(&c, 0, domain);
	put_pair(&c, id, 0x0a000001, 7);
	return rig_send(r, &c);
}

/* One port of an exporter may send to several addresses and ports of ours (RFC 7011 2, transport session). */
static void
test_scope_of_places(const struct wire_place *here, const struct wire_place *there)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.to = *here;
	send_template(&r, 1, 256, src_packets);
	r.msg.to = *there;
	is_u64(
	    send_pair(&r, 1, 256), 0, "scope: what was sent to another place of ours holds there");
	is_u64(send_template(&r, 1, 256, dst_octets), 1, "scope: and each has its own");
	r.msg.to = *here;
	rig_clear(&r);
	send_pair(&r, 1, 256);
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 7, "scope: that the other did not replace");
	is_u64(rig_totals(&r).borrowed, 0, "scope: none was borrowed");
	r.msg.stream = WIRE_CONNECTION;
	send_template(&r, 1, 256, src_packets);
	wire_disconnect(r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port, there);
	is_u64(send_pair(&r, 1, 256), 1, "scope: nor does its connection's end end this one");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .scope_ip = true });
	r.msg.to = *here;
	send_template(&r, 1, 256, src_packets);
	r.msg.to = *there;
	is_u64(send_pair(&r, 1, 256), 1, "scope: of an address alone our place does not matter");
	rig_close(&r);
}

static void
test_scope(void)
{
	struct rig r;
	size_t borrowed = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 1, 256, src_packets);
	send_template(&r, 2, 256, dst_octets);
	send_pair(&r, 1, 256);
	send_pair(&r, 2, 256);
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 7, "template ids: an id means what its domain says");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 1), 7, "template ids: and another in another domain");
	ok(!has(&r, WIRE_FLOWS4, F(1), 0) && !has(&r, WIRE_FLOWS4, F(2), 1),
	    "template ids: what a record does not have is missing in the common batch");
	is_u64(send_pair(&r, 3, 256), 0, "scope: a third domain has none");
	r.msg.exporter = addr_v4(0xc0000202);
	is_u64(send_pair(&r, 1, 256), 0, "scope: nor has another exporter");
	r.msg.exporter = addr_v4(0xc0000201);
	r.msg.port = 40000;
	is_u64(send_pair(&r, 1, 256), 1,
	    "scope: from another port the only one with the id is borrowed");
	is_u64(rig_totals(&r).borrowed, 1, "scope: which is counted");
	is_u64(rig_totals(&r).messages, 7, "and all messages are counted");
	send_template(&r, 1, 256, dst_octets);
	r.msg.port = 40001;
	is_u64(send_pair(&r, 1, 256), 0, "scope: of two nobody knows which");
	rig_close(&r);

	/* With so few sessions all of an exporter's share two buckets. */
	rig_open(&r, (struct wire_opts){ .max_sessions = 2 });
	for (uint32_t domain = 2; domain < 66; domain++) {
		r.msg.port = 2055;
		send_template(&r, 1, 256, src_packets);
		r.msg.port = 2056;
		borrowed += send_pair(&r, domain, 256);
	}
	is_u64(borrowed, 0, "scope: none is borrowed from another domain");
	for (uint32_t domain = 2; domain < 66; domain++) {
		r.msg.port = 2055;
		r.msg.stream = WIRE_CONNECTION;
		send_template(&r, domain, 256, src_packets);
		r.msg.port = 2056;
		r.msg.stream = WIRE_DATAGRAMS;
		borrowed += send_pair(&r, domain, 256);
	}
	is_u64(borrowed, 0, "scope: nor from a connection");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .strict = true });
	send_template(&r, 1, 256, src_packets);
	r.msg.port = 40000;
	is_u64(send_pair(&r, 1, 256), 0, "scope: strict: no port borrows of another");
	r.msg.port = 2055;
	is_u64(send_pair(&r, 1, 256), 1, "scope: strict: its own is its own");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .scope_ip = true });
	send_template(&r, 1, 256, src_packets);
	r.msg.port = 40002;
	is_u64(send_pair(&r, 1, 256), 1, "scope: scope_ip: the port does not matter");
	rig_close(&r);
}

/* Neither the number of a template nor its place in a series says anything. */
static void
test_ids(void)
{
	static const unsigned ids[] = { 65535, 256, 40000, 257, 1000 };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 5; i++)
		send_template(&r, 1, ids[i], i % 2 ? src_packets : dst_octets);
	for (unsigned i = 0; i < 5; i++) {
		send_pair(&r, 1, ids[i]);
		is_u64(num(&r, WIRE_FLOWS4, i % 2 ? F(2) : F(1), i), 7, "template ids: %u is one",
		    ids[i]);
	}
	begin_v9(&c, 1, 0, 1);
	put_template_set(&c, 0, 300, 2, dst_octets);
	rig_send(&r, &c);
	is_u64(send_pair(&r, 1, 300), 0, "scope: a template of version 9 is none of IPFIX");
	rig_close(&r);
}

static void
test_redefinition(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 1, 256, src_packets);
	send_template(&r, 1, 256, dst_octets);
	send_pair(&r, 1, 256);
	ok(has(&r, WIRE_FLOWS4, F(1), 0) && !has(&r, WIRE_FLOWS4, F(2), 0),
	    "redefinition: a redefinition replaces at once");
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	put(&c, 256, 2);
	put(&c, 5, 2); /* more fields than there are octets */
	put(&c, 0x00080004, 4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "redefinition: an invalid one is counted");
	is_u64(send_pair(&r, 1, 256), 0, "redefinition: and deletes the old one");

	/* One id space for both kinds. */
	rig_clear(&r);
	send_template(&r, 1, 300, src_packets);
	begin_ipfix(&c, 0, 1);
	open_set(&c, 3);
	put(&c, 300, 2);
	put(&c, 2, 2);
	put(&c, 1, 2);
	put(&c, 0x00080004, 4);
	put(&c, 0x00020004, 4);
	close_set(&c);
	rig_send(&r, &c);
	send_pair(&r, 1, 300);
	is_u64(r.b[WIRE_OPTIONS]->n, 1,
	    "template ids: an options template takes the id of a template");
	is_u64(r.b[WIRE_FLOWS4]->n, 0, "template ids: whose records are no flows now");
	rig_close(&r);
}

/* A withdrawal is the id and a count of 0: 4 octets, of options templates too. */
static void
put_withdrawal(struct craft *c, unsigned set, unsigned id)
{
	open_set(c, set);
	put(c, id, 2);
	put(c, 0, 2);
	close_set(c);
}

static void
send_withdrawal(struct rig *r, unsigned set, unsigned id)
{
	static struct craft c;

	begin_ipfix(&c, 0, 1);
	put_withdrawal(&c, set, id);
	rig_send(r, &c);
}

static void
send_options_template(struct rig *r, unsigned id)
{
	static struct craft c;

	begin_ipfix(&c, 0, 1);
	open_set(&c, 3);
	put(&c, id, 2);
	put(&c, 2, 2);
	put(&c, 1, 2);
	put(&c, 0x00950004, 4);
	put(&c, 0x00290004, 4);
	close_set(&c);
	rig_send(r, &c);
}

static void
test_withdrawal(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 1, 256, src_packets);
	send_withdrawal(&r, 2, 256);
	is_u64(send_pair(&r, 1, 256), 1, "withdrawal: over UDP it is ignored");
	send_withdrawal(&r, 2, 2);
	is_u64(send_pair(&r, 1, 256), 1, "withdrawal: that of all templates too");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	send_template(&r, 1, 256, src_packets);
	send_template(&r, 1, 257, src_packets);
	send_template(&r, 1, 258, src_packets);
	send_options_template(&r, 300);
	send_options_template(&r, 301);
	send_withdrawal(&r, 2, 256);
	is_u64(send_pair(&r, 1, 256), 0, "withdrawal: in a stream it is obeyed");
	is_u64(send_pair(&r, 1, 257), 1, "withdrawal: of that template only");
	send_withdrawal(&r, 3, 300);
	is_u64(
	    send_pair(&r, 1, 300), 0, "withdrawal: of an options template, without a scope count");
	is_u64(send_pair(&r, 1, 301), 1, "withdrawal: of that one only");
	send_withdrawal(&r, 3, 3);
	is_u64(send_pair(&r, 1, 301), 0, "withdrawal: all options templates go at once");
	is_u64(send_pair(&r, 1, 257), 1, "withdrawal: and leave the others");
	send_options_template(&r, 301);
	send_withdrawal(&r, 2, 2);
	is_u64(send_pair(&r, 1, 257) + send_pair(&r, 1, 258), 0,
	    "withdrawal: all templates go at once");
	is_u64(send_pair(&r, 1, 301), 1, "withdrawal: and leave the options templates");
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 0, "withdrawal: nothing is wrong with these");
	send_withdrawal(&r, 2, 999);
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "withdrawal: of what never was is counted");
	send_withdrawal(&r, 2, 301);
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 2, "withdrawal: as is that of the other kind");
	ok(!wire_broken(r.w), "withdrawal: neither ends a connection");
	is_u64(send_pair(&r, 1, 301), 1, "withdrawal: that of the other kind takes nothing away");
	send_options_template(&r, 302);
	send_options_template(&r, 303);
	begin_ipfix(&c, 0, 1);
	open_set(&c, 3);
	put(&c, (uint64_t)302 << 16, 4);
	put(&c, (uint64_t)303 << 16, 4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(
	    send_pair(&r, 1, 302) + send_pair(&r, 1, 303), 0, "withdrawal: of several in one set");
	rig_close(&r);
}

/* RFC 7011 8.1: definitions and withdrawals take effect in the order of the message. */
static void
test_withdrawal_order(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	send_template(&r, 1, 256, src_packets);
	begin_ipfix(&c, 0, 1);
	put_pair(&c, 256, 1, 5);
	put_withdrawal(&c, 2, 256);
	put_template_set(&c, 2, 256, 2, dst_octets);
	put_pair(&c, 256, 1, 6);
	is_u64(rig_send(&r, &c), 2, "withdrawal: an id may be used again in the same message");
	ok(!wire_broken(r.w), "withdrawal: which ends no connection");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 5, "withdrawal: data before it has the old layout");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 1), 6, "withdrawal: data behind it the new one");
	rig_close(&r);
}

/* Data sent so long after the other messages. */
static size_t
send_later(struct rig *r, unsigned id, int seconds)
{
	static struct craft c;

	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (unsigned)(EXPORT_S + seconds) & 0xffff);
	put_pair(&c, id, 1, 7);
	return rig_send(r, &c);
}

/* What comes without its template behind a withdrawal is not read by the next one of its number. */
static void
test_withdrawn_data(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	send_pair(&r, 1, 257);
	send_withdrawal(&r, 2, 2);
	send_pair(&r, 1, 258);
	is_u64(rig_stats(&r).held, 2, "withdrawn: where nothing was, nothing is, and data waits");
	send_template(&r, 1, 256, src_packets);
	send_withdrawal(&r, 2, 256);
	send_pair(&r, 1, 256);
	is_u64(rig_stats(&r).held_lost, 1, "withdrawn: data behind it is lost");
	is_u64(rig_stats(&r).held, 2, "withdrawn: and does not wait");
	is_u64(send_template(&r, 1, 256, dst_octets), 0, "withdrawn: it makes no records");
	is_u64(send_pair(&r, 1, 256), 1, "withdrawn: as data behind the definition does");
	begin_ipfix(&c, 0, 1);
	put_withdrawal(&c, 2, 256);
	put_pair(&c, 256, 1, 5);
	put_template_set(&c, 2, 256, 2, src_packets);
	is_u64(rig_send(&r, &c), 0, "withdrawn: nor in one message");
	is_u64(send_template(&r, 1, 257, src_packets), 1, "withdrawn: what waited before it does");
	wire_disconnect(
	    r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port, &(struct wire_place){ .port = 0 });
	send_pair(&r, 1, 259);
	is_u64(rig_stats(&r).held, 1, "withdrawn: another connection begins without");
	send_template(&r, 1, 256, src_packets);
	send_withdrawal(&r, 2, 2);
	send_pair(&r, 1, 256);
	is_u64(rig_stats(&r).held, 1, "withdrawn: all at once too");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_ASSOCIATION;
	send_later(&r, 257, -1);
	is_u64(send_template(&r, 1, 257, src_packets), 1, "withdrawn: without one all is decoded");
	send_template(&r, 1, 256, src_packets);
	send_withdrawal(&r, 2, 256);
	send_later(&r, 256, -1);
	send_later(&r, 256, 0);
	send_later(&r, 256, 1);
	is_u64(rig_stats(&r).held, 3, "withdrawn: over SCTP streams overtake, and data waits");
	is_u64(send_template(&r, 1, 256, dst_octets), 2,
	    "withdrawn: for a definition that is no younger");
	is_u64(rig_stats(&r).held_lost, 1, "withdrawn: what was sent before it is lost");
	is_u64(rig_stats(&r).held, 0, "withdrawn: and waits no longer");
	rig_close(&r);
}

static void
test_lifetime(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ .lifetime_s = 600 });
	send_template(&r, 1, 256, src_packets);
	r.msg.received_ns += 599 * NS_PER_S;
	is_u64(send_pair(&r, 1, 256), 1, "lifetime: a template lives for its lifetime");
	r.msg.received_ns += 2 * NS_PER_S;
	is_u64(send_pair(&r, 1, 256), 0, "lifetime: and no longer");
	is_u64(rig_stats(&r).templates_expired, 1, "lifetime: which is counted");
	is_u64(rig_stats(&r).held, 1, "lifetime: data waits for a new definition");
	send_template(&r, 1, 256, src_packets);
	r.msg.received_ns += 500 * NS_PER_S;
	send_template(&r, 1, 256, src_packets);
	r.msg.received_ns += 500 * NS_PER_S;
	is_u64(send_pair(&r, 1, 256), 1, "lifetime: the same definition again refreshes it");
	r.msg.stream = WIRE_CONNECTION;
	send_template(&r, 1, 256, src_packets);
	r.msg.received_ns += 100000 * NS_PER_S;
	is_u64(send_pair(&r, 1, 256), 1, "lifetime: in a stream it lives as long as the stream");
	rig_close(&r);
}

static void
test_order_in_message(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	put_pair(&c, 256, 1, 2);
	put_template_set(&c, 2, 256, 2, src_packets);
	put_pair(&c, 256, 3, 4);
	is_u64(
	    rig_send(&r, &c), 2, "order: data before its template in the same message is decoded");
	is_u64(rig_stats(&r).unknown_template_sets, 0, "order: and nothing is unknown");
	rig_clear(&r);
	begin_ipfix(&c, 2, 1);
	put_pair(&c, 256, 5, 6);
	put_template_set(&c, 2, 256, 2, dst_octets);
	put_pair(&c, 256, 7, 8);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 6,
	    "order: data before a redefinition is of the old template");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 1), 8, "order: data behind it of the new");
	rig_close(&r);
}

static void
test_limits(void)
{
	struct rig r;
	static struct craft c;
	struct wire_totals t;

	rig_open(&r, (struct wire_opts){ .max_templates = 10 });
	for (unsigned i = 0; i < 20; i++) {
		send_template(&r, 1, 256 + i, src_packets);
		send_pair(&r, 1, 256);
	}
	is_u64(send_pair(&r, 1, 256), 1, "limits: the template in use stays");
	is_u64(send_pair(&r, 1, 275), 1, "limits: as does the newest");
	is_u64(send_pair(&r, 1, 257), 0, "limits: one that nobody used gave way");
	is_u64(rig_stats(&r).templates_evicted, 10, "limits: and is counted");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .max_sessions = 16 });
	for (unsigned i = 0; i < 1000; i++) {
		r.msg.exporter = addr_v4(i);
		send_template(&r, i, 256, src_packets);
	}
	t = rig_totals(&r);
	is_u64(t.sessions_evicted, 1000 - 16, "limits: exporters give way to newer ones");
	is_u64(t.messages, 1000, "limits: their counts stay in the totals");
	is_u64(t.templates, 1000, "limits: all of them");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 1, 0, 1);
	open_set(&c, 0);
	put(&c, 256, 2);
	put(&c, 300, 2);
	for (unsigned i = 0; i < 300; i++) {
		put(&c, 20000 + i, 2);
		put(&c, 1, 2);
	}
	close_set(&c);
	open_set(&c, 256);
	put(&c, 0, 300);
	close_set(&c);
	is_u64(rig_send(&r, &c), 1, "limits: a template of 300 fields is a template");
	begin_v9(&c, 1, 1, 1);
	open_set(&c, 0);
	put(&c, 257, 2);
	put(&c, 16000, 2);
	for (unsigned i = 0; i < 16000; i++)
		put(&c, 0x00020001, 4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "limits: one of 16000 is not");
	rig_close(&r);
}

static void
test_bad_definitions(void)
{
	static const struct {
		unsigned id, count;
		const char *name;
		uint16_t fields[2][2];
	} bad[] = {
		{ 255, 2, "template ids: an id below 256", { { 8, 4 }, { 2, 4 } } },
		{ 256, 2, "record length: fields without any octet", { { 8, 0 }, { 2, 0 } } },
	};
	struct rig r;
	static struct craft c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rig_open(&r, (struct wire_opts){ 0 });
		begin_ipfix(&c, 0, 1);
		put_template_set(&c, 2, bad[i].id, bad[i].count, bad[i].fields);
		put_template_set(&c, 2, 300, 2, src_packets);
		put_pair(&c, 300, 1, 2);
		is_u64(rig_send(&r, &c), 1, "%s: what follows is decoded", bad[i].name);
		is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "%s: counted", bad[i].name);
		rig_close(&r);
	}
	for (unsigned scopes = 0; scopes < 4; scopes += 3) {
		rig_open(&r, (struct wire_opts){ 0 });
		begin_ipfix(&c, 0, 1);
		open_set(&c, 3);
		put(&c, 256, 2);
		put(&c, 2, 2);
		put(&c, scopes, 2);
		put(&c, 0x00950004, 4);
		put(&c, 0x00290004, 4);
		close_set(&c);
		put_pair(&c, 256, 1, 2);
		is_u64(rig_send(&r, &c), 0, "options template: %u scopes of 2 fields are refused",
		    scopes);
		is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "options template: and counted");
		rig_close(&r);
	}
	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 1, 0, 1);
	put_template_set(&c, 0, 255, 2, src_packets);
	put_template_set(&c, 0, 300, 2, src_packets);
	put_pair(&c, 300, 1, 2);
	is_u64(rig_send(&r, &c), 1, "template ids: v9: one below 256 is passed over");
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "template ids: v9: and counted");
	rig_close(&r);
	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 1, 0, 1);
	open_set(&c, 0);
	put(&c, 256, 2);
	put(&c, 1, 2);
	put(&c, 0x0052ffff, 4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "varying: v9 has no fields of varying length");
	begin_v9(&c, 1, 1, 1);
	open_set(&c, 1);
	put(&c, 256, 2);
	put(&c, 6, 2); /* not a multiple of 4 */
	put(&c, 4, 2);
	put(&c, 0x00010004, 4);
	put(&c, 0x00220004, 4);
	put(&c, 0, 2);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 2,
	    "options template: lengths of a v9 options template count octets");
	rig_close(&r);
}

static void
test_enterprise(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	open_set(&c, 3);
	put(&c, 256, 2);
	put(&c, 2, 2);
	put(&c, 1, 2);
	put(&c, 0x8001, 2); /* a scope field of an enterprise */
	put(&c, 4, 2);
	put(&c, 55555, 4);
	put(&c, 0x80020003, 4);
	put(&c, 55555, 4);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 0x01020304, 4);
	put(&c, 0x050607, 3);
	close_set(&c);
	is_u64(
	    rig_send(&r, &c), 1, "enterprise: the enterprise bit counts in options templates too");
	is_str(text(&r, WIRE_OPTIONS, (struct field_id){ 55555, 1, 0, NULL }, 0), "01020304",
	    "unknown: an unknown element is its octets");
	is_str(text(&r, WIRE_OPTIONS, (struct field_id){ 55555, 2, 0, NULL }, 0), "050607",
	    "unknown: of the length sent");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 2, 0, 1);
	open_set(&c, 0);
	put(&c, 256, 2);
	put(&c, 2, 2);
	put(&c, 0x9c400002, 4); /* 40000 */
	put(&c, 0x00020004, 4);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 0xabcd, 2);
	put(&c, 1, 4);
	put(&c, 0, 2);
	close_set(&c);
	is_u64(rig_send(&r, &c), 1, "enterprise: v9 types above 32767 are types, not enterprises");
	ok(has(&r, WIRE_FLOWS4, (struct field_id){ PEN_V9, 40000, 0, NULL }, 0),
	    "enterprise: under their number");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	put(&c, 256, 2);
	put(&c, 1, 2);
	put(&c, 0x80010008, 4);
	put(&c, PEN_OWN, 4);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 1, 8);
	close_set(&c);
	is_u64(rig_send(&r, &c), 0, "an exporter cannot send our own elements");
	is_u64(rig_stats(&r).bad[BAD_TEMPLATE], 1, "such a template is refused");
	rig_close(&r);
}

static void
test_v9_options(void)
{
	struct rig r;
	static struct craft c;
	struct field_id system = { PEN_SCOPE, 1, 0, NULL }, interface = { PEN_SCOPE, 2, 0, NULL };

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 2, 0, 1);
	open_set(&c, 1);
	put(&c, 256, 2);
	put(&c, 8, 2);
	put(&c, 8, 2);
	put(&c, 0x00010000, 4); /* System, no octets */
	put(&c, 0x00020004, 4); /* Interface */
	put(&c, 0x00220004, 4);
	put(&c, 0x00230001, 4);
	put(&c, 0, 2); /* padding */
	close_set(&c);
	open_set(&c, 256);
	put(&c, 17, 4);
	put(&c, 1000, 4);
	put(&c, 2, 1);
	put(&c, 0, 3);
	close_set(&c);
	is_u64(rig_send(&r, &c), 1, "options template: a scope without octets is legal");
	ok(!has(&r, WIRE_OPTIONS, system, 0), "options template: and missing");
	ok(has(&r, WIRE_OPTIONS, interface, 0), "options template: the other scope is there");
	ok(cell(&r, WIRE_OPTIONS, interface, 0)->flags & COLUMN_SCOPE,
	    "options template: and marked as scope");
	is_u64(num(&r, WIRE_OPTIONS, F(34), 0), 1000, "options: the option is a column");
	ok(r.b[WIRE_OPTIONS]->options, "options: in a batch of options");
	is_u64(rig_stats(&r).options, 1, "options: counted as option");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 1, 0, 1);
	put_template_set(&c, 0, 256, 2, src_packets);
	open_set(&c, 1);
	put(&c, 256, 2);
	put(&c, 0, 2);
	put(&c, 8, 2);
	put(&c, 0x00080004, 4);
	put(&c, 0x00020004, 4);
	put(&c, 0, 2);
	close_set(&c);
	put_pair(&c, 256, 1, 2);
	rig_send(&r, &c);
	ok(r.b[WIRE_OPTIONS]->n == 1 && r.b[WIRE_FLOWS4]->n == 0,
	    "options template: without scopes it is another one than a template of these fields");
	rig_close(&r);

	/* The types of scopes are System, Interface, Line Card, Cache, Template; others are elements. */
	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 2, 0, 1);
	open_set(&c, 1);
	put(&c, 256, 2);
	put(&c, 8, 2);
	put(&c, 4, 2);
	put(&c, 0x00050002, 4);
	put(&c, 0x00060001, 4);
	put(&c, 0x00220001, 4);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 300, 2);
	put(&c, 2, 1);
	put(&c, 10, 1);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_OPTIONS, (struct field_id){ PEN_SCOPE, 5, 0, NULL }, 0), 300,
	    "options template: the last type of scopes is Template");
	is_u64(num(&r, WIRE_OPTIONS, F(6), 0), 2, "options template: what follows is an element");
	rig_close(&r);
}

int
main(void)
{
	test_scope();
	test_scope_of_places(
	    &(struct wire_place){ .port = 2055 }, &(struct wire_place){ .port = 4739 });
	test_scope_of_places(&(struct wire_place){ addr_v4(0x7f000001), 2055 },
	    &(struct wire_place){ addr_v4(0x7f000002), 2055 });
	test_ids();
	test_redefinition();
	test_withdrawal();
	test_withdrawal_order();
	test_withdrawn_data();
	test_lifetime();
	test_order_in_message();
	test_limits();
	test_bad_definitions();
	test_enterprise();
	test_v9_options();
	return done_testing();
}
