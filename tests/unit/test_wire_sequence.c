/* Sequence numbers of v9 and IPFIX, and the window itself. */
#include "wire/sequence.h"

#include "random_batch.h"
#include "wire_craft.h"

static const uint16_t small[][2] = { { 8, 4 }, { 2, 4 } };

static void
test_wrap(void)
{
	struct sequence q = { 0 };

	sequence_message(&q, UINT32_MAX - 4, 10, 0);
	sequence_message(&q, 5, 10, 0);
	is_u64(q.lost, 0, "sequence: a counter that wraps loses nothing");
	sequence_message(&q, 25, 10, 0);
	is_u64(q.lost, 10, "sequence: and counts on behind the wrap");
	q = (struct sequence){ 0 };
	sequence_message(&q, UINT32_MAX - 9, 5, 0);
	sequence_message(&q, 10, 5, 0);
	is_u64(q.lost, 15, "sequence: a gap may lie across it");
	sequence_message(&q, UINT32_MAX - 4, 10, 0);
	is_u64(q.lost, 5, "sequence: and be filled there");
}

static void
test_window(void)
{
	struct sequence q = { 0 };
	uint32_t late[64];

	for (uint32_t i = 0, n = 0; i < 160; i++) {
		if (i >= 64 && i < 128 && i % 2 == 0 && n < 64)
			late[n++] = i;
		else
			sequence_message(&q, i, 1, 0);
	}
	is_u64(q.lost, 32, "sequence: every second of 64 messages is missing");
	for (unsigned i = 0; i < 32; i++)
		sequence_message(&q, late[31 - i], 1, 0);
	is_u64(q.lost, 0, "sequence: all of them come late, backwards, and nothing is lost");
	is_u64(q.reordered, 32, "sequence: they are reordered");
	is_u64(q.duplicate, 0, "sequence: not duplicates");
	for (unsigned i = 0; i < 64; i++)
		sequence_message(&q, 159 - i, 1, 0);
	is_u64(q.duplicate, 64, "sequence: the last 64 once more are duplicates");
	sequence_message(&q, 160, 1, 0);
	is_u64(q.lost + q.incoherent + q.restarts, 0, "sequence: which changes nothing after");
}

/* What is missing of a gap stays missing, wherever in it the late ones were. */
static void
test_parts_of_gap(void)
{
	static const uint32_t late[] = { 5, 3, 8, 1 };
	struct sequence q = { 0 };

	sequence_message(&q, 0, 1, 0);
	sequence_message(&q, 10, 1, 0);
	for (unsigned i = 0; i < 4; i++) {
		sequence_message(&q, late[i], 1, 0);
		is_u64(q.lost, 8 - i, "sequence: one less is missing of a gap");
	}
	is_u64(q.reordered, 4, "sequence: of which the late ones are reordered");
	for (unsigned i = 0; i < 4; i++)
		sequence_message(&q, late[i], 1, 0);
	is_u64(q.lost, 5, "sequence: the same once more are not missing less");
	is_u64(q.duplicate, 4, "sequence: but duplicates");
	for (uint32_t i = 11; i < 200; i++)
		sequence_message(&q, i, 1, 0);
	sequence_message(&q, 9, 1, 0);
	is_u64(q.incoherent, 1, "sequence: one that comes so late is of another counter");
	is_u64(q.lost, 4, "sequence: and what is left of its part of the gap never was");
}

static void
test_unknown(void)
{
	struct sequence q = { 0 };

	sequence_message(&q, 0, 10, 100);
	sequence_message(&q, 25, 5, 0);
	is_u64(q.lost, 0, "sequence: what could not be counted is not lost");
	is_u64(q.records_unknown, 15, "sequence: the next message tells how many they were");
	sequence_message(&q, 30, 5, 8);
	sequence_message(&q, 135, 5, 0);
	is_u64(q.records_unknown, 23, "sequence: no more than there were octets");
	is_u64(q.lost, 92, "sequence: the rest is lost");

	q = (struct sequence){ 0 };
	sequence_message(&q, 0, 10, 0);
	sequence_message(&q, 20, 10, 0);
	sequence_message(&q, 10, 5, 100);
	is_u64(q.lost, 5, "sequence: of what came late something could not be counted");
	sequence_message(&q, 35, 5, 0);
	is_u64(q.lost, 10, "sequence: which explains nothing that is missing behind others");
	is_u64(q.records_unknown, 0, "sequence: nor makes it unknown");
}

