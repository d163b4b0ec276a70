/*
 * fragment.c - IP datagrams put together from their fragments (RFC 791 3.2, RFC 8200 4.5).
 */
#include "net/fragment.h"
#include "base/mem.h"
#include "base/num.h"

struct stretch {
	uint32_t from, to;
};

/* A datagram being put together.  Slots keep their memory when the datagram has gone. */
struct slot {
	bool used;
	bool doomed; /* swallows what still comes, until it is old */
	uint64_t held; /* fragments in it */
	int64_t since_ns;
	struct packet ip; /* of its fragments: addresses, id, protocol */
	uint32_t total; /* 0: the last fragment was not seen */
	unsigned n_stretches;
	struct stretch stretch[FRAGMENT_GAPS]; /* what is there: ascending, apart from each other */
	uint8_t *data;
};

struct fragments {
	struct slot slot[FRAGMENT_DATAGRAMS];
};

struct fragments *
fragments_new(void)
{
	return mem_zero(1, sizeof(struct fragments));
}

void
fragments_free(struct fragments *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < FRAGMENT_DATAGRAMS; i++)
		mem_free(f->slot[i].data);
	mem_free(f);
}

static void
give_up(struct slot *s, uint64_t *dropped)
{
	*dropped += s->held;
	s->held = 0;
	s->used = false;
}

uint64_t
fragments_drop(struct fragments *f)
{
	uint64_t dropped = 0;

	for (size_t i = 0; i < FRAGMENT_DATAGRAMS; i++)
		if (f->slot[i].used)
			give_up(&f->slot[i], &dropped);
	return dropped;
}

/* IPv6 fragments belong together whatever their next header says (RFC 8200 4.5). */
static bool
same_datagram(const struct packet *a, const struct packet *b)
{
	return a->id == b->id && a->version == b->version &&
	       (a->version == 6 || a->proto == b->proto) &&
	       memcmp(&a->src, &b->src, sizeof a->src) == 0 &&
	       memcmp(&a->dst, &b->dst, sizeof a->dst) == 0;
}

/* The slot of a fragment's datagram; a new one when there is none. */
static struct slot *
find(struct fragments *f, const struct packet *ip, int64_t now_ns, uint64_t *dropped)
{
	struct slot *unused = NULL, *oldest = &f->slot[0], *s;

	for (size_t i = 0; i < FRAGMENT_DATAGRAMS; i++) {
		s = &f->slot[i];
		if (s->used && now_ns - s->since_ns > FRAGMENT_AGE_S * NS_PER_S)
			give_up(s, dropped);
		if (!s->used)
			unused = s;
		else if (same_datagram(&s->ip, ip))
			return s;
		else if (s->since_ns < oldest->since_ns)
			oldest = s;
	}
	s = unused != NULL ? unused : oldest;
	if (s->used)
		give_up(s, dropped);
	if (s->data == NULL)
		s->data = mem_alloc(FRAGMENT_OCTETS);
	*s = (struct slot){ .used = true, .since_ns = now_ns, .ip = *ip, .data = s->data };
	return s;
}

/* Are octets [from, to) there already, and the same? */
static bool
repeats(const struct slot *s, uint32_t from, uint32_t to, const uint8_t *p)
{
	for (unsigned i = 0; i < s->n_stretches; i++)
		if (s->stretch[i].from <= from && to <= s->stretch[i].to)
			return memcmp(s->data + from, p, to - from) == 0;
	return false;
}

/* Enter octets [from, to) as there.  false: they overlap others, or there are too many gaps. */
static bool
enter(struct slot *s, uint32_t from, uint32_t to)
{
	unsigned i = 0;

	while (i < s->n_stretches && s->stretch[i].to <= from)
		i++;
	if (i < s->n_stretches && s->stretch[i].from < to)
		return false;
	if (i > 0 && s->stretch[i - 1].to == from) {
		s->stretch[i - 1].to = to;
		if (i < s->n_stretches && s->stretch[i].from == to) {
			s->stretch[i - 1].to = s->stretch[i].to;
			memmove(&s->stretch[i], &s->stretch[i + 1],
			    (s->n_stretches - i - 1) * sizeof s->stretch[0]);
			s->n_stretches--;
		}
		return true;
	}
	if (i < s->n_stretches && s->stretch[i].from == to) {
		s->stretch[i].from = from;
		return true;
	}
	if (s->n_stretches == FRAGMENT_GAPS)
		return false;
	memmove(&s->stretch[i + 1], &s->stretch[i], (s->n_stretches - i) * sizeof s->stretch[0]);
	s->stretch[i] = (struct stretch){ .from = from, .to = to };
	s->n_stretches++;
	return true;
}

/* Put a fragment in its place.  false: it contradicts what is there. */
static bool
place(struct slot *s, const struct packet *ip)
{
	size_t n = ip->payload_len;
	uint32_t from = ip->offset, to = (uint32_t)(from + n);

	if (to > FRAGMENT_OCTETS || (s->total != 0 && to > s->total))
		return false;
	if (!ip->more && s->n_stretches > 0 && s->stretch[s->n_stretches - 1].to > to)
		return false;
	if (!repeats(s, from, to, ip->payload.p)) {
		if (!enter(s, from, to))
			return false;
		memcpy(s->data + from, ip->payload.p, n);
	}
	if (!ip->more)
		s->total = to;
	if (from == 0)
		s->ip.proto = ip->proto;
	return true;
}

bool
fragments_add(struct fragments *f, const struct packet *ip, int64_t now_ns, struct packet *whole,
    uint64_t *dropped)
{
	size_t n = ip->payload_len;
	struct slot *s;

	/* Cut by the capture, empty, or of a length that leaves a gap nobody can fill. */
	if (n != cur_left(&ip->payload) || n == 0 || (ip->more && n % 8 != 0)) {
		++*dropped;
		return false;
	}
	s = find(f, ip, now_ns, dropped);
	s->held++;
	if (!s->doomed && !place(s, ip))
		s->doomed = true;
	if (s->doomed) {
		*dropped += s->held;
		s->held = 0;
		return false;
	}
	if (s->total == 0 || s->n_stretches != 1 || s->stretch[0].from != 0 ||
	    s->stretch[0].to != s->total)
		return false;
	*whole = s->ip;
	whole->payload = cur_over(s->data, s->total);
	whole->payload_len = s->total;
	whole->fragment = whole->more = false;
	whole->offset = 0;
	s->used = false;
	s->held = 0;
	return true;
}
