/*
 * packet.h - what the headers of a packet say: its flow key and what else is in them.
 *
 * Packets come captured or sampled, often only their first octets.  The surprising rule: a member means
 * nothing unless its bit is in `has`.  A header that was cut gives the fields that are whole, one that
 * cannot be gives its fields but nothing behind it.  Tunnels are not followed: the outermost IP header
 * is the key.  Nothing is allocated; payload points into the octets that were parsed.
 */
#ifndef FLOW_PACKET_H
#define FLOW_PACKET_H

#include "base/addr.h"
#include "base/cursor.h"

enum { PACKET_LABELS_MAX = 10 }; /* IANA elements 70 to 79 */

/* A field is there where packet.has holds 1 << of it. */
enum packet_field {
	PACKET_SRC_MAC,
	PACKET_DST_MAC,
	PACKET_ETHERTYPE, /* behind VLAN tags; not a length (IEEE 802.3) */
	PACKET_VLAN, /* tag[0]: id and priority */
	PACKET_PRIORITY,
	PACKET_CVLAN, /* tag[1]: the customer's, inside the first (QinQ) */
	PACKET_CPRIORITY,
	PACKET_LABELS, /* n_labels */
	PACKET_VERSION,
	PACKET_TOS,
	PACKET_FLOW_LABEL,
	PACKET_LENGTH,
	PACKET_TTL,
	PACKET_PROTO,
	PACKET_SRC,
	PACKET_DST,
	PACKET_FRAGMENT_ID,
	PACKET_FRAGMENT_OFFSET,
	PACKET_FRAGMENT_FLAGS,
	PACKET_SRC_PORT,
	PACKET_DST_PORT,
	PACKET_TCP_FLAGS,
	PACKET_ICMP_TYPE,
	PACKET_ICMP_CODE,
	PACKET_FIELDS
};

struct packet {
	uint64_t has;

	uint64_t src_mac, dst_mac;
	uint16_t ethertype;
	uint16_t tag[2]; /* 3 bits priority, drop eligible, 12 bits VLAN (IEEE 802.1Q) */
	uint16_t network_at; /* where the network layer begins; 0 unknown link layer */
	uint32_t label[PACKET_LABELS_MAX]; /* stack entries as sent, the top first (RFC 3032) */
	uint8_t n_labels; /* kept; a longer stack is walked to its bottom */

	uint8_t version; /* 4, 6 */
	uint8_t tos, ttl; /* traffic class, hop limit */
	uint8_t proto; /* of the payload, behind extension headers */
	uint32_t flow_label;
	uint32_t length; /* IP total length, header included; no field where declared as 0 */
	struct addr src, dst;

	/* Whole packets have these too in IPv4, IPv6 in fragments only. */
	bool fragment, more; /* one of several; not the last */
	uint8_t fragment_flags; /* as IANA 197: 40 don't fragment, 20 more */
	uint16_t offset; /* octets */
	uint32_t id;

	struct cursor payload; /* of IP, as captured */
	size_t payload_len; /* as declared; more than the payload when the capture cut it */

	uint16_t src_port, dst_port; /* TCP, UDP, SCTP, UDP-Lite, DCCP */
	uint16_t tcp_flags; /* 12 bits: octets 13 and 14 less the offset (RFC 9293 3.1) */
	uint8_t icmp_type, icmp_code; /* ICMP over IPv4, ICMPv6 over IPv6 */
};

/* Parse what was captured from the link layer on; dlt: flow/link.h.  Every member is set. */
void packet_parse(struct packet *, int dlt, struct cursor);

/* The IANA element that a field is, 0 none; labels: the top one's. */
uint16_t packet_element(enum packet_field, bool v6);

/* The value of a number that the packet has; not of addresses and labels. */
uint64_t packet_uint(const struct packet *, enum packet_field);

static inline bool
packet_has(const struct packet *p, enum packet_field f)
{
	return (p->has >> f & 1) != 0;
}

static inline void
packet_set(struct packet *p, enum packet_field f)
{
	p->has |= UINT64_C(1) << f;
}

#endif