/* Another connection, or an exporter that began anew: what the one before lost or had is not there any more. */
static void
test_end(void)
{
	struct sequence q = { 0 };

	sequence_message(&q, 1000, 10, 0);
	sequence_message(&q, 1020, 10, 0);
	sequence_end(&q);
	sequence_message(&q, 2000, 10, 0);
	sequence_message(&q, 1010, 10, 0);
	is_u64(q.lost, 10, "sequence: nothing fills a gap of the counter before");
	is_u64(q.reordered, 0, "sequence: nor is late for it");
	sequence_message(&q, 1000, 10, 0);
	is_u64(q.duplicate, 0, "sequence: nor there twice");
}

static void
test_restart(void)
{
	struct sequence q = { 0 };

	sequence_message(&q, 5000000, 10, 0);
	sequence_message(&q, 0, 10, 0);
	is_u64(q.restarts, 0, "sequence: one message far behind proves nothing");
	sequence_message(&q, 5000010, 10, 0);
	is_u64(q.lost, 0, "sequence: the counter goes on");
	sequence_message(&q, 0, 7, 0);
	sequence_message(&q, 7, 7, 0);
	is_u64(q.restarts, 1, "sequence: two in line do: the exporter began anew");
	sequence_message(&q, 14, 7, 0);
	is_u64(q.lost, 0, "sequence: nothing is lost by that");
	is_u64(q.incoherent, 0, "sequence: nor is it incoherent");

	q = (struct sequence){ 0 };
	sequence_message(&q, 5000000, 10, 0);
	sequence_message(&q, 100000, 10, 0);
	sequence_message(&q, 100010, 10, 0);
	is_u64(q.incoherent, 1, "sequence: far behind, but not near 0, is another counter");
	is_u64(q.restarts, 0, "sequence: and no exporter that began anew");
}

static void
test_two_counters(void)
{
	struct sequence q = { 0 };
	uint32_t a = 1000000, b = 900000000;

	for (unsigned i = 0; i < 2000; i++) {
		sequence_message(&q, a, 10, 0);
		a += 10;
		sequence_message(&q, b, 10, 0);
		b += 10;
	}
	ok(q.incoherent > 0, "sequence: two counters under one key are incoherent");
}

static void
test_protocols(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 4; i++) {
		begin_v9(&c, 3, i == 3 ? 7 : i, 1);
		put_template_set(&c, 0, 256, 2, small);
		open_set(&c, 256);
		put(&c, 0, 16);
		close_set(&c);
		rig_send(&r, &c);
	}
	is_u64(rig_stats(&r).lost, 4, "sequence: v9 counts messages");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 4; i++) {
		begin_ipfix(&c, i == 3 ? 16 : 2 * i, 1);
		put_template_set(&c, 2, 256, 2, small);
		open_set(&c, 256);
		put(&c, 0, 16);
		close_set(&c);
		rig_send(&r, &c);
	}
	is_u64(rig_stats(&r).lost, 10, "sequence: IPFIX counts data records, and no templates");
	begin_ipfix(&c, 18, 1);
	put_template_set(&c, 2, 257, 2, small);
	rig_send(&r, &c);
	begin_ipfix(&c, 18, 1);
	open_set(&c, 300);
	put(&c, 0, 24);
	close_set(&c);
	rig_send(&r, &c);
	begin_ipfix(&c, 21, 1);
	open_set(&c, 257);
	put(&c, 0, 8);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost, 10, "sequence: sets without template are no loss");
	is_u64(rig_stats(&r).records_unknown, 3, "sequence: their records are counted as unknown");
	is_u64(rig_stats(&r).unknown_template_sets, 1, "sequence: and the set");
	rig_close(&r);
}

