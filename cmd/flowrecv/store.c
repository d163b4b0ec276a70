/*
 * store.c - encoded blocks of all workers to outputs.
 */
#include "store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "finish.h"
#include "known.h"

/* Outputs open at a time: more partitions share one, so that made-up exporters make no files without end. */
enum { OUTPUTS_MAX = 1024, SPARE_BUFFERS = 8, SPARE_OCTETS = 4 << 20 };

/* Outputs whose index is made as they grow, which is cheaper but takes memory; those of more partitions are read again. */
enum { INDEXED_MAX = 8 };
static const char others[] = "other";

enum job_kind { JOB_BLOCKS, JOB_OPTIONS, JOB_PASS, JOB_END };

struct job {
	struct job *next;
	enum job_kind kind;
	unsigned worker;
	int64_t period;
	char partition[PARTITION_LEN];
	struct encoded blocks;
	uint64_t records;
	bool small;
	struct batch *options;
	size_t octets; /* of memory */
};

/* The output of a period and partition. */
struct place {
	int64_t period;
	char partition[PARTITION_LEN];
	struct output *output;
};

struct store {
	struct store_opts opts;

	/* The writer's. */
	struct encoder *encoder;
	struct place *place;
	unsigned n_places, cap_places;
	int64_t *passed; /* by worker: it has put all before this period */
	int64_t newest; /* period begun */
	bool begun;
	int64_t epoch; /* the only period when outputs do not rotate; INT64_MIN: not known yet */
	struct buf options; /* a block being encoded */
	struct partitions partitions; /* of options records */
	struct finisher *finisher;
	struct err err;
	bool retrying;

	/* Shared. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, *last;
	size_t queued; /* octets */
	bool closing;
	struct encoded spare[SPARE_BUFFERS];
	unsigned n_spare;
	struct store_stats stats;
	struct known *known;
	bool known_changed;
	int write_errno;
	atomic_bool failed;
	int failure_fd;
};

/* Outputs ---------------------------------------------------------------------------------------- */

static struct output *
open_output(struct store *s, int64_t period, const char *partition, struct err *err)
{
	if (s->opts.to_dir)
		return naming_create(&s->opts.naming, partition, period, s->opts.history, err);
	return output_open(s->opts.path, s->opts.history, err);
}

/* A new output begins with the options known now. */
static int
put_known(struct store *s, struct output *o, const char *partition, struct err *err)
{
	struct batch *known;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	known = known_batch(s->known, partition);
	s->options.len = 0;
	if (known != NULL)
		rc = block_encode(s->encoder, known, &s->options, err);
	pthread_mutex_unlock(&s->lock);
	return rc == 0 && known != NULL ? output_put(o, &s->options, NULL, false, err) : rc;
}

static struct place *
find_place(struct store *s, int64_t period, const char *partition)
{
	for (unsigned i = 0; i < s->n_places; i++)
		if (s->place[i].period == period && strcmp(s->place[i].partition, partition) == 0)
			return &s->place[i];
	return NULL;
}

/* The output of a period and partition, begun if it is not yet.  NULL: err, errno kept. */
static struct output *
output_at(struct store *s, int64_t period, const char *partition, struct err *err)
{
	struct place *p = find_place(s, period, partition);
	struct output *o;

	if (p == NULL && s->n_places >= OUTPUTS_MAX) {
		partition = others;
		p = find_place(s, period, partition);
	}
	if (p != NULL)
		return p->output;
	o = open_output(s, period, partition, err);
	if (o == NULL)
		return NULL;
	if (s->n_places < INDEXED_MAX)
		output_index(o);
	if (put_known(s, o, partition, err) != 0) {
		int e = errno;

		output_discard(o);
		errno = e;
		return NULL;
	}
	if (s->n_places == s->cap_places) {
		s->cap_places = s->cap_places ? 2 * s->cap_places : 4;
		s->place = mem_resize(s->place, s->cap_places, sizeof *s->place);
	}
	p = &s->place[s->n_places++];
	*p = (struct place){ .period = period, .output = o };
	(void)snprintf(p->partition, sizeof p->partition, "%s", partition);
	s->stats.files++;
	return o;
}

/* Outputs of periods that are over for every worker. */
static void
finish_before(struct store *s, int64_t period, bool complete)
{
	for (unsigned i = s->n_places; i-- > 0;)
		if (s->place[i].period < period) {
			finisher_take(s->finisher, s->place[i].output, complete);
			s->place[i] = s->place[--s->n_places];
		}
}

/* The writer ----------------------------------------------------------------------------------- */

