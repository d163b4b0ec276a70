/*
 * tls.c - TLS by OpenSSL, of which nothing is seen outside.
 */
#include "net/tls.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

enum { NAMES_MAX = 400 }; /* octets of a certificate's names that are told */

struct tls {
	CRYPTO_RWLOCK *lock;
	SSL_CTX *ctx; /* of sessions that begin now: locked */
	BIO_METHOD *socket; /* one for good: the library has numbers for 127 */
	bool server;
};

struct tls_session {
	SSL *ssl;
	int fd, error; /* error: errno of the socket's last failure */
	bool ended; /* the socket has */
	bool broken, refused;
	uint64_t written;
	char *name; /* whom a client wants; NULL: a server's session */
	struct buf names; /* of the peer's certificate */
};

/* The socket -------------------------------------------------------------------------------------- */

/* OpenSSL's own socket BIO writes with write(2): a peer that resets would end the program by SIGPIPE. */
static int
socket_write(BIO *bio, const char *data, int n)
{
	struct tls_session *s = BIO_get_data(bio);
	ssize_t put = send(s->fd, data, (size_t)n, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (put >= 0)
		s->written += (uint64_t)put;
	else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		BIO_set_retry_write(bio);
	else
		s->error = errno;
	return (int)put;
}

static int
socket_read(BIO *bio, char *data, int n)
{
	struct tls_session *s = BIO_get_data(bio);
	ssize_t got = recv(s->fd, data, (size_t)n, 0);

	BIO_clear_retry_flags(bio);
	if (got == 0)
		s->ended = true;
	else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		BIO_set_retry_read(bio);
	else if (got < 0)
		s->error = errno;
	return (int)got;
}

static long
socket_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int
socket_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO_METHOD *
socket_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");

	if (m == NULL)
		return NULL;
	BIO_meth_set_write(m, socket_write);
	BIO_meth_set_read(m, socket_read);
	BIO_meth_set_ctrl(m, socket_ctrl);
	BIO_meth_set_create(m, socket_create);
	return m;
}

/* Reasons ----------------------------------------------------------------------------------------- */

/* A reason of OpenSSL's in words.  Callers ask for the oldest in its queue: the others are what came of it. */
static const char *
reason(unsigned long e)
{
	const char *text;

	if (ERR_GET_LIB(e) == ERR_LIB_SYS)
		return strerror(ERR_GET_REASON(e));
	if (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
		return "holds nothing of the kind in PEM";
	if (ERR_GET_LIB(e) == ERR_LIB_X509 && ERR_GET_REASON(e) == X509_R_KEY_VALUES_MISMATCH)
		return "is not the certificate's key";
	text = ERR_reason_error_string(e);
	return text != NULL ? text : "failed for a reason that has no name";
}

/* Why the peer's certificate is not accepted. */
static void
certificate_reason(const struct tls_session *s, long result, struct err *err)
{
	const char *names = s->names.len > 0 ? s->names.data : "no name";

	switch (result) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		err_set(err, "certificate is from no authority that is trusted here");
		return;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		if (s->name != NULL)
			err_set(err, "certificate is for %s, not for %s", names, s->name);
		else
			err_set(err, "certificate is for %s, which is not allowed here", names);
		return;
	default: err_set(err, "%s", X509_verify_cert_error_string(result));
	}
}

/* An alert of the peer's: `tlsv1 alert unknown ca` is what it says behind the word. */
static void
alert_reason(struct tls_session *s, unsigned long e, struct err *err)
{
	const char *text = reason(e), *behind = strstr(text, "alert ");

	s->refused = true;
	err_set(err, "peer refuses: %s", behind != NULL ? behind + strlen("alert ") : text);
}

/* Sessions break in one of these ways; the reason is one line. */
static enum tls_status
broken(struct tls_session *s, struct err *err)
{
	unsigned long e = ERR_peek_error();
	long result = SSL_get_verify_result(s->ssl);

	s->broken = true;
	if (result != X509_V_OK && !SSL_is_init_finished(s->ssl))
		certificate_reason(s, result, err);
	else if (ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET)
		alert_reason(s, e, err);
	else if (s->ended)
		err_set(err, SSL_is_init_finished(s->ssl)
				 ? "ended without a TLS goodbye: what came last may be missing"
				 : "ended during the TLS handshake");
	else if (s->error != 0)
		err_set(err, "%s", strerror(s->error));
	else
		switch (ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0) {
		case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
			err_set(err, "peer presented no certificate");
			break;
		case SSL_R_WRONG_VERSION_NUMBER:
		case SSL_R_HTTP_REQUEST: err_set(err, "peer does not speak TLS"); break;
		case SSL_R_UNSUPPORTED_PROTOCOL:
			err_set(err, "peer offers no TLS 1.2 or later");
			break;
		default: err_set(err, "TLS: %s", reason(e));
		}
	ERR_clear_error();
	return TLS_FAILED;
}

