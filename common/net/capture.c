/*
 * capture.c - packet captures through libpcap.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "base/num.h"
#include "flow/link.h"
#include "net/capture.h"

/* The octets that recognising took come back before those of the descriptor. */
struct input {
	int fd;
	size_t head_len, head_used;
	uint8_t head[64];
};

struct capture {
	pcap_t *pcap;
	struct frame_reader *frames;
	uint64_t packet; /* number of the last one, from 1 */
};

bool
capture_recognise(const void *head, size_t n)
{
	uint32_t magic = n >= 4 ? (uint32_t)be_uint(head, 4) : 0;

	switch (magic) {
	case 0xa1b2c3d4: /* pcap, microseconds; either octet order */
	case 0xd4c3b2a1:
	case 0xa1b23c4d: /* nanoseconds */
	case 0x4d3cb2a1:
	case 0xa1b2cd34: /* a patched Linux libpcap of 1999, which libpcap still reads */
	case 0x34cdb2a1:
	case 0x0a0d0d0a: return true; /* pcapng section header */
	default: return false;
	}
}

static ssize_t
input_read(void *cookie, char *dst, size_t n)
{
	struct input *in = cookie;
	size_t left = in->head_len - in->head_used;

	if (left > 0) {
		if (n > left)
			n = left;
		memcpy(dst, in->head + in->head_used, n);
		in->head_used += n;
		return (ssize_t)n;
	}
	return read(in->fd, dst, n);
}

static int
input_close(void *cookie)
{
	struct input *in = cookie;

	close(in->fd);
	mem_free(in);
	return 0;
}

/* libpcap prefixes reasons with the name of its input, which the caller says already. */
static const char *
reason(const char *text)
{
	return text[0] != '\0' ? text : "cannot be read";
}

struct capture *
capture_open(int fd, const void *head, size_t head_len, struct err *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct input *in = mem_zero(1, sizeof *in);
	struct capture *c;
	FILE *file;
	int dlt;

	in->fd = fd;
	in->head_len = head_len < sizeof in->head ? head_len : sizeof in->head;
	if (in->head_len > 0)
		memcpy(in->head, head, in->head_len);
	file = fopencookie(
	    in, "r", (cookie_io_functions_t){ .read = input_read, .close = input_close });
	if (file == NULL) {
		err_system(err, NULL);
		input_close(in);
		return NULL;
	}
	c = mem_zero(1, sizeof *c);
	c->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (c->pcap == NULL) {
		err_set(err, "%s", reason(why));
		fclose(file);
		mem_free(c);
		return NULL;
	}
	dlt = pcap_datalink(c->pcap);
	if (!link_known(dlt)) {
		const char *name = pcap_datalink_val_to_name(dlt);

		err_set(err,
		    "link layer %s (%d) is not supported: Ethernet, Linux cooked, raw IP, "
		    "null/loopback and PPP are",
		    name != NULL ? name : "unknown", dlt);
		capture_close(c);
		return NULL;
	}
	c->frames = frame_reader_new(dlt);
	return c;
}

/*
 * A packet's time; with nanosecond precision tv_usec holds nanoseconds.  A file may claim any second:
 * what lies outside 1970 to 2255 is held at that end, so that times can be subtracted.
 */
static int64_t
packet_ns(const struct pcap_pkthdr *header)
{
	const int64_t last_s = 9000000000;
	int64_t s = header->ts.tv_sec;

	s = s < 0 ? 0 : s > last_s ? last_s : s;
	return s * NS_PER_S + (int64_t)((uint64_t)header->ts.tv_usec % NS_PER_S);
}

int
capture_next(struct capture *c, struct datagram *d, struct err *err)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;

	for (;;) {
		switch (pcap_next_ex(c->pcap, &header, &data)) {
		case 1: break;
		case PCAP_ERROR_BREAK: frame_end(c->frames); return 0;
		default:
			frame_end(c->frames);
			return err_set(err, "packet %llu: %s", (unsigned long long)c->packet + 1,
			    reason(pcap_geterr(c->pcap)));
		}
		c->packet++;
		if (frame_datagram(c->frames, data, header->caplen, packet_ns(header), d))
			return 1;
	}
}

const struct capture_stats *
capture_stats(const struct capture *c)
{
	return frame_stats(c->frames);
}

void
capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	pcap_close(c->pcap);
	frame_reader_free(c->frames);
	mem_free(c);
}
