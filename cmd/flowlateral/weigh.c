#include "weigh.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "ports.h"

enum { ROUNDS = 8 };
#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static struct place *
place_at(struct weighing *w, uint32_t i)
{
	return keyed_at(&w->places, i);
}

static uint32_t
place_of(struct weighing *w, const struct addr *a)
{
	size_t n = w->places.n, i = keyed_add(&w->places, a);

	if (i == n) /* it is new */
		place_at(w, (uint32_t)i)->party = (uint32_t)i;
	return (uint32_t)i;
}

/* Services ----------------------------------------------------------------------------------------- */

static int
by_service(const void *x, const void *y)
{
	const struct link *a = x, *b = y;
	int order = ORDER(a->server, b->server);

	if (order == 0)
		order = ORDER(a->edge->key.port, b->edge->key.port);
	return order != 0 ? order : ORDER(a->client, b->client);
}

/* The links from i on that are of one service. */
static size_t
service_end(const struct weighing *w, size_t i)
{
	size_t end = i + 1;

	while (end < w->n_links && w->link[end].server == w->link[i].server &&
	       w->link[end].edge->key.port == w->link[i].edge->key.port)
		end++;
	return end;
}

/* Of the links of one service those of administrators do not count; habit: nor do new ones. */
static size_t
count_users(const struct weighing *w, size_t i, size_t end, bool habit)
{
	size_t n = 0;

	for (; i < end; i++)
		n += !w->link[i].by_admin && !(habit && w->link[i].edge->habit == EDGE_NEW);
	return n;
}

static void
find_admins(struct weighing *w)
{
	struct habits *h = &w->habits;

	habits_init(h);
	if (w->edges->baseline != NULL)
		habits_learn(h, w->edges->baseline, w->edges->scope);
	for (size_t i = 0, end; i < w->n_links && w->edges->baseline == NULL; i = end) {
		end = service_end(w, i);
		for (size_t k = i; k < end && end - i < FEW_CLIENTS; k++) {
			const struct edge *e = w->link[k].edge;

			if (admin_port(e->key.port) >= 0)
				habits_see(h, &e->key.client, e->key.port, e->habit == EDGE_NEW);
		}
	}
	for (size_t i = 0; i < w->n_links; i++) {
		const struct edge_key *k = &w->link[i].edge->key;

		w->link[i].by_admin =
		    admin_port(k->port) >= 0 && habits_admin(h, &k->client, k->port);
	}
}

/* Do so many clients of a port make its host a server?  Not where PCs serve each other, on ports of no registry. */
static bool
is_role(unsigned port, double clients)
{
	return conversation_service_port(port) &&
	       clients >= (admin_port(port) < 0 ? ROLE_CLIENTS : MANY_CLIENTS);
}

static bool
is_known_server(const struct baseline *b, const struct habits *h, const struct addr *a)
{
	size_t n;
	const struct base_service *s = baseline_services(b, a, &n);

	for (size_t i = 0; i < n; i++)
		if (is_role(s[i].port,
			hll_count(&s[i].clients) - habits_admins_of(h, a, s[i].port) + 0.5))
			return true;
	return false;
}

static void
find_servers(struct weighing *w)
{
	for (size_t i = 0, end; i < w->n_links; i = end) {
		unsigned port = w->link[i].edge->key.port;

		end = service_end(w, i);
		if (conversation_service_port(port) &&
		    is_role(port, (double)count_users(w, i, end, false)))
			place_at(w, w->link[i].server)->server = true;
	}
	for (size_t i = 0; i < w->places.n && w->edges->baseline != NULL; i++) {
		struct place *p = keyed_at(&w->places, i);

		p->server = p->server || is_known_server(w->edges->baseline, &w->habits, &p->addr);
	}
}

/* Parties ------------------------------------------------------------------------------------------ */

static uint32_t
party_of(struct weighing *w, uint32_t i)
{
	struct place *p;

	while ((p = place_at(w, i))->party != i)
		i = p->party = place_at(w, p->party)->party;
	return i;
}

static bool
join(struct weighing *w, uint32_t a, uint32_t b)
{
	a = party_of(w, a);
	b = party_of(w, b);
	place_at(w, a)->party = b;
	return a != b;
}

/*
 * How many parties use the service of links [i, end), a new one among them; of a server's, and of many, every client
 * is one.  With a baseline, new clients say nothing for each other until they are many: a server has been put up.
 */
