/*
 * test_base_file.c - whole reads and writes; outputs that appear complete or not at all.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tap.h"

static char root[] = "/tmp/flowkit-test.XXXXXX";

static const char *
content(const char *path)
{
	static char text[64];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = file_read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Entries of the directory, dot files included. */
static unsigned
entries(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, NULL);

	for (int i = 0; i < n; i++)
		free(names[i]);
	if (n >= 0)
		free(names);
	return (unsigned)(n - 2);
}

static int
begin(struct outfile *f, const char *path, const char *text)
{
	struct err err = { 0 };

	if (outfile_open(f, path, &err) != 0)
		return -1;
	return file_write(f->fd, text, strlen(text));
}

static void
test_open(void)
{
	int fd = file_open("-");

	ok(fd > STDERR_FILENO && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0,
	    "standard input has a descriptor of its own, which no child inherits");
	close(fd);
	ok(file_open("no/such/file") == -1 && errno == ENOENT, "a file that is not there has none");
}

static void
test_parts(void)
{
	static const struct {
		const char *path, *directory, *name;
	} paths[] = { { "a", ".", "a" }, { "/a", "/", "a" }, { "b/a", "b", "a" },
		{ "/c/b/.a.part", "/c/b", ".a.part" }, { "b/", "b", "" }, { "../a", "..", "a" } };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char *directory = file_directory(paths[i].path);

		is_str(directory, paths[i].directory, "where %s is", paths[i].path);
		is_str(file_name(paths[i].path), paths[i].name, "and what is there");
		mem_free(directory);
	}
}

static void
test_outfile(void)
{
	struct outfile f;
	struct err err = { 0 }, told;
	struct stat st;
	mode_t before = umask(027);

	ok(begin(&f, "day.flow", "one") == 0, "an output file is opened");
	ok(content("day.flow") == NULL && entries(".") <= 1, "and is not there under its name yet");
	ok(f.tmp == NULL || strncmp(f.tmp, ".day.flow.", 10) == 0,
	    "if it has a temporary name that is .NAME.XXXXXX");
	ok(outfile_commit(&f, &err) == 0 && f.fd == -1, "it is committed");
	is_str(content("day.flow"), "one", "and then is whole");
	ok(stat("day.flow", &st) == 0 && (st.st_mode & 0777) == 0640, "the umask applies");
	umask(before);

	begin(&f, "day.flow", "two");
	is_str(content("day.flow"), "one", "a file to be replaced stays until then");
	outfile_discard(&f);
	outfile_discard(&f);
	ok(entries(".") == 1, "a discarded output leaves nothing");
	is_str(content("day.flow"), "one", "and changes nothing");

	begin(&f, "day.flow", "part");
	ok(outfile_keep_incomplete(&f, &told, &err) == 0, "an incomplete output is kept");
	ok(strncmp(told.text, "not written; the part that is good is in /", 42) == 0 &&
		strstr(told.text, "/day.flow.incomplete") != NULL,
	    "and where is told: %s", told.text);
	is_str(content("day.flow"), "one", "beside the old file");
	is_str(content("day.flow.incomplete"), "part", "under a name that says so");

	begin(&f, "day.flow", "three");
	outfile_commit(&f, &err);
	is_str(content("day.flow"), "three", "a commit replaces");
	is_u64(entries("."), 2, "and leaves no temporary file");
}

static void
test_long_names(void)
{
	struct outfile f;
	struct err err = { 0 };
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	ok(begin(&f, name, "abc") == 0 && outfile_commit(&f, &err) == 0 && access(name, F_OK) == 0,
	    "the longest name there may be is written: %s", err.text);
	unlink(name);
	name[255] = 'n';
	name[256] = '\0';
	ok(outfile_open(&f, name, &err) == -1, "a longer one fails at once");
}

