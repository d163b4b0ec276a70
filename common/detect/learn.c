#include "detect/learn.h"

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/sum.h"
#include "detect/hourly.h"
#include "detect/robust.h"

/* Entropies are of this many parts that addresses and ports are hashed to; of so many hours at once. */
enum { PARTS = 4096, ENTROPY_HOURS = 2048, NETWORK_HOURS = 1 << 16 };
enum entropy_of { OF_SRC, OF_DST, OF_PORT, ENTROPIES };

struct parts {
	uint32_t n[ENTROPIES][PARTS];
};

struct network_hour {
	uint32_t hour, hosts;
	uint64_t v[NETWORK_METRICS];
	struct parts *parts; /* NULL: none, or too many hours */
};

struct learn {
	struct baseline *b;
	const struct scope *scope;
	const struct open_alerts *alerts;
	struct conversations *conversations;
	struct hourly hourly;
	struct keyed network; /* struct network_hour */
	size_t n_parts;
	int64_t first_ns, last_ns;
	uint32_t newest_hour;
	struct pieces pieces;
	struct learn_counts counts;
};

/* Conversations ------------------------------------------------------------------------------------ */

static struct network_hour *
network_at(struct learn *l, uint32_t hour)
{
	size_t at = keyed_add(&l->network, &hour);
	struct network_hour *h;

	if (at == KEYED_NONE)
		return NULL;
	h = keyed_at(&l->network, at);
	if (h->parts == NULL && l->n_parts < ENTROPY_HOURS) {
		h->parts = mem_zero(1, sizeof(*h->parts));
		l->n_parts++;
	}
	return h;
}

static unsigned
part_of(const void *p, size_t n)
{
	return hash_xxh64(p, n) % PARTS;
}

static void
add_to_network(struct learn *l, const struct conversation *c, bool failed)
{
	struct network_hour *h = network_at(l, hourly_hour(c->start_ns));

	l->b->network.flows++;
	if (h == NULL)
		return;
	h->v[METRIC_FLOWS]++;
	h->v[METRIC_FAILED] += failed;
	sum_up(&h->v[METRIC_PACKETS], sum_unsigned(c->packets, c->rpackets));
	if (h->parts == NULL)
		return;
	h->parts->n[OF_SRC][part_of(&c->client, sizeof(c->client))]++;
	h->parts->n[OF_DST][part_of(&c->server, sizeof(c->server))]++;
	h->parts->n[OF_PORT][part_of(&c->server_port, sizeof(c->server_port))]++;
}

static void
add_client(struct learn *l, const struct conversation *c, bool good, bool failed)
{
	struct hourly_row *r =
	    hourly_at(&l->hourly, &c->client, hourly_hour(c->start_ns), HOURLY_HOST);
	struct base_host *h = baseline_add_host(l->b, &c->client);

	if (r != NULL) {
		r->v[METRIC_FLOWS]++;
		r->v[METRIC_FAILED] += failed;
		if (scope_unicast(&c->server))
			hll_add(&r->peers, hll_hash(&c->server));
	}
	if (h == NULL)
		return;
	baseline_see(l->b, &h->seen, c->start_ns, c->end_ns);
	h->flows++;
	if (good)
		hll_add(&h->peers, hll_hash(&c->server));
}

static void
add_edge(struct learn *l, const struct conversation *c)
{
	struct base_edge *e =
	    baseline_add_edge(l->b, &c->client, &c->server, c->proto, c->server_port);
	uint8_t size = log8_code((double)c->bytes, 1);

	if (e == NULL)
		return;
	baseline_see(l->b, &e->seen, c->start_ns, c->end_ns);
	e->flows = sum_u32(e->flows, 1);
	sum_up(&e->out, c->bytes);
	sum_up(&e->in, c->rbytes);
	e->largest = size > e->largest ? size : e->largest;
}

static void
add_service(struct learn *l, const struct conversation *c, bool ours)
{
	struct base_service *s = baseline_add_service(l->b, &c->server, c->proto, c->server_port);

	if (s == NULL)
		return;
	baseline_see(l->b, &s->seen, c->start_ns, c->end_ns);
	s->flows++;
	sum_up(&s->out, c->bytes);
	sum_up(&s->in, c->rbytes);
	if (ours)
		hll_add(&s->clients, hll_hash(&c->client));
}

