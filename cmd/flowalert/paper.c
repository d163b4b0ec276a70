#include "paper.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"

enum { FLUSH_OCTETS = 1 << 16, PATIENCE_S = 10 };

/* Sockets ------------------------------------------------------------------------------------------ */

/* Who takes nothing for PATIENCE_S is as good as away: whoever waits for us must not wait for ever. */
static int
open_unix(const char *path, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd;

	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0)
		return fd;
	(void)err_system(err, "unix:%s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* HOST:PORT, [IPV6]:PORT; without a port syslog's (RFC 5426 3.3). */
static int
open_udp(const char *to, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *found, *a;
	const char *end = *to == '[' ? strchr(to, ']') : NULL;
	const char *colon = strchr(end != NULL ? end : to, ':');
	const char *from = end != NULL ? to + 1 : to;
	size_t n = end != NULL	   ? (size_t)(end - from)
		   : colon != NULL ? (size_t)(colon - from)
				   : strlen(from);
	char *host = mem_string_n(from, n);
	int rc = getaddrinfo(host, colon != NULL ? colon + 1 : "514", &hints, &found), fd = -1;

	mem_free(host);
	if (rc != 0)
		return err_set(err, "udp:%s: %s", to, gai_strerror(rc));
	for (a = found; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd >= 0 ? fd : err_system(err, "udp:%s", to);
}

static bool
is_unix(const char *to)
{
	return strncmp(to, "unix:", 5) == 0;
}

int
paper_check(const char *to, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t most = sizeof(sun.sun_path) - 1;

	if (is_unix(to) && (to[5] == '\0' || strlen(to + 5) > most))
		return err_usage(
		    err, "--to: a path of 1 to %zu octets is expected behind unix:", most);
	if (!is_unix(to) && (strncmp(to, "udp:", 4) != 0 || to[4] == '\0' || to[4] == ':'))
		return err_usage(err, "--to: '%s' is none of udp:HOST[:PORT], unix:PATH", to);
	return 0;
}

static int
open_socket(const char *to, struct err *err)
{
	if (paper_check(to, err) != 0)
		return -1;
	return is_unix(to) ? open_unix(to + 5, err) : open_udp(to + 4, err);
}

/* A port that refuses answers the datagram before: this one was not lost. */
static int
send_line(struct paper *p, const char *line, size_t n, struct err *err)
{
	for (unsigned tries = 0; tries < 3; tries++) {
		if (send(p->socket, line, n, MSG_NOSIGNAL) == (ssize_t)n)
			return 0;
		if (errno == EMSGSIZE) {
			p->too_long++;
			return 0;
		}
		if (errno != EINTR && errno != ECONNREFUSED)
			break;
	}
	if (errno == EAGAIN)
		return err_set(err, "--to: the receiver took nothing for %d seconds", PATIENCE_S);
	/* Not err_system: a receiver that hangs up is told of, unlike a reader of our output. */
	return err_set(err, "--to: %s", strerror(errno));
}

/* Papers ------------------------------------------------------------------------------------------- */

int
paper_open(struct paper *p, const struct format *format, const char *path, const char *to,
    const char *hostname, struct err *err)
{
	*p = (struct paper){ .format = format, .socket = -1, .left = UINT64_MAX };
	format_env_init(&p->env, hostname);
	if (to != NULL && !format->lines)
		return err_usage(err, "--to: %s is no format of lines", format->name);
	if (to != NULL) {
		p->socket = open_socket(to, err);
		return p->socket < 0 ? -1 : 0;
	}
	if (path != NULL && strcmp(path, "-") != 0) {
		if (outfile_open(&p->file, path, err) != 0)
			return -1;
		p->path = path;
	}
	if (format->begin != NULL)
		format->begin(&p->env, &p->text);
	return 0;
}

static int
flush(struct paper *p, struct err *err)
{
	int fd = p->path != NULL ? p->file.fd : STDOUT_FILENO;

	if (file_write(fd, p->text.data, p->text.len) != 0)
		return err_system(err, "%s", p->path != NULL ? p->path : "standard output");
	p->text.len = 0;
	return 0;
}

int
paper_put(struct paper *p, const struct alert *a, struct err *err)
{
	if (p->left == 0)
		return 0;
	p->left--;
	if (p->socket >= 0 && p->format != &format_syslog)
		syslog_put_header(&p->env, a, &p->text);
	if (p->socket >= 0 && p->format != &format_syslog)
		buf_puts(&p->text, "- ");
	p->format->put(&p->env, a, &p->text);
	if (p->socket >= 0) {
		int rc = send_line(p, p->text.data, p->text.len - 1, err);

		p->text.len = 0;
		return rc;
	}
	return p->format->lines && p->text.len >= FLUSH_OCTETS ? flush(p, err) : 0;
}

int
paper_close(struct paper *p, bool complete, struct err *err)
{
	struct err told = { 0 };
	int rc = 0;

	if (p->socket < 0 && p->format->end != NULL)
		p->format->end(&p->env, &p->text);
	if (p->socket >= 0)
		close(p->socket);
	else
		rc = flush(p, err);
	if (p->path != NULL && rc == 0 && complete)
		rc = outfile_commit(&p->file, err);
	else if (p->path != NULL)
		rc = outfile_keep_incomplete(&p->file, &told, err) != 0 ? -1 : rc;
	if (told.status != 0)
		diag_err(p->path, &told);
	buf_free(&p->text);
	format_env_free(&p->env);
	return rc;
}
