/*
 * blast - datagrams of a capture at a steady rate, for measuring collectors.
 *
 *	blast send CAPTURE HOST:PORT DATAGRAMS_PER_SECOND [REPEAT [FROM]]	(0: as fast as it goes)
 *	blast record CAPTURE [HOST:]PORT IDLE_SECONDS			(until nothing came for so long)
 *	blast exporters N					(N loopback addresses to send from)
 *
 * Recording says `listening on PORT` first.  Sending says datagrams, octets, seconds and refusals.
 * The exporters are such that of N workers each has one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "net/capture.h"
#include "net/udp.h"

static _Noreturn void
fail(const char *what, const char *why)
{
	fprintf(stderr, "blast: %s: %s\n", what, why);
	exit(1);
}

/* All datagrams of the capture, one after another. */
static struct iovec *
load(const char *path, size_t *n)
{
	struct err err = { .status = 0 };
	struct buf all = { .len = 0 };
	struct iovec *iov = NULL;
	struct capture *c = capture_open(open(path, O_RDONLY), NULL, 0, &err);
	struct datagram d;
	size_t cap = 0;
	int rc;

	if (c == NULL)
		fail(path, err.text);
	*n = 0;
	while ((rc = capture_next(c, &d, &err)) == 1) {
		if (*n == cap) {
			cap = cap ? 2 * cap : 1024;
			iov = mem_resize(iov, cap, sizeof *iov);
		}
		iov[(*n)++] = (struct iovec){ .iov_base = (void *)all.len, .iov_len = d.len };
		buf_put(&all, d.data, d.len);
	}
	if (rc < 0)
		fail(path, err.text);
	for (size_t i = 0; i < *n; i++)
		iov[i].iov_base = all.data + (size_t)iov[i].iov_base;
	capture_close(c);
	return iov;
}

/* A socket that sends from an address of this machine; NULL: from any. */
static int
open_socket(const char *to, const char *from)
{
	struct err err = { .status = 0 };
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct address a;
	struct endpoint at[ENDPOINTS_MAX];
	struct sockaddr_storage peer;
	int fd;

	if (address_parse(&a, to, ADDRESS_SEND, 1 << TRANSPORT_UDP, &err) != 0)
		fail(to, err.text);
	if (from == NULL) {
		fd = udp_connect(&a, &err);
		if (fd < 0)
			fail(to, err.text);
		return fd;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (inet_pton(AF_INET, from, &source.sin_addr) != 1 || fd < 0 ||
	    bind(fd, (struct sockaddr *)&source, sizeof source) != 0)
		fail(from, strerror(errno));
	if (address_resolve(&a, ADDRESS_SEND, at, &err) < 1)
		fail(to, err.text);
	if (connect(fd, (struct sockaddr *)&peer, endpoint_sockaddr(&at[0], &peer)) != 0)
		fail(to, strerror(errno));
	return fd;
}

static int
blast(const char *path, const char *to, double rate, unsigned repeat, const char *from)
{
	enum { AT_ONCE = 64 };
	struct mmsghdr msg[AT_ONCE];
	size_t n, sent = 0, octets = 0, refused = 0;
	struct iovec *iov = load(path, &n);
	int fd = open_socket(to, from);
	int64_t begin = time_monotonic_ns();

	while (sent < n * repeat) {
		size_t due = n * repeat - sent, done;
		double elapsed = (double)(time_monotonic_ns() - begin) / 1e9;
		int rc;

		if (rate > 0 && rate * elapsed < (double)(sent + due)) {
			due = (size_t)(rate * elapsed) > sent ? (size_t)(rate * elapsed) - sent : 0;
			if (due == 0) {
				nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
				continue;
			}
		}
		due = due < AT_ONCE ? due : AT_ONCE;
		for (size_t i = 0; i < due; i++) {
			msg[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[(sent + i) % n],
						       .msg_iovlen = 1 } };
			octets += iov[(sent + i) % n].iov_len;
		}
		for (done = 0; done < due; done += (size_t)rc) {
			rc = sendmmsg(fd, msg + done, (unsigned)(due - done), 0);
			if (rc <= 0) { /* ECONNREFUSED tells of an earlier datagram */
				refused++;
				rc = 0;
				if (refused > n * repeat)
					fail(to, strerror(errno));
			}
		}
		sent += due;
	}
	printf("%zu datagrams, %zu octets, %.3f s, %zu refused\n", sent, octets,
	    (double)(time_monotonic_ns() - begin) / 1e9, refused);
	if (n > 0)
		mem_free(iov[0].iov_base); /* the first datagram begins the octets of all */
	mem_free(iov);
	return 0;
}

