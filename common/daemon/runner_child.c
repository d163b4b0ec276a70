/*
 * runner_child.c - the runner's side: a queue, one command at a time, and its time limit.
 *
 * One thread and one poll: for requests, for the end of the command (SIGCHLD, let in only there), for its limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "daemon/privileges.h"
#include "daemon/request.h"
#include "daemon/spawn.h"

enum { SOCKET = 3 }; /* the only descriptor besides the standard ones */

struct waiting {
	struct request request; /* points into data */
	uint8_t data[];
};

/* What has been done about a command that takes too long. */
enum stage { IN_TIME, TERMINATED, KILLED };

struct child {
	const struct runner_command *commands;
	unsigned n_commands;

	struct waiting *queue[RUNNER_QUEUE];
	unsigned head, n;
	unsigned of_command[REQUEST_COMMANDS]; /* in the queue */
	bool ended; /* no more requests come */
	bool gone; /* nobody reads reports */

	struct waiting *running; /* NULL: none */
	pid_t pid;
	enum stage stage;
	int64_t due_ns; /* when its next stage begins */
};

/* Becoming the runner ------------------------------------------------------------------------------ */

static void
only_descriptors(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	(void)dup2(fd, SOCKET);
	(void)fcntl(SOCKET, F_SETFD, FD_CLOEXEC);
	/* Linux 5.9 */
	if (syscall(SYS_close_range, SOCKET + 1, ~0U, 0) != 0)
		for (int i = SOCKET + 1, end = (int)sysconf(_SC_OPEN_MAX); i < end; i++)
			close(i);
}

static void
on_child(int signo)
{
	(void)signo;
}

