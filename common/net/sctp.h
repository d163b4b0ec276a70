/*
 * sctp.h - the kernel's SCTP sockets, one-to-one style (RFC 6458 4), without a library.
 *
 * An association keeps the bounds of messages and has streams, in each of which IPFIX sequence numbers
 * count for themselves (RFC 7011 3.1).
 */
#ifndef NET_SCTP_H
#define NET_SCTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What an error from socket(2) means: that this kernel has no SCTP is said with what to do. */
const char *sctp_reason(int error);

/*
 * Have the kernel tell the stream of each message and an association's end: when it was ended from this
 * side nothing else makes its socket readable.  An accepted socket has this from its listener.
 */
void sctp_prepare(int fd);

/*
 * One message, or a piece of one: *end says that the message ends with it.  *stream is 0 where the
 * kernel does not tell.  Octets; 0 at the association's end; -1 with errno.
 */
ssize_t sctp_receive(int fd, void *, size_t n, uint16_t *stream, bool *end);

/* Chunks sent and not acknowledged, or waiting: 0 when all has arrived.  -1: the kernel does not say. */
int64_t sctp_in_flight(int fd);

#endif
