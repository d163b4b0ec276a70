/*
 * Our own columns on the wire: start and end, sampling, the exporter's address; and the elements that
 * they stand for.
 */
#include "wire/exporter.h"

/* Is the flag set in the record? */
static bool
is_true(const struct column *c, size_t rec)
{
	return c != NULL && bits_has(c->present, rec) && cell_uint(c, rec) != 0;
}

enum { TIMES = 4 }; /* absolute elements of a start, or of an end */

/* Records that carry every element as sent, a start (or end) that needs no header among them. */
static void
add_absolute(struct batch *b, const uint16_t ids[TIMES], uint64_t *said)
{
	const struct column *wire = plan_find(b, field_own(OWN_WIRE), TYPE_BOOL), *c;

	for (size_t k = 0; wire != NULL && k < TIMES; k++) {
		c = plan_find(b, field_iana(ids[k]), TYPE_TIME);
		if (c == NULL)
			continue;
		PLAN_SELECT(said, c->present, b->n, i, is_true(wire, i));
	}
}

static void
count_rounded(struct exporter *e, const struct xfield *f, size_t n)
{
	const uint64_t *sel = e->plan.sel;
	size_t rounded = 0;

	for (size_t i = 0; i < n; i++) {
		if (bits_has(f->present, i) && bits_has(sel, i))
			rounded += cell_uint(&f->col, i) % (uint64_t)NS_PER_MS != 0;
	}
	loss_count(e, &f->id, TIMES_ROUNDED, rounded);
}

static bool
fits(int64_t ns, bool ntp)
{
	return ntp ? ntp_fits(ns) : time_fits(ns);
}

static void
count_misfits(struct exporter *e, const struct column *c, bool ntp, size_t n)
{
	const uint64_t *sel = e->plan.sel;
	size_t misfits = 0;

	for (size_t i = 0; i < n; i++) {
		if (bits_has(c->present, i) && bits_has(sel, i))
			misfits += !fits((int64_t)cell_uint(c, i), ntp);
	}
	loss_count(e, &c->id, ntp ? NTP_MISFIT : TIMES_MISFIT, misfits);
}

/* Starts that no uptime can say beside the end: they count as said. */
static void
add_far(struct exporter *e, struct batch *b, const struct column *start, uint64_t *said)
{
	const struct column *end = plan_find(b, field_own(OWN_END), TYPE_TIME);
	uint64_t *far = plan_bitmap(&e->plan, b->n);

	if (end == NULL)
		return;
	PLAN_SELECT(far, start->present, b->n, i,
	    !bits_get(said, i) && bits_has(end->present, i) &&
		time_fits((int64_t)cell_uint(start, i)) && time_fits((int64_t)cell_uint(end, i)) &&
		!uptime_says_both((int64_t)cell_uint(start, i), (int64_t)cell_uint(end, i)));
	loss_count(e, &start->id, "times more than 49 days from the end",
	    count_present(far, e->plan.sel, b->n));
	PLAN_SELECT(said, far, b->n, i, true);
}

/* start or end, where the record has not said it by an element of its own already. */
static void
plan_flow_time(struct exporter *e, struct batch *b, enum own own)
{
	static const uint16_t absolute[2][TIMES] = { { 150, 152, 154, 156 },
		{ 151, 153, 155, 157 } };
	bool end = own == OWN_END, v9 = e->opts.version == EXPORT_V9, ntp;
	const struct column *c = plan_find(b, field_own(own), TYPE_TIME);
	const struct column *guess = plan_find(b, field_own(OWN_TIME_GUESS), TYPE_BOOL);
	struct plan *p = &e->plan;
	uint64_t *said = plan_bitmap(p, b->n), *present = plan_bitmap(p, b->n);
	struct xfield *f;

	if (c == NULL)
		return;
	add_absolute(b, absolute[end], said);
	if (v9 && !end)
		add_far(e, b, c, said);
	ntp = !v9 && c->scale < 6;
	PLAN_SELECT(present, c->present, b->n, i,
	    !bits_get(said, i) && !is_true(guess, i) && fits((int64_t)cell_uint(c, i), ntp));
	count_misfits(e, c, ntp, b->n);
	if (!plan_any(present, b->n))
		return;
	f = plan_field(p, c);
	f->pen = PEN_IANA;
	f->present = count_present(present, NULL, b->n) == b->n ? NULL : present;
	if (v9) {
		f->op = PUT_UPTIME;
		f->wire = end ? 21 : 22;
		f->length = 4;
		count_rounded(e, f, b->n);
	} else {
		f->scale = c->scale >= 9 ? 9 : c->scale >= 6 ? 6 : c->scale >= 3 ? 3 : 0;
		f->wire = absolute[end][(9 - f->scale) / 3];
		f->op = f->scale >= 6 ? PUT_TIME : f->scale == 3 ? PUT_NTP_US : PUT_NTP_NS;
		f->length = f->scale == 9 ? 4 : 8;
	}
	p->timed[end] = present;
	p->time_wire[end] = f->wire;
}

