/*
 * The block reader on arbitrary octets.  A fuzzer cannot guess hashes, so with bit 0 of the first octet
 * headers and sections are sealed again before reading: what lies behind the hashes is reached too.  Bits
 * 1 and 2 are the reader's flags.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "stream/format.h"
#include "stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
put_hash(uint8_t *at, uint64_t h)
{
	memcpy(at, &h, 8);
}

static void
seal_block(uint8_t *p, size_t left)
{
	size_t header_len = le_uint(p + H_HEADER_LEN, 4), columns = le_uint(p + H_COLUMNS, 2);

	if (header_len < HEADER_LEN || header_len > left ||
	    columns * ENTRY_LEN > header_len - HEADER_LEN)
		return;
	for (size_t i = 0; i < columns; i++) {
		uint8_t *e = p + HEADER_LEN + i * ENTRY_LEN;
		uint64_t offset = le_uint(e + E_OFFSET, 4), length = le_uint(e + E_LENGTH, 4);

		if (offset + length <= left)
			put_hash(e + E_HASH, hash_xxh64(p + offset, length));
	}
	put_hash(p + H_HASH, hash_xxh64_hole(p, header_len, H_HASH));
}

static void
seal_all(uint8_t *p, size_t n)
{
	for (size_t at = 0; at + HEADER_LEN <= n;) {
		size_t len = le_uint(p + at + H_BLOCK_LEN, 4);

		if (memcmp(p + at, STREAM_MAGIC, 8) == 0)
			seal_block(p + at, n - at);
		at += len >= HEADER_LEN ? len : 1;
	}
}

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
	r = stream_open(
	    fd, (how & 2 ? STREAM_RECOVER : 0U) | (how & 4 ? STREAM_LIVE : 0U), NULL, 0);
	slot = slot_new();
	while ((status = stream_next(r, slot, &e)) == STREAM_BATCH) {
		size_t n;

		assert(slot_batch(slot)->n <= BATCH_RECORDS_MAX);
		check_batch(slot_batch(slot));
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
