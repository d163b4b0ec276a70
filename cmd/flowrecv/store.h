/*
 * store.h - from decoded records to the output, on a thread of its own.
 *
 * The receiving thread decodes into open batches (store_out); a batch that is full or old is exchanged for an
 * empty one and goes through a short queue to the writer, which encodes, writes and rotates: neither disk
 * nor rotation holds up reception.  Memory is bounded by the number of batches; when all are
 * under way the receiver waits, and what it cannot take meanwhile waits, and at last is counted as
 * dropped, in the kernel's receive buffer.
 */
#ifndef FLOWRECV_STORE_H
#define FLOWRECV_STORE_H

#include "output.h"
#include "wire/wire.h"

struct store_opts {
	struct output_opts output;
	int64_t rotate_ns; /* 0 never */
	int64_t flush_ns; /* 0: by the kind of output */
	bool live; /* received times are now: files for quiet periods too */
	bool timely; /* hand over old records; else only full batches */
};

struct store;

/* Begin the first output, named by now_ns when it is known already (live).  NULL with err. */
struct store *store_open(const struct store_opts *, int64_t now_ns, struct err *);

/* Where to decode into. */
const struct wire_out *store_out(struct store *);

/* Records that follow were received at now_ns: rotates where that lies in another period. */
void store_clock(struct store *, int64_t now_ns);

/* Hand over what is old (store_due) or large.  After every round of decoding. */
void store_flush(struct store *);

/* Nanoseconds until store_flush or store_clock have something to do; -1: nothing waits. */
int64_t store_due(const struct store *, int64_t now_ns);

/* Readable when the writer has failed: for poll(2). */
int store_failure_fd(const struct store *);
bool store_failed(struct store *);

/* How often, and how long, the receiver waited for the writer. */
struct store_stats {
	uint64_t records, options, batches, files, waits, discarded;
	int64_t waited_ns;
};

/*
 * Write what is left and end the output; stops the thread and frees the store.  -1 with err:
 * something was not written; *broken_pipe: because the reader has gone.
 */
int store_close(
    struct store *, bool complete, struct store_stats *, bool *broken_pipe, struct err *);

#endif
