/*
 * runner.h - commands of the user's, run beside a program that may not run anything.
 *
 * A program with threads and a sandbox neither forks nor executes.  It forks once, at start, the runner: a
 * process that takes requests from a queue and runs one command after the other, in the order of the
 * requests, each in a process group of its own and within a time limit.  When to fork: after
 * privileges_drop(), so that neither the runner nor a command is ever root; before sandbox_apply(), which would
 * hold for the runner too, and before threads, whose locks a fork copies as they are.  Commands get none of
 * the program's sockets, files, signal settings and capabilities; their standard input is /dev/null, and
 * their output goes to standard error, since the program's own may carry records.
 *
 * The one surprising rule: commands are given at start and requested by number.  Whoever takes the
 * program over can have them run, on paths of his choice, but cannot have others run.
 *
 * The runner ignores signals but SIGKILL.  It ends when the program does: at a normal end (runner_drain) when
 * the queue is empty; when the program was killed after the command that runs, and those that wait are not run.
 */
#ifndef DAEMON_RUNNER_H
#define DAEMON_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { RUNNER_LIMIT_S = 300, RUNNER_GRACE_S = 5, RUNNER_QUEUE = 4096 };

/* Borrowed until runner_free; at most 16. */
struct runner_command {
	const char *name; /* in messages: the option that gave it */
	/*
	 * The text of `/bin/sh -c`, which is never touched: the path is $1 and FLOW_FILE, so whatever octets it has
	 * it is one word where the text says "$1".  A path that begins with a dash gets ./ before it.
	 */
	const char *shell;
	/* Instead, a program looked for along PATH and its arguments, to which the path is added; ended by NULL. */
	const char *const *argv;
	/* Then SIGTERM, and after RUNNER_GRACE_S SIGKILL, to its process group.  0: RUNNER_LIMIT_S. */
	unsigned limit_s;
	/* A request joins one that waits and has not begun: for commands that look at everything anyway. */
	bool coalesce;
};

struct runner;

/* Fork.  The environment of commands is that of now, but for FLOW_FILE.  NULL with err. */
struct runner *runner_start(const struct runner_command *, unsigned n, struct err *);

/*
 * Have a command run; path may be NULL: there is none.  From any thread; waits 0.1 s at most.  False, and counted:
 * RUNNER_QUEUE requests wait, or the runner is gone.
 */
bool runner_run(struct runner *, unsigned command, const char *path);

/* To poll for reading, then call runner_line.  -1 once the runner is gone: take it out of the poll set. */
int runner_fd(const struct runner *);

/*
 * What went wrong, `NAME: PATH: reason`, one line without newline until the next call; NULL: nothing more now.
 * Reports of success are taken in passing, so call whenever the descriptor is readable.  This and those
 * below from one thread.
 */
const char *runner_line(struct runner *);

/*
 * No more requests: wait until all are done, or until that time of time_monotonic_ns().  Returns lines as above on
 * the way; after NULL either all are done or runner_stats says how many are not.
 */
const char *runner_drain(struct runner *, int64_t until_ns);

struct runner_stats {
	uint64_t done, failed; /* run; of these with another end than status 0 */
	uint64_t coalesced, dropped;
	uint64_t waiting; /* requested, and not known to be done */
};
void runner_stats(const struct runner *, struct runner_stats *);

/* Without runner_drain before, as if the program were killed. */
void runner_free(struct runner *);

#endif
