#include "detect/beats.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

enum { WINDOWS = 4, BURST_MS = 1000 };

static int
compare(const void *x, const void *y)
{
	const struct beat *a = x, *b = y;

	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

void
beats_sort(struct beats *b)
{
	for (uint32_t i = 1; i < b->n; i++)
		if (b->beat[i].ms < b->beat[i - 1].ms) {
			qsort(b->beat, b->n, sizeof(*b->beat), compare);
			return;
		}
}

static bool
kept(const struct beats *b, uint32_t ms)
{
	return b->window_ms == 0 || ms / b->window_ms % b->stride == 0;
}

static void
drop_bursts(struct beats *b)
{
	uint32_t n = 1;

	for (uint32_t i = 1; i < b->n; i++)
		if (b->beat[i].ms - b->beat[n - 1].ms >= BURST_MS)
			b->beat[n++] = b->beat[i];
	b->n = n;
}

static void
drop_windows(struct beats *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->n; i++)
		if (kept(b, b->beat[i].ms))
			b->beat[n++] = b->beat[i];
	b->n = n;
}

/* Full: make room for a quarter more at least, or beats would be sorted for each that comes. */
static void
thin(struct beats *b, uint32_t most)
{
	uint32_t enough = most - most / 4;

	beats_sort(b);
	if (b->window_ms == 0)
		drop_bursts(b);
	if (b->n <= enough)
		return;
	if (b->window_ms == 0) {
		/* A whole second, so that the base may move by windows. */
		b->window_ms = ((b->beat[b->n - 1].ms - b->beat[0].ms) / WINDOWS / 1000 + 1) * 1000;
		b->stride = 1;
	}
	while (b->n > enough && b->stride < UINT32_C(1) << 31) {
		b->stride *= 2;
		drop_windows(b);
	}
	if (b->n > enough) /* all in one window, the first: its later ones go */
		b->n = enough;
}

/* Begin anew around a start; what was kept, less than what was too far from it, is too far from this. */
static void
restart(struct beats *b, int64_t start_ns)
{
	b->base_ns = (start_ns - BEATS_BEFORE_NS) / NS_PER_S * NS_PER_S;
	b->far = b->n;
	b->n = 0;
	b->window_ms = 0;
}

void
beats_add(struct beats *b, int64_t start_ns, uint64_t bytes, uint32_t most)
{
	int64_t ms;

	if (b->n == 0)
		restart(b, start_ns);
	ms = (start_ns - b->base_ns) / NS_PER_MS;
	if (start_ns < b->base_ns || ms > UINT32_MAX) {
		if (b->far++ < b->n)
			return;
		restart(b, start_ns);
		ms = (start_ns - b->base_ns) / NS_PER_MS;
	}
	if (!kept(b, (uint32_t)ms))
		return;
	if (b->n >= most)
		thin(b, most);
	if (!kept(b, (uint32_t)ms))
		return;
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : BEATS_FIRST;
		b->beat = mem_resize(b->beat, b->cap, sizeof(*b->beat));
	}
	b->beat[b->n++] =
	    (struct beat){ (uint32_t)ms, bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX };
}

/* The base again a day before the first, or as near to that as windows allow. */
static void
move_base(struct beats *b)
{
	uint64_t unit = b->window_ms ? (uint64_t)b->window_ms * b->stride : 1000, move;

	if (b->n == 0 || b->beat[0].ms < BEATS_BEFORE_NS / NS_PER_MS)
		return;
	move = (b->beat[0].ms - (uint64_t)(BEATS_BEFORE_NS / NS_PER_MS)) / unit * unit;
	for (uint32_t i = 0; i < b->n; i++)
		b->beat[i].ms -= (uint32_t)move;
	b->base_ns += (int64_t)move * NS_PER_MS;
}

uint32_t
beats_forget(struct beats *b, int64_t before_ns, uint32_t most)
{
	uint32_t old = 0, gone;

	beats_sort(b);
	while (old < b->n && beats_time(b, b->beat[old].ms) < before_ns)
		old++;
	gone = old;
	if (gone > 0 && b->window_ms != 0 && b->n - gone < most / 4) {
		uint32_t last = b->beat[b->n - 1].ms / b->window_ms;

		while (gone < b->n && b->beat[gone].ms / b->window_ms != last)
			gone++;
		b->window_ms = 0;
	}
	if (gone > 0) {
		b->n -= gone;
		memmove(b->beat, b->beat + gone, b->n * sizeof(*b->beat));
	}
	move_base(b);
	return old;
}

void
beats_free(struct beats *b)
{
	mem_free(b->beat);
	*b = (struct beats){ 0 };
}
