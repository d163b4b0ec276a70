/* Blocks of which only some records count, or only some columns go on. */
#include <fcntl.h>
#include <sys/wait.h>

#include "../fuzz/seal.h"
#include "base/file.h"
#include "random_batch.h"
#include "same.h"
#include "stored.h"
#include "stream/format.h"
#include "stream/stream.h"
#include "tap.h"

enum { ROUNDS = 150, PARTS = 3 };

/* Records of a batch that count, as bits and indexes. */
struct chosen {
	uint64_t *sel;
	uint32_t *idx;
	size_t n;
};

static struct chosen
choose(uint64_t *state, size_t n)
{
	struct chosen c = { mem_zero(bits_words(n) + 1, 8), mem_alloc((n + 64) * sizeof(*c.idx)),
		0 };
	uint64_t share = rnd_below(state, 5);

	for (size_t i = 0; i < n; i++)
		if (rnd_below(state, 4) < share)
			bits_set(c.sel, i);
	c.n = bits_indexes(c.sel, n, c.idx);
	return c;
}

static void
forget(struct chosen *c)
{
	mem_free(c->sel);
	mem_free(c->idx);
}

/* A pipe, or a file, that has those octets. */
static int
input_of(const struct buf *octets, bool pipe_it)
{
	int fd = memfd_create("selection", MFD_CLOEXEC), ends[2];

	if (file_write(fd, octets->data, octets->len) != 0)
		abort();
	lseek(fd, 0, SEEK_SET);
	if (!pipe_it)
		return fd;
	close(fd);
	if (pipe(ends) != 0)
		abort();
	if (fork() == 0) {
		close(ends[0]);
		_exit(file_write(ends[1], octets->data, octets->len) != 0);
	}
	close(ends[1]);
	return ends[0];
}

/* Everything in fd, from its beginning. */
static struct buf
contents(int fd)
{
	struct buf out = { 0 };
	off_t n = lseek(fd, 0, SEEK_END);

	if (pread(fd, buf_room(&out, (size_t)n), (size_t)n, 0) != n)
		abort();
	out.len = (size_t)n;
	close(fd);
	return out;
}

/* What is written to the pipe goes into a file; -1: there is no pipe.  Returns who sees to it. */
static pid_t
drain(int file, int *into)
{
	char chunk[65536];
	int ends[2];
	ssize_t n;
	pid_t child;

	if (pipe(ends) != 0)
		abort();
	child = fork();
	if (child == 0) {
		close(ends[1]);
		while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
			if (file_write(file, chunk, (size_t)n) != 0)
				_exit(1);
		_exit(n != 0);
	}
	close(ends[0]);
	*into = ends[1];
	return child;
}

/* The stream again with selections in its blocks (NULL: none), and of them those columns; by way of a pipe or not. */
static struct buf
hand_on(int from, const struct chosen *c, const unsigned *column, unsigned n_columns, bool by_pipe)
{
	struct stream_reader *r = stream_open(from, STREAM_WHOLE, NULL, 0);
	struct stream_slot *slot = slot_new();
	int file = memfd_create("handed", MFD_CLOEXEC), fd = file, status = 0;
	pid_t child = by_pipe ? drain(file, &fd) : 0;
	struct stream_writer *w = stream_create(fd, NULL);
	struct err err = { 0 };

	for (unsigned i = 0; stream_next(r, slot, &err) == STREAM_BATCH; i++)
		if ((n_columns > 0 && slot_project(slot, column, n_columns, &err) != 1) ||
		    (c != NULL && slot_select(slot, c[i].sel, c[i].n, &err) != 0) ||
		    stream_pass(w, slot, &err) != 0)
			abort();
	if (err.status != 0 || stream_finish(w, &err) != 0)
		abort();
	stream_abandon(w);
	slot_free(slot);
	stream_close(r);
	if (by_pipe) {
		close(fd);
		if (waitpid(child, &status, 0) != child || status != 0)
			abort();
	}
	return contents(file);
}

