/*
 * worker.h - a thread that receives, decodes and encodes the messages of its exporters.
 *
 * An exporter is always on one worker, so nothing that is learned of it is shared.  What other threads want to
 * know a worker copies for them between two rounds of receiving.
 */
#ifndef FLOWRECV_WORKER_H
#define FLOWRECV_WORKER_H

#include "conns.h"
#include "net/repeat.h"

struct worker_opts {
	struct blocks_opts blocks;
	struct wire_opts wire;
	struct door *doors; /* the worker's own */
	unsigned n_doors;
	const struct allow *_Atomic *allow; /* the list to ask now */
	struct repeat **repeat;
	unsigned n_repeat;
	int64_t gather_ns; /* let datagrams gather for so long; 0: the receive buffers are small */
	struct conns_opts conns; /* intake and epoll are filled in */
};

struct worker;
struct worker *worker_new(const struct worker_opts *); /* not running yet */

/* Its parts, while it does not run: to restore what is known, or to read captures without a thread. */
struct wire *worker_wire(struct worker *);
struct blocks *worker_blocks(struct worker *);

/* -1 with errno. */
int worker_start(struct worker *);

/* Take what has arrived, hand it over, and end.  worker_free waits for it. */
void worker_stop(struct worker *);
void worker_wait(struct worker *);
void worker_free(struct worker *);

/* What a worker knows; copies, the caller's to free with snapshot_free. */
struct snapshot {
	struct wire_stats *exporter;
	size_t n, cap;
	struct wire_totals totals;
	struct door *door;
	unsigned n_doors;
	struct wire_place
	    only; /* ours that needs not be told; exporters may have sent to several */
	struct blocks_stats blocks;
	struct repeat_stats repeat;
	uint64_t stalls; /* rounds that had to wait for the store */
	uint64_t changes; /* of templates */
};
void worker_snapshot(struct worker *, struct snapshot *);
void snapshot_free(struct snapshot *);

/*
 * The port that such a one was sent to, and the address, where they have to be told: exporters may send to several of
 * ours, or have sent to another before (remembered templates), and be the same otherwise.  0: it has not.
 */
struct wire_place snapshot_place(const struct snapshot *, const struct wire_stats *);

/* Its templates, as batches appended to a list that the caller owns. */
struct saved {
	struct batch **batch;
	unsigned n;
};
void worker_save(struct worker *, struct saved *);

#endif
