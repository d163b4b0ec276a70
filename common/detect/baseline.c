#include "detect/baseline.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "detect/robust.h"

/* The network's octets are of all hosts. */
#define NETWORK_UNIT 65536.0

/* Metrics ------------------------------------------------------------------------------------------ */

#define METRIC_ROW(SYMBOL, NAME, UNIT, MEANING) [METRIC_##SYMBOL] = { NAME, MEANING, UNIT },
static const struct {
	const char *name, *meaning;
	double unit;
} metrics[NETWORK_METRICS] = { METRIC_LIST(METRIC_ROW) NETWORK_METRIC_LIST(METRIC_ROW) };

const char *
metric_name(enum metric m)
{
	return metrics[m].name;
}

const char *
metric_meaning(enum metric m)
{
	return metrics[m].meaning;
}

double
metric_unit(enum metric m, bool network)
{
	return network && m < HOST_METRICS && metrics[m].unit > 1 ? NETWORK_UNIT : metrics[m].unit;
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

/* Time --------------------------------------------------------------------------------------------- */

static uint32_t
unix_s(int64_t ns)
{
	int64_t s = ns < 0 ? 0 : ns / NS_PER_S;

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

bool
baseline_young(const struct baseline *b, const struct seen *s)
{
	return b->network.seen.last_s < s->first_s ||
	       b->network.seen.last_s - s->first_s < BASELINE_NORMAL_DAYS * 86400;
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
 * Codes of one bucket: of days from `from` on, without `without`, in hours that something was learned in: of which
 * the network has conversations.
 */
static size_t
history_of(const struct baseline *b, const uint8_t *hourly, unsigned metric, unsigned bucket,
    int32_t from, int32_t without, uint8_t *codes)
{
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

static size_t
history(const struct baseline *b, const uint8_t *hourly, unsigned metric, const struct seen *seen,
    int64_t ns, unsigned around, uint8_t *codes)
{
	int32_t from = day_of(b, seen->first_s), without = hours_day(&b->hours, ns);
	size_t n = 0;

	for (int h = -(int)around; h <= (int)around; h++)
		n += history_of(b, hourly, metric, hours_bucket(&b->hours, ns + h * NS_PER_HOUR),
		    from, without, codes + n);
	return n;
}

size_t
baseline_history(const struct baseline *b, const struct base_host *h, enum metric metric,
    int64_t ns, unsigned around, uint8_t *codes)
{
	return history(b, h->hourly, metric, &h->seen, ns, around, codes);
}

size_t
baseline_network_history(
    const struct baseline *b, enum metric metric, int64_t ns, unsigned around, uint8_t *codes)
{
	return history(b, b->network.hourly, metric, &b->network.seen, ns, around, codes);
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

/* Ready -------------------------------------------------------------------------------------------- */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int
compare_hosts(const void *x, const void *y)
{
	const struct base_host *a = x, *b = y;

	return ORDER(a->addr, b->addr);
}

static int
compare_prefixes(const void *x, const void *y)
{
	const struct base_prefix *a = x, *b = y;

	return memcmp(a->prefix.b, b->prefix.b, 16);
}

static int
compare_services(const void *x, const void *y)
{
	const struct base_service *a = x, *b = y;
	int order = ORDER(a->server, b->server);

	if (order == 0)
		order = ORDER(a->port, b->port);
	return order != 0 ? order : ORDER(a->proto, b->proto);
}

static int
compare_edges(const void *x, const void *y)
{
	const struct base_edge *a = x, *b = y;
	int order = ORDER(a->client, b->client);

	if (order == 0)
		order = ORDER(a->server, b->server);
	if (order == 0)
		order = ORDER(a->port, b->port);
	return order != 0 ? order : ORDER(a->proto, b->proto);
}

static void
sort(struct keyed *k, int (*compare)(const void *, const void *))
{
	bool sorted = true;

	keyed_unindex(k);
	for (size_t i = 1; i < k->n && sorted; i++)
		sorted = compare(keyed_at(k, i - 1), keyed_at(k, i)) < 0;
	if (!sorted)
		qsort(k->at, k->n, k->stride, compare);
}

struct numbered {
	struct addr addr;
	uint32_t number;
};

static int
compare_numbered(const void *x, const void *y)
{
	return memcmp(x, y, sizeof(struct addr));
}

/* Put addresses in order, and their numbers in everything that has them. */
static void
sort_addresses(struct baseline *b)
{
	size_t n = b->addresses.n;
	struct numbered *v = mem_alloc((n + 1) * sizeof(*v));
	uint32_t *to = mem_alloc((n + 1) * sizeof(*to));

	for (size_t i = 0; i < n; i++)
		v[i] = (struct numbered){ baseline_addr(b, (uint32_t)i), (uint32_t)i };
	qsort(v, n, sizeof(*v), compare_numbered);
	for (size_t i = 0; i < n; i++) {
		memcpy(keyed_at(&b->addresses, i), &v[i].addr, sizeof(struct addr));
		to[v[i].number] = (uint32_t)i;
	}
	for (size_t i = 0; i < b->hosts.n; i++) {
		struct base_host *h = keyed_at(&b->hosts, i);

		h->addr = to[h->addr];
	}
	for (size_t i = 0; i < b->exporters.n; i++) {
		struct base_host *h = keyed_at(&b->exporters, i);

		h->addr = to[h->addr];
	}
	for (size_t i = 0; i < b->services.n; i++) {
		struct base_service *s = keyed_at(&b->services, i);

		s->server = to[s->server];
	}
	for (size_t i = 0; i < b->edges.n; i++) {
		struct base_edge *e = keyed_at(&b->edges, i);

		e->client = to[e->client];
		e->server = to[e->server];
	}
	mem_free(to);
	mem_free(v);
}

static void
make_places(struct baseline *b)
{
	size_t n = b->addresses.n, e = 0, s = 0;

	b->first_edge = mem_alloc((n + 1) * sizeof(uint32_t));
	b->first_service = mem_alloc((n + 1) * sizeof(uint32_t));
	b->host_of = mem_zero(n + 1, sizeof(uint32_t));
	for (size_t i = 0; i <= n; i++) {
		while (e < b->edges.n && ((struct base_edge *)keyed_at(&b->edges, e))->client < i)
			e++;
		while (s < b->services.n &&
		       ((struct base_service *)keyed_at(&b->services, s))->server < i)
			s++;
		b->first_edge[i] = (uint32_t)e;
		b->first_service[i] = (uint32_t)s;
	}
	for (size_t i = 0; i < b->hosts.n; i++)
		b->host_of[((struct base_host *)keyed_at(&b->hosts, i))->addr] = (uint32_t)i + 1;
}

void
baseline_ready(struct baseline *b)
{
	if (b->ready)
		return;
	sort_addresses(b);
	sort(&b->hosts, compare_hosts);
	sort(&b->exporters, compare_hosts);
	sort(&b->prefixes, compare_prefixes);
	sort(&b->services, compare_services);
	sort(&b->edges, compare_edges);
	keyed_index(&b->addresses);
	keyed_index(&b->prefixes);
	make_places(b);
	b->ready = true;
}

/* Looking ------------------------------------------------------------------------------------------ */

static size_t
find_addr(const struct baseline *b, const struct addr *a)
{
	return keyed_find(&b->addresses, a);
}

const struct base_host *
baseline_host(const struct baseline *b, const struct addr *a)
{
	size_t i = find_addr(b, a);

	if (i == KEYED_NONE || b->host_of[i] == 0)
		return NULL;
	return keyed_at(&b->hosts, b->host_of[i] - 1);
}

const struct base_prefix *
baseline_prefix(const struct baseline *b, const struct addr *member)
{
	struct addr prefix = baseline_prefix_of(member);
	size_t i = keyed_find(&b->prefixes, &prefix);

	return i != KEYED_NONE ? keyed_at(&b->prefixes, i) : NULL;
}

const struct base_edge *
baseline_edges(const struct baseline *b, const struct addr *client, size_t *n)
{
	size_t i = find_addr(b, client);

	*n = i == KEYED_NONE ? 0 : b->first_edge[i + 1] - b->first_edge[i];
	return *n > 0 ? keyed_at(&b->edges, b->first_edge[i]) : NULL;
}

/* The first of n edges that is not before this one. */
static size_t
lower_edge(const struct base_edge *e, size_t n, const struct base_edge *key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare_edges(&e[mid], key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct base_edge *
baseline_pair(
    const struct baseline *b, const struct addr *client, const struct addr *server, size_t *n)
{
	size_t all, first, end, i = find_addr(b, server);
	const struct base_edge *e = baseline_edges(b, client, &all);
	struct base_edge key;

	*n = 0;
	if (e == NULL || i == KEYED_NONE)
		return NULL;
	key = (struct base_edge){ .client = e->client, .server = (uint32_t)i };
	first = lower_edge(e, all, &key);
	for (end = first; end < all && e[end].server == key.server;)
		end++;
	*n = end - first;
	return *n > 0 ? e + first : NULL;
}

const struct base_edge *
baseline_edge(const struct baseline *b, const struct addr *client, const struct addr *server,
    int proto, unsigned port)
{
	size_t all, at, i = find_addr(b, server);
	const struct base_edge *e = baseline_edges(b, client, &all);
	struct base_edge key;

	if (e == NULL || i == KEYED_NONE)
		return NULL;
	key = (struct base_edge){ .client = e->client,
		.server = (uint32_t)i,
		.port = (uint16_t)port,
		.proto = (uint8_t)proto };
	at = lower_edge(e, all, &key);
	return at < all && compare_edges(&e[at], &key) == 0 ? e + at : NULL;
}

const struct base_service *
baseline_services(const struct baseline *b, const struct addr *server, size_t *n)
{
	size_t i = find_addr(b, server);

	*n = i == KEYED_NONE ? 0 : b->first_service[i + 1] - b->first_service[i];
	return *n > 0 ? keyed_at(&b->services, b->first_service[i]) : NULL;
}

const struct base_service *
baseline_service(const struct baseline *b, const struct addr *server, int proto, unsigned port)
{
	size_t n;
	const struct base_service *s = baseline_services(b, server, &n);

	for (size_t i = 0; i < n; i++)
		if (s[i].port == port && s[i].proto == proto)
			return &s[i];
	return NULL;
}
