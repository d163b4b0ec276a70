#include "judge.h"

#include <math.h>

#include "detect/robust.h"

/*
 * What an hour must be to be strange: amounts below the floor are never; z; and so many times the usual (up), or the
 * usual so many times it (down).  scale: what never counts as a difference, in decades.  An hour by itself must be
 * beyond all that is known of the hours around it too; of two hours of three the z is enough.
 */
static const struct rule {
	double octets, flows, z, up, down, scale;
} rules[TRACK_KINDS] = {
	[TRACK_NETWORK] = { 100e6, 5000, 6, 2, 2, 0.05 },
	[TRACK_EXPORTER] = { 100e6, 5000, 6, 2, 2, 0.05 },
	[TRACK_INTERFACE] = { 100e6, 5000, 6, 3, 3, 0.1 },
	[TRACK_SERVICE] = { 100e6, 5000, 6, 3, 3, 0.1 },
	[TRACK_HOST] = { 200e6, 5000, 5, 5, 10, 0.15 },
};
static const double alone_z = 5, alone_beyond = 0.176; /* decades: 1.5 times */

enum { RUN_GAP = 2 };

void
judge_init(struct judge *j, const struct scope *scope, const struct tracks *tracks)
{
	*j = (struct judge){ .scope = scope, .tracks = tracks, .alerts = alerts_new() };
	keyed_init(&j->runs, sizeof(struct run), sizeof(struct run_key), 2 * TRACKS_MOST);
}

void
judge_free(struct judge *j)
{
	alerts_free(j->alerts);
	keyed_free(&j->runs);
	buf_free(&j->reason);
	buf_free(&j->why);
	buf_free(&j->hidden);
}

/* Words -------------------------------------------------------------------------------------------- */

static const char *const phrases[TRACK_KINDS][AMOUNTS] = {
	[TRACK_NETWORK] = { "sent out", "received from outside", "between our hosts",
	    "between our hosts", "sent to port 53", "flows" },
	[TRACK_EXPORTER] = { "of traffic", "", "", "", "", "flows" },
	[TRACK_INTERFACE] = { "went out", "came in", "", "", "", "flows" },
	[TRACK_SERVICE] = { "from its servers", "to its servers", "", "", "", "flows" },
	[TRACK_HOST] = { "sent out", "received from outside", "sent inside", "received inside",
	    "sent to port 53", "flows sent" },
};

static void
put_amount(struct buf *b, enum amount a, double v)
{
	if (a != AMOUNT_FLOWS) {
		put_octets(b, v);
		return;
	}
	b->len += fmt_scaled(buf_room(b, FMT_MAX), floor(v));
}

/* "41 times the usual 5.6MB of", "a 40th of the usual 5.6MB of", "usually nothing on" */
static void
put_beside(struct buf *b, const struct run *r)
{
	if (r->usual < 1) {
		buf_puts(b, "usually nothing on ");
		return;
	}
	if (r->key.down && r->value < 1) {
		buf_puts(b, "usually ");
		put_amount(b, r->amount, r->usual);
		buf_puts(b, " on ");
		return;
	}
	if (r->key.down && r->usual >= 10 * r->value)
		buf_printf(b, "a %.0fth of", r->usual / r->value);
	else if (r->key.down)
		buf_printf(b, "%.2f times", r->value / r->usual);
	else
		put_times(b, r->times);
	buf_puts(b, " the usual ");
	put_amount(b, r->amount, r->usual);
	buf_puts(b, " of ");
}

static void
put_run_reason(struct judge *j, const struct run *r, const struct track *t)
{
	int64_t ns = (int64_t)r->at * NS_PER_HOUR;
	const struct hours *hours = r->own ? &j->tracks->hours : &j->baseline->hours;
	struct buf *b = &j->reason;

	put_track(b, &t->key);
	if (r->value < 1)
		buf_puts(b, "nothing");
	else
		put_amount(b, r->amount, r->value);
	buf_printf(b, " %s in an hour, ", phrases[t->key.kind][r->amount]);
	put_beside(b, r);
	b->len += hours_put_name(hours, hours_bucket(hours, ns), buf_room(b, FMT_MAX));
	buf_printf(b, " (%zu hours like it)", r->habit.samples);
	if (r->hours > 1)
		buf_printf(b, "; %u such hours", r->hours);
	if (r->host_share > 0) {
		buf_printf(b, "; %.0f%% of what is too much is of ", r->host_share * 100);
		reason_addr(b, &r->host);
	}
}

static void
put_run_why(
    struct judge *j, const struct run *r, const struct track *t, double size, double strange)
{
	struct buf *b = &j->why;

