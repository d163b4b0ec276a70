/*
 * ipfix.c - IPFIX messages (RFC 7011), from datagrams, streams and files (RFC 5655).
 */
#include "base/num.h"
#include "wire/templates.h"

enum { HEADER = 16, TEMPLATES = 2, OPTIONS = 3, ENTERPRISE_BIT = 0x8000 };

static struct spec
read_spec(struct cursor *c, bool scope)
{
	uint16_t id = cur_u16(c);
	struct spec s = { .id = id & (uint16_t)~ENTERPRISE_BIT, .len = cur_u16(c), .scope = scope };

	if (id & ENTERPRISE_BIT)
		s.pen = cur_u32(c);
	return s;
}

/* Enterprise numbers that columns use for other things; never assigned by IANA. */
static bool
is_reserved(uint32_t pen)
{
	return pen >= PEN_OWN;
}

static bool
read_specs(struct message *m, struct cursor *c, unsigned n, unsigned scopes)
{
	bool good = n <= TEMPLATE_FIELDS_MAX;

	for (unsigned i = 0; i < n && !c->bad; i++) {
		struct spec s = read_spec(c, i < scopes);

		good &= !is_reserved(s.pen);
		if (i < TEMPLATE_FIELDS_MAX)
			m->w->specs[i] = s;
	}
	return good && !c->bad;
}

/*
 * RFC 7011 8.1: a template without fields withdraws the one with its id, ids 2 and 3 all (options)
 * templates.  Over UDP withdrawals MUST be ignored: they may overtake what they withdraw.
 */
static void
withdraw(struct message *m, uint16_t id, bool options)
{
	if (!m->msg->stream)
		return;
	if (id == (options ? OPTIONS : TEMPLATES))
		templates_forget_all(&m->w->sessions, m->s, !options, options);
	else
		templates_forget(&m->w->sessions, m->s, id);
}

/* Template records of a set (RFC 7011 3.4.1, 3.4.2). */
static void
define(struct message *m, bool options, struct cursor *c)
{
	while (cur_left(c) >= 4) {
		uint16_t id = cur_u16(c);
		unsigned n = cur_u16(c), scopes;

		if (n == 0 && id == 0)
			return; /* padding */
		if (n == 0) {
			withdraw(m, id, options);
			continue;
		}
		scopes = options ? cur_u16(c) : 0;
		if (!read_specs(m, c, n, scopes) || id < 256 ||
		    (options && (scopes == 0 || scopes > n)))
			templates_invalid(m, id);
		else
			templates_define(m, id, options, n);
		if (c->bad)
			return;
	}
}

static const struct set_kinds kinds = { TEMPLATES, OPTIONS, define };

void
ipfix_decode(struct message *m, const uint8_t *p, size_t len)
{
	struct cursor c = cur_over(p, len);
	size_t claimed;
	uint32_t seq;

	cur_skip(&c, 2);
	claimed = cur_u16(&c);
	m->export_ns = cur_u32(&c) * NS_PER_S;
	seq = cur_u32(&c);
	if (claimed > len || claimed < HEADER)
		message_bad(m, BAD_SHORT);
	if (claimed < HEADER)
		return;
	if (claimed < len)
		message_bad(m, BAD_TRAILING);
	if (m->w->sessions.opts.strict &&
	    (claimed > len || !sets_well_formed(&kinds, p + HEADER, claimed - HEADER))) {
		message_bad(m, BAD_SET_LENGTH);
		return;
	}
	data_begin(m);
	sets_walk(m, &kinds, p + HEADER, (claimed < len ? claimed : len) - HEADER);
	if (claimed > len)
		m->uncounted += claimed - len;
	sequence_message(session_sequence(&m->w->sessions, m->s, m->msg->stream_id), seq, m->units,
	    m->uncounted);
}

bool
wire_recognise_ipfix(const void *data, size_t len)
{
	struct cursor c = cur_over(data, len);
	unsigned version = cur_u16(&c), claimed = cur_u16(&c);

	return len >= HEADER && version == 10 && claimed >= HEADER;
}
