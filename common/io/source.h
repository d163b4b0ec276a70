/*
 * source.h - the inputs of a run and where they are: private to source.c and union.c.
 */
#ifndef IO_SOURCE_H
#define IO_SOURCE_H

#include <stdatomic.h>

#include "io/follow.h"
#include "io/interrupt.h"
#include "io/ipfix_in.h"
#include "io/job.h"

struct io_source {
	const struct io_opts *opts;
	struct follow *follow; /* --follow: instead of all that concerns paths and the open input */
	struct interrupt interrupt;
	struct io_paths paths;
	size_t next; /* path to open */
	unsigned input;
	const char *path; /* of the open input */
	bool listed; /* it was found in a directory */

	/* The open input: one of these. */
	struct stream_reader *flow;
	struct csv_reader *csv;
	struct ipfix_in *ipfix;
	bool alone; /* one thread does everything */
	bool begun; /* a batch of flow records was given */
	atomic_uint given_up; /* the last input whose rest is not wanted, as a line of it is bad */
	struct csv_bad bad; /* lines passed over, of pieces that were counted */
	struct job *spooled; /* what went wrong while spooling, to be told at the end */
	size_t n_spooled, told;
	bool spooling;
	int stop_fd; /* readable when the run wants no more */

	struct stream_totals lost; /* under --recover, over all inputs */
	struct buf history;
	bool seen_history; /* of the open input */
	struct err note; /* something to tell of the open input before its first batch */
	struct source_index index;
	struct err useless; /* what was told last of an index */
	bool read_flows; /* of the open input */
};

/* Done with the open input, if there is one. */
void source_close_input(struct io_source *);

/* -k all of what is followed: it would never begin.  -1: err. */
int source_refuse_all(struct err *);

#endif
