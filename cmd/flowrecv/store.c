/*
 * store.c - from decoded records to the output, on a thread of its own.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/time.h"
#include "known.h"
#include "store.h"

/*
 * Batches under way besides the open ones.  One of 64 Ki ordinary records takes 6 MiB, and 64 MiB at most:
 * four hold a second of 250,000 records.
 */
enum { UNDER_WAY = 4, QUEUE = 2 * UNDER_WAY + 4, COLUMNS_KEPT = 128 };

#define FLUSH_PIPE_NS (NS_PER_S / 5)
#define FLUSH_FILE_NS NS_PER_S

/* An empty batch keeps the columns, and their widths, that records of its kind had. */
struct spare {
	struct batch *batch;
	enum wire_kind kind;
};

enum job_kind { JOB_BATCH, JOB_ROTATE, JOB_END };

struct job {
	enum job_kind kind;
	struct spare spare; /* JOB_BATCH: a full one */
	bool last; /* of its output */
	bool complete; /* JOB_END */
	int64_t time_ns; /* JOB_ROTATE: the new output's */
};

struct store {
	struct store_opts opts;
	int64_t flush_ns;

	/* The receiver's. */
	struct wire_out out;
	int64_t
	    since_ns[WIRE_KINDS]; /* monotonic: when the open batch had its first record; 0 empty */
	int64_t period_end_ns; /* INT64_MAX: never */
	bool begun; /* the first output was begun */

	/* The writer's. */
	struct output *output;
	struct known *known;
	struct err err;
	int write_errno;
	struct store_stats stats;

