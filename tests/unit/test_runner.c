/*
 * Commands beside a program: their order and surroundings, hostile names, slow and failing ones, and the end of
 * either side.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/time.h"
#include "child.h"
#include "daemon/privileges.h"
#include "daemon/runner.h"
#include "daemon/sandbox.h"
#include "tap.h"

/* Everything in the file "log", from the start; until the next call. */
static const char *
logged(size_t *len)
{
	static struct buf text;
	int fd = open("log", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	text.len = 0;
	while (fd >= 0 && (n = read(fd, buf_room(&text, 65536), 65536)) > 0)
		text.len += (size_t)n;
	if (fd >= 0)
		close(fd);
	if (len != NULL)
		*len = text.len;
	return buf_cstr(&text);
}

static void
clean(void)
{
	if (system("rm -rf -- log go begun") != 0)
		exit(1);
}

static struct runner *
start(const struct runner_command *commands, unsigned n)
{
	struct err err = { .status = 0 };
	struct runner *r;

	clean();
	r = runner_start(commands, n, &err);
	if (r == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return r;
}

static struct runner *
start_shell(const char *text)
{
	static struct runner_command command; /* borrowed until the end */

	command = (struct runner_command){ .name = "--exec", .shell = text };
	return start(&command, 1);
}

static int64_t
in(int64_t ns)
{
	return time_monotonic_ns() + ns;
}

/* Until all is done; every line, each with a newline. */
static const char *
finish(struct runner *r, struct runner_stats *stats)
{
	static char lines[8192];
	const char *line;
	int64_t until = in(120 * NS_PER_S);

	lines[0] = '\0';
	while ((line = runner_drain(r, until)) != NULL)
		if (strlen(lines) + strlen(line) + 2 < sizeof lines)
			strcat(strcat(lines, line), "\n");
	if (stats != NULL)
		runner_stats(r, stats);
	runner_free(r);
	return lines;
}

/* Until a file is there, 20 s at most. */
static bool
appears(const char *path)
{
	const struct timespec ms = { .tv_nsec = 5000000 };

	for (int i = 0; i < 4000; i++) {
		if (access(path, F_OK) == 0)
			return true;
		nanosleep(&ms, NULL);
	}
	return false;
}

/* Until a process has ended, whether or not somebody has waited for it; 20 s at most. */
static bool
vanishes(int pid)
{
	const struct timespec ms = { .tv_nsec = 5000000 };
	char path[32], state;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	for (int i = 0; i < 4000; i++) {
		FILE *f = fopen(path, "r");
		int n = f != NULL ? fscanf(f, "%*d %*s %c", &state) : 0;

		if (f != NULL)
			fclose(f);
		if (n != 1 || state == 'Z' || state == 'X')
			return true;
		nanosleep(&ms, NULL);
	}
	return false;
}

static void
touch(const char *path)
{
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

/* What commands get -------------------------------------------------------------------------------- */

static void
test_names(void)
{
	static const struct {
		const char *path, *got;
	} names[] = {
		{ "/var/flow/20261125T1200Z.flow", NULL },
		{ "two  blanks and a tab\t", NULL },
		{ "a\nnew line\n", NULL },
		{ "'\"\\`$", NULL },
		{ "$(touch begun)`touch begun`;touch begun&touch begun|touch begun", NULL },
		{ "*", NULL },
		{ "\xff\xfe\x01\x7f", NULL },
		{ "-rf", "./-rf" },
		{ "--", "./--" },
		{ "", "none" },
	};
	struct runner *r = start_shell("printf '%s\\0' \"${1-none}\" \"${FLOW_FILE-none}\" "
				       "\"$#\" >> log");
	struct runner_stats stats;
	const char *p;
	size_t len, used = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		runner_run(r, 0, names[i].path);
	is_str(finish(r, &stats), "", "commands end well");
	is_u64(stats.done, sizeof names / sizeof names[0], "all of them");
	p = logged(&len);
	for (size_t i = 0; i < sizeof names / sizeof names[0] && used < len; i++) {
		const char *want = names[i].got != NULL ? names[i].got : names[i].path;
		const char *rest[] = { want, want, names[i].path[0] != '\0' ? "1" : "0" };
		bool good = true;

		for (size_t k = 0; k < 3 && used < len; k++) {
			good = good && strcmp(p + used, rest[k]) == 0;
			used += strlen(p + used) + 1;
		}
		ok(good, "name %zu is one argument and one variable, as it is", i);
	}
	is_u64(used, len, "and nothing else is said");
	ok(access("begun", F_OK) != 0, "nothing in a name is executed");
}

static void
test_argv(void)
{
	static const char *const argv[] = { "touch", "-c", "begun", NULL };
	static const char *const plain[] = { "touch", NULL };
	static const char *const absent[] = { "flowkit-no-such-program", NULL };
	static const struct runner_command commands[] = { { .name = "one", .argv = argv },
		{ .name = "two", .argv = plain }, { .name = "three", .argv = absent } };
	struct runner *r = start(commands, 3);

	runner_run(r, 0, NULL);
	runner_run(r, 1, "go");
	runner_run(r, 2, "x y");
	is_str(finish(r, NULL),
	    "three: x y: cannot run flowkit-no-such-program: No such file or directory\n",
	    "programs are run without a shell; one that is not there is told");
	ok(access("go", F_OK) == 0 && access("begun", F_OK) != 0, "the path is the last argument");
}

/* In a child, so that output, signals and descriptors are the test's own. */
static int
surroundings(void *arg)
{
	struct runner *r;
	sigset_t set;

	(void)arg;
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (socket(AF_INET, SOCK_DGRAM, 0) < 0 || open("/dev/zero", O_RDONLY) < 0)
		return 1;
	/* glibc has children of posix_spawn ignore 32 and 33, which are its own. */
	r = start_shell("echo out; wc -c; while read k v; do case $k in SigBlk: | SigIgn:) "
			"echo $k $((0x$v & 0x7fffffff)) ;; esac; done < /proc/self/status; "
			"ls -l /proc/$$/fd | grep -cE 'socket:|zero'; "
			"[ $(cut -d ' ' -f 5 /proc/$$/stat) = $$ ] && echo group");
	runner_run(r, 0, NULL);
	printf("%s", finish(r, NULL));
	return 0;
}

static void
test_surroundings(void)
{
	struct child c;

	child_run(&c, surroundings, NULL);
	is_str(c.out, "", "nothing comes on standard output, which may carry records");
	is_str(c.err, "out\n0\nSigBlk: 0\nSigIgn: 0\n0\ngroup\n",
	    "empty input, default signals, no socket, no file, a process group");
	ok(c.status == 0, "and the program ends well");
}

static int
as_user(void *arg)
{
	struct privileges p;
	struct err err = { .status = 0 };
	struct runner *r;

	(void)arg;
	if (chmod(".", 0777) != 0 || privileges_find(&p, "54321:54322", &err) != 0 ||
	    privileges_drop(&p, UINT64_C(1) << 13, &err) != 0)
		return 1;
	r = start_shell(
	    "id -u; id -g; grep CapEff /proc/self/status; grep CapPrm /proc/$PPID/status");
	runner_run(r, 0, NULL);
	printf("%s", finish(r, NULL));
	return 0;
}

static int
beside_sandbox(void *arg)
{
	static const struct sandbox sandbox = { .n_paths = 0 };
	struct sandbox_report report;
	struct err err = { .status = 0 };
	struct runner *r = start_shell("cat /etc/passwd > log && echo read");

	(void)arg;
	if (sandbox_apply(&sandbox, &report, &err) != 0)
		return 1;
	runner_run(r, 0, NULL);
	printf("%s", finish(r, NULL));
	return 0;
}

static void
test_privileges(void)
{
	struct child c;

	child_run(&c, beside_sandbox, NULL);
	is_str(c.err, "read\n", "a sandbox is for the program, not for commands");
	ok(c.status == 0 && c.out[0] == '\0', "and it may still ask for them %s", c.out);
	if (geteuid() != 0) {
		skip("commands run as another user", "not root");
		return;
	}
	child_run(&c, as_user, NULL);
	is_str(c.err, "54321\n54322\nCapEff:\t0000000000000000\nCapPrm:\t0000000000000000\n",
	    "commands run as the user, without what the program keeps");
	ok(c.status == 0 && c.out[0] == '\0', "and end well %s", c.out);
}

/* Order and queue ---------------------------------------------------------------------------------- */

static void
test_many(void)
{
	enum { MANY = 10000 };
	struct runner *r = start_shell("echo \"$1\" >> log");
	struct runner_stats stats;
	struct pollfd p = { .fd = runner_fd(r), .events = POLLIN };
	char name[32], *end;
	const char *text;
	unsigned next = 0, lines = 0;

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%u", i);
		while (!runner_run(r, 0, name)) {
			poll(&p, 1, 100);
			lines += runner_line(r) != NULL;
		}
	}
	is_str(finish(r, &stats), "", "ten thousand commands end well");
	for (text = logged(NULL); *text != '\0' && strtoul(text, &end, 10) == next; next++)
		text = end + 1;
	ok(next == MANY && *text == '\0' && lines == 0, "in the order of the requests (%u)", next);
	ok(stats.done == MANY && stats.failed == 0 && stats.waiting == 0,
	    "and are counted (%" PRIu64 ")", stats.done);
}

static const char gate[] =
    "touch begun; while [ ! -e go ]; do sleep 0.01; done; echo \"$1\" >> log";

static void
test_full(void)
{
	enum { ASKED = 10000 };
	struct runner *r = start_shell(gate);
	struct runner_stats stats;
	unsigned taken = 0;
	int64_t since = time_monotonic_ns(), took;

	for (unsigned i = 0; i < ASKED; i++)
		taken += runner_run(r, 0, "x");
	took = time_monotonic_ns() - since;
	is_u64(taken, RUNNER_QUEUE, "while a command takes long, as many requests wait as may");
	runner_stats(r, &stats);
	is_u64(stats.dropped, ASKED - RUNNER_QUEUE, "the others are dropped and counted");
	ok(took < 5 * NS_PER_S, "and the program is not held up (%lld ms)",
	    (long long)(took / NS_PER_MS));
	ok(appears("begun"), "the first has begun");
	ok(runner_drain(r, in(NS_PER_S / 5)) == NULL, "waiting for the end has an end");
	runner_stats(r, &stats);
	is_u64(stats.waiting, RUNNER_QUEUE, "what was not run is known");
	runner_free(r);
	touch("go");
	ok(appears("log"), "the command that runs may finish");
}

static void
test_coalesce(void)
{
	static const struct runner_command commands[] = {
		{ .name = "--exec", .shell = gate },
		{ .name = "--expire", .shell = "echo \"expire $1\" >> log", .coalesce = true },
	};
	struct runner *r = start(commands, 2);
	struct runner_stats stats;

	runner_run(r, 0, "first");
	runner_run(r, 1, "a");
	runner_run(r, 0, "second");
	for (unsigned i = 0; i < 99; i++)
		runner_run(r, 1, "b");
	touch("go");
	is_str(finish(r, &stats), "", "requests that may join one that waits");
	is_str(logged(NULL), "first\nexpire a\nsecond\n", "do, in its place");
	ok(stats.coalesced == 99 && stats.done == 3, "and are counted (%" PRIu64 ")",
	    stats.coalesced);
}

struct asking {
	struct runner *r;
	char who;
	pthread_t thread;
};

static void *
ask(void *arg)
{
	const struct asking *a = arg;
	char name[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%c%u", a->who, i);
		runner_run(a->r, 0, name);
	}
	return NULL;
}

static void
test_threads(void)
{
	enum { THREADS = 4 };
	struct asking asking[THREADS];
	struct runner_stats stats;
	struct runner *r = start_shell("echo \"$1\" >> log");
	unsigned next[THREADS] = { 0 }, n = 0;
	bool ordered = true;
	const char *line;

	for (int i = 0; i < THREADS; i++) {
		asking[i] = (struct asking){ .r = r, .who = (char)('a' + i) };
		pthread_create(&asking[i].thread, NULL, ask, &asking[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(asking[i].thread, NULL);
	is_str(finish(r, &stats), "", "four threads ask at once");
	for (line = logged(NULL); *line != '\0'; line = strchr(line, '\n') + 1, n++)
		ordered = ordered && strtoul(line + 1, NULL, 10) == next[line[0] - 'a']++;
	ok(n == 400 && ordered, "all is run, each one's in its order (%u)", n);
}

static void
test_too_long(void)
{
	struct runner *r = start_shell("exit 1");
	struct runner_stats stats;
	static char path[20000];

	memset(path, 'x', sizeof path - 1);
	ok(!runner_run(r, 0, path), "a path longer than any is not asked for");
	path[5000] = '\0';
	ok(runner_run(r, 0, path), "one of 5,000 octets is");
	is_u64(strlen(finish(r, &stats)), strlen("--exec: ") + 1023 + strlen(": exit status 1\n"),
	    "and cut where it is told");
	ok(stats.dropped == 1 && stats.failed == 1, "both are counted");
}

/* Failing ------------------------------------------------------------------------------------------ */

static void
test_failing(void)
{
	static const struct runner_command commands[] = {
		{ .name = "--exec", .shell = "exit 3" },
		{ .name = "--exec", .shell = "kill -KILL $$" },
		{ .name = "--exec", .shell = "no-such-command 2> /dev/null" },
		{ .name = "--exec", .shell = "echo $0 > log" },
		{ .name = "--exec", .shell = "if" },
	};
	struct runner *r = start(commands, 4);
	struct runner_stats stats;

	runner_run(r, 0, "/a b.flow");
	runner_run(r, 1, "/b\n.flow");
	runner_run(r, 2, NULL);
	runner_run(r, 3, NULL);
	is_str(finish(r, &stats),
	    "--exec: /a b.flow: exit status 3\n"
	    "--exec: /b\n.flow: Killed\n"
	    "--exec: exit status 127\n",
	    "how commands fail is told, with the file");
	ok(stats.done == 4 && stats.failed == 3, "and counted");
	is_str(logged(NULL), "--exec\n", "those behind them are run");
}

static void
test_slow(void)
{
	static const struct runner_command commands[] = {
		{ .name = "soft",
		    .shell = "(trap '' TERM; exec sleep 100) & echo $! > log; sleep 100",
		    .limit_s = 1 },
		{ .name = "hard",
		    .shell = "trap '' TERM; (sleep 100; echo late >> log) & echo $! $$ > go; "
			     "while :; do sleep 0.1; done",
		    .limit_s = 1 },
		{ .name = "left", .shell = "(sleep 0.3; touch begun) &" },
	};
	struct runner *r = start(commands, 3);
	struct runner_stats stats;
	int64_t since = time_monotonic_ns(), took;
	FILE *f;
	int pid[2] = { 1, 1 };

	runner_run(r, 0, "/x");
	runner_run(r, 1, "/y");
	runner_run(r, 2, "/z");
	is_str(finish(r, &stats), "soft: /x: stopped after 1 s\nhard: /y: stopped after 1 s\n",
	    "a command has a time limit");
	took = time_monotonic_ns() - since;
	ok(took >= (2 + RUNNER_GRACE_S) * NS_PER_S && took < 30 * NS_PER_S,
	    "and some time to end when told to (%lld ms)", (long long)(took / NS_PER_MS));
	f = fopen("go", "r");
	ok(f != NULL && fscanf(f, "%d %d", &pid[0], &pid[1]) == 2 && vanishes(pid[0]) &&
		vanishes(pid[1]),
	    "its whole group ends");
	ok(vanishes((int)strtol(logged(NULL), NULL, 10)),
	    "even where the command did as told and left something that does not");
	if (f != NULL)
		fclose(f);
	ok(appears("begun"), "what a command that ended well left behind is left alone");
}

/* Ends --------------------------------------------------------------------------------------------- */

/* A program that is killed while the first of its commands runs; it has nothing but its standard error. */
static pid_t
victim(const char *text, int err)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	dup2(err, STDERR_FILENO);
	struct runner *r = start_shell(text);
	runner_run(r, 0, "first");
	runner_run(r, 0, "second");
	for (;;)
		pause();
}

static bool
ends_within(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&p, 1, ms) == 1 && read(fd, &c, 1) == 0;
}

static void
test_killed_program(void)
{
	int ends[2];
	pid_t pid;

	clean();
	if (pipe2(ends, O_CLOEXEC) != 0)
		exit(1);
	pid = victim(gate, ends[1]);
	close(ends[1]);
	ok(appears("begun"), "a program has its first command running");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(!ends_within(ends[0], 200), "when it is killed the command goes on");
	touch("go");
	ok(ends_within(ends[0], 20000), "and then the runner ends");
	is_str(logged(NULL), "first\n", "without beginning the second");
	close(ends[0]);
}

static void
test_killed_runner(void)
{
	struct runner *r = start_shell("echo $PPID > log; touch begun; [ -z \"$1\" ] || sleep 100");
	struct runner_stats stats;
	struct pollfd p = { .fd = runner_fd(r), .events = POLLIN };
	pid_t pid;

	runner_run(r, 0, NULL);
	ok(poll(&p, 1, 20000) == 1 && runner_line(r) == NULL, "a command is run");
	pid = (pid_t)strtol(logged(NULL), NULL, 10);
	kill(pid, SIGTERM);
	kill(pid, SIGINT);
	kill(pid, SIGHUP);
	runner_run(r, 0, NULL);
	ok(poll(&p, 1, 20000) == 1 && runner_line(r) == NULL && runner_fd(r) == p.fd,
	    "and another after signals that go to all of a service");
	kill(pid, SIGKILL);
	ok(poll(&p, 1, 20000) == 1, "a runner that is killed is noticed");
	is_str(runner_line(r), "the process that runs commands has ended", "and told");
	ok(runner_line(r) == NULL && runner_fd(r) == -1, "once");
	ok(!runner_run(r, 0, NULL), "nothing more is asked of it");
	is_str(finish(r, &stats), "", "and nothing more said");
	ok(stats.done == 2 && stats.dropped == 1, "but counted");
}

static void
test_idle(void)
{
	struct runner *r = start_shell("exit 0");
	struct runner_stats stats;
	int64_t since = time_monotonic_ns();

	is_str(finish(r, &stats), "", "a runner that nothing was asked of ends at once");
	ok(time_monotonic_ns() - since < 10 * NS_PER_S && stats.done == 0, "and well");
	runner_free(NULL);
}

int
main(void)
{
	char directory[] = "/tmp/flowkit-test.XXXXXX", command[64];

	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return 1;
	test_names();
	test_argv();
	test_surroundings();
	test_privileges();
	test_many();
	test_full();
	test_coalesce();
	test_threads();
	test_too_long();
	test_failing();
	test_slow();
	test_killed_program();
	test_killed_runner();
	test_idle();
	snprintf(command, sizeof command, "cd / && rm -rf %s", directory);
	ok(system(command) == 0, "the directory is removed");
	return done_testing();
}
