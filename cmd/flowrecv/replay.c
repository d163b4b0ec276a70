/*
 * replay.c - packet captures and IPFIX files.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "replay.h"

enum { IPFIX_HEADER = 16, IPFIX_MESSAGE_MAX = 65535 };

struct replay {
	struct capture *capture; /* NULL: an IPFIX file */
	int fd;
	uint64_t offset; /* in an IPFIX file */
	uint8_t *message;
	size_t have; /* octets of the next message that recognising took */
};

static struct replay *
open_ipfix(struct replay *s, int fd, const uint8_t *head)
{
	s->fd = fd;
	s->message = mem_alloc(IPFIX_MESSAGE_MAX);
	memcpy(s->message, head, IPFIX_HEADER);
	s->have = IPFIX_HEADER;
	return s;
}

struct replay *
replay_open(const char *path, struct err *err)
{
	int fd = file_open(path);
	struct replay *s;
	uint8_t head[IPFIX_HEADER];
	ssize_t n = fd < 0 ? -1 : file_read(fd, head, sizeof head);

	if (n < 0) {
		err_system(err, NULL);
		goto fail;
	}
	s = mem_zero(1, sizeof *s);
	s->fd = -1;
	if (n == sizeof head && wire_recognise_ipfix(head, sizeof head))
		return open_ipfix(s, fd, head);
	if (!capture_recognise(head, (size_t)n)) {
		err_set(err, n == 0
				 ? "is empty: expected a pcap or pcapng capture, or an IPFIX file"
				 : "is no pcap or pcapng capture, and no IPFIX file");
		mem_free(s);
		goto fail;
	}
	s->capture = capture_open(fd, head, (size_t)n, err);
	if (s->capture != NULL)
		return s;
	mem_free(s);
	return NULL;
fail:
	if (fd >= 0)
		close(fd);
	return NULL;
}

void
replay_close(struct replay *s)
{
	if (s == NULL)
		return;
	capture_close(s->capture);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->message);
	mem_free(s);
}

const struct capture_stats *
replay_capture_stats(const struct replay *s)
{
	return s->capture != NULL ? capture_stats(s->capture) : NULL;
}

/* The rest of the n first octets of the message. */
static int
fill(struct replay *s, size_t n, struct err *err)
{
	ssize_t got = file_read(s->fd, s->message + s->have, n - s->have);

	if (got < 0)
		return err_system(err, "offset %llu", (unsigned long long)s->offset);
	s->have += (size_t)got;
	return 0;
}

/*
 * RFC 5655 7.1: messages one after another.  An octet file has no exporter and no time of receipt:
 * the address is ::, the time the message's export time.
 */
static int
next_ipfix(struct replay *s, struct wire_msg *msg, struct err *err)
{
	unsigned long long at = s->offset;
	size_t len;

	if (fill(s, IPFIX_HEADER, err) != 0)
		return -1;
	if (s->have == 0)
		return 0;
	if (s->have < IPFIX_HEADER)
		return err_set(err, "offset %llu: the file ends within an IPFIX message", at);
	if (!wire_recognise_ipfix(s->message, IPFIX_HEADER))
		return err_set(err, "offset %llu: no IPFIX message (version %u, length %u)", at,
		    (unsigned)be_uint(s->message, 2), (unsigned)be_uint(s->message + 2, 2));
	len = (size_t)be_uint(s->message + 2, 2);
	if (fill(s, len, err) != 0)
		return -1;
	if (s->have < len)
		return err_set(err, "offset %llu: the file ends within an IPFIX message", at);
	*msg = (struct wire_msg){ .data = s->message,
		.len = len,
		.stream = WIRE_CONNECTION,
		.received_ns = (int64_t)be_uint(s->message + 4, 4) * NS_PER_S };
	s->offset += len;
	s->have = 0;
	return 1;
}

int
replay_next(struct replay *s, struct wire_msg *msg, struct err *err)
{
	struct datagram d;
	int rc;

	if (s->capture == NULL)
		return next_ipfix(s, msg, err);
	rc = capture_next(s->capture, &d, err);
	if (rc == 1)
		*msg = (struct wire_msg){ .data = d.data,
			.len = d.len,
			.exporter = d.from,
			.port = d.from_port,
			.to = { d.to, d.to_port },
			.received_ns = d.received_ns };
	return rc;
}
