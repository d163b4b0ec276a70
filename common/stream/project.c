/*
 * project.c - some columns of a block as stored: so they go on undecoded when others are not wanted.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "base/file.h"
#include "stream/block.h"

/* A section on its way: where it stands, whose it is. */
struct moving {
	uint32_t offset, column;
};

struct projection {
	struct stream_slot *s;
	const unsigned *column; /* those that are kept, n of them */
	unsigned n;
	unsigned *order; /* the same as they are to stand: what others refer to before them */
	unsigned n_order;
	struct moving *moving;
	unsigned n_moving;
	struct buf header;
};

static int
by_offset(const void *a, const void *b)
{
	const struct moving *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Where column i stands among them, NO_REFERENCE: it does not. */
static unsigned
place_of(const unsigned *column, unsigned n, unsigned i)
{
	for (unsigned k = 0; k < n; k++)
		if (column[k] == i)
			return k;
	return NO_REFERENCE;
}

static void
put_in_order(struct projection *p, unsigned i)
{
	if (place_of(p->order, p->n_order, i) == NO_REFERENCE)
		p->order[p->n_order++] = i;
}

/* What a column refers to is there too, and no two sections share octets.  false: it is to be encoded anew. */
static bool
arrange(struct projection *p)
{
	uint32_t end = 0;

	for (unsigned k = 0; k < p->n; k++) {
		const struct block_entry *e = &p->s->entry[p->column[k]];

		if (e->reference != NO_REFERENCE) {
			if (place_of(p->column, p->n, e->reference) == NO_REFERENCE)
				return false;
			if (e->encoding == ENC_PLANES)
				put_in_order(p, e->reference);
		}
		put_in_order(p, p->column[k]);
		if (e->length > 0)
			p->moving[p->n_moving++] = (struct moving){ e->offset, p->column[k] };
	}
	qsort(p->moving, p->n_moving, sizeof(*p->moving), by_offset);
	for (unsigned k = 0; k < p->n_moving; k++) {
		if (p->moving[k].offset < end)
			return false;
		end = p->moving[k].offset + p->s->entry[p->moving[k].column].length;
	}
	return true;
}

static void
put_header(struct projection *p)
{
	struct buf *h = &p->header;
	const struct stream_slot *s = p->s;
	uint16_t columns = (uint16_t)p->n_order, sort = (uint16_t)le_uint(s->octets + H_SORT, 2);
	unsigned sorted = place_of(p->order, p->n_order, (sort & (SORT_DESCENDING - 1U)) - 1U);

	buf_put(h, s->octets, HEADER_LEN);
	for (unsigned k = 0; k < p->n_order; k++) {
		const struct block_entry *e = &s->entry[p->order[k]];
		uint16_t reference = (uint16_t)(e->reference == NO_REFERENCE
						    ? NO_REFERENCE
						    : place_of(p->order, p->n_order, e->reference));

		buf_put(h, s->octets + HEADER_LEN + (size_t)p->order[k] * ENTRY_LEN, ENTRY_LEN);
		memcpy(h->data + h->len - ENTRY_LEN + E_REFERENCE, &reference, 2);
	}
	for (unsigned k = 0; k < p->n_order; k++) {
		const char *text = s->batch.col[p->order[k]].id.named;
		uint32_t at = (uint32_t)h->len;
		uint16_t len;

		if (text == NULL)
			continue;
		len = (uint16_t)strlen(text);
		buf_put(h, &len, 2);
		buf_put(h, text, len);
		while (h->len % 8)
			buf_putc(h, 0);
		memcpy(h->data + HEADER_LEN + (size_t)k * ENTRY_LEN + E_NAME, &at, 4);
	}
	sort = sorted == NO_REFERENCE ? 0 : (uint16_t)((sorted + 1) | (sort & SORT_DESCENDING));
	memcpy(h->data + H_COLUMNS, &columns, 2);
	memcpy(h->data + H_SORT, &sort, 2);
}

/* The section to its new place, which is no later than its old one. */
static bool
move(struct stream_slot *s, const struct block_entry *e, uint32_t to, uint32_t read_to)
{
	if (e->offset + e->length <= read_to) {
		memmove(s->octets + to, s->octets + e->offset, e->length);
		return true;
	}
	return s->file != NULL &&
	       file_read_at(s->file->fd, s->octets + to, e->length, s->file_offset + e->offset);
}

static bool
move_all(struct projection *p, uint32_t *end)
{
	struct stream_slot *s = p->s;
	const uint32_t whole = (uint32_t)s->have;
	bool done = true;

	*end = (uint32_t)p->header.len;
	for (unsigned k = 0; k < p->n_moving && done; k++) {
		const struct block_entry *e = &s->entry[p->moving[k].column];
		uint32_t to = (*end + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
		unsigned place = place_of(p->order, p->n_order, p->moving[k].column);

		memset(s->octets + *end, 0, to - *end);
		done = move(s, e, to, whole);
		memcpy(p->header.data + HEADER_LEN + (size_t)place * ENTRY_LEN + E_OFFSET, &to, 4);
		*end = to + e->length;
	}
	return done;
}

static int
project(struct projection *p, struct err *err)
{
	struct stream_slot *s = p->s;
	uint32_t header_len, end;

	if (!arrange(p))
		return 0;
	put_header(p);
	header_len = (uint32_t)p->header.len;
	if (header_len > s->header_len)
		return 0;
	if (slot_room(s, s->block_len) == NULL || !move_all(p, &end))
		return slot_unread(s, err);
	memset(s->octets + end, 0, SECTION_ALIGN - 1);
	end = (end + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
	s->flags &= (uint16_t)~BLOCK_SELECTED;
	s->header_len = header_len;
	s->block_len = end;
	s->have = s->stored = end;
	s->tail = NULL;
	memcpy(s->octets, p->header.data, header_len);
	memcpy(s->octets + H_HEADER_LEN, &header_len, 4);
	memcpy(s->octets + H_BLOCK_LEN, &end, 4);
	memcpy(s->octets + H_FLAGS, &s->flags, 2);
	memset(s->octets + H_SELECTION, 0, 4);
	return 1;
}

int
slot_project(struct stream_slot *s, const unsigned *column, unsigned n, struct err *err)
{
	struct projection p = { .s = s, .column = column, .n = n };
	int rc;

	p.order = mem_alloc((n + 1) * sizeof(*p.order));
	p.moving = mem_alloc((n + 1) * sizeof(*p.moving));
	rc = project(&p, err);
	mem_free(p.order);
	mem_free(p.moving);
	buf_free(&p.header);
	return rc;
}
