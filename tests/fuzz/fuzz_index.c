/*
 * The index of a file of arbitrary octets.  A fuzzer cannot guess hashes, so with bit 0 of the first octet blocks are
 * sealed again, and their indexes too; its other bits choose what is asked.  Whatever the index says, reading with it
 * ends, and gives no more records than reading without.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seal.h"
#include "stream/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The hashes within the index block at p, of so many octets. */
static void
seal_index(uint8_t *p, size_t left)
{
	size_t len = le_uint(p + H_BLOCK_LEN, 4), entries, common, filter,
	       at = HEADER_LEN + INDEX_HEAD;

	if (left < at || len < at || len > left)
		return;
	entries = le_uint(p + HEADER_LEN + X_BLOCKS, 4) * INDEX_ENTRY;
	common = le_uint(p + HEADER_LEN + X_LINES, 4) * INDEX_LINE;
	if (entries + common > len - at)
		return;
	filter = at + entries + common;
	for (size_t e = at; e < at + entries; e += INDEX_ENTRY) {
		size_t lines = le_uint(p + e + XE_LINES, 4) * INDEX_LINE;

		if (lines > len - filter)
			break;
		put_hash(p + e + XE_HASH, hash_xxh3(p + filter, lines));
		filter += lines;
	}
	put_hash(p + HEADER_LEN + X_ENTRIES, hash_xxh3(p + at, entries));
	put_hash(p + HEADER_LEN + X_COMMON, hash_xxh3(p + at + entries, common));
}

static void
seal_indexes(uint8_t *p, size_t n)
{
	for (size_t at = 0; at + HEADER_LEN <= n;) {
		size_t len = le_uint(p + at + H_BLOCK_LEN, 4);

		if (memcmp(p + at, STREAM_MAGIC, 8) == 0 &&
		    (le_uint(p + at + H_FLAGS, 2) & BLOCK_INDEX))
			seal_index(p + at, n - at);
		at += len >= HEADER_LEN ? len : 1;
	}
	seal_all(p, n);
}

/* Ask of everything: single addresses, networks short and long, ranges, ports, times. */
static bool
wants(void *ctx, const struct probe *p)
{
	static const struct {
		struct field_id id;
		enum type type;
		struct probe_key lo, hi;
	} questions[] = {
		{ { .id = 8 }, TYPE_IP, { 0, 0xffff0a000001 }, { 0, 0xffff0a000001 } },
		{ { .id = 12 }, TYPE_IP, { 0, 0xffff0a000000 }, { 0, 0xffff0a00ffff } },
		{ { .id = 15 }, TYPE_IP, { 0, 0 }, { UINT64_MAX, UINT64_MAX } },
		{ { .id = 225 }, TYPE_IP, { UINT64_MAX, UINT64_MAX - 3 },
		    { UINT64_MAX, UINT64_MAX } },
		{ { .id = 18 }, TYPE_IP, { 0x20010db8ffffff00, 0 }, { 0x20010db900000010, 5 } },
		{ { .id = 7 }, TYPE_UINT, { 0, 32760 }, { 0, 32767 } },
		{ { .id = 11 }, TYPE_UINT, { 0, 0 }, { 0, 65535 } },
		{ { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, { 0, 5 }, { 0, UINT64_MAX } },
		{ { .id = 8 }, TYPE_STRING, { 0, 0 }, { 0, 1 } },
	};
	unsigned n = *(unsigned *)ctx, yes = 0;

	for (unsigned i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (p->may(p->ctx, &questions[i].id, questions[i].type, questions[i].lo,
			questions[i].hi))
			yes |= 1U << i;
	return n == 0 ? false : yes & n;
}

static enum stream_status
read_all(int fd, bool index, unsigned ask, uint64_t *records)
{
	struct stream_slot *slot = slot_new();
	enum stream_status status;
	struct stream_reader *r;
	struct err e = { 0 };

	lseek(fd, 0, SEEK_SET);
	r = stream_open(dup(fd), 0, NULL, 0);
	if (index && stream_pass_over(r, wants, &ask, ask & 1, &e) != 0)
		assert(e.text[0] != 0);
	*records = 0;
	e = (struct err){ 0 };
	while ((status = stream_next(r, slot, &e)) == STREAM_BATCH)
		*records += slot_batch(slot)->n;
	assert(status == STREAM_END || e.text[0] != 0);
	slot_free(slot);
	stream_close(r);
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("fuzz", 0), copy = memfd_create("copy", 0);
	struct stream_index_info info;
	enum stream_status status;
	struct err e = { 0 };
	uint64_t all, some;
	uint8_t *octets;

	if (len < 1 || fd < 0 || copy < 0)
		goto out;
	octets = malloc(len);
	memcpy(octets, data + 1, len - 1);
	if (data[0] & 1)
		seal_indexes(octets, len - 1);
	if (write(fd, octets, len - 1) < 0)
		abort();
	free(octets);
	status = read_all(fd, false, 0, &all);
	if (read_all(fd, true, data[0] >> 1, &some) == STREAM_END && status == STREAM_END)
		assert(some <= all);
	if (stream_index_info(fd, &info, &e) == 0)
		assert(info.octets <= len && (info.index_blocks > 0 || info.blocks == 0));
	(void)stream_index_check(fd, &e);
	/* What was copied is sound, its index too. */
	e = (struct err){ 0 };
	if (stream_index_copy(fd, copy, &e) == 0) {
		assert(read_all(copy, false, 0, &some) == status && some == all);
		assert(stream_index_info(copy, &info, &e) == 0);
	} else {
		assert(e.text[0] != 0);
	}
out:
	close(fd);
	close(copy);
	return 0;
}
