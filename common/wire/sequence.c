#include "wire/sequence.h"

/* After so many times an exporter's common count is believed across gaps too. */
enum { TOGETHER = 3 };

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
add_gap(struct sequence *q, uint32_t from, uint32_t n, uint64_t born)
{
	unsigned oldest = 0;

	if (n == 0)
		return;
	if (q->n_gaps == SEQUENCE_GAPS) {
		for (unsigned i = 1; i < q->n_gaps; i++)
			if (q->gap[i].born < q->gap[oldest].born)
				oldest = i;
		drop_gap(q, oldest);
	}
	q->gap[q->n_gaps++] = (struct sequence_gap){ from, n, born };
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
			q->lost -= g.n;
			return true;
		}
		take = units < g.n - before ? (uint32_t)units : g.n - before;
		q->lost -= take;
		add_gap(q, g.from, before, g.born);
		add_gap(q, seq + take, g.n - before - take, g.born);
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
	if (ahead > 0) {
		q->lost += (uint32_t)ahead;
		add_gap(q, q->next, (uint32_t)ahead, q->messages);
	}
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

void
sequence_common(struct sequence *q, struct sequence_exporter *e, uint32_t seq)
{
	bool gap = q->known && (int32_t)(seq - q->next) > 0;

	if (!e->known)
		*e = (struct sequence_exporter){ .known = true, .next = seq };
	else if (gap && seq == e->next)
		e->together++;
	if (gap && ((e->together > 0 && seq == e->next) ||
		       (e->together >= TOGETHER && (int32_t)(seq - e->next) > 0 &&
			   (int32_t)(e->next - q->next) > 0)))
		q->next = e->next;
	if ((int32_t)(seq + 1 - e->next) > 0)
		e->next = seq + 1;
}
