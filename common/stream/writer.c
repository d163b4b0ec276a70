/*
 * writer.c - blocks to a stream: sequence, seals, totals, end mark, provenance.
 */
#include <errno.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/hash.h"
#include "stream/index.h"

static const char explanation[] =
    "This is a stream of network flow records; print it with: flowcat FILE\n";

struct stream_writer {
	int fd;
	uint64_t records, blocks, octets;
	struct buf history; /* lines to write before the first block */
	bool begun;
	bool ordered; /* blocks' claim of an order holds for all of them */
	struct index_writer *index; /* NULL: none is made */
	struct stream_noter *noter; /* of blocks that come without notes */
	struct buf index_block;
};

struct stream_writer *
stream_create(int fd, const char *history)
{
	struct stream_writer *w = mem_zero(1, sizeof(*w));

	w->fd = fd;
	file_widen_pipe(fd);
	if (history != NULL) {
		buf_puts(&w->history, history);
		buf_putc(&w->history, '\n');
	}
	return w;
}

void
stream_inherit(struct stream_writer *w, const char *lines)
{
	struct buf own = w->history;

	if (own.len == 0 || w->begun)
		return; /* --no-history: nor that of the inputs */
	w->history = (struct buf){ 0 };
	buf_puts(&w->history, lines);
	buf_put(&w->history, own.data, own.len);
	buf_free(&own);
}

void
stream_ordered(struct stream_writer *w)
{
	w->ordered = true;
}

void
header_seal(uint8_t *h, uint32_t header_len)
{
	uint64_t hash = hash_xxh64_hole(h, header_len, H_HASH);

	memcpy(h + H_HASH, &hash, 8);
}

static int
write_out(struct stream_writer *w, const void *p, size_t n, struct err *err)
{
	if (file_write(w->fd, p, n) != 0)
		return err_system(err, "cannot write");
	w->octets += n;
	return 0;
}

void
header_empty(uint8_t *h, uint32_t len, uint16_t flags)
{
	uint16_t version = VERSION_FIRST;

	memset(h, 0, len);
	memcpy(h + H_MAGIC, STREAM_MAGIC, 8);
	memcpy(h + H_HEADER_LEN, &len, 4);
	memcpy(h + H_BLOCK_LEN, &len, 4);
	memcpy(h + H_FLAGS, &flags, 2);
	memcpy(h + H_VERSION, &version, 2);
}

