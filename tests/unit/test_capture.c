/*
 * Captures: every link layer, VLAN tags, fragments in any order, bounds, damage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "flow/link.h"
#include "net/capture.h"
#include "net/fragment.h"
#include "tap.h"

enum { SRC = 0xc0000201, DST = 0xc6336402, SRC_PORT = 40000, DST_PORT = 2055 };

struct octets {
	uint8_t b[70000];
	size_t n;
};

static void
put(struct octets *o, const void *p, size_t n)
{
	memcpy(o->b + o->n, p, n);
	o->n += n;
}

static void
put_be(struct octets *o, uint64_t v, unsigned width)
{
	while (width-- > 0)
		o->b[o->n++] = (uint8_t)(width < 8 ? v >> (8 * width) : 0);
}

/* A UDP datagram whose data is n octets that tell their place. */
static void
put_udp(struct octets *o, size_t n)
{
	put_be(o, SRC_PORT, 2);
	put_be(o, DST_PORT, 2);
	put_be(o, 8 + n, 2);
	put_be(o, 0, 2);
	for (size_t i = 0; i < n; i++)
		o->b[o->n++] = (uint8_t)(i * 7 + i / 256);
}

static void
put_ip4(struct octets *o, unsigned proto, size_t payload, unsigned id, unsigned fragment)
{
	put_be(o, 0x4500, 2);
	put_be(o, 20 + payload, 2);
	put_be(o, id, 2);
	put_be(o, fragment, 2);
	put_be(o, 64, 1);
	put_be(o, proto, 1);
	put_be(o, 0, 2);
	put_be(o, SRC, 4);
	put_be(o, DST, 4);
}

static void
put_ip6(struct octets *o, unsigned next, size_t payload)
{
	put_be(o, 0x60000000, 4);
	put_be(o, payload, 2);
	put_be(o, next, 1);
	put_be(o, 64, 1);
	put_be(o, 0x20010db800000000, 8);
	put_be(o, 1, 8);
	put_be(o, 0x20010db800000000, 8);
	put_be(o, 2, 8);
}

/* Is this the datagram that put_udp made, of n octets? */
static bool
right(const struct datagram *d, size_t n)
{
	if (d->len != n || d->from_port != SRC_PORT || d->to_port != DST_PORT)
		return false;
	for (size_t i = 0; i < n; i++)
		if (d->data[i] != (uint8_t)(i * 7 + i / 256))
			return false;
	return true;
}

static bool
one_frame(int dlt, const struct octets *frame, struct datagram *d, struct capture_stats *stats)
{
	struct frame_reader *r = frame_reader_new(dlt);
	bool got = frame_datagram(r, frame->b, frame->n, 1, d);

	*stats = *frame_stats(r);
	frame_reader_free(r);
	return got;
}

/* Link headers that must lead to the packet behind them. */
static const struct {
	const char *name;
	int dlt;
	bool v6;
	const char *header; /* hex */
} links[] = {
	{ "Ethernet", 1, false, "0202020202020404040404040800" },
	{ "Ethernet, IPv6", 1, true, "02020202020204040404040486dd" },
	{ "Ethernet, VLAN 100", 1, false,
	    "02020202020204040404040481000064"
	    "0800" },
	{ "Ethernet, QinQ 802.1ad", 1, false,
	    "02020202020204040404040488a8000581000064"
	    "0800" },
	{ "Ethernet, QinQ 0x9100", 1, true,
	    "0202020202020404040404049100000581000064"
	    "86dd" },
	{ "Ethernet, MPLS stack of two", 1, false,
	    "0202020202020404040404048847"
	    "00010040000201ff" },
	{ "Linux cooked v1", 113, false, "00000001000602020202020200000800" },
	{ "Linux cooked v1, IPv6", 113, true, "000000010006020202020202000086dd" },
	{ "Linux cooked v1, VLAN", 113, false,
	    "000000010006020202020202000081000064"
	    "0800" },
	{ "Linux cooked v2", 276, false, "0800000000000002000100060202020202020000" },
	{ "Linux cooked v2, IPv6", 276, true, "86dd000000000002000100060202020202020000" },
	{ "raw IP", 12, false, "" },
	{ "raw IP, IPv6", 12, true, "" },
	{ "raw IP (file number)", 101, false, "" },
	{ "raw IPv4", 228, false, "" },
	{ "raw IPv6", 229, true, "" },
	{ "null, little endian", 0, false, "02000000" },
	{ "null, big endian", 0, false, "00000002" },
	{ "null, IPv6 of Linux", 0, true, "0a000000" },
	{ "null, IPv6 of FreeBSD", 0, true, "0000001c" },
	{ "null, IPv6 of Darwin", 0, true, "1e000000" },
	{ "loop", 108, false, "00000002" },
	{ "loop, IPv6 of OpenBSD", 108, true, "00000018" },
	{ "PPP", 9, false, "0021" },
	{ "PPP, framed", 9, true, "ff030057" },
	{ "PPP, short protocol", 9, false, "21" },
	{ "PPP serial", 50, false, "ff030021" },
	{ "PPP serial, Cisco HDLC", 50, true, "0f0086dd" },
};

