/*
 * familiar.h - how usual it is that our hosts talk to a destination, and since when this one does.
 *
 * How usual: the share of our hosts that talk to it, by the baseline where that knows the service, else (or where that
 * is more) in the records themselves.  Since when: by the baseline alone, and only of hosts and of a network that it
 * has known for a week.  A beat is a beat whoever hears it; this is what makes it worth getting up for.
 */
#ifndef FLOWBEACON_FAMILIAR_H
#define FLOWBEACON_FAMILIAR_H

#include "detect/baseline.h"
#include "pairs.h"
#include "peers.h"

/* Of fewer hosts than these nothing is rare or common. */
enum { FAMILIAR_HOSTS = 20 };

enum usual { USUAL_UNKNOWN, USUAL_RARE, USUAL_NEITHER, USUAL_COMMON };
enum since { SINCE_UNKNOWN, SINCE_NEVER, SINCE_DAYS, SINCE_LONG };

struct familiar {
	enum usual usual;
	uint64_t clients, hosts; /* clients 0: the client is none of ours, nothing is known */
	enum since since;
	uint32_t first_s; /* SINCE_DAYS, SINCE_LONG: when it was first seen, and on how many days */
	unsigned days;
};

/* Where that is to be looked up; baseline NULL: there is none. */
struct acquaintance {
	const struct scope *scope;
	const struct peers *peers;
	uint64_t hosts; /* peers_counts */
	const struct baseline *baseline;
};

struct familiar familiar_find(const struct acquaintance *, const struct pair *);

/*
 * A score in the light of it: rare or new ones gain, by 0.4 of score (1 - score); common ones lose a quarter, those
 * that are known for a week or more half.
 */
double familiar_weigh(const struct familiar *, double score);

/* ", 1 of 412 hosts talks to it, never before", and its numbers. */
void familiar_say(const struct familiar *, struct buf *reason, struct buf *why);

#endif
