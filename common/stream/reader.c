/*
 * reader.c - a stream read block by block: order, totals, end marks, and the way back after damage.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "stream/feed.h"
#include "stream/index.h"

struct stream_reader {
	struct feed feed;
	unsigned flags;
	bool in_segment; /* a block was read since the last end mark */
	bool failed;
	uint64_t segment_records, segment_blocks;
	struct stream_totals totals;
	uint64_t damaged_at; /* the first place, where the totals are incomplete */
	struct index_plan plan; /* blocks to leap over */
	struct buf history;
};

bool
stream_recognise(const void *p, size_t n)
{
	return n >= 8 && memcmp(p, STREAM_MAGIC, 8) == 0;
}

struct stream_reader *
stream_open(int fd, unsigned flags, const void *head, size_t head_len)
{
	struct stream_reader *r = mem_zero(1, sizeof(*r));

	feed_open(&r->feed, fd, head, head_len);
	r->flags = flags;
	if (!r->feed.regular)
		file_widen_pipe(fd);
	return r;
}

void
stream_stop_at(struct stream_reader *r, int stop_fd)
{
	r->feed.stop_fd = stop_fd;
}

void
stream_close(struct stream_reader *r)
{
	if (r == NULL)
		return;
	feed_close(&r->feed);
	index_plan_free(&r->plan);
	buf_free(&r->history);
	mem_free(r);
}

const struct stream_totals *
stream_totals(const struct stream_reader *r)
{
	return &r->totals;
}

bool
stream_marked(const struct stream_reader *r)
{
	return !r->in_segment && r->totals.segments > 0;
}

const char *
stream_history(const struct stream_reader *r)
{
	return buf_cstr((struct buf *)(uintptr_t)&r->history);
}

/* err->error tells what could not be read from damage. */
static enum stream_status
fail(struct stream_reader *r, struct err *err, uint64_t offset, const char *why)
{
	err_set(err, "offset %llu: %s", (unsigned long long)offset, why);
	err->error = r->feed.error;
	r->failed = true;
	r->totals.incomplete = true;
	return STREAM_FAILED;
}

/* There is damage here, or something is missing: what follows is read all the same. */
static void
note_damage(struct stream_reader *r)
{
	if (!r->totals.incomplete)
		r->damaged_at = r->feed.offset;
	r->totals.incomplete = true;
}

static const char cut_header[] = "stream ends within a block header";

/* The header at the feed's place, whole and sealed; NULL: why says what is wrong ("" the input ends here). */
static const uint8_t *
next_header(struct stream_reader *r, struct block_header *h, const char **why)
{
	size_t have;
	const uint8_t *p = feed_peek(&r->feed, HEADER_LEN, &have);

	*why = "";
	if (p == NULL) {
		*why = strerror(errno);
		return NULL;
	}
	if (have == 0)
		return NULL;
	if (memcmp(p, STREAM_MAGIC, have < 8 ? have : 8) != 0) {
		*why = "no flow stream block here";
		return NULL;
	}
	if (have < HEADER_LEN) {
		*why = cut_header;
		return NULL;
	}
	(void)header_read(h, p);
	if ((*why = header_bounds(h)) != NULL)
		return NULL;
	p = feed_peek(&r->feed, h->header_len, &have);
	if (p == NULL || have < h->header_len) {
		*why = p == NULL ? strerror(errno) : cut_header;
		return NULL;
	}
	if (!header_sealed(p, h->header_len)) {
		*why = "damaged block header (its hash does not hold)";
		return NULL;
	}
	return p;
}

/* Skip octets until a valid header or the end.  true: there is one. */
static bool
resynchronise(struct stream_reader *r)
{
	r->totals.skipped_places++;
	note_damage(r);
	for (;;) {
		struct block_header h;
		size_t have, step = 0;
		const char *why;
		const uint8_t *p = feed_peek(&r->feed, 2, &have), *hit = NULL;

		if (p == NULL || have < 2)
			return false;
		hit = memchr(p + 1, STREAM_MAGIC[0] & 0xff, have - 1);
		step = hit == NULL ? have : (size_t)(hit - p);
		r->totals.skipped_octets += step;
		feed_skip(&r->feed, step);
		p = feed_peek(&r->feed, 8, &have);
		if (p == NULL || have < 8)
			return false;
		if (stream_recognise(p, have) && next_header(r, &h, &why) != NULL)
			return true;
	}
}

