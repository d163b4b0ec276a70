/*
 * beats.h - when a pair's conversations began, in bounded memory.
 *
 * A beat is 8 octets: its start in ms, its octets.  Of more than `most` the rest is thinned, not cut: the first time,
 * starts within a second of the one before go; then time is divided into windows of a quarter of what there was so far
 * and of these every second, later every fourth ... is kept, whole.  So gaps between beats of one window are true gaps,
 * from all of the time, whatever order the beats came in; gaps from window to window are none (beats_gap).
 */
#ifndef DETECT_BEATS_H
#define DETECT_BEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct beat {
	uint32_t ms; /* since base_ns */
	uint32_t bytes; /* UINT32_MAX: so many or more */
};

/*
 * A reach of 49 days, of which one lies before the first that was added.  If that was an odd one, and more are out of
 * reach than within, it begins anew.
 */
#define BEATS_BEFORE_NS (INT64_C(86400) * 1000000000)

struct beats {
	struct beat *beat;
	uint32_t n, cap;
	uint32_t window_ms, stride; /* window_ms 0: all are there */
	int64_t base_ns; /* a whole second */
	uint64_t far; /* not kept: more than the reach away */
};

/* What a beat's place costs while it is kept; capacity doubles from BEATS_FIRST. */
enum { BEATS_FIRST = 8, BEATS_LEAST_MOST = 64 };

/* Add one; most >= BEATS_LEAST_MOST.  Zero-initialise to start. */
void beats_add(struct beats *, int64_t start_ns, uint64_t bytes, uint32_t most);
void beats_free(struct beats *);

/* By time; adding after is fine. */
void beats_sort(struct beats *);

/* When it was. */
static inline int64_t
beats_time(const struct beats *b, uint32_t ms)
{
	return b->base_ns + (int64_t)ms * 1000000;
}

/*
 * Forget those before a time, how many; their reach goes on from there.  When few are left of a dense past they need
 * not be thinned any more: of these those of the last window stay (the others are not counted).  Sorts.
 */
uint32_t beats_forget(struct beats *, int64_t before_ns, uint32_t most);

/* Is there a gap between these two, the one following the other in order? */
static inline bool
beats_gap(const struct beats *b, uint32_t ms, uint32_t next_ms)
{
	return b->window_ms == 0 || ms / b->window_ms == next_ms / b->window_ms;
}

#endif
