/*
 * test_conversation.c - records to conversations: pairing, pieces, who began, what is open and what is too much.
 */
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "ops/conversation_open.h"
#include "tap.h"

enum { MS = 1000000 };

struct line {
	const char *src, *dst;
	unsigned srcport, dstport, proto;
	int flags; /* -1: not said */
	int64_t start_ms, end_ms;
	uint64_t packets, bytes, rpackets, rbytes; /* r both 0: no biflow */
	uint64_t sampling;
};

static void
put_uint(struct batch *b, struct field_id id, enum type type, unsigned width, size_t i, uint64_t v)
{
	batch_put_uint(b, (unsigned)batch_column(b, &id, type, width, 0), i, v);
}

static void
put_ip(struct batch *b, uint16_t id, size_t i, const char *text)
{
	struct field_id f = field_iana(id);
	int col = batch_column(b, &f, TYPE_IP, 4, 0);
	struct addr a;

	if (parse_ip(text, strlen(text), &a))
		batch_put_ip(b, (unsigned)col, i, &a);
}

static struct batch *
make(const struct line *l, size_t n)
{
	struct batch *b = batch_new();

	batch_extend(b, n);
	for (size_t i = 0; i < n; i++) {
		put_ip(b, 8, i, l[i].src);
		put_ip(b, 12, i, l[i].dst);
		put_uint(b, field_iana(7), TYPE_UINT, 2, i, l[i].srcport);
		put_uint(b, field_iana(11), TYPE_UINT, 2, i, l[i].dstport);
		put_uint(b, field_iana(4), TYPE_UINT, 1, i, l[i].proto);
		if (l[i].flags >= 0)
			put_uint(b, field_iana(6), TYPE_UINT, 1, i, (uint64_t)l[i].flags);
		put_uint(b, field_own(OWN_START), TYPE_TIME, 8, i, (uint64_t)(l[i].start_ms * MS));
		put_uint(b, field_own(OWN_END), TYPE_TIME, 8, i, (uint64_t)(l[i].end_ms * MS));
		put_uint(b, field_iana(2), TYPE_UINT, 4, i, l[i].packets);
		put_uint(b, field_iana(1), TYPE_UINT, 4, i, l[i].bytes);
		if (l[i].rpackets + l[i].rbytes > 0) {
			struct field_id r = { .pen = PEN_REVERSE, .id = 2 };

			put_uint(b, r, TYPE_UINT, 8, i, l[i].rpackets);
			r.id = 1;
			put_uint(b, r, TYPE_UINT, 8, i, l[i].rbytes);
		}
		if (l[i].sampling > 0)
			put_uint(b, field_own(OWN_SAMPLING), TYPE_UINT, 4, i, l[i].sampling);
	}
	batch_close(b);
	return b;
}

struct taken {
	struct buf text;
	uint64_t n, packets, pieces, falls;
	int64_t previous_ns, first_ns, last_ns;
};

static const char *const answers[] = { "none", "refused", "given", "only" };

static void
take(void *ctx, const struct conversation *c, size_t n)
{
	struct taken *t = ctx;
	char client[FMT_MAX], server[FMT_MAX];

	for (size_t i = 0; i < n; i++, c++, t->n++) {
		t->packets += c->packets + c->rpackets;
		t->pieces += c->in_pieces;
		if (t->n > 20)
			continue;
		buf_printf(&t->text,
		    "%.*s:%u>%.*s:%u p%u %lld-%lld %llu/%llu %llu/%llu %u/%u %s%s| ",
		    (int)fmt_ip(client, &c->client), client, c->client_port,
		    (int)fmt_ip(server, &c->server), server, c->server_port, c->proto,
		    (long long)(c->start_ns / MS), (long long)(c->end_ns / MS),
		    (unsigned long long)c->packets, (unsigned long long)c->rpackets,
		    (unsigned long long)c->bytes, (unsigned long long)c->rbytes, c->flows,
		    c->rflows, answers[c->answer], c->sampling > 1 ? " sampled" : "");
	}
}

