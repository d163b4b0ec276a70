/*
 * The sandbox from inside: what a collector does still works, what it does not do no longer does, by either
 * mechanism alone and by both.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <ucontext.h>

#include "child.h"
#include "daemon/sandbox.h"
#include "sandbox_probes.h"
#include "tap.h"

static const struct sandbox_path paths[] = {
	{ "store", SANDBOX_STORE },
	{ "metrics/flowrecv.prom", SANDBOX_REPLACE },
	{ "conf/settings", SANDBOX_REREAD },
	{ "conf/link", SANDBOX_REREAD },
	{ "fixed", SANDBOX_READ },
	{ "fifo", SANDBOX_WRITE },
	{ "/dev/full", SANDBOX_REPLACE },
};

/* Surroundings ------------------------------------------------------------------------------------- */

static void
shell(const char *command)
{
	if (system(command) != 0)
		exit(1);
}

/* In the directory of the test, anew for each child. */
static void
lay_out(void)
{
	shell("rm -rf store outside metrics conf fixed* fifo elsewhere");
	shell("mkdir store outside metrics conf elsewhere && mkfifo fifo");
	shell("for f in outside/secret outside/old outside/victim store/keep store/mode fixed "
	      "fixed.new "
	      "conf/settings conf/settings.new elsewhere/real elsewhere/real.new; do "
	      "echo text > $f; done; ln -s ../elsewhere/real conf/link");
}

static void
helper(int ask, int answer)
{
	char which;

	while (read(ask, &which, 1) == 1) {
		const char *name = which == 's'	  ? "conf/settings"
				   : which == 'l' ? "elsewhere/real"
						  : "fixed";
		char from[64];

		snprintf(from, sizeof from, "%s.new", name);
		if (write(answer, rename(from, name) == 0 ? "y" : "n", 1) != 1)
			break;
	}
	_exit(0);
}

static int
bound(int type, struct sockaddr_in *at)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof *at;

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (struct sockaddr *)at, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)at, &len) != 0)
		exit(1);
	return fd;
}

static void
open_all(struct inside *in)
{
	struct sockaddr_in at;
	int ask[2], answer[2];

	in->udp[0] = bound(SOCK_DGRAM, &at);
	in->udp[1] = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(in->udp[1], (struct sockaddr *)&at, sizeof at) != 0)
		exit(1);
	in->listener = bound(SOCK_STREAM, &in->address);
	in->client = socket(AF_INET, SOCK_STREAM, 0);
	in->unconnected = socket(AF_INET, SOCK_STREAM, 0);
	if (listen(in->listener, 4) != 0 ||
	    connect(in->client, (struct sockaddr *)&in->address, sizeof in->address) != 0)
		exit(1);
	if (open("fifo", O_RDONLY | O_NONBLOCK) < 0 || pipe(ask) != 0 || pipe(answer) != 0)
		exit(1);
	if (fork() == 0) {
		close(ask[1]);
		helper(ask[0], answer[1]);
	}
	close(ask[0]);
	in->ask = ask[1];
	in->answer = answer[0];
}

/* Applying ----------------------------------------------------------------------------------------- */

/* What the children are to do; one that cannot have what it asks for says so and is skipped. */
struct mode {
	const char *name;
	bool skip_files, skip_calls;
	int (*last)(void); /* instead of the probes */
	char letters[N_PROBES + 1];
};

static bool
apply(const struct mode *m)
{
	const struct sandbox s = { .paths = paths,
		.n_paths = sizeof paths / sizeof paths[0],
		.skip_files = m->skip_files,
		.skip_calls = m->skip_calls };
	struct sandbox_report report;
	struct err err = { .status = 0 };

	if (sandbox_apply(&s, &report, &err) != 0) {
		printf("%s\n", err.text);
		exit(1);
	}
	if (report.files == !m->skip_files && report.calls == !m->skip_calls)
		return true;
	printf("%s", report.text);
	return false;
}

static int
probe_all(void *arg)
{
	struct mode *m = arg;
	unsigned column = (m->skip_files ? 2u : 0) + (m->skip_calls ? 1u : 0);
	struct inside in;

	lay_out();
	open_all(&in);
	if (!apply(m))
		return 2;
	for (unsigned i = 0; i < N_PROBES; i++)
		putchar(probes[i].want[column] == '-' ? '-' : outcome(probes[i].run(&in)));
	return 0;
}

static int
last_call(void *arg)
{
	struct mode *m = arg;

	lay_out();
	if (!apply(m))
		return 2;
	errno = 0;
	return m->last() == 0 ? 0 : 100 + errno;
}

