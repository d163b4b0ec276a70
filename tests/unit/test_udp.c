/*
 * UDP sockets on loopback: addresses as text, both families, counts of what the kernel drops.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/udp.h"
#include "tap.h"

static int
listening(const char *address, int rcvbuf, char *name)
{
	struct err err = { .status = 0 };
	struct addr a;
	uint16_t port = 0;
	int granted = 0, fd = udp_listen(address, rcvbuf, &granted, &err);

	ok(fd >= 0 && granted > 0 && udp_local(fd, &a, &port) == 0 && port != 0,
	    "%s is opened on a port of the kernel's choice %s", address, err.text);
	if (fd >= 0)
		name[udp_fmt(name, &a, port)] = '\0';
	return fd;
}

static void
test_text(void)
{
	static const struct {
		const char *address, *reason;
	} wrong[] = {
		{ "", "no port number in ''" },
		{ "host", "no port number in 'host'" },
		{ "127.0.0.1:70000", "no port number in '127.0.0.1:70000'" },
		{ "127.0.0.1:", "no port number in '127.0.0.1:'" },
		{ "::1:2055", "an IPv6 address stands in brackets: [::1]:2055" },
	};
	char text[UDP_NAME_MAX + 1];
	struct addr a = addr_v4(0x7f000001);

	text[udp_fmt(text, &a, 2055)] = '\0';
	is_str(text, "127.0.0.1:2055", "an IPv4 address and its port as text");
	memset(&a, 0, sizeof a);
	a.b[15] = 1;
	text[udp_fmt(text, &a, 65535)] = '\0';
	is_str(text, "[::1]:65535", "an IPv6 address stands in brackets");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct err err = { .status = 0 };
		int granted;

		ok(udp_listen(wrong[i].address, 65536, &granted, &err) == -1 &&
			err.status == EXIT_USAGE &&
			strncmp(err.text, wrong[i].reason, strlen(wrong[i].reason)) == 0,
		    "'%s' is refused: %s", wrong[i].address, err.text);
	}
	struct err err = { .status = 0 };
	ok(udp_connect("2055", &err) == -1 && err.status == EXIT_USAGE, "sending needs a host: %s",
	    err.text);
}

static void
test_family(const char *address, bool v6)
{
	char name[UDP_NAME_MAX + 1] = "";
	struct err err = { .status = 0 };
	struct datagram d[UDP_BATCH];
	struct udp_receiver *r = udp_receiver_new();
	int fd = listening(address, 1 << 20, name), out = udp_connect(name, &err);
	char big[60000];
	struct addr from;
	uint16_t port = 0;

	memset(big, 'x', sizeof big);
	ok(out >= 0 && udp_receive(r, fd, d) == 0, "nothing waits at %s yet", name);
	ok(send(out, "one", 3, 0) == 3 && send(out, "", 0, 0) == 0 &&
		send(out, big, sizeof big, 0) == (ssize_t)sizeof big,
	    "three datagrams are sent");
	is_u64((uint64_t)udp_receive(r, fd, d), 3, "and come in one call");
	udp_local(out, &from, &port);
	ok(d[0].len == 3 && memcmp(d[0].data, "one", 3) == 0 && d[0].from_port == port &&
		memcmp(&d[0].from, &from, sizeof from) == 0 && addr_is_v4(&d[0].from) == !v6 &&
		d[0].received_ns > 0,
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
	char name[UDP_NAME_MAX + 1] = "";
	struct err err = { .status = 0 };
	struct datagram d[UDP_BATCH];
	struct udp_receiver *r = udp_receiver_new();
	int fd = listening("127.0.0.1:0", 32768, name), out = udp_connect(name, &err), n;
	char data[1000] = "";
	unsigned received = 0;

	is_u64(udp_drops(fd), 0, "at first nothing is dropped");
	for (int i = 0; i < SENT; i++)
		(void)!send(out, data, sizeof data, 0);
	while ((n = udp_receive(r, fd, d)) > 0)
		received += (unsigned)n;
	ok(received > 0 && received < SENT, "a small receive buffer holds %u of %d", received,
	    SENT);
	is_u64(received + udp_drops(fd), SENT, "received and dropped add up to what was sent");
	udp_receiver_free(r);
	close(fd);
	close(out);
}

int
main(void)
{
	struct err err = { .status = 0 };
	int granted, probe = udp_listen("[::1]:0", 65536, &granted, &err); /* has the host IPv6? */
	char name[UDP_NAME_MAX + 1] = "";

	test_text();
	test_family("127.0.0.1:0", false);
	if (probe >= 0)
		test_family("[::1]:0", true);
	close(listening("0", 65536, name));
	ok(strncmp(name, "[::]:", 5) == 0 || (probe < 0 && strncmp(name, "0.0.0.0:", 8) == 0),
	    "without a host every address of both families is listened on: %s", name);
	test_drops();
	if (probe >= 0)
		close(probe);
	return done_testing();
}
