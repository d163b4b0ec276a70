/*
 * UDP sockets on loopback: both families, multicast, workers, counts of what the kernel drops.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/udp.h"
#include "tap.h"

static struct address
address(const char *text, enum address_use use)
{
	struct err err = { .status = 0 };
	struct address a;

	if (address_parse(&a, text, use, 1 << TRANSPORT_UDP, &err) != 0)
		printf("# %s\n", err.text);
	return a;
}

/* The name of where fd is bound: udp:ADDRESS:PORT. */
static void
name_of(int fd, char *name)
{
	struct endpoint e = { .port = 0 };

	endpoint_local(fd, &e);
	memcpy(name, "udp:", 4);
	name[4 + endpoint_fmt(name + 4, &e)] = '\0';
}
enum { TEXT_MAX = ENDPOINT_TEXT_MAX + 5 };

static int
quietly(const char *text, int rcvbuf, struct err *err)
{
	struct address a = address(text, ADDRESS_LISTEN);
	int granted, fd;

	return udp_listen_workers(&a, rcvbuf, 1, &fd, &granted, err) == 1 ? fd : -1;
}

static int
listening(const char *text, int rcvbuf, char *name)
{
	struct address a = address(text, ADDRESS_LISTEN);
	struct err err = { .status = 0 };
	struct endpoint at = { .port = 0 };
	int granted = 0, fd = -1, n = udp_listen_workers(&a, rcvbuf, 1, &fd, &granted, &err);

	ok(n == 1 && granted > 0 && endpoint_local(fd, &at) == 0 && at.port != 0,
	    "%s is opened on a port of the kernel's choice %s", text, err.text);
	if (n != 1)
		return -1;
	name_of(fd, name);
	return fd;
}

static int
connected(const char *name)
{
	struct address a = address(name, ADDRESS_SEND);
	struct err err = { .status = 0 };

	return udp_connect(&a, &err);
}

static void
test_family(const char *text, bool v6)
{
	char name[TEXT_MAX] = "";
	struct datagram d[UDP_BATCH];
	struct udp_receiver *r = udp_receiver_new();
	int fd = listening(text, 1 << 20, name), out = connected(name);
	char big[60000];
	struct endpoint from;

	memset(big, 'x', sizeof big);
	ok(out >= 0 && udp_receive(r, fd, d) == 0, "nothing waits at %s yet", name);
	ok(send(out, "one", 3, 0) == 3 && send(out, "", 0, 0) == 0 &&
		send(out, big, sizeof big, 0) == (ssize_t)sizeof big,
	    "three datagrams are sent");
	is_u64((uint64_t)udp_receive(r, fd, d), 3, "and come in one call");
	endpoint_local(out, &from);
	ok(d[0].len == 3 && memcmp(d[0].data, "one", 3) == 0 && d[0].from_port == from.port &&
		memcmp(&d[0].from, &from.addr, sizeof from.addr) == 0 &&
		addr_is_v4(&d[0].from) == !v6 && d[0].received_ns > 0,
	    "with octets, sender and time");
	ok(d[1].len == 0 && d[2].len == sizeof big && d[2].data[sizeof big - 1] == 'x' &&
		!d[2].truncated,
	    "an empty and a long one too");

	ok(send(out, "two", 3, 0) == 3 && udp_shut(fd) == 0 && send(out, "three", 5, 0) == 5,
	    "a socket is shut between two datagrams");
	ok(udp_receive(r, fd, d) == 1 && memcmp(d[0].data, "two", 3) == 0 &&
		udp_receive(r, fd, d) == 0,
	    "what waited is received, what came later is not");
	udp_receiver_free(r);
	close(fd);
	close(out);
}

