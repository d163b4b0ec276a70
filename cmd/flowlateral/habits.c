#include "habits.h"

#include "ops/conversation.h"
#include "ports.h"

void
habits_init(struct habits *h)
{
	keyed_init(&h->clients, sizeof(struct habit_count), sizeof(struct habit_key), HABITS_MOST);
	keyed_init(&h->served, sizeof(struct habit_count), sizeof(struct habit_key), HABITS_MOST);
}

void
habits_free(struct habits *h)
{
	keyed_free(&h->clients);
	keyed_free(&h->served);
}

static struct habit_count *
add(struct keyed *k, const struct addr *a, unsigned port)
{
	const struct habit_key key = { .addr = *a, .port = (uint16_t)port };
	size_t at = keyed_add(k, &key);

	return at != KEYED_NONE ? keyed_at(k, at) : NULL;
}

static const struct habit_count *
find(const struct keyed *k, const struct addr *a, unsigned port)
{
	const struct habit_key key = { .addr = *a, .port = (uint16_t)port };
	size_t at = keyed_find(k, &key);

	return at != KEYED_NONE ? keyed_at(k, at) : NULL;
}

void
habits_see(struct habits *h, const struct addr *client, unsigned port, bool new)
{
	struct habit_count *c = add(&h->clients, client, port);

	if (c == NULL)
		return;
	c->all++;
	c->targets += !new;
}

bool
habits_admin(const struct habits *h, const struct addr *client, unsigned port)
{
	const struct habit_count *c = find(&h->clients, client, port);

	return c != NULL && c->all >= ADMIN_TARGETS;
}

uint32_t
habits_targets(const struct habits *h, const struct addr *client, unsigned port)
{
	const struct habit_count *c = find(&h->clients, client, port);

	return c != NULL ? c->targets : 0;
}

uint32_t
habits_admins_of(const struct habits *h, const struct addr *server, unsigned port)
{
	const struct habit_count *c = find(&h->served, server, port);

	return c != NULL ? c->all : 0;
}

/* Does an edge lead to a host of ours that few others work on? */
static bool
is_work(const struct baseline *b, const struct scope *scope, const struct base_edge *e,
    struct addr *server)
{
	const struct base_service *s;

	if (e->proto != IP_TCP || admin_port(e->port) < 0)
		return false;
	*server = baseline_addr(b, e->server);
	if (!scope_internal(scope, server))
		return false;
	s = baseline_service(b, server, IP_TCP, e->port);
	return s != NULL && hll_count(&s->clients) < FEW_CLIENTS - 0.5;
}

void
habits_learn(struct habits *h, const struct baseline *b, const struct scope *scope)
{
	struct addr client, server;

	for (size_t i = 0; i < b->edges.n; i++) {
		const struct base_edge *e = keyed_at(&b->edges, i);

		client = baseline_addr(b, e->client);
		if (is_work(b, scope, e, &server))
			habits_see(h, &client, e->port, false);
	}
	for (size_t i = 0; i < b->edges.n; i++) {
		const struct base_edge *e = keyed_at(&b->edges, i);
		struct habit_count *c = NULL;

		client = baseline_addr(b, e->client);
		if (is_work(b, scope, e, &server) && habits_admin(h, &client, e->port))
			c = add(&h->served, &server, e->port);
		if (c != NULL)
			c->all++;
	}
}
