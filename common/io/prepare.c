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

/* May the block go out as it came in? */
static bool
can_pass(const struct io_sink *s, const struct job *j)
{
	if (j->slot == NULL || j->b != slot_batch(j->slot) || j->n_sel != j->b->n ||
	    slot_is_narrow(j->slot))
		return false;
	if (s->opts->has_fields && !s->opts->fields.all && !j->b->options)
		return false;
	return !s->slow || (slot_packed(j->slot) && s->profile == PROFILE_FILE &&
			       s->opts->level == 0 && (j->b->n >= ENCODE_AT_ONCE || j->b->options));
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

static void
prepare_flow(struct io_sink *s, struct sink_worker *w, struct job *j)
{
	struct batch *from;
	bool all = j->n_sel == j->b->n;

	if (can_pass(s, j)) {
		j->form = JOB_PASS;
		return;
	}
	if (w->encoder == NULL)
		w->encoder = encoder_new(s->profile, s->opts->level);
	from = sink_project(s, w, j->b);
	if (all && (j->n_sel >= ENCODE_AT_ONCE || j->b->options) && encode(s, w, j, from))
		return;
	if (j->rest == NULL)
		j->rest = batch_new();
	batch_reset(j->rest);
	j->rest->options = j->b->options;
	if (batch_append(
		j->rest, from, all ? NULL : w->idx, all ? j->b->n : selected_indexes(w, j)) != 0) {
		err_set(&j->work_err, "a block names one element twice with different types");
		return;
	}
	sink_keep_order(j->rest, from);
	batch_close(j->rest);
	j->form = JOB_REST;
	if (j->n_sel >= ENCODE_AT_ONCE)
		(void)encode(s, w, j, j->rest);
}

/* What is chosen counts as selected no less than the rest. */
static void
prepare_part(const struct io_sink *s, struct job *j)
{
	size_t selected = j->n_sel;

	j->n_sel = s->parts->choose(s->take_ctx, j->b, j->sel, j->n_sel);
	job_narrow(j);
	j->part = j->n_sel == 0 ? NULL : s->parts->make(s->take_ctx, j->b, j->sel);
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
sink_prepare(struct io_sink *s, struct sink_worker *w, struct job *j)
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
		j->form = JOB_SELECT;
		for (unsigned i = 0; i < j->b->n_cols && (s->exporter || s->take); i++)
			(void)batch_plain(j->b, i);
		break;
	default:
		j->form = JOB_TEXT;
		text_rows(s->text, j->names, j->b, j->n_sel == j->b->n ? NULL : j->sel, &j->out,
		    &j->work_err);
	}
}
