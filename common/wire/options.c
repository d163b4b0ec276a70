#include "wire/options.h"

#include <math.h>

#include "base/num.h"

/* The elements that tell something.  IANA's, but for the v9 scope. */
enum told {
	TOLD_INTERVAL,
	TOLD_RANDOM,
	TOLD_SAMPLER,
	TOLD_SELECTOR,
	TOLD_COUNT_TAKEN,
	TOLD_COUNT_SPACE,
	TOLD_SIZE,
	TOLD_POPULATION,
	TOLD_PROBABILITY,
	TOLD_INGRESS,
	TOLD_EGRESS,
	TOLD_INTERFACE,
	TOLD_DOMAIN,
	TOLD_STARTED,
	TOLD_NOT_SENT,
	TOLD_PEN,
	TOLD_ELEMENT,
	TOLD_TYPE,
	TOLD_COUNT
};

static const struct {
	uint32_t pen;
	uint16_t id;
} told_ids[TOLD_COUNT] = {
	[TOLD_INTERVAL] = { PEN_IANA, 34 },
	[TOLD_RANDOM] = { PEN_IANA, 50 },
	[TOLD_SAMPLER] = { PEN_IANA, 48 },
	[TOLD_SELECTOR] = { PEN_IANA, 302 },
	[TOLD_COUNT_TAKEN] = { PEN_IANA, 305 },
	[TOLD_COUNT_SPACE] = { PEN_IANA, 306 },
	[TOLD_SIZE] = { PEN_IANA, 309 },
	[TOLD_POPULATION] = { PEN_IANA, 310 },
	[TOLD_PROBABILITY] = { PEN_IANA, 311 },
	[TOLD_INGRESS] = { PEN_IANA, 10 },
	[TOLD_EGRESS] = { PEN_IANA, 14 },
	[TOLD_INTERFACE] = { PEN_SCOPE, 2 },
	[TOLD_DOMAIN] = { PEN_IANA, 149 },
	[TOLD_STARTED] = { PEN_IANA, 160 },
	[TOLD_NOT_SENT] = { PEN_IANA, 166 },
	[TOLD_PEN] = { PEN_IANA, 346 },
	[TOLD_ELEMENT] = { PEN_IANA, 303 },
	[TOLD_TYPE] = { PEN_IANA, 339 },
};

static int
told_of(uint32_t pen, uint16_t id)
{
	for (int i = 0; i < TOLD_COUNT; i++)
		if (told_ids[i].pen == pen && told_ids[i].id == id)
			return i;
	return -1;
}

bool
options_tell(const struct spec *specs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (told_of(specs[i].pen, specs[i].id) >= 0)
			return true;
	return false;
}

/* The columns of a batch that tell something (NULL: not in it), and who tells. */
struct telling {
	const struct column *col[TOLD_COUNT];
	size_t rec;
	struct session *s;
	struct claim claim;
};

static void
bind(struct telling *t, struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		int told = told_of(b->col[i].id.pen, b->col[i].id.id);

		if (told < 0 || b->col[i].id.instance != 0 || (b->col[i].flags & COLUMN_EMPTY) ||
		    type_is_var((enum type)b->col[i].type) || b->col[i].type == TYPE_IP)
			continue;
		/* A scope says whom it is about more surely than a field of the same element. */
		if (t->col[told] == NULL || (b->col[i].flags & COLUMN_SCOPE))
			t->col[told] = b->open ? &b->col[i] : batch_plain(b, i);
	}
}

static bool
has(const struct telling *t, enum told told)
{
	const struct column *c = t->col[told];

	return c != NULL && column_has(c, t->rec);
}

static uint64_t
number(const struct telling *t, enum told told)
{
	return has(t, told) ? column_uint(t->col[told], t->rec) : 0;
}

static double
real(const struct telling *t, enum told told)
{
	const struct column *c = t->col[told];

	if (!has(t, told))
		return 0;
	if (c->type == TYPE_FLOAT32)
		return (double)((const float *)c->data)[t->rec];
	return c->type == TYPE_FLOAT64 ? ((const double *)c->data)[t->rec] : 0;
}

static uint32_t
packets_of(double interval)
{
	return interval >= 1 && interval <= UINT32_MAX ? (uint32_t)llround(interval) : 0;
}

