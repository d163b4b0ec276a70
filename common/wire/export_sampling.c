/*
 * Sampling as the receiver will know it.
 *
 * All that is sent comes from one address: what options of one original exporter say may there hold for flows of
 * another, since receivers take the word of other domains where they have no better one (flowwire(7), Sampling).  So
 * what was said is learned here by the same rules, and a flow of which a receiver would conclude otherwise says its
 * interval itself.
 */
#include "wire/exporter.h"

#define LEARNED_MAX ((size_t)64 << 20)

/* What options tell ------------------------------------------------------------------------------- */

void
sampling_bind(struct plan *p)
{
	static const enum told_id intervals[] = { TOLD_INTERVAL, TOLD_RANDOM, TOLD_COUNT_TAKEN,
		TOLD_SIZE, TOLD_PROBABILITY };

	p->told = (struct told){ 0 };
	for (size_t i = 0; i < p->n_fields; i++) {
		const struct xfield *f = &p->fields[i];

		if (f->order == 0 && f->op != PUT_DOMAIN)
			told_bind(&p->told, told_find(f->pen, f->wire), &f->col, f->scope);
	}
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++)
		p->tells_sampling |= told_bound(&p->told, intervals[i]);
	p->apart |= p->tells_sampling;
}

void
sampling_tell(struct exporter *e, struct session *s, size_t rec)
{
	const struct claim claim = { &e->learned_octets, LEARNED_MAX };

	e->plan.told.rec = rec;
	told_sampling(&e->plan.told, &s->told, &e->told, s->domain, &claim);
}

void
sampling_forget(struct exporter *e)
{
	for (struct session *s = e->first; s != NULL; s = s->next)
		sampling_free(&s->told, &e->learned_octets);
	sampling_free(&e->told, &e->learned_octets);
}

/* What flows say themselves ----------------------------------------------------------------------- */

/* A batch's columns of intervals, and of what these may be said for; NULL: it has none. */
struct intervals {
	const struct column *own, *interval, *random;
	const struct column *selector, *sampler, *in, *out;
	struct origin origin;
};

static bool
has(const struct column *c, size_t rec)
{
	return c != NULL && column_has(c, rec);
}

static void
bind(struct intervals *v, struct batch *b)
{
	v->own = plan_find(b, field_own(OWN_SAMPLING), TYPE_UINT);
	v->interval = plan_find(b, field_iana(34), TYPE_UINT);
	v->random = plan_find(b, field_iana(50), TYPE_UINT);
	v->selector = plan_find(b, field_iana(302), TYPE_UINT);
	v->sampler = plan_find(b, field_iana(48), TYPE_UINT);
	v->in = plan_find(b, field_iana(10), TYPE_UINT);
	v->out = plan_find(b, field_iana(14), TYPE_UINT);
	origin_bind(&v->origin, b);
}

/* What a receiver makes of options.  alone: of a record that says of itself that its interval is none. */
static uint32_t
by_options(struct exporter *e, const struct intervals *v, size_t rec, bool alone)
{
	const struct column *names[SAMPLING_NAMES] = { v->selector, v->sampler, v->in, v->out };
	const struct session *s = e->told.n > 0 ? origin_session(e, &v->origin, rec) : NULL;
	struct sampling_names named = { 0 };
	struct sampling_known known;
	struct sampling_said said;

	if (s == NULL)
		return 0;
	said = (struct sampling_said){ &s->told, &e->told, s->domain, alone };
	for (unsigned i = 0; i < SAMPLING_NAMES; i++) {
		named.has[i] = has(names[i], rec);
		named.id[i] = named.has[i] ? cell_uint(names[i], rec) : 0;
	}
	known = sampling_of_names(&said, &named);
	if (known.packets != 0 || sampling_is_of_templates(&s->told))
		return known.packets; /* the numbers of templates are others here */
	return sampling_of_domain(&said).packets;
}

/* What a receiver makes of an element of the record; 0: nothing. */
static uint32_t
by_element(const struct column *c, size_t rec)
{
	uint64_t packets = has(c, rec) ? cell_uint(c, rec) : 0;

	return packets <= UINT32_MAX ? (uint32_t)packets : 0;
}

/*
 * Must the record say itself that one packet of it stands for so many, 0: that nobody knows?  Not where the receiver
 * knows, nor where what it knows is its own domain's word.
 */
static bool
says_itself(struct exporter *e, const struct intervals *v, size_t rec, uint32_t packets)
{
	bool tells = has(v->interval, rec) || has(v->random, rec);
	uint32_t known = by_element(v->interval, rec);

	if (known == 0)
		known = by_element(v->random, rec);
	if (known == 0)
		known = by_options(e, v, rec, tells);
	if (packets != 0 || known == 0)
		return known != packets;
	return !tells && by_options(e, v, rec, true) == 0;
}

void
sampling_plan(struct exporter *e, struct batch *b)
{
	struct plan *p = &e->plan;
	struct column packets = { .id = field_own(OWN_SAMPLING), .type = TYPE_UINT, .width = 4 };
	struct intervals v;
	struct xfield *f;
	uint32_t *cells;

	bind(&v, b);
	p->own_sampling = plan_bitmap(p, b->n);
	if (v.own == NULL && e->told.n == 0)
		return;
	packets.data = cells = arena_zero(&p->arena, b->n * sizeof(*cells));
	for (size_t i = 0; i < b->n; i++) {
		if (has(v.own, i))
			cells[i] = (uint32_t)cell_uint(v.own, i);
		if (bits_has(p->sel, i) && says_itself(e, &v, i, cells[i]))
			bits_set(p->own_sampling, i);
	}
	if (!plan_any(p->own_sampling, b->n))
		return;
	f = plan_field(p, &packets);
	f->pen = PEN_IANA;
	f->wire = 34;
	f->op = PUT_UINT;
	f->length = 4;
	f->present = p->own_sampling;
}
