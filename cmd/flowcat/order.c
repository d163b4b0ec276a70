#include "order.h"

#include <string.h>

#include "base/ordered.h"

/* Records of a batch that is on its way, copied on a worker; taken when the batch's turn comes. */
struct prepared {
	const struct batch *of;
	struct sort_part *part;
};

struct ordering {
	struct sorter *sorter;
	struct ordered_lock *lock;
	struct prepared *prepared; /* a few more than there are threads */
	size_t n_prepared;
};

/* Of one batch: a part that was not taken, as its input turned out to be damaged, is dropped. */
static void
order_keep(struct ordering *o, const struct batch *b, struct sort_part *part)
{
	struct prepared *p = NULL;

	ordered_lock(o->lock);
	for (size_t i = 0; i < o->n_prepared; i++)
		if (o->prepared[i].of == b)
			p = &o->prepared[i];
	if (p == NULL) {
		o->prepared = mem_resize(o->prepared, o->n_prepared + 1, sizeof(*o->prepared));
		p = &o->prepared[o->n_prepared++];
		*p = (struct prepared){ .of = b };
	}
	sort_drop(p->part);
	p->part = part;
	ordered_unlock(o->lock);
}

static struct sort_part *
order_find(struct ordering *o, const struct batch *b)
{
	struct sort_part *part = NULL;

	ordered_lock(o->lock);
	for (size_t i = 0; i < o->n_prepared; i++) {
		if (o->prepared[i].of != b)
			continue;
		part = o->prepared[i].part;
		o->prepared[i].part = NULL;
	}
	ordered_unlock(o->lock);
	return part;
}

static int
order_work(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct ordering *o = ctx;

	(void)worker;
	(void)err;
	order_keep(o, b, sort_prepare(o->sorter, b, sel));
	return IO_KEEP;
}

static int
order_take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct ordering *o = ctx;

	(void)sel;
	return sort_take(o->sorter, order_find(o, b), err);
}

static void
order_make(void *ctx, size_t i, struct batch *b)
{
	struct ordering *o = ctx;

	sort_block(o->sorter, i, b);
}

static int
order_give(struct ordering *o, struct io_sink *sink, unsigned threads, struct err *err)
{
	size_t blocks;
	int rc = sort_order(o->sorter, err);

	while (rc == 0) {
		rc = sort_window(o->sorter, &blocks, err);
		if (rc != 0 || blocks == 0)
			break;
		rc = io_sink_many(sink, threads, blocks, order_make, o, err);
	}
	return rc < 0 ? -1 : 0;
}

static int
order_run(const struct io_opts *opts, const struct order *order, struct io_source *source,
    struct io_sink *sink, struct io_result *result, struct err *err)
{
	unsigned threads = opts->threads ? opts->threads : ordered_processors();
	struct ordering o = { 0 };
	int rc;

	o.lock = ordered_lock_new();
	o.sorter = sort_new(order->keys, order->n_keys, opts->limit, opts->memory, opts->tmpdir);
	sort_threads(o.sorter, threads);
	if (opts->has_fields && !opts->fields.all && opts->fields.relative == NULL)
		sort_only(o.sorter, &opts->fields);
	io_sink_defer(sink, order_take, &o);
	rc = io_run(source, sink, opts, order_work, &o, result, err);
	if (rc == 0)
		rc = order_give(&o, sink, threads, err);
	for (size_t i = 0; i < o.n_prepared; i++)
		sort_drop(o.prepared[i].part);
	mem_free(o.prepared);
	sort_free(o.sorter);
	ordered_lock_free(o.lock);
	return rc;
}

int
order_filter(struct io_opts *opts, const struct order *order, char **paths, int n, char **argv,
    struct io_result *result, struct err *err)
{
	struct io_source *source;
	struct io_sink *sink = NULL;
	struct err closing = { 0 };
	int rc = -1;

	source = io_source_open(paths, n, opts, err);
	if (source != NULL)
		sink = io_sink_open(opts, argv, err);
	if (sink != NULL)
		rc = order_run(opts, order, source, sink, result, err);
	if (io_sink_close(sink, rc == 0 && !result->incomplete, &closing) != 0 && rc == 0) {
		*err = closing;
		rc = -1;
	}
	io_source_close(source);
	if (rc == 0)
		return result->incomplete ? EXIT_FAILED : EXIT_DONE;
	return err->status ? err->status : EXIT_FAILED;
}
