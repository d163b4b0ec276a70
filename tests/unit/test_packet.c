/* Headers of packets: link layers, tags, labels, IP, fragments, ports; cut anywhere, lying everywhere. */
#include <stdlib.h>

#include "base/num.h"
#include "flow/link.h"
#include "flow/packet.h"
#include "tap.h"

struct octets {
	uint8_t b[2048];
	size_t n;
};

/* Pairs of hex digits, and spaces between them. */
static void
put_hex(struct octets *o, const char *hex)
{
	unsigned v;

	for (; hex[0] != '\0'; hex += hex[0] == ' ' ? 1 : 2)
		if (hex[0] != ' ' && sscanf(hex, "%2x", &v) == 1)
			o->b[o->n++] = (uint8_t)v;
}

static struct packet
parse(int dlt, const struct octets *o)
{
	/* Memory of just their length, so that a sanitiser sees reads behind it. */
	uint8_t *exact = malloc(o->n ? o->n : 1);
	struct packet p;

	memcpy(exact, o->b, o->n);
	packet_parse(&p, dlt, cur_over(exact, o->n));
	free(exact);
	return p;
}

static struct packet
from_hex(int dlt, const char *hex)
{
	struct octets o = { .n = 0 };

	put_hex(&o, hex);
	return parse(dlt, &o);
}

#define ETHER "0200000000020400000000040800"
#define ETHER6 "02000000000204000000000486dd"
/* 10.0.0.1 to 10.0.0.2, tos 0xb8, id 0x1234, don't fragment, ttl 63; TCP 1024 to 443, SYN ACK ECE AE */
#define IP4_TCP "45b8 0028 1234 4000 3f06 0000 0a000001 0a000002"
#define TCP "0400 01bb 00000001 00000002 5152 ffff 0000 0000"
#define ADDRESSES6 "20010db8000000000000000000000001 20010db8000000000000000000000002"

/* Every field that there is, as text. */
static const char *
fields(const struct packet *p)
{
	static const char *const names[PACKET_FIELDS] = { "smac", "dmac", "type", "vlan", "prio",
		"cvlan", "cprio", "labels", "v", "tos", "label", "len", "ttl", "proto", "src",
		"dst", "id", "offset", "ff", "sport", "dport", "flags", "icmp", "code" };
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned f = 0; f < PACKET_FIELDS; f++) {
		char addr[64];

		if (!packet_has(p, (enum packet_field)f))
			continue;
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=", n ? " " : "", names[f]);
		if (f == PACKET_SRC || f == PACKET_DST) {
			addr[fmt_ip(addr, f == PACKET_SRC ? &p->src : &p->dst)] = '\0';
			n += (size_t)snprintf(text + n, sizeof text - n, "%s", addr);
		} else if (f == PACKET_LABELS) {
			for (unsigned i = 0; i < p->n_labels; i++)
				n += (size_t)snprintf(
				    text + n, sizeof text - n, "%s%x", i ? "," : "", p->label[i]);
		} else {
			n += (size_t)snprintf(text + n, sizeof text - n, "%llx",
			    (unsigned long long)packet_uint(p, (enum packet_field)f));
		}
	}
	return text;
}

