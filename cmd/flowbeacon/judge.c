#include "judge.h"

#include <math.h>

#include "base/mem.h"
#include "detect/periodicity.h"
#include "detect/rita.h"
#include "detect/robust.h"
#include "detect/sampled.h"

enum { SAMPLED_BEATS = 20, STROBE_LEAST = 200, STROBE_MOST = 86400, STROBE_GAP_S = 10 };
#define SILENT_CUT 0.6
#define STROBE_SIZE 0.9
#define LONG_LEAST_H (PAIR_LONG_NS / 3600e9)
#define LONG_MOST_H 12.0

/* What is known of a pair beyond its beats. */
struct finding {
	const struct judge *judge;
	struct pair *pair;
	const char *kind;
	double score;
	struct buf reason, why;
	struct familiar familiar;
};

/* Words -------------------------------------------------------------------------------------------- */

static double
span_share(const struct judge *j, const struct pair *k)
{
	int64_t all = j->seen.end_ns - j->seen.first_ns;

	return all > 0 ? (double)(k->last_ns - k->first_ns) / (double)all : 0;
}

/* Hours of the day of which the data has something. */
static unsigned
hours_of(const struct judge *j)
{
	int64_t hour = 3600 * NS_PER_S, n = j->seen.last_ns / hour - j->seen.first_ns / hour + 1;

	return n < 24 ? (unsigned)n : 24;
}

static void
say_seconds(struct buf *b, double s)
{
	reason_duration(b, (int64_t)(s * 1e9));
}

static void
say_sizes(struct buf *b, double size)
{
	buf_puts(b, size >= 0.98  ? ", same size"
		    : size >= 0.8 ? ", similar sizes"
				  : ", sizes vary");
}

static void
say_hours(struct finding *f)
{
	unsigned hours = (unsigned)__builtin_popcount(f->pair->hours);

	buf_printf(&f->reason, ", %u of %u hours", hours, hours_of(f->judge));
	why_count(&f->why, "hours", hours);
}

/* Kinds -------------------------------------------------------------------------------------------- */

/* Most of it was never answered: a server that is gone, or a peer that is; nothing leaves this way. */
static bool
is_silent(const struct pair *k)
{
	return k->answered * 2 < k->conversations;
}

static void
explain_beacon(struct finding *f, const struct periodicity *p)
{
	struct buf *w = &f->why;

	f->reason.len = w->len = 0;
	buf_puts(&f->reason, "every ");
	say_seconds(&f->reason, p->period_s);
	buf_puts(&f->reason, " ± ");
	say_seconds(&f->reason, p->spread_s);
	why_word(w, "method", "fb");
	why_number(w, "periodicity", p->score);
	why_number(w, "period", p->period_s);
	why_number(w, "jitter", p->spread_s);
	why_count(w, "gaps", p->gaps);
	why_number(w, "merge", p->merge_s);
	why_number(w, "share", p->share);
	why_number(w, "chance", p->chance);
	why_number(w, "evidence", p->evidence);
	why_number(w, "regular", p->regular);
	why_number(w, "steady", p->steady);
	why_number(w, "span", span_share(f->judge, f->pair));
	say_hours(f);
	say_sizes(&f->reason, p->size);
	why_number(w, "bytes", p->bytes);
	why_number(w, "bytes_spread", p->bytes_spread);
	why_count(w, "beats", f->pair->beats.n);
	why_count(w, "conversations", f->pair->conversations);
	why_count(w, "answered", f->pair->answered);
	if (is_silent(f->pair))
		buf_puts(&f->reason, ", not answered");
	familiar_say(&f->familiar, &f->reason, &f->why);
}

