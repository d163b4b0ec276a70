/*
 * seccomp.c - leave a process the system calls of a threaded server at work (seccomp(2)).
 *
 * The filter is built by hand, not by libseccomp: it is a list of allowed numbers, few with a condition on one
 * argument, which needs no compiler, and a collector should not need another library to be safe.
 * Both processors we know are 64-bit and little-endian; numbers come from the kernel's header for the one we
 * are built for.
 */
#include "daemon/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__ILP32__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef ARCHITECTURE

int
seccomp_apply(const char **why, struct err *err)
{
	(void)err;
	*why = "the system calls of this processor are not known";
	return 0;
}

#else

/* Allowed whatever the arguments. */
static const int allowed[] = {
	/* Sockets that are there. */
	__NR_recvmmsg, __NR_recvmsg, __NR_recvfrom, __NR_sendmmsg, __NR_sendmsg, __NR_sendto,
	__NR_accept, __NR_accept4, __NR_shutdown, __NR_getsockopt, __NR_setsockopt,
	__NR_getsockname, __NR_getpeername,
	/* Waiting. */
	__NR_futex, __NR_epoll_pwait, __NR_epoll_ctl, __NR_epoll_create1, __NR_ppoll, __NR_pselect6,
	__NR_eventfd2, __NR_timerfd_create, __NR_timerfd_settime, __NR_timerfd_gettime,
	__NR_signalfd4, __NR_pipe2, __NR_nanosleep, __NR_clock_nanosleep, __NR_sched_yield,
	__NR_restart_syscall, __NR_wait4, __NR_waitid,
	/* Descriptors and files; which files is Landlock's business.  No truncate: see landlock.c. */
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_pwrite64, __NR_preadv,
	__NR_preadv2, __NR_pwritev, __NR_close, __NR_lseek, __NR_dup, __NR_dup3, __NR_fcntl,
	__NR_flock, __NR_fsync, __NR_fdatasync, __NR_sync_file_range, __NR_ftruncate,
	__NR_fallocate, __NR_fadvise64, __NR_openat, __NR_fstat, __NR_newfstatat, __NR_statx,
	__NR_faccessat, __NR_readlinkat, __NR_getdents64, __NR_statfs, __NR_fstatfs, __NR_renameat,
	__NR_renameat2, __NR_linkat, __NR_unlinkat, __NR_mkdirat, __NR_getcwd, __NR_umask,
	/* Memory; see also below. */
	__NR_munmap, __NR_mremap, __NR_madvise, __NR_msync, __NR_mincore, __NR_brk, __NR_membarrier,
	/* Threads. */
	__NR_set_robust_list, __NR_rseq, __NR_set_tid_address, __NR_gettid, __NR_getcpu,
	__NR_sched_getaffinity, __NR_sched_setaffinity, __NR_exit, __NR_exit_group,
	/* Signals. */
	__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigpending,
	__NR_rt_sigtimedwait, __NR_rt_sigsuspend, __NR_sigaltstack,
	/* Clocks, random numbers, who and where we are. */
	__NR_clock_gettime, __NR_clock_getres, __NR_gettimeofday, __NR_getrandom, __NR_getpid,
	__NR_getppid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_uname,
	__NR_sysinfo, __NR_times, __NR_getrusage,
#ifdef __x86_64__
	/* What arm64, being younger, has only under a newer name. */
	__NR_epoll_wait, __NR_poll, __NR_select, __NR_time, __NR_dup2, __NR_pipe, __NR_open,
	__NR_stat, __NR_lstat, __NR_access, __NR_readlink, __NR_rename, __NR_link, __NR_unlink,
	__NR_mkdir, __NR_rmdir, __NR_getrlimit
#endif
};

/*
 * Allowed when (argument & mask) == value.  Of an argument only the low 32 bits are looked at, as the kernel
 * does itself for those named here.
 */
struct rule {
	int nr;
	unsigned arg;
	uint32_t mask, value;
};

