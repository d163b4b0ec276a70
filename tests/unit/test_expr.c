/*
 * The expression language: spellings that compile to the same program, texts refused with the exact
 * message, and how little is unpacked to decide.
 */
#include "expr/parse.h"
#include "flow/zone.h"

#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

/* The first line of the plan: the program in the language itself. */
static void
program_of(const char *text, struct buf *out)
{
	struct err err = { 0 };
	struct expr *x = expr_compile(text, 0, &err);
	char *end;

	out->len = 0;
	if (x == NULL) {
		buf_puts(out, err.text);
	} else {
		expr_explain(x, false, out);
		end = memchr(out->data, '\n', out->len);
		out->len = (size_t)(end - out->data);
	}
	expr_free(x);
}

static const struct {
	const char *program, *text;
} spellings[] = {
	/* primitives */
	{ "dstport = 443 and bytes > 100000", "dst port 443 and bytes > 100K" },
	{ "dstport = 443 and bytes > 100000", "dst port = 443 && bytes gt 100000" },
	{ "dstport = 443 and bytes > 100000", "(dstport == 443) AND (bytes > 100KB)" },
	{ "srcport = 53 or dstport = 53", "port 53" },
	{ "srcport = 53 or dstport = 53", "src or dst port 53" },
	{ "srcport = 53 or dstport = 53", "dst or src port 53" },
	{ "srcport = 53 and dstport = 53", "src and dst port eq 53" },
	{ "(has srcport or has dstport) and not (srcport = 53 or dstport = 53)", "port != 53" },
	{ "not (srcport = 53 or dstport = 53)", "not port 53" },
	{ "not (srcport = 53 or dstport = 53)", "!port 53" },
	{ "srcip = 10.0.0.1 or dstip = 10.0.0.1", "ip 10.0.0.1" },
	{ "srcip = 10.0.0.1 or dstip = 10.0.0.1", "host 10.0.0.1" },
	{ "srcip = 10.0.0.0/8", "src net 10.0.0.0/8" },
	{ "srcip = 10.0.0.0/8", "src ip in 10.1.2.3/8" },
	{ "srcip = 10.0.0.0/8", "src 10.0.0.0/8" },
	{ "srcip = 2001:db8::/32", "srcip = 2001:db8::/32" },
	{ "srcip in [::-::fffe:ffff:ffff ::1:0:0:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
	    "srcip ::/0" },
	{ "srcip = 0.0.0.0/0", "srcip ::ffff:0:0/96" },
	{ "srcas = 64512 or dstas = 64512", "as 64512" },
	{ "inif = 3", "in if 3" },
	{ "outif = 3", "out interface 3" },
	{ "inif = 3 or outif = 3", "if 3" },
	{ "tos = 16", "tos 0x10" },
	{ "posttos = 16", "dst tos 16" },
	{ "srcmask = 24", "src mask 24" },
	{ "srcvlan = 7 or dstvlan = 7", "vlan 7" },
	{ "srcmac = 00:11:22:aa:bb:cc", "src mac 00-11-22-aa-bb-cc" },
	{ "proto = 6", "proto tcp" },
	{ "proto = 6", "proto TCP" },
	{ "proto = 6", "tcp" },
	{ "proto = 58", "icmp6" },
	{ "proto in [1 6 17]", "proto in [udp, tcp 1]" },
	{ "proto = 6 and dstport = 80", "tcp dst port 80" },
	{ "nexthop = 10.0.0.9", "next ip 10.0.0.9" },
	{ "exporter = 10.0.0.9", "router ip 10.0.0.9" },
	{ "icmp = 2048", "icmp = 2048" },
	{ "srcip = 0.0.0.0/0 or dstip = 0.0.0.0/0", "ipv4" },
	{ "srcip != 0.0.0.0/0 or dstip != 0.0.0.0/0", "inet6" },
	/* flags */
	{ "flags & 0x2 = 0x2", "flags S" },
	{ "flags & 0x12 = 0x12", "flags SA" },
	{ "flags & 0x12 = 0x2", "flags S/SA" },
	{ "flags & 0x12 != 0x2", "flags != S/SA" },
	{ "flags = 2", "flags = S" },
	{ "flags in [2 18]", "flags in [S SA]" },
	{ "(flags & 2) != 0", "flags & 0x02 != 0" },
	/* lists and ranges */
	{ "dstport in [80 443 1000-2000]", "dst port in [80 443 1000-2000]" },
	{ "dstport in [80 443 1000-2000]", "dst port in [443,1500..2000, 80 1000-1600 443]" },
	{ "dstport in [80 443]", "dst port [80 443] # a comment" },
	{ "dstport = 80-90", "dst port 80-90" },
	{ "dstport = 80-90", "dst port in [80-85 86-90]" },
	{ "dstport not in [80 443]", "dst port not in [80 443]" },
	{ "dstport != 80", "dst port not in [80]" },
	{ "srcip = 10.0.0.1-10.0.0.9", "srcip 10.0.0.1-10.0.0.9" },
	{ "srcip = 10.0.0.0/31", "srcip in [10.0.0.0 10.0.0.1]" },
	/* units */
	{ "bytes > 1536", "bytes > 1.5Ki" },
	{ "bytes > 523541", "bytes > 523.541K" },
	{ "bytes > 523541", "bytes > 523.541KB" },
	{ "bytes > 306343059332700001", "bytes > 306.343059332700001P" },
	{ "bytes > 9007199254740993", "bytes > 9007199254740993.0" },
	{ "bps > 512291680000", "bps > 512.29168G" },
	{ "bytes > 2000000000", "bytes > 2G" },
	{ "duration >= 1.500s", "duration >= 1500ms" },
	{ "duration >= 5400s", "duration >= 1h30m" },
	{ "duration >= 0s", "duration >= 0" },
	{ "start >= 2026-11-23T10:00:00Z", "start >= 2026-11-23T10:00" },
	{ "start >= 2026-11-23T00:00:00Z", "start >= 2026-11-23" },
	{ "start < 2026-11-23T00:00:00Z", "start < 2026-11-23" },
	{ "start > 2026-11-23T23:59:59.999999999Z", "start > 2026-11-23" },
	{ "start = 2026-11-23T00:00:00Z..2026-11-23T23:59:59.999999999Z", "start 2026-11-23" },
	{ "end = 2025-12-01T00:00:00Z", "end = 1764547200" },
	{ "bps > 1000000", "bps > 1M" },
	/* numbers, text, presence, any */
	{ "bytes < 1400", "1400 > bytes" },
	{ "(bytes / packets) > 1400", "bytes/packets > 1400" },
	{ "(bytes + (packets * 2)) > 1400", "bytes + packets * 2 > 1400" },
	{ "((bytes + packets) * 2) > 1400", "(bytes + packets) * 2 > 1400" },
	{ "((bytes - 1) - packets) > 0", "bytes - 1 - packets > 0" },
	{ "bytes > (packets * 100)", "bytes > packets * 100" },
	{ "bytes > (100 * packets)", "bytes > 100 * packets" },
	{ "srcport = dstport", "srcport = dstport" },
	{ "srcip != dstip", "srcip != dstip" },
	{ "appname = \"x y\"", "appname = 'x y'" },
	{ "ifname = \"ge-0/1/2\"", "ifname ge-0/1/2" },
	{ "ifname = \"or-gate\" and ifname = \"in-1\"", "ifname or-gate and ifname in-1" },
	{ "bps > -5", "bps gt -5" },
	{ "appname startswith \"http\"", "appname startswith http" },
	{ "appname in [\"a\" \"b\"]", "appname in [b a]" },
	{ "has srcport or has dstport", "has port" },
	{ "has ipClassOfService", "has ipClassOfService" },
	{ "any", "any" },
	{ "not false", "not false" },
	{ "dataRecordsReliability = true", "dataRecordsReliability" },
	{ "mean_bytes > 1000", "mean_bytes > 1K" },
	{ "distinct_dstip > 5000", "distinct(dstip) > 5K" },
	{ "p999_bytes > 5", "p99.9(bytes) > 5" },
	{ "p999_bytes > 5", "p99.9_bytes>5" },
	{ "p025_35632.77 > \"5\"", "p2.5_35632.77 > 5" },
	{ "(p9999_duration + p95_duration) > 5", "p99.99(duration)+p95(duration) > 5" },
	{ "`odd name` = \"5\"", "`odd name` = 5" },
	/* what flowagg makes of columns without a name or with a strange one */
	{ "max_`odd ) name` > \"5\"", "max(`odd ) name`) > 5" },
	{ "max_`odd ) name` > \"5\"", "max_`odd ) name` > 5" },
	{ "max_35632.1077 = \"5\"", "max(35632.1077) = 5" },
	{ "max_35632.1077#2 = \"5\"", "max_35632.1077#2 = 5" },
	{ "distinct_interfaceName#2 > 5", "distinct(interfaceName#2) > 5" },
	{ "bytes > 5", "(bytes # max(1.2)\n> 5)" },
	/* which of several; any other # begins a comment */
	{ "35632.1077#2 = \"4\"", "35632.1077#2 = 4" },
	{ "has 35632.1077#sent", "has 35632.1077#sent" },
	{ "has 35632.1077", "has 35632.1077#second" },
	{ "bytes > 1", "1 <#2\nbytes" },
	{ "has dot1qDEI#2sent", "has dot1qDEI#2sent" },
	/* precedence */
	{ "proto = 17 or (proto = 6 and dstport = 80)", "tcp and dst port 80 or udp" },
	{ "proto = 6 and (dstport = 80 or dstport = 81)", "tcp and (dst port 80 or dst port 81)" },
	{ "not proto = 6 and dstport = 80", "not tcp and dst port 80" },
	/* cheap and selective first */
	{ "proto = 6 and dstport = 80 and bytes > 5", "bytes > 5 and dst port 80 and tcp" },
	{ "proto = 6 and bytes > 5 and appname = \"x\" and (bytes / packets) > 3",
	    "bytes/packets > 3 and appname x and bytes > 5 and tcp" },
};

