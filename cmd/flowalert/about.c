#include "about.h"

bool
about_end(struct alert *a, struct ends *ends, const struct field_id *id, const struct value *v)
{
	if (id->pen != PEN_IANA || id->instance != 0)
		return false;
	if (v->type == TYPE_IP && id->id == 8) {
		ends->src = v->ip;
		a->src = &ends->src;
		return true;
	}
	if (v->type == TYPE_IP && id->id == 12) {
		ends->dst = v->ip;
		a->dst = &ends->dst;
		return true;
	}
	if (v->type != TYPE_UINT || v->u > (id->id == 4 ? UINT8_MAX : UINT16_MAX))
		return false;
	switch (id->id) {
	case 4: a->proto = (int)v->u; return true;
	case 7: a->srcport = (int)v->u; return true;
	case 11: a->dstport = (int)v->u; return true;
	default: return false;
	}
}

void
about_put(struct buf *out, const struct column *c, size_t rec)
{
	const struct text_opts opts = { .style = STYLE_TABLE, .plain = true };
	struct value v = value_at(c, rec);
	struct buf text = { 0 };

	if (v.type == TYPE_NONE)
		return;
	if (out->len > 0)
		buf_putc(out, ' ');
	if (c->id.pen == PEN_NAMED)
		buf_puts(out, c->id.named);
	else
		field_put_name(out, &c->id);
	buf_putc(out, '=');
	value_put(&text, &v, c, &opts);
	for (size_t i = 0; i < text.len; i++)
		buf_putc(out, (unsigned char)text.data[i] <= ' ' ? '_' : text.data[i]);
	buf_free(&text);
}