static void
test_links(void)
{
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
		struct octets frame = { .n = strlen(links[i].header) / 2 };
		struct datagram d;
		struct capture_stats s;
		size_t header = frame.n;

		for (size_t k = 0; k < header; k++)
			sscanf(links[i].header + 2 * k, "%2hhx", &frame.b[k]);
		if (links[i].v6)
			put_ip6(&frame, 17, 8 + 30);
		else
			put_ip4(&frame, 17, 8 + 30, 1, 0);
		put_udp(&frame, 30);
		ok(link_known(links[i].dlt) && one_frame(links[i].dlt, &frame, &d, &s) &&
			right(&d, 30) && !d.truncated && addr_is_v4(&d.from) != links[i].v6,
		    "a datagram is found behind %s", links[i].name);

		/* Every cut is malformed or, within the data, a truncated datagram. */
		bool sound = true;
		for (size_t n = 0; n < frame.n; n++) {
			struct octets cut = frame;
			bool within = n >= frame.n - 30;

			cut.n = n;
			if (one_frame(links[i].dlt, &cut, &d, &s) != within)
				sound = false;
			else if (within)
				sound &= d.truncated && right(&d, n - (frame.n - 30));
			else
				sound &= s.malformed == 1;
		}
		ok(sound, "every cut of %s is counted as malformed or truncated", links[i].name);
	}
	ok(!link_known(105), "IEEE 802.11 is not known");
}

static void
test_others(void)
{
	struct octets arp = { .n = 0 }, tcp = { .n = 0 }, lie = { .n = 0 }, tso = { .n = 0 };
	struct datagram d;
	struct capture_stats s;

	put_be(&arp, 0, 12);
	put_be(&arp, 0x0806, 2);
	put_be(&arp, 0, 28);
	ok(!one_frame(1, &arp, &d, &s) && s.not_udp == 1, "ARP is counted as not UDP");
	put_ip4(&tcp, 6, 20, 1, 0);
	put_be(&tcp, 0, 20);
	ok(!one_frame(12, &tcp, &d, &s) && s.not_udp == 1, "TCP is counted as not UDP");
	put_ip4(&lie, 17, 8 + 10, 1, 0);
	put_udp(&lie, 10);
	lie.b[25] = 200;
	ok(!one_frame(12, &lie, &d, &s) && s.malformed == 1,
	    "a UDP length beyond the IP length is malformed");
	put_ip4(&tso, 17, 8 + 10, 1, 0);
	put_udp(&tso, 10);
	tso.b[2] = tso.b[3] = 0;
	ok(one_frame(12, &tso, &d, &s) && right(&d, 10),
	    "an IPv4 length of 0 (segmentation offload) means all that is there");

	struct octets pad = { .n = 0 };
	put_ip4(&pad, 17, 8 + 10, 1, 0);
	put_udp(&pad, 10);
	put_be(&pad, 0, 8);
	ok(one_frame(12, &pad, &d, &s) && right(&d, 10), "padding behind the packet is not data");

	struct octets ext = { .n = 0 };
	put_ip6(&ext, 0, 8 + 24 + 16 + 8 + 10);
	put_be(&ext, 60, 1); /* hop-by-hop, then destination options, then AH */
	put_be(&ext, 0, 7);
	put_be(&ext, 51, 1);
	put_be(&ext, 2, 1);
	put_be(&ext, 0, 22);
	put_be(&ext, 17, 1);
	put_be(&ext, 2, 1);
	put_be(&ext, 0, 14);
	put_udp(&ext, 10);
	ok(one_frame(12, &ext, &d, &s) && right(&d, 10), "IPv6 extension headers are walked");
}

