/*
 * TLS over loopback: who is let in, who is not and with which words; certificates are made by openssl(1)
 * (tests/tools/certificates says which there are).
 */
#include <malloc.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "net/conn.h"
#include "tap.h"

static char dir[] = "/tmp/test_tls.XXXXXX";

static const char *
file(const char *name)
{
	static char path[8][64];
	static unsigned next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof path[0], "%s/%s", dir, name);
	return p;
}

static bool
certificates(void)
{
	char command[128];

	if (mkdtemp(dir) == NULL)
		return false;
	snprintf(command, sizeof command, "tests/tools/certificates %s", dir);
	return system(command) == 0;
}

static struct tls_opts
opts(const char *name, const char *ca)
{
	static char path[16][80];
	static unsigned next;
	char *cert = path[next++ % 16], *key = path[next++ % 16];

	snprintf(cert, sizeof path[0], "%s/%s.pem", dir, name);
	snprintf(key, sizeof path[0], "%s/%s.key", dir, name);
	return (struct tls_opts){ .cert = cert, .key = key, .ca = file(ca) };
}

/* A listener with a server's certificates; *a becomes where to connect. */
static struct listener
serve(struct tls *tls, struct address *a)
{
	struct err err = { .status = 0 };
	struct listener l;
	char text[ENDPOINT_TEXT_MAX + 6] = "tls:";

	address_parse(a, "tls:127.0.0.1:0", ADDRESS_LISTEN, 1 << TRANSPORT_TLS, &err);
	if (listener_open(&l, a, tls, &err) != 0)
		printf("# %s\n", err.text);
	text[4 + endpoint_fmt(text + 4, &l.local)] = '\0';
	address_parse(a, text, ADDRESS_SEND, 1 << TRANSPORT_TLS, &err);
	return l;
}

/* An exporter in a thread of its own: three messages and an end. */
struct exporter {
	struct address to;
	struct tls *tls;
	const char *name;
	struct err err;
	bool sent, refused;
};

static void
header(uint8_t *p, size_t n)
{
	memset(p, 'x', n);
	p[0] = 0;
	p[1] = 10;
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
}

static void *export(void *ctx)
{
	static const size_t sizes[] = { 16, 1400, 65535 };
	struct exporter *e = ctx;
	uint8_t *message = malloc(65535);
	struct conn *c = conn_open(&e->to, e->tls, e->name, 5 * NS_PER_S, &e->err);

	for (unsigned i = 0; i < 3 && c != NULL && e->err.status == 0; i++) {
		header(message, sizes[i]);
		(void)conn_write(c, message, sizes[i], &e->err);
	}
	e->sent = c != NULL && e->err.status == 0 && conn_finish(c, 5 * NS_PER_S, &e->err) == 0;
	e->refused = c != NULL && c->refused;
	conn_close(c);
	free(message);
	return NULL;
}

/* A collector's side of one connection. */
struct collected {
	enum conn_status status;
	unsigned messages;
	struct err err;
};

static void
collect(const struct listener *l, struct collected *got)
{
	struct conn_buffer *buffer = conn_buffer_new();
	struct conn *c = NULL;
	struct message m;
	int64_t until = time_monotonic_ns() + 5 * NS_PER_S;

	*got = (struct collected){ .status = CONN_WAIT };
	if (poll(&(struct pollfd){ .fd = l->fd, .events = POLLIN }, 1, 5000) > 0)
		c = listener_accept(l, &got->err);
	while (c != NULL && got->status == CONN_WAIT && time_monotonic_ns() < until) {
		short events = (c->events & EPOLLOUT) != 0 ? POLLOUT : POLLIN;

		poll(&(struct pollfd){ .fd = c->fd, .events = events }, 1, 1000);
		while ((got->status = conn_read(c, buffer, &m, &got->err)) == CONN_MESSAGE)
			got->messages++;
	}
	conn_close(c);
	conn_buffer_free(buffer);
}

