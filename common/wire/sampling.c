#include "wire/sampling.h"

#include <string.h>

#include "base/mem.h"

static bool
is_before(const struct interval *i, enum sampling_scope scope, uint64_t id)
{
	return i->scope < (uint32_t)scope || (i->scope == (uint32_t)scope && i->id < id);
}

/* Where (scope, id) is, or would be. */
static unsigned
position(const struct sampling *s, enum sampling_scope scope, uint64_t id)
{
	unsigned lo = 0, hi = s->n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (is_before(&s->of[mid], scope, id))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct interval *
at(const struct sampling *s, enum sampling_scope scope, uint64_t id)
{
	unsigned i = position(s, scope, id);

	return i < s->n && s->of[i].scope == (uint32_t)scope && s->of[i].id == id ? &s->of[i]
										  : NULL;
}

static struct interval *
insert(struct sampling *s, const struct claim *claim, enum sampling_scope scope, uint64_t id)
{
	unsigned i = position(s, scope, id);

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
	s->of[i] = (struct interval){ .id = id, .scope = (uint32_t)scope };
	return &s->of[i];
}

void
sampling_learn(struct sampling *s, const struct claim *claim, enum sampling_scope scope,
    uint64_t id, uint32_t domain, uint32_t packets)
{
	struct interval *i = at(s, scope, id);

	if (scope == SAMPLING_FOR_SAMPLER) {
		s->has_newest = true;
		s->newest = id;
	}
	if (i == NULL) {
		i = insert(s, claim, scope, id);
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
find(const struct sampling *s, enum sampling_scope scope, uint64_t id)
{
	const struct interval *i = at(s, scope, id);

	return i == NULL || i->differs ? 0 : i->packets;
}

/* What a domain says before all of its exporter's domains together. */
static uint32_t
look_up(const struct sampling_said *in, enum sampling_scope scope, uint64_t id)
{
	uint32_t packets = find(in->domain, scope, id);

	return packets != 0 || in->alone ? packets : find(in->exporter, scope, id);
}

/*
 * For the sampler that a record names.  Sampler 0 that nobody described is whichever was described last:
 * Cisco 7600 sends it so.
 */
static uint32_t
of_sampler(const struct sampling_said *in, const struct sampling_names *names)
{
	bool zero = false;

	for (unsigned i = 0; i < SAMPLING_SAMPLERS; i++) {
		uint32_t packets =
		    names->has[i] ? look_up(in, SAMPLING_FOR_SAMPLER, names->id[i]) : 0;

		if (packets != 0)
			return packets;
		zero |= names->has[i] && names->id[i] == 0;
	}
	return zero && in->domain->has_newest
		   ? look_up(in, SAMPLING_FOR_SAMPLER, in->domain->newest)
		   : 0;
}

struct sampling_known
sampling_of_names(const struct sampling_said *in, const struct sampling_names *names)
{
	uint32_t packets;

	if ((packets = of_sampler(in, names)) != 0)
		return (struct sampling_known){ packets, SAMPLING_SAMPLER };
	for (unsigned i = SAMPLING_SAMPLERS; i < SAMPLING_NAMES; i++)
		if (names->has[i] &&
		    (packets = look_up(in, SAMPLING_FOR_INTERFACE, names->id[i])) != 0)
			return (struct sampling_known){ packets, SAMPLING_INTERFACE };
	return (struct sampling_known){ 0, 0 };
}

struct sampling_known
sampling_of_domain(const struct sampling_said *in)
{
	uint32_t packets;

	if ((packets = find(in->domain, SAMPLING_FOR_ALL, 0)) != 0)
		return (struct sampling_known){ packets, SAMPLING_OPTIONS };
	if ((packets = find(in->exporter, SAMPLING_FOR_DOMAIN, in->number)) != 0)
		return (struct sampling_known){ packets, SAMPLING_OPTIONS };
	if (!in->alone && (packets = find(in->exporter, SAMPLING_FOR_ALL, 0)) != 0)
		return (struct sampling_known){ packets, SAMPLING_EXPORTER };
	return (struct sampling_known){ 0, 0 };
}

void
sampling_free(struct sampling *s, size_t *taken)
{
	*taken -= s->cap * sizeof(*s->of);
	mem_free(s->of);
	*s = (struct sampling){ 0 };
}