static void
put_le(FILE *f, uint32_t v)
{
	fwrite(&v, sizeof v, 1, f);
}

/* LINKTYPE_IPV4, microseconds. */
static void
put_packet(FILE *f, const struct datagram *d)
{
	uint32_t len = (uint32_t)d->len + 28;
	uint8_t h[28] = { 0x45, 0, (uint8_t)(len >> 8), (uint8_t)len, 0, 0, 0, 0, 64, 17, 0, 0,
		d->from.b[12], d->from.b[13], d->from.b[14], d->from.b[15], 127, 0, 0, 1,
		(uint8_t)(d->from_port >> 8), (uint8_t)d->from_port, 8, 7,
		(uint8_t)((d->len + 8) >> 8), (uint8_t)(d->len + 8), 0, 0 };

	put_le(f, (uint32_t)(d->received_ns / NS_PER_S));
	put_le(f, (uint32_t)(d->received_ns % NS_PER_S / 1000));
	put_le(f, len);
	put_le(f, len);
	fwrite(h, sizeof h, 1, f);
	fwrite(d->data, 1, d->len, f);
}

static int
record(const char *path, const char *at, int idle_s)
{
	static const uint32_t header[] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 228 };
	struct err err = { .status = 0 };
	struct udp_receiver *r = udp_receiver_new();
	struct datagram d[UDP_BATCH];
	struct address a;
	struct endpoint local;
	size_t sum = 0;
	int granted, fd, sockets = -1, n;
	FILE *f = fopen(path, "w");

	if (address_parse(&a, at, ADDRESS_LISTEN, 1 << TRANSPORT_UDP, &err) == 0)
		sockets = udp_listen_workers(&a, 64 << 20, 1, &fd, &granted, &err);
	if (sockets != 1 || endpoint_local(fd, &local) != 0)
		fail(at, err.text);
	if (f == NULL)
		fail(path, strerror(errno));
	fwrite(header, sizeof header, 1, f);
	printf("listening on %u\n", local.port);
	fflush(stdout);
	/* The first datagram may take its time: ten times as long. */
	while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1,
		   idle_s * 1000 * (sum == 0 ? 10 : 1)) > 0)
		while ((n = udp_receive(r, fd, d)) > 0) {
			for (int i = 0; i < n; i++)
				put_packet(f, &d[i]);
			sum += (size_t)n;
		}
	if (fclose(f) != 0)
		fail(path, strerror(errno));
	udp_receiver_free(r);
	printf("%zu datagrams, %u dropped\n", sum, udp_drops(fd));
	return udp_drops(fd) != 0;
}

static int
exporters(unsigned n)
{
	for (unsigned worker = 0, host = 1; worker < n; host++) {
		struct addr a = addr_v4(0x7f000000 + host);

		if (udp_worker_of(&a, n) == worker) {
			printf("127.%u.%u.%u\n", host >> 16, host >> 8 & 255, host & 255);
			worker++;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc >= 5 && strcmp(argv[1], "send") == 0)
		return blast(argv[2], argv[3], atof(argv[4]),
		    argc > 5 ? (unsigned)atoi(argv[5]) : 1, argc > 6 ? argv[6] : NULL);
	if (argc == 3 && strcmp(argv[1], "exporters") == 0)
		return exporters((unsigned)atoi(argv[2]));
	if (argc == 5 && strcmp(argv[1], "record") == 0)
		return record(argv[2], argv[3], atoi(argv[4]));
	fprintf(stderr, "usage: blast send CAPTURE HOST:PORT RATE [REPEAT [FROM]]\n"
			"       blast record CAPTURE [HOST:]PORT IDLE_SECONDS\n"
			"       blast exporters N\n");
	return 2;
}
