/*
 * gather.c - a collector of octets: what exporters send over TCP, TLS or SCTP, into an IPFIX file for each.
 *
 *	gather ADDRESS OUT CONNECTIONS [!]AFTER [CERT KEY CA]
 *
 * Prints `listening on PORT`, takes so many connections and writes the messages of the first to OUT.1, of the
 * second to OUT.2 ...; all but the last are told after AFTER messages or a few more (0: never) that no more
 * is wanted; with ! they are closed at once.  At its end of each
 * prints `NUMBER TRANSPORT ready|- messages M, stream S: REASON`.  Ends with the last.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "net/conn.h"

enum { MOST = 1024 };

struct visitor {
	struct conn *conn;
	unsigned number;
	uint32_t watched;
	FILE *out;
	unsigned stream; /* the highest */
	bool dismissed;
};

struct gather {
	int set;
	struct listener listener;
	struct conn_buffer *buffer;
	const char *path;
	unsigned expected, met, gone;
	uint64_t after;
	bool rude;
	struct visitor *visitors[MOST]; /* by number */
};

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "gather: %s: %s\n", what, why);
	exit(3);
}

static void
watch(int set, int how, int fd, uint32_t events, void *what)
{
	struct epoll_event e = { .events = events, .data.ptr = what };

	if (epoll_ctl(set, how, fd, &e) != 0)
		fail("epoll_ctl", strerror(errno));
}

static void
welcome(struct gather *g)
{
	struct err err = { .status = 0 };
	struct conn *c = listener_accept(&g->listener, &err);
	struct visitor *v;
	char path[4096];

	if (c == NULL) {
		if (err.status != 0)
			fail("accept", err.text);
		return;
	}
	v = mem_zero(1, sizeof *v);
	v->conn = c;
	v->watched = c->events;
	v->number = ++g->met;
	g->visitors[v->number % MOST] = v;
	snprintf(path, sizeof path, "%s.%u", g->path, v->number);
	v->out = fopen(path, "w");
	if (v->out == NULL)
		fail(path, strerror(errno));
	watch(g->set, EPOLL_CTL_ADD, c->fd, c->events, v);
}

static void
see_off(struct gather *g, struct visitor *v, const char *why)
{
	printf("%u %s %s messages %llu, stream %u: %s\n", v->number,
	    transport_name(v->conn->transport), v->conn->ready ? "ready" : "-",
	    (unsigned long long)v->conn->messages, v->stream, why);
	fflush(stdout);
	if (fclose(v->out) != 0)
		fail(g->path, strerror(errno));
	conn_close(v->conn);
	g->visitors[v->number % MOST] = NULL;
	g->gone++;
	mem_free(v);
}

static void
listen_to(struct gather *g, struct visitor *v)
{
	struct err err = { .status = 0 };
	enum conn_status status;
	struct message m;

	while ((status = conn_read(v->conn, g->buffer, &m, &err)) == CONN_MESSAGE) {
		fwrite(m.data, m.len, 1, v->out);
		v->stream = m.stream > v->stream ? m.stream : v->stream;
	}
	if (status == CONN_WAIT && g->after > 0 && v->number < g->expected &&
	    v->conn->messages >= g->after && !v->dismissed) {
		v->dismissed = true;
		if (g->rude)
			see_off(g, v, "sent away");
		else
			conn_dismiss(v->conn);
	} else if (status == CONN_CLOSED)
		see_off(g, v, "closed");
	else if (status == CONN_FAILED)
		see_off(g, v, err.text);
	else if (v->conn->events != v->watched)
		watch(g->set, EPOLL_CTL_MOD, v->conn->fd, v->watched = v->conn->events, v);
}

static void
give_up_slow(struct gather *g)
{
	int64_t now = time_monotonic_ns();

	for (unsigned i = 0; i < MOST; i++)
		if (g->visitors[i] != NULL && conn_deadline_ns(g->visitors[i]->conn, 0) <= now)
			see_off(g, g->visitors[i], "too slow");
}

int
main(int argc, char **argv)
{
	struct gather g = { .buffer = conn_buffer_new() };
	struct epoll_event events[16];
	struct err err = { .status = 0 };
	struct tls *tls = NULL;
	struct address a;
	int n;

	if (argc != 5 && argc != 8)
		fail("usage", "gather ADDRESS OUT CONNECTIONS [!]AFTER [CERT KEY CA]");
	g.path = argv[2];
	g.expected = (unsigned)strtoul(argv[3], NULL, 10);
	g.rude = argv[4][0] == '!';
	g.after = strtoul(argv[4] + g.rude, NULL, 10);
	if (argc == 8) {
		struct tls_opts o = { .cert = argv[5], .key = argv[6], .ca = argv[7] };

		tls = tls_server(&o, &err);
	}
	if (err.status != 0 ||
	    address_parse(&a, argv[1], ADDRESS_LISTEN, (1 << TRANSPORTS) - 1, &err) != 0 ||
	    listener_open(&g.listener, &a, tls, &err) != 0)
		fail(argv[1], err.text);
	printf("listening on %u\n", g.listener.local.port);
	fflush(stdout);
	g.set = epoll_create1(EPOLL_CLOEXEC);
	watch(g.set, EPOLL_CTL_ADD, g.listener.fd, EPOLLIN, NULL);
	while (g.gone < g.expected) {
		n = epoll_wait(g.set, events, 16, 1000);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL)
				welcome(&g);
			else
				listen_to(&g, events[i].data.ptr);
		}
		give_up_slow(&g);
	}
	listener_close(&g.listener);
	close(g.set);
	tls_free(tls);
	conn_buffer_free(g.buffer);
	return 0;
}
