/*
 * flowagg - group flow records by keys and aggregate values.
 */
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/ordered.h"
#include "expr/expr.h"
#include "io/io.h"
#include "ops/group.h"
#include "ops/sort.h"

enum { KEY_HAVING = OPT_LONG + 1, KEY_SCALE, KEY_VERBOSE, ROWS_MAX = 32 };

/* -v is what the field's hands expect here; --verbose has no letter in this program. */
static const struct opt options[] = {
	{ 'k', "fields", ARG_FIELDS, "KEYS",
	    "group by these: srcip/24, srcip/24:48, end/5m, any field (default: one group)", NULL },
	{ 'v', "values", ARG_FIELDS, "VALUES",
	    "flows, count, FIELD, or sum min max mean p95 distinct first last of (FIELD)", NULL },
	{ 'b', "biflow", ARG_NONE, NULL, "both directions of a conversation are one group", NULL },
	{ 'O', "order", ARG_FIELDS, "FIELD[:asc],...",
	    "order by these (default: the first count or sum)", NULL },
	{ KEY_HAVING, "having", ARG_TEXT, "EXPRESSION", "only groups for which this is true",
	    NULL },
	{ KEY_SCALE, "scale", ARG_NONE, NULL,
	    "multiply packets and octets by the sampling interval", NULL },
	{ 'm', "memory", ARG_TEXT, "SIZE", "memory to use before going to disk (default 1Gi)",
	    NULL },
	{ 'T', "tmpdir", ARG_DIR, "DIR", "directory of temporary files (default TMPDIR or /tmp)",
	    NULL },
	{ KEY_VERBOSE, "verbose", ARG_NONE, NULL, "say what was done on standard error", NULL },
	{ 0 },
};

struct flowagg {
	struct io_opts io;
	struct group_spec spec;
	const char *having, *order;

	struct group_table **tables; /* one a thread */
	unsigned n_tables;

	struct expr_state *filter;
	uint64_t *sel;
	uint64_t n_kept; /* groups that it is true for */
	/* Of the result: keys, values, each with the other direction's behind it. */
	struct field_id *column;
	size_t n_columns;
	struct sort_key *keys;
	size_t n_keys;
	struct sorter *sorter;
	struct io_sink *sink;
	struct err *err;
	int rc; /* of the last sink call */
};

/* Options ----------------------------------------------------------------------------------------- */

/* The shared rows but for a letter that means something else here. */
static void
copy_rows(struct opt *to, const struct opt *from, int without)
{
	unsigned n = 0;

	for (; from->key != 0; from++)
		if (from->key != without && n + 1 < ROWS_MAX)
			to[n++] = *from;
	to[n] = (struct opt){ 0 };
}

static int
parse_own(struct flowagg *f, int key, const char *arg, struct err *err)
{
	switch (key) {
	case 'k': return group_spec_keys(&f->spec, arg, err);
	case 'v': return group_spec_values(&f->spec, arg, err);
	case 'b': f->spec.biflow = true; return 0;
	case 'O': f->order = arg; return 0;
	case 'T': f->io.tmpdir = arg; return 0;
	case 'm': return io_memory(&f->io, arg, err);
	case KEY_HAVING: f->having = arg; return 0;
	case KEY_SCALE: f->spec.scale = true; return 0;
	case KEY_VERBOSE: f->io.verbose = true; return 0;
	default: return io_opt(&f->io, key, arg, err) < 0 ? -1 : 0;
	}
}

/* Is it a column of the result, or computed of such, all of which are there? */
static bool
in_result(const struct group_spec *s, const struct field *f)
{
	struct batch *b = batch_new();
	bool found = false, made;

	for (size_t i = 0; i < s->n_keys; i++) {
		found |= field_reads(f, &s->keys[i].as);
		batch_column(b, &s->keys[i].as, TYPE_UINT, 8, 0);
	}
	for (size_t i = 0; i < s->n_values; i++) {
		const struct group_value *v = &s->values[i];

		found |= field_reads(f, &v->as) || (s->biflow && field_reads(f, &v->reverse));
		batch_column(b, &v->as, TYPE_UINT, 8, 0);
	}
	made = f->derived == DERIVED_NONE || batch_may_have(b, f);
	batch_free(b);
	return found && made;
}