static void
meet(const struct tls_opts *server, const struct tls_opts *client, const char *name,
    struct collected *got, struct exporter *e)
{
	struct err err = { .status = 0 };
	struct tls *tls = tls_server(server, &err);
	struct address to;
	struct listener l = serve(tls, &to);
	pthread_t thread;

	*e = (struct exporter){ .to = to, .tls = tls_client(client, &err), .name = name };
	if (err.status != 0)
		printf("# %s\n", err.text);
	pthread_create(&thread, NULL, export, e);
	collect(&l, got);
	pthread_join(thread, NULL);
	tls_free(e->tls);
	listener_close(&l);
	tls_free(tls);
}

/* Certificates of both sides, and what each says: "" for all is well, NULL for anything. */
static void
test_meetings(void)
{
	static const char *const allowed[] = { "x.test", "exporter.test" };
	static const char *const others[] = { "x.test" };
	static const struct {
		const char *what, *server, *server_ca, *client, *client_ca, *name;
		const char *const *names;
		unsigned n_names;
		const char *server_says, *client_says;
	} rows[] = {
		{ "each other's certificates from the same authority", "server", "ca.pem", "client",
		    "ca.pem", "collector.test", NULL, 0, "", "" },
		{ "another of the server's names", "server", "ca.pem", "client", "ca.pem",
		    "c2.test", NULL, 0, "", "" },
		{ "the server's address instead of a name", "server", "ca.pem", "client", "ca.pem",
		    NULL, NULL, 0, "", "" },
		{ "a client whose name is allowed", "server", "ca.pem", "client", "ca.pem", NULL,
		    allowed, 2, "", "" },
		{ "an address that the certificate has not", "server", "ca.pem", "client", "ca.pem",
		    "127.0.0.2", NULL, 0, NULL,
		    "certificate is for collector.test,c2.test,127.0.0.1, not for 127.0.0.2" },
		{ "another address than the only one that the certificate has", "six", "ca.pem",
		    "client", "ca.pem", "127.0.0.1", NULL, 0, NULL,
		    "certificate is for ::1, not for 127.0.0.1" },
		{ "the common name, which does not count", "server", "ca.pem", "client", "ca.pem",
		    "other.test", NULL, 0, "peer refuses: ",
		    "certificate is for collector.test,c2.test,127.0.0.1, not for other.test" },
		{ "an expired client", "server", "ca.pem", "old", "ca.pem", NULL, NULL, 0,
		    "certificate has expired", "peer refuses: certificate expired" },
		{ "an expired server", "oldserver", "ca.pem", "client", "ca.pem", NULL, NULL, 0,
		    "peer refuses: certificate expired", "certificate has expired" },
		{ "a client of another authority", "server", "ca.pem", "foreign", "ca.pem", NULL,
		    NULL, 0, "certificate is from no authority that is trusted here",
		    "peer refuses: unknown ca" },
		{ "a server of another authority", "foreignserver", "ca.pem", "client", "ca.pem",
		    NULL, NULL, 0, "peer refuses: unknown ca",
		    "certificate is from no authority that is trusted here" },
		{ "a client whose name is not allowed", "server", "ca.pem", "client", "ca.pem",
		    NULL, others, 1,
		    "certificate is for exporter.test,e2.test, which is not allowed here",
		    "peer refuses: bad certificate" },
		{ "a client without a name where names are asked for", "server", "ca.pem",
		    "nameless", "ca.pem", NULL, allowed, 2,
		    "certificate is for no name, which is not allowed here",
		    "peer refuses: bad certificate" },
		{ "a client that may have any name", "server", "ca.pem", "wild", "ca.pem", NULL,
		    allowed, 2, "certificate is for *.test, which is not allowed here",
		    "peer refuses: bad certificate" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tls_opts server = opts(rows[i].server, rows[i].server_ca);
		struct tls_opts client = opts(rows[i].client, rows[i].client_ca);
		bool well = rows[i].client_says[0] == '\0';
		struct collected got;
		struct exporter e;

		server.names = rows[i].names;
		server.n_names = rows[i].n_names;
		meet(&server, &client, rows[i].name, &got, &e);
		if (well) {
			ok(got.status == CONN_CLOSED && got.messages == 3 && e.sent,
			    "%s: all messages come, both know %s %s", rows[i].what, got.err.text,
			    e.err.text);
			continue;
		}
		ok(got.status == CONN_FAILED && got.messages == 0 && !e.sent,
		    "%s: nothing comes, both know", rows[i].what);
		ok(strncmp(got.err.text, rows[i].server_says != NULL ? rows[i].server_says : "",
		       rows[i].server_says != NULL ? strlen(rows[i].server_says) : 0) == 0,
		    "the server says: %s", got.err.text);
		/* A client that is refused learns of it if the alert overtakes the reset. */
		if (strncmp(rows[i].client_says, "peer refuses", 12) == 0)
			ok(strcmp(e.err.text, rows[i].client_says) == 0 && e.refused,
			    "the client says: %s", e.err.text);
		else
			is_str(e.err.text, rows[i].client_says, "the client says so");
	}
}

static void
test_files(void)
{
	const struct {
		const char *what, *cert, *key, *ca, *server, *reason;
	} rows[] = {
		{ "no CA", "server.pem", "server.key", NULL, "clients",
		    "TLS needs a certificate, its key, and certificates of CAs to verify clients "
		    "by: no CA" },
		{ "no certificate", NULL, "server.key", "ca.pem", NULL,
		    "TLS needs a certificate, its key, and certificates of CAs to verify the "
		    "server "
		    "by: no certificate" },
		{ "no key", "server.pem", NULL, "ca.pem", "clients",
		    "TLS needs a certificate, its key, and certificates of CAs to verify clients "
		    "by: no key" },
		{ "a file that is not there", "missing.pem", "server.key", "ca.pem", "clients",
		    "certificate missing.pem: No such file or directory" },
		{ "a CA that is not there", "server.pem", "server.key", "missing.pem", "clients",
		    "CA certificates missing.pem: No such file or directory" },
		{ "a file of something else", "empty.pem", "server.key", "ca.pem", "clients",
		    "certificate empty.pem: holds nothing of the kind in PEM" },
		{ "another certificate's key", "server.pem", "client.key", "ca.pem", "clients",
		    "key client.key: is not the certificate's key" },
		{ "a key with a passphrase", "client.pem", "locked.key", "ca.pem", NULL,
		    "key locked.key: is protected by a passphrase: nobody is asked for it here" },
	};
	const char *address[] = { "::1" };
	struct tls_opts named = {
		.cert = "six.pem", .key = "six.key", .ca = "ca.pem", .names = address, .n_names = 1
	};
	struct err wrong = { .status = 0 };
	char back[4096];

	if (getcwd(back, sizeof back) == NULL || chdir(dir) != 0)
		return;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tls_opts o = { .cert = rows[i].cert, .key = rows[i].key, .ca = rows[i].ca };
		struct err err = { .status = 0 };
		struct tls *t =
		    rows[i].server != NULL ? tls_server(&o, &err) : tls_client(&o, &err);

		ok(t == NULL, "%s is refused", rows[i].what);
		is_str(err.text, rows[i].reason, "with the reason");
		tls_free(t);
	}
	ok(tls_server(&named, &wrong) == NULL && wrong.status == EXIT_USAGE,
	    "an address that no client could be known by is refused");
	is_str(wrong.text,
	    "'::1' is an address: clients are known by the DNS names of their certificates",
	    "with the reason");
	if (chdir(back) != 0)
		return;
}

