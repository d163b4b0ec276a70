/*
 * flowexpire - delete the oldest flow files of a store so that it keeps within limits.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/expire.h"
#include "base/opt.h"
#include "base/time.h"
#include "flowexpire/plan.h"
#include "flowexpire/store.h"
#include "text/escape.h"

enum { KEY_WATERMARK = OPT_LONG + 1, KEY_DRY_RUN };

static const struct opt options[] = {
	{ 'e', "expire", ARG_TEXT, "LIMITS",
	    "delete by size=500G,age=90d,free=10%|50G,files=N: one or several", NULL },
	{ KEY_WATERMARK, "watermark", ARG_TEXT, "SHARE",
	    "what exceeds a limit is deleted down to so much of it (default 100%)", NULL },
	{ KEY_DRY_RUN, "dry-run", ARG_NONE, NULL, "print what would be deleted, delete nothing",
	    NULL },
	{ 0 },
};
static const struct opt run_options[] = {
	{ 'q', "quiet", ARG_NONE, NULL, "say nothing that is not an error", NULL },
	{ 'v', "verbose", ARG_NONE, NULL, "say what was done on standard error", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, run_options, NULL };
static const struct program program = {
	.name = "flowexpire",
	.synopsis = "-e LIMITS [options] DIR ...",
	.purpose = "delete the oldest flow files of directories so that they keep within limits",
	.tables = tables,
	.examples = "flowexpire -e size=500G,age=90d /var/flow\n"
		    "flowexpire -e files=10000 --dry-run /var/flow\n",
};

struct flowexpire {
	struct expire_limits limits;
	double watermark;
	bool dry, quiet, verbose;
	bool scaled; /* the result is read by people */
	int status;
};

/* Options ---------------------------------------------------------------------------------------- */

static double
parse_watermark(const char *arg)
{
	size_t n = strlen(arg);
	bool percent = n > 0 && arg[n - 1] == '%';
	double v;

	if (!parse_double(arg, n - percent, &v) || !(v > 0 && v <= (percent ? 100 : 1)))
		opt_usage(&program, "--watermark '%s': a share up to 1, or 100%%", arg);
	return percent ? v / 100 : v;
}

static void
parse(struct flowexpire *e, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key;

	while ((key = opt_next(parser, &arg)) != 0) {
		switch (key) {
		case 'e':
			if (expire_parse(&e->limits, arg, &err) != 0)
				opt_usage(&program, "-e %s", err.text);
			break;
		case KEY_WATERMARK: e->watermark = parse_watermark(arg); break;
		case KEY_DRY_RUN: e->dry = true; break;
		case 'q': e->quiet = true; break;
		case 'v': e->verbose = true; break;
		}
	}
	if (e->limits.given == 0)
		opt_usage(&program, "no limits: say -e size=500G,age=90d or others");
	if (parser->n_operands == 0)
		opt_usage(&program, "no directory");
}

/* What is said ----------------------------------------------------------------------------------- */

/* TIME OCTETS LIMIT PATH: a line of the dry run. */
static void
print_file(const struct flowexpire *e, struct store *s, const struct store_file *f, const char *why)
{
	const char *path = store_path(s, f);
	char time[FMT_MAX], size[FMT_MAX];
	size_t n = e->scaled ? fmt_scaled(size, (double)f->octets) : fmt_u64(size, f->octets);
	struct buf shown = { 0 };

	escape_terminal(&shown, path, strlen(path), SIZE_MAX);
	printf("%.*s  %*.*s  %-5s  %s\n", (int)fmt_time(time, f->time_ns, 0, NULL), time,
	    e->scaled ? 6 : 12, (int)n, size, why, buf_cstr(&shown));
	buf_free(&shown);
}

static void
tell_file(struct store *s, const struct store_file *f, const char *why)
{
	char time[FMT_MAX], size[FMT_MAX];

	diag(store_path(s, f), "deleted by %s: %.*s, %.*s", why,
	    (int)fmt_time(time, f->time_ns, 0, NULL), time,
	    (int)fmt_scaled(size, (double)f->octets), size);
}

struct deleted {
	uint64_t files, octets;
};

