/*
 * SCTP over loopback, where the kernel has it: streams are told, messages keep their bounds, ends are seen.
 * Where it has not, that is said.  tests/tools/sctp-vm runs this in a kernel that has it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sctp.h>

#include "base/time.h"
#include "net/conn.h"
#include "net/inherit.h"
#include "tap.h"

/* Listen; *a becomes where to connect. */
static int
listening(const char *text, struct listener *l, struct address *a, struct err *err)
{
	char name[ENDPOINT_TEXT_MAX + 6] = "sctp:";
	static const struct addr every;

	if (address_parse(a, text, ADDRESS_LISTEN, 1 << TRANSPORT_SCTP, err) != 0 ||
	    listener_open(l, a, NULL, err) != 0)
		return -1;
	if (memcmp(&l->local.addr, &every, sizeof every) == 0)
		l->local.addr = addr_v4(0x7f000001);
	name[5 + endpoint_fmt(name + 5, &l->local)] = '\0';
	return address_parse(a, name, ADDRESS_SEND, 1 << TRANSPORT_SCTP, err);
}

static void
header(uint8_t *p, size_t n)
{
	memset(p, 'x', n);
	p[0] = 0;
	p[1] = 10;
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
}

/* One user message on a stream, as exporters with several send them. */
static bool
send_on(int fd, unsigned stream, const void *data, size_t n)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct sctp_sndinfo))] = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control };
	struct sctp_sndinfo info = { .snd_sid = (uint16_t)stream };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = IPPROTO_SCTP;
	c->cmsg_type = SCTP_SNDINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == (ssize_t)n;
}

struct association {
	struct listener listener;
	struct conn *out, *in;
	struct conn_buffer *buffer;
};

static bool
associate(struct association *a, const char *text)
{
	struct err err = { .status = 0 };
	struct address to;

	*a = (struct association){ .buffer = conn_buffer_new() };
	if (listening(text, &a->listener, &to, &err) == 0)
		a->out = conn_open(&to, NULL, NULL, 2 * NS_PER_S, &err);
	if (a->out != NULL) {
		poll(&(struct pollfd){ .fd = a->listener.fd, .events = POLLIN }, 1, 2000);
		a->in = listener_accept(&a->listener, &err);
	}
	return ok(a->in != NULL, "%s: an association is made %s", text, err.text);
}

static void
dissociate(struct association *a)
{
	conn_close(a->in);
	conn_close(a->out);
	listener_close(&a->listener);
	conn_buffer_free(a->buffer);
}

/* The next message, waited for. */
static enum conn_status
next(struct association *a, struct message *m, struct err *err)
{
	enum conn_status status = CONN_WAIT;

	for (unsigned i = 0; i < 20 && status == CONN_WAIT; i++) {
		status = conn_read(a->in, a->buffer, m, err);
		if (status == CONN_WAIT)
			poll(&(struct pollfd){ .fd = a->in->fd, .events = POLLIN }, 1, 500);
	}
	return status;
}

static void
test_streams(const char *text)
{
	static const unsigned streams[] = { 0, 3, 9, 0, 1 };
	struct err err = { .status = 0 };
	struct association a;
	uint8_t octets[2000];
	struct message m;

	if (!associate(&a, text))
		return;
	for (unsigned i = 0; i < 5; i++) {
		header(octets, 16 + 300 * i);
		ok(send_on(a.out->fd, streams[i], octets, 16 + 300 * i) &&
			next(&a, &m, &err) == CONN_MESSAGE && m.len == 16 + 300 * i &&
			m.stream == streams[i],
		    "what is sent on stream %u is received on it %s", streams[i], err.text);
	}
	dissociate(&a);
}

static void
test_bounds(void)
{
	struct err err = { .status = 0 };
	struct association a;
	uint8_t *octets = malloc(65535);
	struct message m;

	if (!associate(&a, "sctp:127.0.0.1:0"))
		goto out;
	header(octets, 65535);
	ok(conn_write(a.out, octets, 65535, &err) == 0 && conn_written(a.out) == 1,
	    "a message of 65535 octets is sent %s", err.text);
	ok(next(&a, &m, &err) == CONN_MESSAGE && m.len == 65535 && m.data[65534] == 'x',
	    "and received whole %s", err.text);
	header(octets, 20);
	header(octets + 20, 40);
	ok(send_on(a.out->fd, 0, octets, 60) && next(&a, &m, &err) == CONN_MESSAGE && m.len == 20 &&
		next(&a, &m, &err) == CONN_MESSAGE && m.len == 40,
	    "two IPFIX messages in one of SCTP are two %s", err.text);
	ok(send_on(a.out->fd, 0, octets, 15) && next(&a, &m, &err) == CONN_FAILED,
	    "half an IPFIX message is no message");
	is_str(err.text, "ended within a message, after 15 of its 20 octets", "and why");
	dissociate(&a);
out:
	free(octets);
}

