/*
 * Connections: messages over a socket pair however they are cut, lies, ends, fairness; over TCP both sides.
 */
#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "net/conn.h"
#include "tap.h"

/* A message of n octets behind what is in b; its octets tell it from others. */
static void
put_message(struct buf *b, size_t n, uint8_t kind)
{
	uint8_t *p = (uint8_t *)buf_room(b, n);

	memset(p, kind, n);
	p[0] = 0;
	p[1] = 10;
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	b->len += n;
}

/* One end ours as a connection, the other the test's. */
struct pair {
	struct conn *conn;
	int peer;
	struct conn_buffer *buffer;
	struct buf got; /* messages read so far */
	unsigned messages;
	struct err err;
};

static struct pair
pair_new(void)
{
	struct pair p = { .buffer = conn_buffer_new() };
	int fds[2];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
	p.conn = conn_new(fds[0], TRANSPORT_TCP, NULL, NULL, &p.err);
	p.peer = fds[1];
	return p;
}

static void
pair_free(struct pair *p)
{
	conn_close(p->conn);
	if (p->peer >= 0)
		close(p->peer);
	conn_buffer_free(p->buffer);
	buf_free(&p->got);
}

/* One turn of an event loop. */
static enum conn_status
turn(struct pair *p)
{
	enum conn_status status;
	struct message m;

	while ((status = conn_read(p->conn, p->buffer, &m, &p->err)) == CONN_MESSAGE) {
		buf_put(&p->got, m.data, m.len);
		p->messages++;
	}
	return status;
}

static enum conn_status
turns(struct pair *p)
{
	enum conn_status status = turn(p);

	while (status == CONN_WAIT &&
	       poll(&(struct pollfd){ .fd = p->conn->fd, .events = POLLIN }, 1, 0) > 0)
		status = turn(p);
	return status;
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void
test_segments(void)
{
	struct buf stream = { .len = 0 };
	bool good = true, held = true;
	unsigned runs = 0;

	put_message(&stream, 16, 1);
	put_message(&stream, 17, 2);
	put_message(&stream, 40, 3);
	put_message(&stream, 16, 4);
	/* Every pair of cuts; with equal ones one cut, with both at the begin none. */
	for (size_t i = 0; i <= stream.len; i++)
		for (size_t j = i; j <= stream.len; j++, runs++) {
			struct pair p = pair_new();
			const size_t cut[] = { 0, i, j, stream.len };

			for (unsigned k = 0; k < 3; k++) {
				if (cut[k + 1] == cut[k])
					continue;
				(void)!write(p.peer, stream.data + cut[k], cut[k + 1] - cut[k]);
				good &= turns(&p) == CONN_WAIT;
			}
			good &= p.messages == 4 && same(&p.got, &stream) && p.conn->messages == 4 &&
				p.conn->octets == stream.len;
			held &= p.conn->framing.held == NULL || p.conn->framing.given;
			close(p.peer);
			p.peer = -1;
			good &= turns(&p) == CONN_CLOSED && p.err.status == 0;
			pair_free(&p);
		}
	ok(good, "four messages cut in %u ways are four messages and a clean end", runs);
	ok(held, "and nothing is held behind the last one");
	buf_free(&stream);
}

static void
test_octets(void)
{
	struct buf stream = { .len = 0 };
	struct pair p = pair_new();
	bool good = true;

	for (unsigned i = 0; i < 200; i++)
		put_message(&stream, 16 + i * 7 % 300, (uint8_t)i);
	for (size_t i = 0; i < stream.len; i++) {
		(void)!write(p.peer, stream.data + i, 1);
		good &= turns(&p) == CONN_WAIT;
	}
	ok(good && p.messages == 200 && same(&p.got, &stream),
	    "200 messages written octet by octet are 200 messages");
	pair_free(&p);

	p = pair_new();
	stream.len = 0;
	put_message(&stream, 65535, 1);
	put_message(&stream, 65535, 2);
	for (size_t i = 0; i < stream.len; i += 1000) {
		(void)!write(
		    p.peer, stream.data + i, stream.len - i < 1000 ? stream.len - i : 1000);
		good &= turns(&p) == CONN_WAIT;
	}
	ok(good && p.messages == 2 && same(&p.got, &stream), "messages may have 65535 octets");
	pair_free(&p);
	buf_free(&stream);
}

static void
test_lies(void)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *reason;
	} rows[] = {
		{ "\0\x0a\0\0", 4, "an IPFIX message cannot have a length of 0" },
		{ "\0\x0a\0\x0f", 4, "an IPFIX message cannot have a length of 15" },
		{ "\0\x09\0\x10", 4, "no IPFIX message: version 9 instead of 10" },
		{ "\0\x05", 2, "no IPFIX message: version 5 instead of 10" },
		{ "GET / HTTP/1.1\r\n", 16, "no IPFIX message: version 18245 instead of 10" },
		{ "\0", 1, NULL },
		{ "\0\x0a", 2, NULL },
		{ "\0\x0a\xff", 3, NULL },
	};
	struct buf good = { .len = 0 };

	put_message(&good, 20, 1);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned before = 0; before < 2; before++) {
			struct pair p = pair_new();
			enum conn_status status;

			if (before > 0)
				(void)!write(p.peer, good.data, good.len);
			(void)!write(p.peer, rows[i].octets, rows[i].len);
			status = turns(&p);
			if (rows[i].reason == NULL) {
				ok(status == CONN_WAIT && p.messages == before,
				    "%zu octets of a header are waited with", rows[i].len);
				close(p.peer);
				p.peer = -1;
				ok(turns(&p) == CONN_FAILED &&
					strcmp(p.err.text, "ended within a message's header") == 0,
				    "and are not a clean end: %s", p.err.text);
			} else {
				ok(status == CONN_FAILED && p.messages == before,
				    "a lie is found, %u messages before it are read", before);
				is_str(p.err.text, rows[i].reason, "and named");
			}
			pair_free(&p);
		}
	buf_free(&good);
}

