/*
 * Lists as RFC 6313 encodes them.  A basicList carries its element with it; the records of the others
 * are of templates that the session must know: sub-templates, kept by the exporter under numbers of
 * their own in all sessions, and sent before a record that needs them.
 */
#include "flow/list.h"
#include "wire/exporter.h"

enum { SHORT_LENGTH = 255, SUBS_MAX = 4096 };

/* The encoding of one column's lists. */
struct lists {
	struct exporter *e;
	struct buf out;
	struct buf uses; /* uint32_t: sub-templates of the records, one after another */
};

static bool put_list(struct lists *x, const void *data, size_t n, unsigned depth);

/* A list value in place of itself: encoded behind its length, which is always the long form. */
static bool
put_nested(struct lists *x, const uint8_t *v, size_t n, unsigned depth)
{
	size_t at = x->out.len, len;

	put_be(&x->out, SHORT_LENGTH, 1);
	put_be(&x->out, 0, 2);
	if (!put_list(x, v, n, depth + 1))
		return false;
	len = x->out.len - at - 3;
	if (len >= LENGTH_VAR)
		return false;
	set_be(&x->out, at + 1, len, 2);
	return true;
}

/* A value, with its length before it where that varies (RFC 7011 7). */
static bool
put_element(struct lists *x, const struct list_field *f, size_t length, const uint8_t *v, size_t n,
    unsigned depth)
{
	if (f->type == TYPE_LIST)
		return put_nested(x, v, n, depth);
	if (n >= LENGTH_VAR)
		return false;
	if (length == LENGTH_VAR) {
		if (n >= SHORT_LENGTH)
			put_be(&x->out, SHORT_LENGTH, 1);
		put_be(&x->out, n, n >= SHORT_LENGTH ? 2 : 1);
	}
	buf_put(&x->out, v, n);
	return true;
}

/* Make *length the one that all values so far have, or LENGTH_VAR: of strings always, as they are outside of lists. */
static void
merge_length(size_t *length, const struct list_field *f, size_t n, bool first)
{
	if (f->type == TYPE_LIST || f->type == TYPE_STRING || n == 0 || n >= LENGTH_VAR ||
	    (!first && n != *length))
		*length = LENGTH_VAR;
	else if (first)
		*length = n;
}

static void
put_specifier(struct buf *out, const struct list_field *f, size_t length)
{
	bool enterprise = f->pen != PEN_IANA;

	put_be(out, f->id | (enterprise ? 0x8000u : 0), 2);
	put_be(out, length, 2);
	if (enterprise)
		put_be(out, f->pen, 4);
}

/* RFC 6313 4.5.1: semantic, field specifier, values. */
static bool
put_basic(struct lists *x, struct list_reader *r, unsigned depth)
{
	struct list_reader ahead;
	struct list_field f;
	size_t length = LENGTH_VAR, n;
	uint32_t count;
	bool ok = true;

	if (!list_read_basic(r, &f, &count) || f.pen >= PEN_OWN)
		return false;
	ahead = *r;
	for (uint32_t i = 0; i < count; i++) {
		if (list_read_value(&ahead, &n) == NULL)
			return false;
		merge_length(&length, &f, n, i == 0);
	}
	put_specifier(&x->out, &f, length);
	for (uint32_t i = 0; i < count && ok; i++) {
		const uint8_t *v = list_read_value(r, &n);

		ok = v != NULL && put_element(x, &f, length, v, n, depth);
	}
	return ok;
}

/* Sub-templates ------------------------------------------------------------------------------ */

static bool
id_taken(const struct exporter *e, unsigned id)
{
	if (id < TEMPLATE_FIRST || bits_get(e->sub_ids, id))
		return true;
	for (const struct session *s = e->first; s != NULL; s = s->next) {
		if (s->last_id >= id)
			return true;
	}
	return false;
}

/* The sub-template with this specification; new ones keep the number they had if it is free. */
static bool
sub_find(
    struct exporter *e, const struct buf *spec, unsigned fields, uint16_t wanted, uint32_t *sub)
{
	unsigned id = wanted;
	struct sub *s;

	for (*sub = 0; *sub < e->n_subs; (*sub)++) {
		s = &e->subs[*sub];
		if (s->spec.len == spec->len && memcmp(s->spec.data, spec->data, spec->len) == 0)
			return true;
	}
	for (unsigned next = UINT16_MAX; id_taken(e, id) && next >= TEMPLATE_FIRST; next--)
		id = next;
	if (e->n_subs == SUBS_MAX || id_taken(e, id))
		return false;
	e->subs = mem_resize(e->subs, e->n_subs + 1, sizeof(*e->subs));
	s = &e->subs[e->n_subs++];
	*s = (struct sub){ .id = (uint16_t)id, .fields = fields };
	buf_put(&s->spec, spec->data, spec->len);
	bits_set(e->sub_ids, id);
	return true;
}

/*
 * The length of each field over all records of a group; r is a copy, read ahead.  Octets of one length keep it while
 * there are numbers enough for a sub-template of each.
 */
