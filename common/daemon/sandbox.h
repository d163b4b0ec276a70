/*
 * sandbox.h - a process that has started needs little more of the system: take the rest away.
 *
 * Two mechanisms, each useful alone: Landlock (landlock(7)) leaves the files named here and nothing else;
 * seccomp(2) leaves the system calls of a threaded server at work.  What stays possible: to receive, send and
 * accept on sockets that are there; files as listed; threads, clocks, epoll, eventfd, timerfd; random
 * numbers.  What ends: new sockets and connections (name lookups with them), executing, forking, new
 * executable memory (dlopen), tracing, signals to other processes, owners of files, modes but who may read and write,
 * mounts, and every other call that is not in a table.  Forbidden calls fail with EPERM, files with EACCES: a collector
 * that ends loses data.  The exceptions are executing and reaching into other processes, which nothing here
 * does by mistake (fork fails before): they kill the process by SIGSYS, and the kernel logs it.
 *
 * The one surprising rule: Landlock holds for the calling thread and for threads it makes later, so apply
 * while there is only one; with more it is refused.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"

/*
 * The kernel's rules belong to files that exist, not to names: a file that is replaced by rename is another one.
 * For files that come and go the directory is allowed, with everything below it: /etc/flow/flowrecv.conf
 * is a better place for SANDBOX_REREAD than /etc/flowrecv.conf.
 */
enum sandbox_access {
	SANDBOX_READ, /* this file, or everything below this directory */
	SANDBOX_REREAD, /* this file, even when replaced: what is in its directory, and where it links to */
	SANDBOX_WRITE, /* this file, FIFO or device, as it is */
	SANDBOX_REPLACE, /* this file, there or not, by struct outfile: files in its directory */
	SANDBOX_STORE, /* everything below this directory: create, read, write, rename, remove */
};

struct sandbox_path {
	const char *path;
	enum sandbox_access access;
};

struct sandbox {
	/* Besides /dev/null and /dev/urandom; borrowed for the call. */
	const struct sandbox_path *paths;
	unsigned n_paths;
	bool skip_files, skip_calls; /* leave out Landlock, seccomp */
	bool require; /* fail when one that is not left out cannot be had */
};

struct sandbox_report {
	bool files, calls; /* what holds now */
	char text[240]; /* one line for -v: what holds, and why the rest does not */
};

/*
 * Apply, for good; includes privileges_lock().  0 although the kernel lacks a mechanism, unless required.
 * -1 with err: that, a path that is not there, or a process that has threads already.
 */
int sandbox_apply(const struct sandbox *, struct sandbox_report *, struct err *);

#endif
