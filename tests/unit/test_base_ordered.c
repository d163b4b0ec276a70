/*
 * test_base_ordered.c - order, ends and stops of a run under random delays.
 */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/ordered.h"
#include "base/time.h"
#include "tap.h"

struct item {
	unsigned number, result;
	unsigned worked; /* times; must be 1 */
};

struct test {
	unsigned limit; /* items to produce */
	unsigned stop_at; /* consume this many */
	unsigned delay_us; /* at most, in each part */
	unsigned gap_us; /* before each item */
	unsigned produced, consumed, idles;
	unsigned wrong;
	unsigned idle_most; /* idle has nothing to do any more after so many calls; 0 always */
	unsigned threads;
	pthread_t caller;
	cpu_set_t processors; /* that the caller may use */
	bool block_at_end; /* read from the pipe instead of ending */
	int pipe[2];
	atomic_uint workers; /* bit i: worker i worked */
	atomic_uint foreign; /* consumed or idled elsewhere */
	atomic_uint confined; /* worked where other processors may be used than by the caller */
	bool after_stop, stopped;
};

static void
dawdle(const struct test *t, unsigned number)
{
	unsigned r = number * 2654435761u >> 7;

	if (t->delay_us && r % 3 == 0)
		usleep(r % t->delay_us);
}

static enum ordered_next
produce(void *ctx, void *slot)
{
	struct test *t = ctx;
	struct item *item = slot;
	char c;

	if (t->produced == t->limit) {
		if (t->block_at_end && read(t->pipe[0], &c, 1) < 0)
			t->wrong++;
		return ORDERED_END;
	}
	if (t->gap_us)
		usleep(t->gap_us);
	dawdle(t, t->produced * 3);
	*item = (struct item){ .number = t->produced++ };
	return ORDERED_ITEM;
}

static void
work(void *ctx, void *slot, unsigned worker)
{
	struct test *t = ctx;
	struct item *item = slot;
	cpu_set_t mine;

	dawdle(t, item->number * 3 + 1);
	atomic_fetch_or(&t->workers, 1u << worker);
	CPU_ZERO(&mine);
	if (sched_getaffinity(0, sizeof(mine), &mine) != 0 || !CPU_EQUAL(&mine, &t->processors))
		atomic_fetch_add(&t->confined, 1);
	if (worker >= t->threads)
		item->worked += 100;
	item->worked++;
	item->result = item->number * 7;
}

static bool
consume(void *ctx, void *slot)
{
	struct test *t = ctx;
	struct item *item = slot;

	dawdle(t, item->number * 3 + 2);
	t->after_stop |= t->stopped;
	if (!pthread_equal(pthread_self(), t->caller))
		atomic_fetch_add(&t->foreign, 1);
	t->wrong +=
	    item->number != t->consumed || item->result != item->number * 7 || item->worked != 1;
	t->consumed++;
	t->stopped = t->consumed == t->stop_at;
	return !t->stopped;
}

static bool
idle(void *ctx)
{
	struct test *t = ctx;

	if (!pthread_equal(pthread_self(), t->caller))
		atomic_fetch_add(&t->foreign, 1);
	t->idles++;
	return t->idles != t->idle_most;
}

static void
cancel(void *ctx)
{
	struct test *t = ctx;

	if (t->block_at_end)
		t->wrong += write(t->pipe[1], "x", 1) != 1;
}

static void
run(struct test *t, unsigned threads, unsigned slots, bool live, unsigned idle_ms)
{
	struct item *items = calloc(slots, sizeof(*items));
	struct ordered o = { .threads = threads,
		.live = live,
		.idle_ms = idle_ms,
		.items = items,
		.item_size = sizeof(*items),
		.n_items = slots,
		.ctx = t,
		.produce = produce,
		.work = work,
		.consume = consume,
		.idle = idle };

	t->caller = pthread_self();
	CPU_ZERO(&t->processors);
	(void)sched_getaffinity(0, sizeof(t->processors), &t->processors);
	t->threads = threads;
	ordered_run(&o, cancel);
	free(items);
}

