/*
 * store.h - encoded blocks of all workers to outputs, on threads of its own.
 *
 * Workers put encoded blocks in a queue; one thread appends them to the output of their period and partition;
 * another ends outputs whose period is over for every worker: merging, fsync, rename, and what runs after
 * it.  So neither disk nor rotation hold up reception.  The queue is bounded in octets: store_room tells.
 * An output that cannot be written (a full disk) is tried again until it can or the store is closed.
 */
#ifndef FLOWRECV_STORE_H
#define FLOWRECV_STORE_H

#include "naming.h"
#include "partition.h"

struct store_opts {
	/* NULL: standard output; else a file, pipe or, with to_dir, a directory. */
	const char *path;
	bool to_dir;
	struct naming naming;
	int64_t rotate_ns; /* 0 never */
	enum partition_by partition;
	bool fast;
	int level;
	const char *history; /* NULL: none */
	size_t queue_octets;
	unsigned workers;
	bool live; /* received times are now: files for quiet periods too */
	bool retry; /* a full disk is waited for; else an error */
	/* Something to tell: a file repaired, a write that is tried again.  err NULL: it is well now. */
	void (*said)(void *ctx, const char *subject, const char *what, const struct err *);
	/* A finished file; on the store's thread, and in store_open one that was repaired. */
	void (*finished)(void *ctx, const char *path);
	void *ctx;
};

struct store;

/* Repair what a dead collector left. */
struct store *store_open(const struct store_opts *);

/* Options records that were known when the last collector ended; before store_begin. */
void store_restore(struct store *, struct batch *);

/* Begin the first output where its name is known, and the thread that writes.  -1 with err. */
int store_begin(struct store *, int64_t now_ns, struct err *);

/* Do blocks go to something that is no file? */
bool store_is_pipe(const struct store *);

/* The period that a time lies in, by its beginning, and that of the next: INT64_MAX never. */
int64_t store_period(struct store *, int64_t time_ns, int64_t *next_ns);

/* Is there room for more blocks? */
bool store_room(struct store *);

/* Encoded blocks, and what stream_note says of them for an index; or nothing, and the writer looks itself. */
struct encoded {
	struct buf octets, notes;
};
void encoded_free(struct encoded *);

/* Will the writer have a use for notes? */
bool store_indexes(const struct store *);

/*
 * Blocks of a worker with n flow records, received in a period, of a partition ("": not partitioned).  Takes
 * the buffers' octets and gives back empty ones.  small: to be merged.  Never waits.
 */
void store_put(struct store *, int64_t period, const char *partition, struct encoded *, uint64_t n,
    bool small);

/* A closed batch of options records: its place is taken by an empty one. */
void store_put_options(struct store *, int64_t period, struct batch **);

/* All that the worker received before the period was put. */
void store_pass(struct store *, unsigned worker, int64_t period);

/* Append those known now to an open batch.  Has something changed since the last time? */
void store_known(struct store *, struct batch *);
bool store_known_changed(struct store *);

/* Readable when writing has failed for good: for poll(2). */
int store_failure_fd(const struct store *);
bool store_failed(struct store *);

struct store_stats {
	uint64_t records, options, blocks, octets, files; /* written */
	uint64_t lost; /* flow records that could not be written */
	uint64_t retries;
	size_t queued; /* octets now */
};
void store_stats(struct store *, struct store_stats *);

/*
 * Write what is left, end all outputs and stop the threads; what is known may be asked for until the store is freed.
 * -1 with err: something was not written; its error EPIPE: because the reader has gone.
 */
int store_end(struct store *, bool complete, struct store_stats *, struct err *);
void store_free(struct store *);

#endif