/* Fragment number i of a datagram of `total` octets of IP payload, 1000 octets each (the last less). */
enum { PIECE = 1000 };

static void
piece4(struct octets *o, const struct octets *udp, size_t i, unsigned id)
{
	size_t from = i * PIECE, n = udp->n - from < PIECE ? udp->n - from : PIECE;

	o->n = 0;
	put_ip4(o, 17, n, id, (unsigned)(from / 8) | (from + n < udp->n ? 0x2000u : 0));
	put(o, udp->b + from, n);
}

static void
piece6(struct octets *o, const struct octets *udp, size_t i, unsigned id)
{
	size_t from = i * PIECE, n = udp->n - from < PIECE ? udp->n - from : PIECE;

	o->n = 0;
	put_ip6(o, 44, 8 + n);
	put_be(o, 17, 1);
	put_be(o, 0, 1);
	put_be(o, from | (from + n < udp->n ? 1 : 0), 2);
	put_be(o, id, 4);
	put(o, udp->b + from, n);
}

static void
test_order(bool v6)
{
	static const unsigned char orders[][5] = { { 0, 1, 2, 3, 4 }, { 4, 3, 2, 1, 0 },
		{ 2, 0, 4, 1, 3 }, { 3, 1, 0, 4, 2 }, { 4, 0, 3, 1, 2 } };
	struct octets udp = { .n = 0 }, frame;
	struct datagram d;

	put_udp(&udp, 4 * PIECE + 300 - 8);
	for (size_t k = 0; k < sizeof orders / sizeof orders[0]; k++) {
		struct frame_reader *r = frame_reader_new(12);
		bool sound = true;

		for (size_t i = 0; i < 5; i++) {
			(v6 ? piece6 : piece4)(&frame, &udp, orders[k][i], 77);
			if (frame_datagram(r, frame.b, frame.n, 1, &d) != (i == 4))
				sound = false;
		}
		ok(sound && right(&d, udp.n - 8) && frame_stats(r)->reassembled == 1 &&
			frame_stats(r)->fragments == 5 && frame_stats(r)->fragments_dropped == 0,
		    "IPv%d fragments in order %zu are put together", v6 ? 6 : 4, k);
		frame_reader_free(r);
	}
}

static void
test_overlap(void)
{
	struct octets udp = { .n = 0 }, frame;
	struct frame_reader *r = frame_reader_new(12);
	struct datagram d;
	bool got = false;

	put_udp(&udp, 3 * PIECE - 8);
	piece4(&frame, &udp, 0, 1);
	got |= frame_datagram(r, frame.b, frame.n, 1, &d);
	got |= frame_datagram(r, frame.b, frame.n, 1, &d);
	piece4(&frame, &udp, 1, 1);
	got |= frame_datagram(r, frame.b, frame.n, 1, &d);
	piece4(&frame, &udp, 2, 1);
	ok(!got && frame_datagram(r, frame.b, frame.n, 1, &d) && right(&d, udp.n - 8),
	    "a fragment that comes twice does no harm");
	frame_reader_free(r);

	r = frame_reader_new(12);
	piece4(&frame, &udp, 0, 2);
	got = frame_datagram(r, frame.b, frame.n, 1, &d);
	frame.n = 0; /* octets 992 to 1992: the first 8 contradict */
	put_ip4(&frame, 17, PIECE, 2, (PIECE - 8) / 8 | 0x2000);
	put_be(&frame, 0xdeadbeefdeadbeef, 8);
	put(&frame, udp.b + PIECE, PIECE - 8);
	got |= frame_datagram(r, frame.b, frame.n, 1, &d);
	for (size_t i = 1; i < 3; i++) {
		piece4(&frame, &udp, i, 2);
		got |= frame_datagram(r, frame.b, frame.n, 1, &d);
	}
	ok(!got, "overlapping fragments drop their datagram, those yet to come included");
	is_u64(frame_stats(r)->fragments_dropped, 4, "and are counted");
	frame_reader_free(r);

	r = frame_reader_new(12);
	frame.n = 0;
	put_ip4(&frame, 17, 1000, 3, 0x1fff - 10); /* ends beyond 65535 */
	put(&frame, udp.b, 1000);
	ok(!frame_datagram(r, frame.b, frame.n, 1, &d) && frame_stats(r)->fragments_dropped == 1,
	    "a fragment that ends beyond 65535 octets is dropped");
	frame.n = 0;
	put_ip4(&frame, 17, 1001, 4, 0x2000);
	put(&frame, udp.b, 1001);
	ok(!frame_datagram(r, frame.b, frame.n, 1, &d) && frame_stats(r)->fragments_dropped == 2,
	    "so is one that is not the last and no multiple of 8 octets long");
	frame_reader_free(r);
}

