#include "detect/robust.h"

#include <math.h>
#include <stdlib.h>

static int
compare(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

double
robust_median(double *v, size_t n)
{
	if (n == 0)
		return NAN;
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double
robust_mad(double *v, size_t n, double m)
{
	for (size_t i = 0; i < n; i++)
		v[i] = fabs(v[i] - m);
	return robust_median(v, n);
}

uint8_t
log8_code(double v, double unit)
{
	double code = 8 * log2(1 + (v > 0 ? v : 0) / unit) + 0.5;

	return code >= UINT8_MAX ? UINT8_MAX : (uint8_t)code;
}

double
log8_value(double code, double unit)
{
	return (exp2(code / 8) - 1) * unit;
}
