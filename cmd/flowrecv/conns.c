#include "conns.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"

/* At a time, so that nobody waits for a crowd. */
enum { ACCEPTS = 64 };
#define SWEEP_NS NS_PER_S
/* Peers are given so long to end their side; who goes on sending is cut off then. */
#define DRAIN_NS NS_PER_S
enum { DRAIN_ROUND_NS = 5000000 };

struct link {
	enum watched watched;
	struct conn *conn;
	struct door *door;
	uint32_t events;
	bool left; /* something waits that was not read yet */
	bool dead; /* closed while events of one round are served: freed behind it */
	struct link *newer, *older; /* by when they came */
};

struct conns {
	struct conns_opts opts;
	struct conn_buffer *buffer;
	struct link *newest, *oldest;
	struct link *dead;
	bool ending; /* nobody gives way any more: what they sent was not read yet */
	struct door *shut; /* no descriptors were left: not watched until the next sweep */
	int64_t next_sweep_ns;
	struct diag_limit limit;
};

struct conns *
conns_new(const struct conns_opts *opts)
{
	struct conns *c = mem_zero(1, sizeof *c);

	c->opts = *opts;
	c->buffer = conn_buffer_new();
	return c;
}

/* Closing ---------------------------------------------------------------------------------------- */

static void
unlink_use(struct conns *c, struct link *l)
{
	*(l->newer != NULL ? &l->newer->older : &c->newest) = l->older;
	*(l->older != NULL ? &l->older->newer : &c->oldest) = l->newer;
}

static void
complain(struct conns *c, const struct conn *conn, const char *why)
{
	char name[ENDPOINT_TEXT_MAX + 1];

	if (c->opts.quiet)
		return;
	name[endpoint_fmt(name, &conn->peer)] = '\0';
	diag_limited(
	    &c->limit, name, "%s: connection closed: %s", transport_name(conn->transport), why);
}

static enum wire_stream
way_of(const struct conn *conn)
{
	return conn->transport == TRANSPORT_SCTP ? WIRE_ASSOCIATION : WIRE_CONNECTION;
}

/* Events of this round may still point to it. */
static void
drop(struct conns *c, struct link *l)
{
	if (l->conn->messages > 0)
		wire_disconnect(c->opts.intake.wire, way_of(l->conn), &l->conn->peer.addr,
		    l->conn->peer.port, &l->door->at);
	else
		atomic_fetch_sub(c->opts.silent, 1);
	conn_close(l->conn);
	l->conn = NULL;
	l->dead = true;
	l->door->open--;
	atomic_fetch_sub(c->opts.open, 1);
	unlink_use(c, l);
	l->older = c->dead;
	c->dead = l;
}

static void
bury(struct conns *c)
{
	while (c->dead != NULL) {
		struct link *l = c->dead;

		c->dead = l->older;
		mem_free(l);
	}
}

static void
fail(struct conns *c, struct link *l, const char *why)
{
	complain(c, l->conn, why);
	l->door->failed++;
	drop(c, l);
}

/* Reading ---------------------------------------------------------------------------------------- */

/* NULL, or why the connection must be closed. */
static const char *
take(struct conns *c, struct link *l, const struct message *m)
{
	struct wire_msg msg = { .data = m->data,
		.len = m->len,
		.exporter = l->conn->peer.addr,
		.port = l->conn->peer.port,
		.to = l->door->at,
		.received_ns = m->received_ns,
		.stream = way_of(l->conn),
		.stream_id = m->stream };

	if (l->conn->messages == 1)
		atomic_fetch_sub(c->opts.silent, 1);
	l->door->datagrams++;
	l->door->octets += m->len;
	if (!intake_allows(&c->opts.intake, &msg)) {
		l->door->denied++;
		return "the exporter is not listened to any more";
	}
	blocks_clock(c->opts.intake.blocks, m->received_ns);
	intake_decode(&c->opts.intake, &msg);
	return wire_broken(c->opts.intake.wire)
		   ? "a template was defined anew without being withdrawn (RFC 7011 8.1)"
		   : NULL;
}

static void
read_link(struct conns *c, struct link *l)
{
	struct err err = { .status = 0 };
	enum conn_status status;
	struct message m;

	l->left = false;
	while ((status = conn_read(l->conn, c->buffer, &m, &err)) == CONN_MESSAGE) {
		const char *why = take(c, l, &m);

		if (why != NULL) {
			fail(c, l, why);
			return;
		}
		blocks_flush(c->opts.intake.blocks);
	}
	if (status == CONN_CLOSED) {
		drop(c, l);
	} else if (status == CONN_FAILED) {
		fail(c, l, err.text);
	} else if (l->conn->events != l->events) {
		struct epoll_event e = { .events = l->conn->events, .data.ptr = l };

		l->events = l->conn->events;
		if (epoll_ctl(c->opts.epoll, EPOLL_CTL_MOD, l->conn->fd, &e) != 0)
			fail(c, l, strerror(errno));
	}
}

void
conns_read(struct conns *c, void *connection)
{
	struct link *l = connection;

	if (!l->dead)
		read_link(c, l);
}

void
conns_leave(void *connection)
{
	struct link *l = connection;

	l->left = true;
}

/* Accepting -------------------------------------------------------------------------------------- */

/* Make room: the oldest of then that has not sent a message yet goes.  false: all have, or the collector ends. */
static bool
evict(struct conns *c, int64_t then_ns)
{
	for (struct link *l = c->oldest; l != NULL && !c->ending; l = l->newer)
		if (l->conn->messages == 0 && l->conn->opened_ns <= then_ns) {
			l->door->evicted++;
			drop(c, l);
			return true;
		}
	return false;
}

