/*
 * section.c - a column's values as parts: the choice of an encoding, constants, plain values.
 */
#include "stream/section.h"
#include "flow/zone.h"

static bool
is_constant(const struct column *c, size_t n)
{
	const uint8_t *v = c->data;

	if (c->width == 0 || c->width > 8)
		return false;
	if (!type_is_float(c->type)) /* of numbers the zone is exact */
		return (c->flags & COLUMN_ZONE) && c->min == c->max;
	if (c->flags & COLUMN_PARTIAL)
		return false;
	return n > 0 && memcmp(v, v + c->width, (n - 1) * c->width) == 0;
}

static uint64_t
constant_of(const struct column *c, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (bits_has(c->present, i)) {
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

void
section_pad(struct buf *out, size_t begin)
{
	size_t pad = (size_t) - (out->len - begin) % SECTION_ALIGN;

	memset(buf_room(out, pad), 0, pad);
	out->len += pad;
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
	if (reference == NULL && encode_runs(e, p, en, c, n))
		return;
	encode_planes(e, p, en, c, reference, n);
}

/* Room for the directory of what most columns have; that of more parts moves them. */
static void
leave_directory(struct buf *out)
{
	memset(buf_room(out, SECTION_ALIGN), 0, SECTION_ALIGN);
	out->len += SECTION_ALIGN;
}

static void
write_directory(struct entry *en, const struct parts *p)
{
	size_t len = 8 + 8 * (size_t)p->n, first = p->begin + SECTION_ALIGN;
	uint32_t words[2 + 2 * MAX_PARTS] = { p->n, en->dict_n };

	if (p->n == 0) {
		p->out->len = p->begin;
		return;
	}
	for (unsigned k = 0; k < p->n; k++) {
		words[2 + 2 * k] = p->stored[k];
		words[3 + 2 * k] = p->unpacked[k];
		en->unpacked += p->unpacked[k];
	}
	if (len > SECTION_ALIGN) {
		size_t more = (len - 1) / SECTION_ALIGN * SECTION_ALIGN,
		       of_parts = p->out->len - first;

		buf_room(p->out, more);
		memmove(p->out->data + first + more, p->out->data + first, of_parts);
		memset(p->out->data + first, 0, more);
		p->out->len += more;
	}
	memcpy(p->out->data + p->begin, words, len);
}

void
encode_section(struct encoder *e, struct entry *en, struct column *c, uint16_t at,
    const struct column *reference, uint16_t reference_at, size_t n, struct buf *out)
{
	struct parts p = { .version = VERSION_FIRST, .out = out, .begin = out->len };

	*en = (struct entry){ .reference = NO_REFERENCE, .scale = c->scale };
	leave_directory(out);
	column_zone(c, n);
	if (c->present != NULL) {
		en->flags |= ENTRY_PRESENCE;
		part_add(e, &p, c->present, bits_words(n) * 8);
	}
	encode_values(e, &p, en, c, at, reference, n);
	if (en->encoding == ENC_PLANES && reference != NULL)
		en->reference = reference_at;
	en->version = p.version;
	write_directory(en, &p);
}