static void
explain_rita(struct finding *f, const struct rita *r)
{
	struct buf *w = &f->why;

	f->reason.len = w->len = 0;
	buf_printf(&f->reason, "%u conversations, every ", r->n);
	say_seconds(&f->reason, r->period_s);
	buf_puts(&f->reason, " ± ");
	say_seconds(&f->reason, r->spread_s);
	buf_printf(&f->reason, ", in %u of %d hours", r->bars, RITA_BINS);
	why_word(w, "method", "rita");
	why_count(w, "n", r->n);
	why_number(w, "timing", r->timing);
	why_number(w, "size", r->size);
	why_number(w, "histogram", r->histogram);
	why_number(w, "duration", r->duration);
	why_number(w, "period", r->period_s);
	why_number(w, "jitter", r->spread_s);
	why_number(w, "bytes", r->bytes);
	familiar_say(&f->familiar, &f->reason, &f->why);
}

/* A rule of thumb for rare peers: strength 0 to 1.  Where nobody knows what is rare, it stays below an alert's. */
static double
rule_score(const struct finding *f, double strength)
{
	strength = fmin(1, fmax(0, strength));
	if (f->familiar.since == SINCE_LONG)
		return 0;
	if (f->familiar.usual == USUAL_RARE || f->familiar.since == SINCE_NEVER)
		return 0.5 + 0.3 * strength;
	return f->familiar.usual == USUAL_UNKNOWN ? 0.3 + 0.15 * strength : 0;
}

static void
try_long(struct finding *f, const struct periodicity *p)
{
	const struct pair *k = f->pair;
	int64_t most = k->end_ns - k->first_ns;
	int64_t ns = k->connected_ns < most ? k->connected_ns : most;
	double hours = (double)ns / 3600e9, score;

	if (hours < LONG_LEAST_H)
		return;
	score = rule_score(f, log(hours / LONG_LEAST_H) / log(LONG_MOST_H / LONG_LEAST_H));
	if (score <= f->score)
		return;
	f->kind = "long";
	f->score = score;
	f->reason.len = f->why.len = 0;
	buf_puts(&f->reason, "connected for ");
	reason_duration(&f->reason, ns);
	if (k->conversations > 1) {
		buf_printf(&f->reason, " in %llu conversations, the longest ",
		    (unsigned long long)k->conversations);
		say_seconds(&f->reason, k->longest_s);
	}
	why_number(&f->why, "connected_hours", hours);
	why_count(&f->why, "conversations", k->conversations);
	why_count(&f->why, "longest", k->longest_s);
	why_number(&f->why, "periodicity", p->score);
	familiar_say(&f->familiar, &f->reason, &f->why);
}

/* The median of the gaps as they are, bursts and all; false: there is none. */
static bool
median_gap(const struct beats *b, double *median)
{
	double *gap = mem_alloc((b->n + 1) * sizeof(*gap));
	size_t n = 0;

	for (uint32_t i = 1; i < b->n; i++)
		if (beats_gap(b, b->beat[i - 1].ms, b->beat[i].ms))
			gap[n++] = (b->beat[i].ms - b->beat[i - 1].ms) / 1e3;
	if (n > 0)
		*median = robust_median(gap, n);
	mem_free(gap);
	return n > 0;
}

static void
try_strobe(struct finding *f, const struct periodicity *p)
{
	const struct pair *k = f->pair;
	double n = (double)k->conversations, score, gap_s;

	if (n < STROBE_LEAST || p->size < STROBE_SIZE)
		return;
	score = rule_score(f, log(n / STROBE_LEAST) / log((double)STROBE_MOST / STROBE_LEAST));
	if (score <= f->score || !median_gap(&k->beats, &gap_s) || gap_s > STROBE_GAP_S)
		return;
	f->kind = "strobe";
	f->score = score;
	f->reason.len = f->why.len = 0;
	buf_printf(&f->reason, "%llu conversations, ", (unsigned long long)k->conversations);
	say_seconds(&f->reason, gap_s);
	buf_puts(&f->reason, " apart");
	why_count(&f->why, "conversations", k->conversations);
	why_number(&f->why, "gap", gap_s);
	why_number(&f->why, "periodicity", p->score);
	why_number(&f->why, "bytes", p->bytes);
	why_number(&f->why, "bytes_spread", p->bytes_spread);
	say_hours(f);
	say_sizes(&f->reason, p->size);
	familiar_say(&f->familiar, &f->reason, &f->why);
}

