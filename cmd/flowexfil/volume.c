/*
 * volume.c - hours of a host beside its habit.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "detect/habit.h"
#include "detect/latest.h"
#include "words.h"

/* Differences below the floor of a scale, in decades, are none: 0.15 is 1.4 times. */
static const double scale_floor = 0.15;
/* A host that usually sends this share of the floor or more at that hour is known well enough for a lower one. */
static const double habit_share = 0.02;

/* Hours whose records may still come. */
enum { OPEN_HOURS = 3 };

/* An hour of a host beside those of its history. */
struct hour {
	const struct hourly_row *row;
	struct habit habit;
	bool known; /* there is a habit to compare with */
	double floor; /* octets of which less is never strange */
};

/* Of all records: a baseline is of one sampling, and counts as exporters do. */
static uint32_t
sampling_of(const struct judge *j)
{
	return j->traffic->sampled.greatest > 1 ? j->traffic->sampled.greatest : 1;
}

/*
 * A burst of a host that is usually silent, or nearly, says little.  The more it sends at this hour anyhow, the less
 * may be strange: what is left to tell then is z.
 */
static double
floor_of(const struct judge *j, const struct hour *h)
{
	double floor = (double)j->limits.floor, usual;

	if (!h->known)
		return floor;
	usual = habit_amount(&h->habit, METRIC_OUT, false) * sampling_of(j);
	return usual > habit_share * floor ? floor * habit_share * floor / usual : floor;
}

static void
measure(const struct judge *j, struct hour *h)
{
	const struct base_host *host =
	    j->baseline != NULL ? baseline_host(j->baseline, &h->row->key.addr) : NULL;

	h->known =
	    host != NULL && !baseline_young(j->baseline, &host->seen) &&
	    habit_of_host(j->baseline, host, METRIC_OUT, (int64_t)h->row->key.hour * NS_PER_HOUR,
		(double)h->row->v[METRIC_OUT] / sampling_of(j), scale_floor, &h->habit);
	h->floor = floor_of(j, h);
}

static bool
is_below_floor(const struct hour *h)
{
	return (double)h->row->v[METRIC_OUT] < h->floor;
}

/* Strange hours of a host, each at most two after the one before: one alert, told by the strangest of them. */
enum { HOURS_APART = 2 };
struct run {
	const struct hour *first, *last, *worst;
	uint64_t out, in;
	unsigned hours;
	bool ceiling;
};

static void
put_volume_reason(struct judge *j, const struct run *r, double out, uint32_t sampling)
{
	const struct hour *h = r->worst;

	words_octets(&j->reason, out);
	buf_puts(&j->reason, " sent out in an hour");
	if (h->known) {
		buf_puts(&j->reason, ", usually ");
		words_octets(&j->reason, habit_amount(&h->habit, METRIC_OUT, false) * sampling);
		buf_puts(&j->reason, " at this time of the week");
	}
	if (r->hours > 1)
		buf_printf(&j->reason, "; %u such hours", r->hours);
}

static void
put_volume_why(struct judge *j, const struct run *r, uint32_t sampling, double size, double strange)
{
	const struct hour *h = r->worst;

	why_count(&j->why, "out", h->row->v[METRIC_OUT]);
	why_count(&j->why, "in", h->row->v[METRIC_IN]);
	if (sampling > 1)
		why_count(&j->why, "sampling", sampling);
	if (h->known) {
		why_count(&j->why, "samples", h->habit.samples);
		why_number(&j->why, "usual", h->habit.usual);
		why_number(&j->why, "spread", h->habit.spread);
		why_number(&j->why, "z", h->habit.z);
	}
	why_count(&j->why, "hours", r->hours);
	why_count(&j->why, "ceiling", r->ceiling);
	why_number(&j->why, "size", size);
	why_number(&j->why, "strange", strange);
}

/* Was this run of hours told, and is not much more than it was then?  Notes it. */
static bool
is_told(struct judge *j, const struct run *r)
{
	uint64_t out = 0;
	bool news;

	if (!j->keeps)
		return false;
	for (const struct hour *h = r->first; h <= r->last; h++) {
		size_t at = keyed_find(&j->told, &h->row->key);
		const struct told *t = at != KEYED_NONE ? keyed_at(&j->told, at) : NULL;

		out = t != NULL && t->out > out ? t->out : out;
	}
	news = judge_is_news(r->out, out);
	for (const struct hour *h = r->first; h <= r->last; h++) {
		size_t at = keyed_add(&j->told, &h->row->key);

		if (at != KEYED_NONE)
			((struct told *)keyed_at(&j->told, at))->out = news ? r->out : out;
	}
	return !news;
}

