/*
 * store_write.h - a store's queue and outputs: private to store.c and store_write.c.
 */
#ifndef FLOWRECV_STORE_WRITE_H
#define FLOWRECV_STORE_WRITE_H

#include <pthread.h>
#include <stdatomic.h>

#include "finish.h"
#include "store.h"

enum { SPARE_BUFFERS = 8 };

enum job_kind { JOB_BLOCKS, JOB_OPTIONS, JOB_PASS, JOB_END };

struct job {
	struct job *next;
	enum job_kind kind;
	unsigned worker;
	int64_t period;
	char partition[PARTITION_LEN];
	struct encoded blocks;
	uint64_t records;
	bool small;
	struct batch *options;
	size_t octets; /* of memory */
};

/* The output of a period and partition. */
struct place {
	int64_t period;
	char partition[PARTITION_LEN];
	struct output *output;
	uint64_t begun; /* octets that it began with */
};

struct store {
	struct store_opts opts;

	/* The writer's. */
	struct encoder *encoder;
	struct place *place;
	unsigned n_places, cap_places;
	int64_t *passed; /* by worker: it has put all before this period */
	int64_t newest; /* period begun */
	bool begun;
	int64_t epoch; /* the only period when outputs do not rotate; INT64_MIN: not known yet */
	struct buf options; /* a block being encoded */
	struct partitions partitions; /* of options records */
	struct finisher *finisher;
	struct err err;
	int retrying; /* the errno that was told; 0: nothing is tried again */

	/* Shared. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, *last;
	size_t queued; /* octets */
	bool closing;
	struct encoded spare[SPARE_BUFFERS];
	unsigned n_spare;
	struct store_stats stats;
	struct known *known;
	bool known_changed;
	atomic_bool failed;
	int failure_fd;
};

/* The writer's thread; arg: the store. */
void *store_write(void *arg);

/* The output of a period and partition, begun if it is not yet.  NULL: err. */
struct output *store_output_at(struct store *, int64_t period, const char *partition, struct err *);

/* All outputs but those of the periods from first to last, in which workers are. */
void store_finish_but(struct store *, int64_t first, int64_t last, bool complete);

#endif
