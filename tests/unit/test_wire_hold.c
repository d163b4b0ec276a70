/* Data before its template; what is remembered of whom, and for how long. */
#include "wire_craft.h"

enum { PEN = 55555 };

static const uint16_t src_packets[][2] = { { 8, 4 }, { 2, 4 } };
static const uint16_t dst_octets[][2] = { { 12, 4 }, { 1, 4 } };
static const uint16_t v9_times[][2] = { { 8, 4 }, { 22, 4 } };
static const uint16_t deltas[][2] = { { 8, 4 }, { 158, 4 } };
static struct craft c;

static void
put_pair(unsigned set, uint32_t a, uint32_t b)
{
	open_set(&c, set);
	put(&c, a, 4);
	put(&c, b, 4);
	close_set(&c);
}

static size_t
send_template(struct rig *r, uint32_t seq, unsigned id, const uint16_t (*fields)[2])
{
	begin_ipfix(&c, seq, 1);
	put_template_set(&c, 2, id, 2, fields);
	return rig_send(r, &c);
}

static size_t
send_pair(struct rig *r, uint32_t seq, unsigned id, uint32_t b)
{
	begin_ipfix(&c, seq, 1);
	put_pair(id, 0x0a000001, b);
	return rig_send(r, &c);
}

static void
test_hold(void)
{
	struct rig r;
	struct wire_stats s;

	rig_open(&r, (struct wire_opts){ 0 });
	send_pair(&r, 0, 256, 7);
	r.msg.received_ns += NS_PER_S;
	send_pair(&r, 1, 256, 8);
	send_pair(&r, 2, 257, 9);
	s = rig_stats(&r);
	is_u64(s.unknown_template_sets, 3, "hold: sets without template are counted");
	is_u64(s.held, 3, "hold: and held");
	r.msg.received_ns += NS_PER_S;
	is_u64(send_template(&r, 3, 256, src_packets), 2,
	    "hold: the template decodes what waited for it");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 7, "hold: in the order of receipt");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 1), 8, "hold: the second behind the first");
	is_u64(num(&r, WIRE_FLOWS4, OWN(RECEIVED), 0), RECEIVED_S * (uint64_t)NS_PER_S,
	    "hold: with the time at which it was received");
	is_u64(num(&r, WIRE_FLOWS4, OWN(RECEIVED), 1), (RECEIVED_S + 1) * (uint64_t)NS_PER_S,
	    "hold: each with its own");
	s = rig_stats(&r);
	is_u64(s.held, 1, "hold: what waits for another template goes on waiting");
	is_u64(s.held_replayed, 2, "hold: replayed sets are counted");
	is_u64(s.held_lost, 0, "hold: nothing is lost");
	is_u64(s.flows, 2, "hold: their records are records");
	is_u64(s.lost, 0, "sequence: and never a loss by sequence");
	is_u64(send_pair(&r, 3, 256, 10), 1, "hold: later sets are decoded at once");
	is_u64(send_template(&r, 4, 257, dst_octets), 1, "hold: the other template comes");
	is_u64(num(&r, WIRE_FLOWS4, F(1), 3), 9, "hold: and decodes the other set");
	is_u64(rig_stats(&r).held, 0, "hold: nothing waits any more");
	rig_close(&r);
}

static void
test_hold_v9(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 1, 1, 1);
	put_pair(256, 0x0a000001, UPTIME_MS - 5000);
	rig_send(&r, &c);
	r.msg.received_ns += 600 * NS_PER_S;
	begin_v9(&c, 1, 2, 1);
	fix(&c, 4, 0); /* uptime and clock of the later message differ */
	fix(&c, 8, 0x7000);
	put_template_set(&c, 0, 256, 2, v9_times);
	is_u64(rig_send(&r, &c), 1, "hold: a v9 set is decoded ten minutes later");
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), (EXPORT_S - 5) * (uint64_t)NS_PER_S,
	    "hold: by the uptime and clock of its own message");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	send_pair(&r, 0, 256, 5000000);
	begin_ipfix(&c, 1, 1);
	fix(&c, 6, (EXPORT_S + 30) & 0xffff);
	put_template_set(&c, 2, 256, 2, deltas);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), (EXPORT_S - 5) * (uint64_t)NS_PER_S,
	    "hold: an IPFIX set by the export time of its own message");
	rig_close(&r);
}

