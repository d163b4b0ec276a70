/*
 * sandbox_probes.h - what test_sandbox.c tries inside a sandbox, and how each trial should end.
 */
#ifndef TESTS_SANDBOX_PROBES_H
#define TESTS_SANDBOX_PROBES_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

/* Made before the sandbox is applied. */
struct inside {
	int udp[2], listener, client, unconnected;
	struct sockaddr_in address; /* of the listener */
	int ask, answer; /* a helper outside replaces files */
};

static int
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -1 : file_write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return rc;
}

static int
reads(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : read(fd, &c, 1) == 1 ? 0 : -1;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int
closed(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

/* Probes: 0, or -1 with errno. --------------------------------------------------------------------- */

static int
passwd(struct inside *in)
{
	(void)in;
	return reads("/etc/passwd");
}

static int
list_etc(struct inside *in)
{
	DIR *d = opendir("/etc");

	(void)in;
	return d == NULL ? -1 : closedir(d);
}

static int
own_memory(struct inside *in)
{
	(void)in;
	return closed(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
}

static int
write_outside(struct inside *in)
{
	(void)in;
	return put("outside/secret", "x");
}

static int
append_to_readable(struct inside *in)
{
	(void)in;
	return closed(open("fixed", O_WRONLY | O_APPEND | O_CLOEXEC));
}

static int
truncate_outside(struct inside *in)
{
	(void)in;
	return truncate("outside/secret", 0);
}

static int
remove_outside(struct inside *in)
{
	(void)in;
	return unlink("outside/old");
}

static int
store_write(struct inside *in)
{
	(void)in;
	return put("store/.a.part", "records");
}

static int
store_rename(struct inside *in)
{
	(void)in;
	return rename("store/.a.part", "store/a.flow");
}

static int
store_sync(struct inside *in)
{
	int fd = open("store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	(void)in;
	close(fd);
	return rc;
}

static int
store_read(struct inside *in)
{
	(void)in;
	return reads("store/a.flow");
}

static int
store_shorten(struct inside *in)
{
	int fd = open("store/a.flow", O_RDWR | O_CLOEXEC);
	int rc = fd < 0 ? -1 : ftruncate(fd, 3);

	(void)in;
	close(fd);
	return rc;
}

static int
store_tree(struct inside *in)
{
	(void)in;
	return mkdir("store/2026", 0755) != 0 || mkdir("store/2026/11", 0755) != 0 ||
		       rename("store/a.flow", "store/2026/11/a.flow") != 0 ||
		       unlink("store/2026/11/a.flow") != 0 || rmdir("store/2026/11") != 0 ||
		       rmdir("store/2026") != 0
		   ? -1
		   : 0;
}

static int
rename_out(struct inside *in)
{
	(void)in;
	return rename("store/keep", "outside/keep");
}

static int
rename_in(struct inside *in)
{
	(void)in;
	return rename("outside/victim", "store/victim");
}

static int
link_in(struct inside *in)
{
	(void)in;
	return link("outside/secret", "store/secret");
}

static int
store_fifo(struct inside *in)
{
	(void)in;
	return mkfifo("store/fifo", 0600);
}

static int
store_symlink(struct inside *in)
{
	(void)in;
	return symlink("/etc", "store/etc");
}

static int
store_chmod(struct inside *in)
{
	(void)in;
	return chmod("store/mode", 04755);
}

/* As outfile_open wants it. */
static int
store_group(struct inside *in)
{
	int fd = open("store/mode", O_RDWR | O_CLOEXEC), rc;

	(void)in;
	rc = fchmod(fd, 0640) != 0 || fchown(fd, (uid_t)-1, getegid()) != 0 ? -1 : 0;
	close(fd);
	return rc;
}

/* To a mode, or an owner, that is none of its business. */
static int
store_setuid(struct inside *in)
{
	int fd = open("store/mode", O_RDWR | O_CLOEXEC), rc;

	(void)in;
	rc = fchmod(fd, 04644) != 0 && fchown(fd, geteuid(), getegid()) != 0 ? -1 : 0;
	(void)closed(fd);
	return rc;
}

static int
space(struct inside *in)
{
	struct statvfs st;

	(void)in;
	return statvfs("store", &st);
}

static int
metrics(struct inside *in)
{
	struct outfile f;
	struct err err = { .status = 0 };

	(void)in;
	if (outfile_open(&f, "metrics/flowrecv.prom", &err) != 0 ||
	    file_write(f.fd, "x 1\n", 4) != 0)
		return -1;
	return outfile_commit(&f, &err);
}

static int
full(struct inside *in)
{
	struct outfile f;
	struct err err = { .status = 0 };

	(void)in;
	if (outfile_open(&f, "/dev/full", &err) != 0)
		return -1;
	return outfile_commit(&f, &err);
}

static int
other_device(struct inside *in)
{
	(void)in;
	return closed(open("/dev/zero", O_RDWR | O_CLOEXEC));
}

static int
fifo_write(struct inside *in)
{
	(void)in;
	return closed(open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

/* The helper renames NAME.new to NAME. */
static int
replace(struct inside *in, char which)
{
	char c;

	return write(in->ask, &which, 1) == 1 && read(in->answer, &c, 1) == 1 && c == 'y' ? 0 : -1;
}

static int
reread(struct inside *in)
{
	return reads("conf/settings") != 0 || replace(in, 's') != 0 ? -1 : reads("conf/settings");
}

static int
reread_link(struct inside *in)
{
	return reads("conf/link") != 0 || replace(in, 'l') != 0 ? -1 : reads("conf/link");
}

static int
fixed(struct inside *in)
{
	(void)in;
	return reads("fixed");
}

static int
fixed_replaced(struct inside *in)
{
	return replace(in, 'f') != 0 ? -1 : reads("fixed");
}

static int
random_numbers(struct inside *in)
{
	char c;

	(void)in;
	return reads("/dev/urandom") == 0 && getrandom(&c, 1, 0) == 1 ? put("/dev/null", "x") : -1;
}

static int
stdio(struct inside *in)
{
	FILE *f = fopen("store/text", "w");
	time_t now = time(NULL);
	struct tm tm;
	char text[64];

	(void)in;
	if (f == NULL || gmtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &tm) == 0)
		return -1;
	fprintf(f, "%s %f\n", text, 1.5);
	(void)isatty(fileno(f));
	return fclose(f);
}

static int
datagrams(struct inside *in)
{
	char text[8];

	return send(in->udp[1], "flows", 5, 0) == 5 && recv(in->udp[0], text, 8, 0) == 5 ? 0 : -1;
}

static int
accepts(struct inside *in)
{
	int one = 1, fd = accept4(in->listener, NULL, NULL, SOCK_CLOEXEC);

	return fd < 0 || setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one) != 0
		   ? -1
		   : closed(fd);
}

static int
new_socket(struct inside *in)
{
	(void)in;
	return closed(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int
new_connection(struct inside *in)
{
	return connect(in->unconnected, (struct sockaddr *)&in->address, sizeof in->address);
}

static int
lookup(struct inside *in)
{
	struct addrinfo *list = NULL;
	int rc = getaddrinfo("localhost", "2055", NULL, &list);

	(void)in;
	if (rc == 0)
		freeaddrinfo(list);
	errno = EIO;
	return rc == 0 ? 0 : -1;
}

static void *
thread(void *arg)
{
	void *blocks[64];

	/* An arena of its own, grown and given back. */
	for (size_t i = 0; i < 64; i++) {
		blocks[i] = malloc(100000 + i);
		if (blocks[i] != NULL)
			memset(blocks[i], 1, 100000);
	}
	for (size_t i = 0; i < 64; i++)
		free(blocks[i]);
	pthread_setname_np(pthread_self(), "worker");
	*(int *)arg = 0;
	return NULL;
}

static int
threads(struct inside *in)
{
	pthread_t t[4];
	int rc[4] = { -1, -1, -1, -1 };

	(void)in;
	for (int i = 0; i < 4; i++) {
		errno = pthread_create(&t[i], NULL, thread, &rc[i]);
		if (errno != 0)
			return -1;
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return rc[0] + rc[1] + rc[2] + rc[3];
}

static int
timers(struct inside *in)
{
	struct itimerspec soon = { .it_value = { .tv_nsec = 1000000 } };
	struct timespec ms = { .tv_nsec = 1000000 };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	int event = eventfd(0, EFD_CLOEXEC), poll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	uint64_t one = 1;

	(void)in;
	if (timer < 0 || event < 0 || poll < 0 || timerfd_settime(timer, 0, &soon, NULL) != 0 ||
	    write(event, &one, 8) != 8 || epoll_ctl(poll, EPOLL_CTL_ADD, timer, &e) != 0 ||
	    epoll_wait(poll, &e, 1, 5000) != 1 ||
	    clock_nanosleep(CLOCK_MONOTONIC, 0, &ms, NULL) != 0)
		return -1;
	return close(timer) | close(event) | close(poll);
}

static volatile sig_atomic_t signalled;

static void
on_signal(int signo)
{
	signalled = signo;
}

static int
own_signal(struct inside *in)
{
	(void)in;
	signal(SIGUSR1, on_signal);
	return raise(SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0 && signalled == SIGUSR1 ? 0 : -1;
}

static int
other_signal(struct inside *in)
{
	(void)in;
	return kill(getppid(), 0);
}

static int
forks(struct inside *in)
{
	pid_t pid = fork();

	(void)in;
	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid ? -1 : 0;
}

static int
spawns(struct inside *in)
{
	char *const argv[] = { "sh", "-c", "exit 0", NULL };
	pid_t pid;
	int status = 0;

	(void)in;
	errno = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
	if (errno == 0)
		waitpid(pid, &status, 0);
	return errno == 0 && status == 0 ? 0 : -1;
}

static int
executable(struct inside *in)
{
	void *p = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)in;
	return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static int
clone_new(struct inside *in)
{
	(void)in;
	return (int)syscall(SYS_clone3, NULL, 0UL);
}

static int
unshares(struct inside *in)
{
	(void)in;
	return (int)syscall(SYS_unshare, 0UL);
}

static int
dumpable(struct inside *in)
{
	(void)in;
	return prctl(PR_SET_DUMPABLE, 1) != 0 ? -1 : prctl(PR_SET_DUMPABLE, 0);
}

/*
 * What is expected with both, with files alone, with calls alone, with neither: y it works; it fails with
 * a EACCES, p EPERM, x EXDEV, n ENOSYS, i EINVAL, e EIO; - not tried.
 */
static const struct probe {
	const char *want;
	const char *what;
	int (*run)(struct inside *);
} probes[] = {
	{ "aayy", "/etc/passwd is read", passwd },
	{ "aayy", "/etc is listed", list_etc },
	{ "aa--", "/proc/self/mem is opened", own_memory },
	{ "aayy", "a file outside is written", write_outside },
	{ "aayy", "a file to be read is written", append_to_readable },
	{ "papy", "a file outside is emptied by name", truncate_outside },
	{ "aayy", "a file outside is removed", remove_outside },
	{ "yyyy", "a file is created in the store", store_write },
	{ "yyyy", "and renamed there", store_rename },
	{ "yyyy", "and its directory is synced", store_sync },
	{ "yyyy", "and read", store_read },
	{ "yyyy", "and shortened", store_shorten },
	{ "yyyy", "directories are made in the store, files moved there, all removed", store_tree },
	{ "aayy", "a file is moved out of the store", rename_out },
	{ "aayy", "a file is moved into the store", rename_in },
	{ "xxyy", "a file is linked into the store", link_in },
	{ "papy", "a FIFO is made in the store", store_fifo },
	{ "papy", "a symbolic link is made in the store", store_symlink },
	{ "pypy", "modes are changed in the store", store_chmod },
	{ "yyyy", "a file is closed to others, and has another group", store_group },
	{ "pypy", "it gets an owner, or his rights", store_setuid },
	{ "yyyy", "free space is asked for", space },
	{ "yyyy", "metrics are replaced", metrics },
	{ "yyyy", "a device is written instead of replaced", full },
	{ "aayy", "another device is opened", other_device },
	{ "yyyy", "a FIFO is written", fifo_write },
	{ "yyyy", "settings are read again, and when they were replaced", reread },
	{ "yyyy", "so are those that a link leads to", reread_link },
	{ "yyyy", "a file is read", fixed },
	{ "aayy", "it is not the same file when it was replaced", fixed_replaced },
	{ "yyyy", "random numbers, /dev/null", random_numbers },
	{ "yyyy", "text is formatted and written by stdio", stdio },
	{ "yyyy", "datagrams are sent and received", datagrams },
	{ "yyyy", "a connection is accepted", accepts },
	{ "pypy", "a socket is made", new_socket },
	{ "papy", "a connection is made", new_connection },
	{ "e---", "localhost is looked up", lookup },
	{ "yyyy", "threads are made and allocate", threads },
	{ "yyyy", "timers, events, epoll, sleep", timers },
	{ "yyyy", "a signal to oneself", own_signal },
	{ "pppy", "a signal to another", other_signal },
	{ "pypy", "a process is forked", forks },
	{ "papy", "a program is spawned", spawns },
	{ "pypy", "memory is made executable", executable },
	{ "nini", "clone3, whose flags a filter cannot see", clone_new },
	{ "pypy", "namespaces are unshared", unshares },
	{ "pypy", "tracing is permitted again", dumpable },
};
enum { N_PROBES = sizeof probes / sizeof probes[0] };

/* Letter of how a probe ended. */
static char
outcome(int rc)
{
	static const struct {
		int e;
		char letter;
	} letters[] = { { EACCES, 'a' }, { EPERM, 'p' }, { EXDEV, 'x' }, { ENOSYS, 'n' },
		{ EINVAL, 'i' }, { EIO, 'e' } };

	if (rc == 0)
		return 'y';
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
		if (letters[i].e == errno)
			return letters[i].letter;
	return '?';
}

#endif
