#include "detect/periodicity.h"

#include <math.h>

#include "base/mem.h"
#include "detect/robust.h"

#define NEAR 0.25 /* of the period */
enum { MULTIPLES = 3, MS_PER_S = 1000, COARSE_MERGE_MS = 10000 };

/* p0: of gaps that are g plus an exponential time and have the median T, the share near T, 2T or 3T. */
static double
chance_of(double period_s, double merge_s)
{
	double rate = log(2) / (period_s - merge_s), p = 0;

	if (!(period_s > merge_s))
		return 1;
	for (int k = 1; k <= MULTIPLES; k++) {
		double from = (k - NEAR) * period_s - merge_s;
		double to = (k + NEAR) * period_s - merge_s;

		p += exp(-rate * fmax(0, from)) - exp(-rate * to);
	}
	return p;
}

/* -log10 of the chance that of n, each with chance p, k or more come true. */
static double
evidence_of(unsigned n, unsigned k, double p)
{
	double term = 1, sum = 0, first;

	/* As many as chance gives: nothing worth knowing exactly. */
	if (k <= n * p || p >= 1 || p <= 0)
		return 0;
	/* Above the mean each term is less than the one before. */
	first = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) +
		(n - k) * log1p(-p);
	for (unsigned i = k; i <= n && term > 1e-12; i++) {
		sum += term;
		term *= (double)(n - i) / (i + 1.0) * p / (1 - p);
	}
	return -(first + log(sum)) / log(10);
}

static unsigned
count_near(const double *gap, size_t n, double period)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++)
		for (int k = 1; k <= MULTIPLES; k++)
			if (fabs(gap[i] - k * period) <= NEAR * period) {
				count++;
				break;
			}
	return count;
}

/* Gaps between beats, bursts merged; in seconds. */
static size_t
find_gaps(const struct beats *b, uint32_t merge_ms, double *gap)
{
	uint32_t last = b->beat[0].ms;
	size_t n = 0;

	for (uint32_t i = 1; i < b->n; i++) {
		uint32_t ms = b->beat[i].ms;

		if (beats_gap(b, last, ms) && ms - last < merge_ms)
			continue;
		if (beats_gap(b, last, ms))
			gap[n++] = (double)(ms - last) / MS_PER_S;
		last = ms;
	}
	return n;
}

static bool
whole_seconds(const struct beats *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->beat[i].ms % MS_PER_S != 0)
			return false;
	return true;
}

static double
between(double v)
{
	return v > 0 ? v < 1 ? v : 1 : 0; /* 0 for what is no number */
}

static void
rate_gaps(struct periodicity *p, double *gap, size_t n)
{
	unsigned near;
	double t;

	p->gaps = (unsigned)n;
	p->period_s = t = robust_median(gap, n);
	near = count_near(gap, n, t);
	p->share = (double)near / (double)n;
	p->chance = chance_of(t, p->merge_s);
	p->evidence = evidence_of((unsigned)n - 1, near > 0 ? near - 1 : 0, p->chance);
	p->spread_s = robust_mad(gap, n, t);
	p->significant = between(p->evidence / 8);
	p->regular = p->chance < 1 ? between((p->share - p->chance) / (1 - p->chance)) : 0;
	p->steady = t > p->merge_s ? between(1 - p->spread_s / (t - p->merge_s)) : 0;
	p->score = (0.4 * (0.5 * p->regular + 0.5 * p->steady) + 0.25 * p->present + 0.2 * p->size +
		       0.15 * p->significant) *
		   (0.2 + 0.8 * p->significant);
}

static void
rate_sizes(struct periodicity *p, const struct beats *b, double *v)
{
	for (uint32_t i = 0; i < b->n; i++)
		v[i] = b->beat[i].bytes;
	p->bytes = robust_median(v, b->n);
	p->bytes_spread = robust_mad(v, b->n, p->bytes);
	p->size = p->bytes > 0 ? between(1 - p->bytes_spread / p->bytes) : 1;
}

bool
periodicity(
    struct beats *b, double span_share, unsigned hours, unsigned gaps, struct periodicity *best)
{
	static const uint32_t merges_ms[] = { 1000, 10000, 60000 };
	struct periodicity p = { 0 };
	double *v;
	bool found = false, coarse;

	*best = p;
	if (b->n <= PERIODICITY_GAPS || b->n <= gaps)
		return false;
	beats_sort(b);
	v = mem_alloc(b->n * sizeof(*v));
	coarse = whole_seconds(b);
	rate_sizes(&p, b, v);
	p.present = 0.5 * between(span_share) + 0.5 * between(hours / 24.0);
	for (unsigned i = 0; i < sizeof(merges_ms) / sizeof(merges_ms[0]); i++) {
		size_t n;

		if (coarse && merges_ms[i] < COARSE_MERGE_MS)
			continue;
		n = find_gaps(b, merges_ms[i], v);
		if (n < PERIODICITY_GAPS || n < gaps)
			continue;
		p.merge_s = merges_ms[i] / (double)MS_PER_S;
		rate_gaps(&p, v, n);
		if (!found || p.score > best->score)
			*best = p;
		found = true;
	}
	if (!found)
		*best = p;
	mem_free(v);
	return found;
}
