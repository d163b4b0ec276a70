#include "wire/templates.h"

#include "base/mem.h"
#include "base/num.h"

enum { BUCKETS_MIN = 8, KIN_MAX = 64 };

/* How late a message may be and still tell, by its export time, that others overtook it. */
#define REORDER_NS (60 * NS_PER_S)

/* Of a tier's memory any session may have this part, and one that wants more as much as is free besides. */
enum { SHARES = 32 };

/* Order of use --------------------------------------------------------------------------------- */

static struct tier *
tier_of(struct sessions *t, const struct template *p)
{
	return &t->tier[p->session->rank];
}

static void
unlink_use(struct tier *tier, struct template *p)
{
	*(p->newer ? &p->newer->older : &tier->newest_template) = p->older;
	*(p->older ? &p->older->newer : &tier->oldest_template) = p->newer;
	tier->template_octets -= p->octets;
}

static void
link_use(struct tier *tier, struct template *p)
{
	p->newer = NULL;
	p->older = tier->newest_template;
	*(tier->newest_template ? &tier->newest_template->newer : &tier->oldest_template) = p;
	tier->newest_template = p;
	tier->template_octets += p->octets;
}

static void
unlink_own(struct template *p)
{
	struct session *s = p->session;

	*(p->own_newer ? &p->own_newer->own_older : &s->newest_template) = p->own_older;
	*(p->own_older ? &p->own_older->own_newer : &s->oldest_template) = p->own_newer;
	s->template_octets -= p->octets;
}

static void
link_own(struct session *s, struct template *p)
{
	p->own_newer = NULL;
	p->own_older = s->newest_template;
	*(s->newest_template ? &s->newest_template->own_newer : &s->oldest_template) = p;
	s->newest_template = p;
	s->template_octets += p->octets;
}

static void
touch(struct sessions *t, struct template *p)
{
	struct tier *tier = tier_of(t, p);

	if (p->session->newest_template != p) {
		unlink_own(p);
		link_own(p->session, p);
	}
	if (tier->newest_template != p) {
		unlink_use(tier, p);
		link_use(tier, p);
	}
}

/* By id ---------------------------------------------------------------------------------------- */