/* Of records shorter than padding the header's count tells how many there are: later as at once. */
static void
test_hold_padding(void)
{
	static const uint16_t proto_tos[][2] = { { 4, 1 }, { 5, 1 } };
	static const struct {
		unsigned count, sets;
		uint64_t records;
	} cases[] = { { 3, 1, 3 }, { 4, 1, 4 }, { 0, 1, 4 }, { 6, 2, 7 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned held = 0; held < 2; held++) {
			struct rig r;

			rig_open(&r, (struct wire_opts){ 0 });
			begin_v9(&c, held ? 2 : 1, 0, 1);
			if (!held)
				put_template_set(&c, 0, 256, 2, proto_tos);
			rig_send(&r, &c);
			begin_v9(&c, cases[i].count, 1, 1);
			for (unsigned k = 0; k < cases[i].sets; k++) {
				open_set(&c, 256);
				put(&c, 0x060011010602, 6);
				put(&c, 0, 2);
				close_set(&c);
			}
			rig_send(&r, &c);
			begin_v9(&c, 1, 2, 1);
			put_template_set(&c, 0, 256, 2, proto_tos);
			rig_send(&r, &c);
			is_u64(rig_stats(&r).flows, cases[i].records,
			    "hold: %u records promised in %u sets padded to 8 octets, %s",
			    cases[i].count, cases[i].sets, held ? "held" : "decoded at once");
			rig_close(&r);
		}
}

static void
test_hold_bounds(void)
{
	struct rig r;
	struct wire_stats s;

	/* An exporter gets a quarter. */
	rig_open(&r, (struct wire_opts){ .hold_octets = 40000 });
	for (uint32_t i = 0; i < 1000; i++)
		send_pair(&r, i, 256, i);
	s = rig_stats(&r);
	ok(s.held > 0 && s.held < 200, "hold: an exporter holds its share: %" PRIu64 " sets",
	    s.held);
	is_u64(s.held + s.held_lost, 1000, "hold: what finds no room is counted as lost");
	r.msg.exporter = addr_v4(0xc0000202);
	send_pair(&r, 0, 256, 1);
	is_u64(rig_totals(&r).held, s.held + 1, "hold: another exporter finds room");
	for (unsigned k = 0; k < 20; k++) {
		r.msg.exporter = addr_v4(0xc0000300 + k);
		for (uint32_t i = 0; i < 100; i++)
			send_pair(&r, i, 256, i);
	}
	is_u64(rig_totals(&r).held + rig_totals(&r).held_lost, 3001,
	    "hold: when all is full the oldest gives way and is counted");
	is_u64(rig_stats(&r).held, 0, "hold: the first exporter's were the oldest");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .hold_s = 60 });
	send_pair(&r, 0, 256, 1);
	r.msg.received_ns += 61 * NS_PER_S;
	is_u64(send_template(&r, 1, 256, src_packets), 0, "hold: held too long is lost");
	s = rig_stats(&r);
	ok(s.held == 0 && s.held_lost == 1, "hold: and counted");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .hold_octets = 1 });
	send_pair(&r, 0, 256, 1);
	ok(rig_stats(&r).held == 0 && rig_stats(&r).held_lost == 1,
	    "hold: holding can be switched off");
	rig_close(&r);

	/* Ids that sets wait for are bounded too. */
	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned id = 256; id < 60000; id++)
		send_pair(&r, id, id, 1);
	s = rig_stats(&r);
	is_u64(s.held, 256, "hold: sets wait for 256 templates at most");
	is_u64(s.held + s.held_lost, 60000 - 256, "hold: all are counted");
	rig_close(&r);

	/* Sessions that give way take their sets along. */
	rig_open(&r, (struct wire_opts){ .max_sessions = 4 });
	for (unsigned k = 0; k < 100; k++) {
		r.msg.exporter = addr_v4(0xc0000300 + k);
		send_pair(&r, 0, 256, 1);
	}
	ok(rig_totals(&r).held == 4 && rig_totals(&r).held_lost == 96,
	    "hold: evicted sessions' sets are counted as lost");
	rig_close(&r);
}

