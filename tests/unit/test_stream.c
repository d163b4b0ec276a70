/* The block codec and the stream around it: what is written is what is read, and damage is seen. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../fuzz/seal.h"
#include "base/file.h"
#include "flow/zone.h"
#include "random_batch.h"
#include "same.h"
#include "stored.h"
#include "stream/format.h"
#include "stream/stream.h"
#include "tap.h"

enum { ROUNDS = 120 };

/* The zone map holds every present value. */
static bool
zones_hold(struct batch *b)
{
	for (unsigned k = 0; k < b->n_cols; k++) {
		const struct column *c = batch_plain(b, k);

		for (size_t i = 0; (c->flags & COLUMN_ZONE) && i < b->n; i++) {
			uint64_t key = column_zone_key(c, i);
			bool nan =
			    c->type == TYPE_FLOAT64 && __builtin_isnan(((double *)c->data)[i]);

			nan |= c->type == TYPE_FLOAT32 && __builtin_isnan(((float *)c->data)[i]);
			if ((c->present == NULL || bits_get(c->present, i)) && !nan &&
			    (key < c->min || key > c->max))
				return false;
		}
	}
	return true;
}

static int
temp(void)
{
	struct err e = { 0 };

	return file_temp(NULL, &e);
}

/* The same octets through a pipe's path: a child would be needed for a real one, so a socket-free trick is a FIFO. */
static int
as_pipe(int file)
{
	int p[2];
	char chunk[65536];
	ssize_t n;

	if (pipe(p) != 0)
		abort();
	if (fork() == 0) {
		close(p[0]);
		while ((n = read(file, chunk, sizeof(chunk))) > 0)
			if (file_write(p[1], chunk, (size_t)n) != 0)
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	close(file);
	return p[0];
}

/*
 * Columns of y that are not as precise as x says, or as its values are, where these are finer; or scopes that are none.
 * A start is as precise as its distances from the end.
 */
static unsigned
changed(const struct batch *x, struct batch *y)
{
	unsigned wrong = 0;

	for (unsigned k = 0; k < x->n_cols; k++) {
		const struct column *cx = &x->col[k], *cy;
		int at = batch_find(y, &cx->id);
		int64_t unit = 1;
		bool finer = cx->id.pen == PEN_OWN && cx->id.id == OWN_START;

		if (at < 0)
			continue;
		cy = &y->col[at];
		for (unsigned i = 0; i < cx->scale; i++)
			unit *= 10;
		for (size_t i = 0; i < x->n && cx->scale > 0; i++)
			finer = finer || (bits_has(cx->present, i) &&
					     ((const int64_t *)cx->data)[i] % unit != 0);
		wrong += finer ? cy->scale > cx->scale : cy->scale != cx->scale;
		wrong += ((cx->flags ^ cy->flags) & COLUMN_SCOPE) != 0;
	}
	return wrong;
}

static void
round_trips(void)
{
	static const enum block_profile profiles[] = { PROFILE_PIPE, PROFILE_FILE, PROFILE_FAST };
	unsigned wrong = 0, zones = 0, repacked = 0, other = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		uint64_t s = seed * 77 + 1;
		size_t n = seed % 10 == 0 ? 70000 : 1 + rnd_below(&s, 3000);
		struct batch *b = random_batch(seed, n), *again = batch_new();
		int fd = stored_stream(&b, 1, profiles[seed % 3], true);
		struct stream_reader *r = stream_open(seed % 2 ? as_pipe(fd) : fd, 0, NULL, 0);
		struct stream_slot *slot = slot_new();
		struct err e = { 0 };

		if (stream_next(r, slot, &e) != STREAM_BATCH) {
			printf("# seed %llu: %s\n", (unsigned long long)seed, e.text);
			wrong++;
		} else {
			wrong += !same_batch(b, slot_batch(slot));
			zones += !zones_hold(slot_batch(slot));
			other += changed(b, slot_batch(slot));
			repacked += batch_append(again, slot_batch(slot), NULL, n) != 0;
			batch_close(again);
			repacked += !same_batch(b, again);
		}
		if (stream_next(r, slot, &e) != STREAM_END)
			wrong++;
		slot_free(slot);
		stream_close(r);
		batch_free(b);
		batch_free(again);
	}
	ok(wrong == 0, "random batches survive write and read in every profile (%u wrong)", wrong);
	ok(other == 0, "times are as precise as they were, scopes are scopes (%u wrong)", other);
	ok(zones == 0, "zone maps hold every present value (%u wrong)", zones);
	ok(repacked == 0, "appending a read batch to an open one keeps every cell (%u wrong)",
	    repacked);
}

