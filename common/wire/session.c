#include "wire/session.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

enum {
	LIFETIME_S = 1800,
	TEMPLATES_MAX = 4096,
	SESSIONS_MAX = 16384,
	BUCKETS_MIN = 8,
	KIN_MAX = 64,
	EXPORTERS = 1024
};
#define TEMPLATE_OCTETS_MAX ((size_t)256 << 20) /* of all sessions together */

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
	while (n < t->opts.max_sessions)
		n *= 2;
	t->mask = n - 1;
	t->buckets = mem_zero(n, sizeof(*t->buckets));
	t->kin = mem_zero(n, sizeof(*t->kin));
	t->exporters = mem_zero(EXPORTERS, sizeof(*t->exporters));
}

/* Keys ----------------------------------------------------------------------------------------- */

struct key {
	struct addr exporter;
	uint32_t domain;
	uint16_t version, port;
};

static size_t
bucket_of(const struct sessions *t, const struct key *k)
{
	return hash_octets(t->seed, k, sizeof(*k)) & t->mask;
}

static struct key
key_of(const struct session *s)
{
	return (struct key){ s->stats.exporter, s->stats.domain, s->stats.version, s->stats.port };
}

static struct key
kin_key(struct key k)
{
	k.port = 0;
	return k;
}

static bool
is_kin(const struct session *a, const struct session *b)
{
	return memcmp(a->stats.exporter.b, b->stats.exporter.b, 16) == 0 &&
	       a->stats.domain == b->stats.domain && a->stats.version == b->stats.version;
}

static bool
has_key(const struct session *s, const struct key *k)
{
	return s->stats.port == k->port && s->stats.domain == k->domain &&
	       s->stats.version == k->version &&
	       memcmp(s->stats.exporter.b, k->exporter.b, 16) == 0;
}

/* Order of use --------------------------------------------------------------------------------- */

static void
session_unlink(struct sessions *t, struct session *s)
{
	*(s->newer ? &s->newer->older : &t->newest) = s->older;
	*(s->older ? &s->older->newer : &t->oldest) = s->newer;
}

static void
session_touch(struct sessions *t, struct session *s, bool linked)
{
	if (t->newest == s)
		return;
	if (linked)
		session_unlink(t, s);
	s->newer = NULL;
	s->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = s;
	t->newest = s;
}

static void
template_unlink(struct sessions *t, struct template *p)
{
	*(p->newer ? &p->newer->older : &t->newest_template) = p->older;
	*(p->older ? &p->older->newer : &t->oldest_template) = p->newer;
}

static void
template_link(struct sessions *t, struct template *p)
{
	p->newer = NULL;
	p->older = t->newest_template;
	*(t->newest_template ? &t->newest_template->newer : &t->oldest_template) = p;
	t->newest_template = p;
	p->used = ++t->clock;
}

static void
template_touch(struct sessions *t, struct template *p)
{
	p->used = ++t->clock;
	if (t->newest_template == p)
		return;
	template_unlink(t, p);
	template_link(t, p);
}

/* Templates of a session ----------------------------------------------------------------------- */

