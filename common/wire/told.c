#include "wire/told.h"

#include <math.h>

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
	[TOLD_TEMPLATE] = { PEN_IANA, 145 },
	[TOLD_TEMPLATE_SCOPE] = { PEN_SCOPE, 5 },
	[TOLD_DOMAIN] = { PEN_IANA, 149 },
	[TOLD_STARTED] = { PEN_IANA, 160 },
	[TOLD_NOT_SENT] = { PEN_IANA, 166 },
	[TOLD_PEN] = { PEN_IANA, 346 },
	[TOLD_ELEMENT] = { PEN_IANA, 303 },
	[TOLD_TYPE] = { PEN_IANA, 339 },
};

enum told_id
told_find(uint32_t pen, uint16_t id)
{
	unsigned i = 0;

	while (i < TOLD_COUNT && (told_ids[i].pen != pen || told_ids[i].id != id))
		i++;
	return (enum told_id)i;
}

void
told_bind(struct told *t, enum told_id id, const struct column *c, bool scope)
{
	if (id == TOLD_COUNT || type_is_var((enum type)c->type) || c->type == TYPE_IP)
		return;
	if (scope)
		t->scope[id] = c;
	else
		t->field[id] = c;
}

bool
told_bound(const struct told *t, enum told_id id)
{
	return t->field[id] != NULL || t->scope[id] != NULL;
}

const struct column *
told_column(const struct told *t, enum told_id id)
{
	const struct column *const both[] = { t->scope[id], t->field[id] };

	for (unsigned i = 0; i < 2; i++)
		if (both[i] != NULL && column_has(both[i], t->rec))
			return both[i];
	return NULL;
}

bool
told_has(const struct told *t, enum told_id id)
{
	return told_column(t, id) != NULL;
}

uint64_t
told_number(const struct told *t, enum told_id id)
{
	const struct column *c = told_column(t, id);

	return c != NULL ? column_uint(c, t->rec) : 0;
}

static double
probability(const struct told *t)
{
	const struct column *c = told_column(t, TOLD_PROBABILITY);

	if (c == NULL)
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
read_interval(const struct told *t, uint32_t *packets)
{
	if (told_has(t, TOLD_INTERVAL) || told_has(t, TOLD_RANDOM)) {
		uint64_t n = told_number(t, TOLD_INTERVAL);

		*packets = packets_of((double)(n != 0 ? n : told_number(t, TOLD_RANDOM)));
	} else if (told_has(t, TOLD_COUNT_TAKEN)) {
		double taken = (double)told_number(t, TOLD_COUNT_TAKEN);

		*packets = packets_of((taken + (double)told_number(t, TOLD_COUNT_SPACE)) / taken);
	} else if (told_has(t, TOLD_SIZE) && told_has(t, TOLD_POPULATION)) {
		*packets = packets_of(
		    (double)told_number(t, TOLD_POPULATION) / (double)told_number(t, TOLD_SIZE));
	} else if (told_has(t, TOLD_PROBABILITY)) {
		*packets = packets_of(1 / probability(t));
	} else {
		return false;
	}
	return true;
}

/* Who says so, and to whom it is known. */
struct teller {
	struct sampling *domain, *exporter;
	uint32_t number;
	const struct claim *claim;
};

static void
learn(const struct teller *by, enum sampling_scope scope, uint64_t id, uint32_t domain,
    uint32_t packets)
{
	const struct sampling_key key = { scope, id, 0 };

	if (domain == by->number)
		sampling_learn(by->domain, by->claim, &key, domain, packets);
	sampling_learn(by->exporter, by->claim, &key, domain, packets);
}

/* Numbers of those of some elements that the record has. */
struct numbers {
	uint64_t v[3];
	unsigned n;
};

static struct numbers
numbers_of(const struct told *t, const enum told_id *ids, unsigned n)
{
	struct numbers of = { .n = 0 };

	for (unsigned i = 0; i < n; i++)
		if (told_has(t, ids[i]))
			of.v[of.n++] = told_number(t, ids[i]);
	return of;
}

static void
learn_sampler(const struct teller *by, uint64_t sampler, const struct numbers *interfaces,
    uint32_t domain, uint32_t packets)
{
	if (interfaces->n == 0)
		learn(by, SAMPLING_FOR_SAMPLER, sampler, domain, packets);
	for (unsigned i = 0; i < interfaces->n; i++) {
		if (domain == by->number)
			sampling_learn_at(
			    by->domain, by->claim, sampler, interfaces->v[i], domain, packets);
		sampling_learn_at(
		    by->exporter, by->claim, sampler, interfaces->v[i], domain, packets);
	}
}

/* Only a scope says that all the record tells is of one template; false: it has none. */
static bool
template_of(const struct told *t, uint64_t *id)
{
	static const enum told_id ids[] = { TOLD_TEMPLATE, TOLD_TEMPLATE_SCOPE };

	for (unsigned i = 0; i < 2; i++) {
		const struct column *c = t->scope[ids[i]];

		if (c != NULL && column_has(c, t->rec)) {
			*id = column_uint(c, t->rec);
			return true;
		}
	}
	return false;
}

void
told_sampling(const struct told *t, struct sampling *of_domain, struct sampling *of_exporter,
    uint32_t number, const struct claim *claim)
{
	static const enum told_id ids[] = { TOLD_SELECTOR, TOLD_SAMPLER, TOLD_INTERFACE,
		TOLD_INGRESS, TOLD_EGRESS };
	const struct teller by = { of_domain, of_exporter, number, claim };
	struct numbers samplers = numbers_of(t, ids, 2), interfaces = numbers_of(t, ids + 2, 3);
	uint32_t domain = number, packets;
	uint64_t template;

	if (!read_interval(t, &packets))
		return;
	if (told_has(t, TOLD_DOMAIN))
		domain = (uint32_t)told_number(t, TOLD_DOMAIN);
	for (unsigned i = 0; i < samplers.n; i++)
		learn_sampler(&by, samplers.v[i], &interfaces, domain, packets);
	for (unsigned i = 0; i < interfaces.n; i++)
		learn(&by, SAMPLING_FOR_INTERFACE, interfaces.v[i], domain, packets);
	if (samplers.n > 0 || interfaces.n > 0)
		return;
	if (template_of(t, &template)) {
		learn(&by, SAMPLING_FOR_TEMPLATE, template, domain, packets);
		return;
	}
	learn(&by, SAMPLING_FOR_ALL, 0, domain, packets);
	sampling_learn(of_exporter, claim, &(struct sampling_key){ SAMPLING_FOR_DOMAIN, domain, 0 },
	    domain, packets);
}
