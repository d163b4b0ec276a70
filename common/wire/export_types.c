/*
 * What the receiver has to know of enterprise elements: their types and names (RFC 5610).
 *
 * A column has the type that its exporter announced, which receivers know of options records only.  Those that pass
 * through tell it, and are remembered; where none did, or not lately, a record of ours does, before the record that
 * needs it.  All that is sent comes from one address, and a type is believed of all domains there: when it becomes
 * another one everybody is told again.
 */
#include "wire/exporter.h"
#include "wire/types.h"

enum { IE_ELEMENT = 303, IE_TYPE = 339, IE_NAME = 341, IE_SEMANTICS = 344, IE_PEN = 346 };
enum { NAME_MOST = 254 }; /* its length is one octet */

/* What is known ----------------------------------------------------------------------------------- */

/* Its place, + 1; a new one where that is wanted; 0: not known. */
static uint32_t
typed_find(struct exporter *e, uint32_t pen, uint16_t id, bool add)
{
	for (uint32_t i = 0; i < e->n_typed; i++) {
		if (e->typed[i].pen == pen && e->typed[i].id == id)
			return i + 1;
	}
	if (!add || e->n_typed == TYPES_MAX)
		return 0;
	e->typed = mem_resize(e->typed, e->n_typed + 1, sizeof(*e->typed));
	e->typed[e->n_typed] = (struct typed){ .pen = pen, .id = id };
	return ++e->n_typed;
}

/* The receiver has to be told anew, in every domain. */
static void
typed_change(struct exporter *e, uint32_t typed, unsigned data_type)
{
	e->typed[typed - 1].data_type = (uint8_t)data_type;
	for (struct session *s = e->first; s != NULL; s = s->next) {
		if (typed <= s->n_types)
			s->types[typed - 1].sent = false;
	}
}

static void
typed_name(struct typed *t, const void *name, size_t n)
{
	if (n == 0 || n > NAME_MOST || t->renamed)
		return;
	t->renamed = t->name.len > 0 && (t->name.len != n || memcmp(t->name.data, name, n) != 0);
	t->name.len = 0;
	if (!t->renamed)
		buf_put(&t->name, name, n);
}

void
types_forget(struct exporter *e)
{
	for (uint32_t i = 0; i < e->n_typed; i++)
		buf_free(&e->typed[i].name);
	for (unsigned i = 0; i < 2; i++)
		buf_free(&e->type_layouts[i].spec);
	mem_free(e->typed);
}

/* What fields are --------------------------------------------------------------------------------- */

static unsigned
field_type(const struct xfield *f)
{
	switch (f->op) {
	case PUT_NTP_US: return types_number(TYPE_TIME, 8, 3);
	case PUT_NTP_NS: return types_number(TYPE_TIME, 8, 0);
	case PUT_TIME: return types_number((enum type)f->col.type, 8, f->scale);
	case PUT_IP4:
	case PUT_IP6: return types_number(TYPE_IP, f->length, 0);
	}
	return types_number((enum type)f->col.type, f->col.width, 0);
}

/* Of a repeated element the first decides; what was kept as sent is not of the element's type. */
static bool
is_typed(const struct xfield *f)
{
	return f->id.instance == 0 && f->op != PUT_DOMAIN && types_open(f->pen, f->wire);
}

void
types_plan(struct exporter *e, size_t n)
{
	struct plan *p = &e->plan;

	for (size_t i = 0; i < p->n_fields; i++) {
		struct xfield *f = &p->fields[i];
		unsigned type = is_typed(f) ? field_type(f) : 0;
		uint32_t known = e->n_typed;

		if (!is_typed(f))
			continue;
		f->typed = typed_find(e, f->pen, f->wire, type != 0);
		if (f->typed == 0) {
			loss_count(e, &f->id, "values whose type was not told",
			    type != 0 ? count_present(f->present, p->sel, n) : 0);
		} else if (known != e->n_typed ||
			   !types_serve(e->typed[f->typed - 1].data_type, type)) {
			typed_change(e, f->typed, type);
			p->apart = true;
		}
	}
}

/* What options tell ------------------------------------------------------------------------------- */

void
types_bind(struct plan *p)
{
	p->type_name = p->type_semantics = NULL;
	p->tells_types = told_bound(&p->told, TOLD_PEN) && told_bound(&p->told, TOLD_ELEMENT) &&
			 told_bound(&p->told, TOLD_TYPE);
	for (size_t i = 0; p->tells_types && i < p->n_fields; i++) {
		const struct xfield *f = &p->fields[i];

		if (f->pen == PEN_IANA && f->wire == IE_NAME && f->col.type == TYPE_STRING)
			p->type_name = f;
		if (f->pen == PEN_IANA && f->wire == IE_SEMANTICS && f->col.type == TYPE_UINT)
			p->type_semantics = f;
	}
	p->apart |= p->tells_types;
}

