#include "traffic.h"

#include <string.h>

#include "base/mem.h"
#include "base/sum.h"

enum { DNS_PORT = 53, RESOLVERS = 1 << 16 };

void
traffic_init(struct traffic *t, const struct scope *scope, int64_t window_ns, uint64_t least)
{
	*t = (struct traffic){ .scope = scope, .window_ns = window_ns, .least = least };
	hourly_init(&t->hourly, TRAFFIC_ROWS);
	keyed_init(&t->pairs, sizeof(struct pair), sizeof(struct pair_key), TRAFFIC_PAIRS);
	keyed_reserve(&t->pairs);
	keyed_reserve(&t->hourly.rows);
	keyed_init(&t->resolvers, sizeof(struct resolver), sizeof(struct addr), RESOLVERS);
}

void
traffic_free(struct traffic *t)
{
	hourly_free(&t->hourly);
	keyed_free(&t->pairs);
	keyed_free(&t->resolvers);
}

/* Pairs -------------------------------------------------------------------------------------------- */

/* Make room: what is small goes first, then what is not so small. */
static void
forget_small(struct traffic *t)
{
	for (unsigned part = 64; part > 0 && t->pairs.n > TRAFFIC_PAIRS / 4 * 3; part /= 8) {
		uint64_t least = t->least / part;
		size_t n = 0;

		keyed_unindex(&t->pairs);
		for (size_t i = 0; i < t->pairs.n; i++) {
			struct pair *p = keyed_at(&t->pairs, i);

			if (p->out >= least)
				memmove(keyed_at(&t->pairs, n++), p, sizeof(*p));
		}
		t->forgotten += t->pairs.n - n;
		t->pairs.n = n;
	}
}

static void
begin_window(struct traffic *t, struct pair *p, int64_t ns)
{
	struct pair_key key = p->key;

	if (p->flows > 0)
		t->pair_over(t->ctx, p);
	*p = (struct pair){ .key = key, .window_ns = ns, .start_ns = INT64_MAX, .sampling = 1 };
}

static void
add_to_pair(struct traffic *t, const struct sent *s, size_t at)
{
	const struct piece *q = s->piece;
	uint64_t out = s->sender ? q->bytes : q->rbytes, in = s->sender ? q->rbytes : q->bytes;
	uint64_t packets = s->sender ? q->packets : q->rpackets;
	struct pair *p;

	if (at == KEYED_NONE)
		return;
	p = keyed_at(&t->pairs, at);
	if (p->flows == 0 || q->start_ns >= p->window_ns + t->window_ns)
		begin_window(t, p, q->start_ns);
	sum_up(&p->flows, q->flows);
	sum_up(&p->out, piece_scaled(q, out));
	sum_up(&p->in, piece_scaled(q, in));
	sum_up(&p->packets, piece_scaled(q, packets));
	sum_up(&p->rpackets, piece_scaled(q, s->sender ? q->rpackets : q->packets));
	if (q->sampling > p->sampling)
		p->sampling = q->sampling;
	if (q->start_ns < p->start_ns)
		p->start_ns = q->start_ns;
	if (q->end_ns > p->end_ns)
		p->end_ns = q->end_ns;
	if (out >= p->largest) {
		p->largest = out;
		p->port = s->port;
		p->proto = s->proto;
	}
}

/*
 * To all pairs of a chunk: first where they are, then what is there.  Both directions of a connection often leave their
 * exporter together: what goes to the same pair as the one before is not looked for again.
 */
static void
add_sent(struct traffic *t)
{
	size_t at = KEYED_NONE;

	for (size_t i = 0; i < t->n_sent; i++) {
		if (t->sent[i].again)
			continue;
		t->sent[i].hash = keyed_hash(&t->pairs, &t->sent[i].key);
		keyed_prefetch(&t->pairs, t->sent[i].hash);
	}
	for (size_t i = 0; i < t->n_sent; i++)
		if (!t->sent[i].again)
			keyed_prefetch_thing(&t->pairs, t->sent[i].hash);
	for (size_t i = 0; i < t->n_sent; i++) {
		const struct sent *s = &t->sent[i];

		if (!s->again)
			at = keyed_add_hashed(&t->pairs, &s->key, s->hash);
		add_to_pair(t, s, at);
	}
	t->n_sent = 0;
}

/* Member by member: compilers clear a structure of this size with an instruction that is slow to start. */
static void
note_sent(
    struct traffic *t, enum channel c, const struct ends *e, const struct piece *p, bool sender)
{
	struct sent *to = &t->sent[t->n_sent];
	unsigned d = sender ? p->d : !p->d;

	to->key.host = e->ip[d];
	to->key.dst = e->ip[!d];
	to->key.channel = c;
	to->key.zero = 0;
	to->port = e->port[!d];
	to->proto = (uint8_t)e->proto;
	to->piece = p;
	to->sender = sender;
	to->again = t->n_sent > 0 && memcmp(&to->key, &to[-1].key, sizeof(to->key)) == 0;
	t->n_sent++;
}

/*
 * Was it the other end that began, by what this record says?  A pure SYN of its own or an answer of ours to one; a
 * service's port with us and none with it.  What says nothing is taken for ours, in both directions alike.
 */
static bool
begun_outside(const struct ends *e, const struct piece *p, bool sender)
{
	unsigned ours = sender ? p->d : !p->d, vote = conversation_vote((unsigned)p->flags);

	if (p->is_biflow)
		return !sender;
	if (vote == VOTE_BEGAN || vote == VOTE_ANSWERED)
		return (vote == VOTE_BEGAN) != sender;
	return e->port[ours] != 0 && conversation_service_port(e->port[ours]) &&
	       !conversation_service_port(e->port[!ours]);
}