/* Peers that are not ours ------------------------------------------------------------------------- */

static void
run_peer(const char *command, const struct address *to)
{
	char text[1024];
	int n = snprintf(text, sizeof text, "cd %s && { ", dir);

	n += snprintf(text + n, sizeof text - (size_t)n, command, to->port);
	snprintf(text + n, sizeof text - (size_t)n, "; } > peer.log 2>&1 &");
	(void)!system(text);
}

static void
test_peers(void)
{
	static const struct {
		const char *what, *command;
		enum conn_status status;
		unsigned messages;
		const char *reason;
	} rows[] = {
		{ "openssl s_client with TLS 1.3",
		    "openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:%u -tls1_3 -cert "
		    "client.pem "
		    "-key client.key -CAfile ca.pem < messages",
		    CONN_CLOSED, 50, "" },
		{ "openssl s_client with TLS 1.2",
		    "openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:%u -tls1_2 -cert "
		    "client.pem "
		    "-key client.key -CAfile ca.pem < messages",
		    CONN_CLOSED, 50, "" },
		{ "one without a certificate",
		    "openssl s_client -quiet -connect 127.0.0.1:%u -CAfile ca.pem < messages",
		    CONN_FAILED, 0, "peer presented no certificate" },
		{ "one of TLS 1.1",
		    "openssl s_client -quiet -connect 127.0.0.1:%u -tls1_1 -cipher ALL:@SECLEVEL=0 "
		    "-cert client.pem -key client.key < messages",
		    CONN_FAILED, 0, "peer offers no TLS 1.2 or later" },
		{ "one that wants no encryption",
		    "openssl s_client -quiet -connect 127.0.0.1:%u -tls1_2 -cipher "
		    "eNULL:@SECLEVEL=0 -cert client.pem -key client.key < messages",
		    CONN_FAILED, 0, "TLS: no shared cipher" },
		{ "one that wants no certificates",
		    "openssl s_client -quiet -connect 127.0.0.1:%u -tls1_2 -cipher "
		    "aNULL:@SECLEVEL=0 < messages",
		    CONN_FAILED, 0, "TLS: no shared cipher" },
		{ "one that sends IPFIX without TLS",
		    "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u; cat messages >&3; cat <&3'",
		    CONN_FAILED, 0, "peer does not speak TLS" },
		{ "one that asks for a web page",
		    "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u; printf \"GET / "
		    "HTTP/1.0\\r\\n\\r\\n\" "
		    ">&3; cat <&3'",
		    CONN_FAILED, 0, "peer does not speak TLS" },
		{ "one that says nothing and goes", "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u'",
		    CONN_FAILED, 0, "ended during the TLS handshake" },
	};
	struct err err = { .status = 0 };
	struct tls_opts o = opts("server", "ca.pem");
	struct tls *tls = tls_server(&o, &err);
	struct address to;
	struct listener l = serve(tls, &to);
	FILE *f = fopen(file("messages"), "w");
	uint8_t message[1000];

	header(message, sizeof message);
	for (unsigned i = 0; i < 50 && f != NULL; i++)
		fwrite(message, sizeof message, 1, f);
	fclose(f);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct collected got;

		run_peer(rows[i].command, &to);
		collect(&l, &got);
		ok(got.status == rows[i].status && got.messages == rows[i].messages,
		    "%s: %u messages", rows[i].what, got.messages);
		is_str(got.err.text, rows[i].reason, "and the reason");
	}
	listener_close(&l);
	tls_free(tls);
}

