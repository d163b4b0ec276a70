#include "net/repeat.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { AT_ONCE = 64, IP4_HEADER = 20, IP6_HEADER = 40, UDP_HEADER = 8, SEND_BUFFER = 4 << 20 };

struct repeat {
	int fd;
	bool spoof;
	struct endpoint to;
	struct repeat_stats stats;
	uint8_t headers[AT_ONCE][IP6_HEADER + UDP_HEADER];
};

static int
open_socket(struct repeat *r, const struct endpoint *to)
{
	bool v4 = addr_is_v4(&to->addr);
	int type = r->spoof ? SOCK_RAW : SOCK_DGRAM, buffer = SEND_BUFFER;
	int protocol = r->spoof ? IPPROTO_RAW : IPPROTO_UDP;
	struct sockaddr_storage ss;
	socklen_t len;
	struct endpoint at = *to;

	/* Raw sockets of both families with protocol IPPROTO_RAW take whole packets (raw(7)). */
	r->fd = socket(v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (r->fd < 0)
		return -1;
	(void)setsockopt(r->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	if (r->spoof)
		at.port = 0;
	len = endpoint_sockaddr(&at, &ss);
	return connect(r->fd, (struct sockaddr *)&ss, len);
}

struct repeat *
repeat_open(const struct address *a, bool spoof, struct err *err)
{
	struct endpoint list[ENDPOINTS_MAX];
	struct repeat *r;
	int n = address_resolve(a, ADDRESS_SEND, list, err);

	if (n < 0)
		return NULL;
	r = mem_zero(1, sizeof *r);
	r->fd = -1;
	r->spoof = spoof;
	for (int i = 0; i < n; i++) {
		r->to = list[i];
		if (open_socket(r, &list[i]) == 0)
			return r;
		if (r->fd >= 0)
			close(r->fd);
		r->fd = -1;
	}
	if (spoof && errno == EPERM)
		err_set(err,
		    "keeping the exporters' addresses takes a raw socket: run as root or with "
		    "CAP_NET_RAW");
	else
		err_system(err, "cannot send there");
	mem_free(r);
	return NULL;
}

void
repeat_close(struct repeat *r)
{
	if (r == NULL)
		return;
	close(r->fd);
	mem_free(r);
}

struct repeat_stats
repeat_stats(const struct repeat *r)
{
	return r->stats;
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t
sum16(uint32_t sum, const uint8_t *p, size_t n)
{
	for (; n > 1; p += 2, n -= 2)
		sum += (uint32_t)p[0] << 8 | p[1];
	return n > 0 ? sum + ((uint32_t)p[0] << 8) : sum;
}

static unsigned
fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* RFC 768: over addresses, protocol, length, header and data; 0 is sent as all ones. */
static void
put_udp(uint8_t *p, const struct repeat *r, const struct datagram *d, bool v4)
{
	size_t len = UDP_HEADER + d->len;
	const uint8_t *src = v4 ? d->from.b + 12 : d->from.b;
	const uint8_t *dst = v4 ? r->to.addr.b + 12 : r->to.addr.b;
	uint32_t sum = IPPROTO_UDP + (uint32_t)len;
	unsigned check;

	put16(p, d->from_port);
	put16(p + 2, r->to.port);
	put16(p + 4, (unsigned)len);
	put16(p + 6, 0);
	sum = sum16(sum, src, v4 ? 4 : 16);
	sum = sum16(sum, dst, v4 ? 4 : 16);
	sum = sum16(sum, p, UDP_HEADER);
	check = fold(sum16(sum, d->data, d->len));
	put16(p + 6, check != 0 ? check : 0xffff);
}

/* IP and UDP headers of a datagram as its exporter sent it; 0: it has no such form. */
static size_t
put_headers(uint8_t *p, const struct repeat *r, const struct datagram *d)
{
	bool v4 = addr_is_v4(&r->to.addr);
	size_t len = UDP_HEADER + d->len;

	if (addr_is_v4(&d->from) != v4 || len > 65535 - (v4 ? IP4_HEADER : 0))
		return 0;
	if (v4) {
		memset(p, 0, IP4_HEADER); /* identification and checksum are the kernel's */
		p[0] = 0x45;
		put16(p + 2, (unsigned)(IP4_HEADER + len));
		p[8] = 64;
		p[9] = IPPROTO_UDP;
		memcpy(p + 12, d->from.b + 12, 4);
		memcpy(p + 16, r->to.addr.b + 12, 4);
		put_udp(p + IP4_HEADER, r, d, true);
		return IP4_HEADER + UDP_HEADER;
	}
	memset(p, 0, IP6_HEADER);
	p[0] = 0x60;
	put16(p + 4, (unsigned)len);
	p[6] = IPPROTO_UDP;
	p[7] = 64;
	memcpy(p + 8, d->from.b, 16);
	memcpy(p + 24, r->to.addr.b, 16);
	put_udp(p + IP6_HEADER, r, d, false);
	return IP6_HEADER + UDP_HEADER;
}

/* Send them; a datagram that is refused is passed over, a full buffer ends it. */
static void
send_messages(struct repeat *r, struct mmsghdr *msg, unsigned n)
{
	unsigned done = 0, refused = 0;

	while (done < n) {
		int rc = sendmmsg(r->fd, msg + done, n - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (rc > 0) {
			done += (unsigned)rc;
			r->stats.sent += (unsigned)rc;
		} else if (errno == ECONNREFUSED && refused++ < n) {
			continue; /* tells of an earlier datagram */
		} else if (errno != EINTR) {
			r->stats.failed++;
			done++;
			if (errno == EAGAIN || errno == ENOBUFS)
				break;
		}
	}
	r->stats.failed += n - done;
}

void
repeat_send(struct repeat *r, const struct datagram *d, unsigned n)
{
	struct mmsghdr msg[AT_ONCE] = { 0 };
	struct iovec iov[AT_ONCE][2];
	unsigned ready = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t header = r->spoof ? put_headers(r->headers[ready], r, &d[i]) : 0;

		if (r->spoof && header == 0) {
			r->stats.failed++;
			continue;
		}
		iov[ready][0] = (struct iovec){ r->headers[ready], header };
		iov[ready][1] = (struct iovec){ (void *)(uintptr_t)d[i].data, d[i].len };
		msg[ready].msg_hdr.msg_iov = header > 0 ? iov[ready] : &iov[ready][1];
		msg[ready].msg_hdr.msg_iovlen = header > 0 ? 2 : 1;
		if (++ready == AT_ONCE) {
			send_messages(r, msg, ready);
			ready = 0;
		}
	}
	if (ready > 0)
		send_messages(r, msg, ready);
}