static void
test_drops(void)
{
	enum { SENT = 2000 };
	char name[TEXT_MAX] = "";
	struct datagram d[UDP_BATCH];
	struct udp_receiver *r = udp_receiver_new();
	int fd = listening("127.0.0.1:0", 32768, name), out = connected(name), n;
	struct udp_queue q = udp_queue(fd);
	char data[1000] = "";
	unsigned received = 0;

	ok(q.dropped == 0 && q.used == 0 && q.size >= 32768,
	    "at first nothing is dropped and nothing waits");
	(void)!send(out, data, sizeof data, 0);
	q = udp_queue(fd);
	ok(q.used >= 1000 && q.used < q.size / 2, "one datagram takes %u of %u", q.used, q.size);
	for (int i = 1; i < SENT; i++)
		(void)!send(out, data, sizeof data, 0);
	q = udp_queue(fd);
	ok(q.used > q.size / 2 && q.dropped > 0, "a full queue is full: %u of %u", q.used, q.size);
	while ((n = udp_receive(r, fd, d)) > 0)
		received += (unsigned)n;
	ok(received > 0 && received < SENT, "a small receive buffer holds %u of %d", received,
	    SENT);
	is_u64(received + udp_drops(fd), SENT, "received and dropped add up to what was sent");
	is_u64(udp_queue(fd).used, 0, "an empty queue is empty");
	is_u64(udp_queue(STDIN_FILENO).size, 0, "what is no socket has no queue");
	udp_receiver_free(r);
	close(fd);
	close(out);
}

/* Multicast --------------------------------------------------------------------------------------- */

/* A group at a port, by the interface that the tests of its family have. */
static void
group_text(char text[static TEXT_MAX], const char *group, unsigned port)
{
	snprintf(text, TEXT_MAX, strchr(group, ':') != NULL ? "udp:[%s%%m0]:%u" : "udp:%s%%lo:%u",
	    group, port);
}

/* Send one datagram to a group; false when the host cannot. */
static bool
cast(const char *group, uint16_t port)
{
	char text[TEXT_MAX];
	int fd;
	bool sent;

	group_text(text, group, port);
	fd = connected(text);
	sent = fd >= 0 && send(fd, "cast", 4, 0) == 4;
	close(fd);
	return sent;
}

static unsigned
waiting(int fd)
{
	struct udp_receiver *r = udp_receiver_new();
	struct datagram d[UDP_BATCH];
	int n = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 200) > 0
		    ? udp_receive(r, fd, d)
		    : 0;

	udp_receiver_free(r);
	return (unsigned)n;
}

static void
test_group(const char *listen, const char *group, const char *other, bool unicast_too)
{
	struct err err = { .status = 0 };
	struct endpoint at;
	int fd = quietly(listen, 1 << 16, &err), second, plain;
	char text[TEXT_MAX], name[TEXT_MAX];

	if (fd < 0 || endpoint_local(fd, &at) != 0 || !cast(group, at.port)) {
		ok(true, "multicast %s # skip this host cannot: %s", group, err.text);
		close(fd);
		return;
	}
	is_u64(waiting(fd), 1, "%s receives what is sent to its group", listen);
	snprintf(
	    name, sizeof name, "%.*s:%u", (int)(strrchr(listen, ':') - listen), listen, at.port);
	second = quietly(name, 1 << 16, &err);
	ok(second >= 0, "a second collector may listen to the same group %s", err.text);
	cast(group, at.port);
	ok(waiting(fd) == 1 && waiting(second) == 1, "and each receives a copy");
	close(second);

	/* Another socket of this machine is a member of the other group, at the same port. */
	group_text(name, other, at.port);
	second = quietly(name, 1 << 16, &err);
	ok(second >= 0 && cast(other, at.port) && waiting(second) == 1 && waiting(fd) == 0,
	    "of another group it receives nothing %s", err.text);
	close(second);
	snprintf(text, sizeof text, other[0] == '2' ? "udp:127.0.0.1:%u" : "udp:[::1]:%u", at.port);
	plain = connected(text);
	(void)!send(plain, "uni", 3, 0);
	is_u64(waiting(fd), unicast_too ? 1 : 0, "of unicast %s",
	    unicast_too ? "too, as it must be bound to every address" : "nothing");
	close(plain);
	close(fd);
}

/*
 * In a network of the test's own, with an interface for IPv6, as none of its multicast passes
 * loopback.  No datagram leaves.
 */
static void
test_groups(bool v6)
{
	test_group("udp:239.255.77.1%lo:0", "239.255.77.1", "239.255.77.2", false);
	if (unshare(CLONE_NEWNET) != 0 || system("ip link set lo up 2> /dev/null") != 0) {
		ok(true, "multicast on every interface # skip no network namespace or no ip(8)");
		return;
	}
	test_group("udp:239.255.77.1:0", "239.255.77.1", "239.255.77.2", false);
	if (!v6 || system("{ ip link add m0 type veth peer name m1 && ip link set m0 up &&"
			  " ip addr add fd01::1/64 dev m0 nodad; } 2> /dev/null") != 0) {
		ok(true, "IPv6 multicast # skip no IPv6 or no veth");
		return;
	}
	test_group("udp:[ff05::7701%m0]:0", "ff05::7701", "ff05::7702", false);
	test_group("udp:[ff05::7701]:0", "ff05::7701", "ff05::7702", false);
	test_group("udp:[ff02::7701%m0]:0", "ff02::7701", "ff02::7702", false);
	test_group("udp:[ff02::7701]:0", "ff02::7701", "ff02::7702", true);
}

