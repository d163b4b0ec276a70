/*
 * tls.h - TLS over a connected socket, as IPFIX wants it (RFC 7011 11): both sides show a certificate and
 * both sides verify.
 *
 * TLS 1.2 or later; no resumption, no renegotiation.  A server has a CA to verify its clients by, or
 * there is no server; if it is given names a client's certificate must have one of them as a DNS name.  A
 * client verifies that the server's certificate is for the name or address it wanted.  Names are those of
 * subjectAltName: a subject's common name is never looked at.
 *
 * Sockets do not block: what cannot go on says what it waits for.  Nothing here raises SIGPIPE.  The only
 * file that knows the library (OpenSSL 1.1.1 or later).  DTLS is left out: RFC 7011 wants it for UDP and
 * SCTP; over UDP it needs cookies, retransmission timers and a connection table behind one socket (OpenSSL
 * 3.0's DTLSv1_listen hands each client a socket of its own, by connect(2), with a race for
 * its datagrams), over SCTP kernel support that Linux distributions do not enable.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Files in PEM; all three are needed.  cert may hold the chain behind it, ca several certificates. */
struct tls_opts {
	const char *cert, *key, *ca;
	const char *const *names; /* of clients that a server accepts; NULL: any that ca signed */
	unsigned n_names;
};

/* A side's certificates and rules, for any number of sessions.  NULL with err. */
struct tls;
struct tls *tls_server(const struct tls_opts *, struct err *);
struct tls *tls_client(const struct tls_opts *, struct err *);

/* Read the files again, for sessions that begin from now on, on any thread.  -1 with err: all stays as it was. */
int tls_renew(struct tls *, const struct tls_opts *, struct err *);

void tls_free(struct tls *); /* its sessions first; takes NULL */

enum tls_status {
	TLS_DONE,
	TLS_WANT_READ, /* call again when the socket can be read */
	TLS_WANT_WRITE, /* or written */
	TLS_CLOSED, /* the peer said that it sends no more */
	TLS_FAILED, /* err; the session is of no more use */
};

/*
 * A session over a connected, non-blocking socket, which stays the caller's.  name: what a client's peer
 * must be, a DNS name or an IP address; NULL for a server's.  NULL with err.
 */
struct tls_session;
struct tls_session *tls_session_new(struct tls *, int fd, const char *name, struct err *);
void tls_session_free(struct tls_session *); /* says goodbye if that needs no waiting; takes NULL */

/* Until TLS_DONE; then the peer is verified.  The deadline is the caller's. */
enum tls_status tls_handshake(struct tls_session *, struct err *);

/* At least one octet, at most n: *got.  The socket's end without a goodbye is TLS_FAILED. */
enum tls_status tls_read(struct tls_session *, void *, size_t n, size_t *got, struct err *);

/* Octets that the next tls_read has without the socket, which will not wake anybody for them. */
size_t tls_pending(const struct tls_session *);

/* At least one octet, at most n: *put.  After TLS_WANT_... the same octets must come again. */
enum tls_status tls_write(struct tls_session *, const void *, size_t n, size_t *put, struct err *);

/* Say that no more is sent. */
enum tls_status tls_end(struct tls_session *, struct err *);

/* Did the peer refuse us with an alert?  Then trying again is of no use. */
bool tls_refused(const struct tls_session *);

/* Octets handed to the socket so far. */
uint64_t tls_written(const struct tls_session *);

#endif