/* Both sides in our hands ------------------------------------------------------------------------- */

struct both {
	struct tls *server, *client;
	struct conn *in;
	struct tls_session *out;
	int fd;
	struct conn_buffer *buffer;
};

static struct both
both_new(void)
{
	struct tls_opts s = opts("server", "ca.pem"), c = opts("client", "ca.pem");
	struct both b = { .buffer = conn_buffer_new() };
	struct err err = { .status = 0 };
	int fds[2];

	b.server = tls_server(&s, &err);
	b.client = tls_client(&c, &err);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
	b.in = conn_new(fds[0], TRANSPORT_TLS, b.server, NULL, &err);
	b.fd = fds[1];
	b.out = tls_session_new(b.client, b.fd, "collector.test", &err);
	if (err.status != 0)
		printf("# %s\n", err.text);
	return b;
}

static void
both_free(struct both *b)
{
	conn_close(b->in);
	tls_session_free(b->out);
	if (b->fd >= 0)
		close(b->fd);
	tls_free(b->server);
	tls_free(b->client);
	conn_buffer_free(b->buffer);
}

static void
both_shake(struct both *b, struct err *err)
{
	struct message m;

	for (unsigned i = 0; i < 10; i++) {
		(void)tls_handshake(b->out, err);
		(void)conn_read(b->in, b->buffer, &m, err);
	}
}

