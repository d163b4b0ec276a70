#include "flood.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/sum.h"

enum { FADE_SHIFT = 12, QUIET_MINUTES = 30 };
#define NS_PER_MINUTE (60 * NS_PER_S)

void
floods_init(struct floods *f)
{
	*f = (struct floods){ 0 };
	keyed_init(&f->hosts, sizeof(struct host), sizeof(struct addr), FLOOD_HOSTS);
	keyed_reserve(&f->hosts);
	keyed_init(&f->floods, sizeof(struct flood), sizeof(struct addr), FLOODS_MOST);
}

void
floods_free(struct floods *f)
{
	keyed_free(&f->hosts);
	keyed_free(&f->floods);
}

/* Linear counting (Whang 1990). */
unsigned
flood_sources(uint64_t bits)
{
	unsigned zero = 64 - (unsigned)__builtin_popcountll(bits);

	return (unsigned)(64 * log(64.0 / (zero > 0 ? zero : 1)) + 0.5);
}

/* Minutes ------------------------------------------------------------------------------------------ */

static bool
is_above(uint64_t v, uint64_t floor, uint64_t peak)
{
	return v >= floor && v / FLOOD_TIMES >= peak;
}

static unsigned
signs_of(const struct host *h, const struct cell *c)
{
	unsigned sources = flood_sources(c->sources), signs = 0;
	bool one_port = c->votes > c->asked / 2;

	if (c->records < FLOOD_RECORDS)
		return 0;
	if (is_above(c->syn, FLOOD_SYNS, h->peak_syn) && c->syn >= c->tcp / 5 * 4 &&
	    (sources >= FLOOD_SOURCES || one_port))
		signs |= FLOOD_IS_SYN;
	if ((is_above(c->packets, FLOOD_PACKETS, h->peak_packets) ||
		is_above(c->bytes, FLOOD_BYTES, h->peak_bytes)) &&
	    c->packets / FLOOD_ONEWAY >= c->back)
		signs |= FLOOD_IS_ONEWAY;
	if (is_above(c->asked, FLOOD_FLOWS, h->peak_asked) && sources >= FLOOD_SOURCES &&
	    h->known >= FLOOD_KNOWN)
		signs |= FLOOD_IS_MANY;
	return signs;
}

static double
ratio(uint64_t v, uint64_t floor, uint64_t peak)
{
	uint64_t limit = peak > floor / FLOOD_TIMES ? product_unsigned(peak, FLOOD_TIMES) : floor;

	return (double)v / (double)limit;
}

/* How many times its limit the minute has, of what is most. */
static double
times_of(const struct host *h, const struct cell *c, unsigned signs)
{
	double t = 0;

	if (signs & FLOOD_IS_SYN)
		t = fmax(t, ratio(c->syn, FLOOD_SYNS, h->peak_syn));
	if (signs & FLOOD_IS_ONEWAY) {
		t = fmax(t, ratio(c->packets, FLOOD_PACKETS, h->peak_packets));
		t = fmax(t, ratio(c->bytes, FLOOD_BYTES, h->peak_bytes));
	}
	if (signs & FLOOD_IS_MANY)
		t = fmax(t, ratio(c->asked, FLOOD_FLOWS, h->peak_asked));
	return t;
}

static void
note_flood(struct floods *f, const struct host *h, const struct cell *c, unsigned signs)
{
	size_t at = keyed_add(&f->floods, &h->addr);
	double times = times_of(h, c, signs);
	struct flood *d;

	if (at == KEYED_NONE)
		return;
	d = keyed_at(&f->floods, at);
	if (d->minutes > 0 && c->minute > d->last + FLOOD_GAP) {
		f->over(f->ctx, d);
		*d = (struct flood){ .addr = d->addr };
	}
	if (d->minutes == 0) {
		d->first = c->minute;
		d->known = h->known;
	}
	d->last = c->minute > d->last ? c->minute : d->last;
	d->minutes++;
	d->signs |= signs;
	d->sampling = c->sampling > d->sampling ? c->sampling : d->sampling;
	sum_up(&d->flows, c->flows);
	sum_up(&d->packets, c->packets);
	sum_up(&d->bytes, c->bytes);
	sum_up(&d->back, c->back);
	if (times >= d->times) {
		d->times = times;
		d->worst = *c;
		d->before = *h;
	}
}

