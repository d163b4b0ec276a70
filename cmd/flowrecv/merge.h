/*
 * merge.h - a file's small blocks made into full, fully encoded ones.
 */
#ifndef FLOWRECV_MERGE_H
#define FLOWRECV_MERGE_H

#include "stream/stream.h"

/*
 * Rewrite the stream in the file at path, which this process has just written: full blocks and
 * options as they are, plain blocks merged.  The file is replaced whole, and on disk, or stays as it is:
 * -1 with err.  complete: it has an end mark, and gets one again.
 */
int merge_small(
    const char *path, struct encoder *, const char *history, bool complete, struct err *);

#endif
