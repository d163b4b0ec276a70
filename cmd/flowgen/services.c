/*
 * Conversations: who talks to whom by which service, how much, how long.  Shares and sizes are those
 * of an office network with its servers, after what flow reports of such networks show; they
 * are plausible, not measured.
 */
#include "gen.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { SEGMENT = 1388, EPHEMERAL = 32768 };
enum { END_IDLE = 1, END_ACTIVE = 2, END_DETECTED = 3 }; /* flowEndReason, IANA IPFIX 136 */

enum parties {
	OUTWARD, /* a client and a server in the internet */
	INSIDE, /* a client and an internal server */
	RESOLVER, /* the same, always the first two */
	PEERS, /* a client and any host of the internet, both on high ports */
	KNOCKING, /* somebody in the internet tries a port of ours; no answer */
};

struct service {
	uint16_t weight, port;
	uint8_t proto, parties;
	int32_t up, up_sigma, down, down_sigma; /* log2 of payload octets */
	uint16_t heavy; /* once in so many the response is heavy-tailed; 0 never */
	int32_t duration; /* log2 of ms, before the time that octets take */
};

#define S(weight, port, proto, parties, up, us, down, ds, heavy, duration) \
	{ \
		weight, port, proto, parties, FIX(up), FIX(us), FIX(down), FIX(ds), heavy, \
		    FIX(duration) \
	}
static const struct service services[] = {
	/* share  port proto parties    up       down       heavy  ms */
	S(375, 443, TCP, OUTWARD, 10.5, 1.2, 12.8, 1.8, 30, 9),
	S(75, 443, UDP, OUTWARD, 11, 1.3, 13.5, 2, 25, 9),
	S(235, 53, UDP, RESOLVER, 5.3, 0.4, 7.2, 0.8, 0, 3.5),
	S(75, 80, TCP, OUTWARD, 9, 1, 12, 2, 40, 8),
	S(30, 123, UDP, OUTWARD, 5.6, 0, 5.6, 0, 0, 5),
	S(12, 22, TCP, INSIDE, 12, 2, 13, 2, 60, 13),
	S(35, 445, TCP, INSIDE, 12, 2, 14, 2.5, 20, 11),
	S(18, 389, TCP, INSIDE, 9, 1, 10.5, 1.2, 0, 6),
	S(14, 88, TCP, INSIDE, 10.5, 0.5, 10.6, 0.5, 0, 5),
	S(8, 3389, TCP, INSIDE, 14, 2, 17, 2, 0, 15),
	S(10, 5432, TCP, INSIDE, 11, 1.5, 13, 2, 30, 9),
	S(9, 25, TCP, OUTWARD, 14, 2, 9.5, 0.6, 0, 10.5),
	S(12, 993, TCP, OUTWARD, 10, 1, 12, 2, 50, 13),
	S(6, 587, TCP, OUTWARD, 14, 2, 10, 0.8, 0, 10.5),
	S(8, 8080, TCP, OUTWARD, 10, 1, 12.5, 2, 40, 8.5),
	S(12, 161, UDP, INSIDE, 6.5, 0.5, 7.5, 1, 0, 3),
	S(6, 1194, UDP, OUTWARD, 14, 2.5, 15, 2.5, 10, 16),
	S(12, 0, ICMP, OUTWARD, 6, 0.5, 6, 0.5, 0, 5),
	S(25, 0, UDP, PEERS, 12, 3, 12, 3, 20, 11),
	S(23, 0, TCP, KNOCKING, 0, 0, 0, 0, 0, 0),
};
enum { N_SERVICES = sizeof(services) / sizeof(services[0]), ALL_SHARES = 1000 };

static const uint16_t knocked[] = { 22, 23, 80, 443, 445, 1433, 2323, 3389, 5060, 5900, 6379,
	8080 };

static const struct service *
pick_service(struct dice *d)
{
	uint32_t at = dice_below(d, ALL_SHARES);

	for (unsigned i = 0; i < N_SERVICES; i++) {
		if (at < services[i].weight)
			return &services[i];
		at -= services[i].weight;
	}
	return &services[0];
}

static struct addr
next_hop(uint32_t interface, bool v6)
{
	if (v6)
		return (struct addr){
			.b = { 0xfd, [6] = 0xff, [7] = 0xff, [15] = (uint8_t)interface }
		};
	return addr_v4(UINT32_C(10) << 24 | 254 << 16 | (interface & 0xff));
}

void
row_between(
    struct row *r, const struct host *from, const struct host *to, bool v6, uint32_t exporters)
{
	uint32_t site = from->interface < 100 ? from->site : to->site;

	*r = (struct row){ .v6 = v6,
		.srcas = from->as,
		.dstas = to->as,
		.inif = from->interface,
		.outif = to->interface };
	r->src = v6 ? from->v6 : from->v4;
	r->dst = v6 ? to->v6 : to->v4;
	r->srcmask = v6 ? from->mask6 : from->mask4;
	r->dstmask = v6 ? to->mask6 : to->mask4;
	r->next = next_hop(to->interface, v6);
	r->exporter = site % exporters;
	r->direction = from->interface < 100 ? 1 : 0; /* egress leaves the network */
}