/* What to do about a field that is not in the result. */
static const char *
how_to_have(const struct field *f)
{
	switch (f->derived) {
	case DERIVED_DURATION: return "it is computed of first and last; add them to -v";
	case DERIVED_BPS: return "it is computed of bytes, first and last; add them to -v";
	case DERIVED_PPS: return "it is computed of packets, first and last; add them to -v";
	case DERIVED_BPP: return "it is computed of bytes and packets; add them to -v";
	default: return "add it to -k or -v";
	}
}

/*
 * Multiplied counters beside the interval that they were sampled at would be multiplied once more by what reads them.
 */
static int
check_scale(const struct group_spec *s, struct err *err)
{
	static const char name[] = "sampling";
	struct field sampling;

	if (!s->scale)
		return 0;
	if (field_parse(&sampling, name, sizeof(name) - 1, err) < 0)
		return -1;
	return in_result(s, &sampling)
		   ? err_usage(err, "--scale makes sampling 1; leave it out of -k")
		   : 0;
}

/* What was not said: both sides of a conversation for -b, and the usual counters. */
static int
complete_spec(struct flowagg *f, struct err *err)
{
	bool no_values = f->spec.n_values == 0;

	if (f->spec.biflow && f->spec.n_keys == 0 &&
	    group_spec_keys(&f->spec, "srcip,dstip,srcport,dstport,proto", err) < 0)
		return -1;
	if (no_values && f->spec.biflow && group_spec_values(&f->spec, "first,last", err) < 0)
		return -1;
	if (no_values && group_spec_values(&f->spec, "flows,packets,bytes", err) < 0)
		return -1;
	f->spec.memory = f->io.memory / 4 * 3;
	f->spec.tmpdir = f->io.tmpdir;
	group_spec_zone(&f->spec, f->io.tz);
	if (check_scale(&f->spec, err) < 0)
		return -1;
	return group_spec_check(&f->spec, err);
}

static void
order_by_id(struct flowagg *f, const struct field_id *id, bool ascending)
{
	struct field field;

	field_of_id(&field, id);
	sort_keys_add(&f->keys, &f->n_keys, &field, ascending);
}

/* The value that groups are ordered by without -O: the first that counts something, else the first. */
static const struct field_id *
main_value(const struct group_spec *s)
{
	for (size_t i = 0; i < s->n_values; i++)
		if (s->values[i].fn < FN_MIN && s->values[i].fn != FN_OR)
			return &s->values[i].as;
	return &s->values[0].as;
}

/*
 * Without -O: by the first key ascending if that is a time, else by the main value, biggest first.
 * Groups that this leaves equal are ordered by their keys, so that equal runs print equal output.
 */
static int
complete_order(struct flowagg *f, struct err *err)
{
	const struct group_spec *s = &f->spec;

	if (f->order != NULL) {
		if (sort_keys_parse(&f->keys, &f->n_keys, f->order, err) < 0)
			return -1;
		for (size_t k = 0; k < f->n_keys; k++)
			if (!in_result(s, &f->keys[k].field))
				return err_usage(err, "-O %s: not in the result; %s",
				    f->keys[k].field.name, how_to_have(&f->keys[k].field));
	} else if (s->n_keys == 0 || s->keys[0].field.type != TYPE_TIME) {
		order_by_id(f, main_value(s), false);
	}
	for (size_t k = 0; k < s->n_keys; k++)
		order_by_id(f, &s->keys[k].as, true);
	return 0;
}

/* The keys and values in the order they were asked for. */
static void
list_columns(struct flowagg *f)
{
	const struct group_spec *s = &f->spec;

	f->column = mem_zero(s->n_keys + 2 * s->n_values, sizeof(*f->column));
	for (size_t k = 0; k < s->n_keys; k++)
		f->column[f->n_columns++] = s->keys[k].as;
	for (size_t i = 0; i < s->n_values; i++) {
		f->column[f->n_columns++] = s->values[i].as;
		if (s->biflow && s->values[i].reverse.id + s->values[i].reverse.pen != 0)
			f->column[f->n_columns++] = s->values[i].reverse;
	}
}

