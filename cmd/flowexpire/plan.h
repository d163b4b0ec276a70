/*
 * plan.h - which files the limits of a store demand.
 *
 * A file goes when one limit demands it.  Sizes and numbers are those of the files that were found,
 * less those that have gone since.  The file system is not asked again, so a disk that gives nothing
 * back (snapshots, hard links, others who write) never makes a run delete more than what should do.
 */
#ifndef FLOWEXPIRE_PLAN_H
#define FLOWEXPIRE_PLAN_H

#include "base/err.h"
#include "base/expire.h"
#include "store.h"

struct plan {
	const struct expire_limits *limits;
	uint64_t octets, files; /* in the store now */
	uint64_t available,
	    available_least; /* of its file system: octets now, and as the limit asks */
	/* What deleting aims at: all of it 0 or UINT64_MAX where nothing is demanded. */
	int64_t before_ns;
	uint64_t octets_most, files_most, available_aim;
};

/*
 * Compare a scanned store with the limits, which are borrowed.  What exceeds a limit of size or files
 * is to be deleted down to `watermark` (0..1] of it, what is free to rise to the limit divided by it; an age
 * is what it is.  -1 with err: the file system cannot be asked, or never has so much free.
 */
int plan_deletions(struct plan *, const struct expire_limits *, double watermark,
    const struct store *, struct err *);

/*
 * Are there more files, or octets in them, than the limits allow?  Then each that is counted by mistake costs another.
 */
bool plan_exceeded(const struct plan *);

/* Name of the first limit that demands a file, the older ones having been asked before; NULL: none does. */
const char *plan_demands(const struct plan *, const struct store *, const struct store_file *);

/* The file is no longer in the store, or never belonged to it. */
void plan_without(struct plan *, const struct store *, const struct store_file *, bool foreign);

/* After all: name of a limit that is not kept, what there is and what it asks; NULL: all are. */
const char *plan_unkept(const struct plan *, uint64_t *is, uint64_t *asked);

#endif
