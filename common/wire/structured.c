/*
 * structured.c - structured data (RFC 6313) made self-contained: a list on the wire refers to
 * templates of its session, a list in a column carries its fields with it (flow/list.h).
 *
 * Fields without octets, and the fields of groups without records, are left out: what comes out is then
 * at most a small multiple of what was sent.
 */
#include "base/mem.h"
#include "flow/list.h"
#include "wire/templates.h"

enum { ENTERPRISE_BIT = 0x8000 };

static bool put_list(
    struct message *, uint32_t pen, uint16_t id, struct cursor *, struct buf *, unsigned depth);

/* One value; a nested list in the self-contained form. */
static bool
put_value(struct message *m, struct list_writer *w, const struct list_field *f, struct cursor *c,
    size_t len, unsigned depth)
{
	struct cursor value = cur_sub(c, len == VARYING ? varying_length(c) : len);
	size_t opened;

	if (c->bad || value.bad)
		return false;
	if (f->type != TYPE_LIST) {
		list_value(w, value.p, cur_left(&value));
		return true;
	}
	opened = list_value_open(w);
	if (!put_list(m, f->pen, f->id, &value, w->out, depth + 1))
		return false;
	list_value_close(w, opened);
	return true;
}

static bool
put_basic(struct message *m, struct cursor *c, struct buf *out, unsigned depth)
{
	struct list_writer w;
	struct list_field f;
	unsigned semantic = cur_u8(c), id = cur_u16(c), len = cur_u16(c);
	uint32_t pen = id & ENTERPRISE_BIT ? cur_u32(c) : 0;

	/* RFC 6313 4.5.1: values of length 0 would never end. */
	if (c->bad || len == 0 || pen >= PEN_OWN)
		return false;
	f = list_field_of(pen, (uint16_t)(id & ~(unsigned)ENTERPRISE_BIT), 0);
	list_begin(&w, out, LIST_BASIC, (uint8_t)semantic);
	list_basic(&w, &f);
	while (cur_left(c) > 0)
		if (!put_value(m, &w, &f, c, len, depth))
			return false;
	list_end(&w);
	return true;
}

static void
open_group(struct list_writer *w, const struct template *t, struct list_field *fields)
{
	for (unsigned i = 0; i < t->n_fields; i++) {
		unsigned spec = t->fields[i].at;

		fields[i] =
		    list_field_of(t->specs[spec].pen, t->specs[spec].id, t->instances[spec]);
	}
	list_group(w, t->id, fields, (uint16_t)t->n_fields);
}

/* The records of one template, to the end of the cursor or padding. */
static bool
put_records(struct message *m, struct list_writer *w, const struct template *t, struct cursor *c,
    unsigned depth)
{
	struct list_field *fields = mem_alloc(t->n_fields * sizeof(*fields));
	bool good = true;

	open_group(w, t, fields);
	while (good && cur_left(c) >= t->min_len)
		for (unsigned i = 0; i < t->n_fields && good; i++)
			good = put_value(m, w, &fields[i], c, t->fields[i].len, depth);
	mem_free(fields);
	return good;
}

static bool
put_group(struct message *m, struct list_writer *w, uint16_t id, struct cursor *c, unsigned depth)
{
	struct template *t = templates_find_listed(m, id);

	if (c->bad)
		return false;
	if (t != NULL && cur_left(c) >= t->min_len)
		return put_records(m, w, t, c, depth);
	list_group(w, id, NULL, 0);
	return t != NULL || cur_left(c) == 0;
}

static bool
put_sub(struct message *m, struct cursor *c, struct buf *out, unsigned depth)
{
	struct list_writer w;
	unsigned semantic = cur_u8(c), id = cur_u16(c);

	list_begin(&w, out, LIST_SUB, (uint8_t)semantic);
	if (!put_group(m, &w, (uint16_t)id, c, depth))
		return false;
	list_end(&w);
	return true;
}

static bool
put_multi(struct message *m, struct cursor *c, struct buf *out, unsigned depth)
{
	struct list_writer w;
	unsigned semantic = cur_u8(c);

	list_begin(&w, out, LIST_MULTI, (uint8_t)semantic);
	while (cur_left(c) > 0) {
		unsigned id = cur_u16(c), len = cur_u16(c);
		struct cursor records = cur_sub(c, len >= 4 ? len - 4 : SIZE_MAX);

		if (c->bad || !put_group(m, &w, (uint16_t)id, &records, depth))
			return false;
	}
	list_end(&w);
	return !c->bad;
}

/* Which kind of list an element of the table is: its octets do not tell. */
static enum list_kind
kind_of(uint32_t pen, uint16_t id)
{
	if (pen != PEN_IANA && pen != PEN_REVERSE)
		return LIST_SUB; /* Ixia's */
	switch (id) {
	case 292: /* subTemplateList */
	case 443: /* mibObjectValueTable, mibObjectValueRow */
	case 444:
	case 516: /* ipv6ExtensionHeaderTypeCountList, ipv6ExtensionHeaderChainLengthList */
	case 519: return LIST_SUB;
	case 293: return LIST_MULTI;
	default: return LIST_BASIC; /* communities, AS paths, segments, option numbers too */
	}
}

static bool
put_list(
    struct message *m, uint32_t pen, uint16_t id, struct cursor *c, struct buf *out, unsigned depth)
{
	if (depth >= LIST_DEPTH_MAX)
		return false;
	switch (kind_of(pen, id)) {
	case LIST_SUB: return put_sub(m, c, out, depth);
	case LIST_MULTI: return put_multi(m, c, out, depth);
	case LIST_BASIC: break;
	}
	return put_basic(m, c, out, depth);
}

bool
wire_list(
    struct message *m, const struct field_id *id, const uint8_t *p, size_t len, struct buf *out)
{
	struct cursor c = cur_over(p, len);

	if (put_list(m, id->pen, id->id, &c, out, 0))
		return true;
	out->len = 0;
	return false;
}
