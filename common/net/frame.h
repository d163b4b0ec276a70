/*
 * frame.h - one captured frame to the UDP datagram in it.
 *
 * What comes of every frame is counted: frames = datagrams + not_udp + malformed + fragments held or
 * dropped + fragments of reassembled datagrams but the last.
 */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include "net/datagram.h"

struct capture_stats {
	uint64_t packets; /* frames read */
	uint64_t datagrams; /* UDP datagrams given */
	uint64_t truncated; /* of them: cut by the capture's snap length */
	uint64_t not_udp; /* other protocols */
	uint64_t malformed; /* a link, IP or UDP header that cannot be, or is cut */
	uint64_t fragments; /* IP fragments among the frames */
	uint64_t reassembled; /* datagrams made of fragments */
	uint64_t fragments_dropped; /* fragments whose datagram never came together */
};

struct frame_reader;
struct frame_reader *frame_reader_new(int dlt); /* of a link layer that link_known() knows */
void frame_reader_free(struct frame_reader *);

/* Take a frame.  true: *out is a datagram, data borrowed from the frame or until the next call. */
bool frame_datagram(
    struct frame_reader *, const void *frame, size_t len, int64_t time_ns, struct datagram *out);

/* There are no more frames: what is held is given up. */
void frame_end(struct frame_reader *);
const struct capture_stats *frame_stats(const struct frame_reader *);

#endif
