/*
 * inherit.c - sockets that somebody else opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "net/inherit.h"
#include "net/udp.h"

static int
option(int fd, int name)
{
	int v = -1;
	socklen_t len = sizeof v;

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) == 0 ? v : -1;
}

static int
find_transport(int fd, struct inherited *s, struct err *err)
{
	int type = option(fd, SO_TYPE), protocol = option(fd, SO_PROTOCOL);
	int domain = option(fd, SO_DOMAIN);

	if (type < 0)
		return err_set(err, "%s", errno == ENOTSOCK ? "is no socket" : strerror(errno));
	if (domain != AF_INET && domain != AF_INET6)
		return err_set(err, "is a socket, but not of IPv4 or IPv6");
	if (type == SOCK_DGRAM && protocol == IPPROTO_UDP)
		s->transport = TRANSPORT_UDP;
	else if (type == SOCK_STREAM && protocol == IPPROTO_TCP)
		s->transport = TRANSPORT_TCP;
	else if (type == SOCK_STREAM && protocol == IPPROTO_SCTP)
		s->transport = TRANSPORT_SCTP;
	else
		return err_set(err, "is a socket, but not of UDP, TCP or SCTP");
	if (s->transport != TRANSPORT_UDP && option(fd, SO_ACCEPTCONN) != 1)
		return err_set(
		    err, "is a %s socket that does not listen", transport_name(s->transport));
	return 0;
}

int
inherit_socket(int fd, int rcvbuf, struct inherited *s, struct err *err)
{
	int flags;

	*s = (struct inherited){ .granted = 0 };
	if (find_transport(fd, s, err) != 0)
		return -1;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || endpoint_local(fd, &s->local) != 0)
		return err_system(err, NULL);
	if (s->local.port == 0)
		return err_set(err, "is a %s socket without a port", transport_name(s->transport));
	if (s->transport == TRANSPORT_UDP)
		s->granted = udp_receive_buffer(fd, rcvbuf);
	return 0;
}
