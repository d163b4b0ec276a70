#include "edges.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sum.h"
#include "detect/latest.h"

/*
 * Octets of both sides beyond the headers of their packets that make a session: a handshake and a close with all
 * usual options are 60 at most (40 of options in each SYN, 12 in each other).
 */
enum { TCP_HEADERS4 = 40, TCP_HEADERS6 = 60, SESSION_OCTETS = 100 };

void
edges_init(struct edges *e, const struct scope *scope)
{
	*e = (struct edges){ .scope = scope, .first_ns = INT64_MAX };
	keyed_init(&e->at, sizeof(struct edge), sizeof(struct edge_key), EDGES_MOST);
	keyed_reserve(&e->at);
}

void
edges_free(struct edges *e)
{
	keyed_free(&e->at);
}

int64_t
edges_known_from(const struct edges *e)
{
	if (e->baseline != NULL && e->baseline->network.seen.days != 0)
		return (int64_t)e->baseline->network.seen.first_s * NS_PER_S;
	return e->first_ns;
}

/* Sessions ----------------------------------------------------------------------------------------- */

static bool
is_session(const struct conversation *c)
{
	uint64_t header = addr_is_v4(&c->client) ? TCP_HEADERS4 : TCP_HEADERS6;

	if (!conversation_answered(c) || c->answer == ANSWER_ONLY)
		return false;
	/* Of sampled packets it cannot be asked, and some exporters count no octets. */
	if (c->sampling > 1 || (c->bytes | c->rbytes) == 0)
		return true;
	return c->bytes >= sum_unsigned(product_unsigned(header, c->packets), SESSION_OCTETS) &&
	       c->rbytes >= sum_unsigned(product_unsigned(header, c->rpackets), SESSION_OCTETS);
}

/* Who sends an ACK has heard something; records without flags do not say whether any was sent. */
static void
count_answers(struct edges *e, const struct conversation *c)
{
	bool answered = c->answer == ANSWER_GIVEN || c->answer == ANSWER_REFUSED;

	e->answered += answered;
	e->unheard += !answered && c->sampling <= 1 && (!c->has_flags || c->flags & TCP_ACK);
}

/* It was running before the input began: nothing of it has a SYN. */
static bool
is_older(const struct conversation *c)
{
	return c->has_flags && c->sampling <= 1 && !((c->flags | c->rflags) & TCP_SYN);
}

/* The first session decides; conversations come as they end, so it need not come first. */
static void
begin_earlier(const struct edges *e, struct edge *x, const struct conversation *c)
{
	x->first_ns = c->start_ns;
	if (x->habit >= EDGE_LEARNED)
		return;
	x->habit = EDGE_NEW;
	if (e->baseline == NULL)
		x->habit = is_older(c) && !e->watching ? EDGE_OLDER : EDGE_NEW;
	else if (baseline_edge(e->baseline, &c->client, &c->server, c->proto, c->server_port) !=
		 NULL)
		x->habit = EDGE_BASE;
}

static void
add_session(struct edges *e, struct edge *x, const struct conversation *c)
{
	if (x->flows == 0 || c->start_ns < x->first_ns)
		begin_earlier(e, x, c);
	if (c->end_ns > x->last_ns)
		x->last_ns = c->end_ns;
	x->fresh = true;
	sum_up(&x->flows, (uint64_t)c->flows + c->rflows);
	sum_up(&x->packets, c->packets);
	sum_up(&x->bytes, c->bytes);
	sum_up(&x->rpackets, c->rpackets);
	sum_up(&x->rbytes, c->rbytes);
	if (c->sampling > x->sampling)
		x->sampling = c->sampling;
}

/* Room -------------------------------------------------------------------------------------------- */

static int
compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The half that was used last stays. */
static void
make_room(struct edges *e)
{
	int64_t *last = mem_alloc(e->at.n * sizeof(*last)), middle;
	size_t n = 0, all = e->at.n;

	for (size_t i = 0; i < all; i++)
		last[i] = edges_at(e, i)->last_ns;
	qsort(last, all, sizeof(*last), compare_times);
	middle = last[all / 2];
	mem_free(last);
	keyed_unindex(&e->at);
	for (size_t i = 0; i < all && n < EDGES_MOST / 2; i++)
		if (edges_at(e, i)->last_ns >= middle)
			memmove(edges_at(e, n++), edges_at(e, i), sizeof(struct edge));
	e->at.n = n;
	e->forgotten += all - n;
}

void
edges_add(void *edges, const struct conversation *c, size_t n)
{
	struct edges *e = edges;
	uint32_t hash[CONVERSATIONS_CHUNK];
	struct edge_key key[CONVERSATIONS_CHUNK];

	if (e->at.n + n > EDGES_MOST)
		make_room(e);
	for (size_t i = 0; i < n; i++) {
		key[i] = (struct edge_key){ c[i].client, c[i].server, c[i].server_port, { 0 } };
		hash[i] = keyed_hash(&e->at, &key[i]);
		keyed_prefetch(&e->at, hash[i]);
	}
	for (size_t i = 0; i < n; i++)
		keyed_prefetch_thing(&e->at, hash[i]);
	for (size_t i = 0; i < n; i++) {
		e->portless += c[i].server_port == 0;
		count_answers(e, &c[i]);
		if (!scope_unicast(&c[i].server) || !scope_unicast(&c[i].client) ||
		    memcmp(&c[i].client, &c[i].server, sizeof(struct addr)) == 0)
			continue;
		sampled_see(&e->sampled, c[i].sampling);
		if (c[i].start_ns < e->first_ns)
			e->first_ns = c[i].start_ns;
		if (c[i].end_ns > e->last_ns)
			e->last_ns = c[i].end_ns;
		if (is_session(&c[i]))
			add_session(
			    e, edges_at(e, keyed_add_hashed(&e->at, &key[i], hash[i])), &c[i]);
		else
			e->silent++;
	}
}

/* Habit -------------------------------------------------------------------------------------------- */

static void
learn_before(struct edges *e, int64_t ns)
{
	for (size_t i = 0; i < e->at.n; i++) {
		struct edge *x = edges_at(e, i);

		if (x->habit == EDGE_NEW && x->first_ns < ns)
			x->habit = EDGE_LEARNED;
	}
}

/* A clock that was never set is years behind most: nothing has been seen from then on. */
static void
believe_first(struct edges *e)
{
	int64_t *before = mem_alloc((e->at.n + 1) * sizeof(*before)), first_ns;

	for (size_t i = 0; i < e->at.n; i++)
		before[i] = -edges_at(e, i)->first_ns;
	if (e->at.n > 0) {
		first_ns = -latest_of(before, e->at.n, UNSET_NS);
		if (e->first_ns < first_ns - UNSET_NS)
			e->first_ns = first_ns;
	}
	mem_free(before);
}

void
edges_learn(struct edges *e)
{
	believe_first(e);
	if (e->has_state && e->baseline == NULL && e->at.n > 0)
		learn_before(e, e->first_ns + LEARN_NS);
}

void
edges_age(struct edges *e)
{
	int64_t *last = mem_alloc((e->at.n + 1) * sizeof(*last));
	size_t n = 0;

	for (size_t i = 0; i < e->at.n; i++)
		if (edges_at(e, i)->fresh)
			last[n++] = edges_at(e, i)->last_ns;
	/* A clock that is ahead must not make all else a week old. */
	if (n > 0)
		learn_before(e, latest_of(last, n, HABIT_NS) - HABIT_NS);
	mem_free(last);
}