static void
put_run(struct judge *j, const struct run *r)
{
	const struct hour *h = r->worst;
	uint32_t sampling = sampling_of(j);
	double out = (double)h->row->v[METRIC_OUT];
	double size = score_size(out, (double)j->limits.floor);
	double strange = h->known ? score_cut(h->habit.z / 12) : 0;
	struct alert a = ALERT_NONE;

	if (is_told(j, r))
		return;
	words_begin(j);
	put_volume_reason(j, r, out, sampling);
	put_volume_why(j, r, sampling, size, strange);
	words_limits(j, j->traffic->sampled, false);
	a.detector = "exfil";
	a.kind = "volume";
	a.score = 0.45 * size + 0.4 * strange + 0.05 * (r->hours < 3 ? r->hours : 3);
	if (r->ceiling && a.score < 0.75)
		a.score = 0.75;
	a.reason = buf_cstr(&j->reason);
	a.why = buf_cstr(&j->why);
	a.attack = "T1041,T1048";
	a.limits = words_hidden(j);
	a.sampling = sampling;
	a.src = &h->row->key.addr;
	a.start_ns = (int64_t)r->first->row->key.hour * NS_PER_HOUR;
	a.end_ns = ((int64_t)r->last->row->key.hour + 1) * NS_PER_HOUR - NS_PER_MS;
	a.bytes = r->out / sampling;
	a.rbytes = r->in / sampling;
	alerts_put(j->alerts, &a);
}

static bool
same_host(const struct hour *a, const struct hour *b)
{
	return memcmp(&a->row->key.addr, &b->row->key.addr, sizeof(struct addr)) == 0;
}

/* Hours of the three that end with this one whose z is not small. */
static unsigned
hours_again(const struct judge *j, const struct hour *first, const struct hour *h)
{
	unsigned n = 0;

	for (const struct hour *p = h; p >= first && same_host(p, h); p--) {
		if (h->row->key.hour - p->row->key.hour > HOURS_APART)
			break;
		n += p->known && p->habit.z >= j->limits.z_again && !is_below_floor(p);
	}
	return n;
}

static bool
is_over_ceiling(const struct judge *j, const struct hour *h)
{
	return h->row->v[METRIC_OUT] >= j->limits.ceiling;
}

static bool
is_strange(const struct judge *j, const struct hour *first, const struct hour *h)
{
	if (is_below_floor(h) || scope_allows(j->scope, &h->row->key.addr, -1))
		return false;
	if (is_over_ceiling(j, h))
		return true;
	return h->known && (h->habit.z >= j->limits.z ||
			       (h->habit.z >= j->limits.z_again && hours_again(j, first, h) >= 2));
}

static bool
is_worse(const struct hour *a, const struct hour *b)
{
	if (a->known != b->known)
		return a->known;
	return a->known ? a->habit.z > b->habit.z : a->row->v[METRIC_OUT] > b->row->v[METRIC_OUT];
}

static void
add_to_run(struct judge *j, struct run *r, const struct hour *h)
{
	if (r->hours > 0 &&
	    (!same_host(r->last, h) || h->row->key.hour - r->last->row->key.hour > HOURS_APART)) {
		put_run(j, r);
		*r = (struct run){ 0 };
	}
	if (r->hours == 0)
		r->first = r->worst = h;
	r->last = h;
	if (is_worse(h, r->worst))
		r->worst = h;
	r->hours++;
	sum_up(&r->out, h->row->v[METRIC_OUT]);
	sum_up(&r->in, h->row->v[METRIC_IN]);
	r->ceiling |= is_over_ceiling(j, h);
}

static int
compare_hours(const void *x, const void *y)
{
	const struct hour *a = x, *b = y;
	int order = memcmp(&a->row->key.addr, &b->row->key.addr, sizeof(struct addr));

	if (order != 0)
		return order;
	return (a->row->key.hour > b->row->key.hour) - (a->row->key.hour < b->row->key.hour);
}

/* May it make another hour strange, or the sum of a run larger? */
static bool
is_of_use(const struct judge *j, const struct hour *h)
{
	return is_over_ceiling(j, h) ||
	       (h->known && h->habit.z >= j->limits.z_again && !is_below_floor(h));
}

