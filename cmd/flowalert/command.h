/*
 * command.h - a command of the user's for each alert, with the record as JSON on its standard input.
 *
 * The command is the text of `/bin/sh -c` as it was given: nothing of an alert is ever part of it, of its arguments or
 * its environment.  Several run at a time, each in a process group of its own that gets SIGTERM when its time is over
 * and SIGKILL a little later.  Their output goes to standard error, since ours may carry records.
 */
#ifndef FLOWALERT_COMMAND_H
#define FLOWALERT_COMMAND_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { COMMAND_JOBS_MOST = 64, COMMAND_GRACE_S = 5 };

struct commands {
	const char *text; /* NULL: there is none */
	unsigned jobs; /* at a time, at most COMMAND_JOBS_MOST */
	int64_t limit_ns;
	void (*tell)(const char *subject, const struct err *); /* one that failed */

	/* Filled. */
	struct running {
		pid_t pid; /* 0: none */
		int64_t until_ns; /* of time_monotonic_ns */
		unsigned signals; /* sent so far */
		char about[100];
	} running[COMMAND_JOBS_MOST];
	uint64_t failed;
};

/* Run it with n octets on its standard input, waiting while too many do.  about: for messages. */
void command_run(struct commands *, const char *about, const char *input, size_t n);

/* Wait for all. */
void command_wait(struct commands *);

#endif