static const struct {
	const char *text, *message;
} refused[] = {
	{ "", "expected a condition, found the end\n    \n    ^" },
	{ "tcp and", "expected a condition, found the end\n    tcp and\n           ^" },
	{ "tcp udp", "expected 'and', 'or' or the end, found 'udp'\n    tcp udp\n        ^~~" },
	{ "(tcp", "the parenthesis is not closed\n    (tcp\n    ^" },
	{ "tcp)", "expected 'and', 'or' or the end, found ')'\n    tcp)\n       ^" },
	{ "tcp | udp", "expected 'and', 'or' or the end, found '|'\n    tcp | udp\n        ^\n"
		       "    did you mean '||'?" },
	{ "dst prot 53", "expected ip, net, port, as, mask, mac, vlan or tos behind the direction, "
			 "found 'prot'\n"
			 "    dst prot 53\n        ^~~~\n    did you mean 'port'?" },
	{ "byts > 5", "unknown field 'byts'; did you mean 'bytes'?\n    byts > 5\n    ^~~~" },
	{ "srcip < 5", "field 'srcip' is an address; '5' is none\n    srcip < 5\n            ^\n"
		       "    10.0.0.1, 10.0.0.0/8, 2001:db8::/32; names are not looked up" },
	{ "host www.example.com",
	    "field 'srcip' is an address; 'www.example.com' is none\n"
	    "    host www.example.com\n         ^~~~~~~~~~~~~~~\n"
	    "    10.0.0.1, 10.0.0.0/8, 2001:db8::/32; names are not looked up" },
	{ "10.0.0.1", "'10.0.0.1' is not a number\n    10.0.0.1\n    ^~~~~~~~\n"
		      "    an address alone is no condition: ip 10.0.0.1, src net 10.0.0.0/8" },
	{ "dst port http", "'http' is no port\n    dst port http\n             ^~~~\n"
			   "    names of services are not known: write 443 for https" },
	{ "username '\xe6\x97\xa5\xe6\x9c\xac' and dst port http",
	    "'http' is no port\n    username '\xe6\x97\xa5\xe6\x9c\xac' and dst port http\n"
	    "                                 ^~~~\n"
	    "    names of services are not known: write 443 for https" },
	{ "username '\xff\xe2\x80\xae' and dst port http",
	    "'http' is no port\n    username '\xff\xe2\x80\xae' and dst port http\n"
	    "                                             ^~~~\n"
	    "    names of services are not known: write 443 for https" },
	{ "port 70000", "'70000' is above 65535, the most that 'srcport' can be\n    port 70000\n  "
			"       ^~~~~" },
	{ "srcport > 70000", "'70000' is above 65535, the most that 'srcport' can be\n"
			     "    srcport > 70000\n              ^~~~~" },
	{ "proto >= 256", "'256' is above 255, the most that 'proto' can be\n    proto >= 256\n"
			  "             ^~~" },
	{ "srcport < 65536 and proto <= 256", NULL },
	{ "bytes > 5m", "field 'bytes' is a number; '5m' is none\n    bytes > 5m\n            ^~\n"
			"    did you mean '5M'?" },
	{ "bytes > -1",
	    "field 'bytes' is a whole number, not below 0; '-1' is not\n    bytes > -1\n"
	    "            ^~\n    the least is 0" },
	{ "mibObjectValueInteger > -9223372036854775808", NULL },
	{ "mibObjectValueInteger = -9223372036854775809",
	    "'-9223372036854775809' is below -9223372036854775808, the least that "
	    "'mibObjectValueInteger' can be\n    mibObjectValueInteger = -9223372036854775809\n"
	    "                            ^~~~~~~~~~~~~~~~~~~~" },
	{ "mibObjectValueInteger = 9223372036854775808",
	    "'9223372036854775808' is above 9223372036854775807, the most that "
	    "'mibObjectValueInteger' can be\n    mibObjectValueInteger = 9223372036854775808\n"
	    "                            ^~~~~~~~~~~~~~~~~~~" },
	{ "mibObjectValueInteger = -1.5",
	    "field 'mibObjectValueInteger' is a whole number; '-1.5' is not\n"
	    "    mibObjectValueInteger = -1.5\n                            ^~~~" },
	{ "bytes = 1.5",
	    "field 'bytes' is a whole number; '1.5' is not\n    bytes = 1.5\n            ^~~" },
	{ "duration > 5",
	    "a duration needs a unit; '5' has none\n    duration > 5\n               ^\n"
	    "    did you mean '5s' or '5ms'?" },
	{ "start > 5", "field 'start' is a time; '5' is none\n    start > 5\n            ^\n"
		       "    2026-11-23, 2026-11-23T10:00, -1h (before now), epoch seconds" },
	{ "count() > 5", "'count' alone is no condition\n    count() > 5\n    ^~~~~\n    compare "
			 "it, or test whether there is one with 'has'" },
	{ "proto foo", "'foo' is no protocol\n    proto foo\n          ^~~\n"
		       "    a number or a name such as tcp, udp, icmp, gre" },
	{ "proto tpc",
	    "'tpc' is no protocol\n    proto tpc\n          ^~~\n    did you mean 'tcp'?" },
	{ "bytes > 18446744073709551616",
	    "'18446744073709551616' is above 18446744073709551615, the most that 'bytes' can be\n"
	    "    bytes > 18446744073709551616\n            ^~~~~~~~~~~~~~~~~~~~" },
	{ "bytes => 5", "expected a value, found '>'\n    bytes => 5\n           ^\n"
			"    did you mean '>='?" },
	{ "start > 2026-02-30", "'2026-02-30' is no time: the calendar or the clock has none such\n"
				"    start > 2026-02-30\n            ^~~~~~~~~~" },
	{ "start > 2026-13-01T10:00",
	    "'2026-13-01T10:00' is no time: the calendar or the clock has none such\n"
	    "    start > 2026-13-01T10:00\n            ^~~~~~~~~~~~~~~~" },
	{ "end < 2300-01-01", "'2300-01-01' is no time that can be kept\n"
			      "    end < 2300-01-01\n          ^~~~~~~~~~\n"
			      "    times are from 1677-09-21T00:12:44Z to 2262-04-11T23:47:16Z" },
	{ "end < 2026-01-05T06:00 + 1h",
	    "'2026-01-05T06:00' cannot be computed with\n    end < 2026-01-05T06:00 + 1h\n"
	    "          ^~~~~~~~~~~~~~~~\n    write the time that is meant, or compare end - "
	    "start" },
	{ "end < 2026-01-05 + 1h",
	    "'2026-01-05' cannot be computed with\n    end < 2026-01-05 + 1h\n"
	    "          ^~~~~~~~~~\n    write the time that is meant, or compare end - start" },
	{ "end < 2026-13-05 + 1h",
	    "'2026-13-05' is no time: the calendar or the clock has none such\n"
	    "    end < 2026-13-05 + 1h\n          ^~~~~~~~~~" },
	{ "start = 2026-01-05-2026-01-07",
	    "'2026-01-05-2026-01-07' is no time\n    start = 2026-01-05-2026-01-07\n"
	    "            ^~~~~~~~~~~~~~~~~~~~~\n    a range of times is 2026-11-23..2026-11-24" },
	{ "src net 10/8", "an address cannot be compared with a number\n    src net 10/8\n"
			  "    ^~~~~~~~~~~~\n    an address has all of its numbers: 10.0.0.0/8" },
	{ "flags X", "'X' are no TCP flags\n    flags X\n          ^\n"
		     "    letters of CEUAPRSF (flags S, flags S/SA) or a number" },
	{ "flags SA/S", "'SA/S' can never be\n    flags SA/S\n          ^~~~\n"
			"    left of '/' are some of the flags right of it" },
	{ "dst port 90-80", "the range '90-80' is empty\n    dst port 90-80\n             ^~~~~\n"
			    "    write the smaller end first" },
	{ "port in []", "the list is empty\n    port in []\n            ^~" },
	{ "port in [80", "the list is not closed: ']' is missing\n    port in [80\n            ^" },
	{ "port in (80 443)",
	    "a list follows a field and 'in'\n    port in (80 443)\n            ^\n"
	    "    FIELD in [a b c], FIELD in @FILE" },
	{ "port = [80]", "a list follows a field and 'in'\n    port = [80]\n           ^\n"
			 "    FIELD in [a b c], FIELD not in @FILE" },
	{ "port in @/nonexistent/list",
	    "cannot read the list: No such file or directory\n"
	    "    port in @/nonexistent/list\n            ^~~~~~~~~~~~~~~~~~" },
	{ "bytes", "'bytes' alone is no condition\n    bytes\n    ^~~~~\n"
		   "    compare it, or test whether there is one with 'has'" },
	{ "bytes + 1", "'bytes + 1' is a number, no condition\n    bytes + 1\n    ^~~~~~~~~\n"
		       "    compare it with something: < <= = != >= >" },
	{ "1 < bytes < 3", "'<' cannot follow a condition\n    1 < bytes < 3\n              ^\n"
			   "    join conditions with 'and' or 'or'" },
	{ "srcip + 1 > 5",
	    "field 'srcip' is an address; '+' needs numbers\n    srcip + 1 > 5\n    ^~~~~" },
	{ "port + 1 > 5",
	    "'port' stands for more than one field; name one\n    port + 1 > 5\n    ^~~~" },
	{ "bytes contains 5",
	    "field 'bytes' is a number; 'contains' needs text\n    bytes contains 5\n"
	    "                   ^" },
	{ "dataRecordsReliability < true",
	    "field 'dataRecordsReliability' is true or false; '<' needs a number\n"
	    "    dataRecordsReliability < true\n"
	    "                             ^~~~" },
	{ "basicList = 5", "field 'basicList' is a list; it can only be tested with 'has'\n"
			   "    basicList = 5\n                ^\n    has FIELD" },
	{ "srcip = bytes",
	    "'srcip' is an address and 'bytes' is a number\n    srcip = bytes\n    ^~~~~~~~~~~~~" },
	{ "start > end - start", NULL },
	{ "duration > bytes / 1000", NULL },
	{ "bytes / 1000 < duration", NULL },
	{ "start > 1000*2",
	    "field 'start' is a time, not a number\n    start > 1000*2\n            ^~~~~~\n"
	    "    dates are 2026-11-23, times 2026-11-23T10:00 or -1h (before now)" },
	{ "1 < 2", "no field is compared here\n    1 < 2\n    ^~~~~" },
	{ "appname = 'x", "the quote is not closed\n    appname = 'x\n              ^~" },
	{ "appname = \"\\q\"",
	    "the quoted text has a wrong escape\n    appname = \"\\q\"\n              ^~~~\n"
	    "    escapes are \\\\ \\\" \\' \\n \\t \\xNN" },
	{ "dataLinkFrameSize > 100000", NULL }, /* perhaps a sum of flowagg's */
	{ "tcp and\n\tport 70000 and udp",
	    "'70000' is above 65535, the most that 'srcport' can be\n"
	    "     port 70000 and udp\n          ^~~~~" },
	{ "1.5 < bytes",
	    "a number with a point before a comparison is ENTERPRISE.ELEMENT\n    1.5 < bytes\n"
	    "    ^~~\n    write the field first and the number behind it" },
	{ "not", "expected a condition, found the end\n    not\n       ^" },
	{ "has 5", "unknown field '5'; --help-fields lists them, and other names stand in "
		   "backquotes\n    has 5\n        ^" },
	{ "has bytes + 5", "'+' needs numbers, not a condition\n    has bytes + 5\n    ^~~~~~~~~" },
	{ "net 10.0/16", "an address cannot be compared with a number\n    net 10.0/16\n"
			 "    ^~~~~~~~~~~\n    an address has all of its numbers: 10.0.0.0/8" },
	{ "bytes > 10mb", "field 'bytes' is a number; '10mb' is none\n    bytes > 10mb\n"
			  "            ^~~~\n    did you mean '10M'?" },
	{ "bytes =! 5", "expected a value, found '!'\n    bytes =! 5\n           ^\n"
			"    did you mean '!='?" },
	{ "port 80 443", "expected 'and', 'or' or the end, found '443'\n    port 80 443\n"
			 "            ^~~\n    several values are a list: port in [80 443]" },
	{ "port 80,443", "expected 'and', 'or' or the end, found ','\n    port 80,443\n"
			 "           ^\n    a list is port in [80 443]; numbers have no commas" },
	{ "start > 2026-03-28 10:00",
	    "expected 'and', 'or' or the end, found '10:00'\n    start > 2026-03-28 10:00\n"
	    "                       ^~~~~\n    quote a time that holds a blank" },
	/* as they say it elsewhere */
	{ "ip.src == 10.0.0.1", "'ip' alone is no condition\n    ip.src == 10.0.0.1\n    ^~\n"
				"    did you mean 'srcip'?" },
	{ "tcp.dstport == 80",
	    "expected 'and', 'or' or the end, found '.'\n"
	    "    tcp.dstport == 80\n       ^\n    did you mean 'tcp dst port'?" },
	{ "tcp dst port == 80", NULL },
	{ "tcp.flags == 2", "expected 'and', 'or' or the end, found '.'\n    tcp.flags == 2\n"
			    "       ^\n    did you mean 'flags'?" },
	{ "tcp[13] & 2 != 0", "expected 'and', 'or' or the end, found '['\n    tcp[13] & 2 != 0\n"
			      "       ^\n    TCP flags are letters: flags S, flags S/SA" },
	{ "ip proto 6", "'ip' stands for more than one field; name one\n    ip proto 6\n    ^~\n"
			"    did you mean 'proto'?" },
	{ "bytes BETWEEN 1 and 2", "field 'bytes' is a number; 'BETWEEN' is none\n"
				   "    bytes BETWEEN 1 and 2\n          ^~~~~~~\n"
				   "    a range is a value: port 80-90" },
	{ "srcip is null", "field 'srcip' is an address; 'is' is none\n    srcip is null\n"
			   "          ^~\n"
			   "    'has FIELD' asks for a value, 'not has FIELD' for none" },
	{ "appname ~ 'ssh.*'",
	    "expected an operator, found '~'\n    appname ~ 'ssh.*'\n            ^\n"
	    "    text has contains, startswith and endswith; there are no patterns" },
	{ "appname matches 'ssh.*'",
	    "expected 'and', 'or' or the end, found ''ssh.*''\n"
	    "    appname matches 'ssh.*'\n                    ^~~~~~~\n"
	    "    text has contains, startswith and endswith; there are no patterns" },
	{ "last > 2026-03-28", "unknown field 'last'; --help-fields lists them, and other names "
			       "stand in backquotes\n"
			       "    last > 2026-03-28\n    ^~~~\n    did you mean 'end'?" },
	{ "ip protocol tcp",
	    "field 'srcip' is an address; 'protocol' is none\n    ip protocol tcp\n"
	    "       ^~~~~~~~\n    did you mean 'proto'?" },
	{ "srcip =~ x", "field 'srcip' is an address; '~' is none\n    srcip =~ x\n           ^\n"
			"    text has contains, startswith and endswith; there are no patterns" },
	{ "net 10.0.0.0 mask 255.0.0.0",
	    "expected 'and', 'or' or the end, found 'mask'\n    net 10.0.0.0 mask 255.0.0.0\n"
	    "                 ^~~~\n    a network is written net 10.0.0.0/8" },
	{ "net 10.0.0.0 255.0.0.0",
	    "expected 'and', 'or' or the end, found '255.0.0.0'\n    net 10.0.0.0 255.0.0.0\n"
	    "                 ^~~~~~~~~\n    a network is written net 10.0.0.0/8" },
	{ "port 80 mask 8", "expected 'and', 'or' or the end, found 'mask'\n    port 80 mask 8\n"
			    "            ^~~~" },
	{ "duration > 5 seconds",
	    "a duration needs a unit; '5' has none\n    duration > 5 seconds\n               ^\n"
	    "    a unit stands at its number: 10M, 5s" },
	{ "bytes > 10 MB and tcp",
	    "expected 'and', 'or' or the end, found 'MB'\n    bytes > 10 MB and tcp\n"
	    "               ^~\n    a unit stands at its number: 10M, 5s" },
	{ "in if ge-0/1/2",
	    "field 'inif' is a number; 'ge-0/1/2' is none\n    in if ge-0/1/2\n          ^~~~~~~~\n"
	    "    flowcat -o ndjson --options prints the numbers of names" },
	{ "src as AS64500", "field 'srcas' is a number; 'AS64500' is none\n    src as AS64500\n"
			    "           ^~~~~~~\n    did you mean '64500'?" },
	{ "srcport in {80, 443}", "'{80' is no port\n    srcport in {80, 443}\n               ^~~\n"
				  "    several values are a list: port in [80 443]" },
	{ "dst port 1:1024", "'1:1024' is no port\n    dst port 1:1024\n             ^~~~~~\n"
			     "    a range is 80-90" },
	{ "start > now - 1h",
	    "unknown field 'now'; --help-fields lists them, and other names stand in backquotes\n"
	    "    start > now - 1h\n            ^~~\n    times before now are -1h, -30m" },
	{ "time > 2026-03-28", "unknown field 'time'; --help-fields lists them, and other names "
			       "stand in backquotes\n"
			       "    time > 2026-03-28\n    ^~~~\n    did you mean 'start'?" },
	{ "appname = is or appname in [like null]", NULL },
};

