/*
 * landlock.h - the half of the sandbox that is about files (daemon/sandbox.h).
 */
#ifndef DAEMON_LANDLOCK_H
#define DAEMON_LANDLOCK_H

#include "daemon/sandbox.h"

/* Returns the kernel's version of the interface; 0: it has none, *why says so; -1: err. */
int landlock_apply(const struct sandbox_path *, unsigned n, const char **why, struct err *);

#endif
