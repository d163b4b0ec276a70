/*
 * judge.h - pairs to alerts: a score, how usual the destination is, and the sentence that says why.
 *
 * Three kinds: beacon (periodicity.h, or rita.h), long (connected for hours to a peer that hardly anybody talks to),
 * strobe (hundreds of like conversations, seconds apart, with such a peer).  A pair has one alert, of its best kind.
 */
#ifndef FLOWBEACON_JUDGE_H
#define FLOWBEACON_JUDGE_H

#include "detect/alert.h"
#include "familiar.h"

enum method { METHOD_FB, METHOD_RITA };

struct judge {
	enum method method;
	double least; /* score of an alert */
	/* There are other runs: a pair that was told is told again when its severity is higher. */
	bool keeps;
	struct acquaintance acquaintance;
	struct peers_counts seen; /* times of all records */
	uint64_t judged, unjudged; /* pairs scored; with too few beats because they are sampled */
};

void judge_pair(struct judge *, struct pair *, struct alerts *);

#endif
