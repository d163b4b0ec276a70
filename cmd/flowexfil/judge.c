#include "judge.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "detect/habit.h"

/*
 * Differences below the floor of a scale, in decades, are none: 0.15 is 1.4 times.  Queries of people's names are 60 to 90 octets with their headers, and a ping is 84.
 */
enum { DNS_PACKET = 110, ICMP_PACKET = 128 };
static const double scale_floor = 0.15;
/* A host that usually sends this share of the floor or more at that hour is known well enough for a lower one. */
static const double habit_share = 0.02;

void
judge_free(struct judge *j)
{
	buf_free(&j->reason);
	buf_free(&j->why);
	buf_free(&j->hidden);
}

/* Words -------------------------------------------------------------------------------------------- */

static void
begin_words(struct judge *j)
{
	j->reason.len = j->why.len = j->hidden.len = 0;
}

static void
put_octets(struct buf *b, double v)
{
	b->len += fmt_scaled(buf_room(b, FMT_MAX), floor(v));
	buf_putc(b, 'B');
}

static const char *
text_or_null(struct buf *b)
{
	return b->len > 0 ? buf_cstr(b) : NULL;
}

static void
put_limits(struct judge *j, uint32_t sampling, bool destination)
{
	struct sampled s = { .least = sampling, .greatest = sampling };

	if (destination && j->baseline == NULL)
		buf_puts(&j->hidden, "no baseline: every destination counts as new");
	if (!sampled_any(&s))
		return;
	if (j->hidden.len > 0)
		buf_puts(&j->hidden, "; ");
	sampled_limits(&j->hidden, &s, "volumes are estimates, and small uploads are not seen");
}

