/*
 * index.h - giving flow files an index.
 */
#ifndef FLOWCAT_INDEX_H
#define FLOWCAT_INDEX_H

#include "io/io.h"

/*
 * Rewrite the file at path with a new index unless it has a sound one: blocks, mode and times as they were, the old
 * file in place until the new one is whole.  What was done is appended to out, one line.  -1: err, the file is as it
 * was.
 */
int index_make(const char *path, const struct io_opts *, struct buf *out, struct err *);

#endif