static void
test_mode(struct mode *m)
{
	unsigned column = (m->skip_files ? 2u : 0) + (m->skip_calls ? 1u : 0);
	struct child c;

	child_run(&c, probe_all, m);
	if (c.status == 2) {
		skip(m->name, c.out);
		return;
	}
	ok(c.status == 0 && strlen(c.out) == N_PROBES && c.err[0] == '\0',
	    "%s: a process lives and ends well (status %d) %s%s", m->name, c.status, c.out, c.err);
	for (unsigned i = 0; i < N_PROBES && i < strlen(c.out); i++)
		ok(c.out[i] == probes[i].want[column], "%s: %s: %c, expected %c", m->name,
		    probes[i].what, c.out[i], probes[i].want[column]);
}

static int
executes(void)
{
	char *const argv[] = { "true", NULL };

	return execve("/bin/true", argv, environ);
}

static int
traces(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
peeks(void)
{
	return (int)syscall(SYS_process_vm_readv, getpid(), NULL, 0UL, NULL, 0UL, 0UL);
}

#ifdef __x86_64__
static int
foreign(void)
{
	return (int)syscall(0x40000000 | SYS_getpid);
}
#endif

static void
test_last_calls(void)
{
	enum { KILLED = 128 + SIGSYS };
	static const struct {
		const char *what;
		int (*run)(void);
		int both, files;
	} calls[] = {
		{ "executing a program", executes, KILLED, 100 + EACCES },
		{ "tracing", traces, KILLED, 0 },
		{ "reading a process' memory", peeks, KILLED, 0 },
#ifdef __x86_64__
		{ "a call of another table", foreign, KILLED, 100 + ENOSYS },
#endif
	};

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		for (int files_only = 0; files_only < 2; files_only++) {
			struct mode m = { .skip_calls = files_only, .last = calls[i].run };
			struct child c;

			child_run(&c, last_call, &m);
			if (c.status == 2)
				skip(calls[i].what, c.out);
			else
				is_u64((uint64_t)c.status,
				    (uint64_t)(files_only ? calls[i].files : calls[i].both),
				    "%s %s", calls[i].what,
				    files_only ? "without the filter" : "ends the process");
		}
}

/* Kernels that cannot, and mistakes. -------------------------------------------------------------- */

/* From here on a system call does something else. */
static void
filter(int nr, unsigned arg, uint32_t value, uint32_t action)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 3, (uint32_t)nr },
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0,
		    (uint32_t)(offsetof(struct seccomp_data, args) + arg * 8) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value },
		{ BPF_RET | BPF_K, 0, 0, action },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog program = { sizeof code / sizeof code[0], code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		exit(2);
}

static int
report(const struct sandbox *s)
{
	struct sandbox_report report;
	struct err err = { .status = 0 };

	if (sandbox_apply(s, &report, &err) != 0)
		printf("failed: %s\n", err.text);
	else
		printf("%d%d %s\n", report.files, report.calls, report.text);
	return 0;
}

static int
without_landlock(void *arg)
{
	(void)arg;
	filter(SYS_landlock_create_ruleset, 2, 1, SECCOMP_RET_ERRNO | EOPNOTSUPP);
	report(&(struct sandbox){ .skip_files = true });
	return 0;
}

static int
lacking(void *arg)
{
	filter(
	    SYS_landlock_create_ruleset, 2, 1, SECCOMP_RET_ERRNO | (uint32_t) * (const int *)arg);
	report(&(struct sandbox){ .require = true });
	return report(&(struct sandbox){ .skip_calls = true });
}

static int
without_seccomp(void *arg)
{
	(void)arg;
	filter(SYS_seccomp, 0, SECCOMP_GET_ACTION_AVAIL, SECCOMP_RET_ERRNO | ENOSYS);
	report(&(struct sandbox){ .skip_files = true, .require = true });
	return report(&(struct sandbox){ .skip_files = true });
}

static int
missing_path(void *arg)
{
	static const struct sandbox_path no_dir = { "no/such/file", SANDBOX_REPLACE };
	static const struct sandbox_path no_file = { "no-file", SANDBOX_READ };

	(void)arg;
	report(&(struct sandbox){ .paths = &no_dir, .n_paths = 1 });
	return report(&(struct sandbox){ .paths = &no_file, .n_paths = 1 });
}

