/*
 * address.c - where to listen and where to send.
 */
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/num.h"
#include "net/address.h"

static const char *const names[TRANSPORTS] = {
	[TRANSPORT_UDP] = "udp",
	[TRANSPORT_TCP] = "tcp",
	[TRANSPORT_TLS] = "tls",
	[TRANSPORT_SCTP] = "sctp",
};

const char *
transport_name(enum transport t)
{
	return names[t];
}

/* Text -------------------------------------------------------------------------------------------- */

/* What a text is to look like: udp|tcp:[HOST:]PORT. */
struct form {
	char text[64];
};

static struct form
form_of(enum address_use use, unsigned transports)
{
	struct form f = { .text = "" };

	for (unsigned t = 0; t < TRANSPORTS; t++)
		if ((transports >> t & 1) != 0) {
			strcat(f.text, f.text[0] != '\0' ? "|" : "");
			strcat(f.text, names[t]);
		}
	strcat(f.text, use == ADDRESS_LISTEN ? ":[HOST:]PORT" : ":HOST:PORT");
	return f;
}

/* The transport before the first colon; what follows it. */
static const char *
parse_transport(struct address *a, const char *text, unsigned transports)
{
	size_t n = strcspn(text, ":");

	a->transport = TRANSPORT_UDP;
	if ((transports >> TRANSPORT_UDP & 1) != 0 &&
	    ((text[0] >= '0' && text[0] <= '9') || text[0] == '['))
		return text;
	for (unsigned t = 0; t < TRANSPORTS; t++)
		if (strlen(names[t]) == n && text[n] == ':' && memcmp(text, names[t], n) == 0) {
			a->transport = (enum transport)t;
			return (transports >> t & 1) != 0 ? text + n + 1 : NULL;
		}
	/* What can only be udp need not say so. */
	return transports == 1U << TRANSPORT_UDP ? text : NULL;
}

/* Cut an interface behind % off the n octets of a host. */
static int
parse_scope(struct address *a, const char *host, size_t *n, const char *text, struct err *err)
{
	const char *percent = memchr(host, '%', *n);
	size_t len;

	if (percent == NULL)
		return 0;
	len = *n - (size_t)(percent - host) - 1;
	if (len == 0 || len > ADDRESS_SCOPE_MAX)
		return err_usage(err, "no interface behind the %% in '%s'", text);
	memcpy(a->scope, percent + 1, len);
	a->scope[len] = '\0';
	*n = (size_t)(percent - host);
	return 0;
}

/* The n octets before the last colon. */
static int
parse_host(struct address *a, const char *host, size_t n, const char *text, struct err *err)
{
	bool brackets = n >= 2 && host[0] == '[' && host[n - 1] == ']', numeric;
	struct endpoint e = { .port = 0 };

	if (brackets) {
		host++;
		n -= 2;
	} else if (n > 0 && (host[0] == '[' || host[n - 1] == ']')) {
		return err_usage(err, "a bracket is missing in '%s'", text);
	} else if (memchr(host, ':', n) != NULL) {
		return err_usage(err, "an IPv6 address stands in brackets: %s:[%.*s]:%u",
		    names[a->transport], (int)n, host, a->port);
	}
	if (parse_scope(a, host, &n, text, err) != 0)
		return -1;
	if (n > ADDRESS_HOST_MAX)
		return err_usage(err, "the host name in '%s' is too long", text);
	memcpy(a->host, host, n);
	a->host[n] = '\0';
	numeric = parse_ip(a->host, n, &e.addr);
	if (brackets && (!numeric || memchr(host, ':', n) == NULL))
		return err_usage(err, "no IPv6 address in the brackets of '%s'", text);
	if (a->scope[0] != '\0' && !brackets && !(numeric && endpoint_is_group(&e)))
		return err_usage(err,
		    "%%%s in '%s': an interface goes with an IPv6 or multicast address", a->scope,
		    text);
	if (brackets && a->scope[0] == '\0' && e.addr.b[0] == 0xfe && e.addr.b[1] >> 6 == 2)
		return err_usage(err,
		    "[%s] has a meaning only on one interface: expected [%s%%INTERFACE]:%u",
		    a->host, a->host, a->port);
	return 0;
}

int
address_parse(
    struct address *a, const char *text, enum address_use use, unsigned transports, struct err *err)
{
	struct form form = form_of(use, transports);
	const char *rest = parse_transport(a, text, transports), *colon, *digits;
	uint64_t port;

