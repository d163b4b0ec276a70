/*
 * walk.c - the two measures of failing: a sequential test over all time, and failures within a window.
 */
#include "evidence.h"

/* failed * (failed / tried)^2 of a is more than b's, in whole numbers. */
static bool
denser(uint32_t a_failed, uint32_t a_tried, uint32_t b_failed, uint32_t b_tried)
{
	double a = (double)a_failed, b = (double)b_failed;

	if (b_tried == 0)
		return a_tried != 0;
	if (a_tried == 0)
		return false;
	return a * a * a * (double)b_tried * (double)b_tried >
	       b * b * b * (double)a_tried * (double)a_tried;
}

static void
count_window(struct walk *w, uint32_t window, bool bad)
{
	/* What comes late, from a window that is over, counts in the present one. */
	if (window > w->window) {
		w->window = window;
		w->now_failed = w->now_tried = 0;
	}
	w->now_failed += bad;
	w->now_tried++;
	if (denser(w->now_failed, w->now_tried, w->best_failed, w->best_tried)) {
		w->best_failed = w->now_failed;
		w->best_tried = w->now_tried;
	}
}

void
walk_step(struct walk *w, bool bad, const struct when *when)
{
	w->failed += bad;
	w->tried++;
	if (bad && w->at < WALK_STEPS_MOST)
		w->at++;
	else if (!bad && w->at > 0)
		w->at--;
	if (!bad && when->start_ns < w->peak_ns && w->peak > w->at)
		w->peak--;
	if (w->at > w->peak) {
		w->peak = w->at;
		w->peak_ns = when->start_ns > w->peak_ns ? when->start_ns : w->peak_ns;
	}
	count_window(w, when->window, bad);
	bursts_add(&w->bursts, bad, when->start_ns, when->end_ns, when->window_ns);
}

void
walk_again(struct walk *w, uint32_t window, bool bad)
{
	count_window(w, window, bad);
}

/* It was no step up but one down: by two less, and so was what it led to. */
void
walk_repair(struct walk *w)
{
	if (w->failed > 0)
		w->failed--;
	w->at = w->at > 2 ? w->at - 2 : 0;
	w->peak = w->peak > 2 ? w->peak - 2 : 0;
	if (w->now_failed > 0)
		w->now_failed--;
	if (w->best_failed > 0)
		w->best_failed--;
	bursts_repair(&w->bursts);
}
