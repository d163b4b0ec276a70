/*
 * ordered.c - produce, work, consume, in order.
 *
 * Items are numbered.  Three counters move in this order: produced >= claimed >= consumed, and an item's slot is free
 * again once it is consumed.  One mutex guards them: items are blocks of thousands of records, so it is taken rarely.
 * A thread goes on with slots it had before: what it makes there is in memory that is in its cache, and there at all.
 *
 * Input that may block has a producer of its own.  For other input a thread that waits for another one is a
 * thread too many: everybody, the caller too, produces an item when nobody else does so and works on it right away,
 * and the caller consumes what is done in between.
 */
#include "base/ordered.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

struct place {
	unsigned slot;
	bool done; /* worked on */
};

enum { NOBODY = -1 };
struct keeper {
	int worker; /* who had the slot last */
	bool busy;
};

struct ordered_run {
	struct ordered *o;
	pthread_mutex_t lock;
	pthread_cond_t can_produce; /* a slot became free */
	pthread_cond_t can_work; /* an item was produced */
	pthread_cond_t can_consume; /* the next item is done, or no more come */
	uint64_t produced, claimed, consumed;
	struct place *place; /* of item i: i % n_items */
	struct keeper *keeper; /* by slot */
	pthread_t caller; /* of ordered_run */
	bool ended; /* produced is final */
	bool stop; /* nobody begins anything: consume wants no more, or the run is at its end */
	bool producing; /* the producer is inside produce() */
	cpu_set_t processors; /* those that threads may use */
};

struct worker {
	struct ordered_run *run;
	unsigned index;
	pthread_t thread;
};

static struct place *
place(const struct ordered_run *r, uint64_t i)
{
	return &r->place[i % r->o->n_items];
}

static void *
slot(const struct ordered_run *r, uint64_t i)
{
	return (char *)r->o->items + place(r, i)->slot * r->o->item_size;
}

/* A free slot for the next item: one of the worker's own, else one that nobody had yet, else any.  There is one. */
static void
choose_slot(struct ordered_run *r, int worker)
{
	unsigned best = 0;
	int rank = 0;

	for (unsigned k = 0; k < r->o->n_items && rank < 3; k++) {
		const struct keeper *o = &r->keeper[k];
		int this = o->busy ? 0 : o->worker == worker ? 3 : o->worker == NOBODY ? 2 : 1;

		if (this > rank) {
			rank = this;
			best = k;
		}
	}
	r->keeper[best] = (struct keeper){ worker, true };
	*place(r, r->produced) = (struct place){ .slot = best };
}

/* The oldest item is done with. */
static void
give_back(struct ordered_run *r)
{
	r->keeper[place(r, r->consumed)->slot].busy = false;
	r->consumed++;
}

/* Threads ---------------------------------------------------------------------------------------- */

/*
 * A new thread starts on another processor than the one that it was made on: left to itself it may wait there, behind
 * whoever made it, until the kernel looks for balance milliseconds later.  Who must not choose gets a thread anywhere.
 * Signals are for the thread that called, but for the one that says to a thread that nobody reads what it writes.
 * false: the system has no thread to give.
 */