/* Blocks with only the records that count; how many were wrong. */
static unsigned
read_reduced(int fd, struct batch **b, const struct chosen *c)
{
	struct stream_reader *r = stream_open(fd, 0, NULL, 0);
	struct stream_slot *slot = slot_new();
	struct err err = { 0 };
	unsigned wrong = 0;
	uint64_t records = 0;

	for (unsigned i = 0; i < PARTS; i++) {
		struct batch *got = slot_batch(slot);
		struct block_info info;

		if (stream_next(r, slot, &err) != STREAM_BATCH)
			return 1;
		slot_info(slot, &info);
		wrong += got->n != c[i].n || info.records != c[i].n ||
			 !same_records(b[i], got, c[i].idx, c[i].n) || slot_check(slot, &err) != 0;
		records += c[i].n;
	}
	wrong += stream_next(r, slot, &err) != STREAM_END || stream_totals(r)->records != records;
	slot_free(slot);
	stream_close(r);
	return wrong;
}

/* The same with all that are stored. */
static unsigned
read_whole(int fd, struct batch **b, const struct chosen *c)
{
	struct stream_reader *r = stream_open(fd, STREAM_WHOLE, NULL, 0);
	struct stream_slot *slot = slot_new();
	struct err err = { 0 };
	unsigned wrong = 0;

	for (unsigned i = 0; i < PARTS; i++) {
		struct batch *got = slot_batch(slot);
		const uint64_t *sel;
		size_t n;

		if (stream_next(r, slot, &err) != STREAM_BATCH)
			return 1;
		sel = slot_selection(slot, &n);
		wrong += sel == NULL || n != c[i].n ||
			 memcmp(sel, c[i].sel, bits_words(b[i]->n) * 8) != 0 || got->n != b[i]->n ||
			 !same_records(b[i], got, NULL, b[i]->n);
	}
	slot_free(slot);
	stream_close(r);
	return wrong;
}

static struct batch *
a_batch(uint64_t seed, size_t n)
{
	return seed % 3 == 0 ? random_kinds(seed, n) : random_batch(seed, n);
}

static void
selections(void)
{
	static const enum block_profile profiles[] = { PROFILE_PIPE, PROFILE_FILE, PROFILE_FAST };
	unsigned wrong = 0, again_wrong = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t s = seed * 31;
		struct batch *b[PARTS];
		struct chosen c[PARTS], d[PARTS];
		struct buf once, twice;

		for (unsigned i = 0; i < PARTS; i++) {
			b[i] = a_batch(seed * PARTS + i, 1 + rnd_below(&s, 3000));
			c[i] = choose(&s, b[i]->n);
			d[i] = choose(&s, b[i]->n);
		}
		once = hand_on(
		    stored_stream(b, PARTS, profiles[seed % 3], true), c, NULL, 0, seed % 2);
		wrong += read_reduced(input_of(&once, seed % 2), b, c) +
			 read_whole(input_of(&once, seed % 2 == 0), b, c);
		twice = hand_on(input_of(&once, seed % 4 < 2), d, NULL, 0, seed % 8 < 4);
		again_wrong += read_reduced(input_of(&twice, false), b, d) || twice.len != once.len;
		for (unsigned i = 0; i < PARTS; i++) {
			batch_free(b[i]);
			forget(&c[i]);
			forget(&d[i]);
		}
		buf_free(&once);
		buf_free(&twice);
	}
	is_u64(wrong, 0, "of a block with a selection only what it selects counts");
	is_u64(again_wrong, 0, "another selection takes its place");
}

/* A batch of which only some columns have values. */
static struct batch *
some_columns(struct batch *b, const bool *takes)
{
	struct batch *some = batch_new();

	some->options = b->options;
	(void)batch_append(some, b, NULL, b->n);
	batch_close(some);
	for (unsigned i = 0; i < b->n_cols; i++) {
		int at = batch_find(some, &b->col[i].id);

		if (at >= 0 && !takes[i])
			some->col[at].flags |= COLUMN_EMPTY;
	}
	return some;
}

/* Columns of the first block by random; 0: none, or one that cannot go on without another. */
static unsigned
choose_columns(uint64_t *state, int fd, bool *takes, struct batch *b, unsigned *column)
{
	struct stream_reader *r = stream_open(dup(fd), STREAM_WHOLE, NULL, 0);
	struct stream_slot *slot = slot_new();
	struct err err = { 0 };
	unsigned n = 0;
	int rc;

	if (stream_next(r, slot, &err) != STREAM_BATCH)
		abort();
	memset(takes, 0, b->n_cols);
	for (unsigned i = 0; i < slot_batch(slot)->n_cols; i++) {
		int at = batch_find(b, &slot_batch(slot)->col[i].id);

		if (at < 0 || rnd_below(state, 3) == 0)
			continue;
		takes[at] = true;
		column[n++] = i;
	}
	for (unsigned i = n; i > 1; i--) { /* in any order */
		unsigned k = (unsigned)rnd_below(state, i), last = column[i - 1];

		column[i - 1] = column[k];
		column[k] = last;
	}
	rc = n > 0 ? slot_project(slot, column, n, &err) : 0;
	if (rc < 0)
		abort();
	slot_free(slot);
	stream_close(r);
	lseek(fd, 0, SEEK_SET);
	return rc > 0 ? n : 0;
}

