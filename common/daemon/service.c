/*
 * service.c - notifications to, and sockets from, a service manager.
 */
#include "daemon/service.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"

/* SD_LISTEN_FDS_START of sd_listen_fds(3).  The count is bounded against nonsense only. */
enum { FIRST_FD = 3, SOCKETS_MAX = 4096 };

/* The number in an environment variable; `missing` where there is none; false on anything else. */
static bool
env_number(const char *name, uint64_t missing, uint64_t *n)
{
	const char *text = getenv(name);

	*n = missing;
	return text == NULL || parse_u64(text, strlen(text), n);
}

/* Notifications ---------------------------------------------------------------------------------- */

/* A path, or @NAME in the abstract namespace, where the address's length ends the name (unix(7)). */
static int
connect_to(int fd, const char *path, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 1 };
	size_t n = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || n < 2 || n >= sizeof to.sun_path)
		return err_set(err, "NOTIFY_SOCKET '%s': expected /PATH or @NAME", path);
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	else
		n++;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
	    connect(fd, (const struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) != 0)
		return err_system(err, "NOTIFY_SOCKET '%s'", path);
	return 0;
}

/* The period is half of what the manager waits, as sd_watchdog_enabled(3) recommends. */
static int
find_watchdog(struct service *s, struct err *err)
{
	uint64_t us, pid;

	if (!env_number("WATCHDOG_USEC", 0, &us) || us > INT64_MAX / NS_PER_US)
		return err_set(
		    err, "WATCHDOG_USEC '%s': expected microseconds", getenv("WATCHDOG_USEC"));
	if (!env_number("WATCHDOG_PID", (uint64_t)getpid(), &pid))
		return err_set(
		    err, "WATCHDOG_PID '%s': expected a process id", getenv("WATCHDOG_PID"));
	if (pid == (uint64_t)getpid())
		s->watchdog_ns = (int64_t)us * NS_PER_US / 2;
	return 0;
}

int
service_open(struct service *s, struct err *err)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int rc = 0;

	*s = (struct service){ .fd = -1 };
	if (path != NULL) {
		s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		rc = s->fd >= 0 ? connect_to(s->fd, path, err) : err_system(err, "NOTIFY_SOCKET");
		if (rc == 0)
			rc = find_watchdog(s, err);
	}
	if (rc != 0)
		service_close(s);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return rc;
}

void
service_close(struct service *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = (struct service){ .fd = -1 };
}

static int
notify(const struct service *s, const char *message)
{
	ssize_t n;

	if (s->fd < 0)
		return 0;
	do
		n = send(s->fd, message, strlen(message), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int
service_ready(const struct service *s)
{
	return notify(s, "READY=1");
}

/* The time tells the manager which of its requests this is the answer to (Type=notify-reload). */
int
service_reloading(const struct service *s)
{
	char message[64];

	snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)(time_monotonic_ns() / NS_PER_US));
	return notify(s, message);
}

int
service_stopping(const struct service *s)
{
	return notify(s, "STOPPING=1");
}

int
service_alive(const struct service *s)
{
	return notify(s, "WATCHDOG=1");
}

/* Sockets ---------------------------------------------------------------------------------------- */

/* The n descriptors with their names, which are separated by colons. */
static int
take(struct service_socket **list, unsigned n, const char *names, struct err *err)
{
	struct service_socket *sockets =
	    mem_alloc(n * sizeof *sockets + strlen(names) + 1 + sizeof "unknown");
	char *unknown = (char *)(sockets + n), *next = unknown + sizeof "unknown";

	strcpy(unknown, "unknown");
	strcpy(next, names);
	for (unsigned i = 0; i < n; i++) {
		struct service_socket *s = &sockets[i];
		char *name = next != NULL ? strsep(&next, ":") : unknown;

		s->fd = FIRST_FD + (int)i;
		s->name = *name != '\0' ? name : unknown;
		if (fcntl(s->fd, F_SETFD, FD_CLOEXEC) != 0) {
			err_system(err, "LISTEN_FDS: descriptor %d", s->fd);
			mem_free(sockets);
			return -1;
		}
	}
	*list = sockets;
	return (int)n;
}

int
service_sockets(struct service_socket **list, struct err *err)
{
	const char *names = getenv("LISTEN_FDNAMES");
	uint64_t pid, n;
	int rc = 0;

	*list = NULL;
	if (!env_number("LISTEN_PID", 0, &pid) || !env_number("LISTEN_FDS", 0, &n) ||
	    n > SOCKETS_MAX)
		rc = err_set(err, "LISTEN_PID '%s', LISTEN_FDS '%s': expected numbers",
		    getenv("LISTEN_PID") != NULL ? getenv("LISTEN_PID") : "",
		    getenv("LISTEN_FDS") != NULL ? getenv("LISTEN_FDS") : "");
	else if (pid == (uint64_t)getpid() && n > 0)
		rc = take(list, (unsigned)n, names != NULL ? names : "", err);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_PIDFDID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return rc;
}
