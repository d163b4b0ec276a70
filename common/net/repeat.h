/*
 * repeat.h - datagrams sent on to another collector as they came.
 *
 * Spoofed, they keep the exporter's address and port as their source, as the other collector needs it to tell
 * exporters apart; that takes a raw socket (CAP_NET_RAW) and works within one family of addresses only.
 * Nothing is held back: what the kernel does not take at once is counted and dropped.
 */
#ifndef NET_REPEAT_H
#define NET_REPEAT_H

#include "net/address.h"
#include "net/datagram.h"

struct repeat;

/* To a destination; for one thread.  NULL with err. */
struct repeat *repeat_open(const struct address *, bool spoof, struct err *);
void repeat_close(struct repeat *); /* takes NULL */

void repeat_send(struct repeat *, const struct datagram *, unsigned n);

struct repeat_stats {
	uint64_t sent, failed;
};
struct repeat_stats repeat_stats(const struct repeat *);

#endif