static void
test_stalled(void)
{
	struct both b = both_new();
	struct err err = { .status = 0 };
	struct message m;

	ok(conn_read(b.in, b.buffer, &m, &err) == CONN_WAIT && b.in->events == EPOLLIN &&
		!b.in->ready,
	    "a peer that says nothing is waited for");
	is_i64(conn_deadline_ns(b.in, 0), b.in->opened_ns + CONN_HANDSHAKE_S * NS_PER_S,
	    "as long as a handshake may take");
	(void)tls_handshake(b.out, &err);
	ok(conn_read(b.in, b.buffer, &m, &err) == CONN_WAIT && !b.in->ready,
	    "one that stops half way too");
	is_i64(conn_deadline_ns(b.in, 1), b.in->opened_ns + CONN_HANDSHAKE_S * NS_PER_S,
	    "and has no more time for it");
	both_shake(&b, &err);
	ok(b.in->ready && err.status == 0 && conn_deadline_ns(b.in, 0) == INT64_MAX &&
		conn_deadline_ns(b.in, NS_PER_S) == b.in->last_ns + NS_PER_S,
	    "after the handshake it may be idle %s", err.text);
	both_free(&b);
}

static void
test_records(void)
{
	struct both b = both_new();
	struct err err = { .status = 0 };
	uint8_t message[3][40];
	unsigned messages = 0;
	struct message m;
	size_t put;

	both_shake(&b, &err);
	for (unsigned i = 0; i < 3; i++)
		header(message[i], sizeof message[i]);
	for (size_t i = 0; i < sizeof message; i++) {
		tls_write(b.out, message[0] + i, 1, &put, &err);
		while (conn_read(b.in, b.buffer, &m, &err) == CONN_MESSAGE)
			messages++;
	}
	ok(messages == 3 && err.status == 0, "messages in records of one octet are read %s",
	    err.text);
	tls_write(b.out, message[0], 30, &put, &err);
	close(b.fd);
	b.fd = -1;
	while (conn_read(b.in, b.buffer, &m, &err) == CONN_WAIT)
		continue;
	is_str(err.text, "ended without a TLS goodbye: what came last may be missing",
	    "an end without goodbye is a failure");
	both_free(&b);
}

static void
test_dismissed(void)
{
	struct both b = both_new();
	struct err err = { .status = 0 };
	uint8_t message[40], heard[10];
	struct message m;
	size_t n;

	both_shake(&b, &err);
	header(message, sizeof message);
	tls_write(b.out, message, sizeof message, &n, &err);
	conn_dismiss(b.in);
	ok(tls_read(b.out, heard, sizeof heard, &n, &err) == TLS_CLOSED,
	    "a peer is told that no more is wanted %s", err.text);
	ok(conn_read(b.in, b.buffer, &m, &err) == CONN_MESSAGE && m.len == 40,
	    "what was on its way is read all the same %s", err.text);
	tls_end(b.out, &err);
	ok(conn_read(b.in, b.buffer, &m, &err) == CONN_CLOSED && err.status == 0, "to the end %s",
	    err.text);
	both_free(&b);
}

