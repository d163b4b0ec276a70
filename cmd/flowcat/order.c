#include "order.h"

#include <string.h>

struct ordering {
	struct sorter *sorter;
	struct io_sink *sink;
	struct err *err;
	int status; /* of the sink */
};

/* One worker only, so records come in their order and the sort is stable. */
static int
order_take(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct ordering *o = ctx;

	(void)worker;
	if (sort_add(o->sorter, b, sel, err) != 0)
		return -1;
	memset(sel, 0, bits_words(b->n) * 8);
	return IO_DROP;
}

static bool
order_give(void *ctx, struct batch *b)
{
	struct ordering *o = ctx;

	o->status = io_sink_batch(o->sink, b, o->err);
	return o->status == 0;
}

static int
order_run(const struct io_opts *opts, const struct order *order, struct io_source *source,
    struct io_sink *sink, struct io_result *result, struct err *err)
{
	uint64_t limit = opts->limit == UINT64_MAX ? 0 : opts->limit;
	struct ordering o = { .sink = sink, .err = err };
	int rc;

	o.sorter = sort_new(order->keys, order->n_keys, limit, opts->memory, opts->tmpdir);
	rc = io_run(source, sink, opts, order_take, &o, result, err);
	if (rc == 0)
		rc = sort_finish(o.sorter, order_give, &o, err);
	if (o.status < 0)
		rc = -1;
	sort_free(o.sorter);
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

	opts->threads = 1;
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