/* IPFIX: what counts is data records, those of options too, of each domain and SCTP stream for itself. */
static void
test_ipfix_counts(void)
{
	static const uint16_t option[][2] = { { 149, 4 }, { 41, 4 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 700, 1);
	open_set(&c, 3);
	put(&c, 300, 2);
	put(&c, 2, 2);
	put(&c, 1, 2);
	put(&c, (uint64_t)option[0][0] << 16 | option[0][1], 4);
	put(&c, (uint64_t)option[1][0] << 16 | option[1][1], 4);
	close_set(&c);
	put_template_set(&c, 2, 256, 2, small);
	open_set(&c, 300);
	put(&c, 0, 24);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 0, 16);
	close_set(&c);
	is_u64(rig_send(&r, &c), 5, "sequence: three options records and two flows");
	is_u64(rig_stats(&r).lost, 0, "sequence: the first number is where counting begins");
	begin_ipfix(&c, 705, 1);
	open_set(&c, 256);
	put(&c, 0, 8);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost + rig_stats(&r).duplicate, 0,
	    "sequence: IPFIX counts options records too");
	is_u64(rig_send(&r, &c), 1, "sequence: a message that came twice is decoded twice");
	is_u64(rig_stats(&r).duplicate, 1, "sequence: and counted");
	begin_ipfix(&c, 705, 1);
	put_template_set(&c, 2, 256, 2, small);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).duplicate, 1,
	    "sequence: templates alone have the number of data behind them");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 12; i++) {
		begin_ipfix(&c, i / 3, 1 + i % 3);
		put_template_set(&c, 2, 256, 2, small);
		open_set(&c, 256);
		put(&c, 0, 8);
		close_set(&c);
		rig_send(&r, &c);
	}
	is_u64(rig_totals(&r).lost + rig_totals(&r).duplicate, 0,
	    "sequence: each domain counts for itself");
	rig_close(&r);
}

/* Records in a damaged part of a message are unknown, as those without template are, and not lost. */
static void
test_damage(void)
{
	static const uint16_t names[][2] = { { 10, 4 }, { 82, 65535 } };
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 2, small);
	open_set(&c, 256);
	put(&c, 0, 16);
	close_set(&c);
	open_set(&c, 256);
	put(&c, 1, 16);
	close_set(&c);
	fix(&c, c.set + 2, 60);
	is_u64(rig_send(&r, &c), 2, "sequence: two records, and a set longer than its message");
	begin_ipfix(&c, 4, 1);
	put_template_set(&c, 2, 257, 2, names);
	open_set(&c, 257);
	put(&c, 7, 4);
	put(&c, 0, 1);
	put(&c, 8, 4);
	put(&c, 250, 1);
	put(&c, 9, 4);
	put(&c, 0, 1);
	close_set(&c);
	is_u64(rig_send(&r, &c), 1, "sequence: one record, and a field longer than its set");
	is_u64(rig_stats(&r).lost, 0, "sequence: what was in the damaged set is not lost");
	is_u64(rig_stats(&r).records_unknown, 2, "sequence: but unknown");
	begin_ipfix(&c, 7, 1);
	open_set(&c, 256);
	put(&c, 0, 8);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(rig_stats(&r).lost, 0, "sequence: nor are records behind a damaged one");
	is_u64(rig_stats(&r).records_unknown, 4, "sequence: which are unknown too");
	rig_close(&r);
}

/* What a message says that it has counts, however much of it came. */
static void
test_cut_short(void)
{
	struct rig r;
	static struct craft c;
	struct wire_totals t;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v5(&c, 3, 100, 0);
	put_v5_record(&c, 1, 2, 3);
	put_v5_record(&c, 1, 2, 3);
	is_u64(rig_send(&r, &c), 2, "cut: version 5, the records that came");
	begin_v5(&c, 1, 103, 0);
	put_v5_record(&c, 1, 2, 3);
	rig_send(&r, &c);
	is_u64(rig_totals(&r).lost, 0, "cut: version 5, the third was sent");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 2, small);
	open_set(&c, 256);
	put(&c, 0, 8);
	close_set(&c);
	fix(&c, 2, (unsigned)c.n + 12);
	is_u64(rig_decode(&r, c.d, c.n), 1, "cut: IPFIX, the record that came");
	begin_ipfix(&c, 2, 1);
	open_set(&c, 256);
	put(&c, 0, 8);
	close_set(&c);
	rig_send(&r, &c);
	t = rig_totals(&r);
	is_u64(t.lost, 0, "cut: IPFIX, the other one was sent");
	is_u64(t.records_unknown, 1, "cut: IPFIX, and is unknown");
	rig_close(&r);
}

