/*
 * io.h - what makes every program take every format: sources, sinks, and the run between them.
 *
 * A program opens a source (files, directories in time order, standard input; flow, csv, IPFIX
 * recognised), a sink (flow or text, to standard output or a file that appears whole), and runs its
 * work on the batches in parallel.  Options records pass by the work untouched.
 */
#ifndef IO_IO_H
#define IO_IO_H

#include "base/opt.h"
#include "flow/batch.h"
#include "flow/probe.h"
#include "text/text.h"

/* Formats: one table. */
enum io_format {
	IO_AUTO,
	IO_FLOW,
	IO_TABLE,
	IO_CSV,
	IO_TSV,
	IO_JSON,
	IO_NDJSON,
	IO_NULL,
	IO_IPFIX
};
int io_format_parse(const char *, bool input, enum io_format *, struct err *);

/*
 * Options shared by programs: rows for their tables, filled by io_opt.  io_opt returns 1 when the key was one
 * of these, 0 when not, -1 with err.
 */
/* -i -t --since --until --recover --skip-bad --live --follow --no-index --tz */
extern const struct opt io_input_options[];
/* -o -w -n -k -N --raw --options --resolve --no-resolve --fast --level --no-history */
extern const struct opt io_output_options[];
extern const struct opt io_run_options[]; /* -j -q -v */

/* Numbers that options records name, in text: by their names? */
enum io_resolve { RESOLVE_IN_TABLES, RESOLVE_ALWAYS, RESOLVE_NEVER };

struct io_opts {
	/* input */
	enum io_format in_format;
	int64_t since_ns, until_ns; /* overlap: end >= since and start < until */
	bool recover, skip_bad, live, follow, no_index;
	/*
	 * Programs that drop records: false where a probe rules out that any of its records is kept, so that files with
	 * an index need not be read where they hold none.  NULL: all are wanted.  On the producing thread.
	 */
	bool (*wants)(void *ctx, const struct probe *);
	void *wants_ctx;
	/* output */
	enum io_format out_format; /* IO_AUTO: see io_out_format */
	const char *out_path; /* -w; NULL: standard output */
	uint64_t limit; /* -n; UINT64_MAX none */
	struct field_list fields; /* -k */
	bool has_fields, plain, no_header, raw, options, fast, no_history;
	/*
	 * The program wants flows: what is none (flow/foreign.h) is not given to it.  An operand that has such records
	 * is told and makes the input incomplete, a file of a directory is only told.
	 */
	bool flows;
	bool alerts; /* the program writes alerts: what text shows of them, though there be none */
	bool told; /* which say how many they stand for */
	enum io_resolve resolve;
	int level;
	struct tz *tz; /* of times read and printed */
	struct io_moment {
		int key;
		const char *arg;
	} moment[3]; /* -t, --since, --until: the last of each, in order */
	unsigned n_moments;
	/* the output is one segment of input: the order that its blocks claim holds */
	bool same_order;
	/* run */
	unsigned threads;
	bool quiet, verbose;
	uint64_t memory; /* -m */
	const char *tmpdir; /* -T */
	/* Where what is wrong with an input, but not fatal, is said: programs set diag_err. */
	void (*warn)(const char *subject, const struct err *);
	/* How far a long run is, once a second; NULL at its end.  Programs set diag_progress. */
	void (*progress)(const char *text);
};
void io_opts_init(struct io_opts *);
int io_opt(struct io_opts *, int key, const char *arg, struct err *);
/* -m of those that have it; -1: err. */
int io_memory(struct io_opts *, const char *arg, struct err *);
void io_opts_free(struct io_opts *);

/* What is written: as -o says, else as the name of -w ends, else a table on a terminal, else flow. */
enum io_format io_out_format(const struct io_opts *);

/* The name of a format, text or IPFIX, that a path ends with behind a dot; NULL: none. */
const char *io_suffix(const char *path);

/*
 * Operands as files: a directory stands for the flow files in and below it, in time order (by the start of
 * their first records); names that begin with a dot are left out, but parts (.NAME.part) are found if live.  Borrowed
 * strings are copied.  -1 with err: an empty name, a directory without flow files, or one that cannot be read; free it
 * all the same.
 */
struct io_paths {
	char **path;
	bool *listed; /* found in a directory, not named */
	size_t n;
	uint64_t octets; /* of all that are regular files */
	bool others; /* not all are */
	bool waits; /* one of them is a pipe or a device: to read it may wait */
};
int io_paths_expand(struct io_paths *, char *const *operands, int n, bool live, struct err *);

/*
 * Path i is not there.  Was it a part in a directory, it has been renamed since: its whole name takes its place, or
 * nothing where that was found as well, and what is now the i-th is to be read.  false: it was none.
 */
bool io_paths_renamed(struct io_paths *, size_t i);
void io_paths_free(struct io_paths *);

/* What the input's first octets say it is; *why names a format that is known but not read here. */
enum io_format io_recognise(const void *head, size_t n, const char **why);

/* What they are that is known but not read here, whatever the input is said to be; NULL: not known. */
const char *io_other(const void *head, size_t n);

struct io_source;
struct io_sink;

