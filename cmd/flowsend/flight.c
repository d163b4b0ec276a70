#include "flight.h"

#include <string.h>

#include "base/mem.h"

void
flight_free(struct flight *f)
{
	mem_free(f->list);
	*f = (struct flight){ .list = NULL };
}

void
flight_add(struct flight *f, uint64_t end, unsigned records)
{
	if (f->n == f->cap && f->first > f->cap / 2) {
		memmove(f->list, f->list + f->first, (f->n - f->first) * sizeof *f->list);
		f->n -= f->first;
		f->first = 0;
	} else if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 256;
		f->list = mem_resize(f->list, f->cap, sizeof *f->list);
	}
	f->list[f->n++] = (struct flown){ .end = end, .records = records };
}

void
flight_land(struct flight *f, uint64_t end)
{
	while (f->first < f->n && f->list[f->first].end <= end)
		f->first++;
	if (f->first == f->n)
		f->first = f->n = 0;
}

size_t
flight_count(const struct flight *f, uint64_t *records)
{
	*records = 0;
	for (size_t i = f->first; i < f->n; i++)
		*records += f->list[i].records;
	return f->n - f->first;
}