static bool
group_lengths(struct list_reader r, const struct list_group_info *g, bool plenty, size_t *lengths)
{
	size_t n;

	for (unsigned i = 0; i < g->fields; i++)
		lengths[i] = LENGTH_VAR;
	for (uint32_t rec = 0; rec < g->records; rec++) {
		for (unsigned i = 0; i < g->fields; i++) {
			struct list_field f = list_spec_field(g, i);

			if (f.pen >= PEN_OWN || list_read_value(&r, &n) == NULL)
				return false;
			if (plenty || f.type != TYPE_BYTES)
				merge_length(&lengths[i], &f, n, rec == 0);
		}
	}
	return true;
}

static bool
put_records(struct lists *x, struct list_reader *r, const struct list_group_info *g,
    const size_t *lengths, unsigned depth)
{
	bool ok = true;
	size_t n;

	for (uint32_t rec = 0; rec < g->records && ok; rec++) {
		for (unsigned i = 0; i < g->fields && ok; i++) {
			struct list_field f = list_spec_field(g, i);
			const uint8_t *v = list_read_value(r, &n);

			ok = v != NULL && put_element(x, &f, lengths[i], v, n, depth);
		}
	}
	return ok;
}

/* Template number, of a multi list the octets too, and records (RFC 6313 4.5.2, 4.5.3). */
static bool
put_group(struct lists *x, struct list_reader *r, unsigned depth, bool multi)
{
	struct list_group_info g;
	struct buf spec = { 0 };
	size_t *lengths, at = x->out.len;
	uint32_t sub;
	bool ok;

	if (!list_read_group(r, &g))
		return false;
	if (g.fields == 0) { /* empty, of a template never seen: its number is all there is */
		put_be(&x->out, g.template_id, 2);
		if (multi)
			put_be(&x->out, 4, 2);
		return true;
	}
	lengths = mem_alloc(g.fields * sizeof(*lengths));
	ok = group_lengths(*r, &g, x->e->n_subs < SUBS_MAX / 2, lengths);
	for (unsigned i = 0; i < g.fields && ok; i++) {
		struct list_field f = list_spec_field(&g, i);

		ok = f.pen < PEN_OWN;
		put_specifier(&spec, &f, lengths[i]);
	}
	ok = ok && sub_find(x->e, &spec, g.fields, g.template_id, &sub);
	if (ok) {
		buf_put(&x->uses, &sub, sizeof(sub));
		put_be(&x->out, x->e->subs[sub].id, 2);
		if (multi)
			put_be(&x->out, 0, 2);
		ok = put_records(x, r, &g, lengths, depth);
	}
	if (ok && multi)
		set_be(&x->out, at + 2, x->out.len - at, 2);
	buf_free(&spec);
	mem_free(lengths);
	return ok && x->out.len - at < LENGTH_VAR;
}

static bool
put_list(struct lists *x, const void *data, size_t n, unsigned depth)
{
	struct list_reader r;
	bool ok = true;

	if (depth >= LIST_DEPTH_MAX || !list_open(&r, data, n))
		return false;
	put_be(&x->out, r.semantic, 1);
	if (r.kind == LIST_BASIC)
		return put_basic(x, &r, depth);
	for (unsigned i = 0; i < r.groups && ok; i++)
		ok = put_group(x, &r, depth, r.kind == LIST_MULTI);
	return ok;
}

/* A column ----------------------------------------------------------------------------------- */

static void *
arena_copy(struct plan *p, const struct buf *b)
{
	void *to = arena_alloc(&p->arena, b->len + 1);

	if (b->len > 0)
		memcpy(to, b->data, b->len);
	return to;
}

bool
lists_encode(struct exporter *e, struct xfield *f, size_t n)
{
	struct plan *p = &e->plan;
	struct lists x = { .e = e };
	uint64_t *done = plan_bitmap(p, n);
	uint32_t *off = arena_alloc(&p->arena, (n + 1) * sizeof(*off));
	uint32_t *uses_off = arena_alloc(&p->arena, (n + 1) * sizeof(*uses_off));
	const uint8_t *octets = f->col.data;

	for (size_t i = 0; i < n; i++) {
		size_t before = x.out.len, used = x.uses.len,
		       len = f->col.off[i + 1] - f->col.off[i];

		off[i] = (uint32_t)before;
		uses_off[i] = (uint32_t)(used / sizeof(uint32_t));
		if (!bits_has(f->present, i))
			continue;
		if (put_list(&x, octets + f->col.off[i], len, 0) &&
		    x.out.len - before < LENGTH_VAR) {
			bits_set(done, i);
		} else {
			x.out.len = before;
			x.uses.len = used;
		}
	}
	off[n] = (uint32_t)x.out.len;
	uses_off[n] = (uint32_t)(x.uses.len / sizeof(uint32_t));
	loss_count(e, &f->id, "lists that IPFIX cannot say",
	    count_present(f->present, p->sel, n) - count_present(done, p->sel, n));
	f->col.data = arena_copy(p, &x.out);
	f->col.off = off;
	f->uses = arena_copy(p, &x.uses);
	f->uses_off = uses_off;
	f->present = done;
	f->op = PUT_VAR;
	f->length = LENGTH_VAR;
	buf_free(&x.out);
	buf_free(&x.uses);
	return bits_count(done, n) > 0;
}