/*
 * Where known exporters have taken all there is, the oldest of theirs gives way to theirs, and nothing to a stranger.
 */
static void
test_hold_known(void)
{
	enum { EXPORTERS = 12, SETS = 4 };
	struct rig r;
	struct wire_totals before;
	uint64_t decoded = 0;

	rig_open(&r, (struct wire_opts){ .hold_octets = 3000 });
	for (unsigned later = 0; later < 2; later++) {
		r.msg.received_ns += 6 * later * NS_PER_S;
		for (unsigned i = 0; i < EXPORTERS; i++) {
			r.msg.exporter = addr_v4(0xc0000200 + i);
			send_template(&r, 0, 256, src_packets);
			for (unsigned k = 0; later && k < SETS; k++)
				send_pair(&r, 0, 257, k);
		}
	}
	before = rig_totals(&r);
	is_u64(rig_stats(&r).held, 0,
	    "hold: what the first known exporter sent gave way to the others");
	ok(before.held >= SETS, "hold: theirs waits");
	is_u64(before.held + before.held_lost, EXPORTERS * SETS, "hold: those that go are counted");
	r.msg.exporter = addr_v4(0xc0000300);
	for (unsigned k = 0; k < SETS; k++)
		send_pair(&r, 0, 257, k);
	for (unsigned i = 0; i < EXPORTERS; i++) {
		r.msg.exporter = addr_v4(0xc0000200 + i);
		decoded += send_template(&r, 0, 257, src_packets);
	}
	is_u64(decoded, before.held, "hold: nothing of known exporters gives way to a stranger");
	rig_close(&r);
}

/* What is configured for the exporter is of what waited, too. */
static void
test_hold_source(void)
{
	struct wire_source source = { .name = "lyon", .sampling = 77 };
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.source = &source;
	send_pair(&r, 0, 256, 1);
	r.msg.source = NULL;
	is_u64(send_template(&r, 0, 256, src_packets), 1, "hold: with a source");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), 77, "hold: whose sampling it has");
	is_str(text(&r, WIRE_FLOWS4, OWN(SOURCE), 0), "lyon", "hold: and whose name");
	rig_close(&r);
}

static void
test_hold_kin(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	send_pair(&r, 0, 256, 1);
	r.msg.port++;
	is_u64(send_template(&r, 0, 256, src_packets), 1,
	    "scope: a template from another port of the exporter serves what waits");
	is_u64(
	    num(&r, WIRE_FLOWS4, OWN(EXPORTER_PORT), 0), 2055, "scope: which keeps its own port");
	rig_close(&r);
	rig_open(&r, (struct wire_opts){ .scope_ip = true });
	send_pair(&r, 0, 256, 1);
	r.msg.port++;
	is_u64(send_template(&r, 0, 256, src_packets), 1, "scope: scope_ip: the same");
	is_u64(num(&r, WIRE_FLOWS4, OWN(EXPORTER_PORT), 0), 2055,
	    "scope: scope_ip: with its own port");
	rig_close(&r);
}

