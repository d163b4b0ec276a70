#include "finish.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/mem.h"

struct task {
	struct task *next;
	struct output *output;
	bool complete, last;
};

struct finisher {
	struct finisher_opts opts;
	struct encoder *encoder;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct task *first, *last;
	bool closing;
	struct err err; /* the first that could not be ended */
};

static struct task *
next_task(struct finisher *f)
{
	struct task *t;

	pthread_mutex_lock(&f->lock);
	while (f->first == NULL && !f->closing)
		pthread_cond_wait(&f->changed, &f->lock);
	t = f->first;
	if (t != NULL)
		f->first = t->next;
	pthread_mutex_unlock(&f->lock);
	return t;
}

/* A second has passed; false: the collector ends. */
static bool
wait_a_second(struct finisher *f)
{
	struct timespec until;
	bool closing;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&f->lock);
	while (!f->closing && pthread_cond_timedwait(&f->changed, &f->lock, &until) != ETIMEDOUT)
		continue;
	closing = f->closing;
	pthread_mutex_unlock(&f->lock);
	return !closing;
}

static void
end(struct finisher *f, const struct task *t)
{
	struct err err = { .status = 0 };
	bool told = false;

	while (output_end(t->output, f->encoder, t->complete, &err) != 0) {
		int e = err.error;

		if (f->opts.retry && (e == ENOSPC || e == EDQUOT || e == EIO)) {
			if (!told)
				f->opts.said(f->opts.ctx, NULL, "trying again every second", &err);
			told = true;
			if (wait_a_second(f)) {
				err = (struct err){ .status = 0 };
				continue;
			}
		}
		/* A collector that ends says so itself. */
		if (!t->last)
			f->opts.said(f->opts.ctx, NULL, "going on with other files", &err);
		if (f->err.status == 0)
			f->err = err;
		return;
	}
	if (output_is_pipe(t->output))
		return;
	if (t->complete)
		f->opts.finished(f->opts.ctx, output_path(t->output));
	else if (output_is_cut(t->output))
		f->opts.said(f->opts.ctx, output_path(t->output), "holds what was written", NULL);
}

static void *
run(void *arg)
{
	struct finisher *f = arg;
	struct task *t;

	while ((t = next_task(f)) != NULL) {
		end(f, t);
		output_free(t->output);
		mem_free(t);
	}
	return NULL;
}

static void
finisher_free(struct finisher *f)
{
	encoder_free(f->encoder);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->changed);
	mem_free(f);
}

struct finisher *
finisher_new(const struct finisher_opts *opts, struct err *err)
{
	struct finisher *f = mem_zero(1, sizeof *f);
	pthread_condattr_t attr;

	f->opts = *opts;
	f->encoder = encoder_new(opts->profile, opts->level);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, &attr);
	pthread_condattr_destroy(&attr);
	if ((errno = pthread_create(&f->thread, NULL, run, f)) == 0)
		return f;
	err_system(err, "cannot start a thread");
	finisher_free(f);
	return NULL;
}

void
finisher_take(struct finisher *f, struct output *o, bool complete, bool last)
{
	struct task *t = mem_alloc(sizeof *t);

	*t = (struct task){ .output = o, .complete = complete, .last = last };
	pthread_mutex_lock(&f->lock);
	*(f->first != NULL ? &f->last->next : &f->first) = t;
	f->last = t;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

int
finisher_close(struct finisher *f, struct err *err)
{
	int rc;

	pthread_mutex_lock(&f->lock);
	f->closing = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	rc = f->err.status != 0 ? -1 : 0;
	if (rc != 0 && err->status == 0)
		*err = f->err;
	finisher_free(f);
	return rc;
}
