/*
 * sink.h - what a sink is made of: private to sink.c, which opens, writes in order and closes, and prepare.c, which
 * does what needs no order.
 */
#ifndef IO_SINK_H
#define IO_SINK_H

#include "base/file.h"
#include "io/job.h"

enum { ENCODE_AT_ONCE = BATCH_RECORDS / 8 };

struct io_sink {
	const struct io_opts *opts;
	enum io_format format;
	int fd;
	bool to_file; /* fd belongs to file */
	struct outfile file;
	uint64_t left; /* records until the limit */

	/* flow */
	struct stream_writer *writer;
	enum block_profile profile;
	bool slow; /* output is a file: blocks and messages are filled however long that takes */
	struct encoder *encoder; /* of the consuming thread */
	struct batch *held; /* records waiting for company */
	int64_t held_since_ns; /* and what the exporter holds */
	const struct field_id *leading; /* io_sink_arrange */
	size_t n_leading;
	struct buf out;

	/* text */
	struct text_writer *text;
	bool begun;
	struct buf head;
	struct field_list columns; /* csv -k all: the union */
	struct names *names; /* known so far; NULL: numbers are printed */
	bool deferred; /* until io_sink_batch is called */

	/* IPFIX */
	struct exporter *exporter;
	bool unsent; /* it may hold records of a message that is not full */

	/* a function of the program's */
	io_take take;
	const struct io_parts *parts;
	void *take_ctx;

	struct sink_worker own; /* for batches of the program's making and the limit's last block */
};

/* Only the columns that -k names, borrowed from the batch. */
struct batch *sink_project(const struct io_sink *, struct sink_worker *, struct batch *);

/* Records put elsewhere as they stood claim the same order. */
void sink_keep_order(struct batch *to, const struct batch *from);

#endif