static double
cut(double v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* 0.5 at the limit, 1 from a hundred times as much on. */
static double
size_score(double octets, double limit)
{
	return cut(0.5 + log10(octets / limit) / 4);
}

static void
put_alert(struct judge *j, const struct pair *p, const char *kind, const char *attack, double score)
{
	struct alert a = ALERT_NONE;

	a.detector = "exfil";
	a.kind = kind;
	a.score = score;
	a.reason = buf_cstr(&j->reason);
	a.why = buf_cstr(&j->why);
	a.attack = attack;
	a.limits = text_or_null(&j->hidden);
	a.sampling = p->sampling;
	a.src = &p->key.host;
	a.dst = &p->key.dst;
	a.dstport = p->key.channel == CHANNEL_ICMP ? -1 : p->port;
	a.proto = p->proto;
	a.start_ns = p->start_ns;
	a.end_ns = p->end_ns;
	a.flows = p->flows;
	a.packets = p->packets / p->sampling;
	a.bytes = p->out / p->sampling;
	a.rpackets = p->rpackets / p->sampling;
	a.rbytes = p->in / p->sampling;
	alerts_put(j->alerts, &a);
}

static void
put_pair_numbers(struct judge *j, const struct pair *p)
{
	why_count(&j->why, "out", p->out);
	why_count(&j->why, "in", p->in);
	why_count(&j->why, "packets", p->packets);
	why_count(&j->why, "flows", p->flows);
	if (p->sampling > 1)
		why_count(&j->why, "sampling", p->sampling);
}

/* Destinations ------------------------------------------------------------------------------------- */

/* How new a destination is. */
struct news {
	bool host_young; /* or unknown: of it everything is new */
	bool known; /* the host has talked to it before */
	bool prefix_known; /* somebody of us has, or to its neighbours */
	double prevalence; /* share of our hosts that use its service */
	size_t hosts;
};

static struct news
news_of(const struct judge *j, const struct pair *p)
{
	struct news n = { .host_young = true };
	const struct baseline *b = j->baseline;
	const struct base_host *h;
	const struct base_service *s;
	size_t edges;

	if (b == NULL)
		return n;
	h = baseline_host(b, &p->key.host);
	s = baseline_service(b, &p->key.dst, p->proto, p->port);
	n.host_young = h == NULL || baseline_young(b, &h->seen);
	n.known = baseline_pair(b, &p->key.host, &p->key.dst, &edges) != NULL;
	n.prefix_known = baseline_prefix(b, &p->key.dst) != NULL;
	n.hosts = baseline_hosts(b);
	if (s != NULL && n.hosts > 0)
		n.prevalence = hll_count(&s->clients) / (double)n.hosts;
	return n;
}

/* 1 to a network that nobody of us knew; 0.5 where nothing is known; less where many go. */
static double
news_score(const struct judge *j, const struct news *n)
{
	double score;

	if (j->baseline == NULL || n->host_young)
		return n->prefix_known ? 0.25 : 0.5;
	score = n->prefix_known ? 0.7 : 1;
	return score * (1 - cut(n->prevalence / 0.5));
}

static void
judge_destination(struct judge *j, const struct pair *p)
{
	double out = (double)p->out, in = (double)p->in, pcr = (out - in) / (out + in);
	double size = size_score(out, (double)j->limits.destination), fresh;
	struct news n;

	if (p->out < j->limits.destination || !(pcr >= j->limits.pcr))
		return;
	n = news_of(j, p);
	if (n.known)
		return;
	fresh = news_score(j, &n);
	begin_words(j);
	put_octets(&j->reason, out);
	buf_puts(&j->reason, j->baseline != NULL ? " to a destination it never talked to, "
						 : " to one destination, ");
	put_octets(&j->reason, in);
	buf_puts(&j->reason, " back");
	if (j->baseline != NULL && !n.prefix_known)
		buf_puts(&j->reason, ", nobody knows its network");
	else if (n.prevalence > 0) {
		buf_printf(&j->reason, ", %.0f of %zu hosts use it", n.prevalence * (double)n.hosts,
		    n.hosts);
	}
	put_pair_numbers(j, p);
	why_number(&j->why, "pcr", pcr);
	why_number(&j->why, "size", size);
	why_number(&j->why, "new", fresh);
	if (j->baseline != NULL) {
		why_count(&j->why, "prefix_known", n.prefix_known);
		why_count(&j->why, "host_young", n.host_young);
		why_number(&j->why, "prevalence", n.prevalence);
	}
	put_limits(j, p->sampling, true);
	put_alert(j, p, "destination", p->port == 443 || p->port == 80 ? "T1567,T1041" : "T1048",
	    0.45 * size + 0.2 * pcr + 0.35 * fresh);
}

/* Channels ----------------------------------------------------------------------------------------- */

/* Much in messages larger than usual ones. */
static void
judge_channel(struct judge *j, const struct pair *p, const char *kind, uint64_t least,
    unsigned packet, const char *attack)
{
	double mean = p->packets > 0 ? (double)p->out / (double)p->packets : 0;
	double size = size_score((double)p->out, (double)least);
	double large = cut((mean / packet - 1) * 2);

	if (p->out < least || mean < packet || p->out < p->in / 2)
		return;
	begin_words(j);
	put_octets(&j->reason, (double)p->out);
	buf_printf(&j->reason, " in %s messages of %.0f octets, ", kind, mean);
	put_octets(&j->reason, (double)p->in);
	buf_puts(&j->reason, " back");
	put_pair_numbers(j, p);
	why_number(&j->why, "mean", mean);
	why_number(&j->why, "size", size);
	why_number(&j->why, "large", large);
	put_limits(j, p->sampling, false);
	put_alert(j, p, kind, attack, 0.7 * size + 0.3 * large);
}

static void
judge_dns(struct judge *j, const struct pair *p)
{
	/* A resolver of ours asks for all the others, and answers them. */
	if (keyed_find(&j->traffic->resolvers, &p->key.host) != KEYED_NONE)
		return;
	judge_channel(j, p, "dns", j->limits.dns, DNS_PACKET, "T1048.003,T1071.004");
}

void
judge_pair(void *ctx, const struct pair *p)
{
	struct judge *j = ctx;

	if (scope_allows(j->scope, &p->key.host, -1) ||
	    scope_allows(j->scope, &p->key.dst, p->port))
		return;
	switch (p->key.channel) {
	case CHANNEL_DNS: judge_dns(j, p); break;
	case CHANNEL_ICMP:
		judge_channel(j, p, "icmp", j->limits.icmp, ICMP_PACKET, "T1048.003,T1095");
		break;
	default: judge_destination(j, p); break;
	}
}

/* Hours -------------------------------------------------------------------------------------------- */

/* An hour of a host beside those of its history. */
struct hour {
	const struct hourly_row *row;
	struct habit habit;
	bool known; /* there is a habit to compare with */
	double floor; /* octets of which less is never strange */
};

static uint32_t
sampling_of(const struct judge *j)
{
	return j->traffic->sampled.greatest > 1 ? j->traffic->sampled.greatest : 1;
}

/*
 * A burst of a host that is usually silent, or nearly, says little.  The more it sends at this hour anyhow, the less may
 * be strange: what is left to tell then is z.
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
		(double)h->row->v[METRIC_OUT], scale_floor, &h->habit);
	h->floor = floor_of(j, h);
}

static bool
is_below_floor(const struct judge *j, const struct hour *h)
{
	return (double)h->row->v[METRIC_OUT] * sampling_of(j) < h->floor;
}

/* Strange hours of a host, each at most two after the one before: one alert, told by the strangest of them. */
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

	put_octets(&j->reason, out);
	buf_puts(&j->reason, " sent out in an hour");
	if (h->known) {
		buf_puts(&j->reason, ", usually ");
		put_octets(&j->reason, habit_amount(&h->habit, METRIC_OUT, false) * sampling);
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

static void
put_run(struct judge *j, const struct run *r)
{
	const struct hour *h = r->worst;
	uint32_t sampling = sampling_of(j);
	double out = (double)h->row->v[METRIC_OUT] * sampling;
	double size = size_score(out, (double)j->limits.floor);
	double strange = h->known ? cut(h->habit.z / 12) : 0;
	struct alert a = ALERT_NONE;

	begin_words(j);
	put_volume_reason(j, r, out, sampling);
	put_volume_why(j, r, sampling, size, strange);
	put_limits(j, sampling, false);
	a.detector = "exfil";
	a.kind = "volume";
	a.score = 0.45 * size + 0.4 * strange + 0.05 * (r->hours < 3 ? r->hours : 3);
	if (r->ceiling && a.score < 0.75)
		a.score = 0.75;
	a.reason = buf_cstr(&j->reason);
	a.why = buf_cstr(&j->why);
	a.attack = "T1041,T1048";
	a.limits = text_or_null(&j->hidden);
	a.sampling = sampling;
	a.src = &h->row->key.addr;
	a.start_ns = (int64_t)r->first->row->key.hour * NS_PER_HOUR;
	a.end_ns = ((int64_t)r->last->row->key.hour + 1) * NS_PER_HOUR - NS_PER_MS;
	a.bytes = r->out;
	a.rbytes = r->in;
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
		if (h->row->key.hour - p->row->key.hour > 2)
			break;
		n += p->known && p->habit.z >= j->limits.z_again && !is_below_floor(j, p);
	}
	return n;
}

static bool
is_over_ceiling(const struct judge *j, const struct hour *h)
{
	return h->row->v[METRIC_OUT] >= j->limits.ceiling / sampling_of(j);
}

static bool
is_strange(const struct judge *j, const struct hour *first, const struct hour *h)
{
	if (is_below_floor(j, h) || scope_allows(j->scope, &h->row->key.addr, -1))
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
	    (!same_host(r->last, h) || h->row->key.hour - r->last->row->key.hour > 2)) {
		put_run(j, r);
		*r = (struct run){ 0 };
	}
	if (r->hours == 0)
		r->first = r->worst = h;
	r->last = h;
	if (is_worse(h, r->worst))
		r->worst = h;
	r->hours++;
	r->out += h->row->v[METRIC_OUT];
	r->in += h->row->v[METRIC_IN];
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

static bool
is_later(void *ctx, struct hourly_row *r)
{
	const uint32_t *before = ctx;

	return r->key.hour >= *before;
}

void
judge_hours(void *ctx, uint32_t before_hour)
{
	struct judge *j = ctx;
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
		n++;
	}
	qsort(hours, n, sizeof(*hours), compare_hours);
	for (size_t i = 0; i < n; i++)
		if (is_strange(j, hours, &hours[i]))
			add_to_run(j, &run, &hours[i]);
	if (run.hours > 0)
		put_run(j, &run);
	mem_free(hours);
	hourly_keep(&j->traffic->hourly, is_later, &before_hour);
}

void
judge_rest(struct judge *j)
{
	for (size_t i = 0; i < j->traffic->pairs.n; i++)
		judge_pair(j, keyed_at(&j->traffic->pairs, i));
	judge_hours(j, UINT32_MAX);
}