/* Export times tell what overtook what. */
static void
test_overtaken(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (EXPORT_S + 10) & 0xffff);
	put_template_set(&c, 2, 256, 2, dst_octets);
	rig_send(&r, &c);
	send_template(&r, 0, 256, src_packets); /* sent 10 s before the one that came before it */
	is_u64(rig_stats(&r).templates_stale, 1, "order: an overtaken definition is ignored");
	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (EXPORT_S + 11) & 0xffff);
	put_pair(256, 0x0a000001, 7);
	rig_send(&r, &c);
	is_u64(num(&r, WIRE_FLOWS4, F(1), 0), 7, "order: the newer one holds");
	send_pair(&r, 0, 256, 8);
	is_u64(num(&r, WIRE_FLOWS4, F(2), 1), 8,
	    "order: data sent before it is read by the one before");
	r.msg.received_ns += 61 * NS_PER_S;
	send_pair(&r, 0, 256, 9);
	is_u64(num(&r, WIRE_FLOWS4, F(1), 2), 9, "order: for a minute; then a clock was set back");
	send_template(&r, 0, 256, src_packets);
	is_u64(rig_stats(&r).templates_stale, 1, "order: and its definitions are believed");
	send_pair(&r, 0, 256, 10);
	is_u64(num(&r, WIRE_FLOWS4, F(2), 3), 10, "order: and read what follows");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	begin_ipfix(&c, 0, 1);
	fix(&c, 4, (EXPORT_S - 3600) >> 16);
	fix(&c, 6, (EXPORT_S - 3600) & 0xffff);
	put_template_set(&c, 2, 256, 2, dst_octets);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).templates_stale, 0,
	    "order: an hour late is no lateness: believed at once");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (EXPORT_S + 20) & 0xffff);
	put_template_set(&c, 2, 256, 2, src_packets);
	rig_send(&r, &c);
	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (EXPORT_S + 10) & 0xffff);
	put_template_set(&c, 2, 256, 2, dst_octets);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).templates_stale, 1, "order: a refreshment is a definition, too");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (EXPORT_S + 10) & 0xffff);
	open_set(&c, 3); /* options: of a domain (149), how many flows it exported (42) */
	put(&c, 256 << 16 | 2, 4);
	put(&c, 0x00010095, 4);
	put(&c, 0x0004002a, 4);
	put(&c, 0x0008, 2);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(send_pair(&r, 0, 256, 8), 1,
	    "order: options may take a number over, and flows sent before that are flows");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 0), 8, "order: as they were defined");
	rig_close(&r);
}

static void
put_type(void)
{
	open_set(&c, 3); /* RFC 5610: PEN 7 is an unsigned32 */
	put(&c, 301 << 16 | 3, 4);
	put(&c, 0x0002015a, 4);
	put(&c, 0x0004012f, 4);
	put(&c, 0x00020153, 4);
	put(&c, 1, 2);
	close_set(&c);
	open_set(&c, 301);
	put(&c, PEN, 4);
	put(&c, 7, 2);
	put(&c, 3, 1);
	close_set(&c);
}

/* Types that are announced between leave what overtook what as it was. */
static void
test_overtaken_types(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (EXPORT_S + 10) & 0xffff);
	open_set(&c, 2);
	put(&c, 256 << 16 | 2, 4);
	put(&c, 0x000c0004, 4);
	put(&c, 0x80070004, 4);
	put(&c, PEN, 4);
	close_set(&c);
	put_type();
	put_pair(256, 0x0a000001, 7);
	is_u64(rig_send(&r, &c), 2, "order: a type that is told");
	is_u64(send_pair(&r, 0, 256, 8), 1, "order: changes no layout");
	is_u64(num(&r, WIRE_FLOWS4, F(2), 1), 8,
	    "order: data sent before the change is still read by the one before");
	rig_close(&r);
}

