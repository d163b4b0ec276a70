/*
 * baseline_look.c - a filled baseline is sorted, and then looked into.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "detect/baseline.h"

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

const struct base_host *
baseline_exporter(const struct baseline *b, const struct addr *a)
{
	size_t i = find_addr(b, a);
	const struct base_host key = { .addr = (uint32_t)i };

	if (i == KEYED_NONE || b->exporters.n == 0)
		return NULL;
	return bsearch(&key, b->exporters.at, b->exporters.n, b->exporters.stride, compare_hosts);
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
