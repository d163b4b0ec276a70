/*
 * udp.h - UDP sockets: many datagrams a call in, one out.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include "base/err.h"
#include "net/datagram.h"

/*
 * Listen on [HOST:]PORT ([::1]:2055, 127.0.0.1:0, 2055: every address of both families; port 0: one
 * the kernel chooses, see udp_port).  Asks for a receive buffer of rcvbuf octets (SO_RCVBUFFORCE
 * where allowed); *granted is what the kernel gave.  A non-blocking fd, or -1 with err.
 */
int udp_listen(const char *address, int rcvbuf, int *granted, struct err *);
uint16_t udp_port(int fd);

/* A connected socket for sending to HOST:PORT; source may be NULL.  -1 with err. */
int udp_connect(const char *address, struct err *);

enum { UDP_BATCH = 64, UDP_DATAGRAM_MAX = 65535 };

/* Receive buffers for one thread. */
struct udp_receiver;
struct udp_receiver *udp_receiver_new(void);
void udp_receiver_free(struct udp_receiver *);

/*
 * Take what is waiting, at most UDP_BATCH: datagrams with *out borrowed until the next call.
 * Returns how many (0: nothing waits), -1 with errno.  *drops: the kernel's count of datagrams dropped on this
 * socket so far (SO_RXQ_OVFL), when it says.
 */
int udp_receive(struct udp_receiver *, int fd, struct datagram *out, uint32_t *drops);

#endif