	why_word(b, "of", track_kind_name(t->key.kind));
	why_word(b, "amount", amount_name(r->amount));
	if (t->key.kind == TRACK_INTERFACE)
		why_count(b, "interface", t->key.id);
	why_number(b, "value", r->value);
	why_number(b, "x", r->habit.x);
	why_number(b, "usual", r->habit.usual);
	why_number(b, "spread", r->habit.spread);
	why_number(b, "scale", rules[t->key.kind].scale);
	why_number(b, "z", r->habit.z);
	why_number(b, "least", r->habit.least);
	why_number(b, "most", r->habit.most);
	why_count(b, "samples", r->habit.samples);
	why_number(b, "times", r->times);
	why_count(b, "hours", r->hours);
	why_number(b, "size", size);
	why_number(b, "strange", strange);
	if (__builtin_popcount(r->all) > 1)
		why_count(b, "amounts", (uint64_t)__builtin_popcount(r->all));
}

static uint64_t
amount_of(const struct run *r)
{
	return r->total < 0x1p64 ? (uint64_t)r->total : UINT64_MAX;
}

static void
put_run(struct judge *j, const struct run *r)
{
	const struct track *t = tracks_at(j->tracks, r->key.track);
	struct alert a = judge_begin(j, r->key.down ? "drop" : "surge");
	double size = cut(log10(r->times) / 2), strange = cut(fabs(r->habit.z) / 20);

	put_run_reason(j, r, t);
	put_run_why(j, r, t, size, strange);
	a.score = 0.3 + 0.3 * size + 0.2 * strange + 0.05 * (r->hours < 3 ? r->hours : 3);
	if (r->own)
		put_limit(j, "compared with the earlier weeks of these flows, without a baseline");
	if (t->key.kind != TRACK_NETWORK && t->key.kind != TRACK_SERVICE)
		a.src = &t->key.addr;
	if (t->key.kind == TRACK_SERVICE) {
		a.proto = (int)(t->key.id >> 16);
		a.dstport = (int)(t->key.id & UINT16_MAX);
	}
	a.start_ns = (int64_t)r->first * NS_PER_HOUR;
	a.end_ns = ((int64_t)r->last + 1) * NS_PER_HOUR - NS_PER_MS;
	if (r->amount == AMOUNT_FLOWS)
		a.flows = judge_counter(j, amount_of(r));
	else if (r->amount == AMOUNT_IN || r->amount == AMOUNT_LAN_IN)
		a.rbytes = judge_counter(j, amount_of(r));
	else
		a.bytes = judge_counter(j, amount_of(r));
	judge_put(j, &a);
}

static void
end_run(struct judge *j, const struct run *r)
{
	if (!r->told && (r->alone || r->hours > 1))
		put_run(j, r);
}

/* Hours -------------------------------------------------------------------------------------------- */

/* An amount of an hour, and what it is beside the past. */
struct hour {
	double value, usual, times;
	struct habit habit;
	bool own, down, strange, alone;
	double host_share;
	struct addr host;
};

static bool
measured_so(const struct track *t, enum amount a)
{
	switch (t->key.kind) {
	case TRACK_EXPORTER: return a == AMOUNT_OUT || a == AMOUNT_FLOWS;
	case TRACK_INTERFACE:
	case TRACK_SERVICE: return a == AMOUNT_OUT || a == AMOUNT_IN || a == AMOUNT_FLOWS;
	default: return true;
	}
}

/* A baseline counts a host's and the network's flows as conversations: of records it says nothing. */
static bool
baseline_has(const struct judge *j, const struct track *t, enum amount a)
{
	if (j->baseline == NULL)
		return false;
	return t->key.kind == TRACK_EXPORTER ||
	       ((t->key.kind == TRACK_HOST || t->key.kind == TRACK_NETWORK) && a != AMOUNT_FLOWS);
}

static bool
habit_by_baseline(
    const struct judge *j, const struct track *t, enum amount a, uint32_t hour, struct hour *h)
{
	const struct baseline *b = j->baseline;
	int64_t ns = (int64_t)hour * NS_PER_HOUR;
	double sampling = b->sampling > 1 ? b->sampling : 1, scale = rules[t->key.kind].scale;
	bool network = t->key.kind == TRACK_NETWORK;
	const struct base_host *host;

	if (network) {
		if (baseline_young(b, &b->network.seen) ||
		    !habit_of_network(
			b, amount_metric(a), ns, h->value / sampling, scale, &h->habit))
			return false;
	} else {
		host = t->key.kind == TRACK_HOST ? baseline_host(b, &t->key.addr)
						 : baseline_exporter(b, &t->key.addr);
		if (host == NULL || baseline_young(b, &host->seen) ||
		    !habit_of_host(
			b, host, amount_metric(a), ns, h->value / sampling, scale, &h->habit))
			return false;
	}
	h->usual = habit_amount(&h->habit, amount_metric(a), network) * sampling;
	return true;
}

