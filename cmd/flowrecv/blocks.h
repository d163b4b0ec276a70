/*
 * blocks.h - one worker's records on their way from the decoder to the store.
 *
 * The worker decodes into open batches (blocks_out).  One that is full, or old, is filtered, split by partition
 * and encoded here, on the worker's thread, and put in the store's queue.
 */
#ifndef FLOWRECV_BLOCKS_H
#define FLOWRECV_BLOCKS_H

#include "expr/expr.h"
#include "store.h"
#include "wire/wire.h"

struct blocks_opts {
	struct store *store;
	unsigned worker;
	const struct expr *filter; /* only these flow records; NULL: all */
	enum partition_by partition;
	int64_t flush_ns; /* 0: by the kind of output */
	size_t records; /* of a full block, at most BATCH_RECORDS */
	bool timely; /* hand over old records; else only full batches */
	bool fast;
	int level;
};

struct blocks;
struct blocks *blocks_new(const struct blocks_opts *);
void blocks_free(struct blocks *);

/* Where to decode into. */
struct wire_out *blocks_out(struct blocks *);

/* Records that follow were received at now_ns: what came before goes to its period. */
void blocks_clock(struct blocks *, int64_t now_ns);

/* The same where time may begin again at an earlier one: the clock was set back, another capture begins. */
void blocks_set_clock(struct blocks *, int64_t now_ns);

/* Hand over what is old (blocks_due) or large.  After every round of decoding. */
void blocks_flush(struct blocks *);

/* Nanoseconds until blocks_flush or blocks_clock have something to do; -1: nothing waits. */
int64_t blocks_due(const struct blocks *, int64_t now_ns);

/* Is the open batch so full, and the store too, that records must wait or be discarded? */
bool blocks_stalled(struct blocks *);

/* Everything goes to the store; nothing follows. */
void blocks_end(struct blocks *);

struct blocks_stats {
	uint64_t filtered; /* flow records that the filter left out */
	uint64_t options_lost; /* options records for which the store had no room */
};
struct blocks_stats blocks_stats(const struct blocks *);

#endif