/* Packets and octets on the wire for a payload; `acks`: segments of the other side to acknowledge. */
static void
fill_counters(struct row *r, uint64_t payload, uint64_t segments_back)
{
	uint64_t ip = r->v6 ? 40 : 20;

	if (r->proto == TCP) {
		/* handshake and close: three segments without payload, and every second one acknowledged */
		r->packets = payload / SEGMENT + 1 + 3 + segments_back / 2;
		r->bytes = payload + r->packets * (ip + 20) + 12;
	} else {
		r->packets = payload / 1350 + 1;
		r->bytes = payload + r->packets * (ip + 8);
	}
}

static void
fill_ports(struct row *up, const struct service *s, struct dice *d)
{
	uint16_t high = (uint16_t)(EPHEMERAL + dice_below(d, 28000));

	if (s->proto == ICMP) {
		/* type and code of an echo request where NetFlow has them: the destination port */
		up->proto = up->v6 ? ICMP6 : ICMP;
		up->dstport = (uint16_t)((up->v6 ? 128 : 8) << 8);
		return;
	}
	up->proto = s->proto;
	up->srcport = s->port == 123 ? 123 : high;
	up->dstport = s->port;
	if (s->parties == PEERS)
		up->dstport = (uint16_t)(1024 + dice_below(d, 64000));
	if (s->parties == KNOCKING)
		up->dstport = knocked[dice_below(d, sizeof(knocked) / sizeof(knocked[0]))];
}

static void
fill_times(struct row *up, const struct service *s, struct dice *d, uint64_t octets, int64_t end_ms)
{
	/* 2 to 512 octets per ms: what one connection gets of the line */
	uint64_t ms =
	    dice_lognormal(d, s->duration, FIX(1.2)) + (octets >> (1 + dice_below(d, 9)) >> 4);

	up->end_reason = up->proto == TCP ? END_DETECTED : END_IDLE;
	if (ms >= ACTIVE_TIMEOUT_MS) {
		ms = ACTIVE_TIMEOUT_MS;
		up->end_reason = END_ACTIVE;
	}
	if (up->packets < 2 && s->parties != OUTWARD)
		ms = ms > 2000 ? 2000 : ms;
	up->end_ms = end_ms;
	up->start_ms = end_ms - (int64_t)ms;
}

static void
fill_flags(struct row *up, struct row *down, struct dice *d)
{
	if (up->end_reason == END_ACTIVE)
		up->flags = down->flags = PSH | ACK;
	else
		up->flags = down->flags = FIN | SYN | PSH | ACK;
	if (dice_one_in(d, 12))
		up->flags |= RST;
}

/* The way back: everything turned round, counters by its own payload. */
static void
answer(struct row *down, const struct row *up, const struct host *from, const struct host *to,
    uint32_t exporters)
{
	row_between(down, from, to, up->v6, exporters);
	down->proto = up->proto;
	down->srcport = up->dstport;
	down->dstport = up->srcport;
	down->tos = up->tos;
	if (up->proto == ICMP || up->proto == ICMP6) {
		down->srcport = 0;
		down->dstport = (uint16_t)((up->v6 ? 129 : 0) << 8);
	}
	down->end_reason = up->end_reason;
	down->start_ms = up->start_ms + (up->end_ms - up->start_ms) / 16;
	down->end_ms = up->end_ms;
}

static unsigned
knock(struct row *up)
{
	up->flags = SYN;
	up->packets = 1;
	up->bytes = up->v6 ? 60 : 40;
	up->start_ms = up->end_ms;
	up->end_reason = END_IDLE;
	return 1;
}

unsigned
conversation(const struct hosts *h, struct dice *d, const struct gen_opts *o, int64_t end_ms,
    struct row *rows)
{
	const struct service *s = pick_service(d);
	const struct host *client = hosts_client(h, d), *server;
	bool v6 = dice_u64(d) >> 32 < o->ipv6;
	struct row *up = &rows[0], *down = &rows[1];
	struct host stranger;
	uint64_t sent, got;

	if (s->parties == PEERS || s->parties == KNOCKING) {
		hosts_stranger(&stranger, d, h->seed);
		server = &stranger;
	} else if (s->parties == OUTWARD) {
		server = hosts_server(h, d);
	} else {
		server = s->parties == RESOLVER
			     ? &h->internal[dice_below(d, 2)]
			     : hosts_inside(h, s->port, dice_below(d, INSIDE_EACH));
	}
	if (s->parties == KNOCKING) {
		row_between(up, server, client, v6, o->exporters);
		fill_ports(up, s, d);
		up->end_ms = end_ms;
		return knock(up);
	}
	row_between(up, client, server, v6, o->exporters);
	fill_ports(up, s, d);
	up->tos = dice_one_in(d, 20) ? 0x28 : dice_one_in(d, 40) ? 0xb8 : 0; /* AF11, EF */
	sent = dice_lognormal(d, s->up, s->up_sigma);
	got = dice_lognormal(d, s->down, s->down_sigma);
	if (s->heavy != 0 && dice_one_in(d, s->heavy))
		got = dice_pareto(d, got + 100000);
	fill_counters(up, sent, up->proto == TCP ? got / SEGMENT : 0);
	fill_times(up, s, d, sent + got, end_ms);
	answer(down, up, server, client, o->exporters);
	fill_counters(down, got, sent / SEGMENT);
	if (up->proto == TCP)
		fill_flags(up, down, d);
	if (up->proto == TCP && dice_one_in(d, 50)) /* nobody answered */
		return knock(up);
	return 2;
}
