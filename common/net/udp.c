/*
 * udp.c - UDP sockets.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "net/udp.h"

/* HOST and PORT of [HOST:]PORT; an IPv6 address stands in brackets. */
static int
split(const char *address, char *host, size_t host_size, char *port, size_t port_size,
    struct err *err)
{
	const char *colon = strrchr(address, ':');
	const char *p = colon != NULL ? colon + 1 : address;
	size_t n = colon != NULL ? (size_t)(colon - address) : 0;
	uint64_t number;

	if (!parse_u64(p, strlen(p), &number) || number > UINT16_MAX || strlen(p) >= port_size)
		return err_usage(err, "no port number in '%s': expected [HOST:]PORT", address);
	strcpy(port, p);
	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	} else if (memchr(address, ':', n) != NULL) {
		return err_usage(
		    err, "an IPv6 address stands in brackets: [%.*s]:%s", (int)n, address, p);
	}
	if (n >= host_size)
		return err_usage(err, "the host name in '%s' is too long", address);
	memcpy(host, address, n);
	host[n] = '\0';
	return 0;
}

static struct addrinfo *
lookup(const char *address, bool passive, struct err *err)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0) };
	struct addrinfo *list = NULL;
	char host[NI_MAXHOST], port[16];
	int rc;

	if (split(address, host, sizeof host, port, sizeof port, err) != 0)
		return NULL;
	if (host[0] == '\0' && !passive) {
		err_usage(err, "no host in '%s': expected HOST:PORT", address);
		return NULL;
	}
	rc = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &list);
	if (rc != 0) {
		err_set(err, "%s", rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		return NULL;
	}
	return list;
}

/* The kernel doubles what is asked for to pay for its own bookkeeping (socket(7)). */
static int
receive_buffer(int fd, int octets)
{
	int got = 0;
	socklen_t len = sizeof got;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) != 0)
		return 0;
	return got / 2;
}

static int
bind_one(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int off = 0;

	if (fd < 0)
		return -1;
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
		int e = errno;

		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

int
udp_listen(const char *address, int rcvbuf, int *granted, struct err *err)
{
	struct addrinfo *list = lookup(address, true, err);
	int fd = -1;

	if (list == NULL)
		return -1;
	/* Without a host the list is both wildcards; [::] takes IPv4 too, so it goes first. */
	for (int pass = 0; pass < 2 && fd < 0; pass++)
		for (struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next)
			if ((ai->ai_family == AF_INET6) == (pass == 0))
				fd = bind_one(ai);
	if (fd < 0)
		err_set(err, "cannot listen: %s", strerror(errno));
	else
		*granted = receive_buffer(fd, rcvbuf);
	freeaddrinfo(list);
	return fd;
}

int
udp_connect(const char *address, struct err *err)
{
	struct addrinfo *list = lookup(address, false, err);
	int fd = -1;

	if (list == NULL)
		return -1;
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
			break;
		err_set(err, "cannot send there: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd >= 0)
		*err = (struct err){ .status = 0 };
	return fd;
}

static void
from_sockaddr(const struct sockaddr_storage *ss, struct addr *a, uint16_t *port)
{
	if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)ss;

		memcpy(a->b, &in6->sin6_addr, 16);
		*port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)ss;

		*a = addr_v4(ntohl(in->sin_addr.s_addr));
		*port = ntohs(in->sin_port);
	}
}

int
udp_local(int fd, struct addr *a, uint16_t *port)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof ss;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return -1;
	from_sockaddr(&ss, a, port);
	return 0;
}

size_t
udp_fmt(char *dst, const struct addr *a, uint16_t port)
{
	bool v6 = !addr_is_v4(a);
	size_t n = 0;

	if (v6)
		dst[n++] = '[';
	n += fmt_ip(dst + n, a);
	if (v6)
		dst[n++] = ']';
	dst[n++] = ':';
	return n + fmt_u64(dst + n, port);
}

/*
 * Datagrams lie a little more than 64 KiB apart: at a distance of exactly 64 KiB all their headers
 * would compete for the same few cache sets.
 */
enum { STRIDE = 65536 + 33 * 64 };

struct udp_receiver {
	struct mmsghdr msg[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_storage from[UDP_BATCH];
	uint8_t *data;
};

struct udp_receiver *
udp_receiver_new(void)
{
	struct udp_receiver *r = mem_zero(1, sizeof *r);

	r->data = mem_alloc((size_t)UDP_BATCH * STRIDE);
	for (size_t i = 0; i < UDP_BATCH; i++) {
		r->iov[i] =
		    (struct iovec){ .iov_base = r->data + i * STRIDE, .iov_len = UDP_DATAGRAM_MAX };
		r->msg[i].msg_hdr = (struct msghdr){ .msg_name = &r->from[i],
			.msg_namelen = sizeof r->from[i],
			.msg_iov = &r->iov[i],
			.msg_iovlen = 1 };
	}
	return r;
}

void
udp_receiver_free(struct udp_receiver *r)
{
	if (r == NULL)
		return;
	mem_free(r->data);
	mem_free(r);
}

int
udp_receive(struct udp_receiver *r, int fd, struct datagram *out)
{
	int64_t now;
	int n;

	do
		n = recvmmsg(fd, r->msg, UDP_BATCH, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	now = time_now_ns();
	for (int i = 0; i < n; i++) {
		struct datagram *d = &out[i];

		*d = (struct datagram){ .data = r->iov[i].iov_base,
			.len = r->msg[i].msg_len,
			.received_ns = now,
			.truncated = (r->msg[i].msg_hdr.msg_flags & MSG_TRUNC) != 0 };
		from_sockaddr(&r->from[i], &d->from, &d->from_port);
		r->msg[i].msg_hdr.msg_namelen = sizeof r->from[i];
	}
	return n;
}

uint32_t
udp_drops(int fd)
{
	/* Indexes of <linux/sock_diag.h>: SK_MEMINFO_DROPS is the ninth word. */
	enum { MEMINFO_DROPS = 8, MEMINFO_WORDS = 9 };
	uint32_t info[MEMINFO_WORDS] = { 0 };
	socklen_t len = sizeof info;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0)
		return 0;
	return len >= sizeof info ? info[MEMINFO_DROPS] : 0;
}

int
udp_shut(int fd)
{
	/* A classic BPF program that accepts nothing (socket(7), SO_ATTACH_FILTER). */
	struct sock_filter nothing = { .code = BPF_RET | BPF_K, .k = 0 };
	struct sock_fprog program = { .len = 1, .filter = &nothing };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}