/* The first and the last start; falls: how often one began before the one handed out before it. */
static void
take_times(void *ctx, const struct conversation *c, size_t n)
{
	struct taken *t = ctx;

	for (size_t i = 0; i < n; i++, c++, t->n++) {
		t->falls += t->n > 0 && c->start_ns < t->previous_ns;
		t->previous_ns = c->start_ns;
		t->first_ns = t->n == 0 || c->start_ns < t->first_ns ? c->start_ns : t->first_ns;
		t->last_ns = t->n == 0 || c->start_ns > t->last_ns ? c->start_ns : t->last_ns;
	}
}

static void
check(const struct line *l, size_t n, size_t at_once, const char *want, const char *name)
{
	struct taken t = { 0 };
	struct conversations *c = conversations_new(NULL, take, &t);

	for (size_t i = 0; i < n; i += at_once) {
		struct batch *b = make(l + i, n - i < at_once ? n - i : at_once);

		conversations_add(c, b, NULL);
		batch_free(b);
	}
	conversations_finish(c);
	is_str(buf_cstr(&t.text), want, "%s", name);
	ok(conversations_counts(c).conversations == t.n, "and counted");
	conversations_free(c);
	buf_free(&t.text);
}

#define CHECK(lines, want, name) \
	do { \
		check(lines, sizeof(lines) / sizeof(lines[0]), 100, want, name); \
		check(lines, sizeof(lines) / sizeof(lines[0]), 1, want, name ", one at a time"); \
	} while (0)

