/*
 * A stand-in for systemd: it hears what the service says, and hands over sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/time.h"
#include "child.h"
#include "daemon/sandbox.h"
#include "daemon/service.h"
#include "tap.h"

static const char *const variables[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
	"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES" };

/* The manager's end; the name as in NOTIFY_SOCKET. */
static int
manager(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, name);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) != 0)
		exit(1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static const char *
heard(int fd)
{
	static char text[2048];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return n < 0 ? strerror(errno) : text;
}

static bool
unset(void)
{
	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		if (getenv(variables[i]) != NULL)
			return false;
	return true;
}

static void
test_states(const char *name)
{
	struct err err = { .status = 0 };
	int fd = manager(name);
	struct service s;
	int64_t now;
	long long us;

	setenv("NOTIFY_SOCKET", name, 1);
	ok(service_open(&s, &err) == 0 && s.fd >= 0, "the manager at %s is found %s", name,
	    err.text);
	ok(s.watchdog_ns == 0 && unset(), "it does not watch; the variables are gone");
	ok(fcntl(s.fd, F_GETFD) == FD_CLOEXEC, "the connection does not go to commands");
	ok(service_ready(&s) == 0, "ready");
	is_str(heard(fd), "READY=1", "is heard");
	now = time_monotonic_ns() / 1000;
	ok(service_reloading(&s) == 0, "reloading");
	ok(sscanf(heard(fd), "RELOADING=1\nMONOTONIC_USEC=%lld", &us) == 1 && us >= now &&
		us < now + 5000000,
	    "is heard with the time");
	service_alive(&s);
	is_str(heard(fd), "WATCHDOG=1", "life is heard");
	service_stopping(&s);
	is_str(heard(fd), "STOPPING=1", "stopping is heard");
	close(fd);
	ok(service_ready(&s) == -1 && errno == ECONNREFUSED, "a manager that has gone is noticed");
	service_close(&s);
	service_close(&s);
	ok(s.fd == -1 && service_ready(&s) == 0, "closed, nothing is said");
}

static int
from_sandbox(void *arg)
{
	static const struct sandbox sandbox = { .n_paths = 0 };
	struct sandbox_report report;
	struct err err = { .status = 0 };
	struct service s;

	(void)arg;
	if (service_open(&s, &err) != 0 || sandbox_apply(&sandbox, &report, &err) != 0)
		return 1;
	return service_ready(&s) == 0 && service_alive(&s) == 0 ? 0 : 1;
}

static void
test_sandbox(const char *name)
{
	struct child c;
	int fd = manager(name);

	setenv("NOTIFY_SOCKET", name, 1);
	child_run(&c, from_sandbox, NULL);
	unsetenv("NOTIFY_SOCKET");
	ok(c.status == 0, "a service in a sandbox still speaks to %s", name);
	is_str(heard(fd), "READY=1", "and is heard");
	is_str(heard(fd), "WATCHDOG=1", "again");
	close(fd);
}

static void
test_watchdog(void)
{
	static const struct {
		const char *us, *pid;
		int64_t period_ns;
		const char *reason;
	} cases[] = {
		{ "3000000", NULL, 1500000000, "" },
		{ "3000000", "own", 1500000000, "" },
		{ "3000000", "1", 0, "" },
		{ NULL, NULL, 0, "" },
		{ "often", NULL, 0, "WATCHDOG_USEC 'often': expected microseconds" },
		{ "18446744073709551615", NULL, 0,
		    "WATCHDOG_USEC '18446744073709551615': expected microseconds" },
		{ "3000000", "me", 0, "WATCHDOG_PID 'me': expected a process id" },
	};
	char own[32], name[64];
	int fd;

	snprintf(own, sizeof own, "%d", getpid());
	snprintf(name, sizeof name, "@flowkit-watchdog-%s", own);
	fd = manager(name);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err err = { .status = 0 };
		struct service s;

		setenv("NOTIFY_SOCKET", name, 1);
		if (cases[i].us != NULL)
			setenv("WATCHDOG_USEC", cases[i].us, 1);
		if (cases[i].pid != NULL)
			setenv("WATCHDOG_PID",
			    strcmp(cases[i].pid, "own") == 0 ? own : cases[i].pid, 1);
		service_open(&s, &err);
		ok(s.watchdog_ns == cases[i].period_ns && unset(), "watched each %s us, process %s",
		    cases[i].us, cases[i].pid);
		is_str(err.text, cases[i].reason, "and refused where it makes no sense");
		service_close(&s);
	}
	close(fd);
}

