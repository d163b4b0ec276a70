/*
 * saved.c - what a collector remembers over its restarts.
 *
 * A template is an options record: exporter, its port, our address and port (211, 216), version, domain, when it was
 * repeated last, its id (145), and its field specifiers in one column, SPEC_LEN octets each: enterprise, element,
 * length, scope.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "flow/value.h"
#include "wire/options.h"
#include "wire/templates.h"

enum {
	ID_TEMPLATE = 145,
	ID_COLLECTOR = 211,
	ID_COLLECTOR_PORT = 216,
	SPEC_LEN = 9,
	SAVED_AT_ONCE = 4096
};

static void
put_spec(struct buf *b, const struct spec *s)
{
	const uint64_t parts[] = { s->pen, s->id, s->len, s->scope };
	static const unsigned octets[] = { 4, 2, 2, 1 };

	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = octets[i]; k-- > 0;)
			buf_putc(b, (char)(parts[i] >> 8 * k));
}

static void
put_uint(
    struct batch *b, size_t rec, struct field_id id, enum type type, unsigned width, uint64_t v)
{
	int col = batch_column(b, &id, type, width, 0);

	if (col >= 0)
		batch_put_uint(b, (unsigned)col, rec, v);
}

static void
put_addr(struct batch *b, size_t rec, struct field_id id, const struct addr *a)
{
	int col = batch_column(b, &id, TYPE_IP, 16, 0);

	if (col >= 0)
		batch_put_ip(b, (unsigned)col, rec, a);
}

static void
save_template(struct batch *b, const struct session *s, const struct template *t)
{
	const struct field_id fields = field_own(OWN_TEMPLATE_FIELDS);
	struct buf specs = { .len = 0 };
	size_t rec = batch_extend(b, 1);
	int col;

	put_addr(b, rec, field_own(OWN_EXPORTER), &s->stats.exporter);
	put_uint(b, rec, field_own(OWN_EXPORTER_PORT), TYPE_UINT, 2, s->stats.port);
	if (!addr_is_zero(&s->stats.to.addr))
		put_addr(b, rec, field_iana(ID_COLLECTOR), &s->stats.to.addr);
	if (s->stats.to.port != 0)
		put_uint(b, rec, field_iana(ID_COLLECTOR_PORT), TYPE_UINT, 2, s->stats.to.port);
	put_uint(b, rec, field_own(OWN_VERSION), TYPE_UINT, 2, s->stats.version);
	put_uint(b, rec, field_own(OWN_DOMAIN), TYPE_UINT, 4, s->stats.domain);
	put_uint(b, rec, field_own(OWN_RECEIVED), TYPE_TIME, 8, (uint64_t)t->refreshed_ns);
	put_uint(b, rec, field_iana(ID_TEMPLATE), TYPE_UINT, 2, t->id);
	put_uint(b, rec, field_own(OWN_TEMPLATE_OPTIONS), TYPE_BOOL, 1, t->options);
	for (unsigned i = 0; i < t->n_specs; i++)
		put_spec(&specs, &t->specs[i]);
	col = batch_column(b, &fields, TYPE_BYTES, 0, 0);
	batch_put_octets(b, (unsigned)col, rec, specs.data, specs.len);
	buf_free(&specs);
}

bool
wire_save(const struct wire *w, size_t *at, struct batch *b)
{
	const struct sessions *t = &w->sessions;

	batch_reset(b);
	b->options = true;
	for (; *at < t->n && b->n < SAVED_AT_ONCE; ++*at) {
		const struct session *s = t->all[*at];

		for (unsigned i = 0; i < s->n_buckets && !s->stats.stream; i++)
			for (const struct template *p = s->templates[i]; p != NULL; p = p->next)
				save_template(b, s, p);
	}
	return b->n > 0;
}

static bool
value(struct batch *b, struct field_id id, size_t rec, struct value *v)
{
	int col = batch_find(b, &id);

	*v = (struct value){ .type = TYPE_NONE };
	if (col >= 0)
		*v = value_at(batch_plain(b, (unsigned)col), rec);
	return v->type != TYPE_NONE;
}

static uint64_t
number(struct batch *b, struct field_id id, size_t rec)
{
	struct value v;

	return value(b, id, rec, &v) && v.type != TYPE_IP && !type_is_var(v.type) ? v.u : 0;
}

/* Where its exporter sent to: of a saved template. */
static struct wire_place
place_of(struct batch *b, size_t rec)
{
	struct wire_place to = { .port = (uint16_t)number(b, field_iana(ID_COLLECTOR_PORT), rec) };
	struct value v;

	if (value(b, field_iana(ID_COLLECTOR), rec, &v) && v.type == TYPE_IP)
		to.addr = v.ip;
	return to;
}

/* The session that the record is of; NULL: it does not say. */
static struct session *
session_of(struct wire *w, struct batch *b, size_t rec, struct wire_msg *msg,
    bool (*mine)(void *, const struct addr *), void *ctx)
{
	struct value exporter;
	int64_t received_ns = (int64_t)number(b, field_own(OWN_RECEIVED), rec);

	if (!value(b, field_own(OWN_EXPORTER), rec, &exporter) || exporter.type != TYPE_IP ||
	    (mine != NULL && !mine(ctx, &exporter.ip)))
		return NULL;
	*msg = (struct wire_msg){ .exporter = exporter.ip,
		.port = (uint16_t)number(b, field_own(OWN_EXPORTER_PORT), rec),
		.received_ns = received_ns > 0 ? received_ns : 0 };
	if (wire_is_saved(b))
		msg->to = place_of(b, rec);
	return session_get(&w->sessions, msg, &(struct addr){ 0 },
	    (uint16_t)number(b, field_own(OWN_VERSION), rec),
	    (uint32_t)number(b, field_own(OWN_DOMAIN), rec));
}

static void
restore_template(struct message *m, struct batch *b, size_t rec)
{
	struct value fields;
	struct cursor c;
	unsigned n = 0;

	if (!value(b, field_own(OWN_TEMPLATE_FIELDS), rec, &fields) || fields.type != TYPE_BYTES)
		return;
	c = cur_over(fields.s.p, fields.s.n);
	while (cur_left(&c) >= SPEC_LEN && n < TEMPLATE_FIELDS_MAX) {
		struct spec *s = &m->w->specs[n++];

		s->pen = cur_u32(&c);
		s->id = cur_u16(&c);
		s->len = cur_u16(&c);
		s->scope = cur_u8(&c) != 0;
	}
	session_acquaint(&m->w->sessions, m->s);
	templates_restore(m, (uint16_t)number(b, field_iana(ID_TEMPLATE), rec),
	    number(b, field_own(OWN_TEMPLATE_OPTIONS), rec) != 0, n, m->msg->received_ns);
}

bool
wire_is_saved(const struct batch *b)
{
	const struct field_id fields = field_own(OWN_TEMPLATE_FIELDS);

	return batch_find(b, &fields) >= 0;
}

void
wire_restore(struct wire *w, struct batch *b, bool (*mine)(void *, const struct addr *), void *ctx)
{
	bool saved = wire_is_saved(b);

	for (size_t rec = 0; rec < b->n; rec++) {
		struct wire_msg msg;
		struct message m = {
			.w = w, .s = session_of(w, b, rec, &msg, mine, ctx), .msg = &msg
		};

		if (m.s == NULL)
			continue;
		if (saved)
			restore_template(&m, b, rec);
		else
			options_learn(&w->sessions, m.s, b, rec, 1);
	}
}
