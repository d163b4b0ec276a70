/*
 * netflow9.c - NetFlow version 9 (RFC 3954).
 */
#include "base/num.h"
#include "wire/templates.h"

enum { HEADER = 20, TEMPLATES = 0, OPTIONS = 1, SCOPES = 5 };

static struct spec
read_spec(struct cursor *c, bool scope)
{
	struct spec s = { .id = cur_u16(c), .scope = scope };

	s.len = cur_u16(c);
	s.pen = scope && s.id >= 1 && s.id <= SCOPES ? PEN_SCOPE : element_v9_pen(s.id);
	return s;
}

/* n specifiers of 4 octets; false when one has no length that v9 knows (65535 is IPFIX's). */
static bool
read_specs(struct message *m, struct cursor *c, unsigned n, unsigned scopes)
{
	bool good = n <= TEMPLATE_FIELDS_MAX;

	for (unsigned i = 0; i < n && !c->bad; i++) {
		struct spec s = read_spec(c, i < scopes);

		good &= s.len != VARYING;
		if (i < TEMPLATE_FIELDS_MAX)
			m->w->specs[i] = s;
	}
	return good && !c->bad;
}

/*
 * Template records of a flowset (RFC 3954 5.2, 6.1).  The options template gives its lengths in octets.
 */
static void
define(struct message *m, bool options, struct cursor *c)
{
	while (cur_left(c) >= (options ? 6 : 4)) {
		uint16_t id = cur_u16(c);
		unsigned scope_len = options ? cur_u16(c) : 0, rest = cur_u16(c);
		unsigned n = options ? (scope_len + rest) / 4 : rest;

		if (id == 0 && scope_len == 0 && rest == 0)
			return; /* padding */
		m->seen++;
		if (options && (scope_len % 4 != 0 || rest % 4 != 0)) {
			cur_skip(c, scope_len + rest);
			templates_invalid(m, id);
		} else if (!read_specs(m, c, n, scope_len / 4) || id < 256) {
			templates_invalid(m, id);
		} else {
			templates_define(m, id, options, n);
		}
		if (c->bad)
			return;
	}
}

/* For a strict collector: does a flowset of definitions end where its last one does, or with padding? */
static bool
agrees(struct message *m, uint16_t id, struct cursor c)
{
	bool options = id == OPTIONS;

	if (id != TEMPLATES && id != OPTIONS)
		return true;
	while (!c.bad && cur_left(&c) >= (options ? 6 : 4)) {
		unsigned defined = cur_u16(&c), scope_len = options ? cur_u16(&c) : 0;
		unsigned rest = cur_u16(&c);

		if (defined == 0 && scope_len == 0 && rest == 0)
			return true;
		cur_skip(&c, options ? scope_len + rest : 4 * rest);
	}
	if (c.bad)
		message_bad(m, BAD_TEMPLATE);
	return !c.bad;
}

static const struct set_kinds kinds = { TEMPLATES, OPTIONS, define, agrees };

void
netflow9_decode(struct message *m, const uint8_t *p, size_t len)
{
	struct cursor c = cur_over(p, len);
	uint32_t uptime, seconds, seq;

	cur_skip(&c, 2);
	m->header_count = cur_u16(&c);
	uptime = cur_u32(&c);
	seconds = cur_u32(&c);
	seq = cur_u32(&c);
	m->export_ns = seconds * NS_PER_S;
	m->has_uptime = true;
	m->uptime_ms = uptime;
	m->uptime_ns = m->export_ns;
	if (!m->w->sessions.opts.strict || sets_well_formed(m, &kinds, p + HEADER, len - HEADER)) {
		if (message_restarted(m, uptime, seq)) {
			sequence_restart(&m->s->sequence);
			templates_forget_all(&m->w->sessions, m->s, true, true);
		}
		data_begin(m);
		sets_walk(m, &kinds, p + HEADER, len - HEADER);
	}
	sequence_datagram(&m->s->sequence, &m->s->peer->common, seq);
}
