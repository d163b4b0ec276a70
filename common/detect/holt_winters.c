#include "detect/holt_winters.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

void
hw_init(struct holt_winters *h, size_t period)
{
	assert(period >= HW_PERIOD_LEAST);
	*h = (struct holt_winters){ .period = period };
	h->season = mem_zero(period, sizeof(double));
	h->deviation = mem_zero(period, sizeof(double));
}

void
hw_free(struct holt_winters *h)
{
	mem_free(h->season);
	mem_free(h->deviation);
	h->season = h->deviation = NULL;
}

/* A centred running mean; the season goes round. */
static void
smooth(double *v, size_t n)
{
	size_t half = n / 40 < HW_SMOOTH_MOST ? n / 40 : HW_SMOOTH_MOST;
	double *to;

	if (half == 0)
		return;
	to = mem_alloc(n * sizeof(*to));
	for (size_t i = 0; i < n; i++) {
		double sum = 0;

		for (size_t k = 0; k <= 2 * half; k++)
			sum += v[(i + n + k - half) % n];
		to[i] = sum / (double)(2 * half + 1);
	}
	memcpy(v, to, n * sizeof(*to));
	mem_free(to);
}

/* Missing ones become what was before them, going round; all are: 0.  Returns the mean. */
static double
fill(double *v, size_t n)
{
	double last = 0, sum = 0;

	for (size_t i = 0; i < n; i++)
		last = isnan(v[i]) ? last : v[i];
	for (size_t i = 0; i < n; i++) {
		last = isnan(v[i]) ? last : v[i];
		v[i] = last;
		sum += last;
	}
	return sum / (double)n;
}

/* The first season is over: its values become the mean and what is around it. */
static void
begin(struct holt_winters *h)
{
	h->level = fill(h->season, h->period);
	for (size_t i = 0; i < h->period; i++)
		h->season[i] -= h->level;
	smooth(h->season, h->period);
}

/* Of the second season; within the band; not. */
enum learn { LEARN_FIRST, LEARN_NEXT, LEARN_OUTSIDE };

static void
learn(struct holt_winters *h, size_t i, double y, double forecast, enum learn how)
{
	double before = h->level;

	h->level = HW_ALPHA * (y - h->season[i]) + (1 - HW_ALPHA) * (h->level + h->trend);
	h->trend = HW_BETA * (h->level - before) + (1 - HW_BETA) * h->trend;
	h->season[i] = HW_GAMMA * (y - h->level) + (1 - HW_GAMMA) * h->season[i];
	if (how == LEARN_FIRST)
		h->deviation[i] = fabs(y - forecast);
	else if (how == LEARN_NEXT)
		h->deviation[i] = HW_GAMMA * fabs(y - forecast) + (1 - HW_GAMMA) * h->deviation[i];
}

static void
judge(struct holt_winters *h, double y, struct hw_result *r)
{
	const uint32_t window = (1u << HW_WINDOW) - 1;

	r->violation = y > r->forecast + r->band ? 1 : y < r->forecast - r->band ? -1 : 0;
	h->above = h->above << 1 | (r->violation > 0);
	h->below = h->below << 1 | (r->violation < 0);
	r->violations = (unsigned)__builtin_popcount((h->above | h->below) & window);
	r->aberrant = r->violations >= HW_VIOLATIONS;
}

struct hw_result
hw_step(struct holt_winters *h, double y)
{
	size_t i = h->n % h->period;
	uint64_t season = h->n / h->period;
	struct hw_result r = { .known = season >= 2 };

	h->n++;
	if (season == 0) {
		h->season[i] = y;
		if (i + 1 == h->period)
			begin(h);
		return r;
	}
	r.forecast = h->level + h->trend + h->season[i];
	r.band = HW_DELTA * fmax(h->deviation[i], HW_FLOOR * fabs(h->level));
	if (r.known)
		judge(h, y, &r); /* NAN is within */
	if (isnan(y)) {
		h->level += h->trend;
		h->deviation[i] = season == 1 ? NAN : h->deviation[i];
	} else if (r.known && r.violation != 0) {
		learn(
		    h, i, r.forecast + HW_LEARN * r.violation * r.band, r.forecast, LEARN_OUTSIDE);
	} else {
		learn(h, i, y, r.forecast, season == 1 ? LEARN_FIRST : LEARN_NEXT);
	}
	if (i + 1 == h->period) {
		if (season == 1)
			(void)fill(h->deviation, h->period);
		smooth(h->season, h->period);
		smooth(h->deviation, h->period);
	}
	return r;
}
