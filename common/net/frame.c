/*
 * frame.c - one captured frame to the UDP datagram in it.
 */
#include "net/frame.h"
#include "base/mem.h"
#include "flow/link.h"
#include "net/fragment.h"

struct frame_reader {
	int dlt;
	struct fragments *fragments;
	struct capture_stats stats;
};

struct frame_reader *
frame_reader_new(int dlt)
{
	struct frame_reader *r = mem_zero(1, sizeof *r);

	r->dlt = dlt;
	r->fragments = fragments_new();
	return r;
}

void
frame_reader_free(struct frame_reader *r)
{
	if (r == NULL)
		return;
	fragments_free(r->fragments);
	mem_free(r);
}

void
frame_end(struct frame_reader *r)
{
	r->stats.fragments_dropped += fragments_drop(r->fragments);
}

const struct capture_stats *
frame_stats(const struct frame_reader *r)
{
	return &r->stats;
}

/* The packet, put together if it came in fragments.  false: counted, nothing to give (yet). */
static bool
packet(struct frame_reader *r, struct cursor c, int64_t time_ns, struct packet *ip)
{
	struct packet part;
	enum link_network network;

	*ip = (struct packet){ .has = 0 };
	network = link_parse(r->dlt, &c, ip);
	if (network == LINK_OTHER) {
		r->stats.not_udp++;
		return false;
	}
	if (network == LINK_SHORT || !(network == LINK_IP4 ? ip4_parse(c, ip) : ip6_parse(c, ip))) {
		r->stats.malformed++;
		return false;
	}
	if (!ip->fragment)
		return true;
	r->stats.fragments++;
	part = *ip;
	if (!fragments_add(r->fragments, &part, time_ns, ip, &r->stats.fragments_dropped))
		return false;
	r->stats.reassembled++;
	if (ip->version == 6 && !ip6_extensions(ip)) {
		r->stats.malformed++;
		return false;
	}
	return true;
}

bool
frame_datagram(
    struct frame_reader *r, const void *frame, size_t len, int64_t time_ns, struct datagram *out)
{
	struct packet ip;
	struct udp_header udp;

	r->stats.packets++;
	if (!packet(r, cur_over(frame, len), time_ns, &ip))
		return false;
	if (ip.proto != IP_PROTO_UDP) {
		r->stats.not_udp++;
		return false;
	}
	if (!ip_udp(&ip, &udp)) {
		r->stats.malformed++;
		return false;
	}
	*out = (struct datagram){ .data = udp.data.p,
		.len = cur_left(&udp.data),
		.from = ip.src,
		.to = ip.dst,
		.from_port = udp.src_port,
		.to_port = udp.dst_port,
		.received_ns = time_ns,
		.truncated = cur_left(&udp.data) < udp.data_len };
	r->stats.datagrams++;
	r->stats.truncated += out->truncated;
	return true;
}
