#include "wire/sampled.h"

#include "wire/copy.h"

static bool
knows_interfaces(const struct sampling *s)
{
	return s->n > 0 && s->of[s->n - 1].scope == SAMPLING_FOR_INTERFACE;
}

/* A record that says of itself that its interval is 0, which is none, has not what other domains say. */
static struct sampling_said
said_of(const struct task *k)
{
	const struct session *s = k->m->s;

	return (struct sampling_said){ &s->sampling, &s->peer->sampling, s->stats.domain,
		k->t->has_sampling };
}

/* What holds for every record of the set that says nothing more precise. */
static struct sampling_known
of_set(const struct task *k)
{
	const struct sampling_said said = said_of(k);
	struct sampling_known known = sampling_of_template(&said, k->t->id);
	const struct message *m = k->m;

	if (known.packets == 0)
		known = sampling_of_domain(&said);
	if (known.packets != 0)
		return known;
	if (m->msg->source != NULL && m->msg->source->sampling != 0)
		return (struct sampling_known){ m->msg->source->sampling, SAMPLING_CONFIGURED };
	if (m->w->sessions.opts.sampling != 0)
		return (struct sampling_known){ m->w->sessions.opts.sampling, SAMPLING_CONFIGURED };
	return known;
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

static struct sampling_known
of_record(const struct task *k, size_t rec, struct sampling_known otherwise)
{
	const struct sampling_said said = said_of(k);
	const struct place *places[] = { &k->t->sampler[0], &k->t->sampler[1], &k->t->ingress,
		&k->t->egress };
	struct sampling_names names = { 0 };
	struct sampling_known known;

	for (unsigned i = 0; i < SAMPLING_NAMES; i++)
		names.has[i] = value(k->rows, rec, places[i], &names.id[i]);
	known = sampling_of_names(&said, &names);
	return known.packets != 0 ? known : otherwise;
}

/* All records alike. */
static void
put_all(const struct task *k, const int col[2], struct sampling_known known)
{
	const uint64_t value[2] = { known.packets, known.source };

	for (unsigned i = 0; i < 2; i++) {
		batch_fill(k->b, (unsigned)col[i], k->first, k->n, value[i]);
		batch_mark(k->b, (unsigned)col[i], k->first, k->n);
	}
}

static void
put_each(const struct task *k, const int col[2], struct sampling_known otherwise)
{
	for (size_t i = 0; i < k->n; i++) {
		struct sampling_known known;

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
	struct sampling_known known = of_set(k);
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
