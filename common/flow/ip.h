/*
 * ip.h - IPv4 and IPv6 headers down to what they carry.
 *
 * Lengths are those that the headers declare and that the capture holds; the difference is what
 * the capture's snap length cut off.  Checksums are not verified: captures taken on the sending
 * host hold unfinished ones.
 */
#ifndef FLOW_IP_H
#define FLOW_IP_H

#include "flow/packet.h"

enum { IP_PROTO_UDP = 17 };

/*
 * Fill in the IP part of a packet; the cursor is at its header.  false: malformed, or cut within the
 * headers; the packet has the fields that are whole, and no payload.
 */
bool ip4_parse(struct cursor, struct packet *);
bool ip6_parse(struct cursor, struct packet *);

/*
 * Walk the extension headers before the payload (RFC 8200 4); stops behind a fragment header.
 * Those behind it are walked by another call: of a first fragment, or when the packet is reassembled.
 */
bool ip6_extensions(struct packet *);

struct udp_header {
	uint16_t src_port, dst_port;
	struct cursor data; /* as captured */
	size_t data_len; /* as declared */
};
bool ip_udp(const struct packet *, struct udp_header *);

#endif
