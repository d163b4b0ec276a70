/*
 * addr.c - addresses as text.
 */
#include "base/addr.h"

#include <arpa/inet.h>

#include "base/digits.h"
#include "base/num.h"

size_t
fmt_ip4(char *dst, uint32_t host)
{
	size_t n = put_octet(dst, host >> 24);

	dst[n++] = '.';
	n += put_octet(dst + n, host >> 16 & 255);
	dst[n++] = '.';
	n += put_octet(dst + n, host >> 8 & 255);
	dst[n++] = '.';
	return n + put_octet(dst + n, host & 255);
}

size_t
fmt_ip(char *dst, const struct addr *a)
{
	return addr_is_v4(a) ? fmt_ip4(dst, addr_u32(a)) : fmt_ip6(dst, a);
}

static size_t
put_group(char *dst, unsigned v)
{
	static const char digit[] = "0123456789abcdef";
	size_t n = 0;

	for (int shift = 12; shift > 0; shift -= 4)
		if (v >> shift != 0)
			dst[n++] = digit[v >> shift & 15];
	dst[n++] = digit[v & 15];
	return n;
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 4.2). */
static unsigned
zero_run(const unsigned g[8], unsigned *first)
{
	unsigned best = 1;

	*first = 8;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && g[i + n] == 0)
			n++;
		if (n > best) {
			best = n;
			*first = i;
		}
		i += n;
	}
	return best;
}

/* Mapped and IPv4-compatible addresses end in a dotted quad (RFC 5952 5), as inet_ntop does it. */
size_t
fmt_ip6(char *dst, const struct addr *a)
{
	unsigned g[8], first, run, groups = 8;
	size_t n = 0;

	for (unsigned i = 0; i < 8; i++)
		g[i] = (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1];
	run = zero_run(g, &first);
	if (first == 0 && (run == 6 || (run == 5 && g[5] == 0xffff)))
		groups = 6;
	for (unsigned i = 0; i < groups; i++) {
		if (i == first) {
			dst[n++] = ':';
			dst[n++] = ':';
			i += run - 1;
			continue;
		}
		if (n > 0 && dst[n - 1] != ':')
			dst[n++] = ':';
		n += put_group(dst + n, g[i]);
	}
	if (groups == 6) {
		if (dst[n - 1] != ':')
			dst[n++] = ':';
		n += fmt_ip4(dst + n, addr_u32(a));
	}
	return n;
}

size_t
fmt_mac(char *dst, uint64_t mac)
{
	for (unsigned i = 0; i < 6; i++) {
		uint8_t octet = (uint8_t)(mac >> (40 - 8 * i));

		fmt_hex(dst + 3 * i, &octet, 1);
		if (i < 5)
			dst[3 * i + 2] = ':';
	}
	return 17;
}

/* A dotted quad without leading zeros, as inet_pton takes it. */
static bool
parse_ip4(const char *s, size_t n, uint32_t *host)
{
	unsigned octet = 0, digits = 0, dots = 0;
	uint32_t r = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.') {
			if (digits == 0 || dots == 3)
				return false;
			r = r << 8 | octet;
			octet = digits = 0;
			dots++;
			continue;
		}
		if (s[i] < '0' || s[i] > '9' || (digits > 0 && octet == 0))
			return false;
		octet = octet * 10 + (unsigned)(s[i] - '0');
		if (octet > 255)
			return false;
		digits++;
	}
	*host = r << 8 | octet;
	return dots == 3 && digits > 0;
}

bool
parse_ip(const char *s, size_t n, struct addr *a)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t host;

	if (memchr(s, ':', n) == NULL) {
		if (!parse_ip4(s, n, &host))
			return false;
		*a = addr_v4(host);
		return true;
	}
	if (n >= sizeof(text) || memchr(s, '\0', n) != NULL)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(AF_INET6, text, a->b) == 1;
}

bool
parse_mac(const char *s, size_t n, uint64_t *mac)
{
	uint64_t r = 0;
	uint8_t octet;

	if (n != 17 || (s[2] != ':' && s[2] != '-'))
		return false;
	for (unsigned i = 0; i < 6; i++) {
		if (!parse_hex(s + 3 * i, 2, &octet) || (i < 5 && s[3 * i + 2] != s[2]))
			return false;
		r = r << 8 | octet;
	}
	*mac = r;
	return true;
}

bool
parse_prefix(const char *s, size_t n, struct addr *a, unsigned *plen)
{
	const char *slash = memchr(s, '/', n);
	size_t ip_len = slash ? (size_t)(slash - s) : n;
	bool quad = memchr(s, ':', ip_len) == NULL;
	const char *digits;
	uint64_t length;
	size_t left;

	if (!parse_ip(s, ip_len, a))
		return false;
	*plen = 128;
	if (slash == NULL)
		return true;
	digits = slash + 1;
	left = n - ip_len - 1;
	if (left > 3 || (left > 1 && *digits == '0') || !parse_u64(digits, left, &length) ||
	    length > (quad ? 32u : 128u))
		return false;
	*plen = (unsigned)length + (quad ? 96 : 0);
	return true;
}

void
addr_mask(struct addr *a, unsigned plen)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = plen <= 8 * i ? 0 : plen - 8 * i;

		if (keep < 8)
			a->b[i] = (uint8_t)(a->b[i] & 0xff00u >> keep);
	}
}