static void
test_spellings(void)
{
	struct buf out = { 0 }, again = { 0 };

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		program_of(spellings[i].text, &out);
		is_str(buf_cstr(&out), spellings[i].program, "%s", spellings[i].text);
	}
	buf_free(&out);
	buf_free(&again);
}

static void
test_refused(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err err = { 0 };
		struct expr *x = expr_compile(refused[i].text, 0, &err);

		if (refused[i].message == NULL) {
			ok(x != NULL, "taken: %s", refused[i].text);
		} else {
			ok(x == NULL && err.status == EXIT_USAGE, "refused: %.*s",
			    (int)strcspn(refused[i].text, "\n"), refused[i].text);
			is_str(err.text, refused[i].message, "... with its reason and place");
		}
		expr_free(x);
	}
}

static void
test_limits(void)
{
	struct err err = { 0 };
	struct buf b = { 0 };
	struct expr *x;

	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "(");
	ok(expr_compile(buf_cstr(&b), 0, &err) == NULL &&
		strstr(err.text, "nested deeper than 200 levels"),
	    "a thousand parentheses are refused");
	b.len = 0;
	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "1+");
	buf_puts(&b, "bytes > 5");
	err = (struct err){ 0 };
	ok(expr_compile(buf_cstr(&b), 0, &err) == NULL &&
		strstr(err.text, "nested deeper than 200 levels"),
	    "a sum of a thousand terms is refused");
	b.len = 0;
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "%sport %d", i ? " or " : "", i);
	err = (struct err){ 0 };
	x = expr_compile(buf_cstr(&b), 0, &err);
	ok(x != NULL, "a chain of 20,000 'or' compiles: %s", err.text);
	expr_free(x);
	b.len = 0;
	for (int i = 0; i < EXPR_TEXT_MAX / 4; i++)
		buf_puts(&b, "tcp or ");
	buf_puts(&b, "tcp");
	err = (struct err){ 0 };
	ok(expr_compile(buf_cstr(&b), 0, &err) == NULL && strstr(err.text, "put lists in files"),
	    "a text of more than 1 MiB is refused");
	buf_free(&b);
}

