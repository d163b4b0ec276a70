#include "ops/conversation_row.h"

#include <string.h>

#include "base/sum.h"

/* Records ------------------------------------------------------------------------------------------ */

static int64_t
clamp(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

/* How far from what there is a record may be and still continue it. */
static int64_t
reach(const struct conversation_row *o, const struct patience *p, int64_t lasted_ns, unsigned flags)
{
	unsigned all = o->flags[0] | o->flags[1] | flags;

	if (o->ends.proto != IP_TCP || !o->has_flags)
		return clamp(lasted_ns, p->pair_ns, p->timeout_ns);
	return !(all & (TCP_FIN | TCP_RST)) && (all & TCP_ACK) ? p->timeout_ns : p->pair_ns;
}

int64_t
row_wait(const struct conversation_row *o, const struct patience *p)
{
	return reach(o, p, o->end_ns - o->start_ns, 0);
}

bool
row_continues(const struct conversation_row *o, const struct patience *w, const struct piece *p)
{
	int64_t after = p->start_ns - o->end_ns, before = o->start_ns - p->end_ns;
	int64_t gap = after > before ? after : before;
	int64_t lasted = o->end_ns - o->start_ns, lasts = p->end_ns - p->start_ns;
	unsigned all = o->flags[0] | o->flags[1], flags = (unsigned)p->flags;

	if (gap <= 0)
		return true;
	if (after > 0 && (flags & TCP_SYN)) {
		bool pure = !(flags & TCP_ACK);

		if (pure ? (all & (TCP_ACK | TCP_RST | TCP_FIN)) != 0
			 : (o->flags[p->d] & (TCP_RST | TCP_FIN)) != 0)
			return false; /* the ports are used again */
	}
	if (flags & TCP_SYN)
		return gap <= w->pair_ns;
	return gap <= reach(o, w, lasted > lasts ? lasted : lasts, flags);
}

/* Member by member: compilers clear a structure of this size with an instruction that is slow to start. */
void
row_begin(struct conversation_row *o, const struct ends *e, const struct piece *p)
{
	o->ends = *e;
	o->start_ns = p->start_ns;
	o->end_ns = p->end_ns;
	for (unsigned d = 0; d < 2; d++) {
		o->first_ns[d] = INT64_MAX;
		o->packets[d] = o->bytes[d] = 0;
		o->flows[d] = 0;
		o->flags[d] = o->icmp[d] = 0;
	}
	o->sampling = 1;
	o->votes = o->has_flags = 0;
}

void
row_extend(struct conversation_row *o, const struct piece *p)
{
	unsigned d = p->d, votes = conversation_vote((unsigned)p->flags);

	if (p->start_ns < o->start_ns)
		o->start_ns = p->start_ns;
	if (p->end_ns > o->end_ns)
		o->end_ns = p->end_ns;
	if (p->start_ns < o->first_ns[d])
		o->first_ns[d] = p->start_ns;
	if (o->flows[d] == 0)
		o->icmp[d] = (uint16_t)p->icmp;
	sum_up(&o->packets[d], p->packets);
	sum_up(&o->bytes[d], p->bytes);
	o->flows[d] = sum_u32(o->flows[d], p->flows);
	o->flags[d] |= (uint16_t)p->flags;
	o->has_flags |= p->has_flags;
	if (p->sampling > o->sampling)
		o->sampling = p->sampling;
	if (p->is_biflow) {
		sum_up(&o->packets[!d], p->rpackets);
		sum_up(&o->bytes[!d], p->rbytes);
		o->flows[!d] = sum_u32(o->flows[!d], p->rflows);
		o->flags[!d] |= (uint16_t)p->rflags;
		votes |= VOTE_BEGAN;
	}
	o->votes |= (uint8_t)(votes << d * VOTE_BITS);
}

/* Telling ------------------------------------------------------------------------------------------ */

static struct side
side_of(const struct conversation_row *o, unsigned d)
{
	return (struct side){ .votes = o->votes >> d * VOTE_BITS & ((1u << VOTE_BITS) - 1),
		.port = o->ends.port[d] != 0 ? o->ends.port[d] : -1,
		.seen = o->flows[d] > 0,
		.first_ns = o->first_ns[d] };
}

static enum answer
answer_of(const struct conversation *c)
{
	if (c->flows == 0)
		return ANSWER_ONLY;
	if (c->rflows == 0)
		return ANSWER_NONE;
	if (c->proto == IP_TCP && (c->rflags & TCP_RST) &&
	    !(c->rflags & (TCP_SYN | TCP_FIN | TCP_PSH)))
		return ANSWER_REFUSED;
	return ANSWER_GIVEN;
}

void
row_tell(const struct conversation_row *o, struct conversation *c)
{
	struct side a = side_of(o, 0), b = side_of(o, 1);
	unsigned d = conversation_begun_by_b(&a, &b);

	c->client = o->ends.ip[d];
	c->server = o->ends.ip[!d];
	c->client_port = o->ends.port[d];
	c->server_port = o->ends.port[!d];
	c->proto = (uint8_t)o->ends.proto;
	c->start_ns = o->start_ns;
	c->end_ns = o->end_ns;
	c->packets = o->packets[d];
	c->rpackets = o->packets[!d];
	c->bytes = o->bytes[d];
	c->rbytes = o->bytes[!d];
	c->flows = o->flows[d];
	c->rflows = o->flows[!d];
	c->flags = o->flags[d];
	c->rflags = o->flags[!d];
	c->has_flags = o->has_flags;
	c->sampling = o->sampling;
	c->in_pieces = false;
	if (c->proto == IP_ICMP || c->proto == IP_ICMP6)
		c->server_port = o->icmp[o->flows[d] > 0 ? d : !d];
	c->answer = (uint8_t)answer_of(c);
}

bool
conversation_answered(const struct conversation *c)
{
	if (c->sampling <= 1 || c->answer == ANSWER_GIVEN)
		return c->answer == ANSWER_GIVEN;
	return c->answer != ANSWER_REFUSED &&
	       (c->proto != IP_TCP || !c->has_flags || (c->flags | c->rflags) & TCP_ACK);
}

/* Sanity ------------------------------------------------------------------------------------------- */

static bool
is_time(int64_t ns)
{
	return ns >= 0 && ns <= INT64_MAX / 2;
}

bool
row_sane(const struct conversation_row *o)
{
	int order = memcmp(o->ends.ip[0].b, o->ends.ip[1].b, 16);

	if (order > 0 || (order == 0 && o->ends.port[0] > o->ends.port[1]) ||
	    !is_time(o->start_ns) || !is_time(o->end_ns) || o->end_ns < o->start_ns ||
	    o->sampling == 0 || o->votes >> 2 * VOTE_BITS != 0 || o->has_flags > 1)
		return false;
	for (unsigned d = 0; d < 2; d++)
		if (!is_time(o->first_ns[d]) && o->first_ns[d] != INT64_MAX)
			return false;
	return true;
}