/* Every run here must give every item once, in order, on the calling thread. */
static void
test_complete(void)
{
	unsigned wrong = 0, foreign = 0, confined = 0;

	for (unsigned i = 0; i < 60; i++) {
		struct test t = { .limit = i % 5 == 0 ? i / 5 : 200,
			.delay_us = i % 3 == 0 ? 0 : 150 };
		unsigned threads = 1 + i % 7;

		run(&t, threads, threads + 2 + i % 4, i % 2, i % 4 == 0 ? 1 : 0);
		wrong += t.wrong || t.consumed != t.limit || t.produced != t.limit;
		foreign += t.foreign;
		confined += t.confined;
	}
	is_u64(wrong, 0, "every item is worked on once and consumed in order");
	is_u64(foreign, 0, "on the calling thread");
	is_u64(confined, 0, "and on whatever processor the caller may use");
}

static void
test_stop(void)
{
	unsigned wrong = 0, ahead = 0;

	for (unsigned i = 0; i < 60; i++) {
		struct test t = {
			.limit = 1000000, .stop_at = 1 + i * 3, .delay_us = i % 3 == 0 ? 0 : 150
		};
		unsigned threads = 1 + i % 7, slots = threads + 2 + i % 4;

		run(&t, threads, slots, i % 2, 0);
		wrong += t.wrong || t.consumed != t.stop_at || t.after_stop;
		ahead += t.produced > t.stop_at + slots;
	}
	is_u64(wrong, 0, "consume can stop the run, and is not called again");
	is_u64(ahead, 0, "the producer is never further ahead than the ring");
}

static void
test_cancel(void)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < 30; i++) {
		struct test t = { .limit = 10,
			.stop_at = 10,
			.block_at_end = true,
			.delay_us = i % 2 ? 200 : 0 };

		if (pipe(t.pipe) != 0)
			exit(1);
		run(&t, 1 + i % 3, 6, true, 0);
		wrong += t.wrong || t.consumed != 10;
		close(t.pipe[0]);
		close(t.pipe[1]);
	}
	is_u64(wrong, 0, "a producer blocked in a read is called back when the run stops");
}

static void *
write_later(void *arg)
{
	const struct test *t = arg;

	usleep(120000);
	return write(t->pipe[1], "x", 1) == 1 ? NULL : arg;
}

static void
test_idle(void)
{
	struct test t = { .limit = 3, .block_at_end = true };
	struct timespec before, after;
	pthread_t writer;
	void *failed;
	int64_t cpu_us;

	if (pipe(t.pipe) != 0)
		exit(1);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	pthread_create(&writer, NULL, write_later, &t);
	run(&t, 2, 4, true, 10);
	pthread_join(writer, &failed);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	cpu_us = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
	ok(!failed && t.wrong == 0 && t.consumed == 3, "a run that waits ends with its input");
	ok(t.idles >= 3 && t.idles <= 13, "idle is called about every 10 ms of 120 (%u)", t.idles);
	is_u64(t.foreign, 0, "on the calling thread");
	ok(cpu_us < 60000, "waiting costs no time (%lld us)", (long long)cpu_us);
	close(t.pipe[0]);
	close(t.pipe[1]);
}

/* Items that come all the time leave no time to idle in, however long they come. */
static void
test_never_idle(void)
{
	enum { ITEMS = 150, GAP_US = 10000, IDLE_MS = 1000 };
	struct test t = { .limit = ITEMS, .gap_us = GAP_US };

	run(&t, 2, 4, true, IDLE_MS);
	ok(t.consumed == ITEMS && t.idles == 0, "idle is not called while items come (%u)",
	    t.idles);
}