static void
correlated(void)
{
	static const enum block_profile profiles[] = { PROFILE_FILE, PROFILE_FAST, PROFILE_PIPE };
	unsigned wrong = 0;

	for (uint64_t seed = 1; seed <= 4 * ROUNDS; seed++) {
		uint64_t s = seed;
		struct batch *b = random_kinds(seed, 1 + rnd_below(&s, 400));
		struct stream_slot *slot = slot_new();
		struct err e = { 0 };
		struct stream_reader *r =
		    stream_open(stored_stream(&b, 1, profiles[seed % 3], true), 0, NULL, 0);

		if (stream_next(r, slot, &e) != STREAM_BATCH || !same_batch(b, slot_batch(slot))) {
			printf("# seed %llu: %s\n", (unsigned long long)seed, e.text);
			wrong++;
		}
		slot_free(slot);
		stream_close(r);
		batch_free(b);
	}
	ok(wrong == 0, "columns that follow from each other survive write and read (%u wrong)",
	    wrong);
}

/* Ask for a column in one of the ways that there are. */
static void
touch(uint64_t *state, struct batch *b, unsigned col)
{
	switch (rnd_below(state, 6)) {
	case 0: (void)batch_plain(b, col); break;
	case 1: (void)batch_dict(b, col); break;
	case 2: (void)batch_entries(b, col); break;
	case 3: (void)batch_planes(b, col); break;
	case 4: (void)batch_present(b, col); break;
	default: break;
	}
}

/* Planes are the values, or the codes of a dictionary. */
static bool
planes_hold(struct batch *b, unsigned col)
{
	bool dict = batch_entries(b, col) != NULL;
	const struct planes *p = batch_planes(b, col);
	const struct column *c = dict ? batch_dict(b, col) : batch_plain(b, col);
	unsigned width = dict ? 2 : c->width;
	bool same = true;
	uint8_t *joined;

	if (p == NULL)
		return true;
	joined = mem_alloc(b->n * width + 1);
	planes_join(joined, width, p, 0, b->n);
	same = memcmp(joined, dict ? (void *)c->codes : c->data, b->n * width) == 0;
	mem_free(joined);
	return same;
}

static void
narrowing(void)
{
	static const enum block_profile profiles[] = { PROFILE_PIPE, PROFILE_FILE, PROFILE_FAST };
	unsigned wrong = 0, planes = 0, wide = 0, kept = 0;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		uint64_t s = seed * 99 + 7;
		size_t n = 200 + rnd_below(&s, 3000), most = n / 8, k = 1 + rnd_below(&s, most);
		struct batch *b = random_batch(seed, n);
		struct stream_reader *r =
		    stream_open(stored_stream(&b, 1, profiles[seed % 3], true), 0, NULL, 0);
		struct stream_slot *slot = slot_new();
		uint64_t *sel = mem_zero(bits_words(n) + 1, 8);
		uint32_t *idx = mem_alloc(n * sizeof(*idx));
		struct batch *got = slot_batch(slot);
		struct err e = { 0 };

		if (stream_next(r, slot, &e) != STREAM_BATCH)
			abort();
		for (unsigned i = 0; i < got->n_cols; i++) {
			touch(&s, got, i);
			if (seed % 2)
				planes += !planes_hold(got, i);
			touch(&s, got, i);
		}
		while (bits_count(sel, n) < k)
			bits_set(sel, rnd_below(&s, n));
		(void)bits_indexes(sel, n, idx);
		kept += slot_is_narrow(slot) || !slot_narrow(slot, sel, k) || !slot_is_narrow(slot);
		for (unsigned i = 0; i < got->n_cols; i++)
			touch(&s, got, i);
		for (unsigned i = 0; i < got->n_cols; i++)
			planes += !planes_hold(got, i);
		wrong += got->n != k || !same_records(b, got, idx, k);
		bits_fill(sel, n);
		wide += slot_narrow(slot, sel, 1) || slot_narrow(slot, sel, n);
		mem_free(idx);
		mem_free(sel);
		slot_free(slot);
		stream_close(r);
		batch_free(b);
	}
	is_u64(planes, 0, "planes are the values or the codes");
	is_u64(kept, 0, "a block of which few records are wanted is narrowed");
	is_u64(wrong, 0, "a narrowed block has those records, whatever was unpacked before");
	is_u64(wide, 0, "only once, and not to many records");
}

/* Read all; counts records; the final status. */
static enum stream_status
drain(int fd, unsigned flags, uint64_t *records, struct err *e)
{
	struct stream_reader *r = stream_open(fd, flags, NULL, 0);
	struct stream_slot *slot = slot_new();
	enum stream_status status;

	*records = 0;
	while ((status = stream_next(r, slot, e)) == STREAM_BATCH) {
		if (slot_check(slot, e) != 0) {
			status = STREAM_FAILED;
			break;
		}
		*records += slot_batch(slot)->n;
	}
	slot_free(slot);
	stream_close(r);
	return status;
}

static uint8_t *
contents(int fd, size_t *n)
{
	uint8_t *p = malloc(8 << 20);

	*n = (size_t)pread(fd, p, 8 << 20, 0);
	close(fd);
	return p;
}

