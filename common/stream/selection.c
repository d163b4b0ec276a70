/*
 * selection.c - blocks of which only some records count: so a filter hands on what it selected without decoding it, and
 * who comes behind decodes what it needs.
 */
#include "base/bits.h"
#include "base/cursor.h"
#include "base/file.h"
#include "base/hash.h"
#include "stream/block.h"

static bool
is_sound(const uint8_t *p, size_t len)
{
	return hash_xxh3(p + S_RECORDS, len - S_RECORDS) == le_uint(p + S_HASH, 8);
}

bool
selection_sound(const uint8_t *block, const struct block_header *h)
{
	return is_sound(block + h->selection, selection_len(h->records));
}

const char *
selection_load(struct stream_slot *s, const struct block_header *h)
{
	size_t len = selection_len(h->records), words = bits_words(h->records);
	const uint8_t *p = s->octets + h->selection;

	if (s->have < h->block_len) {
		uint8_t *read = arena_alloc(&s->batch.arena, len);

		if (s->file == NULL ||
		    !file_read_at(s->file->fd, read, len, s->file_offset + h->selection))
			return slot_unread_why();
		p = read;
	}
	if (!is_sound(p, len))
		return "damaged selection (its hash does not hold)";
	s->selection = arena_zero(&s->batch.arena, (words + 1) * 8);
	memcpy(s->selection, p + S_BITS, words * 8);
	s->n_selected = (size_t)le_uint(p + S_RECORDS, 4);
	s->selection_at = h->selection;
	if ((words > 0 && (s->selection[words - 1] & ~bits_tail(h->records)) != 0) ||
	    bits_count(s->selection, h->records) != s->n_selected)
		return "damaged selection (its records are not as many as it says)";
	return NULL;
}

const uint64_t *
slot_selection(const struct stream_slot *s, size_t *n)
{
	*n = s->n_selected;
	return s->selection;
}

int
slot_select(struct stream_slot *s, const uint64_t *sel, size_t n, struct err *err)
{
	const size_t len = selection_len(s->records);
	const uint16_t version = VERSION_SELECTED;
	const uint32_t n32 = (uint32_t)n;
	uint64_t hash;
	size_t gap;
	uint8_t *p;

	if (s->flags & BLOCK_SELECTED) { /* this one takes its place */
		s->stored = s->selection_at < s->stored ? s->selection_at : s->stored;
		s->have = s->have < s->stored ? s->have : s->stored;
	}
	gap = (size_t)-s->stored % SECTION_ALIGN;
	s->selection_at = (uint32_t)(s->stored + gap);
	if (s->selection_at + len > MAX_BLOCK)
		return err_set(err, "a block and its selection are too long");
	s->tail_len = gap + len;
	s->tail = arena_zero(&s->batch.arena, s->tail_len);
	p = s->tail + gap;
	memcpy(p + S_RECORDS, &n32, 4);
	memcpy(p + S_BITS, sel, bits_words(s->records) * 8);
	hash = hash_xxh3(p + S_RECORDS, len - S_RECORDS);
	memcpy(p + S_HASH, &hash, 8);
	s->flags |= BLOCK_SELECTED;
	s->block_len = s->selection_at + (uint32_t)len;
	memcpy(s->octets + H_BLOCK_LEN, &s->block_len, 4);
	memcpy(s->octets + H_FLAGS, &s->flags, 2);
	memcpy(s->octets + H_SELECTION, &s->selection_at, 4);
	memcpy(s->octets + H_VERSION, &version, 2);
	return 0;
}
