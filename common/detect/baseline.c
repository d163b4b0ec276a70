#include "detect/baseline.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "detect/robust.h"

/* The network's octets are of all hosts. */
#define NETWORK_UNIT 65536.0

enum { DAY_S = 86400 };

/* Metrics ------------------------------------------------------------------------------------------ */

#define METRIC_ROW(SYMBOL, NAME, UNIT, MEANING) [METRIC_##SYMBOL] = { NAME, UNIT },
static const struct {
	const char *name;
	double unit;
} metrics[NETWORK_METRICS] = { METRIC_LIST(METRIC_ROW) NETWORK_METRIC_LIST(METRIC_ROW) };

const char *
metric_name(enum metric m)
{
	return metrics[m].name;
}

double
metric_unit(enum metric m, bool network)
{
	double unit = metrics[m].unit;

	return network && m < HOST_METRICS && unit > 1 ? NETWORK_UNIT : unit;
}

/* Life --------------------------------------------------------------------------------------------- */

static size_t
hourly_octets(const struct baseline *b, bool network)
{
	return (network ? NETWORK_METRICS : HOST_METRICS) * (size_t)b->hours.buckets * HOURS_SLOTS;
}

struct baseline *
baseline_new(const struct hours *hours, const char *internal)
{
	struct baseline *b = mem_zero(1, sizeof(*b));

	b->hours = *hours;
	b->internal = mem_string(internal);
	b->latest = -1;
	b->network.hourly = mem_zero(1, hourly_octets(b, true));
	keyed_init(&b->addresses, sizeof(struct addr), sizeof(struct addr), BASELINE_ADDRESSES);
	keyed_init(&b->hosts, sizeof(struct base_host), 4, BASELINE_HOSTS);
	keyed_init(&b->exporters, sizeof(struct base_host), 4, BASELINE_EXPORTERS);
	keyed_init(&b->prefixes, sizeof(struct base_prefix), 16, BASELINE_PREFIXES);
	keyed_init(&b->services, sizeof(struct base_service),
	    offsetof(struct base_service, proto) + 1, BASELINE_SERVICES);
	keyed_init(&b->edges, sizeof(struct base_edge), offsetof(struct base_edge, proto) + 1,
	    BASELINE_EDGES);
	return b;
}

void
baseline_become(struct baseline *b, const struct hours *hours, const char *internal, size_t n,
    uint32_t sampling)
{
	mem_free(b->internal);
	mem_free(b->network.hourly);
	b->internal = mem_string_n(internal, n);
	b->hours = *hours;
	b->sampling = sampling;
	b->network.hourly = mem_zero(1, hourly_octets(b, true));
}

static void
unready(struct baseline *b)
{
	mem_free(b->first_edge);
	mem_free(b->first_service);
	mem_free(b->host_of);
	b->first_edge = b->first_service = b->host_of = NULL;
	b->ready = false;
}

static void
free_hosts(struct keyed *k)
{
	for (size_t i = 0; i < k->n; i++) {
		struct base_host *h = keyed_at(k, i);

		hll_free(&h->peers);
		mem_free(h->hourly);
	}
	keyed_free(k);
}

void
baseline_free(struct baseline *b)
{
	if (b == NULL)
		return;
	unready(b);
	free_hosts(&b->hosts);
	free_hosts(&b->exporters);
	for (size_t i = 0; i < b->services.n; i++)
		hll_free(&((struct base_service *)keyed_at(&b->services, i))->clients);
	for (size_t i = 0; i < b->prefixes.n; i++)
		hll_free(&((struct base_prefix *)keyed_at(&b->prefixes, i))->clients);
	keyed_free(&b->services);
	keyed_free(&b->prefixes);
	keyed_free(&b->edges);
	keyed_free(&b->addresses);
	mem_free(b->network.hourly);
	mem_free(b->internal);
	mem_free(b);
}

static size_t
hosts_memory(const struct baseline *b, const struct keyed *k)
{
	size_t sum = keyed_memory(k);

	for (size_t i = 0; i < k->n; i++)
		sum += hourly_octets(b, false) +
		       hll_memory(&((struct base_host *)keyed_at(k, i))->peers);
	return sum;
}