static int
file_of(const uint8_t *p, size_t n)
{
	int fd = temp();

	if (file_write(fd, p, n) != 0)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void
damage(void)
{
	struct batch *b[3] = { random_batch(1, 300), random_batch(2, 300), random_batch(3, 300) };
	size_t n, cuts_seen = 0, cuts = 0, flips_seen = 0, flips = 0, whole = 0;
	uint8_t *p = contents(stored_stream(b, 3, PROFILE_FILE, true), &n), *twice;
	uint64_t records, state = 5;
	struct err e = { 0 };
	int fd;

	for (size_t cut = 0; cut < n; cut += 1 + cut / 40, cuts++)
		cuts_seen +=
		    drain(file_of(p, cut), 0, &records, &(struct err){ 0 }) == STREAM_FAILED;
	is_u64(cuts_seen, cuts, "every truncation is seen");

	for (int i = 0; i < 400; i++, flips++) {
		size_t at = rnd_below(&state, n);
		uint8_t old = p[at];

		p[at] ^= (uint8_t)(1 << rnd_below(&state, 8));
		flips_seen +=
		    drain(file_of(p, n), 0, &records, &(struct err){ 0 }) == STREAM_FAILED;
		p[at] = old;
	}
	/* Only the padding between sections may change unseen. */
	ok(flips_seen > flips * 8 / 10, "flipped bits are seen outside of padding (%zu of %zu)",
	    flips_seen, flips);

	twice = malloc(2 * n);
	memcpy(twice, p, n);
	memcpy(twice + n, p, n);
	ok(drain(file_of(twice, 2 * n), 0, &records, &e) == STREAM_END && records == 1800,
	    "cat of two streams is a stream");
	memcpy(twice, p, n);
	memset(twice + n / 2, 0xee, 100);
	memcpy(twice + n, p, n);
	fd = file_of(twice, 2 * n);
	ok(drain(fd, STREAM_RECOVER, &records, &e) == STREAM_FAILED && records >= 1500,
	    "recovering skips to the next valid block (%llu records)", (unsigned long long)records);

	/* A cut in the middle swallows the start of the next stream: recovering finds it all the same. */
	memcpy(twice, p, n / 2);
	memcpy(twice + n / 2, p, n);
	ok(drain(file_of(twice, n / 2 + n), STREAM_RECOVER, &records, &e) == STREAM_FAILED &&
		records >= 900 && records < 1800,
	    "recovering finds a stream that begins inside a cut block (%llu records)",
	    (unsigned long long)records);

	e = (struct err){ 0 };
	ok(drain(file_of(p, 0), 0, &records, &e) == STREAM_FAILED &&
		strstr(e.text, "empty input") != NULL,
	    "zero octets are no stream");
	e = (struct err){ 0 };
	memcpy(twice, p, n);
	twice[H_VERSION] = 9;
	ok(drain(file_of(twice, n), 0, &records, &e) == STREAM_FAILED,
	    "a changed header is seen: %s", e.text);
	(void)whole;
	for (int i = 0; i < 3; i++)
		batch_free(b[i]);
	free(p);
	free(twice);
}

/* Sections of files written before XXH3 was used have XXH64. */
static void
old_hash(void)
{
	struct batch *b = random_batch(4, 500);
	size_t n, cleared = 0;
	uint8_t *p = contents(stored_stream(&b, 1, PROFILE_FILE, true), &n), *block = p;
	uint64_t records;
	struct err e = { 0 };

	while (le_uint(block + H_RECORDS, 4) == 0) /* history */
		block += le_uint(block + H_BLOCK_LEN, 4);
	for (size_t i = 0; i < le_uint(block + H_COLUMNS, 2); i++) {
		uint8_t *flags = block + HEADER_LEN + i * ENTRY_LEN + E_FLAGS;

		cleared += (*flags & ENTRY_XXH3) != 0;
		*flags &= (uint8_t)~ENTRY_XXH3;
	}
	seal_all(p, n);
	ok(cleared > 0 && drain(file_of(p, n), 0, &records, &e) == STREAM_END && records == 500,
	    "sections with XXH64 are read (%s)", e.text);
	block[(le_uint(block + H_HEADER_LEN, 4) + 63) / 64 * 64 + 8] ^= 1;
	ok(drain(file_of(p, n), 0, &records, &e) == STREAM_FAILED, "and damage in them is seen");
	free(p);
	batch_free(b);
}

/* A stream of a history, a block and its end mark, one of them (0 to 2) with other flags and so many records. */
static bool
kind_is_refused(unsigned which, uint16_t flags, uint32_t count, const char *what)
{
	struct batch *b = random_batch(4, 500);
	size_t n;
	uint8_t *p = contents(stored_stream(&b, 1, PROFILE_FILE, true), &n), *block = p;
	uint64_t records;
	struct err e = { 0 };
	bool refused;

	while (which-- > 0)
		block += le_uint(block + H_BLOCK_LEN, 4);
	memcpy(block + H_FLAGS, &flags, sizeof(flags));
	memcpy(block + H_RECORDS, &count, sizeof(count));
	seal_all(p, n);
	refused =
	    drain(file_of(p, n), 0, &records, &e) == STREAM_FAILED && strstr(e.text, what) != NULL;
	free(p);
	batch_free(b);
	return refused;
}

/* Records that a block says it has are read, or it is refused. */
static void
kinds(void)
{
	static const char unknown[] = "a kind of block this version does not know";

	ok(!kind_is_refused(0, BLOCK_HISTORY | BLOCK_SKIPPABLE, 0, ""), "a history is passed over");
	ok(kind_is_refused(0, BLOCK_HISTORY, 0, unknown), "one that is not skippable is refused");
	ok(kind_is_refused(1, BLOCK_HISTORY, 500, unknown), "so is one with records");
	ok(kind_is_refused(1, BLOCK_INDEX, 500, unknown), "and such an index");
	ok(kind_is_refused(2, BLOCK_END, 1, "end mark with records"),
	    "and an end mark with records");
}

/* What a reader does not know is no part of what it read, and has its place in the order. */
static void
passed_over(void)
{
	struct batch *b[2] = { random_batch(4, 500), random_batch(5, 300) };
	uint16_t flags = 0x8000 | BLOCK_SKIPPABLE;
	size_t n;
	uint8_t *p = contents(stored_stream(b, 2, PROFILE_FILE, true), &n), *block = p;
	struct stream_slot *slot = slot_new();
	struct stream_reader *r;
	struct err e = { 0 };

	block += le_uint(block + H_BLOCK_LEN, 4);
	memcpy(block + H_FLAGS, &flags, sizeof(flags));
	seal_all(p, n);
	r = stream_open(file_of(p, n), 0, NULL, 0);
	ok(stream_next(r, slot, &e) == STREAM_BATCH && slot_batch(slot)->n == 300 &&
		stream_next(r, slot, &e) == STREAM_END,
	    "a skippable block is passed over with its records (%s)", e.text);
	is_u64(stream_totals(r)->records, 300, "which are not counted as read");
	slot_free(slot);
	stream_close(r);
	free(p);
	batch_free(b[0]);
	batch_free(b[1]);
}

/* The disk is full where the end mark of a stream without blocks, and what stands in front of it, is written. */
static void
finished_again(void)
{
	int fd = open("/dev/full", O_WRONLY), file = temp();
	struct stream_writer *w = stream_create(fd, "test");
	uint64_t records;
	struct err e = { 0 };

	ok(stream_finish(w, &e) != 0 && e.error == ENOSPC, "a full disk is told");
	ok(dup2(file, fd) == fd && stream_finish(w, &(struct err){ 0 }) == 0,
	    "later there is room");
	stream_abandon(w);
	close(fd);
	e = (struct err){ 0 };
	(void)lseek(file, 0, SEEK_SET);
	ok(drain(file, 0, &records, &e) == STREAM_END, "then the stream is whole (%s)", e.text);
}

static void
ends(void)
{
	struct batch *none = batch_new(), *b = random_batch(9, 100);
	uint64_t records;
	struct err e = { 0 };

	batch_close(none);
	ok(drain(stored_stream(NULL, 0, PROFILE_PIPE, true), 0, &records, &e) == STREAM_END &&
		records == 0,
	    "a lone end mark is an empty stream");
	ok(drain(stored_stream(&none, 1, PROFILE_FILE, true), 0, &records, &e) == STREAM_END &&
		records == 0,
	    "a block of zero records is legal");
	ok(drain(stored_stream(&b, 1, PROFILE_FILE, false), 0, &records, &e) == STREAM_FAILED &&
		records == 100 && strstr(e.text, "without its end mark") != NULL,
	    "no end mark: incomplete (%s)", e.text);
	ok(drain(stored_stream(&b, 1, PROFILE_FILE, false), STREAM_LIVE, &records,
	       &(struct err){ 0 }) == STREAM_END &&
		records == 100,
	    "a live file needs no end mark");
	batch_free(none);
	batch_free(b);
}

/* A file that grows by a few octets at a time: each block is given once, when it is whole. */
static void
grows(void)
{
	struct batch *b[2] = { random_batch(11, 300), random_batch(12, 200) };
	int from = stored_stream(b, 2, PROFILE_FILE, true), to = memfd_create("grows", 0);
	off_t n = lseek(from, 0, SEEK_END);
	struct stream_reader *r = stream_open(dup(to), STREAM_LIVE, NULL, 0);
	struct stream_slot *slot = slot_new();
	unsigned early = 0, wrong = 0, blocks = 0;
	struct err e = { 0 };

	for (off_t at = 0; at < n; at += 7) {
		char piece[7];
		ssize_t got = pread(from, piece, sizeof(piece), at);
		enum stream_status status;

		early += stream_marked(r);
		wrong += got <= 0 || pwrite(to, piece, (size_t)got, at) != got;
		while ((status = stream_next(r, slot, &e)) == STREAM_BATCH) {
			for (unsigned i = 0; i < slot_batch(slot)->n_cols; i++)
				(void)batch_plain(slot_batch(slot), i);
			wrong += slot_batch(slot)->err.status != 0;
			blocks++;
		}
		wrong += status != STREAM_END;
	}
	ok(wrong == 0 && blocks == 2 && stream_totals(r)->records == 500,
	    "a growing file gives each block once, when it is whole (%s)", e.text);
	ok(early == 0 && stream_marked(r), "its end mark shows when it is there");
	slot_free(slot);
	stream_close(r);
	close(from);
	close(to);
	batch_free(b[0]);
	batch_free(b[1]);
}

/* The encoding of an element in the only block there. */
static unsigned
encoding_of(const struct buf *block, uint16_t element)
{
	const uint8_t *p = (const uint8_t *)block->data;
	uint16_t columns, id;

	memcpy(&columns, p + H_COLUMNS, 2);
	for (unsigned k = 0; k < columns; k++) {
		const uint8_t *entry = p + HEADER_LEN + k * (size_t)ENTRY_LEN;

		memcpy(&id, entry + E_ELEMENT, 2);
		if (id == element)
			return entry[E_ENCODING];
	}
	return 0;
}

/* Columns are stored as what they are: one value, few values, what follows from another column, numbers. */
static void
encodings(void)
{
	enum {
		RECORDS = 5000,
		ADDRESSES = 300,
		SRC = 8,
		AS = 16,
		NAME = 82,
		MASK = 9,
		PORT = 7,
		TOS = 5
	};
	static const uint16_t numbers[] = { AS, MASK, PORT, TOS };
	struct batch *b = batch_new();
	struct encoder *e = encoder_new(PROFILE_FILE, 0);
	struct field_id src_id = field_iana(SRC), name_id = field_iana(NAME);
	int src = batch_column(b, &src_id, TYPE_IP, 4, 0), col[4];
	int name = batch_column(b, &name_id, TYPE_STRING, 0, 0);
	struct buf block = { .len = 0 };
	struct err err = { 0 };

	for (unsigned k = 0; k < 4; k++) {
		struct field_id id = field_iana(numbers[k]);

		col[k] = batch_column(b, &id, TYPE_UINT, 4, 0);
	}
	batch_extend(b, RECORDS);
	for (uint32_t i = 0; i < RECORDS; i++) {
		uint32_t a = i * 2654435761u % ADDRESSES;
		struct addr ip = addr_v4(0x0a000000 + a);
		char text[16];
		int len = snprintf(text, sizeof(text), "host-%u", a % 40);

		batch_put_ip(b, (unsigned)src, i, &ip);
		batch_put_octets(b, (unsigned)name, i, text, (size_t)len);
		batch_put_uint(b, (unsigned)col[0], i, 64512 + a % 100);
		batch_put_uint(
		    b, (unsigned)col[1], i, i == RECORDS - 1 ? 99 : a % 33); /* all but the last */
		batch_put_uint(b, (unsigned)col[2], i, i);
		batch_put_uint(b, (unsigned)col[3], i, 184);
	}
	batch_close(b);
	ok(block_encode(e, b, &block, &err) == 0, "a block of every encoding");
	is_u64(encoding_of(&block, SRC), ENC_DICT, "addresses are a dictionary");
	is_u64(encoding_of(&block, AS), ENC_MAP,
	    "a number that follows from the address is stored once for each");
	is_u64(encoding_of(&block, NAME), ENC_MAP, "so is a string");
	is_u64(
	    encoding_of(&block, MASK), ENC_DICT, "one record that differs, and it does not follow");
	is_u64(encoding_of(&block, PORT), ENC_PLANES, "other numbers are planes");
	is_u64(encoding_of(&block, TOS), ENC_CONST, "one value is stored once");
	buf_free(&block);
	encoder_free(e);
	batch_free(b);
}

/* Runs --------------------------------------------------------------------------------------------- */

enum { RUN_RECORDS = 3000, RUN_COLUMNS = 5 };

/* A batch of numbers that about `length` records in a row have, of every width and sign that there is. */
static struct batch *
runs_of(unsigned length)
{
	static const struct {
		struct field_id id;
		enum type type;
		unsigned width;
	} columns[RUN_COLUMNS] = {
		{ { .id = 7 }, TYPE_UINT, 2 },
		{ { .id = 10 }, TYPE_UINT, 4 },
		{ { .id = 434 }, TYPE_INT, 4 },
		{ { .pen = PEN_OWN, .id = OWN_RECEIVED }, TYPE_TIME, 8 },
		{ { .id = 320 }, TYPE_FLOAT64, 8 },
	};
	struct batch *b = batch_new();
	uint64_t s = length, v = 0;

	for (unsigned k = 0; k < RUN_COLUMNS; k++)
		(void)batch_column(b, &columns[k].id, columns[k].type, columns[k].width, 0);
	batch_extend(b, RUN_RECORDS);
	for (unsigned k = 0; k < RUN_COLUMNS; k++) {
		for (size_t i = 0; i < RUN_RECORDS; i++) {
			if (i == 0 || rnd_below(&s, length) == 0)
				v = rnd(&s) >> 2;
			if (columns[k].type == TYPE_FLOAT64)
				batch_put_double(b, k, i, (double)v / 3);
			else if (columns[k].type == TYPE_TIME)
				batch_put_uint(b, k, i, v % 4000000000000 * 1000);
			else
				batch_put_uint(
				    b, k, i, columns[k].width == 2 ? v % 60000 : v % 4000000000u);
		}
	}
	batch_close(b);
	return b;
}

/* The only block of a stream with records, and the section of a column of that. */
static uint8_t *
block_with_records(uint8_t *p)
{
	while (le_uint(p + H_RECORDS, 4) == 0)
		p += le_uint(p + H_BLOCK_LEN, 4);
	return p;
}

/*
 * What reading says of a stream whose sections are made anew: `change` may do as it likes with the first one's octets.
 */
static const char *
forged(
    struct batch *b, enum block_profile profile, void (*change)(uint8_t *entry, uint8_t *section))
{
	static struct err e;
	size_t n;
	uint8_t *p = contents(stored_stream(&b, 1, profile, true), &n);
	uint8_t *block = block_with_records(p), *entry = block + HEADER_LEN;
	uint64_t records;
	bool good;

	change(entry, block + le_uint(entry + E_OFFSET, 4));
	seal_all(p, n);
	e = (struct err){ 0 };
	good = drain(file_of(p, n), 0, &records, &e) == STREAM_END;
	free(p);
	return good ? NULL : e.text;
}

static void
nothing(uint8_t *entry, uint8_t *section)
{
	(void)entry;
	(void)section;
}

/* The first part stands behind the directory, at 64. */
static void
first_has_none(uint8_t *entry, uint8_t *section)
{
	(void)entry;
	section[64] &= 0xfe;
}

static void
beyond_the_last(uint8_t *entry, uint8_t *section)
{
	(void)entry;
	section[64 + RUN_RECORDS / 8] |= 0x80;
}

static void
one_more(uint8_t *entry, uint8_t *section)
{
	(void)entry;
	for (unsigned i = 1; i < 8; i++)
		section[64 + i] = 0xff;
}

static void
no_planes(uint8_t *entry, uint8_t *section)
{
	(void)section;
	entry[E_PLANES] = 8;
}

static void
a_reference(uint8_t *entry, uint8_t *section)
{
	(void)section;
	entry[E_REFERENCE] = entry[E_REFERENCE + 1] = 0;
}

/* The second column has the first one's identity. */
static void
a_twin(uint8_t *entry, uint8_t *section)
{
	(void)section;
	memcpy(entry + ENTRY_LEN, entry, E_TYPE);
}

static bool
mentions(const char *why, const char *what)
{
	return why != NULL && strstr(why, what) != NULL;
}

static void
shift(uint8_t *number, int64_t by)
{
	uint64_t v = htole64(le_uint(number, 8) + (uint64_t)by);

	memcpy(number, &v, sizeof(v));
}

static void
above_the_least(uint8_t *entry, uint8_t *section)
{
	(void)section;
	shift(entry + E_MIN, 1);
}

static void
below_the_greatest(uint8_t *entry, uint8_t *section)
{
	(void)section;
	shift(entry + E_MAX, -1);
}

static void
after_the_first(uint8_t *entry, uint8_t *section)
{
	(void)section;
	shift(entry - HEADER_LEN + H_MIN_START, 1);
}

static void
before_the_last(uint8_t *entry, uint8_t *section)
{
	(void)section;
	shift(entry - HEADER_LEN + H_MAX_END, -1);
}

/* Of the third column. */
static void
says_ascending(uint8_t *entry, uint8_t *section)
{
	static const uint8_t order[2] = { 3, 0 };

	(void)section;
	memcpy(entry - HEADER_LEN + H_SORT, order, 2);
}

static void
says_descending(uint8_t *entry, uint8_t *section)
{
	static const uint8_t order[2] = { 3, SORT_DESCENDING >> 8 };

	(void)section;
	memcpy(entry - HEADER_LEN + H_SORT, order, 2);
}

static double
value_of(char letter)
{
	switch (letter) {
	case 'n': return (double)NAN;
	case '0': return 0.0;
	case 'o': return -0.0;
	default: return letter;
	}
}

/* Records of these values in the third column: letters, n is NaN, 0 and o are zeros without and with a sign, - none. */
static struct batch *
records_of(const char *values)
{
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END),
			      id = { .id = 320 };
	struct batch *b = batch_new();

	(void)batch_column(b, &start, TYPE_TIME, 8, 0);
	(void)batch_column(b, &end, TYPE_TIME, 8, 0);
	(void)batch_column(b, &id, TYPE_FLOAT64, 8, 0);
	batch_extend(b, strlen(values));
	for (size_t i = 0; i < b->n; i++) {
		batch_put_uint(b, 0, i, 1000 + i);
		batch_put_uint(b, 1, i, 2000 + i);
		if (values[i] != '-')
			batch_put_double(b, 2, i, value_of(values[i]));
	}
	batch_close(b);
	return b;
}

