/*
 * output.h - where blocks go: a pipe, one file, or a directory of files.
 *
 * A file is written as `.NAME.part`, only ever appended to, so that whoever dies leaves a readable
 * prefix; NAME appears whole, by rename.  Small blocks that the flush interval left in it are merged
 * into full ones first, so how often it was flushed does not show in the file.
 */
#ifndef FLOWRECV_OUTPUT_H
#define FLOWRECV_OUTPUT_H

#include "base/err.h"
#include "flow/batch.h"

struct output_opts {
	const char *path; /* NULL: standard output */
	bool dir; /* path is a directory: files by pattern */
	const char *pattern; /* strftime, UTC */
	bool fast;
	int level;
	const char *history; /* NULL: none */
};

struct output;
struct output *output_new(const struct output_opts *); /* strings are borrowed */
void output_free(struct output *);

/* Begin a stream; in a directory the time names it. -1 with err. */
int output_begin(struct output *, int64_t time_ns, struct err *);
bool output_begun(const struct output *);

/*
 * Write a closed batch.  last: nothing follows it soon, so it is worth encoding well whatever its
 * size.  -1 with err, errno kept (EPIPE).
 */
int output_batch(struct output *, struct batch *, bool last, struct err *);

/*
 * End the stream: end mark, merged, in place.  Not complete: no end mark, and a file is left as
 * NAME.incomplete.  -1 with err: the part stays where it is.
 */
int output_end(struct output *, bool complete, struct err *);

/* Of the stream begun last: its final path; "" for a pipe. */
const char *output_path(const struct output *);

/* Is it written for a pipe: blocks leave quickly and need not be small? */
bool output_is_pipe(const struct output *);

#endif
