/*
 * conn_out.c - connections that messages are sent by: an exporter's, which may wait.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/time.h"
#include "net/conn.h"
#include "net/sctp.h"

/*
 * Wait until fd is ready or the deadline (INT64_MAX: none) has passed, behind which nothing is ready any more: a peer
 * that talks without end is heard no longer.  0 ready, -1 with errno.
 */
static int
wait_for(int fd, short events, int64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left_ms = -1;
	int rc;

	do {
		if (deadline_ns != INT64_MAX) {
			left_ms = (deadline_ns - time_monotonic_ns() + NS_PER_MS - 1) / NS_PER_MS;
			if (left_ms <= 0) {
				errno = ETIMEDOUT;
				return -1;
			}
			if (left_ms > INT32_MAX)
				left_ms = INT32_MAX;
		}
		rc = poll(&p, 1, (int)left_ms);
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		errno = ETIMEDOUT;
	return rc > 0 ? 0 : -1;
}

/* Opening ----------------------------------------------------------------------------------------- */

/* A connected socket, -1 with errno. */
static int
connect_to(const struct endpoint *e, enum transport transport, int64_t deadline_ns)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_sockaddr(e, &ss), size = sizeof(int);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    transport == TRANSPORT_SCTP ? IPPROTO_SCTP : IPPROTO_TCP);
	int error = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	if (errno != EINPROGRESS || wait_for(fd, POLLOUT, deadline_ns) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

static int
shake(struct conn *c, int64_t deadline_ns, struct err *err)
{
	for (;;) {
		enum tls_status status = tls_handshake(c->tls, err);

		if (status == TLS_DONE) {
			c->ready = true;
			return 0;
		}
		if (status != TLS_WANT_READ && status != TLS_WANT_WRITE) {
			c->refused = tls_refused(c->tls);
			return err_set(err, "closed during the TLS handshake");
		}
		if (wait_for(c->fd, status == TLS_WANT_READ ? POLLIN : POLLOUT, deadline_ns) != 0)
			return err_system(err, "TLS handshake");
	}
}

struct conn *
conn_open(
    const struct address *a, struct tls *tls, const char *name, int64_t timeout_ns, struct err *err)
{
	int64_t deadline_ns = time_monotonic_ns() + timeout_ns;
	struct endpoint list[ENDPOINTS_MAX];
	int n = address_resolve(a, ADDRESS_SEND, list, err), fd = -1;
	struct conn *c;

	if (n < 0)
		return NULL;
	/* Each has its share of the time: one that never answers takes it from nobody. */
	for (int i = 0; i < n && fd < 0; i++) {
		int64_t now_ns = time_monotonic_ns();

		fd = connect_to(&list[i], a->transport, now_ns + (deadline_ns - now_ns) / (n - i));
	}
	if (fd < 0) {
		err_set(err, "cannot connect: %s",
		    a->transport == TRANSPORT_SCTP ? sctp_reason(errno) : strerror(errno));
		return NULL;
	}
	c = conn_new(fd, a->transport, tls, name != NULL ? name : a->host, err);
	if (c != NULL && c->tls != NULL && shake(c, deadline_ns, err) != 0) {
		conn_close(c);
		return NULL;
	}
	return c;
}

/* Sending ----------------------------------------------------------------------------------------- */

/* How much of data the kernel takes now: *put may be 0.  -1 with err. */
static int
put_some(struct conn *c, const uint8_t *data, size_t n, size_t *put, short *events, struct err *err)
{
	ssize_t rc;

	*put = 0;
	*events = POLLOUT;
	if (c->tls != NULL) {
		switch (tls_write(c->tls, data, n, put, err)) {
		case TLS_DONE:
		case TLS_WANT_WRITE: return 0;
		case TLS_WANT_READ: *events = POLLIN; return 0;
		default: break;
		}
		c->refused = tls_refused(c->tls);
		return -1;
	}
	rc = send(c->fd, data, n, MSG_NOSIGNAL);
	if (rc < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		return err_system(err, NULL);
	*put = rc > 0 ? (size_t)rc : 0;
	return 0;
}

/*
 * A collector has nothing to say: what it says all the same is passed over, that it closes or refuses is
 * an end.  Asked before each message, so that none is given to a kernel that can only throw it away.
 */
static int
hear(struct conn *c, struct err *err)
{
	enum { ROUNDS = 16 };
	uint8_t heard[512];

	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t n;
		ssize_t rc;

		if (c->tls != NULL) {
			switch (tls_read(c->tls, heard, sizeof heard, &n, err)) {
			case TLS_DONE: continue;
			case TLS_WANT_READ:
			case TLS_WANT_WRITE: return 0;
			case TLS_CLOSED: c->ended = true; return err_set(err, "closed by the peer");
			case TLS_FAILED: c->refused = tls_refused(c->tls); return -1;
			}
		}
		rc = recv(c->fd, heard, sizeof heard, 0);
		if (rc == 0) {
			c->ended = true;
			return err_set(err, "closed by the peer");
		}
		if (rc < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
				   ? 0
				   : err_system(err, NULL);
	}
	return 0;
}

int
conn_write(struct conn *c, const void *data, size_t len, struct err *err)
{
	const uint8_t *p = data;
	struct err why = { .status = 0 };
	short events;
	size_t put;

	while (len > 0) {
		if (hear(c, err) != 0)
			return -1;
		if (put_some(c, p, len, &put, &events, &why) != 0) {
			/* The alert that tells why may have come before the reset. */
			(void)hear(c, err);
			return err_set(err, "%s", why.text);
		}
		p += put;
		len -= put;
		if (put > 0)
			c->written += c->transport == TRANSPORT_SCTP ? 1 : put;
		/* POLLIN wakes for what hear hears */
		if (len > 0 && put == 0 && wait_for(c->fd, events | POLLIN, INT64_MAX) != 0)
			return err_system(err, NULL);
	}
	return 0;
}

uint64_t
conn_written(const struct conn *c)
{
	return c->tls != NULL ? tls_written(c->tls) : c->written;
}

int64_t
conn_in_flight(const struct conn *c)
{
	int n;

	if (c->transport == TRANSPORT_SCTP)
		return sctp_in_flight(c->fd);
	return ioctl(c->fd, SIOCOUTQ, &n) == 0 ? n : -1;
}

/* Finishing --------------------------------------------------------------------------------------- */

/*
 * A TLS peer's alert would say that it took nothing; that it closes without a goodbye of its own is no
 * harm, as it has nothing to say.
 */
static enum tls_status
hear_tls(struct conn *c, int64_t deadline_ns, struct err *err)
{
	struct err why = { .status = 0 };
	uint8_t heard[512];
	enum tls_status status;
	size_t n;

	do
		status = tls_read(c->tls, heard, sizeof heard, &n, &why);
	while (status == TLS_DONE && time_monotonic_ns() < deadline_ns);
	if (status != TLS_FAILED)
		return status;
	c->refused = tls_refused(c->tls);
	if (!c->refused && recv(c->fd, heard, sizeof heard, 0) == 0)
		return TLS_CLOSED;
	err_set(err, "%s", why.text);
	return TLS_FAILED;
}

/* Until the peer has closed its side.  As conn_finish. */
static int
wait_for_end(struct conn *c, int64_t deadline_ns, struct err *err)
{
	uint8_t heard[512];
	ssize_t n;

	while (wait_for(c->fd, POLLIN, deadline_ns) == 0) {
		if (c->tls != NULL) {
			switch (hear_tls(c, deadline_ns, err)) {
			case TLS_CLOSED: return 0;
			case TLS_FAILED: return -1;
			default: continue;
			}
		}
		n = recv(c->fd, heard, sizeof heard, 0);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			return err_system(err, NULL);
	}
	return errno == ETIMEDOUT ? 1 : err_system(err, NULL);
}

/*
 * Until all is acknowledged.  An association that we end is gone then (RFC 9260 9.2), but its socket does
 * not become readable; nor does one that was readable before, because the peer had closed its side.
 */
static int
wait_for_acknowledgement(struct conn *c, int64_t deadline_ns, struct err *err)
{
	int64_t done = c->transport == TRANSPORT_SCTP ? -1 : 0;
	socklen_t len = sizeof(int);
	int error = 0;

	while (conn_in_flight(c) > done) {
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0)
			return err_set(err, "%s", strerror(error));
		if (time_monotonic_ns() >= deadline_ns)
			return 1;
		(void)poll(NULL, 0, 5);
	}
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error != 0)
		return err_set(err, "%s", strerror(error));
	return 0;
}

static int
say_goodbye(struct conn *c, int64_t deadline_ns, struct err *err)
{
	struct err why = { .status = 0 };
	enum tls_status status = TLS_DONE;

	if (hear(c, &why) != 0 && !c->ended)
		return err_set(err, "%s", why.text);
	while (c->tls != NULL && (status = tls_end(c->tls, err)) == TLS_WANT_WRITE)
		if (wait_for(c->fd, POLLOUT, deadline_ns) != 0)
			return err_system(err, "the peer does not read");
	if (status == TLS_FAILED)
		return -1;
	if (shutdown(c->fd, SHUT_WR) != 0)
		return err_system(err, NULL);
	c->finished = true;
	return 0;
}

int
conn_finish(struct conn *c, int64_t timeout_ns, struct err *err)
{
	int64_t deadline_ns = time_monotonic_ns() + timeout_ns;

	if (!c->finished && say_goodbye(c, deadline_ns, err) != 0)
		return -1;
	return c->ended || c->transport == TRANSPORT_SCTP
		   ? wait_for_acknowledgement(c, deadline_ns, err)
		   : wait_for_end(c, deadline_ns, err);
}
