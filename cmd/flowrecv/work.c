/*
 * work.c - the store and the workers of a collector: made, begun, ended.
 */
#include <errno.h>
#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/time.h"
#include "collector.h"

/*
 * Encoding a full block keeps a worker from receiving for some 20 ms; where the kernel's buffer is too small
 * for that blocks are a quarter as long.
 */
enum { SMALL_RECORDS = BATCH_RECORDS / 4, SMALL_GATHER_NS = 2000000 };

/* Exporters send their templates as soon as they are connected. */
#define SILENT_NS (30 * NS_PER_S)

static int64_t
silent_ns(const struct settings *set)
{
	return set->idle_ns > 0 && set->idle_ns < SILENT_NS ? set->idle_ns : SILENT_NS;
}

/* On the store's threads. */
static void
say(void *ctx, const char *subject, const char *what, const struct err *err)
{
	const struct collector *c = ctx;

	if (err != NULL)
		diag(subject, "%s; %s", err->text, what);
	else if (!c->set.quiet)
		diag(subject, "%s", what);
}

static void
finished(void *ctx, const char *path)
{
	struct collector *c = ctx;

	if (c->set.verbose)
		diag(path, "complete");
	command_file(c, path);
}

static void
open_store(struct collector *c)
{
	const struct settings *set = &c->set;
	struct err err = { .status = 0 };
	struct store_opts opts = { .path = set->out,
		.to_dir = set->to_dir,
		.naming = set->naming,
		.rotate_ns = set->rotate_ns,
		.partition = set->partition,
		.fast = set->fast,
		.level = set->level,
		.history = c->history,
		.queue_octets = set->queue_octets,
		.workers = c->n_workers,
		.live = set->n_read == 0,
		.retry = set->n_read == 0,
		.said = say,
		.finished = finished,
		.ctx = c };

	c->store = store_open(&opts);
	duty_restore_known(c);
	if (store_begin(c->store, time_now_ns(), &err) != 0)
		die(err.status, NULL, "%s", err.text);
}

void
work_open(struct collector *c, char **argv)
{
	const struct settings *set = &c->set;
	bool live = set->n_read == 0;

	if (!set->no_history)
		c->history = opt_line(argv);
	open_store(c);
	c->worker = mem_zero(c->n_workers, sizeof(struct worker *));
	for (unsigned i = 0; i < c->n_workers; i++) {
		struct worker_opts opts = { .blocks = { .store = c->store,
						.worker = i,
						.filter = set->filter,
						.partition = set->partition,
						.flush_ns = set->flush_ns,
						.records = BATCH_RECORDS,
						.timely = live,
						.fast = set->fast,
						.level = set->level },
			.wire = set->wire,
			.doors = c->doors + i * c->max_doors,
			.n_doors = c->n_doors,
			.allow = &c->allow,
			.repeat = c->repeat + i * set->n_repeat,
			.n_repeat = set->n_repeat,
			.gather_ns = c->gather_ns,
			.conns = { .open = &c->connections,
			    .silent = &c->silent,
			    .most = set->connections,
			    .idle_ns = set->idle_ns,
			    .silent_ns = silent_ns(set),
			    .quiet = set->quiet } };

		if (live && c->gather_ns < SMALL_GATHER_NS)
			opts.blocks.records = SMALL_RECORDS;
		c->worker[i] = worker_new(&opts);
	}
}

void
work_start(struct collector *c)
{
	for (unsigned i = 0; i < c->n_workers; i++)
		if (worker_start(c->worker[i]) != 0)
			die(EXIT_FAILED, NULL, "cannot start a thread: %s", strerror(errno));
}

void
work_stop(struct collector *c)
{
	for (unsigned i = 0; i < c->n_workers; i++)
		worker_stop(c->worker[i]);
	for (unsigned i = 0; i < c->n_workers; i++)
		worker_wait(c->worker[i]);
}

void
work_close(struct collector *c)
{
	for (unsigned i = 0; i < c->n_workers; i++)
		worker_free(c->worker[i]);
	mem_free(c->worker);
	mem_free(c->history);
}
