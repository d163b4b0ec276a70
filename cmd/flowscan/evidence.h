/*
 * evidence.h - what each source tried and what came of it, in bounded memory and a fixed number of lookups a flow.
 *
 * A contact is a (source, destination, protocol, port) that was tried; it counts once, however often.  Contacts stand
 * on two lines each: the hosts of one port that a source tried, and the ports of one host.  Scans are lines (or grids
 * of them) on which tries fail one after the other; what else is refused or silent, a file sharer's peers for example,
 * is scattered over many.  The surprising rule: a source is nothing but its first failed contact until it has a
 * second, and lines begin with a failure, so that those who just work cost one lookup and no memory.
 */
#ifndef FLOWSCAN_EVIDENCE_H
#define FLOWSCAN_EVIDENCE_H

#include "detect/scope.h"
#include "ops/conversation.h"
#include "ops/table.h"

enum { WALK_STEPS_MOST = 64 };

/*
 * Failed contacts without a pause: each begins within a pause of those before it.  `now` is the present one, `most` the
 * one of all that has most; what comes late, from before the present one, is in none.
 */
struct burst {
	int64_t first_ns, last_ns; /* first start, last end of those that failed */
	uint32_t failed, tried;
};
struct bursts {
	struct burst now, most;
};

/*
 * A walk: a failed contact is a step up, one that is answered a step down, never below 0; peak is its highest.
 * Conversations come as they end, and failures end at once: an answer that began before the peak lowers it too.
 */
struct walk {
	int64_t peak_ns; /* start of the contact that led there */
	uint32_t failed, tried; /* contacts; tried from the first failure on */
	int32_t at, peak;
	/* The same contacts in the window that has most of failed * (failed / tried)^2, and in the present one. */
	uint32_t best_failed, best_tried, window, now_failed, now_tried;
	uint32_t spare;
	/* With a pause as long as a window; tries of known contacts are not in them. */
	struct bursts bursts;
};

/* Slots of tables: a multiple of 8 octets each. */
struct source {
	struct addr first_dst; /* its first failed contact, while there is no second */
	int64_t first_ns, last_ns; /* of failed tries */
	int64_t told_ns; /* the last of them when an alert was given last */
	uint64_t flows, packets, bytes, rpackets, rbytes; /* of failed tries */
	struct walk walk;
	uint32_t refused,
	    opened; /* failed contacts that were reset; half-open ones that were answered */
	uint32_t sampling, new_failed; /* greatest interval; failed contacts of this run */
	uint32_t told; /* failed contacts when an alert was given last */
	uint16_t first_port;
	uint8_t first_proto, promoted; /* promoted: it has lines */
};

/* There are most of these: what is in front of a row's slots is enough. */
struct contact {
	uint32_t window : 31, bad : 1; /* contact_window in which it was tried last, 0 none yet */
};
_Static_assert(sizeof(struct contact) == 4, "a row without slots");

/* Only ever compared with others: it may begin again after two thousand million. */
static inline uint32_t
contact_window(uint32_t window)
{
	return (window - 1) % INT32_MAX + 1;
}

static inline void
contact_tried(struct contact *k, uint32_t window)
{
	k->window = contact_window(window) & INT32_MAX;
}

struct line {
	int64_t first_ns, last_ns;
	struct walk walk;
	uint8_t ported, spare[7]; /* ported: one of its tries had the port of a side */
};

enum line_kind { LINE_PORT = 1, LINE_HOST }; /* the hosts of a port, the ports of a host */

/* Key of contacts (kind 0) and of lines. */
struct spot {
	uint32_t source;
	uint16_t port; /* LINE_HOST: 0 */
	uint8_t proto, kind;
	struct addr dst; /* LINE_PORT: zero */
};
_Static_assert(sizeof(struct spot) == 24, "three words");

/* Protocols whose contacts are judged: a host has a line for each by which it was tried. */
enum { PROTOS = 4 };
static const uint8_t protos_judged[PROTOS] = { IP_TCP, IP_UDP, IP_ICMP, IP_ICMP6 };

/* Its port is a type and a code then. */
static inline bool
is_ping(uint8_t proto)
{
	return proto == IP_ICMP || proto == IP_ICMP6;
}

enum { PORT_BITS = 512 };