enum {
	NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET
};

static const struct rule conditional[] = {
	{ __NR_mmap, 2, PROT_EXEC, 0 }, /* nothing new is executed */
	{ __NR_mprotect, 2, PROT_EXEC, 0 }, /* nor what is there */
	{ __NR_clone, 0, CLONE_THREAD | NAMESPACES, CLONE_THREAD }, /* threads, not processes */
	{ __NR_prctl, 0, UINT32_MAX, PR_SET_NAME }, /* a thread's */
	{ __NR_prlimit64, 0, UINT32_MAX, 0 }, /* one's own */
	{ __NR_ioctl, 1, UINT32_MAX, TCGETS }, /* isatty */
	{ __NR_ioctl, 1, UINT32_MAX, FIONREAD }, /* how much waits */
	{ __NR_ioctl, 1, UINT32_MAX, FIONBIO }, /* waits for nothing */
	{ __NR_fchown, 1, UINT32_MAX, UINT32_MAX }, /* the group only */
	{ __NR_fchmod, 1, ~UINT32_C(0666), 0 }, /* who may read and write */
};

/* Nothing here ends in these by mistake. */
static const int deadly[] = { __NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv,
	__NR_process_vm_writev };

/*
 * Calls as young as clone3 (Linux 5.3) "do not exist": the C library tries them first and takes the older
 * ones then.  clone3 itself must not exist, since a filter cannot see its flags.  The numbers of x86-64's
 * calls with 32-bit pointers begin at X32_BIT; nobody uses them but to get around filters.
 */
enum { FIRST_YOUNG = 435, X32_BIT = 0x40000000, PROGRAM_MAX = 1024 };

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short n;
};

static void
emit(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	assert(p->n < PROGRAM_MAX);
	p->code[p->n++] = (struct sock_filter){ .code = code, .k = k, .jt = yes, .jf = no };
}

static void
load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
result(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* The number of the call is loaded, before and after. */
static void
decide(struct program *p, int nr, uint32_t action)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	result(p, action);
}

static void
decide_by(struct program *p, const struct rule *r)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0, 5);
	load(p, offsetof(struct seccomp_data, args) + r->arg * sizeof(uint64_t));
	emit(p, BPF_ALU | BPF_AND | BPF_K, r->mask, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
	result(p, SECCOMP_RET_ALLOW);
	load(p, offsetof(struct seccomp_data, nr));
}

static void
build(struct program *p)
{
	/* abort(), raise() and pthread_kill() */
	const struct rule own[] = { { __NR_tgkill, 0, UINT32_MAX, (uint32_t)getpid() },
		{ __NR_kill, 0, UINT32_MAX, (uint32_t)getpid() } };

	p->n = 0;
	load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	result(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		decide(p, allowed[i], SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof conditional / sizeof conditional[0]; i++)
		decide_by(p, &conditional[i]);
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		decide_by(p, &own[i]);
	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
		decide(p, deadly[i], SECCOMP_RET_KILL_PROCESS);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	result(p, SECCOMP_RET_KILL_PROCESS);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, FIRST_YOUNG, 0, 1);
	result(p, SECCOMP_RET_ERRNO | ENOSYS);
	result(p, SECCOMP_RET_ERRNO | EPERM);
}

int
seccomp_apply(const char **why, struct err *err)
{
	const uint32_t kill = SECCOMP_RET_KILL_PROCESS;
	struct sock_fprog filter;
	struct program p;
	long rc;

	/* Linux 4.14; before, the worst a filter could do was to end a thread. */
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) != 0) {
		*why = "this kernel has no seccomp filters, or forbids them here";
		return 0;
	}
	build(&p);
	filter = (struct sock_fprog){ .len = p.n, .filter = p.code };
	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
	if (rc > 0)
		return err_set(err, "thread %ld has a filter of its own", rc);
	if (rc < 0)
		return err_system(err, "cannot filter system calls");
	return 1;
}

#endif