/* Batches: values as text, "-" missing. ---------------------------------------------------------- */

static unsigned unpacked[8];

/* Columns are plain already; only count who asks. */
static void
unpack(struct batch *b, unsigned col, enum unpack what)
{
	if (what == UNPACK_PLANES ||
	    ((what == UNPACK_DICT || what == UNPACK_ENTRIES) && b->col[col].codes == NULL))
		return;
	unpacked[col]++;
	b->n_unpacked++;
	b->col[col].form = what == UNPACK_DICT	  ? COLUMN_DICT
			   : what == UNPACK_PLAIN ? COLUMN_PLAIN
						  : COLUMN_PACKED;
}

static struct batch *
batch_of(size_t n)
{
	struct batch *b = batch_new();

	batch_extend(b, n);
	return b;
}

static unsigned
add_uints(struct batch *b, struct field_id id, unsigned width, const int *v)
{
	unsigned col = (unsigned)batch_column(b, &id, TYPE_UINT, width, 0);

	for (size_t i = 0; i < b->n; i++)
		if (v[i] >= 0)
			batch_put_uint(b, col, i, (uint64_t)v[i]);
	return col;
}

/* As a reader hands it out: with zone maps, nothing unpacked. */
static void
seal(struct batch *b)
{
	batch_close(b);
	for (unsigned i = 0; i < b->n_cols; i++) {
		column_zone(&b->col[i], b->n);
		b->col[i].form = COLUMN_PACKED;
	}
	b->unpack = unpack;
	memset(unpacked, 0, sizeof(unpacked));
}

