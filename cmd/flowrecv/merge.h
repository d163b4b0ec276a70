/*
 * merge.h - a file's small blocks made into full, fully encoded ones.
 */
#ifndef FLOWRECV_MERGE_H
#define FLOWRECV_MERGE_H

#include "stream/stream.h"

enum merge_flags {
	MERGE_CUT =
	    1 << 0, /* the stream has no end mark, and may end within a block: that is no error */
	MERGE_FINISH = 1 << 1, /* write an end mark */
};

/*
 * Copy the stream in the file at path to another, PATH.merged, which then takes its place: full blocks and
 * options as they are, plain blocks merged.  Returns the open file, locked and on disk, *records of it; or
 * -1 with err, and the file at path is as it was.
 */
int merge_small(const char *path, struct encoder *, const char *history, unsigned flags,
    uint64_t *records, struct err *);

#endif
