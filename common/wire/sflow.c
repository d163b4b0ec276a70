/*
 * sflow.c - datagrams of sFlow version 5, one sample after another.
 *
 * A sample of a packet becomes a flow record of one packet, counters of an interface options data.  A
 * length that cannot be ends the sample or the datagram that it is in; what came before it stays.
 */
#include "wire/sflow.h"

enum { ADDRESS_NONE = 0, ADDRESS_IP4 = 1, ADDRESS_IP6 = 2 };
enum { FLOW = 1, COUNTERS = 2, FLOW_EXPANDED = 3, COUNTERS_EXPANDED = 4 };

/* Is there nothing, or something of a length that can be? */
static bool
begins_part(struct cursor c)
{
	if (cur_left(&c) == 0)
		return true;
	cur_skip(&c, 4);
	cur_skip(&c, cur_u32(&c));
	return !c.bad;
}

/*
 * What is behind opaque data of so many octets: padding to a multiple of 4 (RFC 4506 4.10).  Agents that
 * leave it out are told by what follows, which has a length that cannot be if it is read behind padding.
 */
static void
skip_padding(struct cursor *c, size_t len)
{
	struct cursor padded = *c;
	size_t n = -len % 4;

	cur_skip(&padded, n < cur_left(c) ? n : cur_left(c));
	if (begins_part(padded))
		*c = padded;
}

/* The next one, and the padding behind it; false: the length that it gives is beyond what there is. */
static bool
next_part(struct cursor *c, struct sflow_part *part)
{
	part->format = cur_u32(c);
	part->body = cur_sub(c, cur_u32(c));
	if (cur_left(&part->body) % 4 != 0)
		skip_padding(c, cur_left(&part->body));
	return !c->bad;
}

bool
sflow_record(struct sflow *s, struct sflow_records *r, struct sflow_part *part)
{
	if (r->left == 0)
		return false;
	r->left--;
	if (cur_left(r->c) == 0)
		message_bad(s->m, BAD_COUNT);
	else if (next_part(r->c, part))
		return true;
	else
		message_bad(s->m, BAD_RECORD);
	r->left = 0;
	return false;
}

/* One number: 8 bits type, 24 index; or one each. */
struct sflow_source
sflow_source(struct cursor *c, bool expanded)
{
	uint32_t first = cur_u32(c);

	if (expanded)
		return (struct sflow_source){ first, cur_u32(c) };
	return (struct sflow_source){ first >> 24, first & 0xffffff };
}

bool
sflow_address(struct cursor *c, struct addr *a, bool *v6)
{
	uint32_t type = cur_u32(c);
	const uint8_t *p;

	*v6 = type == ADDRESS_IP6;
	switch (type) {
	case ADDRESS_IP4: *a = addr_v4(cur_u32(c)); return !c->bad;
	case ADDRESS_IP6:
		p = cur_octets(c, 16);
		if (p != NULL)
			memcpy(a->b, p, 16);
		return p != NULL;
	case ADDRESS_NONE: return false;
	default: c->bad = true; return false; /* of a length that nobody knows */
	}
}

void
sflow_number(struct row *r, enum row_field f, uint32_t v)
{
	if (v != UINT32_MAX || r->m->w->sessions.opts.raw)
		row_number(r, f, v);
}

static void
decode_sample(struct sflow *s, struct sflow_part *part)
{
	switch (part->format) {
	case FLOW: sflow_flow_sample(s, &part->body, false); break;
	case FLOW_EXPANDED: sflow_flow_sample(s, &part->body, true); break;
	case COUNTERS: sflow_counter_sample(s, &part->body, false); break;
	case COUNTERS_EXPANDED: sflow_counter_sample(s, &part->body, true); break;
	default: s->m->s->stats.skipped++; break;
	}
}

static void
decode_samples(struct sflow *s, struct cursor *c, uint32_t count)
{
	struct sflow_part part;

	for (; count > 0 && cur_left(c) > 0; count--) {
		if (!next_part(c, &part)) {
			message_bad(s->m, BAD_SET_LENGTH);
			return;
		}
		decode_sample(s, &part);
	}
	if (count > 0)
		message_bad(s->m, BAD_COUNT);
	if (cur_left(c) > 0)
		message_bad(s->m, BAD_TRAILING);
}

/* How many octets a known kind of sample has before the count of its records; 0: it is not known. */
static size_t
sample_header(uint32_t format)
{
	switch (format) {
	case FLOW: return 28;
	case FLOW_EXPANDED: return 40;
	case COUNTERS: return 8;
	case COUNTERS_EXPANDED: return 12;
	default: return 0;
	}
}

static bool
sample_well_formed(struct sflow_part *sample)
{
	struct cursor *c = &sample->body;
	struct sflow_part record;
	uint32_t count;

	if (sample_header(sample->format) == 0)
		return true;
	cur_skip(c, sample_header(sample->format));
	for (count = cur_u32(c); count > 0 && !c->bad; count--)
		(void)next_part(c, &record);
	return !c->bad;
}

/* Would a strict collector take it?  Counts and lengths of samples and records only. */
static bool
well_formed(struct cursor c, uint32_t count)
{
	struct sflow_part sample;

	for (; count > 0; count--)
		if (!next_part(&c, &sample) || !sample_well_formed(&sample))
			return false;
	return true;
}

void
sflow_decode(struct message *m, const uint8_t *p, size_t len)
{
	struct sflow s;
	struct cursor c = cur_over(p, len);
	uint32_t seq, uptime, count;

	s.m = m;
	s.text = (struct buf){ .len = 0 };
	cur_skip(&c, 4);
	s.has_agent = sflow_address(&c, &s.agent, &s.agent_v6);
	cur_skip(&c, 4);
	seq = cur_u32(&c);
	uptime = cur_u32(&c);
	count = cur_u32(&c);
	if (m->w->sessions.opts.strict && !well_formed(c, count)) {
		message_bad(m, BAD_SET_LENGTH);
	} else {
		if (message_restarted(m, uptime, seq))
			sequence_restart(&m->s->sequence);
		data_begin(m);
		s.n_options = m->n_constants;
		data_guess_times(m);
		s.n_flows = m->n_constants;
		decode_samples(&s, &c, count);
	}
	sequence_datagram(&m->s->sequence, &m->s->peer->common, seq);
	buf_free(&s.text);
}
