/*
 * state.h - what a collector remembers over its restarts, in a file (--templates).
 *
 * A flow stream of options records: templates (see wire_save), and the options records known, which teach names
 * and sampling.  Written whole or not at all, so whoever is killed leaves the one before.  Damage is told
 * and what was good before it is used; a newer version of the format is refused.
 */
#ifndef FLOWRECV_STATE_H
#define FLOWRECV_STATE_H

#include "flow/batch.h"

/* Batches of options records, closed. */
int state_write(
    const char *path, struct batch *const *, unsigned n, const char *history, struct err *);

/* take is called with each batch read.  A file that is not there holds none.  -1 with err. */
int state_read(const char *path, void (*take)(void *ctx, struct batch *), void *ctx, struct err *);

#endif