static void
fail(struct store *s, const struct err *err, int e)
{
	uint64_t one = 1;

	if (atomic_load(&s->failed))
		return;
	s->err = *err;
	s->write_errno = e;
	atomic_store(&s->failed, true);
	(void)!write(s->failure_fd, &one, sizeof one);
}

/* May it be well again? */
static bool
is_passing(int e)
{
	return e == ENOSPC || e == EDQUOT || e == EIO || e == EMFILE || e == ENFILE ||
	       e == ENOENT || e == EACCES || e == EROFS || e == ENOMEM;
}

static bool
is_pipe(const struct store *s)
{
	return !s->opts.to_dir && s->n_places > 0 && output_is_pipe(s->place[0].output);
}

/* Wait a second, or until the store is closed; false: there is no use in trying again. */
static bool
wait_to_retry(struct store *s, struct err *err, int e)
{
	struct timespec until;
	bool closing;

	if (!s->opts.retry || !is_passing(e) || is_pipe(s)) {
		fail(s, err, e);
		return false;
	}
	if (!s->retrying)
		s->opts.said(s->opts.ctx, NULL, "trying again every second", err);
	s->retrying = true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&s->lock);
	s->stats.retries++;
	while (!s->closing && pthread_cond_timedwait(&s->changed, &s->lock, &until) != ETIMEDOUT)
		continue;
	closing = s->closing;
	pthread_mutex_unlock(&s->lock);
	if (closing)
		fail(s, err, e);
	else
		*err = (struct err){ .status = 0 };
	return !closing;
}

static int
put_options(struct store *s, struct output *o, struct batch *b, struct err *err)
{
	s->options.len = 0;
	if (block_encode(s->encoder, b, &s->options, err) != 0)
		return -1;
	return output_put(o, &s->options, NULL, false, err);
}

/* Each exporter's to its partitions; to those that begin later they are known (put_known). */
static int
distribute_options(struct store *s, const struct job *job, struct err *err)
{
	int rc = 0;

	partitions_make(&s->partitions, PARTITION_EXPORTER, job->options);
	for (unsigned i = 0; i < s->partitions.n && rc == 0; i++) {
		const struct partition *p = &s->partitions.of[i];
		struct batch *part = batch_new();

		part->options = true;
		(void)batch_append(part, job->options, p->idx, p->n);
		batch_close(part);
		for (unsigned k = 0; k < s->n_places && rc == 0; k++)
			if (s->place[k].period == job->period &&
			    partition_has_exporter(s->place[k].partition, p->name))
				rc = put_options(s, s->place[k].output, part, err);
		batch_free(part);
	}
	return rc;
}

static int
write_options(struct store *s, const struct job *job, struct err *err)
{
	struct output *o;

	if (s->opts.partition != PARTITION_NONE)
		return distribute_options(s, job, err);
	o = output_at(s, job->period, "", err);
	return o == NULL ? -1 : put_options(s, o, job->options, err);
}

static int
write_blocks(struct store *s, struct job *job, struct err *err)
{
	struct output *o = output_at(s, job->period, job->partition, err);

	return o == NULL ? -1
			 : output_put(o, &job->blocks.octets, &job->blocks.notes, job->small, err);
}

static int
pass(struct store *s, const struct job *job, struct err *err)
{
	int64_t least = INT64_MAX;

	s->passed[job->worker] = job->period;
	for (unsigned i = 0; i < s->opts.workers; i++)
		least = s->passed[i] < least ? s->passed[i] : least;
	if ((!s->begun || job->period > s->newest) && s->opts.partition == PARTITION_NONE &&
	    output_at(s, job->period, "", err) == NULL)
		return -1;
	s->begun = true;
	s->newest = job->period > s->newest ? job->period : s->newest;
	finish_before(s, least, true);
	return 0;
}

static int
try_job(struct store *s, struct job *job, struct err *err)
{
	errno = 0;
	switch (job->kind) {
	case JOB_BLOCKS: return write_blocks(s, job, err);
	case JOB_OPTIONS: return write_options(s, job, err);
	case JOB_PASS: return pass(s, job, err);
	default: return 0;
	}
}

static void
count(struct store *s, const struct job *job, bool written)
{
	pthread_mutex_lock(&s->lock);
	if (!written) {
		s->stats.lost += job->records;
	} else if (job->kind == JOB_BLOCKS) {
		s->stats.records += job->records;
		s->stats.octets += job->blocks.octets.len;
		s->stats.blocks++;
	} else if (job->kind == JOB_OPTIONS) {
		s->stats.options += job->options->n;
		s->stats.blocks++;
	}
	pthread_mutex_unlock(&s->lock);
}