static struct template **
find_link(struct session *s, uint16_t id)
{
	struct template **p = &s->templates[id & (s->n_buckets - 1)];

	while (*p != NULL && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

static struct template *
find(struct session *s, uint16_t id)
{
	return s->n_templates ? *find_link(s, id) : NULL;
}

/* Take it out of its session; it is the caller's now. */
static struct template *
take(struct sessions *t, struct session *s, struct template **link)
{
	struct template *p = *link;

	*link = p->next;
	t->changes++;
	unlink_use(tier_of(t, p), p);
	unlink_own(p);
	s->n_templates--;
	return p;
}

static void
set_buckets(struct session *s, unsigned n)
{
	struct template **buckets = n > 0 ? mem_zero(n, sizeof(struct template *)) : NULL;

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

/* Sessions that had many templates, and have few, do not keep the room for them. */
static void
shrink(struct session *s)
{
	if (s->n_templates == 0)
		set_buckets(s, 0);
	else if (s->n_buckets > BUCKETS_MIN && s->n_templates < s->n_buckets / 8)
		set_buckets(s, s->n_buckets / 4);
}

static void
templates_forget(struct sessions *t, struct session *s, uint16_t id)
{
	struct template **link;

	if (s->n_templates == 0)
		return;
	link = find_link(s, id);
	if (*link != NULL) {
		template_free(take(t, s, link));
		shrink(s);
	}
}

void
templates_forget_all(struct sessions *t, struct session *s, bool flows, bool options)
{
	for (unsigned i = 0; i < s->n_buckets; i++)
		for (struct template **p = &s->templates[i]; *p != NULL;) {
			if ((*p)->options ? options : flows)
				template_free(take(t, s, p));
			else
				p = &(*p)->next;
		}
	shrink(s);
}

static void
evict(struct sessions *t, struct template *p)
{
	p->session->stats.templates_evicted++;
	templates_forget(t, p->session, p->id);
}

static bool
is_full(const struct tier *tier, size_t octets)
{
	return tier->template_octets + octets > tier->template_octets_max;
}

/* Would the session have more than its share?  One alone gets half a tier, n of them a part of n + 1 each. */
static bool
is_greedy(const struct tier *tier, const struct session *s, size_t octets)
{
	size_t wants = s->template_octets + octets;

	return wants > tier->template_octets_max / SHARES && is_full(tier, wants);
}

/* Among strangers whose template was used least recently gives it up. */
static void
make_room_for_stranger(struct sessions *t, size_t octets)
{
	struct tier *tier = &t->tier[RANK_NEW];

	while (is_full(tier, octets) && tier->oldest_template != NULL)
		evict(t, tier->oldest_template);
}

/* Who is known takes nothing from others: its own templates go, and without any it is a stranger again. */
static void
make_room(struct sessions *t, struct session *s, size_t octets)
{
	struct tier *known = &t->tier[RANK_KNOWN];
	const struct tier *own = &t->tier[s->rank];

	while (s->n_templates > 0 &&
	       (s->n_templates >= t->opts.max_templates || is_greedy(own, s, octets) ||
		   (s->rank == RANK_KNOWN && is_full(known, octets))))
		evict(t, s->oldest_template);
	if (s->rank == RANK_KNOWN && is_full(known, octets))
		session_demote(t, s);
	if (s->rank == RANK_NEW)
		make_room_for_stranger(t, octets);
}

static void
insert(struct sessions *t, struct session *s, struct template *p)
{
	make_room(t, s, p->octets);
	if (s->n_templates >= s->n_buckets)
		set_buckets(s, s->n_buckets ? s->n_buckets * 2 : BUCKETS_MIN);
	p->session = s;
	p->next = s->templates[p->id & (s->n_buckets - 1)];
	s->templates[p->id & (s->n_buckets - 1)] = p;
	link_use(&t->tier[s->rank], p);
	link_own(s, p);
	t->changes++;
	s->n_templates++;
}

void
templates_move(struct sessions *t, struct session *s, enum rank rank)
{
	for (struct template *p = s->oldest_template; p != NULL; p = p->own_newer) {
		unlink_use(&t->tier[s->rank], p);
		link_use(&t->tier[rank], p);
	}
	s->rank = rank;
	/* what it brings takes nothing from other strangers */
	while (rank == RANK_NEW && is_full(&t->tier[rank], 0) && s->n_templates > 0)
		evict(t, s->oldest_template);
}

/* Defining ------------------------------------------------------------------------------------- */

/* What the exporter said before goes with the new template; or NULL. */
static void
keep_previous(struct template *p, struct template *previous)
{
	p->previous = previous;
	if (previous != NULL)
		p->octets += previous->octets;
}

/* A template whose elements' types were announced meanwhile is compiled again (RFC 5610). */
static struct template *
refresh_types(struct message *m, struct template *p)
{
	struct sessions *t = &m->w->sessions;
	struct session *s = p->session;
	struct template *fresh;
	const char *why;

	if (!p->untyped || p->types_version == s->peer->types.version)
		return p;
	fresh = template_new(
	    p->id, p->options, p->specs, p->n_specs, t->opts.raw, &s->peer->types, &why);
	if (fresh == NULL)
		return p;
	fresh->refreshed_ns = p->refreshed_ns;
	fresh->export_ns = p->export_ns;
	fresh->since_ns = p->since_ns;
	fresh->changed_ns = p->changed_ns;
	fresh->cached = p->cached;
	(void)take(t, s, find_link(s, p->id));
	keep_previous(fresh, p->previous);
	p->previous = NULL;
	template_free(p);
	insert(t, s, fresh);
	return fresh;
}

static void
refresh(struct message *m, struct template *p)
{
	p->refreshed_ns = m->msg->received_ns;
	if (m->export_ns > p->export_ns)
		p->export_ns = m->export_ns;
	p->cached = false;
	touch(&m->w->sessions, p);
}

/* Was the definition overtaken by the one that is known? */
static bool
is_stale(const struct message *m, const struct template *p)
{
	return !m->msg->stream && m->export_ns < p->export_ns &&
	       p->export_ns - m->export_ns <= REORDER_NS &&
	       m->msg->received_ns - p->refreshed_ns <= REORDER_NS;
}

static void
replace(struct message *m, struct template *old, struct template *fresh)
{
	struct sessions *t = &m->w->sessions;

	if (old != NULL) {
		(void)take(t, m->s, find_link(m->s, old->id));
		if (old->previous != NULL)
			old->octets -= old->previous->octets;
		template_free(old->previous);
		old->previous = NULL;
		if (m->msg->stream || fresh == NULL)
			template_free(old);
		else
			keep_previous(fresh, old);
	}
	if (fresh != NULL)
		insert(t, m->s, fresh);
}

void
templates_define(struct message *m, uint16_t id, bool options, unsigned n)
{
	const struct sessions *t = &m->w->sessions;
	struct session *s = m->s;
	struct template *old = find(s, id), *fresh;
	const char *why;

	s->stats.templates++;
	m->defined = true;
	if (old != NULL && template_same(old, options, m->w->specs, n)) {
		refresh(m, old);
		return;
	}
	if (old != NULL && is_stale(m, old)) {
		s->stats.templates_stale++;
		return;
	}
	if (old != NULL && m->msg->stream) { /* RFC 7011 8.1: it had to be withdrawn first */
		message_bad(m, BAD_TEMPLATE);
		m->w->broken = true;
	}
	fresh = template_new(id, options, m->w->specs, n, t->opts.raw, &s->peer->types, &why);
	if (fresh == NULL) {
		message_bad(m, BAD_TEMPLATE);
	} else {
		fresh->refreshed_ns = fresh->changed_ns = m->msg->received_ns;
		fresh->export_ns = fresh->since_ns = m->export_ns;
	}
	replace(m, old, fresh);
}

void
templates_invalid(struct message *m, uint16_t id)
{
	message_bad(m, BAD_TEMPLATE);
	templates_forget(&m->w->sessions, m->s, id);
}

bool
templates_withdraw(struct message *m, uint16_t id, bool options)
{
	const struct template *p = find(m->s, id);

	if (p == NULL || p->options != options)
		return false;
	templates_forget(&m->w->sessions, m->s, id);
	m->s->withdrew = true;
	return true;
}

void
templates_withdraw_all(struct message *m, bool options)
{
	unsigned before = m->s->n_templates;

	templates_forget_all(&m->w->sessions, m->s, !options, options);
	m->s->withdrew |= m->s->n_templates < before;
}

void
templates_restore(struct message *m, uint16_t id, bool options, unsigned n, int64_t refreshed_ns)
{
	const char *why;
	struct template *p;

	if (find(m->s, id) != NULL)
		return;
	p = template_new(
	    id, options, m->w->specs, n, m->w->sessions.opts.raw, &m->s->peer->types, &why);
	if (p == NULL)
		return;
	p->refreshed_ns = refreshed_ns;
	p->cached = true;
	insert(&m->w->sessions, m->s, p);
}

/* Finding -------------------------------------------------------------------------------------- */

static struct template *
find_live(struct message *m, struct session *s, uint16_t id)
{
	struct sessions *t = &m->w->sessions;
	struct template *p = find(s, id);

	if (p == NULL || m->msg->stream ||
	    m->msg->received_ns - p->refreshed_ns <= (int64_t)t->opts.lifetime_s * NS_PER_S)
		return p;
	s->stats.templates_expired++;
	templates_forget(t, s, id);
	return NULL;
}

/* A message that was sent before the layout changed, and came after, is read by the one before. */
static struct template *
in_time(struct message *m, struct template *p)
{
	struct template *before = p->previous;

	if (before == NULL)
		return p;
	if (m->msg->received_ns - p->changed_ns <= REORDER_NS)
		return m->export_ns < p->since_ns ? before : p;
	tier_of(&m->w->sessions, p)->template_octets -= before->octets;
	p->session->template_octets -= before->octets;
	p->octets -= before->octets;
	p->previous = NULL;
	template_free(before);
	return p;
}

struct template *
templates_find(struct message *m, uint16_t id)
{
	struct template *p = find_live(m, m->s, id);

	if (p == NULL)
		return NULL;
	p = refresh_types(m, p);
	touch(&m->w->sessions, p);
	return in_time(m, p);
}

struct template *
templates_find_listed(struct message *m, uint16_t id)
{
	struct template *p = find_live(m, m->s, id);

	if (p == NULL)
		return NULL;
	touch(&m->w->sessions, p);
	return in_time(m, p);
}

/* Of another address or port of ours only what an earlier collector had, which may have listened there. */
static bool
may_lend(const struct session *o, const struct template *p, const struct session *s)
{
	return p->cached || (o->stats.to.port == s->stats.to.port &&
				addr_equal(&o->stats.to.addr, &s->stats.to.addr));
}

struct template *
templates_borrow(struct message *m, uint16_t id)
{
	struct template *found = NULL;
	unsigned asked = 0;

	/* RFC 7011 8: never by those of another transport session. */
	if (m->msg->stream || m->w->sessions.opts.strict)
		return NULL;
	for (struct session *o = NULL; (o = session_kin(&m->w->sessions, m->s, o)) != NULL;) {
		struct template *p;

		if (++asked > KIN_MAX)
			return NULL;
		p = find_live(m, o, id);
		if (p != NULL && !may_lend(o, p, m->s))
			p = NULL;
		if (p != NULL && found != NULL)
			return NULL;
		found = p != NULL ? p : found;
	}
	if (found != NULL) {
		m->s->stats.borrowed++;
		found = refresh_types(m, found);
		touch(&m->w->sessions, found);
	}
	return found;
}
