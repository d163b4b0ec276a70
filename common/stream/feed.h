/*
 * feed.h - the octets of an input, looked at before they are taken.
 *
 * Regular files are read where asked (pread), so what is skipped costs nothing; pipes are buffered.
 * Private to stream/.
 */
#ifndef STREAM_FEED_H
#define STREAM_FEED_H

#include "stream/block.h"

struct feed {
	struct stream_file *file;
	bool regular;
	int stop_fd; /* readable: as if the input ended; -1 none */
	int error; /* errno of a read that failed, though a later one may not; 0 none */
	uint64_t offset; /* of the next octet to take */
	uint64_t size; /* of a regular file when that was last asked for; it may grow */
	uint8_t *data; /* octets from offset on that were read already: data + at, have */
	size_t at, have, cap;
};

/* Owns fd.  head is as stream_open has it. */
void feed_open(struct feed *, int fd, const void *head, size_t head_len);
void feed_close(struct feed *);

/* The next octets, at least n of them unless the input ends before: *have says how many.  NULL: read error, errno. */
const uint8_t *feed_peek(struct feed *, size_t n, size_t *have);

/* Take n octets; those not read yet are skipped without reading where the input allows.  Fewer at the end: false. */
bool feed_skip(struct feed *, uint64_t n);

/* Take n octets into dst.  Fewer at the end: how many.  -1: errno. */
ssize_t feed_take(struct feed *, void *dst, size_t n);

/* Does a regular file have n octets behind the offset?  True of other inputs. */
bool feed_has(struct feed *, uint64_t n);

#endif
