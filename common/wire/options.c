#include "wire/options.h"

#include "base/num.h"
#include "wire/told.h"

bool
options_tell(const struct spec *specs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (told_find(specs[i].pen, specs[i].id) != TOLD_COUNT)
			return true;
	return false;
}

static void
bind(struct told *t, struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];
		enum told_id id = told_find(c->id.pen, c->id.id);

		if (id == TOLD_COUNT || c->id.instance != 0 || (c->flags & COLUMN_EMPTY))
			continue;
		told_bind(t, id, b->open ? c : batch_plain(b, i), (c->flags & COLUMN_SCOPE) != 0);
	}
}

static void
learn_start(struct session *s, const struct told *t)
{
	const struct column *c = told_column(t, TOLD_STARTED);

	if (c == NULL || c->type != TYPE_TIME)
		return;
	s->init_ms = column_int(c, t->rec) / NS_PER_MS;
	s->has_init = s->init_ms > 0;
}

static void
learn_type(struct session *s, const struct told *t, const struct claim *claim)
{
	if (told_has(t, TOLD_PEN) && told_has(t, TOLD_ELEMENT) && told_has(t, TOLD_TYPE))
		types_learn(&s->peer->types, claim, (uint32_t)told_number(t, TOLD_PEN),
		    (uint16_t)(told_number(t, TOLD_ELEMENT) & 0x7fff),
		    (unsigned)told_number(t, TOLD_TYPE));
}

void
options_learn(struct sessions *sessions, struct session *s, struct batch *b, size_t first, size_t n)
{
	struct claim claim = session_claim(sessions, s);
	struct told t = { .rec = first };

	bind(&t, b);
	for (; t.rec < first + n; t.rec++) {
		told_sampling(&t, &s->sampling, &s->peer->sampling, s->stats.domain, &claim);
		learn_start(s, &t);
		learn_type(s, &t, &claim);
		if (told_has(&t, TOLD_NOT_SENT))
			s->stats.not_sent = told_number(&t, TOLD_NOT_SENT);
	}
}