static const struct {
	const char *name;
	int dlt;
	const char *hex, *fields;
} samples[] = {
	{ "TCP over IPv4 over Ethernet", LINK_ETHERNET, ETHER IP4_TCP TCP,
	    "smac=40000000004 dmac=20000000002 type=800 v=4 tos=b8 len=28 ttl=3f proto=6 "
	    "src=10.0.0.1 dst=10.0.0.2 id=1234 offset=0 ff=40 sport=400 dport=1bb flags=152" },
	{ "a VLAN with priority 5", LINK_ETHERNET,
	    "020000000002040000000004 8100 a064 0800" IP4_TCP,
	    "smac=40000000004 dmac=20000000002 type=800 vlan=64 prio=5 v=4 tos=b8 len=28 ttl=3f "
	    "proto=6 src=10.0.0.1 dst=10.0.0.2 id=1234 offset=0 ff=40" },
	{ "QinQ, and a third tag that is passed over", LINK_ETHERNET,
	    "020000000002040000000004 88a8 2001 8100 e002 9100 0003 0806 0001",
	    "smac=40000000004 dmac=20000000002 type=806 vlan=1 prio=1 cvlan=2 cprio=7" },
	{ "an MPLS stack of two over a VLAN", LINK_ETHERNET,
	    "020000000002040000000004 8100 0007 8847 00010040 000201ff" IP4_TCP,
	    "smac=40000000004 dmac=20000000002 type=8847 vlan=7 prio=0 labels=10040,201ff v=4 "
	    "tos=b8 "
	    "len=28 ttl=3f proto=6 src=10.0.0.1 dst=10.0.0.2 id=1234 offset=0 ff=40" },
	{ "a pseudowire's control word is no IP", LINK_ETHERNET,
	    "020000000002040000000004 8848 000101ff 00000000" IP4_TCP,
	    "smac=40000000004 dmac=20000000002 type=8848 labels=101ff" },
	{ "ARP", LINK_ETHERNET, "ffffffffffff040000000004 0806 0001080006040001",
	    "smac=40000000004 dmac=ffffffffffff type=806" },
	{ "a length of IEEE 802.3 is no type", LINK_ETHERNET,
	    "0180c2000000040000000004 0026 424203", "smac=40000000004 dmac=180c2000000" },
	{ "UDP over IPv6, flow label and traffic class", LINK_RAW,
	    "6b812345 0010 11 40" ADDRESSES6 "14e9 14e9 0010 0000 0000000000000000",
	    "v=6 tos=b8 label=12345 len=38 ttl=40 proto=11 src=2001:db8::1 dst=2001:db8::2 "
	    "sport=14e9 dport=14e9" },
	{ "extension headers before SCTP", LINK_IPV6,
	    "60000000 002c 00 01" ADDRESSES6 "3c00010400000000 2b00010400000000 3300000000000000 "
	    "8402000000000000 00000000 00000000 0b59 0b5a",
	    "v=6 tos=0 label=0 len=54 ttl=1 proto=84 src=2001:db8::1 dst=2001:db8::2 sport=b59 "
	    "dport=b5a" },
	{ "the first fragment of IPv6, its destination options behind", LINK_IPV6,
	    "60000000 0018 2c 40" ADDRESSES6
	    "3c00 0001 000000ff 1100010400000000 0035 0036 0008 0000",
	    "v=6 tos=0 label=0 len=40 ttl=40 proto=11 src=2001:db8::1 dst=2001:db8::2 id=ff "
	    "offset=0 "
	    "ff=20 sport=35 dport=36" },
	{ "a later fragment of IPv6 has no ports", LINK_IPV6,
	    "60000000 0010 2c 40" ADDRESSES6 "1100 0b50 000000ff 0035003600080000",
	    "v=6 tos=0 label=0 len=38 ttl=40 proto=11 src=2001:db8::1 dst=2001:db8::2 id=ff "
	    "offset=16a ff=0" },
	{ "an atomic fragment is a whole packet", LINK_IPV6,
	    "60000000 0010 2c 40" ADDRESSES6 "1100 0000 000000ff 0035003600080000",
	    "v=6 tos=0 label=0 len=38 ttl=40 proto=11 src=2001:db8::1 dst=2001:db8::2 id=ff "
	    "offset=0 "
	    "ff=0 sport=35 dport=36" },
	{ "a fragment within a fragment is not followed", LINK_IPV6,
	    "60000000 0018 2c 40" ADDRESSES6
	    "2c00 0001 000000ff 1100 0001 000000fe 0035003600080000",
	    "v=6 tos=0 label=0 len=40 ttl=40 proto=2c src=2001:db8::1 dst=2001:db8::2 id=ff "
	    "offset=0 "
	    "ff=20" },
	{ "the first fragment of IPv4 has ports", LINK_RAW,
	    "4500 0024 0007 2000 4011 0000 0a000001 0a000002 0035 0036 0400 0000",
	    "v=4 tos=0 len=24 ttl=40 proto=11 src=10.0.0.1 dst=10.0.0.2 id=7 offset=0 ff=20 "
	    "sport=35 "
	    "dport=36" },
	{ "a later one has not", LINK_RAW,
	    "4500 0024 0007 00b9 4011 0000 0a000001 0a000002 0035 0036 0400 0000",
	    "v=4 tos=0 len=24 ttl=40 proto=11 src=10.0.0.1 dst=10.0.0.2 id=7 offset=b9 ff=0" },
	{ "options of IPv4 are passed over", LINK_IPV4,
	    "4600 0020 0000 0000 4021 0000 0a000001 0a000002 94040000 0001 0002 00000000",
	    "v=4 tos=0 len=20 ttl=40 proto=21 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0 sport=1 "
	    "dport=2" },
	{ "UDP-Lite", LINK_IPV4,
	    "4500 001c 0000 0000 4088 0000 0a000001 0a000002 0003 0004 0000 0000",
	    "v=4 tos=0 len=1c ttl=40 proto=88 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0 sport=3 "
	    "dport=4" },
	{ "ICMP", LINK_IPV4, "4500 001c 0000 0000 4001 0000 0a000001 0a000002 0304 0000 0000 0000",
	    "v=4 tos=0 len=1c ttl=40 proto=1 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0 icmp=3 "
	    "code=4" },
	{ "ICMPv6", LINK_IPV6, "60000000 0008 3a ff" ADDRESSES6 "8700 0000 00000000",
	    "v=6 tos=0 label=0 len=30 ttl=ff proto=3a src=2001:db8::1 dst=2001:db8::2 icmp=87 "
	    "code=0" },
	{ "ICMPv6 over IPv4 is only a protocol", LINK_IPV4,
	    "4500 001c 0000 0000 403a 0000 0a000001 0a000002 8700 0000 0000 0000",
	    "v=4 tos=0 len=1c ttl=40 proto=3a src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0" },
	{ "a tunnel is not followed", LINK_IPV4,
	    "4500 003c 0000 0000 4004 0000 0a000001 0a000002" IP4_TCP TCP,
	    "v=4 tos=0 len=3c ttl=40 proto=4 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0" },
	{ "a total length of 0 is not known", LINK_IPV4,
	    "4500 0000 0000 0000 4011 0000 0a000001 0a000002 0003 0004 0000 0000",
	    "v=4 tos=0 ttl=40 proto=11 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0 sport=3 "
	    "dport=4" },
	{ "nor is that of a jumbogram", LINK_IPV6,
	    "60000000 0000 11 40" ADDRESSES6 "0003 0004 0000 0000",
	    "v=6 tos=0 label=0 ttl=40 proto=11 src=2001:db8::1 dst=2001:db8::2 sport=3 dport=4" },
	{ "a header length below 20 leads nowhere", LINK_IPV4,
	    "4400 001c 0000 0000 4011 0000 0a000001 0a000002 0003 0004 0000 0000",
	    "v=4 tos=0 len=1c ttl=40 proto=11 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0" },
	{ "nor does a total length below the header's", LINK_IPV4,
	    "4500 0013 0000 0000 4011 0000 0a000001 0a000002 0003 0004 0000 0000",
	    "v=4 tos=0 len=13 ttl=40 proto=11 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0" },
	{ "a total length that ends within the ports has no second one", LINK_IPV4,
	    "4500 0017 0000 0000 4011 0000 0a000001 0a000002 0003 0004 0000 0000",
	    "v=4 tos=0 len=17 ttl=40 proto=11 src=10.0.0.1 dst=10.0.0.2 id=0 offset=0 ff=0 "
	    "sport=3" },
	{ "an extension header longer than the packet hides the protocol", LINK_IPV6,
	    "60000000 0010 00 40" ADDRESSES6 "06ff000000000000 0000000000000000",
	    "v=6 tos=0 label=0 len=38 ttl=40 src=2001:db8::1 dst=2001:db8::2" },
	{ "one that its declared length ends within too", LINK_IPV6,
	    "60000000 0004 00 40" ADDRESSES6 "0600000000000000 00030004000000000000000050020000",
	    "v=6 tos=0 label=0 len=2c ttl=40 src=2001:db8::1 dst=2001:db8::2" },
	{ "another version than the link layer says is nothing", LINK_ETHERNET, ETHER6 IP4_TCP,
	    "smac=40000000004 dmac=20000000002 type=86dd" },
	{ "Linux cooked", LINK_LINUX_SLL, "00000001000602020202020200000800" IP4_TCP,
	    "type=800 v=4 tos=b8 len=28 ttl=3f proto=6 src=10.0.0.1 dst=10.0.0.2 id=1234 offset=0 "
	    "ff=40" },
	{ "nothing at all", LINK_ETHERNET, "", "" },
	{ "a link layer that nobody knows", 147, ETHER IP4_TCP TCP, "" },
};