static void
add_history(struct stream_reader *r, const uint8_t *header, uint32_t header_len)
{
	struct cursor c = cur_over(header + HEADER_LEN, header_len - HEADER_LEN);
	size_t len = (size_t)cur_le(&c, 2);
	const uint8_t *text = cur_octets(&c, len);
	const char *line = (const char *)text, *end;

	if (text == NULL || r->history.len > (1 << 20))
		return;
	end = line + len;
	/* The first line explains the stream to people who print it; provenance follows. */
	line = memchr(line, '\n', len);
	if (line != NULL && line + 1 < end) {
		buf_put(&r->history, line + 1, (size_t)(end - line - 1));
		if (end[-1] != '\n')
			buf_putc(&r->history, '\n');
	}
}

/* What the order of blocks must be.  NULL: fine. */
static const char *
check_order(struct stream_reader *r, const struct block_header *h)
{
	if (h->flags & BLOCK_END) {
		if (h->records > 0)
			return "end mark with records";
		if (h->sequence != r->segment_records)
			return "end mark counts other records than were read";
		if ((uint64_t)h->min_start_ns != r->segment_blocks)
			return "end mark counts other blocks than were read";
		return NULL;
	}
	if (h->sequence == 0 && r->segment_records > 0)
		return "a new segment begins before the end mark of the last";
	if (h->sequence != r->segment_records)
		return "blocks are missing (sequence)";
	return NULL;
}

static const char *
check_version(const struct block_header *h)
{
	if (h->version > STREAM_VERSION && !(h->flags & BLOCK_SKIPPABLE))
		return "written in a newer version of the format";
	if ((h->flags & ~BLOCK_KNOWN) && !(h->flags & BLOCK_SKIPPABLE))
		return "a kind of block this version does not know";
	return NULL;
}

static void
end_segment(struct stream_reader *r)
{
	r->in_segment = false;
	r->segment_records = r->segment_blocks = 0;
	r->totals.segments++;
}

/*
 * On a disk that has to be waited for, sections that are likely to be asked for are on their way together: those of
 * this block, and where those of the next one will be about, as blocks of a file are much alike.
 */
static void
ask_ahead(const struct stream_slot *s)
{
	uint64_t wanted = atomic_load_explicit(&s->file->wanted, memory_order_relaxed);
	off_t at = (off_t)s->file_offset, next = at + (off_t)s->block_len;

	for (unsigned i = 0; i < s->columns && i < 64; i++) {
		const struct block_entry *e = &s->entry[i];

		if (e->length == 0 || !(wanted >> i & 1))
			continue;
		(void)posix_fadvise(
		    s->file->fd, at + (off_t)e->offset, e->length, POSIX_FADV_WILLNEED);
		(void)posix_fadvise(
		    s->file->fd, next + (off_t)e->offset, e->length, POSIX_FADV_WILLNEED);
	}
	(void)posix_fadvise(s->file->fd, next, s->header_len, POSIX_FADV_WILLNEED);
}

/* Body of the block whose header is at the feed's place into the slot. */
static enum stream_status
take_block(
    struct stream_reader *r, struct stream_slot *s, const struct block_header *h, struct err *err)
{
	size_t now = r->feed.regular ? h->header_len : h->block_len;
	uint64_t at = r->feed.offset;
	struct err why = { 0 };
	ssize_t got;