static void
projections(void)
{
	static const enum block_profile profiles[] = { PROFILE_PIPE, PROFILE_FILE, PROFILE_FAST };
	unsigned wrong = 0, done = 0, longer = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		uint64_t s = seed * 41;
		struct batch *b = a_batch(seed, 1 + rnd_below(&s, 3000)), *some;
		struct chosen c = choose(&s, b->n);
		int fd = stored_stream(&b, 1, profiles[seed % 3], true);
		struct buf before = seed % 4 ? contents(fd) : hand_on(fd, &c, NULL, 0, false);
		struct buf after = { 0 };
		unsigned column[BATCH_COLUMNS_MAX], n;
		bool takes[BATCH_COLUMNS_MAX];
		bool all = seed % 5 == 0;
		struct stream_reader *r;
		struct stream_slot *slot = slot_new();
		struct err err = { 0 };

		fd = input_of(&before, false);
		n = choose_columns(&s, fd, takes, b, column);
		close(fd);
		if (n > 0) {
			after = hand_on(
			    input_of(&before, seed % 2), all ? NULL : &c, column, n, seed % 8 < 4);
			r = stream_open(input_of(&after, seed % 4 < 2), 0, NULL, 0);
			some = some_columns(b, takes);
			wrong += stream_next(r, slot, &err) != STREAM_BATCH ||
				 slot_batch(slot)->n_cols != n ||
				 !same_records(
				     some, slot_batch(slot), all ? NULL : c.idx, all ? b->n : c.n);
			wrong += stream_next(r, slot, &err) != STREAM_END;
			longer += after.len > before.len + 64 + b->n / 8 + 64;
			done++;
			batch_free(some);
			stream_close(r);
		}
		slot_free(slot);
		batch_free(b);
		forget(&c);
		buf_free(&before);
		buf_free(&after);
	}
	ok(done > ROUNDS / 3, "%u of %u projections can be done", done, (unsigned)ROUNDS);
	is_u64(wrong, 0, "the columns that go on are what they were");
	is_u64(longer, 0, "and take no more than before, beside their selection");
}

/* What is said of a stream with one block whose octets were changed. */
static const char *
said(const struct buf *octets, void (*change)(uint8_t *block), bool whole, bool pipe_it)
{
	static struct err err;
	struct buf copy = { 0 };
	struct stream_reader *r;
	struct stream_slot *slot = slot_new();

	buf_put(&copy, octets->data, octets->len);
	change((uint8_t *)copy.data);
	err = (struct err){ 0 };
	r = stream_open(input_of(&copy, pipe_it), whole ? STREAM_WHOLE : 0, NULL, 0);
	(void)stream_next(r, slot, &err);
	slot_free(slot);
	stream_close(r);
	buf_free(&copy);
	return err.text;
}

static uint8_t *
selection_of(uint8_t *block)
{
	return block + le_uint(block + H_SELECTION, 4);
}

static void
reseal(uint8_t *block)
{
	uint8_t *p = selection_of(block);

	put_hash(p + S_HASH,
	    hash_xxh3(p + S_RECORDS,
		le_uint(block + H_BLOCK_LEN, 4) - le_uint(block + H_SELECTION, 4) - S_RECORDS));
}

static void
nothing(uint8_t *block)
{
	(void)block;
}

static void
another_bit(uint8_t *block)
{
	selection_of(block)[S_BITS] ^= 1;
}

static void
another_count(uint8_t *block)
{
	selection_of(block)[S_RECORDS] ^= 1;
	reseal(block);
}

static void
behind_the_last(uint8_t *block)
{
	selection_of(block)[S_BITS + 1000 / 8] |= 0x80;
	selection_of(block)[S_RECORDS]++;
	reseal(block);
}