/* The element's record was put into the message there. */
static void
type_sent(const struct exporter *e, struct session *s, uint32_t typed, size_t at)
{
	struct template *t;

	if (s->n_types < e->n_typed) {
		s->types = mem_resize(s->types, e->n_typed, sizeof(*s->types));
		memset(s->types + s->n_types, 0, (e->n_typed - s->n_types) * sizeof(*s->types));
		s->n_types = e->n_typed;
	}
	t = &s->types[typed - 1];
	t->sent = true;
	t->sent_message = s->messages;
	t->sent_s = s->now_s;
	t->set.len = 0;
	if (!e->opts.stream)
		return;
	put_be(&t->set, s->set_id, 2);
	put_be(&t->set, SET_HEADER + s->msg.len - at, 2);
	buf_put(&t->set, s->msg.data + at, s->msg.len - at);
}

void
types_tell(struct exporter *e, struct session *s, size_t rec, size_t at)
{
	struct plan *p = &e->plan;
	struct told *told = &p->told;
	unsigned type;
	uint32_t pen, typed;
	uint16_t id;

	told->rec = rec;
	if (!told_has(told, TOLD_PEN) || !told_has(told, TOLD_ELEMENT) ||
	    !told_has(told, TOLD_TYPE))
		return;
	pen = (uint32_t)told_number(told, TOLD_PEN);
	id = (uint16_t)(told_number(told, TOLD_ELEMENT) & 0x7fff);
	type = (unsigned)told_number(told, TOLD_TYPE);
	typed = types_open(pen, id) && type <= UINT8_MAX ? typed_find(e, pen, id, true) : 0;
	if (typed == 0)
		return;
	if (e->typed[typed - 1].data_type != type)
		typed_change(e, typed, type);
	if (p->type_name != NULL && column_has(&p->type_name->col, rec)) {
		const struct column *c = &p->type_name->col;

		typed_name(&e->typed[typed - 1], (const uint8_t *)c->data + c->off[rec],
		    c->off[rec + 1] - c->off[rec]);
	}
	if (p->type_semantics != NULL && column_has(&p->type_semantics->col, rec))
		e->typed[typed - 1].semantics = (uint8_t)column_uint(&p->type_semantics->col, rec);
	type_sent(e, s, typed, at);
}

/* Records of ours --------------------------------------------------------------------------------- */

static struct layout *
type_layout(struct exporter *e, bool named)
{
	static const uint16_t fields[][2] = { { IE_PEN, 4 }, { IE_ELEMENT, 2 }, { IE_TYPE, 1 },
		{ IE_SEMANTICS, 1 }, { IE_NAME, LENGTH_VAR } };
	struct layout *l = &e->type_layouts[named];

	if (l->n > 0)
		return l;
	l->n = named ? 5 : 3;
	l->n_scope = 2;
	l->least = named ? 9 : 7;
	for (unsigned i = 0; i < l->n; i++) {
		put_be(&l->spec, fields[i][0], 2);
		put_be(&l->spec, fields[i][1], 2);
	}
	l->spec_hash = hash_octets(hash_seed() + l->n_scope, l->spec.data, l->spec.len);
	return l;
}

static int
type_put(struct exporter *e, struct session *s, uint32_t typed, int64_t time_ns, struct err *err)
{
	const struct typed *t = &e->typed[typed - 1];
	bool named = t->name.len > 0;
	struct layout *l = type_layout(e, named);
	int rc = message_open(e, s, l, 0, l->least + t->name.len, err);
	size_t at = s->msg.len;

	if (rc <= 0)
		return rc;
	put_be(&s->msg, t->pen, 4);
	put_be(&s->msg, t->id, 2);
	put_be(&s->msg, t->data_type, 1);
	if (named) {
		put_be(&s->msg, t->semantics, 1);
		put_be(&s->msg, t->name.len, 1);
		buf_put(&s->msg, t->name.data, t->name.len);
	}
	message_count(s, l, time_ns);
	type_sent(e, s, typed, at);
	return 0;
}

int
types_put(
    struct exporter *e, struct session *s, const struct layout *l, int64_t time_ns, struct err *err)
{
	for (unsigned i = 0; i < l->n; i++) {
		uint32_t typed = e->plan.fields[l->fields[i]].typed;

		if (typed == 0 ||
		    (typed <= s->n_types && !template_due(e, s, &s->types[typed - 1])))
			continue;
		if (type_put(e, s, typed, time_ns, err) != 0)
			return -1;
	}
	return 0;
}
