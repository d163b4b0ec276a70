#include "detect/habit.h"

#include <math.h>

#include "detect/robust.h"

/* A host of a baseline, or its network. */
struct source {
	const struct baseline *b;
	const struct base_host *host; /* NULL: the network */
	enum metric metric;
};

static size_t
codes_of_host(const void *ctx, int64_t ns, uint8_t *codes)
{
	const struct source *s = ctx;

	return baseline_history(s->b, s->host, s->metric, ns, codes);
}

static size_t
codes_of_network(const void *ctx, int64_t ns, uint8_t *codes)
{
	const struct source *s = ctx;

	return baseline_network_history(s->b, s->metric, ns, codes);
}

/* The values of one hour of the week, less those of ns's own day. */
static size_t
values_of(const struct habit_past *p, int64_t ns, double *v)
{
	uint8_t codes[HOURS_SLOTS];
	size_t n = p->codes(p->ctx, ns, codes);

	for (size_t i = 0; i < n; i++)
		v[i] = p->unit > 0 ? log8_log10(codes[i]) : codes[i] / (double)UINT8_MAX;
	return n;
}

static bool
compare(const struct habit_past *p, int64_t ns, double floor, struct habit *h)
{
	double near[HOURS_SLOTS * 3], far[HOURS_SLOTS * (2 * HABIT_AROUND + 1)];
	size_t n_near = 0, n_far = 0;

	h->least = h->most = NAN;
	for (int k = -HABIT_AROUND; k <= HABIT_AROUND; k++) {
		double v[HOURS_SLOTS], middle;
		size_t n = values_of(p, ns + k * NS_PER_HOUR, v);

		for (size_t i = 0; i < n && k >= -1 && k <= 1; i++)
			near[n_near++] = v[i];
		for (size_t i = 0; i < n; i++) {
			h->least = fmin(h->least, v[i]);
			h->most = fmax(h->most, v[i]);
		}
		middle = robust_median(v, n);
		for (size_t i = 0; i < n && n > 1; i++)
			far[n_far++] = fabs(v[i] - middle) / sqrt(1 - 1.0 / (double)n);
	}
	h->samples = n_near;
	h->usual = h->spread = h->z = NAN;
	if (n_near < HABIT_LEAST || n_far == 0)
		return false;
	h->usual = robust_median(near, n_near);
	h->spread = robust_median(far, n_far);
	h->z = (h->x - h->usual) / fmax(floor, 1.4826 * h->spread);
	h->z = fmin(fmax(h->z, -ROBUST_MOST), ROBUST_MOST);
	return true;
}

static double
x_of(double amount, double unit)
{
	return unit > 0 ? log10(1 + amount / unit) : amount;
}

bool
habit_of(const struct habit_past *p, int64_t ns, double amount, double floor, struct habit *h)
{
	h->x = x_of(amount, p->unit);
	return compare(p, ns, floor, h);
}

bool
habit_of_host(const struct baseline *b, const struct base_host *host, enum metric metric,
    int64_t ns, double amount, double floor, struct habit *h)
{
	const struct source s = { b, host, metric };
	const struct habit_past past = { codes_of_host, &s, metric_unit(metric, false) };

	return habit_of(&past, ns, amount, floor, h);
}

bool
habit_of_network(const struct baseline *b, enum metric metric, int64_t ns, double amount,
    double floor, struct habit *h)
{
	const struct source s = { b, NULL, metric };
	const struct habit_past past = { codes_of_network, &s, metric_unit(metric, true) };

	return habit_of(&past, ns, amount, floor, h);
}

double
habit_usual(const struct habit *h, double unit)
{
	return unit > 0 ? (pow(10, h->usual) - 1) * unit : h->usual;
}

double
habit_amount(const struct habit *h, enum metric metric, bool network)
{
	return habit_usual(h, metric_unit(metric, network));
}
