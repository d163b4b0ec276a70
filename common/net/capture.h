/*
 * capture.h - export messages out of a packet capture (pcap, pcapng through libpcap).
 *
 * Link layers: Ethernet, Linux cooked v1 and v2, raw IP, null/loop, PPP, with VLAN tags and MPLS labels;
 * others are refused by name.  IPv4 and IPv6 fragments are reassembled, bounded in number, octets and age.
 * What is no UDP datagram is counted and skipped.
 */
#ifndef NET_CAPTURE_H
#define NET_CAPTURE_H

#include "base/err.h"
#include "net/frame.h"

struct capture;

/* Recognised by its first 4 octets? */
bool capture_recognise(const void *, size_t);

/*
 * Start reading.  Owns fd from here, also on failure: NULL with err.  Octets already taken from fd
 * by recognising come first (they are copied).
 */
struct capture *capture_open(int fd, const void *head, size_t head_len, struct err *);

/* 1 a datagram (data valid until the next call), 0 the end, -1 err (truncated file: what was whole
 * came first). */
int capture_next(struct capture *, struct datagram *, struct err *);
const struct capture_stats *capture_stats(const struct capture *);
void capture_close(struct capture *);

#endif