static void *
waits(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static int
with_thread(void *arg)
{
	pthread_t t;

	(void)arg;
	if (pthread_create(&t, NULL, waits, NULL) != 0)
		return 1;
	report(&(struct sandbox){ .require = true });
	return 0;
}

static void
prints(int (*body)(void *), void *arg, const char *want, const char *what)
{
	struct child c;

	child_run(&c, body, arg);
	if (c.status == 2)
		skip(what, "seccomp filters are not to be had here");
	else
		is_str(c.out, want, "%s", what);
}

static void
test_lacking(void)
{
	static const int not_built = ENOSYS, switched_off = EOPNOTSUPP, forbidden = EPERM;

	prints(lacking, (void *)(uintptr_t)&not_built,
	    "failed: the sandbox is required, but cannot restrict files: this kernel has no "
	    "Landlock\n"
	    "00 files: not restricted: this kernel has no Landlock; "
	    "system calls: not restricted: not asked for\n",
	    "a kernel without Landlock");
	prints(lacking, (void *)(uintptr_t)&switched_off,
	    "failed: the sandbox is required, but cannot restrict files: "
	    "Landlock is switched off in this kernel\n"
	    "00 files: not restricted: Landlock is switched off in this kernel; "
	    "system calls: not restricted: not asked for\n",
	    "a kernel with Landlock switched off");
	prints(lacking, (void *)(uintptr_t)&forbidden,
	    "failed: the sandbox is required, but cannot restrict files: "
	    "Landlock is not permitted here\n"
	    "00 files: not restricted: Landlock is not permitted here; "
	    "system calls: not restricted: not asked for\n",
	    "a container that forbids Landlock");
	prints(without_landlock, NULL,
	    "01 files: not restricted: not asked for; system calls: seccomp\n",
	    "what is not asked for is not looked for");
	prints(without_seccomp, NULL,
	    "failed: the sandbox is required, but cannot restrict system calls: "
	    "this kernel has no seccomp filters, or forbids them here\n"
	    "00 files: not restricted: not asked for; system calls: not restricted: "
	    "this kernel has no seccomp filters, or forbids them here\n",
	    "a kernel without filters");
}

/* Older kernels ------------------------------------------------------------------------------------ */

#ifdef __x86_64__
static volatile long pretended;

static void
pretend(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = pretended;
}

/* The kernel's answer to "which version?" is caught and another one given. */
static int
older(void *arg)
{
	struct sigaction catch = { .sa_sigaction = pretend, .sa_flags = SA_SIGINFO };
	static int (*const tried[])(struct inside *) = { passwd, write_outside, store_write,
		store_rename, metrics, store_tree, truncate_outside };
	struct mode m = { .skip_calls = true };
	struct inside in;

	lay_out();
	pretended = *(const int *)arg;
	sigaction(SIGSYS, &catch, NULL);
	filter(SYS_landlock_create_ruleset, 2, 1, SECCOMP_RET_TRAP);
	if (!apply(&m))
		return 2;
	for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++)
		putchar(outcome(tried[i](&in)));
	return 0;
}

static void
test_older(int version)
{
	/* 1 cannot move files between directories, and cannot forbid truncate(2); nor can 2 the latter. */
	static const char *const want[] = { "aayyyxy", "aayyyyy", "aayyyya" };

	for (int v = 1; v <= version && v < 9; v++)
		prints(older, &v, want[v < 3 ? v - 1 : 2],
		    "an older Landlock restricts what it knows, and no less");
}
#else
static void
test_older(int version)
{
	(void)version;
	skip("older versions of Landlock", "the test knows registers of x86-64 only");
}
#endif

int
main(void)
{
	struct mode modes[] = { { .name = "both" }, { .name = "files", .skip_calls = true },
		{ .name = "calls", .skip_files = true },
		{ .name = "neither", .skip_files = true, .skip_calls = true } };
	char directory[] = "/tmp/flowkit-test.XXXXXX", command[64];
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);

	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return 1;
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		test_mode(&modes[i]);
	test_last_calls();
	test_lacking();
	if (version > 0) {
		test_older(version);
		prints(missing_path, NULL,
		    "failed: no/such: No such file or directory\n"
		    "failed: no-file: No such file or directory\n",
		    "a path that is not there is a mistake, not a weaker sandbox");
		prints(with_thread, NULL, "failed: the sandbox comes before threads\n",
		    "threads that would stay outside are noticed");
	} else {
		skip("paths, threads, older versions", "this kernel has no Landlock");
	}
	snprintf(command, sizeof command, "cd / && rm -rf %s", directory);
	shell(command);
	return done_testing();
}
