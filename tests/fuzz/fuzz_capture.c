/*
 * Frames of any link layer, cut from the input by a length octet pair each: no crash, and every frame
 * is accounted for.  The input's first octet chooses the link layer.
 */
#include <assert.h>

#include "base/cursor.h"
#include "flow/link.h"
#include "net/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int dlts[] = { 0, 1, 9, 12, 50, 101, 108, 113, 228, 229, 276 };
	struct cursor c = cur_over(data, len);
	int dlt = dlts[cur_u8(&c) % (sizeof dlts / sizeof dlts[0])];
	struct frame_reader *r = frame_reader_new(dlt);
	const struct capture_stats *s = frame_stats(r);
	uint64_t octets = 0, frames = 0, given = 0;
	int64_t now = 0;

	assert(link_known(dlt));
	while (cur_left(&c) >= 2) {
		size_t n = cur_u16(&c);
		struct datagram d;
		const uint8_t *p;

		n = n < cur_left(&c) ? n : cur_left(&c);
		p = cur_octets(&c, n);
		frames++;
		now += 1000000000;
		if (!frame_datagram(r, p, n, now, &d))
			continue;
		given++;
		assert(d.len <= UINT16_MAX);
		for (size_t i = 0; i < d.len; i++)
			octets += d.data[i];
	}
	frame_end(r);
	assert(s->packets == frames && s->datagrams == given);
	assert(s->datagrams + s->not_udp + s->malformed + s->fragments_dropped <= frames);
	assert(s->datagrams + s->not_udp + s->malformed + s->fragments >= frames);
	assert(s->truncated <= s->datagrams && s->reassembled <= s->fragments);
	frame_reader_free(r);
	return octets == UINT64_MAX; /* so that reading the data is not optimised away */
}
