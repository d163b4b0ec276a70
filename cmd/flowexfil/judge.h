/*
 * judge.h - what of the traffic is worth an alert, and why.
 *
 * Four rules, each an alert's kind: `destination` (much sent to where nothing was sent before), `volume` (more than
 * this host ever sends at this hour of the week), `dns` and `icmp` (much in what should carry little).
 */
#ifndef FLOWEXFIL_JUDGE_H
#define FLOWEXFIL_JUDGE_H

#include "detect/alert.h"
#include "detect/baseline.h"
#include "traffic.h"

struct limits {
	uint64_t destination; /* octets to a new destination in a window */
	double pcr; /* producer-consumer ratio of it, at least */
	uint64_t floor,
	    ceiling; /* octets out in an hour: never below (see floor_of), always from there on */
	double z; /* of an hour by itself */
	double z_again; /* of two hours of three */
	uint64_t dns, icmp; /* octets in a window */
};

/* The values that the manual gives reasons for. */
#define LIMITS_DEFAULT \
	{ \
		.destination = 5000000, .pcr = 0.75, .floor = 5000000, .ceiling = 10000000000, \
		.z = 4, .z_again = 3, .dns = 1000000, .icmp = 500000 \
	}

/*
 * What was an alert is told again when it is so many times as much: a quarter of the way from one severity to the next.
 */
enum { TOLD_AGAIN = 4 };

/* A strange hour of a host, and how much the hours that it was told with were then. */
struct told {
	struct hourly_key key;
	uint64_t out;
};
enum { TOLD_MOST = 1 << 18 };

/* How far apart, in hours, what one input says can be: what is beyond has another clock. */
enum { SILENCE_HOURS = 7 * 24 };

struct judge {
	struct limits limits;
	bool keeps; /* there are other runs: what they need is kept */
	struct keyed told; /* of those */
	const struct scope *scope;
	struct baseline *baseline; /* NULL: none */
	struct traffic *traffic;
	struct alerts *alerts;
	struct buf reason, why, hidden;
};

void judge_init(struct judge *, const struct scope *, struct traffic *);
void judge_free(struct judge *);

/* A pair whose window is over, or may go on; told again when it has grown.  ctx: struct judge. */
void judge_pair(void *ctx, struct pair *);

/*
 * The end of the input.  Where there will be other runs pairs whose window is open are kept, hours that are not
 * complete, and strange ones that they may go on; else nothing is.
 */
void judge_rest(struct judge *);

#endif