/* Selected records as "0110". */
static const char *
selected(struct batch *b, const char *text)
{
	static char out[128];
	static struct err err;
	struct expr_state *s;
	uint64_t sel[4];
	struct expr *x;

	err = (struct err){ 0 };
	x = expr_compile(text, 0, &err);

	if (x == NULL)
		return err.text;
	s = expr_state_new(x);
	expr_select(s, b, sel);
	for (size_t i = 0; i < b->n; i++)
		out[i] = bits_get(sel, i) ? '1' : '0';
	out[b->n] = '\0';
	expr_state_free(s);
	expr_free(x);
	return out;
}

static void
test_missing(void)
{
	static const int src[] = { 53, 53, 80, 80, -1, -1, -1 },
			 dst[] = { 53, 80, 53, 80, 53, 80, -1 };
	struct batch *b = batch_of(7);

	add_uints(b, field_iana(7), 2, src);
	add_uints(b, field_iana(11), 2, dst);
	batch_close(b);
	is_str(selected(b, "port 53"), "1110100", "either direction: one is");
	is_str(selected(b, "src and dst port 53"), "1000000", "both directions");
	is_str(selected(b, "port != 53"), "0001010",
	    "!= of either: none present is, and one is present");
	is_str(selected(b, "not port 53"), "0001011", "not is the plain complement");
	is_str(selected(b, "srcport != 53"), "0011000", "!= is false on a missing value");
	is_str(selected(b, "port not in [53 54]"), "0001010", "not in as !=");
	is_str(selected(b, "srcport + 0 != 53"), "0011000",
	    "arithmetic with a missing operand is missing");
	is_str(selected(b, "srcport / (dstport - 80) < 1000"), "1010000", "so is a zero divisor");
	is_str(selected(b, "has srcport and not has dstport"), "0000000", "has");
	is_str(selected(b, "not has port"), "0000001", "has of either");
	is_str(selected(b, "srcas = 5 or not has srcas"), "1111111",
	    "an absent column is missing everywhere");
	is_str(selected(b, "flows = 1"), "1111111", "flows counts 1 where absent");
	batch_free(b);
}