static void
test_pairs(void)
{
	static const struct line pair[] = {
		{ "10.0.0.9", "10.0.0.1", 443, 50000, 6, 0x1b, 1010, 2000, 8, 700, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x1b, 1000, 2000, 9, 100, 0, 0, 100 },
	};
	static const struct line near_far[] = {
		{ "10.0.0.1", "10.0.0.9", 50000, 53, 17, -1, 1000, 1000, 1, 60, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 53, 50000, 17, -1, 6000, 6000, 1, 90, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50001, 53, 17, -1, 1000, 1000, 1, 60, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 53, 50001, 17, -1, 6001, 6001, 1, 90, 0, 0, 0 },
	};
	static const struct line biflow[] = {
		{ "10.0.0.9", "10.0.0.1", 443, 50000, 6, 0x1b, 0, 10, 3, 30, 2, 20, 0 },
		{ "2001:db8::9", "10.0.0.1", 9999, 80, 17, -1, 0, 10, 3, 30, 2, 20, 0 },
	};
	static const struct line ping[] = {
		{ "10.0.0.1", "10.0.0.9", 0, 2048, 1, -1, 0, 10, 3, 252, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 0, 0, 1, -1, 1, 11, 3, 252, 0, 0, 0 },
	};
	static const struct line same_host[] = {
		{ "10.0.0.1", "10.0.0.1", 50000, 80, 6, 0x1b, 0, 10, 3, 30, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.1", 80, 50000, 6, 0x1b, 0, 10, 2, 20, 0, 0, 0 },
	};

	CHECK(pair, "10.0.0.1:50000>10.0.0.9:443 p6 1000-2000 9/8 100/700 1/1 given sampled| ",
	    "two directions are one conversation, of which the greatest interval is told");
	CHECK(near_far,
	    "10.0.0.1:50001>10.0.0.9:53 p17 1000-1000 1/0 60/0 1/0 none| "
	    "10.0.0.1:50000>10.0.0.9:53 p17 1000-6000 1/1 60/90 1/1 given| "
	    "10.0.0.1:50001>10.0.0.9:53 p17 6001-6001 0/1 0/90 0/1 only| ",
	    "directions five seconds apart belong together, later ones do not");
	CHECK(biflow,
	    "10.0.0.9:443>10.0.0.1:50000 p6 0-10 3/2 30/20 1/1 given| "
	    "2001:db8::9:9999>10.0.0.1:80 p17 0-10 3/2 30/20 1/1 given| ",
	    "a record that is a biflow is taken as it is");
	CHECK(ping, "10.0.0.1:0>10.0.0.9:2048 p1 0-11 3/3 252/252 1/1 given| ",
	    "an echo and its reply are one, whatever their types");
	CHECK(same_host, "10.0.0.1:50000>10.0.0.1:80 p6 0-10 3/2 30/20 1/1 given| ",
	    "a host that talks to itself has two sides too");
}

static void
test_answers(void)
{
	static const struct line lines[] = {
		{ "10.0.0.1", "10.0.0.9", 50000, 60000, 6, 2, 0, 0, 1, 40, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50001, 60000, 6, 2, 0, 0, 1, 40, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 60000, 50001, 6, 0x14, 0, 0, 1, 40, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50002, 60000, 6, 6, 0, 0, 2, 80, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 60000, 50002, 6, 0x12, 0, 0, 1, 44, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 20000, 50003, 6, 0x12, 0, 0, 1, 44, 0, 0, 0 },
	};

	CHECK(lines,
	    "10.0.0.1:50000>10.0.0.9:60000 p6 0-0 1/0 40/0 1/0 none| "
	    "10.0.0.1:50001>10.0.0.9:60000 p6 0-0 1/1 40/40 1/1 refused| "
	    "10.0.0.1:50002>10.0.0.9:60000 p6 0-0 2/1 80/44 1/1 given| "
	    "10.0.0.1:50003>10.0.0.9:20000 p6 0-0 0/1 0/44 0/1 only| ",
	    "a probe may get no answer, a refusal or an answer; an answer may come alone");
}

static void
test_pieces(void)
{
	static const struct line cut[] = {
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x1a, 0, 60000, 100, 1000, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 443, 50000, 6, 0x1a, 0, 60000, 90, 9000, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x18, 90000, 150000, 100, 1000, 0, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 443, 50000, 6, 0x18, 449000, 450000, 1, 40, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x11, 751000, 751000, 1, 40, 0, 0, 0 },
	};
	static const struct line reused[] = {
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x1b, 0, 1000, 5, 50, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x1b, 2000, 3000, 6, 60, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x02, 4000, 4000, 1, 7, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x02, 7000, 7000, 1, 7, 0, 0, 0 },
	};
	static const struct line poll[] = {
		{ "10.0.0.1", "10.0.0.9", 123, 123, 17, -1, 0, 0, 1, 76, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 123, 123, 17, -1, 64000, 64000, 1, 76, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 4500, 4500, 17, -1, 0, 60000, 10, 76, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 4500, 4500, 17, -1, 90000, 90000, 1, 76, 0, 0, 0 },
	};

	CHECK(cut,
	    "10.0.0.1:50000>10.0.0.9:443 p6 0-450000 200/91 2000/9040 2/2 given| "
	    "10.0.0.1:50000>10.0.0.9:443 p6 751000-751000 1/0 40/0 1/0 none| ",
	    "pieces of a TCP connection are joined over pauses up to the timeout");
	CHECK(reused,
	    "10.0.0.1:50000>10.0.0.9:443 p6 0-1000 5/0 50/0 1/0 none| "
	    "10.0.0.1:50000>10.0.0.9:443 p6 2000-3000 6/0 60/0 1/0 none| "
	    "10.0.0.1:50000>10.0.0.9:443 p6 4000-7000 2/0 14/0 2/0 none| ",
	    "ports that are used again are another conversation, a SYN sent again is not");
	CHECK(poll,
	    "10.0.0.1:123>10.0.0.9:123 p17 0-0 1/0 76/0 1/0 none| "
	    "10.0.0.1:123>10.0.0.9:123 p17 64000-64000 1/0 76/0 1/0 none| "
	    "10.0.0.1:4500>10.0.0.9:4500 p17 0-90000 11/0 152/0 2/0 none| ",
	    "polls from one port are conversations, what has lasted goes on after a pause");
}

