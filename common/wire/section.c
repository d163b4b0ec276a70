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

/* The fields of packets that say the same as one of the elements of the list. */
static uint64_t
fields_in(const struct alias *a)
{
	uint64_t fields = 0;

	for (unsigned f = 0; f < PACKET_FIELDS; f++)
		if (lists(a, PEN_IANA, packet_element((enum packet_field)f, false)) ||
		    lists(a, PEN_IANA, packet_element((enum packet_field)f, true)))
			fields |= UINT64_C(1) << f;
	return fields;
}

/*
 * What the records have, by the same element or one of its alias.  Specifier by specifier, for a template may have
 * thousands: few of them are in an alias.
 */
struct said {
	uint64_t fields;
	bool packets, octets;
};

static struct said
said_by(const struct spec *specs, unsigned n)
{
	struct said said = { .fields = 0 };
	uint16_t element[PACKET_FIELDS][2];
	size_t n_aliases;
	const struct alias *a = field_aliases(&n_aliases);

	for (unsigned f = 0; f < PACKET_FIELDS; f++)
		for (unsigned v6 = 0; v6 < 2; v6++)
			element[f][v6] = packet_element((enum packet_field)f, v6 != 0);
	for (unsigned i = 0; i < n; i++) {
		const struct spec *s = &specs[i];

		if (s->len == 0)
			continue;
		for (unsigned f = 0; f < PACKET_FIELDS && s->pen == PEN_IANA; f++)
			if (s->id == element[f][0] || s->id == element[f][1])
				said.fields |= UINT64_C(1) << f;
		said.packets |= s->pen == PEN_IANA && s->id == ID_PACKETS;
		said.octets |= s->pen == PEN_IANA && s->id == ID_OCTETS;
		for (size_t k = 0; k < n_aliases; k++) {
			if (!lists(&a[k], s->pen, s->id))
				continue;
			said.fields |= fields_in(&a[k]);
			said.packets |= lists(&a[k], PEN_IANA, ID_PACKETS);
			said.octets |= lists(&a[k], PEN_IANA, ID_OCTETS);
		}
	}
	return said;
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
	struct said said;

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
	said = said_by(specs, n);
	s->one_packet = !said.packets;
	s->no_octets = s->one_packet && !said.octets;
	s->fields = ~said.fields & ((UINT64_C(1) << PACKET_FIELDS) - 1);
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
