#include "detect/latest.h"

#include <stdlib.h>

static int
compare(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

int64_t
latest_of(int64_t *times, size_t n, int64_t step)
{
	int64_t latest;

	qsort(times, n, sizeof(*times), compare);
	latest = times[(n - 1) / 2];
	for (size_t i = (n + 1) / 2; i < n && times[i] - latest <= step; i++)
		latest = times[i];
	return latest;
}
