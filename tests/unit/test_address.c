/*
 * Addresses as people write them: what comes of each text, what is said of those that are none.
 */
#include <net/if.h>

#include "net/address.h"
#include "tap.h"

enum { UDP = 1 << TRANSPORT_UDP, ALL = (1 << TRANSPORTS) - 1 };

/* TRANSPORT HOST SCOPE PORT, "-" for what is empty. */
static const char *
parsed(const char *text, enum address_use use, unsigned transports)
{
	static char out[1024];
	struct err err = { .status = 0 };
	struct address a;

	if (address_parse(&a, text, use, transports, &err) != 0)
		snprintf(
		    out, sizeof out, "%s%s", err.status == EXIT_USAGE ? "" : "STATUS ", err.text);
	else
		snprintf(out, sizeof out, "%s %s %s %u", transport_name(a.transport),
		    a.host[0] != '\0' ? a.host : "-", a.scope[0] != '\0' ? a.scope : "-", a.port);
	return out;
}

static void
test_listen(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "udp:2055", "udp - - 2055" },
		{ "2055", "udp - - 2055" },
		{ "udp:0", "udp - - 0" },
		{ "udp::2055", "udp - - 2055" },
		{ "tcp:4739", "tcp - - 4739" },
		{ "tls:[::]:4740", "tls :: - 4740" },
		{ "sctp:0.0.0.0:4739", "sctp 0.0.0.0 - 4739" },
		{ "127.0.0.1:2055", "udp 127.0.0.1 - 2055" },
		{ "[::1]:2055", "udp ::1 - 2055" },
		{ "udp:[fe80::1%eth0]:65535", "udp fe80::1 eth0 65535" },
		{ "udp:[ff02::114%2]:2055", "udp ff02::114 2 2055" },
		{ "udp:[ff05::114]:2055", "udp ff05::114 - 2055" },
		{ "udp:239.0.0.1:2055", "udp 239.0.0.1 - 2055" },
		{ "udp:239.0.0.1%lo:2055", "udp 239.0.0.1 lo 2055" },
		{ "udp:[::ffff:192.0.2.1]:1", "udp ::ffff:192.0.2.1 - 1" },
		{ "tcp:collector.example:4739", "tcp collector.example - 4739" },
		{ "udp:tcp:1", "udp tcp - 1" },
		{ "", "no transport in '': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ ":2055", "no transport in ':2055': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "localhost:2055",
		    "no transport in 'localhost:2055': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "UDP:2055", "no transport in 'UDP:2055': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "udp", "no transport in 'udp': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "udp:", "no port number in 'udp:': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "udp:host",
		    "no port number in 'udp:host': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "tcp:[::1]",
		    "no port number in 'tcp:[::1]': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "127.0.0.1:70000",
		    "no port number in '127.0.0.1:70000': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "127.0.0.1:-1",
		    "no port number in '127.0.0.1:-1': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "127.0.0.1: 1",
		    "no port number in '127.0.0.1: 1': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "udp:1x", "no port number in 'udp:1x': expected udp|tcp|tls|sctp:[HOST:]PORT" },
		{ "udp:[::1:2055", "a bracket is missing in 'udp:[::1:2055'" },
		{ "udp:::1]:2055", "a bracket is missing in 'udp:::1]:2055'" },
		{ "udp:::1:2055", "an IPv6 address stands in brackets: udp:[::1]:2055" },
		{ "tcp:fd00::1:2055", "an IPv6 address stands in brackets: tcp:[fd00::1]:2055" },
		{ "udp:[host]:1", "no IPv6 address in the brackets of 'udp:[host]:1'" },
		{ "udp:[127.0.0.1]:1", "no IPv6 address in the brackets of 'udp:[127.0.0.1]:1'" },
		{ "udp:[]:1", "no IPv6 address in the brackets of 'udp:[]:1'" },
		{ "udp:[fe80::1]:1", "[fe80::1] has a meaning only on one interface: expected "
				     "[fe80::1%INTERFACE]:1" },
		{ "udp:[fe80::1%]:1", "no interface behind the % in 'udp:[fe80::1%]:1'" },
		{ "udp:[fe80::1%a234567890123456]:1",
		    "no interface behind the % in 'udp:[fe80::1%a234567890123456]:1'" },
		{ "udp:host%eth0:1",
		    "%eth0 in 'udp:host%eth0:1': an interface goes with an IPv6 or multicast "
		    "address" },
		{ "udp:192.0.2.1%eth0:1",
		    "%eth0 in 'udp:192.0.2.1%eth0:1': an interface goes with an IPv6 or multicast "
		    "address" },
	};
	char host[300] = "udp:";

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		is_str(parsed(rows[i].text, ADDRESS_LISTEN, ALL), rows[i].want, "listen at '%s'",
		    rows[i].text);
	memset(host + 4, 'h', 256);
	strcpy(host + 260, ":1");
	ok(strncmp(parsed(host, ADDRESS_LISTEN, ALL), "the host name in 'udp:hhh", 25) == 0,
	    "a name of 256 octets is too long");
	strcpy(host + 259, ":1");
	ok(strncmp(parsed(host, ADDRESS_LISTEN, ALL), "udp hhh", 7) == 0, "one of 255 is not");
	is_str(parsed("tcp:2055", ADDRESS_LISTEN, UDP),
	    "no transport in 'tcp:2055': expected udp:[HOST:]PORT",
	    "where only UDP can be, only UDP is expected");
	is_str(parsed("2055", ADDRESS_LISTEN, ALL & ~UDP),
	    "no transport in '2055': expected tcp|tls|sctp:[HOST:]PORT",
	    "where UDP cannot be, a transport must be said");
}

