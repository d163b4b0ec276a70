/*
 * job.h - one batch on its way from source to sink: private to io/.
 *
 * Filled by the source on the producing thread, worked on and prepared on a worker, written on the
 * consuming thread in the order of production.
 */
#ifndef IO_JOB_H
#define IO_JOB_H

#include "flow/foreign.h"
#include "io/io.h"
#include "stream/stream.h"

enum job_form {
	JOB_NOTHING, /* no record was selected, or the work dropped it */
	JOB_PASS, /* the block as it was read */
	JOB_BLOCKS, /* encoded blocks in out */
	JOB_TEXT, /* text in out */
	JOB_REST, /* few records, in rest: to be joined with others */
	JOB_PART, /* what the program made of the batch */
	JOB_SELECT, /* the sink takes b and sel itself, in order */
};

/* What a batch is read into, or will be: memory that the next one takes over. */
struct job_room {
	struct stream_slot *slot; /* flow input: the block */
	struct batch *own; /* other input: the records */
	struct csv_piece *piece; /* csv: the lines that they are read from */
};

struct job {
	/* From the source. */
	struct job_room room; /* until nobody needs its batch */
	bool unread; /* they have not been yet: source_read */
	struct csv_bad bad; /* lines of it that were passed over */
	/* status set: a line behind the batch's records is bad, and the input ends there */
	struct err late;
	struct batch *b; /* either one's batch */
	/* known at its place in the stream: a reference; NULL: none are asked for */
	struct names *names;
	unsigned input; /* number of the input, and its name */
	const char *path;
	struct buf path_text; /* holds it where its file may be closed before the job is done */
	struct err err; /* status set: the input failed here, there is no batch */
	bool note; /* err only tells something; the input is complete */
	bool recovered; /* err is damage that was passed over, as was asked for */
	bool listed; /* the input was found in a directory, or is followed */
	bool ends; /* err is to be made of what was counted of the input: source_tell */
	/* the sink's head was made before this job: jobs in front of it leave the head alone */
	bool begun;

	/* From the work. */
	uint64_t *sel;
	size_t cap_sel, n_sel, n_read;
	struct err work_err;
	enum foreign foreign; /* what of the batch is left out as it is no flow */
	struct job_facts {
		bool options;
		unsigned n_cols, n_unpacked;
		uint64_t octets; /* of the block, 0 none */
		struct err err;
	} facts; /* of b, which may be gone when the job is consumed */

	/* From the sink's preparation. */
	enum job_form form;
	struct buf out;
	struct buf notes; /* JOB_BLOCKS: of out, for the file's index */
	struct batch *rest;
	void *part; /* JOB_PART, until it is taken */
	void (*drop)(void *part);
};

void job_free(struct job *);
void job_room_free(struct job_room *);

/* The block that its batch is of; NULL: it is of none. */
static inline struct stream_slot *
job_block(const struct job *j)
{
	return j->room.slot != NULL && j->b == slot_batch(j->room.slot) ? j->room.slot : NULL;
}

/* Bits for n records, all set. */
uint64_t *job_select_all(struct job *, size_t n);

/* The same of its batch, but of a block of which only some records count those are set. */
void job_select(struct job *);

/* Drop a part that was not taken. */
void job_drop(struct job *);

/* Note the facts of the batch, which are final. */
void job_note(struct job *);

/* Keep only the first n of the selected records. */
void job_trim(struct job *, size_t n);

/* Where few records of a block are selected it has no others from here on: the rest costs what these cost. */
void job_narrow(struct job *);

/*
 * Source: the next batch or failure; false at the end of all inputs.  The job's slot is used, or made.  Then, of what
 * it gave: source_read on any thread, before its batch is looked at; source_count, or source_tell where err is set, in
 * order.
 */