static void
test_began(void)
{
	static const struct {
		struct side a, b;
		bool want;
		const char *name;
	} row[] = {
		{ { VOTE_BEGAN, 80, true, 5 }, { 0, 50000, true, 1 }, false, "a pure SYN" },
		{ { VOTE_BEGAN, 80, true, 5 }, { VOTE_BEGAN, 50000, true, 1 }, true,
		    "the port where both sent one" },
		{ { VOTE_ANSWERED, 50000, true, 1 }, { 0, 50001, false, 0 }, true,
		    "nothing but answers" },
		{ { VOTE_ANSWERED | VOTE_OTHER, 50000, true, 1 }, { 0, 443, true, 2 }, false,
		    "the port where there was more" },
		{ { 0, 3389, true, 1 }, { 0, 2000, true, 2 }, true, "a service above 1023" },
		{ { 0, 40000, true, 1 }, { 0, 60000, false, 0 }, false, "who sent anything" },
		{ { 0, 60000, true, 1 }, { 0, 40000, true, 0 }, false, "the higher port" },
		{ { 0, 123, true, 2 }, { 0, 123, true, 1 }, true, "who was first" },
		{ { 0, -1, true, 1 }, { 0, -1, true, 1 }, false, "nothing: the first side" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ok(conversation_begun_by_b(&row[i].a, &row[i].b) == row[i].want,
		    "what decides who began: %s", row[i].name);
	ok(conversation_vote(0x02) == VOTE_BEGAN && conversation_vote(0x06) == VOTE_BEGAN &&
		conversation_vote(0xc2) == VOTE_BEGAN,
	    "a SYN without ACK begins, ECN bits or a reset with it or not");
	ok(conversation_vote(0x12) == VOTE_ANSWERED && conversation_vote(0x14) == VOTE_ANSWERED &&
		conversation_vote(0x04) == VOTE_ANSWERED,
	    "SYN ACK, RST ACK and RST answer");
	ok(conversation_vote(0x1b) == VOTE_OTHER && conversation_vote(0x10) == VOTE_OTHER &&
		conversation_vote(0x1f) == VOTE_OTHER && conversation_vote(0) == 0,
	    "a whole connection and no flags say nothing");
}

/* A new client every `step` ms, each with an answer when answered is set. */
static void
pour(struct conversations *c, unsigned n, unsigned step, bool answered)
{
	for (unsigned i = 0; i < n; i++) {
		char client[32];
		struct line l[2] = { { client, "10.255.0.1", 50000, 80, 6, 0x1b, i * step, i * step,
					 1, 40, 0, 0, 0 },
			{ "10.255.0.1", client, 80, 50000, 6, 0x1b, i * step, i * step, 1, 40, 0, 0,
			    0 } };
		struct batch *b;

		snprintf(client, sizeof(client), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		b = make(l, answered ? 2 : 1);
		conversations_add(c, b, NULL);
		batch_free(b);
	}
}

static void
test_bounds(void)
{
	const struct conversation_opts small = { .open_most = 1000 };
	struct conversation_counts counts;
	struct taken t = { 0 };
	struct conversations *c = conversations_new(NULL, take, &t);

	pour(c, 5000, 1000, true);
	counts = conversations_counts(c);
	ok(counts.open_peak < 600, "what is over is handed out as time goes on");
	ok(counts.early == 0 && t.pieces == 0, "and nothing too early");
	conversations_finish(c);
	ok(t.n == 5000 && t.packets == 10000, "everything comes out, once");
	conversations_free(c);
	buf_free(&t.text);

	t = (struct taken){ 0 };
	c = conversations_new(&small, take, &t);
	pour(c, 5000, 0, false);
	counts = conversations_counts(c);
	ok(counts.open_peak <= 1000, "the bound of open ones holds");
	ok(counts.early > 3000 && t.pieces == counts.early,
	    "what goes too early is counted and says so");
	conversations_finish(c);
	ok(t.n == 5000 && t.packets == 5000, "and nothing is lost");
	conversations_free(c);
	buf_free(&t.text);
}

/* Too many are open: those that would have gone first go, and half of all stay. */
static void
test_room(void)
{
	enum { MOST = 4 * CONVERSATIONS_CHUNK - 1, FULL = 3 * CONVERSATIONS_CHUNK };
	const struct conversation_opts small = { .open_most = MOST };
	struct taken t = { 0 }, open = { 0 };
	struct conversations *c = conversations_new(&small, take_times, &t);
	uint64_t early;

	pour(c, FULL + CONVERSATIONS_CHUNK, 1, false);
	early = conversations_counts(c).early;
	conversations_peek(c, take_times, &open);
	ok(early >= FULL * 3 / 8 && early <= FULL * 5 / 8, "half of too many go: %llu of %d",
	    (unsigned long long)early, FULL);
	ok(t.n == early && t.last_ns < open.first_ns, "those that would have gone first");
	conversations_free(c);
}

/* More are open than the first index has places for, and each of them goes on. */
static void
test_many(void)
{
	enum { N = 20000 };
	struct taken t = { 0 };
	struct conversations *c = conversations_new(NULL, take, &t);

	pour(c, N, 0, false);
	pour(c, N, 0, true);
	ok(conversations_counts(c).open_peak == N, "as many are open as there are");
	conversations_finish(c);
	ok(t.n == N && t.packets == 3 * N, "and each is found again");
	conversations_free(c);
	buf_free(&t.text);
}

/* A request and its answer every ten minutes: a chunk of records spans a day, and ends between the two. */
static void
test_sparse(void)
{
	enum { N = 1000 };
	struct line *l = mem_zero(2 * N + 1, sizeof(*l));
	struct conversations *c = NULL;
	struct taken t = { 0 };
	struct batch *b;

	l[0] = (struct line){ "10.0.0.2", "10.0.0.9", 50000, 443, 6, 0x1b, 0, 0, 1, 10, 0, 0, 0 };
	for (int i = 0; i < N; i++) {
		int64_t ms = 1000 + i * INT64_C(600000);

		l[2 * i + 1] = (struct line){ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x1b, ms,
			ms + 100, 1, 10, 0, 0, 0 };
		l[2 * i + 2] = (struct line){ "10.0.0.9", "10.0.0.1", 443, 50000, 6, 0x1b, ms,
			ms + 100, 1, 10, 0, 0, 0 };
	}
	b = make(l, 2 * N + 1);
	c = conversations_new(NULL, take, &t);
	conversations_add(c, b, NULL);
	conversations_finish(c);
	is_u64(t.n, N + 1, "an answer finds its question where records are few");
	conversations_free(c);
	batch_free(b);
	buf_free(&t.text);
	mem_free(l);
}

static void
test_odd_times(void)
{
	static const struct line back[] = {
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x1a, 90000000, 90000000, 1, 10, 0, 0, 0 },
		{ "10.0.0.2", "10.0.0.9", 50000, 443, 6, 0x1a, 1000, 500, 1, 10, 0, 0, 0 },
		{ "10.0.0.2", "10.0.0.9", 50000, 443, 6, 0x1a, -5000, -4000, 1, 10, 0, 0, 0 },
		{ "10.0.0.2", "10.0.0.9", 50000, 443, 6, 0x1a, INT64_MAX / MS, INT64_MAX / MS, 1,
		    10, 0, 0, 0 },
	};
	static const struct line missing[] = {
		{ "", "10.0.0.9", 50000, 443, 6, 0x1a, 0, 0, 1, 10, 0, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 6, 0x1a, 0, 0, 1, 10, 0, 0, 0 },
	};
	struct taken t = { 0 };
	struct conversations *c = conversations_new(NULL, take, &t);
	struct batch *b;

	for (unsigned i = 0; i < 4; i++) {
		b = make(&back[i], 1);
		conversations_add(c, b, NULL);
		batch_free(b);
	}
	conversations_finish(c);
	ok(t.packets == 4,
	    "times that fall, end before they start or are out of this world lose nothing");
	b = make(missing, 2);
	conversations_add(c, b, NULL);
	batch_free(b);
	b = batch_new();
	batch_extend(b, 3);
	batch_close(b);
	conversations_add(c, b, NULL);
	batch_free(b);
	conversations_finish(c);
	ok(t.packets == 5, "a record without an address is of no conversation");
	ok(conversations_counts(c).strange == 4, "and is counted");
	conversations_free(c);
	buf_free(&t.text);
}

/* What was handed out, whatever the order. */
static void
add_up(void *ctx, const struct conversation *c, size_t n)
{
	struct taken *t = ctx;

	for (size_t i = 0; i < n; i++, c++) {
		uint64_t w[] = { (uint64_t)c->start_ns, (uint64_t)c->end_ns, c->packets, c->bytes,
			c->rpackets, c->rbytes, (uint64_t)c->flows << 32 | c->rflows, c->flags,
			c->rflags, (uint64_t)c->client_port << 32 | c->server_port, c->proto,
			c->answer, hash_xxh64(&c->client, 16), hash_xxh64(&c->server, 16) };

		t->packets += hash_xxh64(w, sizeof(w));
		t->n++;
	}
}

/* What was handed out, and in what order. */
static void
add_in_order(void *ctx, const struct conversation *c, size_t n)
{
	struct taken *t = ctx;

	for (size_t i = 0; i < n; i++, c++, t->n++) {
		uint64_t w[] = { t->packets, (uint64_t)c->start_ns, (uint64_t)c->end_ns,
			hash_xxh64(&c->client, 16) };

		t->packets = hash_xxh64(w, sizeof(w));
	}
}

/* N tries, a fifth of a second each, of clients that try twice, in blocks of so many; what came of them. */
static uint64_t
order_of(size_t block)
{
	enum { N = 4000 };
	struct taken t = { 0 };
	struct conversations *c = conversations_new(NULL, add_in_order, &t);

	for (size_t i = 0; i < N; i += block) {
		struct line *l = mem_zero(block, sizeof(*l));
		char(*client)[16] = mem_zero(block, sizeof(*client));
		size_t n = 0;

		for (; n < block && i + n < N; n++) {
			unsigned k = (unsigned)hash_u64(1, i + n) % (N / 2);

			snprintf(client[n], sizeof(client[n]), "10.0.%u.%u", k >> 8, k & 255);
			l[n] = (struct line){ client[n], "10.255.0.1", 50000, 80, 6, 2,
				(int64_t)(i + n) * 200, (int64_t)(i + n) * 200, 1, 40, 0, 0, 0 };
		}
		struct batch *b = make(l, n);

		conversations_add(c, b, NULL);
		batch_free(b);
		mem_free(client);
		mem_free(l);
	}
	conversations_finish(c);
	conversations_free(c);
	return t.packets;
}

static void
test_blocks(void)
{
	uint64_t whole = order_of(4000);

	ok(order_of(77) == whole && order_of(1) == whole && order_of(256) == whole,
	    "what is handed out, and in what order, does not depend on blocks");
}

/* Records come in no order; what is handed out together is in order of start, if that was asked for. */
static void
test_by_start(void)
{
	enum { N = 3000 };

	for (int by_start = 0; by_start < 2; by_start++) {
		const struct conversation_opts opts = { .by_start = by_start };
		struct taken t = { 0 };
		struct conversations *c = conversations_new(&opts, take_times, &t);

		for (unsigned i = 0; i < N; i++) {
			char client[32];
			int64_t ms = (int64_t)(hash_u64(1, i) % 20000);
			struct line l = { client, "10.255.0.1", 50000, 80, 6, 2, ms, ms, 1, 40, 0,
				0, 0 };
			struct batch *b;

			snprintf(client, sizeof(client), "10.0.%u.%u", i >> 8, i & 255);
			b = make(&l, 1);
			conversations_add(c, b, NULL);
			batch_free(b);
		}
		conversations_finish(c);
		ok(t.n == N && (t.falls == 0) == by_start, "%s order of start",
		    by_start ? "in" : "else in no");
		conversations_free(c);
	}
}

struct moving {
	struct conversations *to;
	unsigned refused, twice;
};

static void
move(void *ctx, const struct conversation_row *row)
{
	struct moving *m = ctx;

	m->refused += !conversations_resume(m->to, row);
	m->twice += conversations_resume(m->to, row);
}

static void
test_resume(void)
{
	const size_t N = 4000, CUT = 130;
	struct line *l = mem_zero(N, sizeof(*l));
	struct taken whole = { 0 }, cut = { 0 }, seen = { 0 };
	struct conversations *c = conversations_new(NULL, add_up, &whole);
	struct moving m = { 0 };
	struct conversation_row odd = { .sampling = 1, .end_ns = 5, .ends.port = { 2, 1 } };
	uint64_t r = 1;

	/* Two seconds a record, two hosts, four ports: pieces, answers and ports used again. */
	for (size_t i = 0; i < N; i++) {
		unsigned port = (unsigned)((r = hash_u64(1, r)) % 4), way = r >> 8 & 1;

		l[i] = (struct line){ way ? "10.0.0.1" : "10.0.0.9", way ? "10.0.0.9" : "10.0.0.1",
			way ? 50000 + port : 443, way ? 443 : 50000 + port, port ? 6 : 17,
			r >> 9 & 15 ? 0x18 : 0x13, (int64_t)i * 2000 - (int64_t)(r >> 16 & 0xffff),
			(int64_t)i * 2000, 1, r & 0xffff, 0, 0, r >> 40 & 1 };
	}
	for (size_t i = 0; i < N; i += CUT) {
		struct batch *b = make(l + i, N - i < CUT ? N - i : CUT);

		conversations_add(c, b, NULL);
		batch_free(b);
	}
	conversations_finish(c);
	conversations_free(c);
	c = conversations_new(NULL, add_up, &cut);
	for (size_t i = 0; i < N; i += CUT) {
		struct batch *b = make(l + i, N - i < CUT ? N - i : CUT);

		conversations_add(c, b, NULL);
		batch_free(b);
		conversations_due(c);
		m.to = conversations_new(NULL, add_up, &cut);
		conversations_set_clock(m.to, conversations_clock(c));
		conversations_open(c, move, &m);
		conversations_free(c);
		c = m.to;
	}
	conversations_peek(c, add_up, &seen);
	seen.packets += cut.packets;
	conversations_finish(c);
	ok(whole.n > 100 && cut.n == whole.n && cut.packets == whole.packets,
	    "runs that go on hand out what one does");
	ok(m.refused == 0 && m.twice == 0, "rows go on in the next run, none of them twice");
	ok(seen.packets == cut.packets, "and those that are open could be seen before");
	ok(!conversations_resume(c, &odd), "a row that no record makes is refused");
	conversations_free(c);
	mem_free(l);
}

int
main(void)
{
	test_began();
	test_pairs();
	test_answers();
	test_pieces();
	test_bounds();
	test_room();
	test_many();
	test_sparse();
	test_odd_times();
	test_blocks();
	test_by_start();
	test_resume();
	return done_testing();
}
