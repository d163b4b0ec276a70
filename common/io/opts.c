/*
 * opts.c - the options that programs share: one row each, one place that reads them.
 */
#include "base/file.h"
#include "base/ordered.h"
#include "base/time.h"
#include "io/io.h"

enum {
	OPT_SINCE = OPT_LONG + 1000,
	OPT_UNTIL,
	OPT_RECOVER,
	OPT_SKIP_BAD,
	OPT_LIVE,
	OPT_FOLLOW,
	OPT_NO_INDEX,
	OPT_TZ,
	OPT_NO_HEADER,
	OPT_RAW,
	OPT_OPTIONS,
	OPT_RESOLVE,
	OPT_NO_RESOLVE,
	OPT_FAST,
	OPT_LEVEL,
	OPT_NO_HISTORY,
};

const struct opt io_input_options[] = {
	{ 'i', "input", ARG_WORDS, "FORMAT", "input format (default: recognised)",
	    "flow csv tsv ipfix" },
	{ 't', "time", ARG_TEXT, "A..B", "only records that overlap this time window", NULL },
	{ OPT_SINCE, "since", ARG_TEXT, "TIME", "only records that end at or after TIME", NULL },
	{ OPT_UNTIL, "until", ARG_TEXT, "TIME", "only records that start before TIME", NULL },
	{ OPT_TZ, "tz", ARG_TEXT, "ZONE", "time zone of times read and printed (default UTC)",
	    NULL },
	{ OPT_RECOVER, "recover", ARG_NONE, NULL, "skip damage in flow input, report what was lost",
	    NULL },
	{ OPT_SKIP_BAD, "skip-bad", ARG_NONE, NULL, "skip and count bad lines of csv input", NULL },
	{ OPT_LIVE, "live", ARG_NONE, NULL, "read files that are still being written too", NULL },
	{ OPT_FOLLOW, "follow", ARG_NONE, NULL,
	    "go on with what is being written, and with what comes, until interrupted", NULL },
	{ OPT_NO_INDEX, "no-index", ARG_NONE, NULL,
	    "read all of flow files, whatever their index says of them", NULL },
	{ 0 },
};

const struct opt io_output_options[] = {
	{ 'o', "output", ARG_WORDS, "FORMAT",
	    "output format (default: as FILE of -w ends, else flow, a table on a terminal)",
	    "flow table csv tsv json ndjson ipfix null" },
	{ 'w', "write", ARG_FILE, "FILE",
	    "write to FILE, which appears when complete (- standard output)", NULL },
	{ 'n', "count", ARG_TEXT, "N", "at most N output records", NULL },
	{ 'k', "fields", ARG_FIELDS, "FIELDS", "fields to write, +f adds, -f removes, all", NULL },
	{ 'N', "plain", ARG_NONE, NULL, "plain numbers in tables", NULL },
	{ OPT_NO_HEADER, "no-header", ARG_NONE, NULL, "table, csv, tsv: no line of names", NULL },
	{ OPT_RAW, "raw", ARG_NONE, NULL, "json, ndjson: wire names and plain integers", NULL },
	{ OPT_OPTIONS, "options", ARG_NONE, NULL, "print options records too", NULL },
	{ OPT_RESOLVE, "resolve", ARG_NONE, NULL,
	    "interfaces, applications, VRFs by their names from options records", NULL },
	{ OPT_NO_RESOLVE, "no-resolve", ARG_NONE, NULL, "by their numbers, in tables too", NULL },
	{ OPT_FAST, "fast", ARG_NONE, NULL, "files without compression: larger, faster", NULL },
	{ OPT_LEVEL, "level", ARG_TEXT, "N", "zstd level of files (default 1)", NULL },
	{ OPT_NO_HISTORY, "no-history", ARG_NONE, NULL, "do not record how the output was made",
	    NULL },
	{ 0 },
};

const struct opt io_run_options[] = {
	{ 'j', "threads", ARG_TEXT, "N", "threads (default: all processors)", NULL },
	{ 'q', "quiet", ARG_NONE, NULL, "say nothing that is not an error", NULL },
	{ 'v', "verbose", ARG_NONE, NULL, "say what was done on standard error", NULL },
	{ 0 },
};

void
io_opts_init(struct io_opts *o)
{
	*o = (struct io_opts){ .since_ns = INT64_MIN,
		.until_ns = INT64_MAX,
		.limit = UINT64_MAX,
		.memory = UINT64_C(1) << 30 };
}

void
io_opts_free(struct io_opts *o)
{
	field_list_free(&o->fields);
	tz_free(o->tz);
}

static int
refuse_beyond(const char *what, const char *arg, struct err *err)
{
	return err_usage(err, "%s: '%s': times are from " TIME_RANGE, what, arg);
}

static int
parse_point(
    const struct io_opts *o, const char *what, const char *arg, int64_t *ns, struct err *err)
{
	int64_t span;

	if (parse_time(arg, strlen(arg), time_now_ns(), o->tz, ns, &span))
		return 1;
	if (time_is_beyond(arg, strlen(arg), o->tz))
		return refuse_beyond(what, arg, err);
	return err_usage(err,
	    "%s: '%s' is no time; write 2026-11-23, 2026-11-23T21:45, epoch seconds, -1h, "
	    "today or yesterday",
	    what, arg);
}

