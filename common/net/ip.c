/*
 * ip.c - IPv4 (RFC 791), IPv6 (RFC 8200) and UDP (RFC 768) headers.
 */
#include "net/ip.h"

/*
 * What the header declares of what is left; a declared length of 0 is a packet that the
 * sending host left for its network card to cut (segmentation offload): all there is.
 */
static void
set_payload(struct ip_packet *ip, struct cursor *c, size_t declared)
{
	size_t have = cur_left(c);

	ip->payload_len = declared;
	ip->payload = cur_sub(c, have < declared ? have : declared);
}

bool
ip4_parse(struct cursor c, struct ip_packet *ip)
{
	size_t have = cur_left(&c), header, total;
	uint8_t first = cur_u8(&c);
	uint16_t fragment;

	*ip = (struct ip_packet){ .v6 = false };
	cur_skip(&c, 1);
	total = cur_u16(&c);
	ip->id = cur_u16(&c);
	fragment = cur_u16(&c);
	cur_skip(&c, 1);
	ip->proto = cur_u8(&c);
	cur_skip(&c, 2);
	ip->src = addr_v4(cur_u32(&c));
	ip->dst = addr_v4(cur_u32(&c));
	header = (size_t)(first & 15) * 4;
	if (c.bad || first >> 4 != 4 || header < 20)
		return false;
	cur_skip(&c, header - 20);
	if (total == 0)
		total = have;
	if (c.bad || total < header)
		return false;
	ip->more = (fragment & 0x2000) != 0;
	ip->offset = (uint16_t)((fragment & 0x1fff) * 8);
	ip->fragment = ip->more || ip->offset != 0;
	set_payload(ip, &c, total - header);
	return true;
}

bool
ip6_extensions(struct ip_packet *ip)
{
	enum {
		HOP = 0,
		ROUTING = 43,
		FRAGMENT = 44,
		AH = 51,
		DESTINATION = 60,
		MOBILITY = 135,
		HIP = 139,
		SHIM6 = 140
	};
	struct cursor *c = &ip->payload;

	for (;;) {
		size_t before = cur_left(c), length;
		uint8_t proto = ip->proto;
		uint16_t offset;

		switch (proto) {
		case HOP:
		case ROUTING:
		case DESTINATION:
		case MOBILITY:
		case HIP:
		case SHIM6:
		case AH:
			ip->proto = cur_u8(c);
			/* AH counts in units of 4 octets, less 2 (RFC 4302 2.2); the others in 8, less 1. */
			length = cur_u8(c);
			length = proto == AH ? (length + 2) * 4 : (length + 1) * 8;
			cur_skip(c, length - 2);
			break;
		case FRAGMENT:
			ip->proto = cur_u8(c);
			cur_skip(c, 1);
			offset = cur_u16(c);
			ip->id = cur_u32(c);
			ip->offset = offset & 0xfff8;
			ip->more = (offset & 1) != 0;
			/* An atomic fragment is a whole packet (RFC 6946). */
			ip->fragment = ip->more || ip->offset != 0;
			break;
		default: return true;
		}
		if (c->bad || before - cur_left(c) > ip->payload_len)
			return false;
		ip->payload_len -= before - cur_left(c);
		if (ip->fragment)
			return true;
	}
}

bool
ip6_parse(struct cursor c, struct ip_packet *ip)
{
	uint8_t first = cur_u8(&c);
	const uint8_t *src, *dst;
	size_t length;

	*ip = (struct ip_packet){ .v6 = true };
	cur_skip(&c, 3);
	length = cur_u16(&c);
	ip->proto = cur_u8(&c);
	cur_skip(&c, 1);
	src = cur_octets(&c, 16);
	dst = cur_octets(&c, 16);
	if (c.bad || first >> 4 != 6)
		return false;
	memcpy(ip->src.b, src, 16);
	memcpy(ip->dst.b, dst, 16);
	set_payload(ip, &c, length == 0 ? cur_left(&c) : length);
	return ip6_extensions(ip);
}

bool
ip_udp(const struct ip_packet *ip, struct udp_header *udp)
{
	struct cursor c = ip->payload;
	size_t length, have;

	udp->src_port = cur_u16(&c);
	udp->dst_port = cur_u16(&c);
	length = cur_u16(&c);
	cur_skip(&c, 2);
	if (length == 0)
		length = ip->payload_len;
	if (c.bad || length < 8 || length > ip->payload_len)
		return false;
	udp->data_len = length - 8;
	have = cur_left(&c);
	udp->data = cur_sub(&c, have < udp->data_len ? have : udp->data_len);
	return true;
}