bool source_next(struct io_source *, struct job *);
void source_read(struct io_source *, struct job *);
void source_count(struct io_source *, const struct job *);
bool source_tell(struct io_source *, struct job *); /* is there something to be told? */
void source_stop(struct io_source *); /* from another thread: a blocked read ends */
uint64_t source_octets(const struct io_source *); /* of its files; 0 when any is no regular file */
bool source_is_live(const struct io_source *);
const char *source_history(struct io_source *); /* provenance of the inputs seen so far */
bool source_follows(const struct io_source *);

/* The source's end when it is followed: SIGINT and SIGTERM until the release, and nobody reading out_fd (-1 none). */
void source_catch(struct io_source *, int out_fd);
void source_release(struct io_source *);
void source_recovered(const struct io_source *, struct stream_totals *sum);

/* Flow files read to their end, blocks of flows read, and what did not need to be, as their indexes say. */
struct source_index {
	uint64_t files, blocks, passed_files, passed_blocks;
	uint64_t same; /* files whose index is useless for the reason that was told last */
};
const struct source_index *source_index(const struct io_source *);

/*
 * The columns of everything the source will give, as single-column fields: files are looked at by
 * their headers; anything else, what cannot be read and what is being written is first spooled to a temporary file, and
 * the other files with it.  -1: err.
 */
int source_union(struct io_source *, struct field_list *, struct err *);

/* Sink: what a worker keeps. */
struct sink_worker {
	struct encoder *encoder;
	struct stream_noter *noter;
	struct batch *gather, view;
	uint32_t *idx;
	size_t cap_idx;
};
void sink_worker_free(struct sink_worker *);

/*
 * On the producing thread, in order: names are learned from options records, and the job keeps those
 * known now.  References are counted on this thread, and on the one that runs once it has ended.
 */
void sink_name(struct io_sink *, struct job *);

/* Before the first job is prepared: b is the first batch with flow records, or NULL. */
void sink_begin(struct io_sink *, struct batch *b);
bool sink_begun(const struct io_sink *);

/*
 * What this sink writes are records of the program's making only (io_sink_batch): of a run it takes the options
 * records, to pass them on or for the names in them, and none of the flows.  Those that work kept go to take or parts
 * (io_digest).
 */
void sink_defer(struct io_sink *, io_take, const struct io_parts *, void *ctx);
bool sink_defers(const struct io_sink *);

/* Does it print such records at all? */
bool sink_takes(const struct io_sink *, const struct batch *);
int sink_pipe(const struct io_sink *); /* standard output or a FIFO, whose reader may go; else -1 */
void sink_inherit(struct io_sink *, const char *history);
void sink_fields(struct io_sink *, struct field_list *); /* takes the list: csv -k all */
bool sink_wants_union(const struct io_sink *);

/* Batches of the program's making come, in an order that all of them claim or not: the names to print them with. */
struct names *sink_made(struct io_sink *, bool ordered);

/*
 * On a worker: everything that needs no order.  Damage sticks in job->b->err.  Unless there is a limit, or where
 * the run's flows are not written, only what passes as it is, or is selected from, is needed to write the job.
 * drain: who takes its text while it is made; may be NULL.
 */
void sink_prepare(struct io_sink *, struct sink_worker *, struct job *, struct text_drain *drain);

/*
 * In order, of a job whose facts are noted, before what these say is looked at: where it has more records than are
 * still wanted it is made anew of those that are, which may have to read what passing it on whole did not.
 */
void sink_limit(struct io_sink *, struct job *);

/* Behind that, in order.  -1: err; 1: the limit is reached. */
int sink_write(struct io_sink *, struct job *, struct err *);

/* In order, of the text that a job has so far; what may have to be made anew stays.  -1: err. */
int sink_write_early(struct io_sink *, struct job *, struct err *);

/* Write what is held if it has been held long enough (0.2 s), or at once.  -1: err. */
int sink_flush(struct io_sink *, bool now, struct err *);
bool sink_holds(const struct io_sink *); /* something that sink_flush will write in time */

#endif