static void
test_group_errors(void)
{
	struct err err = { .status = 0 };
	int fds[4], granted;
	struct address a = address("udp:239.1.2.3%lo:0", ADDRESS_LISTEN);

	ok(quietly("udp:239.1.2.3%nowhere0:0", 1 << 16, &err) == -1 &&
		strcmp(err.text, "there is no interface 'nowhere0'") == 0,
	    "a group on an interface that is not there: %s", err.text);
	err.status = 0;
	ok(quietly("udp:239.1.2.3%99999:0", 1 << 16, &err) == -1 &&
		strncmp(err.text, "cannot listen: ", 15) == 0,
	    "nor one with that number: %s", err.text);
	err = (struct err){ .status = 0 };
	is_i64(udp_listen_workers(&a, 1 << 16, 4, fds, &granted, &err), 1,
	    "for a group there is one socket whatever the number of workers %s", err.text);
	close(fds[0]);
}

/* Workers ----------------------------------------------------------------------------------------- */

/* A socket that sends from an address; -1 when the host has it not. */
static int
from_address(const char *address_text)
{
	struct endpoint e = { .port = 0 };
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	parse_ip(address_text, strlen(address_text), &e.addr);
	len = endpoint_sockaddr(&e, &ss);
	fd = socket(ss.ss_family, SOCK_DGRAM, 0);
	if (bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
send_to(int fd, const char *host, uint16_t port)
{
	struct endpoint e = { .port = port };
	struct sockaddr_storage ss;
	socklen_t len;

	parse_ip(host, strlen(host), &e.addr);
	len = endpoint_sockaddr(&e, &ss);
	(void)!sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len);
}

/* From many addresses, several ports each; every datagram lands where udp_worker_of says. */
static void
test_workers(const char *listen, const char *to, unsigned n, unsigned addresses)
{
	enum { PORTS = 3 };
	struct address a = address(listen, ADDRESS_LISTEN);
	struct err err = { .status = 0 };
	struct udp_receiver *r = udp_receiver_new();
	struct datagram d[UDP_BATCH];
	struct endpoint at = { .port = 0 };
	int fds[UDP_WORKERS_MAX], granted = 0, got;
	unsigned right = 0, wrong = 0, busiest = 0, least = UINT32_MAX, sent = 0;

	if (!ok(udp_listen_workers(&a, 1 << 20, n, fds, &granted, &err) == (int)n && granted > 0,
		"%u workers listen at %s %s", n, listen, err.text))
		return;
	endpoint_local(fds[0], &at);
	for (unsigned i = 0; i < addresses; i++)
		for (unsigned p = 0; p < PORTS; p++) {
			char from[32];
			int fd;

			snprintf(from, sizeof from, "127.0.%u.%u", i / 250, 1 + i % 250);
			fd = from_address(strchr(to, ':') != NULL ? "::1" : from);
			send_to(fd, to, at.port);
			sent++;
			close(fd);
		}
	for (unsigned w = 0; w < n; w++) {
		unsigned here = 0;

		while ((got = udp_receive(r, fds[w], d)) > 0)
			for (int i = 0; i < got; i++, here++) {
				right += udp_worker_of(&d[i].from, n) == w;
				wrong += udp_worker_of(&d[i].from, n) != w;
			}
		busiest = here > busiest ? here : busiest;
		least = here < least ? here : least;
		is_u64(udp_drops(fds[w]), 0, "worker %u lost nothing", w);
	}
	ok(right == sent && wrong == 0, "%u of %u datagrams to %s are where they belong, %u not",
	    right, sent, to, wrong);
	if (addresses > 100)
		ok(least * n * 2 > sent && busiest * n < sent * 2,
		    "and no worker has half or twice its share: %u to %u of %u", least, busiest,
		    sent);
	for (unsigned w = 0; w < n; w++)
		close(fds[w]);
	udp_receiver_free(r);
}

static void
test_worker_hash(void)
{
	struct addr a = addr_v4(0x0a000001);
	unsigned count[8] = { 0 }, most = 0;

	is_u64(udp_worker_of(&a, 1), 0, "one worker has every exporter");
	for (uint32_t i = 0; i < 1024; i++) {
		/* Neighbours by the last, the third and the first octet. */
		a = addr_v4(0x0a000000 + (i & 255) + (i >> 8 << 16));
		count[udp_worker_of(&a, 8)]++;
	}
	for (unsigned i = 0; i < 8; i++)
		most = count[i] > most ? count[i] : most;
	ok(most < 192, "1024 neighbours spread over 8 workers: at most %u", most);
	memset(count, 0, sizeof count);
	for (uint32_t i = 0; i < 1024; i++) {
		struct addr v6 = {
			.b = { 0x20, 0x01, 0x0d,
			    0xb8, [6] = (uint8_t)(i >> 8), [7] = (uint8_t)i, [15] = 1 }
		};

		count[udp_worker_of(&v6, 8)]++;
	}
	most = 0;
	for (unsigned i = 0; i < 8; i++)
		most = count[i] > most ? count[i] : most;
	ok(most < 192, "and 1024 neighbouring IPv6 networks: at most %u", most);
}

static void
test_steer(void)
{
	struct address a = address("udp:127.0.0.1:0", ADDRESS_LISTEN);
	struct err err = { .status = 0 };
	int granted, both[2], one, fd;
	int n = udp_listen_workers(&a, 1 << 16, 2, both, &granted, &err);
	struct endpoint at;
	struct addr from = addr_v4(0x7f000001);

	endpoint_local(both[0], &at);
	ok(n == 2 && udp_steer(both[1], 2) == 0,
	    "two sockets share a port, any of them takes the program %s", err.text);
	for (unsigned i = 0; i < 8; i++) {
		fd = from_address("127.0.0.1");
		send_to(fd, "127.0.0.1", at.port);
		close(fd);
	}
	is_u64(waiting(both[udp_worker_of(&from, 2)]), 8, "one has all of one exporter");
	close(both[0]);
	close(both[1]);
	one = quietly("udp:127.0.0.1:0", 1 << 16, &err);
	ok(udp_steer(one, 2) == -1 && errno == EINVAL, "a socket that shares with nobody does not");
	close(one);
}

static void
test_second_collector(void)
{
	struct address a = address("udp:127.0.0.1:0", ADDRESS_LISTEN);
	struct err err = { .status = 0 };
	struct endpoint at;
	int fds[2], others[2], granted;

	ok(udp_listen_workers(&a, 1 << 16, 2, fds, &granted, &err) == 2, "a collector listens");
	endpoint_local(fds[0], &at);
	a.port = at.port;
	ok(udp_listen_workers(&a, 1 << 16, 2, others, &granted, &err) == -1 &&
		strcmp(err.text, "cannot listen: Address already in use") == 0,
	    "a second one at its port does not take half of its datagrams: %s", err.text);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	struct err err = { .status = 0 };
	int probe = quietly("udp:[::1]:0", 65536, &err); /* has the host IPv6? */
	char name[TEXT_MAX] = "";

	test_family("127.0.0.1:0", false);
	if (probe >= 0)
		test_family("[::1]:0", true);
	close(listening("0", 65536, name));
	ok(strncmp(name, "udp:[::]:", 9) == 0 ||
		(probe < 0 && strncmp(name, "udp:0.0.0.0:", 12) == 0),
	    "without a host every address of both families is listened on: %s", name);
	test_drops();
	test_worker_hash();
	test_workers("udp:127.0.0.1:0", "127.0.0.1", 2, 20);
	test_workers("udp:0.0.0.0:0", "127.0.0.1", 7, 600);
	if (probe >= 0) {
		test_workers("udp:[::1]:0", "::1", 5, 1);
		test_workers("udp:0", "127.0.0.1", 4, 400);
		test_workers("udp:0", "::1", 3, 1);
	}
	test_workers("udp:127.0.0.1:0", "127.0.0.1", 1, 5);
	test_steer();
	test_second_collector();
	test_groups(probe >= 0);
	test_group_errors();
	if (probe >= 0)
		close(probe);
	return done_testing();
}
