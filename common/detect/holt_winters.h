/*
 * holt_winters.h - a seasonal series forecast bin by bin, and where it leaves its confidence band for long.
 *
 * Brutlag, "Aberrant behavior detection in time series for network monitoring" (LISA 2000), as RRDtool has it: additive
 * Holt-Winters with a season of m bins,
 *
 *	forecast  f = a + b + c[t-m]			band  f +- delta * d[t-m]
 *	a' = alpha (y - c[t-m]) + (1 - alpha)(a + b)	b' = beta (a' - a) + (1 - beta) b
 *	c' = gamma (y - a') + (1 - gamma) c[t-m]	d' = gamma |y - f| + (1 - gamma) d[t-m]
 *
 * A value outside of the band is a violation, and the series is aberrant while HW_VIOLATIONS of the last HW_WINDOW
 * values are (threshold 7, window 9); who tells of it may call it over when fewer than HW_OVER are.  At the end of each
 * season c and d are smoothed by a running mean over a twentieth of it (rrdtool create --smoothing-window 0.05), at
 * most 13 bins: of a week of bins of five minutes a twentieth is eight hours, and the mornings would be gone.
 *
 * What differs: the first season is the mean (a) and the differences from it (c), the second gives d, and nothing is
 * said before the third.  A value outside of the band is learned as the forecast and HW_LEARN of the band, and d is
 * left as it is (after Gelper, Fried and Croux, "Robust forecasting with exponential and Holt-Winters smoothing", 2010,
 * who cut it to the band), or three hours of a drop would be followed by as many of a surge: so what stays is accepted
 * after a day or so.  d is at least HW_FLOOR of the level, or a series that never changes would be aberrant for a
 * trifle.
 */
#ifndef DETECT_HOLT_WINTERS_H
#define DETECT_HOLT_WINTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HW_WINDOW = 9, HW_VIOLATIONS = 7, HW_OVER = 3, HW_PERIOD_LEAST = 4, HW_SMOOTH_MOST = 6 };
#define HW_ALPHA 0.1
#define HW_BETA 0.0035
#define HW_GAMMA 0.1
#define HW_DELTA 3.0
#define HW_FLOOR 0.02
#define HW_LEARN 0.1

struct holt_winters {
	size_t period; /* m: bins in a season */
	double level, trend; /* a, b */
	double *season, *deviation; /* c, d, by the bin's place in the season */
	uint64_t n; /* values so far */
	uint32_t above, below; /* of the last 32 values, bit 0 the last: violations */
};

struct hw_result {
	bool known; /* there is a forecast with a band */
	double forecast, band; /* band: its half */
	int violation; /* 1 above, -1 below, 0 within */
	unsigned violations; /* of the last HW_WINDOW values */
	bool aberrant;
};

void hw_init(struct holt_winters *, size_t period);
void hw_free(struct holt_winters *);

/* The next value; NAN: missing, the forecast stands for it. */
struct hw_result hw_step(struct holt_winters *, double y);

#endif