static bool
habit_by_past(
    const struct judge *j, const struct track *t, enum amount a, uint32_t hour, struct hour *h)
{
	double unit = track_unit(t->key.kind, a);

	if (hour - t->first_hour < TRACK_YOUNG_HOURS ||
	    !track_habit(j->tracks, t, a, hour, h->value, rules[t->key.kind].scale, &h->habit))
		return false;
	h->usual = habit_usual(&h->habit, unit);
	h->own = true;
	return true;
}

static void
look_at(const struct track *t, enum amount a, bool partial, struct hour *h)
{
	const struct rule *r = &rules[t->key.kind];
	double floor = a == AMOUNT_FLOWS ? r->flows : r->octets;

	h->down = h->usual > h->value;
	h->times = h->down ? h->usual / fmax(h->value, floor / 100)
			   : h->value / fmax(h->usual, floor / 100);
	if (h->down)
		h->strange =
		    !partial && h->usual >= floor && h->habit.z <= -r->z && h->times >= r->down;
	else
		h->strange = h->value >= floor && h->habit.z >= r->z && h->times >= r->up;
	h->alone =
	    fabs(h->habit.z) >= alone_z && (h->down ? h->habit.x < h->habit.least - alone_beyond
						    : h->habit.x > h->habit.most + alone_beyond);
}

static bool
measure(struct judge *j, const struct track *t, enum amount a, uint32_t hour, bool partial,
    struct hour *h)
{
	const struct rule *r = &rules[t->key.kind];
	double floor = a == AMOUNT_FLOWS ? r->flows : r->octets;
	bool by_baseline = baseline_has(j, t, a);

	*h = (struct hour){ .value = (double)t->now[hour % TRACK_OPEN][a] };
	/* Neither is nor ever was what would count: most of all. */
	if (h->value < floor &&
	    (partial ||
		(!by_baseline && log8_value(t->peak[a], track_unit(t->key.kind, a)) < floor)))
		return false;
	if (by_baseline ? !habit_by_baseline(j, t, a, hour, h) : !habit_by_past(j, t, a, hour, h))
		return false;
	j->compared++;
	look_at(t, a, partial, h);
	return h->strange;
}

static void
add_to_run(struct judge *j, uint32_t track, enum amount a, uint32_t hour, const struct hour *h)
{
	const struct run_key key = { track, h->down };
	size_t at = keyed_add(&j->runs, &key);
	struct run *r;

	if (at == KEYED_NONE)
		return;
	r = keyed_at(&j->runs, at);
	if (r->hours > 0 && hour > r->last + RUN_GAP) {
		end_run(j, r);
		*r = (struct run){ .key = key };
	}
	if (r->hours == 0)
		r->first = hour;
	r->hours += r->hours == 0 || r->last != hour;
	r->last = hour;
	r->all |= 1u << a;
	r->alone |= h->alone;
	if (r->habit.z == 0 || fabs(h->habit.z) > fabs(r->habit.z)) {
		if (a != r->amount)
			r->total = 0;
		r->amount = a;
		r->at = hour;
		r->value = h->value;
		r->usual = h->usual;
		r->times = h->times;
		r->habit = h->habit;
		r->own = h->own;
		r->host_share = h->host_share;
		r->host = h->host;
	}
	if (a == r->amount)
		r->total += h->value;
}

static void
put_runs(struct judge *j, uint32_t before_hour)
{
	for (size_t i = 0; i < j->runs.n; i++) {
		struct run *r = keyed_at(&j->runs, i);
		struct run_key key = r->key;

		if (r->hours == 0 || r->last + RUN_GAP >= before_hour)
			continue;
		end_run(j, r);
		*r = (struct run){ .key = key };
	}
}

/* The host whose hour is most beyond its own usual. */
struct excess {
	double octets; /* or flows */
	size_t track;
	bool known; /* it has been judged by itself */
};

static void
note_excess(struct excess *e, size_t track, const struct hour *h, bool known)
{
	double octets = h->value - h->usual;

	if (octets > e->octets)
		*e = (struct excess){ octets, track, known };
}

/*
 * What a whole has too much, is most of it one host's?  Then that is named; and where its habits are known it has been
 * judged by itself, and the whole says nothing new.
 */
static bool
is_of_host(const struct judge *j, const struct excess *e, struct hour *h)
{
	double excess = h->value - h->usual;

	if (h->down || e->octets < excess / 2)
		return false;
	h->host_share = cut(e->octets / excess);
	h->host = tracks_at(j->tracks, e->track)->key.addr;
	return e->known && h->host_share >= 0.75;
}

/* Has a host habits?  What it does beyond them is then told of itself. */
static bool
is_known(const struct judge *j, const struct track *t, uint32_t hour)
{
	const struct base_host *host;

	if (j->baseline == NULL)
		return hour - t->first_hour >= TRACK_YOUNG_HOURS;
	host = baseline_host(j->baseline, &t->key.addr);
	return host != NULL && !baseline_young(j->baseline, &host->seen);
}