/* The mode of NetFlow v5's sampling as samplingAlgorithm (35), whose 1 and 2 mean the same. */
static void
plan_sampling_mode(struct exporter *e, struct batch *b)
{
	const struct column *mode = plan_find(b, field_own(OWN_SAMPLING_MODE), TYPE_UINT);
	uint64_t *moded = plan_bitmap(&e->plan, b->n);
	struct xfield *f;

	if (mode == NULL || plan_find(b, field_iana(35), TYPE_NONE) != NULL)
		return;
	PLAN_SELECT(moded, mode->present, b->n, i, cell_uint(mode, i) != 0);
	if (!plan_any(moded, b->n))
		return;
	f = plan_field(&e->plan, mode);
	f->pen = PEN_IANA;
	f->wire = 35;
	f->op = PUT_UINT;
	f->length = 1;
	f->present = moded;
}

static void
plan_exporter(struct exporter *e, struct batch *b)
{
	const struct column *c = plan_find(b, field_own(OWN_EXPORTER), TYPE_IP);
	struct column named;

	if (c == NULL || !e->opts.keep_exporter || plan_find(b, field_iana(130), TYPE_NONE) != NULL)
		return;
	named = *c;
	named.id = field_iana(130);
	plan_ip(e, b, &named, b->n);
}

void
own_fields(struct exporter *e, struct batch *b)
{
	e->plan.timed[0] = e->plan.timed[1] = NULL;
	if (!b->options) {
		plan_flow_time(e, b, OWN_START);
		plan_flow_time(e, b, OWN_END);
		sampling_plan(e, b);
		plan_sampling_mode(e, b);
	}
	/* options too: what they call a number is that exporter's */
	plan_exporter(e, b);
}

/* Where records carry every element as sent (flowrecv --raw), and start (or end) is known. */
static uint64_t *
said_by_own(struct exporter *e, struct batch *b, enum own own)
{
	const struct column *wire = plan_find(b, field_own(OWN_WIRE), TYPE_BOOL);
	const struct column *guess = plan_find(b, field_own(OWN_TIME_GUESS), TYPE_BOOL);
	const struct column *c = plan_find(b, field_own(own), TYPE_TIME);
	uint64_t *said = plan_bitmap(&e->plan, b->n);

	if (wire == NULL || c == NULL)
		return said;
	PLAN_SELECT(said, c->present, b->n, i, is_true(wire, i) && !is_true(guess, i));
	return said;
}

/* Elements of an interval, of records that say it by `sampling`. */
static bool
sampling_says(struct exporter *e, struct batch *b, const struct column *c, const uint64_t **present)
{
	uint64_t *rest = plan_bitmap(&e->plan, b->n);

	PLAN_SELECT(rest, c->present, b->n, i, !bits_get(e->plan.own_sampling, i));
	*present = rest;
	return !plan_any(rest, b->n);
}

/*
 * A time that readers prefer, as more precise than the start (or end) that is sent beside it: it would come
 * back as that.  Every one of these is to an uptime.
 */
static bool
displaces(struct exporter *e, struct batch *b, const struct column *c, const uint64_t **present)
{
	unsigned end = c->id.id % 2;
	struct plan *p = &e->plan;
	uint64_t *displacing, *rest;

	if (p->timed[end] == NULL || c->id.id <= p->time_wire[end])
		return false;
	displacing = plan_bitmap(p, b->n);
	rest = plan_bitmap(p, b->n);
	PLAN_SELECT(displacing, c->present, b->n, i, bits_get(p->timed[end], i));
	PLAN_SELECT(rest, c->present, b->n, i, !bits_get(p->timed[end], i));
	loss_count(e, &c->id,
	    end ? "times that would be read as end" : "times that would be read as start",
	    count_present(displacing, p->sel, b->n));
	*present = rest;
	return !plan_any(rest, b->n);
}

/*
 * Uptimes (21, 22) and deltas (158, 159) have meaning only beside their own header.  Where a record
 * carries them beside the start or end made of them they are said by that; other uptimes go as they
 * are, if the format has no uptimes of its own; the rest is lost.  Returns whether that settles the
 * column; else *present is what to send of it.
 */
bool
own_says(struct exporter *e, struct batch *b, const struct column *c, const uint64_t **present)
{
	bool end = c->id.id == 21 || c->id.id == 159, start = c->id.id == 22 || c->id.id == 158;
	bool uptime = c->id.id == 21 || c->id.id == 22;
	uint64_t *said, *rest;

	*present = c->present;
	if (!b->options && c->id.pen == PEN_IANA && (c->id.id == 34 || c->id.id == 50))
		return sampling_says(e, b, c, present);
	if (!b->options && c->id.pen == PEN_IANA && c->id.id >= 150 && c->id.id <= 157)
		return displaces(e, b, c, present);
	if (b->options || c->id.pen != PEN_IANA || (!start && !end))
		return false;
	said = said_by_own(e, b, end ? OWN_END : OWN_START);
	rest = plan_bitmap(&e->plan, b->n);
	PLAN_SELECT(rest, c->present, b->n, i, !bits_get(said, i));
	if (uptime && e->opts.version == EXPORT_IPFIX) {
		*present = rest;
		return !plan_any(rest, b->n);
	}
	loss_count(
	    e, &c->id, "times relative to another header", count_present(rest, e->plan.sel, b->n));
	return true;
}

/* Of our own columns some are sent, some only say how the record came to be, others are lost. */
void
own_lost(struct exporter *e, struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];

		if (c->id.pen == PEN_OWN && c->id.id > OWN_EXPORTER_PORT &&
		    !(c->flags & COLUMN_EMPTY))
			loss_count(e, &c->id, "values of our own",
			    count_present(c->present, e->plan.sel, b->n));
	}
}
