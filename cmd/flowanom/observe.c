#include "observe.h"

#include <string.h>

#include "base/mem.h"
#include "base/sum.h"

enum { PORTS = OBSERVE_PORTS };
#define NS_PER_MINUTE (60 * NS_PER_S)

void
observe_init(
    struct observed *o, const struct scope *scope, struct judge *j, const struct hours *hours)
{
	*o = (struct observed){ .scope = scope, .judge = j, .exporter_track = KEYED_NONE };
	tracks_init(&o->tracks, hours);
	o->tracks.hour_over = judge_hour;
	o->tracks.ctx = j;
	floods_init(&o->floods);
	o->floods.over = judge_flood;
	o->floods.ctx = j;
	o->entropy = entropy_new(judge_shift, j);
	o->services = mem_zero(2 * PORTS, sizeof(*o->services));
	for (unsigned port = 0; port < PORTS; port++)
		if (conversation_service_port(port))
			bits_set(o->service_ports, port);
	o->pieces.exporters = true;
}

void
observe_free(struct observed *o)
{
	tracks_free(&o->tracks);
	floods_free(&o->floods);
	entropy_free(o->entropy);
	mem_free(o->services);
}

/* Columns ------------------------------------------------------------------------------------------ */

/* The interfaces, that conversations have no use for. */
struct interfaces {
	const struct column *col[2]; /* in, out; NULL: no record has it */
};

static struct interfaces
interfaces_bind(struct batch *b)
{
	static const struct field_id ids[2] = { { .id = 10 }, { .id = 14 } };
	struct interfaces f = { { NULL, NULL } };

	for (unsigned k = 0; k < 2; k++) {
		int at = batch_find(b, &ids[k]);

		if (at >= 0 && b->col[at].type == TYPE_UINT)
			f.col[k] = batch_plain(b, (unsigned)at);
	}
	return f;
}

static uint32_t
interface_at(const struct interfaces *f, unsigned k, uint32_t rec)
{
	const struct column *c = f->col[k];

	if (c == NULL || !bits_has(c->present, rec))
		return 0;
	return (uint32_t)column_uint(c, rec);
}

int
observe_work(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	(void)interfaces_bind(b);
	return conversations_work(ctx, worker, b, sel, err);
}

/* Who is asked ------------------------------------------------------------------------------------- */

/* What a record is of a conversation: to a server, from one. */
enum role { TO_SERVER, FROM_SERVER, UNKNOWN_ROLE };

static enum role
role_of(const struct observed *o, const struct ends *e, const struct piece *p)
{
	unsigned vote = p->has_flags ? conversation_vote((unsigned)p->flags) : 0;
	uint16_t from = e->port[p->d], to = e->port[!p->d];
	int rank_to, rank_from;

	if (p->is_biflow || vote == VOTE_BEGAN)
		return TO_SERVER;
	if (vote == VOTE_ANSWERED)
		return FROM_SERVER;
	/*
	 * Requests and answers take turns, so without branches: a service's port, then the lower one, is the server's.
	 */
	rank_to = bits_get(o->service_ports, to) * PORTS - to;
	rank_from = bits_get(o->service_ports, from) * PORTS - from;
	return (enum role)((rank_to <= rank_from) + (rank_to == rank_from));
}

/* Tracks ------------------------------------------------------------------------------------------- */

static void
see(struct observed *o, size_t track, int64_t end_ns)
{
	struct track *t = tracks_at(&o->tracks, track);
	uint32_t minute = (uint32_t)(end_ns / NS_PER_MINUTE);
	struct silence s;

	if (t->presence.newest == minute && t->presence.bits & 1)
		return;
	if (presence_see(&t->presence, minute, &s))
		judge_silence(o->judge, t, &s, 0);
}

static size_t
exporter_of(struct observed *o, const struct addr *a)
{
	if (o->exporter_track == KEYED_NONE || memcmp(a, &o->exporter, sizeof(*a)) != 0) {
		o->exporter = *a;
		o->exporter_track = tracks_add(&o->tracks, TRACK_EXPORTER, a, 0);
	}
	return o->exporter_track;
}

