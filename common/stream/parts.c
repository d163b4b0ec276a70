/*
 * parts.c - the pieces of a section: compressed where that pays, each aligned.
 */
#include <assert.h>

#include "flow/cells.h"
#include "stream/section.h"

/* Where the next part begins. */
static void
begin_part(struct parts *p)
{
	assert(p->n < MAX_PARTS);
	section_pad(p->out, p->begin);
}

static void
end_part(struct parts *p, size_t stored, size_t unpacked)
{
	p->stored[p->n] = (uint32_t)stored;
	p->unpacked[p->n++] = (uint32_t)unpacked;
}

void
part_add(struct encoder *e, struct parts *p, const void *data, size_t n)
{
	size_t len = n;

	begin_part(p);
	if (e->packer != NULL && n > 64)
		len = pack_octets(e->packer, p->out, data, n);
	else
		buf_put(p->out, data, n);
	end_part(p, len, n);
}

void
part_add_plane(struct encoder *e, struct parts *p, const uint8_t *plane, size_t n)
{
	size_t len, unpacked;

	if (e->packer == NULL || n <= 64) {
		part_add(e, p, plane, n);
		return;
	}
	begin_part(p);
	len = pack_plane(e->packer, p->out, plane, n, &unpacked);
	end_part(p, len, unpacked);
	if (unpacked < n)
		p->version = VERSION_THIN;
}

const void *
cell_octets(const struct column *c, size_t rec, size_t *len)
{
	if (c->width == 0) {
		*len = c->off[rec + 1] - c->off[rec];
		if (c->data == NULL) /* every value is empty */
			return "";
		return (const uint8_t *)c->data + c->off[rec];
	}
	*len = c->width;
	return (const uint8_t *)c->data + rec * c->width;
}

/* Numbers of chosen records. */
static void
put_numbers(
    struct encoder *e, struct parts *p, const struct column *c, const uint32_t *rec, size_t n)
{
	char *room;

	e->planes.len = 0;
	room = buf_room(&e->planes, n * c->width);
	cells_by_index(room, c->data, c->width, rec, n);
	part_add(e, p, room, n * c->width);
}

void
put_values(
    struct encoder *e, struct parts *p, const struct column *c, const uint32_t *rec, size_t n)
{
	struct buf octets = { 0 }, lengths = { 0 };

	if (rec != NULL && c->width > 0 && c->width <= 8) {
		put_numbers(e, p, c, rec, n);
		return;
	}
	for (size_t k = 0; k < n; k++) {
		size_t len;
		const void *v = cell_octets(c, rec ? rec[k] : k, &len);
		uint32_t len32 = (uint32_t)len;

		if (c->width == 0)
			buf_put(&lengths, &len32, 4);
		buf_put(&octets, v, len);
	}
	if (c->width == 0)
		part_add(e, p, lengths.len ? lengths.data : "", lengths.len);
	part_add(e, p, octets.len ? octets.data : "", octets.len);
	buf_free(&octets);
	buf_free(&lengths);
}
