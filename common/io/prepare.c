/*
 * prepare.c - on a worker: what becomes of a batch and its selection in a sink's format, before its turn comes.
 */
#include "io/sink.h"

void
sink_worker_free(struct sink_worker *w)
{
	encoder_free(w->encoder);
	stream_noter_free(w->noter);
	batch_free(w->gather);
	mem_free(w->view.col);
	mem_free(w->idx);
	*w = (struct sink_worker){ 0 };
}

static void
view_add(struct batch *view, struct batch *b, const struct field *f)
{
	int i = batch_resolve(b, f);
	struct column c;

	if (i < 0)
		return;
	c = *batch_plain(b, (unsigned)i);
	if (c.derived != DERIVED_NONE && f->n == 0)
		c.id = (struct field_id){ .pen = PEN_NAMED, .named = f->name };
	c.flags &= (uint16_t)~COLUMN_COMPUTED;
	for (unsigned k = 0; k < view->n_cols; k++)
		if (field_id_equal(&view->col[k].id, &c.id))
			return;
	if (view->n_cols == view->cap_cols) {
		view->cap_cols = view->cap_cols ? view->cap_cols * 2 : 32;
		view->col = mem_resize(view->col, view->cap_cols, sizeof(*view->col));
	}
	view->col[view->n_cols++] = c;
	view->n_all = view->n_cols;
}

struct batch *
sink_project(const struct io_sink *s, struct sink_worker *w, struct batch *b)
{
	const struct field_list *list = &s->opts->fields;

	if (!s->opts->has_fields || list->all || b->options)
		return b;
	w->view.n = b->n;
	w->view.n_cols = w->view.n_all = 0;
	for (size_t i = 0; i < list->n; i++)
		view_add(&w->view, b, &list->fields[i]);
	return &w->view;
}

static size_t
selected_indexes(struct sink_worker *w, const struct job *j)
{
	if (w->cap_idx < j->b->n) {
		w->cap_idx = j->b->n;
		w->idx = mem_resize(w->idx, w->cap_idx, sizeof(*w->idx));
	}
	return bits_indexes(j->sel, j->b->n, w->idx);
}

/* Columns of a block as stored that are all that is wanted; n 0: all of them are. */
struct wanted {
	unsigned *column, n;
};

/* false: what is wanted is not stored as such. */
static bool
find_wanted(const struct field_list *list, struct batch *b, struct wanted *w)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct field *f = &list->fields[i];
		int at = f->derived == DERIVED_NONE ? batch_resolve(b, f) : -1;
		bool again = false;

		if (f->derived != DERIVED_NONE || (at >= 0 && (b->col[at].flags & COLUMN_COMPUTED)))
			return false;
		for (unsigned k = 0; k < w->n; k++)
			again |= w->column[k] == (unsigned)at;
		if (at >= 0 && !again)
			w->column[w->n++] = (unsigned)at;
	}
	return w->n > 0;
}

/* Are the wanted columns of the selected records longer than those of the block as stored? */
static bool
is_shorter_stored(const struct job *j, const struct wanted *w)
{
	uint64_t row = 0, stored = 0;

	for (unsigned i = 0; i < (w->n > 0 ? w->n : j->b->n_cols); i++) {
		struct column_info info;

		slot_column_info(j->room.slot, w->n > 0 ? w->column[i] : i, &info);
		row += info.col.width > 0 ? info.col.width : info.unpacked / j->b->n;
		stored += info.stored;
	}
	return row * j->n_sel > stored;
}

/*
 * Into a file goes what is encoded as in files, and long enough.  Records that are not selected go to nobody but a
 * program that leaves them out: who hands on what was filtered must be sure that they are gone.
 */
static bool
may_pass(const struct io_sink *s, const struct job *j, const struct wanted *w)
{
	bool all = j->n_sel == j->b->n;

	if (s->slow && (!all || s->profile != PROFILE_FILE || s->opts->level != 0 ||
			   (j->b->n < ENCODE_AT_ONCE && !j->b->options)))
		return false;
	if (all && !s->slow && w->n == 0)
		return true;
	return slot_packed(j->room.slot) &&
	       (all || (is_shorter_stored(j, w) && file_is_claimed(s->fd)));
}

/*
 * The block as it came in, with all its columns or those that are wanted, and with what is selected beside it: who
 * reads it decodes what it needs.  false: it cannot, or its records are shorter.
 */