static void
test_outfile_kinds(void)
{
	struct outfile f;
	struct err err = { 0 }, told;
	struct stat st;
	char text[4] = "";
	int fd;

	ok(symlink("day.flow", "link") == 0 && begin(&f, "link", "four") == 0 &&
		outfile_commit(&f, &err) == 0,
	    "an output through a symbolic link");
	is_str(content("day.flow"), "four", "replaces the file it names");
	ok(lstat("link", &st) == 0 && S_ISLNK(st.st_mode), "and not the link");
	ok(symlink("nothing", "dangling") == 0 && outfile_open(&f, "dangling", &err) == -1,
	    "an output through a link to nothing fails");
	is_str(err.text, "cannot write dangling: it is a symbolic link to a file that is not there",
	    "with a reason");
	ok(unlink("dangling") == 0, "and the link is left as it is");
	err = (struct err){ 0 };

	ok(mkfifo("fifo", 0600) == 0, "a FIFO");
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	ok(begin(&f, "fifo", "abc") == 0 && f.direct && outfile_commit(&f, &err) == 0,
	    "is written directly");
	ok(read(fd, text, 3) == 3 && strcmp(text, "abc") == 0, "and read");
	close(fd);

	ok(outfile_open(&f, "/dev/full", &err) == 0 && f.direct, "a device is written directly");
	ok(file_write(f.fd, "abc", 3) == -1 && errno == ENOSPC, "and may be full");
	ok(outfile_keep_incomplete(&f, &told, &err) == 0 && told.status == 0 &&
		access("/dev/full.incomplete", F_OK) != 0,
	    "and has no incomplete file");

	ok(mkdir("gone", 0700) == 0 && begin(&f, "gone/day.flow", "five") == 0 &&
		(f.tmp == NULL || unlink(f.tmp) == 0) && rmdir("gone") == 0 &&
		outfile_commit(&f, &err) == -1,
	    "an output whose directory goes away meanwhile fails");
	ok(strstr(err.text, "gone/") != NULL, "and is named: %s", err.text);
	err = (struct err){ 0 };

	ok(outfile_open(&f, "no/such/file", &err) == -1, "an output in no directory fails");
	is_str(err.text, "cannot write no/such/file: No such file or directory", "with a reason");
	is_u64((uint64_t)err.status, EXIT_FAILED, "and the status of failure");
	err = (struct err){ 0 };
	ok(outfile_open(&f, ".", &err) == -1, "a directory is no output");
	ok(strncmp(err.text, "cannot write ", 13) == 0 &&
		strstr(err.text, ": Is a directory") != NULL,
	    "with a reason");
}

static void
test_pipes(void)
{
	static char big[3 << 20], back[sizeof(big)];
	int ends[2], fd = open("day.flow", O_RDONLY), status;
	ssize_t n;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	ok(file_is_regular(fd) && !file_is_regular(-1), "a regular file is one");
	file_widen_pipe(fd);
	close(fd);
	file_widen_pipe(-1);
	if (pipe(ends) != 0)
		exit(1);
	ok(!file_is_regular(ends[0]), "a pipe is none");
	file_widen_pipe(ends[1]);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(file_write(ends[1], big, sizeof(big)) == 0 ? 0 : 1);
	close(ends[1]);
	n = file_read(ends[0], back, sizeof(back));
	ok(n == (ssize_t)sizeof(back) && memcmp(big, back, sizeof(big)) == 0,
	    "short reads and writes are continued");
	ok(file_read(ends[0], back, 1) == 0, "the end is the end");
	waitpid(pid, &status, 0);
	close(ends[0]);
	ok(file_read(-1, back, 1) == -1 && errno == EBADF, "a failed read is one");
	if (pipe(ends) != 0)
		exit(1);
	close(ends[0]);
	ok(file_write(ends[1], big, 10) == -1 && errno == EPIPE, "a reader that has gone is EPIPE");
	close(ends[1]);
}

static void
test_temp(void)
{
	struct err err = { 0 };
	char text[4] = "";
	int fd = file_temp(".", &err);
	unsigned before = entries(".");

	ok(fd >= 0 && file_write(fd, "abc", 3) == 0 && pread(fd, text, 3, 0) == 3 &&
		strcmp(text, "abc") == 0,
	    "a temporary file is written and read");
	is_u64(entries("."), before, "and has no name");
	close(fd);
	ok(file_temp("no/such/directory", &err) == -1 &&
		strstr(err.text, "no/such/directory") != NULL,
	    "a missing directory is named");
	err = (struct err){ 0 };
	setenv("TMPDIR", "no/where", 1);
	ok(file_temp(NULL, &err) == -1 && strstr(err.text, "no/where") != NULL, "TMPDIR is used");
	unsetenv("TMPDIR");
	fd = file_temp(NULL, &err);
	ok(fd >= 0, "without it /tmp is");
	close(fd);
}

int
main(void)
{
	if (mkdtemp(root) == NULL || chdir(root) != 0)
		return 1;
	test_open();
	test_parts();
	test_outfile();
	test_long_names();
	test_outfile_kinds();
	test_pipes();
	test_temp();
	if (chdir("/") == 0) {
		char command[128];

		snprintf(command, sizeof(command), "rm -rf %s", root);
		ok(system(command) == 0, "the directory is removed");
	}
	return done_testing();
}
