/*
 * recompress.h - flow files made smaller where they are (--recompress).
 */
#ifndef FLOWCAT_RECOMPRESS_H
#define FLOWCAT_RECOMPRESS_H

#include "io/io.h"

enum { RECOMPRESS_LEVEL = 6 };

/*
 * Encode a file anew at a level, verify the result, and let it take the file's place, name, mode and times; what it
 * gained is appended to out.  A file that is still being written, is incomplete or damaged is refused, one that would
 * not become smaller left alone.  -1: err, and the file is as it was.
 */
int recompress_file(
    const char *path, const struct io_opts *, char *const *argv, struct buf *out, struct err *err);

#endif
