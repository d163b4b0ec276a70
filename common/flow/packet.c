/*
 * packet.c - a packet from its link layer to its ports.
 */
#include "flow/packet.h"
#include "flow/ip.h"
#include "flow/link.h"

enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_ICMP6 = 58,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136
};

static void
parse_ports(struct packet *p, struct cursor *c)
{
	p->src_port = cur_u16(c);
	if (!c->bad)
		packet_set(p, PACKET_SRC_PORT);
	p->dst_port = cur_u16(c);
	if (!c->bad)
		packet_set(p, PACKET_DST_PORT);
}

static void
parse_tcp(struct packet *p, struct cursor *c)
{
	parse_ports(p, c);
	cur_skip(c, 8);
	p->tcp_flags = cur_u16(c) & 0x0fff;
	if (!c->bad)
		packet_set(p, PACKET_TCP_FLAGS);
}

static void
parse_icmp(struct packet *p, struct cursor *c)
{
	p->icmp_type = cur_u8(c);
	if (!c->bad)
		packet_set(p, PACKET_ICMP_TYPE);
	p->icmp_code = cur_u8(c);
	if (!c->bad)
		packet_set(p, PACKET_ICMP_CODE);
}

static void
parse_transport(struct packet *p)
{
	struct cursor c = p->payload;

	switch (p->proto) {
	case PROTO_TCP: parse_tcp(p, &c); break;
	case PROTO_UDP:
	case PROTO_UDPLITE:
	case PROTO_SCTP:
	case PROTO_DCCP: parse_ports(p, &c); break;
	case PROTO_ICMP:
		if (p->version == 4)
			parse_icmp(p, &c);
		break;
	case PROTO_ICMP6:
		if (p->version == 6)
			parse_icmp(p, &c);
		break;
	default: break;
	}
}

/* The first fragment has the transport header, behind what extension headers there still are. */
static bool
reaches_transport(struct packet *p)
{
	if (p->offset != 0)
		return false;
	return !p->fragment || p->version == 4 || ip6_extensions(p);
}

void
packet_parse(struct packet *p, int dlt, struct cursor c)
{
	bool good = false;

	*p = (struct packet){ .has = 0 };
	switch (link_parse(dlt, &c, p)) {
	case LINK_IP4: good = ip4_parse(c, p); break;
	case LINK_IP6: good = ip6_parse(c, p); break;
	case LINK_OTHER:
	case LINK_SHORT: break;
	}
	if (good && reaches_transport(p))
		parse_transport(p);
}

/* { over IPv4, over IPv6 } */
static const uint16_t elements[PACKET_FIELDS][2] = {
	[PACKET_SRC_MAC] = { 56, 56 },
	[PACKET_DST_MAC] = { 80, 80 },
	[PACKET_ETHERTYPE] = { 256, 256 },
	[PACKET_VLAN] = { 243, 243 },
	[PACKET_PRIORITY] = { 244, 244 },
	[PACKET_CVLAN] = { 245, 245 },
	[PACKET_CPRIORITY] = { 246, 246 },
	[PACKET_LABELS] = { 70, 70 },
	[PACKET_VERSION] = { 60, 60 },
	[PACKET_TOS] = { 5, 5 },
	[PACKET_FLOW_LABEL] = { 31, 31 },
	[PACKET_LENGTH] = { 224, 224 },
	[PACKET_TTL] = { 192, 192 },
	[PACKET_PROTO] = { 4, 4 },
	[PACKET_SRC] = { 8, 27 },
	[PACKET_DST] = { 12, 28 },
	[PACKET_FRAGMENT_ID] = { 54, 54 },
	[PACKET_FRAGMENT_OFFSET] = { 88, 88 },
	[PACKET_FRAGMENT_FLAGS] = { 197, 197 },
	[PACKET_SRC_PORT] = { 7, 7 },
	[PACKET_DST_PORT] = { 11, 11 },
	[PACKET_TCP_FLAGS] = { 6, 6 },
	[PACKET_ICMP_TYPE] = { 176, 178 },
	[PACKET_ICMP_CODE] = { 177, 179 },
};

uint16_t
packet_element(enum packet_field f, bool v6)
{
	return elements[f][v6];
}

uint64_t
packet_uint(const struct packet *p, enum packet_field f)
{
	switch (f) {
	case PACKET_SRC_MAC: return p->src_mac;
	case PACKET_DST_MAC: return p->dst_mac;
	case PACKET_ETHERTYPE: return p->ethertype;
	case PACKET_VLAN: return p->tag[0] & 0xfff;
	case PACKET_PRIORITY: return p->tag[0] >> 13;
	case PACKET_CVLAN: return p->tag[1] & 0xfff;
	case PACKET_CPRIORITY: return p->tag[1] >> 13;
	case PACKET_VERSION: return p->version;
	case PACKET_TOS: return p->tos;
	case PACKET_FLOW_LABEL: return p->flow_label;
	case PACKET_LENGTH: return p->length;
	case PACKET_TTL: return p->ttl;
	case PACKET_PROTO: return p->proto;
	case PACKET_FRAGMENT_ID: return p->id;
	case PACKET_FRAGMENT_OFFSET: return p->offset / 8u; /* in units of the header */
	case PACKET_FRAGMENT_FLAGS: return p->fragment_flags;
	case PACKET_SRC_PORT: return p->src_port;
	case PACKET_DST_PORT: return p->dst_port;
	case PACKET_TCP_FLAGS: return p->tcp_flags;
	case PACKET_ICMP_TYPE: return p->icmp_type;
	case PACKET_ICMP_CODE: return p->icmp_code;
	case PACKET_LABELS:
	case PACKET_SRC:
	case PACKET_DST:
	case PACKET_FIELDS: break;
	}
	return 0;
}
