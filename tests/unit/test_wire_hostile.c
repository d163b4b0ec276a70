/*
 * Every truncation and every changed octet of good messages; PROTOCOL 1.5.  Whatever comes, the laws of
 * wire_oracle.h hold, and what was decoded before the damage is what the whole message has there.
 *
 * HOSTILE_ALL=1 tries all 255 other values of every octet, not ten of them.
 */
#include "wire_golden.h"
#include "wire_oracle.h"

static const struct mode {
	const char *name;
	struct wire_opts opts;
	bool stream;
} modes[] = {
	{ "as it is", { .sampling = 0 }, false },
	{ "raw, in a stream", { .raw = true }, true },
	{ "strict", { .strict = true }, false },
	{ "by address, few at a time",
	    { .scope_ip = true, .max_templates = 2, .max_sessions = 2, .hold_octets = 2000 },
	    false },
};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

static struct craft c;

static void
start(struct oracle *o, const struct mode *mode, struct wire_msg *msg)
{
	oracle_open(o, &mode->opts);
	*msg = (struct wire_msg){ .exporter = addr_v4(0xc0000201),
		.port = 2055,
		.received_ns = RECEIVED_S * NS_PER_S,
		.stream = mode->stream,
		.data = c.d };
}

static size_t
feed(struct oracle *o, struct wire_msg *msg, size_t len)
{
	msg->len = len;
	return oracle_feed(o, msg);
}

static void
test_good(const struct golden *g)
{
	struct wire_totals t;
	struct wire_msg msg;
	struct oracle o;
	uint64_t bad = 0;
	size_t records = 0;

	start(&o, &modes[0], &msg);
	for (unsigned i = 0; i < g->n; i++) {
		g->make(&c, i);
		records += feed(&o, &msg, c.n);
	}
	is_str(oracle_check(&o), NULL, "%s: what is good keeps the laws", g->name);
	wire_totals(o.w, &t);
	for (unsigned i = 0; i < BAD_KINDS; i++)
		bad += t.bad[i];
	ok(records >= 2 * g->n && bad == 0 && t.lost == 0 && t.unknown_template_sets == 0,
	    "%s: it is good, and has records", g->name);
	oracle_close(&o);
}

/* Cut anywhere, again and again, by one decoder that goes on. */
static void
test_cut(const struct golden *g, const struct mode *mode)
{
	struct wire_msg msg;
	struct oracle o;

	start(&o, mode, &msg);
	for (unsigned i = 0; i < g->n; i++) {
		g->make(&c, i);
		for (size_t n = 0; n <= c.n; n++) {
			feed(&o, &msg, n);
			(void)oracle_check(&o);
		}
	}
	is_str(o.wrong, NULL, "%s, %s: every truncation keeps the laws", g->name, mode->name);
	oracle_close(&o);
}

static unsigned
changes(unsigned k, uint8_t was, bool all)
{
	if (all)
		return k < 255 ? k + 1u : 0;
	if (k < 8)
		return 1u << k;
	return k == 8 ? was : k == 9 ? 0xffu ^ was : 0; /* 0, all ones */
}

static void
test_changed(const struct golden *g, const struct mode *mode)
{
	bool all = getenv("HOSTILE_ALL") != NULL;
	unsigned many = all ? 255 : 10;
	struct wire_msg msg;
	struct oracle o;

	start(&o, mode, &msg);
	for (unsigned i = 0; i < g->n; i++) {
		g->make(&c, i);
		for (size_t at = 0; at < c.n; at++) {
			uint8_t was = c.d[at];

			for (unsigned k = 0; k < many; k++) {
				c.d[at] = was ^ (uint8_t)changes(k, was, all);
				feed(&o, &msg, c.n);
				(void)oracle_check(&o);
			}
			c.d[at] = was;
			feed(&o, &msg, c.n); /* the templates are those again that they were */
			(void)oracle_check(&o);
		}
	}
	is_str(o.wrong, NULL, "%s, %s: every changed octet keeps the laws", g->name, mode->name);
	oracle_close(&o);
}

static uint64_t
bad_of(const struct oracle *o)
{
	struct wire_totals t;
	uint64_t bad = 0;

	wire_totals(o->w, &t);
	for (unsigned i = 0; i < BAD_KINDS; i++)
		bad += t.bad[i];
	return bad;
}

/* v9 says nowhere how long it is: cut between two flowsets it is another message, and nobody can tell. */
static bool
is_whole(const struct craft *m, size_t n)
{
	size_t at = 20;

	if (m->d[1] != 9)
		return n == m->n;
	while (at < n)
		at += (size_t)m->d[at + 2] << 8 | m->d[at + 3];
	return at == n;
}

/* Records before the cut are the same, in their order, and the cut is counted. */
static void
test_before_cut(const struct golden *g, const struct mode *mode)
{
	static struct oracle whole, part;
	struct mode without = *mode;
	unsigned strange = 0, uncounted = 0;
	struct wire_msg msg;

	without.opts.hold_octets = 1; /* held sets come with a later message */
	without.opts.max_templates = without.opts.max_sessions = 0;
	for (unsigned i = 0; i < g->n; i++) {
		start(&whole, &without, &msg);
		for (unsigned k = 0; k <= i; k++) {
			oracle_forget_marks(&whole);
			whole.marking = k == i;
			g->make(&c, k);
			feed(&whole, &msg, c.n);
			(void)oracle_check(&whole);
		}
		for (size_t n = 0; n < c.n; n++) {
			uint64_t bad;

			start(&part, &without, &msg);
			for (unsigned k = 0; k < i; k++) {
				g->make(&c, k);
				feed(&part, &msg, c.n);
			}
			(void)oracle_check(&part);
			part.marking = true;
			bad = bad_of(&part);
			g->make(&c, i);
			feed(&part, &msg, n);
			(void)oracle_check(&part);
			strange += !oracle_is_part(&part, &whole);
			uncounted += bad_of(&part) == bad && !is_whole(&c, n);
			oracle_close(&part);
		}
		oracle_close(&whole);
	}
	is_u64(strange, 0, "%s, %s: records before a cut are those of the whole message", g->name,
	    mode->name);
	is_u64(uncounted, 0, "%s, %s: and the cut is counted", g->name, mode->name);
}

int
main(void)
{
	for (unsigned i = 0; i < GOLDENS; i++) {
		test_good(&goldens[i]);
		for (unsigned m = 0; m < MODES; m++) {
			test_cut(&goldens[i], &modes[m]);
			test_changed(&goldens[i], &modes[m]);
			if (m < 3)
				test_before_cut(&goldens[i], &modes[m]);
		}
	}
	return done_testing();
}