static struct template **
find_link(struct session *s, uint16_t id)
{
	struct template **p = &s->templates[id & (s->n_buckets - 1)];

	while (*p != NULL && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

static void
remove_link(struct sessions *t, struct session *s, struct template **link)
{
	struct template *p = *link;

	*link = p->next;
	template_unlink(t, p);
	t->template_octets -= p->octets;
	s->n_templates--;
	template_free(p);
}

void
session_forget(struct sessions *t, struct session *s, uint16_t id)
{
	struct template **link;

	if (s->n_templates == 0)
		return;
	link = find_link(s, id);
	if (*link != NULL)
		remove_link(t, s, link);
}

void
session_forget_all(struct sessions *t, struct session *s, bool flows, bool options)
{
	for (unsigned i = 0; i < s->n_buckets; i++)
		for (struct template **p = &s->templates[i]; *p != NULL;) {
			if ((*p)->options ? options : flows)
				remove_link(t, s, p);
			else
				p = &(*p)->next;
		}
}

static void
grow_buckets(struct session *s)
{
	unsigned n = s->n_buckets ? s->n_buckets * 2 : BUCKETS_MIN;
	struct template **buckets = mem_zero(n, sizeof(struct template *));

	for (unsigned i = 0; i < s->n_buckets; i++)
		for (struct template *p = s->templates[i], *next; p != NULL; p = next) {
			next = p->next;
			p->next = buckets[p->id & (n - 1)];
			buckets[p->id & (n - 1)] = p;
		}
	mem_free(s->templates);
	s->templates = buckets;
	s->n_buckets = n;
}

static void
evict_template(struct sessions *t, struct template *p)
{
	p->session->stats.templates_evicted++;
	session_forget(t, p->session, p->id);
}

static struct template *
least_used(const struct session *s)
{
	struct template *least = NULL;

	for (unsigned i = 0; i < s->n_buckets; i++)
		for (struct template *p = s->templates[i]; p != NULL; p = p->next)
			if (least == NULL || p->used < least->used)
				least = p;
	return least;
}

static void
insert(struct sessions *t, struct session *s, struct template *p)
{
	if (s->n_templates >= t->opts.max_templates)
		evict_template(t, least_used(s));
	while (t->template_octets + p->octets > TEMPLATE_OCTETS_MAX && t->oldest_template != NULL)
		evict_template(t, t->oldest_template);
	if (s->n_templates >= s->n_buckets)
		grow_buckets(s);
	p->session = s;
	p->next = s->templates[p->id & (s->n_buckets - 1)];
	s->templates[p->id & (s->n_buckets - 1)] = p;
	template_link(t, p);
	t->template_octets += p->octets;
	s->n_templates++;
}

void
session_define(struct sessions *t, struct session *s, uint16_t id, bool options,
    const struct spec *specs, unsigned n, const struct wire_msg *msg)
{
	struct template *old = s->n_templates ? *find_link(s, id) : NULL, *p;
	const char *why;

	s->stats.templates++;
	if (old != NULL && template_same(old, options, specs, n)) {
		old->refreshed_ns = msg->received_ns;
		template_touch(t, old);
		return;
	}
	if (old != NULL) {
		if (msg->stream) /* RFC 7011 8.1: it had to be withdrawn first */
			s->stats.bad[BAD_TEMPLATE]++;
		session_forget(t, s, id);
	}
	p = template_new(id, options, specs, n, t->opts.raw, &why);
	if (p == NULL) {
		s->stats.bad[BAD_TEMPLATE]++;
		return;
	}
	p->refreshed_ns = msg->received_ns;
	insert(t, s, p);
}

static struct template *
find_live(struct sessions *t, struct session *s, uint16_t id, const struct wire_msg *msg)
{
	struct template *p = s->n_templates ? *find_link(s, id) : NULL;

	if (p == NULL || msg->stream ||
	    msg->received_ns - p->refreshed_ns <= (int64_t)t->opts.lifetime_s * NS_PER_S)
		return p;
	s->stats.templates_expired++;
	session_forget(t, s, id);
	return NULL;
}

struct template *
session_template(struct sessions *t, struct session *s, uint16_t id, const struct wire_msg *msg)
{
	struct template *p = find_live(t, s, id, msg);

	if (p != NULL)
		template_touch(t, p);
	return p;
}

struct template *
session_borrow(struct sessions *t, struct session *s, uint16_t id, const struct wire_msg *msg)
{
	struct key k = kin_key(key_of(s));
	struct template *found = NULL;
	unsigned asked = 0;

	if (msg->stream)
		return NULL;
	for (struct session *o = t->kin[bucket_of(t, &k)]; o != NULL; o = o->kin_next) {
		struct template *p;

		if (o == s || !is_kin(o, s))
			continue;
		if (++asked > KIN_MAX)
			return NULL;
		p = find_live(t, o, id, msg);
		if (p != NULL && found != NULL)
			return NULL;
		found = p != NULL ? p : found;
	}
	if (found != NULL) {
		s->stats.borrowed++;
		template_touch(t, found);
	}
	return found;
}

/* Sessions ------------------------------------------------------------------------------------- */

static void
unchain(struct session **p, struct session *s, bool kin)
{
	while (*p != s)
		p = kin ? &(*p)->kin_next : &(*p)->next;
	*p = kin ? s->kin_next : s->next;
}

static void
session_free(struct sessions *t, struct session *s)
{
	session_forget_all(t, s, true, true);
	mem_free(s->templates);
	mem_free(s);
}

void
session_stats(const struct session *s, struct wire_stats *out)
{
	*out = s->stats;
	out->lost = s->sequence.lost;
	out->reordered = s->sequence.reordered;
	out->duplicate = s->sequence.duplicate;
	out->restarts = s->sequence.restarts;
	out->incoherent = s->sequence.incoherent;
	out->records_unknown = s->sequence.records_unknown;
}

static void
evict_session(struct sessions *t, struct session *s)
{
	struct key k = key_of(s), kin = kin_key(k);
	struct wire_stats stats;

	session_stats(s, &stats);
	wire_totals_add(&t->evicted, &stats);
	t->evicted.sessions_evicted++;
	unchain(&t->buckets[bucket_of(t, &k)], s, false);
	unchain(&t->kin[bucket_of(t, &kin)], s, true);
	session_unlink(t, s);
	t->all[s->position] = t->all[--t->n];
	t->all[s->position]->position = s->position;
	session_free(t, s);
}

static struct session *
session_new(struct sessions *t, const struct key *k)
{
	struct session *s = mem_zero(1, sizeof(*s));
	struct key kin = kin_key(*k);
	size_t b = bucket_of(t, k), kb = bucket_of(t, &kin);

	s->stats.exporter = k->exporter;
	s->stats.port = k->port;
	s->stats.version = k->version;
	s->stats.domain = k->domain;
	s->next = t->buckets[b];
	t->buckets[b] = s;
	s->kin_next = t->kin[kb];
	t->kin[kb] = s;
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->all = mem_resize(t->all, t->cap, sizeof(*t->all));
	}
	s->position = t->n;
	t->all[t->n++] = s;
	session_touch(t, s, false);
	return s;
}

struct session *
session_get(struct sessions *t, const struct wire_msg *msg, uint16_t version, uint32_t domain)
{
	struct key k = { msg->exporter, domain, version, t->opts.scope_ip ? 0 : msg->port };
	struct session *s = t->newest;

	if (s == NULL || !has_key(s, &k)) {
		s = t->buckets[bucket_of(t, &k)];
		while (s != NULL && !has_key(s, &k))
			s = s->next;
	}
	if (s == NULL) {
		if (t->n >= t->opts.max_sessions)
			evict_session(t, t->oldest);
		return session_new(t, &k);
	}
	session_touch(t, s, true);
	return s;
}

void
session_common_sequence(struct sessions *t, struct session *s, uint32_t seq)
{
	struct key k = key_of(s);
	uint64_t hash;

	k.domain = 0;
	hash = hash_octets(t->seed, &k, sizeof(k));
	sequence_common(&s->sequence, &t->exporters[hash % EXPORTERS], hash, seq);
}

void
sessions_free(struct sessions *t)
{
	for (unsigned i = 0; i < t->n; i++)
		session_free(t, t->all[i]);
	mem_free(t->all);
	mem_free(t->buckets);
	mem_free(t->kin);
	mem_free(t->exporters);
}