/* What idle has done need not be done again until something was consumed. */
static void
test_idle_once(void)
{
	struct test t = { .limit = 3, .block_at_end = true, .idle_most = 2 };
	pthread_t writer;
	void *failed;

	if (pipe(t.pipe) != 0)
		exit(1);
	pthread_create(&writer, NULL, write_later, &t);
	run(&t, 2, 4, true, 10);
	pthread_join(writer, &failed);
	ok(!failed && t.wrong == 0 && t.consumed == 3, "a run whose idle had done all ends too");
	is_u64(t.idles, 2, "idle is not called again when it has nothing to do");
	close(t.pipe[0]);
	close(t.pipe[1]);
}

static void
test_parallel(void)
{
	struct test t = { .limit = 400, .delay_us = 2000 };

	run(&t, 4, 8, false, 0);
	is_u64(t.workers, 15, "all workers get work");
	ok(ordered_processors() >= 1, "there is a processor (%u)", ordered_processors());
}

/* What is written early: items are PIECES numbers, and each one whose turn it is writes those that it has. */
enum { PIECES = 5, EARLY_ITEMS = 300 };

struct early_item {
	unsigned number, n, piece[PIECES];
};

struct early {
	struct ordered *ordered;
	unsigned produced, stop_at; /* consume this many */
	unsigned written[EARLY_ITEMS * PIECES], n;
	unsigned consumed, turns, wrong;
	bool threads_delay, stopped;
};

static enum ordered_next
early_produce(void *ctx, void *slot)
{
	struct early *t = ctx;

	if (t->produced == EARLY_ITEMS)
		return ORDERED_END;
	*(struct early_item *)slot = (struct early_item){ .number = t->produced++ };
	return ORDERED_ITEM;
}

static void
early_write(struct early *t, struct early_item *item)
{
	t->wrong += t->stopped || item->number != t->consumed;
	for (unsigned k = 0; k < item->n; k++)
		t->written[t->n++] = item->piece[k];
	item->n = 0;
}

static void
early_work(void *ctx, void *slot, unsigned worker)
{
	struct early *t = ctx;
	struct early_item *item = slot;

	(void)worker;
	for (unsigned k = 0; k < PIECES; k++) {
		item->piece[item->n++] = item->number * PIECES + k;
		if (t->threads_delay && (item->number + k) % 7 == 0)
			usleep(item->number % 3 * 100);
		if (!ordered_is_next(t->ordered, item))
			continue;
		t->turns++;
		early_write(t, item);
	}
}

static bool
early_consume(void *ctx, void *slot)
{
	struct early *t = ctx;

	early_write(t, slot);
	t->consumed++;
	t->stopped = t->consumed == t->stop_at;
	return !t->stopped;
}

static void
early_run(unsigned threads, unsigned stop_at, bool delay)
{
	struct early t = { .stop_at = stop_at, .threads_delay = delay };
	struct early_item items[12];
	struct ordered o = { .threads = threads,
		.items = items,
		.item_size = sizeof(*items),
		.n_items = threads + 4,
		.ctx = &t,
		.produce = early_produce,
		.work = early_work,
		.consume = early_consume };
	unsigned wanted = stop_at < EARLY_ITEMS ? stop_at : EARLY_ITEMS;

	t.ordered = &o;
	ordered_run(&o, NULL);
	for (unsigned i = 0; i < t.n; i++)
		t.wrong += t.written[i] != i;
	ok(t.wrong == 0 && t.n == wanted * PIECES && t.consumed == wanted,
	    "%u threads, to be stopped after %u: what is written early is in order (%u pieces, %u "
	    "wrong)",
	    threads, stop_at, t.n, t.wrong);
	ok(t.turns > 0 && (threads > 1 || t.turns == wanted * PIECES), "%u were", t.turns);
}

static void
test_early(void)
{
	for (unsigned threads = 1; threads <= 8; threads++) {
		early_run(threads, UINT_MAX, threads % 2);
		early_run(threads, UINT_MAX, threads % 2 == 0);
		early_run(threads, 57, threads % 2);
	}
}

int
main(void)
{
	test_early();
	test_complete();
	test_stop();
	test_cancel();
	test_idle();
	test_never_idle();
	test_idle_once();
	test_parallel();
	return done_testing();
}
