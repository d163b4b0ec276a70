/*
 * union.c - the columns of everything a source will give, before it gives it: of flow files by their headers, of anything
 * else by spooling it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "io/source.h"

static void
add_column(struct field_list *list, const struct column *c)
{
	const struct field_id *id = &c->id;
	struct field f;

	for (size_t i = 0; i < list->n; i++)
		if (field_id_equal(&list->fields[i].id[0], id))
			return;
	field_of_id(&f, id);
	f.type = (enum type)c->type;
	list->fields = mem_resize(list->fields, list->n + 1, sizeof(*list->fields));
	/* Copies move id[0].named; field_copy points it at its own storage again. */
	for (size_t i = 0; i < list->n; i++)
		if (list->fields[i].id[0].named != NULL)
			list->fields[i].id[0].named = list->fields[i].named;
	field_copy(&list->fields[list->n++], &f);
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
keep_complaint(struct io_source *s, const struct job *j)
{
	s->spooled = mem_resize(s->spooled, s->n_spooled + 1, sizeof(*s->spooled));
	s->spooled[s->n_spooled++] = (struct job){
		.err = j->err, .note = j->note, .path = mem_string(j->path), .input = j->input
	};
}

/* All of the source's batches into a temporary file, which becomes its only input. */
static int
spool(struct io_source *s, struct field_list *list, struct err *err)
{
	int fd = file_temp(s->opts->tmpdir, err);
	struct stream_writer *w = fd < 0 ? NULL : stream_create(fd, NULL);
	struct encoder *e = encoder_new(PROFILE_PIPE, 0);
	struct job j = { 0 };
	bool failed = w == NULL;
	struct buf out = { 0 };

	s->spooling = true;
	while (!failed && source_next(s, &j)) {
		if (j.err.status != 0) {
			if (source_tell(s, &j))
				keep_complaint(s, &j);
			continue;
		}
		source_read(s, &j);
		source_count(s, &j);
		for (unsigned i = 0; i < j.b->n_cols; i++)
			(void)batch_plain(j.b, i);
		if (j.b->err.status != 0) {
			j.err = j.b->err;
			keep_complaint(s, &j);
			source_close_input(s);
			continue;
		}
		add_columns(list, j.b);
		out.len = 0;
		failed = block_encode(e, j.b, &out, err) != 0 ||
			 stream_put(w, out.data, out.len, err) != 0;
		if (j.late.status != 0) {
			j.err = j.late;
			keep_complaint(s, &j);
		}
	}
	if (!failed && w != NULL)
		failed = stream_finish(w, err) != 0;
	stream_abandon(w);
	encoder_free(e);
	buf_free(&out);
	job_free(&j);
	source_close_input(s);
	io_paths_free(&s->paths);
	s->next = 0;
	s->spooling = false;
	if (failed) {
		if (fd >= 0)
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

int
source_union(struct io_source *s, struct field_list *list, struct err *err)
{
	struct stream_slot *slot;

	if (s->follow != NULL)
		return source_refuse_all(err);
	if (!all_flow_files(s))
		return spool(s, list, err);
	slot = slot_new();
	for (size_t i = 0; i < s->paths.n; i++) {
		int fd = open(s->paths.path[i], O_RDONLY | O_CLOEXEC);
		struct stream_reader *r =
		    fd < 0 ? NULL : stream_open(fd, s->opts->recover ? STREAM_RECOVER : 0, NULL, 0);
		struct err ignored = { 0 };

		while (r != NULL && stream_next(r, slot, &ignored) == STREAM_BATCH)
			add_columns(list, slot_batch(slot));
		stream_close(r);
	}
	slot_free(slot);
	return 0;
}