static void
test_streams(void)
{
	struct rig r;
	static struct craft c;
	struct wire_totals t;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_ASSOCIATION;
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 2, small);
	rig_send(&r, &c);
	for (unsigned i = 0; i < 12; i++) {
		r.msg.stream_id = (uint16_t)(i % 3);
		begin_ipfix(&c, i / 3 + (i == 10 ? 7 : 0), 1);
		open_set(&c, 256);
		put(&c, 0, 8);
		close_set(&c);
		is_u64(rig_send(&r, &c), 1, "SCTP: a template holds on every stream");
	}
	t = rig_totals(&r);
	is_u64(t.lost, 7, "SCTP: numbers count in each stream");
	is_u64(t.duplicate + t.incoherent + t.reordered, 0, "SCTP: and in no other");
	wire_disconnect(
	    r.w, WIRE_ASSOCIATION, &r.msg.exporter, r.msg.port, &(struct wire_place){ .port = 0 });
	for (unsigned i = 0; i < 3; i++) {
		r.msg.stream_id = (uint16_t)i;
		begin_ipfix(&c, 1000 * i, 1);
		put_template_set(&c, 2, 256, 2, small);
		open_set(&c, 256);
		put(&c, 0, 8);
		close_set(&c);
		rig_send(&r, &c);
	}
	t = rig_totals(&r);
	is_u64(t.lost, 7, "SCTP: another association counts anew on every stream");
	is_u64(t.duplicate + t.incoherent + t.reordered, 0, "SCTP: and none is late");
	rig_close(&r);
}

static void
test_keys(void)
{
	struct rig r;
	static struct craft c;
	struct wire_stats s;
	uint64_t lost = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 8; i++) {
		begin_v9(&c, 0, 1000 * (i % 2) + i / 2, 1);
		r.msg.port = (uint16_t)(2000 + i % 2);
		rig_send(&r, &c);
	}
	for (size_t i = 0; wire_stats_at(r.w, i, &s); i++)
		lost += s.lost;
	is_u64(lost, 0, "sequence: exporters behind one address are told apart by port");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .scope_ip = true });
	for (unsigned i = 0; i < 8; i++) {
		begin_v9(&c, 0, i, 1);
		r.msg.port = (uint16_t)(2000 + i);
		rig_send(&r, &c);
	}
	is_u64(rig_stats(&r).messages, 8, "scope_ip: an exporter of many ports is one");
	is_u64(rig_stats(&r).lost, 0, "scope_ip: with one counter");
	rig_close(&r);
}

static void
test_common_count(void)
{
	uint64_t before = 0;
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 40; i++) {
		begin_v9(&c, 0, i, i * 7 % 5);
		rig_send(&r, &c);
	}
	is_u64(rig_totals(&r).lost, 0,
	    "sequence: a count common to all source ids of an exporter is no loss");
	begin_v9(&c, 0, 43, 2);
	rig_send(&r, &c);
	is_u64(rig_totals(&r).lost, 3, "sequence: and tells true loss");
	for (unsigned i = 40; i < 43; i++) {
		begin_v9(&c, 0, i, i % 2);
		rig_send(&r, &c);
	}
	begin_v9(&c, 0, 44, 2);
	rig_send(&r, &c);
	is_u64(rig_totals(&r).lost, 0, "sequence: which is none when they come late in any domain");
	is_u64(rig_totals(&r).reordered, 3, "sequence: but reordered");
	begin_v9(&c, 0, 48, 2);
	rig_send(&r, &c);
	is_u64(rig_totals(&r).lost, 3, "sequence: more is missing");
	begin_v9(&c, 0, 46, 2);
	for (unsigned i = 0; i < 3; i++)
		rig_send(&r, &c);
	is_u64(rig_totals(&r).lost, 2, "sequence: of which one comes late, and twice more");
	is_u64(rig_totals(&r).reordered, 4, "sequence: it is late once");
	is_u64(rig_totals(&r).duplicate, 2, "sequence: and a duplicate then");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 12; i++) {
		begin_v9(&c, 0, i / 2, i % 2);
		if (i != 6)
			rig_send(&r, &c);
	}
	is_u64(rig_totals(&r).lost, 1,
	    "sequence: one number that follows that of another source id hides no loss");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 200; i++) {
		begin_v9(&c, 0, i < 40 ? i : 100 + i / 2 + (i >= 120 ? 2 : 0), i % 2);
		rig_send(&r, &c);
		if (i == 100)
			before = rig_totals(&r).lost;
	}
	is_u64(rig_totals(&r).lost - before, 4,
	    "sequence: an exporter that no longer counts in common is found out too");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 40; i++) {
		begin_v9(&c, 0, (i % 2 ? 1000 : 0) + i / 2 + (i >= 20 ? 5 : 0), i % 2);
		rig_send(&r, &c);
	}
	is_u64(rig_totals(&r).lost, 10, "sequence: counts of each source id are told apart");
	rig_close(&r);
}