/* What a minute had becomes what the next are measured by; it fades by half in 2839 such minutes. */
#define RAISE(PEAK, V) \
	do { \
		(PEAK) -= (PEAK) >> FADE_SHIFT; \
		if ((V) > (PEAK)) \
			(PEAK) = (V); \
	} while (0)

static void
end_minute(struct floods *f, struct host *h, struct cell *c)
{
	unsigned signs = c->records > 0 ? signs_of(h, c) : 0;

	if (signs != 0) {
		note_flood(f, h, c, signs);
	} else {
		RAISE(h->peak_syn, c->syn);
		RAISE(h->peak_asked, c->asked);
		RAISE(h->peak_packets, c->packets);
		RAISE(h->peak_bytes, c->bytes);
	}
	h->known++;
	*c = (struct cell){ 0 };
}

/* The cell of a minute; what it had before is over.  NULL: the minute is. */
static struct cell *
cell_at(struct floods *f, struct host *h, uint32_t minute)
{
	struct cell *c = &h->cell[minute % FLOOD_OPEN];

	if (c->minute == minute)
		return c;
	if (minute + FLOOD_OPEN <= h->newest)
		return NULL;
	if (minute > h->newest) {
		/* In their order: older ones first. */
		for (uint32_t m = h->newest - FLOOD_OPEN + 1;
		     m + FLOOD_OPEN <= minute && m <= h->newest; m++)
			if (h->cell[m % FLOOD_OPEN].minute == m)
				end_minute(f, h, &h->cell[m % FLOOD_OPEN]);
		h->newest = minute;
		f->newest = minute > f->newest ? minute : f->newest;
	}
	c->minute = minute;
	return c;
}

/* Records ------------------------------------------------------------------------------------------ */

static inline uint32_t
minute_of(int64_t ns)
{
	return (uint32_t)(ns / NS_PER_MINUTE);
}

static uint64_t
share_of(uint64_t v, double share, const struct piece *p)
{
	return piece_scaled(p, (uint64_t)((double)v * share));
}

static void
see_interval(struct cell *c, const struct piece *p)
{
	if (p->sampling > c->sampling)
		c->sampling = p->sampling;
}

static bool
is_long(const struct piece *p)
{
	return p->end_ns - p->start_ns > NS_PER_MINUTE;
}

/* Packets and octets to a host, and packets from it, of a record that is longer than a minute. */
static void
spread(struct floods *f, struct host *h, const struct piece *p, uint64_t packets, uint64_t bytes,
    uint64_t back)
{
	double share = (double)NS_PER_MINUTE / (double)(p->end_ns - p->start_ns);
	uint32_t first = minute_of(p->start_ns), minute = minute_of(p->end_ns);

	packets = share_of(packets, share, p);
	bytes = share_of(bytes, share, p);
	back = share_of(back, share, p);

	for (uint32_t m = minute, n = 0; m > first && n < FLOOD_OPEN; m--, n++) {
		struct cell *c = cell_at(f, h, m);

		if (c == NULL)
			return;
		if (packets > 0)
			see_interval(c, p);
		sum_up(&c->packets, packets);
		sum_up(&c->bytes, bytes);
		sum_up(&c->back, back);
	}
}

/* Without a seed: the same flows give the same alerts, and the bits of a state go on in another run. */
static unsigned
source_bit(const struct addr *a)
{
	return (unsigned)(hash_xxh64(a, sizeof(*a)) >> 58);
}

void
floods_add(
    struct floods *f, struct host *h, const struct ends *e, const struct piece *p, bool asked)
{
	uint32_t minute = minute_of(p->end_ns);
	struct cell *c = cell_at(f, h, minute);
	uint64_t n = piece_scaled(p, p->flows);

