/*
 * section.c - a column's values as parts: the choice of an encoding, constants, plain values.
 */
#include "stream/section.h"

static bool
is_constant(const struct column *c, size_t n)
{
	const uint8_t *v = c->data;

	if (c->width == 0 || c->width > 8)
		return false;
	if (c->flags & COLUMN_PARTIAL)
		return (c->flags & COLUMN_ZONE) && c->min == c->max && c->type != TYPE_FLOAT32 &&
		       c->type != TYPE_FLOAT64;
	return n > 0 && memcmp(v, v + c->width, (n - 1) * c->width) == 0;
}

static uint64_t
constant_of(const struct column *c, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (c->present == NULL || bits_get(c->present, i)) {
			memcpy(&v, (const uint8_t *)c->data + i * c->width, c->width);
			break;
		}
	}
	return v;
}

static void
encode_plain(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n)
{
	if (c->width == 0) {
		en->encoding = ENC_BYTES;
		put_values(e, p, c, NULL, n);
	} else {
		en->encoding = ENC_PLAIN;
		part_add(e, p, c->data, n * c->width);
	}
}

bool
section_leads(const struct column *c)
{
	return (c->type == TYPE_IP || c->width == 0) && c->present == NULL;
}

/* Choose an encoding and append the parts. */
static void
encode_values(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    uint16_t at, const struct column *reference, size_t n)
{
	if (is_constant(c, n)) {
		en->encoding = ENC_CONST;
		en->base = constant_of(c, n);
		return;
	}
	if (e->profile == PROFILE_PIPE) {
		encode_plain(e, p, en, c, n);
		return;
	}
	if (encode_map(e, p, en, c, n))
		return;
	if (c->type == TYPE_IP || c->width == 0) {
		if (!encode_dict(e, p, en, c, n, n / 2))
			encode_plain(e, p, en, c, n);
		else if (section_leads(c))
			dict_keep(e, at);
		return;
	}
	if (c->width >= 4 && reference == NULL && c->type != TYPE_TIME &&
	    encode_dict(e, p, en, c, n, n / 64 < DICT_CHEAP ? n / 64 : DICT_CHEAP))
		return;
	encode_planes(e, p, en, c, reference, n);
}

/* Directory and parts. */
static void
put_section(struct encoder *e, struct entry *en, const struct parts *p)
{
	e->section.len = 0;
	if (p->n == 0)
		return;
	buf_put(&e->section, &p->n, 4);
	buf_put(&e->section, &en->dict_n, 4);
	for (unsigned k = 0; k < p->n; k++) {
		buf_put(&e->section, &p->stored[k], 4);
		buf_put(&e->section, &p->unpacked[k], 4);
		en->unpacked += p->unpacked[k];
	}
	buf_pad(&e->section, SECTION_ALIGN);
	buf_put(&e->section, e->body.data, e->body.len);
}

void
encode_section(struct encoder *e, struct entry *en, struct column *c, uint16_t at,
    const struct column *reference, uint16_t reference_at, size_t n)
{
	struct parts p = { .out = &e->body };

	*en = (struct entry){ .reference = NO_REFERENCE, .scale = c->scale };
	e->body.len = 0;
	column_zone(c, n);
	if (c->present != NULL) {
		en->flags |= ENTRY_PRESENCE;
		part_add(e, &p, c->present, bits_words(n) * 8);
	}
	encode_values(e, &p, en, c, at, reference, n);
	if (en->encoding == ENC_PLANES && reference != NULL)
		en->reference = reference_at;
	put_section(e, en, &p);
}
