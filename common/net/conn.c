/*
 * conn.c - a connection's messages.
 */
#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "net/sctp.h"

/* At most so many reads until CONN_WAIT, and none more once the buffer was filled in sum. */
enum { READS_MAX = 16, BUFFER_OCTETS = 65536 };

struct conn_buffer {
	struct conn *owner;
	struct cursor in; /* read and not handed out */
	unsigned reads;
	size_t octets;
	bool drained; /* the socket has no more now */
	uint16_t stream;
	bool boundary; /* SCTP: a message of its ends where in does */
	int64_t received_ns;
	uint8_t data[BUFFER_OCTETS];
};

struct conn_buffer *
conn_buffer_new(void)
{
	struct conn_buffer *b = mem_alloc(sizeof *b);

	b->owner = NULL;
	return b;
}

void
conn_buffer_free(struct conn_buffer *b)
{
	mem_free(b);
}

/* Connections ------------------------------------------------------------------------------------- */

/* Peers that are gone without a word are noticed, in hours; messages leave without waiting for more. */
static void
set_options(int fd, enum transport transport)
{
	int on = 1;

	if (transport == TRANSPORT_SCTP)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct conn *
conn_new(int fd, enum transport transport, struct tls *tls, const char *name, struct err *err)
{
	struct conn *c = mem_zero(1, sizeof *c);
	int flags = fcntl(fd, F_GETFL);

	c->fd = fd;
	c->transport = transport;
	c->events = EPOLLIN;
	c->ready = transport != TRANSPORT_TLS;
	c->opened_ns = c->last_ns = time_monotonic_ns();
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
		err_system(err, NULL);
		goto fail;
	}
	(void)endpoint_peer(fd, &c->peer);
	set_options(fd, transport);
	if (transport != TRANSPORT_TLS)
		return c;
	assert(tls != NULL);
	c->tls = tls_session_new(tls, fd, name, err);
	if (c->tls != NULL)
		return c;
fail:
	conn_close(c);
	return NULL;
}

void
conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	if (c->buffer != NULL)
		c->buffer->owner = NULL;
	tls_session_free(c->tls);
	framing_free(&c->framing);
	close(c->fd);
	mem_free(c);
}

void
conn_dismiss(struct conn *c)
{
	struct err err = { .status = 0 };

	if (c->tls != NULL && c->ready)
		(void)tls_end(c->tls, &err);
	(void)shutdown(c->fd, SHUT_WR);
}

int64_t
conn_deadline_ns(const struct conn *c, int64_t idle_ns)
{
	if (!c->ready)
		return c->opened_ns + CONN_HANDSHAKE_S * NS_PER_S;
	return idle_ns > 0 ? time_after(c->last_ns, idle_ns) : INT64_MAX;
}

/* Reading ----------------------------------------------------------------------------------------- */

/* What a TLS call's status means for a connection; CONN_MESSAGE: go on. */
static enum conn_status
from_tls(struct conn *c, enum tls_status status)
{
	c->events = status == TLS_WANT_WRITE ? EPOLLOUT : EPOLLIN;
	switch (status) {
	case TLS_DONE: return CONN_MESSAGE;
	case TLS_WANT_READ:
	case TLS_WANT_WRITE: return CONN_WAIT;
	case TLS_CLOSED: return CONN_CLOSED;
	case TLS_FAILED: break;
	}
	c->refused = tls_refused(c->tls);
	return CONN_FAILED;
}

static enum conn_status
from_errno(struct err *err)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return CONN_WAIT;
	err_system(err, NULL);
	return CONN_FAILED;
}

/* Octets into the empty buffer; CONN_MESSAGE: some came. */
static enum conn_status
fill(struct conn *c, struct conn_buffer *b, struct err *err)
{
	enum conn_status status = CONN_MESSAGE;
	size_t n = 0;
	ssize_t got;

	b->boundary = false;
	if (c->transport == TRANSPORT_TLS) {
		status = from_tls(c, tls_read(c->tls, b->data, sizeof b->data, &n, err));
	} else {
		if (c->transport == TRANSPORT_SCTP)
			got =
			    sctp_receive(c->fd, b->data, sizeof b->data, &b->stream, &b->boundary);
		else
			got = recv(c->fd, b->data, sizeof b->data, 0);
		n = got > 0 ? (size_t)got : 0;
		if (got <= 0)
			status = got == 0 ? CONN_CLOSED : from_errno(err);
		else if (c->transport == TRANSPORT_TCP)
			b->drained = n < sizeof b->data;
	}
	b->in = cur_over(b->data, n);
	b->reads++;
	b->octets += n;
	c->octets += n;
	b->received_ns = time_now_ns();
	return status;
}

/* The buffer is free for the next connection. */
static enum conn_status
leave(struct conn *c, struct conn_buffer *b, enum conn_status status, struct err *err)
{
	c->buffer = NULL;
	b->owner = NULL;
	if (status == CONN_CLOSED && framing_incomplete(&c->framing, err))
		return CONN_FAILED;
	return status;
}

static bool
had_its_share(const struct conn *c, const struct conn_buffer *b)
{
	if (c->tls != NULL && tls_pending(c->tls) > 0)
		return false;
	return b->drained || b->reads >= READS_MAX || b->octets >= sizeof b->data;
}

static void
take_buffer(struct conn *c, struct conn_buffer *b)
{
	assert(b->owner == NULL && c->buffer == NULL);
	b->owner = c;
	c->buffer = b;
	b->in = cur_over(b->data, 0);
	b->reads = 0;
	b->octets = 0;
	b->stream = 0;
	b->drained = b->boundary = false;
}

enum conn_status
conn_read(struct conn *c, struct conn_buffer *b, struct message *m, struct err *err)
{
	enum conn_status status;
	int rc;

	if (!c->ready) {
		status = from_tls(c, tls_handshake(c->tls, err));
		if (status != CONN_MESSAGE)
			return status;
		c->ready = true;
		c->last_ns = time_monotonic_ns();
	}
	if (c->buffer == NULL)
		take_buffer(c, b);
	assert(c->buffer == b);
	for (;;) {
		rc = framing_next(&c->framing, &b->in, &m->data, &m->len, err);
		if (rc < 0)
			return leave(c, b, CONN_FAILED, err);
		if (rc == 1) {
			m->stream = b->stream;
			m->received_ns = b->received_ns;
			c->last_ns = time_monotonic_ns();
			c->messages++;
			return CONN_MESSAGE;
		}
		if (b->boundary && framing_incomplete(&c->framing, err))
			return leave(c, b, CONN_FAILED, err);
		if (had_its_share(c, b))
			return leave(c, b, CONN_WAIT, err);
		status = fill(c, b, err);
		if (status != CONN_MESSAGE)
			return leave(c, b, status, err);
	}
}
