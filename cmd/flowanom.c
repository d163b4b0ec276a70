/*
 * flowanom - find what departs from its own history: hosts, services, interfaces, exporters, the whole network.
 */
#include <errno.h>

#include "base/die.h"
#include "base/opt.h"
#include "io/io.h"

#include "flowanom/observe.h"

static const struct opt *const tables[] = { scope_baseline_options, scope_options, io_input_options,
	io_output_options, io_run_options, NULL };
static const struct program program = { "flowanom", "[options] [FILE ...]",
	"find what departs from its own history, floods, and who has gone silent", tables,
	"flowanom -o table day.flow\n"
	"flowanom -B normal.base day.flow | flowfilter 'severity >= high' | flowcat -o ndjson\n",
	field_help };

struct flowanom {
	struct io_opts io;
	struct scope scope;
	struct baseline *baseline;
	struct observed observed;
	struct judge judge;
	struct io_sink *sink;
	char *const *argv;
};

static void
parse(struct flowanom *f, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key, rc;

	while ((key = opt_next(parser, &arg)) != 0) {
		rc = scope_opt(&f->scope, key, arg, &err);
		if (rc == 0)
			rc = io_opt(&f->io, key, arg, &err);
		if (rc < 0 && err.status == EXIT_USAGE)
			opt_usage(&program, "%s", err.text);
		if (rc < 0)
			die(EXIT_FAILED, NULL, "%s", err.text);
	}
}

static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowanom *f = ctx;

	(void)err;
	if (!b->options)
		observe_add(&f->observed, b, sel);
	return 0;
}

static int
write_alerts(void *ctx, struct batch *b, struct err *err)
{
	struct flowanom *f = ctx;

	return io_sink_batch(f->sink, b, err) < 0 ? -1 : 0;
}

static int
finish(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowanom *f = ctx;

	(void)result;
	f->sink = sink;
	observe_finish(&f->observed, 0, false);
	judge_rest(&f->judge);
	return alerts_ranked(f->judge.alerts, write_alerts, f, err) < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	struct flowanom f = { .argv = argv };
	struct optparse parser;
	struct err err = { 0 };
	struct hours hours = { .buckets = HOURS_WORKDAY };
	int status;

	diag_init(argv[0]);
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.progress = diag_progress;
	f.io.alerts = true;
	scope_init(&f.scope);
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	hours.utc_offset_s = f.io.tz_s;
	judge_init(&f.judge, &f.scope, &f.observed.tracks);
	observe_init(&f.observed, &f.scope, &f.judge, &hours);
	{
		const struct io_digest digest = {
			.work = observe_work, .take = take, .end = finish, .ctx = &f
		};
		struct io_result result;

		if (f.scope.baseline != NULL) {
			f.baseline = baseline_load(f.scope.baseline, &err);
			f.judge.baseline = f.baseline;
			f.observed.tracks.baseline = f.baseline != NULL;
		}
		status = err.status != 0 ? err.status
					 : io_digest(&f.io, parser.operands, parser.n_operands,
					       f.argv, &digest, &result, &err);
	}
	if (err.status != 0 && errno != EPIPE)
		diag_err(NULL, &err);
	baseline_free(f.baseline);
	judge_free(&f.judge);
	observe_free(&f.observed);
	scope_free(&f.scope);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