static void
test_send(void)
{
	is_str(parsed("udp:collector:4739", ADDRESS_SEND, ALL), "udp collector - 4739",
	    "send to a name");
	is_str(parsed("udp:4739", ADDRESS_SEND, ALL),
	    "no host in 'udp:4739': expected udp|tcp|tls|sctp:HOST:PORT", "sending needs a host");
	is_str(parsed("tcp::4739", ADDRESS_SEND, ALL),
	    "no host in 'tcp::4739': expected udp|tcp|tls|sctp:HOST:PORT", "not an empty one");
	is_str(parsed("collector:4739", ADDRESS_SEND, UDP), "udp collector - 4739",
	    "where only UDP can be, a name needs no transport");
	is_str(parsed("tcp:collector:4739", ADDRESS_SEND, UDP),
	    "no transport in 'tcp:collector:4739': expected udp:HOST:PORT",
	    "but another transport is none");
	is_str(parsed("tls:[::1]:0", ADDRESS_SEND, ALL),
	    "port 0 in 'tls:[::1]:0': nobody listens there", "and a port");
}

/* Endpoints of a text, comma separated. */
static const char *
resolved(const char *text, enum address_use use)
{
	static char out[ENDPOINTS_MAX * (ENDPOINT_TEXT_MAX + 1) + 512];
	struct endpoint list[ENDPOINTS_MAX];
	struct err err = { .status = 0 };
	struct address a;
	size_t len = 0;
	int n;

	if (address_parse(&a, text, use, ALL, &err) != 0 ||
	    (n = address_resolve(&a, use, list, &err)) < 0) {
		snprintf(out, sizeof out, "%s", err.text);
		return out;
	}
	for (int i = 0; i < n; i++) {
		len += endpoint_fmt(out + len, &list[i]);
		out[len++] = ',';
	}
	out[len > 0 ? len - 1 : 0] = '\0';
	return out;
}

static void
test_resolve(void)
{
	struct sockaddr_storage ss;
	struct endpoint a = { .port = 0 }, b;
	char text[ENDPOINT_TEXT_MAX + 1];
	const char *local;

	is_str(resolved("udp:2055", ADDRESS_LISTEN), "[::]:2055,0.0.0.0:2055",
	    "every address of both families");
	is_str(resolved("udp:[::]:2055", ADDRESS_LISTEN), "[::]:2055", "of IPv6, which takes IPv4");
	is_str(resolved("tcp:127.0.0.1:1", ADDRESS_SEND), "127.0.0.1:1", "an IPv4 address");
	is_str(resolved("udp:[2001:DB8:0::1]:1", ADDRESS_SEND), "[2001:db8::1]:1",
	    "an IPv6 address is printed in its one form");
	is_str(resolved("udp:[fe80::1%lo]:1", ADDRESS_SEND), "[fe80::1%lo]:1", "a scope by name");
	snprintf(text, sizeof text, "udp:[fe80::1%%%u]:1", if_nametoindex("lo"));
	is_str(resolved(text, ADDRESS_SEND), "[fe80::1%lo]:1", "a scope by number");
	is_str(resolved("udp:[fe80::1%99999]:1", ADDRESS_SEND), "[fe80::1%99999]:1",
	    "a number that no interface has");
	is_str(resolved("udp:[fe80::1%nowhere0]:1", ADDRESS_SEND),
	    "there is no interface 'nowhere0'", "a name that no interface has");
	local = resolved("udp:localhost:7", ADDRESS_SEND);
	ok(strstr(local, "127.0.0.1:7") != NULL || strstr(local, "[::1]:7") != NULL,
	    "localhost is looked up: %s", local);
	/* A label of more than 63 octets is no name: nobody is asked. */
	local =
	    resolved("tcp:aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg:7",
		ADDRESS_SEND);
	ok(strncmp(local, "cannot look up 'aaaa", 20) == 0 && strstr(local, "gg': ") != NULL,
	    "a name that cannot be: %s", local);

	memset(a.addr.b, 0x11, 16);
	a.port = 65535;
	a.scope = 4000000000;
	text[endpoint_fmt(text, &a)] = '\0';
	is_str(text, "[1111:1111:1111:1111:1111:1111:1111:1111%4000000000]:65535",
	    "the longest text fits");
	is_u64(endpoint_sockaddr(&a, &ss), 28, "an IPv6 endpoint as the kernel takes it");
	endpoint_from(&b, &ss);
	ok(memcmp(&a, &b, sizeof a) == 0, "and back");
	a = (struct endpoint){ .addr = addr_v4(0xc0000201), .port = 9 };
	is_u64(endpoint_sockaddr(&a, &ss), 16, "an IPv4 endpoint as the kernel takes it");
	endpoint_from(&b, &ss);
	ok(memcmp(&a, &b, sizeof a) == 0, "and back");
}

static void
test_groups(void)
{
	static const struct {
		const char *address;
		bool group;
	} rows[] = {
		{ "223.255.255.255", false },
		{ "224.0.0.1", true },
		{ "239.255.255.255", true },
		{ "240.0.0.1", false },
		{ "255.255.255.255", false },
		{ "ff02::1", true },
		{ "fe80::1", false },
		{ "e000::1", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct endpoint e = { .port = 1 };

		parse_ip(rows[i].address, strlen(rows[i].address), &e.addr);
		ok(endpoint_is_group(&e) == rows[i].group, "%s is %s multicast group",
		    rows[i].address, rows[i].group ? "a" : "no");
	}
}

int
main(void)
{
	test_listen();
	test_send();
	test_resolve();
	test_groups();
	return done_testing();
}
