/*
 * state.h - edges from run to run: a flow stream, one record an edge, so flowcat -o ndjson FILE shows them.
 *
 * What the baseline knows is not in it.  It is put in place when it is whole; a file that is not there is an empty
 * state.
 */
#ifndef FLOWLATERAL_STATE_H
#define FLOWLATERAL_STATE_H

#include "edges.h"

/* -1: err, which names the file.  warn (NULL: nobody) hears where it is damaged. */
int state_read(
    struct edges *, const char *path, void (*warn)(const char *, const struct err *), struct err *);
int state_write(const struct edges *, const char *path, char *const *argv, struct err *);

#endif