static void
add_interface(struct observed *o, size_t exporter, const struct piece *p, uint32_t number, bool in,
    uint32_t hour, uint64_t octets)
{
	struct link_place *l = &o->links[(number * 31 + exporter) % OBSERVE_LINKS];
	struct track *t;

	if (l->exporter != exporter + 1 || l->number != number) {
		size_t at = tracks_add(&o->tracks, TRACK_INTERFACE, &p->exporter, number);

		if (at == KEYED_NONE)
			return;
		*l = (struct link_place){ (uint32_t)exporter + 1, number, (uint32_t)at };
	}
	t = tracks_at(&o->tracks, l->track);
	track_add(t, hour, in ? AMOUNT_IN : AMOUNT_OUT, octets);
	track_add(t, hour, AMOUNT_FLOWS, piece_scaled(p, p->flows));
	see(o, l->track, p->end_ns);
}

static void
add_exporter(struct observed *o, const struct piece *p, const struct interfaces *f, uint32_t rec,
    uint32_t hour)
{
	size_t at = exporter_of(o, &p->exporter);
	uint64_t octets = piece_scaled(p, sum_unsigned(p->bytes, p->rbytes));
	uint32_t in = interface_at(f, 0, rec), out = interface_at(f, 1, rec);

	if (at == KEYED_NONE)
		return;
	track_add(tracks_at(&o->tracks, at), hour, AMOUNT_OUT, octets);
	track_add(tracks_at(&o->tracks, at), hour, AMOUNT_FLOWS, piece_scaled(p, p->flows));
	see(o, at, p->end_ns);
	if (in != 0)
		add_interface(o, at, p, in, true, hour, octets);
	if (out != 0)
		add_interface(o, at, p, out, false, hour, octets);
}

static void
add_service(
    struct observed *o, const struct ends *e, const struct piece *p, enum role role, uint32_t hour)
{
	uint16_t port = e->port[role == TO_SERVER ? !p->d : p->d];
	uint32_t *place = &o->services[(e->proto == IP_UDP) * PORTS + port];
	struct track *t;

	if ((e->proto != IP_TCP && e->proto != IP_UDP) || role == UNKNOWN_ROLE ||
	    !bits_get(o->service_ports, port))
		return;
	if (*place == 0) {
		size_t at = tracks_add(
		    &o->tracks, TRACK_SERVICE, &(struct addr){ 0 }, e->proto << 16 | port);

		if (at == KEYED_NONE)
			return;
		*place = (uint32_t)at + 1;
	}
	t = tracks_at(&o->tracks, *place - 1);
	track_add(t, hour, role == TO_SERVER ? AMOUNT_IN : AMOUNT_OUT, piece_scaled(p, p->bytes));
	track_add(t, hour, role == TO_SERVER ? AMOUNT_OUT : AMOUNT_IN, piece_scaled(p, p->rbytes));
	track_add(t, hour, AMOUNT_FLOWS, piece_scaled(p, p->flows));
}

/* Records ------------------------------------------------------------------------------------------ */

/* A record of a chunk: its ends in the table of hosts, NULL where they are not looked at. */
struct look {
	struct host *src, *dst;
	uint32_t src_hash, dst_hash;
	bool in_time, ours, theirs, local, want_src, want_dst;
	uint8_t role;
};

/* A time that is far beyond all others is none, unless many say so; nor is one that no state can have. */
static bool
is_believed(struct observed *o, int64_t ns)
{
	if (ns / NS_PER_S >= UINT32_MAX) /* 2106 */
		return false;
	if (o->newest_ns == 0 || ns - o->newest_ns < OBSERVE_AHEAD_NS) {
		o->ahead = 0;
		o->newest_ns = ns > o->newest_ns ? ns : o->newest_ns;
		return ns > NS_PER_HOUR * 24;
	}
	if (++o->ahead < OBSERVE_AHEAD)
		return false;
	o->newest_ns = ns;
	return true;
}

