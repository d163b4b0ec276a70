/*
 * privileges.h - become an ordinary user once what needs root is done, and give up ever being more again.
 *
 * Ports below 1024, raw sockets and forced receive buffers need root only while they are opened.  Find the
 * user while options are read (names are looked up in files that are out of reach later), drop when the
 * sockets are there, lock when nothing is left to be executed.
 */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { PRIVILEGES_NAME = 256 };

struct privileges {
	uid_t uid;
	gid_t gid;
	char name[PRIVILEGES_NAME]; /* "": a number that the user database does not know */
	char home[PATH_MAX];
};

/*
 * USER[:GROUP], names or numbers; without GROUP the user's own.  -1 with err: no such user or group, or
 * a number without an entry and without GROUP.
 */
int privileges_find(struct privileges *, const char *text, struct err *);

/*
 * Become that user: group, supplementary groups (the user database's), user, HOME, USER and LOGNAME.
 * Then, unless still root, no capability stays but those of `keep` (bit n: capability n of capabilities(7)).
 * NULL: only the latter, for services that were started with capabilities.  Whether all of it holds, and
 * that there is no way back, is asked of the kernel.  Before threads are made.
 * -1 with err: part of it may be done, so end the program.
 */
int privileges_drop(const struct privileges *, uint64_t keep, struct err *);

/*
 * From here on no program executed gains anything from set-user-ID bits or file capabilities
 * (PR_SET_NO_NEW_PRIVS), and no process of the same user can trace this one or read its core
 * (PR_SET_DUMPABLE 0).  Children made before are not affected: commands of the user's may need sudo(8) or
 * sendmail(8), so fork the runner (daemon/runner.h) first.  -1 with err.
 */
int privileges_lock(struct err *);

#endif
