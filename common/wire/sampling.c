#include "wire/sampling.h"

#include <string.h>

#include "base/mem.h"

static bool
is_before(const struct interval *i, const struct sampling_key *k)
{
	if (i->scope != (uint32_t)k->scope)
		return i->scope < (uint32_t)k->scope;
	return i->id < k->id || (i->id == k->id && i->at < k->at);
}

/* Where the key is, or would be. */
static unsigned
position(const struct sampling *s, const struct sampling_key *k)
{
	unsigned lo = 0, hi = s->n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (is_before(&s->of[mid], k))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct interval *
lookup(const struct sampling *s, const struct sampling_key *k)
{
	unsigned i = position(s, k);

	if (i == s->n || s->of[i].scope != (uint32_t)k->scope || s->of[i].id != k->id ||
	    s->of[i].at != k->at)
		return NULL;
	return &s->of[i];
}

static struct interval *
insert(struct sampling *s, const struct claim *claim, const struct sampling_key *k)
{
	unsigned i = position(s, k);

	if (s->n == SAMPLINGS_MAX)
		return NULL;
	if (s->n == s->cap) {
		unsigned cap = claim_more(claim, s->cap, 8, sizeof(*s->of));

		if (cap == s->cap)
			return NULL;
		s->cap = cap;
		s->of = mem_resize(s->of, s->cap, sizeof(*s->of));
	}
	memmove(&s->of[i + 1], &s->of[i], (s->n - i) * sizeof(*s->of));
	s->n++;
	s->of[i] = (struct interval){ .id = k->id, .at = k->at, .scope = (uint32_t)k->scope };
	return &s->of[i];
}

void
sampling_learn(struct sampling *s, const struct claim *claim, const struct sampling_key *k,
    uint32_t domain, uint32_t packets)
{
	struct interval *i = lookup(s, k);

	if (k->scope == SAMPLING_FOR_SAMPLER) {
		s->has_newest = true;
		s->newest = k->id;
	}
	if (i == NULL) {
		i = insert(s, claim, k);
		if (i == NULL)
			return;
	} else if (i->domain != domain && i->packets != packets) {
		i->differs = true;
	}
	i->domain = domain;
	i->packets = packets;
}

/* 0: not known. */
static uint32_t
find(const struct sampling *s, enum sampling_scope scope, uint64_t id, uint64_t interface)
{
	const struct interval *i = lookup(s, &(struct sampling_key){ scope, id, interface });

	return i == NULL || i->differs ? 0 : i->packets;
}

/* Has the sampler this interval at all interfaces that it was told of for? */
static bool
is_everywhere(const struct sampling *s, uint64_t sampler, uint32_t packets)
{
	const struct sampling_key first = { SAMPLING_FOR_SAMPLER_AT, sampler, 0 };

	for (unsigned i = position(s, &first); i < s->n; i++) {
		const struct interval *v = &s->of[i];

		if (v->scope != SAMPLING_FOR_SAMPLER_AT || v->id != sampler)
			break;
		if (v->differs || v->packets != packets)
			return false;
	}
	return true;
}

void
sampling_learn_at(struct sampling *s, const struct claim *claim, uint64_t sampler,
    uint64_t interface, uint32_t domain, uint32_t packets)
{
	const struct sampling_key there = { SAMPLING_FOR_SAMPLER_AT, sampler, interface },
				  anywhere = { SAMPLING_FOR_SAMPLER, sampler, 0 };

	sampling_learn(s, claim, &there, domain, packets);
	sampling_learn(
	    s, claim, &anywhere, domain, is_everywhere(s, sampler, packets) ? packets : 0);
}

/* What a domain says before all of its exporter's domains together. */
static uint32_t
look_up(const struct sampling_said *in, enum sampling_scope scope, uint64_t id, uint64_t interface)
{
	uint32_t packets = find(in->domain, scope, id, interface);

	return packets != 0 || in->alone ? packets : find(in->exporter, scope, id, interface);
}

/* As it is at the record's interfaces, else wherever it is. */
static uint32_t
of_sampler(const struct sampling_said *in, const struct sampling_names *names, uint64_t sampler)
{
	for (unsigned i = SAMPLING_SAMPLERS; i < SAMPLING_NAMES; i++) {
		uint32_t packets =
		    names->has[i] ? look_up(in, SAMPLING_FOR_SAMPLER_AT, sampler, names->id[i]) : 0;

		if (packets != 0)
			return packets;
	}
	return look_up(in, SAMPLING_FOR_SAMPLER, sampler, 0);
}

/*
 * For the sampler that a record names.  Sampler 0 that nobody described is whichever was described last:
 * Cisco 7600 sends it so.
 */
static uint32_t
of_samplers(const struct sampling_said *in, const struct sampling_names *names)
{
	bool zero = false;

	for (unsigned i = 0; i < SAMPLING_SAMPLERS; i++) {
		uint32_t packets = names->has[i] ? of_sampler(in, names, names->id[i]) : 0;

		if (packets != 0)
			return packets;
		zero |= names->has[i] && names->id[i] == 0;
	}
	return zero && in->domain->has_newest ? of_sampler(in, names, in->domain->newest) : 0;
}

struct sampling_known
sampling_of_names(const struct sampling_said *in, const struct sampling_names *names)
{
	uint32_t packets;

	if ((packets = of_samplers(in, names)) != 0)
		return (struct sampling_known){ packets, SAMPLING_SAMPLER };
	for (unsigned i = SAMPLING_SAMPLERS; i < SAMPLING_NAMES; i++)
		if (names->has[i] &&
		    (packets = look_up(in, SAMPLING_FOR_INTERFACE, names->id[i], 0)) != 0)
			return (struct sampling_known){ packets, SAMPLING_INTERFACE };
	return (struct sampling_known){ 0, 0 };
}

struct sampling_known
sampling_of_template(const struct sampling_said *in, uint16_t id)
{
	uint32_t packets = find(in->domain, SAMPLING_FOR_TEMPLATE, id, 0);

	return (struct sampling_known){ packets, packets != 0 ? SAMPLING_OPTIONS : 0 };
}

struct sampling_known
sampling_of_domain(const struct sampling_said *in)
{
	uint32_t packets;

	if ((packets = find(in->domain, SAMPLING_FOR_ALL, 0, 0)) != 0)
		return (struct sampling_known){ packets, SAMPLING_OPTIONS };
	if ((packets = find(in->exporter, SAMPLING_FOR_DOMAIN, in->number, 0)) != 0)
		return (struct sampling_known){ packets, SAMPLING_OPTIONS };
	if (!in->alone && (packets = find(in->exporter, SAMPLING_FOR_ALL, 0, 0)) != 0)
		return (struct sampling_known){ packets, SAMPLING_EXPORTER };
	return (struct sampling_known){ 0, 0 };
}

bool
sampling_is_of_templates(const struct sampling *s)
{
	unsigned i = position(s, &(struct sampling_key){ SAMPLING_FOR_TEMPLATE, 0, 0 });

	return i < s->n && s->of[i].scope == SAMPLING_FOR_TEMPLATE;
}

void
sampling_free(struct sampling *s, size_t *taken)
{
	*taken -= s->cap * sizeof(*s->of);
	mem_free(s->of);
	*s = (struct sampling){ 0 };
}