/* What ends a connection, and what ends with it. */
static void
test_stream(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	send_template(&r, 0, 256, src_packets);
	ok(!wire_broken(r.w), "connection: a first definition breaks nothing");
	send_template(&r, 0, 256, src_packets);
	ok(!wire_broken(r.w), "connection: nor does the same once more");
	send_template(&r, 0, 256, dst_octets);
	ok(wire_broken(r.w), "connection: another one without withdrawal ends a connection");
	begin_ipfix(&c, 0, 1);
	fix(&c, 6, (EXPORT_S - 10) & 0xffff);
	put_template_set(&c, 2, 256, 2, src_packets);
	rig_send(&r, &c);
	ok(wire_broken(r.w), "connection: and is not taken for one that was overtaken");
	send_pair(&r, 0, 256, 1);
	ok(!wire_broken(r.w), "connection: the next message is judged by itself");
	wire_disconnect(
	    r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port, &(struct wire_place){ .port = 0 });
	is_u64(send_pair(&r, 0, 256, 1), 0, "connection: templates end with their connection");
	rig_close(&r);
}

/* A connection is a transport session of its own, beside the datagrams of the same port (RFC 7011 8, 10). */
static void
test_transports(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	r.msg.stream = WIRE_CONNECTION;
	is_u64(
	    send_pair(&r, 0, 256, 1), 0, "connection: it does not know the templates of datagrams");
	send_template(&r, 1, 257, dst_octets);
	r.msg.stream = WIRE_DATAGRAMS;
	is_u64(send_pair(&r, 0, 257, 1), 0, "connection: nor do datagrams know its templates");
	r.msg.port++;
	is_u64(send_pair(&r, 0, 257, 1), 0, "connection: whatever their port");
	r.msg.port--;
	wire_disconnect(
	    r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port, &(struct wire_place){ .port = 0 });
	is_u64(send_pair(&r, 1, 256, 1), 1, "connection: its end leaves datagrams their templates");
	send_template(&r, 0, 258, src_packets);
	r.msg.stream = WIRE_CONNECTION;
	send_template(&r, 0, 259, src_packets);
	r.msg.stream = WIRE_ASSOCIATION;
	is_u64(send_pair(&r, 0, 258, 1) + send_pair(&r, 0, 259, 1), 0,
	    "connection: an SCTP association is yet another one");
	rig_close(&r);

	/* What waits is for a template that came by the same way. */
	rig_open(&r, (struct wire_opts){ 0 });
	send_pair(&r, 0, 256, 1);
	r.msg.stream = WIRE_CONNECTION;
	r.msg.port++;
	send_pair(&r, 0, 257, 1);
	is_u64(send_template(&r, 1, 256, src_packets), 0,
	    "connection: its template serves no datagram that waits");
	r.msg.stream = WIRE_DATAGRAMS;
	r.msg.port++;
	is_u64(send_template(&r, 0, 257, src_packets), 0,
	    "connection: nor does a datagram's template serve what it sent");
	r.msg.stream = WIRE_CONNECTION;
	is_u64(send_template(&r, 0, 257, src_packets), 0,
	    "connection: nor does that of another connection");
	is_u64(rig_totals(&r).held, 2, "connection: both sets go on waiting");
	rig_close(&r);
}

/* Options data: of this domain one packet stands for so many. */
static size_t
send_sampling(struct rig *r, uint32_t packets)
{
	begin_ipfix(&c, 0, 1);
	open_set(&c, 3);
	put(&c, 300, 2);
	put(&c, 2, 2);
	put(&c, 1, 2);
	put(&c, 0x00950004, 4);
	put(&c, 0x00220004, 4);
	close_set(&c);
	put_pair(300, 1, packets);
	return rig_send(r, &c);
}