/* An exporter of several domains, whose messages are lost and overtake each other. */
enum { TRIAL_DOMAINS = 6, TRIAL_MESSAGES = 4000 };
struct trial {
	bool common; /* it counts the messages of all domains together */
	unsigned domains;
	enum trial_order { BY_CHANCE, ONE_MOST, IN_TURN, TRIAL_ORDERS } order;
	uint32_t start[TRIAL_DOMAINS]; /* numbers; of a common count the first */
	unsigned lost, overtaken; /* in a thousand */
};

/* Messages as they arrive: domain and number; how many did not although a later one of the same count did. */
struct trial_run {
	unsigned n, domain[TRIAL_MESSAGES];
	uint32_t seq[TRIAL_MESSAGES];
	uint64_t lost;
};

static unsigned
trial_domain(const struct trial *t, uint64_t *state, unsigned i)
{
	if (t->order == IN_TURN || i < t->domains)
		return i % t->domains;
	if (t->order == ONE_MOST && rnd_below(state, 8) > 0)
		return 0;
	return (unsigned)rnd_below(state, t->domains);
}

static void
trial_send(const struct trial *t, uint64_t *state, struct trial_run *run)
{
	uint32_t next[TRIAL_DOMAINS];
	uint64_t lost[TRIAL_DOMAINS] = { 0 };

	memcpy(next, t->start, sizeof(next));
	run->n = 0;
	run->lost = 0;
	for (unsigned i = 0; i < TRIAL_MESSAGES; i++) {
		unsigned domain = trial_domain(t, state, i), count = t->common ? 0 : domain;

		if (i >= t->domains && rnd_below(state, 1000) < t->lost) {
			next[count]++;
			lost[count]++;
			continue;
		}
		run->domain[run->n] = domain;
		run->seq[run->n++] = next[count]++;
		run->lost += lost[count];
		lost[count] = 0;
	}
	for (unsigned i = t->domains; i + 8 < run->n; i++) {
		unsigned j = i + 1 + (unsigned)rnd_below(state, 7);
		unsigned domain = run->domain[i];
		uint32_t seq = run->seq[i];

		if (rnd_below(state, 1000) >= t->overtaken)
			continue;
		for (; i < j; i++) {
			run->domain[i] = run->domain[i + 1];
			run->seq[i] = run->seq[i + 1];
		}
		run->domain[i] = domain;
		run->seq[i] = seq;
	}
}

/* By how much more or less than was lost the counters say. */
static int64_t
trial_error(const struct trial *t, uint64_t seed, uint64_t *lost)
{
	static struct trial_run run;
	struct sequence q[TRIAL_DOMAINS] = { { .known = false } };
	struct sequence_exporter e = { .known = false };
	uint64_t counted = 0;

	trial_send(t, &seed, &run);
	for (unsigned i = 0; i < run.n; i++)
		sequence_datagram(&q[run.domain[i]], &e, run.seq[i]);
	for (unsigned i = 0; i < t->domains; i++)
		counted += q[i].lost;
	*lost = run.lost;
	return (int64_t)(counted - run.lost);
}

/* The worst of some trials; what its domains' numbers begin with is alike, near or anything. */
static int64_t
trial_worst(struct trial t, uint64_t *state, uint64_t *lost)
{
	int64_t worst = 0;

	for (unsigned i = 0; i < 12; i++) {
		uint64_t lost_now;
		int64_t error;

		for (unsigned k = 0; k < TRIAL_DOMAINS; k++)
			t.start[k] = (uint32_t)(i < 4	? 0
						: i < 8 ? rnd_below(state, 30)
							: rnd(state));
		error = trial_error(&t, rnd(state), &lost_now);
		if (llabs(error) >= llabs(worst)) {
			worst = error;
			*lost = lost_now;
		}
	}
	return worst;
}

/*
 * Own counts give what was lost to a message; a common one too, and little more where messages overtook
 * others while it was not known yet.
 */
