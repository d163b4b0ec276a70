/*
 * Lists as RFC 6313 encodes them.  A basicList carries its element with it; lists of sub-templates
 * need templates of the session, which no column knows: they are counted as lost.
 */
#include "flow/list.h"
#include "wire/exporter.h"

enum { SHORT_LENGTH = 255 };

static bool put_list(struct buf *out, const void *data, size_t n, unsigned depth);

/* A value with its length before it (RFC 7011 7). */
static bool
put_element(struct buf *out, const struct list_field *f, const uint8_t *v, size_t n, unsigned depth)
{
	struct buf nested = { 0 };
	bool ok = true;

	if (f->type == TYPE_LIST) {
		ok = put_list(&nested, v, n, depth + 1);
		v = (const uint8_t *)nested.data;
		n = nested.len;
	}
	if (n >= SHORT_LENGTH)
		put_be(out, SHORT_LENGTH, 1);
	put_be(out, n, n >= SHORT_LENGTH ? 2 : 1);
	buf_put(out, v, n);
	buf_free(&nested);
	return ok && n < LENGTH_VAR;
}

/* The one length that all values have, or LENGTH_VAR. */
static size_t
common_length(struct list_reader r, const struct list_field *f, uint32_t count)
{
	size_t length = LENGTH_VAR, n;

	if (f->type == TYPE_LIST)
		return LENGTH_VAR;
	for (uint32_t i = 0; i < count; i++) {
		if (list_read_value(&r, &n) == NULL || n == 0 || (i > 0 && n != length))
			return LENGTH_VAR;
		length = n;
	}
	return length;
}

/* RFC 6313 4.5.1: semantic, field specifier, values. */
static bool
put_list(struct buf *out, const void *data, size_t n, unsigned depth)
{
	struct list_reader r;
	struct list_field f;
	uint32_t count;
	size_t length, len;
	bool enterprise, ok = true;

	if (depth >= LIST_DEPTH_MAX || !list_open(&r, data, n) || r.kind != LIST_BASIC ||
	    !list_read_basic(&r, &f, &count))
		return false;
	if (f.pen >= PEN_OWN)
		return false;
	enterprise = f.pen != PEN_IANA;
	length = common_length(r, &f, count);
	put_be(out, r.semantic, 1);
	put_be(out, f.id | (enterprise ? 0x8000u : 0), 2);
	put_be(out, length, 2);
	if (enterprise)
		put_be(out, f.pen, 4);
	for (uint32_t i = 0; i < count && ok; i++) {
		const uint8_t *v = list_read_value(&r, &len);

		if (v == NULL)
			return false;
		if (length == LENGTH_VAR)
			ok = put_element(out, &f, v, len, depth);
		else
			buf_put(out, v, len);
	}
	return ok;
}

bool
lists_encode(struct exporter *e, struct xfield *f, size_t n)
{
	struct plan *p = &e->plan;
	uint64_t *done = arena_zero(&p->arena, bits_words(n) * 8 + 8);
	uint32_t *off = arena_alloc(&p->arena, (n + 1) * sizeof(*off));
	const uint8_t *octets = f->col.data;
	struct buf all = { 0 };
	size_t had = count_present(f->present, p->sel, n);

	for (size_t i = 0; i < n; i++) {
		size_t before = all.len;

		off[i] = (uint32_t)before;
		if (f->present != NULL && !bits_get(f->present, i))
			continue;
		if (put_list(&all, octets + f->col.off[i], f->col.off[i + 1] - f->col.off[i], 0) &&
		    all.len - before < LENGTH_VAR)
			bits_set(done, i);
		else
			all.len = before;
	}
	off[n] = (uint32_t)all.len;
	loss_count(e, &f->id, "lists of sub-templates", had - count_present(done, p->sel, n));
	f->col.data = arena_alloc(&p->arena, all.len + 1);
	if (all.len > 0)
		memcpy(f->col.data, all.data, all.len);
	f->col.off = off;
	f->present = done;
	f->op = PUT_VAR;
	f->length = LENGTH_VAR;
	buf_free(&all);
	return bits_count(done, n) > 0;
}
