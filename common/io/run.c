/*
 * run.c - from source to sink: batches in parallel, written in order.
 */
#include "base/num.h"
#include "base/ordered.h"
#include "base/time.h"
#include "flow/zone.h"
#include "io/job.h"

enum { KEEP = 64 << 20 }; /* octets of freed memory: what one block gives back the next one takes */

/* Numbers of inputs of which something is known. */
struct inputs {
	unsigned *number;
	size_t n;
};

struct run {
	struct ordered *ordered;
	bool live; /* the source may have to be waited for */
	struct io_source *source;
	struct io_sink *sink;
	const struct io_opts *opts;
	io_work work;
	void *ctx;
	struct io_result *result;
	struct err *err;
	struct sink_worker *workers;
	char *history; /* of the inputs when the first batch came */
	bool inherited;
	int64_t began_ns, told_ns; /* progress */
	uint64_t octets, octets_all;
	struct ordered_lock *lock; /* of spare rooms, whose memory is in a cache: the last first */
	struct job_room *spare;
	size_t n_spare;
	struct inputs bad; /* damaged ones: the rest of them is dropped */
	struct inputs foreign; /* ones that have what is no flow, as was told */
	bool failed;
};

static void
inputs_add(struct inputs *s, unsigned number)
{
	s->number = mem_resize(s->number, s->n + 1, sizeof(*s->number));
	s->number[s->n++] = number;
}

static bool
inputs_have(const struct inputs *s, unsigned number)
{
	for (size_t i = s->n; i > 0; i--)
		if (s->number[i - 1] == number)
			return true;
	return false;
}

/* Time windows: records that overlap [since, until). -------------------------------------------------- */

/* The index of a column of times, or -1. */
static int
find_times(const struct batch *b, enum own which)
{
	struct field_id id = field_own(which);
	int i = batch_find(b, &id);

	return i >= 0 && b->col[i].type == TYPE_TIME ? i : -1;
}

/* By what a block says of its columns: does every record have both times, and lie inside? */
static bool
all_inside(const struct io_opts *o, const struct column *start, const struct column *end)
{
	return (start->flags & end->flags & COLUMN_ZONE) &&
	       !((start->flags | end->flags) & COLUMN_PARTIAL) &&
	       end->min >= zone_key_int(o->since_ns) && start->max < zone_key_int(o->until_ns);
}

static void
select_none(struct job *j)
{
	memset(j->sel, 0, bits_words(j->b->n) * 8);
	j->n_sel = 0;
}

/* Clear the bits of records outside. */
static void
select_inside(
    const struct io_opts *o, struct job *j, const struct column *start, const struct column *end)
{
	const int64_t *from = start->data, *to = end->data;

	for (size_t w = 0; w < bits_words(j->b->n); w++) {
		size_t first = w * 64, n = j->b->n - first < 64 ? j->b->n - first : 64;
		uint64_t in = 0;

		for (size_t i = 0; i < n; i++)
			in |= (uint64_t)(to[first + i] >= o->since_ns &&
					 from[first + i] < o->until_ns)
			      << i;
		in &= start->present != NULL ? start->present[w] : ~UINT64_C(0);
		in &= end->present != NULL ? end->present[w] : ~UINT64_C(0);
		j->sel[w] &= in;
	}
	j->n_sel = bits_count(j->sel, j->b->n);
}

/* A record without times is outside every window. */
static void
select_window(const struct io_opts *o, struct job *j)
{
	int64_t min_start, max_end;
	int start, end;

	if (o->since_ns == INT64_MIN && o->until_ns == INT64_MAX)
		return;
	if (job_block(j) != NULL && slot_times(j->room.slot, &min_start, &max_end) &&
	    (max_end < o->since_ns || min_start >= o->until_ns)) {
		select_none(j);
		return;
	}
	start = find_times(j->b, OWN_START);
	end = find_times(j->b, OWN_END);
	if (start < 0 || end < 0)
		select_none(j);
	else if (!all_inside(o, &j->b->col[start], &j->b->col[end]))
		select_inside(
		    o, j, batch_plain(j->b, (unsigned)start), batch_plain(j->b, (unsigned)end));
}

static void
leave_out_foreign(struct job *j)
{
	j->foreign = foreign_exclude(j->b, j->sel);
	if (j->foreign != FOREIGN_NONE)
		j->n_sel = bits_count(j->sel, j->b->n);
}

/* Spare rooms --------------------------------------------------------------------------------------- */

/*
 * A room is kept no longer than its batch is needed, so that there are few: their memory is the most that a run takes,
 * and that it has to wait for.
 */