static bool
is_icmp(unsigned proto)
{
	return proto == IP_ICMP || proto == IP_ICMP6;
}

/* The record as one end of ours sees it; sender: it sent the record. */
static void
add_end(struct traffic *t, const struct ends *e, const struct piece *p, bool sender, bool both)
{
	if (is_icmp(e->proto)) {
		if (!both)
			note_sent(t, CHANNEL_ICMP, e, p, sender);
	} else if (e->port[sender ? !p->d : p->d] == DNS_PORT) {
		note_sent(t, CHANNEL_DNS, e, p, sender);
	}
	if (!both && !begun_outside(e, p, sender))
		note_sent(t, CHANNEL_OUTSIDE, e, p, sender);
}

/* Whose ends a record has: ours at its source, at its destination; neither: it is not looked at. */
struct whose {
	bool ours, theirs;
	const struct addr *host; /* the source, or else the destination; NULL: of neither */
	uint32_t hour, hash; /* that its octets go to, and of both */
};

static struct whose
look_at(struct traffic *t, const struct ends *e, struct piece *p)
{
	const struct addr *src = &e->ip[p->d], *dst = &e->ip[!p->d];
	struct whose w = { .ours = scope_internal(t->scope, src),
		.theirs = scope_internal(t->scope, dst) };

	if ((!w.ours && !w.theirs) || !scope_unicast(dst) || !scope_unicast(src))
		return (struct whose){ 0 };
	sampled_see(&t->sampled, p->sampling);
	if (hourly_hour(p->end_ns) > t->newest_hour)
		t->newest_hour = hourly_hour(p->end_ns);
	w.host = w.ours ? src : dst;
	w.hour = hourly_hour(p->end_ns);
	return w;
}

/* Where its hour is; the one before is often of the same host. */
static void
find_hour(struct traffic *t, struct whose *w, const struct whose *before)
{
	if (before->host != NULL && before->hour == w->hour &&
	    memcmp(before->host, w->host, sizeof(*w->host)) == 0)
		w->hash = before->hash;
	else
		w->hash = hourly_prefetch(&t->hourly, w->host, w->hour);
}

/* Hours are of octets that there were: exporters beside each other may pick one packet of different numbers. */
static void
add_hours(struct traffic *t, const struct ends *e, const struct piece *p, const struct whose *w)
{
	struct piece scaled;

	if (p->sampling > 1) {
		scaled = *p;
		scaled.bytes = piece_scaled(p, p->bytes);
		scaled.rbytes = piece_scaled(p, p->rbytes);
		p = &scaled;
	}
	hourly_add(&t->hourly, e, p, w->ours, w->theirs);
}

static void
add_piece(struct traffic *t, const struct ends *e, const struct piece *p, const struct whose *w)
{
	add_hours(t, e, p, w);
	if (w->theirs && e->port[!p->d] == DNS_PORT)
		(void)keyed_add(&t->resolvers, &e->ip[!p->d]);
	if (w->ours)
		add_end(t, e, p, true, w->theirs);
	if (w->theirs)
		add_end(t, e, p, false, w->ours);
}

/* A chunk, in steps: the cache misses of one record are not waited for before the next. */
static void
add_pieces(struct traffic *t)
{
	struct pieces *p = &t->pieces;
	struct whose whose[CONVERSATIONS_CHUNK + 1], *w = whose + 1;

	whose[0] = (struct whose){ 0 };
	for (size_t i = 0; i < p->n; i++) {
		w[i] = look_at(t, &p->ends[i], &p->piece[i]);
		if (w[i].host != NULL)
			find_hour(t, &w[i], &w[i] - 1);
	}
	for (size_t i = 0; i < p->n; i++)
		if (w[i].host != NULL)
			hourly_prefetch_row(&t->hourly, w[i].hash);
	for (size_t i = 0; i < p->n; i++)
		if (w[i].host != NULL)
			add_piece(t, &p->ends[i], &p->piece[i], &w[i]);
	add_sent(t);
}

/* Records ------------------------------------------------------------------------------------------ */

static void
make_room(struct traffic *t)
{
	if (t->pairs.n > TRAFFIC_PAIRS - SENT_CHUNK)
		forget_small(t);
	/* Hours before the last three are complete. */
	if (t->hourly.rows.n > TRAFFIC_ROWS / 4 * 3 && t->newest_hour > 3)
		t->hours_over(t->ctx, t->newest_hour - 3);
	if (t->hourly.rows.n > TRAFFIC_ROWS - 4 * CONVERSATIONS_CHUNK)
		t->hours_over(t->ctx, UINT32_MAX);
}

void
traffic_add(struct traffic *t, struct batch *b, const uint64_t *sel)
{
	struct piece_source source;
	size_t next = 0, k, n = sel != NULL ? bits_count(sel, b->n) : b->n;

	t->records += n;
	if (!pieces_bind(&source, b)) {
		t->strange += n;
		return;
	}
	if (source.col[PIECE_BYTES] == NULL && source.col[PIECE_RBYTES] == NULL)
		t->empty += n;
	while ((k = pieces_next(&t->pieces, &source, b->n, sel, &next)) > 0) {
		t->strange += k - t->pieces.n;
		add_pieces(t);
		make_room(t);
	}
}