static void
test_samples(void)
{
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		struct packet p = from_hex(samples[i].dlt, samples[i].hex);

		is_str(fields(&p), samples[i].fields, "%s", samples[i].name);
	}
}

/* Has the packet the fields of a longer capture of it, as far as it has any? */
static bool
is_part(const struct packet *part, const struct packet *whole)
{
	if ((part->has & ~whole->has) != 0 || part->n_labels > whole->n_labels)
		return false;
	for (unsigned f = 0; f < PACKET_FIELDS; f++)
		if (packet_has(part, (enum packet_field)f) &&
		    packet_uint(part, (enum packet_field)f) !=
			packet_uint(whole, (enum packet_field)f))
			return false;
	return memcmp(part->label, whole->label, part->n_labels * sizeof part->label[0]) == 0 &&
	       (!packet_has(part, PACKET_SRC) || memcmp(&part->src, &whole->src, 16) == 0) &&
	       (!packet_has(part, PACKET_DST) || memcmp(&part->dst, &whole->dst, 16) == 0);
}

static void
test_cut(void)
{
	for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
		struct octets o = { .n = 0 };
		struct packet whole, part;
		size_t wrong = 0, len;

		put_hex(&o, samples[i].hex);
		whole = parse(samples[i].dlt, &o);
		for (len = o.n, o.n = 0; o.n < len; o.n++) {
			part = parse(samples[i].dlt, &o);
			wrong += !is_part(&part, &whole);
		}
		is_u64(wrong, 0, "cut anywhere it has some of these fields and no other: %s",
		    samples[i].name);
	}
}