	file_release(s->file);
	s->file = NULL;
	s->have = 0;
	s->file_offset = at;
	if (slot_room(s, now) == NULL)
		return fail(r, err, at, "no memory for a block");
	if (!feed_has(&r->feed, h->block_len))
		return fail(r, err, at, "stream ends within a block");
	got = feed_take(&r->feed, s->octets, now);
	if (got < 0)
		return fail(r, err, at, strerror(errno));
	if (!r->feed.regular && (size_t)got < h->block_len)
		return fail(r, err, at, "stream ends within a block");
	s->have = (size_t)got;
	if (r->feed.regular) {
		s->file = file_share(r->feed.file);
		feed_skip(&r->feed, h->block_len - h->header_len);
	}
	r->totals.octets += h->block_len;
	if (slot_open(s, h, &why) != 0)
		return fail(r, err, at, why.text);
	if (s->file != NULL && atomic_load_explicit(&s->file->cold, memory_order_relaxed))
		ask_ahead(s);
	return STREAM_BATCH;
}

/* What is passed over unseen ends where another block begins, or the stream ends. */
static bool
is_followed(struct stream_reader *r, const struct block_header *h)
{
	size_t have;
	const uint8_t *p = feed_peek(&r->feed, h->block_len + 8, &have);

	return p != NULL &&
	       (have == h->block_len || (have > h->block_len && stream_recognise(p + h->block_len,
								    have - h->block_len)));
}

/*
 * Recovering, a block is believed only with every section's hash: a valid header whose body was cut would
 * otherwise lead past the next good block.
 */
static bool
sections_sound(struct stream_reader *r, const struct block_header *h)
{
	size_t have;
	const uint8_t *p = feed_peek(&r->feed, h->block_len, &have);

	if (p == NULL || have < h->block_len)
		return false;
	if ((h->flags & BLOCK_SKIPPABLE) && !is_followed(r, h))
		return false;
	for (unsigned i = 0; i < h->columns; i++) {
		const uint8_t *e = p + HEADER_LEN + (size_t)i * ENTRY_LEN;
		uint64_t offset = le_uint(e + E_OFFSET, 4), length = le_uint(e + E_LENGTH, 4);

		if (offset + length > h->block_len ||
		    (length > 0 && !section_sound(p + offset, length,
				       (unsigned)le_uint(e + E_FLAGS, 2), le_uint(e + E_HASH, 8))))
			return false;
	}
	return !(h->flags & BLOCK_SELECTED) || selection_sound(p, h);
}

/* A block of so many flows or options records that count. */
static void
count_block(struct stream_reader *r, const struct block_header *h, size_t counting)
{
	r->in_segment = true;
	r->segment_records += h->records;
	r->segment_blocks++;
	r->totals.blocks++;
	if (h->flags & BLOCK_OPTIONS)
		r->totals.options += counting;
	else
		r->totals.records += counting;
}

/* There is no more to read.  What could not be read is no damage, even if what was there of it has been skipped. */
static enum stream_status
fail_at_end(struct stream_reader *r, struct err *err, uint64_t offset, const char *why)
{
	if (r->feed.error != 0)
		return fail(r, err, r->feed.offset, strerror(r->feed.error));
	r->totals.recovered = r->flags & STREAM_RECOVER;
	return fail(r, err, offset, why);
}

static enum stream_status
at_end(struct stream_reader *r, struct err *err)
{
	if (r->flags & STREAM_LIVE)
		return STREAM_END;
	if (r->totals.blocks == 0 && r->totals.segments == 0 && r->totals.skipped_places == 0)
		return fail(
		    r, err, r->feed.offset, "empty input: a flow stream has at least an end mark");
	if (r->in_segment)
		return fail_at_end(r, err, r->feed.offset, "stream ends without its end mark");
	return r->totals.incomplete ? fail_at_end(r, err, r->damaged_at, "input was damaged")
				    : STREAM_END;
}

/* After damage: back in step with whatever block comes next.  Records between are lost. */
static void
rejoin(struct stream_reader *r, const struct block_header *h)
{
	if (h->sequence > r->segment_records && (r->in_segment || (h->flags & BLOCK_END)))
		r->totals.lost_records += h->sequence - r->segment_records;
	r->segment_records = h->sequence;
	if (h->flags & BLOCK_END)
		r->segment_blocks = (uint64_t)h->min_start_ns;
}

int
stream_pass_over(
    struct stream_reader *r, stream_ask ask, void *ctx, bool keep_first, struct err *err)
{
	const char *why;