static size_t
count_parties(struct weighing *w, size_t i, size_t end)
{
	size_t users = count_users(w, i, end, false), n = 0, k;
	uint32_t seen[MANY_CLIENTS];

	if (users >= MANY_CLIENTS)
		return users;
	if (w->edges->baseline != NULL) {
		n = count_users(w, i, end, true);
		return n + (users > n);
	}
	if (place_at(w, w->link[i].server)->server)
		return users;
	for (; i < end; i++) {
		uint32_t party = party_of(w, w->link[i].client);

		for (k = 0; k < n && seen[k] != party;)
			k++;
		if (w->link[i].by_admin || k < n)
			continue;
		seen[n++] = party;
	}
	return n;
}

/* Who alone reached a host by an administration port, and that host, are one party. */
static bool
join_parties(struct weighing *w)
{
	bool joined = false;

	for (size_t i = 0, end; i < w->n_links; i = end) {
		end = service_end(w, i);
		if (admin_port(w->link[i].edge->key.port) < 0 || count_parties(w, i, end) > 1)
			continue;
		for (size_t k = i; k < end; k++)
			if (w->link[k].edge->habit == EDGE_NEW && !w->link[k].by_admin)
				joined |= join(w, w->link[k].client, w->link[k].server);
	}
	return joined;
}

/* Clients that the baseline knows of a service; those from outside are one. */
static uint32_t
known_clients(const struct weighing *w, const struct edge_key *k)
{
	const struct baseline *b = w->edges->baseline;
	const struct base_service *s = NULL;
	double n;

	if (b != NULL)
		s = baseline_service(b, &k->server, IP_TCP, k->port);
	if (s == NULL)
		return 0;
	if (hll_count(&s->clients) < 0.5)
		return 1;
	n = hll_count(&s->clients) - habits_admins_of(&w->habits, &k->server, k->port) + 0.5;
	return n < 1 ? 0 : (uint32_t)n;
}

static void
count_others(struct weighing *w)
{
	for (size_t i = 0, end; i < w->n_links; i = end) {
		uint32_t parties, known = known_clients(w, &w->link[i].edge->key);

		end = service_end(w, i);
		parties = (uint32_t)count_parties(w, i, end);
		for (size_t k = i; k < end; k++) {
			uint32_t others = w->link[k].by_admin ? parties : parties - 1;

			w->link[k].others = others > known ? others : known;
		}
	}
}

/* Pairs -------------------------------------------------------------------------------------------- */

static int
by_pair(const void *x, const void *y)
{
	const struct link *a = x, *b = y;
	int order = ORDER(a->client, b->client);

	if (order == 0)
		order = ORDER(a->server, b->server);
	if (order == 0)
		order = ORDER(a->quiet, b->quiet);
	if (order == 0)
		order = ORDER(a->edge->first_ns, b->edge->first_ns);
	return order != 0 ? order : ORDER(a->edge->key.port, b->edge->key.port);
}

/* Does a say more than b?  An administration port, one that fewer others use, what carried more. */
static bool
says_more(const struct link *a, const struct link *b)
{
	bool admin = admin_port(a->edge->key.port) >= 0;

	if (admin != (admin_port(b->edge->key.port) >= 0))
		return admin;
	if (a->others != b->others)
		return a->others < b->others;
	return a->edge->bytes > b->edge->bytes;
}

static void
add_link(const struct weighing *w, struct pair *p, uint32_t i)
{
	const struct link *l = &w->link[i];
	const struct edge *e = l->edge;

	if (p->n++ == 0) {
		p->first = p->main = i;
		p->first_ns = e->first_ns;
		p->told = true;
	}
	if (says_more(l, &w->link[p->main]))
		p->main = i;
	if (e->last_ns > p->last_ns)
		p->last_ns = e->last_ns;
	sum_up(&p->flows, e->flows);
	sum_up(&p->packets, e->packets);
	sum_up(&p->bytes, e->bytes);
	sum_up(&p->rpackets, e->rpackets);
	sum_up(&p->rbytes, e->rbytes);
	p->ports += admin_port(e->key.port) >= 0;
	p->told &= e->told != 0;
	if (e->sampling > p->sampling)
		p->sampling = e->sampling;
}

/*
 * 1 for what was not there in a week of knowing; half where that is not known, again where the two have met otherwise.
 */
