/*
 * link.h - link layers of captures: from a frame to the IP packet in it.
 *
 * Numbers are those that libpcap's pcap_datalink() returns; kept here so that capture.c alone knows
 * libpcap.
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "base/cursor.h"

enum link_network {
	LINK_IP4,
	LINK_IP6,
	LINK_OTHER, /* no IP: ARP, LLDP, spanning tree ... */
	LINK_SHORT, /* ends within the link header */
};

/* Do we know this link layer? */
bool link_known(int dlt);

/* Move the cursor behind the link header. Of a link layer that link_known() knows. */
enum link_network link_strip(int dlt, struct cursor *);

#endif
