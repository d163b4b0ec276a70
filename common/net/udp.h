/*
 * udp.h - UDP sockets: many datagrams a call in, one out.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "base/err.h"
#include "net/datagram.h"

/*
 * Listen on [HOST:]PORT ([::1]:2055, 127.0.0.1:0, 2055: every address of both families; port 0: one
 * the kernel chooses, see udp_local).  Asks for a receive buffer of rcvbuf octets (SO_RCVBUFFORCE
 * where allowed); *granted is what the kernel gave.  A non-blocking fd, or -1 with err.
 */
int udp_listen(const char *address, int rcvbuf, int *granted, struct err *);

/* Where a socket of ours is bound. -1 with errno. */
int udp_local(int fd, struct addr *, uint16_t *port);

/* ADDRESS:PORT as text, IPv6 in brackets; returns how many octets, at most UDP_NAME_MAX, no NUL. */
enum { UDP_NAME_MAX = 64 };
size_t udp_fmt(char *dst, const struct addr *, uint16_t port);

/* A connected, blocking socket for sending to HOST:PORT.  -1 with err. */
int udp_connect(const char *address, struct err *);

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
 * The kernel's count of datagrams dropped on this socket so far (SO_MEMINFO, Linux 4.12): what
 * SO_RXQ_OVFL tells, but exact at any moment and free of a control message per datagram.  0 when the
 * kernel does not say.
 */
uint32_t udp_drops(int fd);

/* Let nothing more in; what waits already can still be received.  -1 with errno. */
int udp_shut(int fd);

#endif
