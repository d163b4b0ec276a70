/*
 * state.h - what flowexfil knows from run to run: a flow stream of pairs, hours, resolvers and what was told.
 *
 * A file that is not there is an empty state.
 */
#ifndef FLOWEXFIL_STATE_H
#define FLOWEXFIL_STATE_H

#include "judge.h"

/* -1: err.  What is no state of this program, or of another window or other networks of ours, is refused. */
int state_read(
    struct judge *, const char *path, void (*warn)(const char *, const struct err *), struct err *);
int state_write(struct judge *, const char *path, char *const *argv, struct err *);

#endif