static bool
start_thread(struct ordered_run *r, pthread_t *thread, void *(*thread_main)(void *), void *arg)
{
	cpu_set_t others = r->processors;
	sigset_t all, before;
	pthread_attr_t attr;
	bool ok;

	pthread_attr_init(&attr);
	CPU_CLR((size_t)sched_getcpu(), &others);
	if (CPU_COUNT(&others) > 0)
		pthread_attr_setaffinity_np(&attr, sizeof(others), &others);
	sigfillset(&all);
	sigdelset(&all, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	ok = pthread_create(thread, &attr, thread_main, arg) == 0 ||
	     pthread_create(thread, NULL, thread_main, arg) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ok;
}

/* Once it has started it may be anywhere. */
static void
started(const struct ordered_run *r)
{
	if (CPU_COUNT(&r->processors) > 0)
		(void)sched_setaffinity(0, sizeof(r->processors), &r->processors);
}

static void *
producer_main(void *arg)
{
	struct ordered_run *r = arg;
	struct ordered *o = r->o;
	enum ordered_next next;

	started(r);
	pthread_mutex_lock(&r->lock);
	while (!r->stop && !r->ended) {
		if (r->produced - r->consumed == o->n_items) {
			pthread_cond_wait(&r->can_produce, &r->lock);
			continue;
		}
		r->producing = true;
		choose_slot(r, NOBODY);
		pthread_mutex_unlock(&r->lock);
		next = o->produce(o->ctx, slot(r, r->produced));
		pthread_mutex_lock(&r->lock);
		r->producing = false;
		if (next == ORDERED_ITEM) {
			r->produced++;
			pthread_cond_signal(&r->can_work);
		} else {
			r->ended = true;
		}
	}
	pthread_cond_broadcast(&r->can_work);
	pthread_cond_signal(&r->can_consume);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	struct ordered_run *r = w->run;
	struct ordered *o = r->o;

	started(r);
	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		uint64_t i = r->claimed;

		if (i == r->produced) {
			if (r->ended)
				break;
			pthread_cond_wait(&r->can_work, &r->lock);
			continue;
		}
		r->claimed++;
		pthread_mutex_unlock(&r->lock);
		o->work(o->ctx, slot(r, i), w->index);
		pthread_mutex_lock(&r->lock);
		place(r, i)->done = true;
		if (i == r->consumed)
			pthread_cond_signal(&r->can_consume);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Sharing ---------------------------------------------------------------------------------------- */

/* Produce the next item, if it is this thread's turn, and work on it.  Called and returns with the lock held. */
static bool
take_turn(struct ordered_run *r, unsigned worker)
{
	struct ordered *o = r->o;
	uint64_t i = r->produced;
	enum ordered_next next;

	if (r->stop || r->ended || r->producing || i - r->consumed == o->n_items)
		return false;
	r->producing = true;
	choose_slot(r, (int)worker);
	pthread_mutex_unlock(&r->lock);
	next = o->produce(o->ctx, slot(r, i));
	pthread_mutex_lock(&r->lock);
	r->producing = false;
	if (next != ORDERED_ITEM) {
		r->ended = true;
		pthread_cond_broadcast(&r->can_work);
		pthread_cond_signal(&r->can_consume);
		return true;
	}
	r->produced++;
	r->claimed++;
	pthread_mutex_unlock(&r->lock);
	/* Only now: on a busy machine the one that is woken runs at once, here, and must not wait for the lock. */
	pthread_cond_signal(&r->can_work);
	pthread_cond_signal(&r->can_consume);
	o->work(o->ctx, slot(r, i), worker);
	pthread_mutex_lock(&r->lock);
	place(r, i)->done = true;
	if (i == r->consumed)
		pthread_cond_signal(&r->can_consume);
	return true;
}

static void *
helper_main(void *arg)
{
	struct worker *w = arg;
	struct ordered_run *r = w->run;

	started(r);
	pthread_mutex_lock(&r->lock);
	while (!r->stop && !r->ended)
		if (!take_turn(r, w->index) && !r->stop && !r->ended)
			pthread_cond_wait(&r->can_work, &r->lock);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Consume the next item if it is done.  By the caller, with the lock held. */
static bool
consume_next(struct ordered_run *r)
{
	struct ordered *o = r->o;
	bool more;

	if (r->stop || r->consumed == r->claimed || !place(r, r->consumed)->done)
		return false;
	pthread_mutex_unlock(&r->lock);
	more = o->consume(o->ctx, slot(r, r->consumed));
	pthread_mutex_lock(&r->lock);
	r->stop = !more;
	give_back(r);
	pthread_cond_signal(o->live ? &r->can_produce : &r->can_work);
	return true;
}

/* The caller's part.  Called and returns with the lock held. */
static void
share(struct ordered_run *r)
{
	while (!r->stop) {
		if (consume_next(r)) {
			continue;
		} else if (r->ended && r->consumed == r->produced) {
			break;
		} else if (!take_turn(r, 0)) {
			pthread_cond_wait(&r->can_consume, &r->lock);
		}
	}
}

/* With a producer -------------------------------------------------------------------------------- */

static void
deadline_after(struct timespec *at, unsigned ms)
{
	clock_gettime(CLOCK_MONOTONIC, at);
	at->tv_sec += ms / 1000;
	at->tv_nsec += (long)(ms % 1000) * 1000000;
	if (at->tv_nsec >= 1000000000) {
		at->tv_nsec -= 1000000000;
		at->tv_sec++;
	}
}

/* Consume until the end or until told to stop.  Called and returns with the lock held. */
static void
consume_all(struct ordered_run *r)
{
	struct ordered *o = r->o;
	bool can_idle = o->idle_ms > 0 && o->idle != NULL, idles = can_idle;
	struct timespec deadline = { 0 };

	if (idles)
		deadline_after(&deadline, o->idle_ms);
	while (!r->stop) {
		if (consume_next(r)) {
			idles = can_idle;
			if (idles)
				deadline_after(&deadline, o->idle_ms);
		} else if (r->ended && r->consumed == r->produced) {
			break;
		} else if (!idles) {
			pthread_cond_wait(&r->can_consume, &r->lock);
		} else if (pthread_cond_timedwait(&r->can_consume, &r->lock, &deadline) ==
			   ETIMEDOUT) {
			pthread_mutex_unlock(&r->lock);
			idles = o->idle(o->ctx);
			deadline_after(&deadline, o->idle_ms);
			pthread_mutex_lock(&r->lock);
		}
	}
}

static void
run_alone(struct ordered *o)
{
	while (o->produce(o->ctx, o->items) == ORDERED_ITEM) {
		o->work(o->ctx, o->items, 0);
		if (!o->consume(o->ctx, o->items))
			break;
	}
}

static void
run_init(struct ordered_run *r, struct ordered *o)
{
	pthread_condattr_t attr;

	*r = (struct ordered_run){ .o = o };
	o->run = r;
	r->caller = pthread_self();
	if (sched_getaffinity(0, sizeof(r->processors), &r->processors) != 0)
		CPU_ZERO(&r->processors);
	r->place = mem_zero(o->n_items, sizeof(*r->place));
	r->keeper = mem_zero(o->n_items, sizeof(*r->keeper));
	for (unsigned k = 0; k < o->n_items; k++)
		r->keeper[k].worker = NOBODY;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->can_produce, NULL);
	pthread_cond_init(&r->can_work, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->can_consume, &attr);
	pthread_condattr_destroy(&attr);
}

static void
run_free(struct ordered_run *r)
{
	pthread_cond_destroy(&r->can_consume);
	pthread_cond_destroy(&r->can_work);
	pthread_cond_destroy(&r->can_produce);
	pthread_mutex_destroy(&r->lock);
	r->o->run = NULL;
	mem_free(r->place);
	mem_free(r->keeper);
}

/* Start workers of one main; how many the system gave. */
static unsigned
start_workers(
    struct ordered_run *r, struct worker *workers, unsigned first, void *(*thread_main)(void *))
{
	unsigned i;

	for (i = first; i < r->o->threads; i++) {
		workers[i] = (struct worker){ .run = r, .index = i };
		if (!start_thread(r, &workers[i].thread, thread_main, &workers[i]))
			break;
	}
	return i;
}

/* Nobody begins anything any more.  Called with the lock held, which it gives back. */
static void
stop(struct ordered_run *r, void (*cancel)(void *ctx))
{
	bool blocked = r->producing;

	r->stop = true;
	pthread_cond_broadcast(&r->can_work);
	pthread_cond_signal(&r->can_produce);
	pthread_mutex_unlock(&r->lock);
	if (blocked && cancel)
		cancel(r->o->ctx);
}

/* Fewer helpers than asked for are no failure: the caller does what is left. */
static void
run_shared(struct ordered_run *r, struct worker *workers, void (*cancel)(void *ctx))
{
	unsigned n = start_workers(r, workers, 1, helper_main);

	pthread_mutex_lock(&r->lock);
	share(r);
	stop(r, cancel);
	for (unsigned i = 1; i < n; i++)
		pthread_join(workers[i].thread, NULL);
}

/* false: the system has no thread to give. */
static bool
run_live(struct ordered_run *r, struct worker *workers, void (*cancel)(void *ctx))
{
	unsigned n = start_workers(r, workers, 0, worker_main);
	pthread_t producer;
	bool threaded = n > 0 && start_thread(r, &producer, producer_main, r);

	pthread_mutex_lock(&r->lock);
	if (threaded)
		consume_all(r);
	stop(r, cancel);
	if (threaded)
		pthread_join(producer, NULL);
	for (unsigned i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
	return threaded;
}

void
ordered_run(struct ordered *o, void (*cancel)(void *ctx))
{
	struct worker *workers;
	struct ordered_run r;
	bool threaded = true;

	if (o->threads <= 1 && !o->live) {
		run_alone(o);
		return;
	}
	run_init(&r, o);
	workers = mem_zero(o->threads, sizeof(*workers));
	if (o->live)
		threaded = run_live(&r, workers, cancel);
	else
		run_shared(&r, workers, cancel);
	mem_free(workers);
	run_free(&r);
	if (!threaded)
		run_alone(o);
}

bool
ordered_is_next(const struct ordered *o, const void *item)
{
	struct ordered_run *r = o->run;
	bool next;

	if (r == NULL) /* alone */
		return true;
	pthread_mutex_lock(&r->lock);
	while (pthread_equal(r->caller, pthread_self()) && consume_next(r))
		;
	next = !r->stop && slot(r, r->consumed) == item;
	pthread_mutex_unlock(&r->lock);
	return next;
}

/* Each ------------------------------------------------------------------------------------------ */

struct each {
	size_t next, n;
	void (*work)(void *ctx, size_t i, unsigned worker);
	void *ctx;
};

static enum ordered_next
each_produce(void *ctx, void *item)
{
	struct each *e = ctx;

	if (e->next == e->n)
		return ORDERED_END;
	*(size_t *)item = e->next++;
	return ORDERED_ITEM;
}

static void
each_work(void *ctx, void *item, unsigned worker)
{
	struct each *e = ctx;

	e->work(e->ctx, *(size_t *)item, worker);
}

static bool
each_consume(void *ctx, void *item)
{
	(void)ctx;
	(void)item;
	return true;
}

void
ordered_each(
    unsigned threads, size_t n, void (*work)(void *ctx, size_t i, unsigned worker), void *ctx)
{
	struct each e = { .n = n, .work = work, .ctx = ctx };
	struct ordered o = { .threads = n < threads ? (unsigned)n : threads,
		.n_items = 2 * threads + 2,
		.item_size = sizeof(size_t),
		.ctx = &e,
		.produce = each_produce,
		.work = each_work,
		.consume = each_consume };

	o.items = mem_zero(o.n_items, o.item_size);
	ordered_run(&o, NULL);
	mem_free(o.items);
}

/* Locks ----------------------------------------------------------------------------------------- */

struct ordered_lock {
	pthread_mutex_t mutex;
};

struct ordered_lock *
ordered_lock_new(void)
{
	struct ordered_lock *l = mem_zero(1, sizeof(*l));

	pthread_mutex_init(&l->mutex, NULL);
	return l;
}

void
ordered_lock_free(struct ordered_lock *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->mutex);
	mem_free(l);
}

void
ordered_lock(struct ordered_lock *l)
{
	pthread_mutex_lock(&l->mutex);
}

void
ordered_unlock(struct ordered_lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}

unsigned
ordered_processors(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}
