/*
 * udp.h - UDP sockets: many datagrams a call in, one out; several sockets at one port for workers.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "net/address.h"
#include "net/datagram.h"

/*
 * Listen with n non-blocking sockets for n workers, 1 <= n <= UDP_WORKERS_MAX: datagrams of one exporter, by its
 * address whatever its ports, all come to fds[udp_worker_of(address, n)].  rcvbuf: octets to ask for; *granted is
 * the least that the kernel gave.  Closing one socket changes the numbers of the others: close all.
 *
 * A multicast group is joined on the interface of its scope, without one on every interface there is now; of
 * other groups and of the port's unicast nothing is taken, but that a group of one link (ff02::/16) listened to on
 * all of them takes unicast too: the kernel binds such a group to one interface only.  A group's datagrams would come
 * to every socket, so it has one.
 *
 * Returns how many sockets there are: n, or 1 for a multicast group; -1 with err.
 */
enum { UDP_WORKERS_MAX = 256 };
int udp_listen_workers(
    const struct address *, int rcvbuf, unsigned n, int *fds, int *granted, struct err *);

/*
 * Choose among the first n sockets of fd's SO_REUSEPORT group, in the order in which they were bound,
 * by a classic BPF program that computes udp_worker_of(source address, n).  Also before fd is bound.
 * -1 with errno.
 */
int udp_steer(int fd, unsigned n);

/* The worker of an exporter, below n: what udp_steer's program computes from the IP header. */
unsigned udp_worker_of(const struct addr *, unsigned n);

/* A receive buffer of so many octets if the kernel allows; how many it gave. */
int udp_receive_buffer(int fd, int octets);

/*
 * A connected, blocking socket for sending; to a multicast group through the interface of its scope.
 * -1 with err.
 */
int udp_connect(const struct address *, struct err *);

enum { UDP_BATCH = 64, UDP_DATAGRAM_MAX = 65535 };

/* Receive buffers for one thread. */
struct udp_receiver;
struct udp_receiver *udp_receiver_new(void);
void udp_receiver_free(struct udp_receiver *);

/*
 * Take what is waiting, at most UDP_BATCH: datagrams with *out borrowed until the next call.
 * Returns how many (0: nothing waits), -1 with errno.
 */
int udp_receive(struct udp_receiver *, int fd, struct datagram *out);

/*
 * What the kernel says of a socket's receive queue (SO_MEMINFO, Linux 4.12).  used of size is how full
 * it is, in octets with the kernel's bookkeeping, which a datagram takes at least 256 of.  dropped is
 * the count of datagrams dropped so far: what SO_RXQ_OVFL tells, but exact at any moment and free of a
 * control message per datagram.  All 0 when the kernel does not say.
 */
struct udp_queue {
	uint32_t used, size, dropped;
};
struct udp_queue udp_queue(int fd);
uint32_t udp_drops(int fd);

/* Let nothing more in; what waits already can still be received.  -1 with errno. */
int udp_shut(int fd);

#endif
