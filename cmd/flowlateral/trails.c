/*
 * trails.c - steps that follow one another become paths, and paths from one host a trail.
 *
 * A step from B to C goes on from one from A to B that began no later, if it began no more than a window after that
 * one's last session.  Of several ways into B the longest is taken, of those the latest.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "judge.h"

/* Does the path that ends in step i pass through this place? */
static bool
passes(const struct judge *j, uint32_t i, uint32_t place)
{
	const struct step *s = &j->step[i];

	while (s->pair->server != place && s->before != 0)
		s = &j->step[s->before - 1];
	return s->pair->server == place || s->pair->client == place;
}

static void
find_before(struct judge *j, struct step *s, uint32_t arrival)
{
	const struct pair *p = s->pair;

	s->depth = 1;
	s->miss = 1 - p->score;
	for (unsigned n = 0; arrival != 0 && n < ARRIVALS_MOST; n++) {
		const struct step *q = &j->step[arrival - 1];

		if (q->depth < PATH_MOST && q->depth + 1 > s->depth &&
		    p->first_ns <= q->pair->last_ns + j->limits.window_ns &&
		    !passes(j, arrival - 1, p->server)) {
			s->before = arrival;
			s->depth = q->depth + 1;
			s->miss = q->miss * (1 - p->score);
		}
		arrival = q->arrival;
	}
}

/* The first step of a path goes to the trail of its client, if that is not long over. */
static void
find_trail(struct judge *j, uint32_t *of_place, struct step *s)
{
	uint32_t *of = &of_place[s->pair->client];

	if (s->trail != 0)
		return;
	if (*of == 0 || s->pair->first_ns > j->trail[*of - 1].last_ns + j->limits.window_ns) {
		j->trail[j->n_trails] = (struct trail){ 0 };
		*of = (uint32_t)++j->n_trails;
	}
	s->trail = *of;
}

static void
add_to_trail(struct judge *j, uint32_t i)
{
	const struct step *s = &j->step[i];
	struct trail *t = &j->trail[s->trail - 1];
	const struct step *last = &j->step[t->last];

	if (s->pair->last_ns > t->last_ns)
		t->last_ns = s->pair->last_ns;
	if (s->depth > last->depth || (s->depth == last->depth && s->miss < last->miss) ||
	    last->trail != s->trail)
		t->last = i;
}

static int
compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
count_steps(struct judge *j)
{
	for (size_t i = 0; i < j->n_steps; i++) {
		if (j->step[i].trail == 0)
			continue;
		j->trail[j->step[i].trail - 1].steps++;
		j->trail[j->step[i].trail - 1].told += j->step[i].pair->told;
	}
}

static void
count_hosts(struct judge *j)
{
	uint64_t *reached = mem_alloc((j->n_steps + 1) * sizeof(*reached));
	size_t n = 0;

	for (size_t i = 0; i < j->n_steps; i++)
		if (j->step[i].trail != 0)
			reached[n++] =
			    (uint64_t)(j->step[i].trail - 1) << 32 | j->step[i].pair->server;
	qsort(reached, n, sizeof(*reached), compare_u64);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || reached[i] != reached[i - 1])
			j->trail[reached[i] >> 32].hosts++;
	mem_free(reached);
}

void
trails_find(struct judge *j)
{
	uint32_t *arrival = mem_zero(j->w.places.n + 1, sizeof(*arrival));
	uint32_t *of_place = mem_zero(j->w.places.n + 1, sizeof(*of_place));

	for (size_t i = 0; i < j->n_steps; i++) {
		struct step *s = &j->step[i];

		find_before(j, s, arrival[s->pair->client]);
		s->arrival = arrival[s->pair->server];
		arrival[s->pair->server] = (uint32_t)i + 1;
	}
	j->trail = mem_alloc((j->n_steps + 1) * sizeof(*j->trail));
	/* Who is followed has a trail: that of the path's first step. */
	for (size_t i = 0; i < j->n_steps; i++) {
		struct step *first = &j->step[i];

		if (first->before == 0)
			continue;
		while (first->before != 0)
			first = &j->step[first->before - 1];
		find_trail(j, of_place, first);
		for (struct step *s = &j->step[i]; s != first; s = &j->step[s->before - 1]) {
			s->trail = first->trail;
			add_to_trail(j, (uint32_t)(s - j->step));
		}
		add_to_trail(j, (uint32_t)(first - j->step));
	}
	count_steps(j);
	count_hosts(j);
	mem_free(of_place);
	mem_free(arrival);
}