static bool
order_holds(const char *values, bool descending)
{
	struct batch *b = records_of(values);
	const char *why = forged(b, PROFILE_FILE, descending ? says_descending : says_ascending);

	batch_free(b);
	return why == NULL || !mentions(why, "not in its order");
}

/* What a block says of its values decides whether it is looked at. */
static void
claims(void)
{
	struct batch *b = records_of("abcd");

	ok(forged(b, PROFILE_FILE, nothing) == NULL, "a block that is as it says is sound");
	ok(mentions(forged(b, PROFILE_FILE, above_the_least), "its zone map leaves out values"),
	    "one with less than its zone map says is not");
	ok(mentions(forged(b, PROFILE_FILE, below_the_greatest), "its zone map leaves out values"),
	    "nor one with more");
	ok(mentions(forged(b, PROFILE_FILE, after_the_first), "the header's times leave out"),
	    "nor one with an earlier start than its header says");
	ok(mentions(forged(b, PROFILE_FILE, before_the_last), "the header's times leave out"),
	    "nor one with a later end");
	batch_free(b);
	ok(order_holds("aabnn--", false) && order_holds("cba-", true) && order_holds("n-", false),
	    "orders, ascending and descending");
	ok(order_holds("0o0a", false) && order_holds("ao0o", true),
	    "zeros are equal whatever their sign");
	ok(!order_holds("aba", false) && !order_holds("bab", true), "a value out of order is seen");
	ok(!order_holds("anb", false) && !order_holds("a-b", false) && !order_holds("a-n", true),
	    "so are values behind those that are none");
}

