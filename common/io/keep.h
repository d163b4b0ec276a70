/*
 * keep.h - a flow file that a program keeps for itself, from run to run.
 *
 * It is written beside and put in place when it is whole, checksummed as every stream, and readable by flowcat.
 */
#ifndef IO_KEEP_H
#define IO_KEEP_H

#include "io/io.h"

/* write hands the records to the sink (io_sink_batch); -1 with err leaves the file as it was. */
int io_keep_write(const char *path, char *const *argv,
    int (*write)(void *ctx, struct io_sink *, struct err *), void *ctx, struct err *);

/*
 * Before it is written.  Its batches go to take, which says in *begun that it saw the one that every such file begins
 * with.  0: it was whole, or there is none yet; -1 with err: it was not, or cannot be written anew where it is, or take
 * said so.  what it should be is for the message.  warn (NULL: nobody) hears where it is damaged.
 */
int io_keep_read(const char *path, const char *what, io_take take, void *ctx, const bool *begun,
    void (*warn)(const char *, const struct err *), struct err *err);

#endif
