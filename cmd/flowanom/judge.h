/*
 * judge.h - what is worth an alert, and why.
 *
 * Kinds: `surge` and `drop` (an hour of a track beside its habit), `silence` (an exporter or interface that stopped),
 * `flood`, `entropy`, `series` (--series).
 */
#ifndef FLOWANOM_JUDGE_H
#define FLOWANOM_JUDGE_H

#include "detect/alert.h"
#include "detect/sampled.h"
#include "detect/scope.h"
#include "entropy.h"
#include "flood.h"
#include "track.h"

/* Strange hours of a track in one direction, each at most RUN_GAP after the one before; told by the strangest. */
struct run_key {
	uint32_t track, down;
};
struct run {
	struct run_key key;
	uint32_t first, last, hours, at,
	    all; /* at: the strangest; all: amounts that were strange, bits */
	enum amount amount;
	double value, usual, total, times;
	struct habit habit;
	double host_share; /* of what is too much: the host with most of it; 0: nobody has half */
	struct addr host;
	uint8_t own, alone,
	    told; /* beside the own past; an hour of it is strange by itself; it is told */
};

struct judge {
	const struct scope *scope;
	const struct baseline *baseline; /* NULL: none */
	const struct tracks *tracks;
	struct alerts *alerts;
	struct sampled sampled; /* of all that was seen */
	struct sampled of; /* of what the alert at hand is about: all, unless it knows better */
	struct keyed runs; /* strange hours of tracks that are not told yet */
	uint64_t compared; /* hours of tracks that had a past to compare with */
	struct buf reason, why, hidden;
};

void judge_init(struct judge *, const struct scope *, const struct tracks *);
void judge_free(struct judge *);

/* ctx of these: struct judge. */
void judge_hour(void *ctx, uint32_t hour, bool partial);
void judge_flood(void *ctx, const struct flood *);
void judge_shift(void *ctx, const struct shift *);
void judge_silence(struct judge *, const struct track *, const struct silence *, uint32_t now);

/* The end of the input: runs of hours are over.  resumed: they may go on in another run. */
void judge_rest(struct judge *, bool resumed);

/* words.c: what alerts are made of.  An alert begins with judge_begin and ends with judge_put. */
struct alert judge_begin(struct judge *, const char *kind);
void judge_put(struct judge *, struct alert *);
/* An amount, which sampling was multiplied into, as an alert has it: the alert's own sampling times that. */
uint64_t judge_counter(const struct judge *, uint64_t amount);
void put_octets(struct buf *, double);
void put_times(struct buf *, double times); /* "41 times", "a third of" */
void put_track(struct buf *, const struct track_key *); /* who, for sentences; nothing for a host */
void put_limit(struct judge *, const char *text);
double cut(double); /* to 0..1 */

#endif
