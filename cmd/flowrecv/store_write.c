/*
 * store_write.c - the writer: what is put to the outputs of its period and partition, tried again where a disk is full.
 */
#include "store_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "known.h"

/* Outputs open at a time: more partitions share one, so that made-up exporters make no files without end. */
enum { OUTPUTS_MAX = 1024, SPARE_OCTETS = 4 << 20 };

/*
 * Outputs whose index is made as they grow, which is cheaper but takes memory; those of more partitions are read again.
 */
enum { INDEXED_MAX = 8 };

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

struct output *
store_output_at(struct store *s, int64_t period, const char *partition, struct err *err)
{
	struct place *p = find_place(s, period, partition);
	struct output *o;

	if (p == NULL && s->n_places >= OUTPUTS_MAX) {
		partition = PARTITION_OTHER;
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
		output_discard(o);
		return NULL;
	}
	if (s->n_places == s->cap_places) {
		s->cap_places = s->cap_places ? 2 * s->cap_places : 4;
		s->place = mem_resize(s->place, s->cap_places, sizeof *s->place);
	}
	p = &s->place[s->n_places++];
	*p = (struct place){ .period = period, .output = o, .begun = output_octets(o) };
	(void)snprintf(p->partition, sizeof p->partition, "%s", partition);
	pthread_mutex_lock(&s->lock);
	s->stats.files++;
	pthread_mutex_unlock(&s->lock);
	return o;
}

static void
finish_place(struct store *s, unsigned i, bool complete)
{
	bool closing;

	pthread_mutex_lock(&s->lock);
	closing = s->closing;
	pthread_mutex_unlock(&s->lock);
	finisher_take(s->finisher, s->place[i].output, complete, closing);
	s->place[i] = s->place[--s->n_places];
}

void
store_finish_but(struct store *s, int64_t first, int64_t last, bool complete)
{
	for (unsigned i = s->n_places; i-- > 0;)
		if (s->place[i].period < first || s->place[i].period > last)
			finish_place(s, i, complete);
}

/* The writer ----------------------------------------------------------------------------------- */

static void
fail(struct store *s, const struct err *err)
{
	uint64_t one = 1;

	if (atomic_load(&s->failed))
		return;
	s->err = *err;
	atomic_store(&s->failed, true);
	(void)!write(s->failure_fd, &one, sizeof one);
}

/*
 * A file that may not be larger (RLIMIT_FSIZE) is complete, and another one goes on in its directory.  false: that is
 * not what is wrong, or would not help, as in a file that took nothing yet.
 */
static bool
begin_another(struct store *s, const struct err *err)
{
	bool ended = false;

	for (unsigned i = s->n_places; s->opts.to_dir && err->error == EFBIG && i-- > 0;)
		if (output_is_cut(s->place[i].output) &&
		    output_octets(s->place[i].output) > s->place[i].begun) {
			finish_place(s, i, true);
			ended = true;
		}
	if (ended)
		s->opts.said(s->opts.ctx, NULL, "going on in another file", err);
	return ended;
}

/* Wait a second, or until the store is closed; false: trying again is of no use, as where not the system failed. */
static bool
wait_to_retry(struct store *s, struct err *err)
{
	struct timespec until;
	bool closing;

	if (!s->opts.retry || err->error == 0 || store_is_pipe(s)) {
		fail(s, err);
		return false;
	}
	if (s->retrying != err->error)
		s->opts.said(s->opts.ctx, NULL, "trying again every second", err);
	s->retrying = err->error;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&s->lock);
	s->stats.retries++;
	while (!s->closing && pthread_cond_timedwait(&s->changed, &s->lock, &until) != ETIMEDOUT)
		continue;
	closing = s->closing;
	pthread_mutex_unlock(&s->lock);
	if (closing)
		fail(s, err);
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

/* Does an exporter's directory have that file?  Those without one of their own share one. */
static bool
is_for(const struct place *place, const struct partition *p)
{
	return partition_has_exporter(place->partition, p->name) ||
	       strcmp(place->partition, PARTITION_OTHER) == 0;
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
			if (s->place[k].period == job->period && is_for(&s->place[k], p))
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
	o = store_output_at(s, job->period, "", err);
	return o == NULL ? -1 : put_options(s, o, job->options, err);
}

static int
write_blocks(struct store *s, struct job *job, struct err *err)
{
	struct output *o = store_output_at(s, job->period, job->partition, err);

	return o == NULL ? -1
			 : output_put(o, &job->blocks.octets, &job->blocks.notes, job->small, err);
}

static int
pass(struct store *s, const struct job *job, struct err *err)
{
	int64_t least = INT64_MAX, most = INT64_MIN;

	/* Time begins again at an earlier period. */
	if (job->period < s->passed[job->worker])
		s->newest = INT64_MIN;
	s->passed[job->worker] = job->period;
	for (unsigned i = 0; i < s->opts.workers; i++) {
		least = s->passed[i] < least ? s->passed[i] : least;
		most = s->passed[i] > most ? s->passed[i] : most;
	}
	if ((!s->begun || job->period > s->newest) && s->opts.partition == PARTITION_NONE &&
	    store_output_at(s, job->period, "", err) == NULL)
		return -1;
	s->begun = true;
	s->newest = job->period > s->newest ? job->period : s->newest;
	store_finish_but(s, least, most, true);
	return 0;
}

static int
try_job(struct store *s, struct job *job, struct err *err)
{
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
		if (!written && begin_another(s, &err))
			err = (struct err){ .status = 0 };
		else if (!written && !wait_to_retry(s, &err))
			break;
	}
	if (written && s->retrying != 0) {
		s->retrying = 0;
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

void *
store_write(void *arg)
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
