/*
 * habits.h - who works on many hosts by an administration port, as helpdesks and management servers do.
 *
 * They are told apart by what they do: hosts that few others reach by that port, and many of these.  Such a client says
 * nothing of a port being served to others, and a new host of his is little news.
 */
#ifndef FLOWLATERAL_HABITS_H
#define FLOWLATERAL_HABITS_H

#include "detect/baseline.h"
#include "detect/scope.h"

enum {
	HABITS_MOST = 1 << 20, /* clients with a port, and hosts with a port: 32 octets each */
	FEW_CLIENTS = 10, /* from so many on a port is served, and says nothing of its clients */
	ADMIN_TARGETS = 10
};

struct habit_key {
	struct addr addr;
	uint16_t port, spare[3];
};

struct habit_count {
	struct habit_key key;
	uint32_t targets; /* of a client: hosts that it is used to work on */
	uint32_t all; /* these, and the new ones where no baseline tells them apart */
};

struct habits {
	struct keyed clients; /* struct habit_count */
	struct keyed served; /* the same, `all` being the administrators who come to a host */
};

void habits_init(struct habits *);
void habits_free(struct habits *);

/* A client reaches a host that few others do. */
void habits_see(struct habits *, const struct addr *client, unsigned port, bool new);

/* What a baseline knows of hosts of ours. */
void habits_learn(struct habits *, const struct baseline *, const struct scope *);

bool habits_admin(const struct habits *, const struct addr *client, unsigned port);
uint32_t habits_targets(const struct habits *, const struct addr *client, unsigned port);

/* Administrators that the baseline knows to come to this port. */
uint32_t habits_admins_of(const struct habits *, const struct addr *server, unsigned port);

#endif
