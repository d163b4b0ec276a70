/*
 * state.h - what is known from run to run: a flow stream of tracks, destinations' peaks and entropies.
 *
 * With it hours and bins that are not over wait for the next run, so that each is judged once.  It is written beside
 * and put in place when it is whole, checksummed as every stream, and readable: flowcat -o ndjson FILE.  A file that is
 * not there is an empty state.
 */
#ifndef FLOWANOM_STATE_H
#define FLOWANOM_STATE_H

#include "observe.h"

/* -1: err.  What is no state of this program, or of other hours of the week, is refused. */
int state_read(struct observed *, const char *path, void (*warn)(const char *, const struct err *),
    struct err *);
int state_write(const struct observed *, const char *path, char *const *argv, struct err *);

#endif
