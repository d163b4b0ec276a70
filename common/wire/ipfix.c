/*
 * ipfix.c - IPFIX messages (RFC 7011), from datagrams, streams and files (RFC 5655).
 */
#include "base/mem.h"
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
		templates_withdraw_all(m, options);
	else if (!templates_withdraw(m, id, options))
		message_bad(m, BAD_TEMPLATE);
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

/* Strict ----------------------------------------------------------------------------------------- */

/*
 * A strict collector looks at a whole message before it learns anything of it.  Records are then measured by the
 * template that the message itself defines before them, else by the one that is known: where that is in the
 * message is remembered by template id in wire.defined, as message << 17 | options << 16 | offset, wire.strict counting
 * messages.
 */
enum { OFFSET_BITS = 16, OPTIONS_BIT = 1 << OFFSET_BITS };

/* Does a set of definitions end where its last one does, or with padding? */
static bool
definitions_agree(struct message *m, bool options, struct cursor c)
{
	struct wire *w = m->w;

	while (cur_left(&c) >= 4) {
		uint64_t at = (uint64_t)(c.p - m->msg->data) | (options ? OPTIONS_BIT : 0);
		unsigned id = cur_u16(&c), n = cur_u16(&c);

		if (n == 0 && id == 0)
			return true;
		if (n > 0 && options)
			cur_skip(&c, 2);
		for (unsigned i = 0; i < n && !c.bad; i++)
			(void)read_spec(&c, false);
		w->defined[id] = w->strict << (OFFSET_BITS + 1) | at;
	}
	return !c.bad;
}

/* The message's own template for a set: its number of specifiers, which are in wire.specs; 0: it has none. */
static unsigned
own_template(struct message *m, unsigned id)
{
	uint64_t defined = m->w->defined[id];
	size_t at = defined & (OPTIONS_BIT - 1);
	struct cursor c;
	unsigned n;

	/* Of another message, which may have been longer? */
	if (defined >> (OFFSET_BITS + 1) != m->w->strict)
		return 0;
	c = cur_over(m->msg->data + at, m->msg->len - at);
	cur_skip(&c, 2);
	n = cur_u16(&c);
	if (defined & OPTIONS_BIT)
		cur_skip(&c, 2);
	return n > 0 && read_specs(m, &c, n, 0) ? n : 0;
}

/* Do the varying fields of a set's records end within it?  What is left behind the last record is padding. */
static bool
records_agree(const struct spec *specs, unsigned n, struct cursor c)
{
	uint64_t least = 0;
	bool varying = false;

	for (unsigned i = 0; i < n; i++) {
		varying |= specs[i].len == VARYING;
		least += specs[i].len == VARYING ? 1 : specs[i].len;
	}
	while (varying && !c.bad && cur_left(&c) >= least)
		for (unsigned i = 0; i < n; i++)
			cur_skip(&c, specs[i].len == VARYING ? varying_length(&c) : specs[i].len);
	return !c.bad;
}

static bool
agrees(struct message *m, uint16_t id, struct cursor body)
{
	const struct template *known;
	unsigned n;

	if (id == TEMPLATES || id == OPTIONS) {
		if (definitions_agree(m, id == OPTIONS, body))
			return true;
		message_bad(m, BAD_TEMPLATE);
		return false;
	}
	if (id < 256)
		return true;
	n = own_template(m, id);
	if (n > 0) {
		if (records_agree(m->w->specs, n, body))
			return true;
	} else {
		known = templates_find(m, id);
		if (known == NULL || records_agree(known->specs, known->n_specs, body))
			return true;
	}
	message_bad(m, BAD_RECORD);
	return false;
}

static const struct set_kinds kinds = { TEMPLATES, OPTIONS, define, agrees };

static bool
well_formed(struct message *m, const uint8_t *p, size_t len)
{
	struct wire *w = m->w;

	if (w->defined == NULL)
		w->defined = mem_zero(UINT16_MAX + 1, sizeof(*w->defined));
	w->strict++;
	return sets_well_formed(m, &kinds, p, len);
}

/* Messages --------------------------------------------------------------------------------------- */

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
	    (claimed > len || !well_formed(m, p + HEADER, claimed - HEADER))) {
		m->uncounted = claimed - HEADER; /* it came: what was in it is not lost */
	} else {
		data_begin(m);
		sets_walk(m, &kinds, p + HEADER, (claimed < len ? claimed : len) - HEADER);
		if (claimed > len)
			m->uncounted += claimed - len;
	}
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
