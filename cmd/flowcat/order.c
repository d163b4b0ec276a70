#include "order.h"

#include "base/ordered.h"

static size_t
part_choose(void *sorter, struct batch *b, uint64_t *sel, size_t n)
{
	return sort_choose(sorter, b, sel, n);
}

static void *
part_make(void *sorter, struct batch *b, const uint64_t *sel)
{
	return sort_prepare(sorter, b, sel);
}

static int
part_take(void *sorter, void *part, struct err *err)
{
	return sort_take(sorter, part, err);
}

static void
part_drop(void *part)
{
	sort_drop(part);
}

static const struct io_parts parts = { part_choose, part_make, part_take, part_drop };

static void
order_make(void *sorter, size_t i, struct batch *b)
{
	sort_block(sorter, i, b);
}

static int
order_give(struct sorter *s, struct io_sink *sink, unsigned threads, struct err *err)
{
	size_t blocks;
	int rc = sort_order(s, err);

	while (rc == 0) {
		rc = sort_window(s, &blocks, err);
		if (rc != 0 || blocks == 0)
			break;
		rc = io_sink_many(sink, threads, blocks, order_make, s, err);
	}
	return rc < 0 ? -1 : 0;
}

static int
order_run(const struct io_opts *opts, const struct order *order, struct io_source *source,
    struct io_sink *sink, struct io_result *result, struct err *err)
{
	unsigned threads = opts->threads ? opts->threads : ordered_processors();
	struct sorter *s =
	    sort_new(order->keys, order->n_keys, opts->limit, opts->memory, opts->tmpdir);
	int rc;

	sort_threads(s, threads);
	if (opts->has_fields && !opts->fields.all && opts->fields.relative == NULL)
		sort_only(s, &opts->fields);
	io_sink_parts(sink, &parts, s);
	rc = io_run(source, sink, opts, NULL, NULL, result, err);
	if (rc == 0)
		rc = order_give(s, sink, threads, err);
	sort_free(s);
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
		return io_status(result);
	return err->status ? err->status : EXIT_FAILED;
}
