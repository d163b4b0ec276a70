/*
 * pace.h - when the next message may leave: a token bucket, or the records' own times.
 */
#ifndef FLOWSEND_PACE_H
#define FLOWSEND_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pace_unit { PACE_MESSAGES, PACE_RECORDS, PACE_BITS };

struct pace {
	double rate; /* units a second; 0 unlimited */
	enum pace_unit unit;
	double speed; /* times as fast as the records happened; 0: as fast as possible */
	int64_t due_ns; /* monotonic: when the bucket is filled again */
	int64_t first_ns, first_at_ns; /* a record's time, and when it was sent */
	bool started;
};

/* N, Nk, NM ... and pps, fps or bps (default pps). */
bool pace_parse_rate(struct pace *, const char *arg);

/* 1x, 10x, 0.5x, max. */
bool pace_parse_speed(struct pace *, const char *arg);

/* Sleep until a message may leave. time_ns: of its newest record, INT64_MIN unknown. */
void pace_wait(struct pace *, size_t octets, unsigned records, int64_t time_ns);

#endif
