/*
 * Forecasts of a season that repeats, what missing values and steps do, and that nothing is said too soon.
 */
#include "detect/holt_winters.h"

#include <math.h>
#include <string.h>

#include "tap.h"

enum { PERIOD = 48 };

static double
season(size_t i)
{
	return 100 + 50 * sin((double)i * 2 * 3.14159265358979 / PERIOD);
}

static void
test_known(void)
{
	struct holt_winters h;
	unsigned early = 0, violations = 0;
	double worst = 0;

	hw_init(&h, PERIOD);
	for (size_t i = 0; i < 6 * PERIOD; i++) {
		struct hw_result r = hw_step(&h, season(i));

		early += r.known && i < 2 * PERIOD;
		violations += r.violation != 0;
		if (r.known)
			worst = fmax(worst, fabs(r.forecast - season(i)));
	}
	ok(early == 0, "nothing is said before the third season");
	ok(violations == 0 && worst < 3, "a season that repeats is forecast, and within its band");
	hw_free(&h);
}

static void
test_step(void)
{
	struct holt_winters h;
	unsigned aberrant = 0, first = 0;

	hw_init(&h, PERIOD);
	for (size_t i = 0; i < 3 * PERIOD; i++)
		(void)hw_step(&h, season(i));
	for (unsigned i = 0; i < 12; i++) {
		struct hw_result r = hw_step(&h, season(i) / 2);

		if (r.aberrant && aberrant++ == 0)
			first = i;
		if (r.violation != -1)
			aberrant = 100;
	}
	ok(first == 6 && aberrant == 6,
	    "half of what is usual is aberrant from its seventh value on");
	ok(hw_step(&h, season(12)).violation == 0, "and the value after it is as usual");
	hw_free(&h);
}

static void
test_missing(void)
{
	struct holt_winters h;
	unsigned violations = 0;
	bool finite = true;

	hw_init(&h, PERIOD);
	for (size_t i = 0; i < 5 * PERIOD; i++) {
		struct hw_result r = hw_step(&h, i % 5 == 0 || i / PERIOD == 3 ? NAN : season(i));

		violations += r.violation != 0;
		finite = finite && isfinite(r.forecast) && isfinite(r.band);
	}
	ok(violations == 0 && finite, "missing values violate nothing, and forecasts stay numbers");
	hw_free(&h);
}

static void
test_constant(void)
{
	struct holt_winters h;

	hw_init(&h, HW_PERIOD_LEAST);
	for (size_t i = 0; i < 4 * HW_PERIOD_LEAST; i++)
		(void)hw_step(&h, 1000);
	ok(hw_step(&h, 1059).violation == 0,
	    "of what never changes 2 percent of it are a deviation");
	ok(hw_step(&h, 1070).violation == 1, "and more than three of these a violation");
	hw_free(&h);
}

int
main(void)
{
	test_known();
	test_step();
	test_missing();
	test_constant();
	return done_testing();
}
