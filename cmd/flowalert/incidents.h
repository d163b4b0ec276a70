/*
 * incidents.h - many alerts of the same, told once: what is the same, how long it goes on, when it is told again.
 *
 * Alerts are the same when detector, kind, source, destination, destination port and subject are.  One that begins
 * within `window` of the end of the last of its kind belongs to the same incident, which then has one alert more and
 * ends later; else it begins a new one.  An incident is told once it is there, with the numbers of its surest alert of
 * this run, but nothing of the same is told twice within `cooldown`, unless it has become more severe.
 *
 * All times are those of alerts, so a run over old files says what a run at the time would have said; and alerts that
 * the memory had heard of before (they end no later than what it knows) are not counted again: a run that is repeated
 * after a crash tells nothing new.
 */
#ifndef FLOWALERT_INCIDENTS_H
#define FLOWALERT_INCIDENTS_H

#include "detect/alert.h"
#include "memory.h"

enum { INCIDENTS_MOST = 1 << 20 };

struct incidents {
	int64_t window_ns, cooldown_ns;
	struct memory *memory;

	/* Filled. */
	struct arena arena;
	struct alert *alert; /* of the run, in the arena */
	size_t n, cap;
	int64_t newest_ns; /* the latest end of all */
	uint64_t dropped; /* alerts beyond INCIDENTS_MOST */
	uint64_t heard, repeated,
	    cooled; /* alerts known before; of incidents known; not told again */
};

void incidents_init(struct incidents *, struct memory *);
void incidents_free(struct incidents *);

/* Where to read the next alert to, with texts and addresses in the arena; NULL: there is no room (counted). */
struct alert *incidents_next(struct incidents *);

/* Decide: tell is called with each alert to be told, in no order. */
void incidents_end(struct incidents *, void (*tell)(void *ctx, const struct alert *), void *ctx);

/* What makes alerts the same, as text. */
void incident_key(struct buf *, const struct alert *);

/* Is a memory of an alert too old to matter? */
bool incident_over(const struct incidents *, const struct memo *);

#endif