static void
test_payload(void)
{
	struct octets o = { .n = 0 };
	struct packet p;

	put_hex(&o, ETHER IP4_TCP TCP "5061646469");
	p = parse(LINK_ETHERNET, &o);
	is_u64(p.network_at, 14, "where the network layer begins");
	ok(cur_left(&p.payload) == 20 && p.payload_len == 20,
	    "the payload ends where the header says: a frame's padding is none of it");
	o.n = 14 + 20 + 6;
	p = parse(LINK_ETHERNET, &o);
	ok(cur_left(&p.payload) == 6 && p.payload_len == 20, "or where the capture does");
	ok(packet_has(&p, PACKET_DST_PORT) && !packet_has(&p, PACKET_TCP_FLAGS),
	    "with the fields that are in that");
}

static void
test_labels(void)
{
	struct octets o = { .n = 0 };
	struct packet p;

	put_hex(&o, "020000000002040000000004 8847");
	for (unsigned i = 1; i <= 12; i++) {
		put_hex(&o, "0000");
		o.b[o.n++] = (uint8_t)(i << 4 | (i == 12));
		o.b[o.n++] = 64;
	}
	put_hex(&o, IP4_TCP TCP);
	p = parse(LINK_ETHERNET, &o);
	is_u64(p.n_labels, PACKET_LABELS_MAX, "of a stack of 12 labels 10 are kept");
	is_u64(p.label[9] >> 12, 10, "the first ones");
	ok(packet_has(&p, PACKET_TCP_FLAGS), "and the packet at its bottom is read");
}

static void
test_elements(void)
{
	is_u64(packet_element(PACKET_SRC, false), 8, "a source address is element 8");
	is_u64(packet_element(PACKET_SRC, true), 27, "or 27");
	is_u64(packet_element(PACKET_ICMP_CODE, true), 179, "a code of ICMPv6 has its own");
	for (unsigned f = 0; f < PACKET_FIELDS; f++)
		if (packet_element((enum packet_field)f, false) == 0 ||
		    packet_element((enum packet_field)f, true) == 0)
			ok(false, "field %u is an element", f);
}

int
main(void)
{
	test_samples();
	test_cut();
	test_payload();
	test_labels();
	test_elements();
	return done_testing();
}
