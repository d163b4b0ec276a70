/*
 * link.c - link layers, VLAN tags and MPLS labels.
 *
 * Source of numbers and layouts: https://www.tcpdump.org/linktypes.html (2026-11-01), pcap/dlt.h.
 */
#include "flow/link.h"

enum ethertype {
	ETHERTYPE_NUMBER_IP4 = 0x0800,
	ETHERTYPE_NUMBER_IP6 = 0x86dd,
	ETHERTYPE_NUMBER_VLAN = 0x8100, /* IEEE 802.1Q */
	ETHERTYPE_NUMBER_QINQ = 0x88a8, /* IEEE 802.1ad */
	ETHERTYPE_NUMBER_QINQ_OLD = 0x9100,
	ETHERTYPE_NUMBER_MPLS = 0x8847, /* RFC 3032 5, RFC 5332 */
	ETHERTYPE_NUMBER_MPLS_OTHER = 0x8848,
	ETHERTYPE_LEAST = 0x0600, /* below: the length of an IEEE 802.3 frame */
};

bool
link_known(int dlt)
{
	switch (dlt) {
	case LINK_NULL:
	case LINK_ETHERNET:
	case LINK_PPP:
	case LINK_RAW:
	case LINK_PPP_SERIAL:
	case LINK_RAW_FILE:
	case LINK_LOOP:
	case LINK_LINUX_SLL:
	case LINK_IPV4:
	case LINK_IPV6:
	case LINK_LINUX_SLL2: return true;
	default: return false;
	}
}

/* The version is in the packet itself. */
static enum link_network
by_version(const struct cursor *c)
{
	struct cursor look = *c;
	unsigned version = cur_u8(&look) >> 4;

	if (look.bad)
		return LINK_SHORT;
	return version == 4 ? LINK_IP4 : version == 6 ? LINK_IP6 : LINK_OTHER;
}

static bool
is_tag(uint16_t type)
{
	return type == ETHERTYPE_NUMBER_VLAN || type == ETHERTYPE_NUMBER_QINQ ||
	       type == ETHERTYPE_NUMBER_QINQ_OLD;
}

/* VLAN tags, of which the first two are kept; returns the type behind them. */
static uint16_t
strip_tags(struct cursor *c, uint16_t type, struct packet *p)
{
	for (unsigned n = 0; !c->bad && is_tag(type); n++) {
		uint16_t tag = cur_u16(c);

		if (n < 2 && !c->bad) {
			p->tag[n] = tag;
			packet_set(p, n == 0 ? PACKET_VLAN : PACKET_CVLAN);
			packet_set(p, n == 0 ? PACKET_PRIORITY : PACKET_CPRIORITY);
		}
		type = cur_u16(c);
	}
	return type;
}

/* Stack entries to the bottom: 20 bits label, 3 class, 1 bottom, 8 TTL (RFC 3032 2.1). */
static enum link_network
by_labels(struct cursor *c, struct packet *p)
{
	uint32_t entry;

	do {
		entry = cur_u32(c);
		if (c->bad)
			return LINK_SHORT;
		if (p->n_labels < PACKET_LABELS_MAX)
			p->label[p->n_labels++] = entry;
		packet_set(p, PACKET_LABELS);
	} while ((entry & 0x100) == 0);
	return by_version(c);
}

/* The network layer by EtherType, behind any number of VLAN tags and MPLS labels. */
static enum link_network
by_ethertype(struct cursor *c, uint16_t type, struct packet *p)
{
	type = strip_tags(c, type, p);
	if (c->bad)
		return LINK_SHORT;
	if (type < ETHERTYPE_LEAST)
		return LINK_OTHER;
	p->ethertype = type;
	packet_set(p, PACKET_ETHERTYPE);
	switch (type) {
	case ETHERTYPE_NUMBER_IP4: return LINK_IP4;
	case ETHERTYPE_NUMBER_IP6: return LINK_IP6;
	case ETHERTYPE_NUMBER_MPLS:
	case ETHERTYPE_NUMBER_MPLS_OTHER: return by_labels(c, p);
	default: return LINK_OTHER;
	}
}

static enum link_network
by_ethernet(struct cursor *c, struct packet *p)
{
	p->dst_mac = cur_uint(c, 6);
	if (!c->bad)
		packet_set(p, PACKET_DST_MAC);
	p->src_mac = cur_uint(c, 6);
	if (!c->bad)
		packet_set(p, PACKET_SRC_MAC);
	return by_ethertype(c, cur_u16(c), p);
}

/*
 * The address family of the capturing system, in its octet order: IPv6 is 10 on Linux, 24 on
 * NetBSD and OpenBSD, 28 on FreeBSD, 30 on Darwin.  Families are small, so the order is evident.
 */
static enum link_network
by_family(struct cursor *c)
{
	uint32_t family = cur_u32(c);

	if (c->bad)
		return LINK_SHORT;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2: return LINK_IP4;
	case 10:
	case 24:
	case 28:
	case 30: return LINK_IP6;
	default: return LINK_OTHER;
	}
}

/*
 * PPP (RFC 1661): protocol of two octets, or one where its low bit says so; HDLC framing (RFC 1662)
 * puts FF 03 before it.  PPP_SERIAL may also hold Cisco HDLC (RFC 4349 4.1): 0F or 8F, 00, EtherType.
 */
static enum link_network
by_ppp(struct cursor *c, bool serial, struct packet *p)
{
	struct cursor look = *c;
	uint16_t head = cur_u16(&look);
	uint16_t protocol;

	if (look.bad)
		return LINK_SHORT;
	if (head == 0xff03) {
		*c = look;
	} else if (serial && (head == 0x0f00 || head == 0x8f00)) {
		*c = look;
		return by_ethertype(c, cur_u16(c), p);
	}
	protocol = cur_u8(c);
	if ((protocol & 1) == 0)
		protocol = (uint16_t)(protocol << 8 | cur_u8(c));
	if (c->bad)
		return LINK_SHORT;
	return protocol == 0x21 ? LINK_IP4 : protocol == 0x57 ? LINK_IP6 : LINK_OTHER;
}

static enum link_network
by_layer(int dlt, struct cursor *c, struct packet *p)
{
	uint16_t type;

	switch (dlt) {
	case LINK_NULL:
	case LINK_LOOP: return by_family(c);
	case LINK_PPP: return by_ppp(c, false, p);
	case LINK_PPP_SERIAL: return by_ppp(c, true, p);
	case LINK_ETHERNET: return by_ethernet(c, p);
	case LINK_LINUX_SLL: cur_skip(c, 14); return by_ethertype(c, cur_u16(c), p);
	case LINK_LINUX_SLL2:
		type = cur_u16(c);
		cur_skip(c, 18);
		return by_ethertype(c, type, p);
	case LINK_RAW:
	case LINK_RAW_FILE:
	case LINK_IPV4:
	case LINK_IPV6: return by_version(c);
	default: return LINK_OTHER;
	}
}

enum link_network
link_parse(int dlt, struct cursor *c, struct packet *p)
{
	enum link_network network = by_layer(dlt, c, p);
	size_t at = cur_offset(c);

	p->network_at = (uint16_t)(at < UINT16_MAX ? at : UINT16_MAX);
	return network;
}
