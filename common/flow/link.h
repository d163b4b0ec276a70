/*
 * link.h - link layers of captured and sampled packets: from a frame to the IP packet in it.
 *
 * Numbers are those that libpcap's pcap_datalink() returns; kept here so that net/capture.c alone knows
 * libpcap.
 */
#ifndef FLOW_LINK_H
#define FLOW_LINK_H

#include "flow/packet.h"

enum link_layer {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_RAW = 12, /* IPv4 or IPv6; Linux and most systems */
	LINK_PPP_SERIAL = 50,
	LINK_RAW_FILE = 101, /* LINKTYPE_RAW, where a library does not map it to 12 */
	LINK_LOOP = 108,
	LINK_LINUX_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_LINUX_SLL2 = 276,
};

enum link_network {
	LINK_IP4,
	LINK_IP6,
	LINK_OTHER, /* no IP: ARP, LLDP, spanning tree ... */
	LINK_SHORT, /* ends within the link header */
};

/* Do we know this link layer? */
bool link_known(int dlt);

/*
 * Move the cursor behind the link header, VLAN tags and MPLS labels, and fill in what they say.  Of a
 * link layer that link_known() knows; LINK_OTHER else.
 */
enum link_network link_parse(int dlt, struct cursor *, struct packet *);

#endif