static void
test_no_manager(void)
{
	static const struct {
		const char *path, *reason;
	} wrong[] = {
		{ "", "NOTIFY_SOCKET '': expected /PATH or @NAME" },
		{ "@", "NOTIFY_SOCKET '@': expected /PATH or @NAME" },
		{ "vsock:2:1", "NOTIFY_SOCKET 'vsock:2:1': expected /PATH or @NAME" },
		{ "/no/such/socket", "NOTIFY_SOCKET '/no/such/socket': No such file or directory" },
		{ "@flowkit-nobody", "NOTIFY_SOCKET '@flowkit-nobody': Connection refused" },
	};
	struct err err = { .status = 0 };
	struct service s;
	char long_path[200];

	ok(service_open(&s, &err) == 0 && s.fd == -1, "nobody asked");
	ok(service_ready(&s) == 0 && service_reloading(&s) == 0 && service_stopping(&s) == 0 &&
		service_alive(&s) == 0,
	    "and nobody is told");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		err = (struct err){ .status = 0 };
		setenv("NOTIFY_SOCKET", wrong[i].path, 1);
		ok(service_open(&s, &err) == -1 && s.fd == -1 && unset(), "no manager at '%s'",
		    wrong[i].path);
		is_str(err.text, wrong[i].reason, "is said");
	}
	memset(long_path, '/', sizeof long_path);
	long_path[sizeof long_path - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_path, 1);
	err = (struct err){ .status = 0 };
	ok(service_open(&s, &err) == -1 && strstr(err.text, "expected /PATH") != NULL,
	    "a name longer than an address is refused");
}

/* Sockets: in a child, which has the descriptors at 3 and 4. -------------------------------------- */

struct handed {
	const char *pid, *fds, *names; /* pid NULL: the child's own */
};

static int
take_sockets(void *arg)
{
	const struct handed *h = arg;
	struct service_socket *list;
	struct err err = { .status = 0 };
	char own[32];
	int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_STREAM, 0), n;
	int high = fcntl(one, F_DUPFD, 100);

	dup2(two, 4);
	dup2(high, 3);
	close(5);
	snprintf(own, sizeof own, "%d", getpid());
	setenv("LISTEN_PID", h->pid != NULL ? h->pid : own, 1);
	setenv("LISTEN_PIDFDID", "1", 1);
	setenv("LISTEN_FDS", h->fds, 1);
	if (h->names != NULL)
		setenv("LISTEN_FDNAMES", h->names, 1);
	n = service_sockets(&list, &err);
	printf("%d:%s", n, err.text);
	for (int i = 0; i < n; i++) {
		int type = 0;
		socklen_t len = sizeof type;

		getsockopt(list[i].fd, SOL_SOCKET, SO_TYPE, &type, &len);
		printf(" %d=%s,%s,%s", list[i].fd, list[i].name,
		    type == SOCK_DGRAM ? "datagrams" : "stream",
		    fcntl(list[i].fd, F_GETFD) == FD_CLOEXEC ? "cloexec" : "inherited");
	}
	mem_free(list);
	printf(" %s", unset() ? "unset" : "set");
	return 0;
}

static void
test_sockets(void)
{
	static const struct {
		struct handed handed;
		const char *want, *what;
	} cases[] = {
		{ { NULL, "2", "ipfix:ipfix-tcp" },
		    "2: 3=ipfix,datagrams,cloexec 4=ipfix-tcp,stream,cloexec unset",
		    "two sockets with their names" },
		{ { NULL, "2", NULL },
		    "2: 3=unknown,datagrams,cloexec 4=unknown,stream,cloexec unset",
		    "two without names" },
		{ { NULL, "2", "a" }, "2: 3=a,datagrams,cloexec 4=unknown,stream,cloexec unset",
		    "fewer names than sockets" },
		{ { NULL, "1", ":a:b" }, "1: 3=unknown,datagrams,cloexec unset",
		    "more names than sockets" },
		{ { "1", "2", "a:b" }, "0: unset", "sockets of another process are left alone" },
		{ { NULL, "0", "" }, "0: unset", "no socket" },
		{ { NULL, "3", "a:b:c" }, "-1:LISTEN_FDS: descriptor 5: Bad file descriptor unset",
		    "a descriptor that is not open" },
		{ { "x", "2", "a:b" }, "-1:LISTEN_PID 'x', LISTEN_FDS '2': expected numbers unset",
		    "no process id" },
		{ { "7", "-1", "a" }, "-1:LISTEN_PID '7', LISTEN_FDS '-1': expected numbers unset",
		    "no count" },
		{ { "7", "99999", "a" },
		    "-1:LISTEN_PID '7', LISTEN_FDS '99999': expected numbers unset",
		    "a count beyond reason" },
	};
	struct service_socket *list;
	struct err err = { .status = 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct handed handed = cases[i].handed;
		struct child c;

		child_run(&c, take_sockets, &handed);
		is_str(c.out, cases[i].want, "%s", cases[i].what);
	}
	ok(service_sockets(&list, &err) == 0 && list == NULL,
	    "where nobody hands over there are none");
}

int
main(void)
{
	char directory[] = "/tmp/flowkit-test.XXXXXX", path[64];

	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		unsetenv(variables[i]);
	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/notify", directory);
	test_states(path);
	unlink(path);
	test_sandbox(path);
	unlink(path);
	rmdir(directory);
	snprintf(path, sizeof path, "@flowkit-test-%d", getpid());
	test_states(path);
	test_sandbox(path);
	test_watchdog();
	test_no_manager();
	test_sockets();
	return done_testing();
}