/* What the peer does not read at its reset would end the program by SIGPIPE, were it allowed. */
static void
test_no_signal(void)
{
	struct both b = both_new();
	struct err err = { .status = 0 };
	uint8_t octets[16384] = { 0 };
	enum tls_status status = TLS_DONE;
	size_t put;

	both_shake(&b, &err);
	conn_close(b.in);
	b.in = NULL;
	for (unsigned i = 0; i < 100 && status == TLS_DONE; i++)
		status = tls_write(b.out, octets, sizeof octets, &put, &err);
	ok(status == TLS_FAILED, "writing to a peer that has gone is an error: %s", err.text);
	both_free(&b);
}

static void
test_memory(void)
{
	enum { SESSIONS = 200 };
	struct both first = both_new(), all[SESSIONS];
	struct err err = { .status = 0 };
	size_t before;
	struct message m;

	both_shake(&first, &err);
	before = mallinfo2().uordblks;
	for (unsigned i = 0; i < SESSIONS; i++) {
		int fds[2];

		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
		all[i] =
		    (struct both){ .in = conn_new(fds[0], TRANSPORT_TLS, first.server, NULL, &err),
			    .fd = fds[1],
			    .buffer = first.buffer };
		all[i].out = tls_session_new(first.client, fds[1], "collector.test", &err);
		both_shake(&all[i], &err);
		tls_session_free(all[i].out);
		(void)m;
	}
	before = (mallinfo2().uordblks - before) / SESSIONS;
	ok(err.status == 0 && before < 32768, "an idle TLS connection takes %zu octets %s", before,
	    err.text);
	for (unsigned i = 0; i < SESSIONS; i++) {
		conn_close(all[i].in);
		close(all[i].fd);
	}
	both_free(&first);
}

/* What a peer says that is no message is read in turns too, or it could keep a collector for itself. */
static void
test_key_updates(void)
{
	struct both b = both_new();
	struct err err = { .status = 0 };
	struct tls_opts o = opts("client", "ca.pem");
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	struct message m;
	unsigned turns = 0;
	uint8_t message[16];
	enum conn_status status = CONN_WAIT;

	header(message, sizeof message);
	SSL_use_certificate_file(ssl, o.cert, SSL_FILETYPE_PEM);
	SSL_use_PrivateKey_file(ssl, o.key, SSL_FILETYPE_PEM);
	SSL_set_fd(ssl, b.fd);
	for (unsigned i = 0; i < 10; i++) {
		(void)SSL_connect(ssl);
		(void)conn_read(b.in, b.buffer, &m, &err);
	}
	ok(b.in->ready && SSL_version(ssl) == TLS1_3_VERSION, "a peer of TLS 1.3 meets us %s",
	    err.text);
	for (unsigned i = 0; i < 50; i++)
		(void)(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) && SSL_do_handshake(ssl));
	(void)SSL_write(ssl, message, sizeof message);
	for (; turns < 100 && status == CONN_WAIT; turns++)
		status = conn_read(b.in, b.buffer, &m, &err);
	ok(status == CONN_MESSAGE && m.len == sizeof message,
	    "and its message comes behind new keys %s", err.text);
	ok(turns > 10, "of which a turn reads a few only: %u turns", turns);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	both_free(&b);
}

int
main(void)
{
	char command[64];

	if (system("openssl version > /dev/null 2>&1") != 0) {
		ok(true, "TLS # skip no openssl command");
		return done_testing();
	}
	if (!ok(certificates(), "openssl makes certificates"))
		return done_testing();
	test_files();
	test_meetings();
	test_peers();
	test_stalled();
	test_records();
	test_dismissed();
	test_key_updates();
	test_no_signal();
	test_memory();
	snprintf(command, sizeof command, "rm -r %s", dir);
	ok(system(command) == 0, "they are removed");
	return done_testing();
}
