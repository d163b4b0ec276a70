#include "wire/sampled.h"

#include "wire/copy.h"

/* An interval and where it was said; packets 0: nowhere. */
struct known {
	uint32_t packets;
	uint8_t source; /* enum sampling_src */
};

static bool
knows_interfaces(const struct sampling *s)
{
	return s->n > 0 && s->of[s->n - 1].scope == SAMPLING_FOR_INTERFACE;
}

/* What a domain says before all of its exporter's domains together. */
static uint32_t
look_up(const struct session *s, enum sampling_scope scope, uint64_t id)
{
	uint32_t packets = sampling_find(&s->sampling, scope, id);

	return packets != 0 ? packets : sampling_find(&s->peer->sampling, scope, id);
}

/* What holds for every record of the message that says nothing more precise. */
static struct known
of_message(const struct message *m)
{
	const struct session *s = m->s;
	uint32_t packets;

	if ((packets = sampling_find(&s->sampling, SAMPLING_FOR_ALL, 0)) != 0)
		return (struct known){ packets, SAMPLING_OPTIONS };
	packets = sampling_find(&s->peer->sampling, SAMPLING_FOR_DOMAIN, s->stats.domain);
	if (packets != 0)
		return (struct known){ packets, SAMPLING_OPTIONS };
	if ((packets = sampling_find(&s->peer->sampling, SAMPLING_FOR_ALL, 0)) != 0)
		return (struct known){ packets, SAMPLING_EXPORTER };
	if (m->msg->source != NULL && m->msg->source->sampling != 0)
		return (struct known){ m->msg->source->sampling, SAMPLING_CONFIGURED };
	if (m->w->sessions.opts.sampling != 0)
		return (struct known){ m->w->sessions.opts.sampling, SAMPLING_CONFIGURED };
	return (struct known){ 0, 0 };
}

/* The number in a record's field; false: the record does not have it as one. */
static bool
value(const struct rows *r, size_t rec, const struct place *p, uint64_t *v)
{
	size_t at = rec * r->stride + p->at, len = p->len;

	if (len > 0 && r->slices != NULL) {
		at = r->slices[rec * r->n_fields + p->at].at;
		len = r->slices[rec * r->n_fields + p->at].len;
	}
	if (len < 1 || len > 8)
		return false;
	*v = be_uint(r->base + at, len);
	return true;
}

/*
 * For the sampler that the record names.  Sampler 0 that nobody described is whichever was described last:
 * Cisco 7600 sends it so.
 */
static uint32_t
of_sampler(const struct task *k, size_t rec)
{
	const struct session *s = k->m->s;
	bool zero = false;

	for (unsigned i = 0; i < SAMPLERS; i++) {
		uint32_t packets;
		uint64_t id;

		if (!value(k->rows, rec, &k->t->sampler[i], &id))
			continue;
		packets = look_up(s, SAMPLING_FOR_SAMPLER, id);
		if (packets != 0)
			return packets;
		zero |= id == 0;
	}
	return zero && s->sampling.has_newest ? look_up(s, SAMPLING_FOR_SAMPLER, s->sampling.newest)
					      : 0;
}

static uint32_t
of_interface(const struct task *k, size_t rec, const struct place *interface)
{
	uint64_t id;

	return value(k->rows, rec, interface, &id) ? look_up(k->m->s, SAMPLING_FOR_INTERFACE, id)
						   : 0;
}

static struct known
of_record(const struct task *k, size_t rec, struct known otherwise)
{
	uint32_t packets;

	if ((packets = of_sampler(k, rec)) != 0)
		return (struct known){ packets, SAMPLING_SAMPLER };
	if ((packets = of_interface(k, rec, &k->t->ingress)) != 0 ||
	    (packets = of_interface(k, rec, &k->t->egress)) != 0)
		return (struct known){ packets, SAMPLING_INTERFACE };
	return otherwise;
}

/* All records alike. */
static void
put_all(const struct task *k, const int col[2], struct known known)
{
	const uint64_t value[2] = { known.packets, known.source };

	for (unsigned i = 0; i < 2; i++) {
		batch_fill(k->b, (unsigned)col[i], k->first, k->n, value[i]);
		batch_mark(k->b, (unsigned)col[i], k->first, k->n);
	}
}

static void
put_each(const struct task *k, const int col[2], struct known otherwise)
{
	for (size_t i = 0; i < k->n; i++) {
		struct known known;

		if (column_has(&k->b->col[col[0]], k->first + i))
			continue;
		known = of_record(k, k->from + i, otherwise);
		if (known.packets == 0)
			continue;
		batch_put_uint(k->b, (unsigned)col[0], k->first + i, known.packets);
		batch_put_uint(k->b, (unsigned)col[1], k->first + i, known.source);
	}
}

void
sampled_records(const struct task *k)
{
	const struct field_id id[2] = { field_own(OWN_SAMPLING), field_own(OWN_SAMPLING_SRC) };
	const struct session *s = k->m->s;
	const struct template *t = k->t;
	bool by_interface = knows_interfaces(&s->sampling) || knows_interfaces(&s->peer->sampling);
	struct known known = of_message(k->m);
	int col[2];

	if (known.packets == 0 && s->peer->sampling.n == 0)
		return;
	col[0] = batch_column(k->b, &id[0], TYPE_UINT, 4, 0);
	col[1] = batch_column(k->b, &id[1], TYPE_UINT, 1, 0);
	if (col[0] < 0 || col[1] < 0)
		return;
	if (t->has_sampling || t->names_sampler || by_interface)
		put_each(k, col, known);
	else if (known.packets != 0)
		put_all(k, col, known);
}
