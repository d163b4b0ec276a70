/*
 * service.h - what a service manager wants to know, and the sockets it hands over.
 *
 * systemd's protocols as documented in sd_notify(3), sd_listen_fds(3) and sd_watchdog_enabled(3), without its
 * library: a datagram of VARIABLE=value lines to $NOTIFY_SOCKET, and descriptors from 3 on.  Where no
 * service manager asked, every call succeeds and does nothing.  The variables are unset when they
 * have been read: children are not the service.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <stdint.h>

#include "base/err.h"

struct service {
	int fd; /* -1: nobody asked */
	int64_t watchdog_ns; /* say service_alive at least so often; 0: not watched */
};

/*
 * Connect to the manager.  At start: the connection outlives a sandbox in which there are no new ones.
 * Messages may come from any thread, but from no other process.  -1 with err: it asked in a way that
 * is not understood, or is not there.
 */
int service_open(struct service *, struct err *);
void service_close(struct service *);

/*
 * States; 0, or -1 with errno when the manager does not take them, for which they wait a second at most.
 * After reloading comes ready again.
 */
int service_ready(const struct service *);
int service_reloading(const struct service *);
int service_stopping(const struct service *);
int service_alive(const struct service *);

/*
 * Sockets that were bound (and, for streams, listened on) for us, in the order of the unit's Listen lines;
 * close-on-exec, blocking or not as they come.  The name is FileDescriptorName=, "unknown" without.
 * Returns how many; *list is one piece of memory, mem_free it.  -1 with err.
 */
struct service_socket {
	int fd;
	const char *name;
};
int service_sockets(struct service_socket **list, struct err *);

#endif