/* Will other workers make room when they sweep, which have such a one?  For a few more at a time. */
static bool
others_evict(const struct conns *c)
{
	unsigned open = atomic_load(c->opts.open), silent = atomic_load(c->opts.silent);

	return !c->ending && open < c->opts.most + (silent < ACCEPTS ? silent : ACCEPTS);
}

static void
admit(struct conns *c, struct door *d, struct conn *conn)
{
	struct link *l = mem_zero(1, sizeof *l);
	struct epoll_event e = { .events = conn->events, .data.ptr = l };

	*l = (struct link){ .watched = WATCHED_CONNECTION,
		.conn = conn,
		.door = d,
		.events = conn->events,
		.older = c->newest };
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = l;
	c->newest = l;
	atomic_fetch_add(c->opts.open, 1);
	atomic_fetch_add(c->opts.silent, 1);
	d->accepted++;
	d->open++;
	if (epoll_ctl(c->opts.epoll, EPOLL_CTL_ADD, conn->fd, &e) != 0)
		fail(c, l, strerror(errno));
}

/* Nobody can be let in: do not be told that somebody waits until the next sweep. */
static void
shut(struct conns *c, struct door *d)
{
	if (epoll_ctl(c->opts.epoll, EPOLL_CTL_DEL, d->fd, NULL) != 0)
		return;
	d->next_shut = c->shut;
	c->shut = d;
}

static void
open_again(struct conns *c)
{
	struct door *next, *d = c->shut;

	for (c->shut = NULL; d != NULL; d = next) {
		struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = d };

		next = d->next_shut;
		if (epoll_ctl(c->opts.epoll, EPOLL_CTL_ADD, d->fd, &e) == 0)
			continue;
		d->next_shut = c->shut;
		c->shut = d;
	}
}

/* Without a descriptor left accepting fails whether or not somebody waits. */
static bool
somebody_waits(const struct door *d)
{
	struct pollfd p = { .fd = d->fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* false: nobody waits, or nobody can be let in for now. */
static bool
accept_some(struct conns *c, struct door *d)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct err err = { .status = 0 };
		struct wire_msg from = { .data = NULL };
		struct conn *conn = listener_accept(&d->listener, &err);

		if (conn == NULL) {
			if (err.status != 0 && somebody_waits(d) && !evict(c, INT64_MAX))
				shut(c, d);
			return false;
		}
		from.exporter = conn->peer.addr;
		if (!intake_allows(&c->opts.intake, &from)) {
			d->denied++;
			complain(c, conn, "the exporter is not listened to");
			conn_close(conn);
		} else if (atomic_load(c->opts.open) >= c->opts.most && !evict(c, INT64_MAX) &&
			   !others_evict(c)) {
			d->refused++;
			conn_close(conn);
		} else {
			admit(c, d, conn);
		}
	}
	return true;
}

void
conns_accept(struct conns *c, struct door *d)
{
	(void)accept_some(c, d);
}

/*
 * An exporter whose connection we end comes again at once.  Left to wait at a door that nobody opens any more it
 * would send, and lose, what the kernel takes for us.
 */
void
conns_shut(struct conns *c, struct door *d)
{
	unsigned rounds = c->opts.most / ACCEPTS + 1;

	c->ending = true;
	while (rounds-- > 0 && accept_some(c, d))
		continue;
	listener_shut(&d->listener);
}

void
conns_sweep(struct conns *c, int64_t now_ns)
{
	bury(c);
	if (now_ns < c->next_sweep_ns)
		return;
	c->next_sweep_ns = now_ns + SWEEP_NS;
	open_again(c);
	/* Who came now may have sent, and was not read: it is others' turn to go. */
	while (atomic_load(c->opts.open) > c->opts.most && evict(c, now_ns - SWEEP_NS))
		continue;
	for (struct link *l = c->oldest, *next; l != NULL; l = next) {
		int64_t idle = l->conn->messages > 0 ? c->opts.idle_ns : c->opts.silent_ns;

		next = l->newer;
		if (l->left || conn_deadline_ns(l->conn, idle) > now_ns)
			continue;
		l->door->expired++;
		complain(c, l->conn,
		    l->conn->messages > 0 ? "nothing came for too long" : "no message came");
		drop(c, l);
	}
	bury(c);
}

int64_t
conns_due(const struct conns *c, int64_t now_ns)
{
	if (c->oldest == NULL && c->shut == NULL)
		return -1;
	return c->next_sweep_ns > now_ns ? c->next_sweep_ns - now_ns : 0;
}

void
conns_drain(struct conns *c)
{
	const struct timespec round = { .tv_nsec = DRAIN_ROUND_NS };
	int64_t until = time_monotonic_ns() + DRAIN_NS;

	for (struct link *l = c->oldest; l != NULL; l = l->newer)
		conn_dismiss(l->conn);
	while (c->oldest != NULL && time_monotonic_ns() < until) {
		for (struct link *l = c->oldest, *next; l != NULL; l = next) {
			next = l->newer;
			read_link(c, l);
		}
		if (c->oldest != NULL)
			nanosleep(&round, NULL);
	}
	bury(c);
}

void
conns_free(struct conns *c)
{
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		drop(c, c->oldest);
	bury(c);
	conn_buffer_free(c->buffer);
	mem_free(c);
}
