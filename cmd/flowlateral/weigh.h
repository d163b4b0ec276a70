/*
 * weigh.h - what new edges of a host to another are worth: is that port served to others, is either a server, is it
 * this client's habit to work on hosts?
 *
 *	score = rare usual (0.4 admin + 0.2 new + 0.2 peer + 0.1 ports + 0.1 moved)
 *	rare = 1 / (1 + others), usual = 1 / (1 + (targets / 4)^2)
 *
 * The trap is that an intruder's hosts vouch for one another: of a host that two of them reached, the port would seem
 * to be served to others.  So hosts of which one alone reached the other by an administration port are one party, and
 * others are counted by parties, as long as they are few.  Administrators (habits.h) are no others at all: that the
 * helpdesk comes to a PC makes it no server.
 */
#ifndef FLOWLATERAL_WEIGH_H
#define FLOWLATERAL_WEIGH_H

#include "edges.h"
#include "habits.h"

enum {
	ROLE_CLIENTS = 2, /* of a port that is not of administration: a server */
	MANY_CLIENTS = 5, /* of any port: a server, whoever they are */
	MOVED_OCTETS = 1000000, /* from client to server: tools, or what was asked for by them */
	USUAL_TARGETS = 4 /* hosts that a client works on: half the score */
};

struct place {
	struct addr addr;
	uint32_t party; /* another place, or itself: the party's name */
	uint8_t server, spare[3];
};

/* An edge between places. */
struct link {
	struct edge *edge;
	uint32_t client, server;
	uint32_t others; /* clients of the service beside this one, but for administrators */
	bool by_admin; /* the client works on many hosts by this port */
	bool quiet; /* it is habit, or allowed: of no pair */
};

/* New edges of one client to one server; those more than a window apart are several pairs. */
struct pair {
	uint32_t client, server; /* places */
	uint32_t first, n; /* links */
	uint32_t main; /* the link that says most */
	uint32_t sampling;
	int64_t first_ns, last_ns;
	uint64_t flows, packets, bytes, rpackets, rbytes;
	uint32_t ports; /* of administration */
	uint32_t targets; /* hosts that its client is used to work on by the main port */
	bool admin, peer, moved, told; /* told: all its edges were */
	double fresh, rare, usual, score; /* fresh is `new` */
};

struct weighing {
	const struct edges *edges;
	struct keyed places;
	struct habits habits;
	struct link *link; /* by client, server, quiet, first seen */
	size_t n_links;
	struct pair *pair; /* by client and server */
	size_t n_pairs;
};

/* Borrows edges, which must stay as they are. */
void weigh(struct weighing *, const struct edges *, int64_t window_ns);
void weigh_free(struct weighing *);

static inline const struct place *
weigh_place(const struct weighing *w, uint32_t i)
{
	return keyed_at(&w->places, i);
}

#endif