static void
judge_fb(struct judge *j, struct finding *f)
{
	struct pair *k = f->pair;
	unsigned least = k->sampling > 1 ? SAMPLED_BEATS - 1 : PERIODICITY_GAPS;
	unsigned hours = (unsigned)__builtin_popcount(k->hours);
	struct periodicity p;

	if (periodicity(&k->beats, span_share(j, k), hours, least, &p)) {
		j->judged++;
		f->kind = "beacon";
		f->score =
		    familiar_weigh(&f->familiar, is_silent(k) ? p.score * SILENT_CUT : p.score);
		if (f->score >= j->least)
			explain_beacon(f, &p);
	} else if (k->sampling > 1) {
		j->unjudged++;
	}
	if (is_silent(k))
		return;
	try_long(f, &p);
	try_strobe(f, &p);
}

static void
judge_rita(struct judge *j, struct finding *f)
{
	int64_t from_s, to_s;
	struct rita r;

	rita_time(j->seen.first_ns / NS_PER_S, j->seen.last_ns / NS_PER_S, &from_s, &to_s);
	if (!rita(&f->pair->beats, from_s, to_s, &r))
		return;
	j->judged++;
	f->kind = "beacon";
	f->score = r.score;
	explain_rita(f, &r);
}

/* Alerts ------------------------------------------------------------------------------------------- */

/* ATT&CK of a port: application layer protocol (.001 web, .004 DNS), encrypted channel, non-standard port. */
static const char *
attack_of(const struct pair *k)
{
	if (k->proto == IP_ICMP || k->proto == IP_ICMP6)
		return "T1095";
	switch (k->port) {
	case 0: return "T1071"; /* no record says which */
	case 53: return "T1071.004";
	case 80:
	case 8080: return "T1071.001";
	case 443:
	case 8443: return "T1071.001,T1573";
	default: return conversation_service_port(k->port) ? "T1071" : "T1571";
	}
}

static void
put(struct finding *f, struct alerts *alerts)
{
	const struct pair *k = f->pair;
	bool ports = k->port != 0 && k->proto != IP_ICMP && k->proto != IP_ICMP6;
	struct alert a = ALERT_NONE;
	struct sampled sampled = { 0 };
	struct buf limits = { 0 };

	sampled_see(&sampled, k->sampling);
	sampled_limits(&limits, &sampled,
	    "beats were missed, so the period may be several times too long and its regularity is "
	    "underrated; pairs with fewer than 20 beats are not judged");
	a.detector = "beacon";
	a.kind = f->kind;
	a.score = f->score;
	a.reason = buf_cstr(&f->reason);
	a.why = buf_cstr(&f->why);
	a.attack = k->proto == 0 ? "T1071" : attack_of(k);
	a.limits = limits.len > 0 ? buf_cstr(&limits) : NULL;
	a.sampling = k->sampling;
	a.src = &k->client;
	a.dst = &k->server;
	a.dstport = ports ? k->port : -1;
	a.proto = k->proto != 0 ? k->proto : -1;
	a.start_ns = k->first_ns;
	a.end_ns = k->end_ns;
	a.flows = k->conversations;
	a.packets = k->packets;
	a.bytes = k->bytes;
	a.rpackets = k->rpackets;
	a.rbytes = k->rbytes;
	alerts_put(alerts, &a);
	buf_free(&limits);
}

void
judge_pair(struct judge *j, struct pair *k, struct alerts *alerts)
{
	struct finding f = { .judge = j, .pair = k };

	f.familiar = familiar_find(&j->acquaintance, k);
	if (j->method == METHOD_RITA)
		judge_rita(j, &f);
	else
		judge_fb(j, &f);
	if (f.kind != NULL && f.score >= j->least && severity_of(f.score) > k->told) {
		put(&f, alerts);
		k->told = j->keeps ? (uint8_t)severity_of(f.score) : 0;
	}
	buf_free(&f.reason);
	buf_free(&f.why);
}
