#include "stream/stored.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cursor.h"
#include "stream/pack.h"

/* What is in memory is read as always; the first octets that are not turn asking ahead on (reader.c). */
static ssize_t
read_file(struct stream_file *f, uint8_t *to, size_t n, off_t at)
{
#ifdef RWF_NOWAIT
	if (!atomic_load_explicit(&f->cold, memory_order_relaxed)) {
		struct iovec part = { to, n };
		ssize_t got = preadv2(f->fd, &part, 1, at, RWF_NOWAIT);

		if (got > 0)
			return got;
		atomic_store_explicit(&f->cold, true, memory_order_relaxed);
	}
#endif
	return pread(f->fd, to, n, at);
}

/* NULL: errno; 0 in it: there are fewer. */
static const uint8_t *
section_octets(struct stream_slot *s, const struct block_entry *e)
{
	size_t got = 0, column = (size_t)(e - s->entry);
	uint8_t *p;

	if (s->have >= (size_t)e->offset + e->length)
		return s->octets + e->offset;
	if (s->file == NULL) {
		errno = 0;
		return NULL;
	}
	if (column < 64)
		atomic_fetch_or_explicit(
		    &s->file->wanted, UINT64_C(1) << column, memory_order_relaxed);
	p = arena_alloc(&s->batch.arena, e->length + (size_t)SLACK);
	while (got < e->length) {
		ssize_t n = read_file(
		    s->file, p + got, e->length - got, (off_t)(s->file_offset + e->offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? 0 : errno;
			return NULL;
		}
		got += (size_t)n;
	}
	return p;
}

/* Directory of the section at p. */
static const char *
find_parts(struct stored *st, const struct block_entry *e, const uint8_t *p)
{
	struct cursor c = cur_over(p, e->length);
	uint64_t at, total = 0;

	st->parts = (unsigned)cur_le(&c, 4);
	st->dict_n = (uint32_t)cur_le(&c, 4);
	if (st->parts == 0 || st->parts > MAX_PARTS || st->dict_n > MAX_DICT)
		return "impossible section";
	at = 8 + (uint64_t)st->parts * PART_LEN;
	for (unsigned k = 0; k < st->parts; k++) {
		st->stored_len[k] = (uint32_t)cur_le(&c, 4);
		st->unpacked_len[k] = (uint32_t)cur_le(&c, 4);
		st->unpacked[k] = NULL;
		at = (at + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
		if (c.bad || at > e->length || st->stored_len[k] > e->length - at)
			return "part outside its section";
		st->stored[k] = p + at;
		at += st->stored_len[k];
		total += st->unpacked_len[k];
	}
	return total == e->unpacked && total <= MAX_UNPACKED ? NULL : "parts do not add up";
}

const char *
stored_load(struct stream_slot *s, const struct block_entry *e, struct stored **st)
{
	const uint8_t *p = section_octets(s, e);

	if (p == NULL)
		return slot_unread_why();
	if (!section_sound(p, e->length, e->flags, e->hash))
		return "damaged section (its hash does not hold)";
	*st = arena_alloc(&s->batch.arena, sizeof(**st));
	return find_parts(*st, e, p);
}

const void *
stored_part(struct stream_slot *s, struct stored *st, unsigned k, size_t n, size_t *len)
{
	size_t unpacked;
	uint8_t *to;

	if (k >= st->parts)
		return NULL;
	unpacked = st->unpacked_len[k];
	if ((n != SIZE_MAX && unpacked != n) || unpacked > MAX_UNPACKED)
		return NULL;
	if (len != NULL)
		*len = unpacked;
	if (st->unpacked[k] != NULL)
		return st->unpacked[k];
	if (st->stored_len[k] == unpacked) {
		st->unpacked[k] = st->stored[k];
		return st->unpacked[k];
	}
	to = arena_alloc(&s->batch.arena, unpacked + SLACK);
	if (!unpack_octets(&s->unpacker, to, unpacked, st->stored[k], st->stored_len[k]))
		return NULL;
	st->unpacked[k] = to;
	return to;
}