size_t
baseline_memory(const struct baseline *b)
{
	size_t sum = keyed_memory(&b->addresses) + keyed_memory(&b->edges) +
		     keyed_memory(&b->services) + keyed_memory(&b->prefixes);

	for (size_t i = 0; i < b->services.n; i++)
		sum += hll_memory(&((struct base_service *)keyed_at(&b->services, i))->clients);
	for (size_t i = 0; i < b->prefixes.n; i++)
		sum += hll_memory(&((struct base_prefix *)keyed_at(&b->prefixes, i))->clients);
	sum += hosts_memory(b, &b->hosts) + hosts_memory(b, &b->exporters);
	return sum + hourly_octets(b, true) + (b->ready ? 3 * 4 * (b->addresses.n + 1) : 0);
}

/* Filling ------------------------------------------------------------------------------------------ */

static bool
number_of(struct baseline *b, const struct addr *a, uint32_t *number)
{
	size_t i = keyed_add(&b->addresses, a);

	if (b->ready)
		unready(b);
	*number = (uint32_t)i;
	return i != KEYED_NONE;
}

static struct base_host *
add_host(struct baseline *b, struct keyed *k, const struct addr *a)
{
	struct base_host *h;
	uint32_t number;
	size_t i;

	if (!number_of(b, a, &number))
		return NULL;
	i = keyed_add(k, &number);
	if (i == KEYED_NONE)
		return NULL;
	h = keyed_at(k, i);
	if (h->hourly == NULL)
		h->hourly = mem_zero(1, hourly_octets(b, false));
	return h;
}

struct base_host *
baseline_add_host(struct baseline *b, const struct addr *a)
{
	return add_host(b, &b->hosts, a);
}

struct base_host *
baseline_add_exporter(struct baseline *b, const struct addr *a)
{
	return add_host(b, &b->exporters, a);
}

struct base_edge *
baseline_add_edge(struct baseline *b, const struct addr *client, const struct addr *server,
    int proto, unsigned port)
{
	struct base_edge key = { .port = (uint16_t)port, .proto = (uint8_t)proto };
	size_t i;

	if (!number_of(b, client, &key.client) || !number_of(b, server, &key.server))
		return NULL;
	i = keyed_add(&b->edges, &key);
	return i != KEYED_NONE ? keyed_at(&b->edges, i) : NULL;
}

struct base_service *
baseline_add_service(struct baseline *b, const struct addr *server, int proto, unsigned port)
{
	struct base_service key = { .port = (uint16_t)port, .proto = (uint8_t)proto };
	size_t i;

	if (!number_of(b, server, &key.server))
		return NULL;
	i = keyed_add(&b->services, &key);
	return i != KEYED_NONE ? keyed_at(&b->services, i) : NULL;
}

struct addr
baseline_prefix_of(const struct addr *member)
{
	struct addr a = *member;

	addr_mask(&a, addr_is_v4(member) ? 96 + 24 : 48);
	return a;
}

struct base_prefix *
baseline_add_prefix(struct baseline *b, const struct addr *member)
{
	struct addr prefix = baseline_prefix_of(member);
	size_t i = keyed_add(&b->prefixes, &prefix);

	if (b->ready)
		unready(b);
	return i != KEYED_NONE ? keyed_at(&b->prefixes, i) : NULL;
}

/* Fetching ----------------------------------------------------------------------------------------- */

static uint32_t
fetch(const struct keyed *k, const void *key)
{
	uint32_t hash = keyed_hash(k, key);

	keyed_prefetch(k, hash);
	return hash;
}

/* What an address' number leads to. */
struct touched {
	uint32_t client, server, prefix, host, edge, service; /* hashes */
};

static void
fetch_profiles(const struct baseline *b, const struct base_touch *t, struct touched *h)
{
	struct base_edge e = { .port = t->port, .proto = t->proto };
	struct base_service s = { .port = t->port, .proto = t->proto };

	/* New addresses have numbers that nothing is known of. */
	e.client = (uint32_t)keyed_find(&b->addresses, t->client);
	e.server = s.server = (uint32_t)keyed_find(&b->addresses, t->server);
	h->host = fetch(&b->hosts, &e.client);
	h->edge = fetch(&b->edges, &e);
	h->service = fetch(&b->services, &s);
}

