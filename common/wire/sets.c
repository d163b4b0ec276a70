/*
 * sets.c - the sets of a v9 or IPFIX message, one after another by their lengths.
 *
 * A set whose length cannot be ends the message; what came before it stays (RFC 7011 9.1 would discard
 * it all: that is what wire_opts.strict does).
 */
#include "wire/held.h"
#include "wire/templates.h"

enum { SET_HEADER = 4, DATA_SET_MIN = 256 };

struct set {
	uint16_t id;
	struct cursor body;
};

enum next { NEXT_SET, NEXT_END, NEXT_TRAILING, NEXT_DAMAGE };

static enum next
next_set(struct cursor *c, struct set *s)
{
	const uint8_t *start = c->p;
	size_t len;

	if (cur_left(c) < SET_HEADER)
		return cur_left(c) == 0 ? NEXT_END : NEXT_TRAILING;
	s->id = cur_u16(c);
	len = cur_u16(c);
	if (len < SET_HEADER || len - SET_HEADER > cur_left(c))
		return octets_zero(start, (size_t)(c->end - start)) ? NEXT_TRAILING : NEXT_DAMAGE;
	s->body = cur_sub(c, len - SET_HEADER);
	return NEXT_SET;
}

static bool
is_definition(const struct set_kinds *kinds, uint16_t id)
{
	return id == kinds->templates || id == kinds->options;
}

bool
sets_well_formed(struct message *m, const struct set_kinds *kinds, const uint8_t *p, size_t len)
{
	struct cursor c = cur_over(p, len);
	struct set s;
	enum next next;

	while ((next = next_set(&c, &s)) == NEXT_SET)
		if (!kinds->agrees(m, s.id, s.body))
			return false;
	if (next == NEXT_DAMAGE)
		message_bad(m, BAD_SET_LENGTH);
	return next != NEXT_DAMAGE;
}

/*
 * May the template of data that has none still come?  A connection keeps the order: behind a withdrawal it is more
 * likely gone, and another one of its number would make up records (RFC 7011 8.1).
 */
static bool
may_wait(const struct message *m)
{
	return m->msg->stream != WIRE_CONNECTION || !m->s->withdrew;
}

static void
decode_data(struct message *m, uint16_t id, const struct cursor *body)
{
	struct template *p = templates_find(m, id);

	if (p == NULL)
		p = templates_borrow(m, id);
	if (p != NULL) {
		m->s->stats.cached += p->cached;
		data_set(m, p, body->p, cur_left(body));
		return;
	}
	m->s->stats.unknown_template_sets++;
	m->uncounted += cur_left(body);
	if (!may_wait(m) || !held_add(m, id, body->p, cur_left(body)))
		m->s->stats.held_lost++;
}

void
sets_walk(struct message *m, const struct set_kinds *kinds, const uint8_t *p, size_t len)
{
	struct cursor c = cur_over(p, len);
	unsigned deferred = 0;
	struct set s;
	enum next next;

	for (;;) {
		size_t at = cur_offset(&c);

		next = next_set(&c, &s);
		if (next != NEXT_SET)
			break;
		if (is_definition(kinds, s.id))
			kinds->define(m, s.id == kinds->options, &s.body);
		else if (s.id < DATA_SET_MIN)
			message_bad(m, BAD_SET_ID);
		else if (deferred < SETS_DEFERRED_MAX && may_wait(m) &&
			 templates_find(m, s.id) == NULL)
			m->w->deferred[deferred++] = (uint16_t)at;
		else
			decode_data(m, s.id, &s.body);
	}
	if (next == NEXT_TRAILING) {
		message_bad(m, BAD_TRAILING);
	} else if (next == NEXT_DAMAGE) {
		message_bad(m, BAD_SET_LENGTH);
		m->uncounted += len - cur_offset(&c);
	}
	for (unsigned i = 0; i < deferred; i++) {
		c = cur_over(p + m->w->deferred[i], len - m->w->deferred[i]);
		if (next_set(&c, &s) == NEXT_SET)
			decode_data(m, s.id, &s.body);
	}
	if (m->defined)
		held_replay(m);
}