/*
 * paths: operands; none or "-" is standard input.  NULL with err.  With opts->follow files are read on as they
 * are written, and io_run ends when SIGINT or SIGTERM says so: with a complete output.
 */
struct io_source *io_source_open(char *const *paths, int n, const struct io_opts *, struct err *);
void io_source_close(struct io_source *);

/* argv: for the history.  NULL with err.  Refuses binary to a terminal. */
struct io_sink *io_sink_open(const struct io_opts *, char *const *argv, struct err *);

/*
 * A sink that hands batches, options records too, with their selection (NULL: all) to a function, in order
 * and on the thread that called io_run.  The function returns -1 with err to stop.
 */
typedef int (*io_take)(void *ctx, struct batch *, const uint64_t *sel, struct err *);
struct io_sink *io_sink_function(const struct io_opts *, io_take, void *ctx);

/*
 * Finish: end mark or closing text, everything flushed, the file in place.  complete false: no end mark and
 * PATH.incomplete instead of PATH.  Frees the sink.  -1 with err.
 */
int io_sink_close(struct io_sink *, bool complete, struct err *);

/*
 * Of batches of one's own making these columns stand first and in this order, whichever records have them.  Borrowed.
 */
void io_sink_arrange(struct io_sink *, const struct field_id *, size_t n);

/* Write a batch of one's own making (aggregates, generated records), in order. -1 err; 1: the limit is reached. */
int io_sink_batch(struct io_sink *, struct batch *, struct err *);

/* The same for those who hand batches out to a function, as alerts_ranked does: 0 at the limit too. */
int io_sink_put(void *sink, struct batch *, struct err *);

/*
 * Write n batches of one's own making, which are made and formatted in parallel: make(ctx, i, b) on any thread, b
 * an open batch.  -1 err; 1: the limit is reached.
 */
int io_sink_many(struct io_sink *, unsigned threads, size_t n,
    void (*make)(void *ctx, size_t i, struct batch *b), void *ctx, struct err *);

/*
 * The work on one batch, on any worker thread: set bits of sel (b->n records, all set before).  Return
 * IO_KEEP to write the selected records, IO_DROP for nothing, -1 with err.
 */
enum io_verdict { IO_KEEP, IO_DROP };
typedef int (*io_work)(void *ctx, unsigned worker, struct batch *, uint64_t *sel, struct err *);

struct io_result {
	uint64_t read, selected; /* flow records */
	uint64_t columns, unpacked; /* columns of blocks read, and of those unpacked */
	uint64_t files, passed_files, passed_blocks; /* of flow: asked by their index; not read */
	/* input was cut or damaged, as warn was told: what is made of it is not whole */
	bool incomplete;
	bool recovered; /* the same under --recover: the rest is taken for all there is */
	bool stopped; /* the limit was reached */
	bool whole; /* io_digest: what was made of the input is, a state may go on from there */
};

/* The exit status: EXIT_FAILED where some of the input was lost, else EXIT_DONE. */
int io_status(const struct io_result *);

/* For --verbose: append what indexes spared, where they spared anything. */
void io_put_passed(struct buf *, const struct io_result *);

/*
 * Run work (NULL: keep all) over the source into the sink (NULL: none).  Time windows of the options
 * are applied before work.  Damage in one input is told to opts->warn and ends that input.
 * -1: err, the output failed.
 */
int io_run(struct io_source *, struct io_sink *, const struct io_opts *, io_work, void *ctx,
    struct io_result *, struct err *);

/* The whole life of a filter: open both, run, close.  Returns the exit status; err says why not 0. */
int io_filter(const struct io_opts *, char *const *paths, int n, char *const *argv, io_work,
    void *ctx, struct io_result *, struct err *);

/*
 * Of each batch's flows that work kept a worker makes a part, for which the batch is not needed any more.  Parts are
 * taken in order, on the thread that called io_digest.
 */
struct io_parts {
	/* First, of n selected records those are left that are wanted, and their number returned. */
	size_t (*choose)(void *ctx, struct batch *, uint64_t *sel, size_t n);
	/* Of those, or none.  NULL: nothing to take. */
	void *(*make)(void *ctx, struct batch *, const uint64_t *sel);
	int (*take)(void *ctx, void *part, struct err *); /* the part is gone; -1: err, stop */
	void (*drop)(void *part); /* not taken: its input turned out to be damaged */
};

/*
 * The whole life of a program whose records are made of all its input: open both, run work over the flows and hand
 * what it kept to take or, in parts, to parts (any of them may be NULL), then let end write with io_sink_batch,
 * close.  Returns as io_filter.  take is called in order, on the thread that called io_digest; work, which runs on
 * several, had better unpack the columns that take will ask for.
 */
struct io_digest {
	io_work work;
	io_take take;
	const struct io_parts *parts; /* instead of take */
	/* NULL: there is none, and what work keeps is written as it comes.  -1: err. */
	int (*end)(void *ctx, struct io_sink *, const struct io_result *, struct err *);
	void *ctx;
};
int io_digest(const struct io_opts *, char *const *paths, int n, char *const *argv,
    const struct io_digest *, struct io_result *, struct err *);

#endif
