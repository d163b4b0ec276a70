/*
 * request.h - what a program and its runner of commands say to each other (daemon/runner.h).
 *
 * Messages of a SOCK_SEQPACKET pair.  A request names a command by its number, never by its text: a program
 * that has been taken over can have the commands run that its user gave, and no others.  For the same
 * reason the runner reads requests as hostile.
 */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/runner.h"

/* Commands of a runner, and octets of a request, at most. */
enum { REQUEST_COMMANDS = 16, REQUEST_OCTETS = 16384 };

struct request {
	unsigned command;
	const char *path; /* NULL: none */
};

/* Octets written to dst, of REQUEST_OCTETS; 0 where they do not suffice.  "" is as NULL. */
size_t request_put(uint8_t *dst, const struct request *);

/* Pointers into data, which stays.  False: not a request for one of so many commands. */
bool request_get(struct request *, const void *data, size_t len, unsigned n_commands);

/* How a command ended: an answer to each request.  As it is in memory: both sides are one program. */
enum outcome {
	OUTCOME_EXIT, /* value: the status */
	OUTCOME_SIGNAL, /* value: the signal */
	OUTCOME_TIME, /* value: the limit in seconds */
	OUTCOME_CANNOT, /* value: errno */
	OUTCOME_JOINED, /* coalesced with one that waits */
};

struct report {
	enum outcome outcome;
	unsigned command;
	int value;
	char path[1024]; /* cut */
};

/* The runner's process: from the fork to its end, on its end of the pair. */
_Noreturn void runner_child(int fd, const struct runner_command *, unsigned n);

#endif
