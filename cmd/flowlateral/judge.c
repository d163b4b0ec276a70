#include "judge.h"

#include <stdlib.h>

#include "base/mem.h"

void
judge_free(struct judge *j)
{
	weigh_free(&j->w);
	mem_free(j->step);
	mem_free(j->trail);
	buf_free(&j->reason);
	buf_free(&j->why);
	buf_free(&j->attack);
	buf_free(&j->hidden);
}

/* Steps -------------------------------------------------------------------------------------------- */

/* Without a baseline everything is new: only what would be told by itself goes into paths and fans. */
static double
least_score(const struct judge *j)
{
	bool low = j->baseline != NULL && j->limits.link < j->limits.score;

	return low ? j->limits.link : j->limits.score;
}

static int
by_time(const void *x, const void *y)
{
	const struct pair *a = ((const struct step *)x)->pair, *b = ((const struct step *)y)->pair;

	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	return (a > b) - (a < b);
}

static void
find_steps(struct judge *j)
{
	double least = least_score(j);

	j->step = mem_alloc((j->w.n_pairs + 1) * sizeof(*j->step));
	for (size_t i = 0; i < j->w.n_pairs; i++)
		if (j->w.pair[i].score >= least)
			j->step[j->n_steps++] = (struct step){ .pair = &j->w.pair[i] };
	qsort(j->step, j->n_steps, sizeof(*j->step), by_time);
}

/* Fans and single pairs ---------------------------------------------------------------------------- */

static int
by_client(const void *x, const void *y)
{
	const struct step *const *a = x, *const *b = y;

	if ((*a)->pair->client != (*b)->pair->client)
		return (*a)->pair->client < (*b)->pair->client ? -1 : 1;
	return (*a > *b) - (*a < *b); /* steps are in order of time */
}

static void
judge_client(struct judge *j, const struct step *const *step, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		int64_t last_ns = step[i]->pair->first_ns + j->limits.window_ns;

		for (end = i; end < n && step[end]->pair->first_ns <= last_ns;)
			end++;
		if (end - i >= j->limits.fan) {
			report_fan(j, step + i, end - i);
			continue;
		}
		if (step[i]->pair->score >= j->limits.score)
			report_pair(j, step[i]->pair);
		end = i + 1;
	}
}

/* What is of no trail that was told. */
static void
judge_loose(struct judge *j)
{
	const struct step **step = mem_alloc((j->n_steps + 1) * sizeof(*step));
	size_t n = 0;

	for (size_t i = 0; i < j->n_steps; i++)
		if (j->step[i].trail == 0 || j->trail[j->step[i].trail - 1].weak)
			step[n++] = &j->step[i];
	qsort(step, n, sizeof(*step), by_client);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && step[end]->pair->client == step[i]->pair->client;)
			end++;
		judge_client(j, step + i, end - i);
	}
	mem_free(step);
}

static void
judge_trails(struct judge *j)
{
	for (size_t i = 0; i < j->n_trails; i++) {
		struct trail *t = &j->trail[i];
		const struct step *last = &j->step[t->last];

		t->weak = 1 - last->miss < j->limits.score;
		t->given = !t->weak && (!last->pair->told || judge_news(t->steps, t->told));
		if (t->given)
			report_trail(j, t);
	}
	for (size_t i = 0; i < j->n_steps; i++) {
		const struct pair *p = j->step[i].pair;

		if (j->step[i].trail == 0 || !j->trail[j->step[i].trail - 1].given)
			continue;
		for (uint32_t k = p->first; k < p->first + p->n; k++)
			j->w.link[k].edge->told = true;
	}
}

void
judge(struct judge *j)
{
	weigh(&j->w, j->edges, j->limits.window_ns);
	find_steps(j);
	trails_find(j);
	judge_trails(j);
	judge_loose(j);
}
