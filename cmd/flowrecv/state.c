#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "stream/stream.h"

int
state_write(const char *path, struct batch *const *batches, unsigned n, const char *history,
    struct err *err)
{
	struct buf block = { .len = 0 };
	struct encoder *e;
	struct stream_writer *w;
	struct outfile file;
	int rc = 0;

	if (outfile_open(&file, path, err) != 0)
		return -1;
	e = encoder_new(PROFILE_FILE, 0);
	w = stream_create(file.fd, history);
	for (unsigned i = 0; i < n && rc == 0; i++) {
		if (batches[i]->n == 0)
			continue;
		block.len = 0;
		rc = block_encode(e, batches[i], &block, err);
		if (rc == 0)
			rc = stream_put(w, block.data, block.len, err);
	}
	if (rc == 0)
		rc = stream_finish(w, err);
	stream_abandon(w);
	encoder_free(e);
	buf_free(&block);
	if (rc == 0)
		return outfile_commit(&file, err);
	outfile_discard(&file);
	return -1;
}

int
state_read(const char *path, void (*take)(void *ctx, struct batch *), void *ctx, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum stream_status status;
	struct stream_reader *r;
	struct stream_slot *slot;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_system(err, NULL);
	if (!file_is_regular(fd)) {
		close(fd);
		return err_set(err, "is no regular file");
	}
	r = stream_open(fd, 0, NULL, 0);
	slot = slot_new();
	while ((status = stream_next(r, slot, err)) == STREAM_BATCH) {
		struct batch *b = slot_batch(slot);

		for (unsigned i = 0; i < b->n_cols; i++)
			(void)batch_plain(b, i);
		if (b->err.status != 0) {
			*err = b->err;
			status = STREAM_FAILED;
			break;
		}
		if (b->options)
			take(ctx, b);
	}
	slot_free(slot);
	stream_close(r);
	return status == STREAM_END ? 0 : -1;
}
