#include "judge.h"

#include "base/mem.h"
#include "words.h"

/* Queries of people's names are 60 to 90 octets with their headers, and a ping is 84. */
enum { DNS_PACKET = 110, ICMP_PACKET = 128 };

/* All hours before this one, which are forgotten then. */
static void
judge_hours(void *ctx, uint32_t before_hour)
{
	volume_judge(ctx, before_hour);
}

void
judge_init(struct judge *j, const struct scope *scope, struct traffic *t)
{
	j->scope = scope;
	j->traffic = t;
	j->alerts = alerts_new();
	keyed_init(&j->told, sizeof(struct told), sizeof(struct hourly_key), TOLD_MOST);
	t->pair_over = judge_pair;
	t->hours_over = judge_hours;
	t->ctx = j;
}

void
judge_free(struct judge *j)
{
	alerts_free(j->alerts);
	keyed_free(&j->told);
	buf_free(&j->reason);
	buf_free(&j->why);
	buf_free(&j->hidden);
}

static void
put_alert(struct judge *j, struct pair *p, const char *kind, const char *attack, double score)
{
	struct alert a = ALERT_NONE;

	a.detector = "exfil";
	a.kind = kind;
	a.score = score;
	a.reason = buf_cstr(&j->reason);
	a.why = buf_cstr(&j->why);
	a.attack = attack;
	a.limits = words_hidden(j);
	a.sampling = p->sampling;
	a.src = &p->key.host;
	a.dst = &p->key.dst;
	/* Pings, and records without ports. */
	a.dstport = p->key.channel == CHANNEL_ICMP || p->port == 0 ? -1 : p->port;
	a.proto = p->proto;
	a.start_ns = p->start_ns;
	a.end_ns = p->end_ns;
	a.flows = p->flows;
	a.packets = p->packets / p->sampling;
	a.bytes = p->out / p->sampling;
	a.rpackets = p->rpackets / p->sampling;
	a.rbytes = p->in / p->sampling;
	alerts_put(j->alerts, &a);
	p->told = p->out;
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
	bool host_young; /* or unknown: that something is new says little */
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
	return score * (1 - score_cut(n->prevalence / 0.5));
}

static void
judge_destination(struct judge *j, struct pair *p)
{
	double out = (double)p->out, in = (double)p->in, pcr = (out - in) / (out + in);
	double size = score_size(out, (double)j->limits.destination), fresh;
	struct news n;

	if (p->out < j->limits.destination || !(pcr >= j->limits.pcr))
		return;
	n = news_of(j, p);
	if (n.known)
		return;
	fresh = news_score(j, &n);
	words_begin(j);
	words_octets(&j->reason, out);
	buf_puts(&j->reason, j->baseline != NULL ? " to a destination it never talked to, "
						 : " to one destination, ");
	words_octets(&j->reason, in);
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
	words_limits(j, (struct sampled){ p->sampling, p->sampling }, true);
	put_alert(j, p, "destination", p->port == 443 || p->port == 80 ? "T1567,T1041" : "T1048",
	    0.45 * size + 0.2 * pcr + 0.35 * fresh);
}

/* Channels ----------------------------------------------------------------------------------------- */

/* Much in messages larger than usual ones. */
static void
judge_channel(struct judge *j, struct pair *p, const char *kind, uint64_t least, unsigned packet,
    const char *attack)
{
	double mean = p->packets > 0 ? (double)p->out / (double)p->packets : 0;
	double size = score_size((double)p->out, (double)least);
	double large = score_cut((mean / packet - 1) * 2);

	if (p->out < least || mean <= packet || p->out < p->in - p->in / 2)
		return;
	words_begin(j);
	words_octets(&j->reason, (double)p->out);
	buf_printf(&j->reason, " in %s messages of %.0f octets, ", kind, mean);
	words_octets(&j->reason, (double)p->in);
	buf_puts(&j->reason, " back");
	put_pair_numbers(j, p);
	why_number(&j->why, "mean", mean);
	why_number(&j->why, "size", size);
	why_number(&j->why, "large", large);
	words_limits(j, (struct sampled){ p->sampling, p->sampling }, false);
	put_alert(j, p, kind, attack, 0.7 * size + 0.3 * large);
}

static void
judge_dns(struct judge *j, struct pair *p)
{
	/* A resolver of ours asks for all the others, and answers them. */
	if (keyed_find(&j->traffic->resolvers, &p->key.host) != KEYED_NONE)
		return;
	judge_channel(j, p, "dns", j->limits.dns, DNS_PACKET, "T1048.003,T1071.004");
}

void
judge_pair(void *ctx, struct pair *p)
{
	struct judge *j = ctx;

	if (!judge_is_news(p->out, p->told) || scope_allows(j->scope, &p->key.host, -1) ||
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

/* Windows that are over by the hour, or begin far beyond it, go. */
static void
keep_pairs(struct traffic *t, uint32_t newest)
{
	size_t n = 0;

	keyed_unindex(&t->pairs);
	for (size_t i = 0; i < t->pairs.n; i++) {
		const struct pair *p = keyed_at(&t->pairs, i);
		int64_t over_ns = p->window_ns + t->window_ns;

		if (over_ns > (int64_t)newest * NS_PER_HOUR &&
		    p->window_ns / NS_PER_HOUR <= (int64_t)newest + SILENCE_HOURS)
			memmove(keyed_at(&t->pairs, n++), p, sizeof(*p));
	}
	t->pairs.n = n;
}

void
judge_rest(struct judge *j)
{
	for (size_t i = 0; i < j->traffic->pairs.n; i++)
		judge_pair(j, keyed_at(&j->traffic->pairs, i));
	if (j->keeps)
		keep_pairs(j->traffic, volume_judge_and_keep(j));
	else
		judge_hours(j, UINT32_MAX);
}
