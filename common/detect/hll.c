#include "detect/hll.h"

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"

enum { RANK_BITS = 6, RANK_MOST = 64 - HLL_BITS + 1, SPARSE = 1, DENSE = 2 };

static bool
is_dense(const struct hll *h)
{
	return h->n == HLL_REGISTERS;
}

uint64_t
hll_hash(const struct addr *a)
{
	return hash_xxh64(a->b, sizeof(a->b));
}

void
hll_free(struct hll *h)
{
	mem_free(h->at);
	*h = (struct hll){ 0 };
}

size_t
hll_memory(const struct hll *h)
{
	return is_dense(h) ? HLL_REGISTERS : h->cap * sizeof(uint16_t);
}

static void
make_dense(struct hll *h)
{
	uint8_t *rank = mem_zero(HLL_REGISTERS, 1);
	const uint16_t *e = h->at;

	for (unsigned i = 0; i < h->n; i++)
		rank[e[i] >> RANK_BITS] = e[i] & ((1 << RANK_BITS) - 1);
	mem_free(h->at);
	*h = (struct hll){ .at = rank, .n = HLL_REGISTERS };
}

static void
insert(struct hll *h, unsigned at, unsigned reg, unsigned rank)
{
	uint16_t *e;

	if (h->n == h->cap) {
		h->cap = h->cap ? (uint16_t)(h->cap * 2) : 2;
		h->at = mem_resize(h->at, h->cap, sizeof(*e));
	}
	e = h->at;
	memmove(e + at + 1, e + at, (h->n - at) * sizeof(*e));
	e[at] = (uint16_t)(reg << RANK_BITS | rank);
	h->n++;
	if (h->n > HLL_SPARSE)
		make_dense(h);
}

static void
raise_to(struct hll *h, unsigned reg, unsigned rank)
{
	unsigned lo = 0, hi = h->n;
	uint16_t *e = h->at;

	if (is_dense(h)) {
		uint8_t *r = (uint8_t *)h->at + reg;

		*r = *r > rank ? *r : (uint8_t)rank;
		return;
	}
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if ((unsigned)e[mid] >> RANK_BITS < reg)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == h->n || (unsigned)e[lo] >> RANK_BITS != reg)
		insert(h, lo, reg, rank);
	else if ((e[lo] & ((1u << RANK_BITS) - 1)) < rank)
		e[lo] = (uint16_t)(reg << RANK_BITS | rank);
}

void
hll_add(struct hll *h, uint64_t hash)
{
	/* The bit behind the hash's end stops the count. */
	uint64_t rest = hash << HLL_BITS | UINT64_C(1) << (HLL_BITS - 1);

	raise_to(h, (unsigned)(hash >> (64 - HLL_BITS)), (unsigned)__builtin_clzll(rest) + 1);
}

void
hll_merge(struct hll *h, const struct hll *from)
{
	const uint16_t *e = from->at;
	const uint8_t *rank = from->at;

	if (!is_dense(from)) {
		for (unsigned i = 0; i < from->n; i++)
			raise_to(h, (unsigned)e[i] >> RANK_BITS, e[i] & ((1u << RANK_BITS) - 1));
		return;
	}
	if (!is_dense(h))
		make_dense(h);
	for (unsigned i = 0; i < HLL_REGISTERS; i++)
		raise_to(h, i, rank[i]);
}

double
hll_count(const struct hll *h)
{
	const double m = HLL_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
	const uint8_t *rank = h->at;
	double sum = 0, estimate;
	unsigned zero = 0;

	if (!is_dense(h))
		return m * log(m / (m - h->n));
	for (unsigned i = 0; i < HLL_REGISTERS; i++) {
		sum += ldexp(1, -(int)rank[i]);
		zero += rank[i] == 0;
	}
	estimate = alpha * m * m / sum;
	return estimate <= 2.5 * m && zero > 0 ? m * log(m / zero) : estimate;
}

void
hll_put(struct buf *b, const struct hll *h)
{
	const uint16_t *e = h->at;

	if (h->n == 0)
		return;
	buf_putc(b, is_dense(h) ? DENSE : SPARSE);
	if (is_dense(h)) {
		buf_put(b, h->at, HLL_REGISTERS);
		return;
	}
	for (unsigned i = 0; i < h->n; i++) {
		buf_putc(b, (char)(e[i] & 0xff));
		buf_putc(b, (char)(e[i] >> 8));
	}
}

static bool
get_dense(struct hll *h, const uint8_t *p, size_t n)
{
	unsigned used = 0;

	if (n != HLL_REGISTERS)
		return false;
	for (unsigned i = 0; i < HLL_REGISTERS; i++) {
		if (p[i] > RANK_MOST)
			return false;
		used += p[i] > 0;
	}
	if (used <= HLL_SPARSE)
		return false;
	h->at = mem_alloc(n);
	memcpy(h->at, p, n);
	h->n = HLL_REGISTERS;
	return true;
}

static bool
get_sparse(struct hll *h, const uint8_t *p, size_t n)
{
	unsigned before = 0;
	uint16_t *e;

	if (n % 2 != 0 || n == 0 || n / 2 > HLL_SPARSE)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		unsigned v = p[i] | (unsigned)p[i + 1] << 8, rank = v & ((1u << RANK_BITS) - 1);

		if (rank == 0 || rank > RANK_MOST || (i > 0 && v >> RANK_BITS <= before))
			return false;
		before = v >> RANK_BITS;
	}
	e = mem_alloc(n);
	for (size_t i = 0; i < n / 2; i++)
		e[i] = (uint16_t)(p[2 * i] | p[2 * i + 1] << 8);
	*h = (struct hll){ .at = e, .n = (uint16_t)(n / 2), .cap = (uint16_t)(n / 2) };
	return true;
}

bool
hll_get(struct hll *h, const void *octets, size_t n)
{
	const uint8_t *p = octets;

	hll_free(h);
	if (n == 0)
		return true;
	switch (p[0]) {
	case SPARSE: return get_sparse(h, p + 1, n - 1);
	case DENSE: return get_dense(h, p + 1, n - 1);
	default: return false;
	}
}
