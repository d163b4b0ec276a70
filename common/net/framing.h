/*
 * framing.h - IPFIX messages out of a stream of octets, however it is cut (RFC 7011 3.1, 10.4).
 *
 * A message says its own length; nothing marks where the next begins, so after a header that cannot be
 * the stream is of no more use and the connection must be closed.  Memory is held only for a message that
 * has begun and not ended, never more than twice what has arrived of it: a sender that announces
 * 65535 octets and sends ten costs 64.
 */
#ifndef NET_FRAMING_H
#define NET_FRAMING_H

#include "base/cursor.h"
#include "base/err.h"

enum { MESSAGE_HEADER = 16, MESSAGE_MAX = 65535 };

struct framing {
	uint8_t *held; /* the begin of a message */
	size_t len, cap;
	bool given; /* held was a whole message and was given out: the next call frees it */
};

/* Zero-initialise to start.  framing_free makes it empty again. */
void framing_free(struct framing *);

/*
 * The next whole message: what is held and then octets of *in, which moves past what was taken.
 * 1: *data and *len are it, valid until the next call here and as long as the octets of in; 0: in is used
 * up, what it ended with is held; -1: err, this is no IPFIX.
 */
int framing_next(
    struct framing *, struct cursor *in, const uint8_t **data, size_t *len, struct err *);

/* Did the octets so far end within a message?  Then err says how far it got. */
bool framing_incomplete(const struct framing *, struct err *);

#endif
