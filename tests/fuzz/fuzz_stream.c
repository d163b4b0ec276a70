/*
 * The block reader on arbitrary octets.  A fuzzer cannot guess hashes, so with bit 0 of the first octet
 * headers and sections are sealed again before reading: what lies behind the hashes is reached too.  Bits
 * 1 and 2 are the reader's flags, bit 3 asks for parts of columns before it asks for all of them, bit 4 keeps few
 * records of each block, bit 5 hands blocks on with a selection, and with bit 6 every other column only.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seal.h"
#include "stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What everybody who reads a batch relies on. */
static void
check_batch(struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *d = batch_dict(b, i), *c;

		for (size_t r = 0; d != NULL && r < b->n; r++)
			assert(d->codes[r] < d->dict_n);
		c = batch_plain(b, i);
		assert(c->form == COLUMN_PLAIN);
		for (size_t r = 0; c->width == 0 && r < b->n; r++)
			assert(c->off[r] <= c->off[r + 1]);
		if (c->present != NULL && b->n % 64)
			assert((c->present[b->n / 64] & ~bits_tail(b->n)) == 0);
	}
}

/* Dictionaries without codes, and planes, every other column's only. */
static void
check_parts(struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i += 2) {
		const struct column *d = batch_entries(b, i);
		const struct planes *p = batch_planes(b, i);
		size_t n = p == NULL ? 0 : b->n;
		uint64_t *joined = malloc((n + 1) * 8);

		assert(d == NULL || d->dict_n > 0 || d->form == COLUMN_PLAIN);
		if (p != NULL)
			planes_join(joined, d != NULL ? 2 : b->col[i].width, p, 0, n);
		for (size_t r = 0; d != NULL && r < n; r++)
			assert(((uint16_t *)(void *)joined)[r] < b->col[i].dict_n);
		free(joined);
	}
}

/* One record of nine, where there are as many. */
static void
check_narrow(struct stream_slot *slot)
{
	struct batch *b = slot_batch(slot);
	size_t n = slot_is_narrow(slot) ? 0 : b->n / 9;
	uint64_t *sel = calloc(bits_words(b->n) + 1, 8);

	for (size_t k = 0; k < n; k++)
		bits_set(sel, k * 9 + 5);
	assert(slot_narrow(slot, sel, n) == (n > 0));
	assert(n == 0 || b->n == n);
	free(sel);
	check_batch(b);
}

/* A block with every third record selected is one again. */
static void
check_handed_on(struct stream_slot *slot, bool project)
{
	int fd = memfd_create("handed on", 0);
	struct batch *b = slot_batch(slot);
	unsigned *column = calloc(b->n_cols + 1, sizeof(*column)), n_columns = 0;
	uint64_t *sel = calloc(bits_words(b->n) + 1, 8);
	struct stream_writer *w = stream_create(fd, NULL);
	struct err e = { 0 };
	const uint8_t *octets = NULL;
	size_t len, n = 0;

	for (unsigned i = 0; i < b->n_cols; i += 2)
		column[n_columns++] = i;
	for (size_t i = 0; i < b->n; i += 3, n++)
		bits_set(sel, i);
	if ((!project || slot_project(slot, column, n_columns, &e) >= 0) &&
	    slot_select(slot, sel, n, &e) == 0)
		octets = slot_octets(slot, &len, &e);
	assert(octets != NULL || e.status != 0);
	if (octets != NULL) {
		struct stream_slot *again = slot_new();
		struct stream_reader *r;

		if (stream_put(w, (void *)(uintptr_t)octets, len, &e) != 0 ||
		    stream_finish(w, &e) != 0)
			abort();
		lseek(fd, 0, SEEK_SET);
		r = stream_open(dup(fd), 0, NULL, 0);
		assert(stream_next(r, again, &e) == STREAM_BATCH && slot_batch(again)->n == n);
		check_batch(slot_batch(again));
		assert(stream_next(r, again, &e) == STREAM_END);
		slot_free(again);
		stream_close(r);
	}
	stream_abandon(w);
	free(column);
	free(sel);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("fuzz", 0);
	uint8_t *copy;
	struct stream_reader *r;
	struct stream_slot *slot;
	struct err e = { 0 };
	enum stream_status status;
	unsigned how;

	if (len < 1 || fd < 0)
		return 0;
	how = data[0];
	copy = malloc(len);
	memcpy(copy, data + 1, len - 1);
	if (how & 1)
		seal_all(copy, len - 1);
	if (write(fd, copy, len - 1) < 0)
		abort();
	lseek(fd, 0, SEEK_SET);
	free(copy);
	r = stream_open(fd,
	    (how & 2 ? STREAM_RECOVER : 0U) | (how & 4 ? STREAM_LIVE : 0U) |
		(how & 32 ? STREAM_WHOLE : 0U),
	    NULL, 0);
	slot = slot_new();
	while ((status = stream_next(r, slot, &e)) == STREAM_BATCH) {
		size_t n;

		assert(slot_batch(slot)->n <= BATCH_RECORDS_MAX);
		if (how & 8)
			check_parts(slot_batch(slot));
		if (how & 16)
			check_narrow(slot);
		check_batch(slot_batch(slot));
		if ((how & 32) && !slot_is_narrow(slot))
			check_handed_on(slot, how & 64);
		assert(slot_octets(slot, &n, &e) != NULL || e.status != 0);
	}
	assert(status == STREAM_END || e.text[0] != 0);
	/* Nothing came behind it: asking again changes nothing. */
	if (how & 4)
		assert(stream_next(r, slot, &e) == status);
	slot_free(slot);
	stream_close(r);
	return 0;
}
