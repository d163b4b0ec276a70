/*
 * words.h - what alerts of pairs and of hours say alike, and how scores are measured in both.
 */
#ifndef FLOWEXFIL_WORDS_H
#define FLOWEXFIL_WORDS_H

#include "judge.h"

void words_begin(struct judge *);
void words_octets(struct buf *, double octets);

/* What cannot be seen: of a new destination without a baseline, of sampled packets.  hidden: NULL nothing. */
void words_limits(struct judge *, struct sampled, bool destination);
const char *words_hidden(struct judge *);

/* To 0 ... 1. */
double score_cut(double);

/* 0.5 at the limit, 1 from a hundred times as much on. */
double score_size(double octets, double limit);

/* Not told yet, or much more since. */
bool judge_is_news(uint64_t out, uint64_t told);

/*
 * The hours before one: they are judged, then forgotten.  Of all, those stay that other runs need; returns the newest.
 */
void volume_judge(struct judge *, uint32_t before_hour);
uint32_t volume_judge_and_keep(struct judge *);

#endif