static void
test_bounds(void)
{
	struct octets udp = { .n = 0 }, frame;
	struct frame_reader *r = frame_reader_new(12);
	struct datagram d;
	bool got = false;

	put_udp(&udp, 2 * PIECE - 8);
	for (unsigned id = 0; id <= FRAGMENT_DATAGRAMS; id++) {
		piece4(&frame, &udp, 0, id);
		got |= frame_datagram(r, frame.b, frame.n, id, &d);
	}
	ok(!got && frame_stats(r)->fragments_dropped == 1,
	    "the oldest datagram gives way to a new one");
	piece4(&frame, &udp, 1, 0);
	ok(!frame_datagram(r, frame.b, frame.n, 1000, &d), "so its rest leads to nothing");
	piece4(&frame, &udp, 1, FRAGMENT_DATAGRAMS);
	ok(frame_datagram(r, frame.b, frame.n, 1000, &d) && right(&d, udp.n - 8),
	    "while the youngest is completed");
	frame_reader_free(r);

	r = frame_reader_new(12);
	piece4(&frame, &udp, 0, 9);
	got = frame_datagram(r, frame.b, frame.n, 0, &d);
	piece4(&frame, &udp, 1, 9);
	got |= frame_datagram(r, frame.b, frame.n, FRAGMENT_AGE_S * NS_PER_S + 1, &d);
	ok(!got && frame_stats(r)->fragments_dropped == 1,
	    "fragments grow old by the capture's clock");
	frame_end(r);
	is_u64(
	    frame_stats(r)->fragments_dropped, 2, "what is held at the end is counted as dropped");
	frame_reader_free(r);

	r = frame_reader_new(12);
	got = false;
	for (unsigned i = 0; i <= FRAGMENT_GAPS; i++) { /* 8 octets there, 8 missing */
		frame.n = 0;
		put_ip4(&frame, 17, 8, 5, (i * 2) | 0x2000);
		put_be(&frame, 0, 8);
		got |= frame_datagram(r, frame.b, frame.n, 1, &d);
	}
	ok(!got && frame_stats(r)->fragments_dropped == FRAGMENT_GAPS + 1,
	    "a datagram of too many gaps is dropped");
	frame_reader_free(r);
}

/* What is behind IPv6's fragment header may be another extension header, which is in the first one's octets. */
static void
test_extension(void)
{
	for (unsigned cut = 0; cut < 2; cut++) {
		struct octets body = { .n = 0 }, frame;
		struct frame_reader *r = frame_reader_new(12);
		struct datagram d;
		bool got = false;

		put_be(&body, 17,
		    1); /* destination options of 8 octets, or of 2048 that are not there */
		put_be(&body, cut ? 255 : 0, 1);
		put_be(&body, 0, 6);
		put_udp(&body, 100);
		for (size_t from = 0; from < body.n; from += 40) {
			size_t n = body.n - from < 40 ? body.n - from : 40;

			frame.n = 0;
			put_ip6(&frame, 44, 8 + n);
			put_be(&frame, 60, 1);
			put_be(&frame, 0, 1);
			put_be(&frame, from | (from + n < body.n ? 1 : 0), 2);
			put_be(&frame, 1, 4);
			put(&frame, body.b + from, n);
			got = frame_datagram(r, frame.b, frame.n, 1, &d);
		}
		ok(got == !cut && (cut || right(&d, 100)), "an extension header in fragments is %s",
		    cut ? "cut" : "walked");
		is_u64(frame_stats(r)->malformed, cut, "which is %scounted as malformed",
		    cut ? "" : "not ");
		is_u64(frame_stats(r)->reassembled, 1, "of fragments that were put together");
		frame_reader_free(r);
	}
}

/* A pcap file of one frame twice, in a temporary file; the descriptor at its start. */
static int
pcap_file(uint32_t magic, uint32_t dlt, const struct octets *frame, size_t cut)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, sigfigs, snaplen, dlt;
	} header = { magic, 2, 4, 0, 0, 65535, dlt };
	uint32_t record[4] = { 1700000000, 123456, (uint32_t)frame->n, (uint32_t)frame->n };
	struct octets o = { .n = 0 };
	FILE *f = tmpfile();

	put(&o, &header, sizeof header);
	for (int i = 0; i < 2; i++) {
		put(&o, record, sizeof record);
		put(&o, frame->b, frame->n);
	}
	fwrite(o.b, 1, o.n - cut, f);
	fflush(f);
	int fd = dup(fileno(f));
	fclose(f);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* What begins a capture, in either order of octets; nothing else does. */
