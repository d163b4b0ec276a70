/*
 * Senders that want memory: templates, options, data that waits, firewalls; PROTOCOL 1.5, T10.  However much
 * they send, from however many addresses, memory is bounded, and an exporter that was there before loses nothing.
 */
#include <malloc.h>

#include "wire_golden.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* A sanitizer is slow, and its allocator does not say what is allocated. */
#ifdef __SANITIZE_ADDRESS__
enum { MEASURED = false, SLOWER = 20 };
#else
enum { MEASURED = true, SLOWER = 1 };
#endif

static struct craft c;

/* An exporter that was there before: twenty templates, of which it uses one after another. */
enum { OFTEN = 100, SELDOM = 500 };
enum { HONEST = 0xc0000201, HONEST_TEMPLATES = 20, HONEST_FIELDS = 20, DATAGRAM = 1400 };

struct scene {
	struct rig r;
	size_t before, most; /* octets allocated */
	uint32_t sent; /* messages of others */
	unsigned every; /* so many of them: a record of the honest one */
	unsigned honest, honest_got; /* records */
};

static void
look(struct scene *s)
{
	struct mallinfo2 m = mallinfo2();
	size_t now = m.uordblks + m.hblkhd;

	if (now > s->before && now - s->before > s->most)
		s->most = now - s->before;
}

static size_t
send_from(struct scene *s, uint32_t address, unsigned port)
{
	size_t n;

	s->r.msg.exporter = addr_v4(address);
	s->r.msg.port = (uint16_t)port;
	n = rig_send(&s->r, &c);
	for (unsigned k = 0; k < WIRE_KINDS; k++)
		if (s->r.b[k]->n > 1000)
			batch_reset(s->r.b[k]);
	return n;
}

static void
honest_templates(struct scene *s)
{
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	for (unsigned t = 0; t < HONEST_TEMPLATES; t++) {
		PUT(&c, { 256 + t, 2 }, { HONEST_FIELDS, 2 });
		for (unsigned i = 0; i < HONEST_FIELDS; i++)
			PUT(&c, { 8 + i + t, 2 }, { 4, 2 });
	}
	close_set(&c);
	send_from(s, HONEST, 2055);
}

static size_t
honest_data(struct scene *s, unsigned template)
{
	begin_ipfix(&c, 0, 1);
	open_set(&c, template);
	put(&c, 0, 4 * HONEST_FIELDS);
	close_set(&c);
	return send_from(s, HONEST, 2055);
}

/* It has been there for six seconds when the others come. */
static void
scene_open(struct scene *s, unsigned every)
{
	struct mallinfo2 m;

	malloc_trim(0);
	m = mallinfo2();
	*s = (struct scene){ .before = m.uordblks + m.hblkhd, .every = every };
	rig_open(&s->r, (struct wire_opts){ 0 });
	honest_templates(s);
	s->r.msg.received_ns += 6 * NS_PER_S;
	(void)honest_data(s, 256);
}

/* A message of somebody else is in c; now and then the honest one says something. */
static void
flood(struct scene *s, uint32_t address, unsigned port)
{
	enum { LOOK = 5000 };

	send_from(s, address, port);
	s->r.msg.received_ns += 20000;
	if (s->sent++ % s->every == 0) {
		s->honest_got += (unsigned)honest_data(s, 256 + s->honest % HONEST_TEMPLATES);
		s->honest++;
	}
	if (s->sent % LOOK == 0 || s->sent == 1)
		look(s);
}

static void
scene_close(struct scene *s, unsigned mib, const char *name)
{
	struct wire_totals t = rig_totals(&s->r);

	look(s);
	is_u64(s->honest_got, s->honest, "%s: who was there before loses no record", name);
	if (MEASURED)
		ok(s->most < (size_t)mib << 20, "%s: %zu MiB of memory, less than %u", name,
		    s->most >> 20, mib);
	ok(t.messages == s->sent + s->honest + 2, "%s: all messages are counted", name);
	rig_close(&s->r);
}

/* Templates of so many octets at most, ids from *id on and around; fields of one octet, `fields` of them. */
static void
put_templates(unsigned *id, unsigned fields, size_t octets)
{
	open_set(&c, 2);
	while (c.n + 4 + 4 * fields <= octets) {
		PUT(&c, { 256 + *id, 2 }, { fields, 2 });
		for (unsigned i = 0; i < fields; i++)
			PUT(&c, { 1 + (i + *id) % 400, 2 }, { 4, 2 });
		*id = (*id + 1) % 65280;
	}
	close_set(&c);
}