static void
test_end(void)
{
	struct err err = { .status = 0 };
	struct association a;
	uint8_t octets[1000];
	struct message m;
	int rc = 0;

	if (!associate(&a, "sctp:127.0.0.1:0"))
		return;
	header(octets, sizeof octets);
	for (unsigned i = 0; i < 10; i++)
		(void)conn_write(a.out, octets, sizeof octets, &err);
	for (unsigned i = 0; i < 10; i++)
		(void)next(&a, &m, &err);
	for (unsigned i = 0; i < 100 && conn_in_flight(a.out) != 0; i++)
		poll(NULL, 0, 10);
	is_i64(conn_in_flight(a.out), 0, "ten messages are sent, none is in flight %s", err.text);
	ok(conn_finish(a.out, 2 * NS_PER_S, &err) == 0, "an end is agreed on %s", err.text);
	ok(next(&a, &m, &err) == CONN_CLOSED && err.status == 0 && a.in->messages == 10,
	    "the reader sees ten messages and a clean end %s", err.text);
	dissociate(&a);

	if (!associate(&a, "sctp:127.0.0.1:0"))
		return;
	conn_close(a.in);
	a.in = NULL;
	err = (struct err){ .status = 0 };
	for (unsigned i = 0; i < 100 && rc == 0; i++) {
		rc = conn_write(a.out, octets, sizeof octets, &err);
		poll(NULL, 0, 10);
	}
	ok(rc == -1, "writing to a peer that has gone is an error: %s", err.text);
	dissociate(&a);
}

static void
test_dismissed(void)
{
	struct err err = { .status = 0 };
	struct association a;
	uint8_t octets[1000];
	struct message m;

	if (!associate(&a, "sctp:127.0.0.1:0"))
		return;
	header(octets, sizeof octets);
	for (unsigned i = 0; i < 3; i++)
		(void)conn_write(a.out, octets, sizeof octets, &err);
	conn_dismiss(a.in);
	poll(&(struct pollfd){ .fd = a.out->fd, .events = POLLIN }, 1, 1000);
	ok(conn_write(a.out, octets, sizeof octets, &err) == -1 && a.out->ended,
	    "to a collector that wants no more nothing is sent: %s", err.text);
	err = (struct err){ .status = 0 };
	ok(conn_finish(a.out, NS_PER_S, &err) == 0, "what was on its way arrives %s", err.text);
	for (unsigned i = 0; i < 3; i++)
		(void)next(&a, &m, &err);
	ok(next(&a, &m, &err) == CONN_CLOSED && err.status == 0 && a.in->messages == 3,
	    "and is read, to the end %s", err.text);
	dissociate(&a);
}

static void
test_inherited(void)
{
	struct err err = { .status = 0 };
	struct inherited s;
	struct listener l;
	struct address a;

	if (!ok(listening("sctp:127.0.0.1:0", &l, &a, &err) == 0, "a socket to hand over"))
		return;
	ok(inherit_socket(l.fd, 0, &s, &err) == 0 && s.transport == TRANSPORT_SCTP &&
		s.local.port == a.port,
	    "an inherited socket of SCTP is known as one %s", err.text);
	listener_close(&l);
}

int
main(void)
{
	struct err err = { .status = 0 };
	struct listener l;
	struct address a;

	if (listening("sctp:127.0.0.1:0", &l, &a, &err) != 0) {
		is_str(err.text, "cannot listen: this kernel has no SCTP: load the module sctp",
		    "where the kernel has no SCTP, that is said");
		err = (struct err){ .status = 0 };
		address_parse(&a, "sctp:127.0.0.1:9", ADDRESS_SEND, 1 << TRANSPORT_SCTP, &err);
		ok(conn_open(&a, NULL, NULL, NS_PER_S, &err) == NULL &&
			strcmp(err.text,
			    "cannot connect: this kernel has no SCTP: load the module sctp") == 0,
		    "and to senders: %s", err.text);
		ok(true, "SCTP over loopback # skip this kernel has no SCTP");
		return done_testing();
	}
	listener_close(&l);
	test_streams("sctp:127.0.0.1:0");
	test_streams("sctp:0");
	test_bounds();
	test_end();
	test_dismissed();
	test_inherited();
	return done_testing();
}
