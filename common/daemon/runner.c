/*
 * runner.c - the program's side: requests out, reports in.
 */
#include "daemon/runner.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "daemon/request.h"

enum { PATIENCE_MS = 100 };

struct runner {
	const struct runner_command *commands;
	unsigned n_commands;
	int fd;
	pid_t pid;
	/* Any thread's. */
	atomic_bool gone; /* the runner has ended; fd is still ours */
	_Atomic uint64_t waiting, dropped;
	/* One thread's. */
	bool ending;
	uint64_t done, failed, coalesced;
	char line[2048];
};

struct runner *
runner_start(const struct runner_command *commands, unsigned n, struct err *err)
{
	struct runner *r;
	int pair[2];
	pid_t pid;

	assert(n > 0 && n <= REQUEST_COMMANDS);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		err_system(err, "cannot connect a process for commands");
		return NULL;
	}
	pid = fork();
	if (pid == 0)
		runner_child(pair[1], commands, n);
	close(pair[1]);
	if (pid < 0) {
		err_system(err, "cannot start a process for commands");
		close(pair[0]);
		return NULL;
	}
	r = mem_zero(1, sizeof *r);
	r->commands = commands;
	r->n_commands = n;
	r->fd = pair[0];
	r->pid = pid;
	return r;
}

/* The runner reads at once, so its queue's being full for longer than a moment means that it cannot. */
static bool
deliver(const struct runner *r, const void *message, size_t n)
{
	struct pollfd p = { .fd = r->fd, .events = POLLOUT };

	for (int tries = 0; tries < 2; tries++) {
		if (send(r->fd, message, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n)
			return true;
		if (errno != EAGAIN || poll(&p, 1, PATIENCE_MS) < 1)
			break;
	}
	return false;
}

bool
runner_run(struct runner *r, unsigned command, const char *path)
{
	struct request request = { .command = command, .path = path };
	uint8_t message[REQUEST_OCTETS];
	size_t n;

	assert(command < r->n_commands);
	n = request_put(message, &request);
	if (n > 0 && !atomic_load(&r->gone)) {
		if (atomic_fetch_add(&r->waiting, 1) < RUNNER_QUEUE && deliver(r, message, n))
			return true;
		atomic_fetch_sub(&r->waiting, 1);
	}
	atomic_fetch_add(&r->dropped, 1);
	return false;
}

int
runner_fd(const struct runner *r)
{
	return atomic_load(&r->gone) ? -1 : r->fd;
}

static const char *
tell(struct runner *r, const struct report *p)
{
	const struct runner_command *command = &r->commands[p->command];
	size_t n = (size_t)snprintf(r->line, sizeof r->line, "%s: %s%s", command->name, p->path,
	    p->path[0] != '\0' ? ": " : "");
	char *rest = r->line + n;
	size_t room = n < sizeof r->line ? sizeof r->line - n : 0;

	if (room == 0)
		return r->line;
	switch (p->outcome) {
	case OUTCOME_EXIT: snprintf(rest, room, "exit status %d", p->value); break;
	case OUTCOME_SIGNAL: snprintf(rest, room, "%s", strsignal(p->value)); break;
	case OUTCOME_TIME: snprintf(rest, room, "stopped after %d s", p->value); break;
	default:
		snprintf(rest, room, "cannot run %s: %s",
		    command->shell != NULL ? "/bin/sh" : command->argv[0], strerror(p->value));
		break;
	}
	return r->line;
}

/* Count a report; a line when something went wrong. */
static const char *
take(struct runner *r, const struct report *p)
{
	atomic_fetch_sub(&r->waiting, 1);
	if (p->outcome == OUTCOME_JOINED) {
		r->coalesced++;
		return NULL;
	}
	r->done++;
	if (p->outcome == OUTCOME_EXIT && p->value == 0)
		return NULL;
	r->failed++;
	return tell(r, p);
}

const char *
runner_line(struct runner *r)
{
	const char *line = NULL;
	struct report p;
	ssize_t n;

	while (line == NULL && !atomic_load(&r->gone)) {
		n = recv(r->fd, &p, sizeof p, MSG_DONTWAIT);
		if (n > (ssize_t)offsetof(struct report, path)) {
			line = take(r, &p);
		} else if (n < 0 && errno == EAGAIN) {
			break;
		} else if (n >= 0 || errno != EINTR) {
			atomic_store(&r->gone, true);
			if (!r->ending || atomic_load(&r->waiting) > 0)
				line = strcpy(r->line, "the process that runs commands has ended");
		}
	}
	return line;
}

const char *
runner_drain(struct runner *r, int64_t until_ns)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	const char *line;
	int64_t left_ns;

	if (!r->ending && shutdown(r->fd, SHUT_WR) == 0)
		r->ending = true;
	while ((line = runner_line(r)) == NULL && !atomic_load(&r->gone)) {
		left_ns = until_ns - time_monotonic_ns();
		if (left_ns <= 0)
			break;
		if (left_ns > 3600 * NS_PER_S)
			left_ns = 3600 * NS_PER_S;
		(void)poll(&p, 1, (int)(left_ns / NS_PER_MS) + 1);
	}
	return line;
}

void
runner_stats(const struct runner *r, struct runner_stats *s)
{
	*s = (struct runner_stats){ .done = r->done,
		.failed = r->failed,
		.coalesced = r->coalesced,
		.dropped = atomic_load(&r->dropped),
		.waiting = atomic_load(&r->waiting) };
}

/* A runner whose command still runs is left to itself: it ends after it. */
void
runner_free(struct runner *r)
{
	if (r == NULL)
		return;
	close(r->fd);
	(void)waitpid(r->pid, NULL, atomic_load(&r->gone) ? 0 : WNOHANG);
	mem_free(r);
}
