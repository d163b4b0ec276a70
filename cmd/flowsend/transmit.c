#include "transmit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { TRIES = 200, WAIT_NS = 1000000 };

int
transmit(struct transmit *t, const void *data, size_t len, struct err *err)
{
	const struct timespec wait = { .tv_nsec = WAIT_NS };

	for (unsigned tries = 0; tries < TRIES; tries++) {
		if (send(t->fd, data, len, 0) == (ssize_t)len) {
			t->sent++;
			t->octets += len;
			return 0;
		}
		switch (errno) {
		case EINTR: break;
		case ECONNREFUSED:
			t->refused++;
			break; /* tells of an earlier message; this one was not sent */
		/* What routers and hosts say by ICMP (Linux net/ipv4/icmp.c, net/ipv6/icmp.c), and our own firewall. */
		case EHOSTUNREACH:
		case ENETUNREACH:
		case ENETDOWN:
		case EHOSTDOWN:
		case ENONET:
		case ENOPROTOOPT:
		case EOPNOTSUPP:
		case EPROTO:
		case EACCES:
		case EPERM:
			t->unreachable++;
			t->error = errno;
			return 0;
		case EMSGSIZE: t->too_long++; return 0;
		case ENOBUFS:
		case ENOMEM:
		case EAGAIN:
			t->waits++;
			nanosleep(&wait, NULL);
			break;
		default: return err_system(err, "cannot send");
		}
	}
	t->no_buffer++;
	return 0;
}
