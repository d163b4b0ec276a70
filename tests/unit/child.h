/*
 * child.h - run a function in a child process and see what it prints and how it ends.
 */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	int status; /* of exit; 128 + signal */
	char out[16384], err[16384];
};

static inline void
child_read(FILE *f, char *dst, size_t size)
{
	size_t n;

	rewind(f);
	n = fread(dst, 1, size - 1, f);
	dst[n] = '\0';
	fclose(f);
}

static inline void
child_run(struct child *c, int (*body)(void *arg), void *arg)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		exit(body(arg));
	}
	waitpid(pid, &status, 0);
	c->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	child_read(out, c->out, sizeof(c->out));
	child_read(err, c->err, sizeof(c->err));
}

#endif