static void
take_spare(struct run *r, struct job *j)
{
	if (j->room.slot != NULL)
		return;
	ordered_lock(r->lock);
	if (r->n_spare > 0)
		j->room = r->spare[--r->n_spare];
	ordered_unlock(r->lock);
}

static void
give_back(struct run *r, struct job *j)
{
	if (j->room.slot == NULL)
		return;
	ordered_lock(r->lock);
	r->spare[r->n_spare++] = j->room;
	ordered_unlock(r->lock);
	j->room = (struct job_room){ 0 };
	j->b = NULL;
}

/* The three stages ----------------------------------------------------------------------------------- */

static enum ordered_next
produce(void *ctx, void *item)
{
	struct run *r = ctx;
	struct job *j = item;

	take_spare(r, j);
	if (!source_next(r->source, j))
		return ORDERED_END;
	if (j->err.status != 0 || r->sink == NULL)
		return ORDERED_ITEM;
	sink_name(r->sink, j);
	if (!sink_begun(r->sink) && sink_takes(r->sink, j->b))
		sink_begin(r->sink, j->b);
	j->begun = sink_begun(r->sink);
	if (r->history == NULL)
		r->history = mem_string(source_history(r->source));
	return ORDERED_ITEM;
}

/* A job in work, of a run. */
struct turn {
	struct run *r;
	struct job *j;
};

/* When it is the job's turn its text goes out while it is made. */
static void
write_early(void *ctx)
{
	struct turn *t = ctx;
	struct run *r = t->r;

	if (!ordered_is_next(r->ordered, t->j) || r->failed || inputs_have(&r->bad, t->j->input))
		return;
	r->failed = sink_write_early(r->sink, t->j, r->err) != 0;
}

static void
prepare_sink(struct run *r, struct job *j, unsigned worker)
{
	struct turn turn = { r, j };
	struct text_drain drain = { .take = write_early, .ctx = &turn };

	sink_prepare(r->sink, &r->workers[worker], j, r->live ? NULL : &drain);
}

static void
prepare(struct run *r, struct job *j, unsigned worker)
{
	int verdict = IO_KEEP;

	source_read(r->source, j);
	job_select(j);
	if (r->opts->flows && !j->b->options)
		leave_out_foreign(j);
	j->n_read = j->n_sel;
	if (!j->b->options) {
		select_window(r->opts, j);
		job_narrow(j);
		if (j->n_sel > 0 && r->work != NULL) {
			verdict = r->work(r->ctx, worker, j->b, j->sel, &j->work_err);
			j->n_sel = bits_count(j->sel, j->b->n);
		}
	}
	if (verdict < 0 || r->sink == NULL || verdict == IO_DROP)
		return;
	if (!j->b->options && !sink_defers(r->sink) && j->n_sel > r->opts->limit)
		job_trim(j, (size_t)r->opts->limit);
	prepare_sink(r, j, worker);
}

static void
work(void *ctx, void *item, unsigned worker)
{
	struct run *r = ctx;
	struct job *j = item;

	j->work_err = (struct err){ 0 };
	j->foreign = FOREIGN_NONE;
	j->form = JOB_NOTHING;
	if (j->err.status != 0)
		return;
	prepare(r, j, worker);
	job_note(j);
	if (j->form != JOB_PASS && j->form != JOB_SELECT &&
	    (r->opts->limit == UINT64_MAX || (r->sink != NULL && sink_defers(r->sink))))
		give_back(r, j);
}

static void
complain(struct run *r, const struct job *j, const struct err *why)
{
	if (r->opts->warn != NULL)
		r->opts->warn(j->path, why);
	if (j->note)
		return;
	if (j->recovered)
		r->result->recovered = true;
	else
		r->result->incomplete = true;
	inputs_add(&r->bad, j->input);
}

/* Once an input: some of it is no flow.  In a store such a file may stand; who names one meant something else. */
static void
tell_foreign(struct run *r, const struct job *j)
{
	struct err why = { 0 };

	if (inputs_have(&r->foreign, j->input))
		return;
	inputs_add(&r->foreign, j->input);
	r->result->incomplete |= !j->listed;
	err_set(&why, "left out: %s", foreign_text(j->foreign));
	if (r->opts->warn != NULL)
		r->opts->warn(j->path, &why);
}

static void
count(struct run *r, const struct job *j)
{
	if (j->facts.options)
		return;
	r->result->read += j->n_read;
	r->result->selected += j->n_sel;
	r->result->columns += j->facts.n_cols;
	r->result->unpacked += j->facts.n_unpacked;
}

