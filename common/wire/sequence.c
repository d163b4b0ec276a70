#include "wire/sequence.h"

/* So many messages in a row that only the other way of counting explains make that one believed. */
enum { CONTRARY = 6 };

/* Below this a number far behind the expected one means that the exporter began anew. */
enum { FRESH = 4096 };

static void
remember(struct sequence *q, uint32_t seq, uint64_t units)
{
	if (units > 0)
		q->recent[q->messages++ % SEQUENCE_WINDOW] = seq;
}

static void
resync(struct sequence *q, uint32_t seq, uint64_t units)
{
	remember(q, seq, units);
	q->known = true;
	q->suspect = false;
	q->next = seq + (uint32_t)units;
}

static void
drop_gap(struct sequence *q, unsigned i)
{
	q->gap[i] = q->gap[--q->n_gaps];
}

static void
add_gap(struct sequence *q, struct sequence_gap g)
{
	unsigned oldest = 0;

	if (g.n == 0)
		return;
	if (q->n_gaps == SEQUENCE_GAPS) {
		for (unsigned i = 1; i < q->n_gaps; i++)
			if (q->gap[i].born < q->gap[oldest].born)
				oldest = i;
		drop_gap(q, oldest);
	}
	q->gap[q->n_gaps++] = g;
}

/* The next n units did not come.  run: see struct sequence_gap. */
static void
lose(struct sequence *q, uint32_t n, uint32_t run)
{
	q->lost += n;
	add_gap(q, (struct sequence_gap){ q->next, n, run, q->messages });
	q->next += n;
}

/* They were not lost, as far as that was not said of them before. */
static void
find(struct sequence *q, uint64_t n)
{
	q->lost -= n < q->lost ? n : q->lost;
}

/*
 * A late message fills part of a gap.  A gap that is still being filled long after it opened was none:
 * two counters share one key (several exporters behind one address).
 */
static bool
fill_gap(struct sequence *q, uint32_t seq, uint64_t units)
{
	for (unsigned i = 0; i < q->n_gaps; i++) {
		struct sequence_gap g = q->gap[i];
		uint32_t before = seq - g.from, take;

		if (before >= g.n)
			continue;
		drop_gap(q, i);
		remember(q, seq, units);
		q->reordered++;
		if (q->messages - g.born > SEQUENCE_WINDOW) {
			q->incoherent++;
			find(q, g.n);
			return true;
		}
		take = units < g.n - before ? (uint32_t)units : g.n - before;
		find(q, take);
		add_gap(q, (struct sequence_gap){ g.from, before, g.run, g.born });
		add_gap(q, (struct sequence_gap){ seq + take, g.n - before - take, g.run, g.born });
		return true;
	}
	return false;
}

static bool
is_recent(const struct sequence *q, uint32_t seq)
{
	uint64_t n = q->messages < SEQUENCE_WINDOW ? q->messages : SEQUENCE_WINDOW;

	for (uint64_t i = 0; i < n; i++)
		if (q->recent[i] == seq)
			return true;
	return false;
}

/* Not ahead: late, sent twice, or another counter. */
static void
behind(struct sequence *q, uint32_t seq, uint64_t units)
{
	if (units == 0) /* IPFIX: templates only, numbered as the message behind them */
		return;
	if (fill_gap(q, seq, units))
		return;
	if (is_recent(q, seq)) {
		q->duplicate++;
		return;
	}
	if (q->suspect && seq == q->suspect_next) {
		if (seq < FRESH)
			q->restarts++;
		else
			q->incoherent++;
		q->n_gaps = 0;
		resync(q, seq, units);
		return;
	}
	q->suspect = true;
	q->suspect_next = seq + (uint32_t)units;
}

/* Where the message stands, with q->next already past what the one before could not count. */
static void
place(struct sequence *q, uint32_t seq, uint64_t units)
{
	int32_t ahead = (int32_t)(seq - q->next);

	if (ahead < 0) {
		behind(q, seq, units);
		return;
	}
	if (ahead > 0)
		lose(q, (uint32_t)ahead, 0);
	resync(q, seq, units);
}