static void
add_prefix(struct learn *l, const struct conversation *c, bool ours)
{
	const struct addr *outside = ours ? &c->server : &c->client;
	const struct addr *inside = ours ? &c->client : &c->server;
	struct base_prefix *p = baseline_add_prefix(l->b, outside);

	if (p == NULL)
		return;
	baseline_see(l->b, &p->seen, c->start_ns, c->end_ns);
	p->flows++;
	sum_up(&p->out, ours ? c->bytes : c->rbytes);
	sum_up(&p->in, ours ? c->rbytes : c->bytes);
	hll_add(&p->clients, hll_hash(inside));
}

static void
add_answered(struct learn *l, const struct conversation *c, bool ours, bool theirs)
{
	if (ours)
		add_edge(l, c);
	add_service(l, c, ours);
	if (ours != theirs)
		add_prefix(l, c, ours);
	if (theirs) {
		struct base_host *h = baseline_add_host(l->b, &c->server);

		if (h != NULL)
			baseline_see(l->b, &h->seen, c->start_ns, c->end_ns);
	}
}

static void
touch(const struct learn *l, const struct conversation *c, size_t n)
{
	struct base_touch t[BASELINE_TOUCH];

	for (size_t i = 0; i < n && i < BASELINE_TOUCH; i++)
		t[i] =
		    (struct base_touch){ &c[i].client, &c[i].server, c[i].server_port, c[i].proto };
	baseline_prefetch(l->b, t, n);
}

static void
take_conversations(void *ctx, const struct conversation *c, size_t n)
{
	struct learn *l = ctx;

	touch(l, c, n);
	for (size_t i = 0; i < n; i++, c++) {
		bool ours = scope_internal(l->scope, &c->client);
		bool theirs = scope_internal(l->scope, &c->server);
		bool good = conversation_answered(c), unicast = scope_unicast(&c->server);
		bool failed = !good && c->sampling <= 1 && unicast;

		if (c->answer == ANSWER_ONLY || (!ours && !theirs))
			continue;
		add_to_network(l, c, failed);
		if (ours)
			add_client(l, c, good, failed);
		if (good && unicast)
			add_answered(l, c, ours, theirs);
	}
}

/* Hours -------------------------------------------------------------------------------------------- */

static void
fold_exporter(struct learn *l, const struct hourly_row *r)
{
	struct base_host *h = baseline_add_exporter(l->b, &r->key.addr);
	int64_t ns = (int64_t)r->key.hour * NS_PER_HOUR;
	int64_t from = ns > l->first_ns ? ns : l->first_ns;

	if (h == NULL)
		return;
	baseline_see(l->b, &h->seen, from, from);
	/* Of hosts that are none of ours too. */
	baseline_see(l->b, &l->b->network.seen, from, from);
	sum_up(&h->flows, r->v[METRIC_FLOWS]);
	sum_up(&h->out, r->v[METRIC_OUT]);
	baseline_put_hour(l->b, h->hourly, false, ns, r->v);
}

/* In an hour, if only by what got no answer.  When in it the host was first seen a conversation knows better. */
static void
see_hour(const struct learn *l, struct seen *s, int64_t hour_ns)
{
	int64_t at = hour_ns > l->first_ns ? hour_ns : l->first_ns;
	int64_t first = s->first_s * NS_PER_S;

	if (s->days != 0 && first > at && first < hour_ns + NS_PER_HOUR)
		at = first;
	baseline_see(l->b, s, at, at);
}

static void
fold_host(struct learn *l, struct hourly_row *r)
{
	struct base_host *h = baseline_add_host(l->b, &r->key.addr);
	struct network_hour *n = network_at(l, r->key.hour);
	int64_t ns = (int64_t)r->key.hour * NS_PER_HOUR;

	r->v[METRIC_PEERS] = (uint64_t)(hll_count(&r->peers) + 0.5);
	if (n != NULL) {
		n->v[METRIC_HOSTS]++;
		sum_up(&n->v[METRIC_PEERS], r->v[METRIC_PEERS]);
		sum_up(&n->v[METRIC_DNS], r->v[METRIC_DNS]);
		for (unsigned m = METRIC_OUT; m <= METRIC_LAN_IN; m++)
			sum_up(&n->v[m], r->v[m]);
	}
	if (h == NULL)
		return;
	see_hour(l, &h->seen, ns);
	sum_up(&h->out, sum_unsigned(r->v[METRIC_OUT], r->v[METRIC_LAN_OUT]));
	sum_up(&h->in, sum_unsigned(r->v[METRIC_IN], r->v[METRIC_LAN_IN]));
	baseline_put_hour(l->b, h->hourly, false, ns, r->v);
}