static void
test_recognise(void)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1,
		0xa1b2cd34, 0x34cdb2a1, 0x0a0d0d0a };
	static const uint32_t others[] = { 0, 0xa1b2c3d5, 0x0a0d0d0b, 0x000a0010 };
	uint8_t head[4];

	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
		for (unsigned k = 0; k < 4; k++)
			head[k] = (uint8_t)(magics[i] >> (24 - 8 * k));
		ok(capture_recognise(head, 4), "a file that begins with %08x is a capture",
		    magics[i]);
		ok(!capture_recognise(head, 3), "three octets of that tell nothing");
	}
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		for (unsigned k = 0; k < 4; k++)
			head[k] = (uint8_t)(others[i] >> (24 - 8 * k));
		ok(!capture_recognise(head, 4), "one that begins with %08x is none", others[i]);
	}
}

static int
file_of(const struct octets *o)
{
	FILE *f = tmpfile();
	int fd;

	fwrite(o->b, 1, o->n, f);
	fflush(f);
	fd = dup(fileno(f));
	fclose(f);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Times that a file may claim: a pcap file any nanosecond, a pcapng one any second. */
static void
test_claimed_times(void)
{
	struct octets frame = { .n = 0 }, file = { .n = 0 };
	struct err err = { .status = 0 };
	struct datagram d;
	struct capture *c;
	size_t padded;

	put_ip4(&frame, 17, 8 + 30, 1, 0);
	put_udp(&frame, 30);
	padded = (frame.n + 3) / 4 * 4;

	put_be(&file, 0xa1b23c4d00020004, 8);
	put_be(&file, 0, 8);
	put_be(&file, 65535, 4);
	put_be(&file, 101, 4);
	put_be(&file, 1700000000, 4);
	put_be(&file, 4000000005, 4);
	put_be(&file, frame.n, 4);
	put_be(&file, frame.n + 20, 4); /* on the wire: the snap length took the rest */
	put(&file, frame.b, frame.n);
	c = capture_open(file_of(&file), NULL, 0, &err);
	ok(c != NULL && capture_next(c, &d, &err) == 1 && right(&d, 30),
	    "four seconds of nanoseconds");
	is_i64(d.received_ns, INT64_C(1700000000000000005), "are none");
	capture_close(c);

	for (unsigned late = 0; late < 2; late++) {
		uint64_t time_us = late ? UINT64_C(9000000001999999) : UINT64_C(8999999999999999);

		file.n = 0;
		put_be(
		    &file, 0x0a0d0d0a0000001c, 8); /* a section, an interface of raw IP, a packet */
		put_be(&file, 0x1a2b3c4d00010000, 8);
		put_be(&file, UINT64_MAX, 8);
		put_be(&file, 0x1c, 4);
		put_be(&file, 0x0000000100000014, 8);
		put_be(&file, 0x0065000000000000, 8);
		put_be(&file, 0x14, 4);
		put_be(&file, 6, 4);
		put_be(&file, 32 + padded, 4);
		put_be(&file, 0, 4);
		put_be(&file, time_us, 8);
		put_be(&file, frame.n, 4);
		put_be(&file, frame.n, 4);
		put(&file, frame.b, frame.n);
		put_be(&file, 0, (unsigned)(padded - frame.n));
		put_be(&file, 32 + padded, 4);
		c = capture_open(file_of(&file), NULL, 0, &err);
		ok(c != NULL && capture_next(c, &d, &err) == 1 && right(&d, 30), "pcapng is read");
		is_i64(d.received_ns,
		    late ? INT64_C(9000000000999999000) : INT64_C(8999999999999999000),
		    "a time in 2255, %s", late ? "from where it is held" : "as it is");
		capture_close(c);
	}
}

/* What was held of fragments when the file ended, or broke off; what the snap length cut. */
static void
test_held(void)
{
	struct octets udp = { .n = 0 }, frame = { .n = 0 };
	struct err err = { .status = 0 };
	struct datagram d;
	struct capture *c;

	put_udp(&udp, 2 * PIECE - 8);
	piece4(&frame, &udp, 0, 1);
	for (size_t cut = 0; cut < 2; cut++) {
		c = capture_open(pcap_file(0xa1b2c3d4, 101, &frame, cut), NULL, 0, &err);
		ok(c != NULL && capture_next(c, &d, &err) == (cut ? -1 : 0),
		    "a file of fragments that %s", cut ? "is cut" : "ends");
		is_u64(capture_stats(c)->fragments_dropped, cut ? 1 : 2,
		    "those that were held are counted");
		capture_close(c);
	}
	frame.n = 0;
	put_ip4(&frame, 17, 8 + 30, 1, 0);
	put_udp(&frame, 30);
	frame.n -= 10;
	c = capture_open(pcap_file(0xa1b2c3d4, 101, &frame, 0), frame.b, 0, &err);
	ok(c != NULL && capture_next(c, &d, &err) == 1 && d.truncated && d.len == 20,
	    "a datagram that is cut");
	is_u64(capture_stats(c)->truncated, 1, "is counted so");
	capture_close(c);
}

/* However many octets recognising took. */
static void
test_heads(void)
{
	struct octets frame = { .n = 0 };
	size_t wrong = 0;

	put_ip4(&frame, 17, 8 + 30, 1, 0);
	put_udp(&frame, 30);
	for (size_t n = 0; n <= 64; n++) {
		int fd = pcap_file(0xa1b2c3d4, 101, &frame, 0);
		struct err err = { .status = 0 };
		struct datagram d;
		uint8_t head[64];
		struct capture *c;

		wrong += read(fd, head, n) != (ssize_t)n;
		c = capture_open(fd, head, n, &err);
		wrong += c == NULL || capture_next(c, &d, &err) != 1 || !right(&d, 30);
		wrong += c == NULL || capture_next(c, &d, &err) != 1 || !right(&d, 30);
		capture_close(c);
	}
	is_u64(wrong, 0, "octets that were taken before come first, up to 64 of them");
}

static void
test_files(void)
{
	struct octets frame = { .n = 0 };
	struct err err = { .status = 0 };
	struct datagram d;
	struct capture *c;
	uint8_t head[4];
	int fd;

	put_ip4(&frame, 17, 8 + 30, 1, 0);
	put_udp(&frame, 30);

	fd = pcap_file(0xa1b2c3d4, 101, &frame, 0);
	ok(read(fd, head, 4) == 4 && capture_recognise(head, 4), "a pcap file is recognised");
	c = capture_open(fd, head, 4, &err);
	ok(c != NULL && capture_next(c, &d, &err) == 1 && right(&d, 30) &&
		d.received_ns == 1700000000123456000,
	    "the octets that recognising took come first, microseconds are read");
	ok(capture_next(c, &d, &err) == 1 && capture_next(c, &d, &err) == 0, "and then the end");
	capture_close(c);

	c = capture_open(pcap_file(0xa1b23c4d, 101, &frame, 0), NULL, 0, &err);
	ok(c != NULL && capture_next(c, &d, &err) == 1 && d.received_ns == 1700000000000123456,
	    "nanosecond captures are read");
	capture_close(c);

	c = capture_open(pcap_file(0xa1b2c3d4, 101, &frame, 5), NULL, 0, &err);
	ok(c != NULL && capture_next(c, &d, &err) == 1 && capture_next(c, &d, &err) == -1 &&
		strncmp(err.text, "packet 2: truncated dump file", 29) == 0,
	    "a cut capture gives its whole packets, then fails: %s", err.text);
	capture_close(c);

	err = (struct err){ .status = 0 };
	c = capture_open(pcap_file(0xa1b2c3d4, 105, &frame, 0), NULL, 0, &err);
	ok(c == NULL && strncmp(err.text, "link layer IEEE802_11 (105) is not supported", 44) == 0,
	    "a link layer that is not supported is refused by name: %s", err.text);

	err = (struct err){ .status = 0 };
	c = capture_open(pcap_file(0x12345678, 1, &frame, 0), NULL, 0, &err);
	ok(c == NULL && err.text[0] != '\0', "a file of another kind is refused: %s", err.text);
}

int
main(void)
{
	test_links();
	test_others();
	test_order(false);
	test_order(true);
	test_overlap();
	test_bounds();
	test_extension();
	test_recognise();
	test_claimed_times();
	test_held();
	test_heads();
	test_files();
	return done_testing();
}