/* Ctrl-C and a service manager's SIGTERM go to all processes; the program decides when we end. */
static void
only_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	struct sigaction child = { .sa_handler = on_child };
	sigset_t all, blocked;

	sigfillset(&all); /* but those that the C library keeps for itself */
	for (int signo = 1; signo <= SIGRTMAX; signo++)
		if (sigismember(&all, signo) == 1)
			signal(signo, SIG_IGN);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		signal(faults[i], SIG_DFL);
	sigaction(SIGCHLD, &child, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* Commands ----------------------------------------------------------------------------------------- */

static void
report(const struct child *c, const struct request *r, enum outcome outcome, int value)
{
	struct report p = { .outcome = outcome, .command = r->command, .value = value };
	int n = snprintf(p.path, sizeof p.path, "%s", r->path != NULL ? r->path : "");

	if (n >= (int)sizeof p.path)
		n = (int)sizeof p.path - 1;
	if (!c->gone)
		(void)send(SOCKET, &p, offsetof(struct report, path) + (size_t)n + 1, MSG_NOSIGNAL);
}

/* The name before the path is the shell's $0, with which it begins its own messages. */
static int
spawn(struct child *c, const struct runner_command *command, const char *path)
{
	const char *shell[] = { "/bin/sh", "-c", command->shell, command->name, path, NULL };
	const char **argv = shell;
	size_t n = 0;
	int rc;

	if (command->shell == NULL) {
		while (command->argv[n] != NULL)
			n++;
		argv = mem_zero(n + 2, sizeof *argv);
		memcpy(argv, command->argv, n * sizeof *argv);
		argv[n] = path;
	}
	rc = spawn_clean(&c->pid, argv, NULL);
	if (argv != shell)
		mem_free(argv);
	return rc;
}

/* Begin what waits first; where it cannot begin it is done. */
static void
begin(struct child *c)
{
	struct waiting *w = c->queue[c->head];
	const struct request *r = &w->request;
	const struct runner_command *command = &c->commands[r->command];
	unsigned limit_s = command->limit_s != 0 ? command->limit_s : RUNNER_LIMIT_S;
	char path[REQUEST_OCTETS + 2];
	int rc;

	c->head = (c->head + 1) % RUNNER_QUEUE;
	c->n--;
	c->of_command[r->command]--;
	if (r->path != NULL) {
		snprintf(path, sizeof path, "%s%s", r->path[0] == '-' ? "./" : "", r->path);
		(void)setenv("FLOW_FILE", path, 1);
	} else {
		(void)unsetenv("FLOW_FILE");
	}
	rc = spawn(c, command, r->path != NULL ? path : NULL);
	if (rc != 0) {
		report(c, r, OUTCOME_CANNOT, rc);
		mem_free(w);
		return;
	}
	c->running = w;
	c->stage = IN_TIME;
	c->due_ns = time_monotonic_ns() + (int64_t)limit_s * NS_PER_S;
}

/* Has it ended?  What it left behind runs on, unless it was told to end. */
static void
reap(struct child *c)
{
	const struct request *r = &c->running->request;
	const unsigned limit_s = c->commands[r->command].limit_s;
	siginfo_t info;

	if (!spawn_ended(c->pid, c->stage != IN_TIME, &info))
		return;
	if (c->stage != IN_TIME)
		report(c, r, OUTCOME_TIME, (int)(limit_s != 0 ? limit_s : RUNNER_LIMIT_S));
	else
		report(c, r, info.si_code == CLD_EXITED ? OUTCOME_EXIT : OUTCOME_SIGNAL,
		    info.si_status);
	mem_free(c->running);
	c->running = NULL;
}

static void
enforce(struct child *c)
{
	if (c->stage == KILLED || time_monotonic_ns() < c->due_ns)
		return;
	(void)kill(-c->pid, c->stage == IN_TIME ? SIGTERM : SIGKILL);
	c->stage = c->stage == IN_TIME ? TERMINATED : KILLED;
	c->due_ns += RUNNER_GRACE_S * NS_PER_S;
}

/* Requests ----------------------------------------------------------------------------------------- */

static void
enqueue(struct child *c, const uint8_t *data, size_t len)
{
	struct waiting *w = mem_alloc(sizeof *w + len);
	struct request *r = &w->request;

	memcpy(w->data, data, len);
	if (!request_get(r, w->data, len, c->n_commands)) {
		mem_free(w);
		return;
	}
	if (c->commands[r->command].coalesce && c->of_command[r->command] > 0) {
		report(c, r, OUTCOME_JOINED, 0);
		mem_free(w);
		return;
	}
	c->queue[(c->head + c->n) % RUNNER_QUEUE] = w;
	c->n++;
	c->of_command[r->command]++;
}

static void
receive(struct child *c)
{
	uint8_t data[REQUEST_OCTETS];

	while (c->n < RUNNER_QUEUE && !c->ended) {
		ssize_t n = recv(SOCKET, data, sizeof data, MSG_DONTWAIT);

		if (n > 0)
			enqueue(c, data, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			c->ended = true;
		else if (errno == EAGAIN)
			break;
	}
}

/* The program was killed: POLLHUP, while the end of requests alone is only that of reading. */
static void
abandon(struct child *c)
{
	c->gone = c->ended = true;
	for (; c->n > 0; c->n--) {
		mem_free(c->queue[c->head]);
		c->head = (c->head + 1) % RUNNER_QUEUE;
	}
}

static void
wait_for(struct child *c)
{
	struct pollfd p = { .fd = c->gone ? -1 : SOCKET,
		.events = c->ended || c->n == RUNNER_QUEUE ? 0 : POLLIN };
	int64_t left_ns = c->due_ns - time_monotonic_ns();
	struct timespec ts;
	sigset_t none;

	if (left_ns < 0)
		left_ns = 0;
	ts = (struct timespec){ .tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S };
	sigemptyset(&none);
	if (ppoll(&p, 1, c->running != NULL && c->stage != KILLED ? &ts : NULL, &none) < 0)
		return;
	if ((p.revents & POLLHUP) != 0)
		abandon(c);
	else if (p.revents != 0)
		receive(c);
}

_Noreturn void
runner_child(int fd, const struct runner_command *commands, unsigned n)
{
	struct child *c = mem_zero(1, sizeof *c);
	struct err ignored = { .status = 0 };

	c->commands = commands;
	c->n_commands = n;
	(void)setsid();
	only_descriptors(fd);
	only_signals();
	(void)privileges_drop(NULL, 0, &ignored);
	do {
		wait_for(c);
		if (c->running != NULL)
			reap(c);
		if (c->running != NULL)
			enforce(c);
		while (c->running == NULL && c->n > 0)
			begin(c);
	} while (c->running != NULL || c->n > 0 || !c->ended);
	_exit(0);
}