/* The oldest lines give way when there are too many for one name (u16 length). */
static int
write_history(struct stream_writer *w, struct err *err)
{
	enum { MOST = 65000 };
	uint8_t *h;
	const char *lines = w->history.data;
	size_t n = w->history.len, text, len;
	uint16_t text16;
	int r;

	w->begun = true;
	if (n == 0)
		return 0;
	while (n > MOST) {
		const char *next = memchr(lines, '\n', n);

		if (next == NULL)
			return 0;
		n -= (size_t)(next + 1 - lines);
		lines = next + 1;
	}
	text = sizeof(explanation) - 1 + n;
	len = (HEADER_LEN + 2 + text + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
	h = mem_alloc(len);
	header_empty(h, (uint32_t)len, BLOCK_SKIPPABLE | BLOCK_HISTORY);
	text16 = (uint16_t)text;
	memcpy(h + HEADER_LEN, &text16, 2);
	memcpy(h + HEADER_LEN + 2, explanation, sizeof(explanation) - 1);
	memcpy(h + HEADER_LEN + 2 + sizeof(explanation) - 1, lines, n);
	header_seal(h, (uint32_t)len);
	r = write_out(w, h, len, err);
	mem_free(h);
	w->blocks++;
	return r;
}

/* The index block of what came since the last one. */
static int
write_index(struct stream_writer *w, struct err *err)
{
	struct buf *b = &w->index_block;
	uint8_t *h;

	b->len = 0;
	index_put(w->index, w->octets, b);
	if (b->len == 0)
		return 0;
	h = (uint8_t *)b->data;
	memcpy(h + H_SEQUENCE, &w->records, 8);
	header_seal(h, (uint32_t)le_uint(h + H_HEADER_LEN, 4));
	w->blocks++;
	return write_out(w, h, b->len, err);
}

/* The block that was written last belongs in the index, which goes behind it when it has come to enough. */
static int
add_to_index(struct stream_writer *w, uint8_t *h, const struct buf *notes, size_t *next_note,
    struct err *err)
{
	unsigned flags = (unsigned)le_uint(h + H_FLAGS, 2);
	struct index_note note = { 0 };

	if (flags & (BLOCK_SKIPPABLE | BLOCK_HISTORY | BLOCK_END))
		return 0;
	if (!(flags & BLOCK_OPTIONS)) {
		if (notes != NULL && notes->len > 0)
			note_next(notes, next_note, &note);
		else
			(void)note_octets(w->noter, h, &note);
	}
	index_add(w->index, h, &note, w->octets - le_uint(h + H_BLOCK_LEN, 4));
	return index_is_full(w->index) ? write_index(w, err) : 0;
}

void
stream_index(struct stream_writer *w)
{
	if (w->index != NULL)
		return;
	w->index = index_new();
	w->noter = stream_noter_new();
}

/* As it was before, without an index: what was added to it may come again, or is not where it says. */
static int
undo(struct stream_writer *w, const struct stream_writer *before)
{
	index_free(w->index);
	stream_noter_free(w->noter);
	buf_free(&w->index_block);
	*w = *before;
	w->index = NULL;
	w->noter = NULL;
	w->index_block = (struct buf){ 0 };
	return -1;
}

bool
stream_indexes(const struct stream_writer *w)
{
	return w->index != NULL;
}

int
stream_index_back(struct stream_writer *w, int fd, struct err *err)
{
	struct stream_reader *r = stream_open(fd, STREAM_LIVE, NULL, 0);
	struct stream_slot *slot = slot_new();
	const struct stream_writer before = *w;
	enum stream_status status = STREAM_END;
	int rc = 0;

	stream_index(w);
	while (rc == 0 && (status = stream_next(r, slot, err)) == STREAM_BATCH) {
		struct index_note note = { 0 };

		if (!slot->batch.options)
			note_slot(w->noter, slot, &note);
		index_add(w->index, slot->octets, &note, slot->file_offset);
		rc = index_is_full(w->index) ? write_index(w, err) : 0;
	}
	slot_free(slot);
	stream_close(r);
	if (rc == 0 && status == STREAM_END && write_index(w, err) == 0)
		return 0;
	return undo(w, &before);
}

/* The next block of the stream. */
static void
seal_next(struct stream_writer *w, uint8_t *h)
{
	memcpy(h + H_SEQUENCE, &w->records, 8);
	if (!w->ordered)
		memset(h + H_SORT, 0, 2);
	header_seal(h, (uint32_t)le_uint(h + H_HEADER_LEN, 4));
	w->records += le_uint(h + H_RECORDS, 4);
	w->blocks++;
}

int
stream_put(struct stream_writer *w, void *blocks, size_t len, struct err *err)
{
	return stream_put_noted(w, blocks, len, NULL, err);
}

/* Blocks of an index go one by one: it may be full behind any of them. */
static int
put_indexed(
    struct stream_writer *w, uint8_t *p, size_t len, const struct buf *notes, struct err *err)
{
	size_t next_note = 0, n;

	for (size_t at = 0; at < len; at += n) {
		n = le_uint(p + at + H_BLOCK_LEN, 4);
		seal_next(w, p + at);
		if (write_out(w, p + at, n, err) != 0 ||
		    add_to_index(w, p + at, notes, &next_note, err) != 0)
			return -1;
	}
	return 0;
}

static int
put_plain(struct stream_writer *w, uint8_t *p, size_t len, struct err *err)
{
	for (size_t at = 0; at < len; at += le_uint(p + at + H_BLOCK_LEN, 4))
		seal_next(w, p + at);
	return len == 0 ? 0 : write_out(w, p, len, err);
}

int
stream_put_noted(
    struct stream_writer *w, void *blocks, size_t len, const struct buf *notes, struct err *err)
{
	const struct stream_writer before = *w;
	int rc;

	if (!w->begun && write_history(w, err) != 0)
		return undo(w, &before);
	rc = w->index != NULL ? put_indexed(w, blocks, len, notes, err)
			      : put_plain(w, blocks, len, err);
	return rc == 0 ? 0 : undo(w, &before);
}

/* What of the block is still in its file, from there; or, where the system cannot, by way of memory. */
static int
write_rest(struct stream_writer *w, struct stream_slot *s, struct err *err)
{
	size_t from = s->have, len;
	int rc = file_hand_on(s->file->fd, s->file_offset + from, w->fd, s->stored - from);
	const uint8_t *octets;

	if (rc < 0)
		/* A pipe fails only where nobody reads it. */
		return errno == EPIPE || errno == EAGAIN ? err_system(err, "cannot write")
							 : slot_unread(s, err);
	if (rc == 0) {
		octets = slot_octets(s, &len, err);
		return octets == NULL ? -1 : write_out(w, octets + from, len - from, err);
	}
	w->octets += s->stored - from;
	return s->tail_len > 0 ? write_out(w, s->tail, s->tail_len, err) : 0;
}

int
stream_pass(struct stream_writer *w, struct stream_slot *s, struct err *err)
{
	const struct stream_writer before = *w;
	const uint8_t *octets;
	size_t len;

	if (w->index != NULL || s->file == NULL || s->have == s->stored) {
		octets = slot_octets(s, &len, err);
		return octets == NULL ? -1 : stream_put(w, (void *)(uintptr_t)octets, len, err);
	}
	if (!w->begun && write_history(w, err) != 0)
		return undo(w, &before);
	seal_next(w, s->octets);
	if (write_out(w, s->octets, s->have, err) != 0 || write_rest(w, s, err) != 0)
		return undo(w, &before);
	return 0;
}

int
stream_finish(struct stream_writer *w, struct err *err)
{
	const struct stream_writer before = *w;
	uint8_t h[HEADER_LEN];
	uint64_t back = 0;

	if (!w->begun && write_history(w, err) != 0)
		return undo(w, &before);
	if (w->index != NULL && write_index(w, err) != 0)
		return undo(w, &before);
	if (w->index != NULL && index_last(w->index) != UINT64_MAX)
		back = w->octets - index_last(w->index);
	header_empty(h, HEADER_LEN, BLOCK_END);
	memcpy(h + H_SEQUENCE, &w->records, 8);
	memcpy(h + H_MIN_START, &w->blocks, 8);
	memcpy(h + H_INDEX, &back, 8);
	header_seal(h, HEADER_LEN);
	return write_out(w, h, HEADER_LEN, err) == 0 ? 0 : undo(w, &before);
}

void
stream_abandon(struct stream_writer *w)
{
	if (w == NULL)
		return;
	buf_free(&w->history);
	index_free(w->index);
	stream_noter_free(w->noter);
	buf_free(&w->index_block);
	mem_free(w);
}
