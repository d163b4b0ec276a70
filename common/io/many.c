/*
 * many.c - batches of a program's own making, made and formatted in parallel, written in order.
 */
#include "base/ordered.h"
#include "io/job.h"

struct many {
	struct io_sink *s;
	struct names *names;
	struct sink_worker *workers;
	size_t next, n;
	void (*make)(void *ctx, size_t i, struct batch *b);
	void *ctx;
	struct err *err;
	int status;
};

struct many_item {
	struct job job;
	size_t i;
};

static enum ordered_next
many_produce(void *ctx, void *item)
{
	struct many *m = ctx;

	if (m->next == m->n)
		return ORDERED_END;
	((struct many_item *)item)->i = m->next++;
	return ORDERED_ITEM;
}

static void
many_work(void *ctx, void *item, unsigned worker)
{
	struct many *m = ctx;
	struct many_item *it = item;
	struct job *j = &it->job;

	if (j->room.own == NULL)
		j->room.own = batch_new();
	j->b = j->room.own;
	j->names = m->names;
	j->begun = true;
	j->work_err = (struct err){ 0 };
	m->make(m->ctx, it->i, j->b);
	job_select_all(j, j->b->n);
	sink_prepare(m->s, &m->workers[worker], j, NULL);
	job_note(j);
	j->names = NULL;
}

static bool
many_consume(void *ctx, void *item)
{
	struct many *m = ctx;
	struct job *j = &((struct many_item *)item)->job;

	sink_limit(m->s, j);
	m->status = sink_write(m->s, j, m->err);
	return m->status == 0;
}

int
io_sink_many(struct io_sink *s, unsigned threads, size_t n,
    void (*make)(void *ctx, size_t i, struct batch *b), void *ctx, struct err *err)
{
	struct many m = { .s = s, .n = n, .make = make, .ctx = ctx, .err = err };
	struct ordered o = { .threads = threads,
		.n_items = threads + 2,
		.item_size = sizeof(struct many_item),
		.ctx = &m,
		.produce = many_produce,
		.work = many_work,
		.consume = many_consume };
	struct many_item *items = mem_zero(o.n_items, sizeof(*items));

	m.names = sink_made(s, true);
	if (!sink_begun(s) && n > 0) {
		struct batch *b = batch_new();

		make(ctx, 0, b);
		sink_begin(s, b);
		batch_free(b);
	}
	m.workers = mem_zero(threads, sizeof(*m.workers));
	o.items = items;
	ordered_run(&o, NULL);
	for (unsigned i = 0; i < o.n_items; i++)
		job_free(&items[i].job);
	for (unsigned i = 0; i < threads; i++)
		sink_worker_free(&m.workers[i]);
	mem_free(m.workers);
	mem_free(items);
	return m.status;
}