	/* Between the two. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job queue[QUEUE];
	unsigned head, queued;
	struct spare empty[UNDER_WAY];
	unsigned n_empty;
	atomic_bool failed;
	int failure_fd;
};

/* The writer ----------------------------------------------------------------------------------- */

static void
fail(struct store *s)
{
	uint64_t one = 1;

	s->write_errno = errno;
	atomic_store(&s->failed, true);
	(void)!write(s->failure_fd, &one, sizeof one);
}

/* Begin an output with the options known now. */
static int
begin(struct store *s, int64_t time_ns)
{
	struct batch *known;

	if (output_begin(s->output, time_ns, &s->err) != 0)
		return -1;
	s->stats.files++;
	known = known_batch(s->known);
	return known == NULL ? 0 : output_batch(s->output, known, true, &s->err);
}

static int
write_batch(struct store *s, const struct job *job)
{
	struct batch *b = job->spare.batch;

	batch_close(b);
	if (output_batch(s->output, b, job->last, &s->err) != 0)
		return -1;
	s->stats.batches++;
	if (b->options) {
		s->stats.options += b->n;
		known_add(s->known, b);
	} else {
		s->stats.records += b->n;
	}
	return 0;
}

static int
do_job(struct store *s, const struct job *job)
{
	switch (job->kind) {
	case JOB_BATCH: return write_batch(s, job);
	case JOB_ROTATE:
		if (output_end(s->output, true, &s->err) != 0)
			return -1;
		return begin(s, job->time_ns);
	default: return output_end(s->output, job->complete, &s->err);
	}
}

/* Columns are kept for the next records, unless somebody sent very many. */
static void
give_back(struct store *s, const struct spare *spare)
{
	if (spare->batch->n_cols > COLUMNS_KEPT)
		batch_reset(spare->batch);
	else
		batch_clear(spare->batch);
	pthread_mutex_lock(&s->lock);
	s->empty[s->n_empty++] = *spare;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static void *
writer(void *arg)
{
	struct store *s = arg;
	struct job job;

	do {
		pthread_mutex_lock(&s->lock);
		while (s->queued == 0)
			pthread_cond_wait(&s->changed, &s->lock);
		job = s->queue[s->head];
		s->head = (s->head + 1) % QUEUE;
		s->queued--;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->lock);

		errno = 0;
		if (atomic_load(&s->failed))
			s->stats.discarded += job.kind == JOB_BATCH ? job.spare.batch->n : 0;
		else if (do_job(s, &job) != 0)
			fail(s);
		if (job.kind == JOB_BATCH)
			give_back(s, &job.spare);
	} while (job.kind != JOB_END);
	return NULL;
}

/* The receiver --------------------------------------------------------------------------------- */

static void
enqueue(struct store *s, const struct job *job)
{
	pthread_mutex_lock(&s->lock);
	while (s->queued == QUEUE)
		pthread_cond_wait(&s->changed, &s->lock);
	s->queue[(s->head + s->queued) % QUEUE] = *job;
	s->queued++;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static struct batch *
take_empty(struct store *s, enum wire_kind kind)
{
	struct spare spare;
	int64_t since = 0;
	unsigned i;

	pthread_mutex_lock(&s->lock);
	if (s->n_empty == 0) {
		since = time_monotonic_ns();
		s->stats.waits++;
	}
	while (s->n_empty == 0)
		pthread_cond_wait(&s->changed, &s->lock);
	if (since != 0)
		s->stats.waited_ns += time_monotonic_ns() - since;
	/* The one that came back last is still in the processor's caches. */
	for (i = s->n_empty - 1; i > 0 && s->empty[i].kind != kind; i--)
		continue;
	spare = s->empty[i];
	s->n_empty--;
	memmove(&s->empty[i], &s->empty[i + 1], (s->n_empty - i) * sizeof spare);
	pthread_mutex_unlock(&s->lock);
	if (spare.kind != kind)
		batch_reset(spare.batch);
	return spare.batch;
}

/*
 * The open batch goes to the writer.  Contents are exchanged, not pointers, so that a decoder in
 * the middle of a message may go on with the batch that it holds.
 */
static void
hand_over(struct store *s, enum wire_kind kind, bool last)
{
	struct batch *open = s->out.batch[kind], *other, swap;

	if (open->n == 0)
		return;
	other = take_empty(s, kind);
	swap = *other;
	*other = *open;
	*open = swap;
	open->options = kind == WIRE_OPTIONS;
	s->since_ns[kind] = 0;
	enqueue(s, &(struct job){ .kind = JOB_BATCH, .spare = { other, kind }, .last = last });
}

static void
full(void *ctx, enum wire_kind kind)
{
	struct store *s = ctx;

	hand_over(s, kind, false);
	/* Nothing to hand over, but it may hold columns that the record cannot join. */
	batch_reset(s->out.batch[kind]);
}

static void
hand_over_all(struct store *s)
{
	for (int kind = WIRE_KINDS; kind-- > 0;) /* options first */
		hand_over(s, (enum wire_kind)kind, true);
}

static int64_t
period_start(const struct store *s, int64_t now_ns)
{
	int64_t rest = now_ns % s->opts.rotate_ns;

	return now_ns - (rest < 0 ? rest + s->opts.rotate_ns : rest);
}

/* The time that names an output begun now. */
static int64_t
begin_period(struct store *s, int64_t now_ns)
{
	if (s->opts.rotate_ns == 0) {
		s->period_end_ns = INT64_MAX;
		return now_ns;
	}
	now_ns = period_start(s, now_ns);
	s->period_end_ns = now_ns + s->opts.rotate_ns;
	return now_ns;
}

void
store_clock(struct store *s, int64_t now_ns)
{
	if (s->begun && now_ns < s->period_end_ns)
		return;
	if (s->begun)
		hand_over_all(s);
	s->begun = true;
	enqueue(s, &(struct job){ .kind = JOB_ROTATE, .time_ns = begin_period(s, now_ns) });
}

void
store_flush(struct store *s)
{
	int64_t now = s->opts.timely ? time_monotonic_ns() : 0;

	for (int k = 0; k < WIRE_KINDS; k++) {
		struct batch *b = s->out.batch[k];

		if (b->n == 0)
			continue;
		if (s->since_ns[k] == 0)
			s->since_ns[k] = now;
		if (b->n >= BATCH_RECORDS || batch_octets(b) >= BATCH_OCTETS ||
		    (s->opts.timely && now - s->since_ns[k] >= s->flush_ns))
			hand_over(s, (enum wire_kind)k, false);
	}
}

int64_t
store_due(const struct store *s, int64_t now_ns)
{
	int64_t due = -1;

	if (s->begun && s->period_end_ns != INT64_MAX)
		due = s->period_end_ns > now_ns ? s->period_end_ns - now_ns : 0;
	for (int k = 0; k < WIRE_KINDS; k++) {
		int64_t left;

		if (s->out.batch[k]->n == 0 || s->since_ns[k] == 0)
			continue;
		left = s->since_ns[k] + s->flush_ns - time_monotonic_ns();
		if (left < 0)
			left = 0;
		if (due < 0 || left < due)
			due = left;
	}
	return due;
}

const struct wire_out *
store_out(struct store *s)
{
	return &s->out;
}

int
store_failure_fd(const struct store *s)
{
	return s->failure_fd;
}

bool
store_failed(struct store *s)
{
	return atomic_load(&s->failed);
}

static void
free_store(struct store *s)
{
	for (int k = 0; k < WIRE_KINDS; k++)
		batch_free(s->out.batch[k]);
	for (unsigned i = 0; i < s->n_empty; i++)
		batch_free(s->empty[i].batch);
	output_free(s->output);
	known_free(s->known);
	if (s->failure_fd >= 0)
		close(s->failure_fd);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	mem_free(s);
}

struct store *
store_open(const struct store_opts *opts, int64_t now_ns, struct err *err)
{
	struct store *s = mem_zero(1, sizeof *s);
	int rc = 0;

	s->opts = *opts;
	s->output = output_new(&opts->output);
	s->known = known_new();
	for (int k = 0; k < WIRE_KINDS; k++) {
		s->out.batch[k] = batch_new();
		s->out.batch[k]->options = k == WIRE_OPTIONS;
	}
	s->out.full = full;
	s->out.ctx = s;
	while (s->n_empty < UNDER_WAY)
		s->empty[s->n_empty++] = (struct spare){ batch_new(), WIRE_FLOWS4 };
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Files of a directory are named by the first record's time; everything else begins at once. */
	if (opts->live || !opts->output.dir) {
		s->begun = true;
		rc = begin(s, begin_period(s, now_ns));
	}
	s->flush_ns = opts->flush_ns > 0				       ? opts->flush_ns
		      : opts->output.path == NULL || output_is_pipe(s->output) ? FLUSH_PIPE_NS
									       : FLUSH_FILE_NS;
	if (rc != 0 || (errno = pthread_create(&s->thread, NULL, writer, s)) != 0) {
		if (rc == 0)
			err_set(err, "cannot start a thread");
		else
			*err = s->err;
		free_store(s);
		return NULL;
	}
	return s;
}

int
store_close(
    struct store *s, bool complete, struct store_stats *stats, bool *broken_pipe, struct err *err)
{
	bool failed;

	if (!s->begun)
		store_clock(s, time_now_ns());
	hand_over_all(s);
	enqueue(s, &(struct job){ .kind = JOB_END, .complete = complete });
	pthread_join(s->thread, NULL);
	failed = atomic_load(&s->failed);
	if (failed)
		*err = s->err;
	*broken_pipe = failed && s->write_errno == EPIPE;
	*stats = s->stats;
	free_store(s);
	return failed ? -1 : 0;
}