/* Judge the hours before one; used (NULL: not asked for) are marked those that are of use to others. */
static void
walk_hours(struct judge *j, uint32_t before_hour, bool *used)
{
	const struct keyed *rows = &j->traffic->hourly.rows;
	struct hour *hours = mem_alloc((rows->n + 1) * sizeof(*hours));
	struct run run = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct hour *h = &hours[n];

		*h = (struct hour){ .row = keyed_at(rows, i) };
		if (h->row->key.hour >= before_hour || h->row->v[METRIC_OUT] == 0)
			continue;
		measure(j, h);
		if (used != NULL)
			used[i] = is_of_use(j, h);
		n++;
	}
	qsort(hours, n, sizeof(*hours), compare_hours);
	for (size_t i = 0; i < n; i++)
		if (is_strange(j, hours, &hours[i]))
			add_to_run(j, &run, &hours[i]);
	if (run.hours > 0)
		put_run(j, &run);
	mem_free(hours);
}

/* Rows that stay: hours from one on, up to another, and those that are used, from a third on. */
struct stay {
	uint32_t from, to, used_from;
	const bool *used;
	size_t i;
};

static bool
stays(void *ctx, struct hourly_row *r)
{
	struct stay *s = ctx;
	bool used = s->used != NULL && s->used[s->i];

	s->i++;
	return r->key.hour <= s->to && r->key.hour >= (used ? s->used_from : s->from);
}

static uint32_t
hours_before(uint32_t hour, int64_t window_ns)
{
	int64_t hours = window_ns / NS_PER_HOUR + 1;

	return hour > hours ? hour - (uint32_t)hours : 0;
}

void
volume_judge(struct judge *j, uint32_t before_hour)
{
	bool *used = NULL;
	struct stay s = { .from = before_hour, .to = UINT32_MAX };

	if (j->keeps && before_hour != UINT32_MAX) {
		used = mem_zero(j->traffic->hourly.rows.n + 1, sizeof(*used));
		s.used = used;
		s.used_from = hours_before(before_hour, j->traffic->window_ns);
	}
	walk_hours(j, before_hour, used);
	hourly_keep(&j->traffic->hourly, stays, &s);
	mem_free(used);
}

/* From run to run ---------------------------------------------------------------------------------- */

/* The time of rows; of_this: only of those that this run has added to.  0: there are none. */
static uint32_t
newest_of(const struct keyed *rows, bool of_this)
{
	int64_t *hour = mem_alloc((rows->n + 1) * sizeof(*hour)), newest = 0;
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const struct hourly_row *r = keyed_at(rows, i);

		if (r->fresh || !of_this)
			hour[n++] = r->key.hour;
	}
	if (n > 0)
		newest = latest_of(hour, n, SILENCE_HOURS);
	mem_free(hour);
	return (uint32_t)newest;
}

/*
 * How far time has come.  After days without input the state has more rows than a short run makes: they must not say
 * that this run's time is none.  Nor must a file from long ago say so of the state's.
 */
static uint32_t
newest_hour(const struct keyed *rows)
{
	uint32_t of_all = newest_of(rows, false), of_this = newest_of(rows, true);

	return of_this > of_all ? of_this : of_all;
}

static void
keep_told(struct keyed *told, uint32_t from, uint32_t to)
{
	size_t n = 0;

	keyed_unindex(told);
	for (size_t i = 0; i < told->n; i++) {
		const struct told *t = keyed_at(told, i);

		if (t->key.hour >= from && t->key.hour <= to)
			memmove(keyed_at(told, n++), t, sizeof(*t));
	}
	told->n = n;
}

uint32_t
volume_judge_and_keep(struct judge *j)
{
	struct traffic *t = j->traffic;
	uint32_t newest = newest_hour(&t->hourly.rows);
	bool *used = mem_zero(t->hourly.rows.n + 1, sizeof(*used));
	struct stay s = { .from = newest > OPEN_HOURS ? newest - OPEN_HOURS : 0,
		.to = newest + SILENCE_HOURS,
		.used_from = hours_before(newest, t->window_ns),
		.used = used };

	walk_hours(j, UINT32_MAX, used);
	hourly_keep(&t->hourly, stays, &s);
	keep_told(&j->told, s.used_from, s.to);
	mem_free(used);
	return newest;
}