static void
judge_hosts(struct judge *j, uint32_t hour, bool partial, struct excess *most)
{
	for (size_t i = 1; i < j->tracks->at.n; i++) {
		const struct track *t = tracks_at(j->tracks, i);
		struct hour h;

		if (t->key.kind != TRACK_HOST || t->first_hour == 0)
			continue;
		for (enum amount a = 0; a < AMOUNTS; a++) {
			bool strange = measure(j, t, a, hour, partial, &h) &&
				       !scope_allows(j->scope, &t->key.addr, -1);

			if (strange)
				add_to_run(j, (uint32_t)i, a, hour, &h);
			if (h.value - h.usual > most[a == AMOUNT_FLOWS].octets)
				note_excess(&most[a == AMOUNT_FLOWS], i, &h, is_known(j, t, hour));
		}
	}
}

void
judge_hour(void *ctx, uint32_t hour, bool partial)
{
	struct judge *j = ctx;
	struct excess most[2] = { 0 }; /* octets, flows */
	struct hour h;

	judge_hosts(j, hour, partial, most);
	for (size_t i = 0; i < j->tracks->at.n; i++) {
		const struct track *t = tracks_at(j->tracks, i);

		if (t->first_hour == 0 || t->key.kind == TRACK_HOST)
			continue;
		for (enum amount a = 0; a < AMOUNTS; a++)
			if (measured_so(t, a) && measure(j, t, a, hour, partial, &h) &&
			    !is_of_host(j, &most[a == AMOUNT_FLOWS], &h))
				add_to_run(j, (uint32_t)i, a, hour, &h);
	}
	put_runs(j, hour);
}

void
judge_rest(struct judge *j, bool resumed)
{
	if (!resumed) {
		put_runs(j, UINT32_MAX);
		return;
	}
	/* What is strange is told at once; what more of it follows is not told again. */
	for (size_t i = 0; i < j->runs.n; i++) {
		struct run *r = keyed_at(&j->runs, i);

		if (r->hours == 0)
			continue;
		end_run(j, r);
		r->told |= r->alone || r->hours > 1;
	}
}

/* Silence ------------------------------------------------------------------------------------------ */

static bool
exporter_is_silent(const struct judge *j, const struct track *t, const struct silence *s)
{
	const struct track_key key = { t->key.addr, 0, TRACK_EXPORTER };
	size_t at = keyed_find(&j->tracks->at, &key);
	const struct presence *p;

	if (t->key.kind != TRACK_INTERFACE || at == KEYED_NONE)
		return false;
	p = &tracks_at(j->tracks, at)->presence;
	if (s->to == 0)
		return p->told != 0 && p->told <= s->from + s->longest;
	return p->gap_from <= s->from + s->longest && p->gap_to + s->longest >= s->to;
}

void
judge_silence(struct judge *j, const struct track *t, const struct silence *s, uint32_t now)
{
	const int64_t minute_ns = 60 * NS_PER_S;
	struct alert a = judge_begin(j, "silence");
	double size = cut(log10((double)s->minutes / (SILENCE_TIMES * s->longest)) / 2);
	double known = cut((double)s->known / (7 * 24 * 60));

	if (exporter_is_silent(j, t, s) || scope_allows(j->scope, &t->key.addr, -1))
		return;
	put_track(&j->reason, &t->key);
	buf_puts(&j->reason, s->to == 0 ? "nothing for " : "sent nothing for ");
	reason_duration(&j->reason, s->minutes * minute_ns);
	buf_puts(&j->reason, ", never more than ");
	reason_duration(&j->reason, s->longest * minute_ns);
	buf_puts(&j->reason, s->to == 0 ? " before; not back yet" : " before; back since");
	why_word(&j->why, "of", track_kind_name(t->key.kind));
	if (t->key.kind == TRACK_INTERFACE)
		why_count(&j->why, "interface", t->key.id);
	why_count(&j->why, "minutes", s->minutes);
	why_count(&j->why, "longest", s->longest);
	why_count(&j->why, "known_minutes", s->known);
	why_count(&j->why, "back", s->to != 0);
	why_number(&j->why, "size", size);
	why_number(&j->why, "known", known);
	if (s->known < 24 * 60)
		put_limit(j, "known for less than a day: what is closed at night looks so too");
	a.score = 0.4 + 0.25 * size + 0.25 * known + (t->key.kind == TRACK_EXPORTER ? 0.1 : 0);
	a.src = &t->key.addr;
	a.start_ns = s->from * minute_ns;
	a.end_ns = (s->to != 0 ? s->to : now) * minute_ns;
	judge_put(j, &a);
}