/* Hours before the one before the newest are complete. */
static bool
fold_old(void *ctx, struct hourly_row *r)
{
	struct learn *l = ctx;

	if (r->key.hour + 2 > l->newest_hour)
		return true;
	if (r->key.kind == HOURLY_HOST)
		fold_host(l, r);
	else
		fold_exporter(l, r);
	return false;
}

static void
fold(struct learn *l, bool all)
{
	uint32_t newest = l->newest_hour;

	/* Flows without octets make no rows, but days all the same. */
	if (l->first_ns > l->last_ns)
		return;
	baseline_advance(l->b, hours_day(&l->b->hours, l->last_ns));
	if (all)
		l->newest_hour = UINT32_MAX;
	hourly_keep(&l->hourly, fold_old, l);
	l->newest_hour = newest;
}

/* Of what it could be: 0 all the same, 1 spread over all parts. */
static double
entropy(const uint32_t *n)
{
	double sum = 0, weighted = 0;

	for (unsigned i = 0; i < PARTS; i++) {
		if (n[i] == 0)
			continue;
		sum += n[i];
		weighted += n[i] * log2(n[i]);
	}
	return sum > 0 ? (log2(sum) - weighted / sum) / log2(PARTS) : 0;
}

static void
fold_network(struct learn *l)
{
	for (size_t i = 0; i < l->network.n; i++) {
		struct network_hour *h = keyed_at(&l->network, i);
		int64_t ns = (int64_t)h->hour * NS_PER_HOUR;
		int64_t from = ns > l->first_ns ? ns : l->first_ns;

		for (unsigned k = 0; k < ENTROPIES && h->parts != NULL; k++)
			h->v[METRIC_SRC_ENTROPY + k] =
			    (uint64_t)(entropy(h->parts->n[k]) * UINT8_MAX + 0.5);
		baseline_see(l->b, &l->b->network.seen, from, from);
		baseline_put_hour(l->b, l->b->network.hourly, true, ns, h->v);
		sum_up(&l->b->network.out, h->v[METRIC_OUT]);
		sum_up(&l->b->network.in, h->v[METRIC_IN]);
	}
}

/* Records ------------------------------------------------------------------------------------------ */

static int
check_sampling(struct learn *l, const struct piece *p, struct err *err)
{
	uint32_t n = p->sampling;

	if (l->b->sampling == 0)
		l->b->sampling = n;
	if (l->b->sampling == n)
		return 0;
	return err_set(err,
	    "flows of 1 in %u and of 1 in %u packets: sampling is not mixed in a baseline; learn "
	    "them apart (flowfilter 'sampling = %u')",
	    l->b->sampling, n, n > 1 ? n : l->b->sampling);
}

static void
add_exporter(struct learn *l, const struct piece *p)
{
	struct hourly_row *r =
	    hourly_at(&l->hourly, &p->exporter, hourly_hour(p->end_ns), HOURLY_EXPORTER);

	if (r == NULL)
		return;
	sum_up(&r->v[METRIC_FLOWS], p->flows);
	sum_up(&r->v[METRIC_OUT], sum_unsigned(p->bytes, p->rbytes));
}