static enum tls_status
status(struct tls_session *s, int rc, struct err *err)
{
	switch (SSL_get_error(s->ssl, rc)) {
	case SSL_ERROR_NONE: return TLS_DONE;
	case SSL_ERROR_WANT_READ: return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE: return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN: return TLS_CLOSED;
	default: return broken(s, err);
	}
}

/* Certificates ------------------------------------------------------------------------------------ */

/* Put an address of a certificate as text; its length, 0 if it is none. */
static size_t
address_text(const ASN1_OCTET_STRING *octets, char *dst)
{
	const uint8_t *p = ASN1_STRING_get0_data(octets);
	struct addr a;

	switch (ASN1_STRING_length(octets)) {
	case 4:
		a = addr_v4(
		    (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
		break;
	case 16: memcpy(a.b, p, sizeof a.b); break;
	default: return 0;
	}
	return fmt_ip(dst, &a);
}

/* The DNS names and addresses of a certificate; those with octets that no name has are left out. */
static void
read_names(struct tls_session *s, X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	s->names.len = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
		char address[FMT_MAX];
		const char *text;
		size_t n;

		if (name->type == GEN_DNS) {
			text = (const char *)ASN1_STRING_get0_data(name->d.dNSName);
			n = (size_t)ASN1_STRING_length(name->d.dNSName);
		} else if (name->type == GEN_IPADD) {
			text = address;
			n = address_text(name->d.iPAddress, address);
		} else {
			continue;
		}
		if (n == 0 || s->names.len + n + 1 > NAMES_MAX || memchr(text, '\0', n) != NULL ||
		    memchr(text, ',', n) != NULL)
			continue;
		if (s->names.len > 0)
			buf_putc(&s->names, ',');
		buf_put(&s->names, text, n);
	}
	(void)buf_cstr(&s->names);
	GENERAL_NAMES_free(all);
}

/* Called for each certificate of the chain, with the library's verdict, which stands. */
static int
look_at(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *s = SSL_get_app_data(ssl);

	if (X509_STORE_CTX_get_error_depth(store) == 0)
		read_names(s, X509_STORE_CTX_get0_cert(store));
	return good;
}

/* Nobody is asked for a passphrase, only that it was wanted is remembered. */
static int
no_passphrase(char *dst, int size, int writing, void *ctx)
{
	bool *wanted = ctx;

	(void)dst;
	(void)size;
	(void)writing;
	*wanted = true;
	return -1;
}

static int
load(SSL_CTX *ctx, bool server, const struct tls_opts *o, struct err *err)
{
	STACK_OF(X509_NAME) * issuers;
	bool wanted = false;

	if (SSL_CTX_use_certificate_chain_file(ctx, o->cert) != 1)
		return err_set(err, "certificate %s: %s", o->cert, reason(ERR_peek_error()));
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, &wanted);
	if (SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM) != 1)
		return err_set(err, "key %s: %s", o->key,
		    wanted ? "is protected by a passphrase: nobody is asked for it here"
			   : reason(ERR_peek_error()));
	if (SSL_CTX_load_verify_locations(ctx, o->ca, NULL) != 1)
		return err_set(err, "CA certificates %s: %s", o->ca, reason(ERR_peek_error()));
	if (!server)
		return 0;
	/* Tells clients that have several certificates which one is wanted. */
	issuers = SSL_load_client_CA_file(o->ca);
	if (issuers != NULL)
		SSL_CTX_set_client_CA_list(ctx, issuers);
	return 0;
}

static int
add_names(SSL_CTX *ctx, bool server, const struct tls_opts *o, struct err *err)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	/* A client that may call itself *.example.org has no name of its own. */
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
		       (server ? (unsigned)X509_CHECK_FLAG_NO_WILDCARDS : 0));
	for (unsigned i = 0; server && i < o->n_names; i++) {
		struct addr a;

		if (parse_ip(o->names[i], strlen(o->names[i]), &a))
			return err_usage(err,
			    "'%s' is an address: clients are known by the DNS names of their "
			    "certificates",
			    o->names[i]);
		if (X509_VERIFY_PARAM_add1_host(param, o->names[i], 0) != 1)
			return err_usage(err, "'%s' is no DNS name", o->names[i]);
	}
	return 0;
}

static int
have_files(bool server, const struct tls_opts *o, struct err *err)
{
	if (o->cert != NULL && o->key != NULL && o->ca != NULL)
		return 0;
	return err_usage(err,
	    "TLS needs a certificate, its key, and certificates of CAs to verify %s by: no %s",
	    server ? "clients" : "the server",
	    o->cert == NULL  ? "certificate"
	    : o->key == NULL ? "key"
			     : "CA");
}