/* One of ours, and who tried it in vain. */
struct target {
	int64_t first_ns, last_ns, told_ns;
	struct bursts bursts; /* with a pause of a minute */
	uint64_t flows, packets, bytes;
	uint64_t ports[PORT_BITS / 64]; /* linear counting */
	uint32_t sources, failed, external; /* contacts; sources, those from outside */
	uint32_t votes, on_port; /* of the port that has most, by majority vote */
	uint32_t sampling, new_failed, told;
	/* New sources in a minute: the present one, the one before it, the worst of all. */
	uint32_t minute, now_minute, last_minute, most_minute, spare2;
	uint16_t port;
	uint8_t proto, ported; /* of that port, 0 not known; a try of it had the port of a side */
};

/* Who answers what nobody asked: the addresses that it answers were invented by whoever floods it. */
struct victim {
	int64_t first_ns, last_ns;
	uint64_t flows, packets, bytes, fresh; /* fresh: flows of this run */
	uint64_t clients[PORT_BITS / 64];
	uint16_t port, spare[3];
};

_Static_assert(sizeof(struct source) % 8 == 0 && sizeof(struct line) % 8 == 0 &&
		   sizeof(struct target) % 8 == 0 && sizeof(struct victim) % 8 == 0,
    "slots of tables");

/* Bounds; what is beyond them is forgotten as the least suspicious first, and counted. */
enum {
	SOURCES_MOST = 1 << 20,
	CONTACTS_MOST = 1 << 21,
	LINES_MOST = 1 << 20,
	TARGETS_MOST = 1 << 17,
	VICTIMS_MOST = 1 << 15,
	STEPS_MOST = 3 /* of a conversation: its source's first contact, twice, and its own */
};

struct evidence {
	const struct scope *scope;
	int64_t window_ns;
	struct table sources, contacts, lines, targets, victims;
	struct scratch *scratch;

	/* For what the records do not show. */
	uint64_t udp, udp_answered, tcp_flagless, tcp_flagless_answered;
	uint64_t ported, portless; /* of TCP and UDP: with the port of a side, without any */
	uint32_t sampling; /* greatest interval */
	uint64_t forgotten; /* sources, for want of room */
	uint64_t unwatched; /* contacts of targets and victims that there was no room for */
	uint64_t protoless; /* conversations of this run without a protocol */
};

void evidence_init(struct evidence *, const struct scope *, int64_t window_ns);
void evidence_free(struct evidence *);

/* n <= CONVERSATIONS_CHUNK: a conversation_take. */
void evidence_add(void *evidence, const struct conversation *, size_t n);

static inline struct source *
evidence_source(const struct evidence *e, uint32_t row)
{
	return (struct source *)(void *)table_slots(&e->sources, row);
}
static inline struct line *
evidence_line(const struct evidence *e, uint32_t row)
{
	return (struct line *)(void *)table_slots(&e->lines, row);
}
static inline struct contact *
evidence_contact(const struct evidence *e, uint32_t row)
{
	return (struct contact *)(void *)table_tail(&e->contacts, row);
}
static inline struct target *
evidence_target(const struct evidence *e, uint32_t row)
{
	return (struct target *)(void *)table_slots(&e->targets, row);
}
static inline struct victim *
evidence_victim(const struct evidence *e, uint32_t row)
{
	return (struct victim *)(void *)table_slots(&e->victims, row);
}
static inline const struct spot *
evidence_spot(const struct table *t, uint32_t row)
{
	return (const struct spot *)(const void *)table_row(t, row);
}

/* room.c: forget the least suspicious sources when the next chunk might not find room. */
void evidence_make_room(struct evidence *);

/* How many different things were put into PORT_BITS bits, about (Whang 1990); beyond 2000 at least that many. */
uint64_t evidence_distinct(const uint64_t *bits);

/* burst.c */
void bursts_add(struct bursts *, bool bad, int64_t start_ns, int64_t end_ns, int64_t pause_ns);
void bursts_repair(struct bursts *); /* a failed one was answered after all */
/*
 * The one that has half of so many failures at least and went on after that time; NULL: they are spread, or were told.
 */
const struct burst *bursts_main(const struct bursts *, uint32_t failed, int64_t after_ns);

/* walk.c */
struct when {
	int64_t start_ns, end_ns, window_ns;
	uint32_t window; /* the number of that in which it began, from 1 */
};
void walk_step(struct walk *, bool bad, const struct when *);
/* A contact known before, in another window. */
void walk_again(struct walk *, uint32_t window, bool bad);
void walk_repair(struct walk *); /* a failed contact was answered after all */

#endif