static double
freshness(const struct weighing *w, const struct pair *p, bool met)
{
	const struct baseline *b = w->edges->baseline;
	double quiet = (double)(p->first_ns - edges_known_from(w->edges)) / (double)HABIT_NS;
	double fresh = 0.5 + 0.5 * (quiet < 0 ? 0 : quiet > 1 ? 1 : quiet);
	size_t n;

	if (b != NULL) {
		const struct addr *client = &weigh_place(w, p->client)->addr;
		const struct base_host *h = baseline_host(b, client);

		if (h == NULL || baseline_young(b, &h->seen))
			fresh *= 0.5;
		met = met || baseline_pair(b, client, &weigh_place(w, p->server)->addr, &n) != NULL;
	}
	return met ? fresh * 0.5 : fresh;
}

/* met: some other edge between the two is habit, or allowed. */
static void
score(const struct weighing *w, struct pair *p, bool met)
{
	const struct link *main = &w->link[p->main];
	double used;

	p->admin = p->ports > 0;
	p->peer = !weigh_place(w, p->client)->server && !weigh_place(w, p->server)->server;
	p->moved = p->bytes >= MOVED_OCTETS;
	p->fresh = freshness(w, p, met);
	p->rare = 1 / (1.0 + main->others);
	p->targets = habits_targets(&w->habits, &main->edge->key.client, main->edge->key.port);
	used = (double)p->targets / USUAL_TARGETS;
	p->usual = 1 / (1 + used * used);
	p->score = p->rare * p->usual *
		   (0.4 * p->admin + 0.2 * p->fresh + 0.2 * p->peer + 0.1 * (p->ports > 1) +
		       0.1 * p->moved);
}

/* The new links [i, end) of one client and server, as pairs. */
static void
make_pairs(struct weighing *w, size_t i, size_t end, int64_t window_ns)
{
	while (i < end) {
		struct pair *p = &w->pair[w->n_pairs++];

		*p = (struct pair){ .client = w->link[i].client, .server = w->link[i].server };
		do
			add_link(w, p, (uint32_t)i++);
		while (i < end &&
		       w->link[i].edge->first_ns - w->link[i - 1].edge->first_ns <= window_ns);
	}
}

static void
make_client(struct weighing *w, size_t first, size_t end, int64_t window_ns)
{
	for (size_t i = first, fresh, all; i < end; i = all) {
		size_t pairs = w->n_pairs;

		for (fresh = i; fresh < end && w->link[fresh].server == w->link[i].server &&
				!w->link[fresh].quiet;)
			fresh++;
		for (all = fresh; all < end && w->link[all].server == w->link[i].server;)
			all++;
		make_pairs(w, i, fresh, window_ns);
		for (; pairs < w->n_pairs; pairs++)
			score(w, &w->pair[pairs], all > fresh);
	}
}

static void
find_pairs(struct weighing *w, int64_t window_ns)
{
	qsort(w->link, w->n_links, sizeof(*w->link), by_pair);
	for (size_t i = 0, end; i < w->n_links; i = end) {
		for (end = i; end < w->n_links && w->link[end].client == w->link[i].client;)
			end++;
		make_client(w, i, end, window_ns);
	}
}

static bool
is_quiet(const struct edges *edges, const struct edge *e)
{
	return e->habit != EDGE_NEW || scope_allows(edges->scope, &e->key.client, -1) ||
	       scope_allows(edges->scope, &e->key.server, e->key.port);
}

void
weigh(struct weighing *w, const struct edges *edges, int64_t window_ns)
{
	size_t n = edges->at.n;

	*w = (struct weighing){ .edges = edges, .n_links = n };
	keyed_init(&w->places, sizeof(struct place), sizeof(struct addr), 2 * (size_t)EDGES_MOST);
	w->link = mem_alloc((n + 1) * sizeof(*w->link));
	w->pair = mem_alloc((n + 1) * sizeof(*w->pair));
	for (size_t i = 0; i < n; i++) {
		struct edge *e = edges_at(edges, i);
		struct link *l = &w->link[i];

		*l = (struct link){ .edge = e, .quiet = is_quiet(edges, e) };
		/* One after the other: a new place has the next number. */
		l->client = place_of(w, &e->key.client);
		l->server = place_of(w, &e->key.server);
	}
	qsort(w->link, n, sizeof(*w->link), by_service);
	find_admins(w);
	find_servers(w);
	for (unsigned i = 0; i < ROUNDS && w->edges->baseline == NULL && join_parties(w); i++)
		;
	count_others(w);
	find_pairs(w, window_ns);
}

void
weigh_free(struct weighing *w)
{
	keyed_free(&w->places);
	habits_free(&w->habits);
	mem_free(w->link);
	mem_free(w->pair);
}
