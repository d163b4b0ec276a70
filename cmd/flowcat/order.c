#include "order.h"

#include "base/ordered.h"

struct ordering {
	struct sorter *sorter;
	unsigned threads;
};

static struct sorter *
sorter(void *ordering)
{
	return ((struct ordering *)ordering)->sorter;
}

static size_t
part_choose(void *ctx, struct batch *b, uint64_t *sel, size_t n)
{
	return sort_choose(sorter(ctx), b, sel, n);
}

static void *
part_make(void *ctx, struct batch *b, const uint64_t *sel)
{
	return sort_prepare(sorter(ctx), b, sel);
}

static int
part_take(void *ctx, void *part, struct err *err)
{
	return sort_take(sorter(ctx), part, err);
}

static void
part_drop(void *part)
{
	sort_drop(part);
}

static const struct io_parts parts = { part_choose, part_make, part_take, part_drop };

static void
order_make(void *ctx, size_t i, struct batch *b)
{
	sort_block(sorter(ctx), i, b);
}

static int
order_give(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct ordering *o = ctx;
	size_t blocks;
	int rc = sort_order(o->sorter, err);

	(void)result;
	while (rc == 0) {
		rc = sort_window(o->sorter, &blocks, err);
		if (rc != 0 || blocks == 0)
			break;
		rc = io_sink_many(sink, o->threads, blocks, order_make, o, err);
	}
	return rc < 0 ? -1 : 0;
}

int
order_filter(const struct io_opts *opts, const struct order *order, char **paths, int n,
    char **argv, struct io_result *result, struct err *err)
{
	struct ordering o = { .sorter = sort_new(order->keys, order->n_keys, opts->limit,
				  opts->memory, opts->tmpdir),
		.threads = opts->threads ? opts->threads : ordered_processors() };
	const struct io_digest digest = { .parts = &parts, .end = order_give, .ctx = &o };
	int status;

	sort_threads(o.sorter, o.threads);
	if (opts->has_fields && !opts->fields.all && opts->fields.relative == NULL)
		sort_only(o.sorter, &opts->fields);
	status = io_digest(opts, paths, n, argv, &digest, result, err);
	sort_free(o.sorter);
	return status;
}