static bool
pass(const struct io_sink *s, struct job *j)
{
	const struct field_list *list = &s->opts->fields;
	bool some = s->opts->has_fields && !list->all && !j->b->options, passes;
	struct wanted w = { 0 };
	size_t len;
	int rc = 1;

	/* With a limit fewer may turn out to be wanted: then the block is needed whole. */
	if (job_block(j) == NULL || slot_is_narrow(j->room.slot) ||
	    (some && s->opts->limit != UINT64_MAX))
		return false;
	w.column = some ? mem_alloc((list->n + 1) * sizeof(*w.column)) : NULL;
	passes = (!some || find_wanted(list, j->b, &w)) && may_pass(s, j, &w);
	if (passes && some)
		rc = slot_project(j->room.slot, w.column, w.n, &j->b->err);
	if (passes && rc > 0 && j->n_sel < j->b->n)
		rc = slot_select(j->room.slot, j->sel, j->n_sel, &j->b->err) < 0 ? -1 : 1;
	/* Into a file it goes by way of memory.  What cannot be read is its input's failure, not the output's. */
	if (passes && rc > 0 && s->slow && slot_octets(j->room.slot, &len, &j->b->err) == NULL)
		rc = -1;
	if (passes && rc > 0)
		j->form = JOB_PASS;
	mem_free(w.column);
	return passes && rc != 0;
}

void
sink_keep_order(struct batch *to, const struct batch *from)
{
	if (from->sort_column == 0)
		return;
	to->sort_column = (uint16_t)(batch_find(to, &from->col[from->sort_column - 1].id) + 1);
	to->sort_descending = from->sort_descending;
}

/* A batch to blocks, and for a file what its index will say of them. */
static bool
encode(struct io_sink *s, struct sink_worker *w, struct job *j, struct batch *b)
{
	j->form = JOB_BLOCKS;
	if (block_encode(w->encoder, b, &j->out, &j->work_err) != 0)
		return false;
	if (s->slow) {
		if (w->noter == NULL)
			w->noter = stream_noter_new();
		stream_note(w->noter, j->out.data, j->out.len, &j->notes);
	}
	return true;
}

/* The selected records as a batch of their own.  false: they cannot be one. */
static bool
copy_selected(struct sink_worker *w, struct job *j, struct batch *from, struct batch **to)
{
	bool all = j->n_sel == j->b->n;
	/* Before w->idx is read, which it may move. */
	size_t n = all ? j->b->n : selected_indexes(w, j);

	if (*to == NULL)
		*to = batch_new();
	batch_reset(*to);
	(*to)->options = j->b->options;
	if (batch_append(*to, from, all ? NULL : w->idx, n) != 0) {
		err_set(&j->work_err, "a block names one element twice with different types");
		return false;
	}
	sink_keep_order(*to, from);
	batch_close(*to);
	return true;
}

/* Many records are encoded here, and need no batch of the job's own, which waits for its turn. */
static void
prepare_flow(struct io_sink *s, struct sink_worker *w, struct job *j)
{
	struct batch *from;
	bool all = j->n_sel == j->b->n, many = j->n_sel >= ENCODE_AT_ONCE;

	if (pass(s, j))
		return;
	if (w->encoder == NULL)
		w->encoder = encoder_new(s->profile, s->opts->level);
	from = sink_project(s, w, j->b);
	if (all && (many || j->b->options) && encode(s, w, j, from))
		return;
	if (!copy_selected(w, j, from, many ? &w->gather : &j->rest))
		return;
	if (many)
		(void)encode(s, w, j, w->gather);
	else
		j->form = JOB_REST;
}

/* What is chosen counts as selected no less than the rest. */
static void
prepare_part(const struct io_sink *s, struct job *j)
{
	size_t selected = j->n_sel;

	j->n_sel = s->parts->choose(s->take_ctx, j->b, j->sel, j->n_sel);
	job_narrow(j);
	j->part = s->parts->make(s->take_ctx, j->b, j->sel);
	j->drop = s->parts->drop;
	j->form = j->part != NULL ? JOB_PART : JOB_NOTHING;
	j->n_sel = selected;
}

static void
prepare_deferred(const struct io_sink *s, struct job *j)
{
	if (s->parts != NULL) {
		prepare_part(s, j);
	} else if (s->take != NULL) {
		j->form = JOB_SELECT;
	}
}

void
sink_prepare(struct io_sink *s, struct sink_worker *w, struct job *j, struct text_drain *drain)
{
	j->form = JOB_NOTHING;
	j->out.len = j->notes.len = 0;
	if (j->n_sel == 0)
		return;
	if (s->deferred && !j->b->options) {
		prepare_deferred(s, j);
		return;
	}
	if (!sink_takes(s, j->b))
		return;
	if (s->format != IO_NULL || s->take != NULL)
		job_narrow(j);
	switch (s->format) {
	case IO_FLOW: prepare_flow(s, w, j); break;
	case IO_IPFIX:
	case IO_NULL:
		if (s->exporter == NULL && s->take == NULL)
			break; /* it is enough to have counted them */
		j->form = JOB_SELECT;
		for (unsigned i = 0; i < j->b->n_cols; i++)
			(void)batch_plain(j->b, i);
		break;
	default:
		j->form = JOB_TEXT;
		text_rows(s->text, j->names, j->b, j->n_sel == j->b->n ? NULL : j->sel, drain,
		    &j->out, &j->work_err);
	}
}