/* Once a second of a run that takes longer than two: records, speed, and how long it will take if that is known. */
static void
tell_progress(struct run *r, const struct job *j)
{
	int64_t now = time_monotonic_ns();
	double s = (double)(now - r->began_ns) / 1e9;
	struct buf text = { 0 };

	r->octets += j->facts.octets;
	if (s < 2 || now - r->told_ns < NS_PER_S)
		return;
	r->told_ns = now;
	text.len += fmt_scaled(buf_room(&text, FMT_MAX), (double)r->result->read);
	buf_printf(&text, " records, %.0f MB/s", (double)r->octets / s / 1e6);
	if (r->octets_all > r->octets && r->octets > 0) {
		buf_puts(&text, ", ");
		text.len += fmt_duration_human(buf_room(&text, FMT_MAX),
		    (int64_t)((double)(r->octets_all - r->octets) / (double)r->octets * s) *
			NS_PER_S);
		buf_puts(&text, " left");
	}
	r->opts->progress(buf_cstr(&text));
	buf_free(&text);
}

/* false: there is no more to do. */
static bool
finish(struct run *r, struct job *j)
{
	int status;

	if (r->failed) /* what wrote early did, or idle's flush */
		return false;
	if (r->opts->progress != NULL && !r->opts->quiet && j->err.status == 0 &&
	    !source_follows(r->source))
		tell_progress(r, j);

	if (j->err.status != 0) {
		if (source_tell(r->source, j))
			complain(r, j, &j->err);
		return true;
	}
	source_count(r->source, j);
	if (inputs_have(&r->bad, j->input))
		return true;
	if (r->sink != NULL)
		sink_limit(r->sink, j);
	if (j->facts.err.status != 0) {
		complain(r, j, &j->facts.err);
		return true;
	}
	if (j->foreign != FOREIGN_NONE)
		tell_foreign(r, j);
	if (j->work_err.status != 0) {
		*r->err = j->work_err;
		r->failed = true;
		return false;
	}
	if (r->sink == NULL) {
		count(r, j);
		if (j->late.status != 0)
			complain(r, j, &j->late);
		return true;
	}
	if (!r->inherited)
		sink_inherit(r->sink, r->history);
	r->inherited = true;
	status = sink_write(r->sink, j, r->err);
	count(r, j);
	if (status == 0 && j->late.status != 0)
		complain(r, j, &j->late);
	r->failed = status < 0;
	r->result->stopped = status > 0;
	return status == 0;
}

static bool
consume(void *ctx, void *item)
{
	struct run *r = ctx;
	bool more = finish(r, item);

	job_drop(item);
	give_back(r, item);
	return more;
}

/*
 * Records that wait for company do not wait for ever; with none there is nothing to do.  Where they cannot be written
 * the input ends, however long it would have to be waited for.
 */
static bool
idle(void *ctx)
{
	struct run *r = ctx;

	if (r->sink != NULL && sink_flush(r->sink, false, r->err) != 0) {
		r->failed = true;
		source_stop(r->source);
	}
	return r->sink != NULL && !r->failed && sink_holds(r->sink);
}

static void
cancel(void *ctx)
{
	struct run *r = ctx;

	source_stop(r->source);
}

static int
prepare_union(struct run *r)
{
	struct field_list list = { 0 };

	if (r->sink == NULL || !sink_wants_union(r->sink))
		return 0;
	if (source_union(r->source, &list, r->err) != 0)
		return -1;
	sink_fields(r->sink, &list);
	return 0;
}

/* What work takes, for so many threads and jobs. */
static void
make_room(struct run *r, struct ordered *o)
{
	mem_keep(KEEP);
	o->items = mem_zero(o->n_items, sizeof(struct job));
	r->workers = mem_zero(o->threads, sizeof(*r->workers));
	r->spare = mem_zero(o->n_items, sizeof(*r->spare));
	r->lock = ordered_lock_new();
}

static void
free_room(struct run *r, struct ordered *o)
{
	struct job *jobs = o->items;

	for (unsigned i = 0; i < o->n_items; i++)
		job_free(&jobs[i]);
	for (unsigned i = 0; i < o->threads; i++)
		sink_worker_free(&r->workers[i]);
	for (size_t i = 0; i < r->n_spare; i++)
		job_room_free(&r->spare[i]);
	ordered_lock_free(r->lock);
	mem_free(r->spare);
	mem_free(r->workers);
	mem_free(r->history);
	mem_free(r->bad.number);
	mem_free(r->foreign.number);
	mem_free(jobs);
}

