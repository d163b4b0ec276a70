/*
 * stored.h - batches as a reader has them: a stream of their blocks in a file without a name.
 */
#ifndef TESTS_STORED_H
#define TESTS_STORED_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stream/stream.h"

/* At its beginning; the reader owns it.  end: with an end mark. */
static inline int
stored_stream(struct batch **b, size_t n, enum block_profile profile, bool end)
{
	int fd = memfd_create("stored", MFD_CLOEXEC);
	struct encoder *e = encoder_new(profile, 0);
	struct stream_writer *w = stream_create(fd, "stored");
	struct buf out = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++) {
		out.len = 0;
		if (block_encode(e, b[i], &out, &err) != 0 ||
		    stream_put(w, out.data, out.len, &err) != 0)
			abort();
	}
	if (end && stream_finish(w, &err) != 0)
		abort();
	stream_abandon(w);
	encoder_free(e);
	buf_free(&out);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

#endif
