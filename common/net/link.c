/*
 * link.c - link layers of captures.
 *
 * Source of numbers and layouts: https://www.tcpdump.org/linktypes.html (2026-11-01), pcap/dlt.h.
 */
#include "net/link.h"

enum dlt {
	DLT_NUMBER_NULL = 0,
	DLT_NUMBER_EN10MB = 1,
	DLT_NUMBER_PPP = 9,
	DLT_NUMBER_RAW = 12, /* Linux and most systems */
	DLT_NUMBER_PPP_SERIAL = 50,
	DLT_NUMBER_RAW_FILE = 101, /* LINKTYPE_RAW, where a library does not map it to 12 */
	DLT_NUMBER_LOOP = 108,
	DLT_NUMBER_LINUX_SLL = 113,
	DLT_NUMBER_IPV4 = 228,
	DLT_NUMBER_IPV6 = 229,
	DLT_NUMBER_LINUX_SLL2 = 276,
};

enum ethertype {
	ETHERTYPE_NUMBER_IP4 = 0x0800,
	ETHERTYPE_NUMBER_IP6 = 0x86dd,
	ETHERTYPE_NUMBER_VLAN = 0x8100, /* IEEE 802.1Q */
	ETHERTYPE_NUMBER_QINQ = 0x88a8, /* IEEE 802.1ad */
	ETHERTYPE_NUMBER_QINQ_OLD = 0x9100,
};

bool
link_known(int dlt)
{
	switch (dlt) {
	case DLT_NUMBER_NULL:
	case DLT_NUMBER_EN10MB:
	case DLT_NUMBER_PPP:
	case DLT_NUMBER_RAW:
	case DLT_NUMBER_PPP_SERIAL:
	case DLT_NUMBER_RAW_FILE:
	case DLT_NUMBER_LOOP:
	case DLT_NUMBER_LINUX_SLL:
	case DLT_NUMBER_IPV4:
	case DLT_NUMBER_IPV6:
	case DLT_NUMBER_LINUX_SLL2: return true;
	default: return false;
	}
}

/* The network layer by EtherType, behind any number of VLAN tags. */
static enum link_network
by_ethertype(struct cursor *c, uint16_t type)
{
	while (!c->bad && (type == ETHERTYPE_NUMBER_VLAN || type == ETHERTYPE_NUMBER_QINQ ||
			      type == ETHERTYPE_NUMBER_QINQ_OLD)) {
		cur_skip(c, 2);
		type = cur_u16(c);
	}
	if (c->bad)
		return LINK_SHORT;
	switch (type) {
	case ETHERTYPE_NUMBER_IP4: return LINK_IP4;
	case ETHERTYPE_NUMBER_IP6: return LINK_IP6;
	default: return LINK_OTHER;
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
by_ppp(struct cursor *c, bool serial)
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
		return by_ethertype(c, cur_u16(c));
	}
	protocol = cur_u8(c);
	if ((protocol & 1) == 0)
		protocol = (uint16_t)(protocol << 8 | cur_u8(c));
	if (c->bad)
		return LINK_SHORT;
	return protocol == 0x21 ? LINK_IP4 : protocol == 0x57 ? LINK_IP6 : LINK_OTHER;
}

enum link_network
link_strip(int dlt, struct cursor *c)
{
	uint16_t type;

	switch (dlt) {
	case DLT_NUMBER_NULL:
	case DLT_NUMBER_LOOP: return by_family(c);
	case DLT_NUMBER_PPP: return by_ppp(c, false);
	case DLT_NUMBER_PPP_SERIAL: return by_ppp(c, true);
	case DLT_NUMBER_EN10MB: cur_skip(c, 12); return by_ethertype(c, cur_u16(c));
	case DLT_NUMBER_LINUX_SLL: cur_skip(c, 14); return by_ethertype(c, cur_u16(c));
	case DLT_NUMBER_LINUX_SLL2:
		type = cur_u16(c);
		cur_skip(c, 18);
		return by_ethertype(c, type);
	case DLT_NUMBER_RAW:
	case DLT_NUMBER_RAW_FILE:
	case DLT_NUMBER_IPV4:
	case DLT_NUMBER_IPV6: return by_version(c);
	default: return LINK_OTHER;
	}
}
