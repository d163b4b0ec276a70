/*
 * merge.c - a file's small blocks made into full, fully encoded ones.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "merge.h"

/* Records that wait for a full block: those with IPv4 addresses only, and others. */
enum { FAMILIES = 2 };

struct merging {
	struct stream_reader *in;
	struct stream_slot *slot;
	struct stream_writer *out;
	struct encoder *encoder;
	struct batch *waiting[FAMILIES];
	struct buf block;
};

static int
write_waiting(struct merging *m, struct batch *b, struct err *err)
{
	int rc;

	if (b->n == 0)
		return 0;
	batch_close(b);
	m->block.len = 0;
	rc = block_encode(m->encoder, b, &m->block, err);
	if (rc == 0)
		rc = stream_put(m->out, m->block.data, m->block.len, err);
	batch_reset(b);
	return rc;
}

static unsigned
family(const struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++)
		if (b->col[i].type == TYPE_IP && b->col[i].width == 16 &&
		    b->col[i].id.pen != PEN_OWN)
			return 1;
	return 0;
}

/* Options stay where they are; flows that wait may come behind options that were sent after them. */
static int
take(struct merging *m, struct err *err)
{
	struct block_info info;
	struct batch *b, *w;

	slot_info(m->slot, &info);
	if (info.options || slot_packed(m->slot)) {
		size_t len;
		const uint8_t *octets = slot_octets(m->slot, &len, err);

		/* stream_put numbers blocks in place, the slot's memory included. */
		return octets == NULL ? -1
				      : stream_put(m->out, (void *)(uintptr_t)octets, len, err);
	}
	b = slot_batch(m->slot);
	w = m->waiting[family(b)];
	if (w->n + b->n > BATCH_RECORDS && write_waiting(m, w, err) != 0)
		return -1;
	if (batch_append(w, b, NULL, b->n) != 0) {
		if (write_waiting(m, w, err) != 0)
			return -1;
		if (batch_append(w, b, NULL, b->n) != 0)
			return err_set(err, "records that do not go into one block");
	}
	if (b->err.status != 0) {
		*err = b->err;
		return -1;
	}
	return 0;
}

static int
run(struct merging *m, unsigned flags, uint64_t *records, struct err *err)
{
	enum stream_status status;

	*records = 0;
	while ((status = stream_next(m->in, m->slot, err)) == STREAM_BATCH) {
		*records += slot_batch(m->slot)->n;
		if (take(m, err) != 0)
			return -1;
	}
	if (status == STREAM_FAILED) {
		/* Damage to the end of a cut file: what came before it is all there is. */
		if ((flags & MERGE_CUT) == 0)
			return -1;
		*err = (struct err){ .status = 0 };
	}
	for (int i = 0; i < FAMILIES; i++)
		if (write_waiting(m, m->waiting[i], err) != 0)
			return -1;
	return flags & MERGE_FINISH ? stream_finish(m->out, err) : stream_put(m->out, NULL, 0, err);
}

/* The file that is to take path's place. */
static int
create(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		err_system(err, "%s", path);
	else
		(void)flock(fd, LOCK_EX | LOCK_NB);
	return fd;
}

int
merge_small(const char *path, struct encoder *encoder, const char *history, unsigned flags,
    uint64_t *records, struct err *err)
{
	struct buf merged = { .len = 0 };
	struct merging m = { .encoder = encoder };
	int from, to = -1, rc = -1;

	buf_printf(&merged, "%s.merged", path);
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		err_system(err, "%s", path);
	else
		to = create(buf_cstr(&merged), err);
	if (to < 0) {
		if (from >= 0)
			close(from);
		goto out;
	}
	m.in = stream_open(from, flags & MERGE_CUT ? STREAM_LIVE | STREAM_RECOVER : 0, NULL, 0);
	m.slot = slot_new();
	m.out = stream_create(to, history);
	if (flags & MERGE_FINISH)
		stream_index(m.out);
	for (int i = 0; i < FAMILIES; i++)
		m.waiting[i] = batch_new();
	rc = run(&m, flags, records, err);
	if (rc == 0 && (fsync(to) != 0 || rename(buf_cstr(&merged), path) != 0))
		rc = err_system(err, "%s", buf_cstr(&merged));
	for (int i = 0; i < FAMILIES; i++)
		batch_free(m.waiting[i]);
	stream_abandon(m.out);
	slot_free(m.slot);
	stream_close(m.in);
	if (rc != 0) {
		close(to);
		unlink(buf_cstr(&merged));
	}
out:
	buf_free(&m.block);
	buf_free(&merged);
	return rc == 0 ? to : -1;
}
