#include "wire/session.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "wire/event.h"
#include "wire/held.h"
#include "wire/templates.h"

enum {
	STREAMS_MAX = 64,
	LIFETIME_S = 1800,
	TEMPLATES_MAX = 4096,
	SESSIONS_MAX = 16384,
	HOLD_OCTETS = 64 << 20
};

/* Memory for templates, by rank, and for what is learned. */
#define NEW_TEMPLATE_OCTETS ((size_t)64 << 20)
#define KNOWN_TEMPLATE_OCTETS ((size_t)192 << 20)
#define LEARNED_OCTETS ((size_t)128 << 20)

/* A sender that is still there after so long is no made-up one, or a patient one. */
#define ACQUAINTED_NS (5 * NS_PER_S)

void
sessions_init(struct sessions *t, const struct wire_opts *opts)
{
	size_t n = 1;

	*t = (struct sessions){ .opts = *opts, .seed = hash_seed() };
	if (t->opts.lifetime_s == 0)
		t->opts.lifetime_s = LIFETIME_S;
	if (t->opts.max_templates == 0)
		t->opts.max_templates = TEMPLATES_MAX;
	if (t->opts.max_sessions == 0)
		t->opts.max_sessions = SESSIONS_MAX;
	if (t->opts.hold_s == 0)
		t->opts.hold_s = t->opts.lifetime_s;
	if (t->opts.hold_octets == 0)
		t->opts.hold_octets = HOLD_OCTETS;
	t->tier[RANK_NEW].template_octets_max = NEW_TEMPLATE_OCTETS;
	t->tier[RANK_KNOWN].template_octets_max = KNOWN_TEMPLATE_OCTETS;
	while (n < t->opts.max_sessions)
		n *= 2;
	t->mask = n - 1;
	t->buckets = mem_zero(n, sizeof(*t->buckets));
	t->kin = mem_zero(n, sizeof(*t->kin));
	t->peers = mem_zero(n, sizeof(struct peer *));
}

/* Keys ----------------------------------------------------------------------------------------- */

/* All of it but our address and port, which may be learned later.  Without holes: it is hashed as octets. */
struct key {
	struct addr exporter, agent;
	uint32_t domain, stream; /* enum wire_stream */
	uint16_t version, port;
};

static size_t
bucket_of(const struct sessions *t, struct key k)
{
	return hash_octets(t->seed, &k, sizeof(k)) & t->mask;
}

static struct key
key_of(const struct session *s)
{
	return (struct key){ s->stats.exporter, s->stats.agent, s->stats.domain, s->stats.stream,
		s->stats.version, s->stats.port };
}

static struct key
without_port(struct key k)
{
	k.port = 0;
	return k;
}

static struct key
without_domain(struct key k)
{
	k.domain = 0;
	return k;
}