static void
do_job(struct store *s, struct job *job)
{
	struct err err = { .status = 0 };
	bool written = false;

	if (job->kind == JOB_OPTIONS) {
		pthread_mutex_lock(&s->lock);
		known_add(s->known, job->options);
		s->known_changed = true;
		pthread_mutex_unlock(&s->lock);
	}
	while (!atomic_load(&s->failed) && !written) {
		written = try_job(s, job, &err) == 0;
		if (!written && !wait_to_retry(s, &err, errno))
			break;
	}
	if (written && s->retrying) {
		s->retrying = false;
		s->opts.said(s->opts.ctx, NULL, "writing again", NULL);
	}
	count(s, job, written);
}

static void
free_job(struct store *s, struct job *job)
{
	pthread_mutex_lock(&s->lock);
	s->queued -= job->octets;
	if (s->n_spare < SPARE_BUFFERS && job->blocks.octets.cap > 0 &&
	    job->blocks.octets.cap <= SPARE_OCTETS && job->blocks.notes.cap <= SPARE_OCTETS) {
		job->blocks.octets.len = job->blocks.notes.len = 0;
		s->spare[s->n_spare++] = job->blocks;
		job->blocks = (struct encoded){ .octets = { .len = 0 } };
	}
	pthread_mutex_unlock(&s->lock);
	encoded_free(&job->blocks);
	batch_free(job->options);
	mem_free(job);
}

static struct job *
next_job(struct store *s)
{
	struct job *job;

	pthread_mutex_lock(&s->lock);
	while (s->first == NULL)
		pthread_cond_wait(&s->changed, &s->lock);
	job = s->first;
	s->first = job->next;
	pthread_mutex_unlock(&s->lock);
	return job;
}

static void *
writer(void *arg)
{
	struct store *s = arg;
	enum job_kind kind;

	do {
		struct job *job = next_job(s);

		kind = job->kind;
		do_job(s, job);
		free_job(s, job);
	} while (kind != JOB_END);
	return NULL;
}

void
encoded_free(struct encoded *e)
{
	buf_free(&e->octets);
	buf_free(&e->notes);
}

/* The workers' side ------------------------------------------------------------------------------ */

