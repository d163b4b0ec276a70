#include "wire/held.h"

#include "base/mem.h"
#include "base/num.h"
#include "wire/templates.h"

/* Ids that sets of one session wait for at a time; exporters have some dozens of templates. */
enum { AWAITED_MAX = 256, PEER_SHARE = 4, KIN_MAX = 64 };

static size_t
cost(size_t len)
{
	return sizeof(struct held) + len + 16; /* the allocator's own */
}

static struct awaited *
find(struct session *s, uint16_t id)
{
	for (unsigned i = 0; i < s->n_awaited; i++)
		if (s->awaited[i].id == id)
			return &s->awaited[i];
	return NULL;
}

static struct awaited *
find_or_add(struct session *s, uint16_t id)
{
	struct awaited *a = find(s, id);

	if (a != NULL)
		return a;
	if ((s->n_awaited & (s->n_awaited - 1)) == 0)
		s->awaited = mem_resize(
		    s->awaited, s->n_awaited ? 2 * s->n_awaited : 1, sizeof(*s->awaited));
	s->awaited[s->n_awaited] = (struct awaited){ .id = id };
	return &s->awaited[s->n_awaited++];
}

/* Take the first of a queue out of everything; the queue goes when it is empty. */
static struct held *
take_first(struct sessions *t, struct awaited *a)
{
	struct held *h = a->first;
	struct session *s = h->session;

	struct tier *tier = &t->tier[h->rank];

	*(h->newer ? &h->newer->older : &tier->newest_held) = h->older;
	*(h->older ? &h->older->newer : &tier->oldest_held) = h->newer;
	a->first = h->next;
	t->held_octets -= cost(h->len);
	s->peer->held_octets -= cost(h->len);
	s->stats.held--;
	if (a->first != NULL)
		return h;
	*a = s->awaited[--s->n_awaited];
	if (s->n_awaited == 0) {
		mem_free(s->awaited);
		s->awaited = NULL;
	}
	return h;
}

/*
 * The oldest of strangers, or of those that are known; the first that waits for its template is older still if its
 * session was a stranger then.
 */
static void
drop_oldest(struct sessions *t, enum rank rank)
{
	const struct held *h = t->tier[rank].oldest_held;
	struct session *s = h->session;

	mem_free(take_first(t, find(s, h->id)));
	s->stats.held_lost++;
}

/* Room for so many octets of a session; false: there is none that it may take. */
static bool
make_room(struct sessions *t, const struct session *s, size_t octets)
{
	while (t->held_octets + octets > t->opts.hold_octets) {
		if (t->tier[RANK_NEW].oldest_held != NULL)
			drop_oldest(t, RANK_NEW);
		else if (s->rank == RANK_KNOWN && t->tier[RANK_KNOWN].oldest_held != NULL)
			drop_oldest(t, RANK_KNOWN);
		else
			return false;
	}
	return true;
}

void
held_expire(struct sessions *t, int64_t now_ns)
{
	for (enum rank rank = RANK_NEW; rank < RANKS; rank++) {
		const struct tier *tier = &t->tier[rank];

		while (tier->oldest_held != NULL &&
		       now_ns - tier->oldest_held->received_ns > (int64_t)t->opts.hold_s * NS_PER_S)
			drop_oldest(t, rank);
	}
}

void
held_drop(struct sessions *t, struct session *s)
{
	while (s->n_awaited > 0) {
		mem_free(take_first(t, &s->awaited[s->n_awaited - 1]));
		s->stats.held_lost++;
	}
	mem_free(s->awaited);
	s->awaited = NULL;
}