static void
tell_store(const struct flowexpire *e, const struct store *s, const struct plan *p,
    const struct deleted *d)
{
	char gone[FMT_MAX], kept[FMT_MAX];

	if (e->quiet || !(e->verbose || isatty(STDERR_FILENO)))
		return;
	diag(s->path, "%s: %llu, %.*s; left: %llu, %.*s",
	    e->dry ? "files that would be deleted" : "files deleted", (unsigned long long)d->files,
	    (int)fmt_scaled(gone, (double)d->octets), gone, (unsigned long long)p->files,
	    (int)fmt_scaled(kept, (double)p->octets), kept);
}

static void
tell_unkept(struct flowexpire *e, const struct store *s, const struct plan *p)
{
	char has[FMT_MAX], wanted[FMT_MAX];
	uint64_t is, asked;
	const char *name = plan_unkept(p, &is, &asked);

	if (name == NULL)
		return;
	diag(s->path, "limit %s=%.*s is not kept but %.*s: what is left may not be deleted", name,
	    (int)fmt_scaled(wanted, (double)asked), wanted, (int)fmt_scaled(has, (double)is), has);
	e->status = EXIT_FAILED;
}

/* Deleting --------------------------------------------------------------------------------------- */

/* The newest file stays, whatever the limits are. */
static void
delete_files(const struct flowexpire *e, struct store *s, struct plan *p, struct deleted *d)
{
	for (size_t i = 0; i + 1 < s->n_files; i++) {
		const struct store_file *f = &s->files[i];
		const char *why = plan_demands(p, s, f);
		enum store_result is;

		if (why == NULL)
			continue;
		is = store_delete(s, f, e->dry);
		if (is != STORE_FAILED)
			plan_without(p, s, f, is == STORE_FOREIGN);
		if (is != STORE_DONE)
			continue;
		d->files++;
		d->octets += f->octets;
		if (e->dry)
			print_file(e, s, f, why);
		else if (e->verbose)
			tell_file(s, f, why);
	}
	store_prune(s);
}

/* What only has the name of a flow file must not make others go.  To know, all are opened, so only where it matters. */
static int
make_plan(struct plan *p, const struct flowexpire *e, struct store *s, struct err *err)
{
	if (plan_deletions(p, &e->limits, e->watermark, s, err) != 0)
		return -1;
	if (!plan_exceeded(p))
		return 0;
	store_verify(s);
	return plan_deletions(p, &e->limits, e->watermark, s, err);
}

static void
expire(struct flowexpire *e, struct store *s)
{
	struct err err = { 0 };
	struct deleted d = { 0 };
	struct plan plan;

	s->verbose = e->verbose;
	store_scan(s);
	if (make_plan(&plan, e, s, &err) != 0) {
		diag_err(s->path, &err);
		e->status = EXIT_FAILED;
		return;
	}
	delete_files(e, s, &plan, &d);
	tell_store(e, s, &plan, &d);
	tell_unkept(e, s, &plan);
}

static void
expire_path(struct flowexpire *e, const char *path)
{
	struct store s;

	if (store_open(&s, path, time_now_ns()) != 0) {
		diag(path, "%s", strerror(errno));
		e->status = EXIT_FAILED;
	} else if (!e->dry && !store_lock(&s)) {
		if (!e->quiet)
			diag(path, "locked: another flowexpire is at work, nothing was done");
	} else {
		expire(e, &s);
	}
	if (s.limit.suppressed > 0)
		diag(path, "%llu more messages like these", (unsigned long long)s.limit.suppressed);
	if (s.failures > 0)
		e->status = EXIT_FAILED;
	store_close(&s);
}

int
main(int argc, char **argv)
{
	struct flowexpire e = { .watermark = 1, .scaled = isatty(STDOUT_FILENO) };
	struct optparse parser;

	diag_init(argv[0]);
	opt_start(&parser, &program, argc, argv);
	parse(&e, &parser);
	for (int i = 0; i < parser.n_operands; i++)
		expire_path(&e, parser.operands[i]);
	opt_end(&parser);
	return opt_finish(e.status);
}