static SSL_CTX *
context_new(bool server, const struct tls_opts *o, struct err *err)
{
	SSL_CTX *ctx = NULL;

	ERR_clear_error();
	if (have_files(server, o, err) != 0)
		return NULL;
	ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1) {
		err_set(err, "TLS: %s", reason(ERR_peek_error()));
		goto fail;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	/* An idle session keeps no buffers. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* SSL_read comes back after each record without data: a client that sends no others is read in turns. */
	if (server)
		SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, look_at);
	if (load(ctx, server, o, err) == 0 && add_names(ctx, server, o, err) == 0)
		return ctx;
fail:
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

static struct tls *
tls_new(bool server, const struct tls_opts *o, struct err *err)
{
	struct tls *t = mem_zero(1, sizeof *t);

	t->server = server;
	t->lock = CRYPTO_THREAD_lock_new();
	t->ctx = context_new(server, o, err);
	if (t->ctx != NULL && t->lock != NULL && (t->socket = socket_method()) != NULL)
		return t;
	if (t->ctx != NULL)
		err_set(err, "TLS: %s", reason(ERR_peek_error()));
	ERR_clear_error();
	tls_free(t);
	return NULL;
}

struct tls *
tls_server(const struct tls_opts *o, struct err *err)
{
	return tls_new(true, o, err);
}

struct tls *
tls_client(const struct tls_opts *o, struct err *err)
{
	return tls_new(false, o, err);
}

int
tls_renew(struct tls *t, const struct tls_opts *o, struct err *err)
{
	SSL_CTX *ctx = context_new(t->server, o, err), *old;

	if (ctx == NULL)
		return -1;
	(void)CRYPTO_THREAD_write_lock(t->lock);
	old = t->ctx;
	t->ctx = ctx;
	(void)CRYPTO_THREAD_unlock(t->lock);
	SSL_CTX_free(old); /* sessions hold on to theirs */
	return 0;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	CRYPTO_THREAD_lock_free(t->lock);
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->socket);
	mem_free(t);
}

/* Sessions ---------------------------------------------------------------------------------------- */

/* Whom a client wants: checked with its certificate, and told to servers that have several names. */
static bool
want(SSL *ssl, const char *name)
{
	struct addr a;

	if (parse_ip(name, strlen(name), &a))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct tls_session *
tls_session_new(struct tls *t, int fd, const char *name, struct err *err)
{
	struct tls_session *s = mem_zero(1, sizeof *s);
	BIO *bio = NULL;

	ERR_clear_error();
	s->fd = fd;
	(void)CRYPTO_THREAD_read_lock(t->lock);
	s->ssl = SSL_new(t->ctx);
	(void)CRYPTO_THREAD_unlock(t->lock);
	bio = s->ssl != NULL ? BIO_new(t->socket) : NULL;
	if (bio == NULL) {
		err_set(err, "TLS: %s", reason(ERR_peek_error()));
		goto fail;
	}
	BIO_set_data(bio, s);
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_app_data(s->ssl, s);
	if (t->server) {
		SSL_set_accept_state(s->ssl);
		return s;
	}
	SSL_set_connect_state(s->ssl);
	s->name = name != NULL ? mem_string(name) : NULL;
	if (name != NULL && want(s->ssl, name))
		return s;
	err_set(err, "'%s' is no name that a certificate could have", name != NULL ? name : "");
fail:
	s->broken = true;
	ERR_clear_error();
	tls_session_free(s);
	return NULL;
}

void
tls_session_free(struct tls_session *s)
{
	if (s == NULL)
		return;
	ERR_clear_error();
	if (!s->broken && SSL_is_init_finished(s->ssl))
		(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
	SSL_free(s->ssl);
	buf_free(&s->names);
	mem_free(s->name);
	mem_free(s);
}

enum tls_status
tls_handshake(struct tls_session *s, struct err *err)
{
	ERR_clear_error();
	return status(s, SSL_do_handshake(s->ssl), err);
}

enum tls_status
tls_read(struct tls_session *s, void *dst, size_t n, size_t *got, struct err *err)
{
	ERR_clear_error();
	*got = 0;
	return status(s, SSL_read_ex(s->ssl, dst, n, got), err);
}

size_t
tls_pending(const struct tls_session *s)
{
	return (size_t)SSL_pending(s->ssl);
}

enum tls_status
tls_write(struct tls_session *s, const void *data, size_t n, size_t *put, struct err *err)
{
	ERR_clear_error();
	*put = 0;
	return status(s, SSL_write_ex(s->ssl, data, n, put), err);
}

/* 0: our goodbye is sent, the peer's has not come, which nobody waits for. */
enum tls_status
tls_end(struct tls_session *s, struct err *err)
{
	int rc;

	ERR_clear_error();
	rc = SSL_shutdown(s->ssl);
	return rc >= 0 ? TLS_DONE : status(s, rc, err);
}

bool
tls_refused(const struct tls_session *s)
{
	return s->refused;
}

uint64_t
tls_written(const struct tls_session *s)
{
	return s->written;
}