static void
test_families(void)
{
	struct field_id src = field_iana(8), dst = field_iana(12);
	static const char *const text[] = { "10.0.0.1", "2001:db8::1", "::1", "::10.0.0.1" };
	struct batch *b = batch_of(4);
	struct addr a;
	unsigned x = (unsigned)batch_column(b, &src, TYPE_IP, 16, 0);
	unsigned y = (unsigned)batch_column(b, &dst, TYPE_IP, 4, 0);

	for (size_t i = 0; i < 4; i++) {
		parse_ip(text[i], strlen(text[i]), &a);
		batch_put_ip(b, x, i, &a);
		a = addr_v4(0x0a000001 + (uint32_t)i);
		batch_put_ip(b, y, i, &a);
	}
	batch_close(b);
	is_str(selected(b, "srcip = 10.0.0.1"), "1000", "an IPv4 address in a column 16 wide");
	is_str(selected(b, "dstip = 10.0.0.2"), "0100", "and in one 4 wide");
	is_str(selected(b, "srcip 10.0.0.0/8"), "1000", "an IPv4 prefix");
	is_str(selected(b, "srcip ::/0"), "0111", "a short IPv6 prefix does not match IPv4");
	is_str(selected(b, "dstip ::/0"), "0000", "in no column");
	is_str(selected(b, "srcip = dstip"), "1000", "columns of two widths compare");
	is_str(selected(b, "srcip > dstip"), "0100", "addresses are ordered by octets");
	is_str(selected(b, "src ip in [::1 2001:db8::/32]"), "0110", "a list of both families");
	is_str(selected(b, "ipv6"), "0111", "ipv6: either address is");
	batch_free(b);
}

