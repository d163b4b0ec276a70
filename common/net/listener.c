/*
 * listener.c - sockets that connections come from.
 */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/sctp.h"

static int
listen_at(const struct endpoint *e, enum transport transport)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_sockaddr(e, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    transport == TRANSPORT_SCTP ? IPPROTO_SCTP : IPPROTO_TCP);
	int on = 1, off = 0, error;

	if (fd < 0)
		return -1;
	if (ss.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&ss, len) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
listener_open(struct listener *l, const struct address *a, struct tls *tls, struct err *err)
{
	struct endpoint list[ENDPOINTS_MAX];
	int n = address_resolve(a, ADDRESS_LISTEN, list, err);

	*l = (struct listener){ .fd = -1, .transport = a->transport, .tls = tls };
	if (a->transport == TRANSPORT_TLS && tls == NULL)
		return err_usage(err, "TLS needs a certificate, its key and a CA");
	/* Where somebody has the first the others would be a part of what was asked for: IPv4 alone, say. */
	for (int i = 0; i < n && l->fd < 0; i++) {
		l->fd = listen_at(&list[i], a->transport);
		if (l->fd < 0 && errno == EADDRINUSE)
			break;
	}
	if (n < 0)
		return -1;
	if (l->fd < 0)
		return err_set(err, "cannot listen: %s",
		    a->transport == TRANSPORT_SCTP ? sctp_reason(errno) : strerror(errno));
	if (a->transport == TRANSPORT_SCTP)
		sctp_prepare(l->fd);
	(void)endpoint_local(l->fd, &l->local);
	return 0;
}

void
listener_adopt(struct listener *l, int fd, const struct inherited *s, struct tls *tls)
{
	*l =
	    (struct listener){ .fd = fd, .transport = s->transport, .tls = tls, .local = s->local };
	if (s->transport == TRANSPORT_TCP && tls != NULL)
		l->transport = TRANSPORT_TLS;
	if (s->transport == TRANSPORT_SCTP)
		sctp_prepare(fd);
}

struct conn *
listener_accept(const struct listener *l, struct err *err)
{
	int fd;

	do
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	while (fd < 0 && errno == EINTR);
	if (fd >= 0)
		return conn_new(fd, l->transport, l->tls, NULL, err);
	/* What else there is tells of one connection, which has gone by now (accept(2)). */
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		err_system(err, "cannot accept a connection");
	return NULL;
}

void
listener_shut(struct listener *l)
{
	(void)shutdown(l->fd, SHUT_RD);
}

void
listener_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
