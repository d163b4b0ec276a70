/*
 * presence.h - who used to send, and has stopped.
 *
 * Time is in minutes, each with or without a record.  What a silence is measured by are the silences before it: it is
 * strange from SILENCE_LEAST minutes and SILENCE_TIMES the longest of this week and the last on, those told left out,
 * once the thing has been there for SILENCE_KNOWN minutes and in SILENCE_ACTIVE of them.
 *
 * The last 64 minutes are bits, so that records may come out of order within them; a silence is looked at when the
 * minute that ended it leaves them.
 */
#ifndef FLOWANOM_PRESENCE_H
#define FLOWANOM_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SILENCE_LEAST = 10,
	SILENCE_TIMES = 4,
	SILENCE_KNOWN = 360,
	SILENCE_ACTIVE = 60,
	PRESENCE_BITS = 64
};

struct presence {
	uint64_t bits; /* bit i: something in the minute newest - i */
	uint32_t newest; /* minute since 1970; 0: never seen */
	uint32_t first, active; /* minute; number of minutes */
	uint32_t quiet; /* minutes without anything, up to those of bits */
	uint32_t week; /* of the silences below: longest[week % 2] is of this one */
	uint32_t longest[2];
	uint32_t told; /* the last minute before the silence that was told; 0 none */
	uint32_t gap_from,
	    gap_to; /* the last silence of SILENCE_LEAST or more: minutes before and after */
};

/* A silence: nothing after minute `from`, until `to`; to 0: not yet. */
struct silence {
	uint32_t from, to, minutes;
	uint32_t longest, known; /* before it; minutes since it was first seen */
};

/* Something was in this minute.  true: a silence that was strange is over, and in *s. */
bool presence_see(struct presence *, uint32_t minute, struct silence *s);

/* Is it silent at this minute, strangely, and was that not told yet?  Then it is now. */
bool presence_missing(struct presence *, uint32_t minute, struct silence *s);

/* Nothing more will come: look at what the bits still hold, a silence at a time. */
bool presence_rest(struct presence *, struct silence *s);

#endif