static void
test_trials(void)
{
	static const unsigned lost[] = { 0, 10, 50 }, overtaken[] = { 0, 20, 100 };
	static const char *const orders[TRIAL_ORDERS] = { "by chance", "one most", "in turn" };
	uint64_t state = 1, n = 0;

	for (struct trial t = { .domains = 1 }; t.domains <= TRIAL_DOMAINS; t.domains++)
		for (t.order = BY_CHANCE; t.order < TRIAL_ORDERS; t.order++)
			for (unsigned i = 0; i < 9; i++) {
				int64_t own, common;

				t.lost = lost[i / 3];
				t.overtaken = overtaken[i % 3];
				t.common = false;
				own = trial_worst(t, &state, &n);
				t.common = true;
				common = trial_worst(t, &state, &n);
				ok(own == 0 && common >= 0 &&
					common <= (t.overtaken ? 100 + t.overtaken : 0),
				    "sequence: %u domains, %s, of 1000 %u lost and %u late: "
				    "%" PRId64 " too many, %" PRId64 " of a common count",
				    t.domains, orders[t.order], t.lost, t.overtaken, own, common);
			}
	for (struct trial t = { .domains = 2, .lost = 200, .order = IN_TURN }; t.overtaken <= 100;
	     t.overtaken += 50) {
		int64_t own = trial_worst(t, &state, &n);

		ok((uint64_t)llabs(own) <= n / 5,
		    "sequence: a fifth lost of two counts that go in step: %" PRId64 " of %" PRIu64,
		    own, n);
	}
}

static void
test_v9_restart(void)
{
	struct rig r;
	static struct craft c;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_v9(&c, 1, 500, 1);
	put_template_set(&c, 0, 256, 2, small);
	rig_send(&r, &c);
	begin_v9(&c, 1, 501, 1);
	fix(&c, 4, 0); /* uptime alone */
	fix(&c, 6, 100);
	open_set(&c, 256);
	put(&c, 0, 8);
	close_set(&c);
	is_u64(rig_send(&r, &c), 1, "sequence: uptime alone going back keeps the templates");
	begin_v9(&c, 1, 502, 1);
	rig_send(&r, &c);
	begin_v9(&c, 1, 0, 1);
	fix(&c, 4, 0);
	fix(&c, 6, 100);
	open_set(&c, 256);
	put(&c, 0, 8);
	close_set(&c);
	is_u64(rig_send(&r, &c), 0, "sequence: with the number too they are forgotten");
	is_u64(rig_stats(&r).held, 1, "sequence: and what follows waits for new ones");
	is_u64(rig_stats(&r).restarts, 1, "sequence: the restart is counted");
	is_u64(rig_stats(&r).lost, 0, "sequence: and loses nothing");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned domain = 1; domain <= 2; domain++) {
		begin_v9(&c, 1, 500, domain);
		put_template_set(&c, 0, 256, 2, small);
		rig_send(&r, &c);
	}
	begin_v9(&c, 0, 0, 1);
	fix(&c, 4, 0);
	fix(&c, 6, 100);
	rig_send(&r, &c);
	begin_v9(&c, 1, 501, 2);
	open_set(&c, 256);
	put(&c, 0, 8);
	close_set(&c);
	is_u64(rig_totals(&r).restarts, 1, "sequence: one domain began anew");
	is_u64(rig_send(&r, &c), 1, "sequence: which leaves another domain its templates");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 3; i++) {
		unsigned sent = i == 0 ? 500 : 503 - i; /* the last two overtook each other */

		begin_v9(&c, 1, sent, 1);
		fix(&c, 4, (UPTIME_MS + sent) >> 16);
		fix(&c, 6, (UPTIME_MS + sent) & 0xffff);
		if (i == 0)
			put_template_set(&c, 0, 256, 2, small);
		open_set(&c, 256);
		put(&c, 0, 8);
		close_set(&c);
		is_u64(rig_send(&r, &c), 1, "sequence: a message by a template");
	}
	is_u64(rig_stats(&r).restarts, 0, "sequence: late is not begun anew");
	is_u64(rig_stats(&r).reordered, 1, "sequence: but reordered");
	rig_close(&r);
}

int
main(void)
{
	test_wrap();
	test_window();
	test_parts_of_gap();
	test_unknown();
	test_end();
	test_restart();
	test_two_counters();
	test_protocols();
	test_ipfix_counts();
	test_damage();
	test_cut_short();
	test_streams();
	test_keys();
	test_common_count();
	test_trials();
	test_v9_restart();
	return done_testing();
}