	a->host[0] = a->scope[0] = '\0';
	if (rest == NULL)
		return err_usage(err, "no transport in '%s': expected %s", text, form.text);
	colon = strrchr(rest, ':');
	digits = colon != NULL ? colon + 1 : rest;
	if (digits[0] < '0' || digits[0] > '9' || !parse_u64(digits, strlen(digits), &port) ||
	    port > UINT16_MAX)
		return err_usage(err, "no port number in '%s': expected %s", text, form.text);
	a->port = (uint16_t)port;
	if (parse_host(a, rest, colon != NULL ? (size_t)(colon - rest) : 0, text, err) != 0)
		return -1;
	if (use == ADDRESS_SEND && a->host[0] == '\0')
		return err_usage(err, "no host in '%s': expected %s", text, form.text);
	if (use == ADDRESS_SEND && port == 0)
		return err_usage(err, "port 0 in '%s': nobody listens there", text);
	return 0;
}

/* Endpoints --------------------------------------------------------------------------------------- */

bool
endpoint_is_group(const struct endpoint *e)
{
	return addr_is_v4(&e->addr) ? e->addr.b[12] >> 4 == 14 : e->addr.b[0] == 0xff;
}

socklen_t
endpoint_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof *ss);
	if (addr_is_v4(&e->addr)) {
		struct sockaddr_in *in = (struct sockaddr_in *)(void *)ss;

		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		in->sin_addr.s_addr = htonl(addr_u32(&e->addr));
		return sizeof *in;
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)ss;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(e->port);
	in6->sin6_scope_id = e->scope;
	memcpy(&in6->sin6_addr, e->addr.b, sizeof e->addr.b);
	return sizeof *in6;
}

void
endpoint_from(struct endpoint *e, const struct sockaddr_storage *ss)
{
	*e = (struct endpoint){ .port = 0 };
	if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)ss;

		memcpy(e->addr.b, &in6->sin6_addr, sizeof e->addr.b);
		e->port = ntohs(in6->sin6_port);
		e->scope = in6->sin6_scope_id;
	} else if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)ss;

		e->addr = addr_v4(ntohl(in->sin_addr.s_addr));
		e->port = ntohs(in->sin_port);
	}
}

int
endpoint_local(int fd, struct endpoint *e)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof ss;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return -1;
	endpoint_from(e, &ss);
	return 0;
}

int
endpoint_peer(int fd, struct endpoint *e)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof ss;

	if (getpeername(fd, (struct sockaddr *)&ss, &len) != 0)
		return -1;
	endpoint_from(e, &ss);
	return 0;
}

size_t
endpoint_fmt(char *dst, const struct endpoint *e)
{
	char interface[IF_NAMESIZE];
	size_t n = 0;

	if (addr_is_v4(&e->addr)) {
		n += fmt_ip(dst, &e->addr);
	} else {
		dst[n++] = '[';
		n += fmt_ip(dst + n, &e->addr);
		if (e->scope != 0) {
			dst[n++] = '%';
			if (if_indextoname(e->scope, interface) != NULL) {
				memcpy(dst + n, interface, strlen(interface));
				n += strlen(interface);
			} else {
				n += fmt_u64(dst + n, e->scope);
			}
		}
		dst[n++] = ']';
	}
	dst[n++] = ':';
	return n + fmt_u64(dst + n, e->port);
}

/* Looking up -------------------------------------------------------------------------------------- */

static int
scope_number(const char *scope, uint32_t *number, struct err *err)
{
	uint64_t n;

	*number = 0;
	if (scope[0] == '\0')
		return 0;
	*number = if_nametoindex(scope);
	if (*number != 0)
		return 0;
	if (!parse_u64(scope, strlen(scope), &n) || n == 0 || n > INT32_MAX)
		return err_set(err, "there is no interface '%s'", scope);
	*number = (uint32_t)n;
	return 0;
}

static int
lookup(const struct address *a, struct endpoint list[ENDPOINTS_MAX], struct err *err)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(a->host, NULL, &hints, &found), n = 0;

	if (rc != 0)
		return err_set(err, "cannot look up '%s': %s", a->host,
		    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	for (struct addrinfo *ai = found; ai != NULL && n < ENDPOINTS_MAX; ai = ai->ai_next) {
		struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };

		if (ai->ai_addrlen > sizeof ss)
			continue;
		memcpy(&ss, ai->ai_addr, ai->ai_addrlen);
		endpoint_from(&list[n], &ss);
		list[n++].port = a->port;
	}
	freeaddrinfo(found);
	return n;
}

int
address_resolve(const struct address *a, enum address_use use, struct endpoint list[ENDPOINTS_MAX],
    struct err *err)
{
	struct endpoint one = { .port = a->port };

	if (scope_number(a->scope, &one.scope, err) != 0)
		return -1;
	if (a->host[0] == '\0' && use == ADDRESS_LISTEN) {
		list[0] = list[1] = one;
		list[1].addr = addr_v4(0);
		return 2;
	}
	if (parse_ip(a->host, strlen(a->host), &one.addr)) {
		list[0] = one;
		return 1;
	}
	return lookup(a, list, err);
}