static void
enqueue(struct store *s, const struct job *job)
{
	struct job *own = mem_alloc(sizeof *own);

	*own = *job;
	own->next = NULL;
	own->octets = job->options != NULL ? batch_octets(job->options)
					   : job->blocks.octets.len + job->blocks.notes.len;
	pthread_mutex_lock(&s->lock);
	*(s->first != NULL ? &s->last->next : &s->first) = own;
	s->last = own;
	s->queued += own->octets;
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void
store_put(struct store *s, int64_t period, const char *partition, struct encoded *blocks,
    uint64_t n, bool small)
{
	struct job job = { .kind = JOB_BLOCKS,
		.period = period,
		.blocks = *blocks,
		.records = n,
		.small = small };

	(void)snprintf(job.partition, sizeof job.partition, "%s", partition);
	enqueue(s, &job);
	*blocks = (struct encoded){ .octets = { .len = 0 } };
	pthread_mutex_lock(&s->lock);
	if (s->n_spare > 0)
		*blocks = s->spare[--s->n_spare];
	pthread_mutex_unlock(&s->lock);
}

void
store_put_options(struct store *s, int64_t period, struct batch **b)
{
	enqueue(s, &(struct job){ .kind = JOB_OPTIONS, .period = period, .options = *b });
	*b = batch_new();
	(*b)->options = true;
}

void
store_pass(struct store *s, unsigned worker, int64_t period)
{
	enqueue(s, &(struct job){ .kind = JOB_PASS, .worker = worker, .period = period });
}

bool
store_room(struct store *s)
{
	bool room;

	pthread_mutex_lock(&s->lock);
	room = s->queued < s->opts.queue_octets;
	pthread_mutex_unlock(&s->lock);
	return room;
}

int64_t
store_period(struct store *s, int64_t time_ns, int64_t *next_ns)
{
	int64_t rest;

	if (s->opts.rotate_ns == 0) {
		*next_ns = INT64_MAX;
		if (s->epoch == INT64_MIN)
			s->epoch = time_ns;
		return s->epoch;
	}
	rest = time_ns % s->opts.rotate_ns;
	time_ns -= rest < 0 ? rest + s->opts.rotate_ns : rest;
	*next_ns = time_ns + s->opts.rotate_ns;
	return time_ns;
}

bool
store_is_pipe(const struct store *s)
{
	return is_pipe(s);
}

/* Partitions may be more than those whose index is made as they grow. */
bool
store_indexes(const struct store *s)
{
	return !is_pipe(s) && s->opts.partition == PARTITION_NONE;
}

void
store_restore(struct store *s, struct batch *b)
{
	pthread_mutex_lock(&s->lock);
	known_add(s->known, b);
	pthread_mutex_unlock(&s->lock);
}

void
store_known(struct store *s, struct batch *to)
{
	struct batch *known;

	pthread_mutex_lock(&s->lock);
	s->known_changed = false;
	known = known_batch(s->known, "");
	if (known != NULL)
		(void)batch_append(to, known, NULL, known->n);
	pthread_mutex_unlock(&s->lock);
}

bool
store_known_changed(struct store *s)
{
	bool changed;

	pthread_mutex_lock(&s->lock);
	changed = s->known_changed;
	pthread_mutex_unlock(&s->lock);
	return changed;
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

void
store_stats(struct store *s, struct store_stats *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->stats;
	out->queued = s->queued;
	pthread_mutex_unlock(&s->lock);
}

/* Opening and closing ---------------------------------------------------------------------------- */

static void
say_repaired(void *ctx, const char *path, const struct err *err)
{
	const struct store *s = ctx;

	s->opts.said(s->opts.ctx, path,
	    err != NULL ? "cannot be repaired" : "left by a collector that died: repaired", err);
}

static void
repair(struct store *s)
{
	struct err err = { .status = 0 };
	char *part, *path = NULL;

	if (s->opts.to_dir) {
		naming_repair(&s->opts.naming, s->encoder, s->opts.history, say_repaired, s);
		return;
	}
	if (s->opts.path == NULL)
		return;
	part = output_part(s->opts.path);
	switch (output_repair(part, true, s->encoder, s->opts.history, &path, &err)) {
	case 1: say_repaired(s, path, NULL); break;
	case -1: say_repaired(s, part, &err); break;
	default: break;
	}
	mem_free(path);
	mem_free(part);
}

static void
free_store(struct store *s)
{
	for (unsigned i = 0; i < s->n_places; i++)
		output_free(s->place[i].output);
	for (unsigned i = 0; i < s->n_spare; i++)
		encoded_free(&s->spare[i]);
	mem_free(s->place);
	mem_free(s->passed);
	encoder_free(s->encoder);
	known_free(s->known);
	buf_free(&s->options);
	partitions_free(&s->partitions);
	if (s->failure_fd >= 0)
		close(s->failure_fd);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	mem_free(s);
}

/* Files of a directory are named by the first record's time; everything else begins at once. */
static int
begin(struct store *s, int64_t now_ns, struct err *err)
{
	int64_t next;

	s->newest = s->epoch = INT64_MIN;
	for (unsigned i = 0; i < s->opts.workers; i++)
		s->passed[i] = INT64_MIN;
	if (!s->opts.live && s->opts.to_dir)
		return 0;
	s->newest = store_period(s, now_ns, &next);
	s->begun = true;
	return s->opts.partition != PARTITION_NONE || output_at(s, s->newest, "", err) != NULL ? 0
											       : -1;
}

static void
init_locks(struct store *s)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, &attr);
	pthread_condattr_destroy(&attr);
}

struct store *
store_open(const struct store_opts *opts, int64_t now_ns, struct err *err)
{
	struct store *s = mem_zero(1, sizeof *s);
	enum block_profile profile = opts->fast ? PROFILE_FAST : PROFILE_FILE;

	s->opts = *opts;
	s->encoder = encoder_new(profile, opts->level);
	s->known = known_new();
	s->passed = mem_zero(opts->workers, sizeof *s->passed);
	s->failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	init_locks(s);
	repair(s);
	if (begin(s, now_ns, err) != 0) {
		free_store(s);
		return NULL;
	}
	s->finisher = finisher_new(&(struct finisher_opts){ .profile = profile,
	    .level = opts->level,
	    .retry = opts->retry,
	    .said = opts->said,
	    .finished = opts->finished,
	    .ctx = opts->ctx });
	errno = pthread_create(&s->thread, NULL, writer, s);
	if (s->finisher != NULL && errno == 0)
		return s;
	err_set(err, "cannot start a thread: %s", strerror(errno));
	free_store(s);
	return NULL;
}

int
store_close(
    struct store *s, bool complete, struct store_stats *stats, bool *broken_pipe, struct err *err)
{
	bool failed;

	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	enqueue(s, &(struct job){ .kind = JOB_END });
	pthread_join(s->thread, NULL);
	failed = atomic_load(&s->failed);
	if (failed)
		*err = s->err;
	if (!failed || s->write_errno != EPIPE)
		finish_before(s, INT64_MAX, complete && !failed);
	if (finisher_close(s->finisher, err) != 0 && !failed) {
		failed = true;
		s->write_errno = errno;
	}
	*broken_pipe = failed && s->write_errno == EPIPE;
	*stats = s->stats;
	free_store(s);
	return failed ? -1 : 0;
}
