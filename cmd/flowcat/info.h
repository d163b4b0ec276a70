/*
 * info.h - what a flow stream holds (--info), and whether all of it is sound (--check).
 */
#ifndef FLOWCAT_INFO_H
#define FLOWCAT_INFO_H

#include "io/io.h"

/* Append a description of one input.  -1: err, with what could be read described. */
int info_describe(const char *path, const struct io_opts *, struct buf *, struct err *);

/* Read and verify every octet of one input.  -1: err. */
int info_check(const char *path, const struct io_opts *, struct buf *, struct err *);

#endif
