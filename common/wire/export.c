#include "wire/exporter.h"

struct exporter *
export_new(const struct export_opts *o, export_fn fn, void *ctx)
{
	struct exporter *e = mem_zero(1, sizeof(*e));

	e->opts = *o;
	if (e->opts.mtu == 0)
		e->opts.mtu = EXPORT_MTU;
	e->last = &e->first;
	e->next_domain = o->version == EXPORT_V5 ? 0x8000 : UINT32_C(0x80000000);
	e->fn = fn;
	e->ctx = ctx;
	return e;
}

void
export_free(struct exporter *e)
{
	if (e == NULL)
		return;
	sampling_forget(e);
	types_forget(e);
	for (struct session *s = e->first, *next; s != NULL; s = next) {
		next = s->next;
		session_free(s);
	}
	for (uint32_t i = 0; i < e->n_subs; i++)
		buf_free(&e->subs[i].spec);
	mem_free(e->subs);
	mem_free(e->sessions);
	mem_free(e->losses);
	v5_free(e->v5);
	plan_free(&e->plan);
	mem_free(e);
}

/* Where records came from and when they ended --------------------------------------------------- */

static bool
bind(struct column *to, struct batch *b, enum own own, enum type type)
{
	struct field_id id = field_own(own);
	int i = batch_find(b, &id);

	if (i < 0)
		return false;
	*to = *batch_plain(b, (unsigned)i);
	return to->type == type;
}

void
origin_bind(struct origin *o, struct batch *b)
{
	o->has_exporter = bind(&o->exporter, b, OWN_EXPORTER, TYPE_IP);
	o->has_domain = bind(&o->domain, b, OWN_DOMAIN, TYPE_UINT);
	o->has_end = bind(&o->end, b, OWN_END, TYPE_TIME);
	o->has_received = bind(&o->received, b, OWN_RECEIVED, TYPE_TIME);
}

static bool
has_value(bool has, const struct column *c, size_t rec)
{
	return has && bits_has(c->present, rec);
}

struct session *
origin_session(struct exporter *e, const struct origin *o, size_t rec)
{
	struct addr from = { 0 };
	uint32_t domain = e->opts.domain;

	if (has_value(o->has_exporter, &o->exporter, rec))
		from = column_ip(&o->exporter, rec);
	if (has_value(o->has_domain, &o->domain, rec))
		domain = (uint32_t)cell_uint(&o->domain, rec);
	return session_find(e, &from, domain);
}

/* The end, else when it was received, else INT64_MIN. */
static int64_t
origin_time(const struct origin *o, size_t rec)
{
	if (has_value(o->has_end, &o->end, rec))
		return (int64_t)cell_uint(&o->end, rec);
	if (has_value(o->has_received, &o->received, rec))
		return (int64_t)cell_uint(&o->received, rec);
	return INT64_MIN;
}

/* ------------------------------------------------------------------------------------------------ */

static int
export_record(struct exporter *e, const struct origin *o, size_t rec, struct err *err)
{
	struct plan *p = &e->plan;
	struct layout *l = &p->layouts[p->of[rec]];
	struct session *s;

	if (p->dropped != NULL && bits_get(p->dropped, rec)) {
		e->totals.dropped++;
		return 0;
	}
	if (l->n == 0 || (l->n == 1 && p->fields[l->fields[0]].op == PUT_DOMAIN)) {
		loss_add(e, "records", "without a field to send, dropped", 1);
		e->totals.dropped++;
		return 0;
	}
	s = origin_session(e, o, rec);
	if (s == NULL)
		return err_set(err, "too many exporters and observation domains");
	if (message_record(e, s, l, rec, origin_time(o, rec), err) != 0)
		return -1;
	if (p->tells_sampling)
		sampling_tell(e, s, rec);
	return 0;
}

/* What tells of sampling and of types holds for all that comes behind it: nothing overtakes it, on neither side. */
static int
flush_around(struct exporter *e, struct err *err)
{
	return e->plan.apart ? export_flush(e, err) : 0;
}

int
export_batch(struct exporter *e, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct origin origin;

	if (b->n == 0)
		return 0;
	if (e->opts.version == EXPORT_V5)
		return v5_batch(e, b, sel, err);
	if (plan_make(e, b, sel, err) != 0)
		return -1;
	origin_bind(&origin, b);
	if (flush_around(e, err) != 0)
		return -1;
	for (size_t i = 0; i < b->n; i++) {
		if (bits_has(sel, i) && export_record(e, &origin, i, err) != 0)
			return -1;
	}
	return flush_around(e, err);
}

int
export_flush(struct exporter *e, struct err *err)
{
	for (struct session *s = e->first; s != NULL; s = s->next) {
		if (session_send(e, s, err) != 0)
			return -1;
	}
	return 0;
}

const struct export_totals *
export_totals(const struct exporter *e)
{
	return &e->totals;
}
