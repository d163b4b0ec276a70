/*
 * pairs.h - pairs of client and server that are looked at closely: sums of their conversations, and when they began.
 *
 * A pair is (client, server, port, protocol), or (client, server) where ports are not looked at.  About 300 octets and
 * 8 for each beat; together bounded, and what there was no room for is counted.
 */
#ifndef FLOWBEACON_PAIRS_H
#define FLOWBEACON_PAIRS_H

#include "detect/beats.h"
#include "ops/conversation.h"

enum { PAIR_HOURS = 24 };

struct pair {
	struct addr client, server;
	uint16_t port;
	uint8_t proto; /* 0: any, and so is the port */
	uint32_t hours; /* of the day, UTC, in which one began: a bit each */
	uint32_t hour_s
	    [PAIR_HOURS]; /* the last start in each of them, Unix seconds; whatever beats are kept */
	uint32_t sampling; /* greatest */
	uint32_t longest_s;
	int64_t first_ns, last_ns, end_ns; /* first and last start, last end */
	uint64_t conversations, answered, packets, bytes, rpackets, rbytes;
	int64_t connected_ns; /* durations, added up */
	uint8_t told; /* enum severity of its last alert; 0: none */
	struct beats beats;
};

struct pairs_opts {
	uint32_t beats_most; /* of a pair */
	uint64_t octets_most;
	bool any_port;
	int64_t window_ns; /* one that was silent for so long has not been told; 0: however long */
};

struct pairs_counts {
	uint64_t pairs, octets;
	uint64_t refused; /* conversations of new pairs for which there was no room */
	uint64_t dropped; /* beats: likewise */
	uint64_t forgotten; /* pairs that had to go for others */
};

struct pairs;
struct pairs *pairs_new(const struct pairs_opts *);
void pairs_free(struct pairs *);

/* n <= CONVERSATIONS_CHUNK of them, and which were answered. */
void pairs_add(struct pairs *, const struct conversation *, const bool *answered, size_t n);

struct pairs_counts pairs_counts(const struct pairs *);

/* The i-th of them, in the order in which they came; valid until the next pairs_add. */
struct pair *pairs_at(const struct pairs *, size_t i);

/* From run to run ---------------------------------------------------------------------------------- */

/* One that goes on: its end, and that it is there at all.  NULL: no room. */
struct pair *pairs_touch(struct pairs *, const struct conversation *);

/* The pair of these that is the same as one of others; NULL: there is none. */
const struct pair *pairs_same(const struct pairs *, const struct pair *of_others);

/* Older states have no hour_s: of each of its hours the last one before its last start. */
void pairs_guess_hours(struct pair *);

/* Take over one, with its beats (allocated, cap a power of two).  false: it is there already, or has no room. */
bool pairs_restore(struct pairs *, const struct pair *);

/*
 * Forget what is older than a window: beats, hours, and of what was counted as large a share; pairs that ended before
 * it, or so far ahead that their clock is another; those of fewer than PAIR_FEW conversations, together shorter than
 * PAIR_LONG_NS, that ended before its last quarter, as they cannot have a rhythm that fits in; and as many of those
 * with the fewest conversations that half of the memory is free.
 */
enum { PAIR_FEW = 6 };
#define PAIR_LONG_NS (3600 * NS_PER_S) /* connected for so long it may be told without a rhythm */
void pairs_forget(struct pairs *, int64_t now_ns, int64_t window_ns);

#endif