/* Tables and csv have these columns and no others. */
static void
choose_fields(struct flowagg *f)
{
	enum io_format format = io_out_format(&f->io);
	struct field_list *l = &f->io.fields;

	if (format != IO_TABLE && format != IO_CSV && format != IO_TSV)
		return;
	l->fields = mem_zero(f->n_columns, sizeof(*l->fields));
	while (l->n < f->n_columns) {
		field_of_id(&l->fields[l->n], &f->column[l->n]);
		l->n++;
	}
	f->io.has_fields = true;
}

static void
parse(struct flowagg *f, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key;

	while ((key = opt_next(parser, &arg)) != 0)
		if (parse_own(f, key, arg, &err) < 0)
			opt_usage(parser->program, "%s", err.text);
	if (complete_spec(f, &err) < 0 || complete_order(f, &err) < 0)
		opt_usage(parser->program, "%s", err.text);
	list_columns(f);
	choose_fields(f);
}

/* Grouping -------------------------------------------------------------------------------------- */

/* Records end here: what goes on to a flow output is the options records only. */
static int
add_records(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	struct flowagg *f = ctx;

	if (group_add(f->tables[worker], b, sel, err) < 0)
		return -1;
	memset(sel, 0, bits_words(b->n) * 8);
	return IO_DROP;
}

static bool
take_groups(void *ctx, struct batch *b)
{
	struct flowagg *f = ctx;

	if (f->filter != NULL) {
		if (f->sel == NULL)
			f->sel = mem_alloc(bits_words(BATCH_RECORDS) * 8);
		f->n_kept += expr_select(f->filter, b, f->sel);
	}
	f->rc = sort_add(f->sorter, b, f->sel, f->err);
	return f->rc == 0;
}

static bool
write_groups(void *ctx, struct batch *b)
{
	struct flowagg *f = ctx;

	f->rc = io_sink_batch(f->sink, b, f->err);
	return f->rc == 0;
}

/* With -n, groups that a value puts behind so many others need not be looked at. */
static bool
choose_top(const struct flowagg *f, struct group_top *top)
{
	const struct field *by = f->n_keys > 0 ? &f->keys[0].field : NULL;
	unsigned found = 0;

	if (by == NULL || f->keys[0].ascending || f->filter != NULL || f->io.limit == UINT64_MAX)
		return false;
	for (size_t k = 0; k < f->spec.n_keys; k++)
		if (field_has(by, &f->spec.keys[k].as))
			return false;
	for (size_t i = 0; i < f->spec.n_values; i++) {
		if (!field_has(by, &f->spec.values[i].as))
			continue;
		*top = (struct group_top){ .value = i, .n = f->io.limit, .counted = f->io.verbose };
		found++;
	}
	return found == 1;
}

/* No group was what --having wants: because none could be? */
static void
warn_unmet(const struct flowagg *f)
{
	const char *name = expr_unmet(&f->filter, 1, true);
	struct err err = { 0 };
	struct field field = { 0 };

	if (name == NULL)
		return;
	if (field_parse(&field, name, strlen(name), &err) == 0 && in_result(&f->spec, &field))
		diag("--having", "none of the groups has '%s'", name);
	else
		diag("--having", "'%s' is not in the result; %s", name, how_to_have(&field));
}

static int
hand_on(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowagg *f = ctx;
	struct group_top top;
	const char *doubt[GROUP_DOUBTS];
	unsigned spills = 0, n_doubts;

	f->err = err;
	f->sink = sink;
	io_sink_arrange(sink, f->column, f->n_columns);
	for (unsigned i = 0; i < f->n_tables; i++)
		spills += group_spills(f->tables[i]);
	if (group_finish(f->tables, f->n_tables, choose_top(f, &top) ? &top : NULL, take_groups, f,
		err) < 0 ||
	    f->rc < 0)
		return -1;
	if (f->io.verbose)
		diag(NULL, "%llu records, %llu groups, %u times to disk",
		    (unsigned long long)result->read,
		    (unsigned long long)group_count(f->tables, f->n_tables), spills);
	n_doubts = group_doubts(f->tables, f->n_tables, doubt);
	for (unsigned i = 0; i < n_doubts && !f->io.quiet; i++)
		diag(NULL, "%s", doubt[i]);
	if (f->filter != NULL && f->n_kept == 0 && !f->io.quiet)
		warn_unmet(f);
	f->rc = 0;
	if (sort_finish(f->sorter, write_groups, f, err) < 0 || f->rc < 0)
		return -1;
	return 0;
}