void
sequence_message(struct sequence *q, uint32_t seq, uint64_t units, uint64_t uncounted)
{
	if (!q->known) {
		resync(q, seq, units);
	} else {
		int32_t ahead = (int32_t)(seq - q->next);

		if (q->uncounted && ahead >= 0) {
			uint32_t held =
			    (uint64_t)ahead < q->slack ? (uint32_t)ahead : (uint32_t)q->slack;

			q->records_unknown += held;
			q->next += held;
			q->uncounted = false;
		}
		place(q, seq, units);
	}
	if (uncounted > 0 && q->next == seq + (uint32_t)units) {
		q->uncounted = true;
		q->slack = uncounted;
	}
}

void
sequence_end(struct sequence *q)
{
	q->known = q->uncounted = q->suspect = false;
	q->n_gaps = 0;
	q->messages = 0;
}

void
sequence_restart(struct sequence *q)
{
	sequence_end(q);
	q->restarts++;
}

/* Which way does the exporter count?  Only what one of them cannot explain is evidence. */
static void
weigh(const struct sequence *q, struct sequence_exporter *e, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - q->next), behind = (int32_t)(e->next - seq);
	bool own = (ahead == 0 && behind != 0) || (ahead > 0 && behind > SEQUENCE_WINDOW);
	bool common = ahead > 0 && behind == 0;

	if (e->common ? common : own) {
		e->run += e->contrary > 0;
		e->contrary = 0;
	} else if ((e->common ? own : common) && ++e->contrary == CONTRARY) {
		e->contrary = 0;
		e->run += e->common;
		e->common = !e->common;
	}
}

/* How many of the numbers missing before seq other domains had, if they count together. */
static uint32_t
of_others(const struct sequence *q, const struct sequence_exporter *e, uint32_t seq)
{
	int32_t missing = (int32_t)(seq - q->next), others = (int32_t)(e->next - q->next);
	int32_t n = missing < others ? missing : others;

	return n > 0 ? (uint32_t)n : 0;
}

/* What was counted while the evidence gathered that now proved the domains to count together. */
static void
undo(struct sequence *q, const struct sequence_exporter *e)
{
	for (unsigned i = q->n_gaps; i-- > 0;)
		if (q->gap[i].run == e->run) {
			find(q, q->gap[i].n);
			drop_gap(q, i);
		}
}

static bool
in_gap(const struct sequence *q, uint32_t seq)
{
	for (unsigned i = 0; i < q->n_gaps; i++)
		if (seq - q->gap[i].from < q->gap[i].n)
			return true;
	return false;
}

/* Late, and counted as lost with another domain, whose message overtook it? */
static bool
is_late(const struct sequence *q, const struct sequence_exporter *e, uint32_t seq)
{
	int32_t behind = (int32_t)(e->next - seq);

	return behind > 0 && behind <= SEQUENCE_WINDOW && !in_gap(q, seq) && !is_recent(q, seq);
}

/* What came late is taken from what any domain lost: which of them counted it is not known. */
static void
settle(struct sequence *q, struct sequence_exporter *e)
{
	uint32_t n = q->lost < e->found ? (uint32_t)q->lost : e->found;

	find(q, n);
	e->found -= n;
}

static void
late(struct sequence *q, struct sequence_exporter *e, uint32_t seq)
{
	q->reordered++;
	e->found++;
	remember(q, seq, 1);
	if (seq == q->next)
		q->next++;
}

void
sequence_datagram(struct sequence *q, struct sequence_exporter *e, uint32_t seq)
{
	if (!e->known)
		*e = (struct sequence_exporter){ .known = true, .next = seq, .run = 1 };
	if (q->known) {
		weigh(q, e, seq);
		if (e->common)
			q->next += of_others(q, e, seq);
		else
			lose(q, of_others(q, e, seq), e->run);
	}
	if (e->common)
		undo(q, e);
	if (q->known && e->common && is_late(q, e, seq))
		late(q, e, seq);
	else
		sequence_message(q, seq, 1, 0);
	settle(q, e);
	if ((int32_t)(seq - e->next) >= 0 ||
	    (!e->common && (int32_t)(e->next - seq) > SEQUENCE_WINDOW))
		e->next = seq + 1;
}
