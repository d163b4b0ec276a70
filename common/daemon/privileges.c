/*
 * privileges.c - user and group, capabilities, and no way back.
 */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/num.h"

/* Finding ---------------------------------------------------------------------------------------- */

/* (uid_t)-1 and (gid_t)-1 mean "no change" to the calls below. */
static bool
number(const char *text, uint32_t *id)
{
	uint64_t n;

	if (!parse_u64(text, strlen(text), &n) || n >= UINT32_MAX)
		return false;
	*id = (uint32_t)n;
	return true;
}

static int
find_user(struct privileges *p, const char *user, bool has_group, struct err *err)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL && number(user, &p->uid))
		pw = getpwuid(p->uid);
	else if (pw == NULL)
		return err_usage(err, "no user '%s'%s%s", user, errno != 0 ? ": " : "",
		    errno != 0 ? strerror(errno) : "");
	if (pw == NULL) {
		strcpy(p->home, "/");
		return has_group
			   ? 0
			   : err_usage(err,
				 "user %s is not in the user database: expected USER:GROUP", user);
	}
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	if ((size_t)snprintf(p->name, sizeof p->name, "%s", pw->pw_name) >= sizeof p->name ||
	    (size_t)snprintf(p->home, sizeof p->home, "%s", pw->pw_dir) >= sizeof p->home)
		return err_usage(err, "user '%s' has a name or home that is too long", user);
	return 0;
}

static int
find_group(struct privileges *p, const char *group, struct err *err)
{
	const struct group *gr;

	errno = 0;
	gr = getgrnam(group);
	if (gr != NULL)
		p->gid = gr->gr_gid;
	else if (!number(group, &p->gid))
		return err_usage(err, "no group '%s'%s%s", group, errno != 0 ? ": " : "",
		    errno != 0 ? strerror(errno) : "");
	return 0;
}

int
privileges_find(struct privileges *p, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : strlen(text);
	char user[PRIVILEGES_NAME];

	*p = (struct privileges){ .uid = 0 };
	if (n == 0 || n >= sizeof user)
		return err_usage(err, "'%s': expected USER[:GROUP]", text);
	memcpy(user, text, n);
	user[n] = '\0';
	if (find_user(p, user, colon != NULL, err) != 0)
		return -1;
	return colon != NULL ? find_group(p, colon + 1, err) : 0;
}

/* Dropping --------------------------------------------------------------------------------------- */

/* The sets of capget(2), which has no wrapper in the C library; 64 bits are two words each. */
static int
cap_read(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)syscall(SYS_capget, &head, data);
}

static uint64_t
permitted(const struct __user_cap_data_struct data[2])
{
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

/* A capability that is no longer permitted leaves the ambient set by itself (capabilities(7)). */
static int
cap_limit(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t missing;

	if (cap_read(data) != 0)
		return err_system(err, "cannot read capabilities");
	missing = keep & ~permitted(data);
	if (missing != 0)
		return err_set(err, "cannot keep capability %d: the process has not got it",
		    __builtin_ctzll(missing));
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective = (uint32_t)(keep >> 32 * i);
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) != 0)
		return err_system(err, "cannot give up capabilities");
	if (cap_read(data) != 0 || permitted(data) != keep)
		return err_set(err, "capabilities were not given up");
	return 0;
}

static int
become(const struct privileges *p, struct err *err)
{
	if ((p->name[0] != '\0' ? initgroups(p->name, p->gid) : setgroups(1, &p->gid)) != 0)
		return err_system(err, "cannot set supplementary groups");
	if (setresgid(p->gid, p->gid, p->gid) != 0)
		return err_system(err, "cannot become group %u", (unsigned)p->gid);
	if (setresuid(p->uid, p->uid, p->uid) != 0)
		return err_system(err, "cannot become user %u", (unsigned)p->uid);
	return 0;
}

static bool
is_already(const struct privileges *p)
{
	uid_t u[3];
	gid_t g[3];

	return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
	       u[0] == p->uid && u[1] == p->uid && u[2] == p->uid && g[0] == p->gid &&
	       g[1] == p->gid && g[2] == p->gid;
}

/* What was given up cannot be had again: try. */
static int
verify(const struct privileges *p, struct err *err)
{
	if (!is_already(p))
		return err_set(err, "the kernel reports other users or groups than were set");
	if (p->uid != 0 && (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setuid(0) == 0))
		return err_set(err, "could become root again");
	if (p->uid != 0 && p->gid != 0 &&
	    (setresgid((gid_t)-1, 0, (gid_t)-1) == 0 || setgroups(0, NULL) == 0))
		return err_set(err, "could change groups again");
	return 0;
}

static int
set_environment(const struct privileges *p, struct err *err)
{
	if (setenv("HOME", p->home, 1) != 0 ||
	    (p->name[0] != '\0' &&
		(setenv("USER", p->name, 1) != 0 || setenv("LOGNAME", p->name, 1) != 0)))
		return err_system(err, "cannot set HOME, USER and LOGNAME");
	return 0;
}

int
privileges_drop(const struct privileges *p, uint64_t keep, struct err *err)
{
	if (p != NULL && (geteuid() == 0 || !is_already(p))) {
		if (keep != 0 && prctl(PR_SET_KEEPCAPS, 1) != 0)
			return err_system(err, "cannot keep capabilities");
		if (become(p, err) != 0 || set_environment(p, err) != 0)
			return -1;
		if (keep != 0 && prctl(PR_SET_KEEPCAPS, 0) != 0)
			return err_system(err, "cannot end keeping capabilities");
	}
	if (geteuid() != 0 && cap_limit(keep, err) != 0)
		return -1;
	return p != NULL ? verify(p, err) : 0;
}

int
privileges_lock(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_system(err, "cannot renounce new privileges");
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return err_system(err, "cannot forbid tracing");
	return 0;
}

/*
 * Where LeakSanitizer is linked it asks this before it looks, at exit.  It looks by tracing its own process
 * from another, and fails, status 1, where that is forbidden: a process that may not be traced (or may
 * not ask, in the sandbox) is not looked at.  Tests of leaks run without -u and without sandbox.
 */
int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return prctl(PR_GET_DUMPABLE) != 1;
}
