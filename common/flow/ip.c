/*
 * ip.c - IPv4 (RFC 791), IPv6 (RFC 8200) and UDP (RFC 768) headers.
 */
#include "flow/ip.h"

enum { IP4_HEADER = 20, IP6_HEADER = 40 };

/* Where the fields of a header end: what of it is whole when it was cut. */
struct extent {
	uint8_t field, end;
};

static const struct extent ip4_extents[] = {
	{ PACKET_VERSION, 1 },
	{ PACKET_TOS, 2 },
	{ PACKET_LENGTH, 4 },
	{ PACKET_FRAGMENT_ID, 6 },
	{ PACKET_FRAGMENT_OFFSET, 8 },
	{ PACKET_FRAGMENT_FLAGS, 8 },
	{ PACKET_TTL, 9 },
	{ PACKET_PROTO, 10 },
	{ PACKET_SRC, 16 },
	{ PACKET_DST, 20 },
};

static const struct extent ip6_extents[] = {
	{ PACKET_VERSION, 1 },
	{ PACKET_TOS, 2 },
	{ PACKET_FLOW_LABEL, 4 },
	{ PACKET_LENGTH, 6 },
	{ PACKET_TTL, 8 },
	{ PACKET_SRC, 24 },
	{ PACKET_DST, 40 },
};

#define EXTENTS(list) list, sizeof(list) / sizeof((list)[0])

static void
set_whole(struct packet *p, const struct extent *e, size_t n, size_t have)
{
	for (size_t i = 0; i < n; i++)
		p->has |= (uint64_t)(e[i].end <= have) << e[i].field;
}

/* The first n octets, zeros for those that were cut; returns how many there are. */
static size_t
take_header(struct cursor *c, uint8_t *header, size_t n)
{
	size_t have = cur_left(c) < n ? cur_left(c) : n;

	memset(header, 0, n);
	if (have > 0)
		memcpy(header, cur_octets(c, have), have);
	return have;
}

/*
 * What the header declares of what is left; a declared length of 0 is a packet that the
 * sending host left for its network card to cut (segmentation offload): all there is.
 */
static void
set_payload(struct packet *p, struct cursor *c, size_t declared)
{
	size_t have = cur_left(c);

	p->payload_len = declared;
	p->payload = cur_sub(c, have < declared ? have : declared);
}

bool
ip4_parse(struct cursor c, struct packet *p)
{
	size_t captured = cur_left(&c), header, total, have;
	uint8_t h[IP4_HEADER];
	uint16_t fragment;

	have = take_header(&c, h, sizeof h);
	if (have == 0 || h[0] >> 4 != 4)
		return false;
	set_whole(p, EXTENTS(ip4_extents), have);
	p->version = 4;
	p->tos = h[1];
	p->length = (uint32_t)be_uint(h + 2, 2);
	if (p->length == 0)
		p->has &= ~(UINT64_C(1) << PACKET_LENGTH);
	p->id = (uint32_t)be_uint(h + 4, 2);
	fragment = (uint16_t)be_uint(h + 6, 2);
	p->more = (fragment & 0x2000) != 0;
	p->offset = (uint16_t)((fragment & 0x1fff) * 8);
	p->fragment = p->more || p->offset != 0;
	p->fragment_flags = (uint8_t)(fragment >> 8 & 0xe0);
	p->ttl = h[8];
	p->proto = h[9];
	p->src = addr_v4((uint32_t)be_uint(h + 12, 4));
	p->dst = addr_v4((uint32_t)be_uint(h + 16, 4));

	header = (size_t)(h[0] & 15) * 4;
	total = p->length != 0 ? p->length : captured;
	if (have < IP4_HEADER || header < IP4_HEADER || total < header)
		return false;
	cur_skip(&c, header - IP4_HEADER);
	if (c.bad)
		return false;
	set_payload(p, &c, total - header);
	return true;
}