static void
look_at(struct observed *o, const struct ends *e, struct piece *p, struct look *l)
{
	const struct addr *src = &e->ip[p->d], *dst = &e->ip[!p->d];
	bool unicast = scope_unicast(dst);

	bool ours, theirs, want_src, want_dst;
	enum role role;

	*l = (struct look){ .in_time = false };
	if (!is_believed(o, p->end_ns)) {
		o->strange++;
		return;
	}
	sampled_see(&o->judge->sampled, p->sampling);
	o->perhaps_tcp += e->proto == IP_TCP || e->proto == 0;
	o->flagged += p->flags != 0;
	role = role_of(o, e, p);
	ours = scope_internal(o->scope, src) && scope_unicast(src);
	theirs = unicast && scope_internal(o->scope, dst);
	want_dst = unicast && (theirs || role != FROM_SERVER);
	/* What is asked of a server outside is answered. */
	want_src = ours || (role != TO_SERVER && scope_unicast(src));
	if (want_src) {
		l->src_hash = keyed_hash(&o->floods.hosts, src);
		keyed_prefetch(&o->floods.hosts, l->src_hash);
	}
	if (want_dst) {
		l->dst_hash = keyed_hash(&o->floods.hosts, dst);
		keyed_prefetch(&o->floods.hosts, l->dst_hash);
	}
	l->in_time = true;
	l->ours = ours;
	l->theirs = theirs;
	l->local = theirs || !unicast; /* to many at once is to our own network */
	l->want_src = want_src;
	l->want_dst = want_dst;
	l->role = (uint8_t)role;
}

/* Who answers, if it is there; its minutes begin with what is asked. */
static struct host *
host_seen(struct observed *o, const struct addr *a, uint32_t hash)
{
	size_t at = keyed_find_hashed(&o->floods.hosts, a, hash);

	return at != KEYED_NONE ? floods_host(&o->floods, at) : NULL;
}

/* Only who sends is watched by hours: who scans all our addresses makes no hosts of them. */
static struct host *
host_of(struct observed *o, const struct addr *a, uint32_t hash, bool sends, uint32_t minute)
{
	size_t at = keyed_add_hashed(&o->floods.hosts, a, hash);
	struct host *h;

	if (at == KEYED_NONE)
		return NULL;
	h = floods_host(&o->floods, at);
	if (sends && h->track == 0) {
		size_t track = tracks_add(&o->tracks, TRACK_HOST, a, 0);

		h->track = track != KEYED_NONE ? (uint32_t)track + 1 : 0;
	}
	__builtin_prefetch(&h->cell[minute % FLOOD_OPEN], 1);
	if (h->track != 0)
		__builtin_prefetch(
		    tracks_at(&o->tracks, h->track - 1)->now[minute / 60 % TRACK_OPEN], 1);
	return h;
}

static void
find_hosts(struct observed *o, const struct ends *e, const struct piece *p, struct look *l)
{
	uint32_t minute = (uint32_t)(p->end_ns / NS_PER_MINUTE);

	if (l->ours)
		l->src = host_of(o, &e->ip[p->d], l->src_hash, true, minute);
	else if (l->want_src)
		l->src = host_seen(o, &e->ip[p->d], l->src_hash);
	if (l->want_dst)
		l->dst = host_of(o, &e->ip[!p->d], l->dst_hash, false, minute);
}

/* The rule by which octets are put to hosts is that of hourly_add: baselines learn by it. */
static void
add_host(struct observed *o, const struct host *h, const struct piece *p, bool sender, bool local,
    bool dns)
{
	struct track *t = tracks_at(&o->tracks, h->track - 1);
	uint64_t bytes = piece_scaled(p, p->bytes), rbytes = piece_scaled(p, p->rbytes);

	track_add_octets(&o->tracks, t,
	    sender ? (local ? AMOUNT_LAN_OUT : AMOUNT_OUT) : (local ? AMOUNT_LAN_IN : AMOUNT_IN),
	    p->start_ns, p->end_ns, bytes);
	if (rbytes > 0)
		track_add_octets(&o->tracks, t,
		    sender ? (local ? AMOUNT_LAN_IN : AMOUNT_IN)
			   : (local ? AMOUNT_LAN_OUT : AMOUNT_OUT),
		    p->start_ns, p->end_ns, rbytes);
	if (!sender)
		return;
	track_add(t, hourly_hour(p->end_ns), AMOUNT_FLOWS, piece_scaled(p, p->flows));
	if (dns)
		track_add_octets(&o->tracks, t, AMOUNT_DNS, p->start_ns, p->end_ns, bytes);
}

