#include "wire/section.h"

#include "flow/link.h"
#include "wire/row.h"

enum {
	ID_PACKETS = 2,
	ID_OCTETS = 1,
	ID_FRAME_SIZE = 312,
	ID_IP_SECTION = 313,
	ID_FRAME_SECTION = 315,
	ID_FRAME_TYPE = 408,
	ID_OFFSET = 409,
	FRAME_ETHERNET = 1, /* IANA, dataLinkFrameType */
};

/* Compiling -------------------------------------------------------------------------------------- */

static bool
lists(const struct alias *a, uint32_t pen, uint16_t id)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->id[i].pen == pen && a->id[i].id == id)
			return true;
	return false;
}

/* Does the specifier say what an element of IANA's would?  The same one does, or one of its alias. */
static bool
says(const struct spec *s, uint16_t element)
{
	size_t n;
	const struct alias *a = field_aliases(&n);

	if (s->len == 0)
		return false;
	if (s->pen == PEN_IANA && s->id == element)
		return true;
	for (size_t i = 0; i < n; i++)
		if (lists(&a[i], PEN_IANA, element) && lists(&a[i], s->pen, s->id))
			return true;
	return false;
}

static bool
template_says(const struct spec *specs, unsigned n, uint16_t element)
{
	for (unsigned i = 0; i < n; i++)
		if (says(&specs[i], element))
			return true;
	return false;
}

/* The first specifier of an element; most: of at most so many octets, if of a fixed length. */
static struct place
place_of(const struct spec *specs, const uint16_t *at, unsigned n, uint16_t element, unsigned most)
{
	for (unsigned i = 0; i < n; i++)
		if (specs[i].pen == PEN_IANA && specs[i].id == element && specs[i].len > 0 &&
		    specs[i].len <= most)
			return (struct place){ at[i], specs[i].len };
	return (struct place){ 0 };
}

void
section_layout(struct section *s, const struct spec *specs, const uint16_t *at, unsigned n)
{
	*s = (struct section){ .octets = place_of(specs, at, n, ID_FRAME_SECTION, VARYING) };
	if (s->octets.len == 0) {
		s->octets = place_of(specs, at, n, ID_IP_SECTION, VARYING);
		s->ip = true;
	}
	if (s->octets.len == 0)
		return;
	s->size = place_of(specs, at, n, ID_FRAME_SIZE, 8);
	s->type = place_of(specs, at, n, ID_FRAME_TYPE, 8);
	s->offset = place_of(specs, at, n, ID_OFFSET, 8);
	s->one_packet = !template_says(specs, n, ID_PACKETS);
	s->no_octets = s->one_packet && !template_says(specs, n, ID_OCTETS);
	for (unsigned f = 0; f < PACKET_FIELDS; f++) {
		uint16_t v4 = packet_element((enum packet_field)f, false);
		uint16_t v6 = packet_element((enum packet_field)f, true);

		if (!template_says(specs, n, v4) && !template_says(specs, n, v6))
			s->fields |= UINT64_C(1) << f;
	}
}

bool
section_decides(const struct section *s)
{
	uint64_t both = UINT64_C(1) << PACKET_SRC | UINT64_C(1) << PACKET_DST;

	return section_is_there(s) && (s->fields & both) == both;
}

/* Reading ---------------------------------------------------------------------------------------- */

/* A record's field. */
static struct cursor
field(const struct rows *r, size_t rec, const struct place *p)
{
	const struct slice *slice;

	if (r->slices == NULL)
		return cur_over(r->base + rec * r->stride + p->at, p->len);
	slice = &r->slices[rec * r->n_fields + p->at];
	return cur_over(r->base + slice->at, slice->len);
}

static uint64_t
number(const struct rows *r, size_t rec, const struct place *p)
{
	struct cursor c = field(r, rec, p);

	return cur_uint(&c, cur_left(&c));
}

/* The packet as far as it can be read: not from its middle on, nor of a link layer unknown here. */
static void
parse(const struct section *s, const struct rows *r, size_t rec, struct packet *p)
{
	int dlt = s->ip ? LINK_RAW : LINK_ETHERNET;
	bool readable = s->offset.len == 0 || number(r, rec, &s->offset) == 0;

	if (!s->ip && s->type.len != 0)
		readable &= number(r, rec, &s->type) == FRAME_ETHERNET;
	packet_parse(p, dlt, readable ? field(r, rec, &s->octets) : cur_over("", 0));
}

bool
section_is_v6(const struct section *s, const struct rows *r, size_t rec)
{
	struct packet p;

	parse(s, r, rec, &p);
	return packet_has(&p, PACKET_SRC) && p.version == 6;
}

static void
put_counts(struct row *row, const struct task *k, size_t rec, const struct packet *p)
{
	const struct section *s = &k->t->section;

	if (s->one_packet)
		row_number(row, ROW_PACKETS, 1);
	if (!s->no_octets)
		return;
	if (packet_has(p, PACKET_LENGTH))
		row_number(row, ROW_BYTES, p->length);
	else if (s->size.len != 0)
		row_number(row, ROW_BYTES, number(k->rows, rec, &s->size));
}

void
section_records(const struct task *k, enum wire_kind kind)
{
	struct row row;

	for (size_t i = 0; i < k->n; i++) {
		struct packet p;

		parse(&k->t->section, k->rows, k->from + i, &p);
		row_begin(&row, k->m);
		row_packet(&row, &p, k->t->section.fields);
		put_counts(&row, k, k->from + i, &p);
		row_add(&row, kind, k->b, k->first + i);
	}
}