/* One exporter, all ids, in four domains. */
static void
test_one_bomber(void)
{
	static struct scene s;
	unsigned id = 0;

	scene_open(&s, SELDOM);
	for (unsigned i = 0; i < 20000 / SLOWER; i++) {
		begin_ipfix(&c, 0, i / 500 % 4);
		put_templates(&id, 10, DATAGRAM);
		flood(&s, 0x0a000001, 9);
	}
	scene_close(&s, 40, "all template ids from one address");
}

/* Nobody comes twice. */
static void
test_strangers(void)
{
	static struct scene s;
	unsigned id = 0;

	scene_open(&s, SELDOM);
	for (unsigned i = 0; i < 20000 / SLOWER; i++) {
		begin_ipfix(&c, 0, i);
		put_templates(&id, 10, DATAGRAM);
		flood(&s, 0x0a000000 + i, i % 50000);
	}
	scene_close(&s, 130, "templates from made-up addresses");
}

/* As many as there are sessions, which come again and again, six seconds later. */
static void
test_acquainted(void)
{
	static struct scene s;
	unsigned id = 0, many = 14000 / SLOWER;

	scene_open(&s, 15000 / SLOWER);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < many; i++) {
			begin_ipfix(&c, 0, 1);
			put_templates(&id, round == 1 ? 3 : 30, DATAGRAM);
			flood(&s, 0x0a000000 + i, 9);
		}
		s.r.msg.received_ns += 6 * NS_PER_S;
	}
	scene_close(&s, 400, "templates from patient addresses");
}

/* A few that are known, and have more templates than there is memory for. */
static void
test_hoarders(void)
{
	static struct scene s;
	unsigned id = 0;

	scene_open(&s, SELDOM);
	for (unsigned i = 0; i < 30000 / SLOWER; i++) {
		begin_ipfix(&c, 0, i % 100);
		put_templates(&id, 300, DATAGRAM);
		flood(&s, 0x0a000000 + i % 100, 9);
		if (i == 1000)
			s.r.msg.received_ns += 6 * NS_PER_S;
	}
	scene_close(&s, 230, "wide templates from a hundred exporters");
}

/* A connection's templates are said once: as many as a session may have stay, while there is room. */
static void
test_many(void)
{
	enum { MANY = 4096, FIELDS = 20 };
	static struct rig r;
	unsigned got = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	for (unsigned id = 0; id < MANY;) {
		begin_ipfix(&c, 0, 1);
		put_templates(&id, FIELDS, DATAGRAM);
		rig_send(&r, &c);
	}
	for (unsigned i = 0; i < MANY; i++) {
		begin_ipfix(&c, i, 1);
		open_set(&c, 256 + i);
		put(&c, 0, 4 * FIELDS);
		close_set(&c);
		got += (unsigned)rig_send(&r, &c);
		if (r.b[0]->n > 1000)
			batch_reset(r.b[0]);
	}
	is_u64(got, MANY, "many: data of each of 4096 templates is decoded");
	is_u64(rig_totals(&r).templates_evicted, 0, "many: none gave way");
	rig_close(&r);
}

/* One template that is another every time: what it was before is forgotten, and was of little weight. */
static void
test_redefined(void)
{
	static struct scene s;
	unsigned id;

	scene_open(&s, OFTEN);
	for (unsigned i = 0; i < 60000 / SLOWER; i++) {
		begin_ipfix(&c, 0, 1);
		id = i % 300;
		put_templates(&id, 20, 100);
		fix(&c, 20, 256);
		flood(&s, 0x0a000000 + i % 4, 9);
		if (i == 1000)
			s.r.msg.received_ns += 6 * NS_PER_S;
	}
	is_u64(rig_totals(&s.r).templates_evicted, 0, "redefined: nothing gives way");
	scene_close(&s, 10, "redefined");
}