static int
parse_count(
    const char *what, const char *arg, uint64_t least, uint64_t most, uint64_t *n, struct err *err)
{
	if ((!parse_u64(arg, strlen(arg), n) && !parse_size(arg, strlen(arg), n)) || *n < least ||
	    *n > most)
		return err_usage(err, "%s: '%s' is no number from %llu to %llu", what, arg,
		    (unsigned long long)least, (unsigned long long)most);
	return 1;
}

static int
parse_moment(struct io_opts *o, const struct io_moment *m, struct err *err)
{
	switch (m->key) {
	case OPT_SINCE: return parse_point(o, "--since", m->arg, &o->since_ns, err);
	case OPT_UNTIL: return parse_point(o, "--until", m->arg, &o->until_ns, err);
	default:
		if (parse_window(
			m->arg, strlen(m->arg), time_now_ns(), o->tz, &o->since_ns, &o->until_ns))
			return 1;
		if (time_is_beyond(m->arg, strlen(m->arg), o->tz))
			return refuse_beyond("-t", m->arg, err);
		if (o->since_ns > o->until_ns)
			return err_usage(
			    err, "-t: '%s': a window that ends before it begins", m->arg);
		return err_usage(err,
		    "-t: '%s' is no time window; write A..B, A.. or ..B, for example -1h.., or a "
		    "date, today or yesterday",
		    m->arg);
	}
}

/* Times are those of the zone, which may be said behind them: then they are read again, in their order. */
static int
parse_moments(struct io_opts *o, struct err *err)
{
	int rc = 1;

	for (unsigned i = 0; i < o->n_moments && rc > 0; i++)
		rc = parse_moment(o, &o->moment[i], err);
	return rc;
}

static int
add_moment(struct io_opts *o, int key, const char *arg, struct err *err)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < o->n_moments; i++)
		if (o->moment[i].key != key)
			o->moment[kept++] = o->moment[i];
	o->moment[kept] = (struct io_moment){ key, arg };
	o->n_moments = kept + 1;
	return parse_moment(o, &o->moment[kept], err);
}

int
io_memory(struct io_opts *o, const char *arg, struct err *err)
{
	static const uint64_t least = 4000; /* parts of it are none of 0 */

	if (!parse_size(arg, strlen(arg), &o->memory) || o->memory < least)
		return err_usage(err, "-m: '%s' is no size of 4K or more; write 512M or 4Gi", arg);
	return 0;
}

int
io_opt(struct io_opts *o, int key, const char *arg, struct err *err)
{
	uint64_t n;

	switch (key) {
	case 'i': return io_format_parse(arg, true, &o->in_format, err) == 0 ? 1 : -1;
	case 'o': return io_format_parse(arg, false, &o->out_format, err) == 0 ? 1 : -1;
	case 't':
	case OPT_SINCE:
	case OPT_UNTIL: return add_moment(o, key, arg, err);
	case OPT_TZ:
		tz_free(o->tz);
		if (!tz_parse(arg, strlen(arg), &o->tz))
			return err_usage(err,
			    "--tz: '%s' is no time zone; write UTC, +02:00 or a name such as "
			    "Europe/Zurich",
			    arg);
		return parse_moments(o, err);
	case 'w': o->out_path = arg; return 1;
	case 'n': return parse_count("-n", arg, 0, UINT64_MAX, &o->limit, err);
	case 'k': o->has_fields = true; return field_list_parse(&o->fields, arg, err) == 0 ? 1 : -1;
	case OPT_LEVEL:
		if (parse_count("--level", arg, 1, 19, &n, err) < 0)
			return -1;
		o->level = (int)n;
		return 1;
	case 'j':
		if (parse_count("-j", arg, 1, 256, &n, err) < 0)
			return -1;
		o->threads = (unsigned)n;
		return 1;
	case OPT_RECOVER: o->recover = true; return 1;
	case OPT_SKIP_BAD: o->skip_bad = true; return 1;
	case OPT_LIVE: o->live = true; return 1;
	case OPT_FOLLOW: o->follow = true; return 1;
	case OPT_NO_INDEX: o->no_index = true; return 1;
	case 'N': o->plain = true; return 1;
	case OPT_NO_HEADER: o->no_header = true; return 1;
	case OPT_RAW: o->raw = true; return 1;
	case OPT_OPTIONS: o->options = true; return 1;
	case OPT_RESOLVE: o->resolve = RESOLVE_ALWAYS; return 1;
	case OPT_NO_RESOLVE: o->resolve = RESOLVE_NEVER; return 1;
	case OPT_FAST: o->fast = true; return 1;
	case OPT_NO_HISTORY: o->no_history = true; return 1;
	case 'q': o->quiet = true; return 1;
	case 'v': o->verbose = true; return 1;
	default: return 0;
	}
}