/* One extension header, whose number is p->proto, off the payload. */
static void
strip_extension(struct packet *p, struct cursor *c)
{
	enum { AH = 51 };
	bool ah = p->proto == AH;
	size_t length;

	p->proto = cur_u8(c);
	/* AH counts in units of 4 octets, less 2 (RFC 4302 2.2); the others in 8, less 1. */
	length = cur_u8(c);
	cur_skip(c, (ah ? (length + 2) * 4 : (length + 1) * 8) - 2);
}

static void
strip_fragment(struct packet *p, struct cursor *c)
{
	uint16_t offset;

	p->proto = cur_u8(c);
	cur_skip(c, 1);
	offset = cur_u16(c);
	p->id = cur_u32(c);
	if (c->bad)
		return;
	p->offset = offset & 0xfff8;
	p->more = (offset & 1) != 0;
	p->fragment_flags = p->more ? 0x20 : 0;
	/* An atomic fragment is a whole packet (RFC 6946). */
	p->fragment = p->more || p->offset != 0;
	packet_set(p, PACKET_FRAGMENT_ID);
	packet_set(p, PACKET_FRAGMENT_OFFSET);
	packet_set(p, PACKET_FRAGMENT_FLAGS);
}

static bool
walk_extensions(struct packet *p)
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
	struct cursor *c = &p->payload;

	for (;;) {
		size_t before = cur_left(c);
		bool fragment = p->fragment;

		switch (p->proto) {
		case HOP:
		case ROUTING:
		case DESTINATION:
		case MOBILITY:
		case HIP:
		case SHIM6:
		case AH: strip_extension(p, c); break;
		case FRAGMENT:
			if (packet_has(p, PACKET_FRAGMENT_ID))
				return true; /* RFC 8200 4.1: at most one */
			strip_fragment(p, c);
			break;
		default: return true;
		}
		if (c->bad || before - cur_left(c) > p->payload_len)
			return false;
		p->payload_len -= before - cur_left(c);
		if (p->fragment && !fragment)
			return true;
	}
}

bool
ip6_extensions(struct packet *p)
{
	bool good;

	p->has &= ~(UINT64_C(1) << PACKET_PROTO);
	good = walk_extensions(p);
	if (good)
		packet_set(p, PACKET_PROTO);
	return good;
}

bool
ip6_parse(struct cursor c, struct packet *p)
{
	uint8_t h[IP6_HEADER];
	size_t have = take_header(&c, h, sizeof h), length;

	if (have == 0 || h[0] >> 4 != 6)
		return false;
	set_whole(p, EXTENTS(ip6_extents), have);
	p->version = 6;
	p->tos = (uint8_t)(be_uint(h, 2) >> 4);
	p->flow_label = (uint32_t)be_uint(h, 4) & 0xfffff;
	length = be_uint(h + 4, 2);
	p->length = (uint32_t)(length + IP6_HEADER);
	if (length == 0) /* a jumbogram (RFC 2675), or as IPv4's 0 */
		p->has &= ~(UINT64_C(1) << PACKET_LENGTH);
	p->proto = h[6];
	p->ttl = h[7];
	memcpy(p->src.b, h + 8, 16);
	memcpy(p->dst.b, h + 24, 16);
	if (have < IP6_HEADER)
		return false;
	set_payload(p, &c, length == 0 ? cur_left(&c) : length);
	return ip6_extensions(p);
}

bool
ip_udp(const struct packet *p, struct udp_header *udp)
{
	struct cursor c = p->payload;
	size_t length, have;

	udp->src_port = cur_u16(&c);
	udp->dst_port = cur_u16(&c);
	length = cur_u16(&c);
	cur_skip(&c, 2);
	if (length == 0)
		length = p->payload_len;
	if (c.bad || length < 8 || length > p->payload_len)
		return false;
	udp->data_len = length - 8;
	have = cur_left(&c);
	udp->data = cur_sub(&c, have < udp->data_len ? have : udp->data_len);
	return true;
}