/* Numbers that many records in a row have are stored once for all of them, and say so in the block's version. */
static void
runs(void)
{
	for (unsigned length = 1; length <= 1000; length *= 10) {
		struct batch *b = runs_of(length);
		struct buf block = { 0 };
		struct err err = { 0 };
		struct encoder *e = encoder_new(PROFILE_FILE, 0);
		struct stream_slot *slot = slot_new();
		struct stream_reader *r = stream_open(
		    stored_stream(&b, 1, length % 3 ? PROFILE_FILE : PROFILE_FAST, true), 0, NULL,
		    0);
		unsigned wrong = 0;

		ok(block_encode(e, b, &block, &err) == 0, "a block of runs of %u", length);
		for (unsigned k = 0; k < RUN_COLUMNS; k++)
			wrong += encoding_of(&block, b->col[k].id.id) !=
				 (length == 1 ? ENC_PLANES
				     : length >= 100 && b->col[k].type != TYPE_TIME &&
					     b->col[k].width > 2
					 ? ENC_DICT
					 : ENC_RUNS);
		is_u64(wrong, 0, "has them as runs where they are");
		ok(le_uint((uint8_t *)block.data + H_VERSION, 2) >=
			(length == 1 ? VERSION_FIRST : VERSION_RUNS),
		    "and is of a version that knows them");
		ok(stream_next(r, slot, &err) == STREAM_BATCH && same_batch(b, slot_batch(slot)),
		    "every record has its value back");
		slot_free(slot);
		stream_close(r);
		encoder_free(e);
		buf_free(&block);
		batch_free(b);
	}
}

