#include "gen.h"

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

/* Relative traffic at each hour of an office network, UTC. */
static const unsigned by_hour[25] = { 30, 22, 18, 16, 16, 20, 35, 60, 85, 100, 105, 100, 95, 100,
	102, 98, 90, 82, 78, 80, 76, 66, 52, 40, 30 };

static uint64_t
weight_at(int64_t ms)
{
	int64_t day = ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS),
		of_day = ms - day * DAY_MS;
	uint64_t hour = (uint64_t)of_day / HOUR_MS, rest = (uint64_t)of_day % HOUR_MS;
	uint64_t w =
	    (by_hour[hour] * (HOUR_MS - rest) + by_hour[hour + 1] * rest) / (HOUR_MS / 1000);
	int64_t weekday = ((day + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; Sunday is 0 */

	return weekday == 0 || weekday == 6 ? w * 45 / 100 : w;
}

void
rhythm_init(struct rhythm *r, int64_t start_ms, int64_t span_ms, uint64_t n)
{
	*r = (struct rhythm){ .start_ms = start_ms, .span_ms = span_ms, .n = n ? n : 1 };
	for (unsigned i = 0; i < RHYTHM_BINS; i++) {
		int64_t middle = start_ms + span_ms / RHYTHM_BINS * i + span_ms / RHYTHM_BINS / 2;

		r->sum[i + 1] = r->sum[i] + weight_at(middle);
	}
}

int64_t
rhythm_time(struct rhythm *r, uint64_t i)
{
	uint64_t total = r->sum[RHYTHM_BINS];
	/* i * total / n without overflow; then ms within the bin */
	uint64_t whole = total / r->n * i + total % r->n * i / r->n;
	uint64_t width, inside, begin, end;

	while (r->bin < RHYTHM_BINS - 1 && whole >= r->sum[r->bin + 1])
		r->bin++;
	width = r->sum[r->bin + 1] - r->sum[r->bin];
	inside = whole - r->sum[r->bin];
	begin = (uint64_t)r->span_ms * r->bin / RHYTHM_BINS;
	end = (uint64_t)r->span_ms * (r->bin + 1) / RHYTHM_BINS;
	return r->start_ms + (int64_t)(begin + (end - begin) * inside / width);
}