static void
move_to(uint8_t *block, uint32_t at)
{
	memcpy(block + H_SELECTION, &at, 4);
	seal_block(block, le_uint(block + H_BLOCK_LEN, 4));
}

static void
into_the_header(uint8_t *block)
{
	move_to(block, 0);
}

static void
beyond_the_block(uint8_t *block)
{
	move_to(block, (uint32_t)le_uint(block + H_BLOCK_LEN, 4) + 64);
}

static void
too_short(uint8_t *block)
{
	move_to(block, (uint32_t)le_uint(block + H_SELECTION, 4) + 64);
}

static void
not_aligned(uint8_t *block)
{
	move_to(block, (uint32_t)le_uint(block + H_SELECTION, 4) + 8);
}

static void
hostile(void)
{
	static const struct {
		void (*change)(uint8_t *);
		const char *why;
	} lies[] = { { nothing, "" },
		{ another_bit, "offset 0: damaged selection (its hash does not hold)" },
		{ another_count,
		    "offset 0: damaged selection (its records are not as many as it says)" },
		{ behind_the_last,
		    "offset 0: damaged selection (its records are not as many as it says)" },
		{ into_the_header, "offset 0: selection outside its block" },
		{ beyond_the_block, "offset 0: selection outside its block" },
		{ too_short, "offset 0: selection outside its block" },
		{ not_aligned, "offset 0: selection outside its block" } };
	struct batch *b = random_batch(7, 1001);
	uint64_t s = 3;
	struct chosen c = choose(&s, b->n);
	struct buf octets = hand_on(stored_stream(&b, 1, PROFILE_FILE, true), &c, NULL, 0, true);

	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		for (unsigned way = 0; way < 4; way++)
			is_str(said(&octets, lies[i].change, way & 1, way & 2), lies[i].why,
			    "a selection that lies is refused, %u", i);
	batch_free(b);
	forget(&c);
	buf_free(&octets);
}

/* A block whose selection is damaged is passed over as a whole: none of its records may come back. */
static void
recovered(void)
{
	struct batch *b[PARTS];
	struct chosen c[PARTS];
	struct buf octets;
	struct stream_reader *r;
	struct stream_slot *slot = slot_new();
	struct err err = { 0 };
	uint64_t s = 9, records = 0;

	for (unsigned i = 0; i < PARTS; i++) {
		b[i] = random_batch(i + 20, 500);
		c[i] = choose(&s, 500);
	}
	octets = hand_on(stored_stream(b, PARTS, PROFILE_FILE, true), c, NULL, 0, false);
	another_bit((uint8_t *)octets.data + le_uint((uint8_t *)octets.data + H_BLOCK_LEN, 4));
	r = stream_open(input_of(&octets, false), STREAM_RECOVER, NULL, 0);
	while (stream_next(r, slot, &err) == STREAM_BATCH)
		records += slot_batch(slot)->n;
	is_u64(records, c[0].n + c[2].n, "damage in a selection costs its block, and no other");
	ok(stream_totals(r)->skipped_places == 1, "and is counted");
	slot_free(slot);
	stream_close(r);
	buf_free(&octets);
	for (unsigned i = 0; i < PARTS; i++) {
		batch_free(b[i]);
		forget(&c[i]);
	}
}

/* A file that becomes shorter while its block is on its way. */
static void
shortened(void)
{
	struct batch *b = random_batch(3, 2000);
	int fd = stored_stream(&b, 1, PROFILE_FILE, true), ends[2];
	struct stream_reader *r = stream_open(dup(fd), 0, NULL, 0);
	struct stream_slot *slot = slot_new();
	struct stream_writer *w;
	struct err err = { 0 };

	if (pipe(ends) != 0 || stream_next(r, slot, &err) != STREAM_BATCH ||
	    ftruncate(fd, 8192) != 0)
		abort();
	w = stream_create(ends[1], NULL);
	is_u64((uint64_t)stream_pass(w, slot, &err), (uint64_t)-1,
	    "a block that is gone is a failure");
	is_str(err.text, "offset 192: the file became shorter meanwhile", "and says why");
	stream_abandon(w);
	slot_free(slot);
	stream_close(r);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	batch_free(b);
}

int
main(void)
{
	selections();
	shortened();
	projections();
	hostile();
	recovered();
	return done_testing();
}
