/*
 * landlock.c - leave a process the files it was told of (landlock(7)).
 *
 * The kernel's header of the machine we are built on may be older than the kernel we run on, so later
 * constants are given here.  What a kernel does not know is not asked of it: it stays unrestricted
 * there, and the table below says what that is.
 */
#include "daemon/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* Linux 6.18, include/uapi/linux/landlock.h. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* struct landlock_ruleset_attr, which has grown; the length tells the kernel how much of it we know. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* What each version (ABI) of Landlock has learnt to restrict. */
static const struct {
	int version;
	struct ruleset adds;
} versions[] = {
	{ 1, { .fs = LANDLOCK_ACCESS_FS_REFER - 1 } }, /* Linux 5.13: bits 0 to 12 */
	{ 2,
	    { .fs = LANDLOCK_ACCESS_FS_REFER } }, /* 5.19; before, renames do not leave a directory */
	{ 3,
	    { .fs = LANDLOCK_ACCESS_FS_TRUNCATE } }, /* 6.2; before, seccomp.c forbids truncate(2) */
	{ 4, { .net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP } }, /* 6.7 */
	{ 5, { .fs = LANDLOCK_ACCESS_FS_IOCTL_DEV } }, /* 6.10 */
	{ 6, { .scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL } }, /* 6.12 */
};

enum {
	READ_FILE = LANDLOCK_ACCESS_FS_READ_FILE,
	READ = READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	WRITE = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE,
	FILES = READ | WRITE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE,
	TREE = FILES | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
	       LANDLOCK_ACCESS_FS_REFER,
	ON_FILES =
	    READ_FILE | WRITE, /* rights that a rule about anything but a directory may name */
};

/*
 * Devices that libraries open by themselves, and where older C libraries count processors, by which they
 * decide how many arenas malloc has.
 */
static const struct {
	const char *path;
	uint64_t rights;
} always[] = {
	{ "/dev/null", READ | WRITE },
	{ "/dev/urandom", READ },
	{ "/sys/devices/system/cpu", READ },
};

struct building {
	int fd;
	uint64_t handled;
};

static int
allow(const struct building *b, const char *path, uint64_t rights, struct err *err)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat st;
	int rc = 0;

	if (rule.parent_fd < 0 || fstat(rule.parent_fd, &st) != 0) {
		err_system(err, "%s", path);
		if (rule.parent_fd >= 0)
			close(rule.parent_fd);
		return -1;
	}
	rule.allowed_access = rights & b->handled & (S_ISDIR(st.st_mode) ? UINT64_MAX : ON_FILES);
	if (rule.allowed_access != 0 &&
	    syscall(SYS_landlock_add_rule, b->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		rc = err_system(err, "%s: cannot allow it in the sandbox", path);
	close(rule.parent_fd);
	return rc;
}

/* The directory that holds path. */
static int
allow_around(const struct building *b, const char *path, uint64_t rights, struct err *err)
{
	char *dir = file_directory(path);
	int rc = allow(b, dir, rights, err);

	mem_free(dir);
	return rc;
}

/* A file by its name: where the name is, and, through symbolic links, where the file is. */
static int
allow_named(const struct building *b, const char *path, uint64_t rights, struct err *err)
{
	char *target = realpath(path, NULL);
	int rc = allow_around(b, path, rights, err);

	if (rc == 0 && target != NULL)
		rc = allow_around(b, target, rights, err);
	free(target);
	return rc;
}

static int
allow_path(const struct building *b, const struct sandbox_path *p, struct err *err)
{
	struct stat st;

	switch (p->access) {
	case SANDBOX_READ: return allow(b, p->path, READ, err);
	case SANDBOX_REREAD: return allow_named(b, p->path, READ, err);
	case SANDBOX_WRITE: return allow(b, p->path, WRITE, err);
	case SANDBOX_STORE: return allow(b, p->path, TREE, err);
	default: /* what is no regular file is never replaced (base/file.h): /dev stays closed */
		if (stat(p->path, &st) == 0 && !S_ISREG(st.st_mode))
			return allow(b, p->path, WRITE, err);
		return allow_named(b, p->path, FILES, err);
	}
}

static int
allow_all(const struct building *b, const struct sandbox_path *paths, unsigned n, struct err *err)
{
	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
		if (access(always[i].path, F_OK) == 0 &&
		    allow(b, always[i].path, always[i].rights, err) != 0)
			return -1;
	for (unsigned i = 0; i < n; i++)
		if (allow_path(b, &paths[i], err) != 0)
			return -1;
	return 0;
}

/* unshare(2): EINVAL exactly when there are other threads.  Where it is forbidden there is no telling. */
static bool
has_threads(void)
{
	return unshare(CLONE_THREAD) != 0 && errno == EINVAL;
}

int
landlock_apply(const struct sandbox_path *paths, unsigned n, const char **why, struct err *err)
{
	int version =
	    (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset handled = { .fs = 0 };
	struct building b;
	int rc;

	if (version < 1) {
		*why = errno == ENOSYS	     ? "this kernel has no Landlock"
		       : errno == EOPNOTSUPP ? "Landlock is switched off in this kernel"
					     : "Landlock is not permitted here";
		return 0;
	}
	if (has_threads())
		return err_set(err, "the sandbox comes before threads");
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
		if (versions[i].version <= version) {
			handled.fs |= versions[i].adds.fs;
			handled.net |= versions[i].adds.net;
			handled.scoped |= versions[i].adds.scoped;
		}
	/* Kernels take a longer structure when what they do not know of it is zero. */
	b.fd = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
	b.handled = handled.fs;
	if (b.fd < 0)
		return err_system(err, "cannot make Landlock's rules");
	rc = allow_all(&b, paths, n, err);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, b.fd, 0) != 0)
		rc = err_system(err, "cannot apply Landlock's rules");
	close(b.fd);
	return rc == 0 ? version : -1;
}