static int
run(struct flowagg *f, const struct optparse *parser, char **argv, struct err *err)
{
	const struct io_digest digest = { .work = add_records, .end = hand_on, .ctx = f };
	struct io_result result;

	return io_digest(&f->io, parser->operands, parser->n_operands, argv, &digest, &result, err);
}

/* A record without flows counts as one.  A group without them does not: what it counted was not asked for. */
static void
want_flows(void *ctx, const struct field *field)
{
	struct flowagg *f = ctx;

	if (field->derived == DERIVED_FLOWS && f->err->status == 0 && !in_result(&f->spec, field))
		err_usage(f->err, "--having: '%s' is not in the result; %s", field->name,
		    how_to_have(field));
}

static int
prepare(struct flowagg *f, struct expr **having, struct err *err)
{
	*having = NULL;
	f->err = err;
	if (f->having != NULL) {
		*having = expr_compile(f->having, f->io.tz, err);
		if (*having == NULL)
			return -1;
		expr_fields(*having, want_flows, f);
		if (err->status != 0)
			return -1;
		f->filter = expr_state_new(*having);
	}
	f->n_tables = f->io.threads ? f->io.threads : ordered_processors();
	f->tables = mem_zero(f->n_tables, sizeof(struct group_table *));
	for (unsigned i = 0; i < f->n_tables; i++)
		f->tables[i] = group_new(&f->spec, f->n_tables);
	f->sorter = sort_new(f->keys, f->n_keys, f->io.limit, f->io.memory / 4, f->io.tmpdir);
	return 0;
}

static void
release(struct flowagg *f, struct expr *having)
{
	for (unsigned i = 0; i < f->n_tables; i++)
		group_free(f->tables[i]);
	mem_free(f->tables);
	sort_free(f->sorter);
	sort_keys_free(f->keys);
	mem_free(f->column);
	if (f->filter != NULL)
		expr_state_free(f->filter);
	expr_free(having);
	mem_free(f->sel);
	group_spec_free(&f->spec);
	io_opts_free(&f->io);
}

int
main(int argc, char **argv)
{
	struct opt output[ROWS_MAX], running[ROWS_MAX];
	const struct opt *const tables[] = { options, io_input_options, output, running, NULL };
	const struct program program = { "flowagg", "[options] [-k KEYS] [-v VALUES] [FILE ...]",
		"group flow records by keys and aggregate values", tables,
		"flowagg -k srcip -v bytes,distinct_dstip -n 10 -o table day.flow\n"
		"flowagg -k srcip/24,end/1h -v flows,mean_bytes -o csv day.flow\n"
		"flowagg -k proto -v count,p50_bytes,p95_bytes -o table day.flow\n"
		"flowagg -b -O bytes -n 20 -o table day.flow\n"
		"flowagg -k srcip -v distinct_dstip --having 'distinct_dstip > 100' day.flow\n",
		field_help };
	struct flowagg f = { 0 };
	struct optparse parser;
	struct expr *having;
	struct err err = { 0 };
	int status;

	diag_init(argv[0]);
	copy_rows(output, io_output_options, 'k');
	copy_rows(running, io_run_options, 'v');
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.progress = diag_progress;
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	if (prepare(&f, &having, &err) < 0)
		status = err.status;
	else
		status = run(&f, &parser, argv, &err);
	diag_end(having == NULL && f.having != NULL ? "--having" : NULL, &err);
	release(&f, having);
	opt_end(&parser);
	return opt_finish(status);
}