static void
forged_runs(void)
{
	struct batch *b = runs_of(8);

	ok(forged(b, PROFILE_FAST, nothing) == NULL, "runs are read");
	ok(mentions(forged(b, PROFILE_FAST, first_has_none), "damaged runs"),
	    "a first record without a value is refused");
	ok(mentions(forged(b, PROFILE_FAST, beyond_the_last), "damaged runs"),
	    "so is a value behind the last record");
	ok(mentions(forged(b, PROFILE_FAST, one_more), "damaged plane"),
	    "and one that no plane has");
	ok(mentions(forged(b, PROFILE_FAST, no_planes), "damaged plane"),
	    "and planes that are not there");
	ok(mentions(forged(b, PROFILE_FAST, a_reference), "impossible reference"),
	    "and a reference");
	ok(mentions(forged(b, PROFILE_FAST, a_twin), "column 1: the same as one before"),
	    "a block has no column twice");
	batch_free(b);
}

enum { FEW = 60 }; /* records of which no part is packed */

/* The codes are the last part. */
static void
a_large_code(uint8_t *entry, uint8_t *section)
{
	section[le_uint(entry + E_LENGTH, 4) - FEW / 2] = (uint8_t)le_uint(section + 4, 4);
}

/* What takes 16 octets are addresses alone. */
static void
a_wide_number(uint8_t *entry, uint8_t *section)
{
	(void)section;
	entry[E_TYPE] = TYPE_UINT;
}