static void
add_record(struct observed *o, const struct ends *e, const struct piece *p, const struct look *l,
    const struct interfaces *f, uint32_t rec)
{
	enum { DNS_PORT = 53 };
	uint32_t hour = hourly_hour(p->end_ns);
	uint16_t from = e->port[p->d], to = e->port[!p->d];

	entropy_add(o->entropy, p->end_ns, &e->ip[p->d], &e->ip[!p->d], from, to,
	    p->flows < UINT16_MAX ? (uint32_t)p->flows : UINT16_MAX);
	if (l->dst != NULL)
		floods_add(&o->floods, l->dst, e, p, l->role != FROM_SERVER);
	if (l->src != NULL)
		floods_back(&o->floods, l->src, p);
	if (hour != o->tracks.newest_hour && !tracks_time(&o->tracks, p->end_ns)) {
		o->late++;
		return;
	}
	track_add(tracks_at(&o->tracks, 0), hour, AMOUNT_FLOWS, piece_scaled(p, p->flows));
	if (l->ours && l->src != NULL && l->src->track != 0)
		add_host(o, l->src, p, true, l->local, to == DNS_PORT);
	if (l->dst != NULL && l->theirs && l->dst->track != 0)
		add_host(o, l->dst, p, false, l->ours, false);
	add_service(o, e, p, (enum role)l->role, hour);
	if (p->has_exporter)
		add_exporter(o, p, f, rec, hour);
}

static void
add_pieces(struct observed *o, const struct interfaces *f)
{
	struct pieces *p = &o->pieces;
	struct look look[CONVERSATIONS_CHUNK];

	floods_make_room(&o->floods);
	for (size_t i = 0; i < p->n; i++)
		look_at(o, &p->ends[i], &p->piece[i], &look[i]);
	for (size_t i = 0; i < p->n; i++) {
		if (look[i].want_src)
			keyed_prefetch_thing(&o->floods.hosts, look[i].src_hash);
		if (look[i].want_dst)
			keyed_prefetch_thing(&o->floods.hosts, look[i].dst_hash);
	}
	for (size_t i = 0; i < p->n; i++)
		if (look[i].in_time)
			find_hosts(o, &p->ends[i], &p->piece[i], &look[i]);
	for (size_t i = 0; i < p->n; i++)
		if (look[i].in_time)
			add_record(o, &p->ends[i], &p->piece[i], &look[i], f, p->rec[i]);
}

void
observe_add(struct observed *o, struct batch *b, const uint64_t *sel)
{
	struct interfaces interfaces = interfaces_bind(b);
	struct piece_source source;
	size_t next = 0, k, n = sel != NULL ? bits_count(sel, b->n) : b->n;

	o->records += n;
	if (!pieces_bind(&source, b)) {
		o->strange += n;
		return;
	}
	/* Binding may have moved the columns. */
	interfaces = interfaces_bind(b);
	while ((k = pieces_next(&o->pieces, &source, b->n, sel, &next)) > 0) {
		o->strange += k - o->pieces.n;
		add_pieces(o, &interfaces);
	}
}

/* The end ------------------------------------------------------------------------------------------ */

static void
end_presence(struct observed *o, uint32_t now, bool resumed)
{
	struct silence s;

	/* Exporters first: their interfaces are silent with them. */
	for (unsigned kind = TRACK_EXPORTER; kind <= TRACK_INTERFACE; kind++)
		for (size_t i = 0; i < o->tracks.at.n; i++) {
			struct track *t = tracks_at(&o->tracks, i);

			if (t->key.kind != kind)
				continue;
			if (presence_missing(&t->presence, now, &s))
				judge_silence(o->judge, t, &s, now);
			while (!resumed && presence_rest(&t->presence, &s))
				judge_silence(o->judge, t, &s, now);
		}
}

void
observe_finish(struct observed *o, int64_t now_ns, bool resumed)
{
	now_ns = now_ns > o->newest_ns ? now_ns : o->newest_ns;
	end_presence(o, (uint32_t)(now_ns / NS_PER_MINUTE), resumed);
	floods_finish(&o->floods, (uint32_t)(now_ns / NS_PER_MINUTE), resumed);
	entropy_finish(o->entropy, resumed);
	if (!resumed)
		tracks_finish(&o->tracks);
}