/*
 * How many packets one stands for, by whatever elements say it (RFC 5477 8, RFC 3954 8); 0: unknown, which
 * the value 0 means too.  false: the record does not speak of it.  Time-based sampling has no such number.
 */
static bool
read_interval(const struct telling *t, uint32_t *packets)
{
	if (has(t, TOLD_INTERVAL) || has(t, TOLD_RANDOM)) {
		uint64_t n = number(t, TOLD_INTERVAL);

		*packets = packets_of((double)(n != 0 ? n : number(t, TOLD_RANDOM)));
	} else if (has(t, TOLD_COUNT_TAKEN)) {
		double taken = (double)number(t, TOLD_COUNT_TAKEN);

		*packets = packets_of((taken + (double)number(t, TOLD_COUNT_SPACE)) / taken);
	} else if (has(t, TOLD_SIZE) && has(t, TOLD_POPULATION)) {
		*packets =
		    packets_of((double)number(t, TOLD_POPULATION) / (double)number(t, TOLD_SIZE));
	} else if (has(t, TOLD_PROBABILITY)) {
		*packets = packets_of(1 / real(t, TOLD_PROBABILITY));
	} else {
		return false;
	}
	return true;
}

static void
learn_interval(const struct telling *t, enum sampling_scope scope, uint64_t id, uint32_t domain,
    uint32_t packets)
{
	if (domain == t->s->stats.domain)
		sampling_learn(&t->s->sampling, &t->claim, scope, id, domain, packets);
	sampling_learn(&t->s->peer->sampling, &t->claim, scope, id, domain, packets);
}

static void
learn_sampling(const struct telling *t)
{
	static const enum told interfaces[] = { TOLD_INTERFACE, TOLD_INGRESS, TOLD_EGRESS };
	static const enum told samplers[] = { TOLD_SELECTOR, TOLD_SAMPLER };
	uint32_t domain = t->s->stats.domain, packets;
	bool narrow = false;

	if (!read_interval(t, &packets))
		return;
	if (has(t, TOLD_DOMAIN))
		domain = (uint32_t)number(t, TOLD_DOMAIN);
	for (unsigned i = 0; i < 2; i++)
		if (has(t, samplers[i])) {
			learn_interval(
			    t, SAMPLING_FOR_SAMPLER, number(t, samplers[i]), domain, packets);
			narrow = true;
		}
	for (unsigned i = 0; i < 3; i++)
		if (has(t, interfaces[i])) {
			learn_interval(
			    t, SAMPLING_FOR_INTERFACE, number(t, interfaces[i]), domain, packets);
			narrow = true;
		}
	if (!narrow) {
		learn_interval(t, SAMPLING_FOR_ALL, 0, domain, packets);
		sampling_learn(
		    &t->s->peer->sampling, &t->claim, SAMPLING_FOR_DOMAIN, domain, domain, packets);
	}
}

static void
learn_start(const struct telling *t)
{
	const struct column *c = t->col[TOLD_STARTED];

	if (!has(t, TOLD_STARTED) || c->type != TYPE_TIME)
		return;
	t->s->init_ms = column_int(c, t->rec) / NS_PER_MS;
	t->s->has_init = t->s->init_ms > 0;
}

static void
learn_type(const struct telling *t)
{
	if (has(t, TOLD_PEN) && has(t, TOLD_ELEMENT) && has(t, TOLD_TYPE))
		types_learn(&t->s->peer->types, &t->claim, (uint32_t)number(t, TOLD_PEN),
		    (uint16_t)(number(t, TOLD_ELEMENT) & 0x7fff), (unsigned)number(t, TOLD_TYPE));
}

void
options_learn(struct sessions *sessions, struct session *s, struct batch *b, size_t first, size_t n)
{
	struct telling t = { .s = s, .claim = session_claim(sessions, s) };

	bind(&t, b);
	for (t.rec = first; t.rec < first + n; t.rec++) {
		learn_sampling(&t);
		learn_start(&t);
		learn_type(&t);
		if (has(&t, TOLD_NOT_SENT))
			s->stats.not_sent = number(&t, TOLD_NOT_SENT);
	}
}