/* Addresses of a family that there is not: who reads one reads 4 octets or 16. */
static void
a_narrow_address(uint8_t *entry, uint8_t *section)
{
	(void)section;
	entry[E_WIDTH] = 8;
}

static void
a_tiny_address(uint8_t *entry, uint8_t *section)
{
	(void)section;
	entry[E_WIDTH] = 1;
}

/* Nobody reads behind a dictionary, or a number that is as wide as an address. */
static void
forged_codes(void)
{
	struct batch *b = batch_new();
	struct field_id src = field_iana(8);
	int col = batch_column(b, &src, TYPE_IP, 16, 0);

	batch_extend(b, FEW);
	for (uint32_t i = 0; i < FEW; i++) {
		struct addr a = { .b = { 0x20, [15] = (uint8_t)(i % 3) } };

		batch_put_ip(b, (unsigned)col, i, &a);
	}
	batch_close(b);
	ok(forged(b, PROFILE_FILE, nothing) == NULL, "a dictionary is read");
	ok(mentions(forged(b, PROFILE_FILE, a_large_code), "code beyond its dictionary"),
	    "a code that it does not have is refused");
	ok(mentions(forged(b, PROFILE_FILE, a_wide_number), "impossible column width"),
	    "so are numbers of 16 octets");
	ok(mentions(forged(b, PROFILE_FILE, a_narrow_address), "width does not fit its type"),
	    "and addresses of 8");
	ok(mentions(forged(b, PROFILE_PIPE, a_tiny_address), "width does not fit its type"),
	    "and of 1");
	batch_free(b);
}

