/*
 * track.h - what is watched hour by hour: the network, exporters, interfaces, services and hosts of ours.
 *
 * A track adds up the amounts of the hours that are still open; when an hour is over it is judged beside those of the
 * same hour of the week on earlier days, then kept as one of them: an octet for each amount, in the slots of
 * detect/hours.h.  So a track is its own baseline, and needs no other; where a baseline from flowbase knows a thing,
 * that is asked instead.
 *
 * Surprising rule: an hour is over when a record of the second hour after it comes, and what comes for it then is late.
 */
#ifndef FLOWANOM_TRACK_H
#define FLOWANOM_TRACK_H

#include "base/sum.h"
#include "detect/habit.h"
#include "detect/hourly.h"
#include "presence.h"

enum track_kind {
	TRACK_NETWORK,
	TRACK_EXPORTER,
	TRACK_INTERFACE,
	TRACK_SERVICE,
	TRACK_HOST,
	TRACK_KINDS
};
const char *track_kind_name(enum track_kind);

/*
 * Octets of a host by where the other end is.  An exporter has OUT, all octets of its records; an interface IN and OUT;
 * a service OUT, what its servers send, and IN.  FLOWS are records, or what they say they stand for.
 */
enum amount {
	AMOUNT_OUT,
	AMOUNT_IN,
	AMOUNT_LAN_OUT,
	AMOUNT_LAN_IN,
	AMOUNT_DNS,
	AMOUNT_FLOWS,
	AMOUNTS
};
const char *amount_name(enum amount);
enum metric amount_metric(enum amount); /* the same in a baseline */

/* addr: of the exporter, of the host; id: the interface's number, a service's protocol and port. */
struct track_key {
	struct addr addr;
	uint32_t id, kind;
};

enum { TRACK_OPEN = 4, TRACKS_MOST = 1 << 17, TRACK_YOUNG_HOURS = 24 * BASELINE_NORMAL_DAYS };

struct track {
	struct track_key key;
	uint32_t first_hour, last_hour; /* with something in them */
	struct presence presence; /* exporters and interfaces */
	uint64_t now[TRACK_OPEN][AMOUNTS]; /* of hour h in now[h % TRACK_OPEN] */
	uint8_t *past; /* AMOUNTS x buckets x HOURS_SLOTS codes; NULL: nothing yet */
	uint8_t peak[AMOUNTS]; /* greatest code ever in past */
};

struct tracks {
	struct keyed at; /* the first is the network */
	struct hours hours;
	int32_t latest; /* day; slots are of the days up to it */
	uint32_t open_hour, newest_hour; /* the first that is not over; 0: no record yet */
	uint32_t partial_hour; /* the input begins within it: no measure of anything */
	bool baseline; /* hosts have one: they need no past */

	/* All tracks' hour is over.  partial: so is the input. */
	void (*hour_over)(void *ctx, uint32_t hour, bool partial);
	void *ctx;
};

void tracks_init(struct tracks *, const struct hours *);
void tracks_free(struct tracks *);

/* Find or make a track.  KEYED_NONE: no room (counted in at.full). */
size_t tracks_add(struct tracks *, enum track_kind, const struct addr *, uint32_t id);

static inline struct track *
tracks_at(const struct tracks *t, size_t i)
{
	return keyed_at(&t->at, i);
}

/* A record of this time: hours that are over are judged and kept first.  false: it is too late for its hour. */
bool tracks_time(struct tracks *, int64_t end_ns);

/* The end of the input: the open hours are over, the last one is partial. */
void tracks_finish(struct tracks *);

/* Add to an hour that is open. */
static inline void
track_add(struct track *t, uint32_t hour, enum amount a, uint64_t v)
{
	sum_up(&t->now[hour % TRACK_OPEN][a], v);
}

/* Octets of a record; parts of it in hours that are over are left out. */
void track_add_octets(
    const struct tracks *, struct track *, enum amount, int64_t start_ns, int64_t end_ns, uint64_t);

/* An amount of an hour beside the track's own past.  false: too few values. */
bool track_habit(const struct tracks *, const struct track *, enum amount, uint32_t hour,
    double amount, double floor, struct habit *);
double track_unit(enum track_kind, enum amount);

/* For what reads a state: the past's memory, made if need be; its octets. */
uint8_t *track_past(const struct tracks *, struct track *);
size_t tracks_past_octets(const struct tracks *);

#endif
