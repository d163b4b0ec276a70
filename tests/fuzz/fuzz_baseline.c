/*
 * Baselines from arbitrary streams: what is accepted is written, and what was written reads back as the same.  With bit
 * 0 of the first octet the hashes are made to fit, so that the profiles behind them are reached.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/baseline.h"
#include "seal.h"
#include "stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
stream_in_memory(const void *data, size_t len)
{
	int fd = memfd_create("fuzz", 0);

	if (fd < 0 || write(fd, data, len) < 0)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

struct written {
	struct stream_writer *writer;
	struct encoder *encoder;
	int fd;
};

static int
put(void *ctx, struct batch *b, struct err *err)
{
	struct written *w = ctx;
	struct buf block = { 0 };
	int rc = block_encode(w->encoder, b, &block, err);

	assert(rc == 0 && stream_put(w->writer, block.data, block.len, err) == 0);
	buf_free(&block);
	return rc;
}

/* The stream of a baseline, at its beginning. */
static int
write_whole(struct baseline *b)
{
	struct written w = { .encoder = encoder_new(PROFILE_PIPE, 0) };
	struct err err = { 0 };

	w.fd = memfd_create("fuzz", 0);
	w.writer = stream_create(w.fd, NULL);
	baseline_ready(b);
	assert(baseline_write(b, put, &w, &err) == 0);
	assert(stream_finish(w.writer, &err) == 0);
	stream_abandon(w.writer);
	encoder_free(w.encoder);
	lseek(w.fd, 0, SEEK_SET);
	return w.fd;
}

static struct buf
octets_of(int fd)
{
	struct buf out = { 0 };
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf_room(&out, 65536), 65536)) > 0)
		out.len += (size_t)n;
	close(fd);
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct hours hours = { .buckets = HOURS_WORKDAY };
	struct baseline *b, *again;
	struct err err = { 0 }, none = { 0 };
	struct buf first, second;
	uint8_t *copy;
	int fd;

	if (len < 1)
		return 0;
	copy = malloc(len);
	memcpy(copy, data + 1, len - 1);
	if (data[0] & 1)
		seal_all(copy, len - 1);
	b = baseline_new(&hours, "");
	if (baseline_read(b, stream_in_memory(copy, len - 1), &err) == 0) {
		again = baseline_new(&hours, "");
		fd = write_whole(b);
		assert(baseline_read(again, dup(fd), &none) == 0);
		first = octets_of(fd);
		second = octets_of(write_whole(again));
		assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
		buf_free(&first);
		buf_free(&second);
		baseline_free(again);
	} else {
		assert(err.text[0] != '\0');
	}
	baseline_free(b);
	free(copy);
	return 0;
}
