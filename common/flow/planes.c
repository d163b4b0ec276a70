#include "flow/planes.h"

#include "base/clones.h"

/* Numbers put together at a time: what is between stays in the first cache. */
enum { STRETCH = 1024 };

/* Stands for planes that are not there. */
static const uint8_t zeros[STRETCH];

/* A stretch of four planes, from the lowest. */
struct four {
	const uint8_t *p[4];
};

static struct four
four_of(const struct planes *p, unsigned lowest, size_t at)
{
	struct four f;

	for (unsigned k = 0; k < 4; k++)
		f.p[k] = lowest + k < p->n ? p->plane[lowest + k] + at : zeros;
	return f;
}

#define JOINED(T, WIDE, SUM) \
	CLONES static void join_##T(T *to, const struct four *f, T base, T unit, size_t n) \
	{ \
		const uint8_t *a = f->p[0], *b = f->p[1], *c = f->p[2], *d = f->p[3]; \
\
		(void)b, (void)c, (void)d; \
		if (unit == 1) \
			for (size_t i = 0; i < n; i++) \
				to[i] = (T)((WIDE)(SUM) + base); \
		else \
			for (size_t i = 0; i < n; i++) \
				to[i] = (T)((WIDE)(SUM)*unit + base); \
	}
JOINED(uint8_t, unsigned, a[i])
JOINED(uint16_t, unsigned, a[i] | b[i] << 8)
JOINED(uint32_t, uint32_t, (uint32_t)(a[i] | b[i] << 8) | (uint32_t)(c[i] | d[i] << 8) << 16)

/* Wide numbers from halves. */
CLONES static void
widen_low(uint64_t *to, const uint32_t *low, uint64_t base, uint32_t unit, size_t n)
{
	if (unit == 1)
		for (size_t i = 0; i < n; i++)
			to[i] = base + low[i];
	else
		for (size_t i = 0; i < n; i++)
			to[i] = base + (uint64_t)low[i] * unit;
}

CLONES static void
widen_both(
    uint64_t *to, const uint32_t *low, const uint32_t *high, uint64_t base, uint64_t unit, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = base + unit * ((uint64_t)high[i] << 32 | low[i]);
}

static void
join_own(uint64_t *to, const struct planes *p, size_t at, size_t n)
{
	uint32_t low[STRETCH], high[STRETCH];
	struct four f = four_of(p, 0, at);

	join_uint32_t(low, &f, 0, 1, n);
	if (p->n <= 4 && p->unit <= UINT32_MAX) {
		widen_low(to, low, p->base, (uint32_t)p->unit, n);
		return;
	}
	f = four_of(p, 4, at);
	join_uint32_t(high, &f, 0, 1, n);
	widen_both(to, low, high, p->base, p->unit, n);
}

CLONES static void
subtract(uint64_t *from, const uint64_t *distance, size_t n)
{
	for (size_t i = 0; i < n; i++)
		from[i] -= distance[i];
}

static void
join_wide(uint64_t *to, const struct planes *p, size_t at, size_t n)
{
	uint64_t distance[STRETCH];

	if (p->from == NULL) {
		join_own(to, p, at, n);
		return;
	}
	join_own(to, p->from, at, n);
	join_own(distance, p, at, n);
	subtract(to, distance, n);
}

void
planes_join(void *to, unsigned width, const struct planes *p, size_t first, size_t n)
{
	for (size_t done = 0; done < n; done += STRETCH) {
		size_t k = n - done < STRETCH ? n - done : STRETCH;
		struct four f = four_of(p, 0, first + done);
		void *out = (uint8_t *)to + done * width;

		switch (width) {
		case 1: join_uint8_t(out, &f, (uint8_t)p->base, (uint8_t)p->unit, k); break;
		case 2: join_uint16_t(out, &f, (uint16_t)p->base, (uint16_t)p->unit, k); break;
		case 4: join_uint32_t(out, &f, (uint32_t)p->base, (uint32_t)p->unit, k); break;
		default: join_wide(out, p, first + done, k); break;
		}
	}
}

static uint64_t
number_at(const struct planes *p, uint32_t i)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < p->n; k++)
		sum |= (uint64_t)p->plane[k][i] << (8 * k);
	return p->base + p->unit * sum;
}

void
planes_pick(void *to, unsigned width, const struct planes *p, const uint32_t *idx, size_t n)
{
	for (size_t j = 0; j < n; j++) {
		uint64_t sum = number_at(p, idx[j]);

		if (p->from != NULL)
			sum = number_at(p->from, idx[j]) - sum;
		switch (width) {
		case 1: ((uint8_t *)to)[j] = (uint8_t)sum; break;
		case 2: ((uint16_t *)to)[j] = (uint16_t)sum; break;
		case 4: ((uint32_t *)to)[j] = (uint32_t)sum; break;
		default: ((uint64_t *)to)[j] = sum; break;
		}
	}
}

CLONES static uint8_t
largest(const uint8_t *v, size_t n)
{
	uint8_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	return most;
}

/* The largest of those whose high octet is `of`. */
CLONES static uint8_t
largest_of(const uint8_t *low, const uint8_t *high, uint8_t of, size_t n)
{
	uint8_t most = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t v = low[i] & (uint8_t) - (high[i] == of);

		most = v > most ? v : most;
	}
	return most;
}

bool
planes_within(const struct planes *p, size_t n, uint32_t most)
{
	uint32_t high;

	if (p->n == 1)
		return largest(p->plane[0], n) <= most;
	high = largest(p->plane[1], n);
	return high < most >> 8 || (high == most >> 8 && largest_of(p->plane[0], p->plane[1],
							     (uint8_t)high, n) <= (most & 255));
}