/* Of n octets. */
static struct batch *
named(char *name, size_t n)
{
	struct batch *b = batch_new();
	int col;

	memset(name, 'x', n);
	name[n] = '\0';
	col =
	    batch_column(b, &(struct field_id){ .pen = PEN_NAMED, .named = name }, TYPE_UINT, 1, 0);
	batch_extend(b, 1);
	batch_put_uint(b, (unsigned)col, 0, 7);
	batch_close(b);
	return b;
}

static void
names(void)
{
	char name[FIELD_NAME_MAX + 1];

	for (size_t n = FIELD_NAME_MAX - 1; n <= FIELD_NAME_MAX; n++) {
		struct batch *b = named(name, n);
		const char *why = forged(b, PROFILE_FAST, nothing);

		ok(n < FIELD_NAME_MAX ? why == NULL : mentions(why, "column without its name"),
		    "a name of %zu octets is %s", n, n < FIELD_NAME_MAX ? "read" : "too long");
		batch_free(b);
	}
}

enum { BIG = 3 << 20 };

/* Is a batch of n such texts, of which some differ, back whole from several blocks? */
static bool
comes_back(char *text, size_t n, size_t differ, enum block_profile profile, struct err *e)
{
	struct batch *b = batch_new();
	struct field_id id = field_iana(82);
	int col = batch_column(b, &id, TYPE_STRING, 0, 0);
	uint64_t records;
	bool good;

	batch_extend(b, n);
	for (size_t i = 0; i < n; i++) {
		text[0] = (char)(i % differ);
		batch_put_octets(b, (unsigned)col, i, text, BIG);
	}
	batch_close(b);
	good = drain(stored_stream(&b, 1, profile, true), 0, &records, e) == STREAM_END &&
	       records == n;
	batch_free(b);
	return good;
}

/* A big batch is several blocks; nothing is lost. */
static void
oversize(void)
{
	char *text = malloc(BIG);
	struct err e = { 0 };

	for (size_t i = 0; i < BIG; i++)
		text[i] = (char)(i * 2654435761u >> 13);
	ok(comes_back(text, 40, 40, PROFILE_PIPE, &e),
	    "a batch of 120 MiB becomes blocks within bounds (%s)", e.text);
	ok(comes_back(text, 90, 1, PROFILE_FILE, &e),
	    "so does one of 270 MiB of which hardly anything is stored (%s)", e.text);
	free(text);
}

/* One record is more than a block may hold: those before it, which could be a block, are none either. */
static void
too_long(void)
{
	struct encoder *e = encoder_new(PROFILE_PIPE, 0);
	struct batch *b = batch_new();
	struct field_id id = field_iana(82);
	unsigned col = (unsigned)batch_column(b, &id, TYPE_STRING, 0, 0);
	char *text = calloc(MAX_BLOCK, 1);
	struct buf out = { 0 };
	struct err err = { 0 };
	int rc;

	batch_extend(b, 3);
	batch_put_octets(b, col, 0, "a", 1);
	batch_put_octets(b, col, 2, text, MAX_BLOCK);
	batch_close(b);
	rc = block_encode(e, b, &out, &err);
	ok(rc != 0 && out.len == 0, "a batch that cannot be encoded leaves %zu octets behind",
	    out.len);
	is_str(err.text, "a record of more than 64 MiB does not fit a block", "and it is said why");
	buf_free(&out);
	free(text);
	batch_free(b);
	encoder_free(e);
}

/* What keeps codes of a damaged block within its dictionary. */
static void
bounds(void)
{
	static const uint8_t low[] = { 7, 255, 3, 9 }, high[] = { 1, 0, 1, 1 };
	struct planes one = { .n = 1, .plane = { low }, .unit = 1 },
		      two = { .n = 2, .plane = { low, high }, .unit = 1 };

	ok(planes_within(&one, 4, 255) && !planes_within(&one, 4, 254), "one plane's largest");
	ok(planes_within(&two, 4, 265) && !planes_within(&two, 4, 264),
	    "two planes': the low octet of the one with the largest high octet");
	ok(planes_within(&two, 4, 512) && !planes_within(&two, 4, 255), "the high octet decides");
	ok(planes_within(&two, 3, 263) && !planes_within(&two, 3, 262), "of the first three only");
}

int
main(void)
{
	random_finer = true;
	round_trips();
	correlated();
	bounds();
	narrowing();
	damage();
	old_hash();
	kinds();
	passed_over();
	ends();
	finished_again();
	grows();
	encodings();
	runs();
	forged_runs();
	claims();
	forged_codes();
	names();
	oversize();
	too_long();
	return done_testing();
}