static void
test_end_inside(void)
{
	struct buf stream = { .len = 0 };
	struct pair p = pair_new();

	put_message(&stream, 20, 1);
	put_message(&stream, 1000, 2);
	(void)!write(p.peer, stream.data, 20 + 123);
	close(p.peer);
	p.peer = -1;
	ok(turns(&p) == CONN_FAILED && p.messages == 1, "an end within a message is a failure");
	is_str(
	    p.err.text, "ended within a message, after 123 of its 1000 octets", "that says where");
	pair_free(&p);
	buf_free(&stream);
}

/* What one turn takes is bounded, and what is left wakes the loop again. */
static void
test_share(void)
{
	struct buf stream = { .len = 0 };
	struct pair flood = pair_new(), quiet = pair_new();
	int size = 1 << 20;

	quiet.buffer = (conn_buffer_free(quiet.buffer), flood.buffer);
	setsockopt(flood.peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	while (stream.len < 150000)
		put_message(&stream, 100, 1);
	is_i64(send(flood.peer, stream.data, stream.len, MSG_DONTWAIT), (int64_t)stream.len,
	    "a peer sends 1500 messages at once");
	stream.len = 0;
	put_message(&stream, 50, 2);
	(void)!write(quiet.peer, stream.data, stream.len);
	ok(turn(&flood) == CONN_WAIT, "a turn takes some of them");
	ok(flood.messages >= 600 && flood.messages < 1500, "%u of 1500", flood.messages);
	ok(turn(&quiet) == CONN_WAIT && quiet.messages == 1, "then it is another one's turn");
	ok(turns(&flood) == CONN_WAIT && flood.messages == 1500, "and all come in further turns");
	quiet.buffer = NULL;
	pair_free(&flood);
	pair_free(&quiet);
	buf_free(&stream);
}

/* A loop that gives up a connection between two of its messages can read others with the same buffer. */
static void
test_given_up(void)
{
	struct buf stream = { .len = 0 };
	struct pair a = pair_new(), b = pair_new();
	struct message m;

	put_message(&stream, 100, 1);
	put_message(&stream, 100, 2);
	(void)!write(a.peer, stream.data, stream.len);
	(void)!write(b.peer, stream.data + 100, 100);
	ok(conn_read(a.conn, a.buffer, &m, &a.err) == CONN_MESSAGE, "one of two messages is read");
	conn_close(a.conn);
	a.conn = NULL;
	ok(conn_read(b.conn, a.buffer, &m, &b.err) == CONN_MESSAGE && m.len == 100 &&
		m.data[50] == 2 && conn_read(b.conn, a.buffer, &m, &b.err) == CONN_WAIT,
	    "the connection is closed, the buffer serves the next");
	pair_free(&a);
	pair_free(&b);
	buf_free(&stream);
}

static void
test_times(void)
{
	const int64_t minute = 60 * NS_PER_S;
	struct buf stream = { .len = 0 };
	struct pair p = pair_new();
	int64_t opened = p.conn->last_ns;

	put_message(&stream, 100, 1);
	is_i64(conn_deadline_ns(p.conn, minute), opened + minute,
	    "a connection may be idle so long after it was opened");
	is_i64(conn_deadline_ns(p.conn, 0), INT64_MAX, "or for ever");
	is_i64(conn_deadline_ns(p.conn, INT64_MAX), INT64_MAX, "or longer than there is time");
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	(void)!write(p.peer, stream.data, 99);
	turns(&p);
	is_i64(p.conn->last_ns, opened, "octets that are no message do not count");
	(void)!write(p.peer, stream.data + 99, 1);
	turns(&p);
	ok(p.conn->last_ns > opened && conn_deadline_ns(p.conn, minute) == p.conn->last_ns + minute,
	    "a whole message does");
	pair_free(&p);
	buf_free(&stream);
}

/* 10,000 connections of which each has begun a message that is said to be long. */
static void
test_memory(void)
{
	enum { CONNECTIONS = 10000 };
	struct rlimit limit = { .rlim_cur = 2 * CONNECTIONS + 100,
		.rlim_max = 2 * CONNECTIONS + 100 };
	struct conn_buffer *buffer = conn_buffer_new();
	struct pair *all = calloc(CONNECTIONS, sizeof *all);
	size_t before = mallinfo2().uordblks, idle, begun;
	unsigned n = 0;

	(void)setrlimit(RLIMIT_NOFILE, &limit);
	for (; n < CONNECTIONS; n++) {
		int fds[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
			break;
		all[n].conn = conn_new(fds[0], TRANSPORT_TCP, NULL, NULL, &all[n].err);
		all[n].peer = fds[1];
		all[n].buffer = buffer;
		(void)turn(&all[n]);
	}
	idle = (mallinfo2().uordblks - before) / n;
	ok(n >= 400 && idle <= 400, "%u idle connections take %zu octets each", n, idle);
	for (unsigned i = 0; i < n; i++) {
		(void)!write(all[i].peer, "\0\x0a\xff\xff\0\0\0", 7);
		(void)turn(&all[i]);
	}
	begun = (mallinfo2().uordblks - before) / n;
	ok(begun <= idle + 128, "with the begin of a message that announces 65535 octets %zu",
	    begun);
	for (unsigned i = 0; i < n; i++) {
		conn_close(all[i].conn);
		close(all[i].peer);
	}
	conn_buffer_free(buffer);
	free(all);
}

/* TCP --------------------------------------------------------------------------------------------- */

static struct address
address(const char *text, enum address_use use)
{
	struct err err = { .status = 0 };
	struct address a;

	if (address_parse(&a, text, use, (1 << TRANSPORTS) - 1, &err) != 0)
		printf("# %s\n", err.text);
	return a;
}

/* Listen; *a becomes where to connect. */
static struct listener
listening(const char *text, struct address *a)
{
	struct err err = { .status = 0 };
	struct listener l;
	char name[ENDPOINT_TEXT_MAX + 6] = "tcp:";

	*a = address(text, ADDRESS_LISTEN);
	if (listener_open(&l, a, NULL, &err) != 0) {
		printf("# %s: %s\n", text, err.text);
		return l;
	}
	name[4 + endpoint_fmt(name + 4, &l.local)] = '\0';
	*a = address(name, ADDRESS_SEND);
	return l;
}

static struct conn *
accepted(const struct listener *l, struct err *err)
{
	poll(&(struct pollfd){ .fd = l->fd, .events = POLLIN }, 1, 1000);
	return listener_accept(l, err);
}

static void
test_tcp(const char *text)
{
	struct err err = { .status = 0 };
	struct address a;
	struct listener l = listening(text, &a);
	struct buf stream = { .len = 0 };
	struct pair p = { .buffer = conn_buffer_new() };
	struct endpoint local;
	struct conn *out;

	ok(l.fd >= 0 && l.local.port != 0 && listener_accept(&l, &err) == NULL && err.status == 0,
	    "%s is listened on, nobody has come", text);
	out = conn_open(&a, NULL, NULL, NS_PER_S, &err);
	ok(out != NULL, "an exporter connects %s", err.text);
	p.conn = accepted(&l, &p.err);
	ok(p.conn != NULL && out != NULL && endpoint_local(out->fd, &local) == 0 &&
		memcmp(&p.conn->peer, &local, sizeof local) == 0,
	    "and is accepted with its address and port");
	put_message(&stream, 100, 1);
	put_message(&stream, 200, 2);
	ok(conn_write(out, stream.data, 100, &err) == 0 &&
		conn_write(out, stream.data + 100, 200, &err) == 0 && conn_written(out) == 300,
	    "two messages are sent %s", err.text);
	poll(&(struct pollfd){ .fd = p.conn->fd, .events = POLLIN }, 1, 1000);
	ok(turns(&p) == CONN_WAIT && same(&p.got, &stream), "and read");
	is_i64(conn_in_flight(out), 0, "nothing is in flight then");
	ok(conn_finish(out, 50 * NS_PER_MS, &err) == 1 && err.status == 0,
	    "an end is waited for so long");
	ok(turns(&p) == CONN_CLOSED && p.err.status == 0, "the reader sees it");
	conn_close(p.conn);
	ok(conn_finish(out, NS_PER_S, &err) == 0, "and closes, which the sender sees %s", err.text);
	conn_close(out);
	close(p.peer);
	conn_buffer_free(p.buffer);
	listener_close(&l);
	buf_free(&p.got);
	buf_free(&stream);
}

static void
test_tcp_refusals(void)
{
	struct err err = { .status = 0 };
	struct address a, taken;
	struct listener l = listening("tcp:127.0.0.1:0", &a), second;
	struct buf stream = { .len = 0 };
	struct conn *out, *in;
	int rc = 0;

	taken = a;
	ok(listener_open(&second, &taken, NULL, &err) == -1 &&
		strcmp(err.text, "cannot listen: Address already in use") == 0,
	    "a port in use is refused: %s", err.text);
	err = (struct err){ .status = 0 };
	ok(listener_open(&second, &(struct address){ .transport = TRANSPORT_TLS }, NULL, &err) ==
		    -1 &&
		err.status == EXIT_USAGE,
	    "TLS without certificates is refused: %s", err.text);

	/* The peer goes while we send: first it closes, then its kernel resets. */
	err = (struct err){ .status = 0 };
	out = conn_open(&a, NULL, NULL, NS_PER_S, &err);
	in = accepted(&l, &err);
	conn_close(in);
	put_message(&stream, 1000, 1);
	poll(&(struct pollfd){ .fd = out->fd, .events = POLLIN }, 1, 1000);
	ok(conn_write(out, stream.data, stream.len, &err) == -1 &&
		strcmp(err.text, "closed by the peer") == 0 && conn_written(out) == 0,
	    "to a peer that has closed nothing is sent: %s", err.text);
	ok(out->ended, "that it closed in order is known");
	conn_close(out);
	err = (struct err){ .status = 0 };
	out = conn_open(&a, NULL, NULL, NS_PER_S, &err);
	in = accepted(&l, &err);
	conn_close(in);
	poll(&(struct pollfd){ .fd = out->fd, .events = POLLIN }, 1, 1000);
	ok(conn_finish(out, NS_PER_S, &err) == 0, "and is no failure when all was read %s",
	    err.text);
	conn_close(out);

	err = (struct err){ .status = 0 };
	out = conn_open(&a, NULL, NULL, NS_PER_S, &err);
	in = accepted(&l, &err);
	(void)conn_write(out, stream.data, stream.len, &err);
	conn_close(in); /* with octets unread: a reset */
	for (unsigned i = 0; i < 100 && rc == 0; i++)
		rc = conn_write(out, stream.data, stream.len, &err);
	ok(rc == -1 && strcmp(err.text, "Connection reset by peer") == 0,
	    "a reset is an error, no signal: %s", err.text);
	conn_close(out);

	/* What a peer never read is known to be in flight, also when it has gone. */
	err = (struct err){ .status = 0 };
	out = conn_open(&a, NULL, NULL, NS_PER_S, &err);
	in = accepted(&l, &err);
	while (poll(&(struct pollfd){ .fd = out->fd, .events = POLLOUT }, 1, 100) > 0 &&
	       conn_write(out, stream.data, stream.len, &err) == 0)
		continue;
	conn_close(in);
	rc = conn_write(out, stream.data, stream.len, &err);
	ok(rc == -1 && conn_in_flight(out) > 0 && (uint64_t)conn_in_flight(out) < conn_written(out),
	    "what was in flight when it went is known: %d of %d octets", (int)conn_in_flight(out),
	    (int)conn_written(out));
	conn_close(out);

	listener_close(&l);
	err = (struct err){ .status = 0 };
	ok(conn_open(&a, NULL, NULL, NS_PER_S, &err) == NULL &&
		strcmp(err.text, "cannot connect: Connection refused") == 0,
	    "nobody listens: %s", err.text);
	buf_free(&stream);
}

/* In place of the C library's: every name is that of 127.0.0.2, then of 127.0.0.1. */
int
getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	static struct sockaddr_in at[2];
	static struct addrinfo list[2];

	(void)name;
	(void)service;
	(void)hints;
	for (unsigned i = 0; i < 2; i++) {
		at[i] = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(0x7f000002 - i) };
		list[i] = (struct addrinfo){ .ai_addr = (struct sockaddr *)&at[i],
			.ai_addrlen = sizeof at[i],
			.ai_next = i == 0 ? &list[1] : NULL };
	}
	*found = list;
	return 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

/* Nobody answers at an address whose queue is full. */
static void
test_silent_address(void)
{
	struct err err = { .status = 0 };
	struct address a, two = { .transport = TRANSPORT_TCP, .host = "two.test" };
	struct listener l = listening("tcp:127.0.0.1:0", &a), silent;
	struct conn *out, *waiting[4] = { NULL };

	two.port = a.port;
	strcpy(a.host, "127.0.0.2");
	ok(listener_open(&silent, &a, NULL, &err) == 0 && listen(silent.fd, 0) == 0,
	    "an address of two does not accept %s", err.text);
	for (unsigned i = 0; i < 4; i++)
		waiting[i] = conn_open(&a, NULL, NULL, 100 * NS_PER_MS, &err);
	ok(waiting[3] == NULL, "and does not answer any more: %s", err.text);
	err = (struct err){ .status = 0 };
	out = conn_open(&two, NULL, NULL, NS_PER_S, &err);
	ok(out != NULL && addr_u32(&out->peer.addr) == 0x7f000001,
	    "the other is reached all the same %s", err.text);
	conn_close(out);
	for (unsigned i = 0; i < 4; i++)
		conn_close(waiting[i]);
	listener_close(&silent);
	listener_close(&l);
}

/* A collector that ends in order: both sides know what was read. */
static void
test_dismissed(void)
{
	struct err err = { .status = 0 };
	struct address a;
	struct listener l = listening("tcp:127.0.0.1:0", &a);
	struct buf stream = { .len = 0 };
	struct pair p = { .buffer = conn_buffer_new(), .peer = -1 };
	struct conn *out = conn_open(&a, NULL, NULL, NS_PER_S, &err);

	p.conn = accepted(&l, &p.err);
	put_message(&stream, 1000, 1);
	for (unsigned i = 0; i < 3; i++)
		(void)conn_write(out, stream.data, stream.len, &err);
	conn_dismiss(p.conn);
	poll(&(struct pollfd){ .fd = out->fd, .events = POLLIN }, 1, 1000);
	ok(conn_write(out, stream.data, stream.len, &err) == -1 && out->ended &&
		conn_written(out) == 3000,
	    "to a collector that wants no more nothing is sent: %s", err.text);
	err = (struct err){ .status = 0 };
	ok(conn_finish(out, NS_PER_S, &err) == 0 && conn_in_flight(out) == 0,
	    "what was on its way arrives %s", err.text);
	ok(turns(&p) == CONN_CLOSED && p.messages == 3 && p.err.status == 0,
	    "and is read, to the end %s", p.err.text);
	conn_close(out);
	pair_free(&p);
	listener_close(&l);
	buf_free(&stream);
}

/* A peer that does not read holds the sender back, and nothing is lost. */
struct slow_sender {
	struct conn *conn;
	struct buf *stream;
	_Atomic uint64_t sent; /* a connection is one thread's */
	struct err err;
	int rc;
};

static void *
send_all(void *ctx)
{
	struct slow_sender *s = ctx;

	for (size_t at = 0; at < s->stream->len && s->rc == 0; at += 1000) {
		s->rc = conn_write(s->conn, s->stream->data + at, 1000, &s->err);
		s->sent = conn_written(s->conn);
	}
	if (s->rc == 0)
		s->rc = conn_finish(s->conn, 10 * NS_PER_S, &s->err);
	return NULL;
}

static void
test_backpressure(void)
{
	struct err err = { .status = 0 };
	struct address a;
	struct listener l = listening("tcp:127.0.0.1:0", &a);
	struct buf stream = { .len = 0 };
	struct pair p = { .buffer = conn_buffer_new() };
	struct slow_sender s = { .stream = &stream };
	enum conn_status status;
	pthread_t thread;
	uint64_t sent;

	while (stream.len < 20000000)
		put_message(&stream, 1000, (uint8_t)(stream.len / 1000));
	s.conn = conn_open(&a, NULL, NULL, NS_PER_S, &err);
	p.conn = accepted(&l, &err);
	pthread_create(&thread, NULL, send_all, &s);
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	sent = s.sent;
	ok(sent < stream.len, "a sender waits for a reader: %zu of %zu octets are on the way",
	    (size_t)sent, stream.len);
	do {
		poll(&(struct pollfd){ .fd = p.conn->fd, .events = POLLIN }, 1, 1000);
		status = turn(&p);
	} while (status == CONN_WAIT);
	ok(status == CONN_CLOSED && p.messages == stream.len / 1000 && same(&p.got, &stream),
	    "and all of it comes");
	conn_close(p.conn);
	pthread_join(thread, NULL);
	ok(s.rc == 0, "the sender knows %s", s.err.text);
	conn_close(s.conn);
	conn_buffer_free(p.buffer);
	listener_close(&l);
	buf_free(&p.got);
	buf_free(&stream);
}

/* A peer that talks for two seconds and then goes. */
static void *
talk(void *ctx)
{
	struct conn *c = ctx;
	int64_t until_ns = time_monotonic_ns() + 2 * NS_PER_S;
	char words[4096] = "";

	while (time_monotonic_ns() < until_ns &&
	       (send(c->fd, words, sizeof words, MSG_NOSIGNAL) > 0 || errno == EAGAIN))
		continue;
	conn_close(c);
	return NULL;
}

static void
test_talker(void)
{
	struct err err = { .status = 0 };
	struct address a;
	struct listener l = listening("tcp:127.0.0.1:0", &a);
	struct conn *out = conn_open(&a, NULL, NULL, NS_PER_S, &err), *in = accepted(&l, &err);
	pthread_t thread;
	int64_t took_ns;
	int rc;

	pthread_create(&thread, NULL, talk, in);
	took_ns = -time_monotonic_ns();
	rc = conn_finish(out, 100 * NS_PER_MS, &err);
	took_ns += time_monotonic_ns();
	ok(rc == 1 && err.status == 0 && took_ns < NS_PER_S,
	    "a peer that talks without end is not waited for longer %s", err.text);
	pthread_join(thread, NULL);
	conn_close(out);
	listener_close(&l);
}

static void
test_open_files(void)
{
	struct err err = { .status = 0 };
	struct address a;
	struct listener l = listening("tcp:127.0.0.1:0", &a);
	struct conn *out = conn_open(&a, NULL, NULL, NS_PER_S, &err), *in;
	struct rlimit before, none;

	poll(&(struct pollfd){ .fd = l.fd, .events = POLLIN }, 1, 1000);
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ .rlim_cur = 3, .rlim_max = before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	in = listener_accept(&l, &err);
	ok(in == NULL && strcmp(err.text, "cannot accept a connection: Too many open files") == 0,
	    "too many open files is an error: %s", err.text);
	setrlimit(RLIMIT_NOFILE, &before);
	err = (struct err){ .status = 0 };
	in = listener_accept(&l, &err);
	ok(in != NULL, "the connection waits meanwhile %s", err.text);
	conn_close(in);
	conn_close(out);
	listener_close(&l);
}

/* A listening socket that somebody else opened. */
static void
test_adopted(void)
{
	struct err err = { .status = 0 };
	struct address a;
	struct listener opened = listening("tcp:127.0.0.1:0", &a), l;
	struct inherited s;
	struct conn *out, *in;

	ok(inherit_socket(opened.fd, 0, &s, &err) == 0, "a socket is inherited %s", err.text);
	listener_adopt(&l, opened.fd, &s, NULL);
	out = conn_open(&a, NULL, NULL, NS_PER_S, &err);
	in = accepted(&l, &err);
	ok(l.transport == TRANSPORT_TCP && l.local.port == a.port && out != NULL && in != NULL,
	    "and connections come from it %s", err.text);
	conn_close(out);
	conn_close(in);
	listener_close(&l);
}

int
main(void)
{
	test_segments();
	test_octets();
	test_lies();
	test_end_inside();
	test_share();
	test_given_up();
	test_times();
	test_tcp("tcp:127.0.0.1:0");
	if (access("/proc/sys/net/ipv6", F_OK) == 0)
		test_tcp("tcp:[::1]:0");
	test_tcp_refusals();
	test_silent_address();
	test_dismissed();
	test_backpressure();
	test_talker();
	test_open_files();
	test_adopted();
	test_memory();
	return done_testing();
}
