/*
 * state.h - evidence from run to run: a flow stream of sources, contacts, lines, targets and victims.
 *
 * It is written beside and put in place when it is whole, checksummed as every stream, and readable: flowcat -o ndjson
 * FILE.  A file that is not there is an empty state.
 */
#ifndef FLOWSCAN_STATE_H
#define FLOWSCAN_STATE_H

#include "evidence.h"

/* -1: err.  What is no state of this program, or of another window, is refused. */
int state_read(struct evidence *, const char *path, void (*warn)(const char *, const struct err *),
    struct err *);
int state_write(struct evidence *, const char *path, char *const *argv, struct err *);

#endif
