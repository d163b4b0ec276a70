/*
 * spawn.h - start a program on its own: in a process group of its own, with no signal blocked, ignored or handled.
 */
#ifndef DAEMON_SPAWN_H
#define DAEMON_SPAWN_H

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>

/* argv[0] is looked for in PATH; files may be NULL.  SIGCHLD is not ignored from now on.  0, or an errno. */
int spawn_clean(pid_t *, const char *const *argv, const posix_spawn_file_actions_t *files);

/*
 * Has a process of spawn_clean ended?  Then how is in *end (waitid(2)), and its number is void.  What it left behind
 * runs on, or is killed if `all` says so.
 */
bool spawn_ended(pid_t, bool all, siginfo_t *end);

#endif
