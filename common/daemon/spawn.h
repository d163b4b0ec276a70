/*
 * spawn.h - start a program on its own: in a process group of its own, with no signal blocked, ignored or handled.
 */
#ifndef DAEMON_SPAWN_H
#define DAEMON_SPAWN_H

#include <spawn.h>
#include <sys/types.h>

/* argv[0] is looked for in PATH; files may be NULL.  SIGCHLD is not ignored from now on.  0, or an errno. */
int spawn_clean(pid_t *, const char *const *argv, const posix_spawn_file_actions_t *files);

#endif
