/*
 * ip.h - IPv4 and IPv6 packets down to what they carry.
 *
 * Lengths are those that the headers declare and that the capture holds; the difference is what
 * the capture's snap length cut off.  Checksums are not verified: captures taken on the sending
 * host hold unfinished ones.
 */
#ifndef NET_IP_H
#define NET_IP_H

#include "base/addr.h"
#include "base/cursor.h"

enum { IP_PROTO_UDP = 17 };

struct ip_packet {
	struct addr src, dst;
	struct cursor payload; /* as captured */
	size_t payload_len; /* as declared; more than the payload when the capture cut it */
	uint32_t id; /* of a fragment */
	uint16_t offset; /* of a fragment, in octets */
	uint8_t proto; /* of the payload */
	bool v6, fragment, more;
};

/* false: malformed, or cut within the headers. */
bool ip4_parse(struct cursor, struct ip_packet *);
bool ip6_parse(struct cursor, struct ip_packet *);

/*
 * Walk the extension headers before the payload (RFC 8200 4); stops behind a fragment header.
 * For a reassembled IPv6 packet: call it again, those behind the fragment header are in its payload.
 */
bool ip6_extensions(struct ip_packet *);

struct udp_header {
	uint16_t src_port, dst_port;
	struct cursor data; /* as captured */
	size_t data_len; /* as declared */
};
bool ip_udp(const struct ip_packet *, struct udp_header *);

#endif
