#include "wire/row.h"

#include <assert.h>

#include "base/mem.h"

static const struct {
	uint32_t pen;
	uint16_t id;
	bool scope;
} fields[ROW_FIELDS] = {
#define ROW_FIELD(NAME, PEN, ID, SCOPE) [ROW_##NAME] = { PEN, ID, SCOPE },
	ROW_FIELD_LIST(ROW_FIELD)
#undef ROW_FIELD
};

struct row_columns *
row_columns_new(void)
{
	struct row_columns *c = mem_zero(1, sizeof(*c));

	for (unsigned i = 0; i < ROW_FIELDS; i++) {
		struct row_column *col = &c->column[i];
		const struct element *e;

		if (i < PACKET_FIELDS)
			col->id = field_iana(packet_element((enum packet_field)i, false));
		else
			col->id = (struct field_id){ .pen = fields[i].pen, .id = fields[i].id };
		e = element_find(col->id.pen, col->id.id);
		assert(e != NULL);
		col->type = e->type;
		col->width = e->width;
		col->scope = fields[i].scope;
		memset(col->hint, 0xff, sizeof(col->hint));
	}
	return c;
}

/* Gathering -------------------------------------------------------------------------------------- */

static struct row_cell *
add_cell(struct row *r, enum row_field f)
{
	assert(r->n < ROW_FIELDS);
	r->cell[r->n].field = (uint16_t)f;
	return &r->cell[r->n++];
}

void
row_number(struct row *r, enum row_field f, uint64_t v)
{
	add_cell(r, f)->number = v;
}

void
row_address(struct row *r, enum row_field v4, enum row_field v6, const struct addr *a, bool is_v6)
{
	add_cell(r, is_v6 && addr_is_v4(a) ? v6 : v4)->ip = *a;
}

void
row_octets(struct row *r, enum row_field f, const void *p, size_t n)
{
	struct row_cell *c = add_cell(r, f);

	c->octets.p = p;
	c->octets.n = n;
}

/* A label, its class and whether it is the bottom's: 3 octets (IANA 70). */
static void
add_labels(struct row *r, const struct packet *p)
{
	for (unsigned i = 0; i < p->n_labels; i++) {
		uint32_t entry = p->label[i];
		uint8_t *to = r->label[i];

		to[0] = (uint8_t)(entry >> 24);
		to[1] = (uint8_t)(entry >> 16);
		to[2] = (uint8_t)(entry >> 8);
		row_octets(r,
		    i == 0 ? (enum row_field)PACKET_LABELS : (enum row_field)(ROW_LABEL2 + i - 1),
		    to, 3);
	}
}

void
row_packet(struct row *r, const struct packet *p, uint64_t asked)
{
	bool v6 = p->version == 6;

	for (uint64_t left = p->has & asked; left != 0; left &= left - 1) {
		enum packet_field f = (enum packet_field)__builtin_ctzll(left);

		switch (f) {
		case PACKET_LENGTH: break;
		case PACKET_LABELS: add_labels(r, p); break;
		case PACKET_SRC: row_address(r, (enum row_field)f, ROW_SRC6, &p->src, v6); break;
		case PACKET_DST: row_address(r, (enum row_field)f, ROW_DST6, &p->dst, v6); break;
		case PACKET_FRAGMENT_ID:
		case PACKET_FRAGMENT_OFFSET:
		case PACKET_FRAGMENT_FLAGS:
			if (p->fragment)
				row_number(r, (enum row_field)f, packet_uint(p, f));
			break;
		case PACKET_ICMP_TYPE:
			row_number(r, v6 ? ROW_ICMP6_TYPE : (enum row_field)f, p->icmp_type);
			break;
		case PACKET_ICMP_CODE:
			row_number(r, v6 ? ROW_ICMP6_CODE : (enum row_field)f, p->icmp_code);
			break;
		default: row_number(r, (enum row_field)f, packet_uint(p, f)); break;
		}
	}
}

/* Appending -------------------------------------------------------------------------------------- */

/* A column's width for a number: the element's, or what an exporter needed. */
static unsigned
width_of(const struct row_column *c, const struct row_cell *cell)
{
	if (c->type == TYPE_IP)
		return addr_is_v4(&cell->ip) ? 4 : 16;
	if (type_is_var((enum type)c->type) || c->width == 8 || cell->number >> (8 * c->width) == 0)
		return c->width;
	return cell->number <= UINT16_MAX ? 2 : cell->number <= UINT32_MAX ? 4 : 8;
}

/* Find or add the columns; false when the batch will not have one of them. */
static bool
resolve(struct row *r, struct batch *b, enum wire_kind kind)
{
	struct row_columns *known = r->m->w->rows;
	bool all = true;

	for (unsigned i = 0; i < r->n; i++) {
		struct row_cell *cell = &r->cell[i];
		struct row_column *c = &known->column[cell->field];

		cell->col = (int16_t)data_column(
		    b, &c->hint[kind], &c->id, (enum type)c->type, width_of(c, cell), c->scope);
		all &= cell->col >= 0;
	}
	return all;
}

static void
put_cell(struct row *r, const struct row_cell *cell, struct batch *b, size_t rec)
{
	const struct row_column *c = &r->m->w->rows->column[cell->field];
	unsigned col = (unsigned)cell->col;

	if (cell->col < 0)
		message_bad(r->m, BAD_RECORD);
	else if (c->type == TYPE_IP)
		batch_put_ip(b, col, rec, &cell->ip);
	else if (type_is_var((enum type)c->type))
		batch_put_octets(b, col, rec, cell->octets.p, cell->octets.n);
	else
		batch_put_uint(b, col, rec, cell->number);
}

void
row_add(struct row *r, enum wire_kind kind, struct batch *b, size_t rec)
{
	(void)resolve(r, b, kind);
	for (unsigned i = 0; i < r->n; i++)
		put_cell(r, &r->cell[i], b, rec);
}

/* Columns are many, so their octets are added up now and then only; a record has less than 1 MiB. */
static bool
is_full(const struct batch *b)
{
	enum { OFTEN = 16 };

	return b->n >= BATCH_RECORDS ||
	       (b->n % OFTEN == 0 && batch_octets(b) + (OFTEN << 20) > BATCH_OCTETS);
}

void
row_append(struct row *r, enum wire_kind kind)
{
	const struct wire_out *out = r->m->out;
	struct batch *b = out->batch[kind];
	size_t rec;

	if (out->discard && kind != WIRE_OPTIONS) {
		r->m->s->stats.discarded++;
		return;
	}
	if (is_full(b)) {
		out->full(out->ctx, kind);
		b = out->batch[kind];
	}
	b->options = kind == WIRE_OPTIONS;
	if ((!data_constants(r->m, b, kind) || !resolve(r, b, kind)) && b->n > 0) {
		out->full(out->ctx, kind);
		b = out->batch[kind];
		b->options = kind == WIRE_OPTIONS;
		(void)data_constants(r->m, b, kind);
		(void)resolve(r, b, kind);
	}
	rec = batch_extend(b, 1);
	data_fill_constants(r->m, b, rec, 1);
	for (unsigned i = 0; i < r->n; i++)
		put_cell(r, &r->cell[i], b, rec);
	r->m->appended++;
	if (kind == WIRE_OPTIONS)
		r->m->s->stats.options++;
	else
		r->m->s->stats.flows++;
}