	if (c == NULL) {
		f->late++;
		return;
	}
	if (c->records < UINT8_MAX)
		c->records++;
	see_interval(c, p);
	c->flows = sum_u32(c->flows, n);
	c->sources |= UINT64_C(1) << source_bit(&e->ip[p->d]);
	if (p->has_flags) {
		c->tcp = sum_u32(c->tcp, n);
		if ((p->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN)
			c->syn = sum_u32(c->syn, n);
	}
	if (asked) {
		uint16_t port = e->port[!p->d];

		c->asked = sum_u32(c->asked, n);
		if (c->votes == 0) {
			c->port = port;
			c->proto = (uint8_t)e->proto;
		}
		if (c->port == port && c->proto == e->proto)
			c->votes = sum_u32(c->votes, n);
		else
			c->votes = c->votes > n ? c->votes - (uint32_t)n : 0;
	}
	if (is_long(p)) {
		spread(f, h, p, p->packets, p->bytes, p->rpackets);
		return;
	}
	sum_up(&c->packets, piece_scaled(p, p->packets));
	sum_up(&c->bytes, piece_scaled(p, p->bytes));
	sum_up(&c->back, piece_scaled(p, p->rpackets));
}

void
floods_back(struct floods *f, struct host *h, const struct piece *p)
{
	struct cell *c;

	if (is_long(p)) {
		spread(f, h, p, 0, 0, p->packets);
		return;
	}
	c = cell_at(f, h, minute_of(p->end_ns));
	if (c != NULL)
		sum_up(&c->back, piece_scaled(p, p->packets));
}

/* Room --------------------------------------------------------------------------------------------- */

/* Minutes before `until`. */
static void
end_host(struct floods *f, struct host *h, uint32_t until)
{
	for (uint32_t m = h->newest - FLOOD_OPEN + 1; m <= h->newest && m < until; m++)
		if (h->cell[m % FLOOD_OPEN].minute == m && m != 0)
			end_minute(f, h, &h->cell[m % FLOOD_OPEN]);
}

/*
 * Destinations that never sent and that nothing was sent to for a while go first, then all of those, then the quiet,
 * all.
 */
static bool
is_dispensable(const struct floods *f, const struct host *h, unsigned round)
{
	bool quiet = h->newest + QUIET_MINUTES < f->newest;

	switch (round) {
	case 0: return quiet && h->track == 0;
	case 1: return h->track == 0;
	case 2: return quiet;
	default: return true;
	}
}

void
floods_make_room(struct floods *f)
{
	if (f->hosts.n <= FLOOD_HOSTS - 4 * CONVERSATIONS_CHUNK)
		return;
	/* To well below, or the next chunk would come to do it all again. */
	for (unsigned round = 0; round < 4 && f->hosts.n > FLOOD_HOSTS / 4 * 3; round++) {
		size_t n = 0;

		keyed_unindex(&f->hosts);
		for (size_t i = 0; i < f->hosts.n; i++) {
			struct host *h = floods_host(f, i);

			if (is_dispensable(f, h, round))
				end_host(f, h, UINT32_MAX);
			else
				memmove(floods_host(f, n++), h, sizeof(*h));
		}
		f->forgotten += f->hosts.n - n;
		f->hosts.n = n;
	}
}

void
floods_finish(struct floods *f, uint32_t now, bool resumed)
{
	/*
	 * What is left of a minute is no minute: told as one it would be missed, and be what the next is measured by.
	 */
	uint32_t until = resumed ? now - FLOOD_OPEN + 1 : UINT32_MAX;

	for (size_t i = 0; i < f->hosts.n; i++)
		end_host(f, floods_host(f, i), until);
	for (size_t i = 0; i < f->floods.n; i++)
		f->over(f->ctx, keyed_at(&f->floods, i));
	f->floods.n = 0;
	keyed_unindex(&f->floods);
}

bool
flood_cells_sane(const struct host *h)
{
	for (uint32_t i = 0; i < FLOOD_OPEN; i++) {
		uint32_t m = h->cell[i].minute;

		if (m != 0 && (m % FLOOD_OPEN != i || m > h->newest || m + FLOOD_OPEN <= h->newest))
			return false;
	}
	return true;
}

bool
flood_is_open(const struct host *h)
{
	for (uint32_t i = 0; i < FLOOD_OPEN; i++)
		if (h->cell[i].minute != 0)
			return true;
	return false;
}