/* The value may be in any of a field's columns: what one of them says of a block decides nothing alone. */
static void
test_alternatives(void)
{
	static const int first[] = { 80, 443, -1, -1 }, second[] = { -1, -1, 53, 22 };
	static const int third[] = { -1, -1, -1, 9 };
	struct batch *b = batch_of(4);

	add_uints(b, field_iana(7), 2, first);
	add_uints(b, field_iana(180), 2, second);
	add_uints(b, field_iana(182), 2, third);
	seal(b);
	is_str(selected(b, "srcport = 80"), "1000", "in the first column, not in the second");
	is_str(selected(b, "srcport = 53"), "0010", "in the second column, not in the first");
	is_str(selected(b, "srcport = 9"), "0000", "the first present is the value");
	is_str(selected(b, "not srcport = 80"), "0111", "and all but those");
	is_str(
	    selected(b, "not srcport < 60"), "1100", "all of the second column, none of the first");
	is_str(selected(b, "has srcport"), "1111", "one of them is there");
	batch_free(b);
}

static void
test_icmp(void)
{
	static const int proto[] = { 1, 1, 1, 58, 6, 1, 1 };
	static const int type[] = { 8, -1, -1, 8, 8, 3, -1 }, code[] = { 0, -1, -1, 0, 0, 1, -1 };
	static const int both[] = { -1, 2048, -1, -1, -1, -1, 2304 }, /* the last: type 9 */
	    port[] = { 0, 0, 2048, 0, 2048, 2048, 0 };
	struct batch *b = batch_of(7);

	add_uints(b, field_iana(4), 1, proto);
	add_uints(b, field_iana(176), 1, type);
	add_uints(b, field_iana(177), 1, code);
	add_uints(b, field_iana(32), 2, both);
	add_uints(b, field_iana(11), 2, port);
	batch_close(b);
	is_str(selected(b, "icmp-type 8"), "1111000",
	    "type: of its element, of type and code, of the port");
	is_str(selected(b, "icmp type 8"), "1110000", "icmp type: of ICMP only");
	is_str(selected(b, "icmp6 type 8"), "0001000", "icmp6 type");
	is_str(selected(b, "icmp-code = 0"), "1111001", "code");
	is_str(selected(b, "icmp-type > 7"), "1111001", "ordered");
	is_str(selected(b, "icmp-type != 8"), "0000011", "unequal");
	is_str(selected(b, "icmp-type in [3 4]"), "0000010", "in a list");
	batch_free(b);
}

/* What was seen of earlier batches decides what is tried first. */
static void
test_order(void)
{
	enum { N = 100 };
	int proto[N], bytes[N];
	static const char *const text[] = { "proto 6 and bytes 777",
		"not (proto != 6 or bytes != 777)" };
	struct batch *b = batch_of(N);
	struct err err = { 0 };
	uint64_t sel[2];

	for (int i = 0; i < N; i++) {
		proto[i] = i == 7 ? 17 : 6;
		bytes[i] = 10 * i;
	}
	add_uints(b, field_iana(4), 1, proto);
	add_uints(b, field_iana(1), 8, bytes);
	for (unsigned k = 0; k < 2; k++) {
		struct expr *x = expr_compile(text[k], 0, &err);
		struct expr_state *s = expr_state_new(x);

		seal(b);
		is_u64(expr_select(s, b, sel), 0, "%s: none", text[k]);
		is_u64(unpacked[0], 1, "the cheap condition is tried first");
		for (unsigned i = 0; i < 30; i++) {
			seal(b);
			(void)expr_select(s, b, sel);
		}
		is_u64(unpacked[0], 0, "and no more where the other one decides");
		is_u64(unpacked[1], 1, "which then is the only one");
		expr_state_free(s);
		expr_free(x);
	}
	batch_free(b);
}