static bool
is_place(const struct wire_place *a, const struct wire_place *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

/* As far as both are known. */
static bool
may_be_place(const struct wire_place *a, const struct wire_place *b)
{
	return (a->port == b->port || a->port == 0 || b->port == 0) &&
	       (addr_equal(&a->addr, &b->addr) || addr_is_zero(&a->addr) || addr_is_zero(&b->addr));
}

static bool
is_kin(const struct session *a, const struct session *b)
{
	return addr_equal(&a->stats.exporter, &b->stats.exporter) &&
	       addr_equal(&a->stats.agent, &b->stats.agent) && a->stats.domain == b->stats.domain &&
	       a->stats.version == b->stats.version && a->stats.stream == b->stats.stream;
}

static bool
has_key(const struct session *s, const struct key *k, const struct wire_place *to)
{
	return s->stats.port == k->port && may_be_place(&s->stats.to, to) &&
	       s->stats.domain == k->domain && s->stats.version == k->version &&
	       s->stats.stream == k->stream && addr_equal(&s->stats.exporter, &k->exporter) &&
	       addr_equal(&s->stats.agent, &k->agent);
}

/* Ranks ---------------------------------------------------------------------------------------- */

static void
unlink_use(struct sessions *t, struct session *s)
{
	struct tier *tier = &t->tier[s->rank];

	*(s->newer ? &s->newer->older : &tier->newest) = s->older;
	*(s->older ? &s->older->newer : &tier->oldest) = s->newer;
	tier->n--;
}

static void
link_use(struct sessions *t, struct session *s)
{
	struct tier *tier = &t->tier[s->rank];

	s->newer = NULL;
	s->older = tier->newest;
	*(tier->newest ? &tier->newest->newer : &tier->oldest) = s;
	tier->newest = s;
	tier->n++;
}

static void
set_rank(struct sessions *t, struct session *s, enum rank rank)
{
	unlink_use(t, s);
	templates_move(t, s, rank);
	link_use(t, s);
}

void
session_demote(struct sessions *t, struct session *s)
{
	set_rank(t, s, RANK_NEW);
}

/* Three quarters of the places are for old acquaintances. */
static bool
is_room(const struct sessions *t, const struct session *s)
{
	const struct tier *known = &t->tier[RANK_KNOWN];

	return known->n < (t->opts.max_sessions * 3 + 3) / 4 &&
	       known->template_octets + s->template_octets <= known->template_octets_max;
}

/* Can it be known from now on?  Who was silent for so long that templates are void is a stranger again. */
static bool
admit(struct sessions *t, const struct session *s, int64_t now_ns)
{
	while (!is_room(t, s)) {
		struct session *o = t->tier[RANK_KNOWN].oldest;

		if (o == NULL || now_ns - o->stats.last_ns <= t->opts.lifetime_s * NS_PER_S)
			return false;
		set_rank(t, o, RANK_NEW);
	}
	return true;
}

void
session_acquaint(struct sessions *t, struct session *s)
{
	if (s->rank == RANK_NEW && is_room(t, s))
		set_rank(t, s, RANK_KNOWN);
}

static void
touch(struct sessions *t, struct session *s, int64_t now_ns)
{
	if (s->rank == RANK_NEW && now_ns - s->stats.first_ns >= ACQUAINTED_NS &&
	    admit(t, s, now_ns)) {
		set_rank(t, s, RANK_KNOWN);
	} else if (t->tier[s->rank].newest != s) {
		unlink_use(t, s);
		link_use(t, s);
	}
}

/* Peers ---------------------------------------------------------------------------------------- */

static struct peer **
peer_bucket(const struct sessions *t, struct key k)
{
	return &t->peers[bucket_of(t, without_domain(k))];
}

static bool
has_peer_key(const struct peer *p, const struct key *k, const struct wire_place *to)
{
	return is_place(&p->to, to) && p->port == k->port && p->version == k->version &&
	       p->stream == k->stream && addr_equal(&p->exporter, &k->exporter) &&
	       addr_equal(&p->agent, &k->agent);
}

/* Connections to two places of ours are two; who sends datagrams to both says of himself the same there. */
static struct peer *
peer_join(struct sessions *t, const struct key *k, const struct wire_place *to)
{
	const struct wire_place anywhere = { .port = 0 };
	struct peer **bucket = peer_bucket(t, *k), *p = *bucket;

	if (k->stream == WIRE_DATAGRAMS)
		to = &anywhere;
	while (p != NULL && !has_peer_key(p, k, to))
		p = p->next;
	if (p == NULL) {
		p = mem_zero(1, sizeof(*p));
		p->next = *bucket;
		p->exporter = k->exporter;
		p->agent = k->agent;
		p->port = k->port;
		p->to = *to;
		p->stream = (enum wire_stream)k->stream;
		p->version = k->version;
		*bucket = p;
	}
	p->sessions++;
	return p;
}

static void
peer_leave(struct sessions *t, const struct session *s)
{
	struct peer **link = peer_bucket(t, key_of(s)), *p = s->peer;

	if (--p->sessions > 0)
		return;
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	sampling_free(&p->sampling, &t->learned_octets);
	types_free(&p->types, &t->learned_octets);
	mem_free(p);
}

/* Sessions ------------------------------------------------------------------------------------- */

/* What its exporter said; the counts stay. */
static void
forget(struct sessions *t, struct session *s)
{
	held_drop(t, s);
	templates_forget_all(t, s, true, true);
	sampling_free(&s->sampling, &t->learned_octets);
	firewall_free(t, s->firewall);
	s->firewall = NULL;
}

static void
session_free(struct sessions *t, struct session *s)
{
	forget(t, s);
	peer_leave(t, s);
	mem_free(s->templates);
	t->learned_octets -= s->n_streams * sizeof(*s->streams);
	mem_free(s->streams);
	mem_free(s);
}

static void
add_sequence(struct wire_stats *out, const struct sequence *q)
{
	out->lost += q->lost;
	out->reordered += q->reordered;
	out->duplicate += q->duplicate;
	out->restarts += q->restarts;
	out->incoherent += q->incoherent;
	out->records_unknown += q->records_unknown;
}

void
session_stats(const struct session *s, struct wire_stats *out)
{
	*out = s->stats;
	add_sequence(out, &s->sequence);
	for (unsigned i = 0; i < s->n_streams; i++)
		add_sequence(out, &s->streams[i].sequence);
}

struct claim
session_claim(struct sessions *t, const struct session *s)
{
	return (struct claim){ &t->learned_octets,
		s->rank == RANK_NEW ? LEARNED_OCTETS / 4 : LEARNED_OCTETS };
}

struct sequence *
session_sequence(struct sessions *t, struct session *s, uint16_t stream_id)
{
	struct claim claim = session_claim(t, s);

	if (stream_id == 0)
		return &s->sequence;
	for (unsigned i = 0; i < s->n_streams; i++)
		if (s->streams[i].id == stream_id)
			return &s->streams[i].sequence;
	if (s->n_streams == STREAMS_MAX || !claim_take(&claim, sizeof(*s->streams)))
		return s->n_streams > 0 ? &s->streams[s->n_streams - 1].sequence : &s->sequence;
	s->streams = mem_resize(s->streams, s->n_streams + 1, sizeof(*s->streams));
	s->streams[s->n_streams] = (struct sequence_stream){ .id = stream_id };
	return &s->streams[s->n_streams++].sequence;
}

static void
evict(struct sessions *t, struct session *s)
{
	struct session **link = &t->buckets[bucket_of(t, key_of(s))];
	struct wire_stats stats;

	held_drop(t, s);
	session_stats(s, &stats);
	wire_totals_add(&t->evicted, &stats);
	t->evicted.sessions_evicted++;
	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	*s->kin_link = s->kin_next;
	if (s->kin_next != NULL)
		s->kin_next->kin_link = s->kin_link;
	unlink_use(t, s);
	t->all[s->position] = t->all[--t->n];
	t->all[s->position]->position = s->position;
	if (t->last == s)
		t->last = NULL;
	session_free(t, s);
}

static struct session *
session_new(struct sessions *t, const struct key *k, const struct wire_place *to)
{
	struct session *s = mem_zero(1, sizeof(*s));
	struct session **bucket = &t->buckets[bucket_of(t, *k)];
	struct session **kin = &t->kin[bucket_of(t, without_port(*k))];

	s->stats.serial = ++t->serial;
	s->stats.exporter = k->exporter;
	s->stats.agent = k->agent;
	s->stats.port = k->port;
	s->stats.stream = (enum wire_stream)k->stream;
	s->stats.version = k->version;
	s->stats.domain = k->domain;
	s->stats.to = *to;
	s->peer = peer_join(t, k, to);
	s->next = *bucket;
	*bucket = s;
	s->kin_next = *kin;
	s->kin_link = kin;
	if (*kin != NULL)
		(*kin)->kin_link = &s->kin_next;
	*kin = s;
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->all = mem_resize(t->all, t->cap, sizeof(*t->all));
	}
	s->position = t->n;
	t->all[t->n++] = s;
	link_use(t, s);
	return s;
}

