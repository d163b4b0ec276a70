/*
 * Sockets that somebody else opened: what they are, what of them is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "net/inherit.h"
#include "tap.h"

/* What inherit_socket says of a descriptor, which is closed. */
static const char *
inherited(int fd)
{
	static char out[512];
	struct inherited s;
	struct err err = { .status = 0 };
	int n = snprintf(out, sizeof out, "%s",
	    inherit_socket(fd, 1 << 16, &s, &err) == 0 ? transport_name(s.transport) : err.text);

	if (err.status == 0) {
		out[n++] = ' ';
		n += (int)endpoint_fmt(out + n, &s.local);
		snprintf(out + n, sizeof out - (size_t)n, "%s", s.granted > 0 ? " buffer" : "");
	}
	close(fd);
	return out;
}

static int
bound(int domain, int type, const char *address, uint16_t port)
{
	struct endpoint e = { .port = port };
	struct sockaddr_storage ss;
	int fd = socket(domain, type, 0);

	parse_ip(address, strlen(address), &e.addr);
	if (bind(fd, (struct sockaddr *)&ss, endpoint_sockaddr(&e, &ss)) != 0)
		perror("bind");
	return fd;
}

int
main(void)
{
	int fd = bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 0), pair[2];
	const char *text = inherited(fd);

	ok(strncmp(text, "udp 127.0.0.1:", 14) == 0 && strstr(text, " buffer") != NULL,
	    "a UDP socket is inherited: %s", text);
	fd = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 0);
	listen(fd, 1);
	text = inherited(fd);
	ok(strncmp(text, "tcp 127.0.0.1:", 14) == 0, "a TCP socket that listens: %s", text);
	is_str(inherited(bound(AF_INET, SOCK_STREAM, "127.0.0.1", 0)),
	    "is a tcp socket that does not listen", "one that does not");
	is_str(inherited(socket(AF_INET, SOCK_DGRAM, 0)), "is a udp socket without a port",
	    "a UDP socket that is not bound");
	is_str(inherited(dup(STDIN_FILENO)), "is no socket", "no socket at all");
	is_str(inherited(-1), strerror(EBADF), "no descriptor");
	fd = bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 0);
	ok(inherit_socket(fd, 1 << 16, &(struct inherited){ 0 }, &(struct err){ 0 }) == 0 &&
		(fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0,
	    "it does not block any more, and goes no further");
	close(fd);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	is_str(
	    inherited(pair[0]), "is a socket, but not of IPv4 or IPv6", "a socket of another kind");
	close(pair[1]);
	return done_testing();
}
