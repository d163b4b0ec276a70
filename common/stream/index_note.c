/*
 * index_note.c - what an index will say of a block, made wherever the block was: most of the work of an index, of which
 * the one thread that writes a stream then has little.
 */
#include "base/cursor.h"
#include "stream/index.h"

struct stream_noter {
	struct index_keys keys;
	struct buf filter; /* of the block noted last */
	struct stream_slot *slot; /* for blocks in memory */
};

struct stream_noter *
stream_noter_new(void)
{
	return mem_zero(1, sizeof(struct stream_noter));
}

void
stream_noter_free(struct stream_noter *m)
{
	if (m == NULL)
		return;
	index_keys_free(&m->keys);
	buf_free(&m->filter);
	slot_free(m->slot);
	mem_free(m);
}

void
note_slot(struct stream_noter *m, struct stream_slot *s, struct index_note *note)
{
	struct index_keys *k = &m->keys;

	index_keys_of(k, s);
	*note = (struct index_note){ .odd = k->odd, .damaged = s->batch.err.status != 0 };
	if (note->damaged)
		return;
	memcpy(note->zone, k->zone, sizeof(note->zone));
	memcpy(note->count, k->count, sizeof(note->count));
	note->key = k->key;
	note->n = k->n;
	if (k->odd)
		return;
	m->filter.len = 0;
	note->filter = index_put_filter(note, s->block_len / (2 * INDEX_SHARE), false, &m->filter);
	note->filter.line = (const uint8_t *)m->filter.data;
}

/* Blocks in memory --------------------------------------------------------------------------------- */

int
index_lend(struct stream_slot *s, uint8_t *block, struct err *err)
{
	struct block_header h;

	s->octets = block;
	s->cap = s->have = 0;
	if (block == NULL)
		return 0;
	(void)header_read(&h, block);
	s->have = h.block_len;
	return slot_open(s, &h, err);
}

bool
note_octets(struct stream_noter *m, uint8_t *block, struct index_note *note)
{
	unsigned flags = (unsigned)le_uint(block + H_FLAGS, 2);
	struct err ignored = { 0 };

	if (flags & (BLOCK_OPTIONS | BLOCK_SKIPPABLE | BLOCK_HISTORY | BLOCK_END))
		return false;
	if (m->slot == NULL)
		m->slot = slot_new();
	if (index_lend(m->slot, block, &ignored) == 0)
		note_slot(m, m->slot, note);
	else
		*note = (struct index_note){ .damaged = true };
	(void)index_lend(m->slot, NULL, &ignored);
	return true;
}

/* Notes on their way ------------------------------------------------------------------------------- */

/* A note, its filter's lines, its keys: in memory of this process, all of them whole words. */
void
stream_note(struct stream_noter *m, void *blocks, size_t len, struct buf *notes)
{
	uint8_t *p = blocks;
	struct index_note note;

	for (size_t at = 0; at < len; at += le_uint(p + at + H_BLOCK_LEN, 4)) {
		if (!note_octets(m, p + at, &note))
			continue;
		buf_put(notes, &note, sizeof(note));
		buf_put(notes, note.filter.line, (size_t)note.filter.lines * INDEX_LINE);
		buf_put(notes, note.key, note.n * sizeof(*note.key));
	}
}

void
note_next(const struct buf *notes, size_t *at, struct index_note *note)
{
	const char *p = notes->data + *at;
	size_t lines;

	memcpy(note, p, sizeof(*note));
	lines = (size_t)note->filter.lines * INDEX_LINE;
	note->filter.line = (const uint8_t *)p + sizeof(*note);
	note->key = (const uint64_t *)(const void *)(p + sizeof(*note) + lines);
	*at += sizeof(*note) + lines + note->n * sizeof(*note->key);
}
