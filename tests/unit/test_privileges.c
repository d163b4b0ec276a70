/*
 * Becoming an ordinary user: who that is, what is left of root, and that nothing leads back.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "child.h"
#include "daemon/privileges.h"
#include "tap.h"

enum { USER = 54321, GROUP = 54322, NET_RAW = 13 }; /* CAP_NET_RAW of <linux/capability.h> */

static void
test_find(void)
{
	static const struct {
		const char *text, *reason;
	} wrong[] = {
		{ "", "'': expected USER[:GROUP]" },
		{ ":users", "':users': expected USER[:GROUP]" },
		{ "no-such-user", "no user 'no-such-user'" },
		{ "no-such-user:0", "no user 'no-such-user'" },
		{ "root:no-such-group", "no group 'no-such-group'" },
		{ "root:", "no group ''" },
		{ "54321", "user 54321 is not in the user database: expected USER:GROUP" },
		{ "-1:-1", "no user '-1'" },
		{ "4294967295:0", "no user '4294967295'" },
		{ "0:4294967295", "no group '4294967295'" },
	};
	const struct passwd *nobody = getpwnam("nobody");
	struct err err = { .status = 0 };
	struct privileges p;
	char long_name[2 * PRIVILEGES_NAME];

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		err = (struct err){ .status = 0 };
		ok(privileges_find(&p, wrong[i].text, &err) == -1 && err.status == EXIT_USAGE,
		    "'%s' is refused", wrong[i].text);
		is_str(err.text, wrong[i].reason, "with the reason");
	}
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	err = (struct err){ .status = 0 };
	ok(privileges_find(&p, long_name, &err) == -1, "a name of 511 octets is refused");

	err = (struct err){ .status = 0 };
	ok(privileges_find(&p, "54321:54322", &err) == 0 && p.uid == USER && p.gid == GROUP &&
		p.name[0] == '\0',
	    "numbers need no entry");
	is_str(p.home, "/", "and have no home");
	if (nobody == NULL) {
		skip("a user of the database", "there is no user nobody");
		return;
	}
	ok(privileges_find(&p, "nobody", &err) == 0 && p.uid == nobody->pw_uid &&
		p.gid == nobody->pw_gid,
	    "a user has a group");
	is_str(p.home, nobody->pw_dir, "and a home");
	ok(privileges_find(&p, "nobody:54322", &err) == 0 && p.uid == nobody->pw_uid &&
		p.gid == GROUP,
	    "another group may be given");
	is_str(p.name, "nobody", "and the name stays");
}

/* What the children do; each prints what it finds out. ------------------------------------------- */

static void
say(const char *what, int rc)
{
	printf("%s: %s\n", what, rc >= 0 ? "yes" : strerror(errno));
}

static int
raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
}

static int
drop(const char *text, uint64_t keep)
{
	struct err err = { .status = 0 };
	struct privileges p;

	if (privileges_find(&p, text, &err) == 0 && privileges_drop(&p, keep, &err) == 0)
		return 0;
	printf("%s\n", err.text);
	return -1;
}

static int
dropped(void *arg)
{
	gid_t groups[64];
	int n;

	(void)arg;
	if (drop("54321:54322", 0) != 0)
		return 1;
	printf("%u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
	n = getgroups(64, groups);
	printf("%d group, %u\n", n, groups[0]);
	printf("HOME %s\n", getenv("HOME"));
	say("setuid", setuid(0));
	say("setgid", setgid(0));
	say("setgroups", setgroups(0, NULL));
	say("/etc/shadow", open("/etc/shadow", O_RDONLY));
	say("raw", raw_socket());
	return 0;
}

static int
named(void *arg)
{
	(void)arg;
	setenv("USER", "root", 1);
	if (drop("nobody", 0) != 0)
		return 1;
	printf("%s %s\n", getenv("USER"), getenv("LOGNAME"));
	return 0;
}

static int
keeping(void *arg)
{
	(void)arg;
	if (drop("54321:54322", UINT64_C(1) << NET_RAW) != 0)
		return 1;
	say("raw", raw_socket());
	say("setuid", setuid(0));
	say("/etc/shadow", open("/etc/shadow", O_RDONLY));
	fflush(stdout);
	return system("grep -E '^Cap(Eff|Amb)' /proc/self/status");
}

/* As a service is started by systemd with User= and AmbientCapabilities=: an ordinary user with a capability. */
static int
ambient(void *arg)
{
	struct err err = { .status = 0 };

	(void)arg;
	if (drop("54321:54322", UINT64_C(1) << NET_RAW) != 0)
		return 1;
	say("before", raw_socket());
	if (privileges_drop(NULL, 0, &err) != 0)
		printf("%s\n", err.text);
	say("after", raw_socket());
	return 0;
}

static int
not_root(void *arg)
{
	(void)arg;
	if (setresgid(GROUP, GROUP, GROUP) != 0 || setresuid(USER, USER, USER) != 0)
		return 1;
	say("the same user", drop("54321:54322", 0));
	errno = 0;
	if (drop("0", 0) == 0 || drop("54321:54322", UINT64_C(1) << NET_RAW) == 0)
		return 1;
	return 0;
}

static int
locked(void *arg)
{
	struct err err = { .status = 0 };

	(void)arg;
	if (privileges_lock(&err) != 0 || privileges_lock(&err) != 0)
		return 1;
	printf("%d %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE));
	return 0;
}

static void
prints(int (*body)(void *), const char *want, const char *what)
{
	struct child c;

	child_run(&c, body, NULL);
	is_str(c.out, want, "%s", what);
	ok(c.status == 0 && c.err[0] == '\0', "and ends well (status %d) %s", c.status, c.err);
}

int
main(void)
{
	test_find();
	prints(locked, "1 0\n", "a locked process gains nothing by exec and is not dumpable");
	if (geteuid() != 0) {
		skip("becoming another user", "not root");
		return done_testing();
	}
	prints(dropped,
	    "54321 54321 54322 54322\n1 group, 54322\nHOME /\n"
	    "setuid: Operation not permitted\nsetgid: Operation not permitted\n"
	    "setgroups: Operation not permitted\n/etc/shadow: Permission denied\n"
	    "raw: Operation not permitted\n",
	    "root becomes an ordinary user, for good");
	prints(keeping,
	    "raw: yes\nsetuid: Operation not permitted\n/etc/shadow: Permission denied\n"
	    "CapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n",
	    "a capability is kept where asked, but not by what is executed");
	prints(ambient, "before: yes\nafter: Operation not permitted\n",
	    "a capability that the process was started with is given up");
	prints(not_root,
	    "the same user: yes\ncannot set supplementary groups: Operation not permitted\n"
	    "cannot keep capability 13: the process has not got it\n",
	    "who is not root can only be who he is");
	if (getpwnam("nobody") != NULL)
		prints(named, "nobody nobody\n", "USER and LOGNAME follow");
	return done_testing();
}
