/*
 * capture.h - export messages out of a packet capture (pcap, pcapng through libpcap).
 *
 * Link layers: Ethernet with VLAN and QinQ, Linux cooked v1 and v2, raw IP, null/loop, PPP; others are
 * refused by name.  IPv4 and IPv6 fragments are reassembled, bounded in number, octets and age.
 * What is no UDP datagram is counted and skipped.
 */
#ifndef NET_CAPTURE_H
#define NET_CAPTURE_H

#include "base/err.h"
#include "net/datagram.h"

struct capture;
struct capture_stats {
	uint64_t packets, datagrams, not_udp, malformed, fragments, reassembled, fragments_dropped;
};

/* Recognised by its first 4 octets? */
bool capture_recognise(const void *, size_t);

/* path "-" is standard input.  NULL with err. */
struct capture *capture_open(const char *path, struct err *);

/* 1 a datagram (data valid until the next call), 0 the end, -1 err (truncated file: what was whole came first). */
int capture_next(struct capture *, struct datagram *, struct err *);
const struct capture_stats *capture_stats(const struct capture *);
void capture_close(struct capture *);

#endif