/* Data sets without template, before and behind some of the honest exporter's that wait too. */
static void
test_strays(void)
{
	enum { WAITING = 100 };
	static struct scene s;
	size_t replayed;

	scene_open(&s, OFTEN);
	for (unsigned i = 0; i < WAITING; i++)
		(void)honest_data(&s, 999);
	for (unsigned i = 0; i < 200000 / SLOWER; i++) {
		begin_ipfix(&c, 0, 1);
		open_set(&c, 300 + i % 20);
		put(&c, i, DATAGRAM - 20);
		close_set(&c);
		flood(&s, 0x0a000000 + i / 20, 9);
	}
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	PUT(&c, { 999, 2 }, { 1, 2 }, { 1, 2 }, { 4 * HONEST_FIELDS, 2 });
	close_set(&c);
	replayed = send_from(&s, HONEST, 2055);
	is_u64(replayed, WAITING, "strays: what waited for a template gets it");
	s.sent += WAITING + 1;
	scene_close(&s, 110, "strays");
}

/* What exporters say of their samplers, of interfaces and of elements is remembered: of very many. */
static void
test_talkers(void)
{
	static struct scene s;

	scene_open(&s, OFTEN);
	for (unsigned i = 0; i < 20000 / SLOWER; i++) {
		begin_ipfix(&c, 0, 1);
		open_set(&c, 3);
		PUT(&c, { 300, 2 }, { 2, 2 }, { 1, 2 }, { 302, 2 }, { 4, 2 }, { 34, 2 }, { 2, 2 });
		PUT(&c, { 301, 2 }, { 3, 2 }, { 2, 2 }, { 346, 2 }, { 4, 2 }, { 303, 2 }, { 2, 2 },
		    { 339, 2 }, { 1, 2 });
		close_set(&c);
		open_set(&c, 300);
		for (unsigned k = 0; k < 1000; k++)
			PUT(&c, { (uint64_t)i << 16 | k, 4 }, { 1 + k, 2 });
		close_set(&c);
		open_set(&c, 301);
		for (unsigned k = 0; k < 1000; k++)
			PUT(&c, { 100000 + i, 4 }, { 1 + k, 2 }, { 1, 1 });
		close_set(&c);
		flood(&s, 0x0a000000 + i % 10000, 9);
	}
	scene_close(&s, 150, "options without end");
}

/* Streams of SCTP associations, each with a sequence number. */
static void
test_streams(void)
{
	static struct scene s;

	scene_open(&s, OFTEN);
	for (unsigned i = 0; i < 400000 / SLOWER; i++) {
		begin_ipfix(&c, 0, i / 64);
		s.r.msg.stream_id = (uint16_t)(i % 64);
		flood(&s, 0x0a000000 + i / 6400, 9);
		s.r.msg.stream_id = 0;
	}
	scene_close(&s, 80, "streams without end");
}

static void
test_firewalls(void)
{
	static const uint16_t nsel[][2] = { { 148, 4 }, { 233, 1 }, { 231, 4 } };
	static struct scene s;

	scene_open(&s, OFTEN);
	for (unsigned i = 0; i < 40000 / SLOWER; i++) {
		begin_ipfix(&c, 0, 1);
		put_template_set(&c, 2, 256, 3, nsel);
		open_set(&c, 256);
		for (unsigned k = 0; k < 100; k++)
			PUT(&c, { (i << 8) + k, 4 }, { 5, 1 }, { 1, 4 });
		close_set(&c);
		flood(&s, 0x0a000000 + i % 15000, 9);
	}
	scene_close(&s, 110, "firewalls without end");
}

/* Many fields in a few records, beside many records of a few fields. */
static void
test_wide(void)
{
	static const uint16_t narrow[][2] = { { 4, 1 } };
	static struct scene s;

	scene_open(&s, OFTEN);
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 1, narrow);
	open_set(&c, 256);
	put(&c, 0, 60000);
	close_set(&c);
	s.r.msg.exporter = addr_v4(0x0a000001);
	is_u64(rig_send(&s.r, &c), 60000, "wide: many records");
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	PUT(&c, { 257, 2 }, { 3900, 2 });
	for (unsigned i = 0; i < 3900; i++)
		PUT(&c, { 500 + i, 2 }, { 1, 2 });
	close_set(&c);
	open_set(&c, 257);
	put(&c, 0, 3900);
	close_set(&c);
	is_u64(rig_send(&s.r, &c), 1, "wide: and one of many fields");
	look(&s);
	for (unsigned k = 0; k < WIRE_KINDS; k++)
		batch_close(s.r.b[k]);
	s.sent = 2;
	scene_close(&s, 110, "wide");
}

int
main(void)
{
	test_one_bomber();
	test_strangers();
	test_acquainted();
	test_hoarders();
	test_many();
	test_redefined();
	test_strays();
	test_talkers();
	test_streams();
	test_firewalls();
	test_wide();
	return done_testing();
}
