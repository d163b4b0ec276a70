#include "detect/hourly.h"

#include "base/sum.h"

enum { DNS_PORT = 53 };

void
hourly_init(struct hourly *h, size_t most)
{
	*h = (struct hourly){ .last = KEYED_NONE };
	keyed_init(&h->rows, sizeof(struct hourly_row), sizeof(struct hourly_key), most);
}

void
hourly_free(struct hourly *h)
{
	for (size_t i = 0; i < h->rows.n; i++)
		hll_free(&((struct hourly_row *)keyed_at(&h->rows, i))->peers);
	keyed_free(&h->rows);
}

struct hourly_row *
hourly_at(struct hourly *h, const struct addr *a, uint32_t hour, enum hourly_kind kind)
{
	struct hourly_key key = { .addr = *a, .hour = hour, .kind = kind };

	if (h->last != KEYED_NONE) {
		struct hourly_row *r = keyed_at(&h->rows, h->last);

		if (r->key.hour == hour && memcmp(&r->key, &key, sizeof(key)) == 0)
			return r;
	}
	h->last = keyed_add(&h->rows, &key);
	return h->last != KEYED_NONE ? keyed_at(&h->rows, h->last) : NULL;
}

uint32_t
hourly_prefetch(const struct hourly *h, const struct addr *a, uint32_t hour)
{
	struct hourly_key key = { .addr = *a, .hour = hour, .kind = HOURLY_HOST };
	uint32_t hash = keyed_hash(&h->rows, &key);

	keyed_prefetch(&h->rows, hash);
	return hash;
}

void
hourly_keep(struct hourly *h, bool (*keep)(void *ctx, struct hourly_row *), void *ctx)
{
	size_t n = 0;

	keyed_unindex(&h->rows);
	for (size_t i = 0; i < h->rows.n; i++) {
		struct hourly_row *r = keyed_at(&h->rows, i);

		if (keep(ctx, r))
			*(struct hourly_row *)keyed_at(&h->rows, n++) = *r;
		else
			hll_free(&r->peers);
	}
	h->rows.n = n;
	h->last = KEYED_NONE;
}

unsigned
hourly_shares(int64_t start_ns, int64_t end_ns, uint64_t octets, uint32_t *first, uint64_t *shares)
{
	uint32_t from = hourly_hour(start_ns), to = hourly_hour(end_ns);
	double all = (double)(end_ns - start_ns);
	uint64_t left = octets;

	*first = to;
	if (from == to || to - from >= HOURLY_SPAN) {
		shares[0] = octets;
		return 1;
	}
	*first = from;
	for (uint32_t h = from; h < to; h++) {
		int64_t begin = h == from ? start_ns : (int64_t)h * NS_PER_HOUR;
		int64_t end = ((int64_t)h + 1) * NS_PER_HOUR;
		uint64_t share = (uint64_t)((double)octets * ((double)(end - begin) / all));

		shares[h - from] = share < left ? share : left;
		left -= shares[h - from];
	}
	shares[to - from] = left;
	return to - from + 1;
}

static void
add_octets(
    struct hourly *h, const struct addr *a, enum metric m, const struct piece *p, uint64_t octets)
{
	uint64_t shares[HOURLY_SPAN];
	uint32_t first;
	unsigned n;

	if (octets == 0)
		return;
	n = hourly_shares(p->start_ns, p->end_ns, octets, &first, shares);
	for (unsigned i = 0; i < n; i++) {
		struct hourly_row *r = hourly_at(h, a, first + i, HOURLY_HOST);

		if (r == NULL)
			continue;
		sum_up(&r->v[m], shares[i]);
		r->fresh = true;
	}
}

void
hourly_add(struct hourly *h, const struct ends *e, const struct piece *p, bool ours, bool theirs)
{
	const struct addr *src = &e->ip[p->d], *dst = &e->ip[!p->d];
	/* To many at once is to our own network. */
	bool local = theirs || !scope_unicast(dst);

	if (ours) {
		add_octets(h, src, local ? METRIC_LAN_OUT : METRIC_OUT, p, p->bytes);
		add_octets(h, src, local ? METRIC_LAN_IN : METRIC_IN, p, p->rbytes);
		if (e->port[!p->d] == DNS_PORT)
			add_octets(h, src, METRIC_DNS, p, p->bytes);
	}
	if (theirs) {
		add_octets(h, dst, ours ? METRIC_LAN_IN : METRIC_IN, p, p->bytes);
		add_octets(h, dst, ours ? METRIC_LAN_OUT : METRIC_OUT, p, p->rbytes);
	}
}
