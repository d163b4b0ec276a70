/*
 * udp.c - UDP sockets.
 */
#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "net/udp.h"

/* The kernel doubles what is asked for to pay for its own bookkeeping (socket(7)). */
int
udp_receive_buffer(int fd, int octets)
{
	int got = 0;
	socklen_t len = sizeof got;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) != 0)
		return 0;
	return got / 2;
}

/* Multicast --------------------------------------------------------------------------------------- */

static int
join_on(int fd, const struct endpoint *group, uint32_t interface)
{
	struct group_req req = { .gr_interface = interface };

	endpoint_sockaddr(group, &req.gr_group);
	return setsockopt(fd, addr_is_v4(&group->addr) ? IPPROTO_IP : IPPROTO_IPV6,
	    MCAST_JOIN_GROUP, &req, sizeof req);
}

/* Join on one interface, or on all: one that will not (it is down, has no IPv6) does no harm then. */
static int
join(int fd, const struct endpoint *group)
{
	struct if_nameindex *all;
	int joined = 0, e = ENODEV;

	if (group->scope != 0)
		return join_on(fd, group, group->scope);
	all = if_nameindex();
	if (all == NULL)
		return -1;
	for (struct if_nameindex *i = all; i->if_index != 0; i++) {
		if (join_on(fd, group, i->if_index) == 0)
			joined++;
		else
			e = errno;
	}
	if_freenameindex(all);
	errno = e;
	return joined > 0 ? 0 : -1;
}

