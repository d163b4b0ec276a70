#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "daemon/spawn.h"

static void
fail(struct commands *c, const char *about, const char *reason, int value)
{
	struct err err = { 0 };

	c->failed++;
	(void)err_set(&err, "%s: %s %d", about, reason, value);
	c->tell("--exec", &err);
}

static int
spawn(const struct commands *c, int input, pid_t *pid)
{
	const char *argv[] = { "/bin/sh", "-c", c->text, "flowalert", NULL };
	posix_spawn_file_actions_t files;
	int rc;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	rc = spawn_clean(pid, argv, &files);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* Has it ended?  Else, is its time over? */
static void
look(struct commands *c, struct running *r)
{
	siginfo_t end;

	if (!spawn_ended(r->pid, r->signals > 0, &end)) {
		if (time_monotonic_ns() < r->until_ns)
			return;
		(void)kill(-r->pid, r->signals == 0 ? SIGTERM : SIGKILL);
		r->signals++;
		r->until_ns = time_monotonic_ns() + COMMAND_GRACE_S * NS_PER_S;
		return;
	}
	if (r->signals > 0)
		fail(c, r->about, "not done in time, seconds:", (int)(c->limit_ns / NS_PER_S));
	else if (end.si_code != CLD_EXITED)
		fail(c, r->about, "killed by signal", end.si_status);
	else if (end.si_status != 0)
		fail(c, r->about, "exit status", end.si_status);
	r->pid = 0;
}

/* Those that run; *free is a place for another. */
static unsigned
look_at_all(struct commands *c, struct running **place)
{
	unsigned n = 0;

	*place = NULL;
	for (unsigned i = 0; i < c->jobs; i++) {
		if (c->running[i].pid != 0)
			look(c, &c->running[i]);
		if (c->running[i].pid != 0)
			n++;
		else
			*place = &c->running[i];
	}
	return n;
}

static void
nap(void)
{
	const struct timespec ts = { .tv_nsec = 2 * NS_PER_MS };

	(void)nanosleep(&ts, NULL);
}

/* A file that has no name: the command need not read it. */
static int
input_file(const char *input, size_t n, struct err *err)
{
	int fd = file_temp(NULL, err);

	if (fd < 0)
		return -1;
	if (file_write(fd, input, n) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	(void)err_system(err, "temporary file");
	close(fd);
	return -1;
}

void
command_run(struct commands *c, const char *about, const char *input, size_t n)
{
	struct err err = { 0 };
	struct running *r;
	int fd, rc;

	while (look_at_all(c, &r) == c->jobs)
		nap();
	fd = input_file(input, n, &err);
	if (fd < 0) {
		c->failed++;
		c->tell("--exec", &err);
		return;
	}
	snprintf(r->about, sizeof(r->about), "%s", about);
	rc = spawn(c, fd, &r->pid);
	close(fd);
	if (rc != 0) {
		r->pid = 0;
		fail(c, about, strerror(rc), rc);
		return;
	}
	r->signals = 0;
	r->until_ns = time_after(time_monotonic_ns(), c->limit_ns);
}

void
command_wait(struct commands *c)
{
	struct running *place;

	while (c->text != NULL && look_at_all(c, &place) > 0)
		nap();
}