bool
held_add(struct message *m, uint16_t id, const uint8_t *octets, size_t len)
{
	struct sessions *t = &m->w->sessions;
	struct peer *peer = m->s->peer;
	struct tier *tier = &t->tier[m->s->rank];
	size_t share = t->opts.hold_octets / PEER_SHARE;
	struct awaited *a;
	struct held *h;

	if (peer->held_octets + cost(len) > share ||
	    (m->s->n_awaited == AWAITED_MAX && find(m->s, id) == NULL) ||
	    !make_room(t, m->s, cost(len)))
		return false;
	a = find_or_add(m->s, id);
	h = mem_alloc(sizeof(*h) + len);
	*h = (struct held){ .session = m->s,
		.older = tier->newest_held,
		.rank = m->s->rank,
		.source = m->msg->source,
		.received_ns = m->msg->received_ns,
		.export_ns = m->export_ns,
		.has_uptime = m->has_uptime && m->s->stats.version != 10,
		.uptime_ms = m->uptime_ms,
		.message = m->s->stats.messages,
		.header_count = m->header_count,
		.seen = m->seen,
		.port = m->msg->port,
		.id = id,
		.len = (uint16_t)len };
	memcpy(h->octets, octets, len);
	*(tier->newest_held ? &tier->newest_held->newer : &tier->oldest_held) = h;
	tier->newest_held = h;
	*(a->first ? &a->last->next : &a->first) = h;
	a->last = h;
	t->held_octets += cost(len);
	peer->held_octets += cost(len);
	m->s->stats.held++;
	return true;
}

/* The message that the set was in, as far as its records need it. */
static struct message
message_of(const struct message *m, const struct held *h, struct wire_msg *msg)
{
	*msg = (struct wire_msg){ .exporter = h->session->stats.exporter,
		.port = h->port,
		.to = h->session->stats.to,
		.received_ns = h->received_ns,
		.stream = h->session->stats.stream,
		.source = h->source };
	return (struct message){ .w = m->w,
		.s = h->session,
		.msg = msg,
		.out = m->out,
		.export_ns = h->export_ns,
		.has_uptime = h->has_uptime,
		.uptime_ns = h->export_ns,
		.uptime_ms = h->uptime_ms,
		.header_count = h->header_count,
		.seen = h->seen };
}

/*
 * Streams of an association overtake each other, so what was sent before a template may be of one that was withdrawn:
 * no data is sent before the template that it is of (RFC 7011 8.2).
 */
static bool
is_of(const struct template *t, const struct held *h)
{
	return !h->session->withdrew || h->export_ns >= t->since_ns;
}

/* Decode the sets of one queue if their template is known now. */
static void
replay(struct message *m, struct session *s, struct awaited *a)
{
	uint16_t id = a->id;
	uint64_t message = 0;
	unsigned seen = 0;

	while ((a = find(s, id)) != NULL) {
		struct wire_msg msg;
		struct message old = message_of(m, a->first, &msg);
		struct template *t;
		struct held *h;

		/* What is known now is what counts: the template's age is against the present. */
		msg.received_ns = m->msg->received_ns;
		t = templates_find(&old, id);
		if (t == NULL)
			t = templates_borrow(&old, id);
		if (t == NULL)
			return;
		h = take_first(&m->w->sessions, a);
		if (!is_of(t, h)) {
			s->stats.held_lost++;
			mem_free(h);
			continue;
		}
		msg.received_ns = h->received_ns;
		data_begin(&old);
		if (h->message == message)
			old.seen = seen;
		data_set(&old, t, h->octets, h->len);
		message = h->message;
		seen = old.seen;
		m->appended += old.appended;
		s->stats.held_replayed++;
		mem_free(h);
	}
}

static void
replay_session(struct message *m, struct session *s)
{
	for (unsigned i = s->n_awaited; i-- > 0;)
		if (i < s->n_awaited)
			replay(m, s, &s->awaited[i]);
}

void
held_replay(struct message *m)
{
	struct sessions *t = &m->w->sessions;
	struct session *o = NULL;

	if (t->held_octets == 0)
		return;
	replay_session(m, m->s);
	for (unsigned asked = 0; asked < KIN_MAX && (o = session_kin(t, m->s, o)) != NULL; asked++)
		replay_session(m, o);
}