void
baseline_prefetch(const struct baseline *b, const struct base_touch *t, size_t n)
{
	struct touched h[BASELINE_TOUCH];
	struct addr prefix;

	n = n < BASELINE_TOUCH ? n : BASELINE_TOUCH;
	for (size_t i = 0; i < n; i++) {
		prefix = baseline_prefix_of(t[i].server);
		h[i].client = fetch(&b->addresses, t[i].client);
		h[i].server = fetch(&b->addresses, t[i].server);
		h[i].prefix = fetch(&b->prefixes, &prefix);
	}
	for (size_t i = 0; i < n; i++) {
		keyed_prefetch_thing(&b->addresses, h[i].client);
		keyed_prefetch_thing(&b->addresses, h[i].server);
		keyed_prefetch_thing(&b->prefixes, h[i].prefix);
	}
	for (size_t i = 0; i < n; i++)
		fetch_profiles(b, &t[i], &h[i]);
	for (size_t i = 0; i < n; i++) {
		keyed_prefetch_thing(&b->hosts, h[i].host);
		keyed_prefetch_thing(&b->edges, h[i].edge);
		keyed_prefetch_thing(&b->services, h[i].service);
	}
}

/* Time --------------------------------------------------------------------------------------------- */

/* Clocks that nobody set begin in 1970.  Its first day counts as its second: 0 is the time of nothing learned. */
static uint32_t
unix_s(int64_t ns)
{
	int64_t s = ns < DAY_S * NS_PER_S ? DAY_S : ns / NS_PER_S;

	return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static int32_t
day_of(const struct baseline *b, uint32_t s)
{
	return hours_day(&b->hours, (int64_t)s * NS_PER_S);
}

static uint64_t
shift(uint64_t days, int64_t by)
{
	return by < 64 ? days << by : 0;
}

/* Join with another time that it was seen: bit 0 of both is of the day of last_s. */
void
baseline_join(const struct baseline *b, struct seen *s, const struct seen *with)
{
	int64_t later = (int64_t)day_of(b, with->last_s) - day_of(b, s->last_s);

	if (s->days == 0) {
		*s = *with;
		return;
	}
	if (with->first_s < s->first_s)
		s->first_s = with->first_s;
	if (later > 0)
		s->days = shift(s->days, later) | with->days;
	else
		s->days |= shift(with->days, -later);
	if (with->last_s > s->last_s)
		s->last_s = with->last_s;
}

void
baseline_see(const struct baseline *b, struct seen *s, int64_t start_ns, int64_t end_ns)
{
	struct seen now = { .first_s = unix_s(start_ns), .last_s = unix_s(end_ns), .days = 1 };
	int64_t days = (int64_t)day_of(b, now.last_s) - day_of(b, now.first_s);

	if (days > 0) /* on every day between too */
		now.days = days < 63 ? (UINT64_C(2) << days) - 1 : UINT64_MAX;
	baseline_join(b, s, &now);
}

unsigned
baseline_days_known(const struct baseline *b, const struct seen *s)
{
	const struct seen *all = &b->network.seen;
	uint64_t days, over;

	if (all->last_s < s->first_s)
		return 0;
	days = ((uint64_t)(all->last_s - all->first_s) + DAY_S / 2) / DAY_S;
	over = s->first_s > all->first_s ? (s->first_s - all->first_s) / DAY_S : 0;
	return days > over ? (unsigned)(days - over) : 0;
}

/* Hours -------------------------------------------------------------------------------------------- */

static size_t
place(const struct baseline *b, unsigned metric, unsigned bucket, unsigned slot)
{
	return ((size_t)metric * b->hours.buckets + bucket) * HOURS_SLOTS + slot;
}

static void
clear_slot(const struct baseline *b, uint8_t *hourly, bool network, unsigned bucket, unsigned slot)
{
	for (unsigned m = 0; m < (network ? NETWORK_METRICS : HOST_METRICS); m++)
		hourly[place(b, m, bucket, slot)] = 0;
}

static void
clear_slots(struct baseline *b, unsigned bucket, unsigned slot)
{
	clear_slot(b, b->network.hourly, true, bucket, slot);
	for (size_t i = 0; i < b->hosts.n; i++)
		clear_slot(
		    b, ((struct base_host *)keyed_at(&b->hosts, i))->hourly, false, bucket, slot);
	for (size_t i = 0; i < b->exporters.n; i++)
		clear_slot(b, ((struct base_host *)keyed_at(&b->exporters, i))->hourly, false,
		    bucket, slot);
}

void
baseline_advance(struct baseline *b, int32_t day)
{
	int32_t before = b->latest;

	if (day <= before)
		return;
	b->latest = day;
	if (before < 0)
		return;
	for (unsigned bucket = 0; bucket < b->hours.buckets; bucket++)
		for (unsigned slot = 0; slot < HOURS_SLOTS; slot++)
			if (hours_slot_day(&b->hours, bucket, slot, day) !=
			    hours_slot_day(&b->hours, bucket, slot, before))
				clear_slots(b, bucket, slot);
}

static uint8_t
code_of(unsigned metric, bool network, uint64_t value)
{
	double unit = metric_unit(metric, network);

	if (unit > 0)
		return log8_code((double)value, unit);
	return value > UINT8_MAX ? UINT8_MAX : (uint8_t)value;
}

void
baseline_put_hour(
    const struct baseline *b, uint8_t *hourly, bool network, int64_t ns, const uint64_t *values)
{
	unsigned bucket = hours_bucket(&b->hours, ns);
	int32_t day = hours_day(&b->hours, ns);

	if (!hours_kept(&b->hours, day, b->latest))
		return;
	for (unsigned m = 0; m < (network ? NETWORK_METRICS : HOST_METRICS); m++) {
		uint8_t *at = &hourly[place(b, m, bucket, hours_slot(&b->hours, day))];
		uint8_t code = code_of(m, network, values[m]);

		*at = code > *at ? code : *at;
	}
}

/*
 * Codes of the bucket of ns: of days on which it had been seen, but for the one of ns, in hours that something was
 * learned in: of which the network has conversations.
 */
static size_t
history(const struct baseline *b, const uint8_t *hourly, unsigned metric, const struct seen *seen,
    int64_t ns, uint8_t *codes)
{
	int32_t from = day_of(b, seen->first_s), without = hours_day(&b->hours, ns);
	unsigned bucket = hours_bucket(&b->hours, ns);
	size_t n = 0;

	for (unsigned slot = 0; slot < HOURS_SLOTS; slot++) {
		int32_t day = hours_slot_day(&b->hours, bucket, slot, b->latest);

		if (day < from || day == without ||
		    b->network.hourly[place(b, METRIC_FLOWS, bucket, slot)] == 0)
			continue;
		codes[n++] = hourly[place(b, metric, bucket, slot)];
	}
	return n;
}

size_t
baseline_history(const struct baseline *b, const struct base_host *h, enum metric metric,
    int64_t ns, uint8_t *codes)
{
	return history(b, h->hourly, metric, &h->seen, ns, codes);
}

size_t
baseline_network_history(const struct baseline *b, enum metric metric, int64_t ns, uint8_t *codes)
{
	return history(b, b->network.hourly, metric, &b->network.seen, ns, codes);
}

/* Forgetting --------------------------------------------------------------------------------------- */

static void
drop_host(void *p)
{
	struct base_host *h = p;

	hll_free(&h->peers);
	mem_free(h->hourly);
}

static void
drop_service(void *p)
{
	hll_free(&((struct base_service *)p)->clients);
}

static void
drop_prefix(void *p)
{
	hll_free(&((struct base_prefix *)p)->clients);
}

/* Take out what was last seen before; seen: where in a thing that stands. */
static void
forget(struct keyed *k, size_t seen, uint32_t before_s, void (*drop)(void *))
{
	size_t n = 0;

	keyed_unindex(k);
	for (size_t i = 0; i < k->n; i++) {
		uint8_t *p = keyed_at(k, i);

		if (((struct seen *)(void *)(p + seen))->last_s >= before_s)
			memmove(keyed_at(k, n++), p, k->stride);
		else if (drop != NULL)
			drop(p);
	}
	k->n = n;
}

void
baseline_forget(struct baseline *b, uint32_t before_s)
{
	unready(b);
	forget(&b->hosts, offsetof(struct base_host, seen), before_s, drop_host);
	forget(&b->exporters, offsetof(struct base_host, seen), before_s, drop_host);
	forget(&b->prefixes, offsetof(struct base_prefix, seen), before_s, drop_prefix);
	forget(&b->services, offsetof(struct base_service, seen), before_s, drop_service);
	forget(&b->edges, offsetof(struct base_edge, seen), before_s, NULL);
}