static void
test_connections(void)
{
	struct rig r;
	struct batch *saved = batch_new();
	size_t at = 0, sampled = 0;

	/* Where exporters change their ports a connection still has one. */
	rig_open(&r, (struct wire_opts){ .scope_ip = true });
	r.msg.stream = WIRE_CONNECTION;
	send_template(&r, 0, 256, src_packets);
	r.msg.port++;
	send_template(&r, 0, 256, dst_octets);
	ok(!wire_broken(r.w), "scope_ip: two connections of an exporter are two all the same");
	wire_disconnect(r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port - 1,
	    &(struct wire_place){ .port = 0 });
	is_u64(send_pair(&r, 0, 256, 1), 1, "scope_ip: the end of one is not that of the other");
	r.msg.port--;
	is_u64(send_pair(&r, 0, 256, 1), 0, "scope_ip: but of its own templates");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	send_sampling(&r, 50);
	send_template(&r, 1, 256, src_packets);
	send_pair(&r, 1, 256, 1);
	send_pair(&r, 2, 256, 1);
	is_u64(
	    num(&r, WIRE_FLOWS4, OWN(SAMPLING), 1), 50, "connection: it has told how it samples");
	ok(!wire_save(r.w, &at, saved), "saved: templates of a connection end with it");
	wire_disconnect(
	    r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port, &(struct wire_place){ .port = 0 });
	send_template(&r, 0, 256, dst_octets);
	ok(!wire_broken(r.w),
	    "connection: the next one from the same port begins without templates");
	send_pair(&r, 0, 256, 1);
	send_pair(&r, 1, 256, 1);
	ok(rig_stats(&r).duplicate == 0 && rig_stats(&r).restarts == 0 && rig_stats(&r).lost == 0,
	    "connection: and counts from the beginning");
	is_u64(rig_stats(&r).flows, 4, "connection: what was counted stays");
	ok(!has(&r, WIRE_FLOWS4, OWN(SAMPLING), 2), "connection: but not how it sampled");
	batch_free(saved);
	rig_close(&r);

	/* With so few sessions exporters share two buckets. */
	rig_open(&r, (struct wire_opts){ .max_sessions = 2 });
	for (unsigned i = 0; i < 64; i++) {
		r.msg.port++;
		r.msg.stream = WIRE_CONNECTION;
		send_sampling(&r, 50);
		r.msg.stream = WIRE_DATAGRAMS;
		send_template(&r, 0, 256, src_packets);
		send_pair(&r, 0, 256, 1);
		sampled += has(&r, WIRE_FLOWS4, OWN(SAMPLING), i);
	}
	is_u64(sampled, 0, "connection: what it tells of sampling is not for datagrams");
	rig_close(&r);
}

/* A flood of made-up senders, each with templates, around an honest one. */
static void
test_flood(void)
{
	struct rig r;
	struct wire_totals t;

	rig_open(&r, (struct wire_opts){ .max_sessions = 64 });
	send_template(&r, 0, 256, src_packets);
	r.msg.received_ns += 6 * NS_PER_S;
	send_pair(&r, 0, 256, 1);
	for (uint32_t k = 0; k < 20000; k++) {
		r.msg.exporter = addr_v4(0x0a000000 + k);
		r.msg.received_ns += NS_PER_MS;
		send_template(&r, 0, 256 + k % 60000, dst_octets);
	}
	r.msg.exporter = addr_v4(0xc0000201);
	is_u64(send_pair(&r, 1, 256, 2), 1,
	    "flood: an old acquaintance keeps its template in a flood");
	t = rig_totals(&r);
	is_u64(t.sessions_evicted, 20000 - 63, "flood: the flood drives out its own");
	is_u64(t.messages, 20003, "flood: and every message is counted");
	rig_close(&r);

	/* The same from one address, whose ports are kin. */
	rig_open(&r, (struct wire_opts){ 0 });
	for (uint32_t k = 0; k < 65536; k++) {
		r.msg.port = (uint16_t)k;
		send_pair(&r, 0, 256, 1);
	}
	t = rig_totals(&r);
	is_u64(t.messages, 65536, "flood: all ports of an address are taken in turn");
	is_u64(t.held + t.held_lost, 65536, "flood: with all they sent accounted for");
	rig_close(&r);
}

