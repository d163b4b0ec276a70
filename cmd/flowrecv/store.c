/*
 * store.c - encoded blocks of all workers to outputs: the workers' side, opening and closing.
 */
#include "store_write.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tz.h"
#include "known.h"

void
encoded_free(struct encoded *e)
{
	buf_free(&e->octets);
	buf_free(&e->notes);
}

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
	struct tz_bins periods;

	if (s->opts.rotate_ns == 0) {
		*next_ns = INT64_MAX;
		if (s->epoch == INT64_MIN)
			s->epoch = time_ns;
		return s->epoch;
	}
	periods = tz_bins(NULL, s->opts.rotate_ns);
	time_ns = tz_bin_floor(&periods, time_ns);
	*next_ns = tz_bin_next(&periods, time_ns);
	return time_ns;
}

bool
store_is_pipe(const struct store *s)
{
	return !s->opts.to_dir && s->n_places > 0 && output_is_pipe(s->place[0].output);
}

/* Partitions may be more than those whose index is made as they grow. */
bool
store_indexes(const struct store *s)
{
	return !store_is_pipe(s) && s->opts.partition == PARTITION_NONE;
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

/* Nobody was told that it is complete: the collector that wrote it died before. */
static void
say_repaired(void *ctx, const char *path, const struct err *err)
{
	const struct store *s = ctx;

	s->opts.said(s->opts.ctx, path,
	    err != NULL ? "cannot be repaired" : "left by a collector that died: repaired", err);
	if (err == NULL)
		s->opts.finished(s->opts.ctx, path);
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

void
store_free(struct store *s)
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
	return s->opts.partition != PARTITION_NONE || store_output_at(s, s->newest, "", err) != NULL
		   ? 0
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

static enum block_profile
profile_of(const struct store_opts *opts)
{
	return opts->fast ? PROFILE_FAST : PROFILE_FILE;
}

struct store *
store_open(const struct store_opts *opts)
{
	struct store *s = mem_zero(1, sizeof *s);

	s->opts = *opts;
	s->encoder = encoder_new(profile_of(opts), opts->level);
	s->known = known_new();
	s->passed = mem_zero(opts->workers, sizeof *s->passed);
	s->failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	init_locks(s);
	repair(s);
	return s;
}

int
store_begin(struct store *s, int64_t now_ns, struct err *err)
{
	if (begin(s, now_ns, err) != 0)
		return -1;
	s->finisher = finisher_new(&(struct finisher_opts){ .profile = profile_of(&s->opts),
				       .level = s->opts.level,
				       .retry = s->opts.retry,
				       .said = s->opts.said,
				       .finished = s->opts.finished,
				       .ctx = s->opts.ctx },
	    err);
	if (s->finisher != NULL && (errno = pthread_create(&s->thread, NULL, store_write, s)) == 0)
		return 0;
	return err_system(err, "cannot start a thread");
}

int
store_end(struct store *s, bool complete, struct store_stats *stats, struct err *err)
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
	if (!failed || s->err.error != EPIPE)
		store_finish_but(s, INT64_MAX, INT64_MAX, complete && !failed);
	if (finisher_close(s->finisher, err) != 0)
		failed = true;
	*stats = s->stats;
	return failed ? -1 : 0;
}