	if (!r->feed.regular || (r->flags & (STREAM_RECOVER | STREAM_LIVE)))
		return 0;
	why = index_plan(&r->plan, r->feed.file->fd, r->feed.offset, keep_first, ask, ctx);
	return why == NULL ? 0 : err_set(err, "%s", why);
}

/* Leap over the blocks that begin here and are not wanted; false: there are none. */
static bool
leap(struct stream_reader *r)
{
	const struct index_run *run;

	if (r->plan.n == 0)
		return false;
	run = &r->plan.run[r->plan.n - 1];
	if (run->at != r->feed.offset)
		return false;
	feed_skip(&r->feed, run->octets);
	r->in_segment = true;
	r->segment_records += run->records;
	r->segment_blocks += run->blocks;
	r->totals.blocks += run->blocks;
	r->totals.octets += run->octets;
	r->totals.passed_blocks += run->blocks;
	r->totals.passed_records += run->records;
	r->plan.n--;
	return true;
}

/*
 * The next block that is to be looked at: its header, at the feed's place and believed.  STREAM_BATCH: there is one;
 * else what the stream ended with.
 */
static enum stream_status
next_block(struct stream_reader *r, struct block_header *h, const uint8_t **p, struct err *err)
{
	bool recover = r->flags & STREAM_RECOVER, live = r->flags & STREAM_LIVE;
	const char *why;
	uint64_t from;

	for (;;) {
		while (leap(r))
			continue;
		*p = next_header(r, h, &why);
		if (*p == NULL && *why == '\0')
			return at_end(r, err);
		if (live && (*p == NULL ? why == cut_header : !feed_has(&r->feed, h->block_len)))
			return STREAM_END;
		if (*p == NULL && !recover)
			return fail(r, err, r->feed.offset, why);
		if (*p != NULL && (!recover || sections_sound(r, h)))
			break;
		from = r->feed.offset;
		if (!resynchronise(r))
			return fail_at_end(r, err, from, "input was damaged from here to its end");
	}
	if (recover) /* to look at the sections may have moved it */
		*p = feed_peek(&r->feed, h->header_len, &(size_t){ 0 });
	return STREAM_BATCH;
}

/* Is it of a kind that is known, and in its place?  Recovering, it has its place whatever is missing in front of it. */
static const char *
check_block(struct stream_reader *r, const struct block_header *h)
{
	const char *why = check_version(h);

	if (why != NULL || (why = check_order(r, h)) == NULL || !(r->flags & STREAM_RECOVER))
		return why;
	note_damage(r);
	rejoin(r, h);
	return NULL;
}

/*
 * A block without records for the caller: what its header counts is for the order of blocks alone.  false: the stream
 * ends within it.
 */
static bool
pass_block(struct stream_reader *r, const struct block_header *h, const uint8_t *header)
{
	if (h->flags & BLOCK_END) {
		end_segment(r);
		(void)feed_skip(&r->feed, h->block_len);
		return true;
	}
	if (h->flags & BLOCK_HISTORY)
		add_history(r, header, h->header_len);
	count_block(r, h, 0);
	return feed_skip(&r->feed, h->block_len);
}

enum stream_status
stream_next(struct stream_reader *r, struct stream_slot *s, struct err *err)
{
	struct block_header h;
	const uint8_t *p;
	const char *why;

	while (!r->failed) {
		enum stream_status status = next_block(r, &h, &p, err);

		if (status != STREAM_BATCH)
			return status;
		if ((why = check_block(r, &h)) != NULL)
			return fail(r, err, r->feed.offset, why);
		if (h.flags & (BLOCK_END | BLOCK_HISTORY | BLOCK_SKIPPABLE)) {
			if (!pass_block(r, &h, p))
				return fail(r, err, r->feed.offset, "stream ends within a block");
			continue;
		}
		if (take_block(r, s, &h, err) != STREAM_BATCH)
			return STREAM_FAILED;
		count_block(r, &h, s->selection != NULL ? s->n_selected : h.records);
		if (s->selection != NULL && !(r->flags & STREAM_WHOLE))
			slot_reduce(s, s->selection, s->n_selected);
		return STREAM_BATCH;
	}
	return STREAM_FAILED;
}
