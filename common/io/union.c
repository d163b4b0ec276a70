/*
 * union.c - the columns of everything a source will give, before it gives it: of flow files by their headers, of
 * anything else by spooling it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "io/source.h"

/* What has several types, as exporters do not agree, is text. */
static void
add_column(struct field_list *list, const struct column *c)
{
	struct field f;

	for (size_t i = 0; i < list->n; i++) {
		struct field *seen = &list->fields[i];

		if (!field_id_equal(&seen->id[0], &c->id))
			continue;
		seen->width = seen->width > c->width ? seen->width : c->width;
		if (seen->type != (enum type)c->type)
			seen->type = TYPE_STRING;
		return;
	}
	field_of_column(&f, c);
	field_list_append(list, &f);
}

static void
add_columns(struct field_list *list, const struct batch *b)
{
	if (b->options)
		return;
	for (unsigned i = 0; i < b->n_cols; i++)
		if (!(b->col[i].flags & COLUMN_EMPTY))
			add_column(list, &b->col[i]);
}

/* What went wrong with an input is told when what was good of it has been handed out. */
static void
keep_complaint(struct io_source *s, const struct job *j, const struct err *why)
{
	s->spooled = mem_resize(s->spooled, s->n_spooled + 1, sizeof(*s->spooled));
	s->spooled[s->n_spooled++] = (struct job){ .err = *why,
		.note = j->note,
		.recovered = j->recovered,
		.path = mem_string(j->path),
		.input = j->input };
}

/* A temporary file that batches go to. */
struct spool {
	struct stream_writer *writer;
	struct encoder *encoder;
	struct buf block;
};

static int
put_batch(struct spool *p, struct batch *b, struct err *err)
{
	p->block.len = 0;
	if (block_encode(p->encoder, b, &p->block, err) != 0)
		return -1;
	return stream_put(p->writer, p->block.data, p->block.len, err);
}

/* All of the source's batches, and their columns.  -1: err, they cannot be written. */
static int
put_all(struct spool *p, struct io_source *s, struct field_list *list, struct err *err)
{
	struct job j = { 0 };
	int rc = 0;

	while (rc == 0 && source_next(s, &j)) {
		if (j.err.status != 0) {
			if (source_tell(s, &j))
				keep_complaint(s, &j, &j.err);
			continue;
		}
		source_read(s, &j);
		source_count(s, &j);
		for (unsigned i = 0; i < j.b->n_cols; i++)
			(void)batch_plain(j.b, i);
		if (j.b->err.status != 0) {
			keep_complaint(s, &j, &j.b->err);
			source_close_input(s);
			continue;
		}
		add_columns(list, j.b);
		rc = put_batch(p, j.b, err);
		if (j.late.status != 0)
			keep_complaint(s, &j, &j.late);
	}
	job_free(&j);
	return rc == 0 ? stream_finish(p->writer, err) : -1;
}

/* A temporary file becomes the source's only input. */
static int
spool(struct io_source *s, struct field_list *list, struct err *err)
{
	int fd = file_temp(s->opts->tmpdir, err), rc;
	struct spool p = { 0 };

	if (fd < 0)
		return -1;
	p.writer = stream_create(fd, NULL);
	p.encoder = encoder_new(PROFILE_PIPE, 0);
	s->spooling = true;
	rc = put_all(&p, s, list, err);
	s->spooling = false;
	stream_abandon(p.writer);
	encoder_free(p.encoder);
	buf_free(&p.block);
	source_close_input(s);
	io_paths_free(&s->paths);
	s->next = 0;
	if (rc != 0) {
		close(fd);
		return -1;
	}
	lseek(fd, 0, SEEK_SET);
	s->flow = stream_open(fd, 0, NULL, 0);
	stream_stop_at(s->flow, s->stop_fd);
	s->path = "input";
	return 0;
}

static bool
all_flow_files(const struct io_source *s)
{
	for (size_t i = 0; i < s->paths.n; i++) {
		uint8_t head[8];
		int fd = strcmp(s->paths.path[i], "-") == 0
			     ? -1
			     : open(s->paths.path[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		bool flow = fd >= 0 && file_is_regular(fd) && pread(fd, head, 8, 0) == 8 &&
			    stream_recognise(head, 8);

		if (fd >= 0)
			close(fd);
		if (!flow)
			return false;
	}
	return true;
}

/* The columns of one flow file.  false: it may have others when it is read. */
static bool
add_file(
    struct field_list *list, const char *path, struct stream_slot *slot, const struct io_opts *opts)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stream_reader *r =
	    fd < 0 ? NULL : stream_open(fd, opts->recover ? STREAM_RECOVER : 0, NULL, 0);
	enum stream_status status = STREAM_FAILED;
	struct err why = { 0 };

	while (r != NULL && (status = stream_next(r, slot, &why)) == STREAM_BATCH)
		add_columns(list, slot_batch(slot));
	stream_close(r);
	/* Damage stays where it is; what fails may succeed a moment later, and what is being written grows. */
	return status == STREAM_END || (r != NULL && why.error == 0 && !opts->live);
}

int
source_union(struct io_source *s, struct field_list *list, struct err *err)
{
	struct stream_slot *slot;
	bool whole;

	if (s->follow != NULL)
		return source_refuse_all(err);
	whole = all_flow_files(s);
	slot = slot_new();
	for (size_t i = 0; i < s->paths.n && whole; i++)
		whole = add_file(list, s->paths.path[i], slot, s->opts);
	slot_free(slot);
	/* What may have columns that nobody asked for is read once. */
	return whole ? 0 : spool(s, list, err);
}