/* Nothing of groups that other sockets of this machine joined (ip(7), IP_MULTICAST_ALL). */
static void
only_ours(int fd, const struct endpoint *group)
{
	enum { V6_MULTICAST_ALL = 29 }; /* <linux/in6.h>, Linux 4.20; ipv6(7) */
	int off = 0, on = 1;

	if (addr_is_v4(&group->addr))
		(void)setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
	else
		(void)setsockopt(fd, IPPROTO_IPV6, V6_MULTICAST_ALL, &off, sizeof off);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

/* Sockets ----------------------------------------------------------------------------------------- */

static void
close_keeping_errno(int fd)
{
	int e = errno;

	close(fd);
	errno = e;
}

/* Where a socket for an endpoint is bound. */
static struct endpoint
place(const struct endpoint *e)
{
	struct endpoint at = *e;

	/* A group of one link is bound with its interface, or not at all. */
	if (endpoint_is_group(e) && !addr_is_v4(&e->addr) && (e->addr.b[1] & 15) <= 2 &&
	    e->scope == 0)
		memset(&at.addr, 0, sizeof at.addr);
	return at;
}

/* A socket bound to an endpoint, with a filter that lets nothing in. */
static int
open_at(const struct endpoint *e, bool reuseport)
{
	struct endpoint at = place(e);
	struct sockaddr_storage ss;
	socklen_t len = endpoint_sockaddr(&at, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	if (ss.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (endpoint_is_group(e))
		only_ours(fd, e);
	if ((reuseport && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
	    udp_shut(fd) != 0 || bind(fd, (struct sockaddr *)&ss, len) != 0 ||
	    (endpoint_is_group(e) && join(fd, e) != 0)) {
		close_keeping_errno(fd);
		return -1;
	}
	return fd;
}

/*
 * At the first endpoint of an address that can be had, which becomes *at; silent, and sharing with nobody.  Where
 * somebody has the first the others would be a part of what was asked for: IPv4 alone, say.
 */
static int
open_first(const struct address *a, struct endpoint *at, struct err *err)
{
	struct endpoint list[ENDPOINTS_MAX];
	int n = address_resolve(a, ADDRESS_LISTEN, list, err), fd = -1;

	for (int i = 0; i < n && fd < 0; i++) {
		fd = open_at(&list[i], false);
		*at = list[i];
		if (fd < 0 && errno == EADDRINUSE)
			break;
	}
	if (fd < 0)
		err_system(err, "cannot listen");
	return fd;
}

/*
 * The first socket is bound as one that shares with nobody, so that a second collector at the same
 * address fails instead of taking half of the datagrams; then it begins to share (the kernel makes the
 * group when the second socket joins).  Until the program is there the kernel would choose by its own
 * hash: a template would wait at one worker, its data come to another; so nothing is let in before.
 */
int
udp_listen_workers(
    const struct address *a, int rcvbuf, unsigned n, int *fds, int *granted, struct err *err)
{
	int on = 1, got;
	unsigned opened = 0;
	struct endpoint at, first;

	assert(n >= 1 && n <= UDP_WORKERS_MAX);
	fds[0] = open_first(a, &at, err);
	if (fds[0] < 0)
		return -1;
	opened = 1;
	if (endpoint_is_group(&at))
		n = 1;
	if (endpoint_local(fds[0], &first) != 0 ||
	    (n > 1 && setsockopt(fds[0], SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0))
		goto fail;
	at.port = first.port;
	for (; opened < n; opened++)
		if ((fds[opened] = open_at(&at, true)) < 0)
			goto fail;
	if (n > 1 && udp_steer(fds[0], n) != 0)
		goto fail;
	for (unsigned i = 0; i < n; i++) {
		got = udp_receive_buffer(fds[i], rcvbuf);
		*granted = i == 0 || got < *granted ? got : *granted;
		if (setsockopt(fds[i], SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof on) != 0)
			goto fail;
	}
	return (int)n;
fail:
	err_system(err, "cannot listen with %u sockets", n);
	while (opened > 0)
		close(fds[--opened]);
	return -1;
}

/* Groups of a scope have an interface to go through. */
static int
choose_interface(int fd, const struct endpoint *group)
{
	struct ip_mreqn through = { .imr_ifindex = (int)group->scope };

	if (addr_is_v4(&group->addr))
		return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &through, sizeof through);
	return setsockopt(
	    fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &through.imr_ifindex, sizeof through.imr_ifindex);
}

static int
connect_to(const struct endpoint *e)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_sockaddr(e, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if ((endpoint_is_group(e) && e->scope != 0 && choose_interface(fd, e) != 0) ||
	    connect(fd, (struct sockaddr *)&ss, len) != 0) {
		close_keeping_errno(fd);
		return -1;
	}
	return fd;
}

int
udp_connect(const struct address *a, struct err *err)
{
	struct endpoint list[ENDPOINTS_MAX];
	int n = address_resolve(a, ADDRESS_SEND, list, err), fd = -1;

	for (int i = 0; i < n && fd < 0; i++)
		fd = connect_to(&list[i]);
	if (fd < 0)
		err_system(err, "cannot send there");
	return fd;
}

/* Receiving --------------------------------------------------------------------------------------- */

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
		struct endpoint from;

		*d = (struct datagram){ .data = r->iov[i].iov_base,
			.len = r->msg[i].msg_len,
			.received_ns = now,
			.truncated = (r->msg[i].msg_hdr.msg_flags & MSG_TRUNC) != 0 };
		endpoint_from(&from, &r->from[i]);
		d->from = from.addr;
		d->from_port = from.port;
		r->msg[i].msg_hdr.msg_namelen = sizeof r->from[i];
	}
	return n;
}

struct udp_queue
udp_queue(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof info;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) != 0 || len < sizeof info)
		return (struct udp_queue){ .size = 0 };
	return (struct udp_queue){ .used = info[SK_MEMINFO_RMEM_ALLOC],
		.size = info[SK_MEMINFO_RCVBUF],
		.dropped = info[SK_MEMINFO_DROPS] };
}

uint32_t
udp_drops(int fd)
{
	return udp_queue(fd).dropped;
}

int
udp_shut(int fd)
{
	/* A classic BPF program that accepts nothing (socket(7), SO_ATTACH_FILTER). */
	struct sock_filter nothing = { .code = BPF_RET | BPF_K, .k = 0 };
	struct sock_fprog program = { .len = 1, .filter = &nothing };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}
