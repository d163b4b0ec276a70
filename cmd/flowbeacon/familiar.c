#include "familiar.h"

#include "base/time.h"
#include "detect/alert.h"

#define RARE_SHARE 0.02
#define COMMON_SHARE 0.5
#define LIFT 0.4
#define COMMON_CUT 0.75
#define KNOWN_CUT 0.5

static enum usual
usual_of(uint64_t clients, uint64_t hosts)
{
	double share = (double)clients / (double)(hosts ? hosts : 1);

	if (hosts < FAMILIAR_HOSTS)
		return USUAL_UNKNOWN;
	if (clients <= 1 || share <= RARE_SHARE)
		return USUAL_RARE;
	return share >= COMMON_SHARE ? USUAL_COMMON : USUAL_NEITHER;
}

static void
look_up_edge(struct familiar *f, const struct baseline *b, const struct pair *k)
{
	const struct base_host *host = baseline_host(b, &k->client);
	const struct base_edge *edge;
	size_t n = 1;

	if (k->proto == 0) {
		edge = baseline_pair(b, &k->client, &k->server, &n);
	} else {
		bool icmp = k->proto == IP_ICMP || k->proto == IP_ICMP6;

		edge = baseline_edge(b, &k->client, &k->server, k->proto, icmp ? 0 : k->port);
	}
	if (edge != NULL && n > 0) {
		f->since = baseline_young(b, &edge->seen) ? SINCE_DAYS : SINCE_LONG;
		f->first_s = edge->seen.first_s;
		f->days = (unsigned)__builtin_popcountll(edge->seen.days);
	} else if (host != NULL && !baseline_young(b, &host->seen) &&
		   !baseline_young(b, &b->network.seen) && b->sampling <= 1) {
		f->since = SINCE_NEVER;
	}
}

static void
look_up_service(struct familiar *f, const struct baseline *b, const struct pair *k)
{
	const struct base_service *service = baseline_service(b, &k->server, k->proto, k->port);
	uint64_t clients, hosts = baseline_hosts(b);

	if (service == NULL || hosts == 0)
		return;
	clients = (uint64_t)(hll_count(&service->clients) + 0.5);
	clients = clients < hosts ? clients : hosts;
	if (f->hosts == 0 ||
	    (double)clients / (double)hosts > (double)f->clients / (double)f->hosts) {
		f->clients = clients;
		f->hosts = hosts;
	}
}

struct familiar
familiar_find(const struct acquaintance *a, const struct pair *k)
{
	struct familiar f = { 0 };

	if (!scope_internal(a->scope, &k->client))
		return f;
	f.clients = peers_clients(a->peers, &k->server);
	f.hosts = a->hosts;
	if (a->baseline != NULL) {
		look_up_edge(&f, a->baseline, k);
		look_up_service(&f, a->baseline, k);
	}
	f.usual = usual_of(f.clients, f.hosts);
	return f;
}

double
familiar_weigh(const struct familiar *f, double score)
{
	if (f->since == SINCE_LONG)
		score *= KNOWN_CUT;
	if (f->usual == USUAL_COMMON)
		return score * COMMON_CUT;
	if (f->since == SINCE_NEVER || (f->usual == USUAL_RARE && f->since != SINCE_LONG))
		return score + LIFT * score * (1 - score);
	return score;
}

void
familiar_say(const struct familiar *f, struct buf *reason, struct buf *why)
{
	if (f->clients > 0 && f->hosts > 1)
		buf_printf(reason, ", %llu of %llu hosts %s to it", (unsigned long long)f->clients,
		    (unsigned long long)f->hosts, f->clients == 1 ? "talks" : "talk");
	why_count(why, "clients", f->clients);
	why_count(why, "hosts", f->hosts);
	switch (f->since) {
	case SINCE_UNKNOWN: return;
	case SINCE_NEVER:
		buf_puts(reason, ", never before");
		why_word(why, "first_seen", "never");
		return;
	case SINCE_DAYS:
	case SINCE_LONG: {
		char day[FMT_MAX];
		size_t n = fmt_time(day, (int64_t)f->first_s * NS_PER_S, 0, NULL);

		n = n > 10 ? 10 : n; /* the date */
		buf_printf(reason, ", known since %.*s", (int)n, day);
		day[n] = '\0';
		why_word(why, "first_seen", day);
		why_count(why, "days_seen", f->days);
	}
	}
}