static void
save_to(struct wire *from, struct wire *to, size_t *n)
{
	struct batch *b = batch_new();
	size_t at = 0;

	*n = 0;
	while (wire_save(from, &at, b)) {
		batch_close(b);
		*n += b->n;
		ok(wire_is_saved(b), "saved: saved templates are told from other options records");
		wire_restore(to, b, NULL, NULL);
	}
	batch_free(b);
}

static bool
only_another(void *ctx, const struct addr *a)
{
	(void)ctx;
	return addr_u32(a) != 0xc0000201;
}

/* A template that was saved is of the place of ours that it was sent to. */
static void
test_saved_places(const struct wire_place *here, const struct wire_place *there)
{
	struct rig r, s;
	size_t n;

	rig_open(&r, (struct wire_opts){ 0 });
	rig_open(&s, (struct wire_opts){ 0 });
	r.msg.to = *here;
	send_template(&r, 0, 256, src_packets);
	r.msg.to = *there;
	send_template(&r, 0, 256, dst_octets);
	save_to(r.w, s.w, &n);
	is_u64(n, 2, "saved: those of both places");
	s.msg.to = *there;
	is_u64(send_pair(&s, 0, 256, 7), 1, "saved: each is known where it was");
	is_u64(num(&s, WIRE_FLOWS4, F(1), 0), 7, "saved: and means what it meant");
	rig_close(&s);
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	rig_open(&s, (struct wire_opts){ 0 });
	r.msg.to = *here;
	send_template(&r, 0, 256, src_packets);
	save_to(r.w, s.w, &n);
	s.msg.to = *there;
	is_u64(send_pair(&s, 0, 256, 7), 1, "saved: of a collector that listened at another place");
	is_u64(rig_totals(&s).borrowed, 1, "saved: which is counted");
	rig_close(&s);
	rig_close(&r);

	/* Older files do not say which place that was. */
	rig_open(&r, (struct wire_opts){ 0 });
	rig_open(&s, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	save_to(r.w, s.w, &n);
	s.msg.to = *there;
	is_u64(send_pair(&s, 0, 256, 7), 1, "saved: one of an unknown place is that of the first");
	is_u64(rig_totals(&s).borrowed, 0, "saved: and not borrowed");
	rig_close(&s);
	rig_close(&r);
}

static void
test_saved(void)
{
	static const uint16_t many[][2] = { { 8, 4 }, { 2, 4 }, { 371, 65535 } };
	struct rig r, s;
	size_t n;

	rig_open(&r, (struct wire_opts){ 0 });
	rig_open(&s, (struct wire_opts){ 0 });
	send_template(&r, 0, 256, src_packets);
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 300, 3, many);
	rig_send(&r, &c);
	r.msg.exporter = addr_v4(0xc0000202);
	send_template(&r, 0, 256, dst_octets);
	save_to(r.w, s.w, &n);
	is_u64(n, 3, "saved: every template is saved");
	s.msg.received_ns += 60 * NS_PER_S;
	is_u64(send_pair(&s, 0, 256, 7), 1, "saved: a new collector decodes by a saved template");
	is_u64(num(&s, WIRE_FLOWS4, F(2), 0), 7, "saved: the right one");
	begin_ipfix(&c, 1, 1);
	open_set(&c, 300);
	put(&c, 1, 4);
	put(&c, 2, 4);
	put(&c, 2, 1);
	put_text(&c, "me", 2);
	close_set(&c);
	is_u64(rig_send(&s, &c), 1, "saved: with fields of varying length too");
	is_str(text(&s, WIRE_FLOWS4, F(371), 1), "me", "saved: the value too");
	is_u64(rig_stats(&s).cached, 2,
	    "saved: sets decoded by templates not repeated yet are counted");
	is_u64(rig_totals(&s).templates, 0, "saved: saved templates were not received");
	send_template(&s, 2, 256, src_packets);
	send_pair(&s, 2, 256, 7);
	is_u64(rig_stats(&s).cached, 2, "saved: once repeated a template is as good as any");
	s.msg.exporter = addr_v4(0xc0000202);
	is_u64(send_pair(&s, 0, 256, 5), 1, "saved: each exporter has its own");
	is_u64(num(&s, WIRE_FLOWS4, F(1), 3), 5, "saved: by its own layout");
	s.msg.received_ns += 1800 * NS_PER_S;
	is_u64(
	    send_pair(&s, 1, 256, 5), 0, "saved: a saved template ages from when it was repeated");
	rig_close(&s);

	rig_open(&s, (struct wire_opts){ 0 });
	send_template(&s, 0, 256, dst_octets);
	save_to(r.w, s.w, &n);
	send_pair(&s, 0, 256, 7);
	is_u64(num(&s, WIRE_FLOWS4, F(1), 0), 7, "saved: what was received is newer");
	rig_close(&s);

	rig_open(&s, (struct wire_opts){ 0 });
	{
		struct batch *b = batch_new();
		size_t at = 0;

		wire_save(r.w, &at, b);
		batch_close(b);
		wire_restore(s.w, b, only_another, NULL);
		batch_free(b);
	}
	is_u64(send_pair(&s, 0, 256, 7), 0, "saved: a worker takes only its own exporters");
	s.msg.exporter = addr_v4(0xc0000202);
	is_u64(send_pair(&s, 0, 256, 7), 1, "saved: and no others");
	rig_close(&s);
	rig_close(&r);
}

