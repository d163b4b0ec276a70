#include "entropy.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "detect/robust.h"

const char *const entropy_names[ENTROPIES] = { "srcip", "dstip", "srcport", "dstport" };

/* z from which a bin is strange, and what never counts as a difference. */
static const double strange_z = 6, scale_floor = 0.015;

struct entropy {
	struct entropy_bin *open; /* ENTROPY_OPEN */
	float *kept; /* of bin number b: at b % ENTROPY_KEPT */
	uint32_t newest; /* kept are the bins up to it; 0 none */
	uint32_t newest_open;
	struct shift shift;
	uint64_t late;
	entropy_take take;
	void *ctx;
};

struct entropy *
entropy_new(entropy_take take, void *ctx)
{
	struct entropy *e = mem_zero(1, sizeof(*e));

	e->open = mem_zero(ENTROPY_OPEN, sizeof(*e->open));
	e->kept = mem_alloc(ENTROPY_KEPT * ENTROPIES * sizeof(float));
	for (size_t i = 0; i < (size_t)ENTROPY_KEPT * ENTROPIES; i++)
		e->kept[i] = NAN;
	e->take = take;
	e->ctx = ctx;
	return e;
}

void
entropy_free(struct entropy *e)
{
	if (e == NULL)
		return;
	mem_free(e->open);
	mem_free(e->kept);
	mem_free(e);
}

uint64_t
entropy_late(const struct entropy *e)
{
	return e->late;
}

float *
entropy_kept(struct entropy *e, uint32_t **newest)
{
	*newest = &e->newest;
	return e->kept;
}

/* Measures ----------------------------------------------------------------------------------------- */

static float *
kept_at(const struct entropy *e, uint32_t bin)
{
	return &e->kept[(size_t)(bin % ENTROPY_KEPT) * ENTROPIES];
}

static double
measure(const uint32_t *n, uint64_t flows)
{
	double sum = (double)flows, weighted = 0;

	for (unsigned i = 0; i < ENTROPY_PARTS; i++)
		if (n[i] > 1)
			weighted += n[i] * log2(n[i]);
	return (log2(sum) - weighted / sum) / log2(fmin(sum, ENTROPY_PARTS));
}

/* Median and MAD of those that were measured. */
static unsigned
usual_of(double *v, unsigned n, double *usual, double *spread)
{
	*usual = robust_median(v, n);
	*spread = robust_mad(v, n, *usual);
	return n;
}

static double
z_of(double h, double usual, double spread)
{
	double z = (h - usual) / fmax(scale_floor, 1.4826 * spread);

	return fmin(fmax(z, -ROBUST_MOST), ROBUST_MOST);
}

static bool
was_kept(const struct entropy *e, uint32_t bin)
{
	return bin <= e->newest && e->newest - bin < ENTROPY_KEPT;
}

/* false: nothing to compare with. */
static bool
compare(const struct entropy *e, uint32_t bin, unsigned of, double h, struct entropy_z *z)
{
	double v[13 * ENTROPY_DAYS + ENTROPY_TRAIL], spread;
	unsigned n = 0;

	*z = (struct entropy_z){ .h = h, .day_usual = NAN, .day_z = NAN };
	for (uint32_t b = bin - ENTROPY_TRAIL; b < bin; b++)
		if (was_kept(e, b) && !isnan(kept_at(e, b)[of]))
			v[n++] = kept_at(e, b)[of];
	z->samples = usual_of(v, n, &z->usual, &z->spread);
	if (n < ENTROPY_LEAST)
		return false;
	z->z = z_of(h, z->usual, z->spread);
	n = 0;
	for (unsigned day = 1; day < ENTROPY_DAYS; day++)
		for (uint32_t b = bin - day * ENTROPY_DAY - 6; b <= bin - day * ENTROPY_DAY + 6;
		     b++)
			if (was_kept(e, b) && !isnan(kept_at(e, b)[of]))
				v[n++] = kept_at(e, b)[of];
	z->day_samples = n;
	if (n >= ENTROPY_LEAST) {
		usual_of(v, n, &z->day_usual, &spread);
		z->day_z = z_of(h, z->day_usual, spread);
	}
	return true;
}

static bool
is_strange(const struct entropy_z *z)
{
	if (fabs(z->z) < strange_z)
		return false;
	return isnan(z->day_z) || (fabs(z->day_z) >= strange_z && (z->day_z > 0) == (z->z > 0));
}

/* Shifts ------------------------------------------------------------------------------------------- */

static void
end_shift(struct entropy *e)
{
	if (e->shift.bins > 0)
		e->take(e->ctx, &e->shift);
	e->shift = (struct shift){ 0 };
}

static unsigned
commonest(const uint32_t *n)
{
	unsigned most = 0;

	for (unsigned i = 1; i < ENTROPY_PARTS; i++)
		if (n[i] > n[most])
			most = i;
	return most;
}

