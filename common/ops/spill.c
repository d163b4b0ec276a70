#include "ops/spill.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/mem.h"

static struct spill_chain *
chain_at(struct spill *s, size_t chain)
{
	if (chain >= s->n_chains) {
		s->chain = mem_resize(s->chain, chain + 1, sizeof(*s->chain));
		memset(s->chain + s->n_chains, 0, (chain + 1 - s->n_chains) * sizeof(*s->chain));
		s->n_chains = chain + 1;
	}
	return &s->chain[chain];
}

int
spill_write(
    struct spill *s, size_t chain, const void *p, size_t n, const char *dir, struct err *err)
{
	struct spill_chain *c = chain_at(s, chain);

	if (!s->open) {
		s->fd = file_temp(dir, err);
		if (s->fd < 0)
			return -1;
		s->open = true;
	}
	if (file_write(s->fd, p, n) < 0)
		return err_set(
		    err, "temporary file: %s (-T names another directory)", strerror(errno));
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 8;
		c->extent = mem_resize(c->extent, c->cap, sizeof(*c->extent));
	}
	c->extent[c->n++] = (struct spill_extent){ s->size, n };
	s->size += n;
	return 0;
}

int
spill_read(const struct spill *s, size_t chain, size_t i, struct buf *out, struct err *err)
{
	const struct spill_extent *e = &s->chain[chain].extent[i];
	out->len = 0;
	if (!file_read_at(s->fd, buf_room(out, e->len), e->len, e->offset))
		return errno != 0 ? err_system(err, "temporary file")
				  : err_set(err, "temporary file: shorter than what was written");
	out->len = e->len;
	return 0;
}

size_t
spill_extents(const struct spill *s, size_t chain)
{
	return chain < s->n_chains ? s->chain[chain].n : 0;
}

void
spill_free(struct spill *s)
{
	for (size_t i = 0; i < s->n_chains; i++)
		mem_free(s->chain[i].extent);
	mem_free(s->chain);
	if (s->open)
		(void)close(s->fd);
	*s = (struct spill){ 0 };
}

/*
 * A batch as saved: u64 records, u32 columns, u32 options; then per column the struct itself (its
 * pointers void), the name's length and octets, presence, and values as they are in memory: the file
 * is read by the process that wrote it.
 */
void
spill_save_batch(struct buf *out, struct batch *b)
{
	uint64_t n = b->n;
	uint32_t head[2] = { 0, b->options };

	for (unsigned i = 0; i < b->n_cols; i++)
		head[0] += !(b->col[i].flags & COLUMN_EMPTY);
	buf_put(out, &n, 8);
	buf_put(out, head, 8);
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];
		uint32_t name;

		if (c->flags & COLUMN_EMPTY)
			continue;
		c = batch_plain(b, i);
		name = c->id.named ? (uint32_t)strlen(c->id.named) : 0;
		buf_put(out, c, sizeof(*c));
		buf_put(out, &name, 4);
		buf_put(out, c->id.named ? c->id.named : "", name);
		if (c->present != NULL)
			buf_put(out, c->present, bits_words(b->n) * 8);
		if (c->width == 0) {
			buf_put(out, c->off, (b->n + 1) * sizeof(*c->off));
			if (c->off[b->n] > c->off[0])
				buf_put(out, (const uint8_t *)c->data + c->off[0],
				    c->off[b->n] - c->off[0]);
		} else {
			buf_put(out, c->data, b->n * c->width);
		}
	}
}

static void
load_octets(struct cursor *cur, struct batch *b, unsigned col, const uint8_t *present)
{
	size_t n = b->n;
	const uint8_t *off = cur_octets(cur, (n + 1) * 4);
	const uint8_t *data;
	uint32_t first, last;

	if (off == NULL)
		return;
	memcpy(&first, off, 4);
	memcpy(&last, off + n * 4, 4);
	data = cur_octets(cur, last - first);
	for (size_t i = 0; data != NULL && i < n; i++) {
		uint32_t at, end;

		memcpy(&at, off + i * 4, 4);
		memcpy(&end, off + i * 4 + 4, 4);
		if (present == NULL || (present[i / 8] >> (i % 8) & 1))
			batch_put_octets(b, col, i, data + (at - first), end - at);
	}
}

static void
load_column(struct cursor *cur, struct batch *b)
{
	const uint8_t *head = cur_octets(cur, sizeof(struct column)), *present = NULL, *cells;
	size_t len = cur_le(cur, 4), words = bits_words(b->n);
	const uint8_t *name = cur_octets(cur, len);
	struct column c;
	char named[FIELD_NAME_MAX];
	unsigned col;
	int at;

	if (cur->bad || len >= sizeof(named)) {
		cur->bad = true;
		return;
	}
	memcpy(&c, head, sizeof(c));
	memcpy(named, name, len);
	named[len] = '\0';
	c.id.named = c.id.pen == PEN_NAMED ? named : NULL;
	at = batch_column(b, &c.id, (enum type)c.type, c.width, c.flags);
	if (at < 0) {
		cur->bad = true;
		return;
	}
	col = (unsigned)at;
	if (c.present != NULL)
		present = cur_octets(cur, words * 8);
	if (c.width == 0) {
		load_octets(cur, b, col, present);
	} else {
		cells = cur_octets(cur, b->n * c.width);
		if (cells != NULL)
			memcpy(b->col[col].data, cells, b->n * c.width);
		if (present != NULL)
			memcpy(b->col[col].bits, present, words * 8);
		else
			batch_mark(b, col, 0, b->n);
	}
	batch_precision(b, col, c.scale);
}

int
spill_load_batch(const struct buf *in, struct batch *b, struct err *err)
{
	struct cursor cur = cur_over(in->data, in->len);
	size_t n = cur_le(&cur, 8), columns = cur_le(&cur, 4);

	batch_reset(b);
	b->options = cur_le(&cur, 4);
	batch_extend(b, n);
	for (size_t i = 0; i < columns && !cur.bad; i++)
		load_column(&cur, b);
	batch_close(b);
	return cur.bad ? err_set(err, "temporary file: damaged") : 0;
}