static int
add_piece(struct learn *l, const struct ends *e, const struct piece *p, bool *take, struct err *err)
{
	bool ours = scope_internal(l->scope, &e->ip[p->d]);
	bool theirs = scope_internal(l->scope, &e->ip[!p->d]);

	*take = false;
	if (l->alerts != NULL && open_alerts_cover(l->alerts, &e->ip[p->d], &e->ip[!p->d],
				     e->port[p->d], e->port[!p->d], p->end_ns)) {
		l->counts.under_alert++;
		return 0;
	}
	if (check_sampling(l, p, err) != 0)
		return -1;
	*take = true;
	if (p->start_ns < l->first_ns)
		l->first_ns = p->start_ns;
	if (p->end_ns > l->last_ns)
		l->last_ns = p->end_ns;
	if (hourly_hour(p->end_ns) > l->newest_hour)
		l->newest_hour = hourly_hour(p->end_ns);
	hourly_add(&l->hourly, e, p, ours, theirs);
	l->counts.foreign += !ours && !theirs;
	if (p->has_exporter)
		add_exporter(l, p);
	return 0;
}

/* What was read of a chunk of n records; those that are learned stay set in sel. */
static int
add_chunk(struct learn *l, size_t n, uint64_t *sel, struct err *err)
{
	struct pieces *p = &l->pieces;
	bool take;

	l->counts.strange += n - p->n;
	for (size_t i = 0; i < p->n; i++) {
		if (add_piece(l, &p->ends[i], &p->piece[i], &take, err) != 0)
			return -1;
		if (!take)
			bits_clear(sel, p->rec[i]);
	}
	if (l->hourly.rows.n > LEARN_ROWS / 2)
		fold(l, false);
	if (l->hourly.rows.n > LEARN_ROWS - 4 * CONVERSATIONS_CHUNK)
		fold(l, true);
	return 0;
}

int
learn_add(struct learn *l, struct batch *b, const uint64_t *sel, struct err *err)
{
	uint64_t *take = mem_alloc(bits_words(b->n) * 8 + 8);
	struct piece_source source;
	size_t next = 0, n, given;
	int rc = 0;

	if (sel != NULL)
		memcpy(take, sel, bits_words(b->n) * 8);
	else
		bits_fill(take, b->n);
	given = bits_count(take, b->n);
	l->counts.records += given;
	if (!pieces_bind(&source, b)) {
		l->counts.strange += given;
		mem_free(take);
		return 0;
	}
	if (source.col[PIECE_BYTES] == NULL && source.col[PIECE_RBYTES] == NULL)
		l->counts.uncounted += given;
	while (rc == 0 && (n = pieces_next(&l->pieces, &source, b->n, take, &next)) > 0)
		rc = add_chunk(l, n, take, err);
	if (rc == 0)
		conversations_add(l->conversations, b, take);
	mem_free(take);
	return rc;
}

/* Life --------------------------------------------------------------------------------------------- */

struct learn *
learn_new(struct baseline *b, const struct scope *scope, const struct open_alerts *alerts)
{
	struct learn *l = mem_zero(1, sizeof(*l));

	l->b = b;
	l->scope = scope;
	l->alerts = alerts;
	l->pieces.exporters = true;
	l->first_ns = INT64_MAX;
	l->conversations = conversations_new(NULL, take_conversations, l);
	hourly_init(&l->hourly, LEARN_ROWS);
	keyed_init(&l->network, sizeof(struct network_hour), sizeof(uint32_t), NETWORK_HOURS);
	return l;
}

void
learn_free(struct learn *l)
{
	if (l == NULL)
		return;
	conversations_free(l->conversations);
	hourly_free(&l->hourly);
	for (size_t i = 0; i < l->network.n; i++)
		mem_free(((struct network_hour *)keyed_at(&l->network, i))->parts);
	keyed_free(&l->network);
	mem_free(l);
}

void
learn_finish(struct learn *l)
{
	struct conversation_counts c;

	conversations_finish(l->conversations);
	fold(l, true);
	fold_network(l);
	if (l->b->network.seen.days != 0)
		baseline_see(l->b, &l->b->network.seen, l->last_ns, l->last_ns);
	if (l->b->network.seen.days != 0 && l->first_ns / NS_PER_S < l->b->network.seen.first_s)
		l->b->network.seen.first_s = (uint32_t)(l->first_ns / NS_PER_S);
	c = conversations_counts(l->conversations);
	l->counts.conversations = c.conversations;
	l->counts.early = c.early;
	l->counts.back = c.back;
	l->counts.lost = l->hourly.rows.full + l->network.full;
	baseline_ready(l->b);
}

struct learn_counts
learn_counts(const struct learn *l)
{
	return l->counts;
}
