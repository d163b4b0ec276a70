#include "detect/rita.h"

#include <math.h>

#include "base/mem.h"
#include "base/num.h"
#include "detect/robust.h"

enum { HOUR_S = 3600, DAY_S = 86400 };
enum { SKEW_LEAST = 10, BIMODAL_BARS = 11, DURATION_BARS = 6, IDEAL_RUN = 12 };
#define CLASS_SHARE 0.05 /* of the highest bin */

static double
round3(double v)
{
	return round(v * 1000) / 1000;
}

static double
ceil3(double v)
{
	return fmin(1, ceil(v * 1000) / 1000);
}

void
rita_time(int64_t first_s, int64_t last_s, int64_t *from_s, int64_t *to_s)
{
	int64_t from = last_s - DAY_S;

	if (from < first_s)
		from = first_s;
	*from_s = from - from % HOUR_S;
	*to_s = last_s;
}

/* The median of a half of sorted values. */
static double
quartile(const double *v, size_t n)
{
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* How symmetric and how narrow values are; v becomes the distances from the median, which is *median. */
static double
rate(double *v, size_t n, double otherwise, double *median, double *spread)
{
	double m = robust_median(v, n), q1 = quartile(v, n / 2);
	double q3 = quartile(v + n / 2 + n % 2, n / 2), skew = 0, mad = otherwise;

	if (q3 - q1 >= SKEW_LEAST && m != q1 && m != q3)
		skew = (q1 + q3 - 2 * m) / (q3 - q1);
	*median = m;
	*spread = robust_mad(v, n, m);
	if (m >= 1)
		mad = fmax(0, (m - *spread) / m);
	return round3((1 - fabs(skew) + mad) / 2);
}

/* Bins that are in the two commonest classes of height, of all but one. */
static double
bimodal(const unsigned *bin, unsigned highest, unsigned bars)
{
	unsigned width = (unsigned)ceil(highest * CLASS_SHARE), most = 0, second = 0;

	if (bars < BIMODAL_BARS)
		return 0;
	for (unsigned i = 0; i < RITA_BINS; i++) {
		unsigned same = 0;
		bool counted = bin[i] == 0;

		for (unsigned k = 0; k < RITA_BINS; k++) {
			if (bin[k] == 0 || bin[k] / width != bin[i] / width)
				continue;
			counted |= k < i;
			same++;
		}
		if (counted)
			continue;
		if (same > most) {
			second = most;
			most = same;
		} else if (same > second) {
			second = same;
		}
	}
	return fmin(1, round3((double)(most + second) / fmax(1, bars - 1.0)));
}

static unsigned
longest_run(const unsigned *bin)
{
	unsigned run = 0, longest = 0;

	for (unsigned i = 0; i < 2 * RITA_BINS; i++) {
		run = bin[i % RITA_BINS] > 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest < RITA_BINS ? longest : RITA_BINS;
}

static void
rate_bins(struct rita *r, const unsigned *bin, double span_share)
{
	double mean = (double)r->n / RITA_BINS, sum = 0, flat;
	unsigned highest = 0;

	for (unsigned i = 0; i < RITA_BINS; i++) {
		sum += (bin[i] - mean) * (bin[i] - mean);
		highest = bin[i] > highest ? bin[i] : highest;
		r->bars += bin[i] > 0;
	}
	flat = fmax(0, round3(1 - sqrt(sum / RITA_BINS) / mean));
	r->histogram = fmax(flat, bimodal(bin, highest, r->bars));
	if (r->bars >= DURATION_BARS)
		r->duration = fmax(ceil3(span_share), ceil3((double)longest_run(bin) / IDEAL_RUN));
}

/* Bin edges are those of the reference: from + i * step, in doubles. */
static unsigned
bin_of(int64_t s, int64_t from_s, double step)
{
	unsigned i = (unsigned)((double)(s - from_s) / step);

	i = i < RITA_BINS ? i : RITA_BINS - 1;
	while (i + 1 < RITA_BINS && (double)s >= (double)from_s + (i + 1) * step)
		i++;
	while (i > 0 && (double)s < (double)from_s + i * step)
		i--;
	return i;
}

bool
rita(struct beats *b, int64_t from_s, int64_t to_s, struct rita *r)
{
	double step = (double)(to_s - from_s) / RITA_BINS, *gap, *size;
	unsigned bin[RITA_BINS] = { 0 };
	int64_t first = 0, last = 0;
	size_t gaps = 0;

	*r = (struct rita){ 0 };
	if (to_s <= from_s || b->n < RITA_BEATS)
		return false;
	beats_sort(b);
	gap = mem_alloc(b->n * sizeof(*gap));
	size = mem_alloc(b->n * sizeof(*size));
	for (uint32_t i = 0; i < b->n; i++) {
		int64_t s = b->base_ns / NS_PER_S + b->beat[i].ms / 1000;

		if (s < from_s || s > to_s)
			continue;
		bin[bin_of(s, from_s, step)]++;
		if (r->n > 0 && s > last)
			gap[gaps++] = (double)(s - last);
		if (r->n == 0)
			first = s;
		last = s;
		size[r->n++] = b->beat[i].bytes;
	}
	if (gaps >= RITA_BEATS - 1 && r->n < RITA_DAY_MOST) {
		double spread;

		r->timing = rate(gap, gaps, 1, &r->period_s, &r->spread_s);
		r->size = rate(size, r->n, 0, &r->bytes, &spread);
		rate_bins(r, bin, (double)(last - first) / (double)(to_s - from_s));
		/* In the reference's order: the last bit decides which way a half is rounded. */
		r->score = round3((r->timing + r->size + r->duration + r->histogram) / 4);
	}
	mem_free(gap);
	mem_free(size);
	return r->score > 0;
}
