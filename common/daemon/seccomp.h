/*
 * seccomp.h - the half of the sandbox that is about system calls (daemon/sandbox.h).
 */
#ifndef DAEMON_SECCOMP_H
#define DAEMON_SECCOMP_H

#include "base/err.h"

/* For all threads.  1: it holds; 0: not available, *why says so; -1: err. */
int seccomp_apply(const char **why, struct err *);

#endif