struct session *
session_get(struct sessions *t, const struct wire_msg *msg, const struct addr *agent,
    uint16_t version, uint32_t domain)
{
	/* A connection has its own templates whatever the scope of those of datagrams is. */
	bool any_port = t->opts.scope_ip && msg->stream == WIRE_DATAGRAMS;
	const struct wire_place unknown = { .port = 0 }, *to = any_port ? &unknown : &msg->to;
	struct key k = { msg->exporter, *agent, domain, msg->stream, version,
		any_port ? 0 : msg->port };
	struct session *s = t->last;

	if (s == NULL || !has_key(s, &k, to)) {
		s = t->buckets[bucket_of(t, k)];
		while (s != NULL && !has_key(s, &k, to))
			s = s->next;
	}
	if (s != NULL) {
		touch(t, s, msg->received_ns);
	} else {
		if (t->n >= t->opts.max_sessions)
			evict(t, t->tier[RANK_NEW].n > 0 ? t->tier[RANK_NEW].oldest
							 : t->tier[RANK_KNOWN].oldest);
		s = session_new(t, &k, to);
	}
	if (s->stats.to.port == 0) /* it was not known */
		s->stats.to.port = to->port;
	if (addr_is_zero(&s->stats.to.addr))
		s->stats.to.addr = to->addr;
	t->last = s;
	return s;
}

struct session *
session_kin(struct sessions *t, const struct session *s, const struct session *o)
{
	struct session *next =
	    o != NULL ? o->kin_next : t->kin[bucket_of(t, without_port(key_of(s)))];

	while (next != NULL && (next == s || !is_kin(next, s)))
		next = next->kin_next;
	return next;
}

static void
disconnect(struct sessions *t, struct session *s)
{
	forget(t, s);
	sampling_free(&s->peer->sampling, &t->learned_octets);
	types_free(&s->peer->types, &t->learned_octets);
	s->has_init = s->withdrew = false;
	sequence_end(&s->sequence);
	for (unsigned i = 0; i < s->n_streams; i++)
		sequence_end(&s->streams[i].sequence);
}

void
sessions_disconnect(struct sessions *t, enum wire_stream stream, const struct addr *exporter,
    uint16_t port, const struct wire_place *to)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct session *s = t->all[i];

		if (s->stats.stream == stream && s->stats.port == port &&
		    is_place(&s->stats.to, to) && addr_equal(&s->stats.exporter, exporter))
			disconnect(t, s);
	}
}

void
sessions_free(struct sessions *t)
{
	for (unsigned i = 0; i < t->n; i++)
		session_free(t, t->all[i]);
	mem_free(t->all);
	mem_free(t->buckets);
	mem_free(t->kin);
	mem_free(t->peers);
}