/* Types that are announced leave what was remembered that. */
static void
test_saved_types(void)
{
	struct rig r, s;
	size_t n;

	rig_open(&r, (struct wire_opts){ 0 });
	rig_open(&s, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	put(&c, 256 << 16 | 2, 4);
	put(&c, 0x000c0004, 4);
	put(&c, 0x80070004, 4);
	put(&c, PEN, 4);
	close_set(&c);
	rig_send(&r, &c);
	save_to(r.w, s.w, &n);
	begin_ipfix(&c, 0, 1);
	put_type();
	put_pair(256, 0x0a000001, 7);
	is_u64(rig_send(&s, &c), 2, "saved: a type that is told");
	is_u64(num(&s, WIRE_FLOWS4, (struct field_id){ .pen = PEN, .id = 7 }, 0), 7,
	    "saved: holds for a remembered template");
	is_u64(rig_stats(&s).cached, 1, "saved: which was not repeated by that");
	rig_close(&s);
	rig_close(&r);
}

/* While there is nowhere to put records they are counted, and templates and options still believed. */
static void
test_discard(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	r.out.discard = true;
	send_template(&r, 0, 256, src_packets);
	is_u64(send_pair(&r, 0, 256, 7), 0, "discarded records are not appended");
	is_u64(rig_stats(&r).discarded, 1, "but counted");
	r.out.discard = false;
	is_u64(send_pair(&r, 1, 256, 7), 1, "and the template was learned meanwhile");
	ok(rig_stats(&r).flows == 1 && rig_stats(&r).lost == 0, "no loss by sequence");
	rig_close(&r);
}

int
main(void)
{
	test_hold();
	test_hold_v9();
	test_hold_padding();
	test_hold_bounds();
	test_hold_known();
	test_hold_source();
	test_hold_kin();
	test_overtaken();
	test_overtaken_types();
	test_stream();
	test_transports();
	test_connections();
	test_flood();
	test_saved();
	test_saved_types();
	test_saved_places(
	    &(struct wire_place){ .port = 2055 }, &(struct wire_place){ .port = 4739 });
	test_saved_places(&(struct wire_place){ addr_v4(0x7f000001), 2055 },
	    &(struct wire_place){ addr_v4(0x7f000002), 2055 });
	test_discard();
	return done_testing();
}