static void
tell_recovered(const struct run *r)
{
	struct stream_totals lost;
	struct err told = { 0 };
	bool untold;

	if (!r->opts->recover)
		return;
	source_recovered(r->source, &lost);
	/* Input that is read as far as it goes has no end at which that would have been told. */
	untold = lost.incomplete && !r->result->stopped && !r->result->incomplete &&
		 !r->result->recovered;
	r->result->recovered |= untold;
	if ((lost.skipped_places == 0 && !untold) || r->opts->warn == NULL)
		return;
	err_set(&told,
	    "recovered: %llu damaged place%s, %llu octets skipped, at least %llu records lost",
	    (unsigned long long)lost.skipped_places, plural(lost.skipped_places),
	    (unsigned long long)lost.skipped_octets, (unsigned long long)lost.lost_records);
	r->opts->warn(NULL, &told);
}

static void
note_passed(const struct run *r)
{
	r->result->files = source_index(r->source)->files;
	r->result->passed_files = source_index(r->source)->passed_files;
	r->result->passed_blocks = source_index(r->source)->passed_blocks;
}

static void
tell_useless(const struct run *r)
{
	uint64_t same = source_index(r->source)->same;
	struct err told = { 0 };

	if (same == 0 || r->opts->warn == NULL)
		return;
	err_set(
	    &told, "%llu more file%s with such an index", (unsigned long long)same, plural(same));
	r->opts->warn(NULL, &told);
}

int
io_run(struct io_source *source, struct io_sink *sink, const struct io_opts *opts, io_work fn,
    void *ctx, struct io_result *result, struct err *err)
{
	struct run r = { .live = source_is_live(source),
		.source = source,
		.sink = sink,
		.opts = opts,
		.work = fn,
		.ctx = ctx,
		.result = result,
		.err = err };
	unsigned threads = opts->threads ? opts->threads : ordered_processors();
	struct ordered o = { .threads = threads,
		.live = r.live,
		.idle_ms = r.live ? 100 : 0,
		.n_items = threads > 1 || r.live ? threads + 4 : 1,
		.item_size = sizeof(struct job),
		.ctx = &r,
		.produce = produce,
		.work = work,
		.consume = consume,
		.idle = idle };

	r.ordered = &o;
	if (prepare_union(&r) != 0)
		return -1;
	make_room(&r, &o);
	r.began_ns = time_monotonic_ns();
	r.octets_all = opts->progress != NULL ? source_octets(source) : 0;
	source_catch(source, sink != NULL ? sink_pipe(sink) : -1);
	if (opts->limit > 0)
		ordered_run(&o, cancel);
	source_release(source);
	free_room(&r, &o);
	if (opts->progress != NULL)
		opts->progress(NULL);
	note_passed(&r);
	tell_useless(&r);
	tell_recovered(&r);
	return r.failed ? -1 : 0;
}

int
io_status(const struct io_result *r)
{
	return r->incomplete || r->recovered ? EXIT_FAILED : EXIT_DONE;
}

void
io_put_passed(struct buf *out, const struct io_result *r)
{
	if (r->passed_blocks > 0)
		buf_printf(out, "; index: %llu of %llu file%s, %llu block%s not read",
		    (unsigned long long)r->passed_files, (unsigned long long)r->files,
		    plural(r->files), (unsigned long long)r->passed_blocks,
		    plural(r->passed_blocks));
}

int
io_digest(const struct io_opts *opts, char *const *paths, int n, char *const *argv,
    const struct io_digest *d, struct io_result *result, struct err *err)
{
	struct io_source *source = io_source_open(paths, n, opts, err);
	struct io_sink *sink = source == NULL ? NULL : io_sink_open(opts, argv, err);
	struct err closing = { 0 };
	int r = -1;

	*result = (struct io_result){ 0 };
	if (sink != NULL) {
		if (d->end != NULL)
			sink_defer(sink, d->take, d->parts, d->ctx);
		r = io_run(source, sink, opts, d->work, d->ctx, result, err);
	}
	if (r == 0 && d->end != NULL)
		r = d->end(d->ctx, sink, result, err);
	if (io_sink_close(sink, r == 0 && !result->incomplete, &closing) != 0 && r == 0) {
		*err = closing;
		r = -1;
	}
	io_source_close(source);
	result->whole = r == 0 && !result->incomplete;
	if (r == 0)
		return io_status(result);
	return err->status ? err->status : EXIT_FAILED;
}

int
io_filter(const struct io_opts *opts, char *const *paths, int n, char *const *argv, io_work fn,
    void *ctx, struct io_result *result, struct err *err)
{
	const struct io_digest filter = { .work = fn, .ctx = ctx };

	return io_digest(opts, paths, n, argv, &filter, result, err);
}