/* What a filter has to unpack. */
static void
test_unpacking(void)
{
	static const int port[] = { 80, 443, 8080, 53, 25 }, bytes[] = { 100, 5000, 900, 70, 20 };
	static const int partial[] = { 1, -1, 3, -1, 5 };
	struct batch *b = batch_of(5);
	uint16_t codes[] = { 0, 1, 2, 0, 1 };
	uint16_t entries[] = { 80, 443, 8080 };

	add_uints(b, field_iana(11), 2, port);
	add_uints(b, field_iana(1), 8, bytes);
	add_uints(b, field_iana(16), 4, partial);
	seal(b);
	is_str(selected(b, "dst port 9 and bytes > 5"), "00000", "no match");
	is_u64(b->n_unpacked, 0, "outside the zone map: nothing is unpacked");
	is_str(selected(b, "bytes > 5 and dst port 9999"), "00000", "no match, in any order");
	is_u64(b->n_unpacked, 0, "still nothing");
	is_str(selected(b, "dst port < 9000"), "11111", "all match");
	is_u64(b->n_unpacked, 0, "within the zone map: nothing either");
	is_str(selected(b, "dst port 81 and bytes > 500"), "00000", "no match within the zone map");
	is_u64(b->n_unpacked, 1, "one column is unpacked");
	is_u64(unpacked[0], 1, "the narrow one, which decides");
	is_str(selected(b, "srcas >= 1"), "10101", "all that are present");
	is_u64(unpacked[2], 1, "only presence is unpacked");
	is_u64(b->col[2].form, COLUMN_PACKED, "and values stay packed");
	is_str(selected(b, "dst port 443 or bytes > 1"), "11111", "one side is always true");
	is_u64(unpacked[1], 0, "the other is not needed");
	is_str(selected(b, "dst port 443 and bytes > 500"), "01000", "both");
	is_u64(b->n_unpacked, 3, "both are unpacked now");

	seal(b);
	b->n_unpacked = 0;
	b->col[0].codes = codes;
	b->col[0].dict_data = entries;
	b->col[0].dict_n = 3;
	is_str(selected(b, "dst port 81 and bytes > 500"), "00000",
	    "no entry of the dictionary matches");
	is_u64(b->n_unpacked, 0, "the dictionary decides");
	is_u64(b->col[0].form, COLUMN_PACKED, "and its codes are not asked for");
	is_str(selected(b, "dst port in [80 8080]"), "10110", "codes of entries that match");
	is_u64(b->col[0].form, COLUMN_DICT, "which are not spread");
	b->col[0].codes = NULL;
	batch_free(b);
}

static void
test_types(void)
{
	struct field_id id = field_iana(1), named = { .pen = PEN_NAMED, .named = "x" };
	struct batch *b = batch_of(3);
	unsigned col = (unsigned)batch_column(b, &id, TYPE_FLOAT64, 8, 0);

	batch_put_double(b, col, 0, 1.5);
	batch_put_double(b, col, 1, 100);
	batch_close(b);
	is_str(selected(b, "bytes < 50"), "100", "a field whose column has another type");
	is_str(selected(b, "`x` = 5"), "000", "a named column that is not there");
	batch_free(b);
	b = batch_of(3);
	col = (unsigned)batch_column(b, &named, TYPE_DURATION, 8, 0);
	batch_put_uint(b, col, 0, 5000000000);
	batch_put_uint(b, col, 1, 1);
	batch_close(b);
	is_str(selected(b, "`x` >= 5"), "100",
	    "a named column's literal is read by the column's type");
	is_str(selected(b, "`x` = 1ns"), "010", "with a unit");
	is_str(selected(b, "`x` != foo"), "000", "what cannot be read is false, != too");
	is_str(selected(b, "`x` * 2 > 9"), "100", "durations are seconds in arithmetic");
	batch_free(b);
}

static void
test_files(void)
{
	static const int port[] = { 80, 443, 8080, 53, 25 };
	char path[] = "/tmp/test_expr.XXXXXX", text[80];
	static const char list[] = "# ports\n80\n\n  443 # https\n20-30\r\n";
	struct batch *b = batch_of(5);
	int fd = mkstemp(path);

	add_uints(b, field_iana(11), 2, port);
	batch_close(b);
	ok(fd >= 0 && write(fd, list, sizeof(list) - 1) == (ssize_t)sizeof(list) - 1,
	    "a list is written");
	snprintf(text, sizeof(text), "dst port in @%s", path);
	is_str(selected(b, text), "11001", "a list of a file");
	snprintf(text, sizeof(text), "dst port not in @\"%s\" and any", path);
	is_str(selected(b, text), "00110", "its name quoted");
	ok(write(fd, "http\n", 5) == 5, "a line that is no port");
	snprintf(text, sizeof(text), "dst port in @%s", path);
	ok(strncmp(selected(b, text), "line 6 of the list: 'http' is no port\n", 38) == 0,
	    "a wrong line is named");
	ok(ftruncate(fd, 0) == 0, "an empty list");
	is_str(selected(b, text), "00000", "matches nothing");
	close(fd);
	unlink(path);
	batch_free(b);
}

static bool
is_word(const char *text)
{
	for (const char *const *w = expr_words(); *w != NULL; w++)
		if (strcmp(*w, text) == 0)
			return true;
	return false;
}

static void
count_field(void *ctx, const struct field *f)
{
	(*(unsigned *)ctx)++;
	ok(f->n > 0, "%s is a stored field", f->name);
}

static void
test_words(void)
{
	struct err err = { 0 };
	unsigned n = 0;
	struct expr *x;

	for (const struct operator* o = operators; o->text != NULL; o++)
		if (o->text[0] >= 'a' && o->text[0] <= 'z')
			ok(is_word(o->text), "the operator %s is among the words", o->text);
	for (const struct primitive *w = primitives; w->word != NULL; w++)
		ok(is_word(w->word), "the primitive %s is among the words", w->word);
	for (const char *const *p = bare_protocols; *p != NULL; p++)
		ok(is_word(*p), "the protocol %s is among the words", *p);
	x = expr_compile("bps > 1M and srcip = 10.0.0.1 and bytes > packets", 0, &err);
	expr_fields(x, count_field, &n);
	is_u64(n, 8, "fields that are read, those of computed ones too");
	expr_free(x);
}

int
main(void)
{
	test_spellings();
	test_refused();
	test_limits();
	test_missing();
	test_families();
	test_alternatives();
	test_icmp();
	test_order();
	test_unpacking();
	test_types();
	test_files();
	test_words();
	return done_testing();
}