static void
add_to_shift(
    struct entropy *e, const struct entropy_bin *b, const struct entropy_z *z, double greatest)
{
	struct shift *s = &e->shift;

	if (s->bins > 0 && b->number > s->last + ENTROPY_GAP)
		end_shift(e);
	if (s->bins++ == 0)
		s->first = b->number;
	s->last = b->number;
	s->flows += b->flows;
	if (greatest <= s->z)
		return;
	s->z = greatest;
	memcpy(s->worst, z, sizeof(s->worst));
	for (unsigned k = 0; k < ENTROPIES; k++) {
		unsigned most = commonest(b->n[k]);

		s->share[k] = b->n[k][most] / (double)b->flows;
		if (k < 2)
			s->who[k] = b->who[k][most];
		else
			s->port[k - 2] = b->port[k - 2][most];
	}
}

static void
end_bin(struct entropy *e, struct entropy_bin *b)
{
	struct entropy_z z[ENTROPIES];
	double greatest = 0;

	for (uint32_t k = 1; k <= ENTROPY_KEPT && e->newest + k <= b->number; k++)
		for (unsigned of = 0; of < ENTROPIES; of++)
			kept_at(e, e->newest + k)[of] = NAN;
	e->newest = b->number > e->newest ? b->number : e->newest;
	for (unsigned of = 0; of < ENTROPIES && b->flows >= ENTROPY_FLOWS; of++) {
		double h = measure(b->n[of], b->flows);

		if (!compare(e, b->number, of, h, &z[of]) || !is_strange(&z[of]))
			z[of].z = 0;
		greatest = fmax(greatest, fabs(z[of].z));
		kept_at(e, b->number)[of] = z[of].z == 0 ? (float)h : NAN;
	}
	if (greatest > 0)
		add_to_shift(e, b, z, greatest);
	b->number = 0;
	b->flows = 0;
	memset(b->n, 0, sizeof(b->n));
}

/* Flows -------------------------------------------------------------------------------------------- */

static void
end_before(struct entropy *e, uint32_t bin)
{
	for (uint32_t b = e->newest_open - ENTROPY_OPEN + 1; b < bin && b <= e->newest_open; b++)
		if (e->open[b % ENTROPY_OPEN].number == b && b != 0)
			end_bin(e, &e->open[b % ENTROPY_OPEN]);
}

static unsigned
part_of(uint64_t v)
{
	v *= UINT64_C(0x9fb21c651e98df25);
	v ^= v >> 32;
	return (unsigned)((v * UINT64_C(0xd6e8feb86659fd93)) >> 52);
}

static unsigned
part_of_addr(const struct addr *a)
{
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	return part_of(w[0] * UINT64_C(0x9e3779b97f4a7c15) ^ w[1]);
}

static void
count_addr(struct entropy_bin *b, unsigned of, const struct addr *a, uint32_t n)
{
	unsigned part = part_of_addr(a);
	uint32_t before = b->n[of][part];

	b->n[of][part] += n;
	/* The first, and now and then another: who is common is met. */
	if (before % 64 == 0)
		b->who[of][part] = *a;
}

static void
count_port(struct entropy_bin *b, unsigned of, uint16_t port, uint32_t n)
{
	unsigned part = part_of((uint64_t)port + 1);

	b->n[of][part] += n;
	b->port[of - ENTROPY_SRCPORT][part] = port;
}

void
entropy_add(struct entropy *e, int64_t end_ns, const struct addr *src, const struct addr *dst,
    uint16_t srcport, uint16_t dstport, uint32_t n)
{
	uint32_t number = (uint32_t)(end_ns / ENTROPY_BIN_NS);
	struct entropy_bin *b = &e->open[number % ENTROPY_OPEN];

	if (b->number != number) {
		if (number + ENTROPY_OPEN <= e->newest_open || number <= e->newest) {
			e->late++;
			return;
		}
		if (number > e->newest_open) {
			end_before(e, number < ENTROPY_OPEN ? 0 : number - ENTROPY_OPEN + 1);
			e->newest_open = number;
		}
		b->number = number;
	}
	/* Of more than that an exporter cannot speak. */
	if (n > UINT32_MAX - b->flows)
		return;
	b->flows += n;
	count_addr(b, ENTROPY_SRCIP, src, n);
	count_addr(b, ENTROPY_DSTIP, dst, n);
	count_port(b, ENTROPY_SRCPORT, srcport, n);
	count_port(b, ENTROPY_DSTPORT, dstport, n);
}

void
entropy_finish(struct entropy *e, bool resumed)
{
	if (!resumed)
		end_before(e, e->newest_open + 1);
	end_shift(e);
}

struct entropy_bin *
entropy_open(struct entropy *e, unsigned i)
{
	return &e->open[i];
}

void
entropy_opened(struct entropy *e)
{
	for (unsigned i = 0; i < ENTROPY_OPEN; i++)
		if (e->open[i].number > e->newest_open)
			e->newest_open = e->open[i].number;
}
